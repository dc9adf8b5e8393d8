#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/nearest.h"
#include "programs/settings.h"

static struct settings *must_read(struct str yaml)
{
	struct settings *settings;
	struct error why = {0};

	if (settings_read(yaml, "f.yaml", &settings, &why) != 0)
		fail_msg("%s", why.text);
	return settings;
}

static void an_empty_file_gives_defaults(void **state)
{
	static const struct str files[] = {
		{"", 0}, {"---\n", 4}, {"# nothing\n", 10}, {"watch:\nstore: ~\n", 16}};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct settings *s = must_read(files[i]);
		size_t count;
		assert_int_equal(settings_number(s, "watch.memory"), 512 * 1024 * 1024);
		assert_int_equal(settings_number(s, "store.retention_days"), 90);
		assert_string_equal(settings_text(s, "store.path"), "/var/lib/davy/davy.db");
		assert_true(settings_duration(s, "watch.health_every").ns == 10000000000);
		assert_true(settings_bool(s, "watch.cutoff"));
		settings_texts(s, "lists.pools", &count);
		assert_int_equal(count, 0);
		settings_free(&s);
	}
}

static void values_are_read_by_type(void **state)
{
	struct settings *s = must_read(STR("watch:\n"
					   "  interfaces: [eth0, \"wlan0\"]\n"
					   "  exclude_interfaces: veth*\n"
					   "  mirrors: [192.0.2.1, \"2001:db8::/48\", any]\n"
					   "  memory: 2 GiB\n"
					   "  cutoff: off\n"
					   "  health_every: 2min\n"
					   "store.retention_days: 7\n"
					   "lists:\n"
					   "  pools:\n"
					   "    - a.txt\n"
					   "    - b.txt\n"
					   "alert: {verdict: mining}\n"));
	size_t count;
	const struct str *texts = settings_texts(s, "watch.interfaces", &count);

	assert_int_equal(count, 2);
	assert_true(str_equal(texts[1], STR("wlan0")));
	texts = settings_texts(s, "watch.exclude_interfaces", &count);
	assert_true(count == 1 && str_equal(texts[0], STR("veth*")));
	settings_texts(s, "watch.mirrors", &count);
	assert_int_equal(count, 3);
	assert_true(settings_number(s, "watch.memory") == 2ull << 30);
	assert_false(settings_bool(s, "watch.cutoff"));
	assert_true(settings_duration(s, "watch.health_every").ns == 120000000000);
	assert_int_equal(settings_number(s, "store.retention_days"), 7);
	settings_texts(s, "lists.pools", &count);
	assert_int_equal(count, 2);
	assert_string_equal(settings_text(s, "alert.verdict"), "mining");
	settings_free(&s);
}

static void mistakes_are_told_with_file_and_line(void **state)
{
	static const struct {
		const char *yaml, *why;
	} rows[] = {
		{"watch:\n  intrefaces: [a]\n",
		 "f.yaml:2: unknown setting \"watch.intrefaces\": did you mean watch.interfaces?"},
		{"\nwach:\n  memory: 1\n",
		 "f.yaml:2: unknown section \"wach\": did you mean watch?"},
		{"memory: 1 GiB\n",
		 "f.yaml:1: unknown section \"memory\": did you mean scan.memory?"},
		{"store.pth: x\n",
		 "f.yaml:1: unknown setting \"store.pth\": did you mean store.path?"},
		{"completely_else: 1\n",
		 "f.yaml:1: unknown section \"completely_else\": `davy settings"},
		{"\"\\e[2J\": 1\n", "unknown section \"\\x1b[2J\""},
		{"watch:\n  memory: 1 GiB\n  memory: 2 GiB\n",
		 "f.yaml:3: watch.memory is there twice"},
		{"watch.memory: 1 GiB\nwatch:\n  memory: 2 GiB\n",
		 "f.yaml:3: watch.memory is there"},
		{"watch: {}\nstore: {}\nwatch: {}\n", "f.yaml:3: the section watch is there twice"},
		{"watch:\n  mirrors: [192.0.2.1, pool.example]\n",
		 "f.yaml:2: watch.mirrors: pool.example is no mirror: an address"},
		{"watch:\n  mirrors: 192.0.2.1:4789\n", "192.0.2.1:4789 is no mirror"},
		{"watch:\n  mirrors: 192.0.2.1/24\n", "192.0.2.1/24 is no mirror"},
		{"watch:\n  memory: lots\n", "f.yaml:2: watch.memory must be a size like"},
		{"watch:\n  memory: 1\n", "f.yaml:2: watch.memory must be between 16777216 and"},
		{"watch:\n  memory: 99999999999999999999 TiB\n", "must be a size"},
		{"watch:\n  memory: 18446744073709551615 TiB\n", "must be a size"},
		{"watch:\n  workers: -1\n", "watch.workers must be a whole number"},
		{"watch:\n  workers: 4.5\n", "watch.workers must be a whole number"},
		{"watch:\n  workers: 9999\n", "watch.workers must be between 0 and 1024"},
		{"watch:\n  cutoff: maybe\n", "watch.cutoff must be true or false"},
		{"watch:\n  health_every: 10\n", "watch.health_every must be a time like"},
		{"watch:\n  memory: [1, 2]\n", "f.yaml:2: watch.memory is one value, not a list"},
		{"watch:\n  memory: {a: 1}\n", "a single value or a list belongs here"},
		{"watch:\n  interfaces: [[a]]\n", "a list holds single values only"},
		{"watch: 7\n", "this is a section"},
		{"alert:\n  verdict: dunno\n", "alert.verdict must be one of: signal access"},
		{"store:\n  path:\n", "store.path has no value"},
		{"store:\n  path: \"a\\0b\"\n", "store.path holds a zero byte"},
		{"- a\n", "f.yaml:1: settings are written as"},
		{"? [a]\n: b\n", "a key must be a single word"},
		{"watch: &a {}\n", "anchors and tags"},
		{"watch: !!map {}\n", "anchors and tags"},
		{"watch: *a\n", "aliases"},
		{"watch: {}\n---\nstore: {}\n", "f.yaml:2: a second document"},
		{"watch:\n\tmemory: 1\n", "f.yaml:2: this is no YAML"},
		{"watch: {\n", "this is no YAML"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct settings *s;
		struct error why = {0};
		int result = settings_read(str_from(rows[i].yaml), "f.yaml", &s, &why);
		if (result != -EINVAL || !strstr(why.text, rows[i].why))
			fail_msg("%s-> %d %s", rows[i].yaml, result, why.text);
		assert_null(s);
	}
}

static void deep_and_large_files_are_refused(void **state)
{
	struct buf yaml = {0};
	struct settings *s;
	struct error why = {0};

	buf_add(&yaml, STR("watch:\n  interfaces: "));
	for (int i = 0; i < 100000; i++)
		buf_add_byte(&yaml, '[');
	assert_int_equal(settings_read(buf_view(&yaml), "f.yaml", &s, &why), -EINVAL);
	buf_clear(&yaml);
	for (int i = 0; i < 300000; i++)
		buf_add_byte(&yaml, '#');
	assert_int_equal(settings_read(buf_view(&yaml), "f.yaml", &s, &why), -EINVAL);
	assert_non_null(strstr(why.text, "larger than"));
	buf_clear(&yaml);
	buf_add(&yaml, STR("lists:\n  pools:\n"));
	for (int i = 0; i < 257; i++)
		buf_add(&yaml, STR("    - a\n"));
	assert_int_equal(settings_read(buf_view(&yaml), "f.yaml", &s, &why), -EINVAL);
	assert_non_null(strstr(why.text, "more than 256"));
	buf_fini(&yaml);
}

static void the_printed_defaults_are_the_defaults(void **state)
{
	struct buf yaml = {0};

	settings_print_defaults(&yaml);
	assert_false(yaml.failed);
	struct settings *printed = must_read(buf_view(&yaml)), *empty = must_read(STR(""));
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &setting_table[i];
		size_t a, b;
		assert_true(str_find(buf_view(&yaml), str_from(setting->help)) > 0);
		switch (setting->type) {
		case SETTING_BOOL:
			assert_int_equal(settings_bool(printed, setting->name),
					 settings_bool(empty, setting->name));
			break;
		case SETTING_INTEGER:
		case SETTING_SIZE:
			assert_int_equal(settings_number(printed, setting->name),
					 settings_number(empty, setting->name));
			break;
		case SETTING_DURATION:
			assert_int_equal(settings_duration(printed, setting->name).ns,
					 settings_duration(empty, setting->name).ns);
			break;
		case SETTING_TEXT:
		case SETTING_CHOICE:
			assert_string_equal(settings_text(printed, setting->name),
					    settings_text(empty, setting->name));
			break;
		case SETTING_TEXTS:
			settings_texts(printed, setting->name, &a);
			settings_texts(empty, setting->name, &b);
			assert_int_equal(a, b);
		}
	}
	settings_free(&printed);
	settings_free(&empty);
	buf_fini(&yaml);
}

static void distances_count_edits(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} rows[] = {
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "abd", 1},
		{"abc", "acb", 1},
		{"incident", "incidents", 1},
		{"shwo", "show", 1},
		{"kitten", "sitting", 3},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(edit_distance(str_from(rows[i].a), str_from(rows[i].b)),
				 rows[i].distance);
}

static void a_missing_file_matters_only_when_it_was_named(void **state)
{
	struct settings *settings;
	struct error why = {0};

	assert_int_equal(settings_load("/nonexistent/f.yaml", &settings, &why), -ENOENT);
	assert_non_null(strstr(why.text, "/nonexistent/f.yaml"));
	assert_int_equal(settings_load("/", &settings, &why), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_gives_defaults),
		cmocka_unit_test(values_are_read_by_type),
		cmocka_unit_test(mistakes_are_told_with_file_and_line),
		cmocka_unit_test(deep_and_large_files_are_refused),
		cmocka_unit_test(the_printed_defaults_are_the_defaults),
		cmocka_unit_test(distances_count_edits),
		cmocka_unit_test(a_missing_file_matters_only_when_it_was_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
