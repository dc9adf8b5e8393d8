#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decode/memory/page_site.h"

enum { SCHEME = 0x20000, HOST = 0x20040, OWNER = 0x20080 };

static void put(char *at, uint64_t word)
{
	memcpy(at, &word, sizeof(word));
}

/* A record as it was seen in Chromium 156; words by their number, 8 bytes each. */
struct row {
	const char *name;
	struct {
		size_t word;
		uint64_t value;
	} other[3]; /* than that of a page; word 0: no other, but for the first row */
	bool is_record, is_at_work, is_opaque;
};

static void record_of(char bytes[ORIGIN_RECORD_BYTES])
{
	static const uint64_t words[] = {0x306c040000000009,
					 SCHEME,
					 HOST,
					 HOST,
					 0xbadbad00badb1fbb,
					 0xbadbad00badbad00,
					 0x20,
					 0xbadbad0000000000,
					 0,
					 0x3cdeab12a2c1dd32,
					 0x7c27258cf089991f,
					 0};

	memcpy(bytes, words, ORIGIN_RECORD_BYTES);
}

static void records(void **state)
{
	static const struct row rows[] = {
		{"a page's", {{0}}, true, true, false},
		{"a link's", {{9, 0}, {10, 0}}, true, false, false},
		{"with document.domain set", {{3, 0x30000}, {8, 0x100}}, true, true, false},
		{"of a sandbox",
		 {{2, SCHEME}, {7, 0xbadbad0000000001}, {11, OWNER}},
		 true,
		 true,
		 true},
		{"of a file: the empty text stands anywhere",
		 {{2, 0x561225636104}, {3, 0x561225636104}},
		 true,
		 true,
		 false},
		{"of a sandbox of nobody's", {{2, SCHEME}, {7, 1}}, true, true, true},
		{"of a sandbox with a host", {{7, 1}}, false, false, false},
		{"no sandbox, of something", {{11, OWNER}}, false, false, false},
		{"a flag that is none", {{8, 0x0200}}, false, false, false},
		{"a sandbox that is neither", {{7, 2}}, false, false, false},
		{"held by nobody", {{12, 0}}, false, false, false},
		{"a scheme that is no address", {{1, 0x20001}}, false, false, false},
		{"a host beyond all addresses", {{2, UINT64_C(1) << 47}}, false, false, false},
		{"a host at the beginning", {{2, 8}}, false, false, false},
		{"an address for a cluster", {{9, 0x71c006882a0}}, true, false, false},
		{"what fills memory for a cluster",
		 {{9, 0xbadbad00badbad00}, {10, 0xbadbad00badbad00}},
		 true,
		 false,
		 false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char bytes[ORIGIN_RECORD_BYTES];
		struct origin_record record;
		record_of(bytes);
		for (size_t k = 0; k < 3; k++)
			if (rows[i].other[k].word == 12)
				put(bytes, 0);
			else if (rows[i].other[k].word > 0)
				put(bytes + 8 * rows[i].other[k].word, rows[i].other[k].value);
		bool is_record = origin_record_read(str_of(bytes, sizeof(bytes)), &record);
		if (is_record != rows[i].is_record ||
		    (is_record && (record.is_at_work != rows[i].is_at_work ||
				   record.is_opaque != rows[i].is_opaque || record.port != 8123 ||
				   record.scheme != SCHEME)))
			fail_msg("%s", rows[i].name);
		for (size_t len = 0; len < sizeof(bytes); len++) /* in a block of its own: ASan */ {
			char *cut = malloc(len + 1);
			assert_non_null(cut);
			memcpy(cut, bytes, len);
			assert_false(origin_record_read(str_of(cut, len), &record));
			free(cut);
		}
	}
}

/* Where a piece ends, the next goes on; each record is seen once. */
static void records_in_pieces(void **state)
{
	enum { BYTES = 8192 };
	static const size_t places[] = {0, 96, 1000, 4096 - 40, 4096 + 64, BYTES - 96};
	static char memory[BYTES];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		record_of(memory + places[i]);
	for (size_t piece = 512; piece <= BYTES; piece *= 2) {
		size_t found = 0;
		for (size_t from = 0; from < BYTES; from += piece) {
			size_t kept = from > 0 ? PAGE_SITE_REACH : 0, len = piece + kept, at = 0;
			bool is_last = from + piece == BYTES;
			struct origin_record record;
			while (origin_record_next(str_of(memory + from - kept, len),
						  len - (is_last ? 0 : PAGE_SITE_REACH), &at,
						  &record))
				found++;
		}
		assert_int_equal(found, sizeof(places) / sizeof(*places));
	}
}

static void texts(void **state)
{
	static const struct {
		const char *name;
		uint32_t holders, len;
		const char *text;
		bool is_one;
	} rows[] = {
		{"a host", 8, 12, "mine.example", true},
		{"nothing", 1, 0, "", true},
		{"an address of version 6", 1, 5, "[::1]", true},
		{"that nobody holds", 0, 4, "http", false},
		{"that is cut", 1, 40, "mine.example", false},
		{"longer than a host", 1, 254, "mine.example", false},
		{"with a control character", 1, 5, "a\x1b[2J", false},
		{"with a new line", 1, 3, "a\nb", false},
		{"with a name", 1, 6, "u@host", false},
		{"with a path", 1, 6, "host/p", false},
		{"in another writing", 1, 3, "\xc3\xa4x", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t len = 12 + strlen(rows[i].text);
		char *bytes = malloc(len);
		const uint32_t header[] = {rows[i].holders, rows[i].len, 0x13a38139};
		struct str text;
		assert_non_null(bytes);
		memcpy(bytes, header, sizeof(header));
		memcpy(bytes + 12, rows[i].text, len - 12);
		if (origin_text_read(str_of(bytes, len), &text) != rows[i].is_one)
			fail_msg("%s", rows[i].name);
		if (rows[i].is_one)
			assert_true(str_equal(text, str_from(rows[i].text)));
		for (size_t cut = 0; cut < 12; cut++)
			assert_false(origin_text_read(str_of(bytes, cut), &text));
		free(bytes);
	}
}

#define SITE(literal) literal "\0rest", sizeof(literal "\0rest") - 1

static void words_of_firefox(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint32_t holders, size, shift;
		const char *told; /* NULL: nothing */
	} rows[] = {
		{SITE("webIsolated=https://mine.example"), 3, 64, 0, "https://mine.example"},
		{SITE("webIsolated=http://127.0.0.1"), 3, 64, 0, "http://127.0.0.1"},
		{SITE("webIsolated=http://[::1]:8080"), 3, 64, 0, "http://[::1]:8080"},
		{SITE("webIsolated=https://mine.example:444^userContextId=2"), 2, 64, 0,
		 "https://mine.example:444"},
		{SITE("webCOOP+COEP=https://mine.example"), 3, 64, 0, "https://mine.example"},
		{SITE("webServiceWorker=https://mine.example"), 3, 64, 0, "https://mine.example"},
		{SITE("webIsolated=https://mine.example:99999"), 3, 64, 0, NULL},
		{SITE("webIsolated=https://"), 3, 64, 0, NULL},
		{SITE("webIsolated=mine.example"), 3, 64, 0, NULL},
		{SITE("webIsolated=https://user@mine.example"), 3, 64, 0, NULL},
		{SITE("webIsolated=https://mine.example/path"), 3, 64, 0, NULL},
		{SITE("webIsolated=data://mine.example"), 3, 64, 0, NULL},
		{SITE("webIsolated=https://mine.example"), 0, 64, 0, NULL},
		{SITE("webIsolated=https://around.example"), 1, 64, 0, NULL},
		{SITE("webIsolated=https://mine.example"), 3, 20, 0, NULL},
		{SITE("webIsolated=https://mine.example"), 3, 64, 4, NULL},
		{SITE("web"), 3, 64, 0, NULL},
		{SITE(""), 3, 64, 0, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char bytes[256] = {0};
		const uint32_t header[] = {rows[i].holders, rows[i].size};
		struct page_site_counts counts = {0};
		struct page_origin origin;
		size_t at = 0;
		memcpy(bytes + 32 + rows[i].shift, header, sizeof(header));
		memcpy(bytes + 40 + rows[i].shift, rows[i].text, rows[i].len);
		while (remote_type_next(str_of(bytes, sizeof(bytes)), sizeof(bytes), &at, &origin))
			page_sites_add(&counts, BROWSER_PAGE, &origin);
		struct str told = str_of(counts.plain.at[0].text, counts.plain.at[0].len);
		if (counts.plain.count != (rows[i].told != NULL) ||
		    (rows[i].told && !str_equal(told, str_from(rows[i].told))))
			fail_msg("row %zu: %.*s", i, STR_ARG(told));
	}
}

static void add(struct page_site_counts *counts, enum browser_role role, const char *scheme,
		const char *host, uint16_t port)
{
	const struct page_origin origin = {
		.scheme = str_from(scheme), .host = str_from(host), .port = port};

	page_sites_add(counts, role, &origin);
}

static void what_is_told_of_an_address(void **state)
{
	static const struct {
		const char *scheme, *host;
		uint16_t port;
		enum browser_role role;
		const char *told; /* NULL: not counted */
	} rows[] = {
		{"https", "mine.example", 443, BROWSER_PAGE, "https://mine.example"},
		{"https", "mine.example", 80, BROWSER_PAGE, "https://mine.example:80"},
		{"http", "xn--mne-ioa.example", 80, BROWSER_PAGE, "http://xn--mne-ioa.example"},
		{"file", "", 0, BROWSER_PAGE, "file://"},
		{"http", "", 80, BROWSER_PAGE, NULL},
		{"chrome", "settings", 0, BROWSER_PAGE, NULL},
		{"chrome-extension", "abcdefgh", 0, BROWSER_PAGE, NULL},
		{"chrome-extension", "abcdefgh", 0, BROWSER_EXTENSION,
		 "chrome-extension://abcdefgh"},
		{"https", "mine.example", 443, BROWSER_EXTENSION, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct page_site_counts counts = {0};
		add(&counts, rows[i].role, rows[i].scheme, rows[i].host, rows[i].port);
		struct str told = str_of(counts.plain.at[0].text, counts.plain.at[0].len);
		if (counts.plain.count != (rows[i].told != NULL) ||
		    (rows[i].told && !str_equal(told, str_from(rows[i].told))))
			fail_msg("%s://%s: %.*s", rows[i].scheme, rows[i].host, STR_ARG(told));
	}
}

/* Clear is only what stands alone; of many those with most records are told. */
static void one_site_and_many(void **state)
{
	struct page_site_counts counts = {0};
	struct page_sites sites;
	char host[32];

	page_sites_judge(&counts, &sites);
	assert_int_equal(sites.count, 0);
	assert_false(sites.is_clear);
	for (int i = 0; i < 3; i++)
		add(&counts, BROWSER_PAGE, "https", "mine.example", 443);
	page_sites_judge(&counts, &sites);
	assert_true(sites.is_clear);
	assert_int_equal(sites.at[0].records, 3);
	counts.is_cut = true;
	page_sites_judge(&counts, &sites);
	assert_false(sites.is_clear);
	counts.is_cut = false;
	for (int i = 1; i <= 40; i++)
		for (int k = 0; k < (i == 30 ? 9 : i == 31 ? 5 : 1); k++) {
			snprintf(host, sizeof(host), "h%d.example", i);
			add(&counts, BROWSER_PAGE, "https", host, 443);
		}
	assert_true(counts.plain.is_full);
	page_sites_judge(&counts, &sites);
	assert_false(sites.is_clear);
	assert_int_equal(sites.count, PAGE_SITES_TOLD);
	assert_int_equal(sites.total, PAGE_SITES_MAX);
	static const char *const told[] = {"https://h30.example", "https://h31.example",
					   "https://mine.example"};
	for (size_t i = 0; i < PAGE_SITES_TOLD; i++)
		assert_true(
			str_equal(str_of(sites.at[i].text, sites.at[i].len), str_from(told[i])));
}

/* A page's own documents beside those of frames that failed; and a sandbox alone. */
static void what_is_opaque_counts_alone(void **state)
{
	struct page_site_counts counts = {0};
	struct page_sites sites;
	struct page_origin origin = {.scheme = STR("https"), .host = STR("ads.example")};

	origin.is_opaque = true;
	page_sites_add(&counts, BROWSER_PAGE, &origin);
	page_sites_judge(&counts, &sites);
	assert_true(sites.is_clear);
	assert_true(sites.at[0].is_opaque);
	origin.host = STR("victim.example");
	for (int i = 0; i < 9; i++)
		page_sites_add(&counts, BROWSER_PAGE, &origin);
	page_sites_judge(&counts, &sites);
	assert_false(sites.is_clear);
	assert_int_equal(sites.count, 2);
	add(&counts, BROWSER_PAGE, "https", "mine.example", 443);
	page_sites_judge(&counts, &sites);
	assert_true(sites.is_clear);
	assert_int_equal(sites.count, 1);
	assert_false(sites.at[0].is_opaque);
	assert_true(
		str_equal(str_of(sites.at[0].text, sites.at[0].len), STR("https://mine.example")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(records_in_pieces),
		cmocka_unit_test(texts),
		cmocka_unit_test(words_of_firefox),
		cmocka_unit_test(what_is_opaque_counts_alone),
		cmocka_unit_test(one_site_and_many),
		cmocka_unit_test(what_is_told_of_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
