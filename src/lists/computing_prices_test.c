#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "lists/computing_prices.h"

#define HEADER "# name: test\n# source: us\n# date: 2026-11-22\n# licence: none\n"

static const struct {
	const char *name;
	enum record_provider provider;
	const char *type;
	double vcpu, gpu, usd;
} known[] = {
	{"a whole name", PROVIDER_AWS, "p3.16xlarge", 64, 8, 24.48},
	{"in capitals", PROVIDER_AWS, "P3.16XLARGE", 64, 8, 24.48},
	{"by size and by family", PROVIDER_AWS, "c6i.8xlarge", 32, 0, 1.36},
	{"a smaller one of a family that differs", PROVIDER_AWS, "t3.micro", 2, 0, 0.0104},
	{"a family that is not in the table", PROVIDER_AWS, "x9.4xlarge", 16, -1, -1},
	{"the size before the family: c4 has 36", PROVIDER_AWS, "c4.8xlarge", 36, 0, 1.591},
	{"metal of an unknown size", PROVIDER_AWS, "c5.metal", -1, 0, -1},
	{"nothing", PROVIDER_AWS, "", -1, -1, -1},
	{"another provider's name", PROVIDER_AZURE, "p3.16xlarge", -1, -1, -1},
	{"Azure, listed", PROVIDER_AZURE, "Standard_NC24ads_A100_v4", 24, 1, 3.673},
	{"Azure, by its name", PROVIDER_AZURE, "Standard_D16ads_v5", 16, -1, -1},
	{"Azure, some switched off", PROVIDER_AZURE, "Standard_M8-2ms", 2, -1, -1},
	{"Azure, numbered and not counted", PROVIDER_AZURE, "Standard_D14_v2", -1, -1, -1},
	{"Azure, a number that is none", PROVIDER_AZURE, "Standard_D99999999999999999999s_v3", -1,
	 -1, -1},
	{"Azure, only a start", PROVIDER_AZURE, "Standard_", -1, -1, -1},
	{"Google, by its name", PROVIDER_GCP, "n2-standard-32", 32, -1, -1},
	{"Google, custom", PROVIDER_GCP, "n2-custom-6-3072", 6, -1, -1},
	{"Google, with GPUs", PROVIDER_GCP, "a2-highgpu-1g", 12, 1, 3.673385},
	{"Google, cut off", PROVIDER_GCP, "n2-standard-", -1, -1, -1},
};

static void the_built_in_table_answers(void **state)
{
	struct computing_prices *prices = NULL;

	assert_int_equal(computing_prices_built_in(&prices), 0);
	assert_int_equal(computing_prices_date(prices).len, 10);
	assert_true(computing_prices_name(prices).len > 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct computing_price price =
			computing_prices_find(prices, known[i].provider, str_from(known[i].type));
		if (fabs(price.vcpu - known[i].vcpu) > 1e-9 ||
		    fabs(price.gpu - known[i].gpu) > 1e-9 ||
		    fabs(price.usd_per_hour - known[i].usd) > 1e-9)
			fail_msg("%s: %g %g %g", known[i].name, price.vcpu, price.gpu,
				 price.usd_per_hour);
	}
	computing_prices_free(prices);
}

static const struct {
	const char *text, *why; /* why: part of the message; NULL: it is read */
} files[] = {
	{HEADER "aws m5.large 2 0 0.096\n", NULL},
	{HEADER "aws m5.large 2 0 0.096", NULL},
	{"\xef\xbb\xbf" HEADER "aws\tm5.large  2 - - # a comment\r\n", NULL},
	{HEADER "gcp n2-* - 0 0.05/vcpu\n", NULL},
	{HEADER, "prices:4: the table has no row"},
	{"", "no row"},
	{"aws m5.large 2 0 0.096\n", "prices:1: the table does not say its name"},
	{"# name: x\n# date: 2026-13-01\n", "prices:2: the date is no day"},
	{HEADER "aws m5.large 2 0\n", "prices:5: a row has five words"},
	{HEADER "aws m5.large 2 0 1 1\n", "prices:5: more than five words"},
	{HEADER "ibm m5.large 2 0 1\n", "prices:5: the provider is none of"},
	{HEADER "aws * 2 0 1\n", "prices:5: the type is no name"},
	{HEADER "aws m*.large 2 0 1\n", "prices:5: the type is no name"},
	{HEADER "aws m5.large two 0 1\n", "prices:5: a figure is no number"},
	{HEADER "aws m5.large 2 0 -1\n", "prices:5: a figure is no number"},
	{HEADER "aws m5.large 2 0 1e9\n", "prices:5: a figure is no number"},
	{HEADER "aws m5.large 2 0 nan\n", "prices:5: a figure is no number"},
	{HEADER "aws m5.large 2 0 /vcpu\n", "prices:5: a figure is no number"},
};

static void a_wrong_file_is_refused_with_its_line(void **state)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct computing_prices *prices = NULL;
		struct error why = {""};
		int r = computing_prices_read("prices", str_from(files[i].text), &prices, &why);
		if (!files[i].why && r != 0)
			fail_msg("%zu: %s", i, why.text);
		if (files[i].why && (r != -EINVAL || !strstr(why.text, files[i].why)))
			fail_msg("%zu: \"%s\" instead of \"%s\"", i, why.text, files[i].why);
		assert_true((r == 0) == (prices != NULL));
		computing_prices_free(prices);
	}
}

static void the_users_table_takes_the_place_of_ours(void **state)
{
	struct computing_prices *prices = NULL;
	struct error why;
	static const char text[] = HEADER "aws *.large 2 0 1\naws m5.* - - 0.5/vcpu\n"
					  "aws m5.large - - 7\naws m5.4xlarge 16 0 -\n";

	assert_int_equal(computing_prices_read("prices", str_from(text), &prices, &why), 0);
	struct computing_price whole = computing_prices_find(prices, PROVIDER_AWS, STR("m5.large"));
	assert_true(whole.vcpu == 2 && whole.gpu == 0 && whole.usd_per_hour == 7);
	struct computing_price family =
		computing_prices_find(prices, PROVIDER_AWS, STR("m5.4xlarge"));
	assert_true(family.vcpu == 16 && family.usd_per_hour == 8);
	struct computing_price none =
		computing_prices_find(prices, PROVIDER_AWS, STR("p3.16xlarge"));
	assert_true(none.vcpu < 0 && none.usd_per_hour < 0);
	assert_true(str_equal(computing_prices_date(prices), STR("2026-11-22")));
	computing_prices_free(prices);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_built_in_table_answers),
		cmocka_unit_test(a_wrong_file_is_refused_with_its_line),
		cmocka_unit_test(the_users_table_takes_the_place_of_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
