/* Whom a response is for: the processes a finding names, as they are now, past the guards. */
#ifndef DAVY_PROGRAMS_RESPOND_TARGET_H
#define DAVY_PROGRAMS_RESPOND_TARGET_H

#include "base/arena.h"
#include "model/finding.h"
#include "respond/respond.h"
#include "source/host/executable_hash.h"
#include "source/host/processes.h"

/* Larger files are no copies worth reading. */
enum { RESPOND_COPY_MAX = 64 << 20 };

/* A program that was found before: the very file, or a copy of it. */
struct respond_program {
	uint64_t device, inode;
	/* The same number is another file once this one is removed: what nobody can set tells. */
	instant changed; /* of the inode */
	uint64_t size_bytes;
	uint8_t sha256[32];
	bool has_sha256;
};

/* Whom of all a search is for; borrowed, and all of it may be empty. */
struct respond_narrowing {
	const struct str *groups; /* only those in one of these control groups, or below it */
	size_t group_count;
	const struct process_key *known; /* not these: they are cared for */
	size_t known_count;
	const struct respond_program *programs; /* in place of the finding's processes: all that run
						   one of these */
	size_t program_count;
	uint64_t started_after_ns; /* of those: since boot */
};

struct respond_targets {
	struct respond_narrowing narrowing;
	struct opener opener;
	struct processes *processes;
	struct arena arena;
	uint64_t device, inode; /* of our own program */
	const struct process *at[RESPONSE_TARGETS_MAX];
	size_t count;
	bool is_full; /* there are more than fit */
	struct {
		uint32_t pid;
		const char *why;
	} refused[RESPONSE_TARGETS_MAX];
	size_t refused_count;
	size_t outside_count, known_count; /* left out by the narrowing */
	struct executable_hashes *hashes;  /* NULL until a copy is looked for */
	struct table *refuted; /* files that are as large and no copies; NULL as long as none */
	uint64_t may_hash;     /* bytes, by this search */
	uint32_t first_pid;    /* where the search went out of them: there the next one begins */
};

must_check int respond_targets_open(struct respond_targets *targets, struct error *why);
void respond_targets_close(struct respond_targets *targets);

/*
 * Find them anew; those of the last call are gone.
 *
 * returns: 0, even when all were refused; -ESRCH: it has ended, or its pid is another's; -EINVAL:
 *          the finding is about no process of this machine; -EALREADY, -ERANGE: all that there are
 *          were left out by the narrowing, as known or as outside of its groups
 *
 * To tell copies of a program by their hash, one search reads 128 MiB of files at the most, and the
 * next one goes on where it ended: anybody can run hundreds of files of one size, and change them.
 */
must_check int respond_targets_find(struct respond_targets *targets, const struct finding *finding,
				    struct error *why);

struct stat;
/* The very file, and unchanged? */
bool respond_is_file(const struct respond_program *program, const struct stat *file);
/* Perhaps: it is the file, or one of the size of a copy that was not found to be none these last
 * minutes. Cheap. */
bool respond_may_run(const struct respond_targets *targets, uint32_t pid,
		     const struct respond_program *programs, size_t count);

#endif
