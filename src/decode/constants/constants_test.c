#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/constants/constants.h"
#include "decode/constants/randomx_keys.h"

struct bench {
	struct constant_scanner *scanner;
	struct arena texts;
	struct constant_hit hits[CONSTANT_HITS_MAX];
	size_t count;
};

static int set_up(void **state)
{
	static struct bench bench;
	struct error why;

	*state = &bench;
	return constant_scanner_new(&bench.scanner, &why) || arena_init(&bench.texts, 1 << 20);
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	constant_scanner_free(b->scanner);
	arena_fini(&b->texts);
	return 0;
}

static void scan(struct bench *b, struct str bytes)
{
	arena_reset(&b->texts);
	constant_scanner_begin(b->scanner, &b->texts);
	constant_scanner_scan(b->scanner, bytes, 0x1000);
	b->count = constant_scanner_hits(b->scanner, b->hits);
}

static const struct constant_hit *find(const struct bench *b, enum constant_kind kind)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->hits[i].kind == kind)
			return &b->hits[i];
	return NULL;
}

/* First bytes as a well-known implementation prints them: 0x53, 0xa5, 0xac, 0x6d. */
static void keys_are_those_of_the_specification(void **state)
{
	static const uint8_t first[] = {0x53, 0xa5, 0xac, 0x6d, 0x09, 0x66, 0x71, 0x62,
					0x2b, 0x55, 0xb5, 0xdb, 0x17, 0x49, 0xf4, 0xb4};
	static const uint8_t last[] = {0xd1, 0x63, 0xb2, 0x61, 0x3c, 0xe0, 0xf4, 0x51,
				       0xc6, 0x43, 0x10, 0xee, 0x9b, 0xf9, 0x18, 0xed};
	uint8_t keys[RANDOMX_KEYS][RANDOMX_KEY_BYTES];

	randomx_keys_make(keys);
	assert_memory_equal(keys[0], first, sizeof(first));
	assert_memory_equal(keys[RANDOMX_KEYS - 1], last, sizeof(last));
}

static void keys_are_found_however_they_lie(void **state)
{
	static const struct {
		const char *name;
		size_t keys, part, gap; /* how many keys, cut into parts, bytes between */
		bool found;
	} rows[] = {
		{"all in a table", 18, 16, 0, true},
		{"in halves, as immediates of instructions", 18, 8, 2, true},
		{"two keys", 2, 16, 0, true},
		{"one key: chance, or a quotation", 1, 16, 0, false},
		{"in quarters", 18, 4, 4, false},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t keys[RANDOMX_KEYS][RANDOMX_KEY_BYTES];
		struct buf memory = {0};
		randomx_keys_make(keys);
		buf_add_text(&memory, "something before");
		for (size_t at = 0; at < rows[i].keys * RANDOMX_KEY_BYTES; at += rows[i].part) {
			buf_add_bytes(&memory, keys[0] + at, rows[i].part);
			for (size_t g = 0; g < rows[i].gap; g++)
				buf_add_byte(&memory, '\x48');
		}
		scan(b, buf_view(&memory));
		const struct constant_hit *hit = find(b, CONSTANT_ALGORITHM);
		if ((hit != NULL) != rows[i].found)
			fail_msg("%s", rows[i].name);
		buf_fini(&memory);
	}
}

#define WALLET                                                                                     \
	"48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZij" \
	"BGUicoD"

static void texts_are_confirmed_before_they_are_told(void **state)
{
	static const struct {
		const char *name;
		struct str memory;
		enum constant_kind kind; /* 0: nothing at all */
		const char *says;
	} rows[] = {
		{"pool URL", STR("\0\0stratum+tcp://pool.example.net:3333\0"), CONSTANT_POOL_URL,
		 "pool URL"},
		{"a login",
		 STR("x\0{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":"
		     "\"" WALLET "\",\"pass\":\"x\",\"agent\":\"a/1\",\"algo\":[\"rx/0\"]}}\n\0"),
		 CONSTANT_MESSAGE, "login"},
		{"a job, in another order",
		 STR("{\"params\":{\"target\":\"b88d0600\",\"job_id\":\"q7\",\"seed_hash\":"
		     "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
		     "\"blob\":\""
		     "0e0ed286da8006ecdc1aab3033cf1716c52f13f9d8ae0051615a2453643de94643b550d543bec"
		     "d"
		     "0000000002abc78b0101ffefc68b0101fcfcf0d4b422025014bb4a1eade6622fd781cb1063381"
		     "ca"
		     "d396efa69719b41aa28b4fce8c7ad4b5f019ce1dc670456b24a5e03c2d9058a2df10fec779e25"
		     "79"
		     "753b1847b74ee644f16b023c00000000000000000000000000000000000000000000000000\"}"
		     ","
		     "\"method\":\"job\"}"),
		 CONSTANT_MESSAGE, "job"},
		{"options",
		 STR("--donate-level\0--rig-id=\0\"nicehash\": false\0\"rx/0\"\0"
		     "\"huge-pages-jit\": true"),
		 CONSTANT_SETTING, "options"},
		{"four options are in a scanner's rules, too",
		 STR("\"rig-id\" \"nicehash\" rx/0 donate-level"), 0, NULL},
		{"a wallet with a wrong checksum",
		 STR("48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaS"
		     "WJ4fhdUyZijBGUicoE"),
		 0, NULL},
		{"a language server",
		 STR("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"textDocument/"
		     "hover\",\"params\":{}}"),
		 0, NULL},
		{"a site's login",
		 STR("{\"method\":\"login\",\"params\":{\"user\":\"a\",\"password\":\"b\"}}"), 0,
		 NULL},
		{"a URL of the web", STR("https://pool.example.net/ tcp://10.0.0.1:80"), 0, NULL},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		scan(b, rows[i].memory);
		const struct constant_hit *hit = find(b, rows[i].kind);
		if (rows[i].kind == 0
			    ? b->count != 0
			    : !hit || strncmp(hit->name, rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("%s: %zu hits", rows[i].name, b->count);
	}
}

static void hits_are_bounded(void **state)
{
	struct bench *b = *state;
	struct buf memory = {0};

	for (int i = 0; i < 5000; i++)
		buf_printf(&memory, "stratum+tcp://pool%d.example.net:3333 {\"method\":\"x\",", i);
	scan(b, buf_view(&memory));
	assert_in_range(b->count, 20, CONSTANT_HITS_MAX);
	buf_fini(&memory);
}

/* The S-box and the tables made of it, in both orders of bytes and turned; and what only begins so.
 */
static void tables_of_aes(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[8];
		bool is_found;
	} rows[] = {
		{"S-box", {0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5}, true},
		{"first table", {0xc6, 0x63, 0x63, 0xa5, 0xf8, 0x7c, 0x7c, 0x84}, true},
		{"second", {0xa5, 0xc6, 0x63, 0x63, 0x84, 0xf8, 0x7c, 0x7c}, true},
		{"third, the other order", {0x63, 0xc6, 0xa5, 0x63, 0x7c, 0xf8, 0x84, 0x7c}, true},
		{"another", {0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc4}, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t memory[64] = {0};
		memcpy(memory + 24, rows[i].bytes, 8);
		scan(*state, str_of(memory, sizeof(memory)));
		const struct constant_hit *hit = find(*state, CONSTANT_TABLE);
		if ((hit != NULL) != rows[i].is_found)
			fail_msg("%s", rows[i].name);
		if (hit)
			assert_int_equal(hit->address, 0x1000 + 24);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_of_aes),
		cmocka_unit_test(keys_are_those_of_the_specification),
		cmocka_unit_test(keys_are_found_however_they_lie),
		cmocka_unit_test(texts_are_confirmed_before_they_are_told),
		cmocka_unit_test(hits_are_bounded),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
