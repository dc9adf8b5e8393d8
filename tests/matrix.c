/*
 * The proof table: every mining dialect in every carrier that can hold it, captured in every shape,
 * played by the lab and read by the sensor. What must be found is found, in the right roles and
 * with the right counts; what can be forged stays suspect; what is innocent stays silent; and each
 * way out that we know is tried.
 *
 * usage: matrix                TAP, a case for each dialect and carrier
 *        matrix --table        the tables of docs/accuracy.md
 *        matrix --only TEXT    only cases whose name has TEXT in it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/innocent.h"
#include "matrix_table.h"

struct run {
	const char *only;
	bool is_table;
	unsigned count, failed;
	struct scene *scene;
	struct buf why; /* of the case that runs: a line for each thing that is wrong */
	struct results *results;
};

static bool is_wanted(const struct run *run, const char *name)
{
	return !run->only || strstr(name, run->only);
}

static void report(struct run *run, const char *name)
{
	struct str left = buf_view(&run->why), line;

	run->count++;
	run->failed += run->why.len > 0;
	if (!run->is_table)
		printf("%sok %u - %s\n", run->why.len ? "not " : "", run->count, name);
	else if (run->why.len > 0)
		fprintf(stderr, "%s: not as it must be:\n", name);
	while (left.len > 0) {
		str_cut(left, '\n', &line, &left);
		if (line.len > 0)
			fprintf(run->is_table ? stderr : stdout, "# %.*s\n", STR_ARG(line));
	}
	fflush(stdout);
	buf_clear(&run->why);
}

static void check_cells(struct run *run, const struct cell *cells)
{
	for (size_t i = 0; i < shape_count; i++) {
		struct buf wrong = {0};
		if (!cell_check(&cells[i], run->scene, &wrong))
			buf_printf(&run->why, "%s, %s: %.*s\n", cells[i].shape->name,
				   cells[i].dialect->variants[cells[i].variant].name,
				   STR_ARG(str_skip(buf_view(&wrong), 2)));
		results_put(run->results, &cells[i], seen_word(&run->scene->seen[cells[i].index]));
		buf_fini(&wrong);
	}
	if (run->scene->strangers)
		buf_printf(&run->why, "%u findings about nobody\n", run->scene->strangers);
}

static void run_variant(struct run *run, const struct lab_dialect *dialect, unsigned variant,
			const char *carrier)
{
	struct cell cells[SCENE_MOST];

	if (scene_begin(run->scene) < 0) {
		buf_add_text(&run->why, "no memory\n");
		return;
	}
	for (size_t s = 0; s < shape_count; s++) {
		struct error error = {0};
		cells[s] = (struct cell){dialect, variant, carrier, &shapes[s]};
		if (!cell_play(&cells[s], run->scene, &error))
			buf_printf(&run->why, "%s: %s\n", shapes[s].name, error.text);
	}
	scene_end(run->scene);
	check_cells(run, cells);
}

static void run_dialects(struct run *run)
{
	char name[128];

	for (size_t d = 0; d < lab_dialect_count; d++)
		for (size_t c = 0; c < lab_carrier_count; c++) {
			const struct lab_dialect *dialect = lab_dialects[d];
			snprintf(name, sizeof(name), "%s over %s", dialect->name,
				 lab_carrier_names[c]);
			if (!is_wanted(run, name) ||
			    !cell_is_possible(dialect, lab_carrier_names[c]))
				continue;
			for (unsigned v = 0; v < dialect->variant_count; v++)
				run_variant(run, dialect, v, lab_carrier_names[c]);
			report(run, name);
		}
}

/* Inside TLS nothing is said to be seen; a finding there would be an accident. */
static void run_tls(struct run *run)
{
	char name[128];

	for (size_t d = 0; d < lab_dialect_count; d++) {
		const struct lab_dialect *dialect = lab_dialects[d];
		snprintf(name, sizeof(name), "%s inside TLS", dialect->name);
		if (!is_wanted(run, name) || dialect->native != LAB_NATIVE_TCP)
			continue;
		for (unsigned i = 0; i < 2 * dialect->variant_count; i++) {
			const char *word = tls_try(run->scene, dialect, i / 2, i % 2);
			if (!word || strcmp(word, "not seen") != 0)
				buf_printf(
					&run->why, "%s, %s: %s\n", i % 2 ? "mid-stream" : "whole",
					dialect->variants[i / 2].name, word ? word : "lab failed");
			results_put_tls(run->results, d, i % 2, word);
		}
		report(run, name);
	}
}

static void run_innocents(struct run *run)
{
	char name[128];

	for (size_t i = 0; i < lab_innocent_count; i++) {
		struct innocent_result result = {0};
		snprintf(name, sizeof(name), "innocent: %s", lab_innocents[i]->name);
		if (!is_wanted(run, name))
			continue;
		if (!innocent_try(run->scene, lab_innocents[i], &result))
			buf_add_text(&run->why, "the lab failed\n");
		if (result.mining || result.suspects != justified_suspects(lab_innocents[i]->name))
			buf_printf(&run->why, "of %u, %u called mining and %u suspect\n",
				   result.conversations, result.mining, result.suspects);
		results_put_innocent(run->results, i, &result);
		report(run, name);
	}
}

static void run_escapes(struct run *run)
{
	char name[256];

	for (size_t i = 0; i < escape_count; i++) {
		snprintf(name, sizeof(name), "escape: %s", escapes[i].how);
		if (!is_wanted(run, name))
			continue;
		const char *word = escape_try(run->scene, &escapes[i]);
		if (!word || strcmp(word, escapes[i].expected) != 0)
			buf_printf(&run->why, "%s in place of %s\n", word ? word : "lab failed",
				   escapes[i].expected);
		results_put_escape(run->results, i, word);
		report(run, name);
	}
}

int main(int argc, char **argv)
{
	struct run run = {.scene = calloc(1, sizeof(*run.scene)), .results = results_new()};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--table") == 0)
			run.is_table = true;
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			run.only = argv[++i];
	}
	if (!run.scene || !run.results)
		return 2;
	run_dialects(&run);
	run_tls(&run);
	run_innocents(&run);
	run_escapes(&run);
	if (run.is_table)
		results_print(run.results);
	else
		printf("1..%u\n", run.count);
	buf_fini(&run.why);
	results_free(run.results);
	free(run.scene);
	return run.failed > 0;
}
