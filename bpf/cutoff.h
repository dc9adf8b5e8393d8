/*
 * The judgement of the cut-off: what to do with one more packet of a flow that user space has cut.
 *
 * A cut flow (bulk transfer, video, backup) is counted in the kernel and not copied, which is what
 * makes a sensor affordable. But a miner could hide behind a cut, so a cut is never for good:
 *   - a flow whose rate falls below reopen_below bytes/s is opened again (mining needs 7..130);
 *   - every reopen_after, burst_packets packets pass, so that user space can judge anew;
 *   - what looks like a message of a mining protocol passes at any time: SYN, FIN, RST; text that
 *     begins like JSON or HTTP; a websocket text frame around such text; and small pushed packets,
 *     within a budget per flow, which is what encrypted messages look like.
 *
 * An acknowledgement without data is held and changes nothing: bulk brings one for every few
 * segments, mostly on another processor than the data.
 *
 * Compiled for the kernel and natively (unit-tested there). One packet at a time is assumed for
 * window and budget: two CPUs at once may pass a packet more or lose a few bytes of a window.
 * (Socket filters may not take bpf_spin_lock.)
 */
#ifndef DAVY_BPF_CUTOFF_H
#define DAVY_BPF_CUTOFF_H

#include <linux/types.h>

#define CUTOFF_INLINE static inline __attribute__((always_inline))

/* Innermost addresses (IPv4 as ::ffff:a.b.c.d, in wire order) and ports (host order); the lower
 * (address, port) first, so that both directions have one key. Hashed as bytes: no hidden padding.
 */
struct cutoff_key {
	__u8 low[16];
	__u8 high[16];
	__u16 low_port;
	__u16 high_port;
	__u8 protocol;
	__u8 zero[3];
};

_Static_assert(sizeof(struct cutoff_key) == 40, "the layout is shared with the kernel side");

enum cutoff_state { CUTOFF_OPEN, CUTOFF_CUT };

#define CUTOFF_LINE 64 /* bytes of a cache line */

/*
 * The map's value. Times are CLOCK_MONOTONIC ns. A zeroed entry is an open flow.
 *
 * The kernel (htab_elem, checked on 6.1 and 6.18) puts 48 bytes of its own and the key before it,
 * and a map's entries one behind the other. So its first 40 bytes end a line, which every packet
 * reads and hardly one writes; what data writes has a line of its own, and the processor that sees
 * the acknowledgements need not fetch it. Elsewhere it only costs time.
 */
struct cutoff_entry {
	__u32 state;	  /* enum cutoff_state */
	__u32 burst_left; /* packets that still pass in this burst */
	__u64 unused[4];
	__u64 window_start; /* 0: not begun */
	__u64 window_bytes;
	__u64 burst_at;	 /* when the next burst begins */
	__u64 budget_at; /* small packets: the time up to which the budget is spent */
	__u64 bytes;	 /* on the wire, of packets with data since the cut */
	__u64 packets;	 /* those */
	__u64 unused_too[2];
};

#define CUTOFF_BEFORE (48 + sizeof(struct cutoff_key)) /* what the kernel puts before the value */

_Static_assert(sizeof(struct cutoff_entry) == 104, "the layout is shared with the kernel side");
_Static_assert((CUTOFF_BEFORE + __builtin_offsetof(struct cutoff_entry, window_start)) %
				       CUTOFF_LINE ==
			       0 &&
		       (CUTOFF_BEFORE + sizeof(struct cutoff_entry)) % CUTOFF_LINE == 0,
	       "what is written has a cache line of its own");

struct cutoff_settings {
	__u64 window_ns;	  /* length of a rate window */
	__u64 reopen_below;	  /* bytes/s */
	__u64 reopen_after_ns;	  /* between bursts */
	__u64 small_interval_ns;  /* one small packet per so long on average ... */
	__u64 small_allowance_ns; /* ... and so much of it may be saved up */
	__u32 burst_packets;
	__u32 small_payload; /* bytes: what counts as small */
	__u32 snap_len;	     /* returned for packets that pass */
	__u32 zero;
};

/* Totals of the filter, one per CPU. */
struct cutoff_totals {
	__u64 packets, bytes;	      /* seen */
	__u64 cut_packets, cut_bytes; /* not handed on */
	__u64 peeked;		      /* of cut flows, handed on all the same */
	__u64 reopened;		      /* flows */
	__u64 unkeyed;		      /* passed because no flow was recognised in it */
};

#define CUTOFF_TURNS 7	/* of TCP's flags: FIN, SYN, RST */
#define CUTOFF_PEEK  16 /* bytes of payload that are looked at */

struct cutoff_packet {
	__u64 now;
	__u32 len;	   /* of the frame on the wire */
	__u32 payload_len; /* TCP or UDP */
	__u8 protocol;
	__u8 tcp_flags;
	__u8 peek_len;		/* valid bytes in peek */
	__u8 peek[CUTOFF_PEEK]; /* the payload's first bytes */
};

enum cutoff_verdict { CUTOFF_HOLD, CUTOFF_PEEKED, CUTOFF_PASS };

CUTOFF_INLINE int cutoff_is_space(__u8 c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* '{' or '[' and then what JSON may have there; a byte-order mark is not worth an instruction. */
CUTOFF_INLINE int cutoff_is_json(__u8 first, __u8 second)
{
	if (cutoff_is_space(first))
		return second == '{' || second == '[' || cutoff_is_space(second);
	if (first != '{' && first != '[')
		return 0;
	return second == '"' || second == '\'' || second == '{' || second == '[' ||
	       cutoff_is_space(second);
}

#define CUTOFF_WORD(a, b, c, d) ((__u32)(a) << 24 | (__u32)(b) << 16 | (__u32)(c) << 8 | (__u32)(d))

CUTOFF_INLINE int cutoff_is_http(const __u8 *p)
{
	switch (CUTOFF_WORD(p[0], p[1], p[2], p[3])) {
	case CUTOFF_WORD('G', 'E', 'T', ' '):
	case CUTOFF_WORD('P', 'O', 'S', 'T'):
	case CUTOFF_WORD('P', 'U', 'T', ' '):
	case CUTOFF_WORD('H', 'E', 'A', 'D'):
	case CUTOFF_WORD('C', 'O', 'N', 'N'):
	case CUTOFF_WORD('O', 'P', 'T', 'I'):
	case CUTOFF_WORD('P', 'A', 'T', 'C'):
	case CUTOFF_WORD('D', 'E', 'L', 'E'):
	case CUTOFF_WORD('H', 'T', 'T', 'P'):
		return 1;
	default:
		return 0;
	}
}

/* A text frame (RFC 6455 5.2) around JSON, masked or not; 64-bit lengths are bulk. */
CUTOFF_INLINE int cutoff_is_websocket(const __u8 *p)
{
	if ((p[0] & 0x7f) != 1)
		return 0;
	switch (p[1]) {
	case 0xfe:
		return cutoff_is_json(p[8] ^ p[4], p[9] ^ p[5]);
	case 126:
		return cutoff_is_json(p[4], p[5]);
	case 0xff:
	case 127:
		return 0;
	default:
		if (p[1] & 0x80)
			return cutoff_is_json(p[6] ^ p[2], p[7] ^ p[3]);
		return cutoff_is_json(p[2], p[3]);
	}
}

CUTOFF_INLINE int cutoff_is_text(const struct cutoff_packet *packet)
{
	if (packet->peek_len >= 2 && cutoff_is_json(packet->peek[0], packet->peek[1]))
		return 1;
	if (packet->peek_len >= 4 && cutoff_is_http(packet->peek))
		return 1;
	return packet->peek_len >= 10 && cutoff_is_websocket(packet->peek);
}

/* A budget in time: each small packet spends an interval of it (the "generic cell rate"). */
CUTOFF_INLINE int cutoff_within_budget(struct cutoff_entry *entry, __u64 now,
				       const struct cutoff_settings *settings)
{
	__u64 spent = entry->budget_at > now ? entry->budget_at : now;

	if (spent - now > settings->small_allowance_ns)
		return 0;
	entry->budget_at = spent + settings->small_interval_ns;
	return 1;
}

/* An acknowledgement and nothing else. */
CUTOFF_INLINE int cutoff_is_bare(const struct cutoff_packet *packet)
{
	return packet->protocol == 6 && !packet->payload_len && !(packet->tcp_flags & CUTOFF_TURNS);
}

CUTOFF_INLINE int cutoff_is_worth_a_look(struct cutoff_entry *entry,
					 const struct cutoff_packet *packet,
					 const struct cutoff_settings *settings)
{
	if (packet->protocol == 6 && packet->tcp_flags & CUTOFF_TURNS)
		return 1;
	if (!packet->payload_len)
		return 0;
	if (cutoff_is_text(packet))
		return 1;
	if (packet->payload_len > settings->small_payload)
		return 0;
	if (packet->protocol == 6 && !(packet->tcp_flags & 8)) /* PSH: the end of a message */
		return 0;
	return cutoff_within_budget(entry, packet->now, settings);
}

/* True when a whole window has passed and its rate was low; begins a new window otherwise. */
CUTOFF_INLINE int cutoff_has_slowed(struct cutoff_entry *entry, const struct cutoff_packet *packet,
				    const struct cutoff_settings *settings)
{
	if (!entry->window_start || packet->now < entry->window_start) {
		entry->window_start = packet->now;
		entry->window_bytes = packet->len;
		return 0;
	}
	__u64 elapsed = packet->now - entry->window_start;
	if (elapsed < settings->window_ns) {
		entry->window_bytes += packet->len;
		return 0;
	}
	/* In microseconds: neither product overflows below 10^13 bytes a window or a year idle. */
	if (entry->window_bytes * 1000000 < settings->reopen_below * (elapsed / 1000))
		return 1;
	entry->window_start = packet->now;
	entry->window_bytes = packet->len;
	return 0;
}

/*
 * Judge one packet of a flow that is in the map, and bring its entry up to date.
 *
 * returns: CUTOFF_PASS when the flow is open (or has just been opened again), CUTOFF_PEEKED when it
 *          stays cut and this packet is worth a look, else CUTOFF_HOLD.
 */
CUTOFF_INLINE enum cutoff_verdict cutoff_decide(struct cutoff_entry *entry,
						const struct cutoff_packet *packet,
						const struct cutoff_settings *settings)
{
	if (entry->state != CUTOFF_CUT)
		return CUTOFF_PASS;
	if (cutoff_is_bare(packet))
		return CUTOFF_HOLD;
	__sync_fetch_and_add(&entry->bytes, packet->len);
	__sync_fetch_and_add(&entry->packets, 1);
	if (cutoff_has_slowed(entry, packet, settings)) {
		entry->state = CUTOFF_OPEN;
		return CUTOFF_PASS;
	}
	if (packet->now >= entry->burst_at) {
		entry->burst_at = packet->now + settings->reopen_after_ns;
		entry->burst_left = settings->burst_packets;
	}
	if (entry->burst_left) {
		entry->burst_left--;
	} else if (!cutoff_is_worth_a_look(entry, packet, settings)) {
		return CUTOFF_HOLD;
	}
	return CUTOFF_PEEKED;
}

/* The entry user space writes to cut a flow. */
CUTOFF_INLINE struct cutoff_entry cutoff_begin(__u64 now, const struct cutoff_settings *settings)
{
	struct cutoff_entry entry = {.state = CUTOFF_CUT,
				     .burst_at = now + settings->reopen_after_ns};

	return entry;
}

#endif
