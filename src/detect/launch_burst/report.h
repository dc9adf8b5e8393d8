#ifndef DAVY_DETECT_LAUNCH_BURST_REPORT_H
#define DAVY_DETECT_LAUNCH_BURST_REPORT_H

#include "detect/launch_burst/burst.h"
#include "detect/record_detector.h"

/* Tells what was judged, when it is worth telling. now: of the records, for commands. */
void burst_report(const struct burst *burst, struct ledger *ledger, instant now,
		  struct arena *scratch, struct record_teller *teller);

#endif
