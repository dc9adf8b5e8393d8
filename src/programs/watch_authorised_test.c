#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "detect/authorised.h"
#include "programs/watch_authorised.h"

enum { START_S = 1795341600 /* 2026-11-22 */ };

struct scene {
	struct waiting *waiting;
	struct arena arena;
};

static int init(void **state)
{
	static struct scene s;

	assert_int_equal(waiting_new(&s.waiting), 0);
	assert_int_equal(arena_init(&s.arena, 64 * 1024), 0);
	*state = &s;
	return 0;
}

static int fini(void **state)
{
	struct scene *s = *state;

	waiting_free(s->waiting);
	arena_fini(&s->arena);
	return 0;
}

static instant at(int seconds)
{
	return instant_at(START_S + seconds, 0);
}

static struct finding flow_of(const char *client)
{
	struct finding flow = {.verdict = VERDICT_MINING,
			       .title = STR("Monero mining"),
			       .subject.type = STR("flow")};

	facts_add_text(&flow.subject.keys, "client", str_from(client));
	facts_add_text(&flow.subject.keys, "server", STR("198.51.100.1:3333"));
	return flow;
}

/* The process that has this session; authorised until 2026-11-30, or not. */
static void learn(struct scene *s, const struct str *session, bool is_authorised)
{
	struct authorised list = {0};
	struct finding process = {.verdict = VERDICT_SUSPECT, .subject.type = STR("process")};

	assert_true(authorised_add(&list, STR("unit:x.service until 2026-11-30 because tests"),
				   &(struct error){0}));
	facts_add_texts(&process.facts, "sessions", session, 1);
	if (is_authorised)
		authorised_tell(&list.at[0], &s->arena, &process);
	waiting_learn(s->waiting, &process);
}

static void a_flow_waits_for_its_process_and_no_longer(void **state)
{
	struct scene *s = *state;
	struct finding one = flow_of("10.0.0.7:1"), other = flow_of("10.0.0.8:1");
	struct str session = STR("10.0.0.7:1 198.51.100.1:3333"), json;

	assert_true(waiting_hold(s->waiting, &one, STR("one, 1"), at(0)));
	assert_true(waiting_hold(s->waiting, &other, STR("other"), at(1)));
	assert_true(waiting_hold(s->waiting, &one, STR("one, 2"), at(2)));
	assert_false(waiting_next(s->waiting, at(3), false, &json));
	learn(s, &session, true);
	/* in the order they came */
	assert_true(waiting_next(s->waiting, at(3), false, &json));
	assert_true(str_equal(json, STR("one, 1")));
	assert_true(waiting_next(s->waiting, at(3), false, &json));
	assert_true(str_equal(json, STR("one, 2")));
	assert_false(waiting_next(s->waiting, at(3), false, &json));
	assert_true(waiting_next(s->waiting, at(60), false, &json));
	assert_true(str_equal(json, STR("other")));
	/* known by now: it need not wait any more */
	assert_false(waiting_hold(s->waiting, &one, STR("one, 3"), at(61)));
	assert_true(waiting_hold(s->waiting, &other, STR("other"), at(61)));
	assert_true(waiting_next(s->waiting, at(61), true, &json));
	assert_false(waiting_next(s->waiting, at(61), true, &json));
}

static void a_flow_is_authorised_as_long_as_its_process(void **state)
{
	struct scene *s = *state;
	struct str session = STR("10.0.0.7:1 198.51.100.1:3333");
	struct finding flow = flow_of("10.0.0.7:1"), other = flow_of("10.0.0.8:1");

	assert_false(waiting_apply(s->waiting, at(0), &s->arena, &flow));
	learn(s, &session, true);
	assert_true(waiting_apply(s->waiting, at(0), &s->arena, &flow));
	assert_true(authorised_is_told(&flow));
	assert_false(waiting_apply(s->waiting, at(0), &s->arena, &other));
	flow = flow_of("10.0.0.7:1");
	assert_false(waiting_apply(s->waiting, at(30 * 86400), &s->arena, &flow)); /* over */
	learn(s, &session, false);
	assert_false(waiting_apply(s->waiting, at(0), &s->arena, &flow));
	assert_int_equal(flow.verdict, VERDICT_MINING);
}

static void what_does_not_fit_does_not_wait(void **state)
{
	struct scene *s = *state;
	struct finding flow = flow_of("10.0.0.7:1"), process = flow, signal = flow;
	struct str json;
	size_t held = 0;

	process.subject.type = STR("process");
	signal.verdict = VERDICT_SIGNAL;
	assert_false(waiting_hold(s->waiting, &process, STR("p"), at(0)));
	assert_false(waiting_hold(s->waiting, &signal, STR("s"), at(0)));
	while (held < 10000 && waiting_hold(s->waiting, &flow, STR("f"), at(0)))
		held++;
	assert_in_range(held, 16, 1000);
	for (; held > 0; held--)
		assert_true(waiting_next(s->waiting, at(60), false, &json));
	assert_false(waiting_next(s->waiting, at(60), true, &json));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_flow_waits_for_its_process_and_no_longer, init,
						fini),
		cmocka_unit_test_setup_teardown(a_flow_is_authorised_as_long_as_its_process, init,
						fini),
		cmocka_unit_test_setup_teardown(what_does_not_fit_does_not_wait, init, fini),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
