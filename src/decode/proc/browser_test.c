#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/proc/browser.h"

#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static void the_part_that_a_process_plays(void **state)
{
	static const struct {
		const char *name;
		struct str arguments;
		enum browser_role role;
	} rows[] = {
		{"nothing", TEXT(""), BROWSER_NONE},
		{"the browser", TEXT("/usr/lib/chromium/chromium --headless http://x/"),
		 BROWSER_NONE},
		{"a page, as a zygote writes it",
		 TEXT("/usr/lib/chromium/chromium --type=renderer --lang=en"), BROWSER_PAGE},
		{"a page, started anew", TEXT("/opt/google/chrome/chrome\0--type=renderer\0--x\0"),
		 BROWSER_PAGE},
		{"a program with blanks in its name",
		 TEXT("/opt/An Editor/editor --type=renderer --x"), BROWSER_PAGE},
		{"an extension", TEXT("/c/chrome --type=renderer --x --extension-process --y"),
		 BROWSER_EXTENSION},
		{"a zygote", TEXT("/c/chrome --type=zygote --no-sandbox"), BROWSER_PART},
		{"graphics", TEXT("/c/chrome\0--type=gpu-process\0"), BROWSER_PART},
		{"a page's address that says so",
		 TEXT("/c/chrome\0--new-window\0http://x/ --type=renderer"), BROWSER_NONE},
		{"nearly", TEXT("/c/chrome --type=renderers"), BROWSER_PART},
		{"Firefox itself", TEXT("/usr/lib/firefox-esr/firefox-esr\0--headless\0tab"),
		 BROWSER_NONE},
		{"its tab",
		 TEXT("/usr/lib/firefox-esr/"
		      "firefox-esr\0-contentproc\0-isForBrowser\0-prefsHandle\0000:1\0"
		      "12\0tab\0"),
		 BROWSER_PAGE},
		{"its socket", TEXT("/usr/lib/firefox-esr/firefox-esr -contentproc -x 2 socket"),
		 BROWSER_PART},
		{"blanks only", TEXT("    "), BROWSER_NONE},
		{"dashes only", TEXT("- - -"), BROWSER_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (proc_browser_role(rows[i].arguments) != rows[i].role)
			fail_msg("%s: %d", rows[i].name, proc_browser_role(rows[i].arguments));
}

#define CHROMIUM "/usr/lib/chromium/chromium"

static const struct ancestor shell = {
	.key.pid = 5, .executable = TEXT("/usr/bin/bash"), .arguments = TEXT("bash")};
static const struct ancestor zygote = {.key.pid = 20,
				       .executable = TEXT(CHROMIUM),
				       .arguments = TEXT(CHROMIUM " --type=zygote --x")};

static struct process page_of(const char *arguments, const struct ancestor *parents, size_t count)
{
	struct process p = {.key.pid = 30,
			    .executable.path = TEXT(CHROMIUM),
			    .arguments = str_from(arguments),
			    .ancestor_count = count};

	for (size_t i = 0; i < count; i++)
		p.ancestors[i] = parents[i];
	return p;
}

static void a_page_with_its_browser(void **state)
{
	const struct ancestor browser = {
		.key.pid = 10,
		.executable = TEXT(CHROMIUM),
		.arguments = TEXT(CHROMIUM " --user-data-dir=/srv/u/my things --lang=de")};
	const struct ancestor chain[] = {zygote, browser, shell};
	struct browser_process b;

	struct process page = page_of(CHROMIUM " --type=renderer --x", chain, 3);
	proc_browser_read(&page, &b);
	assert_int_equal(b.role, BROWSER_PAGE);
	assert_int_equal(b.engine, ENGINE_CHROMIUM);
	assert_int_equal(b.main_pid, 10);
	assert_true(str_equal(b.name, STR("Chromium")));
	assert_true(str_equal(b.profile, STR("/srv/u/my things")));
	page = page_of(CHROMIUM " --type=renderer --user-data-dir=/p --x", chain, 3);
	proc_browser_read(&page, &b);
	assert_true(str_equal(b.profile, STR("/p")));
}

/* As a worker sees it, who may not read the links of the parents. */
static void a_page_with_parents_half_read(void **state)
{
	static const struct {
		const char *arguments;
		bool is_page;
	} rows[] = {
		{CHROMIUM, true},
		{CHROMIUM " --headless", true},
		{"chromium http://x/", true},
		{"/usr/lib/chromium/chromium-bsu", false},
		{"bash", false},
		{"", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct ancestor chain[] = {
			{.key.pid = 20, .arguments = zygote.arguments},
			{.key.pid = 10, .arguments = str_from(rows[i].arguments)}};
		struct process page = page_of(CHROMIUM " --type=renderer", chain, 2);
		struct browser_process b;

		proc_browser_read(&page, &b);
		if ((b.role == BROWSER_PAGE) != rows[i].is_page)
			fail_msg("%s", rows[i].arguments);
	}
}

/* Whoever calls itself a page and was not started by the same program is none. */
static void a_page_without_a_browser(void **state)
{
	const struct ancestor chain[] = {zygote, shell};
	struct browser_process b;

	for (size_t from = 0; from <= 2; from++) {
		struct process page = page_of(CHROMIUM " --type=renderer", chain + from, 2 - from);
		proc_browser_read(&page, &b);
		assert_int_equal(b.role, BROWSER_NONE);
		assert_int_equal(b.main_pid, 0);
	}
}

static void a_firefox_tab_and_an_editor(void **state)
{
	const struct ancestor firefox = {
		.key.pid = 7,
		.executable = TEXT("/usr/lib/firefox-esr/firefox-esr"),
		.arguments = TEXT(
			"/usr/lib/firefox-esr/firefox-esr --headless --profile /tmp/f http://x/")};
	struct process tab =
		page_of("/usr/lib/firefox-esr/firefox-esr -contentproc -x 7 tab", &firefox, 1);
	struct browser_process b;

	tab.executable.path = firefox.executable;
	proc_browser_read(&tab, &b);
	assert_int_equal(b.role, BROWSER_PAGE);
	assert_int_equal(b.engine, ENGINE_FIREFOX);
	assert_true(str_equal(b.name, STR("Firefox")));
	assert_true(str_equal(b.profile, STR("/tmp/f")));
	tab.name = STR("WebExtensions");
	proc_browser_read(&tab, &b);
	assert_int_equal(b.role, BROWSER_EXTENSION);

	const struct ancestor editor = {.key.pid = 8,
					.executable = TEXT("/opt/editor/the-editor"),
					.arguments = TEXT("/opt/editor/the-editor")};
	tab = page_of("/opt/editor/the-editor --type=renderer", &editor, 1);
	tab.executable.path = editor.executable;
	proc_browser_read(&tab, &b);
	assert_int_equal(b.role, BROWSER_PAGE);
	assert_true(str_equal(b.name, STR("the-editor")));
	assert_int_equal(b.profile.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_part_that_a_process_plays),
		cmocka_unit_test(a_page_with_its_browser),
		cmocka_unit_test(a_page_with_parents_half_read),
		cmocka_unit_test(a_page_without_a_browser),
		cmocka_unit_test(a_firefox_tab_and_an_editor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
