#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lab/address.h"

static void decode(const char *hex, uint8_t *out, size_t len)
{
	assert_int_equal(str_decode_hex(str_from(hex), out, len), len);
}

/* Bitcoin wiki, "Technical background of version 1 Bitcoin addresses"; and the genesis block's. */
static void base58check_vectors(void **state)
{
	static const struct {
		const char *payload, *address;
	} rows[] = {
		{"00010966776006953d5567439e5e39f86a0d273bee", "16UwLL9Risc3QfPqBUvKofHmBQ7wMtjvM"},
		{"0062e907b15cbf27d5425399ebf6f0fb50ebb88f18",
		 "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t payload[21];
		struct buf out = {0};
		decode(rows[i].payload, payload, sizeof(payload));
		lab_base58check(str_of(payload, sizeof(payload)), &out);
		assert_true(str_equal(buf_view(&out), str_from(rows[i].address)));
		buf_fini(&out);
	}
}

/* BIP 173 and BIP 350, "Test vectors". */
static void segwit_vectors(void **state)
{
	static const struct {
		uint8_t version;
		const char *program, *address;
	} rows[] = {
		{0, "751e76e8199196d454941c45d1b3a323f1433bd6",
		 "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		{1, "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
		 "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t program[32];
		struct buf out = {0};
		size_t len = strlen(rows[i].program) / 2;
		decode(rows[i].program, program, len);
		lab_segwit("bc", rows[i].version, str_of(program, len), &out);
		assert_true(str_equal(buf_view(&out), str_from(rows[i].address)));
		buf_fini(&out);
	}
}

/* EIP-55, "Test cases". */
static void eip55_vectors(void **state)
{
	static const char *const rows[] = {
		"0x52908400098527886E0F7030069857D2E4169EE7",
		"0xde709f2102306220921060314715629080e2fb77",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
		"0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t account[20];
		struct buf out = {0};
		decode(rows[i] + 2, account, sizeof(account));
		lab_eip55(account, &out);
		assert_true(str_equal(buf_view(&out), str_from(rows[i])));
		buf_fini(&out);
	}
}

/* The address in xmrig-proxy's doc/STRATUM.md; its keys taken out with a decoder in Python. */
static void monero_vector(void **state)
{
	uint8_t spend[32], view[32];
	struct buf out = {0};

	decode("b969742ae6fe902a37645bc1783fc2e1f951e09cc09460ab4e7ac2ca1bc71209", spend, 32);
	decode("1e7f5d11ab6a2f499d2213a0195b670457d9d9637d48cbaf237760b10f0be45b", view, 32);
	lab_monero_address(18, spend, view, &out);
	assert_true(
		str_equal(buf_view(&out), STR("48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5"
					      "xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD")));
	buf_fini(&out);
}

static void each_coin_looks_like_itself(void **state)
{
	static const struct {
		enum lab_coin coin;
		const char *starts;
		size_t least, most;
	} rows[] = {
		{LAB_COIN_BITCOIN, "13b", 26, 62}, {LAB_COIN_LITECOIN, "Ll", 26, 44},
		{LAB_COIN_MONERO, "48", 95, 95},   {LAB_COIN_ETHEREUM, "0", 42, 42},
		{LAB_COIN_ZCASH, "t", 35, 35},	   {LAB_COIN_KASPA, "k", 67, 67},
		{LAB_COIN_ERGO, "9", 51, 51},	   {LAB_COIN_RAVENCOIN, "R", 33, 34},
		{LAB_COIN_CONFLUX, "c", 46, 46},   {LAB_COIN_GRIN, "g", 63, 63},
		{LAB_COIN_NONE, "lpdch", 5, 16},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (uint64_t seed = 0; seed < 50; seed++) {
			struct lab_random random = {seed};
			struct buf out = {0};
			lab_address(rows[i].coin, &random, &out);
			assert_false(out.failed);
			assert_non_null(strchr(rows[i].starts, out.at[0]));
			if (out.len < rows[i].least || out.len > rows[i].most)
				fail_msg("%s: %.*s", lab_coin_name(rows[i].coin),
					 STR_ARG(buf_view(&out)));
			buf_fini(&out);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base58check_vectors),
		cmocka_unit_test(segwit_vectors),
		cmocka_unit_test(eip55_vectors),
		cmocka_unit_test(monero_vector),
		cmocka_unit_test(each_coin_looks_like_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
