#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "correlate/told_incidents.h"

static void titles_are_plain(void **state)
{
	static const struct flow flows[] = {
		{"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .at_s = 1},
		{"10.0.0.7:1", "198.51.100.1:3333", WALLET_A, .at_s = 2},
		{"10.0.0.9:1", "198.51.100.1:3333", WALLET_A, .at_s = 3},
		{"10.0.0.11:1", "198.51.100.1:3333", WALLET_A, .at_s = 4},
	};
	static const char *const titles[] = {
		"Monero mining on 10.0.0.5 for wallet 48ed\xe2\x80\xa6",
		"Monero mining on 2 hosts for wallet 48ed\xe2\x80\xa6: 10.0.0.5, 10.0.0.7",
		"Monero mining on 3 hosts for wallet 48ed\xe2\x80\xa6: 10.0.0.5, 10.0.0.7, "
		"10.0.0.9",
		"Monero mining on 4 hosts for wallet 48ed\xe2\x80\xa6: 10.0.0.5, 10.0.0.7, "
		"10.0.0.9 "
		"and 1 more",
	};
	static const enum severity severities[] = {SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_HIGH,
						   SEVERITY_HIGH};
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));
	char id[24];

	for (size_t i = 0; i < 4; i++) {
		take_flow(correlator, &flows[i]);
		tell_all(correlator, 300, all);
		assert_int_equal(all->count, 1);
		assert_string_equal(all->at[0].title, titles[i]);
		assert_int_equal(all->at[0].severity, severities[i]);
		assert_int_equal(all->at[0].revision, i + 1);
		if (i > 0)
			assert_string_equal(all->at[0].id, id);
		memcpy(id, all->at[0].id, sizeof(id));
	}
	for (int i = 0; i < 8; i++) {
		char client[32];
		snprintf(client, sizeof(client), "10.0.1.%d:1", i + 1);
		take_flow(correlator,
			  &(struct flow){client, "198.51.100.1:3333", WALLET_A, .at_s = 5});
	}
	tell_all(correlator, 300, all);
	assert_int_equal(all->at[0].victim_total, 12);
	assert_int_equal(all->at[0].severity, SEVERITY_CRITICAL);
	assert_string_equal(all->at[0].wallets, WALLET_A);
	assert_string_equal(all->at[0].pools, "198.51.100.1:3333");
	correlator_free(correlator);
	free(all);
}

static void suspects_join_but_raise_nothing(void **state)
{
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));

	take_flow(correlator,
		  &(struct flow){"10.0.0.8:1", "198.51.100.1:3333", .is_suspect = true});
	tell_all(correlator, 300, all);
	assert_int_equal(all->count, 0); /* alone it makes no incident */

	take_flow(correlator,
		  &(struct flow){"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .at_s = 10});
	take_flow(correlator,
		  &(struct flow){"10.0.0.6:1", "198.51.100.2:3333", WALLET_B, .at_s = 20});
	/* One suspect names both, and hangs on one; it does not tie the two together. */
	take_flow(correlator, &(struct flow){"10.0.0.9:1", "198.51.100.1:3333", WALLET_B,
					     .is_suspect = true, .at_s = 30});
	/* The shares of a suspect may be forged: they join nothing. */
	take_flow(correlator, &(struct flow){"10.0.0.10:1", "198.51.100.7:3333", .prints = "a1",
					     .is_suspect = true, .at_s = 30});
	tell_all(correlator, 300, all);
	assert_int_equal(all->count, 2);
	assert_string_equal(all->at[0].victims, "10.0.0.5");
	assert_string_equal(all->at[1].victims, "10.0.0.6");
	assert_says(all->at[0].story, "10.0.0.8 may mine too: it speaks with 198.51.100.1:3333");
	assert_says(all->at[1].story, "10.0.0.9 may mine too: it speaks with 198.51.100.1:3333");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(all->at[i].findings, 2);
		assert_int_equal(all->at[i].verdict, VERDICT_MINING);
		assert_int_equal(all->at[i].severity, SEVERITY_MEDIUM);
		assert_true(all->at[i].confidence < 0.98);
	}
	correlator_free(correlator);
	free(all);
}

/* Network and host see one miner: one victim, and the story says which process it is. */
static void a_process_joins_its_own_connection(void **state)
{
	static const char *const session = "10.0.0.7:40001 198.51.100.1:3333";
	static const char *const story =
		"The process that mines as 10.0.0.7:40001, on web1: pid 7, /tmp/.x/xmrig, user 33, "
		"x\\x1b.service, started by cron (pid 4). a finding";
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));

	/* what the host saw alone, before the network did */
	take_flow(correlator, &(struct flow){.host = "web1", .session = session, .at_s = 5});
	tell_all(correlator, 20, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].victims, "web1");
	assert_string_equal(all->at[0].title, "a finding, on web1");
	take_flow(correlator,
		  &(struct flow){"10.0.0.7:40001", "198.51.100.1:3333", WALLET_A, .at_s = 10});
	/* another connection to the same pool is another miner's */
	take_flow(correlator,
		  &(struct flow){"10.0.0.7:40002", "198.51.100.9:3333", WALLET_B, .at_s = 12});
	all->count = 0;
	tell_all(correlator, 30, all);
	assert_int_equal(all->count, 2);
	assert_string_equal(all->at[0].victims, "10.0.0.7");
	assert_int_equal(all->at[0].findings, 2);
	assert_says(all->at[0].story, story);
	assert_null(strstr(all->at[1].story, "process"));
	correlator_free(correlator);

	/* two addresses of one miner: the one that a process has is its own */
	correlator = correlator_of(0, NULL);
	take_flow(correlator, &(struct flow){"10.0.0.7:40001", "198.51.100.1:3333", WALLET_A,
					     .prints = "a1 a2"});
	take_flow(correlator, &(struct flow){"10.9.9.9:1024", "198.51.100.1:3333", WALLET_A,
					     .prints = "a1 a2", .at_s = 1});
	all->count = 0;
	tell_all(correlator, 30, all);
	assert_int_equal(all->count, 1);
	assert_int_equal(all->at[0].victim_total, 2);
	take_flow(correlator,
		  &(struct flow){.host = "web1", .session = session, .is_suspect = true});
	all->count = 0;
	tell_all(correlator, 30, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].victims, "10.0.0.7");
	assert_says(all->at[0].story, "10.9.9.9 stands for 10.0.0.7");
	assert_string_equal(all->at[0].cannot_tell, "");
	correlator_free(correlator);

	/* a suspect process is named, and raises nothing */
	correlator = correlator_of(0, NULL);
	take_flow(correlator, &(struct flow){"10.0.0.7:40001", "198.51.100.1:3333", WALLET_A});
	take_flow(correlator,
		  &(struct flow){.host = "web1", .session = session, .is_suspect = true});
	take_flow(correlator,
		  &(struct flow){
			  .host = "pool1", .session = session, .serves = true, .is_suspect = true});
	all->count = 0;
	tell_all(correlator, 30, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].victims, "10.0.0.7");
	assert_int_equal(all->at[0].severity, SEVERITY_MEDIUM);
	assert_says(all->at[0].story,
		    "The process that has the connection of 10.0.0.7:40001, on web1: pid 7, ");
	assert_says(all->at[0].story, "The process at the pool's end, 198.51.100.1:3333, on pool1");
	correlator_free(correlator);
	free(all);
}

static void one_flow_seen_thrice_is_one_finding(void **state)
{
	const struct flow flow = {"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .revision = 2};
	const struct flow older = {"10.0.0.5:1", "198.51.100.1:3333", WALLET_B, .revision = 1};
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));

	for (int i = 0; i < 3; i++)
		take_flow(correlator, &flow);
	take_flow(correlator, &older);
	tell_all(correlator, 300, all);
	assert_int_equal(all->count, 1);
	assert_int_equal(all->at[0].findings, 1);
	assert_string_equal(all->at[0].wallets, WALLET_A);
	assert_int_equal(correlator_counters(correlator).outdated, 1);
	tell_all(correlator, 300, all); /* nothing changed */
	assert_int_equal(all->at[0].revision, 1);
	correlator_free(correlator);
	free(all);
}

static void incidents_merge_close_and_come_back(void **state)
{
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));
	char first[24], second[24];

	take_flow(correlator,
		  &(struct flow){"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .at_s = 1});
	take_flow(correlator,
		  &(struct flow){"10.0.0.6:1", "198.51.100.2:3333", WALLET_B, .at_s = 2});
	tell_all(correlator, 300, all);
	assert_int_equal(all->count, 2);
	memcpy(first, all->at[0].id, sizeof(first));
	memcpy(second, all->at[1].id, sizeof(second));

	/* A third flow ties them: wallet A at the pool of B. */
	take_flow(correlator,
		  &(struct flow){"10.0.0.7:1", "198.51.100.2:3333", WALLET_A, .at_s = 3});
	tell_all(correlator, 300, all);
	assert_int_equal(all->count, 2);
	assert_string_equal(all->at[0].id, first);
	assert_string_equal(all->at[0].victims, "10.0.0.5 | 10.0.0.6 | 10.0.0.7");
	assert_string_equal(all->at[1].id, second);
	assert_string_equal(all->at[1].state, "closed");
	assert_says(all->at[1].story, "became part of incident ");
	assert_says(all->at[1].story, first);
	tell_all(correlator, 300, all); /* said once */
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].state, "open");

	tell_all(correlator, 2 * 86400, all); /* silent for long */
	assert_string_equal(all->at[0].state, "closed");
	tell_all(correlator, 8 * 86400, all); /* forgotten */
	assert_int_equal(all->count, 1);
	assert_says(all->at[0].story, "Nothing of this incident has been seen any more");
	tell_all(correlator, 8 * 86400, all);
	assert_int_equal(all->count, 0);

	take_flow(correlator,
		  &(struct flow){"10.0.0.5:2", "198.51.100.1:3333", WALLET_A, .at_s = 8 * 86400});
	tell_all(correlator, 8 * 86400 + 60, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].id, first); /* the same name in every run */
	assert_string_equal(all->at[0].state, "open");
	assert_int_equal(all->at[0].revision, 5);
	correlator_free(correlator);
	free(all);
}

static void a_wallet_learned_late_keeps_the_name(void **state)
{
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));
	char id[24];

	take_flow(correlator, &(struct flow){"10.0.0.5:1", "198.51.100.1:3333"});
	tell_all(correlator, 300, all);
	memcpy(id, all->at[0].id, sizeof(id));
	take_flow(correlator,
		  &(struct flow){"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .revision = 2});
	tell_all(correlator, 300, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].id, id);
	assert_int_equal(all->at[0].revision, 2);
	correlator_free(correlator);
	free(all);
}

static void junk_does_not_push_out_mining(void **state)
{
	enum { CAPACITY = 512, JUNK = 20000 };
	struct correlator *correlator = correlator_of(CAPACITY, NULL);
	struct all_told *all = calloc(1, sizeof(*all));
	char client[32], server[32];

	for (int i = 0; i < 3; i++) {
		snprintf(client, sizeof(client), "10.0.0.%d:1", i + 5);
		take_flow(correlator,
			  &(struct flow){client, "198.51.100.1:3333", WALLET_A, .at_s = i});
	}
	for (int i = 0; i < JUNK; i++) {
		snprintf(client, sizeof(client), "10.%d.%d.1:%d", 1 + i / 250, i % 250,
			 1 + i % 60000);
		snprintf(server, sizeof(server), "192.0.2.%d:%d", i % 250, 1000 + i % 9);
		/* junk of every kind that is weaker, half of it at the very pool */
		take_flow(correlator, &(struct flow){client, i % 2 ? server : "198.51.100.1:3333",
						     .is_suspect = i % 5 != 0,
						     .verdict = i % 5 == 0 ? VERDICT_MINER : 0,
						     .prints = "a1", .at_s = 10 + i});
		take_flow(correlator, &(struct flow){client, server, .verdict = VERDICT_EXPOSURE,
						     .at_s = 10 + i});
	}
	/* keep() asserts that few are told: miners at rest of many pools would be too many here */
	struct correlator_counters counters = correlator_counters(correlator);
	assert_int_equal(counters.findings.used, CAPACITY);
	assert_int_equal(counters.findings.used_by_class[2], 3);
	assert_int_equal(counters.findings.evicted_by_class[2], 0);
	assert_true(counters.findings.evicted_by_class[0] > JUNK / 2);
	assert_int_equal(counters.passed_over, JUNK);
	correlator_free(correlator);

	correlator = correlator_of(CAPACITY, NULL);
	for (int i = 0; i < 3; i++) {
		snprintf(client, sizeof(client), "10.0.0.%d:1", i + 5);
		take_flow(correlator,
			  &(struct flow){client, "198.51.100.1:3333", WALLET_A, .at_s = i});
	}
	for (int i = 0; i < JUNK; i++) {
		snprintf(client, sizeof(client), "10.%d.%d.1:1", 1 + i / 250, i % 250);
		take_flow(correlator, &(struct flow){client, "198.51.100.1:3333",
						     .is_suspect = true, .at_s = 10 + i});
	}
	tell_all(correlator, JUNK + 100, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].victims, "10.0.0.5 | 10.0.0.6 | 10.0.0.7");
	assert_says(all->at[0].title, "on 3 hosts for wallet 48ed");
	assert_int_equal(all->at[0].severity, SEVERITY_HIGH);
	correlator_free(correlator);
	free(all);
}

/* Hostile names are made printable; nothing grows without bound. */
static void hostile_names_stay_harmless(void **state)
{
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));

	for (int i = 0; i < 60; i++) {
		char client[32];
		snprintf(client, sizeof(client), "10.0.2.%d:1", i + 1);
		take_flow(correlator,
			  &(struct flow){client, "198.51.100.1:443", "\x1b[2J\xff wallet",
					 "\x1b[31mpool\n\xe2\x80\xae", .at_s = i});
	}
	tell_all(correlator, 300, all);
	assert_int_equal(all->count, 1);
	assert_int_equal(all->at[0].victim_total, 60);
	assert_true(strchr(all->at[0].title, '\x1b') == NULL);
	assert_true(strchr(all->at[0].story, '\x1b') == NULL);
	assert_true(strchr(all->at[0].story, '\n') == NULL);
	assert_says(all->at[0].title, "\\x1b[2J\\xff");
	correlator_free(correlator);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(titles_are_plain),
		cmocka_unit_test(suspects_join_but_raise_nothing),
		cmocka_unit_test(a_process_joins_its_own_connection),
		cmocka_unit_test(one_flow_seen_thrice_is_one_finding),
		cmocka_unit_test(incidents_merge_close_and_come_back),
		cmocka_unit_test(a_wallet_learned_late_keeps_the_name),
		cmocka_unit_test(junk_does_not_push_out_mining),
		cmocka_unit_test(hostile_names_stay_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
