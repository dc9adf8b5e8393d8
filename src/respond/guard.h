/*
 * Whom no response may touch, in one place. Judged by what the kernel says of a process, never by
 * its name alone: a program counts as the system's own sshd only when it is that very file, owned
 * by root and writable by nobody else; a miner called "sshd" in /tmp is not.
 *
 * Pure: whoever asks has looked (programs/respond_target).
 */
#ifndef DAVY_RESPOND_GUARD_H
#define DAVY_RESPOND_GUARD_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/str.h"
#include "model/finding.h"
#include "model/process.h"

enum guard_fact {
	GUARD_IS_US = 1 << 0,	    /* this very process, or one of those that started it */
	GUARD_OUR_PROGRAM = 1 << 1, /* its executable is ours, the same file */
	GUARD_HOST_FILE = 1 << 2, /* its executable is the file that our own root has at that path,
				     or was until an upgrade, and it is in no container */
	GUARD_HAS_VM = 1 << 3,	  /* holds a virtual machine of KVM open */
	GUARD_HAS_FUSE = 1 << 4,  /* holds /dev/fuse open */
};

struct guard_question {
	const struct process *process;
	uint32_t facts;	      /* enum guard_fact */
	struct str arguments; /* NULs between */
	enum verdict verdict;
};

/* A file that the system brought and nobody else can have changed: one that innocent processes run
 * as well, and, when it is one of those below, protected. */
bool guard_is_of_the_system(const struct process *process, uint32_t facts);

/* A sentence's end that says why not ("it is the first process"), or NULL: it may be touched. */
const char *guard_refuses(const struct guard_question *question);

#endif
