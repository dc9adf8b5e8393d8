/* `davy scan` on captures that src/lab makes here: text, JSON, and what cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "golden.h"
#include "scan_captures.h"

static const struct golden_row rows[] = {
	{"scan_help", "scan --help"},
	{"scan_no_input", "scan"},
	{"scan_bad_verdict", "scan --fail-on sure monero.pcap"},
	{"scan_monero", "scan monero.pcap"},
	{"scan_monero_json", "scan --json monero.pcap"},
	{"scan_refused", "scan refused.pcap"},
	{"scan_refused_json", "scan --json refused.pcap"},
	{"scan_refused_fail_on", "scan --fail-on mining refused.pcap"},
	{"scan_socks5", "scan socks5.pcap"},
	{"scan_socks5_json", "scan --json socks5.pcap"},
	{"scan_one_wallet", "scan one_wallet.pcap"},
	{"scan_one_wallet_json", "scan --json one_wallet.pcap"},
	{"scan_proxy", "scan proxy.pcap"},
	{"scan_proxy_json", "scan --json proxy.pcap"},
	{"scan_template", "scan template.pcap"},
	{"scan_template_json", "scan --json template.pcap"},
	{"scan_repeated", "scan repeated.pcap"},
	{"scan_innocent", "scan innocent.pcap"},
	{"scan_innocent_json", "scan --json innocent.pcap"},
	{"scan_mirror", "scan mirror.pcap"},
	{"scan_mirror_named", "scan --mirror 203.0.113.9 --mirror 192.0.2.0/24 mirror.pcap"},
	{"scan_mirror_other", "scan --mirror 203.0.113.9 mirror.pcap"},
	{"scan_mirror_none_json", "scan --json --mirror none mirror.pcap"},
	{"scan_bad_mirror", "scan --mirror pool.example mirror.pcap"},
	{"scan_hostile", "scan hostile.pcap"},
	{"scan_hostile_json", "scan --json hostile.pcap"},
	{"scan_cut", "scan cut.pcap"},
	{"scan_cut_json", "scan --json cut.pcap"},
	{"scan_cut_gzip", "scan cut.gz"},
	{"scan_missing", "scan missing.pcap innocent.pcap"},
	{"scan_missing_json", "scan --json missing.pcap innocent.pcap"},
	{"scan_not_a_capture", "scan notes.txt monero.pcap"},
	{"scan_folder", "scan folder"},
	{"scan_input", "scan -", NULL, "monero.pcap"},
	{"scan_input_gzip", "scan -", NULL, "packed.gz"},
	{"scan_gzip", "scan packed.gz"},
	{"scan_empty", "scan empty.pcap"},
	{"scan_empty_json", "scan --json empty.pcap"},
};

static int make_place(void **state)
{
	*state = strdup("/tmp/davy-scan-XXXXXX");
	setenv("NO_COLOR", "1", 1);
	return mkdtemp(*state) && chdir(*state) == 0 && scan_captures_write() ? 0 : -1;
}

static int drop_place(void **state)
{
	scan_captures_remove();
	unlink("out");
	int result = chdir("/") == 0 ? rmdir(*state) : -1;
	free(*state);
	return result;
}

static int take_number(int *next)
{
	return (*next)++;
}

static int first_minus_last(int first, int last)
{
	return first - last;
}

/* src/lab draws random numbers among the arguments of a call, so its sessions are those of the
 * goldens only where a compiler takes arguments in gcc's order (see lab/random.h). */
static bool has_the_goldens_order(void)
{
	int next = 0;

	return first_minus_last(take_number(&next), take_number(&next)) == 1;
}

static void outputs_are_as_agreed(void **state)
{
	if (!has_the_goldens_order()) {
		printf("# skipped: this compiler takes arguments in another order than gcc\n");
		return;
	}
	golden_check(rows, sizeof(rows) / sizeof(*rows));
}

/* Whatever the goldens say: nothing of a miner's choosing reaches a terminal as it is. */
static void nothing_hostile_is_printed(void **state)
{
	static const char *const forbidden[] = {"\x1b",		"\x07",		"\xc2\x9b",
						"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8b"};
	const struct golden_row row = {"hostile", "scan hostile.pcap", "NO_COLOR="};
	struct buf out = {0};

	golden_run(&row, &out);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
		assert_true(str_find(buf_view(&out), str_from(forbidden[i])) < 0);
	assert_true(str_find(buf_view(&out), STR("\\u{202e}txt.exe")) >= 0);
	assert_true(str_find(buf_view(&out), STR("\\x1b]0;owned\\x07")) >= 0);
	buf_fini(&out);
}

static bool has_option(struct str text, struct str option, const char *before)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "\n%s--%.*s", before, STR_ARG(option));
	ptrdiff_t at = str_find(text, str_from(wanted));
	struct str after = at < 0 ? text : str_skip(text, (size_t)at + strlen(wanted));

	return at >= 0 && after.len > 0 && strchr(" *,", after.at[0]);
}

/* Every line of `from` that begins with `before` and an option: `to` must have it too. */
static unsigned compare_options(struct str from, const char *before, struct str to,
				const char *before_there)
{
	char begins[16];
	struct str line;
	unsigned count = 0;

	snprintf(begins, sizeof(begins), "%s--", before);
	while (str_cut(from, '\n', &line, &from)) {
		size_t len = 0;
		if (!str_starts(line, str_from(begins)))
			continue;
		struct str option = str_skip(line, strlen(begins));
		while (len < option.len && !strchr(" *", option.at[len]))
			len++;
		option = str_sub(option, 0, len);
		count++;
		if (!str_equal(option, STR("help")) && !has_option(to, option, before_there))
			fail_msg("--%.*s is in one of man page and --help", STR_ARG(option));
	}
	return count;
}

static void manual_and_help_have_the_same_options(void **state)
{
	const struct golden_row row = {"help", "scan --help"};
	struct buf help = {0}, page = {0};
	char path[512];

	snprintf(path, sizeof(path), "%s/man/davy-scan.1.scd", getenv("DAVY_SOURCE_ROOT"));
	golden_add_file(&page, path);
	golden_run(&row, &help);
	assert_int_equal(compare_options(buf_view(&help), "  ", buf_view(&page), "*"), 11);
	assert_int_equal(compare_options(buf_view(&page), "*", buf_view(&help), "  "), 10);
	buf_fini(&help);
	buf_fini(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(outputs_are_as_agreed, make_place, drop_place),
		cmocka_unit_test_setup_teardown(nothing_hostile_is_printed, make_place, drop_place),
		cmocka_unit_test_setup_teardown(manual_and_help_have_the_same_options, make_place,
						drop_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
