#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/app/websocket.h"

#define HELLO_MASKED "\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"

struct stream_case {
	const char *name, *hex;
	bool is_midstream, has_deflate, has_no_takeover;
	/* "opcode:payload;" of each message, '?' for one not inflated, '!' for the end by damage */
	const char *messages;
};

/* The frames called 6455 and 7692 are the examples of those RFCs (5.7 and 7.2.3). */
static const struct stream_case streams[] = {
	{"6455 unmasked", "810548656c6c6f", false, false, false, "1:Hello;"},
	{"6455 masked", "818537fa213d7f9f4d5158", false, false, false, "1:Hello;"},
	{"6455 fragments", "010348656c80026c6f", false, false, false, "1:Hello;"},
	{"6455 ping and pong", "890548656c6c6f8a8537fa213d7f9f4d5158", false, false, false,
	 "9:Hello;10:Hello;"},
	{"ping between fragments",
	 "010348656c890170"
	 "80026c6f",
	 false, false, false, "9:p;1:Hello;"},
	{"close, then more", "880203e8810161", false, false, false, "8:\x03\xe8;1:a;"},
	{"empty", "81008900", false, false, false, "1:;9:;"},
	{"empty fragments", "0200000080", false, false, false, ""},
	{"length in too many bytes", "817e000548656c6c6f", false, false, false, "1:Hello;"},
	{"7692 one block", "c107f248cdc9c90700", false, true, false, "1:Hello;"},
	{"7692 fragments", "4103f248cd8004c9c90700", false, true, false, "1:Hello;"},
	{"7692 shared window", "c107f248cdc9c90700c105f200110000", false, true, false,
	 "1:Hello;1:Hello;"},
	{"7692 no takeover", "c107f248cdc9c90700c107f248cdc9c90700", false, true, true,
	 "1:Hello;1:Hello;"},
	{"7692 stored block", "c10b000500faff48656c6c6f00", false, true, false, "1:Hello;"},
	{"7692 final block", "c108f348cdc9c9070000c105f200110000", false, true, false,
	 "1:Hello;1:Hello;"},
	{"7692 two blocks",
	 "c10df248050000"
	 "00ffffcac9c90700",
	 false, true, false, "1:Hello;"},
	{"window gone by agreement", "c107f248cdc9c90700c105f200110000c107f248cdc9c90700", false,
	 true, true, "1:Hello;1?1:Hello;"},
	{"mid-stream, unknown history", "c105f200110000c107f248cdc9c90700c105f200110000", true,
	 true, false, "1?1:Hello;1:Hello;"},
	{"mid-stream, end of a message", "800268698103616263", true, false, false, "0?1:abc;"},
	{"mid-stream, end of a message in fragments",
	 "000268698900"
	 "80016a8103616263",
	 true, false, false, "9:;0?1:abc;"},
	{"compressed, but not agreed", "c107f248cdc9c90700810161", false, false, false, "1?1:a;"},
	{"extension not known", "a10161810161", false, false, false, "1?1:a;"},
	{"corrupt, then fine", "c10107c107f248cdc9c90700", false, true, false, "1?1:Hello;"},
	{"continuation of nothing", "800161", false, false, false, "!"},
	{"second continuation of nothing", "810161800161", true, false, false, "1:a;!"},
	{"message inside a message", "010161810162", false, false, false, "!"},
	{"compression bit on a continuation", "010161c00162", false, false, false, "!"},
	{"reserved opcode", "8301", false, false, false, "!"},
	{"reserved control", "8b01", false, false, false, "!"},
	{"control in fragments", "0901", false, false, false, "!"},
	{"control too long", "897e", false, false, false, "!"},
	{"length over 2^63", "817fffffffffffffffff", false, false, false, "!"},
	{"giant length", "817f7fffffffffffffff61", false, false, false, ""},
};

static _Alignas(16) char inflater_memory[INFLATER_MEMORY(15)];
static char kept[256];

static struct websocket_settings settings_of(const struct stream_case *c)
{
	return (struct websocket_settings){
		.deflate = {.is_on = c->has_deflate,
			    .server_no_context_takeover = c->has_no_takeover,
			    .client_window_bits = 15,
			    .server_window_bits = 15},
		.is_midstream = c->is_midstream,
		.kept = kept,
		.kept_max = sizeof(kept),
		.inflater = inflater_memory,
		.inflater_size = sizeof(inflater_memory),
	};
}

static void drain(struct websocket_stream *stream, struct buf *out)
{
	struct websocket_message message;

	for (;;) {
		switch (websocket_stream_next(stream, &message)) {
		case DECODED:
			buf_printf(out, "%u:", message.opcode);
			buf_add(out, message.payload);
			buf_add_byte(out, ';');
			break;
		case UNSUPPORTED:
			buf_printf(out, "%u?", message.opcode);
			break;
		case MALFORMED:
			if (out->len == 0 || out->at[out->len - 1] != '!')
				buf_add_byte(out, '!');
			return;
		default:
			return;
		}
	}
}

static void messages_in_any_pieces(void **state)
{
	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		uint8_t bytes[128];
		struct websocket_settings settings = settings_of(&streams[i]);
		ptrdiff_t len = str_decode_hex(str_from(streams[i].hex), bytes, sizeof(bytes));
		assert_true(len > 0);
		for (size_t step = 1; step <= (size_t)len; step++) {
			struct websocket_stream stream;
			struct buf out = {0};
			websocket_stream_init(&stream, &settings);
			for (size_t at = 0; at < (size_t)len; at += step) {
				struct str part = str_sub(str_of(bytes, (size_t)len), at, step);
				char *exact = malloc(part.len);
				memcpy(exact, part.at, part.len);
				websocket_stream_feed(&stream, str_of(exact, part.len));
				drain(&stream, &out);
				free(exact);
			}
			if (!str_equal(buf_view(&out), str_from(streams[i].messages)))
				fail_msg("%s in pieces of %zu: %.*s", streams[i].name, step,
					 STR_ARG(buf_view(&out)));
			buf_fini(&out);
		}
	}
}

static void a_long_message_is_cut_and_counted(void **state)
{
	struct stream_case c = {0};
	struct websocket_settings settings = settings_of(&c);
	struct websocket_stream stream;
	struct websocket_message message;
	char payload[500];

	memset(payload, 'x', sizeof(payload));
	websocket_stream_init(&stream, &settings);
	for (int i = 0; i < 3; i++) { /* three fragments of 500 */
		websocket_stream_feed(&stream, str_of(i == 0   ? "\x01\x7e\x01\xf4"
						      : i == 1 ? "\x00\x7e\x01\xf4"
							       : "\x80\x7e\x01\xf4",
						      4));
		assert_int_equal(websocket_stream_next(&stream, &message), NEED_MORE);
		websocket_stream_feed(&stream, str_of(payload, sizeof(payload)));
		assert_int_equal(websocket_stream_next(&stream, &message),
				 i < 2 ? NEED_MORE : DECODED);
	}
	assert_true(message.is_cut);
	assert_int_equal(message.payload.len, sizeof(kept));
	assert_int_equal(message.length, 1500);
	assert_int_equal(message.wire_length, 1500);
}

static void frame_headers(void **state)
{
	static const struct {
		struct str bytes;
		uint64_t length;
		bool masked, is_minimal;
	} rows[] = {
		{{"\x82\x7e\x01\x00", 4}, 256, false, true},
		{{"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10}, 65536, false, true},
		{{"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", 10}, 65535, false, false},
		{{"\x82\xfe\x00\x7d\x01\x02\x03\x04", 8}, 125, true, false},
		{{"\x81" HELLO_MASKED, 6}, 5, true, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct websocket_frame frame;
		struct reader in;
		for (size_t cut = 0; cut < rows[i].bytes.len; cut++) {
			in = reader_of(str_sub(rows[i].bytes, 0, cut));
			assert_int_equal(websocket_frame_read(&in, &frame), NEED_MORE);
			assert_int_equal(reader_left(&in), cut);
		}
		in = reader_of(rows[i].bytes);
		assert_int_equal(websocket_frame_read(&in, &frame), DECODED);
		assert_int_equal(frame.length, rows[i].length);
		assert_int_equal(frame.masked, rows[i].masked);
		assert_int_equal(frame.is_minimal, rows[i].is_minimal);
		assert_int_equal(reader_left(&in), 0);
	}
}

static void masks_at_any_offset(void **state)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	uint8_t bytes[41], other[41];

	for (size_t offset = 0; offset < 9; offset++) {
		for (size_t len = 0; len <= sizeof(bytes); len++) {
			for (size_t i = 0; i < sizeof(bytes); i++) {
				bytes[i] = (uint8_t)(i * 7);
				other[i] = (uint8_t)(bytes[i] ^
						     (i < len ? mask[(offset + i) % 4] : 0));
			}
			websocket_unmask(bytes, len, mask, offset);
			assert_memory_equal(bytes, other, sizeof(bytes));
		}
	}
}

static void frames_in_mid_connection(void **state)
{
	static const struct {
		struct str bytes;
		bool is_one;
	} rows[] = {
		{{"\x81\x08{\"id\":1}", 10}, true},
		{{"\x81\x08{", 3}, true},
		{{"\x81\x08", 2}, false}, /* nothing of the payload is there */
		{{"\x81\x04[1]\n", 6}, true},
		{{"\x81\x88\x01\x02\x03\x04\x7a\x20", 8}, true}, /* {" */
		{{"\x82\x88\x01\x02\x03\x04\x7a\x20", 8}, true},
		{{"\x82\x08{\"", 4}, false},
		{{"\x81\x08{z", 4}, false},
		{{"\x81\x08ping", 6}, false},
		{{"\xc1\x08{\"", 4}, false},
		{{"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", 9}, true}, /* compressed, the segment */
		{{"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07", 8}, false},    /* cut off */
		{{"\x81\x7e\x00\x08{\"", 6}, false},
		{{"\x83\x08{\"", 4}, false},
		{{"{\"id\":1}", 8}, false},
		{{"", 0}, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (websocket_starts_midstream(rows[i].bytes) != rows[i].is_one)
			fail_msg("row %zu", i);
}

static void extensions_are_read(void **state)
{
	static const struct {
		const char *header;
		struct websocket_deflate is;
	} rows[] = {
		{"", {false, false, false, 15, 15}},
		{"x-webkit-deflate-frame", {false, false, false, 15, 15}},
		{"permessage-deflate", {true, false, false, 15, 15}},
		{"x-a; b=c, Permessage-Deflate ; Server_No_Context_Takeover",
		 {true, false, true, 15, 15}},
		{"permessage-deflate; client_max_window_bits=12; server_max_window_bits=\"9\"",
		 {true, false, false, 12, 9}},
		{"permessage-deflate; client_max_window_bits; client_no_context_takeover",
		 {true, true, false, 15, 15}},
		{"permessage-deflate; server_max_window_bits=99", {true, false, false, 15, 15}},
		{"permessage-deflate; server_max_window_bits=10, permessage-deflate",
		 {true, false, false, 15, 10}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct websocket_deflate is = websocket_extensions_read(str_from(rows[i].header));
		const struct websocket_deflate *should = &rows[i].is;
		if (is.is_on != should->is_on ||
		    is.client_no_context_takeover != should->client_no_context_takeover ||
		    is.server_no_context_takeover != should->server_no_context_takeover ||
		    is.client_window_bits != should->client_window_bits ||
		    is.server_window_bits != should->server_window_bits)
			fail_msg("%s", rows[i].header);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_in_any_pieces),
		cmocka_unit_test(a_long_message_is_cut_and_counted),
		cmocka_unit_test(frame_headers),
		cmocka_unit_test(masks_at_any_offset),
		cmocka_unit_test(frames_in_mid_connection),
		cmocka_unit_test(extensions_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
