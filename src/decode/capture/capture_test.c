#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/capture/capture.h"
#include "lab/capture_writer.h"

enum { FRAMES = 20, SEEN_MAX = 256, BASE_S = 1700000000 };

/* Frame `i` of every test capture: i in its first byte, a length of its own, an eighth of a second
 * after the one before, so that every clock can tell its time. */
struct made {
	char bytes[400];
	struct frame frame;
};

static struct frame *make_frame(struct made *made, size_t i)
{
	size_t len = 50 + i * 37 % 200;

	for (size_t j = 0; j < len; j++)
		made->bytes[j] = (char)(j == 0 ? i : 0xc0 + (i + j) % 61);
	made->frame = (struct frame){.at = instant_at(BASE_S, (int64_t)i * 125000000),
				     .bytes = str_of(made->bytes, len),
				     .wire_len = (uint32_t)(len + 7),
				     .link = 1};
	return &made->frame;
}

struct seen {
	size_t frames, malformed, unsupported;
	struct frame frame[SEEN_MAX]; /* views are dead: only lengths and numbers are used */
	uint8_t number[SEEN_MAX];     /* first byte */
	uint64_t last_malformed_offset;
	struct capture_counters counters;
};

/* Reads until NEED_MORE or UNSUPPORTED; every frame must lie inside the window. */
static enum decoded drain(struct capture_reader *reader, struct str window, struct seen *seen)
{
	struct frame frame;
	enum decoded found;

	while ((found = capture_next(reader, &frame)) == DECODED || found == MALFORMED) {
		if (found == MALFORMED) {
			seen->malformed++;
			seen->last_malformed_offset = frame.offset;
			continue;
		}
		assert_true(frame.bytes.at >= window.at);
		assert_true(frame.bytes.at + frame.bytes.len <= window.at + window.len);
		if (seen->frames < SEEN_MAX) {
			seen->frame[seen->frames] = frame;
			seen->number[seen->frames] =
				frame.bytes.len ? (uint8_t)frame.bytes.at[0] : 0;
		}
		seen->frames++;
	}
	seen->unsupported += found == UNSUPPORTED;
	return found;
}

/*
 * Feeds `bytes` in windows that grow by `chunk` bytes; each window is a heap block of exactly its
 * size, so that the sanitizer sees a read past its end.
 */
static void read_in_chunks(struct str bytes, size_t chunk, struct seen *seen)
{
	struct capture_reader *reader = malloc(sizeof(*reader));
	char *window = NULL;
	size_t fed = 0;

	*seen = (struct seen){0};
	capture_reader_init(reader);
	for (bool is_last = false; !is_last;) {
		size_t more = bytes.len - fed < chunk ? bytes.len - fed : chunk;
		struct str unread = capture_unread(reader);
		char *next = malloc(unread.len + more + 1);

		is_last = fed + more == bytes.len;
		if (unread.len)
			memcpy(next, unread.at, unread.len);
		memcpy(next + unread.len, bytes.at + fed, more);
		next = realloc(next, unread.len + more ? unread.len + more : 1);
		capture_feed(reader, str_of(next, unread.len + more), is_last);
		free(window);
		window = next;
		fed += more;
		if (drain(reader, str_of(next, unread.len + more), seen) == UNSUPPORTED)
			break;
	}
	seen->counters = *capture_counters(reader);
	free(window);
	free(reader);
}

static void same_in_pieces(struct str bytes, const struct seen *whole)
{
	static const size_t chunks[] = {1, 3, 7, 16, 100, 1000};
	struct seen *pieces = malloc(sizeof(*pieces));

	for (size_t c = 0; c < sizeof(chunks) / sizeof(*chunks); c++) {
		read_in_chunks(bytes, chunks[c], pieces);
		assert_int_equal(pieces->frames, whole->frames);
		assert_memory_equal(pieces->number, whole->number, sizeof(whole->number));
		assert_memory_equal(&pieces->counters, &whole->counters, sizeof(whole->counters));
		for (size_t i = 0; i < whole->frames && i < SEEN_MAX; i++) {
			assert_int_equal(pieces->frame[i].offset, whole->frame[i].offset);
			assert_int_equal(pieces->frame[i].at.ns, whole->frame[i].at.ns);
			assert_int_equal(pieces->frame[i].bytes.len, whole->frame[i].bytes.len);
		}
	}
	free(pieces);
}

static void read_all(struct str bytes, struct seen *seen)
{
	read_in_chunks(bytes, bytes.len ? bytes.len : 1, seen);
	same_in_pieces(bytes, seen);
}

static void assert_made(const struct frame *seen, uint8_t number, uint16_t link)
{
	struct made made;
	const struct frame *frame = make_frame(&made, number);

	assert_int_equal(seen->at.ns, frame->at.ns);
	assert_int_equal(seen->bytes.len, frame->bytes.len);
	assert_int_equal(seen->wire_len, frame->wire_len);
	assert_int_equal(seen->link, link);
}

static void write_pcap(struct capture_writer *writer, size_t first, size_t count, uint32_t link)
{
	struct made made;

	capture_write_pcap_header(writer, link);
	for (size_t i = first; i < first + count; i++)
		capture_write_pcap_record(writer, make_frame(&made, i));
}

/* The clock's reading at a frame's time. */
static uint64_t units_at(const struct capture_clock *clock, instant at)
{
	uint8_t resolution = clock->has_resolution ? clock->resolution : 6;
	unsigned __int128 units = (unsigned __int128)(at.ns - clock->offset_s * 1000000000);

	if (resolution & 0x80)
		return (uint64_t)((units << (resolution & 0x7f)) / 1000000000);
	for (unsigned i = 0; i < resolution; i++)
		units *= 10;
	return (uint64_t)(units / 1000000000);
}

static void write_pcapng(struct capture_writer *writer, size_t first, size_t count, uint16_t link,
			 const struct capture_clock *clock)
{
	struct made made;

	capture_write_section(writer);
	capture_write_interface(writer, link, clock);
	for (size_t i = first; i < first + count; i++) {
		const struct frame *frame = make_frame(&made, i);
		capture_write_enhanced(writer, 0, units_at(clock, frame->at), frame);
	}
}

static void every_pcap_gives_the_same_frames(void **state)
{
	static const struct {
		const char *name;
		struct capture_writer writer;
		uint32_t link_field;
	} rows[] = {
		{"little micro", {.is_nano = false}, 1},
		{"big micro", {.is_big_endian = true}, 1},
		{"little nano", {.is_nano = true}, 101},
		{"big nano", {.is_big_endian = true, .is_nano = true}, 113},
		{"little modified", {.is_modified = true}, 1},
		{"big modified", {.is_big_endian = true, .is_modified = true}, 276},
		{"FCS of 4 bytes and reserved bits above the link", {.is_nano = false}, 0x47ff0001},
		{"snaplen 1: longer records are odd but true", {.snaplen = 1}, 1},
	};
	struct seen seen;

	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		CLEANUP(buf_fini) struct buf out = {0};
		struct capture_writer writer = rows[r].writer;

		writer.out = &out;
		write_pcap(&writer, 0, FRAMES, rows[r].link_field);
		read_all(buf_view(&out), &seen);
		print_message("# %s\n", rows[r].name);
		assert_int_equal(seen.frames, FRAMES);
		assert_int_equal(seen.malformed + seen.counters.truncated, 0);
		assert_int_equal(seen.counters.skipped_bytes, 0);
		for (size_t i = 0; i < FRAMES; i++) {
			assert_int_equal(seen.number[i], i);
			assert_made(&seen.frame[i], (uint8_t)i, (uint16_t)rows[r].link_field);
		}
		assert_int_equal(seen.frame[0].offset, PCAP_HEADER_LEN);
	}
}

static void every_pcapng_clock_gives_the_same_frames(void **state)
{
	static const struct {
		const char *name;
		bool is_big_endian;
		struct capture_clock clock;
	} rows[] = {
		{"default", false, {0}},
		{"default, big", true, {0}},
		{"nanoseconds", false, {9, true, 0}},
		{"nanoseconds, big", true, {9, true, 0}},
		{"milliseconds", false, {3, true, 0}},
		{"2^-10 s", false, {0x80 | 10, true, 0}},
		{"2^-30 s, big", true, {0x80 | 30, true, 0}},
		{"counted from 2020", false, {6, true, 1577836800}},
		{"counted from 2020 in eighths, big", true, {0x80 | 3, true, 1577836800}},
		{"offset below zero", false, {9, true, -3600}},
	};
	struct seen seen;

	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		CLEANUP(buf_fini) struct buf out = {0};
		struct capture_writer writer = {.out = &out,
						.is_big_endian = rows[r].is_big_endian};

		write_pcapng(&writer, 0, FRAMES, 1, &rows[r].clock);
		read_all(buf_view(&out), &seen);
		print_message("# %s\n", rows[r].name);
		assert_int_equal(seen.frames, FRAMES);
		assert_int_equal(seen.malformed + seen.counters.truncated, 0);
		for (size_t i = 0; i < FRAMES; i++)
			assert_made(&seen.frame[i], (uint8_t)i, 1);
	}
}

static void pcapng_times_never_overflow(void **state)
{
	static const struct {
		uint64_t units;
		uint8_t resolution;
		int64_t offset_s, ns;
	} rows[] = {
		{1, 0, 0, 1000000000},
		{1, 9, 0, 1},
		{19, 10, 0, 1},
		{UINT64_MAX, 127, 0, 0},
		{UINT64_MAX, 19, 0, 1844674407},
		{UINT64_MAX, 0, 0, INT64_MAX},
		{UINT64_MAX, 6, 0, INT64_MAX},
		{UINT64_MAX, 0x80, INT64_MAX, INT64_MAX},
		{0, 6, INT64_MIN, INT64_MIN},
		{UINT64_MAX, 0x80 | 64, 0, 999999999},
		{UINT64_MAX, 0x80 | 127, 0, 0},
		{3, 0x80 | 1, -1, 500000000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(
			pcapng_time(rows[i].units, rows[i].resolution, rows[i].offset_s).ns,
			rows[i].ns);
}

static void sections_have_their_own_order_and_interfaces(void **state)
{
	CLEANUP(buf_fini) struct buf out = {0};
	struct capture_writer writer = {.out = &out};
	static const struct capture_clock micro, nano = {9, true, 0};
	struct made made;
	struct seen seen;

	capture_write_section(&writer);
	capture_write_interface(&writer, 1, &micro);
	capture_write_interface(&writer, 101, &nano);
	capture_write_block(&writer, 0x0bad, STR("a custom block of no concern"));
	capture_write_enhanced(&writer, 1, (uint64_t)make_frame(&made, 0)->at.ns, &made.frame);
	capture_write_enhanced(&writer, 0, (uint64_t)make_frame(&made, 1)->at.ns / 1000,
			       &made.frame);
	writer.is_big_endian = true;
	capture_write_section(&writer);
	capture_write_interface(&writer, 113, &nano);
	capture_write_block(&writer, 5, STR("statistics"));
	capture_write_obsolete(&writer, 0, (uint64_t)make_frame(&made, 2)->at.ns, &made.frame);
	capture_write_enhanced(&writer, 1, 0, &made.frame); /* of the section before: damage */
	capture_write_enhanced(&writer, 0, (uint64_t)make_frame(&made, 3)->at.ns, &made.frame);
	read_all(buf_view(&out), &seen);

	static const uint16_t links[] = {101, 1, 113, 113};
	assert_int_equal(seen.frames, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(seen.number[i], i);
		assert_made(&seen.frame[i], (uint8_t)i, links[i]);
	}
	assert_int_equal(seen.counters.headers, 2);
	assert_int_equal(seen.counters.malformed, 1);
	assert_int_equal(seen.counters.skipped_bytes, 0);
}

static void simple_packets_are_cut_by_the_snaplen(void **state)
{
	CLEANUP(buf_fini) struct buf out = {0};
	struct capture_writer writer = {.out = &out, .snaplen = 33};
	static const struct capture_clock micro;
	struct made made;
	struct seen seen;

	capture_write_section(&writer);
	capture_write_interface(&writer, 1, &micro);
	capture_write_enhanced(&writer, 0, 5000000, make_frame(&made, 4));
	make_frame(&made, 5);
	made.frame.wire_len = (uint32_t)made.frame.bytes.len;
	capture_write_simple(&writer, &made.frame);
	made.frame.bytes.len = made.frame.wire_len = 10;
	capture_write_simple(&writer, &made.frame);
	read_all(buf_view(&out), &seen);
	assert_int_equal(seen.frames, 3);
	assert_int_equal(seen.frame[1].bytes.len, 33);
	assert_int_equal(seen.frame[1].wire_len, 50 + 5 * 37 % 200);
	assert_int_equal(seen.frame[1].at.ns, 5000000000); /* that of the packet before */
	assert_int_equal(seen.frame[2].bytes.len, 10);
}

static void interfaces_beyond_the_table_are_counted(void **state)
{
	CLEANUP(buf_fini) struct buf out = {0};
	struct capture_writer writer = {.out = &out};
	static const struct capture_clock micro;
	struct made made;
	struct seen seen;

	capture_write_section(&writer);
	for (size_t i = 0; i < PCAPNG_INTERFACES_MAX + 1; i++)
		capture_write_interface(&writer, 1, &micro);
	capture_write_enhanced(&writer, PCAPNG_INTERFACES_MAX - 1, 0, make_frame(&made, 0));
	capture_write_enhanced(&writer, PCAPNG_INTERFACES_MAX, 0, make_frame(&made, 1));
	capture_write_enhanced(&writer, PCAPNG_INTERFACES_MAX + 1, 0, make_frame(&made, 2));
	read_in_chunks(buf_view(&out), out.len, &seen);
	assert_int_equal(seen.frames, 1);
	assert_int_equal(seen.counters.unsupported, 1);
	assert_int_equal(seen.counters.malformed, 1);
}

static void concatenated_captures_are_read_through(void **state)
{
	CLEANUP(buf_fini) struct buf out = {0};
	static const struct capture_clock micro;
	struct capture_writer little = {.out = &out}, big = {.out = &out, .is_big_endian = true};
	struct seen seen;

	write_pcap(&little, 0, 3, 1);
	write_pcap(&big, 3, 3, 101);
	write_pcapng(&little, 6, 3, 1, &micro);
	capture_write_block(&little, 5,
			    STR("statistics")); /* the end of a file is seen behind it */
	little.is_nano = true;
	write_pcap(&little, 9, 3, 113);
	write_pcapng(&big, 12, 3, 1, &micro);
	read_all(buf_view(&out), &seen);
	assert_int_equal(seen.frames, 15);
	assert_int_equal(seen.malformed, 0);
	assert_int_equal(seen.counters.headers, 5);
	assert_int_equal(seen.frame[4].link, 101);
	assert_int_equal(seen.frame[10].link, 113);
	for (size_t i = 0; i < 15; i++)
		assert_made(&seen.frame[i], (uint8_t)i, seen.frame[i].link);
}

/* Read as a block, the big-endian file header is one of 131076 bytes that end behind the file. */
static void a_header_that_could_be_a_block_is_a_header(void **state)
{
	CLEANUP(buf_fini) struct buf out = {0};
	static const struct capture_clock micro;
	struct capture_writer big = {.out = &out, .is_big_endian = true};
	struct seen seen;

	capture_write_section(&big);
	capture_write_interface(&big, 1, &micro);
	write_pcap(&big, 0, 3, 101);
	read_all(buf_view(&out), &seen);
	assert_int_equal(seen.frames, 3);
	assert_int_equal(seen.counters.headers, 2);
	assert_int_equal(seen.malformed + seen.counters.truncated, 0);
}

static void what_is_no_capture_is_unsupported(void **state)
{
	static const struct str rows[] = {
		{"{\"kind\":1}", 10},
		{"PK\x03\x04, long enough for any header", 34},
		{"\x0a\x0d\x0d\x0a\x1c\0\0\0no mark", 15},
		{"\0\0\0\0\0\0\0\0", 8},
	};
	struct seen seen;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		read_in_chunks(rows[i], 1, &seen);
		assert_int_equal(seen.frames, 0);
		assert_int_equal(seen.unsupported, 1);
	}
	read_in_chunks(STR(""), 1, &seen);
	assert_int_equal(seen.unsupported + seen.counters.truncated, 0);
	read_in_chunks(STR("\xd4\xc3\xb2\xa1\x02\0"), 1, &seen);
	assert_int_equal(seen.counters.truncated, 1);
}

enum damage { SET_32, CUT_TO, INSERT, ERASE, APPEND_ZEROES };

static void hurt(struct buf *out, enum damage damage, size_t at, uint32_t value)
{
	switch (damage) {
	case SET_32:
		memcpy(out->at + at, &value, sizeof(value));
		break;
	case CUT_TO:
		out->len = at;
		break;
	case INSERT:
		assert_true(buf_reserve(out, value));
		memmove(out->at + at + value, out->at + at, out->len - at);
		memset(out->at + at, 'x', value);
		out->len += value;
		break;
	case ERASE:
		memmove(out->at + at, out->at + at + value, out->len - at - value);
		out->len -= value;
		break;
	case APPEND_ZEROES:
		for (uint32_t i = 0; i < value; i++)
			buf_add_byte(out, 0);
		break;
	}
}

struct damage_row {
	const char *name;
	enum damage damage;
	size_t record; /* the place: this record's header ... */
	size_t byte;   /* ... plus this */
	uint32_t value;
	/* what must come of it */
	size_t frames, malformed, truncated;
	int lost; /* number of the frame that is missing, or -1 */
	size_t skipped;
};

static void damage_is_skipped(struct buf *good, const size_t *starts, const struct damage_row *rows,
			      size_t count)
{
	struct seen seen;

	for (size_t r = 0; r < count; r++) {
		const struct damage_row *row = &rows[r];
		CLEANUP(buf_fini) struct buf out = {0};
		size_t next = 0;

		buf_add(&out, buf_view(good));
		hurt(&out, row->damage, starts[row->record] + row->byte, row->value);
		read_all(buf_view(&out), &seen);
		print_message("# %s: %zu frames, %zu malformed, %zu skipped\n", row->name,
			      seen.frames, seen.malformed, (size_t)seen.counters.skipped_bytes);
		assert_int_equal(seen.frames, row->frames);
		assert_int_equal(seen.malformed, row->malformed);
		assert_int_equal(seen.counters.malformed, row->malformed);
		assert_int_equal(seen.counters.truncated, row->truncated);
		assert_int_equal(seen.counters.skipped_bytes, row->skipped);
		for (size_t i = 0; i < seen.frames; i++, next++) {
			if ((int)next == row->lost)
				next++;
			if (seen.frame[i].bytes.len > 0)
				assert_int_equal(seen.number[i], next);
		}
	}
}

#define LEN(i) (50 + (i)*37 % 200)

static void damaged_pcap_goes_on_behind_the_damage(void **state)
{
	static const struct damage_row rows[] = {
		{"length far too long", SET_32, 5, 8, 0x7fffffff, 19, 1, 0, 5, 16 + LEN(5)},
		{"length over the maximum", SET_32, 5, 8, 262145, 19, 1, 0, 5, 16 + LEN(5)},
		{"length over the wire's", SET_32, 5, 8, 3000, 19, 1, 0, 5, 16 + LEN(5)},
		{"too long by 5, which the wire's allows", SET_32, 5, 8, LEN(5) + 5, 20, 1, 0, -1,
		 0},
		{"too short by 5", SET_32, 5, 8, LEN(5) - 5, 20, 1, 0, -1, 5},
		{"length zero", SET_32, 5, 8, 0, 19, 1, 0, 5, 16 + LEN(5)},
		{"first length lies", SET_32, 0, 8, 0x10000000, 19, 1, 0, 0, 16 + LEN(0)},
		{"last length beyond the end", SET_32, 19, 8, LEN(19) + 3, 20, 0, 1, -1, 0},
		{"length beyond the end, records inside", SET_32, 17, 8, 60000, 19, 1, 0, 17,
		 16 + LEN(17)},
		{"bytes inserted between records", INSERT, 5, 0, 37, 20, 1, 0, -1, 37},
		{"bytes inserted in a packet", INSERT, 5, 60, 37, 20, 1, 0, -1, 37},
		{"bytes erased from a packet", ERASE, 5, 60, 37, 20, 1, 0, -1, 0},
		{"a header erased", ERASE, 5, 0, 16, 19, 1, 0, 5, LEN(5)},
		{"cut in the last packet", CUT_TO, 19, 20, 0, 20, 0, 1, -1, 0},
		{"cut behind the last header", CUT_TO, 19, 16, 0, 20, 0, 1, 19, 0},
		{"cut in the last header", CUT_TO, 19, 15, 0, 19, 0, 1, -1, 15},
		{"cut between records", CUT_TO, 19, 0, 0, 19, 0, 0, -1, 0},
		{"zeroes at the end", APPEND_ZEROES, 0, 0, 160, 20, 1, 0, -1, 160},
	};
	CLEANUP(buf_fini) struct buf good = {0};
	struct capture_writer writer = {.out = &good};
	size_t starts[FRAMES];
	struct made made;

	capture_write_pcap_header(&writer, 1);
	for (size_t i = 0; i < FRAMES; i++) {
		starts[i] = good.len;
		/* a wire length with room for a captured length that lies a little */
		make_frame(&made, i)->wire_len += 100;
		capture_write_pcap_record(&writer, &made.frame);
	}
	damage_is_skipped(&good, starts, rows, sizeof(rows) / sizeof(*rows));
}

#define BLOCK_LEN(i) (32 + (LEN(i) + 3) / 4 * 4)

static void damaged_pcapng_goes_on_behind_the_damage(void **state)
{
	static const struct damage_row rows[] = {
		{"block length lies", SET_32, 5, 4, 400, 19, 1, 0, 5, BLOCK_LEN(5)},
		{"block length zero", SET_32, 5, 4, 0, 19, 1, 0, 5, BLOCK_LEN(5)},
		{"block length no multiple of 4", SET_32, 5, 4, BLOCK_LEN(5) + 1, 19, 1, 0, 5,
		 BLOCK_LEN(5)},
		{"block length over the maximum", SET_32, 5, 4, 0x7ffffffc, 19, 1, 0, 5,
		 BLOCK_LEN(5)},
		{"lengths differ", SET_32, 6, -4, 8, 19, 1, 0, 5, BLOCK_LEN(5)},
		{"packet longer than its block", SET_32, 5, 20, 5000, 19, 1, 0, 5, 0},
		{"interface never declared", SET_32, 5, 8, 1, 19, 1, 0, 5, 0},
		{"unknown type", SET_32, 5, 0, 77, 19, 0, 0, 5, 0},
		{"bytes inserted between blocks", INSERT, 5, 0, 37, 20, 1, 0, -1, 37},
		{"bytes inserted in a packet", INSERT, 5, 60, 37, 19, 1, 0, 5, BLOCK_LEN(5) + 37},
		{"bytes erased from a packet", ERASE, 5, 60, 37, 19, 1, 0, 5, BLOCK_LEN(5) - 37},
		{"block beyond the end, blocks inside", SET_32, 17, 4, 60000, 19, 1, 0, 17,
		 BLOCK_LEN(17)},
		{"cut in the last packet", CUT_TO, 19, 40, 0, 20, 0, 1, -1, 0},
		{"cut in the trailing length", CUT_TO, 19, BLOCK_LEN(19) - 1, 0, 20, 0, 1, -1, 0},
		{"cut in the last header", CUT_TO, 19, 15, 0, 19, 0, 1, -1, 15},
		{"zeroes at the end", APPEND_ZEROES, 0, 0, 160, 20, 1, 0, -1, 160},
	};
	CLEANUP(buf_fini) struct buf good = {0};
	struct capture_writer writer = {.out = &good};
	static const struct capture_clock micro;
	size_t starts[FRAMES];
	struct made made;

	capture_write_section(&writer);
	capture_write_interface(&writer, 1, &micro);
	for (size_t i = 0; i < FRAMES; i++) {
		starts[i] = good.len;
		make_frame(&made, i);
		capture_write_enhanced(&writer, 0, (uint64_t)made.frame.at.ns / 1000, &made.frame);
	}
	damage_is_skipped(&good, starts, rows, sizeof(rows) / sizeof(*rows));
}

/* A small generator of its own: the same damage in every run. */
static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* However the bytes are hurt: it ends, the windows' sizes change nothing, every byte is accounted
 * for at most twice. */
static void random_damage_is_survived(void **state)
{
	static const struct capture_clock micro;
	uint64_t seed = 1;
	struct seen seen;
	size_t frames = 0;

	for (size_t round = 0; round < 100; round++) {
		CLEANUP(buf_fini) struct buf out = {0};
		struct capture_writer writer = {.out = &out, .is_big_endian = round & 2};

		if (round & 1)
			write_pcap(&writer, 0, FRAMES, 1);
		else
			write_pcapng(&writer, 0, FRAMES, 1, &micro);
		for (size_t hits = 1 + round % 8; hits > 0; hits--)
			out.at[100 + next_random(&seed) % (out.len - 100)] =
				(char)next_random(&seed);
		read_all(buf_view(&out), &seen);
		frames += seen.frames;
		assert_true(seen.counters.bytes <= 2 * out.len);
		assert_true(seen.counters.skipped_bytes <= out.len);
	}
	print_message("# %zu of %d frames survived\n", frames, 100 * FRAMES);
	assert_true(frames > 100 * FRAMES * 9 / 10);
}

static void one_pattern_for_ever_ends(void **state)
{
	static const uint32_t words[] = {0, 1, 6, 12, 16, 0x0a0d0d0a, 0xffffffff, 0x20202020};
	static const struct capture_clock micro;
	struct seen seen;

	for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++) {
		for (int is_pcap = 0; is_pcap < 2; is_pcap++) {
			CLEANUP(buf_fini) struct buf out = {0};
			struct capture_writer writer = {.out = &out};

			if (is_pcap)
				write_pcap(&writer, 0, 1, 1);
			else
				write_pcapng(&writer, 0, 1, 1, &micro);
			for (size_t i = 0; i < 500; i++)
				buf_add_bytes(&out, &words[w], 4);
			read_all(buf_view(&out), &seen);
			assert_true(seen.frames >= 1);
			assert_true(seen.counters.bytes <= 2 * out.len);
			/* 12 12 12 and 16 16 16 16 are blocks, and records of 28 and 32 bytes */
			if (words[w] != 12 && words[w] != 16)
				assert_true(seen.malformed + seen.counters.truncated >= 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pcap_gives_the_same_frames),
		cmocka_unit_test(every_pcapng_clock_gives_the_same_frames),
		cmocka_unit_test(pcapng_times_never_overflow),
		cmocka_unit_test(sections_have_their_own_order_and_interfaces),
		cmocka_unit_test(simple_packets_are_cut_by_the_snaplen),
		cmocka_unit_test(interfaces_beyond_the_table_are_counted),
		cmocka_unit_test(concatenated_captures_are_read_through),
		cmocka_unit_test(a_header_that_could_be_a_block_is_a_header),
		cmocka_unit_test(what_is_no_capture_is_unsupported),
		cmocka_unit_test(damaged_pcap_goes_on_behind_the_damage),
		cmocka_unit_test(damaged_pcapng_goes_on_behind_the_damage),
		cmocka_unit_test(random_damage_is_survived),
		cmocka_unit_test(one_pattern_for_ever_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
