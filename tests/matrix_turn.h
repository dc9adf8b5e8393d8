/*
 * Transcripts turned into others: what a miner could do to its session so that it is not
 * recognised, and what may stand around any conversation. Nothing here is in src/lab, for no miner
 * is known to do most of it.
 */
#ifndef DAVY_TESTS_MATRIX_TURN_H
#define DAVY_TESTS_MATRIX_TURN_H

#include "lab/transcript.h"

/* One write of a side, turned. */
struct turn {
	struct buf *out;
	struct str message;
	enum lab_side side;
	bool is_first; /* of its side */
	void *state;   /* of the whole conversation: TURN_STATE bytes, zeroed */
};

enum { TURN_STATE = 64 };

typedef void turn_write(const struct turn *turn);

/* Writes of both sides, turned one by one; failed in `out` when memory ran out. */
void turn_transcript(const struct lab_transcript *in, turn_write *write,
		     struct lab_transcript *out);

turn_write turn_length_before, turn_type_before, turn_junk_before, turn_xor, turn_methods,
	turn_fields, turn_string_of_message, turn_member_of_message, turn_base64, turn_hex,
	turn_utf16, turn_zlib, turn_tls, turn_noise_first, turn_socks5, turn_connect;

#endif
