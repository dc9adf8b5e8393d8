#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/json.h"
#include "respond/block/block.h"

static void gateways_and_resolvers_are_never_cut_off(void **state)
{
	static const struct {
		const char *address;
		bool is_never;
	} rows[] = {
		{"192.0.2.1", true},	   {"192.0.2.2", false},
		{"10.255.255.53", true},   {"127.0.0.1", true},
		{"127.9.9.9", true},	   {"::1", true},
		{"fe80::1", true},	   {"2001:db8::5353", true},
		{"2001:db8::1", false},	   {"0.0.0.0", true},
		{"255.255.255.255", true}, {"ff02::1", true},
		{"198.51.100.20", false},  {"::", true},
	};
	struct never never = {0};
	struct address address;

	never_add_routes(&never, STR("Iface\tDestination\tGateway \tFlags\n"
				     "eth0\t00000000\t010200C0\t0003\t0\n"
				     "eth0\t000200C0\t00000000\t0001\t0\nbad\n\teth1"));
	never_add_routes6(&never, STR("00000000000000000000000000000000 00 "
				      "00000000000000000000000000000000 00 "
				      "fe800000000000000000000000000001 00000400 00000001 "
				      "00000000 00450003 eth0\nbad zz"));
	never_add_resolvers(&never, STR("# nameserver 192.0.2.2\nnameserver 10.255.255.53\n"
					"nameserver\t2001:db8::5353\nnameserver\nsearch x"));
	assert_int_equal(never.count, 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(address_parse(str_from(rows[i].address), &address));
		if ((never_says(&never, &address) != NULL) != rows[i].is_never)
			fail_msg("%s", rows[i].address);
	}
}

static void a_flood_of_routes_ends(void **state)
{
	struct never never = {0};
	char line[64];

	for (unsigned i = 1; i < 2 * NEVER_MAX; i++) {
		snprintf(line, sizeof(line), "eth0 0 %08X 3\n", i);
		never_add_routes(&never, str_from(line));
	}
	assert_int_equal(never.count, NEVER_MAX);
}

static void rules_name_exactly_the_pool(void **state)
{
	CLEANUP(buf_fini) struct buf rules = {0};
	struct endpoint pools[2];
	struct json_node nodes[512];
	struct json doc = {.nodes = nodes, .cap = 512};

	assert_true(endpoint_parse(STR("198.51.100.20:3333"), &pools[0]));
	assert_true(endpoint_parse(STR("[2001:db8::7]:443"), &pools[1]));
	nft_rules_add(&rules, STR("0123456789abcdef"), pools, 2, 3600);
	assert_int_equal(json_read(&doc, buf_view(&rules)), rules.len);
	assert_int_equal(doc.flaws, 0);
	assert_true(str_find(buf_view(&rules), STR("[\"198.51.100.20\",3333]")) > 0);
	assert_true(str_find(buf_view(&rules), STR("[\"2001:db8::7\",443]")) > 0);
	assert_true(str_find(buf_view(&rules), STR("\"timeout\":3600")) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gateways_and_resolvers_are_never_cut_off),
		cmocka_unit_test(a_flood_of_routes_ends),
		cmocka_unit_test(rules_name_exactly_the_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
