/* What a finding tells of a process or of a workload of many. Private to src/report. */
#ifndef DAVY_REPORT_PROCESS_TEXT_H
#define DAVY_REPORT_PROCESS_TEXT_H

#include <stdbool.h>

#include "report/layout.h"

/* Which program, whose, where it runs, who started it, whom it speaks with. False: it is about
 * something else. */
bool report_process(struct buf *out, const struct report_style *style,
		    const struct finding *finding);

#endif
