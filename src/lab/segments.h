/* The TCP segments of a transcript, before they are put into packets. Private to src/lab. */
#ifndef DAVY_LAB_SEGMENTS_H
#define DAVY_LAB_SEGMENTS_H

#include "lab/packets.h"

struct segment {
	instant at;
	enum lab_side side; /* who sent it */
	uint8_t flags;	    /* TH_* of RFC 9293 */
	uint32_t offset;    /* in the sender's stream; the SYN is not counted */
	uint32_t acked;	    /* of the other's stream; the SYN is not counted */
	uint32_t len;
	bool is_junk;	/* other bytes than the stream has there */
	uint32_t order; /* of two at the same time, which was first */
};

enum { SEGMENT_FIN = 1, SEGMENT_SYN = 2, SEGMENT_RST = 4, SEGMENT_PSH = 8, SEGMENT_ACK = 16 };

struct segments {
	struct segment *list;
	size_t count, cap;
	bool failed;
};

/* Handshake, data, acknowledgements and close, in order of time. */
void lab_segments_plan(const struct lab_transcript *transcript,
		       const struct lab_packet_settings *settings, struct segments *out);
/* What the shapes do to them; the order of time is kept. */
void lab_segments_reshape(struct segments *segments, const struct lab_packet_settings *settings);
void lab_segments_fini(struct segments *segments);

#endif
