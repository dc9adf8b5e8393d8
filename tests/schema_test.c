/*
 * docs/schema.md against the code: every key that is written is documented, and the reverse.
 * Findings and incidents in which no field is empty; the other kinds as `davy scan` writes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json.h"
#include "golden.h"
#include "model/filled.h"
#include "model/finding_json.h"
#include "model/incident_json.h"

struct keys {
	char at[128][64];
	size_t count;
};

static void keys_add(struct keys *keys, const char *name)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->at[i], name) == 0)
			return;
	assert_true(keys->count < 128);
	snprintf(keys->at[keys->count++], sizeof(keys->at[0]), "%s", name);
}

static bool keys_has(const struct keys *keys, const char *name)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->at[i], name) == 0)
			return true;
	return false;
}

/* The rows of one section's table; `open` gets those whose type says so. */
static void read_section(FILE *file, const char *heading, struct keys *keys, struct keys *open)
{
	char line[512], name[64], type[128];
	bool inside = false;

	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "## ", 3) == 0)
			inside = strncmp(line + 3, heading, strlen(heading)) == 0;
		if (!inside || sscanf(line, "| `%63[^`]` | %127[^|]", name, type) != 2)
			continue;
		keys_add(keys, name);
		if (strstr(type, "open"))
			keys_add(open, name);
	}
	rewind(file);
}

/* Recursion is on our own filled values, three levels deep. */
static void collect(struct json_value object, const char *prefix, const struct keys *open,
		    struct keys *out)
{
	for (struct json_value v = json_first(object); json_exists(v); v = json_next(v)) {
		char name[64];
		struct str key = json_raw_text(json_key_of(v));
		snprintf(name, sizeof(name), "%s%.*s", prefix, STR_ARG(key));
		/* a subject has "type" and, as it is open, keys of its own */
		if (strcmp(prefix, "subject.") == 0 && !str_equal(key, STR("type")))
			continue;
		keys_add(out, name);
		bool is_open = keys_has(open, name) && strcmp(name, "subject") != 0;
		if (json_kind(v) == JSON_OBJECT && !is_open) {
			strncat(name, ".", sizeof(name) - strlen(name) - 1);
			collect(v, name, open, out);
		}
		if (json_kind(v) == JSON_ARRAY && json_kind(json_first(v)) == JSON_OBJECT) {
			strncat(name, "[].", sizeof(name) - strlen(name) - 1);
			collect(json_first(v), name, open, out);
		}
	}
}

static void compare(const char *heading, struct str line)
{
	const char *root = getenv("DAVY_SOURCE_ROOT");
	struct keys documented = {0}, open = {0}, written = {0};
	struct json_node nodes[512];
	struct json doc = {.nodes = nodes, .cap = 512};
	char path[512];

	assert_non_null(root);
	snprintf(path, sizeof(path), "%s/docs/schema.md", root);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	read_section(file, heading, &documented, &open);
	fclose(file);
	assert_true(json_read(&doc, line) > 0 && doc.flaws == 0);
	collect(json_root(&doc), "", &open, &written);
	assert_true(written.count > 3);
	for (size_t i = 0; i < written.count; i++)
		if (!keys_has(&documented, written.at[i]))
			fail_msg("%s: `%s` is written but not in docs/schema.md", heading,
				 written.at[i]);
	for (size_t i = 0; i < documented.count; i++)
		if (!keys_has(&written, documented.at[i]))
			fail_msg("%s: `%s` is in docs/schema.md but not written", heading,
				 documented.at[i]);
}

static void findings_are_documented(void **state)
{
	struct finding finding = filled_finding();
	struct buf out = {0};

	finding_to_json(&finding, &out);
	compare("finding", buf_view(&out));
	buf_fini(&out);
}

static void incidents_are_documented(void **state)
{
	struct incident incident = filled_incident();
	struct buf out = {0};

	incident_to_json(&incident, &out);
	compare("incident", buf_view(&out));
	buf_fini(&out);
}

/* The line of one kind among those that the program wrote. */
static struct str find_line(const struct buf *out, const char *kind)
{
	struct str rest = buf_view(out), line;
	char begins[64];

	snprintf(begins, sizeof(begins), "{\"kind\":\"%s\",", kind);
	while (str_cut(rest, '\n', &line, &rest))
		if (str_starts(line, str_from(begins)))
			return line;
	fail_msg("no line of kind %s in %.*s", kind, STR_ARG(buf_view(out)));
	return (struct str){0};
}

static void what_a_scan_adds_is_documented(void **state)
{
	static const char *const kinds[] = {"unchecked", "summary"};
	const struct golden_row row = {"schema", "scan --json missing.pcap"};
	char folder[] = "/tmp/davy-schema-XXXXXX";
	struct buf out = {0};

	assert_true(mkdtemp(folder) && chdir(folder) == 0);
	golden_run(&row, &out);
	assert_true(unlink("out") == 0 && chdir("/") == 0 && rmdir(folder) == 0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		compare(kinds[i], find_line(&out, kinds[i]));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_documented),
		cmocka_unit_test(incidents_are_documented),
		cmocka_unit_test(what_a_scan_adds_is_documented),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
