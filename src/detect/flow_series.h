/*
 * The rows that a flow log wrote about one connection, in order of time, bounded: the latest
 * FLOW_ROWS_MAX of them. That is 4 hours of both directions at 60 s, 42 hours at 600 s.
 *
 * Why the latest and not merged neighbours: a merged row can no longer be told from its own late
 * double, and then what is told would depend on how often and in what order files came. The latest
 * N of a set are the same for any order, and whoever was dropped once stays dropped.
 */
#ifndef DAVY_DETECT_FLOW_SERIES_H
#define DAVY_DETECT_FLOW_SERIES_H

#include <stdbool.h>
#include <stdint.h>

enum { FLOW_ROWS_MAX = 512 };

enum flow_row_flag {
	ROW_IS_THERE = 1 << 0,
	ROW_BACK = 1 << 1,	/* from the higher endpoint to the lower */
	ROW_OUT = 1 << 2,	/* the log says that it left the interface */
	ROW_IN = 1 << 3,	/* ... that it came in */
	ROW_OPENS = 1 << 4,	/* its source opened the connection */
	ROW_IS_OPENED = 1 << 5, /* its destination did */
	ROW_CLOSES = 1 << 6,	/* FIN, RST or the log's own word */
	ROW_BEGINS = 1 << 7,	/* the connection begins in this window */
	ROW_SAMPLED = 1 << 8,
};

/* One direction in one window. */
struct flow_row {
	uint32_t start_s; /* since 1970 */
	uint32_t bytes, packets;
	uint16_t seconds; /* from first to last packet, as the log has it */
	uint16_t flags;
};

struct flow_series {
	uint16_t first, count;
	struct flow_row rows[FLOW_ROWS_MAX]; /* a ring: flow_series_at */
};

static inline const struct flow_row *flow_series_at(const struct flow_series *series, unsigned i)
{
	return &series->rows[(series->first + i) % FLOW_ROWS_MAX];
}

/* By time, then by everything else: only a row that is the same in all is a double. */
int flow_row_compare(const struct flow_row *a, const struct flow_row *b);

/* False: there already, or older than all of a full series. */
bool flow_series_add(struct flow_series *series, const struct flow_row *row);

#endif
