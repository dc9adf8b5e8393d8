/* Foreign text as one word of a shell's command line, for commands that a person will paste. */
#ifndef DAVY_BASE_SHELL_WORD_H
#define DAVY_BASE_SHELL_WORD_H

#include "base/buf.h"

/*
 * Adds `text` so that a shell takes it for one word and nothing else, whatever it holds.
 *
 * Letters, digits and what is harmless stay as they are; other printable ASCII goes into single
 * quotes, which every shell knows. With any other byte in it the
 * word is written $'...' with escapes (POSIX 2024; bash, zsh, ksh, busybox): a line break or an
 * invisible character must not be lost or acted upon on its way through a terminal.
 * Text ends at the first NUL, which no path and no argument can hold.
 */
void buf_add_shell_word(struct buf *out, struct str text);

#endif
