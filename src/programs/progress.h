/* A progress bar on a terminal: bytes done, rate, time left. Draws at most five times a second. */
#ifndef DAVY_PROGRAMS_PROGRESS_H
#define DAVY_PROGRAMS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

struct progress {
	bool is_shown;
	uint64_t total_bytes;
	instant started, drawn;
};

void progress_begin(struct progress *progress, uint64_t total_bytes, instant now);
void progress_draw(struct progress *progress, uint64_t done_bytes, instant now);
void progress_end(struct progress *progress); /* wipes the bar */

#endif
