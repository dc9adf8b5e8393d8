/*
 * Typed messages between our processes, over a stream socket pair.
 *
 * A message is a type, at most MESSAGE_MAX bytes and at most MESSAGE_DESCRIPTORS_MAX descriptors.
 * The peer may have been taken over by what it parsed, so everything it sends is checked: a wrong
 * length, or a descriptor where none is taken, breaks the channel for good (MESSAGE_BROKEN), and
 * whoever holds the other end kills the peer. Both ends never block.
 */
#ifndef DAVY_SANDBOX_MESSAGES_H
#define DAVY_SANDBOX_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"

enum {
	MESSAGE_MAX = 256 * 1024,	     /* bytes of a body */
	MESSAGE_DESCRIPTORS_MAX = 16,	     /* of one message */
	CHANNEL_QUEUE_MAX = 4 * 1024 * 1024, /* bytes waiting to be sent */
	MESSAGE_START = 1, /* sandbox/worker.h; programs number theirs from MESSAGE_FIRST_FREE */
	MESSAGE_FIRST_FREE = 16,
};

/* On the wire before each body; both ends are the same program on the same machine. */
struct message_header {
	uint32_t type;
	uint32_t len;
	uint32_t descriptors; /* that came with the header's first byte */
};

_Static_assert(sizeof(struct message_header) == 12, "no padding is sent");

struct message {
	uint32_t type;
	struct str body;			  /* a view, until the next receive */
	int descriptors[MESSAGE_DESCRIPTORS_MAX]; /* the receiver's to close */
	size_t descriptor_count;
};

enum message_result {
	MESSAGE_READY,
	MESSAGE_NONE,	/* nothing (whole) yet: poll for POLLIN */
	MESSAGE_CLOSED, /* the peer has closed, or is dead */
	MESSAGE_BROKEN, /* the peer lies; nothing more is read from it */
};

struct channel {
	int fd;
	bool takes_descriptors;
	bool is_broken, is_closed;
	struct buf in;	 /* received and not consumed */
	size_t in_taken; /* of it: consumed by the message handed out last */
	/* Received, not handed out: one read may end with the next message's. */
	int descriptors[2 * MESSAGE_DESCRIPTORS_MAX];
	size_t descriptor_count;
	struct buf out; /* waiting to be sent */
};

must_check int channel_pair(int ends[2]); /* close-on-exec and not blocking; 0 or an errno */
void channel_init(struct channel *channel, int fd, bool takes_descriptors); /* takes fd */
void channel_fini(struct channel *channel);				    /* closes all it has */

/*
 * Send, or queue what does not go at once.
 *
 * descriptors: are duplicated by the kernel, the caller keeps its own; at most
 *              MESSAGE_DESCRIPTORS_MAX. They go only when nothing is queued.
 * returns:     0; -EAGAIN when the queue is full (nothing of it was taken: flush and repeat),
 *              -EMSGSIZE, -EPIPE, -ENOMEM
 */
must_check int channel_send(struct channel *channel, uint32_t type, struct str body,
			    const int *descriptors, size_t descriptor_count);
/*
 * The same without descriptors, for a worker that has nothing else to do meanwhile: waits for room,
 * at most a second, for whoever does not read for so long hangs or is gone.
 *
 * returns: 0; -EAGAIN when there was no room in time, else as channel_send
 */
must_check int channel_tell(struct channel *channel, uint32_t type, struct str body);
/* Before leaving: send what is queued, as long as room comes within wait_ms each time. */
void channel_drain(struct channel *channel, int wait_ms);
/* On POLLOUT. 0: nothing is queued any more; -EAGAIN: poll again; else an errno. */
must_check int channel_flush(struct channel *channel);
bool channel_wants_to_send(const struct channel *channel);

/* The next message; call until it is not MESSAGE_READY. */
enum message_result channel_receive(struct channel *channel, struct message *out);

/* Wait at most timeout_ms for one message: for start-up, where nothing else can be done. */
enum message_result channel_await(struct channel *channel, int timeout_ms, struct message *out);

/*
 * The two halves of channel_receive, for tests and the fuzzer: take received bytes in (false: no
 * memory, or more than a message), and take a whole message out.
 */
must_check bool channel_feed(struct channel *channel, struct str bytes);
enum message_result channel_take(struct channel *channel, struct message *out);

#endif
