#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "detect/key_ids.h"

static const struct {
	const char *text, *ids;
} rows[] = {
	{"AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE "},
	{"id=AKIAIOSFODNN7EXAMPLE&secret=AKIAIOSFODNN7EXAMPL", "AKIAIOSFODNN7EXAMPLE "},
	{"\"ASIAIOSFODNN7EXAMPLE\" AKIAAAAAAAAAAEXAMPLE",
	 "ASIAIOSFODNN7EXAMPLE AKIAAAAAAAAAAEXAMPLE "},
	{"{\"data\":{\"id\":\"QUtJQUlPU0ZPRE5ON0VYQU1QTEU=\"}}", "AKIAIOSFODNN7EXAMPLE "},
	{"QUtJQUlPU0ZPRE5ON0VYQU1QTEUK", "AKIAIOSFODNN7EXAMPLE "},
	{"QUtJQUlPU0ZPRE5ON0VYQU1QTE", ""},
	{"XAKIAIOSFODNN7EXAMPLE", ""},
	{"AKIAIOSFODNN7EXAMPLEX", ""},
	{"AKIAIOSFODNN7EXAMPLe", ""},
	{"AKIA", ""},
	{"", ""},
};

static void ids_are_found_and_nothing_else(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str text = str_from(rows[i].text);
		char id[KEY_ID_LEN + 1], all[128] = "";
		while (key_id_next(&text, id)) {
			strcat(all, id);
			strcat(all, " ");
		}
		if (strcmp(all, rows[i].ids) != 0)
			fail_msg("%s: \"%s\"", rows[i].text, all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_found_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
