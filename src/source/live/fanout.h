/*
 * The fan-out program (bpf/fanout.bpf.c): which of several rings on one interface gets a packet.
 * Every interface uses the same program with the same seed and the same number of workers, so a
 * flow is seen by one worker, whichever interfaces it crosses.
 */
#ifndef DAVY_SOURCE_LIVE_FANOUT_H
#define DAVY_SOURCE_LIVE_FANOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

struct fanout_program;

/* seed: random per process, or an attacker sends everything to one worker. */
must_check int fanout_program_open(uint32_t seed, struct fanout_program **out, struct error *why);
void fanout_program_close(struct fanout_program *program); /* NULL is allowed */
int fanout_program_fd(const struct fanout_program *program, bool begins_with_mac);

#endif
