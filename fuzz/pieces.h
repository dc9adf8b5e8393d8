/*
 * For the harnesses of connections: pieces of both sides in the order they came. Each has a head
 * (le16): bit 15 the side, bit 14 the piece is lost, the rest its length; a lost piece has no
 * bytes. And for those of messages: lines that begin with the side, '>' (1) or anything else (0).
 */
#ifndef DAVY_FUZZ_PIECES_H
#define DAVY_FUZZ_PIECES_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"

enum { PIECE_SIDE = 0x8000, PIECE_LOST = 0x4000, PIECE_LEN = 0x3fff };

struct piece {
	int side;
	bool is_lost;
	uint32_t len;
	struct str bytes;
	char *owned; /* the bytes in a block of their own, so that a read past their end is seen */
};

static inline void piece_fini(struct piece *piece)
{
	free(piece->owned);
}

static inline void piece_own(struct piece *piece, struct str bytes)
{
	piece->owned = malloc(bytes.len + 1);
	assert(piece->owned);
	if (bytes.len > 0)
		memcpy(piece->owned + 1, bytes.at, bytes.len);
	piece->bytes = str_of(piece->owned + 1, bytes.len);
	piece->len = (uint32_t)bytes.len;
}

static inline bool piece_next(struct reader *in, struct piece *out)
{
	struct str bytes = {0};
	uint16_t head;

	*out = (struct piece){0};
	if (!read_le16(in, &head))
		return false;
	out->side = !!(head & PIECE_SIDE);
	out->is_lost = head & PIECE_LOST;
	out->len = head & PIECE_LEN;
	if (!out->is_lost) {
		(void)read_span(in, out->len < reader_left(in) ? out->len : reader_left(in),
				&bytes);
		piece_own(out, bytes);
	}
	return true;
}

static inline bool piece_next_line(struct str *rest, struct piece *out)
{
	struct str line;

	*out = (struct piece){0};
	if (rest->len == 0)
		return false;
	if (!str_cut(*rest, '\n', &line, rest))
		*rest = (struct str){0};
	out->side = line.len > 0 && line.at[0] == '>';
	piece_own(out, str_skip(line, 1));
	return true;
}

#endif
