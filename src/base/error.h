/*
 * One human sentence about a failure of the world, for set-up paths: the file, line, value and
 * remedy, never an errno alone. Hot paths return codes and format nothing.
 */
#ifndef DAVY_BASE_ERROR_H
#define DAVY_BASE_ERROR_H

#include "base/attributes.h"

struct error {
	char text[512];
};

/* Fills `why` when it is not NULL; returns `code` so that `return error_set(...)` reads well. */
int error_set(struct error *why, int code, const char *format, ...) printf_like(3, 4);

#endif
