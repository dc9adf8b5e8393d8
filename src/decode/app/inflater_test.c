#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "decode/app/inflater.h"

/* What a sender does: zlib itself, window bits as deflateInit2 takes them. */
static struct buf deflated(struct str text, int window_bits, int flush)
{
	z_stream z = {0};
	struct buf out = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, 0), Z_OK);
	assert_true(buf_reserve(&out, deflateBound(&z, text.len) + 64));
	z.next_in = (Bytef *)(uintptr_t)text.at;
	z.avail_in = (uInt)text.len;
	z.next_out = (Bytef *)out.at;
	z.avail_out = (uInt)out.cap;
	deflate(&z, flush);
	out.len = out.cap - z.avail_out;
	deflateEnd(&z);
	return out;
}

/* Inflates in pieces of `in_step` bytes into pieces of `out_step`. */
static enum decoded inflated(struct inflater *inflater, struct str in, size_t in_step,
			     size_t out_step, struct buf *out)
{
	enum decoded outcome = NEED_MORE;
	char piece[4096];
	size_t len;

	while (in.len > 0) {
		struct str part = str_sub(in, 0, in_step);
		size_t given = part.len;
		while ((outcome = inflater_next(inflater, &part, piece, out_step, &len)) == DECODED)
			buf_add_bytes(out, piece, len);
		if (outcome != NEED_MORE || given == part.len)
			break;
		in = str_skip(in, given - part.len);
	}
	return outcome;
}

static const char text[] = "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\"} "
			   "{\"id\":2,\"jsonrpc\":\"2.0\",\"method\":\"submit\"}";

static void every_format_in_any_pieces(void **state)
{
	static const struct {
		const char *name;
		enum inflater_format format;
		int window_bits; /* the sender's */
	} rows[] = {
		{"gzip", INFLATER_GZIP, 15 + 16},
		{"zlib", INFLATER_DEFLATE, 15},
		{"raw as deflate", INFLATER_DEFLATE, -15},
		{"raw", INFLATER_RAW, -15},
	};
	static _Alignas(16) char memory[INFLATER_MEMORY(15)];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf sent = deflated(str_from(text), rows[i].window_bits, Z_FINISH);
		for (size_t step = 1; step <= sent.len; step++) {
			struct inflater_settings settings = {.format = rows[i].format};
			struct buf out = {0};
			struct inflater *inflater =
				inflater_init(memory, sizeof(memory), &settings);
			assert_non_null(inflater);
			enum decoded outcome =
				inflated(inflater, buf_view(&sent), step, 1 + step % 7, &out);
			if (outcome != NEED_MORE || !str_equal(buf_view(&out), str_from(text)))
				fail_msg("%s in pieces of %zu", rows[i].name, step);
			buf_fini(&out);
		}
		buf_fini(&sent);
	}
}

static void two_gzip_members_are_one_text(void **state)
{
	static _Alignas(16) char memory[INFLATER_MEMORY(15)];
	struct inflater_settings settings = {.format = INFLATER_GZIP};
	struct inflater *inflater = inflater_init(memory, sizeof(memory), &settings);
	struct buf sent = deflated(STR("first "), 31, Z_FINISH),
		   more = deflated(STR("second"), 31, Z_FINISH), out = {0};

	buf_add(&sent, buf_view(&more));
	buf_add_text(&sent, "\n\n"); /* rubbish after the end is no damage */
	assert_int_equal(inflated(inflater, buf_view(&sent), SIZE_MAX, 64, &out), NEED_MORE);
	assert_true(str_equal(buf_view(&out), STR("first second")));
	assert_true(inflater_is_done(inflater));
	buf_fini(&sent);
	buf_fini(&more);
	buf_fini(&out);
}

static void a_bomb_is_stopped(void **state)
{
	static const struct {
		const char *name;
		uint64_t output_max;
		unsigned ratio_max;
		uint64_t most; /* that may come out */
	} rows[] = {
		{"size", 100000, 0, 100000},
		{"ratio", 0, 100, 200000},
	};
	static _Alignas(16) char memory[INFLATER_MEMORY(15)];
	char *zeros = calloc(1, 8 << 20);
	struct buf sent = deflated(str_of(zeros, 8 << 20), 31, Z_FINISH);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct inflater_settings settings = {.format = INFLATER_GZIP,
						     .output_max = rows[i].output_max,
						     .ratio_max = rows[i].ratio_max};
		struct inflater *inflater = inflater_init(memory, sizeof(memory), &settings);
		struct buf out = {0};
		enum decoded outcome = inflated(inflater, buf_view(&sent), 512, 4096, &out);
		if (outcome != UNSUPPORTED || inflater_fault(inflater) != INFLATER_LIMIT ||
		    out.len > rows[i].most)
			fail_msg("%s: %zu", rows[i].name, out.len);
		buf_fini(&out);
	}
	buf_fini(&sent);
	free(zeros);
}

static void damage_and_missing_history_are_told_apart(void **state)
{
	static const struct {
		const char *name;
		struct str bytes;
		enum decoded outcome;
		enum inflater_fault fault;
	} rows[] = {
		{"block type 3", {"\x07", 1}, MALFORMED, INFLATER_CORRUPT},
		/* fixed codes: length 3, distance 1, with nothing before it */
		{"distance into nothing", {"\x03\x02\x00", 3}, UNSUPPORTED, INFLATER_HISTORY},
		{"stored length and its complement differ",
		 {"\x01\x01\x00\x00\x00", 5},
		 MALFORMED,
		 INFLATER_CORRUPT},
	};
	static _Alignas(16) char memory[INFLATER_MEMORY(15)];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct inflater_settings settings = {.format = INFLATER_RAW};
		struct inflater *inflater = inflater_init(memory, sizeof(memory), &settings);
		struct buf out = {0};
		enum decoded outcome = inflated(inflater, rows[i].bytes, SIZE_MAX, 64, &out);
		if (outcome != rows[i].outcome || inflater_fault(inflater) != rows[i].fault)
			fail_msg("%s: %d, %d", rows[i].name, outcome, inflater_fault(inflater));
		inflater_reset(inflater);
		assert_int_equal(inflater_fault(inflater), INFLATER_FINE);
		buf_fini(&out);
	}
}

static void memory_that_does_not_fit(void **state)
{
	static _Alignas(16) char memory[INFLATER_MEMORY(15)];
	struct inflater_settings settings = {.format = INFLATER_RAW};

	assert_null(inflater_init(memory, sizeof(memory) - 1, &settings));
	settings.window_bits = 16;
	assert_null(inflater_init(memory, sizeof(memory), &settings));
	for (settings.window_bits = 8; settings.window_bits <= 15; settings.window_bits++) {
		/* a window really is allocated: text that must be remembered between calls */
		struct buf sent = deflated(str_from(text), -9, Z_SYNC_FLUSH), out = {0};
		struct inflater *inflater = inflater_init(
			memory, (size_t)INFLATER_MEMORY(settings.window_bits), &settings);
		assert_non_null(inflater);
		assert_int_equal(inflated(inflater, buf_view(&sent), 3, 5, &out), NEED_MORE);
		assert_true(str_equal(buf_view(&out), str_from(text)));
		buf_fini(&sent);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_in_any_pieces),
		cmocka_unit_test(two_gzip_members_are_one_text),
		cmocka_unit_test(a_bomb_is_stopped),
		cmocka_unit_test(damage_and_missing_history_are_told_apart),
		cmocka_unit_test(memory_that_does_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
