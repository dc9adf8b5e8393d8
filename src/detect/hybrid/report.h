#ifndef DAVY_DETECT_HYBRID_REPORT_H
#define DAVY_DETECT_HYBRID_REPORT_H

#include "detect/hybrid/impact.h"
#include "detect/record_detector.h"

/* Why a hand is told: one of the two. */
struct hybrid_case {
	const struct suspect *suspect; /* NULL: nothing says that its key was stolen */
	const struct identity *hand;
	uint64_t milli_units; /* computing created by the same hand, or those bound to it */
	instant created_first;
	const struct kept_evidence *created;
};

void hybrid_report(const struct hybrid_case *of, const struct impact *impact,
		   struct touch *const *touches, size_t touch_count, instant now,
		   struct arena *scratch, struct record_teller *teller);

#endif
