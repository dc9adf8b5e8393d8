/*
 * The Sigma engine for tests/sigma_engine_test.py: which rules hold for which records.
 *
 *     sigma_hits FILE <RECORDS
 *
 * FILE names what is loaded, one a line: "mapping PATH", "placeholders PATH" or "rules PATH".
 * Records are lines of KIND, seconds and JSON, with tabs between them; a line "report" tells the
 * findings and begins anew. Prints "hit RULE NUMBER" for each rule about one record, and "found
 * RULE" for each finding, behind it amount, windows, first and last second and group of a
 * correlation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "detect/sigma/engine.h"
#include "programs/file_text.h"

enum { NODES = 1 << 17, HITS_MOST = 4096, TEXTS_BYTES = 16 << 20 };

struct proof {
	struct sigma_teller teller;
	struct record_teller told;
	struct sigma_rules rules;
	struct sigma_mapping mappings[SIGMA_MAPPINGS_MAX];
	size_t mapping_count;
	struct sigma_placeholders placeholders;
	struct arena texts, scratch;
	struct sigma_engine *engine;
	uint64_t number;
	struct json_node *nodes;
};

static void fail(const char *what)
{
	fprintf(stderr, "sigma_hits: %s\n", what);
	exit(2);
}

static void tell_problem(struct sigma_teller *teller, const struct sigma_problem *problem)
{
	if (problem->is_refusal)
		printf("refused %.*s:%u:%u: %.*s\n", STR_ARG(problem->file), problem->line,
		       problem->column, STR_ARG(problem->what));
}

static void tell_finding(struct record_teller *teller, struct finding *finding)
{
	const struct fact *amount = facts_find(&finding->facts, STR("amount"));
	const struct fact *group = facts_find(&finding->subject.keys, STR("group"));

	printf("found %.*s", STR_ARG(finding->rule.id));
	if (amount && group)
		printf(" %.15g %g %lld %lld %.*s",
		       amount->kind == FACT_REAL ? amount->real : (double)amount->number,
		       (double)facts_number(&finding->facts, STR("windows")),
		       (long long)(finding->first_seen.ns / 1000000000),
		       (long long)(finding->last_seen.ns / 1000000000), STR_ARG(group->text));
	printf("\n");
}

static void load(struct proof *p, struct str what, struct str path)
{
	CLEANUP(buf_fini) struct buf name = {0};
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add(&name, path);
	buf_add_byte(&name, '\0');
	if (name.failed || file_text_read(name.at, SIGMA_FILE_MAX, &text) < 0)
		fail("a file cannot be read");
	if (str_equal(what, STR("mapping")) && p->mapping_count < SIGMA_MAPPINGS_MAX)
		p->mapping_count +=
			sigma_mapping_read(path, buf_view(&text), &p->texts,
					   &p->mappings[p->mapping_count], &p->teller) == 0;
	else if (str_equal(what, STR("placeholders")))
		(void)!sigma_placeholders_read(path, buf_view(&text), &p->texts, &p->placeholders,
					       &p->teller);
	else if (sigma_rules_read(&p->rules, path, buf_view(&text), &p->placeholders, &p->teller) <
		 0)
		fail("no room for the rules");
}

static void open_engine(struct proof *p)
{
	const struct sigma_engine_settings settings = {.seed = 1};
	struct error why = {0};

	sigma_engine_free(p->engine);
	if (sigma_engine_new(&p->rules, p->mappings, p->mapping_count, &settings, &p->engine,
			     &why) < 0)
		fail(why.text);
	p->number = 0;
}

static void load_all(struct proof *p, const char *list)
{
	CLEANUP(buf_fini) struct buf text = {0};
	struct str rest, line, what, path;

	if (file_text_read(list, 1 << 24, &text) < 0)
		fail("the list of files cannot be read");
	rest = buf_view(&text);
	while (str_cut(rest, '\n', &line, &rest))
		if (str_cut(line, ' ', &what, &path))
			load(p, what, path);
	sigma_rules_join(&p->rules, &p->teller);
	open_engine(p);
}

static void take(struct proof *p, struct str line)
{
	static uint32_t hits[HITS_MOST];
	struct json doc = {.nodes = p->nodes, .cap = NODES};
	struct record record = {.source = STR("records"), .offset = ++p->number};
	struct str kind, at, text;
	uint64_t seconds;

	if (!str_cut(line, '\t', &kind, &text) || !str_cut(text, '\t', &at, &text) ||
	    !str_to_u64(at, &seconds) || !record_kind_from_name(kind, &record.kind))
		fail("a line is no record");
	json_read(&doc, text);
	record.time = instant_at((int64_t)seconds, 0);
	record.whole = json_root(&doc);
	record.text = text;
	const size_t count = sigma_engine_match(p->engine, &record, hits, HITS_MOST);
	for (size_t i = 0; i < count; i++)
		printf("hit %.*s %llu\n", STR_ARG(p->rules.at[hits[i]].id),
		       (unsigned long long)p->number);
	sigma_engine_take(p->engine, &record);
}

static void report(struct proof *p)
{
	sigma_engine_report(p->engine, (instant){INT64_MAX}, &p->scratch, &p->told);
	printf("done\n");
	open_engine(p);
}

int main(int argc, char **argv)
{
	static struct proof p = {.teller = {tell_problem}, .told = {tell_finding}};
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	p.nodes = calloc(NODES, sizeof(*p.nodes));
	if (argc != 2 || !p.nodes || sigma_rules_init(&p.rules, 0) < 0 ||
	    arena_init(&p.texts, TEXTS_BYTES) < 0 || arena_init(&p.scratch, 1 << 20) < 0)
		fail("usage: sigma_hits FILE <RECORDS");
	load_all(&p, argv[1]);
	while ((len = getline(&line, &cap, stdin)) > 0) {
		const struct str text = str_of(line, (size_t)len - (line[len - 1] == '\n'));
		if (str_equal(text, STR("report")))
			report(&p);
		else
			take(&p, text);
	}
	free(line);
	free(p.nodes);
	sigma_engine_free(p.engine);
	sigma_rules_fini(&p.rules);
	arena_fini(&p.texts);
	arena_fini(&p.scratch);
	return ferror(stdout) || fflush(stdout) != 0 ? 2 : 0;
}
