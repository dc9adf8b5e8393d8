/* What was done about a finding, out of the journal: for `davy show`, and as JSON. */
#ifndef DAVY_PROGRAMS_RESPONSE_STORY_H
#define DAVY_PROGRAMS_RESPONSE_STORY_H

#include "programs/view.h"

/*
 * Lines "done", the oldest first, and how to take it back; nothing when nothing was done.
 *
 * is_first: no other finding's stand above
 */
must_check int response_story_tell(struct view *view, struct str finding, bool is_first,
				   struct error *why);
/* One object of kind "response" for each, the latest first. */
must_check int response_story_lines(struct view *view, struct str finding, struct error *why);

void response_story_line(struct view *view, const struct response *response);

/* "by policy", "by hand" */
struct str response_by(const struct response *response);

#endif
