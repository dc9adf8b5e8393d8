/* What detect.authorised allows and soon does not: for `davy settings` and `davy health`. */
#ifndef DAVY_PROGRAMS_AUTHORISED_TEXT_H
#define DAVY_PROGRAMS_AUTHORISED_TEXT_H

#include "base/buf.h"
#include "base/instant.h"
#include "programs/settings.h"

/* A line for each entry whose day is over, or within a week. Returns how many. */
size_t authorised_text(const struct settings *settings, instant now, struct buf *out);

#endif
