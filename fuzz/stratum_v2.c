/* Pieces of both sides (pieces.h): each side's as a run of frames, and all of them as turns. */
#include "base/buf.h"
#include "decode/mining/stratum_v2.h"
#include "said.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void check_frames(struct str stream)
{
	struct reader in = reader_of(stream);
	struct mining_message said;
	enum decoded outcome;
	size_t left;

	(void)stratum_v2_starts(stream);
	do {
		left = reader_left(&in);
		outcome = stratum_v2_next(&in, &said);
		if (outcome == DECODED)
			check_said(&said);
		assert(outcome != NEED_MORE || reader_left(&in) == left);
	} while (outcome == DECODED && reader_left(&in) < left);
	assert(outcome != DECODED); /* a frame is never empty */
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct reader in = reader_of(str_of(at, len));
	struct turns turns = {0};
	struct buf streams[2] = {0};
	struct piece piece;

	for (; piece_next(&in, &piece); piece_fini(&piece)) {
		if (piece.is_lost)
			continue;
		if (piece.len > 0)
			turns_add(&turns, piece.side, piece.bytes);
		assert(turns.count <= TURNS_MAX);
		(void)turns_guess(&turns);
		buf_add(&streams[piece.side], piece.bytes);
	}
	for (int side = 0; side < 2; side++) {
		struct piece whole = {0}; /* without the buf's spare room */
		piece_own(&whole, buf_view(&streams[side]));
		check_frames(whole.bytes);
		piece_fini(&whole);
		buf_fini(&streams[side]);
	}
	return 0;
}
