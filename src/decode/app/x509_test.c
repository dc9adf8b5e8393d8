#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decode/app/x509.h"
#include "decode/app/x509_sample.h"

static size_t sample(uint8_t der[1024])
{
	ptrdiff_t len = str_decode_hex(STR(X509_SAMPLE_HEX), der, 1024);

	assert_true(len > 0);
	return (size_t)len;
}

static void names_of_a_real_certificate(void **state)
{
	uint8_t der[1024];
	struct x509_names names;
	char text[ENDPOINT_TEXT_MAX];
	size_t len = sample(der);

	assert_int_equal(x509_names_read(str_of(der, len), &names), DECODED);
	assert_true(str_equal(names.subject, STR("pool.example.net")));
	assert_true(str_equal(names.issuer, STR("pool.example.net")));
	assert_int_equal(names.dns_count, 2);
	assert_true(str_equal(names.dns[0], STR("pool.example.net")));
	assert_true(str_equal(names.dns[1], STR("*.example.org")));
	assert_int_equal(names.address_count, 2);
	assert_true(str_equal(address_text(&names.addresses[0], text), STR("192.0.2.7")));
	assert_true(str_equal(address_text(&names.addresses[1], text), STR("2001:db8::7")));
	assert_false(names.has_more);
}

static void each_prefix_needs_more(void **state)
{
	uint8_t der[1024];
	struct x509_names names;
	size_t len = sample(der);

	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);
		memcpy(exact, der, cut);
		assert_int_equal(x509_names_read(str_of(exact, cut), &names), NEED_MORE);
		assert_int_equal(names.dns_count, 0);
		free(exact);
	}
}

/* One byte wrong anywhere: any outcome, but names only from inside the certificate. */
static void no_changed_byte_leads_outside(void **state)
{
	static const uint8_t values[] = {0x00, 0x7f, 0x80, 0x84, 0x85, 0xff, 0x30, 0x82};
	uint8_t der[1024];
	struct x509_names names;
	size_t len = sample(der);

	for (size_t i = 0; i < len; i++) {
		uint8_t *exact = malloc(len);
		for (size_t v = 0; v < sizeof(values); v++) {
			memcpy(exact, der, len);
			exact[i] = values[v];
			(void)x509_names_read(str_of(exact, len), &names);
			assert_true(names.dns_count <= X509_NAMES_MAX);
			for (size_t n = 0; n < names.dns_count; n++) {
				assert_true((uint8_t *)names.dns[n].at >= exact);
				assert_true((uint8_t *)names.dns[n].at + names.dns[n].len <=
					    exact + len);
			}
		}
		free(exact);
	}
}

static void what_is_no_certificate(void **state)
{
	static const struct {
		const char *name, *hex;
		enum decoded outcome;
	} rows[] = {
		{"nothing", "", NEED_MORE},
		{"other tag", "0401", MALFORMED},
		{"indefinite length", "3080", MALFORMED},
		{"length of five bytes", "30850000000001", MALFORMED},
		{"length of 4 GiB", "3084ffffffff00", NEED_MORE},
		{"empty", "3000", MALFORMED},
		{"empty body", "30023000", MALFORMED},
		{"body longer than its certificate", "30023005", MALFORMED},
		{"long tag", "3f0100", MALFORMED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t bytes[64];
		struct x509_names names;
		ptrdiff_t len = str_decode_hex(str_from(rows[i].hex), bytes, sizeof(bytes));
		assert_true(len >= 0);
		if (x509_names_read(str_of(bytes, (size_t)len), &names) != rows[i].outcome)
			fail_msg("%s", rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_a_real_certificate),
		cmocka_unit_test(each_prefix_needs_more),
		cmocka_unit_test(no_changed_byte_leads_outside),
		cmocka_unit_test(what_is_no_certificate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
