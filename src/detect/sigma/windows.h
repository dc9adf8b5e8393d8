/*
 * What the events of one group amount to: windows of time in which a correlation's condition holds.
 *
 * At least so many: the first events that are enough within the timespan, and all that follow
 * within it; the next window begins behind them. With an upper limit ("fewer than 5", "exactly 3",
 * "not 3") and for sums and the like, time is cut into windows that begin with an event and are
 * judged once they are over: else each first event would be fewer than 5 for a moment, and each
 * three of ten be exactly 3. Events of one time are in any order for temporal_ordered: logs tell
 * seconds.
 */
#ifndef DAVY_DETECT_SIGMA_WINDOWS_H
#define DAVY_DETECT_SIGMA_WINDOWS_H

#include "base/attributes.h"
#include "decode/sigma/sigma.h"

struct event {
	int64_t time_ns;
	uint64_t id, value; /* value: what is counted, as a hash; or a double's bits */
	uint64_t offset;
	uint32_t
		position; /* of its rule, for temporal correlations; else 0: a record counts once */
	bool is_derived;  /* a correlation's finding, not a record: made anew for each report */
	uint8_t source_len, who_len, quote_len;
	char source[64], who[128], quote[200];
};

/* By time, then position, then the rest: 0 only for the same event. */
int event_compare(const struct event *a, const struct event *b);

struct window {
	uint32_t first, last; /* events */
	double amount;	      /* what was counted, or the sum, average ... */
};

/* The value, where a correlation is of numbers. */
double event_number(const struct event *event);

/*
 * events:  sorted by event_compare
 * out:     room for `count` windows
 * returns: how many; -ENOMEM
 */
must_check int64_t windows_find(const struct sigma_correlation *correlation,
				const struct event *events, uint32_t count, instant now,
				struct window *out);

#endif
