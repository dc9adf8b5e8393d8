/*
 * Operator log: one line on stderr, `key=value` words, a journal priority (<3> error: someone must
 * act now, <4> warn: soon, <6> info: life cycle, <7> debug) only when stderr is not a terminal.
 * Hostile text goes through buf_add_printable before it gets here.
 */
#ifndef DAVY_BASE_LOG_H
#define DAVY_BASE_LOG_H

#include "base/attributes.h"

void log_error(const char *format, ...) printf_like(1, 2);
void log_warn(const char *format, ...) printf_like(1, 2);
void log_info(const char *format, ...) printf_like(1, 2);
void log_debug(const char *format, ...) printf_like(1, 2); /* shown when DAVY_DEBUG is set */

#endif
