/*
 * The side with rights: opens what belongs to one process and hands it over, unread.
 *
 * It works on a procfs mounted by itself and attached nowhere, so that no mount over /proc/PID or
 * /proc hides anything from it, and hidepid does not hold. What a process can choose (its name,
 * arguments, paths, memory) is never looked into here: files go over as descriptors; the three
 * that the kernel gives only to who has the rights while it reads them (io, the link exe, the links
 * of fd) go over as bytes.
 *
 * What it cannot do: be faster than a file system that answers slowly. Opening exe on a FUSE mount
 * that root made, or that was made with user_allow_other, waits for that mount's server. The kernel
 * refuses root all other FUSE mounts at once.
 */
#ifndef DAVY_SOURCE_HOST_OPENER_H
#define DAVY_SOURCE_HOST_OPENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "model/process.h"
#include "sandbox/messages.h"

/* What can be asked for, as a bit 1u << file. */
enum process_file {
	/* -- as descriptors -- */
	PROCESS_FILE_STAT,
	PROCESS_FILE_STATUS,
	PROCESS_FILE_MAPS,
	PROCESS_FILE_MEMORY, /* read only; pread at the addresses of maps */
	PROCESS_FILE_EXECUTABLE,
	PROCESS_FILE_ENVIRONMENT,
	PROCESS_FILE_CGROUP,
	PROCESS_FILE_COMMAND,
	PROCESS_FILE_MOUNTS, /* of its mount namespace */
	PROCESS_FILE_TCP,    /* these four of its network namespace */
	PROCESS_FILE_TCP6,
	PROCESS_FILE_UDP,
	PROCESS_FILE_UDP6,
	PROCESS_FILE_PIDFD, /* names the process for ever: for whoever is to stop it */
	PROCESS_DESCRIPTORS,
	/* -- as bytes -- */
	PROCESS_FILE_IO = PROCESS_DESCRIPTORS,
	PROCESS_FILE_EXECUTABLE_LINK,
	PROCESS_FILE_LINKS, /* what its descriptors are: "socket:[1]", "/dev/null" */
	PROCESS_FILE_COUNT,
};

_Static_assert((int)PROCESS_DESCRIPTORS <= (int)MESSAGE_DESCRIPTORS_MAX, "they go in one message");

enum {
	PROCESS_FILES_ALL = (1 << PROCESS_FILE_COUNT) - 1,
	PROCESS_LINK_MAX = 256,		/* bytes of one link of fd; longer ones are cut */
	PROCESS_LINKS_MAX = 128 * 1024, /* bytes of all, a NUL after each */
	OPENER_TEXT_MAX = PROCESS_LINKS_MAX + 16 * 1024,
};

struct opener {
	int mount;	 /* the detached mount; -1: /proc is used */
	int proc;	 /* its folder; readable, may be passed to a worker with CONFINE_HOST */
	bool is_private; /* false: `weakness` says what that means */
	char weakness[256];
	char *texts; /* of the last opener_process */
};

/* One process, opened. Descriptors are the holder's to close (opened_process_close). */
struct opened_process {
	uint32_t pid;
	int error;			      /* 0, or why nothing could be opened: -ESRCH */
	int descriptors[PROCESS_DESCRIPTORS]; /* -1: not asked for, or see errors */
	int errors[PROCESS_FILE_COUNT];	      /* 0, or a negative errno */
	struct str io, executable_link, links;
	bool links_cut; /* it has more descriptors than fit */
};

/*
 * Mount the private procfs of this pid namespace; needs CAP_SYS_ADMIN. Without it, or where the
 * kernel refuses (a container that hides parts of /proc), /proc is used and `weakness` is a
 * sentence for `davy health`.
 *
 * returns: 0, or a negative errno and a sentence when there is no procfs at all
 */
must_check int opener_init(struct opener *opener, struct error *why);
void opener_fini(struct opener *opener);

/*
 * Open what `wanted` names of a process. All of it is of one process: its folder in /proc is opened
 * first, and answers for no other one when the pid is used again.
 *
 * out:     texts are views until the next call
 * returns: 0, even when single files were refused (out->errors: -EACCES, -ENOENT: a kernel thread
 *          has no exe, -ESRCH: it ended in between); -ESRCH when there is no such process
 */
must_check int opener_process(struct opener *opener, uint32_t pid, uint32_t wanted,
			      struct opened_process *out);
void opened_process_close(struct opened_process *process);

/*
 * Which of the pids first, first + 1 ... are processes, by asking the kernel for each (pidfd_open):
 * not the way /proc lists them. For machines without BPF iterators, against modules that take
 * entries out of the listing. About 0.4 us a pid: walk a few thousand at a time, twice, with a
 * sweep in between, and give both to processes_unlisted().
 *
 * out:     room for `count` keys; start_ns is 0: not known
 * returns: how many there are
 */
size_t opener_walk(uint32_t first, uint32_t count, struct process_key *out);

/* What an error means for the operator, and the remedy: "no right to read ...; run as root ...". */
void opener_explain(int error, enum process_file file, struct buf *out);

/* -- between the worker and the opener: types of messages are the program's -- */

struct opener_request {
	uint32_t pid, wanted;
};

/* What a worker sent; false when it is no request: the worker is not to be trusted any more. */
must_check bool opener_request_read(struct str body, struct opener_request *out);

/* The answer with its descriptors, which the caller then closes. As channel_send. */
must_check int opened_process_send(struct channel *channel, uint32_t type,
				   const struct opened_process *process);
/*
 * In the worker: take the answer apart. Texts are views into the message. On false nothing is taken
 * and the message's descriptors are closed.
 */
must_check bool opened_process_receive(struct message *message, struct opened_process *out);

#endif
