/*
 * What the events of one group amount to: windows of time in which a correlation's condition holds.
 *
 * At least so many: the first events that are enough within the timespan, and all that follow
 * within it; the next window begins behind them. With an upper limit ("fewer than 5"), time is cut
 * into windows that begin with an event, since each last event is alone for a while; such a window
 * counts once it is over. Events of one time are in any order for temporal_ordered: logs tell
 * seconds.
 */
#ifndef DAVY_DETECT_SIGMA_WINDOWS_H
#define DAVY_DETECT_SIGMA_WINDOWS_H

#include "base/attributes.h"
#include "decode/sigma/sigma.h"

struct event {
	int64_t time_ns;
	uint64_t id, value;
	uint64_t offset;
	uint32_t position; /* of its rule in the correlation; for event_count 0: a record counts
			      once */
	bool is_derived;   /* a correlation's finding, not a record: made anew for each report */
	uint8_t source_len, who_len, quote_len;
	char source[64], who[128], quote[200];
};

/* By time, then position, then the rest: 0 only for the same event. */
int event_compare(const struct event *a, const struct event *b);

struct window {
	uint32_t first, last; /* events */
	uint64_t amount;      /* what was counted */
};

/*
 * events:  sorted by event_compare
 * out:     room for `count` windows
 * returns: how many; -ENOMEM
 */
must_check int64_t windows_find(const struct sigma_correlation *correlation,
				const struct event *events, uint32_t count, instant now,
				struct window *out);

#endif
