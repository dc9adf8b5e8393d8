/*
 * The hash rate behind a flow, from the shares its pool accepted, with the interval that few shares
 * leave: 30 shares are worth plus or minus a third, and a rate without its interval would say more
 * than was seen.
 *
 * Not a decoder: it adds up numbers that decode/mining/difficulty.h has already read and checked.
 */
#ifndef DAVY_DECODE_MINING_HASHRATE_H
#define DAVY_DECODE_MINING_HASHRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/instant.h"

/* Accepted shares added up; hashes of a share come from decode/mining/difficulty.h. */
struct share_sum {
	uint64_t count;
	double hashes;	       /* sum of each share's expected hashes */
	double hashes_squared; /* sum of their squares: how uneven the shares were */
};

void share_sum_add(struct share_sum *sum, double hashes); /* not finite or not positive: ignored */

struct hashrate {
	double per_s;		      /* the estimate: hashes / time */
	double low_per_s, high_per_s; /* exact 95 % interval */
};

/*
 * Shares of a miner at a constant rate arrive as a Poisson process, so for n shares the 95 %
 * interval of the expected count is [chi2(0.025; 2n) / 2, chi2(0.975; 2n + 2) / 2] (Garwood), and
 * that of the rate is the same times the mean share over the time. When the pool changed the
 * difficulty on the way, n is replaced by (sum of hashes)^2 / sum of squares, the count of even
 * shares with the same spread (Fay and Feuer's gamma interval in its simple form); for even shares
 * it is n.
 *
 * The quantiles are exact to 1e-9 for up to 200 shares; above, by Wilson and Hilferty, with a
 * relative error below 1e-4 (the test holds both to that).
 *
 * observed: from the first job or login seen to the last message. Measured from the first share
 *           itself, n shares make n - 1 gaps and the rate comes out too high.
 * returns:  false without shares, without time, or with sums that are no numbers
 * source:   Garwood, Biometrika 28 (1936); Wilson, Hilferty, PNAS 17 (1931)
 */
must_check bool hashrate_estimate(const struct share_sum *sum, duration observed,
				  struct hashrate *out);

/*
 * "1.48 kH/s (95 %: 1.1 to 1.9)": three figures for the rate, two for the interval, one scale.
 *
 * unit: "H", or "Sol" for Equihash
 */
void buf_add_hashrate(struct buf *out, const struct hashrate *rate, const char *unit);

#endif
