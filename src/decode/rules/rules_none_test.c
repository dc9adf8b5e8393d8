#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "decode/rules/rules.h"

static void rules_are_refused_with_the_remedy(void **state)
{
	struct rules_library *library;
	struct error why;

	assert_int_equal(rules_library_open(&library, &why), -ENOTSUP);
	assert_null(library);
	assert_true(str_find(str_from(why.text), STR("-Dyara=enabled")) >= 0);
	rules_library_close(library);
	rules_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rules_are_refused_with_the_remedy)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
