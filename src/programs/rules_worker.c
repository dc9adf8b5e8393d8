/* `davy rules check`: the half without rights, which reads rules and says what is wrong. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json_write.h"
#include "detect/sigma/engine.h"
#include "model/line.h"
#include "programs/commands.h"
#include "programs/rules.h"
#include "programs/sigma_files.h"
#include "programs/write_all.h"
#include "report/layout.h"
#include "sandbox/confine.h"
#include "sandbox/worker.h"

enum { SIGMA_MEMORY = 1u << 31, DRAIN_MS = 1000 };

struct work {
	struct sigma_teller teller;
	struct rules_start start;
	struct channel channel;
	struct buf out;
	struct sigma_loaded loaded;
	uint64_t refusals, warnings;
	bool is_lost; /* standard output takes no more */
};

static void flush(struct work *work)
{
	if (work->out.len > 0 && write_all(STDOUT_FILENO, buf_view(&work->out)) != 0)
		work->is_lost = true;
	buf_clear(&work->out);
}

static void tell_json(struct work *work, const struct sigma_problem *problem)
{
	struct json_writer w = {.out = &work->out};

	json_open(&w, '{');
	json_key_string(&w, "kind", STR("rule_problem"));
	json_key_unsigned(&w, "schema", LINE_SCHEMA);
	json_key_string(&w, "file", problem->file);
	json_key_unsigned(&w, "line", problem->line);
	json_key_unsigned(&w, "column", problem->column);
	json_key(&w, "refused");
	json_bool(&w, problem->is_refusal);
	json_key_string(&w, "what", problem->what);
	json_key_string(&w, "remedy", problem->remedy);
	json_close(&w, '}');
	buf_add_byte(&work->out, '\n');
}

static void tell_problem(struct sigma_teller *teller, const struct sigma_problem *problem)
{
	struct work *work = (struct work *)teller;

	*(problem->is_refusal ? &work->refusals : &work->warnings) += 1;
	if (work->start.is_json) {
		tell_json(work, problem);
	} else {
		report_hostile(&work->out, problem->file);
		if (problem->line > 0)
			buf_printf(&work->out, ":%u:%u", problem->line, problem->column);
		buf_printf(&work->out, ": %s", problem->is_refusal ? "" : "warning: ");
		report_hostile(&work->out, problem->what);
		buf_printf(&work->out, "; %.*s\n", STR_ARG(problem->remedy));
	}
	flush(work);
}

/* Good one by one, rules may still be too much together. */
static void compile_all(struct work *work)
{
	const struct sigma_engine_settings settings = {.seed = 1, .findings = 16, .groups = 16};
	struct sigma_engine *engine = NULL;
	struct error why = {0};

	if (sigma_engine_new(&work->loaded.rules, work->loaded.mappings, work->loaded.mapping_count,
			     &settings, &engine, &why) == 0) {
		sigma_engine_free(engine);
		return;
	}
	const struct sigma_problem problem = {.file = STR("all rules together"),
					      .is_refusal = true,
					      .what = str_from(why.text),
					      .remedy = STR("name fewer rules")};
	tell_problem(&work->teller, &problem);
}

static uint64_t count_correlations(const struct sigma_rules *rules)
{
	uint64_t count = 0;

	for (size_t i = 0; i < rules->count; i++)
		count += rules->at[i].correlation != NULL;
	return count;
}

static void tell_counts(struct work *work)
{
	const struct sigma_rules *rules = &work->loaded.rules;
	const uint64_t correlations = count_correlations(rules);
	struct json_writer w = {.out = &work->out};

	if (!work->start.is_json) {
		buf_printf(&work->out,
			   "%zu rule%s good, %" PRIu64 " of them correlations; %" PRIu64
			   " refused, %" PRIu64 " warning%s, in %u file%s and %zu mapping%s\n",
			   rules->count, rules->count == 1 ? " is" : "s are", correlations,
			   rules->refused, work->warnings, work->warnings == 1 ? "" : "s",
			   work->loaded.files, work->loaded.files == 1 ? "" : "s",
			   work->loaded.mapping_count, work->loaded.mapping_count == 1 ? "" : "s");
		flush(work);
		return;
	}
	json_open(&w, '{');
	json_key_string(&w, "kind", STR("rules"));
	json_key_unsigned(&w, "schema", LINE_SCHEMA);
	json_key_unsigned(&w, "files", work->loaded.files);
	json_key_unsigned(&w, "unread", work->start.unread);
	json_key_unsigned(&w, "mappings", work->loaded.mapping_count);
	json_key_unsigned(&w, "documents", rules->documents);
	json_key_unsigned(&w, "rules", rules->count);
	json_key_unsigned(&w, "correlations", correlations);
	json_key_unsigned(&w, "refused", rules->refused);
	json_key_unsigned(&w, "warnings", work->warnings);
	json_close(&w, '}');
	buf_add_byte(&work->out, '\n');
	flush(work);
}

static int begin(struct work *work, int *descriptor, struct error *why)
{
	const struct confine_settings settings = {.confinement = CONFINE_PARSER,
						  .memory_bytes = SIGMA_MEMORY,
						  .last_writable = WORKER_CHANNEL};
	struct worker_start start;
	struct confine_report report;

	if (worker_receive_start(&work->channel, &start, why) < 0)
		return -EPROTO;
	if (start.descriptor_count != 1 || start.settings.len != sizeof(work->start))
		return error_set(why, -EPROTO, "the settings are not of this program");
	memcpy(&work->start, start.settings.at, sizeof(work->start));
	*descriptor = start.descriptors[0];
	return confine(&settings, &report, why);
}

static void check(struct work *work, int descriptor)
{
	const int result = sigma_files_load(descriptor, &work->teller, &work->loaded);

	if (result < 0) {
		const struct sigma_problem problem = {
			.file = STR("all rules together"),
			.is_refusal = true,
			.what = result == -ENOMEM ? STR("there is no room for all these rules")
						  : STR("the rules are not of this program"),
			.remedy = STR("name fewer rules")};
		tell_problem(&work->teller, &problem);
		return;
	}
	compile_all(work);
	tell_counts(work);
}

int sigma_worker(void)
{
	static struct work work = {.teller = {tell_problem}};
	struct error why = {0};
	int descriptor = -1;

	if (begin(&work, &descriptor, &why) < 0) {
		fprintf(stderr, "davy: %s\n", why.text);
		return EXIT_TROUBLE;
	}
	check(&work, descriptor);
	const struct rules_told told = {.refused = work.refusals + work.is_lost};
	(void)!channel_send(&work.channel, RULES_RESULT, str_of(&told, sizeof(told)), NULL, 0);
	channel_drain(&work.channel, DRAIN_MS);
	channel_fini(&work.channel);
	sigma_loaded_fini(&work.loaded);
	buf_fini(&work.out);
	return EXIT_NOTHING_FOUND;
}
