#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/filled.h"
#include "model/incident_json.h"
#include "model/line.h"

static const char written[] =
	"{\"kind\":\"incident\",\"schema\":1,\"id\":\"1dea1dea1dea1dea\",\"revision\":7,"
	"\"state\":\"open\",\"verdict\":\"mining\",\"severity\":\"critical\",\"confidence\":0.97,"
	"\"title\":\"Pods mine Monero after an open console\","
	"\"first_seen\":\"2026-11-22T10:00:00Z\",\"last_seen\":\"2026-11-22T10:41:07Z\","
	"\"findings\":[\"00c0ffee00c0ffee\"],\"finding_total\":1,"
	"\"victims\":[\"10.0.0.7\",\"10.0.0.8\"],\"victim_total\":70,"
	"\"wallets\":["
	"\"48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsa"
	"SWJ4fhdUyZijBGUicoD\"],\"pools\":[\"198.51.100.20:3333\"],"
	"\"story\":[{\"time\":\"2026-11-22T10:00:00Z\",\"text\":\"A pod logs in to a pool\","
	"\"technique\":\"T1610\",\"finding\":\"00c0ffee00c0ffee\"}],\"impact\":{\"touched\":["
	"\"bucket/one was read\"],"
	"\"not_touched\":[\"bucket/two\"],\"cannot_tell\":[\"no logs of the database\"]},"
	"\"cost\":{\"cpu_hours\":12.5},\"actions\":[{\"text\":\"Stop the pods\","
	"\"command\":\"davy respond 1dea stop\",\"undo\":\"davy respond 1dea undo\"}]}";

static void a_filled_incident_is_written_as_agreed_and_read_back(void **state)
{
	struct incident incident = filled_incident(), back;
	struct buf out = {0}, again = {0};
	struct arena arena;

	incident_to_json(&incident, &out);
	assert_true(str_equal(buf_view(&out), str_from(written)));
	assert_int_equal(arena_init(&arena, LINE_ARENA_BYTES), 0);
	assert_int_equal(incident_from_json(buf_view(&out), &arena, &back, NULL), 0);
	incident_to_json(&back, &again);
	assert_true(str_equal(buf_view(&again), str_from(written)));
	assert_int_equal(back.victim_count, 2);
	assert_true(back.cost.at[0].real == 12.5);
	arena_fini(&arena);
	buf_fini(&again);
	buf_fini(&out);
}

#define HEAD                                                                                    \
	"{\"kind\":\"incident\",\"schema\":1,\"id\":\"1\",\"verdict\":\"mining\",\"severity\":" \
	"\"low\""

static void lines_that_are_not_incidents_are_refused(void **state)
{
	static const struct {
		const char *name, *line, *why;
	} rows[] = {
		{"the least that is an incident", HEAD "}", NULL},
		{"unknown keys are passed over", HEAD ",\"new\":1}", NULL},
		{"a finding", "{\"kind\":\"finding\",\"schema\":1}", "kind"},
		{"no id",
		 "{\"kind\":\"incident\",\"schema\":1,\"verdict\":\"mining\",\"severity\":\"low\"}",
		 "\"id\""},
		{"story of texts", HEAD ",\"story\":[\"x\"]}", "story"},
		{"impact as list", HEAD ",\"impact\":[]}", "impact"},
		{"touched as text", HEAD ",\"impact\":{\"touched\":\"x\"}}", "touched"},
		{"total as real", HEAD ",\"victim_total\":1.5}", "victim_total"},
	};
	struct arena arena;
	struct incident incident;

	assert_int_equal(arena_init(&arena, LINE_ARENA_BYTES), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct error why = {0};
		arena_reset(&arena);
		int result = incident_from_json(str_from(rows[i].line), &arena, &incident, &why);
		if ((result == 0) != (rows[i].why == NULL) ||
		    (rows[i].why && !strstr(why.text, rows[i].why)))
			fail_msg("%s: %d, %s", rows[i].name, result, why.text);
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filled_incident_is_written_as_agreed_and_read_back),
		cmocka_unit_test(lines_that_are_not_incidents_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
