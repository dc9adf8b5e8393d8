#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/yaml.h"
#include "base/yaml_events.h"

/* A document as one line: {key: value, ...} [item, ...] 'quoted' plain, each map and list closed.
 */
static void tell(struct yaml at, struct buf *out)
{
	const struct yaml_tree *tree = at.tree;
	uint32_t ends[YAML_DEPTH_MAX], depth = 0;
	char closing[YAML_DEPTH_MAX];

	for (uint32_t i = at.index; i < tree->count; i++) {
		const struct yaml_node *node = &tree->nodes[i];
		buf_add_text(out, out->len ? " " : "");
		if (node->kind == YAML_SINGLE)
			buf_printf(out, node->is_plain ? "%.*s" : "'%.*s'", STR_ARG(node->text));
		else
			buf_add_text(out, node->kind == YAML_MAP ? "{" : "[");
		if (node->kind != YAML_SINGLE) {
			ends[depth] = node->after;
			closing[depth++] = node->kind == YAML_MAP ? '}' : ']';
		}
		while (depth > 0 && ends[depth - 1] == i + 1)
			buf_printf(out, " %c", closing[--depth]);
	}
}

static void test_documents(void **state)
{
	static const struct {
		const char *text, *told[3];
	} cases[] = {
		{"a: 1\nb: 'x'\n", {"{ a 1 b 'x' }"}},
		{"- 1\n- [2, {c: d}]\n- {}\n", {"[ 1 [ 2 { c d } ] { } ]"}},
		{"a: 1\n---\nb:\n  - c\n", {"{ a 1 }", "{ b [ c ] }"}},
		{"a: |\n  two\n  lines\n", {"{ a 'two\nlines\n' }"}},
		{"# nothing\n", {NULL}},
		{"--- x\n--- y\n", {"x", "y"}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena arena;
		struct yaml_mistake mistake;
		struct yaml root;
		size_t told = 0;

		assert_int_equal(arena_init(&arena, 65536), 0);
		struct yaml_reader *reader = yaml_reader_new(str_from(cases[i].text), &arena);
		assert_non_null(reader);
		while (yaml_next(reader, &root, &mistake) == YAML_DOCUMENT) {
			CLEANUP(buf_fini) struct buf out = {0};
			tell(root, &out);
			buf_add_byte(&out, '\0');
			assert_non_null(cases[i].told[told]);
			assert_string_equal(out.at, cases[i].told[told]);
			told++;
		}
		assert_null(cases[i].told[told]);
		yaml_reader_free(reader);
		arena_fini(&arena);
	}
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, column;
		const char *what;
	} cases[] = {
		{"a: 1\na: 2\n", 2, 1, "twice"},
		{"a: &x 1\n", 1, 4, "anchors"},
		{"a: 1\nb: *x\n", 2, 4, "anchors"},
		{"a: !!int 1\n", 1, 4, "tags"},
		{"? [a]\n: b\n", 1, 3, "single word"},
		{"a: 'x\n", 2, 1, "no YAML"},
		{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 1, 33, "too deep"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena arena;
		struct yaml_mistake mistake = {0};
		struct yaml root;

		assert_int_equal(arena_init(&arena, 65536), 0);
		struct yaml_reader *reader = yaml_reader_new(str_from(cases[i].text), &arena);
		assert_non_null(reader);
		assert_int_equal(yaml_next(reader, &root, &mistake), YAML_WRONG);
		assert_int_equal(mistake.line, cases[i].line);
		assert_int_equal(mistake.column, cases[i].column);
		assert_non_null(strstr(mistake.what, cases[i].what));
		assert_int_equal(yaml_next(reader, &root, &mistake), YAML_END);
		yaml_reader_free(reader);
		arena_fini(&arena);
	}
}

/* Kinds in order, with their lines; after the end it is over for good. */
static void test_events(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"a: 'x'\nb: [1]\n", "D1 M1 =a1 x1 =b2 L2 =12 l2 m3 d3 E3 E0"},
		{"", "E1 E0"},
		{"a\n---\n", "D1 =a1 d2 D2 =3 d3 E3 E0"},
		{"a: &x 1\n", "D1 M1 =a1 !1 E0 E0"},
		{"'x", "!1 E0 E0"},
	};
	static const char kinds[] = {
		[YAML_EVENT_DOCUMENT] = 'D', [YAML_EVENT_DOCUMENT_END] = 'd',
		[YAML_EVENT_LIST] = 'L',     [YAML_EVENT_LIST_END] = 'l',
		[YAML_EVENT_MAP] = 'M',	     [YAML_EVENT_MAP_END] = 'm',
		[YAML_EVENT_END] = 'E',	     [YAML_EVENT_WRONG] = '!',
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(buf_fini) struct buf told = {0};
		struct yaml_events *events = yaml_events_new(str_from(cases[i].text));
		bool was_over = false, is_over = false;
		assert_non_null(events);
		while (!was_over) {
			const struct yaml_event *at = yaml_events_next(events);
			was_over = is_over;
			is_over |= at->kind == YAML_EVENT_END;
			buf_add_text(&told, told.len ? " " : "");
			if (at->kind == YAML_EVENT_SINGLE)
				buf_printf(&told, at->is_plain ? "=%.*s" : "%.*s",
					   STR_ARG(at->text));
			else
				buf_add_byte(&told, kinds[at->kind]);
			buf_printf(&told, "%u", at->line);
		}
		buf_add_byte(&told, '\0');
		assert_string_equal(told.at, cases[i].told);
		yaml_events_free(events);
	}
}

static void test_words(void **state)
{
	static const char text[] = "n: ~\ne:\nq: 'null'\nt: True\nf: false\ns: 'true'\nx: 0x17\n"
				   "d: -1.5\nw: 1a\nl: [1, 2]\n";
	struct arena arena;
	struct yaml_mistake mistake;
	struct yaml root;
	double number;
	bool truth;

	assert_int_equal(arena_init(&arena, 65536), 0);
	struct yaml_reader *reader = yaml_reader_new(str_from(text), &arena);
	assert_non_null(reader);
	assert_int_equal(yaml_next(reader, &root, &mistake), YAML_DOCUMENT);
	assert_true(yaml_is_null(yaml_member(root, STR("n"))));
	assert_true(yaml_is_null(yaml_member(root, STR("e"))));
	assert_false(yaml_is_null(yaml_member(root, STR("q"))));
	assert_false(yaml_is_null(yaml_member(root, STR("none"))));
	assert_true(yaml_is_truth(yaml_member(root, STR("t")), &truth) && truth);
	assert_true(yaml_is_truth(yaml_member(root, STR("f")), &truth) && !truth);
	assert_false(yaml_is_truth(yaml_member(root, STR("s")), &truth));
	assert_true(yaml_is_number(yaml_member(root, STR("x")), &number) && number == 0x17);
	assert_true(yaml_is_number(yaml_member(root, STR("d")), &number) && number == -1.5);
	assert_false(yaml_is_number(yaml_member(root, STR("w")), &number));
	assert_int_equal(yaml_count(root), 10);
	assert_int_equal(yaml_count(yaml_member(root, STR("l"))), 2);
	yaml_reader_free(reader);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
