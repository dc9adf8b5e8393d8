#include "matrix_escapes.h"

#include <stdlib.h>
#include <string.h>

const struct escape escapes[] = {
	{"nothing: the session these are made from", .expected = "found"},
	{"a private 4-byte length before each message", .write = turn_length_before,
	 .expected = "found"},
	{"a printable letter and length before each message, no line ends",
	 .write = turn_type_before, .expected = "not seen"},
	{"a printable word before each line", .write = turn_junk_before, .expected = "not seen"},
	{"each message inside a JSON string of another message", .write = turn_string_of_message,
	 .expected = "not seen"},
	{"each message a member of another message", .write = turn_member_of_message,
	 .expected = "not seen"},
	{"all methods renamed, the fields kept", .write = turn_methods, .expected = "found"},
	{"all methods and fields renamed", .write = turn_fields, .expected = "not seen"},
	{"each byte XORed with a constant", .write = turn_xor, .expected = "not seen"},
	{"lines of base64", .write = turn_base64, .expected = "not seen"},
	{"lines of hex", .write = turn_hex, .expected = "not seen"},
	{"UTF-16 in place of UTF-8", .write = turn_utf16, .expected = "not seen"},
	{"each message a zlib stream", .write = turn_zlib, .expected = "not seen"},
	{"700 kB of random bytes first", .write = turn_noise_first, .expected = "found"},
	{"UDP in place of TCP", .is_udp = true, .expected = "not seen"},
	{"TLS", .write = turn_tls, .expected = "not seen"},
	{"permessage-deflate with its history, picked up in mid-connection",
	 .carrier = "websocket-deflate", .shape = "mid-stream", .expected = "not seen"},
	{"encrypted Stratum V2, picked up in mid-connection", .dialect = "stratum-v2",
	 .variant = "noise", .shape = "mid-stream", .expected = "not seen"},
	{"encrypted Stratum V2 in a WebSocket", .dialect = "stratum-v2", .variant = "noise",
	 .carrier = "websocket", .expected = "found"},
	{"only the miner's packets pass the tap", .shape = "client only", .expected = "suspect"},
	{"only the pool's packets pass the tap", .shape = "server only", .expected = "suspect"},
	{"both directions out of one end of a VXLAN tunnel: forged, or an unnamed mirror",
	 .shape = "VXLAN", .packets = LAB_SHAPE_ONE_TUNNEL_END, .expected = "suspect"},
	{"the same out of a GRE tunnel", .shape = "GRE", .packets = LAB_SHAPE_ONE_TUNNEL_END,
	 .expected = "suspect"},
	{"the miner's host refuses, again and again, what is said in its name",
	 .packets = LAB_SHAPE_REFUSED, .expected = "suspect"},
	{"a reset in the miner's name, and the session goes on", .packets = LAB_SHAPE_RESET_ONCE,
	 .expected = "found"},
	{"junk before each of the miner's segments, in the same place",
	 .packets = LAB_SHAPE_JUNK_FIRST, .expected = "suspect"},
	{"the same, and the pool does so too",
	 .packets = LAB_SHAPE_JUNK_FIRST | LAB_SHAPE_JUNK_POOL, .expected = "suspect"},
	{"junk before each of the miner's segments, with a wrong checksum",
	 .packets = LAB_SHAPE_JUNK_FIRST | LAB_SHAPE_JUNK_SUM, .expected = "suspect"},
	{"junk before each of the miner's segments, and these of one byte", .shape = "1 byte",
	 .packets = LAB_SHAPE_JUNK_FIRST, .expected = "suspect"},
	{"the same, and the pool does so too", .shape = "1 byte",
	 .packets = LAB_SHAPE_JUNK_FIRST | LAB_SHAPE_JUNK_POOL, .expected = "not seen"},
};
const size_t escape_count = sizeof(escapes) / sizeof(*escapes);

static const struct shape *shape_find(const char *name)
{
	for (size_t i = 0; name && i < shape_count; i++)
		if (strcmp(shapes[i].name, name) == 0)
			return &shapes[i];
	return &shapes[0];
}

static bool cell_of(const struct escape *escape, struct cell *cell)
{
	const char *name = escape->dialect ? escape->dialect : "cryptonote";

	*cell = (struct cell){.dialect = lab_dialect_find(str_from(name)),
			      .carrier = escape->carrier ? escape->carrier : "plain",
			      .shape = shape_find(escape->shape)};
	if (!cell->dialect)
		return false;
	return !escape->variant ||
	       lab_variant_find(cell->dialect, str_from(escape->variant), &cell->variant);
}

/* The sessions' datagrams, one for each write. */
static int add_udp(struct scene *scene, const struct lab_transcript *transcript, size_t *index)
{
	static const struct str ends = STR("\x0a\x14\x00\x63\xcb\x00\x71\x63");
	struct endpoint client = {address_v4(0x0a140063), 40001},
			server = {address_v4(0xcb007163), 3333};
	int r = scene_expect(scene, &client, &server, index);

	for (size_t i = 0; r == 0 && i < transcript->count; i++) {
		bool is_client = transcript->events[i].side == LAB_MINER;
		struct str text = lab_transcript_bytes(transcript, i);
		uint16_t ports[2] = {40001, 3333},
			 lens[2] = {(uint16_t)(text.len + 28), (uint16_t)(text.len + 8)};
		struct buf frame = {0};
		buf_add(&frame, STR("\2\0\0\0\0\1\2\0\0\0\0\2\x08\0\x45\0"));
		buf_printf(&frame, "%c%c", lens[0] >> 8, lens[0] & 255);
		buf_add(&frame, STR("\0\0\x40\0\x40\x11\0\0"));
		buf_add(&frame, str_sub(ends, is_client ? 0 : 4, 4));
		buf_add(&frame, str_sub(ends, is_client ? 4 : 0, 4));
		buf_printf(&frame, "%c%c%c%c%c%c", ports[!is_client] >> 8, ports[!is_client] & 255,
			   ports[is_client] >> 8, ports[is_client] & 255, lens[1] >> 8,
			   lens[1] & 255);
		buf_add(&frame, STR("\0\0")); /* no checksum, which RFC 768 allows */
		buf_add(&frame, text);
		struct frame f = {.at = transcript->events[i].at,
				  .bytes = buf_view(&frame),
				  .wire_len = (uint32_t)frame.len,
				  .link = 1};
		if (frame.failed)
			r = -1;
		else
			scene_frames(scene, &f, 1);
		buf_fini(&frame);
	}
	return r;
}

static const char *try_cell(struct scene *scene, const struct cell *cell,
			    const struct escape *escape)
{
	struct lab_transcript plain = {0}, turned = {0};
	struct lab_outcome outcome;
	size_t index = 0;

	if (scene_begin(scene) < 0)
		return NULL;
	struct lab_session session = cell_session(cell, scene_now(scene));
	int r = lab_session_play(&session, &plain, &outcome, NULL);
	if (r == 0 && escape->write)
		turn_transcript(&plain, escape->write, &turned);
	struct lab_transcript *told = escape->write ? &turned : &plain;
	struct lab_packet_settings packets = cell_packets(cell, told);
	packets.shape |= escape->packets;
	if (r == 0 && escape->is_udp)
		r = add_udp(scene, told, &index);
	else if (r == 0)
		r = scene_add(scene, told, packets, false, &index);
	bool is_good = r == 0 && !told->failed;
	scene_end(scene);
	lab_transcript_fini(&plain);
	lab_transcript_fini(&turned);
	return is_good ? seen_word(&scene->seen[index]) : NULL;
}

const char *escape_try(struct scene *scene, const struct escape *escape)
{
	struct cell cell;

	return cell_of(escape, &cell) ? try_cell(scene, &cell, escape) : NULL;
}

const char *tls_try(struct scene *scene, const struct lab_dialect *dialect, unsigned variant,
		    bool is_midstream)
{
	static const struct escape tls = {.write = turn_tls};
	struct cell cell = {.dialect = dialect,
			    .variant = variant,
			    .carrier = "plain",
			    .shape = shape_find(is_midstream ? "mid-stream" : "whole")};

	return try_cell(scene, &cell, &tls);
}
