/*
 * A process's memory, read through a descriptor that the opener passed: code around the samples,
 * and what lies in regions that may hold a miner's constants, words and pads.
 *
 * A page may be one that never comes (of a dead network, of a debugger): each piece is asked for
 * with processes_may_read, so that whoever supervises us hears whose memory it is that we read.
 */
#ifndef DAVY_PROGRAMS_HOST_MEMORY_H
#define DAVY_PROGRAMS_HOST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "model/workload.h"
#include "source/host/processes.h"

struct host_rules;
struct host_memory; /* the compiled patterns, and room for a piece */

/* Whose memory is read. */
struct host_memory_of {
	const struct processes *processes;
	struct arena *arena; /* for what is found */
	uint32_t pid;
	int descriptor;		  /* for pread; negative: there is none, and nothing is read */
	struct host_rules *rules; /* of the user's own, or NULL */
};

/* 0, or -1 with a sentence. Where patterns cannot be compiled, only code is read. */
must_check int host_memory_new(struct host_memory **out, struct error *why);
void host_memory_free(struct host_memory *memory); /* NULL is allowed */

/*
 * A piece of it, of a MiB at the most: whoever supervises us hears that we go on.
 *
 * returns: bytes read; -1 also where it must not be read any more
 */
ssize_t host_memory_read(const struct host_memory_of *of, char *out, size_t len, uint64_t at);

/* Says in what mapping each page of code lies, and whether it was generated. */
void host_memory_name_pages(struct workload *workload, struct code_page *pages);

/* Fills windows and window_count: code around the samples, half before, half behind. */
void host_memory_windows(const struct host_memory_of *of, struct workload *workload);

/*
 * Look for constants and rules of the user's own, and in a page of a browser for pads, too. Fills
 * what the workload says of them.
 *
 * pads_mark: of host_pads_find; NULL: pads are not looked for
 * returns:   memory was read; false: there was none, or it must not be
 */
bool host_memory_scan(struct host_memory *memory, const struct host_memory_of *of,
		      struct workload *workload, uint64_t *pads_mark);

#endif
