#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/coin_name.h"

static const struct {
	struct str coin, name;
} rows[] = {
	{STR("monero"), STR("Monero")},
	{STR("ethereum-like"), STR("Ethereum-like")},
	{STR("duino-coin"), STR("Duino-Coin")},
	{STR("bitcoin or bitcoin-cash"), STR("Bitcoin or Bitcoin Cash")},
	{STR("bitcoin, bitcoin-cash, litecoin or vertcoin"),
	 STR("Bitcoin, Bitcoin Cash, Litecoin or Vertcoin")},
	{STR("zcash or a fork of it"), STR("Zcash (or a fork of it)")},
	{STR("base58check coin"), STR("Unknown coin")},
	{STR("kaspa-like coin"), STR("Kaspa-like coin")},
	{STR("ecash"), STR("eCash")},
	{STR(""), STR("")},
	{STR(","), STR(",")},
	{STR("mon\x1b[2Jero"), STR("Mon\\x1b[2Jero")},
	{STR("\xe2\x80\xaexmr"), STR("\\u{202e}xmr")},
	{STR("\x1b"), STR("\\x1b")},
};

static void coins_are_named_for_people(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = {0};
		buf_add_coin_name(&out, rows[i].coin);
		if (!str_equal(buf_view(&out), rows[i].name))
			fail_msg("\"%.*s\" is named \"%.*s\"", STR_ARG(rows[i].name),
				 STR_ARG(buf_view(&out)));
		buf_fini(&out);
	}
}

static void activities_read_as_people_write_them(void **state)
{
	static const struct {
		struct str coin, mining, miner;
	} activities[] = {
		{STR("monero"), STR("Monero mining"), STR("Monero miner")},
		{STR("base58check coin"), STR("Mining of an unknown coin"),
		 STR("Miner of an unknown coin")},
		{STR("cryptonote"), STR("Mining of a CryptoNote coin"),
		 STR("Miner of a CryptoNote coin")},
		{STR(""), STR("Mining"), STR("Miner")},
		{STR("mon\x1b[2Jero"), STR("Mon\\x1b[2Jero mining"), STR("Mon\\x1b[2Jero miner")},
	};

	for (size_t i = 0; i < sizeof(activities) / sizeof(*activities); i++) {
		struct buf mining = {0}, miner = {0};
		buf_add_coin_activity(&mining, activities[i].coin, "mining");
		buf_add_coin_activity(&miner, activities[i].coin, "miner");
		if (!str_equal(buf_view(&mining), activities[i].mining) ||
		    !str_equal(buf_view(&miner), activities[i].miner))
			fail_msg("\"%.*s\", \"%.*s\"", STR_ARG(buf_view(&mining)),
				 STR_ARG(buf_view(&miner)));
		buf_fini(&mining);
		buf_fini(&miner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(coins_are_named_for_people),
					   cmocka_unit_test(activities_read_as_people_write_them)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
