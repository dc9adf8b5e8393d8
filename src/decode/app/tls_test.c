#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/app/tls.h"
#include "decode/app/x509_sample.h"

static void add16(struct buf *out, size_t value)
{
	buf_add_byte(out, (char)(value >> 8));
	buf_add_byte(out, (char)value);
}

static void add24(struct buf *out, size_t value)
{
	buf_add_byte(out, (char)(value >> 16));
	add16(out, value & 0xffff);
}

static void add_list(struct buf *out, const char *codes) /* "1301,1302" */
{
	struct str rest = str_from(codes), code;
	uint64_t value;

	while (rest.len > 0) {
		str_cut(rest, ',', &code, &rest);
		assert_true(str_hex_to_u64(code, &value));
		add16(out, value);
	}
}

static void add_extension(struct buf *out, unsigned type, struct str body)
{
	add16(out, type);
	add16(out, body.len);
	buf_add(out, body);
}

struct hello_case {
	const char *name;
	unsigned legacy;
	const char *ciphers, *extensions, *signatures, *versions; /* comma lists of hex */
	struct str server_name, alpn;				  /* alpn: wire list */
	char transport;
	const char *ja4;
};

/* The body of one extension of a case. */
static void add_case_extension(struct buf *out, const struct hello_case *c, unsigned type)
{
	struct buf body = {0}, list = {0};

	switch (type) {
	case 0:
		add16(&body, c->server_name.len + 3);
		buf_add_byte(&body, 0);
		add16(&body, c->server_name.len);
		buf_add(&body, c->server_name);
		break;
	case 13:
		add_list(&list, c->signatures);
		add16(&body, list.len);
		buf_add(&body, buf_view(&list));
		break;
	case 16:
		add16(&body, c->alpn.len);
		buf_add(&body, c->alpn);
		break;
	case 43:
		add_list(&list, c->versions);
		buf_add_byte(&body, (char)list.len);
		buf_add(&body, buf_view(&list));
		break;
	default:
		break;
	}
	add_extension(out, type, buf_view(&body));
	buf_fini(&body);
	buf_fini(&list);
}

static void add_hello_body(struct buf *out, const struct hello_case *c)
{
	struct buf list = {0};
	struct str rest = str_from(c->extensions), code;
	uint64_t type;

	add16(out, c->legacy);
	for (int i = 0; i < 32; i++)
		buf_add_byte(out, (char)i);
	buf_add_byte(out, 4);
	buf_add_text(out, "sess");
	if (c->legacy >= 0xfe00)
		buf_add_byte(out, 0);
	add_list(&list, c->ciphers);
	add16(out, list.len);
	buf_add(out, buf_view(&list));
	buf_add_bytes(out, "\x01\x00", 2);
	buf_clear(&list);
	while (rest.len > 0) {
		str_cut(rest, ',', &code, &rest);
		assert_true(str_hex_to_u64(code, &type));
		add_case_extension(&list, c, (unsigned)type);
	}
	if (list.len > 0) {
		add16(out, list.len);
		buf_add(out, buf_view(&list));
	}
	buf_fini(&list);
}

static void add_message(struct buf *out, unsigned type, struct str body)
{
	buf_add_byte(out, (char)type);
	add24(out, body.len);
	buf_add(out, body);
}

/* Handshake bytes as records of at most `most` bytes each. */
static void add_records(struct buf *out, struct str handshake, size_t most)
{
	while (handshake.len > 0) {
		struct str part = str_sub(handshake, 0, most);
		buf_add_bytes(out, "\x16\x03\x01", 3);
		add16(out, part.len);
		buf_add(out, part);
		handshake = str_skip(handshake, part.len);
	}
}

static struct buf hello_stream(const struct hello_case *c, size_t record_max)
{
	struct buf body = {0}, message = {0}, stream = {0};

	add_hello_body(&body, c);
	add_message(&message, 1, buf_view(&body));
	add_records(&stream, buf_view(&message), record_max);
	buf_fini(&body);
	buf_fini(&message);
	return stream;
}

#define CHROME_CIPHERS \
	"2a2a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
#define CHROME_SIGNATURES "0403,0804,0401,0503,0805,0501,0806,0601"

/* The first two rows are published: JA4.md's example, and the "-ro" line of FoxIO's own test data
 * for sigalg-grease.pcapng. The others follow JA4.md's rules on single fields. */
static const struct hello_case hellos[] = {
	{"published example",
	 0x0303,
	 CHROME_CIPHERS,
	 "1a1a,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,dada,"
	 "0015",
	 CHROME_SIGNATURES,
	 "3a3a,0304,0303",
	 {"pool.example", 12},
	 {"\x02h2\x08http/1.1", 12},
	 't',
	 "t13d1516h2_8daaf6152771_e5627efa2ab1"},
	{"published, GREASE among the signatures",
	 0x0303,
	 CHROME_CIPHERS,
	 "fe0d,0010,0017,0033,44cd,ff01,000a,000d,0023,002b,000b,ca34,002d,0000,0005,001b,0012",
	 "0904,0905,0906,6a6a,0403,0804,0401,0503,0805,0501,0806,0601",
	 "0304,0303",
	 {"pool.example", 12},
	 {"\x02h2", 3},
	 't',
	 "t13d1517h2_8daaf6152771_cb7bf5808d99"},
	{"published, without signatures",
	 0x0303,
	 CHROME_CIPHERS,
	 "0005,000a,000b,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01,000d",
	 "",
	 "0304",
	 {0},
	 {0},
	 't',
	 "t13i151400_8daaf6152771_6d807ffa2a79"},
	{"no extensions",
	 0x0301,
	 "0005",
	 "",
	 "",
	 "",
	 {0},
	 {0},
	 't',
	 "t10i010000_1ed8eb363bcd_000000000000"},
	{"SSL 3.0 in QUIC, no ciphers",
	 0x0300,
	 "",
	 "0000",
	 "",
	 "",
	 {"a", 1},
	 {0},
	 'q',
	 "qs3d000100_000000000000_000000000000"},
	{"odd ALPN",
	 0x0303,
	 "",
	 "0010",
	 "",
	 "",
	 {0},
	 {"\x02\x30\xab\x02h2", 6},
	 't',
	 "t12i00013b_000000000000_000000000000"},
	{"ALPN of one byte",
	 0x0303,
	 "",
	 "0010",
	 "",
	 "",
	 {0},
	 {"\x01z", 2},
	 't',
	 "t12i0001zz_000000000000_000000000000"},
	{"ALPN empty",
	 0x0303,
	 "",
	 "0010",
	 "",
	 "",
	 {0},
	 {"\x00\x02h2", 4},
	 't',
	 "t12i000100_000000000000_000000000000"},
	{"unknown version",
	 0x0305,
	 "",
	 "0010",
	 "",
	 "",
	 {0},
	 {"\x04\x30\xab\xcd\x31", 5},
	 't',
	 "t00i000101_000000000000_000000000000"},
	{"DTLS",
	 0xfefd,
	 "",
	 "0010",
	 "",
	 "",
	 {0},
	 {"\x02h2", 3},
	 'd',
	 "dd2i0001h2_000000000000_000000000000"},
};

static void ja4_is_as_published(void **state)
{
	for (size_t i = 0; i < sizeof(hellos) / sizeof(*hellos); i++) {
		struct buf body = {0};
		struct tls_client_hello hello;
		char ja4[TLS_JA4_SIZE];

		add_hello_body(&body, &hellos[i]);
		assert_int_equal(tls_client_hello_body_read(buf_view(&body), &hello), DECODED);
		tls_ja4(&hello, hellos[i].transport, ja4);
		if (strcmp(ja4, hellos[i].ja4) != 0)
			fail_msg("%s: %s, not %s", hellos[i].name, ja4, hellos[i].ja4);
		buf_fini(&body);
	}
}

static void hello_fields_are_read(void **state)
{
	struct buf stream = hello_stream(&hellos[1], 1 << 14);
	struct tls_client_hello hello;
	struct arena scratch;

	assert_int_equal(arena_init(&scratch, TLS_SCRATCH), 0);
	assert_int_equal(tls_client_hello_read(buf_view(&stream), &scratch, &hello), DECODED);
	assert_int_equal(scratch.used, 0); /* one record: nothing is copied */
	assert_int_equal(hello.legacy_version, 0x0303);
	assert_int_equal(hello.version, 0x0304);
	assert_true(hello.has_ech);
	assert_true(str_equal(hello.server_name, STR("pool.example")));
	assert_int_equal(hello.alpn_count, 1);
	assert_true(str_equal(hello.alpn[0], STR("h2")));
	assert_true(tls_is_certain(buf_view(&stream)));
	arena_fini(&scratch);
	buf_fini(&stream);
}

static void hello_in_any_pieces(void **state)
{
	static const size_t record_sizes[] = {1, 3, 64, 1 << 14};
	struct arena scratch;

	assert_int_equal(arena_init(&scratch, TLS_SCRATCH), 0);
	for (size_t r = 0; r < sizeof(record_sizes) / sizeof(*record_sizes); r++) {
		struct buf stream = hello_stream(&hellos[0], record_sizes[r]);
		for (size_t cut = 0; cut <= stream.len; cut++) {
			struct tls_client_hello hello;
			char ja4[TLS_JA4_SIZE];
			char *exact = malloc(cut + 1);
			memcpy(exact, stream.at, cut);
			arena_reset(&scratch);
			enum decoded outcome =
				tls_client_hello_read(str_of(exact, cut), &scratch, &hello);
			assert_int_equal(outcome, cut < stream.len ? NEED_MORE : DECODED);
			if (cut > 0)
				assert_true(tls_starts(str_of(exact, cut)));
			if (outcome == DECODED) {
				tls_ja4(&hello, 't', ja4);
				assert_string_equal(ja4, hellos[0].ja4);
			}
			free(exact);
		}
		buf_fini(&stream);
	}
	arena_fini(&scratch);
}

static void hostile_hellos(void **state)
{
	static const struct {
		const char *name, *hex;
		enum decoded outcome;
	} rows[] = {
		{"other protocol", "474554202f", MALFORMED},
		{"server hello", "160303000402000000", MALFORMED},
		{"hello of 16 MiB", "160301000401ffffff", UNSUPPORTED},
		{"hello cut by an alert", "1603010005010000200315030100020228", MALFORMED},
		{"hello of no bytes", "160301000401000000", MALFORMED},
		{"record of no bytes", "1603010000", MALFORMED},
		{"record too long", "160301ffff", MALFORMED},
		{"odd cipher list",
		 "160301002e0100002a030300000000000000000000000000000000000000"
		 "000000000000000000000000000000031301130100",
		 MALFORMED},
		{"SSLv2 lengths do not add up", "802e01030100150000001100000a", MALFORMED},
	};
	struct arena scratch;

	assert_int_equal(arena_init(&scratch, TLS_SCRATCH), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t bytes[128];
		struct tls_client_hello hello;
		ptrdiff_t len = str_decode_hex(str_from(rows[i].hex), bytes, sizeof(bytes));
		assert_true(len > 0);
		enum decoded outcome =
			tls_client_hello_read(str_of(bytes, (size_t)len), &scratch, &hello);
		if (outcome != rows[i].outcome)
			fail_msg("%s: %d", rows[i].name, outcome);
	}
	arena_fini(&scratch);
}

static void a_small_arena_is_an_outcome(void **state)
{
	struct buf stream = hello_stream(&hellos[0], 10);
	struct tls_client_hello hello;
	struct arena scratch;

	assert_int_equal(arena_init(&scratch, 16), 0);
	assert_int_equal(tls_client_hello_read(buf_view(&stream), &scratch, &hello), UNSUPPORTED);
	arena_fini(&scratch);
	buf_fini(&stream);
}

static void sslv2_hello_is_read(void **state)
{
	/* 46 bytes, version 3.1, three ciphers (one of SSLv2 alone), challenge of 16 */
	static const uint8_t bytes[] = {0x80, 0x22, 0x01, 0x03, 0x01, 0x00, 0x09, 0x00, 0x00,
					0x00, 0x10, 0x00, 0x00, 0x2f, 0x01, 0x00, 0x80, 0x00,
					0x00, 0x35, 1,	  2,	3,    4,    5,	  6,	7,
					8,    9,    10,	  11,	12,   13,   14,	  15,	16};
	struct tls_client_hello hello;
	struct arena scratch;
	char ja4[TLS_JA4_SIZE];

	assert_int_equal(arena_init(&scratch, TLS_SCRATCH), 0);
	for (size_t cut = 1; cut < sizeof(bytes); cut++) {
		assert_true(tls_starts(str_of(bytes, cut)));
		assert_int_equal(tls_client_hello_read(str_of(bytes, cut), &scratch, &hello),
				 NEED_MORE);
	}
	assert_true(tls_is_certain(str_of(bytes, sizeof(bytes))));
	assert_int_equal(tls_client_hello_read(str_of(bytes, sizeof(bytes)), &scratch, &hello),
			 DECODED);
	assert_true(hello.is_sslv2);
	assert_int_equal(hello.version, 0x0301);
	tls_ja4(&hello, 't', ja4);
	assert_memory_equal(ja4, "t10i020000_", 11);
	arena_fini(&scratch);
}

static void add_server_hello(struct buf *out, unsigned version, struct str extensions)
{
	struct buf body = {0};

	add16(&body, version);
	for (int i = 0; i < 32; i++)
		buf_add_byte(&body, 0x55);
	buf_add_byte(&body, 0);
	add16(&body, 0xc02f);
	buf_add_byte(&body, 0);
	add16(&body, extensions.len);
	buf_add(&body, extensions);
	add_message(out, 2, buf_view(&body));
	buf_fini(&body);
}

static void add_certificate(struct buf *out)
{
	uint8_t der[1024];
	struct buf body = {0};
	ptrdiff_t len = str_decode_hex(STR(X509_SAMPLE_HEX), der, sizeof(der));

	add24(&body, (size_t)len + 3 + 8);
	add24(&body, (size_t)len);
	buf_add_bytes(&body, der, (size_t)len);
	add24(&body, 5);
	buf_add_text(&body, "chain");
	add_message(out, 11, buf_view(&body));
	buf_fini(&body);
}

static void server_flight_of_tls12(void **state)
{
	static const size_t record_sizes[] = {7, 100, 1 << 14};
	struct buf handshake = {0};
	struct arena scratch;

	assert_int_equal(arena_init(&scratch, TLS_SCRATCH), 0);
	add_server_hello(&handshake, 0x0303, str_of("\x00\x10\x00\x05\x00\x03\x02h2", 9));
	add_certificate(&handshake);
	for (size_t r = 0; r < sizeof(record_sizes) / sizeof(*record_sizes); r++) {
		struct buf stream = {0};
		enum decoded outcome = NEED_MORE;
		add_records(&stream, buf_view(&handshake), record_sizes[r]);
		for (size_t cut = 0; cut <= stream.len; cut++) {
			struct tls_server_flight flight;
			arena_reset(&scratch);
			enum decoded last = outcome;
			outcome = tls_server_flight_read(str_of(stream.at, cut), &scratch, &flight);
			assert_true(outcome == DECODED ||
				    (outcome == NEED_MORE && last != DECODED));
			if (outcome != DECODED)
				continue;
			assert_int_equal(flight.version, 0x0303);
			assert_int_equal(flight.cipher, 0xc02f);
			assert_true(str_equal(flight.alpn, STR("h2")));
			assert_true(flight.has_certificate);
			assert_int_equal(flight.certificate.dns_count, 2);
			assert_true(str_equal(flight.certificate.subject, STR("pool.example.net")));
		}
		assert_int_equal(outcome, DECODED);
		buf_fini(&stream);
	}
	arena_fini(&scratch);
	buf_fini(&handshake);
}

static void server_flights_without_certificate(void **state)
{
	static const struct {
		const char *name;
		struct str extensions, after;
		enum decoded outcome;
		uint16_t version;
		int alert; /* -1: none */
	} rows[] = {
		{"TLS 1.3", {"\x00\x2b\x00\x02\x03\x04", 6}, {0}, DECODED, 0x0304, -1},
		{"TLS 1.2, more to come", {0}, {0}, NEED_MORE, 0x0303, -1},
		{"resumption", {0}, {"\x14\x03\x03\x00\x01\x01", 6}, DECODED, 0x0303, -1},
		{"alert on its way", {0}, {"\x15\x03\x03\x00\x02\x02", 6}, NEED_MORE, 0x0303, -1},
		{"alert", {0}, {"\x15\x03\x03\x00\x02\x02\x28", 7}, DECODED, 0x0303, 40},
		{"anonymous",
		 {0},
		 {"\x16\x03\x03\x00\x04\x0e\x00\x00\x00", 9},
		 DECODED,
		 0x0303,
		 -1},
		{"not TLS any more", {0}, {"HTTP/1.1", 8}, DECODED, 0x0303, -1},
	};
	struct arena scratch;

	assert_int_equal(arena_init(&scratch, TLS_SCRATCH), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf handshake = {0}, stream = {0};
		struct tls_server_flight flight;
		add_server_hello(&handshake, 0x0303, rows[i].extensions);
		add_records(&stream, buf_view(&handshake), 1 << 14);
		buf_add(&stream, rows[i].after);
		arena_reset(&scratch);
		enum decoded outcome = tls_server_flight_read(buf_view(&stream), &scratch, &flight);
		if (outcome != rows[i].outcome || flight.version != rows[i].version ||
		    flight.has_certificate || (rows[i].alert >= 0) != flight.has_alert ||
		    (flight.has_alert && flight.alert != rows[i].alert))
			fail_msg("%s", rows[i].name);
		buf_fini(&handshake);
		buf_fini(&stream);
	}
	arena_fini(&scratch);
}

static void starts_of_streams(void **state)
{
	static const struct {
		struct str first;
		bool starts, is_certain;
	} rows[] = {
		{{"\x16", 1}, true, false},
		{{"\x16\x03\x01\x02\x00", 5}, true, false},
		{{"\x16\x03\x01\x02\x00\x01\x00", 7}, true, true},
		{{"\x16\x03\x01\x02\x00\x09\x00", 7}, true, false},
		{{"\x17\x03\x03\x00\x20\xaa", 6}, true, true},
		{{"\x15\x03\x01\x00\x02\x02\x28", 7}, true, true},
		{{"\x17\x03\x03\x50\x20\xaa", 6}, false, false},
		{{"\x16\x02", 2}, false, false},
		{{"\x16\x03\x05", 3}, false, false},
		{{"{\"id\":1}", 8}, false, false},
		{{"GET / HTTP", 10}, false, false},
		{{"\x80\x2e\x01\x03\x01\x00\x15\x00\x00", 9}, true, true},
		{{"\x80\x2e\x02\x03\x01", 5}, false, false},
		{{"\xff\xff\xff", 3}, false, false},
		{{"", 0}, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (tls_starts(rows[i].first) != rows[i].starts ||
		    tls_is_certain(rows[i].first) != rows[i].is_certain)
			fail_msg("row %zu", i);
	}
}

static void records_are_told_apart(void **state)
{
	static const uint8_t bytes[] = {0x17, 3, 3, 0, 2, 'a', 'b',  0x15,
					3,    3, 0, 2, 1, 0,   0x47, 0x45};
	struct reader in = reader_of(str_of(bytes, sizeof(bytes)));
	struct tls_record record;

	assert_int_equal(tls_record_read(&in, &record), DECODED);
	assert_int_equal(record.type, TLS_APPLICATION);
	assert_int_equal(record.length, 2);
	assert_true(read_skip(&in, 2));
	assert_int_equal(tls_record_read(&in, &record), DECODED);
	assert_int_equal(record.type, TLS_ALERT);
	assert_true(read_skip(&in, 2));
	assert_int_equal(tls_record_read(&in, &record), MALFORMED);
	in = reader_of(str_of(bytes, 4));
	assert_int_equal(tls_record_read(&in, &record), NEED_MORE);
	assert_int_equal(reader_left(&in), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ja4_is_as_published),
		cmocka_unit_test(hello_fields_are_read),
		cmocka_unit_test(hello_in_any_pieces),
		cmocka_unit_test(hostile_hellos),
		cmocka_unit_test(a_small_arena_is_an_outcome),
		cmocka_unit_test(sslv2_hello_is_read),
		cmocka_unit_test(server_flight_of_tls12),
		cmocka_unit_test(server_flights_without_certificate),
		cmocka_unit_test(starts_of_streams),
		cmocka_unit_test(records_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
