#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lists/pool_list.h"

#define HEADER "# name: test\n# source: us\n# date: 2026-11-22\n# licence: none\n"

/* What an entry is once read, or what is said of it. */
static const struct {
	const char *text, *expected;
	bool is_wrong;
} entries[] = {
	{"Pool.Example.NET", "pool.example.net"},
	{"*.example.net.", "example.net"},
	{"pool.example.net:3333", "pool.example.net:3333"},
	{"_stratum.example.net", "_stratum.example.net"},
	{"xn--bcher-kva.example", "xn--bcher-kva.example"},
	{"198.51.100.20", "198.51.100.20"},
	{"198.51.100.20:1", "198.51.100.20:1"},
	{"198.51.100.0/24", "198.51.100.0/24"},
	{"198.51.100.0/24:3333", "198.51.100.0/24:3333"},
	{"2001:db8::1", "2001:db8::1"},
	{"[2001:db8::1]", "2001:db8::1"},
	{"[2001:db8::1]:65535", "[2001:db8::1]:65535"},
	{"2001:db8::/32", "2001:db8::/32"},
	{"2001:db8::/32:80", "2001:db8::/32:80"},
	{"::ffff:198.51.100.0/120", "198.51.100.0/24"},
	{"shared 203.0.113.0/24", "shared 203.0.113.0/24"},
	{"shared\t2001:db8::/29", "shared 2001:db8::/29"},
	{"shared 203.0.113.9", "shared 203.0.113.9"},
	{"com", "top-level", true},
	{"", "1 to 253", true},
	{".", "1 to 253", true},
	{"*.", "1 to 253", true},
	{"a..b", "empty label", true},
	{".example.net", "empty label", true},
	{"b\xc3\xbc"
	 "cher.example",
	 "xn--", true},
	{"pool example.net", "neither", true},
	{"exam\"ple.net", "neither", true},
	{"0.0.0.0 pool.example.net", "neither", true},
	{"300.1.2.3", "no address", true},
	{"1.2.3", "no address", true},
	{"198.51.100.0/33", "prefix", true},
	{"198.51.100.0/", "prefix", true},
	{"198.51.100.0/-1", "prefix", true},
	{"198.51.100.1/24", "the network is 198.51.100.0/24", true},
	{"0.0.0.0/0", "everybody", true},
	{"::/0", "everybody", true},
	{"::ffff:0:0/96", "everybody", true},
	{"pool.example.net/24", "no network", true},
	{"pool.example.net:0", "no port", true},
	{"pool.example.net:65536", "no port", true},
	{"pool.example.net:", "no port", true},
	{"198.51.100.0/24:x", "no port", true},
	{"[2001:db8::1]3333", "after the bracket", true},
	{"[2001:db8::1", "no address", true},
	{"[pool.example.net]:1", "no address", true},
	{"shared pool.example.net", "no network", true},
	{"shared 203.0.113.0/24:80", "has none", true},
};

static void entries_are_read_as_told(void **state)
{
	char name[POOL_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		struct pool_entry entry, again;
		struct error why = {0};
		struct buf text = {0};
		bool is_read = pool_entry_parse(str_from(entries[i].text), name, &entry, &why);
		if (is_read == entries[i].is_wrong)
			fail_msg("%s: %s", entries[i].text, is_read ? "taken" : why.text);
		if (!is_read) {
			if (!strstr(why.text, entries[i].expected))
				fail_msg("%s: said %s", entries[i].text, why.text);
			continue;
		}
		buf_add_pool_entry(&text, &entry);
		buf_add_byte(&text, '\0');
		assert_string_equal(text.at, entries[i].expected);
		assert_true(pool_entry_parse(str_from(text.at), name, &again, &why));
		assert_int_equal(again.port, entry.port);
		assert_int_equal(again.prefix, entry.prefix);
		buf_fini(&text);
	}
}

static void long_names_are_refused(void **state)
{
	char name[POOL_NAME_MAX + 1], text[300];
	struct pool_entry entry;
	struct error why;

	memset(text, 'a', sizeof(text));
	text[63] = '.';
	assert_true(pool_entry_parse(str_of(text, 100), name, &entry, &why));
	text[63] = 'a';
	text[64] = '.';
	assert_false(pool_entry_parse(str_of(text, 100), name, &entry, &why));
	text[64] = 'a';
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '.';
	assert_true(pool_entry_parse(str_of(text, 253), name, &entry, &why));
	assert_false(pool_entry_parse(str_of(text, 255), name, &entry, &why));
}

/* Files that are refused: what is said, and at which line. */
static const struct {
	const char *text, *said;
} wrong_files[] = {
	{"", "f:0: the list does not say its name"},
	{"# name: x\n# date: 2026-11-22\n# licence: y\n", "f:3: the list does not say its source"},
	{"# name: x\n# source: z\n# licence: y\na.example\n",
	 "f:4: the list does not say its date"},
	{"# name: x\n# source: z\n# date: 2026-11-22\na.example\n", "its licence"},
	{"# date: 22.11.2026\n", "f:1: the date is no day"},
	{"# date: 2026-13-22\n", "f:1: the date is no day"},
	{HEADER "a.example\nbad line here\n", "f:6: \"bad line here\" is neither"},
	{HEADER "a.example\r\n\r\nnobody\r\n", "f:7: \"nobody\" would list a whole top-level"},
	{HEADER "a\tb\n", "\"a\\tb\""},
};

static void wrong_files_leave_nothing_behind(void **state)
{
	for (size_t i = 0; i < sizeof(wrong_files) / sizeof(*wrong_files); i++) {
		struct pool_list_builder builder = {0};
		struct error why = {0};
		assert_int_equal(
			pool_list_add_file(&builder, "first", STR(HEADER "z.example\n"), &why), 0);
		assert_int_equal(
			pool_list_add_file(&builder, "f", str_from(wrong_files[i].text), &why),
			-EINVAL);
		if (!strstr(why.text, wrong_files[i].said))
			fail_msg("said %s, not %s", why.text, wrong_files[i].said);
		assert_int_equal(builder.counts[POOL_NAME], 1);
		assert_int_equal(builder.list_count, 1);
		struct buf blob = {0};
		struct pool_list list;
		assert_int_equal(pool_list_seal(&builder, &blob), 0);
		assert_true(pool_list_open(buf_view(&blob), &list));
		assert_int_equal(pool_list_count(&list), 1);
		buf_fini(&blob);
		pool_list_builder_fini(&builder);
	}
}

static const char first_file[] = "\xef\xbb\xbf" HEADER "# name: not this one\n"
				 "example.net\n"
				 "deep.pool.example.net:443 # with a port\n"
				 "only.example.org:3333\n"
				 "198.51.100.20:3333\n"
				 "198.51.100.0/25\n"
				 "198.51.100.0/28:7777\n"
				 "10.0.0.0/8\n"
				 "2001:db8:1::/48\n"
				 "[2001:db8:1::5]:80\n"
				 "8000::/9\n"
				 "203.0.113.7\n";
static const char second_file[] = "# Name: second\r\n#SOURCE:s\r\n# date: 2025-01-01\r\n"
				  "# license: CC0\r\n"
				  "example.net\r\nother.example\r\nshared 203.0.113.0/24\r\n"
				  "shared 2001:db8:2::/47\r\n2001:db8:3::1";

static void make_list(struct buf *blob, struct pool_list *list)
{
	struct pool_list_builder builder = {0};
	struct error why = {0};

	if (pool_list_add_file(&builder, "1", str_from(first_file), &why) < 0 ||
	    pool_list_add_file(&builder, "2", str_from(second_file), &why) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(pool_list_seal(&builder, blob), 0);
	pool_list_builder_fini(&builder);
	assert_true(pool_list_open(buf_view(blob), list));
	assert_int_equal(pool_list_count(list), 16);
}

static const struct {
	const char *name;
	uint16_t port;
	const char *entry; /* NULL: not listed */
} names[] = {
	{"example.net", 1, "example.net"},
	{"EXAMPLE.net.", 1, "example.net"},
	{"a.b.example.net", 1, "example.net"},
	{"x.deep.pool.example.net", 443, "deep.pool.example.net:443"},
	{"x.deep.pool.example.net", 444, "example.net"},
	{"only.example.org", 3333, "only.example.org:3333"},
	{"only.example.org", 3334, NULL},
	{"only.example.org", 0, NULL},
	{"notexample.net", 1, NULL},
	{"net", 1, NULL},
	{"example.net.evil", 1, NULL},
	{"example.ne", 1, NULL},
	{"", 1, NULL},
	{".", 1, NULL},
	{"..", 1, NULL},
	{"exam ple.net\n", 1, NULL},
	{"other.example", 9, "other.example"},
};

static const struct {
	const char *address;
	uint16_t port;
	const char *entry;
} addresses[] = {
	{"198.51.100.20", 3333, "198.51.100.20:3333"},
	{"198.51.100.20", 3334, "198.51.100.0/25"},
	{"198.51.100.7", 7777, "198.51.100.0/28:7777"},
	{"198.51.100.7", 7778, "198.51.100.0/25"},
	{"198.51.100.127", 1, "198.51.100.0/25"},
	{"198.51.100.128", 1, NULL},
	{"10.255.255.255", 1, "10.0.0.0/8"},
	{"11.0.0.0", 1, NULL},
	{"9.255.255.255", 1, NULL},
	{"2001:db8:1::5", 80, "[2001:db8:1::5]:80"},
	{"2001:db8:1::5", 81, "2001:db8:1::/48"},
	{"2001:db8:1:ffff:ffff:ffff:ffff:ffff", 1, "2001:db8:1::/48"},
	{"2001:db8:4::", 1, NULL},
	{"807f::1", 1, "8000::/9"},
	{"8080::1", 1, NULL},
	{"203.0.113.7", 1, NULL},   /* listed, but shared */
	{"2001:db8:3::1", 1, NULL}, /* the same */
	{"::", 1, NULL},
};

static void expect(bool found, const struct pool_match *match, const char *entry, const char *what)
{
	struct buf text = {0};

	if (found != (entry != NULL))
		fail_msg("%s: %s", what, found ? "found" : "not found");
	if (!found)
		return;
	buf_add_pool_entry(&text, &match->entry);
	buf_add_byte(&text, '\0');
	if (strcmp(text.at, entry) != 0)
		fail_msg("%s: found %s, not %s", what, text.at, entry);
	buf_fini(&text);
}

static void names_and_addresses_are_found(void **state)
{
	struct buf blob = {0};
	struct pool_list list;
	struct pool_match match;
	struct address address;

	make_list(&blob, &list);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		expect(pool_list_find_name(&list, str_from(names[i].name), names[i].port, &match),
		       &match, names[i].entry, names[i].name);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		assert_true(address_parse(str_from(addresses[i].address), &address));
		expect(pool_list_find_address(&list, &address, addresses[i].port, &match), &match,
		       addresses[i].entry, addresses[i].address);
	}
	assert_true(pool_list_find_name(&list, STR("example.net"), 5, &match));
	assert_true(str_equal(match.list, STR("test"))); /* the first file that says so */
	assert_true(str_equal(match.date, STR("2026-11-22")));
	assert_true(pool_list_find_name(&list, STR("other.example"), 5, &match));
	assert_true(str_equal(match.list, STR("second")));
	assert_true(address_parse(STR("203.0.113.255"), &address));
	assert_true(pool_list_is_shared(&list, &address));
	assert_true(address_parse(STR("203.0.114.0"), &address));
	assert_false(pool_list_is_shared(&list, &address));
	buf_fini(&blob);
}

static void an_empty_list_finds_nothing(void **state)
{
	struct pool_list_builder builder = {0};
	struct pool_list list = {0};
	struct buf blob = {0};
	struct pool_match match;
	struct address address = {{1}};

	assert_false(pool_list_find_name(&list, STR("a.b"), 1, &match));
	assert_int_equal(pool_list_seal(&builder, &blob), 0);
	assert_true(pool_list_open(buf_view(&blob), &list));
	assert_int_equal(pool_list_count(&list), 0);
	assert_false(pool_list_find_name(&list, STR("a.b"), 1, &match));
	assert_false(pool_list_find_address(&list, &address, 1, &match));
	buf_fini(&blob);
}

/* Cut anywhere, or with any one byte changed: refused, or at least safe to look into. */
static void damaged_blobs_are_harmless(void **state)
{
	struct buf blob = {0};
	struct pool_list list;
	struct pool_match match;
	int refused = 0;

	make_list(&blob, &list);
	for (size_t len = 0; len < blob.len; len++)
		assert_false(pool_list_open(str_of(blob.at, len), &list));
	for (size_t i = 0; i < blob.len; i++) {
		blob.at[i] = (char)(blob.at[i] ^ 0xff);
		if (pool_list_open(buf_view(&blob), &list))
			for (uint32_t at = 0; at < pool_list_count(&list); at++) {
				struct pool_match one = pool_list_at(&list, at);
				(void)pool_list_find_name(&list, one.entry.name, 1, &match);
				(void)pool_list_find_address(&list, &one.entry.address, 1, &match);
			}
		else
			refused++;
		blob.at[i] = (char)(blob.at[i] ^ 0xff);
	}
	assert_true(refused >= 8);
	buf_fini(&blob);
}

static void too_much_is_refused(void **state)
{
	struct pool_list_builder builder = {0};
	struct pool_entry entry = {.kind = POOL_NAME, .name = STR("a.b")};
	struct error why = {0};
	struct buf text = {0};

	buf_add_text(&text, HEADER "# ");
	for (int i = 0; i < POOL_LINE_MAX; i++)
		buf_add_byte(&text, 'x');
	assert_int_equal(pool_list_add_file(&builder, "f", buf_view(&text), &why), -EINVAL);
	assert_non_null(strstr(why.text, "f:5: the line is over 512 bytes"));
	buf_fini(&text);
	assert_int_equal(pool_list_begin(&builder, STR("n"), STR("d")), 0);
	for (int i = 0; i < POOL_ENTRIES_MAX; i++)
		assert_int_equal(pool_list_add_entry(&builder, &entry), 0);
	assert_int_equal(pool_list_add_entry(&builder, &entry), -E2BIG);
	assert_int_equal(pool_list_add_file(&builder, "f", STR(HEADER "c.d\n"), &why), -E2BIG);
	assert_non_null(strstr(why.text, "f:5: more than 262144 entries"));
	for (int i = 1; i < POOL_LISTS_MAX; i++)
		assert_int_equal(pool_list_begin(&builder, STR("n"), STR("d")), 0);
	assert_int_equal(pool_list_add_file(&builder, "f", STR(HEADER), &why), -E2BIG);
	assert_non_null(strstr(why.text, "more than 64 lists"));
	pool_list_builder_fini(&builder);
}

static void add_shipped(struct pool_list_builder *builder, const char *name)
{
	const char *root = getenv("DAVY_SOURCE_ROOT");
	struct error why = {0};
	struct buf text = {0};
	char path[512];
	int byte;

	snprintf(path, sizeof(path), "%s/packaging/lists/%s", root ? root : ".", name);
	FILE *list = fopen(path, "r");
	assert_non_null(list);
	while ((byte = fgetc(list)) != EOF)
		buf_add_byte(&text, (char)byte);
	fclose(list);
	if (pool_list_add_file(builder, name, buf_view(&text), &why) < 0)
		fail_msg("%s", why.text);
	buf_fini(&text);
}

/* No entry is there twice, none is below another, and neighbours of listed names are not listed. */
static void shipped_lists_are_sound(void **state)
{
	struct pool_list_builder builder = {0};
	struct buf blob = {0};
	struct pool_list list;
	struct pool_match match;
	struct address address;

	add_shipped(&builder, "pools.txt");
	add_shipped(&builder, "shared.txt");
	assert_int_equal(pool_list_seal(&builder, &blob), 0);
	assert_true(pool_list_open(buf_view(&blob), &list));
	assert_true(list.counts[POOL_NAME] >= 60);
	assert_true(list.counts[POOL_SHARED] >= 40);
	for (uint32_t i = 0; i < list.counts[POOL_NAME]; i++) {
		struct str parent, head, name = pool_list_at(&list, i).entry.name;
		assert_true(i == 0 || !str_equal(name, pool_list_at(&list, i - 1).entry.name));
		(void)str_cut(name, '.', &head, &parent);
		if (pool_list_find_name(&list, parent, 1, &match))
			fail_msg("%.*s is below a listed name", STR_ARG(name));
	}
	assert_true(pool_list_find_name(&list, STR("xmr-eu1.nanopool.org"), 14444, &match));
	assert_true(pool_list_find_name(&list, STR("pool.supportxmr.com"), 443, &match));
	assert_false(pool_list_find_name(&list, STR("www.binance.com"), 443, &match));
	assert_false(pool_list_find_name(&list, STR("www.bitcoin.com"), 443, &match));
	assert_true(address_parse(STR("104.16.1.1"), &address));
	assert_true(pool_list_is_shared(&list, &address));
	assert_true(address_parse(STR("198.51.100.1"), &address));
	assert_false(pool_list_is_shared(&list, &address));
	buf_fini(&blob);
	pool_list_builder_fini(&builder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_read_as_told),
		cmocka_unit_test(long_names_are_refused),
		cmocka_unit_test(wrong_files_leave_nothing_behind),
		cmocka_unit_test(names_and_addresses_are_found),
		cmocka_unit_test(an_empty_list_finds_nothing),
		cmocka_unit_test(damaged_blobs_are_harmless),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(shipped_lists_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
