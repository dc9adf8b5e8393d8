#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/app/socks.h"

#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
#define INNER "{\"id\":1"

struct dialogue_case {
	const char *name;
	struct str client, server; /* with INNER at the end of each where a tunnel opens */
	bool is_granted, is_refused;
	const char *target, *user;
};

static const struct dialogue_case dialogues[] = {
	{"5, name, as XMRig does",
	 TEXT("\x05\x01\x00\x05\x01\x00\x03\x0cpool.example\x0d\x05" INNER),
	 TEXT("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00" INNER), true, false,
	 "pool.example:3333", ""},
	{"5, v4", TEXT("\x05\x02\x00\x02\x05\x01\x00\x01\xc0\x00\x02\x07\x0d\x05" INNER),
	 TEXT("\x05\x00\x05\x00\x00\x03\x04host\x00\x01" INNER), true, false, "192.0.2.7:3333", ""},
	{"5, v6",
	 TEXT("\x05\x01\x00\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	      "\x00"
	      "\x07\x01\xbb" INNER),
	 TEXT("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00" INNER), true, false,
	 "[2001:db8::7]:443", ""},
	{"5, password",
	 TEXT("\x05\x01\x02\x01\x04user\x06secret\x05\x01\x00\x03\x01p\x00\x50" INNER),
	 TEXT("\x05\x02\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00" INNER), true, false,
	 "p:80", "user"},
	{"4", TEXT("\x04\x01\x0d\x05\xc0\x00\x02\x07me\x00" INNER),
	 TEXT("\x00\x5a\x00\x00\x00\x00\x00\x00" INNER), true, false, "192.0.2.7:3333", "me"},
	{"4a", TEXT("\x04\x01\x0d\x05\x00\x00\x00\x01\x00pool.example\x00" INNER),
	 TEXT("\x00\x5a\x00\x00\x00\x00\x00\x00" INNER), true, false, "pool.example:3333", ""},
	{"5, BIND is answered twice",
	 TEXT("\x05\x01\x00\x05\x02\x00\x01\xc0\x00\x02\x07\x0d\x05" INNER),
	 TEXT("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	      "\x05\x00\x00\x01\xc0\x00\x02\x07\x00\x01" INNER),
	 true, false, "192.0.2.7:3333", ""},
	{"5, refused", TEXT("\x05\x01\x00\x05\x01\x00\x03\x01p\x00\x50"),
	 TEXT("\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"), false, true, "p:80", ""},
	{"4, refused", TEXT("\x04\x01\x0d\x05\xc0\x00\x02\x07\x00"),
	 TEXT("\x00\x5b\x00\x00\x00\x00\x00\x00"), false, true, "192.0.2.7:3333", ""},
};

static void expect_target(const struct dialogue_case *c, const struct socks_dialogue *is)
{
	const struct socks_target *target = &is->request.target;
	struct buf text = {0};

	if (target->has_address) {
		struct endpoint endpoint = {target->address, target->port};
		buf_add_endpoint(&text, &endpoint);
	} else {
		buf_add(&text, target->name);
		buf_printf(&text, ":%u", target->port);
	}
	if (!str_equal(buf_view(&text), str_from(c->target)) ||
	    !str_equal(is->user, str_from(c->user)))
		fail_msg("%s: %.*s", c->name, STR_ARG(buf_view(&text)));
	buf_fini(&text);
}

static size_t inner_at(const struct dialogue_case *c, struct str side)
{
	return c->is_granted ? side.len - strlen(INNER) : side.len;
}

/* A copy of exactly that size, so that one byte too far is seen by the sanitizer. */
static struct str exact(struct str s, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, s.at, len);
	return str_of(copy, len);
}

static void both_sides_cut_anywhere(void **state)
{
	for (size_t i = 0; i < sizeof(dialogues) / sizeof(*dialogues); i++) {
		const struct dialogue_case *c = &dialogues[i];
		for (size_t a = 0; a <= c->client.len; a++) {
			for (size_t b = 1; b <= c->server.len; b++) {
				struct str client = exact(c->client, a),
					   server = exact(c->server, b);
				struct socks_dialogue is;
				enum decoded outcome = socks_dialogue_read(client, server, &is);
				bool should =
					a >= inner_at(c, c->client) && b >= inner_at(c, c->server);
				if (a > 0 && outcome != (should ? DECODED : NEED_MORE) &&
				    !(c->is_refused && outcome == DECODED && is.is_refused))
					fail_msg("%s: %zu, %zu: %d", c->name, a, b, outcome);
				if (should) {
					expect_target(c, &is);
					assert_int_equal(is.is_granted, c->is_granted);
					assert_int_equal(is.is_refused, c->is_refused);
				}
				if (is.has_client_inner)
					assert_int_equal(is.client_inner, inner_at(c, c->client));
				if (is.has_server_inner && a >= inner_at(c, c->client))
					assert_int_equal(is.server_inner, inner_at(c, c->server));
				free((char *)client.at);
				free((char *)server.at);
			}
		}
	}
}

static void one_side_alone(void **state)
{
	for (size_t i = 0; i < sizeof(dialogues) / sizeof(*dialogues); i++) {
		const struct dialogue_case *c = &dialogues[i];
		struct socks_dialogue is;
		for (size_t a = 1; a <= c->client.len; a++) {
			struct str client = exact(c->client, a);
			enum decoded outcome = socks_dialogue_read(client, (struct str){0}, &is);
			assert_int_equal(outcome, a < inner_at(c, c->client) ? NEED_MORE : DECODED);
			assert_true(socks_client_starts(client));
			if (outcome == DECODED) {
				expect_target(c, &is);
				assert_int_equal(is.client_inner, inner_at(c, c->client));
			}
			free((char *)client.at);
		}
		if (c->is_refused || is.request.command == SOCKS_BIND)
			continue;
		for (size_t b = 1; b <= c->server.len; b++) {
			struct str server = exact(c->server, b);
			enum decoded outcome = socks_dialogue_read((struct str){0}, server, &is);
			assert_int_equal(outcome, b < inner_at(c, c->server) ? NEED_MORE : DECODED);
			assert_true(socks_server_starts(server));
			if (outcome == DECODED)
				assert_int_equal(is.server_inner, inner_at(c, c->server));
			free((char *)server.at);
		}
	}
}

static void what_has_no_inner_stream(void **state)
{
	static const struct {
		const char *name;
		struct str client, server;
		enum decoded outcome;
	} rows[] = {
		{"nothing", TEXT(""), TEXT(""), NEED_MORE},
		{"other protocol", TEXT("GET /"), TEXT(""), MALFORMED},
		{"versions differ", TEXT("\x04\x01"), TEXT("\x05\x00"), MALFORMED},
		{"no methods", TEXT("\x05\x00"), TEXT(""), MALFORMED},
		{"impossible method", TEXT("\x05\x01\xff"), TEXT(""), MALFORMED},
		{"4, odd command", TEXT("\x04\x09"), TEXT(""), MALFORMED},
		{"4, binary user", TEXT("\x04\x01\x0d\x05\xc0\x00\x02\x07\x01\x00"), TEXT(""),
		 MALFORMED},
		{"4a without a name", TEXT("\x04\x01\x0d\x05\x00\x00\x00\x01\x00\x00"), TEXT(""),
		 MALFORMED},
		{"5, odd address type", TEXT("\x05\x01\x00\x05\x01\x00\x02"), TEXT(""), MALFORMED},
		{"5, empty name", TEXT("\x05\x01\x00\x05\x01\x00\x03\x00\x00\x50"), TEXT(""),
		 MALFORMED},
		{"5, UDP", TEXT("\x05\x01\x00\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00"), TEXT(""),
		 UNSUPPORTED},
		{"5, GSSAPI", TEXT("\x05\x01\x01"), TEXT("\x05\x01"), UNSUPPORTED},
		{"5, GSSAPI, client alone", TEXT("\x05\x01\x01\x01\x01\x00\x10"), TEXT(""),
		 UNSUPPORTED},
		{"5, no method agreed", TEXT("\x05\x01\x00"), TEXT("\x05\xff"), DECODED},
		{"5, password refused", TEXT("\x05\x01\x02\x01\x01u\x01p"),
		 TEXT("\x05\x02\x01\x01"), DECODED},
		{"5, odd reply", TEXT("\x05\x01\x00\x05\x01\x00\x03\x01p\x00\x50"),
		 TEXT("\x05\x00\x05\x55"), MALFORMED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct socks_dialogue is;
		enum decoded outcome = socks_dialogue_read(rows[i].client, rows[i].server, &is);
		if (outcome != rows[i].outcome || (outcome == DECODED && !is.is_refused) ||
		    is.has_client_inner != (i == sizeof(rows) / sizeof(*rows) - 1))
			fail_msg("%s: %d", rows[i].name, outcome);
	}
}

static void a_user_without_end_is_given_up(void **state)
{
	struct buf bytes = {0};
	struct socks_dialogue is;

	buf_add_bytes(&bytes, "\x04\x01\x0d\x05\xc0\x00\x02\x07", 8);
	for (int i = 0; i < SOCKS_TEXT_MAX; i++)
		buf_add_byte(&bytes, 'a');
	assert_int_equal(socks_dialogue_read(buf_view(&bytes), STR(""), &is), NEED_MORE);
	buf_add_byte(&bytes, 'a');
	assert_int_equal(socks_dialogue_read(buf_view(&bytes), STR(""), &is), MALFORMED);
	buf_fini(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_cut_anywhere),
		cmocka_unit_test(one_side_alone),
		cmocka_unit_test(what_has_no_inner_stream),
		cmocka_unit_test(a_user_without_end_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
