/*
 * How the processor is used: on and on, in few pages of code, asking the kernel for nothing. How
 * much is taken does not matter; a miner held to 5 % of one core goes on like one that takes all.
 */
#include <inttypes.h>

#include "detect/host_room.h"
#include "detect/shares.h"

enum {
	BINS_LEAST = 6,
	BIN_SAMPLES = 5, /* so that chance alone seldom leaves one empty */
	LOCAL_PAGES = 16,
	HISTORY_MOST = 60, /* steps that are judged */
	LAG_MOST = 30,
	CYCLES_LEAST = 3,
	CALLS_QUIET = 200,	       /* read and write calls a second of processor time */
	BYTES_QUIET = 4 * 1024 * 1024, /* and bytes */
};

struct rhythm {
	double share;	 /* of one core, in the mean of what is judged */
	double seconds;	 /* judged */
	double steady;	 /* share of the bins with at least a third of the mean */
	uint32_t cycle;	 /* steps of a duty cycle; 0: none */
	double locality; /* share of samples in the LOCAL_PAGES hottest pages */
	bool is_long_enough;
	bool is_quiet, has_io;
	double calls, bytes; /* a second of processor time */
};

/* Bins just long enough that a steady load has some samples in each. */
static void judge_steadiness(const struct workload *w, const float *shares, size_t count,
			     struct rhythm *r)
{
	double step_s = duration_seconds(w->share_step);
	double bin_steps = BIN_SAMPLES / (r->share * w->sample_hz * step_s);
	size_t bin = bin_steps < 1 ? 1 : (size_t)(bin_steps + 0.999);
	size_t bins = count / bin, busy = 0;

	for (size_t i = 0; i < bins; i++)
		busy += shares_mean(shares + count - (i + 1) * bin, bin) >= r->share / 3;
	r->is_long_enough = bins >= BINS_LEAST;
	r->steady = bins > 0 ? (double)busy / (double)bins : 0;
}

/* Autocorrelation: a load that comes and goes by a clock is somebody's throttle. */
static void judge_cycle(const float *shares, size_t count, struct rhythm *r)
{
	double variance = 0, best = 0.6;

	for (size_t i = 0; i < count; i++)
		variance += ((double)shares[i] - r->share) * ((double)shares[i] - r->share);
	if (variance < 0.01 * r->share * r->share * (double)count)
		return; /* flat: no cycle to speak of */
	for (size_t lag = 2; lag <= LAG_MOST && lag * CYCLES_LEAST <= count; lag++) {
		double sum = 0;
		for (size_t i = lag; i < count; i++)
			sum += ((double)shares[i] - r->share) *
			       ((double)shares[i - lag] - r->share);
		double correlation = sum / variance * (double)count / (double)(count - lag);
		if (correlation > best) {
			best = correlation;
			r->cycle = (uint32_t)lag;
		}
	}
}

static void judge_locality(const struct workload *w, struct rhythm *r)
{
	uint64_t all = 0, local = 0;

	for (size_t i = 0; i < w->page_count; i++) {
		all += w->pages[i].samples;
		local += i < LOCAL_PAGES ? w->pages[i].samples : 0;
	}
	r->locality = all > 0 ? (double)local / (double)all : 0;
}

static void judge_quiet(const struct workload *w, struct rhythm *r)
{
	double seconds = duration_seconds(w->cpu_time);

	r->has_io = w->has_io && seconds >= 0.2;
	if (!r->has_io)
		return;
	r->calls = (double)w->io_calls / seconds;
	r->bytes = (double)w->io_bytes / seconds;
	r->is_quiet = r->calls <= CALLS_QUIET && r->bytes <= BYTES_QUIET;
}

static struct rhythm rhythm_of(const struct workload *w)
{
	/* all pages of a browser are one program: each is judged by what it takes itself */
	size_t known = w->browser ? w->own_share_count : w->share_count;
	size_t count = known < HISTORY_MOST ? known : HISTORY_MOST;
	const float *shares = (w->browser ? w->own_shares : w->shares) + known - count;
	struct rhythm r = {.share = shares_mean(shares, count)};

	r.seconds = (double)count * duration_seconds(w->share_step);
	if (r.share * w->sample_hz * r.seconds < BIN_SAMPLES * BINS_LEAST)
		return r;
	judge_steadiness(w, shares, count, &r);
	judge_cycle(shares, count, &r);
	judge_locality(w, &r);
	judge_quiet(w, &r);
	return r;
}

static void judge(const struct workload *workload, struct arena *scratch, struct signs *out)
{
	struct rhythm r = rhythm_of(workload);

	if (!r.is_long_enough || (r.steady < 0.85 && r.cycle == 0))
		return;
	bool is_strong = r.locality >= 0.8 && r.has_io && r.is_quiet;
	struct str share = share_text(scratch, r.share);
	struct sign sign = {
		.family = FAMILY_RHYTHM,
		.weight = is_strong ? SIGN_STRONG : SIGN_SUPPORTS,
		.strength = r.seconds >= 60   ? 0.9
			    : r.seconds >= 20 ? 0.85
					      : 0.8,
		.detector = "rhythm",
	};
	const char *way = r.steady >= 0.85 ? "without a pause" : "on and off by a clock";
	if (is_strong)
		sign.reason = arena_printf(
			scratch,
			"it computes %s (%.*s over %.0f s), in very little code, and hardly reads "
			"or writes anything",
			way, STR_ARG(share), r.seconds);
	else
		sign.reason = arena_printf(scratch, "it computes %s (%.*s over %.0f s)", way,
					   STR_ARG(share), r.seconds);
	signs_add(out, sign);
}

const struct host_room rhythm_room = {
	.name = "rhythm",
	.summary = "A lasting or clocked load in little code that asks the kernel for nothing",
	.judge = judge,
};
