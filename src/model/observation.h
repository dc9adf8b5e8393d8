/*
 * One decoded fact at one time about one flow, as detectors receive it. Everything is a view that
 * lives until the detector returns.
 */
#ifndef DAVY_MODEL_OBSERVATION_H
#define DAVY_MODEL_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/str.h"
#include "model/endpoint.h"
#include "model/mining_message.h"

enum observation_kind {
	OBSERVE_MINING = 1 << 0,      /* a message of a mining session */
	OBSERVE_NOISE_SHAPE = 1 << 1, /* a hidden stream shaped like Stratum V2's Noise handshake */
	OBSERVE_ACKNOWLEDGED =
		1 << 2, /* of a watched flow: a side's data was acknowledged for the first time */
};

/* What carried the bytes, outermost first. */
enum carrier {
	CARRIER_TCP,
	CARRIER_TLS,
	CARRIER_WEBSOCKET,
	CARRIER_HTTP,
	CARRIER_SOCKS4,
	CARRIER_SOCKS5,
	CARRIER_CONNECT,
	CARRIER_GZIP,
	CARRIER_COUNT
};

enum { CARRIERS_MAX = 8, FLOW_NAMES_MAX = 4 };

const char *carrier_name(enum carrier carrier); /* "websocket": as in JSON */

/* Why an exchange that looks like one between two ends may be another's work; kept on the flow. */
enum flow_doubt {
	DOUBT_ONE_TUNNEL_END = 1 << 0,	/* both sides came out of the same end of a tunnel */
	DOUBT_TUNNELS_APART = 1 << 1,	/* the answer did not come back through the tunnel */
	DOUBT_MIRROR_BELIEVED = 1 << 2, /* one of these two, but a mirror that is believed */
	DOUBT_REFUSED_ITSELF = 1 << 3, /* a side reset the connection, and again after it went on */
	DOUBT_TWO_VERSIONS = 1 << 4,   /* two versions of the same bytes were sent */
};

/*
 * Side 0 and side 1 are the two ends in the order of the flow's key, not client and server: who
 * mines is for a detector to say. `initiator` is the side that opened the connection, -1 unknown.
 */
struct flow_view {
	const void *key; /* identifies the flow while it lives: struct flow_key */
	struct endpoint ends[2];
	int initiator;
	instant first_seen, last_seen;
	uint64_t bytes[2]; /* payload sent by each side */
	uint32_t packets[2];
	bool acknowledged[2]; /* the other side acknowledged this side's data */
	uint16_t tunnels;     /* enum packet_tunnel */
	uint8_t doubts;	      /* enum flow_doubt */
	bool has_tunnel_end;
	struct address tunnel_end; /* with a doubt about tunnels: where the last packet came from */
	uint8_t carrier_count;
	uint8_t carriers[CARRIERS_MAX];	     /* enum carrier, outermost first */
	struct str names[2][FLOW_NAMES_MAX]; /* each end was called so: DNS, SNI, Host, as they
						passed by */
	uint8_t name_count[2];
	struct str target;	  /* where a SOCKS or CONNECT request wanted to go: "host:port" */
	struct str server_name;	  /* TLS SNI or HTTP Host */
	struct str forwarded_for; /* whom an HTTP proxy says it speaks for */
};

struct origin {
	struct str source; /* capture file or interface */
	uint64_t offset;   /* of the frame, with has_offset */
	bool has_offset;
};

/* What the first turns of a stream without known content looked like. */
struct noise_shape {
	int client;			   /* side */
	uint32_t records_up, records_down; /* encrypted records seen after the handshake */
	bool setup_acknowledged;	   /* 44 bytes down after the first record up */
};

struct observation {
	enum observation_kind kind;
	instant at;
	int side; /* who said it */
	const struct flow_view *flow;
	struct origin origin;
	struct str quote; /* the message as it was on the wire (unmasked, inflated) */
	const struct mining_message *mining;
	const struct noise_shape *noise;
};

#endif
