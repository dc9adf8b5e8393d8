#include "matrix_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/innocent.h"

enum {
	DIALECTS = 32,
	VARIANTS = 8,
	CARRIERS = 32,
	SHAPES = SCENE_MOST,
	INNOCENTS = 64,
	ESCAPES = 64
};

struct results {
	const char *cells[CARRIERS][DIALECTS][VARIANTS][SHAPES];
	const char *tls[DIALECTS][2];
	struct innocent_result innocents[INNOCENTS];
	const char *escapes[ESCAPES];
};

struct results *results_new(void)
{
	if (lab_dialect_count > DIALECTS || lab_carrier_count > CARRIERS || shape_count > SHAPES ||
	    lab_innocent_count > INNOCENTS || escape_count > ESCAPES)
		return NULL;
	return calloc(1, sizeof(struct results));
}

void results_free(struct results *results)
{
	free(results);
}

void results_put(struct results *results, const struct cell *cell, const char *word)
{
	size_t d = 0, c = 0;

	while (lab_dialects[d] != cell->dialect)
		d++;
	while (strcmp(lab_carrier_names[c], cell->carrier) != 0)
		c++;
	if (cell->variant < VARIANTS)
		results->cells[c][d][cell->variant][cell->shape - shapes] = word;
}

void results_put_tls(struct results *results, size_t dialect, bool is_midstream, const char *word)
{
	results->tls[dialect][is_midstream] = word;
}

void results_put_innocent(struct results *results, size_t index,
			  const struct innocent_result *result)
{
	results->innocents[index] = *result;
}

void results_put_escape(struct results *results, size_t index, const char *word)
{
	results->escapes[index] = word;
}

/* Spellings are one column: what the worst of them came to. */
static bool is_column(size_t shape)
{
	return shapes[shape].spelling <= 1;
}

static const char *column_name(size_t shape)
{
	return shapes[shape].spelling ? "spellings" : shapes[shape].name;
}

static int rank(const char *word)
{
	return !word || strcmp(word, "not seen") == 0 ? 0 : strcmp(word, "found") == 0 ? 2 : 1;
}

static const char *cell_word(const char *const words[SHAPES], size_t shape)
{
	const char *word = words[shape];

	for (size_t s = 0; shapes[shape].spelling && s < shape_count; s++)
		if (shapes[s].spelling && rank(words[s]) < rank(word))
			word = words[s];
	return word ? word : "";
}

static bool are_same(const struct results *results, size_t carrier, size_t dialect)
{
	for (unsigned v = 1; v < lab_dialects[dialect]->variant_count; v++)
		for (size_t s = 0; s < shape_count; s++)
			if (rank(results->cells[carrier][dialect][v][s]) !=
			    rank(results->cells[carrier][dialect][0][s]))
				return false;
	return true;
}

static void print_row(const struct results *results, size_t carrier, size_t dialect,
		      unsigned variant, bool is_named)
{
	printf("| %s%s%s |", lab_dialects[dialect]->name, is_named ? ", " : "",
	       is_named ? lab_dialects[dialect]->variants[variant].name : "");
	for (size_t s = 0; s < shape_count; s++)
		if (is_column(s))
			printf(" %s |", cell_word(results->cells[carrier][dialect][variant], s));
	printf("\n");
}

static void print_carrier(const struct results *results, size_t carrier)
{
	printf("\n### %s\n\n| dialect |", lab_carrier_names[carrier]);
	for (size_t s = 0; s < shape_count; s++)
		if (is_column(s))
			printf(" %s |", column_name(s));
	printf("\n|---|");
	for (size_t s = 0; s < shape_count; s++)
		if (is_column(s))
			printf("---|");
	printf("\n");
	for (size_t d = 0; d < lab_dialect_count; d++) {
		bool is_one = are_same(results, carrier, d);
		if (!results->cells[carrier][d][0][0])
			continue;
		for (unsigned v = 0; v < (is_one ? 1 : lab_dialects[d]->variant_count); v++)
			print_row(results, carrier, d, v, !is_one);
	}
}

static void print_shapes(void)
{
	printf("\n| shape | meaning | what must be found |\n|---|---|---|\n");
	for (size_t s = 0; s < shape_count; s++)
		if (is_column(s))
			printf("| %s | %s | %s |\n", column_name(s), shapes[s].meaning,
			       shapes[s].most == VERDICT_MINING ? "mining" : "suspect at most");
}

static void print_limits(void)
{
	printf("\nWhat cannot be seen in the tables above, and why:\n\n");
	for (size_t i = 0; i < limit_count; i++)
		printf("- %s%s%s in %s, %s: %s\n",
		       limits[i].dialect ? limits[i].dialect : "any dialect",
		       limits[i].variant ? " " : "", limits[i].variant ? limits[i].variant : "",
		       limits[i].carrier ? limits[i].carrier : "any carrier",
		       limits[i].shape ? limits[i].shape : "any shape", limits[i].reason);
}

static void print_tls(const struct results *results)
{
	printf("\n### TLS\n\nRecords of random bytes with the lengths of the session: inside TLS "
	       "nothing is seen, whole or not.\n\n| dialect | whole | mid-stream "
	       "|\n|---|---|---|\n");
	for (size_t d = 0; d < lab_dialect_count; d++)
		if (results->tls[d][0])
			printf("| %s | %s | %s |\n", lab_dialects[d]->name, results->tls[d][0],
			       results->tls[d][1]);
}

static void print_innocents(const struct results *results)
{
	printf("\n## Innocent look-alikes\n\nEach kind with %d seeds, in eight shapes, alone, "
	       "behind "
	       "SOCKS 5, behind CONNECT, and with a length before each message.\n\n"
	       "| kind | conversations | called mining | called suspect |\n|---|---|---|---|\n",
	       INNOCENT_SEEDS);
	for (size_t i = 0; i < lab_innocent_count; i++)
		printf("| %s | %u | %u | %u |\n", lab_innocents[i]->name,
		       results->innocents[i].conversations, results->innocents[i].mining,
		       results->innocents[i].suspects);
	printf("\nSuspicions we stand by:\n\n");
	for (size_t i = 0; i < justified_count; i++)
		printf("- %s, %u: %s\n", justified[i].innocent, justified[i].suspects,
		       justified[i].reason);
}

static void print_escapes(const struct results *results)
{
	printf("\n## Detector mining_session: the cheapest ways out, tried\n\n"
	       "| what the miner and its pool do | result |\n|---|---|\n");
	for (size_t i = 0; i < escape_count; i++) {
		const char *word = results->escapes[i] ? results->escapes[i] : "";
		printf("| %s | %s |\n", escapes[i].how,
		       strcmp(word, "not seen") == 0 ? "escapes" : word);
	}
}

/* Hits, misses and false alarms of all cells together. */
struct sums {
	unsigned must, found, may, accused, limits, conversations, false_alarms, suspects, escaping;
};

static void add_cell(struct sums *sums, const struct cell *cell, const char *word)
{
	if (!word)
		return;
	if (cell_limit(cell)) {
		sums->limits++;
	} else if (cell->shape->most == VERDICT_MINING) {
		sums->must++;
		sums->found += rank(word) == 2;
	} else {
		sums->may++;
		sums->accused += rank(word) == 2;
	}
}

static void add_cells(const struct results *results, struct sums *sums)
{
	for (size_t c = 0; c < lab_carrier_count; c++)
		for (size_t d = 0; d < lab_dialect_count; d++)
			for (unsigned v = 0; v < lab_dialects[d]->variant_count; v++)
				for (size_t s = 0; s < shape_count; s++) {
					struct cell cell = {.dialect = lab_dialects[d],
							    .variant = v,
							    .carrier = lab_carrier_names[c],
							    .shape = &shapes[s]};
					add_cell(sums, &cell, results->cells[c][d][v][s]);
				}
}

static void print_sums(const struct results *results)
{
	struct sums sums = {0};

	add_cells(results, &sums);
	for (size_t i = 0; i < lab_innocent_count; i++) {
		sums.conversations += results->innocents[i].conversations;
		sums.false_alarms += results->innocents[i].mining;
		sums.suspects += results->innocents[i].suspects;
	}
	for (size_t i = 0; i < escape_count; i++)
		sums.escaping += results->escapes[i] && rank(results->escapes[i]) == 0;
	printf("## Detector mining_session in sums\n\n| | |\n|---|---|\n");
	printf("| sessions that must be called mining | %u |\n", sums.must);
	printf("| ... hits | %u |\n| ... misses | %u |\n", sums.found, sums.must - sums.found);
	printf("| sessions beyond its known limits, below | %u |\n", sums.limits);
	printf("| sessions refused, unanswered or seen from one side | %u |\n", sums.may);
	printf("| ... called mining all the same | %u |\n", sums.accused);
	printf("| innocent conversations | %u |\n", sums.conversations);
	printf("| ... called mining: false alarms | %u |\n", sums.false_alarms);
	printf("| ... called suspect | %u |\n", sums.suspects);
	printf("| ways out tried | %zu |\n| ... that escape | %u |\n\n", escape_count,
	       sums.escaping);
}

void results_print(const struct results *results)
{
	print_sums(results);
	printf("## Dialects, carriers and shapes\n");
	print_shapes();
	for (size_t c = 0; c < lab_carrier_count; c++)
		print_carrier(results, c);
	print_limits();
	print_tls(results);
	print_innocents(results);
	print_escapes(results);
}
