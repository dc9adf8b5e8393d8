#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lab/innocent.h"

static const instant begins = {1795341600000000000};

static void each_is_told_the_same_for_the_same_seed(void **state)
{
	for (size_t i = 0; i < lab_innocent_count; i++) {
		struct lab_transcript tellings[3] = {0};
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(lab_innocent_play(lab_innocents[i], k < 2 ? 5 : 6, begins,
							   &tellings[k]),
					 0);
		assert_true(str_equal(buf_view(&tellings[0].bytes), buf_view(&tellings[1].bytes)));
		bool is_varied = false;
		for (size_t e = 0; e < tellings[0].count && e < tellings[2].count; e++)
			is_varied |= tellings[0].events[e].at.ns != tellings[2].events[e].at.ns;
		if (!is_varied || tellings[0].count < 2)
			fail_msg("%s does not vary", lab_innocents[i]->name);
		for (size_t e = 1; e < tellings[0].count; e++)
			assert_true(tellings[0].events[e].at.ns >= tellings[0].events[e - 1].at.ns);
		for (unsigned k = 0; k < 3; k++)
			lab_transcript_fini(&tellings[k]);
	}
}

static const struct lab_innocent *find(const char *name)
{
	for (size_t i = 0; i < lab_innocent_count; i++)
		if (strcmp(lab_innocents[i]->name, name) == 0)
			return lab_innocents[i];
	fail_msg("no %s", name);
	return NULL;
}

/* The quoting ones hold whole lines of a miner, or they would test nothing. */
static void quotes_hold_what_they_quote(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{"irc-quote",
		 "PRIVMSG #pool-help :{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\""},
		{"page-quote", "\n{\"id\":1,\"method\":\"mining.subscribe\""},
		{"mail-quote", "\r\n{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\""},
		{"syslog-quote",
		 "- - {\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"eth_submitLogin\""},
		{"webhook-quote",
		 "{\\\"id\\\":1,\\\"jsonrpc\\\":\\\"2.0\\\",\\\"method\\\":\\\"login\\\""},
		{"redis-quote", "\r\n{\"id\":1,\"method\":\"mining.subscribe\""},
		{"ci-server", "\"method\":\"submit\",\"params\":{\"job\":"},
		{"electrum", "blockchain.headers.subscribe"},
		{"nats", "MSG mining.notify 1 "},
		{"dapp-websocket", "eth_subscription"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct lab_transcript t = {0};
		assert_int_equal(lab_innocent_play(find(rows[i].name), 1, begins, &t), 0);
		if (str_find(buf_view(&t.bytes), str_from(rows[i].text)) < 0)
			fail_msg("%s without %s", rows[i].name, rows[i].text);
		lab_transcript_fini(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_told_the_same_for_the_same_seed),
		cmocka_unit_test(quotes_hold_what_they_quote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
