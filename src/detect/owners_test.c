#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "detect/owners.h"

static const struct process_key miner = {100, 5000}, other = {200, 6000};

struct scene {
	struct owners *owners;
	struct arena scratch;
	struct endpoint here, there;
};

static int init(void **state)
{
	static struct scene s;

	s = (struct scene){0};
	assert_int_equal(owners_new(7, &s.owners), 0);
	assert_int_equal(arena_init(&s.scratch, 64 * 1024), 0);
	assert_true(endpoint_parse(STR("10.0.0.7:40001"), &s.here));
	assert_true(endpoint_parse(STR("198.51.100.20:3333"), &s.there));
	*state = &s;
	return 0;
}

static int fini(void **state)
{
	struct scene *s = *state;

	owners_free(s->owners);
	arena_fini(&s->scratch);
	return 0;
}

static instant at(int64_t seconds)
{
	return instant_at(seconds, 0);
}

static uint32_t owner_of(const struct scene *s)
{
	struct process_key key;

	return owners_find(s->owners, &s->here, &s->there, &key) ? key.pid : 0;
}

static void connect_as(struct scene *s, uint64_t cookie, const struct process_key *process)
{
	owners_asked(s->owners, cookie, process, at(1));
	owners_opened(s->owners, cookie, &s->here, &s->there, at(2));
}

static void who_connects_has_the_connection(void **state)
{
	struct scene *s = *state;
	struct process_key key;

	owners_asked(s->owners, 1, &miner, at(1));
	assert_int_equal(owner_of(s), 0); /* not open yet */
	owners_opened(s->owners, 1, &s->here, &s->there, at(2));
	assert_int_equal(owner_of(s), 100);
	assert_false(owners_find(s->owners, &s->there, &s->here, &key)); /* the other end's */
	owners_closed(s->owners, 1);
	assert_int_equal(owner_of(s), 100); /* the finding comes later */
}

static void what_nobody_asked_for_is_nobodys(void **state)
{
	struct scene *s = *state;

	owners_opened(s->owners, 1, &s->here, &s->there, at(2));
	owners_closed(s->owners, 1);
	assert_int_equal(owner_of(s), 0);
}

static void ports_are_used_again(void **state)
{
	struct scene *s = *state;

	connect_as(s, 1, &miner);
	owners_closed(s->owners, 1);
	connect_as(s, 2, &other);
	assert_int_equal(owner_of(s), 200);
}

/* Two containers may have the same address. */
static void of_two_at_one_time_nobody_is_named(void **state)
{
	struct scene *s = *state;

	connect_as(s, 1, &miner);
	connect_as(s, 2, &other);
	assert_int_equal(owner_of(s), 0);
	owners_closed(s->owners, 2);
	assert_int_equal(owner_of(s), 0); /* it may have been the other's that was seen */
}

static void a_lost_end_does_not_make_two_of_one(void **state)
{
	struct scene *s = *state;

	connect_as(s, 1, &miner);
	connect_as(s, 2, &miner);
	assert_int_equal(owner_of(s), 100);
}

static void a_list_names_the_first_of_those_that_share_a_socket(void **state)
{
	struct scene *s = *state;

	owners_listed(s->owners, 55, &miner, &s->here, &s->there, at(1));
	owners_listed(s->owners, 55, &other, &s->here, &s->there, at(1));
	assert_int_equal(owner_of(s), 100);
	owners_listed(s->owners, 56, &other, &s->here, &s->there, at(1));
	assert_int_equal(owner_of(s), 0); /* another socket: another namespace */
}

static void a_list_does_not_doubt_who_connected(void **state)
{
	struct scene *s = *state;

	connect_as(s, 1, &miner);
	owners_listed(s->owners, 55, &other, &s->here, &s->there, at(3)); /* a child has it, too */
	assert_int_equal(owner_of(s), 100);
	owners_listed(s->owners, 56, &other, &s->here, &s->there, at(3)); /* another namespace */
	assert_int_equal(owner_of(s), 0);
}

static struct workload_session session_of(const struct scene *s)
{
	return (struct workload_session){.local = s->here,
					 .remote = s->there,
					 .title = STR("Monero mining"),
					 .finding = STR("0123456789abcdef"),
					 .confidence = 0.97};
}

static void a_session_is_its_processes_and_their_childrens(void **state)
{
	struct scene *s = *state;
	const struct workload_session session = session_of(s), *out;
	const struct {
		const char *name;
		struct process process;
		size_t count;
		bool is_parents;
	} rows[] = {
		{"its own", {.key = miner}, 1, false},
		{"the pid is used again", {.key = {100, 9000}}, 0, false},
		{"a child",
		 {.key = other, .ancestors = {{.key = miner}}, .ancestor_count = 1},
		 1,
		 true},
		{"a grandchild",
		 {.key = other,
		  .ancestors = {{.key = {300, 1}}, {.key = miner}},
		  .ancestor_count = 2},
		 0,
		 false},
		{"another", {.key = other}, 0, false},
	};

	assert_true(owners_claim(s->owners, &miner, &session, at(1)));
	assert_false(owners_claim(s->owners, &miner, &session, at(2))); /* no news */
	/* known by its pid alone it is nobody's, until that pid was looked at */
	const struct process late = {.key = {400, 7000}};
	assert_true(owners_claim(s->owners, &(struct process_key){400, 0}, &session, at(1)));
	assert_int_equal(owners_sessions(s->owners, &late, &s->scratch, &out), 0);
	owners_settle(s->owners, &late.key);
	assert_int_equal(owners_sessions(s->owners, &late, &s->scratch, &out), 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t count = owners_sessions(s->owners, &rows[i].process, &s->scratch, &out);
		if (count != rows[i].count ||
		    (count > 0 && out[0].is_parents != rows[i].is_parents))
			fail_msg("%s: %zu sessions", rows[i].name, count);
		if (count > 0)
			assert_true(str_equal(out[0].title, STR("Monero mining")));
	}
}

/* Neither connections nor sessions by the thousand push out those of others. */
static void a_flood_of_one_process_stays_its_own(void **state)
{
	struct scene *s = *state;
	struct workload_session session = session_of(s);
	const struct workload_session *out;

	assert_true(owners_claim(s->owners, &miner, &session, at(1)));
	for (uint16_t port = 1; port < 2000; port++) {
		session.local.port = port;
		(void)owners_claim(s->owners, &other, &session, at(2 + port));
	}
	assert_int_equal(
		owners_sessions(s->owners, &(struct process){.key = miner}, &s->scratch, &out), 1);
	assert_int_equal(
		owners_sessions(s->owners, &(struct process){.key = other}, &s->scratch, &out),
		OWNED_SESSIONS_OF_ONE);
	for (uint64_t cookie = 10; cookie < 100000; cookie++)
		owners_asked(s->owners, cookie, &other, at(5));
	connect_as(s, 1, &miner);
	assert_int_equal(owner_of(s), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_connects_has_the_connection, init, fini),
		cmocka_unit_test_setup_teardown(what_nobody_asked_for_is_nobodys, init, fini),
		cmocka_unit_test_setup_teardown(ports_are_used_again, init, fini),
		cmocka_unit_test_setup_teardown(of_two_at_one_time_nobody_is_named, init, fini),
		cmocka_unit_test_setup_teardown(a_lost_end_does_not_make_two_of_one, init, fini),
		cmocka_unit_test_setup_teardown(a_list_names_the_first_of_those_that_share_a_socket,
						init, fini),
		cmocka_unit_test_setup_teardown(a_list_does_not_doubt_who_connected, init, fini),
		cmocka_unit_test_setup_teardown(a_session_is_its_processes_and_their_childrens,
						init, fini),
		cmocka_unit_test_setup_teardown(a_flood_of_one_process_stays_its_own, init, fini),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
