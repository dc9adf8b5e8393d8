#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json.h"
#include "respond/block/block.h"
#include "respond/respond.h"

static void gateways_and_resolvers_are_never_cut_off(void **state)
{
	static const struct {
		const char *address;
		bool is_never;
	} rows[] = {
		{"192.0.2.1", true},	   {"192.0.2.2", false},
		{"10.255.255.53", true},   {"127.0.0.1", true},
		{"127.9.9.9", true},	   {"::1", true},
		{"fe80::1", true},	   {"2001:db8::5353", true},
		{"2001:db8::1", false},	   {"0.0.0.0", true},
		{"255.255.255.255", true}, {"ff02::1", true},
		{"198.51.100.20", false},  {"::", true},
	};
	struct never never = {0};
	struct address address;

	never_add_routes(&never, STR("Iface\tDestination\tGateway \tFlags\n"
				     "eth0\t00000000\t010200C0\t0003\t0\n"
				     "eth0\t000200C0\t00000000\t0001\t0\nbad\n\teth1"));
	never_add_routes6(&never, STR("00000000000000000000000000000000 00 "
				      "00000000000000000000000000000000 00 "
				      "fe800000000000000000000000000001 00000400 00000001 "
				      "00000000 00450003 eth0\nbad zz"));
	never_add_resolvers(&never, STR("# nameserver 192.0.2.2\nnameserver 10.255.255.53\n"
					"nameserver\t2001:db8::5353\nnameserver\nsearch x"));
	assert_int_equal(never.count, 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(address_parse(str_from(rows[i].address), &address));
		if ((never_says(&never, &address) != NULL) != rows[i].is_never)
			fail_msg("%s", rows[i].address);
	}
}

static void a_flood_of_routes_ends(void **state)
{
	struct never never = {0};
	char line[64];

	for (unsigned i = 1; i < 2 * NEVER_MAX; i++) {
		snprintf(line, sizeof(line), "eth0 0 %08X 3\n", i);
		never_add_routes(&never, str_from(line));
	}
	assert_int_equal(never.count, NEVER_MAX);
}

static void rules_name_exactly_the_pool(void **state)
{
	CLEANUP(buf_fini) struct buf rules = {0};
	struct endpoint pools[2];
	struct json_node nodes[512];
	struct json doc = {.nodes = nodes, .cap = 512};

	assert_true(endpoint_parse(STR("198.51.100.20:3333"), &pools[0]));
	assert_true(endpoint_parse(STR("[2001:db8::7]:443"), &pools[1]));
	nft_rules_add(&rules, STR("0123456789abcdef"), pools, 2, 3600);
	assert_int_equal(json_read(&doc, buf_view(&rules)), rules.len);
	assert_int_equal(doc.flaws, 0);
	assert_true(str_find(buf_view(&rules), STR("[\"198.51.100.20\",3333]")) > 0);
	assert_true(str_find(buf_view(&rules), STR("[\"2001:db8::7\",443]")) > 0);
	assert_true(str_find(buf_view(&rules), STR("\"timeout\":3600")) > 0);
}

/* A process with so many connections that no other is known of it, each from and to another port.
 */
static void crowd(struct process *process, const char *local, const char *remote)
{
	char text[ENDPOINT_TEXT_MAX];

	process->socket_count = PROCESS_SOCKETS_MAX;
	for (unsigned i = 0; i < PROCESS_SOCKETS_MAX; i++) {
		struct process_socket *s = &process->sockets[i];
		s->is_tcp = true;
		snprintf(text, sizeof(text), "%s:%u", local, 50000 + i);
		assert_true(endpoint_parse(str_from(text), &s->local));
		snprintf(text, sizeof(text), "%s:%u", remote, 1000 + i);
		assert_true(endpoint_parse(str_from(text), &s->remote));
	}
}

/* Of three processes, which have more connections than one response takes. */
static void planned_in_a_crowd(bool by_policy, struct str session, bool is_shared,
			       struct response_plan *out)
{
	static struct process crowded[3];
	const struct process *const targets[] = {&crowded[0], &crowded[1], &crowded[2]};
	static const char *const locals[] = {"198.51.100.7", "198.51.100.8", "198.51.100.9"};
	struct finding finding = {.id = STR("0123456789abcdef")};
	struct response_place place = {.proc = open("/proc", O_RDONLY | O_DIRECTORY),
				       .block_for = DURATION_S(60)};
	const struct response_case c = {.place = &place,
					.finding = &finding,
					.targets = targets,
					.target_count = 3,
					.by_policy = by_policy};
	struct error why = {0};

	for (size_t i = 0; i < 3; i++) {
		crowded[i] = (struct process){.key = {(uint32_t)getpid(), 1}};
		crowd(&crowded[i], locals[i], "203.0.113.5");
	}
	/* as if its pool had come to it */
	crowded[0].sockets[0].is_listening = true;
	assert_true(endpoint_parse(STR("[2001:db8::1]:40001"), &crowded[0].sockets[0].local));
	facts_add_texts(&finding.facts, "sessions", &session, 1);
	if (is_shared)
		facts_add_truth(&finding.facts, "shared_address", true);
	int result = block_step.plan(&c, out, &why);
	assert_int_equal(result, is_shared ? -ENOENT : 0);
	close(place.proc);
}

static bool holds(const struct buf *text, const char *wanted)
{
	return str_find(buf_view(text), str_from(wanted)) >= 0;
}

/* Which of its sockets are known is the miner's to choose: the wire tells where its pool is. */
static void a_session_is_cut_though_its_socket_is_not_known(void **state)
{
	static const struct {
		const char *session, *line, *kept;
		bool is_shared;
	} rows[] = {
		{"[2001:db8::1]:40001 [2001:db8::20]:3333",
		 "chain cut_0123456789abcdef: reject tcp to [2001:db8::20]:3333 for 60 s\n",
		 "{\"remote\":\"[2001:db8::20]:3333\",\"local\":\"[2001:db8::1]:40001\"}"},
		{"127.0.0.1:40001 127.0.0.1:3333", "# left alone: 127.0.0.1:3333, loopback\n"},
		{"[2001:db8::1]:40001 [2001:db8::20]:3333",
		 "# left alone: [2001:db8::20]:3333, an address that many share", NULL, true},
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		struct response_plan plan = {0};
		planned_in_a_crowd(i % 2, str_from(rows[i / 2].session), rows[i / 2].is_shared,
				   &plan);
		if (!holds(&plan.lines, rows[i / 2].line) ||
		    holds(&plan.memory, ":3333\"") != (rows[i / 2].kept != NULL) ||
		    (rows[i / 2].kept && !holds(&plan.memory, rows[i / 2].kept)))
			fail_msg("row %zu: %.*s%.*s", i, STR_ARG(buf_view(&plan.lines)),
				 STR_ARG(buf_view(&plan.memory)));
		buf_fini(&plan.lines);
		buf_fini(&plan.memory);
	}
}

/* Three places it is connected to now, and one of before; the second spoke of mining on the wire.
 */
static void planned(bool by_policy, bool has_session, struct response_plan *out)
{
	const struct str before[] = {STR("198.51.100.4:3333")};
	const struct str sessions[] = {STR("198.51.100.7:40001 198.51.100.2:3333"),
				       STR("198.51.100.7:40009 198.51.100.4:3333"),
				       STR("no session")};
	struct process process = {.key = {(uint32_t)getpid(), 1}, .socket_count = 3};
	const struct process *const targets[] = {&process};
	struct finding finding = {.id = STR("0123456789abcdef")};
	struct response_place place = {.proc = open("/proc", O_RDONLY | O_DIRECTORY),
				       .block_for = DURATION_S(60)};
	const struct response_case c = {.place = &place,
					.finding = &finding,
					.targets = targets,
					.target_count = 1,
					.by_policy = by_policy};
	struct error why = {0};
	char text[ENDPOINT_TEXT_MAX];

	for (unsigned i = 0; i < process.socket_count; i++) {
		struct process_socket *s = &process.sockets[i];
		s->is_tcp = true;
		snprintf(text, sizeof(text), "198.51.100.7:%u", 40000 + i);
		assert_true(endpoint_parse(str_from(text), &s->local));
		snprintf(text, sizeof(text), "198.51.100.%u:%u", i + 1, i ? 3333 : 389);
		assert_true(endpoint_parse(str_from(text), &s->remote));
	}
	facts_add_texts(&finding.facts, "connected_to", before, 1);
	if (has_session)
		facts_add_texts(&finding.facts, "sessions", sessions, 3);
	assert_int_equal(block_step.plan(&c, out, &why), 0);
	close(place.proc);
}

/* The rule is for everybody, and who is connected to what is the miner's to choose. */
static void a_policy_keeps_nobody_from_what_a_miner_connects_to(void **state)
{
	static const struct {
		bool by_policy, has_session;
		unsigned rejected; /* a bit for each place */
	} rows[] = {{false, false, 0xf}, {false, true, 0xf}, {true, false, 0}, {true, true, 0xa}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct response_plan plan = {0};
		unsigned rejected = 0;
		planned(rows[i].by_policy, rows[i].has_session, &plan);
		for (unsigned n = 0; n < 4; n++) {
			char line[64], kept[80];
			snprintf(line, sizeof(line), "reject tcp to 198.51.100.%u:%u ", n + 1,
				 n ? 3333 : 389);
			rejected |= (str_find(buf_view(&plan.lines), str_from(line)) >= 0) << n;
			snprintf(kept, sizeof(kept),
				 "\"local\":\"198.51.100.7:%u\",\"only_reset\":true", 40000 + n);
			bool resets = str_find(buf_view(&plan.memory), str_from(kept)) >= 0;
			if (resets != (n < 3 && !(rows[i].rejected & 1u << n)))
				fail_msg("row %zu, place %u: %.*s", i, n,
					 STR_ARG(buf_view(&plan.memory)));
		}
		if (rejected != rows[i].rejected)
			fail_msg("row %zu: %x", i, rejected);
		buf_fini(&plan.lines);
		buf_fini(&plan.memory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gateways_and_resolvers_are_never_cut_off),
		cmocka_unit_test(a_flood_of_routes_ends),
		cmocka_unit_test(rules_name_exactly_the_pool),
		cmocka_unit_test(a_policy_keeps_nobody_from_what_a_miner_connects_to),
		cmocka_unit_test(a_session_is_cut_though_its_socket_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
