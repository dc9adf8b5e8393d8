#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/app/http.h"

#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static void expect_view(const char *row, struct str is, const char *should)
{
	if (!str_equal(is, str_from(should)))
		fail_msg("%s: \"%.*s\", not \"%s\"", row, STR_ARG(is), should);
}

static void heads_are_read(void **state)
{
	static const struct {
		const char *name;
		struct str bytes;
		size_t rest; /* behind the head */
		const char *method, *target, *host;
		unsigned status;
	} rows[] = {
		{"plain", TEXT("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\nBODY"), 4, "GET", "/a?b", "h",
		 0},
		{"LF only", TEXT("GET / HTTP/1.0\nHost:h\n\nX"), 1, "GET", "/", "h", 0},
		{"mixed ends, blanks", TEXT("POST   /  HTTP/1.1 \nhOsT \t:\t h \t\n\r\n"), 0,
		 "POST", "/", "h", 0},
		{"folded", TEXT("GET / HTTP/1.1\r\nHost:\r\n  h\r\n\r\n"), 0, "GET", "/", "h", 0},
		{"empty lines first", TEXT("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 0, "GET",
		 "/", "h", 0},
		{"blank in the target", TEXT("GET /a b HTTP/1.1\r\n\r\n"), 0, "GET", "/a b", "", 0},
		{"CONNECT", TEXT("CONNECT p.example:3333 HTTP/1.1\r\n\r\n"), 0, "CONNECT",
		 "p.example:3333", "", 0},
		{"unknown method", TEXT("X-MINE /w HTTP/1.1\r\n\r\n"), 0, "X-MINE", "/w", "", 0},
		{"no headers", TEXT("HTTP/1.1 404\r\n\r\n"), 0, "", "", "", 404},
		{"response", TEXT("HTTP/1.0 200 All is well\nX: 1\n\n"), 0, "", "", "", 200},
		{"line without colon", TEXT("GET / HTTP/1.1\r\nrubbish\r\nHost: h\r\n\r\n"), 0,
		 "GET", "/", "h", 0},
		{"first host counts", TEXT("GET / HTTP/1.1\nHost: h\nHost: i\n\n"), 0, "GET", "/",
		 "h", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct http_head head;
		size_t consumed = 0, none;
		if (http_head_read(rows[i].bytes, &consumed, &head) != DECODED)
			fail_msg("%s", rows[i].name);
		if (consumed != rows[i].bytes.len - rows[i].rest)
			fail_msg("%s: %zu", rows[i].name, consumed);
		expect_view(rows[i].name, head.method, rows[i].method);
		expect_view(rows[i].name, head.target, rows[i].target);
		expect_view(rows[i].name, head.host, rows[i].host);
		assert_int_equal(head.status, rows[i].status);
		for (size_t cut = 1; cut < consumed; cut++) {
			struct str part = str_sub(rows[i].bytes, 0, cut);
			if (!http_starts(part) || http_head_read(part, &none, &head) != NEED_MORE)
				fail_msg("%s: cut at %zu", rows[i].name, cut);
			assert_int_equal(http_head_end(rows[i].bytes, cut), consumed);
		}
	}
}

static void header_meanings(void **state)
{
	static const char text[] =
		"GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c, WebSocket\r\n"
		"sec-websocket-extensions: permessage-deflate; a=1\r\nSec-WebSocket-Protocol: "
		"chat\r\n"
		"Authorization: Basic d2FsbGV0LncxOnNlY3JldA==\r\nProxy-Authorization: Bearer "
		"tok\r\n"
		"Cookie: secret\r\nUser-Agent: cpuminer/2.5\r\nX-Mining-Extensions: midstate\r\n"
		"X-Long-Polling: /lp\r\nX-Roll-NTime: Y\r\nVia: 1.1 a\r\nForwarded: for=b\r\n"
		"X-Forwarded-For: c\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\n"
		"Content-Length: 12\r\n\r\n";
	struct http_head head;
	size_t consumed;
	char user[64];

	assert_int_equal(http_head_read(str_from(text), &consumed, &head), DECODED);
	assert_int_equal(consumed, sizeof(text) - 1);
	assert_true(head.is_request && head.keep_alive && head.connection_upgrade);
	assert_true(head.upgrade_websocket && !head.connection_close && !head.is_chunked);
	assert_true(head.has_content_length && !head.has_length_conflict);
	assert_int_equal(head.content_length, 12);
	assert_int_equal(head.authorization, HTTP_AUTHORIZATION_BASIC);
	assert_int_equal(head.proxy_authorization, HTTP_AUTHORIZATION_BEARER);
	expect_view("ext", head.sec_websocket_extensions, "permessage-deflate; a=1");
	expect_view("proto", head.sec_websocket_protocol, "chat");
	expect_view("agent", head.user_agent, "cpuminer/2.5");
	expect_view("mining", head.x_mining_extensions, "midstate");
	expect_view("poll", head.x_long_polling, "/lp");
	expect_view("ntime", head.x_roll_ntime, "Y");
	expect_view("via", head.via, "1.1 a");
	expect_view("forwarded", head.forwarded, "for=b");
	expect_view("xff", head.x_forwarded_for, "c");
	expect_view("encoding", head.content_encoding, "gzip");
	expect_view("type", head.content_type, "application/json");
	expect_view("any", http_header(&head, STR("user-agent")), "cpuminer/2.5");
	expect_view("scheme", http_header(&head, STR("Authorization")), "Basic");
	expect_view("cookie", http_header(&head, STR("cookie")), "");
	expect_view("absent", http_header(&head, STR("X-None")), "");
	memset(user, '#', sizeof(user));
	expect_view("user", http_basic_user(&head, user, sizeof(user)), "wallet.w1");
	assert_int_equal(user[9], '#'); /* nothing of the password is ever written */
	assert_int_equal(http_basic_user(&head, user, 3).len, 3);
}

static void lengths_that_conflict_are_flagged(void **state)
{
	static const struct {
		const char *headers;
		bool has_conflict, is_chunked, has_length;
		uint64_t length;
	} rows[] = {
		{"Content-Length: 5\r\nContent-Length: 5\r\n", false, false, true, 5},
		{"Content-Length: 5, 5\r\n", false, false, true, 5},
		{"Content-Length: 5\r\nContent-Length: 6\r\n", true, false, true, 5},
		{"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", true, true, true, 5},
		{"Content-Length: -1\r\n", true, false, false, 0},
		{"Content-Length: 18446744073709551616\r\n", true, false, false, 0},
		{"Content-Length: \r\n", true, false, false, 0},
		{"Transfer-Encoding: gzip,\r\n chunked\r\n", false, true, false, 0},
		{"Transfer-Encoding: CHUNKED ;x=1\r\n", false, true, false, 0},
		{"Transfer-Encoding: xchunked\r\n", false, false, false, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf text = {0};
		struct http_head head;
		size_t consumed;
		buf_printf(&text, "POST / HTTP/1.1\r\n%s\r\n", rows[i].headers);
		assert_int_equal(http_head_read(buf_view(&text), &consumed, &head), DECODED);
		if (head.has_length_conflict != rows[i].has_conflict ||
		    head.is_chunked != rows[i].is_chunked ||
		    head.has_content_length != rows[i].has_length ||
		    head.content_length != rows[i].length)
			fail_msg("%s", rows[i].headers);
		buf_fini(&text);
	}
}

static void what_is_no_http(void **state)
{
	static const struct str rows[] = {
		TEXT("{\"id\":1,\"method\":\"login\"}\n"),
		TEXT("EHLO example.net\r\n"),
		TEXT("get / HTTP/1.1\r\n"),
		TEXT("GET / HTTP/2.0\r\n"),
		TEXT("HTTP/2 200\r\n"),
		TEXT("HTTP/1.1 20\r\n"),
		TEXT("HTTP/1.1 abc d\r\n"),
		TEXT("PRI * HTTP/2.0\r\n"),
		TEXT("GET \r\n"),
		TEXT("GET HTTP/1.1\r\n"),
		TEXT("GET\x01"),
		TEXT("\x16\x03\x01"),
		TEXT("SSH-2.0-OpenSSH\r\n"),
		TEXT("USER a b c\r\n"),
		TEXT("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct http_head head;
		size_t consumed;
		if (http_starts(rows[i]) || http_head_read(rows[i], &consumed, &head) != MALFORMED)
			fail_msg("%.*s", STR_ARG(rows[i]));
	}
	assert_false(http_starts(STR("")));
}

static void an_endless_head_is_given_up(void **state)
{
	struct buf text = {0};
	struct http_head head;
	size_t consumed;

	buf_add_text(&text, "GET / HTTP/1.1\r\n");
	while (text.len <= HTTP_HEAD_MAX) {
		assert_int_equal(http_head_read(buf_view(&text), &consumed, &head), NEED_MORE);
		buf_printf(&text, "X: %01000d\r\n", 1);
	}
	assert_int_equal(http_head_read(buf_view(&text), &consumed, &head), MALFORMED);
	buf_fini(&text);
}

static void http2_preface(void **state)
{
	assert_true(http2_starts(STR("P")));
	assert_true(http2_starts(STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore")));
	assert_false(http2_starts(STR("PRI * HTTP/1.1\r\n")));
	assert_false(http2_starts(STR("POST")));
	assert_false(http2_starts(STR("")));
}

struct body_case {
	const char *name;
	struct str head, method, bytes;
	const char *body; /* NULL: MALFORMED */
	size_t rest;	  /* bytes of the next message left in place */
	bool is_done, is_tunnel;
};

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct body_case bodies[] = {
	{"length", TEXT("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n"), TEXT(""), TEXT("abcNEXT"),
	 "abc", 4, true, false},
	{"length, cut", TEXT("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"), TEXT(""), TEXT("abc"),
	 "abc", 0, false, false},
	{"length 0", TEXT("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), TEXT(""), TEXT("GET"),
	 "", 3, true, false},
	{"request without", TEXT("GET / HTTP/1.1\r\n\r\n"), TEXT(""), TEXT("GET"), "", 3, true,
	 false},
	{"until close", TEXT("HTTP/1.0 200 OK\r\n\r\n"), TEXT("GET"), TEXT("abcdef"), "abcdef", 0,
	 false, false},
	{"HEAD", TEXT("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), TEXT("HEAD"), TEXT("HTTP"),
	 "", 4, true, false},
	{"204", TEXT("HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n"), TEXT("GET"), TEXT("HTTP"), "",
	 4, true, false},
	{"304", TEXT("HTTP/1.1 304 No\r\n\r\n"), TEXT("GET"), TEXT("HTTP"), "", 4, true, false},
	{"100", TEXT("HTTP/1.1 100 Go on\r\n\r\n"), TEXT("POST"), TEXT("HTTP"), "", 4, true, false},
	{"101", TEXT("HTTP/1.1 101 Switch\r\n\r\n"), TEXT("GET"), TEXT("\x81"), "", 1, true, true},
	{"CONNECT", TEXT("HTTP/1.1 200 OK\r\n\r\n"), TEXT("CONNECT"), TEXT("{\""), "", 2, true,
	 true},
	{"CONNECT refused", TEXT("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n"), TEXT("CONNECT"),
	 TEXT("no"), "no", 0, true, false},
	{"chunks", TEXT(CHUNKED), TEXT("GET"),
	 TEXT("3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\nHTTP"), "abc0123456789", 4, true, false},
	{"chunks, LF", TEXT(CHUNKED), TEXT("GET"), TEXT("3\nabc\n0\n\nHTTP"), "abc", 4, true,
	 false},
	{"chunks, extensions, trailers", TEXT(CHUNKED), TEXT("GET"),
	 TEXT(" 3 ; a=\"b\"\r\nabc\r\n0;x\r\nTrailer: a\r\nOther: b\r\n\r\nHTTP"), "abc", 4, true,
	 false},
	{"chunk of no size", TEXT(CHUNKED), TEXT("GET"), TEXT("\r\nabc"), NULL, 0, false, false},
	{"chunk of odd size", TEXT(CHUNKED), TEXT("GET"), TEXT("3g\r\nabc"), NULL, 0, false, false},
	{"chunk of negative size", TEXT(CHUNKED), TEXT("GET"), TEXT("-3\r\nabc"), NULL, 0, false,
	 false},
	{"giant chunk", TEXT(CHUNKED), TEXT("GET"), TEXT("fffffffffffffffff\r\nabc"), NULL, 0,
	 false, false},
	{"chunk longer than it says", TEXT(CHUNKED), TEXT("GET"), TEXT("2\r\nabc\r\n"), NULL, 0,
	 false, false},
};

/* Feeds pieces of `step` bytes; the outcome of the last call. */
static enum decoded run_body(const struct body_case *c, size_t step, struct buf *out,
			     struct http_body *body, size_t *rest)
{
	struct http_head head;
	struct str left = c->bytes, piece;
	size_t consumed;
	enum decoded outcome = NEED_MORE;

	assert_int_equal(http_head_read(c->head, &consumed, &head), DECODED);
	http_body_begin(body, &head, c->method);
	while (left.len > 0 && !body->is_done && outcome != MALFORMED) {
		struct str in = str_sub(left, 0, step);
		size_t given = in.len;
		while ((outcome = http_body_next(body, &in, &piece)) == DECODED && piece.len > 0)
			buf_add(out, piece);
		left = str_skip(left, given - in.len);
	}
	*rest = left.len;
	return outcome;
}

static void bodies_in_any_pieces(void **state)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		for (size_t step = 1; step <= bodies[i].bytes.len; step++) {
			struct buf out = {0};
			struct http_body body;
			size_t rest;
			enum decoded outcome = run_body(&bodies[i], step, &out, &body, &rest);
			bool is_right = (outcome == MALFORMED) == (bodies[i].body == NULL);
			if (is_right && bodies[i].body)
				is_right = str_equal(buf_view(&out), str_from(bodies[i].body)) &&
					   rest == bodies[i].rest &&
					   body.is_done == bodies[i].is_done &&
					   body.is_tunnel == bodies[i].is_tunnel;
			if (!is_right)
				fail_msg("%s in pieces of %zu", bodies[i].name, step);
			buf_fini(&out);
		}
	}
}

static void endless_chunk_framing_is_given_up(void **state)
{
	struct http_head head;
	struct http_body body;
	size_t consumed;
	enum decoded outcome = NEED_MORE;

	assert_int_equal(http_head_read(STR(CHUNKED), &consumed, &head), DECODED);
	http_body_begin(&body, &head, STR("GET"));
	for (int i = 0; i < 1 << 20 && outcome == NEED_MORE; i++) {
		struct str in = i == 0 ? STR("3;") : STR("x"), piece;
		outcome = http_body_next(&body, &in, &piece);
	}
	assert_int_equal(outcome, MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_read),
		cmocka_unit_test(header_meanings),
		cmocka_unit_test(lengths_that_conflict_are_flagged),
		cmocka_unit_test(what_is_no_http),
		cmocka_unit_test(an_endless_head_is_given_up),
		cmocka_unit_test(http2_preface),
		cmocka_unit_test(bodies_in_any_pieces),
		cmocka_unit_test(endless_chunk_framing_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
