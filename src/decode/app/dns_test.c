#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/app/dns.h"

#define HEADER(flags, questions, answers, additional) \
	"\x12\x34" flags "\x00" questions "\x00" answers "\x00\x00\x00" additional
#define QUESTION_WWW "\x03WwW\x04pool\x02io\x00\x00\x01\x00\x01" /* at 12, its "pool" at 16 */

/* www.pool.io CNAME cdn.example (at 40), cdn.example A 192.0.2.1, A 192.0.2.2 */
static const char chain[] = HEADER("\x81\x80", "\x01", "\x03", "\x00") QUESTION_WWW
	"\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x0d\x03"
	"cdn\x07"
	"example\x00"
	"\xc0\x29\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"
	"\xc0\x29\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x02";

static void take_text(void *context, const struct dns_naming *naming)
{
	struct buf *out = context;

	buf_add(out, naming->name);
	buf_add_byte(out, '=');
	buf_add_address(out, &naming->address);
	buf_printf(out, "(%u)", naming->ttl_s);
}

static void addresses_get_the_name_that_was_asked_for(void **state)
{
	static const struct {
		const char *name;
		struct str bytes;
		const char *names;
	} rows[] = {
		{"chain",
		 {chain, sizeof(chain) - 1},
		 "www.pool.io=192.0.2.1(60)www.pool.io=192.0.2.2(60)"},
		{"mDNS: additional record, cache-flush bit",
		 {HEADER("\x84\x00", "\x00", "\x00",
			 "\x01") "\x03nas\x05local\x00\x00\x1c\x80\x01\x00\x00"
				 "\x00\x78\x00\x10\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
				 "\x00\x00\x00\x01",
		  12 + 11 + 10 + 16},
		 "nas.local=fe80::1(120)"},
		{"glue is not an answer",
		 {HEADER("\x81\x80", "\x01", "\x00", "\x01") QUESTION_WWW
		  "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01",
		  12 + 17 + 16},
		 ""},
		{"a query names nothing",
		 {HEADER("\x01\x00", "\x01", "\x01", "\x00") QUESTION_WWW
		  "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01",
		  12 + 17 + 16},
		 ""},
		{"ring of aliases",
		 {HEADER("\x81\x80", "\x01", "\x03", "\x00") QUESTION_WWW
		  "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x01\x00\x02\xc0\x10"
		  "\xc0\x10\x00\x05\x00\x01\x00\x00\x00\x01\x00\x02\xc0\x0c"
		  "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01",
		  12 + 17 + 14 + 14 + 16},
		 "www.pool.io=192.0.2.1(60)"},
		{"HTTPS with hints",
		 {HEADER("\x81\x80", "\x01", "\x01", "\x00") QUESTION_WWW
		  "\xc0\x0c\x00\x41\x00\x01\x00\x00\x00\x3c\x00\x1b\x00\x01\x00"
		  "\x00\x01\x00\x00\x00\x04\x00\x08\xc0\x00\x02\x01\xc0\x00\x02\x02"
		  "\x00\x05\x00\x04\x61\x62\x63\x64",
		  12 + 17 + 12 + 27},
		 "www.pool.io=192.0.2.1(60)www.pool.io=192.0.2.2(60)"},
		{"A of three bytes, then a good one",
		 {HEADER("\x81\x80", "\x01", "\x02", "\x00") QUESTION_WWW
		  "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x03\xc0\x00\x02"
		  "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01",
		  12 + 17 + 15 + 16},
		 "www.pool.io=192.0.2.1(60)"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dns_message message;
		struct buf out = {0};
		if (dns_message_read(rows[i].bytes, &message) != DECODED)
			fail_msg("%s", rows[i].name);
		dns_names_of(&message, take_text, &out);
		if (!str_equal(buf_view(&out), str_from(rows[i].names)))
			fail_msg("%s: %.*s", rows[i].name, STR_ARG(buf_view(&out)));
		buf_fini(&out);
	}
}

static void answers_are_read_one_by_one(void **state)
{
	struct dns_message message;
	struct dns_cursor cursor = {0};
	struct dns_answer answer;

	assert_int_equal(dns_message_read(str_of(chain, sizeof(chain) - 1), &message), DECODED);
	assert_int_equal(message.id, 0x1234);
	assert_true(message.is_response && message.has_question);
	assert_int_equal(message.question_type, DNS_A);
	assert_true(str_equal(dns_name_text(&message.question), STR("www.pool.io")));
	assert_int_equal(dns_answer_next(&message, &cursor, &answer), DECODED);
	assert_int_equal(answer.type, DNS_CNAME);
	assert_int_equal(answer.ttl_s, 300);
	assert_true(str_equal(dns_name_text(&answer.name), STR("www.pool.io")));
	assert_true(str_equal(dns_name_text(&answer.target), STR("cdn.example")));
	assert_int_equal(dns_answer_next(&message, &cursor, &answer), DECODED);
	assert_int_equal(dns_answer_next(&message, &cursor, &answer), DECODED);
	assert_true(str_equal(dns_name_text(&answer.name), STR("cdn.example")));
	assert_int_equal(answer.address_count, 1);
	assert_int_equal(dns_answer_next(&message, &cursor, &answer), NEED_MORE);
	assert_true(dns_has_ended(&message, &cursor));
}

/* What a cut message still says is a prefix of what the whole one says. */
static void each_prefix_says_less_but_nothing_wrong(void **state)
{
	static const char whole[] = "www.pool.io=192.0.2.1(60)www.pool.io=192.0.2.2(60)";

	for (size_t cut = 0; cut < sizeof(chain) - 1; cut++) {
		char *exact = malloc(cut + 1);
		struct dns_message message;
		struct buf out = {0};
		memcpy(exact, chain, cut);
		enum decoded outcome = dns_message_read(str_of(exact, cut), &message);
		assert_int_equal(outcome, cut < 29 ? NEED_MORE : DECODED);
		if (outcome == DECODED) {
			dns_names_of(&message, take_text, &out);
			assert_true(str_starts(str_from(whole), buf_view(&out)));
			assert_true(out.len < sizeof(whole) - 1);
		}
		buf_fini(&out);
		free(exact);
	}
}

static void hostile_names(void **state)
{
	static const struct {
		const char *name;
		struct str bytes;
		enum decoded outcome;
		const char *text;
	} rows[] = {
		{"pointer to itself",
		 {HEADER("\x01\x00", "\x01", "\x00", "\x00") "\xc0\x0c\x00\x01\x00\x01", 18},
		 MALFORMED,
		 ""},
		{"two pointers in a ring",
		 {HEADER("\x01\x00", "\x01", "\x00", "\x00") "\xc0\x0e\xc0\x0c\x00\x01\x00\x01",
		  20},
		 MALFORMED,
		 ""},
		{"label before its own pointer",
		 {HEADER("\x01\x00", "\x01", "\x00", "\x00") "\x01"
							     "a\xc0\x0c\x00\x01\x00\x01",
		  20},
		 MALFORMED,
		 ""},
		{"pointer into the header",
		 {HEADER("\x01\x00", "\x01", "\x00", "\x00") "\xc0\x00\x00\x01\x00\x01", 18},
		 MALFORMED,
		 ""},
		{"pointer past the end",
		 {HEADER("\x01\x00", "\x01", "\x00", "\x00") "\xff\xff\x00\x01\x00\x01", 18},
		 MALFORMED,
		 ""},
		{"label type 01",
		 {HEADER("\x01\x00", "\x01", "\x00", "\x00") "\x41\x41\x00\x00\x01\x00\x01", 19},
		 MALFORMED,
		 ""},
		{"label past the end",
		 {HEADER("\x01\x00", "\x01", "\x00", "\x00") "\x3f"
							     "abc",
		  16},
		 NEED_MORE,
		 ""},
		{"odd bytes",
		 {HEADER("\x01\x00", "\x01", "\x00", "\x00") "\x06"
							     "a.\\\x00\xff \x00\x00\x01\x00\x01",
		  24},
		 DECODED,
		 "a\\.\\\\\\000\\255\\032"},
		{"root",
		 {HEADER("\x01\x00", "\x01", "\x00", "\x00") "\x00\x00\x02\x00\x01", 17},
		 DECODED,
		 ""},
		{"300 questions",
		 {"\x12\x34\x01\x00\x01\x2c\x00\x00\x00\x00\x00\x00", 12},
		 MALFORMED,
		 ""},
		{"opcode 9",
		 {"\x12\x34\x48\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12},
		 MALFORMED,
		 ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dns_message message;
		enum decoded outcome = dns_message_read(rows[i].bytes, &message);
		if (outcome != rows[i].outcome ||
		    (outcome == DECODED &&
		     !str_equal(dns_name_text(&message.question), str_from(rows[i].text))))
			fail_msg("%s: %d %.*s", rows[i].name, outcome,
				 STR_ARG(dns_name_text(&message.question)));
	}
}

static void long_names_end(void **state)
{
	struct buf bytes = {0};
	struct dns_message message;

	buf_add_bytes(&bytes, HEADER("\x01\x00", "\x01", "\x00", "\x00"), 12);
	for (int i = 0; i < 3; i++) {
		buf_add_byte(&bytes, 63);
		for (int c = 0; c < 63; c++)
			buf_add_byte(&bytes, (char)0xff); /* 252 bytes of text a label */
	}
	buf_add_bytes(&bytes, "\x00\x00\x01\x00\x01", 5);
	assert_int_equal(dns_message_read(buf_view(&bytes), &message), DECODED);
	assert_true(message.question.is_cut);
	assert_true(message.question.len <= DNS_NAME_SIZE);
	buf_fini(&bytes);

	buf_add_bytes(&bytes, HEADER("\x01\x00", "\x01", "\x00", "\x00"), 12);
	for (int i = 0; i < 128; i++)
		buf_add_bytes(&bytes,
			      "\x01"
			      "a",
			      2); /* 256 bytes: one too many */
	buf_add_bytes(&bytes, "\x00\x00\x01\x00\x01", 5);
	assert_int_equal(dns_message_read(buf_view(&bytes), &message), MALFORMED);
	buf_fini(&bytes);
}

static void tcp_messages_are_cut_apart(void **state)
{
	static const char two[] = "\x00\x0c"
				  "abcdefghijkl"
				  "\x00\x0d"
				  "mnopqrstuvwxy";
	struct reader in = reader_of(str_of(two, sizeof(two) - 1));
	struct str message;

	assert_int_equal(dns_tcp_next(&in, &message), DECODED);
	assert_true(str_equal(message, STR("abcdefghijkl")));
	assert_int_equal(dns_tcp_next(&in, &message), DECODED);
	assert_true(str_equal(message, STR("mnopqrstuvwxy")));
	assert_int_equal(dns_tcp_next(&in, &message), NEED_MORE);
	for (size_t cut = 0; cut < 14; cut++) {
		in = reader_of(str_of(two, cut));
		assert_int_equal(dns_tcp_next(&in, &message), NEED_MORE);
		assert_int_equal(reader_left(&in), cut);
	}
	in = reader_of(str_of("\x00\x0b"
			      "abc",
			      5));
	assert_int_equal(dns_tcp_next(&in, &message), MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_get_the_name_that_was_asked_for),
		cmocka_unit_test(answers_are_read_one_by_one),
		cmocka_unit_test(each_prefix_says_less_but_nothing_wrong),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(long_names_end),
		cmocka_unit_test(tcp_messages_are_cut_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
