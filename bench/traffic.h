/*
 * The flows a benchmark capture is made of: each a row of frames with their distances in time, to
 * be replayed again and again with shifted addresses.
 */
#ifndef DAVY_BENCH_TRAFFIC_H
#define DAVY_BENCH_TRAFFIC_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/table.h"
#include "decode/flow/flow.h"
#include "lab/transcript.h"

/* Ethernet, IPv4 without options or IPv6, TCP or UDP, no fragment: what can be shifted in place. */
struct traffic_frame {
	size_t offset; /* in the traffic's bytes */
	uint32_t len, payload_len;
	uint32_t next; /* frame + 1 of the same flow; 0: the last */
	int64_t at_ns;
};

struct traffic_flow {
	uint32_t first, last; /* frame + 1 */
	uint32_t frames;
	bool is_tcp;
};

struct traffic {
	struct buf bytes;
	struct traffic_frame *frames;
	struct traffic_flow *flows;
	size_t frame_count, flow_count, frame_cap, flow_cap;
	struct table *table; /* flow_key -> flow, of the capture being read */
	bool takes_ipv6;     /* else such frames are left out */
	bool takes_all_udp;  /* else every third flow of it */
};

void traffic_fini(struct traffic *traffic);

/* Frames that follow belong to another capture: the same ends are another flow. 0 or -ENOMEM. */
must_check int traffic_begin(struct traffic *traffic);
/* Takes the frame if it can be shifted and its flow has not too many; 0 or -ENOMEM. */
must_check int traffic_add(struct traffic *traffic, const struct frame *frame);

/* Other hosts in other networks: 16 bits of both addresses, with the checksums right. */
void traffic_shift(uint8_t *frame, uint16_t shift);

/* All captures of a folder, in the order of their names; 0 or negative errno. */
must_check int traffic_from_folder(struct traffic *traffic, const char *folder);
/* Sessions made up: web, TLS, mail, shells, JSON services, and one miner of each dialect. */
must_check int traffic_from_lab(struct traffic *traffic, uint64_t seed);
/* One of those sessions, none of a miner; another one for each number. 0 or -ENOMEM. */
must_check int traffic_add_session(struct traffic *traffic, uint32_t number, bool is_ipv6);
/* A session told elsewhere, as the frames of a connection to that port. 0 or -ENOMEM. */
must_check int traffic_add_transcript(struct traffic *traffic,
				      const struct lab_transcript *transcript, uint32_t number,
				      uint16_t port, bool is_ipv6);
/* What a live sender plays: those sessions, IPv6 too, datagrams, look-alikes; no miner. */
must_check int traffic_live(struct traffic *traffic);

#endif
