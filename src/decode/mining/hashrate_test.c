#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "decode/mining/difficulty.h"
#include "decode/mining/hashrate.h"

static void assert_near(double actual, double expected, double relative)
{
	if (!(fabs(actual - expected) <= fabs(expected) * relative))
		fail_msg("%.12g, expected %.12g", actual, expected);
}

static void targets_become_hashes(void **state)
{
	static const struct {
		enum target_form form;
		const char *target;
		double hashes; /* 0: refused */
	} rows[] = {
		/* xmrig: target b88d0600 is difficulty 10000; 16 digits the same to 64 bits */
		{TARGET_CRYPTONOTE, "b88d0600", 10000.0},
		{TARGET_CRYPTONOTE, "711b0d00", 5000.0},
		{TARGET_CRYPTONOTE, "ffffffff", 1.0},
		{TARGET_CRYPTONOTE, "cf8b000000000000", 18446744073709551616.0 / 35791},
		{TARGET_CRYPTONOTE, "0000000000000080", 2.0},
		{TARGET_CRYPTONOTE, "00000000", 0},
		{TARGET_CRYPTONOTE, "b88d06", 0},
		{TARGET_CRYPTONOTE, "b88d060000", 0},
		{TARGET_CRYPTONOTE, "", 0},
		/* Bitcoin's difficulty 1 */
		{TARGET_256_HEX, "00000000ffff0000000000000000000000000000000000000000000000000000",
		 4295032833.0},
		/* ZIP 301's example scale: a byte of zeros is 2^8 solutions */
		{TARGET_256_HEX, "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		 256.0},
		/* eth_getWork boundary for difficulty 4e9, without leading zeros */
		{TARGET_256_HEX, "0x112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba",
		 4e9},
		{TARGET_256_HEX, "0x1", 0x1p255},
		{TARGET_256_HEX, "0x0", 0},
		{TARGET_256_HEX, "0x", 0},
		{TARGET_256_HEX,
		 "10000000000000000000000000000000000000000000000000000000000000000", 0},
		/* 2^224, as Ergo writes it */
		{TARGET_256_DECIMAL,
		 "26959946667150639794667015087019630673637144422540572481103610249216",
		 4294967296.0},
		{TARGET_256_DECIMAL,
		 "115792089237316195423570985008687907853269984665640564039457584007913129639936",
		 0},
		{TARGET_256_DECIMAL, "12x", 0},
		{TARGET_256_DECIMAL, "0", 0},
		/* the genesis block, and block 32256: the first at another difficulty (1.18) */
		{TARGET_NBITS, "1d00ffff", 4295032833.0},
		{TARGET_NBITS, "1d00d86a", 4295032833.0 * 1.18289953},
		{TARGET_NBITS, "1b0404cb", 4295032833.0 * 16307.420938523983}, /* Bitcoin wiki */
		{TARGET_NBITS, "1d800000", 0},				       /* negative */
		{TARGET_NBITS, "00000000", 0},
		{TARGET_NBITS, "ff00ffff", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		double hashes = 0;
		const bool is_read =
			hashes_from_target(rows[i].form, str_from(rows[i].target), &hashes);
		if (is_read != (rows[i].hashes > 0))
			fail_msg("row %zu: %s", i, rows[i].target);
		if (is_read)
			assert_near(hashes, rows[i].hashes, 2e-5);
	}
}

static void difficulties_become_hashes(void **state)
{
	double difficulty;

	assert_near(hashes_from_difficulty(DIFFICULTY_HASHES, 120001), 120001, 0);
	assert_near(hashes_from_difficulty(DIFFICULTY_BITCOIN, 1), 4295032833.0, 1e-9);
	assert_near(hashes_from_difficulty(DIFFICULTY_SCRYPT, 65536), 4295032833.0, 1e-9);
	assert_near(hashes_from_difficulty(DIFFICULTY_NICEHASH, 0.5), 2147483648.0, 0);
	assert_near(hashes_from_difficulty(DIFFICULTY_KASPA, 4), 17179869184.0, 0);
	assert_true(hashes_from_difficulty(DIFFICULTY_HASHES, -1) == 0);
	assert_true(hashes_from_difficulty(DIFFICULTY_HASHES, 0.0 / 0.0) == 0);
	assert_true(hashes_from_difficulty(DIFFICULTY_HASHES, 1.0 / 0.0) == 0);
	assert_true(hashes_from_difficulty(DIFFICULTY_KASPA, 1e305) == 0);
	assert_near(difficulty_from_hashes(DIFFICULTY_KASPA, 17179869184.0), 4, 0);
	assert_true(difficulty_from_hashes(DIFFICULTY_KASPA, -1) == 0);
	assert_true(difficulty_from_hashes(DIFFICULTY_HASHES, 0.0 / 0.0) == 0);
	assert_true(difficulty_from_target(TARGET_NBITS, DIFFICULTY_BITCOIN, STR("1b0404cb"),
					   &difficulty));
	assert_near(difficulty, 16307.420938523983, 1e-9);
	assert_true(difficulty_from_target(TARGET_CRYPTONOTE, DIFFICULTY_HASHES, STR("b88d0600"),
					   &difficulty));
	assert_near(difficulty, 10000, 1e-4);
	assert_false(difficulty_from_target(TARGET_CRYPTONOTE, DIFFICULTY_HASHES, STR("zz"),
					    &difficulty));
}

static struct share_sum even_shares(uint64_t count, double hashes)
{
	const double n = (double)count;

	return (struct share_sum){count, n * hashes, n * hashes * hashes};
}

static void intervals_are_those_of_the_tables(void **state)
{
	/* Garwood's 95 % limits of a Poisson count, recomputed from Poisson sums. */
	static const struct {
		uint64_t count;
		double low, high;
	} rows[] = {
		{1, 0.02531781, 5.571643}, {2, 0.2422093, 7.224688},	 {10, 4.795389, 18.39036},
		{30, 20.24088, 42.826865}, {100, 81.363991, 121.626794},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct share_sum sum = even_shares(rows[i].count, 1);
		struct hashrate rate;
		assert_true(hashrate_estimate(&sum, DURATION_S(1), &rate));
		assert_near(rate.per_s, (double)rows[i].count, 1e-12);
		assert_near(rate.low_per_s, rows[i].low, 2e-6);
		assert_near(rate.high_per_s, rows[i].high, 2e-6);
	}
}

/* Both methods side by side where one gives way to the other. */
static void the_approximation_keeps_its_promise(void **state)
{
	const struct share_sum below = even_shares(199, 1), above = even_shares(201, 1);
	struct hashrate exact, close;

	assert_true(hashrate_estimate(&below, DURATION_S(1), &exact));
	assert_true(hashrate_estimate(&above, DURATION_S(1), &close));
	/* chi2(0.025; 402) / 2 and chi2(0.975; 404) / 2 by bisection on the exact Poisson sums */
	double low = 0, high = 0;
	for (int side = 0; side < 2; side++) {
		double from = 100, to = 300;
		for (int i = 0; i < 80; i++) {
			const double mean = (from + to) / 2;
			double term = exp(-mean), sum = 0; /* P(X <= 200) or P(X <= 201) */
			for (int k = 0; k <= 200 + side; k++, term *= mean / k)
				sum += term;
			if (side == 0 ? 1 - sum < 0.025 : sum > 0.025)
				from = mean;
			else
				to = mean;
		}
		*(side == 0 ? &low : &high) = from;
	}
	assert_near(close.low_per_s, low, 1e-4);
	assert_near(close.high_per_s, high, 1e-4);
	assert_true(exact.low_per_s < close.low_per_s && exact.high_per_s < close.high_per_s);
}

static void uneven_shares_widen_the_interval(void **state)
{
	struct share_sum even = {0}, uneven = {0};
	struct hashrate narrow, wide;

	for (int i = 0; i < 100; i++) {
		share_sum_add(&even, 1000);
		share_sum_add(&uneven, i == 0 ? 50000 : 505.05);
	}
	share_sum_add(&even, -1);
	share_sum_add(&even, 0.0 / 0.0);
	assert_int_equal(even.count, 100);
	assert_true(hashrate_estimate(&even, DURATION_S(60), &narrow));
	assert_true(hashrate_estimate(&uneven, DURATION_S(60), &wide));
	assert_near(wide.per_s, narrow.per_s, 1e-3);
	assert_true(wide.high_per_s > narrow.high_per_s * 1.5);
	assert_true(wide.low_per_s < narrow.low_per_s * 0.6);
}

static void nothing_seen_gives_no_rate(void **state)
{
	const struct share_sum none = {0}, one = even_shares(1, 1000);
	struct hashrate rate;

	assert_false(hashrate_estimate(&none, DURATION_S(10), &rate));
	assert_false(hashrate_estimate(&one, DURATION_S(0), &rate));
	assert_false(hashrate_estimate(&one, DURATION_S(-5), &rate));
}

static void rates_are_written_for_people(void **state)
{
	static const struct {
		struct hashrate rate;
		const char *unit, *text;
	} rows[] = {
		{{1480.5, 1132, 1911}, "H", "1.48 kH/s (95 %: 1.1 to 1.9)"},
		{{12.34, 9.96, 15.2}, "Sol", "12.3 Sol/s (95 %: 10 to 15)"},
		{{999.7, 512, 1700}, "H", "1.00 kH/s (95 %: 0.51 to 1.7)"},
		{{95.0e12, 81.4e12, 121e12}, "H", "95.0 TH/s (95 %: 81 to 120)"},
		{{0.5, 0.0127, 2.8}, "H", "0.500 H/s (95 %: 0.013 to 2.8)"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = {0};
		buf_add_hashrate(&out, &rows[i].rate, rows[i].unit);
		if (!str_equal(buf_view(&out), str_from(rows[i].text)))
			fail_msg("%.*s, expected %s", (int)out.len, out.at, rows[i].text);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_become_hashes),
		cmocka_unit_test(difficulties_become_hashes),
		cmocka_unit_test(intervals_are_those_of_the_tables),
		cmocka_unit_test(the_approximation_keeps_its_promise),
		cmocka_unit_test(uneven_shares_widen_the_interval),
		cmocka_unit_test(nothing_seen_gives_no_rate),
		cmocka_unit_test(rates_are_written_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
