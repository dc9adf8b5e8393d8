/*
 * Who put a tunnelled packet on the wire.
 *
 * Whoever sends packets in VXLAN, GRE and the like writes the inner addresses as he pleases: one
 * host can make up both halves of a conversation between two others. What he cannot write is the
 * answer's outer addresses: a tunnel that two hosts really speak through is seen to lead from one
 * to the other and back. So data counts as acknowledged only when its acknowledgement came back
 * through the tunnel it went into.
 *
 * A mirror sends both directions of what it copies the same way, to its collector. It looks exactly
 * like that forger, so it has to be named: struct mirrors. The outermost tunnel that is not a named
 * mirror's is the one that counts; the ends of tunnels inside it are its sender's to choose.
 */
#ifndef DAVY_DECODE_FLOW_TUNNEL_ENDS_H
#define DAVY_DECODE_FLOW_TUNNEL_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/packet/packet.h"

enum { MIRRORS_MAX = 64 };

/* Outer source addresses that are believed; all zero: none. No pointers: workers are handed it. */
struct mirrors {
	bool believes_all;
	uint8_t count;
	struct mirror {
		struct address address; /* bits beyond the prefix are 0 */
		uint8_t prefix;		/* of 128: an IPv4 /24 is 120 */
	} at[MIRRORS_MAX];
};

bool mirrors_believe(const struct mirrors *mirrors, const struct address *source);

/*
 * The ends of the tunnel that counts, in one word: 0 when there is none. The same two ends the
 * other way round give another word, which tunnel_answers knows.
 */
struct tunnel {
	uint32_t ends;
	const struct address *from; /* in the packet; NULL when there is none */
};
struct tunnel tunnel_of(const struct packet *packet, const struct mirrors *mirrors, uint64_t seed);

/* Does a packet that came so acknowledge what came so? Both words as in struct tunnel. */
enum tunnel_answer {
	TUNNEL_ANSWERS,	    /* neither was tunnelled, or it is the way back */
	TUNNEL_ONE_END,	    /* both came out of the same end */
	TUNNEL_ELSEWHERE,   /* out of a tunnel that does not lead back, or out of none */
	TUNNEL_IS_MIRRORED, /* one of the two above, but mirrors that are believed */
};
enum tunnel_answer tunnel_answers(uint32_t said, uint32_t acknowledged);

#endif
