/*
 * Captures for the golden outputs of `davy scan`, made by src/lab with fixed seeds: sessions of our
 * own, several in one file, and the ways in which a file can be odd.
 */
#ifndef DAVY_TESTS_SCAN_CAPTURES_H
#define DAVY_TESTS_SCAN_CAPTURES_H

#include <stdbool.h>

/* Writes all into the working folder; false with a line on stderr. */
bool scan_captures_write(void);
/* Takes all of them away again. */
void scan_captures_remove(void);

#endif
