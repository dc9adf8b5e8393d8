#include "decode/mining/hashrate.h"

#include <math.h>

enum { EXACT_SHARES_MAX = 200, ROUNDS_MAX = 2000, HALVINGS = 60 };

void share_sum_add(struct share_sum *sum, double hashes)
{
	if (!isfinite(hashes) || hashes <= 0)
		return;
	sum->count++;
	sum->hashes += hashes;
	sum->hashes_squared += hashes * hashes;
}

/*
 * P(a, x), the share of a gamma distribution of shape a below x: by the series left of the mean, by
 * the continued fraction (Lentz) right of it. Abramowitz and Stegun 6.5.29 and 6.5.31.
 */
static double gamma_below(double a, double x)
{
	int sign;
	const double front = exp(a * log(x) - x - lgamma_r(a, &sign));
	double term = 1 / a, sum = term, b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d;

	if (x < a + 1) {
		for (int i = 1; i < ROUNDS_MAX && term > sum * 1e-16; i++) {
			term *= x / (a + i);
			sum += term;
		}
		return front * sum;
	}
	for (int i = 1; i < ROUNDS_MAX; i++) {
		const double an = -i * (i - a);
		b += 2;
		d = 1 / (an * d + b);
		c = b + an / c;
		fraction *= c * d;
		if (fabs(c * d - 1) < 1e-15)
			break;
	}
	return 1 - front * fraction;
}

static double quantile_exact(double a, double p)
{
	double low = 0, high = a + 10 * sqrt(a) + 20; /* above the 0.975 quantile for every a */

	for (int i = 0; i < HALVINGS; i++) {
		const double middle = (low + high) / 2;
		if (gamma_below(a, middle) < p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

static double quantile_wilson_hilferty(double a, double z)
{
	const double spread = 1 / (9 * a); /* 2 / (9 degrees of freedom), which are 2a */

	return a * pow(1 - spread + z * sqrt(spread), 3);
}

/* The quantile of a gamma distribution of shape a, scale 1: half of a chi-square one. */
static double gamma_quantile(double a, bool upper)
{
	const double z = 1.959963984540054;

	if (a <= EXACT_SHARES_MAX)
		return quantile_exact(a, upper ? 0.975 : 0.025);
	return quantile_wilson_hilferty(a, upper ? z : -z);
}

bool hashrate_estimate(const struct share_sum *sum, duration observed, struct hashrate *out)
{
	const double seconds = duration_seconds(observed);
	double shares, scale;

	if (sum->count == 0 || seconds <= 0 || !isfinite(sum->hashes) || sum->hashes <= 0)
		return false;
	shares = sum->hashes * sum->hashes / sum->hashes_squared;
	if (!isfinite(shares)) /* no squares kept: taken as even */
		shares = (double)sum->count;
	shares = fmin(fmax(shares, 1), (double)sum->count);
	scale = sum->hashes / shares / seconds;
	out->per_s = sum->hashes / seconds;
	out->low_per_s = gamma_quantile(shares, false) * scale;
	out->high_per_s = gamma_quantile(shares + 1, true) * scale;
	return true;
}

static int digits_before_point(double value)
{
	return value > 0 ? (int)floor(log10(value)) + 1 : 1;
}

/* A number with so many significant figures and never an exponent: 1480, 1.5, 0.042. */
static void add_figures(struct buf *out, double value, int figures)
{
	const double step = pow(10, digits_before_point(value) - figures);
	const double rounded = step > 0 ? round(value / step) * step : value;
	const int decimals = figures - digits_before_point(rounded);

	buf_printf(out, "%.*f", decimals > 0 ? (decimals < 9 ? decimals : 9) : 0, rounded);
}

void buf_add_hashrate(struct buf *out, const struct hashrate *rate, const char *unit)
{
	static const char scales[] = "\0kMGTPE";
	double divisor = 1;
	size_t scale = 0;

	while (scale + 2 < sizeof(scales) && rate->per_s / divisor >= 999.5) {
		divisor *= 1000;
		scale++;
	}
	add_figures(out, rate->per_s / divisor, 3);
	buf_add_byte(out, ' ');
	if (scale > 0)
		buf_add_byte(out, scales[scale]);
	buf_printf(out, "%s/s (95 %%: ", unit);
	add_figures(out, rate->low_per_s / divisor, 2);
	buf_add_text(out, " to ");
	add_figures(out, rate->high_per_s / divisor, 2);
	buf_add_byte(out, ')');
}
