/*
 * For system tests: a network namespace of our own with a veth pair, and frames of our own making
 * sent into it. Nothing leaves it, and it is gone when the test ends.
 */
#ifndef DAVY_TESTS_NAMESPACE_H
#define DAVY_TESTS_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enter a new namespace with loopback up and no IPv6 chatter; false (and says why) when we may not.
 */
bool namespace_enter(void);

/* Runs "ip LINE" quietly; false when it fails. */
bool namespace_ip(const char *line);

/* A veth pair, both ends up in this namespace; false when that fails. */
bool namespace_veth(const char *one, const char *other);

struct frame_plan {
	uint32_t from, to; /* IPv4, host order */
	uint16_t from_port, to_port;
	uint8_t flags;	     /* TCP; 0 makes ACK|PSH */
	uint16_t vlan;	     /* 0: no tag */
	uint16_t vxlan_port; /* 0: not tunnelled; else the outer source port */
	const void *payload;
	size_t payload_len;
};

enum { FRAME_MAX = 1600 };
/* A frame of a TCP segment, from MAC 02:da:..., checksums zero; its length. */
size_t frame_build(const struct frame_plan *plan, uint8_t frame[FRAME_MAX]);
struct frame_plan frame_back(struct frame_plan plan); /* the other direction */
bool frame_is_ours(const void *at, size_t len);

/* A socket that sends whole frames out of an interface. */
int frame_sender(const char *interface);
bool frame_send(int sender, const struct frame_plan *plan);

#endif
