#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/flow/json_stream.h"

/* Messages found, each followed by '|', when the text comes in pieces of `step` bytes. */
static struct buf split(struct str text, size_t step, bool flush)
{
	struct json_stream stream = {0};
	struct buf out = {0};
	struct str message;

	for (size_t at = 0; at < text.len; at += step) {
		json_stream_feed(&stream, str_sub(text, at, step));
		while (json_stream_next(&stream, &message))
			buf_add(&out, message), buf_add_byte(&out, '|');
	}
	if (flush && json_stream_flush(&stream, &message))
		buf_add(&out, message), buf_add_byte(&out, '|');
	json_stream_fini(&stream);
	return out;
}

static void messages_are_cut_apart(void **state)
{
	static const struct {
		const char *text, *messages;
		bool flush;
	} rows[] = {
		{"{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}|{\"b\":2}|", false},
		{"{\"a\":1}{\"b\":2}", "{\"a\":1}|{\"b\":2}|", false},
		{"\xef\xbb\xbf{\"a\":1}", "{\"a\":1}|", false},
		{"{\"a\":\"}{\\\"\"}", "{\"a\":\"}{\\\"\"}|", false},
		{"{\"a\":{\"b\":[1,2]},\r\n \"c\":3}\r\n", "{\"a\":{\"b\":[1,2]},\r\n \"c\":3}|",
		 false},
		{"[{\"a\":1},{\"b\":2}]", "[{\"a\":1},{\"b\":2}]|", false},
		/* a message that was cut off, and the next */
		{"{\"a\":\"b\n{\"c\":1}\n", "{\"a\":\"b|{\"c\":1}|", false},
		{"{\"a\":1\n{\"c\":1}\n", "{\"a\":1\n|{\"c\":1}|", false},
		{"{\"a\":1,\n{\"c\":1}}", "{\"a\":1,\n{\"c\":1}}|", false},
		{"{\"a\":1", "{\"a\":1|", true},
		/* quoted in somebody else's line: not a message */
		{"PRIVMSG #x :{\"method\":\"login\"}\r\n{\"a\":1}\n", "{\"a\":1}|", false},
		{"rest of one\"}}\n{\"a\":1}\n", "{\"a\":1}|", false},
		{"\x01\x00\x07{\"a\":1}", "{\"a\":1}|", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str text = i == 12 ? STR("\x01\x00\x07{\"a\":1}") : str_from(rows[i].text);
		for (size_t step = 1; step <= text.len; step++) {
			struct buf out = split(text, step, rows[i].flush);
			if (!str_equal(buf_view(&out), str_from(rows[i].messages)))
				fail_msg("row %zu step %zu: %.*s", i, step, (int)out.len, out.at);
			buf_fini(&out);
		}
	}
}

static void memory_is_bounded(void **state)
{
	struct json_stream stream = {0};
	static char block[65536];
	struct str message;
	size_t messages = 0, longest = 0;

	memset(block, 'x', sizeof(block));
	json_stream_feed(&stream, STR("{\"a\":\""));
	for (int i = 0; i < 100; i++) {
		json_stream_feed(&stream, str_of(block, sizeof(block)));
		while (json_stream_next(&stream, &message)) {
			messages++;
			longest = message.len > longest ? message.len : longest;
		}
		assert_true(stream.pending.cap <= 2 * (JSON_MESSAGE_MAX + sizeof(block)));
	}
	assert_int_equal(messages, 1); /* its beginning; the rest of the line is passed over */
	assert_int_equal(longest, JSON_MESSAGE_MAX);
	json_stream_feed(&stream, STR("\n{\"b\":1}"));
	assert_true(json_stream_next(&stream, &message));
	assert_true(str_equal(message, STR("{\"b\":1}")));
	json_stream_fini(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_cut_apart),
		cmocka_unit_test(memory_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
