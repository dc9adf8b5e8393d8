/* What the matrix came to, told in Markdown. */
#ifndef DAVY_TESTS_MATRIX_TABLE_H
#define DAVY_TESTS_MATRIX_TABLE_H

#include "matrix_escapes.h"

struct results;

struct results *results_new(void); /* NULL: no memory */
void results_free(struct results *results);

/* word: as seen_word gives it, NULL for none; kept by pointer */
void results_put(struct results *results, const struct cell *cell, const char *word);
void results_put_tls(struct results *results, size_t dialect, bool is_midstream, const char *word);
void results_put_innocent(struct results *results, size_t index,
			  const struct innocent_result *result);
void results_put_escape(struct results *results, size_t index, const char *word);

void results_print(const struct results *results); /* to standard output */

#endif
