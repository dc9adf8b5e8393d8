/* `davy rules` in two processes: one opens files and reads none of their bytes, one has no rights.
 */
#ifndef DAVY_PROGRAMS_RULES_H
#define DAVY_PROGRAMS_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/messages.h"

#define SIGMA_ROLE "sigma"

enum { RULES_RESULT = MESSAGE_FIRST_FREE + 112 /* up, last of all: struct rules_told */ };

/* The worker's settings; its one descriptor is what sigma_files_share made. */
struct rules_start {
	bool is_json;
	uint32_t unread; /* files that could not be read, told already */
};

struct rules_told {
	uint64_t refused; /* rules and files that cannot be honoured */
};

int sigma_worker(void);

#endif
