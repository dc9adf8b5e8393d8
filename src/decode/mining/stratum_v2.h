/*
 * Stratum V2 in clear framing, and the shape of its encrypted form.
 * Source: stratum-mining/sv2-spec 03 (framing), 04 (handshake), 05 (mining protocol), 08 (types).
 *
 * A frame is a 6-byte header, extension u16 (its top bit says the message belongs to a channel),
 * type u8, length u24, all little-endian, and a payload whose length most types fix. That is what
 * is checked: a run of frames whose lengths fit their types is no accident.
 */
#ifndef DAVY_DECODE_MINING_STRATUM_V2_H
#define DAVY_DECODE_MINING_STRATUM_V2_H

#include "base/reader.h"
#include "decode/decoded.h"
#include "model/mining_message.h"

/* Could these bytes begin a frame of the mining protocol, its length right for its type? */
bool stratum_v2_starts(struct str first);

/*
 * The next frame. DECODED: `out` filled, act ACT_NONE for frames that say nothing about mining.
 * NEED_MORE: frame incomplete, nothing consumed. MALFORMED: no such frame.
 */
enum decoded stratum_v2_next(struct reader *in, struct mining_message *out);

/*
 * The turns of a stream whose content is unknown: how many bytes one side sent before the other
 * spoke. Encrypted Stratum V2 opens with exactly 64 bytes up (an ElligatorSwift key), 234 down,
 * then records of a 22-byte encrypted header and a payload of 16 bytes more than its plain text;
 * the answer to SetupConnection is 44 bytes.
 */
enum { TURNS_MAX = 8, TURNS_KEY = 64 };

struct turns {
	uint32_t len[TURNS_MAX];
	uint8_t side[TURNS_MAX];
	uint8_t count;
	bool odd; /* text, or too few different bytes: no key */
};

void turns_add(struct turns *turns, int side, struct str bytes);

enum noise_guess { NOISE_NO, NOISE_MAYBE, NOISE_HANDSHAKE, NOISE_SETUP_DONE };
enum noise_guess turns_guess(const struct turns *turns);

#endif
