#include "detect/co_movement/movement.h"

#include <math.h>
#include <string.h>

enum {
	STEP_S = 60,
	STEP_LONG_S = 600,
	LONGEST_SHORT_S = 90, /* rows of windows of a minute, and clocks that are rounded */
	DRIFT_STEPS = 15,     /* slower than that is drift */
	CLOCK_STEPS = 30,     /* holds every 2, 3, 5, 6, 10, 15 and 30 minutes */
	CLOCK_STEPS_LONG = 6, /* of 600 s: the hour */
	CLOCK_ROUNDS_LEAST = 2,
	CLIPPED_AT = 3, /* deviations: one great event is no proof */
	HEADERS_LEAST = 28,
	HEADERS_MOST = 92,
};

struct sums {
	double up, down;
	uint64_t up_rows, down_rows;
	uint32_t longest_s;
};

/* An acknowledgement has headers alone, and most rows hold some: the least bytes a packet. */
static double headers_of(const struct flow_session *session, bool is_up)
{
	double least = HEADERS_MOST;

	for (unsigned i = 0; i < session->series->count; i++) {
		const struct flow_row *row = flow_series_at(session->series, i);
		if (row->packets == 0 || flow_row_is_up(session, row) != is_up)
			continue;
		double each = (double)row->bytes / row->packets;
		least = each < least ? each : least;
	}
	return least < HEADERS_LEAST ? HEADERS_LEAST : least;
}

static struct sums sums_of(const struct flow_session *session)
{
	struct sums sums = {0};

	for (unsigned i = 0; i < session->series->count; i++) {
		const struct flow_row *row = flow_series_at(session->series, i);
		bool is_up = flow_row_is_up(session, row);
		*(is_up ? &sums.up : &sums.down) += row->bytes;
		(*(is_up ? &sums.up_rows : &sums.down_rows))++;
		if (row->seconds > sums.longest_s)
			sums.longest_s = row->seconds;
	}
	return sums;
}

/* Bytes of a row, spread over the steps from its first packet to its last. */
static void spread(struct movement *out, float *series, const struct flow_row *row, double bytes)
{
	double from = (double)row->start_s / out->step_s - out->first_step;
	double to = ((double)row->start_s + row->seconds + 1) / out->step_s - out->first_step;

	for (int step = (int)floor(from); step < to; step++) {
		double begin = step > from ? step : from, end = step + 1 < to ? step + 1 : to;
		if (step >= 0 && step < (int)out->steps)
			series[step] += (float)(bytes * (end - begin) / (to - from));
	}
}

static void fill(struct movement *out)
{
	const struct flow_session *session = out->session;
	double headers[2] = {headers_of(session, false), headers_of(session, true)};

	for (unsigned i = 0; i < session->series->count; i++) {
		const struct flow_row *row = flow_series_at(session->series, i);
		bool is_up = flow_row_is_up(session, row);
		double payload = row->bytes - headers[is_up] * row->packets;
		if (payload > 0)
			spread(out, is_up ? out->said : out->heard, row, payload);
	}
}

/*
 * Variance over mean: of messages that come by chance it is the size of one, and shares are such
 * messages; of pings by a clock next to nothing.
 */
static double message_size(const float *series, uint32_t steps)
{
	double mean = 0, square = 0;

	for (uint32_t i = 0; i < steps; i++)
		mean += series[i] / (double)steps;
	for (uint32_t i = 0; i < steps; i++)
		square += (series[i] - mean) * (series[i] - mean) / (double)steps;
	return mean > 0 ? square / mean : 0;
}

static void take_drift(float *series, uint32_t steps)
{
	float held[MOVEMENT_STEPS_MAX];

	memcpy(held, series, steps * sizeof(*held));
	for (uint32_t i = 0; i < steps; i++) {
		uint32_t from = i < DRIFT_STEPS / 2 ? 0 : i - DRIFT_STEPS / 2;
		uint32_t to = i + DRIFT_STEPS / 2 + 1 < steps ? i + DRIFT_STEPS / 2 + 1 : steps;
		double sum = 0;
		for (uint32_t k = from; k < to; k++)
			sum += held[k];
		series[i] -= (float)(sum / (to - from));
	}
}

static void take_clock(float *series, uint32_t steps, uint32_t first, uint32_t round)
{
	double sum[CLOCK_STEPS] = {0};
	uint32_t count[CLOCK_STEPS] = {0};

	for (uint32_t i = 0; i < steps; i++) {
		sum[(first + i) % round] += series[i];
		count[(first + i) % round]++;
	}
	for (uint32_t i = 0; i < steps; i++)
		series[i] -= (float)(sum[(first + i) % round] / count[(first + i) % round]);
}

/* Mean 0, variance 1; false for a series that does not move. */
static bool standardise(float *series, uint32_t steps)
{
	double mean = 0, square = 0;

	for (uint32_t i = 0; i < steps; i++)
		mean += series[i] / (double)steps;
	for (uint32_t i = 0; i < steps; i++)
		square += (series[i] - mean) * (series[i] - mean) / (double)steps;
	if (square < 1e-6)
		return false;
	for (uint32_t i = 0; i < steps; i++)
		series[i] = (float)((series[i] - mean) / sqrt(square));
	return true;
}

static bool clean(struct movement *out, float *series)
{
	uint32_t round = out->step_s == STEP_S ? CLOCK_STEPS : CLOCK_STEPS_LONG;

	for (uint32_t i = 0; i < out->steps; i++)
		series[i] = sqrtf(series[i]);
	take_drift(series, out->steps);
	if (out->steps >= CLOCK_ROUNDS_LEAST * round)
		take_clock(series, out->steps, out->first_step, round);
	if (!standardise(series, out->steps))
		return false;
	for (uint32_t i = 0; i < out->steps; i++)
		series[i] = fminf(fmaxf(series[i], -CLIPPED_AT), CLIPPED_AT);
	return standardise(series, out->steps);
}

static void measure_echoes(struct movement *out)
{
	for (uint32_t lag = 1; lag <= MOVEMENT_ECHOES; lag++) {
		double sum = 0;
		for (uint32_t i = lag; i < out->steps; i++)
			sum += (double)out->heard[i] * out->heard[i - lag];
		out->echo[lag - 1] = sum / out->steps;
	}
}

static bool is_thin(const struct flow_session *session, const struct sums *sums)
{
	const struct flow_series *series = session->series;
	uint32_t first_s = flow_series_at(series, 0)->start_s;
	double seconds = session->last_s - first_s + 1.0;

	return session->last_s - session->first_s >= LASTING_S && sums->up_rows > 0 &&
	       sums->down_rows > 0 && sums->up / seconds <= THIN_MOST_PER_S &&
	       sums->down / seconds <= THIN_MOST_PER_S;
}

/* Rows of one time alone (Azure's) do not tell how long their window was, but how far apart. */
static uint32_t step_of(const struct flow_session *session, const struct sums *sums)
{
	enum { APART_SHORT_S = 150 };
	uint32_t seconds = session->last_s - flow_series_at(session->series, 0)->start_s;
	uint64_t rows = sums->up_rows > sums->down_rows ? sums->up_rows : sums->down_rows;

	return sums->longest_s > LONGEST_SHORT_S || seconds / rows > APART_SHORT_S ? STEP_LONG_S
										   : STEP_S;
}

bool movement_measure(const struct flow_session *session, struct movement *out)
{
	struct sums sums = sums_of(session);

	memset(out, 0, sizeof(*out));
	out->session = session;
	if (session->opener == OPENER_OUTSIDE || session->is_sampled || !is_thin(session, &sums))
		return false;
	out->step_s = step_of(session, &sums);
	uint32_t first_s = flow_series_at(session->series, 0)->start_s;
	/* The first windows have the opening of TLS; the last is cut off, and for all who are still
	 * connected when the log ends that is at the same time. */
	uint32_t first = first_s / out->step_s + 1 + 300 / out->step_s;
	uint32_t last = (session->last_s - sums.longest_s) / out->step_s;
	if (last < first + MOVEMENT_STEPS_LEAST)
		return false;
	if (last - first > MOVEMENT_STEPS_MAX)
		first = last - MOVEMENT_STEPS_MAX;
	out->first_step = first;
	out->steps = last - first;
	fill(out);
	out->explained =
		out->steps / DRIFT_STEPS + (out->step_s == STEP_S ? CLOCK_STEPS : CLOCK_STEPS_LONG);
	out->message = message_size(out->said, out->steps);
	if (!clean(out, out->heard))
		return false;
	measure_echoes(out);
	(void)clean(out, out->said); /* who says nothing but acknowledgements stays at 0 */
	return true;
}
