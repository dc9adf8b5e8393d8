/*
 * Whose a connection is, for machines without BPF iterators: through /proc, as ss does it, but in
 * two halves.
 *
 *     tables   /proc/PID/net/tcp and tcp6, of one process a network namespace: ends -> inode
 *     holders  /proc/PID/fd of all processes: "socket:[inode]" -> process
 *
 * The side with rights opens the tables and hands over the links, unread; it is asked again and
 * again and does a little each time, so that a process with a million descriptors holds up nobody.
 * Whoever asks reads the tables first, and asks for holders only when a socket was in one of them.
 *
 * What it cannot see: a socket that is in nobody's table of descriptors (io_uring has one of its
 * own), and one that only a thread with a table of its own has, while the first thread has another.
 */
#ifndef DAVY_SOURCE_HOST_SOCKET_WALK_H
#define DAVY_SOURCE_HOST_SOCKET_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"
#include "model/process.h"
#include "sandbox/messages.h"

enum socket_walk_part { SOCKET_WALK_TABLES, SOCKET_WALK_HOLDERS, SOCKET_WALK_PARTS };

enum {
	SOCKET_WALK_NAMESPACES = 512,	      /* of one walk; there are no tables of those beyond */
	SOCKET_WALK_PROCESSES = 1024,	      /* looked at for one answer */
	SOCKET_WALK_LINKS = 4096,	      /* of descriptors, for one answer */
	SOCKET_WALK_LINKS_OF_ONE = 64 * 1024, /* of one process; what is beyond is counted */
	SOCKET_WALK_TEXT_MAX = 64 * 1024,     /* bytes of one answer */
	SOCKET_WALK_ANSWERS_MAX = 16 * 1024,  /* of one walk, which then is over */
};

struct socket_walk_request {
	uint32_t part;	   /* enum socket_walk_part */
	uint32_t is_first; /* 1: from the beginning; 0: on from where the last answer ended */
};

/* -- the side with rights -- */

struct socket_walk;

/* proc: folder of a procfs, borrowed. 0 or a negative errno. */
must_check int socket_walk_open(int proc, struct socket_walk **out);
void socket_walk_close(struct socket_walk *walk); /* NULL is allowed */

/*
 * Do the next piece and send it. Without a walk (NULL) the answer is that it is over.
 *
 * returns: 0; -EPROTO when this is no request of ours; else as channel_send
 */
must_check int socket_walk_answer(struct socket_walk *walk, struct str request,
				  struct channel *channel, uint32_t type);

/* -- the side without -- */

struct socket_walked {
	enum socket_walk_part part;
	bool is_last;
	uint32_t cut; /* processes that have more than SOCKET_WALK_LINKS_OF_ONE */
	int descriptors[MESSAGE_DESCRIPTORS_MAX]; /* tables; the holder's to close */
	size_t descriptor_count;
	struct str holders; /* a view into the message: socket_walk_holder */
	uint32_t pid;	    /* whose sockets are next; 0 before the first */
};

/* False: it is none, nothing is taken and the message's descriptors are closed. */
must_check bool socket_walk_receive(struct message *message, struct socket_walked *out);
void socket_walked_close(struct socket_walked *walked);

/* The next socket of `holders`, and who has it; by pid, each process's together. */
must_check bool socket_walk_holder(struct socket_walked *walked, uint32_t *pid, uint64_t *inode);

struct processes;
/* Every TCP connection of one table; what listens is left out. 0 or -errno of reading it. */
must_check int socket_table_read(struct processes *processes, int descriptor,
				 void (*take)(void *context, const struct process_socket *socket),
				 void *context);

#endif
