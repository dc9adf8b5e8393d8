/*
 * Rules and records in, findings out. Each case in cases/ is NAME.yml, the rules, and NAME.jsonl:
 * records, one a line, each {"at": seconds, "record": {...}}, and what must be told of them, also
 * one a line: {"finding": title, "verdict": ..., "records": n}. Records are handed over as they lie
 * there, backwards, and shuffled: the same must be told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "detect/sigma/engine.h"
#include "model/finding_json.h"

enum { LINES_MAX = 512, NODES = 256, ORDERS = 6 };

static const char mapping_text[] = "logsource: {product: test}\nkinds: [cloudtrail]\n";

static void take_problem(struct sigma_teller *teller, const struct sigma_problem *problem)
{
	fail_msg("%.*s:%u:%u: %.*s", STR_ARG(problem->file), problem->line, problem->column,
		 STR_ARG(problem->what));
}

static void read_text(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "r");
	char bytes[4096];
	size_t len;

	if (!file)
		fail_msg("%s cannot be opened", path);
	while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_add_bytes(out, bytes, len);
	fclose(file);
}

struct told {
	struct record_teller teller;
	char *lines[LINES_MAX];
	size_t count;
};

static void take_finding(struct record_teller *teller, struct finding *finding)
{
	struct told *told = (struct told *)teller;
	CLEANUP(buf_fini) struct buf line = {0};
	char id[FINDING_ID_LEN + 1];

	finding_identify(finding, id);
	assert_true(finding->reason_count > 0 && finding->evidence_count > 0);
	assert_true(finding->action_count > 0);
	buf_printf(&line, "%.*s|%s|%s|", STR_ARG(finding->title), verdict_name(finding->verdict),
		   severity_name(finding->severity));
	const struct fact *records = facts_find(&finding->facts, STR("records"));
	if (records)
		buf_printf(&line, "%d", (int)records->number);
	else
		buf_printf(&line, "%d/%d", (int)facts_number(&finding->facts, STR("amount")),
			   (int)facts_number(&finding->facts, STR("windows")));
	buf_printf(&line, "|%d..%d", (int)(finding->first_seen.ns / 1000000000),
		   (int)(finding->last_seen.ns / 1000000000));
	assert_true(told->count < LINES_MAX);
	buf_add_byte(&line, '\0');
	told->lines[told->count++] = strdup(line.at);
}

struct line {
	struct json doc;
	struct json_node nodes[NODES];
	struct record record;
};

struct scene {
	struct sigma_rules rules;
	struct sigma_mapping mapping;
	struct arena arena;
	struct buf text;
	struct line *lines;
	size_t count;
	char *expected[LINES_MAX];
	size_t expected_count;
};

static struct str member_text(struct json_value root, const char *key)
{
	return json_text(json_member(root, str_from(key)), NULL, 0);
}

static void add_record(struct scene *scene, struct str text, size_t number)
{
	struct line *line = &scene->lines[scene->count];
	uint64_t at = 0;

	line->doc = (struct json){.nodes = line->nodes, .cap = NODES};
	json_read(&line->doc, text);
	const struct json_value root = json_root(&line->doc);
	const struct json_value whole = json_member(root, STR("record"));
	if (!json_exists(whole)) {
		struct str expected = member_text(root, "finding");
		assert_true(expected.len > 0);
		scene->expected[scene->expected_count++] = strndup(expected.at, expected.len);
		return;
	}
	assert_true(json_to_u64(json_member(root, STR("at")), &at));
	line->record = (struct record){
		.kind = RECORD_CLOUDTRAIL,
		.time = instant_at((int64_t)at, 0),
		.whole = whole,
		.text = text,
		.source = STR("case.jsonl"),
		.line = number,
		.offset = (uint64_t)(text.at - scene->text.at),
	};
	line->record.act.identity.name = member_text(whole, "who");
	line->record.act.action = member_text(whole, "name");
	scene->count++;
}

static void open_scene(struct scene *scene, const char *folder, const char *name)
{
	struct sigma_teller teller = {take_problem};
	CLEANUP(buf_fini) struct buf rules = {0};
	char path[1024];
	struct str rest, text;

	snprintf(path, sizeof(path), "%s/%s.yml", folder, name);
	read_text(path, &rules);
	assert_int_equal(sigma_rules_init(&scene->rules, 4 << 20), 0);
	assert_int_equal(
		sigma_rules_read(&scene->rules, str_from(name), buf_view(&rules), NULL, &teller),
		0);
	sigma_rules_join(&scene->rules, &teller);
	assert_int_equal(arena_init(&scene->arena, 1 << 20), 0);
	assert_int_equal(sigma_mapping_read(STR("m.yaml"), str_from(mapping_text), &scene->arena,
					    &scene->mapping, &teller),
			 0);
	snprintf(path, sizeof(path), "%s/%s.jsonl", folder, name);
	read_text(path, &scene->text);
	scene->lines = calloc(LINES_MAX, sizeof(*scene->lines));
	assert_non_null(scene->lines);
	rest = buf_view(&scene->text);
	for (size_t number = 1; str_cut(rest, '\n', &text, &rest); number++)
		if (text.len > 0)
			add_record(scene, text, number);
}

static void close_scene(struct scene *scene)
{
	for (size_t i = 0; i < scene->expected_count; i++)
		free(scene->expected[i]);
	free(scene->lines);
	buf_fini(&scene->text);
	arena_fini(&scene->arena);
	sigma_rules_fini(&scene->rules);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_told(struct scene *scene, struct told *told, const char *name, int order)
{
	qsort(told->lines, told->count, sizeof(char *), by_text);
	for (size_t i = 0; i < told->count; i++)
		if (i >= scene->expected_count || strcmp(told->lines[i], scene->expected[i]) != 0)
			fail_msg("%s, order %d: told %s, expected %s", name, order, told->lines[i],
				 i < scene->expected_count ? scene->expected[i] : "nothing more");
	if (told->count < scene->expected_count)
		fail_msg("%s, order %d: nothing told of %s", name, order,
			 scene->expected[told->count]);
	for (size_t i = 0; i < told->count; i++)
		free(told->lines[i]);
}

/* The i-th of all records in this order; 0: as they lie, 1: backwards, above: shuffled. */
static size_t place(size_t i, size_t count, int order)
{
	static const size_t steps[] = {7, 11, 13, 17, 19};

	if (order == 0)
		return i;
	if (order == 1)
		return count - 1 - i;
	for (size_t s = 0; s < 5; s++) {
		const size_t step = steps[(s + (size_t)order) % 5];
		if (count % step != 0)
			return i * step % count;
	}
	return i;
}

static void run_order(struct scene *scene, const char *name, int order)
{
	const struct sigma_engine_settings settings = {.seed = (uint64_t)order + 1};
	struct sigma_engine *engine = NULL;
	struct told told = {.teller = {take_finding}};
	struct error why = {0};
	struct arena scratch;
	instant now = {0};

	if (sigma_engine_new(&scene->rules, &scene->mapping, 1, &settings, &engine, &why) != 0)
		fail_msg("%s", why.text);
	assert_int_equal(arena_init(&scratch, 1 << 20), 0);
	for (size_t i = 0; i < scene->count; i++) {
		const struct record *record = &scene->lines[place(i, scene->count, order)].record;
		now = record->time.ns > now.ns ? record->time : now;
		sigma_engine_take(engine, record);
		if (order % 2 == 1 && i == scene->count / 2) { /* a report changes nothing */
			struct told early = {.teller = {take_finding}};
			sigma_engine_report(engine, now, &scratch, &early.teller);
			for (size_t k = 0; k < early.count; k++)
				free(early.lines[k]);
		}
	}
	sigma_engine_report(engine, now, &scratch, &told.teller);
	check_told(scene, &told, name, order);
	assert_int_equal(sigma_engine_counters(engine).records, scene->count);
	arena_fini(&scratch);
	sigma_engine_free(engine);
}

static void test_cases(void **state)
{
	char folder[512];
	const char *root = getenv("DAVY_SOURCE_ROOT");
	struct dirent **entries = NULL;
	int cases = 0;

	assert_non_null(root);
	snprintf(folder, sizeof(folder), "%s/src/detect/sigma/cases", root);
	int count = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		const struct str file = str_from(entries[i]->d_name);
		if (str_ends(file, STR(".yml"))) {
			struct scene scene = {0};
			char name[256];
			snprintf(name, sizeof(name), "%.*s", (int)file.len - 4, file.at);
			open_scene(&scene, folder, name);
			qsort(scene.expected, scene.expected_count, sizeof(char *), by_text);
			for (int order = 0; order < ORDERS; order++)
				run_order(&scene, name, order);
			close_scene(&scene);
			cases++;
		}
		free(entries[i]);
	}
	free(entries);
	assert_true(cases >= 5);
}

static const char secret_rules[] =
	"title: One\nname: one\nlogsource: {product: test}\n"
	"detection: {s: {password|contains: hunter, req.token|re: '.+', name: Login}, condition: "
	"s}\n"
	"---\ntitle: Many\ncorrelation:\n  type: value_count\n  rules: [one]\n"
	"  group-by: [password, who_for]\n  timespan: 1h\n  condition: {field: req.token, gte: 2}\n"
	"  aliases: {who_for: {one: req.clientSecret}}\ngenerate: true\n";

struct looking {
	struct record_teller teller;
	struct buf all;
	size_t count;
};

static void add_json(struct record_teller *teller, struct finding *finding)
{
	struct looking *looking = (struct looking *)teller;

	finding_to_json(finding, &looking->all);
	looking->count++;
}

/* What records hold beside who did what is in no finding, whatever rules ask for. */
static void test_secrets(void **state)
{
	static const char *const records[] = {
		"{\"name\":\"Login\",\"who\":\"ann\",\"password\":\"hunterCANARY\",\"req\":{"
		"\"token\":\"tokenCANARY1\",\"clientSecret\":\"CANARYsecret\"}}",
		"{\"name\":\"Login\",\"who\":\"ann\",\"password\":\"hunterCANARY\",\"req\":{"
		"\"token\":\"tokenCANARY2\",\"clientSecret\":\"CANARYsecret\"}}",
	};
	const struct sigma_engine_settings settings = {.seed = 3};
	struct sigma_teller problems = {take_problem};
	struct looking looking = {.teller = {add_json}};
	struct sigma_mapping mapping;
	struct sigma_rules rules;
	struct sigma_engine *engine = NULL;
	struct arena arena;

	assert_int_equal(arena_init(&arena, 1 << 20), 0);
	assert_int_equal(sigma_rules_init(&rules, 1 << 20), 0);
	assert_int_equal(
		sigma_rules_read(&rules, STR("s"), str_from(secret_rules), NULL, &problems), 0);
	sigma_rules_join(&rules, &problems);
	assert_int_equal(
		sigma_mapping_read(STR("m"), str_from(mapping_text), &arena, &mapping, &problems),
		0);
	assert_int_equal(sigma_engine_new(&rules, &mapping, 1, &settings, &engine, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		struct json_node nodes[NODES];
		struct json doc = {.nodes = nodes, .cap = NODES};
		struct record record = {.kind = RECORD_CLOUDTRAIL, .offset = i, .source = STR("f")};
		json_read(&doc, str_from(records[i]));
		record.whole = json_root(&doc);
		record.text = str_from(records[i]);
		record.act.action = STR("Login");
		record.act.identity.name = STR("ann");
		sigma_engine_take(engine, &record);
	}
	sigma_engine_report(engine, (instant){0}, &arena, &looking.teller);
	assert_int_equal(looking.count, 2);
	assert_true(str_find(buf_view(&looking.all), STR("CANARY")) < 0);
	assert_true(str_find(buf_view(&looking.all), STR("req.token matches")) >= 0);
	buf_fini(&looking.all);
	sigma_engine_free(engine);
	sigma_rules_fini(&rules);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
