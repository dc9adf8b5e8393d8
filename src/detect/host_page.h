/* What is told of a page of a browser, by detect/host_verdict: the browser is not to blame for what
 * a page brought, and a page is found in its browser, by its site where that is clear. */
#ifndef DAVY_DETECT_HOST_PAGE_H
#define DAVY_DETECT_HOST_PAGE_H

#include <stdbool.h>

#include "base/arena.h"
#include "detect/host_verdict.h"
#include "model/finding.h"
#include "model/workload.h"

/* One page, told of by its pid; work spread over many processes is told of the program. */
bool host_page_is_one(const struct host_case *host_case);

/* For a title: "page of https://mine.example in Chromium, pid 5". */
struct str host_page_text(const struct workload *workload, struct arena *scratch);

/* Facts, and why the site is told or not; nothing for what is no page. Texts in `scratch`. */
void host_page_tell(const struct host_case *host_case, struct arena *scratch, struct finding *out);

/* How it is found in the browser. */
void host_page_tell_action(const struct workload *workload, struct arena *scratch,
			   struct finding *out);

#endif
