/*
 * Connections by their two ends: what every packet is booked on.
 *
 * A flow record is small (FLOW_BYTES_MAX with the table's own share) because there are many: bytes,
 * packets, when, and through which tunnels. Beside it the table keeps room (table_apart) for the
 * 128-byte behaviour block by whose rhythm encrypted mining can be told: no detector fills it yet,
 * and most connections end before they would have one. What is said on a connection is looked at
 * only when it may matter; that part (streams, conversation) is an inspection, held apart and
 * bounded by itself.
 */
#ifndef DAVY_DECODE_FLOW_FLOW_H
#define DAVY_DECODE_FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "decode/packet/packet.h"
#include "model/observation.h"

/* Side 0 is the smaller end (bytes of the address, then the port): both directions have one key. */
struct flow_key {
	struct address ends[2];
	uint16_t ports[2];
	uint8_t protocol;
	uint8_t zero[3];
};
_Static_assert(sizeof(struct flow_key) == 40, "no padding: keys are compared as bytes");

enum flow_class { FLOW_UNANSWERED, FLOW_ANSWERED, FLOW_WATCHED };

enum { FLOW_BEHAVIOUR_BYTES = 128, FLOW_BYTES_MAX = 512 };

/*
 * A side that resets the connection in its right place and goes on speaking: either somebody else
 * sent the reset, or somebody else speaks. A host that refuses what others say in its name refuses
 * every packet it gets in return.
 */
enum side_reset {
	RESET_NONE,
	RESET_SENT,
	RESET_SPOKE,			  /* new bytes since */
	RESET_FORGIVEN = RESET_SPOKE + 3, /* packets of the other side that it let pass */
};

struct inspection;

/*
 * Every packet reads and writes its flow, which is seldom in the cache: what each needs is together
 * in front (with the table's header, two cache lines), then what payload needs.
 */
struct flow {
	struct flow_key key;
	struct inspection *inspection; /* NULL: nobody listens */
	int64_t first_ns;
	uint64_t bytes[2]; /* payload, by sequence where TCP: a packet seen twice counts once */
	uint32_t packets[2];
	uint32_t next[2]; /* sequence number after the newest in-order byte */
	uint16_t tunnels;
	int8_t initiator;
	uint8_t has_next;	       /* bit per side: next[] is known */
	uint8_t has_spoken;	       /* bit per side: payload was seen */
	uint8_t acknowledged;	       /* bit per side: the other end acknowledged its payload */
	uint8_t syn;		       /* bit per side */
	uint8_t minute;		       /* of the last packet booked in `minutes`, + 1 */
	uint32_t quiet_bytes;	       /* since anything of interest was seen */
	uint32_t second, second_bytes; /* payload in this second: only fast flows are cut */
	bool is_cut;		       /* its rest was said to be of no interest */
	bool speaks_mining;	       /* has carried messages of a mining session */
	uint8_t doubts;		       /* enum flow_doubt */
	uint8_t reset[2];	       /* enum side_reset */
	uint32_t reset_at[2];	       /* sequence number of the side's last reset */
	uint32_t tunnel[2];	       /* that the side's last data came through: tunnel_ends.h */
	uint64_t minutes;	       /* presence: bit per minute since first_ns */
	uint16_t first_sizes[8];
};
_Static_assert(offsetof(struct flow, quiet_bytes) == 96, "two cache lines with the table's header");
_Static_assert(sizeof(struct flow) <= 160, "three cache lines with the table's header");
_Static_assert(sizeof(struct flow) + 32 + FLOW_BEHAVIOUR_BYTES <= FLOW_BYTES_MAX,
	       "with its behaviour, too");

/* The key of a packet and the side that sent it. */
int flow_key_of(const struct packet *packet, struct flow_key *key);

void flow_describe(const struct flow *flow, instant last_seen, struct flow_view *view);

#endif
