#include "detect/record_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct scene {
	struct finding_sink sink; /* first */
	struct record_engine *engine;
};

static void drop(struct finding_sink *sink, const struct finding *finding)
{
	(void)sink;
	(void)finding;
}

static int begin(void **state)
{
	static struct scene scene;
	const struct record_engine_settings settings = {
		.seed = 7, .known = 1024, .sink = &scene.sink};

	scene.sink.take = drop;
	*state = &scene;
	return record_engine_new(&settings, &scene.engine);
}

static int end(void **state)
{
	struct scene *scene = *state;

	record_engine_free(scene->engine);
	return 0;
}

static struct record act(const char *id, const char *action, int second)
{
	return (struct record){
		.kind = RECORD_CLOUDTRAIL,
		.id = str_from(id),
		.time = {INT64_C(1800000000000000000) + second * INT64_C(1000000000)},
		.act.action = str_from(action)};
}

static bool take(struct scene *scene, struct record record)
{
	return record_engine_take(scene->engine, &record);
}

static void a_record_counts_once(void **state)
{
	struct scene *scene = *state;

	assert_true(take(scene, act("a", "RunInstances", 1)));
	assert_true(take(scene, act("b", "RunInstances", 1)));
	assert_false(take(scene, act("a", "RunInstances", 1)));
	/* who writes a record with another's id does not hide that one */
	assert_true(take(scene, act("a", "DescribeInstances", 1)));
	assert_true(take(scene, act("a", "RunInstances", 2)));
	struct record other = act("a", "RunInstances", 1);
	other.kind = RECORD_KUBE_AUDIT;
	assert_true(take(scene, other));
	const struct record_engine_counters counters = record_engine_counters(scene->engine);
	assert_int_equal(counters.records[RECORD_CLOUDTRAIL], 4);
	assert_int_equal(counters.records[RECORD_KUBE_AUDIT], 1);
	assert_int_equal(counters.repeated, 1);
	assert_int_equal(counters.last.ns - counters.first.ns, INT64_C(1000000000));
}

static void what_has_no_id_is_never_a_repetition(void **state)
{
	struct scene *scene = *state;
	struct record flow = {.kind = RECORD_FLOW};

	assert_true(take(scene, act("", "RunInstances", 1)));
	assert_true(take(scene, act("", "RunInstances", 1)));
	assert_true(take(scene, flow));
	assert_true(take(scene, flow));
	assert_int_equal(record_engine_counters(scene->engine).repeated, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_record_counts_once, begin, end),
		cmocka_unit_test_setup_teardown(what_has_no_id_is_never_a_repetition, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
