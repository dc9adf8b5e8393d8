/* What the windows of a connection look like, in figures that do not depend on their length. */
#ifndef DAVY_DETECT_FLOW_MINING_SHAPE_H
#define DAVY_DETECT_FLOW_MINING_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include "detect/flow_mining/chain.h"

enum shape_feature {
	FEATURE_RATE,	   /* bytes up a second */
	FEATURE_RATIO,	   /* bytes down for one up */
	FEATURE_PACKET_UP, /* bytes of a packet, on average */
	FEATURE_PACKET_DOWN,
	FEATURE_QUANTUM_UP, /* variance over mean of a window's bytes: for messages that come by
			       chance it is the size of one, whatever the window; of a clock's
			       nearly 0; of bursts, a burst's */
	FEATURE_QUANTUM_DOWN,
	FEATURE_COUNT_UP, /* the same of packets */
	FEATURE_COUNT_DOWN,
	FEATURE_TREND,	  /* correlation of a window with the next, up */
	FEATURE_TOGETHER, /* correlation of up and down in one window */
	FEATURE_PRESENCE, /* windows that there are, of those that there could be */
	FEATURES
};

struct shape {
	uint32_t seconds, window_s;
	size_t windows;		       /* with packets up */
	uint64_t bytes_up, bytes_down; /* in the windows kept */
	double rate_up, rate_down;     /* bytes a second */
	double evenness;	       /* standard deviation over mean of up-bytes in a window */
	double feature[FEATURES];
};

/* False: too short or too few windows to say anything (an hour, SHAPE_WINDOWS_LEAST of each). */
enum { SHAPE_WINDOWS_LEAST = 8 };
bool shape_measure(const struct chain *chain, const struct chain_rows *up,
		   const struct chain_rows *down, struct shape *out);

#endif
