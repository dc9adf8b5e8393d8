/* The commands that read the store, on one made here, and what needs none. */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "golden.h"
#include "model/filled.h"
#include "store/store.h"

static const struct golden_row rows[] = {
	{"no_command", ""},
	{"help", "--help"},
	{"version", "--version"},
	{"version", "-V"},
	{"help", "help"},
	{"help_command", "help show"},
	{"help_unknown", "help shwo"},
	{"help_too_much", "help scan show"},
	{"unknown_option", "--verison"},
	{"unknown_command", "incidnets"},
	{"far_command", "\x1b[31mfrobnicate"},
	{"incidents_help", "incidents --help"},
	{"show_help", "show -h"},
	{"audit_help", "audit --help"},
	{"audit_what", "audit"},
	{"audit_unknown", "audit moon"},
	{"audit_bad_verdict", "audit --fail-on bad host"},
	{"audit_no_root", "audit --root nosuch host"},
	{"health_help", "health --help"},
	{"respond_help", "respond --help"},
	{"settings_help", "settings --help"},
	{"completion_help", "completion --help"},
	{"lists_help", "lists --help"},
	{"lists_plain", "lists pools.txt"},
	{"lists_hosts", "lists --format hosts pools.txt"},
	{"lists_dnsmasq", "lists --format dnsmasq pools.txt"},
	{"lists_unbound", "lists --format unbound pools.txt"},
	{"lists_rpz", "lists --format rpz pools.txt"},
	{"lists_squid", "lists --format squid pools.txt"},
	{"lists_nft", "lists --format nft pools.txt"},
	{"lists_adblock", "lists --format adblock pools.txt"},
	{"lists_found", "lists --format unbound --found --store pools.db pools.txt"},
	{"lists_found_nft", "lists --format nft --found --store pools.db pools.txt"},
	{"lists_found_no_store", "lists --found --store missing.db pools.txt"},
	{"lists_settings", "lists --config lists.yaml"},
	{"lists_wrong", "lists wrong.txt pools.txt missing.txt"},
	{"lists_none", "lists --config no_lists.yaml"},
	{"lists_bad_format", "lists --format bind pools.txt"},
	{"incidents", "incidents --store full.db"},
	{"incidents_json", "incidents --json --store full.db"},
	{"incidents_verdict", "incidents --verdict suspect --store full.db"},
	{"incidents_since", "incidents --since 30min --store full.db"},
	{"incidents_none_since", "incidents --since 2026-11-23 --store full.db"},
	{"incidents_limit", "incidents --limit 1 --store=full.db"},
	{"incidents_none", "incidents --store blank.db"},
	{"incidents_no_store", "incidents --store missing.db"},
	{"incidents_bad_verdict", "incidents --verdict sure --store full.db"},
	{"incidents_bad_since", "incidents --since once --store full.db"},
	{"incidents_bad_option", "incidents --jsn"},
	{"incidents_no_value", "incidents --since"},
	{"incidents_too_much", "incidents all --store full.db"},
	{"incidents_not_a_store", "incidents --store text.db"},
	{"incidents_bad_config", "incidents --config bad.yaml"},
	{"incidents_config", "incidents --config good.yaml"},
	{"show_incident", "show 1dea --store full.db"},
	{"show_incident_json", "show 1dea --json --store full.db"},
	{"show_finding", "show 00c0ffee00c0ffee --store full.db"},
	{"show_hostile", "show bad --store full.db"},
	{"show_ambiguous", "show 0 --store full.db"},
	{"show_unknown", "show ffff --store full.db"},
	{"show_nothing", "show --store full.db"},
	{"drill_unknown", "drill kapsa"},
	{"settings_hostile", "settings --config no\x1b[31m"},
	{"health", "health --store full.db"},
	{"health_json", "health --json --store full.db"},
	{"health_late", "health --store full.db", "DAVY_NOW=2026-11-22T13:00:00Z"},
	{"health_late_json", "health --json --store full.db", "DAVY_NOW=2026-11-22T13:00:00Z"},
	{"health_never", "health --store blank.db"},
	{"settings_defaults", "settings --defaults"},
	{"settings_bad", "settings --config bad.yaml"},
	{"settings_good", "settings --config good.yaml"},
	{"completion_bash", "completion bash"},
	{"completion_other", "completion csh"},
};

static void put_hostile_finding(struct store *store)
{
	struct finding f = filled_finding();

	f.id = STR("bad0000000000000");
	f.verdict = VERDICT_SIGNAL;
	f.title = STR("\x1b]0;owned\x07 \xe2\x80\xaetxt.exe \xff line\nbreak");
	f.reasons[0] = STR("back\\slash");
	f.facts = (struct facts){0};
	facts_add_text(&f.facts, "na\x1bme",
		       STR("\xc2\x9b"
			   "2J"));
	f.actions[0] = (struct action){STR("Stop it\r"),
				       STR("davy respond 'it'\\''s' block\x1b[8m"), STR("")};
	golden_must(store_put_finding(store, &f) == 0, "hostile finding");
}

/* Pools that would say more than a name in the words of another program. */
static void fill_pools(void)
{
	static const char *const pools[] = {
		"evil.example\nserver: include: /etc/passwd",
		"a\" always_nxdomain\n\tlocal-zone: \"com",
		"com",
		"good.example",
		"192.0.2.99:4444",
		"203.0.113.9:443",
		"0.0.0.0/4",
	};
	struct store *store;
	struct incident incident = filled_incident();

	for (size_t i = 0; i < sizeof(pools) / sizeof(*pools); i++)
		incident.pools[i] = str_from(pools[i]);
	incident.pool_count = sizeof(pools) / sizeof(*pools);
	golden_must(store_open("pools.db", STORE_WRITE, &store, NULL) == 0, "open pools.db");
	golden_must(store_put_incident(store, &incident) == 0, "incident with hostile pools");
	incident.id = STR("2222222222222222");
	incident.verdict = VERDICT_SUSPECT;
	incident.pools[0] = STR("only-suspected.example");
	incident.pool_count = 1;
	golden_must(store_put_incident(store, &incident) == 0, "suspect incident");
	golden_must(store_flush(store, NULL) == 0, "flush pools.db");
	store_close(&store);
}

static void fill_store(void)
{
	struct store *store;
	struct finding finding = filled_finding();
	struct incident incident = filled_incident();
	const instant at = instant_at(1795345195, 0); /* 5 s before DAVY_NOW */
	const struct store_counter counters[] = {
		{STR("eth0"), STR("packets"), 123456, at},
		{STR("eth0"), STR("drops"), 7, at},
		{STR("store"), STR("lost"), 0, at},
	};
	const struct store_source sources[] = {
		{STR("eth0"), true, STR(""), at},
		{STR("bpf"), false, STR("the kernel has no BTF: install one that has"), at},
	};

	golden_must(store_open("full.db", STORE_WRITE, &store, NULL) == 0, "open");
	golden_must(store_put_finding(store, &finding) == 0, "finding");
	finding.id = STR("0000000000000002");
	finding.detector = STR("thin_flow");
	finding.rule = (struct rule){0};
	golden_must(store_put_finding(store, &finding) == 0, "second finding");
	golden_must(store_put_incident(store, &incident) == 0, "incident");
	incident.id = STR("2222222222222222");
	incident.verdict = VERDICT_SUSPECT;
	incident.severity = SEVERITY_LOW;
	incident.title = STR("A thin flow to 203.0.113.9:443");
	incident.last_seen = instant_at(1795342000, 0);
	incident.victim_total = 1;
	golden_must(store_put_incident(store, &incident) == 0, "second incident");
	put_hostile_finding(store);
	golden_must(store_flush(store, NULL) == 0, "flush");
	golden_must(store_put_counters(store, counters, 3, NULL) == 0, "counters");
	golden_must(store_put_sources(store, sources, 2, NULL) == 0, "sources");
	store_close(&store);
	golden_must(store_open("blank.db", STORE_WRITE, &store, NULL) == 0, "open blank");
	store_close(&store);
}

static int make_place(void **state)
{
	char *folder = strdup("/tmp/davy-golden-XXXXXX");

	*state = folder;
	if (!mkdtemp(folder) || chdir(folder) != 0)
		return -1;
	fill_store();
	fill_pools();
	golden_write("text.db",
		     "This is a text file and not a store, though it is long enough to be "
		     "taken for one at first sight: a header has a hundred bytes.\n");
	golden_write("bad.yaml", "store:\n  pth: x\n");
	golden_write("good.yaml", "store:\n  path: full.db\n");
	golden_write("lists.yaml", "lists:\n  shipped: false\n  pools: [pools.txt, missing.txt]\n");
	golden_write("no_lists.yaml", "lists:\n  shipped: false\n");
	golden_write("wrong.txt",
		     "# name: wrong\n# source: here\n# date: 2026-11-22\n# licence: none\n"
		     "pool example.net\n");
	golden_write("pools.txt",
		     "# name: Sample\n# source: here\n# date: 2026-11-22\n# licence: none\n"
		     "example.net\neu.example.net\npool.example.org:3333\n192.0.2.7\n"
		     "192.0.2.8:3333\n198.51.100.0/24\n[2001:db8::6]:443\n"
		     "2001:db8:1::/48\nshared 203.0.113.0/24\n203.0.113.7\n");
	setenv("DAVY_NOW", "2026-11-22T11:00:00Z", 1);
	setenv("NO_COLOR", "1", 1);
	return 0;
}

static int drop_place(void **state)
{
	static const char *const names[] = {
		"full.db",	"full.db-wal",	 "full.db-shm", "blank.db",	"blank.db-wal",
		"blank.db-shm", "text.db",	 "bad.yaml",	"good.yaml",	"out",
		"lists.yaml",	"no_lists.yaml", "pools.txt",	"wrong.txt",	"pools.db",
		"pools.db-wal", "pools.db-shm",	 "pools.db",	"pools.db-wal", "pools.db-shm",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(names[i]);
	int result = chdir("/") == 0 ? rmdir(*state) : -1;
	free(*state);
	return result;
}

static void outputs_are_as_agreed(void **state)
{
	golden_check(rows, sizeof(rows) / sizeof(*rows));
}

/* On a terminal of its own; true when the output has an escape sequence. */
static bool is_coloured_with(const char *no_color, const char *terminal)
{
	char block[4096];
	struct buf out = {0};
	int end, status = 0;
	ssize_t got;
	pid_t pid = forkpty(&end, NULL, NULL, NULL);

	if (pid == 0) {
		setenv("NO_COLOR", no_color, 1);
		setenv("TERM", terminal, 1);
		execl(getenv("DAVY_PROGRAM"), "davy", "incidents", "--store", "full.db", NULL);
		_exit(98);
	}
	golden_must(pid > 0, "forkpty");
	while ((got = read(end, block, sizeof(block))) > 0)
		buf_add_bytes(&out, block, (size_t)got);
	close(end);
	golden_must(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "davy on a terminal");
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_true(str_find(buf_view(&out), STR("1dea1dea")) >= 0);
	bool has_escape = str_find(buf_view(&out), STR("\x1b[")) >= 0;
	buf_fini(&out);
	return has_escape;
}

static void colour_is_for_terminals_that_want_it(void **state)
{
	assert_true(is_coloured_with("", "xterm"));
	assert_false(is_coloured_with("1", "xterm"));
	assert_false(is_coloured_with("", "dumb"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(colour_is_for_terminals_that_want_it, make_place,
						drop_place),
		cmocka_unit_test_setup_teardown(outputs_are_as_agreed, make_place, drop_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
