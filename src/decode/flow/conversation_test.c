/* Carriers in carriers, how deep, what is held for it, and when a conversation is worth no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <stdio.h>
#include <zlib.h>

#include "decode/flow/conversation.h"

enum { CLIENT, SERVER };

#define LOGIN                                                                                    \
	"{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"1BoatSLRHtKNngkdXEeobR76b53LET" \
	"tpyT.w\",\"x\"]}\n"
#define SHARE                                                                          \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"w\",\"j\",\"00000001\"," \
	"\"5b6c7d8e\","                                                                \
	"\"deadbeef\"]}\n"
#define OTHER "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}\n"

static struct {
	size_t logins, shares, names;
	char carriers[128], target[128];
} heard;

static void take(void *context, struct conversation *conversation, struct observation *seen)
{
	struct flow_view view = {0};

	(void)context;
	heard.logins += seen->kind == OBSERVE_MINING && seen->mining->act == ACT_LOGIN;
	heard.shares += seen->kind == OBSERVE_MINING && seen->mining->act == ACT_SHARE;
	conversation_describe(conversation, &view);
	heard.carriers[0] = '\0';
	for (uint8_t i = 0; i < view.carrier_count; i++) {
		strcat(heard.carriers, carrier_name((enum carrier)view.carriers[i]));
		strcat(heard.carriers, " ");
	}
	memcpy(heard.target, view.target.at, view.target.len);
	heard.target[view.target.len] = '\0';
}

static void take_name(void *context, struct conversation *conversation, int side, struct str name)
{
	(void)context, (void)conversation, (void)side, (void)name;
	heard.names++;
}

static struct conversation *begin(struct conversation_host *host)
{
	memset(&heard, 0, sizeof(heard));
	*host = (struct conversation_host){.take = take, .name = take_name};
	assert_int_equal(conversation_host_init(host), 0);
	struct conversation *c = conversation_new(host, &heard);
	assert_non_null(c);
	assert_ptr_equal(conversation_owner(c), &heard);
	assert_int_equal(conversation_interest(c), INTEREST_OPEN);
	return c;
}

/* Everything that was held is given back. */
static void end(struct conversation_host *host, struct conversation *c)
{
	conversation_end(c, instant_at(9, 0));
	conversation_free(c);
	assert_int_equal(host->bytes_used, 0);
	conversation_host_fini(host);
}

static void say(struct conversation *c, int side, struct str text)
{
	conversation_feed(c, side, text, instant_at(1, 0));
}

static void open_connect(struct conversation *c)
{
	say(c, CLIENT, STR("CONNECT pool.example:443 HTTP/1.1\r\nHost: pool.example:443\r\n\r\n"));
	say(c, SERVER, STR("HTTP/1.1 200 Connection established\r\n\r\n"));
}

static void open_socks4(struct conversation *c)
{
	say(c, CLIENT, STR("\x04\x01\x0d\x05\xc6\x33\x64\x14\x00"));
	say(c, SERVER, STR("\x00\x5a\x00\x00\x00\x00\x00\x00"));
}

static void open_socks5(struct conversation *c)
{
	say(c, CLIENT, STR("\x05\x01\x00"));
	say(c, SERVER, STR("\x05\x00"));
	say(c, CLIENT, STR("\x05\x01\x00\x03\x0cpool.example\x0d\x05"));
	say(c, SERVER, STR("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"));
}

static void open_websocket(struct conversation *c)
{
	say(c, CLIENT,
	    STR("GET / HTTP/1.1\r\nHost: pool.example\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Version: 13\r\n\r\n"));
	say(c, SERVER,
	    STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
}

/* A client's text frame whose mask changes nothing. */
static void say_frame(struct conversation *c, struct str text)
{
	char frame[256] = {'\x81', '\xfe', 0, (char)text.len};

	assert_true(text.len < 240);
	memcpy(frame + 8, text.at, text.len);
	say(c, CLIENT, str_of(frame, text.len + 8));
}

static void carriers_are_told_in_their_order(void **state)
{
	static const struct {
		void (*open[3])(struct conversation *c);
		const char *carriers, *target;
		bool is_framed;
	} rows[] = {
		{{NULL}, "tcp ", "", false},
		{{open_connect}, "tcp connect ", "pool.example:443", false},
		{{open_socks4}, "tcp socks4 ", "198.51.100.20:3333", false},
		{{open_socks5}, "tcp socks5 ", "pool.example:3333", false},
		{{open_socks5, open_connect}, "tcp socks5 connect ", "pool.example:443", false},
		{{open_connect, open_socks4, open_socks5},
		 "tcp connect socks4 socks5 ",
		 "pool.example:3333",
		 false},
		{{open_websocket}, "tcp websocket ", "", true},
		{{open_socks5, open_websocket}, "tcp socks5 websocket ", "pool.example:3333", true},
		{{open_connect, open_socks5, open_websocket},
		 "tcp connect socks5 websocket ",
		 "pool.example:3333",
		 true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct conversation_host host;
		struct conversation *c = begin(&host);
		for (size_t k = 0; k < 3 && rows[i].open[k]; k++)
			rows[i].open[k](c);
		(rows[i].is_framed ? say_frame(c, STR(LOGIN)) : say(c, CLIENT, STR(LOGIN)));
		(rows[i].is_framed ? say_frame(c, STR(SHARE)) : say(c, CLIENT, STR(SHARE)));
		if (heard.logins != 1 || heard.shares != 1 ||
		    strcmp(heard.carriers, rows[i].carriers) != 0 ||
		    strcmp(heard.target, rows[i].target) != 0)
			fail_msg("row %zu: %zu %zu %s%s", i, heard.logins, heard.shares,
				 heard.carriers, heard.target);
		assert_int_equal(conversation_interest(c), INTEREST_MINING);
		end(&host, c);
	}
}

/* The innermost layer is the text: one carrier less than there are layers may go around it. */
static void carriers_may_be_nested_so_deep(void **state)
{
	for (int depth = 0; depth < 3 * CONVERSATION_LAYERS; depth++) {
		struct conversation_host host;
		struct conversation *c = begin(&host);
		for (int i = 0; i < depth; i++)
			(i % 2 ? open_socks5 : open_connect)(c);
		say(c, CLIENT, STR(LOGIN));
		if (heard.logins != (depth < CONVERSATION_LAYERS))
			fail_msg("%d deep: %zu logins", depth, heard.logins);
		assert_int_equal(conversation_interest(c),
				 depth < CONVERSATION_LAYERS ? INTEREST_MINING : INTEREST_NONE);
		end(&host, c);
	}
}

/* A hole costs the message it is in; what comes after it is read. */
static void messages_go_on_after_a_hole(void **state)
{
	static void (*const open[])(struct conversation * c) = {NULL, open_connect, open_socks4,
								open_socks5};

	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++) {
		struct conversation_host host;
		struct conversation *c = begin(&host);
		if (open[i])
			open[i](c);
		say(c, CLIENT, STR(LOGIN));
		say(c, CLIENT, STR("{\"id\":3,\"method\":\"mining.submit\",\"params\":[\"w"));
		conversation_gap(c, CLIENT, 40);
		say(c, CLIENT, STR("deadbeef\"]}\n" SHARE));
		assert_int_equal(heard.logins, 1);
		if (heard.shares < 1 || heard.shares > 2) /* of the cut one its method was read */
			fail_msg("carrier %zu: %zu shares", i, heard.shares);
		end(&host, c);
	}
}

/* Nothing about mining for so long: a conversation is closed, unless it has mined. */
static void what_is_of_no_interest_is_given_up(void **state)
{
	static const struct {
		const char *first, *then;
		int times;
		enum conversation_interest interest;
	} rows[] = {
		{OTHER, OTHER, 10, INTEREST_OPEN},
		{OTHER, OTHER, 200, INTEREST_NONE},
		{LOGIN, OTHER, 200, INTEREST_MINING},
		{LOGIN, SHARE, 1000, INTEREST_MINING},
		{"+OK POP3 ready\r\n", "", 1, INTEREST_NONE},
		{"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "", 1, INTEREST_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct conversation_host host;
		struct conversation *c = begin(&host);
		say(c, CLIENT, str_from(rows[i].first));
		for (int k = 0; k < rows[i].times; k++)
			say(c, k % 2, str_from(rows[i].then));
		if (conversation_interest(c) != rows[i].interest)
			fail_msg("row %zu: %d", i, (int)conversation_interest(c));
		end(&host, c);
	}
}

/* A gzip request whose body is `blanks` blanks, then the text; in pieces of so many bytes. */
static void post_packed(struct conversation *c, size_t blanks, const char *text, size_t piece)
{
	static char plain[8192], packed[8192], all[sizeof(packed) + 256];
	z_stream stream = {0};

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	memset(plain, ' ', blanks);
	strcpy(plain + blanks, text);
	stream.next_in = (Bytef *)plain;
	stream.avail_in = (uInt)strlen(plain);
	stream.next_out = (Bytef *)packed;
	stream.avail_out = sizeof(packed);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	int head = snprintf(all, sizeof(all),
			    "POST / HTTP/1.1\r\nHost: pool.example\r\nContent-Encoding: gzip\r\n"
			    "Content-Length: %lu\r\n\r\n",
			    stream.total_out);
	memcpy(all + head, packed, stream.total_out);
	struct str left = str_of(all, (size_t)head + stream.total_out);
	for (; left.len > 0; left = str_skip(left, piece))
		say(c, CLIENT, str_sub(left, 0, piece));
}

/* However the JSON of a packed body begins, and whatever was passed over before it. */
static void packed_bodies_are_read(void **state)
{
	static const size_t blanks[] = {0, 1, 31, 32, 33, 4095, 4096, 5000},
			    pieces[] = {4096, 7, 1};

	for (size_t i = 0; i < sizeof(blanks) / sizeof(*blanks); i++) {
		for (size_t k = 0; k < sizeof(pieces) / sizeof(*pieces); k++) {
			struct conversation_host host;
			struct conversation *c = begin(&host);
			post_packed(c, blanks[i], "<html>" LOGIN, pieces[k]);
			assert_int_equal(heard.logins, 0);
			post_packed(c, blanks[i], LOGIN, pieces[k]);
			if (heard.logins != 1)
				fail_msg("%zu blanks, pieces of %zu", blanks[i], pieces[k]);
			end(&host, c);
		}
	}
}

/* A message without end, through each carrier, is not held without end. */
static void what_is_held_is_bounded_and_counted(void **state)
{
	enum { BYTES = 4 << 20, HELD_MOST = 1 << 20 };
	static void (*const open[])(struct conversation * c) = {NULL, open_connect, open_socks5};
	static char block[32 * 1024];

	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++) {
		struct conversation_host host;
		struct conversation *c = begin(&host);
		size_t most = 0;
		if (open[i])
			open[i](c);
		say(c, CLIENT, STR(LOGIN "{\"method\":\"")); /* it mines: nobody closes it */
		for (size_t done = 0; done < BYTES; done += sizeof(block)) {
			say(c, CLIENT, str_of(block, sizeof(block)));
			most = host.bytes_used > most ? host.bytes_used : most;
		}
		assert_true(most > 128 * 1024); /* it is counted at all */
		assert_true(most < HELD_MOST);
		say(c, CLIENT, STR("\n" SHARE));
		assert_int_equal(heard.shares, 1);
		end(&host, c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carriers_are_told_in_their_order),
		cmocka_unit_test(carriers_may_be_nested_so_deep),
		cmocka_unit_test(messages_go_on_after_a_hole),
		cmocka_unit_test(what_is_of_no_interest_is_given_up),
		cmocka_unit_test(packed_bodies_are_read),
		cmocka_unit_test(what_is_held_is_bounded_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
