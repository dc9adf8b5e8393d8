/*
 * What a cut control group may not reach: the key and value of the map that src/respond/block fills
 * and the programs of connect.bpf.c ask.
 */
#ifndef DAVY_BPF_CONNECT_H
#define DAVY_BPF_CONNECT_H

#include <linux/types.h>

enum { CONNECT_PLACES_MAX = 256 };

/* IPv4 as ::ffff:a.b.c.d, so that a socket of either kind has one key. Hashed as bytes: no hidden
 * padding. */
struct connect_place {
	__u8 address[16]; /* in wire order */
	__u16 port;	  /* host order */
	__u16 zero;
};

_Static_assert(sizeof(struct connect_place) == 20, "the layout is shared with the kernel side");

/* The map's value: until when, in ns of CLOCK_BOOTTIME, which goes on while the machine sleeps. */
typedef __u64 connect_until;

#endif
