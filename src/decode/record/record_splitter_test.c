#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/record/record_splitter.h"

static void add_piece(struct buf *out, struct str whole, const struct record_piece *piece)
{
	static const char *const damages[] = {"", "!", "/", "#"};

	/* offset and line are held against the text itself */
	assert_true(piece->offset <= whole.len);
	uint64_t line = 1;
	for (size_t i = 0; i < piece->offset; i++)
		line += whole.at[i] == '\n';
	assert_int_equal(piece->line, line);
	if (piece->text.len > 0)
		assert_memory_equal(whole.at + piece->offset, piece->text.at, piece->text.len);
	buf_add_text(out, damages[piece->damage]);
	buf_add_text(out, piece->is_line ? "~" : "");
	buf_add(out, piece->text);
	buf_add_byte(out, '|');
}

/* ! damaged, / cut, # too large, ~ a line of text */
static struct buf split(struct str text, size_t step, size_t record_max)
{
	struct record_splitter *splitter;
	struct record_piece piece;
	struct buf out = {0};

	assert_int_equal(record_splitter_new(record_max, &splitter), 0);
	for (size_t at = 0; at < text.len; at += step) {
		record_splitter_feed(splitter, str_sub(text, at, step));
		while (record_splitter_next(splitter, &piece))
			add_piece(&out, text, &piece);
	}
	record_splitter_end(splitter);
	while (record_splitter_next(splitter, &piece))
		add_piece(&out, text, &piece);
	assert_false(record_splitter_next(splitter, &piece));
	record_splitter_free(splitter);
	return out;
}

static void expect_pieces(struct str text, struct str wanted, size_t record_max)
{
	for (size_t step = 1; step <= text.len; step++) {
		struct buf out = split(text, step, record_max);
		if (!str_equal(buf_view(&out), wanted))
			fail_msg("step %zu: %.*s\ngives %.*s\nnot   %.*s", step, STR_ARG(text),
				 (int)out.len, out.at ? out.at : "", STR_ARG(wanted));
		buf_fini(&out);
	}
}

struct row {
	const char *text, *pieces;
};

static void expect_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_pieces(str_from(rows[i].text), str_from(rows[i].pieces), 0);
}

#define ROWS(rows) (rows), sizeof(rows) / sizeof(*(rows))

static void documents_are_cut_apart(void **state)
{
	static const struct row rows[] = {
		{"{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}|{\"b\":2}|"},
		{"{\"a\":1}\r\n{\"b\":2}", "{\"a\":1}|{\"b\":2}|"},
		{"{\"a\":1}{\"b\":2} {\"c\":3},{\"d\":4}",
		 "{\"a\":1}|{\"b\":2}|{\"c\":3}|{\"d\":4}|"},
		{"\xef\xbb\xbf{\"a\":1}\n\xef\xbb\xbf{\"b\":2}", "{\"a\":1}|{\"b\":2}|"},
		{"{\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}\n{\n  \"c\": 2\n}\n",
		 "{\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}|{\n  \"c\": 2\n}|"},
		{"{\"a\":\"}{\\\"\\\\\"}{\"b\":\"[\"}", "{\"a\":\"}{\\\"\\\\\"}|{\"b\":\"[\"}|"},
		{"", ""},
		{" \n\r\n\t", ""},
		/* lines of text, also between documents */
		{"2 1 eni\n2 2 eni\r\n\n2 3 eni", "~2 1 eni|~2 2 eni|~2 3 eni|"},
		{"a {\n{\"b\":1}\nc", "~a {|{\"b\":1}|~c|"},
	};

	expect_rows(ROWS(rows));
	expect_pieces(STR("{\"a\":1}\0\0\n\0{\"b\":\"\0\"}"), STR("{\"a\":1}|{\"b\":\"\0\"}|"), 0);
}

static void wrappers_are_opened(void **state)
{
	static const struct row rows[] = {
		{"{\"Records\":[{\"a\":1},{\"b\":2}]}", "{\"a\":1}|{\"b\":2}|"},
		{"{\"records\":[\n{\"a\":1},\n{\"b\":2}\n]}\n", "{\"a\":1}|{\"b\":2}|"},
		{"{ \"Records\" : [ { \"a\" : 1 } , { \"b\" : 2 } ] }",
		 "{ \"a\" : 1 }|{ \"b\" : 2 }|"},
		{"{\"kind\":\"EventList\",\"metadata\":{\"x\":[{}]},\"items\":[{\"a\":1}]}\n{\"b\":"
		 "2}",
		 "{\"a\":1}|{\"b\":2}|"},
		{"{\"messageType\":\"DATA_MESSAGE\",\"subscriptionFilters\":[\"f\"],"
		 "\"logEvents\":[{\"message\":\"m\"}]}",
		 "{\"message\":\"m\"}|"},
		{"{\"value\":[{\"a\":1}],\"nextLink\":\"x]}\\\"{\"}\n{\"b\":2}",
		 "{\"a\":1}|{\"b\":2}|"},
		{"{\"Events\":[{\"a\":1}],\"more\":{\"x\":[{\"y\":2}]},\"z\":[{\"w\":1}]}{\"b\":2}",
		 "{\"a\":1}|{\"b\":2}|"},
		{"{\"entries\":[{\"a\":1}],\"Findings\":[{\"b\":2}]}", "{\"a\":1}|{\"b\":2}|"},
		{"[{\"a\":1},{\"b\":2}]\n[{\"c\":3}]", "{\"a\":1}|{\"b\":2}|{\"c\":3}|"},
		{"{\"a\":1}\n{\"b\":2,\"items\":[{\"c\":3}]}\n{\"b\":4}",
		 "{\"a\":1}|{\"c\":3}|{\"b\":4}|"},
		{"[[{\"a\":1}],[{\"b\":2}]]", "{\"a\":1}|{\"b\":2}|"},
		{"[{\"a\":1},null,{\"b\":2}]", "{\"a\":1}|{\"b\":2}|"},
		/* a file in a file, as appended exports are */
		{"{\"records\":[{\"a\":1},{\"records\":[{\"b\":2},{\"c\":3}]},{\"d\":4}]}",
		 "{\"a\":1}|{\"b\":2}|{\"c\":3}|{\"d\":4}|"},
		{"{\"Records\":[{\"a\":1}]}{\"Records\":[{\"b\":2}]}", "{\"a\":1}|{\"b\":2}|"},
		/* not wrappers: deeper, of values, under another key, or empty */
		{"{\"a\":{\"items\":[{\"b\":1}]}}", "{\"a\":{\"items\":[{\"b\":1}]}}|"},
		{"{\"value\":[1,2],\"a\":1}", "{\"value\":[1,2],\"a\":1}|"},
		{"{\"resources\":[{\"a\":1}]}", "{\"resources\":[{\"a\":1}]}|"},
		{"{\"Records\":[]}", "{\"Records\":[]}|"},
		{"{\"items\":{\"a\":[{\"b\":1}]}}", "{\"items\":{\"a\":[{\"b\":1}]}}|"},
		{"{\"a\":[{\"x\":\"\\\"items\\\":\"},{\"b\":1}]}",
		 "{\"a\":[{\"x\":\"\\\"items\\\":\"},{\"b\":1}]}|"},
	};

	expect_rows(ROWS(rows));
}

static void damage_swallows_one_record(void **state)
{
	static const struct row rows[] = {
		/* lines that are cut off: in a string, behind a value, a comma, a colon */
		{"{\"a\":1}\n{\"b\":\"x\n{\"c\":3}\n", "{\"a\":1}|!{\"b\":\"x|{\"c\":3}|"},
		{"{\"a\":1}\n{\"b\":2\n{\"c\":3}\n", "{\"a\":1}|!{\"b\":2|{\"c\":3}|"},
		{"{\"b\":{\"x\":2},\n{\"c\":3}\n{\"d\":4}\n",
		 "!{\"b\":{\"x\":2},|{\"c\":3}|{\"d\":4}|"},
		{"{\"b\":\n{\"c\":3}\n{\"d\":4}\n{\"e\":5}",
		 "!{\"b\":|{\"c\":3}|{\"d\":4}|{\"e\":5}|"},
		/* a line end that stands in a string: the whole is there to be read */
		{"{\"a\":\"x\ny\"}\n{\"b\":2}", "!{\"a\":\"x\ny\"}|{\"b\":2}|"},
		/* a quote that is missing */
		{"{\"a\":\"x,\"b\":1}\n{\"c\":3}", "!{\"a\":\"x,\"b\":1}|{\"c\":3}|"},
		{"{\"Records\":[{\"a\":\"x},{\"a\":\"y\"},{\"a\":\"z\"}]}",
		 "!{\"a\":\"x},|{\"a\":\"y\"}|{\"a\":\"z\"}|"},
		/* brackets that do not match */
		{"{\"a\":[1,2}\n{\"b\":2}", "!{\"a\":[1,2}|{\"b\":2}|"},
		{"{\"Records\":[{\"a\":{\"x\":1},{\"a\":2},{\"a\":3}]}",
		 "!{\"a\":{\"x\":1},|{\"a\":2}|{\"a\":3}|"},
		{"{\"Records\":[{\"a\":1},{\"x\",{\"a\":2},{\"a\":3},{\"a\":4}]}",
		 "{\"a\":1}|!{\"x\",{\"a\":2},|{\"a\":3}|{\"a\":4}|"},
		{"{\"Records\":[{\"a\":1},{\"a\":2}}]},\"x\":[{\"y\":1}]},{\"a\":3},{\"a\":4}]}\n{"
		 "\"b\":5}",
		 "{\"a\":1}|{\"a\":2}|!}]},\"x\":[{\"y\":1}]},|{\"a\":3}|{\"a\":4}|{\"b\":5}|"},
		{"{\"Records\":[{\"a\":1},{\"a\":2}]},\"x\":[{\"y\":1}]},{\"a\":3},{\"a\":4}]}\n{"
		 "\"b\":5}",
		 "{\"a\":1}|{\"a\":2}|!\"x\":[{\"y\":1}]},|{\"a\":3}|{\"a\":4}|{\"b\":5}|"},
		{"{\"Records\":[{\"a\":1}]{\"a\":2},{\"a\":3},{\"a\":4}]}",
		 "{\"a\":1}|{\"a\":2}|{\"a\":3}|{\"a\":4}|"},
		{"{\"Records\":[{\"a\":1]},{\"a\":2},{\"a\":3}]}",
		 "!{\"a\":1]},|{\"a\":2}|{\"a\":3}|"},
		/* a file that was cut off, and another one behind it */
		{"{\"Records\":[{\"a\":1},{\"b\":\"x\n{\"Records\":[{\"c\":3}]}",
		 "{\"a\":1}|!{\"b\":\"x|{\"c\":3}|"},
		{"{\"Records\":[{\"a\":1}\n{\"Records\":[{\"c\":3}]}", "{\"a\":1}|{\"c\":3}|"},
		/* in lines that begin alike a line's end is a record's, whatever is in it */
		{"{\"a\":1}\n{\"a\":\"x}\r\n{\"a\":3}\n", "{\"a\":1}|{\"a\":\"x}|{\"a\":3}|"},
		{"{\"a\":1}\n{\"a\":\"x\n{\"a\":3} \n{\"a\":4}",
		 "{\"a\":1}|!{\"a\":\"x|{\"a\":3}|{\"a\":4}|"},
		{"{\"a\":1}\n{\"a\":[\n1]}\n{\"a\":3}\n{\"b\":[{\n}]}",
		 "{\"a\":1}|{\"a\":[\n1]}|{\"a\":3}|{\"b\":[{\n}]}|"},
		/* something else between records */
		{"{\"Records\":[{\"a\":1},7,{\"a\":2},{\"a\":3}]}",
		 "{\"a\":1}|!7,{\"a\":2},|{\"a\":3}|"},
		/* the end */
		{"{\"a\":1}\n{\"b\":2", "{\"a\":1}|/{\"b\":2|"},
		{"{\"a\":1}\n{\"b\":\"", "{\"a\":1}|/{\"b\":\"|"},
		{"{", "/{|"},
		{"{\"Records\":[{\"a\":1},", "{\"a\":1}|/|"},
		{"{\"Records\":[{\"a\":1},{\"b\":", "{\"a\":1}|/{\"b\":|"},
		{"]}\n}{\"a\":1}", "{\"a\":1}|"},
	};

	expect_rows(ROWS(rows));
}

static void what_is_too_large_is_passed_over(void **state)
{
	static const struct row rows[] = {
		{"{\"a\":1}\n{\"b\":\"0123456789012345678901234567890\"}\n{\"c\":3}",
		 "{\"a\":1}|#|{\"c\":3}|"},
		{"{\"Records\":[{\"a\":1},{\"a\":\"0123456789012345678901234567890\"},{\"a\":3}]}",
		 "{\"a\":1}|#|{\"a\":3}|"},
		{"{\"a\":[1]}\n01234567890123456789012345678901234567\nb", "{\"a\":[1]}|#~|~b|"},
		/* one that has no end, and records behind it */
		{"{\"a\":[\n{\"b\":1}\n,{\"c\":3}\n,{\"d\":4},{\"e\":5},{\"f\":6}",
		 "!{\"a\":[|{\"b\":1}|{\"c\":3}|{\"d\":4}|{\"e\":5}|{\"f\":6}|"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect_pieces(str_from(rows[i].text), str_from(rows[i].pieces), 30);
	/* exactly as large as it may be */
	expect_pieces(STR("{\"a\":\"0123456789012345678901\"}\n{}"),
		      STR("{\"a\":\"0123456789012345678901\"}|{}|"), 30);
}

/* A list in one line, far larger than what may be kept, with damage in it. */
static void memory_is_bounded(void **state)
{
	static const char item[] = "{\"id\":1,\"x\":{\"y\":[{\"id\":\"\\\"}\"}]}},";
	struct record_splitter *splitter;
	struct record_piece piece;
	size_t whole = 0, damaged = 0;

	assert_int_equal(record_splitter_new(4096, &splitter), 0);
	record_splitter_feed(splitter, STR("{\"Records\":["));
	for (int round = 0; round < 20000; round++) {
		record_splitter_feed(splitter, str_from(item));
		if (round % 1000 == 500)
			record_splitter_feed(splitter, STR("{\"id\":\"a},"));
		while (record_splitter_next(splitter, &piece)) {
			assert_true(piece.text.len <= 4096);
			whole += piece.damage == PIECE_WHOLE;
			damaged += piece.damage != PIECE_WHOLE;
		}
	}
	record_splitter_feed(splitter, STR("{\"id\":2}]}"));
	record_splitter_end(splitter);
	while (record_splitter_next(splitter, &piece))
		whole++;
	assert_int_equal(whole, 20001);
	assert_int_equal(damaged, 20);
	record_splitter_free(splitter);
}

/* What costs most: every byte may begin a record, and none ends. It ends in time all the same. */
static void hostile_input_is_read_in_linear_time(void **state)
{
	static const struct row rows[] = {
		{"", "{\"a\":1,\n"},
		{"", "{\"a\":[\n"},
		{"{\"Records\":[", "{\"a\":[{},"},
		{"{\"Records\":[", "{\"a\":{\"a\":1},"},
		{"{\"Records\":[", "{\"a\":[\"},{\"a\""},
		{"", "[{\"items\":"},
		{"", "{\"items\":[{"},
		{"", "{\"a\":\"\\"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct record_splitter *splitter;
		struct record_piece piece;
		size_t pieces = 0, fed = 0;

		assert_int_equal(record_splitter_new(1024 * 1024, &splitter), 0);
		record_splitter_feed(splitter, str_from(rows[i].text));
		for (; fed < 3 * 1024 * 1024; fed += strlen(rows[i].pieces)) {
			record_splitter_feed(splitter, str_from(rows[i].pieces));
			while (record_splitter_next(splitter, &piece))
				pieces++;
		}
		record_splitter_end(splitter);
		while (record_splitter_next(splitter, &piece))
			pieces++;
		assert_true(pieces > 0 && pieces < fed);
		record_splitter_free(splitter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_cut_apart),
		cmocka_unit_test(wrappers_are_opened),
		cmocka_unit_test(damage_swallows_one_record),
		cmocka_unit_test(what_is_too_large_is_passed_over),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(hostile_input_is_read_in_linear_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
