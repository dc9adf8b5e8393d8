#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "lab/capture_writer.h"
#include "source/capture/capture_file.h"

enum { FRAMES = 20, BATCH = 8 };

static void add_record(struct capture_writer *writer, size_t i, size_t len)
{
	static char bytes[2000];

	for (size_t j = 0; j < len; j++)
		bytes[j] = (char)((i * 131 + j * j) >> (j & 3));
	struct frame frame = {.at = instant_at(1700000000, (int64_t)i * 1000),
			      .bytes = str_of(bytes, len),
			      .wire_len = (uint32_t)len};
	capture_write_pcap_record(writer, &frame);
}

static void add_pcap(struct buf *out, size_t frames)
{
	struct capture_writer writer = {.out = out};

	capture_write_pcap_header(&writer, 1);
	for (size_t i = 0; i < frames; i++)
		add_record(&writer, i, 60 + i % 1400);
}

static void add_gzip(struct buf *out, struct str plain)
{
	z_stream stream = {0};

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	assert_true(buf_reserve(out, deflateBound(&stream, plain.len)));
	stream.next_in = (Bytef *)(uintptr_t)plain.at;
	stream.avail_in = (unsigned)plain.len;
	stream.next_out = (Bytef *)out->at + out->len;
	stream.avail_out = (unsigned)(out->cap - out->len);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	out->len += stream.total_out;
	deflateEnd(&stream);
}

static void add_zstd(struct buf *out, struct str plain)
{
	assert_true(buf_reserve(out, ZSTD_compressBound(plain.len)));
	size_t len = ZSTD_compress(out->at + out->len, out->cap - out->len, plain.at, plain.len, 3);
	assert_false(ZSTD_isError(len));
	out->len += len;
}

/* An unnamed file with these bytes, read from its start. */
static int file_of(struct str bytes)
{
	int descriptor = memfd_create("capture", MFD_CLOEXEC);

	assert_true(descriptor >= 0);
	assert_int_equal(pwrite(descriptor, bytes.at, bytes.len, 0), (ssize_t)bytes.len);
	return descriptor;
}

static struct capture_file *take(int descriptor, const struct input_settings *settings)
{
	struct input *input;
	struct capture_file *file;
	struct error why;

	assert_int_equal(input_take(descriptor, "a.pcap", settings, &input, &why), 0);
	assert_int_equal(capture_file_new(input, &file), 0);
	return file;
}

/* Reads until there is no frame; every frame's length must be the next of add_pcap's. */
static enum capture_file_state drain(struct capture_file *file, size_t *frames)
{
	struct frame batch[BATCH];
	enum capture_file_state state;
	size_t count;

	while ((state = capture_file_read(file, batch, BATCH, &count)) == CAPTURE_FILE_FRAMES)
		for (size_t i = 0; i < count; i++, ++*frames)
			assert_int_equal(batch[i].at.ns % 1000000000, *frames * 1000);
	return state;
}

static bool notes(const struct capture_file *file, const char *fragment)
{
	const char *text = capture_file_note(file)->text;

	if (*text)
		print_message("# %s\n", text);
	return *fragment ? strstr(text, fragment) != NULL : *text == '\0';
}

enum wrapping {
	PLAIN,
	GZIP,
	ZSTD,
	GZIP_IN_ZSTD,
	ZSTD_IN_GZIP,
	GZIP_MEMBERS,
	ZSTD_FRAMES,
	ZSTD_AFTER_SKIPPABLE,
	GZIP_PADDED,
	WRAPPINGS
};

static void add_wrapped(struct buf *out, struct str plain, enum wrapping wrapping)
{
	CLEANUP(buf_fini) struct buf inner = {0};
	size_t middle = plain.len / 2 + 5; /* within a record */

	switch (wrapping) {
	case PLAIN:
		buf_add(out, plain);
		break;
	case GZIP_PADDED:
		add_gzip(out, plain);
		for (size_t i = 0; i < 1000; i++)
			buf_add_byte(out, 0);
		break;
	case GZIP:
		add_gzip(out, plain);
		break;
	case ZSTD_AFTER_SKIPPABLE:
		buf_add(out, STR("\x5a\x2a\x4d\x18\x04\0\0\0skip"));
		add_zstd(out, plain);
		break;
	case ZSTD:
		add_zstd(out, plain);
		break;
	case GZIP_IN_ZSTD:
		add_gzip(&inner, plain);
		add_zstd(out, buf_view(&inner));
		break;
	case ZSTD_IN_GZIP:
		add_zstd(&inner, plain);
		add_gzip(out, buf_view(&inner));
		break;
	case GZIP_MEMBERS:
		add_gzip(out, str_sub(plain, 0, middle));
		add_gzip(out, STR(""));
		add_gzip(out, str_skip(plain, middle));
		break;
	case ZSTD_FRAMES:
		add_zstd(out, str_sub(plain, 0, middle));
		add_zstd(out, str_skip(plain, middle));
		break;
	case WRAPPINGS:
		break;
	}
}

static void every_wrapping_gives_the_same_frames(void **state)
{
	CLEANUP(buf_fini) struct buf plain = {0};

	add_pcap(&plain, FRAMES);
	for (enum wrapping wrapping = 0; wrapping < WRAPPINGS; wrapping++) {
		CLEANUP(buf_fini) struct buf out = {0};
		size_t frames = 0;

		add_wrapped(&out, buf_view(&plain), wrapping);
		struct capture_file *file = take(file_of(buf_view(&out)), NULL);
		assert_int_equal(drain(file, &frames), CAPTURE_FILE_END);
		assert_int_equal(frames, FRAMES);
		assert_true(notes(file, ""));
		assert_int_equal(input_file_bytes(capture_file_input(file)), out.len);
		assert_int_equal(drain(file, &frames),
				 CAPTURE_FILE_END); /* asking again is harmless */
		capture_file_free(file);
	}
}

/* Through a pipe, some bytes at a time: what is complete is handed out, then WAIT. */
static void a_pipe_is_read_as_it_comes(void **state)
{
	static const size_t pieces[] = {1, 13, 1000};
	CLEANUP(buf_fini) struct buf plain = {0};

	add_pcap(&plain, FRAMES);
	for (size_t row = 0; row < WRAPPINGS * 3; row++) {
		CLEANUP(buf_fini) struct buf out = {0};
		size_t frames = 0, piece = pieces[row % 3];
		int ends[2];

		add_wrapped(&out, buf_view(&plain), (enum wrapping)(row / 3));
		assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
		struct capture_file *file = take(ends[0], NULL);
		for (struct str left = buf_view(&out); left.len > 0; left = str_skip(left, piece)) {
			struct str now = str_sub(left, 0, piece);
			assert_int_equal(write(ends[1], now.at, now.len), (ssize_t)now.len);
			assert_int_equal(drain(file, &frames), CAPTURE_FILE_WAIT);
		}
		close(ends[1]);
		assert_int_equal(drain(file, &frames), CAPTURE_FILE_END);
		assert_int_equal(frames, FRAMES);
		assert_true(notes(file, ""));
		capture_file_free(file);
	}
}

static void the_standard_input_is_a_dash(void **state)
{
	CLEANUP(buf_fini) struct buf plain = {0};
	struct capture_file *file;
	struct error why;
	size_t frames = 0;
	int kept = dup(STDIN_FILENO), descriptor;

	add_pcap(&plain, FRAMES);
	descriptor = file_of(buf_view(&plain));
	assert_int_equal(dup2(descriptor, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(capture_file_open("-", NULL, &file, &why), 0);
	assert_int_equal(drain(file, &frames), CAPTURE_FILE_END);
	assert_int_equal(frames, FRAMES);
	assert_string_equal(input_name(capture_file_input(file)), "standard input");
	capture_file_free(file);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* not ours to close */
	close(descriptor);
	if (kept >= 0) {
		dup2(kept, STDIN_FILENO);
		close(kept);
	}
}

static void a_file_larger_than_the_buffer_is_read(void **state)
{
	static const enum wrapping wrappings[] = {PLAIN, GZIP, ZSTD};
	CLEANUP(buf_fini) struct buf plain = {0};

	add_pcap(&plain, 5000);
	assert_true(plain.len > 3 << 20);
	for (size_t w = 0; w < 3; w++) {
		CLEANUP(buf_fini) struct buf out = {0};
		size_t frames = 0;

		add_wrapped(&out, buf_view(&plain), wrappings[w]);
		struct capture_file *file = take(file_of(buf_view(&out)), NULL);
		assert_int_equal(drain(file, &frames), CAPTURE_FILE_END);
		assert_int_equal(frames, 5000);
		assert_int_equal(capture_file_counters(file)->bytes, plain.len - 24 - 5000 * 16);
		capture_file_free(file);
	}
}

static void a_block_larger_than_the_buffer_is_passed(void **state)
{
	CLEANUP(buf_fini) struct buf out = {0};
	struct capture_writer writer = {.out = &out};
	static const struct capture_clock micro;
	struct frame frame = {.bytes = STR("a packet"), .wire_len = 8};
	char *large = calloc(1, 15 << 20);
	size_t frames = 0;

	assert_non_null(large);
	capture_write_section(&writer);
	capture_write_interface(&writer, 1, &micro);
	capture_write_enhanced(&writer, 0, 1700000000000000, &frame);
	capture_write_block(&writer, 0xbad, str_of(large, 15 << 20));
	capture_write_enhanced(&writer, 0, 1700000000000001, &frame);
	struct capture_file *file = take(file_of(buf_view(&out)), NULL);
	assert_int_equal(drain(file, &frames), CAPTURE_FILE_END);
	assert_int_equal(frames, 2);
	assert_true(notes(file, ""));
	capture_file_free(file);
	free(large);
}

static void damage_is_told(void **state)
{
	static const struct {
		const char *name;
		enum wrapping wrapping;
		int cut;	     /* bytes off the end; 0: none */
		int flip;	     /* a byte this far from the end is changed; 0: none */
		const char *trailer; /* or NULL */
		size_t frames_min;
		enum capture_file_state state;
		const char *says;
	} rows[] = {
		{"cut capture", PLAIN, 10, 0, NULL, 20, CAPTURE_FILE_END, "cut off at byte 1639"},
		{"cut gzip", GZIP, 100, 0, NULL, 10, CAPTURE_FILE_STOPPED, "gzip data ends early"},
		{"gzip without its last byte", GZIP, 1, 0, NULL, 20, CAPTURE_FILE_STOPPED,
		 "gzip data ends early"},
		{"cut zstd", ZSTD, 100, 0, NULL, 0, CAPTURE_FILE_STOPPED, "zstd data ends early"},
		{"wrong checksum", GZIP, 0, 6, NULL, 20, CAPTURE_FILE_STOPPED,
		 "gzip data is damaged near byte"},
		{"damaged gzip", GZIP, 0, 200, NULL, 5, CAPTURE_FILE_STOPPED, "damaged near"},
		{"cut inside a layer", GZIP_IN_ZSTD, 30, 0, NULL, 0, CAPTURE_FILE_STOPPED,
		 "zstd data ends early"},
		{"something behind", GZIP, 0, 0, "something else", 20, CAPTURE_FILE_STOPPED,
		 "what follows the gzip data"},
		{"something behind", ZSTD, 0, 0, "abc", 20, CAPTURE_FILE_STOPPED,
		 "what follows the zstd data"},
	};
	CLEANUP(buf_fini) struct buf plain = {0};

	add_pcap(&plain, FRAMES);
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		CLEANUP(buf_fini) struct buf out = {0};
		size_t frames = 0;

		print_message("# %s\n", rows[r].name);
		add_wrapped(&out, buf_view(&plain), rows[r].wrapping);
		out.len -= (size_t)rows[r].cut;
		if (rows[r].flip)
			out.at[out.len - (size_t)rows[r].flip] ^= 0x55;
		if (rows[r].trailer)
			buf_add_text(&out, rows[r].trailer);
		struct capture_file *file = take(file_of(buf_view(&out)), NULL);
		struct frame frame;
		size_t count;
		enum capture_file_state got;
		while ((got = capture_file_read(file, &frame, 1, &count)) == CAPTURE_FILE_FRAMES)
			frames += count;
		assert_int_equal(got, rows[r].state);
		assert_true(frames >= rows[r].frames_min && frames <= FRAMES);
		assert_true(notes(file, rows[r].says));
		capture_file_free(file);
	}
}

static void three_layers_are_refused(void **state)
{
	CLEANUP(buf_fini) struct buf plain = {0}, one = {0}, two = {0}, three = {0};
	size_t frames = 0;

	add_pcap(&plain, FRAMES);
	add_gzip(&one, buf_view(&plain));
	add_zstd(&two, buf_view(&one));
	add_gzip(&three, buf_view(&two));
	struct capture_file *file = take(file_of(buf_view(&three)), NULL);
	assert_int_equal(drain(file, &frames), CAPTURE_FILE_STOPPED);
	assert_true(notes(file, "more than 2 times over"));
	capture_file_free(file);
}

/* Twenty frames, then zeroes without end: the frames count, the zeroes are stopped. */
static void bombs_are_stopped(void **state)
{
	static const struct {
		const char *name;
		enum wrapping wrapping;
		size_t zeroes;
		struct input_settings settings;
		enum capture_file_state state;
		const char *says;
	} rows[] = {
		{"gzip",
		 GZIP,
		 8 << 20,
		 {.ratio_window_bytes = 1 << 20},
		 CAPTURE_FILE_STOPPED,
		 "bomb"},
		{"zstd, default limits", ZSTD, 70 << 20, {0}, CAPTURE_FILE_STOPPED, "bomb"},
		{"gzip in zstd",
		 GZIP_IN_ZSTD,
		 8 << 20,
		 {.ratio_window_bytes = 1 << 20},
		 CAPTURE_FILE_STOPPED,
		 "bomb"},
		{"zstd in gzip",
		 ZSTD_IN_GZIP,
		 8 << 20,
		 {.ratio_window_bytes = 1 << 20},
		 CAPTURE_FILE_STOPPED,
		 "bomb"},
		{"total",
		 GZIP,
		 3 << 20,
		 {.unpacked_max_bytes = 1 << 20},
		 CAPTURE_FILE_STOPPED,
		 "after 1048576 bytes"},
		{"a higher limit lets it pass",
		 GZIP,
		 3 << 20,
		 {.ratio_window_bytes = 1 << 20, .ratio_max = 2000},
		 CAPTURE_FILE_END,
		 "damaged at"},
		{"less than a window passes", GZIP, 3 << 20, {0}, CAPTURE_FILE_END, "damaged at"},
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		CLEANUP(buf_fini) struct buf plain = {0}, out = {0};
		size_t frames = 0;

		print_message("# %s\n", rows[r].name);
		add_pcap(&plain, FRAMES);
		assert_true(buf_reserve(&plain, rows[r].zeroes));
		memset(plain.at + plain.len, 0, rows[r].zeroes);
		plain.len += rows[r].zeroes;
		add_wrapped(&out, buf_view(&plain), rows[r].wrapping);
		struct capture_file *file = take(file_of(buf_view(&out)), &rows[r].settings);
		assert_int_equal(drain(file, &frames), rows[r].state);
		assert_int_equal(frames, FRAMES);
		assert_true(notes(file, rows[r].says));
		capture_file_free(file);
	}
}

static void a_growing_file_is_followed(void **state)
{
	static const struct input_settings follow = {.follow = true};
	CLEANUP(buf_fini) struct buf plain = {0};

	add_pcap(&plain, FRAMES);
	for (enum wrapping wrapping = 0; wrapping < WRAPPINGS; wrapping++) {
		CLEANUP(buf_fini) struct buf out = {0};
		size_t frames = 0;

		add_wrapped(&out, buf_view(&plain), wrapping);
		int descriptor = file_of(STR(""));
		struct capture_file *file = take(descriptor, &follow);
		assert_int_equal(drain(file, &frames), CAPTURE_FILE_WAIT);
		for (size_t at = 0; at < out.len; at += 57) {
			struct str now = str_sub(buf_view(&out), at, 57);
			assert_int_equal(pwrite(descriptor, now.at, now.len, (off_t)at),
					 (ssize_t)now.len);
			assert_int_equal(drain(file, &frames), CAPTURE_FILE_WAIT);
		}
		assert_int_equal(frames, FRAMES);
		capture_file_finish(file);
		assert_int_equal(drain(file, &frames), CAPTURE_FILE_END);
		assert_true(notes(file, ""));
		capture_file_free(file);
	}
}

static void a_followed_file_that_shrinks_is_told(void **state)
{
	static const struct input_settings follow = {.follow = true};
	CLEANUP(buf_fini) struct buf plain = {0};
	size_t frames = 0;

	add_pcap(&plain, FRAMES);
	int descriptor = file_of(buf_view(&plain));
	struct capture_file *file = take(descriptor, &follow);
	assert_int_equal(drain(file, &frames), CAPTURE_FILE_WAIT);
	assert_int_equal(ftruncate(descriptor, 100), 0);
	assert_int_equal(drain(file, &frames), CAPTURE_FILE_STOPPED);
	assert_int_equal(frames, FRAMES);
	assert_true(notes(file, "became shorter"));
	capture_file_free(file);
}

/* A regular file that shrinks between two reads is an end, never a signal. */
static void a_file_that_shrinks_is_survived(void **state)
{
	CLEANUP(buf_fini) struct buf plain = {0};
	struct frame frame;
	size_t count;
	enum capture_file_state got;

	add_pcap(&plain, 5000);
	int descriptor = file_of(buf_view(&plain));
	struct capture_file *file = take(descriptor, NULL);
	assert_int_equal(capture_file_read(file, &frame, 1, &count), CAPTURE_FILE_FRAMES);
	assert_int_equal(ftruncate(descriptor, 0), 0);
	while ((got = capture_file_read(file, &frame, 1, &count)) == CAPTURE_FILE_FRAMES)
		assert_true(frame.bytes.len >= 1);
	assert_int_equal(got, CAPTURE_FILE_END);
	capture_file_free(file);
}

static void what_cannot_be_opened_is_told(void **state)
{
	static const struct {
		const char *path, *says;
		int code;
	} rows[] = {
		{"/no/such/file.pcap", "no such file", -ENOENT},
		{"/", "is a directory", -EISDIR},
		{"/dev/null/x", "cannot be opened", -ENOTDIR},
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct capture_file *file;
		struct error why = {0};

		assert_int_equal(capture_file_open(rows[r].path, NULL, &file, &why), rows[r].code);
		print_message("# %s\n", why.text);
		assert_non_null(strstr(why.text, rows[r].says));
		assert_non_null(strstr(why.text, rows[r].path));
	}
}

static void what_is_no_capture_is_told(void **state)
{
	static const struct {
		struct str bytes;
		const char *says;
	} rows[] = {
		{{"", 0}, "is empty"},
		{{"{\"kind\":\"finding\"}\n", 19}, "begins with the bytes 7b226b69"},
		{{"PK\x03\x04 and more", 13}, "a zip archive"},
		{{"\xfd"
		  "7zXZ and more",
		  14},
		 "xz -d"},
		{{"snoop\0\0\0\0\0\0\x02", 12}, "editcap"},
		{{"\x1b[2Jboo", 7}, "the bytes 1b5b324a"},
		{{"ab", 2}, "begins with the bytes 6162"},
		{{"\0\0\0\0\0\0\0\0\0\0\0\0", 12}, "zeroes"},
		{{"\xd4\xc3\xb2\xa1\x02\0\x04\0", 8}, "cut off at byte 0"},
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct capture_file *file = take(file_of(rows[r].bytes), NULL);
		size_t frames = 0;

		assert_int_equal(drain(file, &frames),
				 r == 8 ? CAPTURE_FILE_END : CAPTURE_FILE_STOPPED);
		assert_int_equal(frames, 0);
		assert_true(notes(file, rows[r].says));
		capture_file_free(file);
	}
}

static void peeking_consumes_nothing(void **state)
{
	CLEANUP(buf_fini) struct buf packed = {0};
	struct input *input;
	struct error why;
	struct str start;
	char bytes[20];
	size_t count;

	add_gzip(&packed, STR("a line of a log\n"));
	assert_int_equal(input_take(file_of(buf_view(&packed)), "log.gz", NULL, &input, &why), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(input_peek(input, &start), INPUT_BYTES);
		assert_true(str_equal(start, STR("a line of a log\n")));
	}
	assert_int_equal(input_read(input, bytes, sizeof(bytes), &count), INPUT_BYTES);
	assert_true(str_equal(str_of(bytes, count), STR("a line of a log\n")));
	assert_int_equal(input_read(input, bytes, sizeof(bytes), &count), INPUT_END);
	input_free(input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrapping_gives_the_same_frames),
		cmocka_unit_test(a_pipe_is_read_as_it_comes),
		cmocka_unit_test(the_standard_input_is_a_dash),
		cmocka_unit_test(a_file_larger_than_the_buffer_is_read),
		cmocka_unit_test(a_block_larger_than_the_buffer_is_passed),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(three_layers_are_refused),
		cmocka_unit_test(bombs_are_stopped),
		cmocka_unit_test(a_growing_file_is_followed),
		cmocka_unit_test(a_followed_file_that_shrinks_is_told),
		cmocka_unit_test(a_file_that_shrinks_is_survived),
		cmocka_unit_test(what_cannot_be_opened_is_told),
		cmocka_unit_test(what_is_no_capture_is_told),
		cmocka_unit_test(peeking_consumes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
