/*
 * A TPACKET_V3 receive ring: the kernel writes frames into blocks of shared memory, the worker
 * reads them in place. Opening needs rights and is the supervisor's; mapping and reading need only
 * the descriptor and are the worker's.
 *
 * A VLAN tag that the card or the kernel took out of the frame is put back into its place, so a
 * decoder sees the frame as it was on the wire.
 */
#ifndef DAVY_SOURCE_LIVE_RING_H
#define DAVY_SOURCE_LIVE_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/error.h"
#include "decode/capture/frame.h"
#include "source/live/cutoff_map.h"
#include "source/live/fanout.h"

/* -- the supervisor's side (needs CAP_NET_RAW, and CAP_NET_ADMIN for promiscuous mode) -- */

/* The rings of one interface share a group; zeroed but for `program` before the first is opened. */
struct ring_group {
	const struct fanout_program *program; /* NULL: the kernel's own hash of the outer header */
	uint16_t id;
	uint16_t kind; /* PACKET_FANOUT_EBPF or, where that was refused, PACKET_FANOUT_HASH */
	bool is_made;
};

struct ring_settings {
	int interface;		/* index; 0: all of this network namespace, without MAC headers */
	uint16_t hardware_type; /* ARPHRD_* of the interface */
	uint32_t block_size;	/* bytes, a multiple of the page; 0: 512 KiB */
	uint32_t block_count;	/* 0: 32 */
	uint32_t retire_ms;	/* a block with anything in it is handed over after; 0: 50 */
	bool is_promiscuous;
	const struct cutoff_filter *filter; /* NULL: everything passes */
	struct ring_group *group;	    /* NULL: the only ring */
};

/* What the worker must be told beside the descriptor; plain bytes, sent as they are. */
struct ring_shape {
	uint32_t block_size, block_count;
	uint16_t link; /* LINKTYPE_* of its frames */
	uint16_t is_cooked;
};

struct ring_socket {
	int fd;
	struct ring_shape shape;
};

/*
 * Open and set up one ring; frames arrive from here on. Rings of a group are numbered in the order
 * of opening; number k is the worker that the fan-out calls k.
 *
 * returns: 0, or a negative errno (-EPERM, -ENODEV, -ENOMEM ...) with a sentence in `why`
 */
must_check int ring_open(const struct ring_settings *settings, struct ring_socket *out,
			 struct error *why);

/*
 * After a reader died, before its successor maps the ring: copy the block it was reading, as the
 * kernel laid it out (TPACKET_V3), to `file` for a bug report. Nothing of it is parsed but its
 * state, number and size, so this is safe in the supervisor.
 *
 * returns: bytes written, at most a block; 0 when the reader held none; or a negative errno
 */
must_check ssize_t ring_keep_block(int fd, const struct ring_shape *shape, int file);

/* -- the worker's side -- */

struct ring {
	int fd;
	struct ring_shape shape;
	uint8_t *memory;
	uint32_t block;	     /* the one being read, or to be read next */
	uint32_t left;	     /* frames of it not handed out yet */
	uint8_t *next;	     /* the next of them */
	bool holds_block;    /* it is ours until released */
	uint64_t frames;     /* handed out */
	uint64_t lost_start; /* blocks given up by ring_map */
};

/*
 * Map the ring.
 *
 * gives_up_first: true after the previous reader died: the block it was reading is released unread,
 *                 for what killed it may kill again
 * returns:        0 or a negative errno
 */
must_check int ring_map(int fd, const struct ring_shape *shape, bool gives_up_first,
			struct ring *out, struct error *why);
void ring_unmap(struct ring *ring); /* the descriptor stays open */

/*
 * The next frames, at most so many, without copying: they are of one block, and valid until the
 * next call. 0: none now; poll the descriptor for POLLIN. A frame's offset is its number in this
 * ring.
 */
size_t ring_take(struct ring *ring, struct frame *frames, size_t most);
static inline bool ring_next(struct ring *ring, struct frame *frame)
{
	return ring_take(ring, frame, 1) == 1;
}

/* Counters since the previous call, and added to `sum`; the kernel resets them when read. */
struct ring_counters {
	uint64_t received, dropped; /* dropped: the ring was full; not part of received */
};
must_check int ring_count(int fd, struct ring_counters *sum);

/* After POLLERR: the pending error (ENETDOWN when the interface went down), taken off; 0: none. */
int ring_take_error(int fd);

/* LINKTYPE_* for an ARPHRD_*; *is_cooked: the MAC header is replaced by a Linux "cooked" header. */
uint16_t ring_link_of(uint16_t hardware_type, bool *is_cooked);

#endif
