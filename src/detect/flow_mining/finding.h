/* A judged chain in words. */
#ifndef DAVY_DETECT_FLOW_MINING_FINDING_H
#define DAVY_DETECT_FLOW_MINING_FINDING_H

#include "base/arena.h"
#include "detect/flow_mining/judge.h"
#include "detect/record_detector.h"

struct judged {
	struct chain chain;
	struct shape shape;
	struct flow_resolution resolution;
	enum judgement judgement;
	double sum;
	size_t hosts; /* that have such a session with the same server, this one as well */
};

void judged_tell(const struct judged *judged, struct arena *scratch, struct record_teller *teller);

#endif
