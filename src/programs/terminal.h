/* What standard output is: a terminal that wants colour and has a width, or a file. */
#ifndef DAVY_PROGRAMS_TERMINAL_H
#define DAVY_PROGRAMS_TERMINAL_H

#include <stdbool.h>

#include "report/style.h"

/* No colour with NO_COLOR, on a dumb terminal, or on none; no width on none. */
struct report_style terminal_style(void);
/* Does systemd's journal read it (JOURNAL_STREAM, systemd.exec(5))? Only there "<2>" is read. */
bool terminal_is_journal(int descriptor);

#endif
