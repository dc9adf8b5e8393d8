/* `davy drill host`: the part of `davy drill` that behaves as a miner on this machine. */
#ifndef DAVY_PROGRAMS_DRILL_HOST_H
#define DAVY_PROGRAMS_DRILL_HOST_H

#include "programs/commands.h"

/* words: of --with, NULL for none; argv: the program's, all of it. The exit status. */
int drill_host_run(const struct command *command, const char *words, int argc, char **argv);

#endif
