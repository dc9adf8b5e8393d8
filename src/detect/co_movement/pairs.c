#include "detect/co_movement/pairs.h"

#include <math.h>

enum {
	/* Windows of two interfaces begin at different seconds: the neighbours are no other time.
	 */
	LAG_FROM = 3,
	LAG_TO = 20,
};

static const double chance_of_error = 0.01;
/* Workers of one pool have 0.5 and more; less than this is told of nobody. */
static const double heard_least = 0.4;

/* Steps of a and b that are the same time: where in each they begin, and how many. */
struct overlap {
	uint32_t a, b, steps;
};

static struct overlap overlap_of(const struct movement *a, const struct movement *b)
{
	uint32_t from = a->first_step > b->first_step ? a->first_step : b->first_step;
	uint32_t a_end = a->first_step + a->steps, b_end = b->first_step + b->steps;
	uint32_t to = a_end < b_end ? a_end : b_end;

	return (struct overlap){
		.a = from - a->first_step,
		.b = from - b->first_step,
		.steps = to > from ? to - from : 0,
	};
}

/* Over the common steps alone: a part of a standardised series is not standardised. */
static double correlation(const float *a, const float *b, uint32_t steps)
{
	float x = 0, y = 0, xx = 0, yy = 0, xy = 0;

	for (uint32_t i = 0; i < steps; i++) {
		x += a[i];
		y += b[i];
		xx += a[i] * a[i];
		yy += b[i] * b[i];
		xy += a[i] * b[i];
	}
	double n = steps,
	       spread = ((double)xx - (double)x * x / n) * ((double)yy - (double)y * y / n);
	return spread > 1e-6 ? ((double)xy - (double)x * y / n) / sqrt(spread) : 0;
}

/* How often a normal variable is above z, at most: the usual bound, good for z > 1. */
static double tail_of(double z)
{
	return z < 1 ? 1 : exp(-z * z / 2) / (z * sqrt(2 * M_PI));
}

static bool is_beyond_chance(double heard, double steps, double pairs)
{
	if (steps < 8 || heard < heard_least)
		return false;
	double z = atanh(heard < 0.999999 ? heard : 0.999999) * sqrt(steps - 3);
	return tail_of(z) * pairs < chance_of_error;
}

/*
 * Steps that tell something of their own: what drift and clock explained is gone, and series that
 * echo have fewer (Bartlett's formula).
 */
static double own_steps(const struct movement *a, const struct movement *b, uint32_t steps)
{
	uint32_t explained = a->explained > b->explained ? a->explained : b->explained;
	double echoes = 1;

	for (int i = 0; i < MOVEMENT_ECHOES; i++)
		echoes += 2 * fmax(0, a->echo[i] * b->echo[i]);
	return steps > explained ? (steps - explained) / echoes : 0;
}

/* Two thirds: a period's other peaks are as high as this one, chance's far lower. */
static bool is_as_high_elsewhere(const struct movement *a, const struct movement *b,
				 const struct overlap *both, double heard)
{
	double limit = heard * 2 / 3;

	for (uint32_t lag = LAG_FROM; lag <= LAG_TO && lag + 8 < both->steps; lag++) {
		uint32_t steps = both->steps - lag;
		const float *one = a->heard + both->a, *other = b->heard + both->b;
		if (fabs(correlation(one + lag, other, steps)) > limit ||
		    fabs(correlation(one, other + lag, steps)) > limit)
			return true;
	}
	return false;
}

bool pair_correlate(const struct movement *a, const struct movement *b, struct pair *out)
{
	struct overlap both = overlap_of(a, b);

	if (a->step_s != b->step_s || both.steps < MOVEMENT_STEPS_LEAST)
		return false;
	*out = (struct pair){
		.heard = correlation(a->heard + both.a, b->heard + both.b, both.steps),
		.said = correlation(a->said + both.a, b->said + both.b, both.steps),
		.steps = both.steps,
	};
	return true;
}

bool pair_moves_together(const struct movement *a, const struct movement *b, double pairs)
{
	struct overlap both = overlap_of(a, b);

	if (a->step_s != b->step_s || both.steps < MOVEMENT_STEPS_LEAST)
		return false;
	double heard = correlation(a->heard + both.a, b->heard + both.b, both.steps);
	return is_beyond_chance(heard, own_steps(a, b, both.steps), pairs) &&
	       !is_as_high_elsewhere(a, b, &both, heard);
}

static uint32_t head_of(uint32_t *group, uint32_t at)
{
	while (group[at] != at) {
		group[at] = group[group[at]];
		at = group[at];
	}
	return at;
}

void pairs_group(const struct movement *movements, size_t count, uint32_t *group)
{
	double pairs = (double)count * (double)(count > 0 ? count - 1 : 0) / 2;

	for (uint32_t i = 0; i < count; i++)
		group[i] = i;
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t k = i + 1; k < count; k++) {
			uint32_t a = head_of(group, i), b = head_of(group, k);
			if (a != b && pair_moves_together(&movements[i], &movements[k], pairs))
				group[a > b ? a : b] = a > b ? b : a;
		}
	}
	for (uint32_t i = 0; i < count; i++)
		group[i] = head_of(group, i);
}
