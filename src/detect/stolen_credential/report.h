#ifndef DAVY_DETECT_STOLEN_CREDENTIAL_REPORT_H
#define DAVY_DETECT_STOLEN_CREDENTIAL_REPORT_H

#include "detect/credentials.h"
#include "detect/record_detector.h"

/* Tells one credential. stolen: as it was judged, with a confidence above 0 */
void stolen_report(struct credentials *credentials, const struct identity *credential,
		   const struct stolen *stolen, instant now, struct arena *scratch,
		   struct record_teller *teller);

#endif
