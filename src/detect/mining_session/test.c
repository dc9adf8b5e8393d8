/*
 * Each file of cases/ is a conversation and what it must come to:
 *
 *     expect VERDICT DIALECT STATE     or: expect silence
 *     list ENTRY                       (optional) a list has this entry
 *     server ADDRESS:PORT              (optional) side 1
 *     named NAME                       (optional) side 1 was called so
 *     listed ENTRY CONFIDENCE          what the finding must say of lists; - is nothing
 *     shared yes|no                    whether the server's address is told to be shared
 *     unacknowledged 0|1               (optional) that side's data was never acknowledged
 *     doubt WORD                       (optional) tunnel, apart, mirror, refused or versions: as
 *                                      decode/flow tells it, of the tunnel end 192.0.2.1
 *     says TEXT                        (optional) is in a reason; - TEXT is in none
 *     > text                           side 0 sends the line with a line end
 *     < text                           side 1
 *     >> text, << text                 the same, with \r\n undone from \\r\\n and no line end added
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "decode/flow/conversation.h"
#include "detect/engine.h"
#include "detect/mining_session/report.h"

struct result {
	struct finding_sink sink;
	int findings;
	char text[128], listed[160], shared[8];
	char reasons[4096];
};

struct run {
	struct engine *engine;
	struct flow_view view;
	uint8_t key[40];
};

static void take_finding(struct finding_sink *sink, const struct finding *finding)
{
	struct result *result = (struct result *)sink;

	result->findings++;
	snprintf(result->text, sizeof(result->text), "%s %.*s %.*s", verdict_name(finding->verdict),
		 STR_ARG(facts_text(&finding->facts, STR("dialect"))),
		 STR_ARG(facts_text(&finding->facts, STR("state"))));
	struct str listed = facts_text(&finding->facts, STR("listed"));
	const struct fact *shared = facts_find(&finding->facts, STR("shared_address"));
	snprintf(result->listed, sizeof(result->listed), "%.*s %.2f",
		 listed.len > 0 ? (int)listed.len : 1, listed.len > 0 ? listed.at : "-",
		 finding->confidence);
	snprintf(result->shared, sizeof(result->shared), "%s",
		 shared && shared->truth ? "yes" : "no");
	bool has_reason = false;
	result->reasons[0] = '\0';
	for (size_t i = 0; i < finding->reason_count; i++) {
		size_t len = strlen(result->reasons);
		snprintf(result->reasons + len, sizeof(result->reasons) - len, "%.*s\n",
			 STR_ARG(finding->reasons[i]));
	}
	for (size_t i = 0; i < finding->reason_count; i++)
		has_reason |= str_starts(finding->reasons[i], STR("listed as a public pool: ")) &&
			      str_ends(finding->reasons[i], STR(", by the tests of 2026-11-22"));
	assert_int_equal(has_reason, listed.len > 0);
	assert_true(finding->reason_count > 0);
	assert_true(finding->title.len > 0);
	assert_true(finding->action_count > 0);
	assert_true(finding->confidence > 0 && finding->confidence <= 1);
}

static void take_message(void *context, struct conversation *conversation, struct observation *seen)
{
	struct run *run = context;

	conversation_describe(conversation, &run->view);
	seen->flow = &run->view;
	engine_observe(run->engine, seen);
}

/* Undoes \r, \n, \xNN of a >> or << line. */
static struct str undo_escapes(char *text)
{
	char *to = text, *from = text;
	unsigned byte;

	while (*from) {
		if (from[0] == '\\' && (from[1] == 'r' || from[1] == 'n')) {
			*to++ = from[1] == 'r' ? '\r' : '\n';
			from += 2;
		} else if (from[0] == '\\' && from[1] == 'x' &&
			   sscanf(from + 2, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	return str_of(text, (size_t)(to - text));
}

static void say(struct conversation *conversation, char *line, instant at)
{
	int side = line[0] == '<';
	size_t len = strlen(line);

	if (line[1] == line[0]) {
		conversation_feed(conversation, side, undo_escapes(line + 3), at);
	} else {
		line[len] = '\n';
		conversation_feed(conversation, side, str_of(line + 2, len - 1), at);
	}
}

/* What a case says of lists, of its server and of doubts. */
struct setting {
	struct pool_list_builder builder;
	char named[128], listed[128], shared[8], says[128];
};

static uint8_t doubt_of(const char *word)
{
	static const char *const words[] = {"tunnel", "apart", "mirror", "refused", "versions"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(word, words[i]) == 0)
			return (uint8_t)(1u << i);
	fail_msg("no doubt is called %s", word);
	return 0;
}

static void set_up(struct setting *setting, struct run *run, char *line)
{
	char name[POOL_NAME_MAX + 1];
	struct pool_entry entry;
	struct error why;

	if (strncmp(line, "list ", 5) == 0) {
		if (!pool_entry_parse(str_from(line + 5), name, &entry, &why))
			fail_msg("%s", why.text);
		assert_int_equal(pool_list_add_entry(&setting->builder, &entry), 0);
	} else if (strncmp(line, "server ", 7) == 0) {
		assert_true(endpoint_parse(str_from(line + 7), &run->view.ends[1]));
	} else if (strncmp(line, "named ", 6) == 0) {
		snprintf(setting->named, sizeof(setting->named), "%.120s", line + 6);
		run->view.names[1][0] = str_from(setting->named);
		run->view.name_count[1] = 1;
	} else if (strncmp(line, "doubt ", 6) == 0) {
		run->view.doubts |= doubt_of(line + 6);
		run->view.has_tunnel_end = true;
		run->view.tunnel_end = address_v4(0xc0000201);
	} else if (strncmp(line, "says ", 5) == 0) {
		snprintf(setting->says, sizeof(setting->says), "%.120s", line + 5);
	} else if (strncmp(line, "listed ", 7) == 0) {
		snprintf(setting->listed, sizeof(setting->listed), "%.120s", line + 7);
	} else if (strncmp(line, "shared ", 7) == 0) {
		snprintf(setting->shared, sizeof(setting->shared), "%.7s", line + 7);
	}
}

static bool says_all(const struct result *result, const struct setting *setting, const char *path)
{
	bool is_right = (!setting->listed[0] || strcmp(setting->listed, result->listed) == 0) &&
			(!setting->shared[0] || strcmp(setting->shared, result->shared) == 0);

	if (setting->says[0]) {
		bool must_not = strncmp(setting->says, "- ", 2) == 0;
		const char *text = setting->says + (must_not ? 2 : 0);
		if ((strstr(result->reasons, text) != NULL) == must_not) {
			print_error("# %s: reasons: %s\n", path, result->reasons);
			return false;
		}
	}
	if (!is_right)
		print_error("# %s: listed '%s', shared '%s'\n", path, result->listed,
			    result->shared);
	return is_right;
}

/* False, with the difference told, when a case does not come out as it says. */
static bool run_case(const char *path)
{
	struct result result = {.sink = {take_finding}};
	struct pool_list pools = {0};
	struct engine_settings settings = {.capacity = 64, .sink = &result.sink, .pools = &pools};
	struct setting setting = {0};
	struct buf blob = {0};
	struct run run = {.view = {.initiator = 0, .acknowledged = {true, true}}};
	struct conversation_host host = {.take = take_message, .context = &run};
	static char line[65536];
	char expected[128] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	run.view.key = run.key;
	run.view.ends[0] = (struct endpoint){address_v4(0x0a000007), 40001};
	run.view.ends[1] = (struct endpoint){address_v4(0xc6336414), 3333};
	run.view.first_seen = instant_at(1000, 0);
	assert_int_equal(pool_list_begin(&setting.builder, STR("the tests"), STR("2026-11-22")), 0);
	assert_int_equal(engine_new(&settings, &run.engine), 0);
	assert_int_equal(conversation_host_init(&host), 0);
	struct conversation *conversation = conversation_new(&host, NULL);
	for (int second = 1000; fgets(line, sizeof(line) - 2, file); second++) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "expect ", 7) == 0)
			snprintf(expected, sizeof(expected), "%.100s", line + 7);
		else if (strncmp(line, "unacknowledged ", 15) == 0)
			run.view.acknowledged[line[15] == '1'] = false;
		else if (line[0] == '>' || line[0] == '<')
			say(conversation, line, instant_at(second, 0));
		else
			set_up(&setting, &run, line);
	}
	fclose(file);
	assert_int_equal(pool_list_seal(&setting.builder, &blob), 0);
	assert_true(pool_list_open(buf_view(&blob), &pools));
	conversation_end(conversation, instant_at(2000, 0));
	conversation_free(conversation);
	conversation_host_fini(&host);
	engine_flush(run.engine);
	engine_free(run.engine);
	buf_fini(&blob);
	pool_list_builder_fini(&setting.builder);
	bool is_right = strcmp(result.findings ? result.text : "silence", expected) == 0 &&
			result.findings <= 1;
	if (!is_right)
		print_error("# %s: expected '%s', found '%s' (%d findings)\n", path, expected,
			    result.findings ? result.text : "silence", result.findings);
	return is_right && says_all(&result, &setting, path);
}

static void every_case_comes_out_as_told(void **state)
{
	const char *root = getenv("DAVY_SOURCE_ROOT");
	char folder[512];
	int count = 0, wrong = 0;

	snprintf(folder, sizeof(folder), "%s/src/detect/mining_session/cases", root ? root : ".");
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		char path[1024];
		if (!strstr(entry->d_name, ".case"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		wrong += !run_case(path);
		count++;
	}
	closedir(dir);
	print_message("# %d cases\n", count);
	assert_int_equal(wrong, 0);
	assert_true(count >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_comes_out_as_told)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
