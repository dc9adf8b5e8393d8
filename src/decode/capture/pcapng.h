/*
 * pcapng blocks: sections, each in its own byte order, interfaces with their own link type and
 * clock, and packets in the enhanced, simple and obsolete form. Other blocks are passed over.
 *
 * A block carries its length at both ends; one where the two differ is never believed.
 *
 * Source: draft-ietf-opsawg-pcapng.
 */
#ifndef DAVY_DECODE_CAPTURE_PCAPNG_H
#define DAVY_DECODE_CAPTURE_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "decode/capture/frame.h"
#include "decode/capture/window.h"
#include "decode/decoded.h"

enum {
	PCAPNG_INTERFACES_MAX = 4096, /* in one section; mergecap makes one for each file merged */
	PCAPNG_BLOCK_MAX = 16 * 1024 * 1024, /* Wireshark's own maximum */
};

struct pcapng_interface {
	int64_t offset_s; /* added to every time stamp */
	uint32_t snaplen; /* 0: none */
	uint16_t link;
	uint8_t resolution; /* as if_tsresol: top bit set: 2^-n s, else 10^-n s */
};

struct pcapng {
	bool is_big_endian;	  /* of the present section */
	uint32_t interface_count; /* declared; those from PCAPNG_INTERFACES_MAX on are not kept */
	struct pcapng_interface interfaces[PCAPNG_INTERFACES_MAX];
};

/* The magic of a section header with a byte-order mark: DECODED, NEED_MORE, else UNSUPPORTED. */
enum decoded pcapng_header(struct reader in);

/*
 * A section header whose both lengths agree, in the middle of a capture of another format.
 *
 * returns: DECODED: yes; MALFORMED: no; NEED_MORE: too few bytes to tell
 */
enum decoded pcapng_is_header(struct reader in);

/*
 * The next block.
 *
 * returns: DECODED: a packet; UNSUPPORTED: a block without one was passed over; NEED_MORE: it goes
 *          on behind the window (with is_last: it is cut off); MALFORMED: with *is_lost the framing
 *          is broken and nothing was consumed, without it one block is, and the next call goes on
 *          behind it; out->offset says where.
 */
enum decoded pcapng_next(struct pcapng *pcapng, struct capture_window *window, struct frame *out,
			 bool *is_lost);

/* The part that is there of a packet which the end of the capture cuts off; else MALFORMED. */
enum decoded pcapng_cut(const struct pcapng *pcapng, struct capture_window *window,
			struct frame *out);

/*
 * Could a block begin here? For getting back in step after damage: a known type, both lengths
 * alike, packets of an interface that was declared.
 *
 * returns: DECODED: yes; MALFORMED: no; NEED_MORE: the window ends too early to tell
 */
enum decoded pcapng_is_block(const struct pcapng *pcapng, const struct capture_window *window,
			     struct reader at);

/* Units since 1970 of if_tsresol `resolution`, `offset_s` added; clamped to what an instant holds.
 */
instant pcapng_time(uint64_t units, uint8_t resolution, int64_t offset_s);

#endif
