#include "detect/flow_mining/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* One download must not make a blind spot: a window counts as at most so many medians. */
	OUTSTANDING = 8,
};

/* Windows that logs are known to have, and how much longer a row may be: clocks are rounded. */
static const uint32_t known_windows_s[] = {60, 300, 600};

static int compare_u32(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return (a > b) - (a < b);
}

static uint32_t snapped(uint32_t seconds)
{
	for (size_t i = 0; i < sizeof(known_windows_s) / sizeof(*known_windows_s); i++)
		if (seconds <= known_windows_s[i] + known_windows_s[i] / 10)
			return known_windows_s[i];
	return seconds;
}

static uint32_t median_gap(const struct chain_rows *rows)
{
	uint32_t gaps[CHAIN_ROWS_MAX];
	size_t count = 0;

	for (size_t i = 1; i < rows->count; i++)
		gaps[count++] = rows->at[i].start_s - rows->at[i - 1].start_s;
	if (count == 0)
		return 0;
	qsort(gaps, count, sizeof(*gaps), compare_u32);
	return gaps[count / 2];
}

/*
 * The log's aggregation interval. A row's own length comes near it where much is said; where each
 * has a packet or two, or the log tells one time, it is how far rows are apart.
 */
static uint32_t window_of(const struct chain_rows *up, const struct chain_rows *down)
{
	enum { TELLS_FROM_S = 10 };
	const struct chain_rows *both[] = {up, down};
	uint32_t longest = 0;

	for (int i = 0; i < 2; i++)
		for (size_t r = 0; r < both[i]->count; r++)
			if (both[i]->at[r].seconds > longest)
				longest = both[i]->at[r].seconds;
	if (longest >= TELLS_FROM_S)
		return snapped(longest);
	uint32_t gap = median_gap(up);
	return gap > 0 ? snapped(gap) : known_windows_s[0];
}

struct numbers {
	size_t count;
	double at[CHAIN_ROWS_MAX];
};

static int compare_double(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static void hold_down(struct numbers *numbers)
{
	double sorted[CHAIN_ROWS_MAX];

	if (numbers->count == 0)
		return;
	memcpy(sorted, numbers->at, numbers->count * sizeof(*sorted));
	qsort(sorted, numbers->count, sizeof(*sorted), compare_double);
	double most = sorted[numbers->count / 2] * OUTSTANDING;
	for (size_t i = 0; i < numbers->count; i++)
		if (numbers->at[i] > most)
			numbers->at[i] = most;
}

enum counted { COUNT_BYTES, COUNT_PACKETS };

static void settled(const struct chain_rows *rows, enum counted what, struct numbers *out)
{
	out->count = 0;
	for (size_t i = 0; i + 1 < rows->count; i++) /* the last window may be cut off */
		if (!(rows->at[i].flags & ROW_SETTLING))
			out->at[out->count++] =
				what == COUNT_BYTES ? rows->at[i].bytes : rows->at[i].packets;
	hold_down(out);
}

struct moments {
	double mean, variance;
	double apart; /* half the mean squared step to the next: variance without a slow drift */
};

static struct moments moments_of(const struct numbers *numbers)
{
	struct moments moments = {0};
	size_t count = numbers->count;

	for (size_t i = 0; i < count; i++)
		moments.mean += numbers->at[i] / (double)count;
	for (size_t i = 0; i < count && count > 1; i++) {
		double away = numbers->at[i] - moments.mean;
		moments.variance += away * away / (double)(count - 1);
		if (i == 0)
			continue;
		double step = numbers->at[i] - numbers->at[i - 1];
		moments.apart += step * step / (2.0 * (double)(count - 1));
	}
	return moments;
}

static double quantum(const struct moments *moments)
{
	return moments->mean > 0 ? moments->apart / moments->mean : 0;
}

/* Windows of both directions that overlap in time, by their order. */
static double together(const struct chain_rows *up, const struct chain_rows *down,
		       uint32_t window_s)
{
	double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;

	for (size_t u = 0, d = 0; u < up->count; u++) {
		const struct flow_row *row = &up->at[u];
		if (row->flags & ROW_SETTLING)
			continue;
		while (d < down->count && down->at[d].start_s + window_s / 2 < row->start_s)
			d++;
		if (d == down->count)
			break;
		if (down->at[d].start_s > row->start_s + window_s / 2)
			continue;
		double a = log1p(row->bytes), b = log1p(down->at[d].bytes);
		n++;
		x += a;
		y += b;
		xx += a * a;
		yy += b * b;
		xy += a * b;
	}
	double spread = (n * xx - x * x) * (n * yy - y * y);
	return n > 2 && spread > 1e-9 ? (n * xy - x * y) / sqrt(spread) : 0;
}

static uint64_t sum(const struct chain_rows *rows, uint64_t *packets)
{
	uint64_t bytes = 0;

	*packets = 0;
	for (size_t i = 0; i < rows->count; i++) {
		bytes += rows->at[i].bytes;
		*packets += rows->at[i].packets;
	}
	return bytes;
}

/* From the first window that is kept to the end of the last. */
static uint32_t kept_seconds(const struct chain_rows *up, const struct chain_rows *down,
			     uint32_t window_s)
{
	uint32_t first =
		up->at[0].start_s < down->at[0].start_s ? up->at[0].start_s : down->at[0].start_s;
	uint32_t up_last = up->at[up->count - 1].start_s;
	uint32_t down_last = down->at[down->count - 1].start_s;

	return (up_last > down_last ? up_last : down_last) - first + window_s;
}

static double share_of(double part, double whole)
{
	return whole <= 0 ? 0 : part >= whole ? 1 : part / whole;
}

static void measure_variation(const struct chain_rows *up, const struct chain_rows *down,
			      struct shape *out)
{
	struct numbers numbers;

	settled(up, COUNT_BYTES, &numbers);
	struct moments moments = moments_of(&numbers);
	out->evenness = moments.mean > 0 ? sqrt(moments.variance) / moments.mean : 0;
	out->feature[FEATURE_QUANTUM_UP] = quantum(&moments);
	out->feature[FEATURE_TREND] =
		moments.variance > 0 ? 1 - moments.apart / moments.variance : 0;
	settled(down, COUNT_BYTES, &numbers);
	moments = moments_of(&numbers);
	out->feature[FEATURE_QUANTUM_DOWN] = quantum(&moments);
	settled(up, COUNT_PACKETS, &numbers);
	moments = moments_of(&numbers);
	out->feature[FEATURE_COUNT_UP] = quantum(&moments);
	settled(down, COUNT_PACKETS, &numbers);
	moments = moments_of(&numbers);
	out->feature[FEATURE_COUNT_DOWN] = quantum(&moments);
}

bool shape_measure(const struct chain *chain, const struct chain_rows *up,
		   const struct chain_rows *down, struct shape *out)
{
	uint64_t packets_up, packets_down;

	*out = (struct shape){.seconds = chain->last_s - chain->first_s, .windows = up->count};
	if (out->seconds < LASTING_S || up->count < SHAPE_WINDOWS_LEAST ||
	    down->count < SHAPE_WINDOWS_LEAST)
		return false;
	out->window_s = window_of(up, down);
	double kept = kept_seconds(up, down, out->window_s);
	out->bytes_up = sum(up, &packets_up);
	out->bytes_down = sum(down, &packets_down);
	out->rate_up = (double)out->bytes_up / kept;
	out->rate_down = (double)out->bytes_down / kept;
	out->feature[FEATURE_RATE] = out->rate_up;
	out->feature[FEATURE_RATIO] = (double)out->bytes_down / (double)(out->bytes_up + 1);
	out->feature[FEATURE_PACKET_UP] = (double)out->bytes_up / (double)packets_up;
	out->feature[FEATURE_PACKET_DOWN] = (double)out->bytes_down / (double)packets_down;
	out->feature[FEATURE_PRESENCE] = share_of((double)up->count * out->window_s, kept);
	out->feature[FEATURE_TOGETHER] = together(up, down, out->window_s);
	measure_variation(up, down, out);
	return true;
}
