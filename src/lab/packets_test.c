/*
 * The frames are read back by a reader of this test's own, which sums and reassembles in other ways
 * than the code under test: a receiver's sum over header and checksum must be all ones, and bytes
 * are laid out by sequence number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/reader.h"
#include "lab/packets.h"

enum { STREAM_MAX = 1 << 16 };

struct lane {
	uint8_t bytes[STREAM_MAX];
	bool has[STREAM_MAX];
	uint32_t start, end; /* sequence number of the first byte; how far bytes go */
	bool is_started;
};

struct seen {
	struct lane lanes[2];
	uint16_t client_port, server_port;
	uint8_t fragments[2][STREAM_MAX]; /* by direction */
	uint32_t fragment_ends[2];
	unsigned syns, fins, tunnels, outer_ports[2], segments, disordered;
};

static uint16_t sum_of(uint32_t sum, struct str bytes)
{
	struct reader in = reader_of(bytes);
	uint16_t word = 0;
	uint8_t byte = 0;

	while (read_be16(&in, &word))
		sum += word;
	if (read_u8(&in, &byte))
		sum += (uint32_t)byte << 8;
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static void see_data(struct seen *seen, bool is_client, uint8_t flags, uint32_t sequence,
		     struct str payload)
{
	struct lane *lane = &seen->lanes[!is_client];

	if (!lane->is_started) {
		lane->start = sequence + (flags & 2 ? 1 : 0);
		lane->is_started = true;
	}
	uint32_t at = sequence - lane->start;
	if (payload.len == 0 || flags & 2)
		return;
	assert_true(at + payload.len <= STREAM_MAX);
	seen->segments++;
	seen->disordered += at != lane->end;
	for (size_t i = 0; i < payload.len; i++) {
		if (lane->has[at + i]) /* what is sent again must be the same */
			assert_int_equal(lane->bytes[at + i], (uint8_t)payload.at[i]);
		lane->has[at + i] = true;
		lane->bytes[at + i] = (uint8_t)payload.at[i];
	}
	if (at + payload.len > lane->end)
		lane->end = at + (uint32_t)payload.len;
}

static void see_tcp(struct seen *seen, uint32_t pseudo, struct str segment)
{
	struct reader in = reader_of(segment);
	uint16_t source = 0, destination = 0;
	uint32_t sequence = 0, acknowledgement = 0;
	uint8_t offset = 0, flags = 0;

	assert_int_equal(sum_of(pseudo + 6 + (uint32_t)segment.len, segment), 0xffff);
	assert_true(read_be16(&in, &source) && read_be16(&in, &destination) &&
		    read_be32(&in, &sequence) && read_be32(&in, &acknowledgement) &&
		    read_u8(&in, &offset) && read_u8(&in, &flags));
	bool is_client = source == seen->client_port;
	assert_int_equal(is_client ? destination : source, seen->server_port);
	seen->syns += !!(flags & 2);
	seen->fins += flags & 1;
	see_data(seen, is_client, flags, sequence, str_skip(segment, (offset >> 4) * 4u));
}

static void see_ethernet(struct seen *seen, struct str frame);
static void see_layer(struct seen *seen, uint16_t ethertype, struct str bytes);

static void see_udp(struct seen *seen, uint32_t pseudo, struct str datagram)
{
	struct reader in = reader_of(datagram);
	uint16_t source = 0, destination = 0, len = 0, checksum = 0;

	assert_true(read_be16(&in, &source) && read_be16(&in, &destination) &&
		    read_be16(&in, &len) && read_be16(&in, &checksum));
	assert_int_equal(len, datagram.len);
	assert_int_equal(sum_of(pseudo + 17 + len, datagram), 0xffff);
	seen->tunnels++;
	seen->outer_ports[seen->outer_ports[0] && seen->outer_ports[0] != source] = source;
	if (destination == 4789)
		see_ethernet(seen, str_skip(datagram, 16));
	else if (destination == 6081)
		see_ethernet(seen, str_skip(datagram, 24));
	else if (destination == 2152)
		see_layer(seen, (uint8_t)datagram.at[16] >> 4 == 4 ? 0x0800 : 0x86dd,
			  str_skip(datagram, 16));
	else
		fail_msg("UDP port %u", destination);
}

static void see_transport(struct seen *seen, uint8_t protocol, uint32_t pseudo, struct str bytes)
{
	uint16_t gre_kind = 0;
	struct reader in = reader_of(str_skip(bytes, 2));

	switch (protocol) {
	case 6:
		see_tcp(seen, pseudo, bytes);
		break;
	case 17:
		see_udp(seen, pseudo, bytes);
		break;
	case 47:
		assert_true(read_be16(&in, &gre_kind));
		seen->tunnels++;
		see_layer(seen, gre_kind, str_skip(bytes, 8));
		break;
	case 4:
	case 41:
		seen->tunnels++;
		see_layer(seen, protocol == 4 ? 0x0800 : 0x86dd, bytes);
		break;
	default:
		fail_msg("IP protocol %u", protocol);
	}
}

/* Our fragments come in order: each is laid behind the last of its direction. */
static void see_fragment(struct seen *seen, unsigned direction, uint8_t protocol, uint32_t pseudo,
			 uint32_t offset, bool has_more, struct str bytes)
{
	uint8_t *whole = seen->fragments[direction];
	uint32_t *end = &seen->fragment_ends[direction];

	if (offset == 0 && !has_more) {
		see_transport(seen, protocol, pseudo, bytes);
		return;
	}
	if (offset == 0)
		*end = 0;
	assert_int_equal(offset, *end);
	assert_true(offset + bytes.len <= STREAM_MAX);
	memcpy(whole + offset, bytes.at, bytes.len);
	*end += (uint32_t)bytes.len;
	if (!has_more)
		see_transport(seen, protocol, pseudo, str_of(whole, *end));
}

static void see_v4(struct seen *seen, struct str packet)
{
	struct reader in = reader_of(packet);
	uint16_t total = 0, fragment = 0;
	uint8_t protocol = 0;

	assert_int_equal(packet.at[0], 0x45);
	assert_int_equal(sum_of(0, str_sub(packet, 0, 20)), 0xffff);
	assert_true(read_skip(&in, 2) && read_be16(&in, &total) && read_skip(&in, 2) &&
		    read_be16(&in, &fragment) && read_skip(&in, 1) && read_u8(&in, &protocol));
	assert_int_equal(total, packet.len);
	see_fragment(seen, packet.at[15] & 1, protocol, sum_of(0, str_sub(packet, 12, 8)),
		     (fragment & 0x1fff) * 8u, fragment & 0x2000, str_skip(packet, 20));
}

static void see_v6(struct seen *seen, struct str packet)
{
	struct reader in = reader_of(packet);
	uint16_t len = 0, fragment = 0;
	uint8_t next = 0;
	size_t header = 40;

	assert_true(read_skip(&in, 4) && read_be16(&in, &len) && read_u8(&in, &next));
	assert_int_equal(len + 40u, packet.len);
	if (next == 44) {
		next = (uint8_t)packet.at[40];
		fragment = (uint16_t)((uint8_t)packet.at[42] << 8 | (uint8_t)packet.at[43]);
		header += 8;
	}
	see_fragment(seen, packet.at[23] & 1, next, sum_of(0, str_sub(packet, 8, 32)),
		     fragment & 0xfff8u, fragment & 1, str_skip(packet, header));
}

static void see_layer(struct seen *seen, uint16_t ethertype, struct str bytes)
{
	struct reader in = reader_of(bytes);
	uint16_t next = 0;

	switch (ethertype) {
	case 0x0800:
		see_v4(seen, bytes);
		break;
	case 0x86dd:
		see_v6(seen, bytes);
		break;
	case 0x8100:
	case 0x88a8:
		assert_true(read_skip(&in, 2) && read_be16(&in, &next));
		seen->tunnels++;
		see_layer(seen, next, reader_rest(&in));
		break;
	case 0x8847:
		seen->tunnels++;
		see_layer(seen, (uint8_t)bytes.at[8] >> 4 == 4 ? 0x0800 : 0x86dd,
			  str_skip(bytes, 8));
		break;
	case 0x8864:
		assert_true(read_skip(&in, 6) && read_be16(&in, &next));
		seen->tunnels++;
		see_layer(seen, next == 0x21 ? 0x0800 : 0x86dd, reader_rest(&in));
		break;
	default:
		fail_msg("EtherType %04x", ethertype);
	}
}

static void see_ethernet(struct seen *seen, struct str frame)
{
	struct reader in = reader_of(str_skip(frame, 12));
	uint16_t ethertype = 0;

	assert_true(read_be16(&in, &ethertype));
	see_layer(seen, ethertype, str_skip(frame, 14));
}

static struct lab_packet_settings settings_of(bool is_v6)
{
	struct lab_packet_settings settings = {.seed = 11};

	assert_true(endpoint_parse(is_v6 ? STR("[2001:db8::7]:40001") : STR("10.0.0.7:40001"),
				   &settings.client));
	assert_true(endpoint_parse(is_v6 ? STR("[2001:db8:1::20]:3333") : STR("198.51.100.20:3333"),
				   &settings.server));
	return settings;
}

static void play(const char *dialect, const char *carrier, struct lab_transcript *transcript)
{
	struct lab_session session = {
		.actor = {.seed = 5, .dialect = lab_dialect_find(str_from(dialect)), .shares = 6},
		.begins = {1795341600000000000},
	};
	struct lab_outcome outcome;

	assert_true(lab_carrier_parse(str_from(carrier), &session.carrier));
	assert_int_equal(lab_session_play(&session, transcript, &outcome, NULL), 0);
	assert_int_equal(outcome.state, LAB_STATE_DONE);
}

static struct seen *see(const struct lab_transcript *t, const struct lab_packet_settings *settings)
{
	struct lab_packets packets;
	struct seen *seen = calloc(1, sizeof(*seen));

	assert_non_null(seen);
	seen->client_port = settings->client.port;
	seen->server_port = settings->server.port;
	assert_int_equal(lab_packets_make(t, settings, &packets), 0);
	for (size_t i = 0; i < packets.count; i++) {
		assert_true(i == 0 || packets.frames[i].at.ns >= packets.frames[i - 1].at.ns);
		assert_int_equal(packets.frames[i].bytes.len, packets.frames[i].wire_len);
		see_ethernet(seen, packets.frames[i].bytes);
	}
	lab_packets_fini(&packets);
	return seen;
}

static size_t holes(const struct lane *lane)
{
	size_t count = 0;

	for (uint32_t i = 0; i < lane->end; i++)
		count += !lane->has[i];
	return count;
}

static void check_streams(const struct lab_transcript *t, const struct seen *seen, const char *how)
{
	for (unsigned side = 0; side < 2; side++) {
		struct buf stream = {0};
		const struct lane *lane = &seen->lanes[side];
		lab_transcript_stream(t, (enum lab_side)side, &stream);
		if (!str_equal(buf_view(&stream), str_of(lane->bytes, lane->end)) || holes(lane))
			fail_msg("%s: side %u differs", how, side);
		buf_fini(&stream);
	}
}

static void every_shape_carries_the_session_whole(void **state)
{
	static const struct {
		const char *name;
		uint32_t shape;
	} rows[] = {
		{"whole", 0},
		{"one byte", LAB_SHAPE_ONE_BYTE},
		{"out of order", LAB_SHAPE_OUT_OF_ORDER},
		{"overlap", LAB_SHAPE_OVERLAP},
		{"overlap, out of order", LAB_SHAPE_OVERLAP | LAB_SHAPE_OUT_OF_ORDER},
		{"one byte, out of order", LAB_SHAPE_ONE_BYTE | LAB_SHAPE_OUT_OF_ORDER},
		{"fragments", LAB_SHAPE_IP_FRAGMENTS},
		{"no close", LAB_SHAPE_NO_CLOSE},
	};
	static const char *const sessions[][2] = {
		{"cryptonote", "plain"}, {"bitcoin-stratum-v1", "socks5"}, {"zcash", "plain"},
		{"stratum-v2", "plain"}, {"coinhive", "websocket"},
	};

	for (size_t s = 0; s < sizeof(sessions) / sizeof(*sessions); s++) {
		struct lab_transcript t = {0};
		play(sessions[s][0], sessions[s][1], &t);
		for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++)
			for (int is_v6 = 0; is_v6 < 2; is_v6++) {
				struct lab_packet_settings settings = settings_of(is_v6);
				settings.shape = rows[r].shape;
				struct seen *seen = see(&t, &settings);
				check_streams(&t, seen, rows[r].name);
				assert_int_equal(seen->syns, 2);
				assert_int_equal(seen->fins,
						 rows[r].shape & LAB_SHAPE_NO_CLOSE ? 0 : 2);
				if (rows[r].shape & LAB_SHAPE_ONE_BYTE)
					assert_true(seen->segments >= t.bytes.len);
				assert_int_equal(seen->disordered > 0,
						 !!(rows[r].shape &
						    (LAB_SHAPE_OUT_OF_ORDER | LAB_SHAPE_OVERLAP)));
				free(seen);
			}
		lab_transcript_fini(&t);
	}
}

static void every_tunnel_carries_the_session(void **state)
{
	struct lab_transcript t = {0};

	play("bitcoin-stratum-v1", "plain", &t);
	for (unsigned tunnel = 0; tunnel < LAB_TUNNELS; tunnel++)
		for (int is_v6 = 0; is_v6 < 2; is_v6++) {
			struct lab_packet_settings settings = settings_of(is_v6);
			settings.tunnels[settings.tunnel_count++] = (enum lab_tunnel)tunnel;
			if (tunnel == LAB_TUNNEL_QINQ)
				settings.tunnels[settings.tunnel_count++] = LAB_TUNNEL_VLAN;
			struct seen *seen = see(&t, &settings);
			check_streams(&t, seen, lab_tunnel_name((enum lab_tunnel)tunnel));
			assert_true(seen->tunnels > 0);
			if (tunnel == LAB_TUNNEL_VXLAN || tunnel == LAB_TUNNEL_GENEVE)
				assert_int_not_equal(seen->outer_ports[1], 0);
			free(seen);
		}
	struct lab_packet_settings nested = settings_of(false);
	nested.tunnels[0] = LAB_TUNNEL_VLAN;
	nested.tunnels[1] = LAB_TUNNEL_VXLAN;
	nested.tunnels[2] = LAB_TUNNEL_GRE;
	nested.tunnels[3] = LAB_TUNNEL_IPIP;
	nested.tunnel_count = 4;
	nested.shape = LAB_SHAPE_IP_FRAGMENTS;
	struct seen *seen = see(&t, &nested);
	check_streams(&t, seen, "nested");
	free(seen);
	lab_transcript_fini(&t);
}

static void some_shapes_lose_what_they_say(void **state)
{
	struct lab_transcript t = {0};
	struct lab_packet_settings settings = settings_of(false);
	struct seen *seen;

	play("cryptonote", "plain", &t);
	settings.shape = LAB_SHAPE_CLIENT_ONLY;
	seen = see(&t, &settings);
	assert_true(seen->lanes[0].end > 0 && !seen->lanes[1].is_started);
	free(seen);
	settings.shape = LAB_SHAPE_SERVER_ONLY;
	seen = see(&t, &settings);
	assert_true(seen->lanes[1].end > 0 && !seen->lanes[0].is_started);
	free(seen);
	settings.shape = LAB_SHAPE_UNACKNOWLEDGED;
	seen = see(&t, &settings);
	assert_true(seen->lanes[0].end > 0 && seen->lanes[1].is_started);
	assert_int_equal(seen->lanes[1].end, 0);
	free(seen);
	settings.shape = LAB_SHAPE_GAP;
	seen = see(&t, &settings);
	assert_true(holes(&seen->lanes[0]) + holes(&seen->lanes[1]) > 0);
	free(seen);
	lab_transcript_fini(&t);
}

static struct lab_packets make(const struct lab_transcript *t, uint32_t shape)
{
	struct lab_packet_settings settings = settings_of(false);
	struct lab_packets packets;

	settings.shape = shape;
	settings.tunnels[0] = LAB_TUNNEL_VXLAN;
	settings.tunnel_count = shape & LAB_SHAPE_ONE_TUNNEL_END ? 1 : 0;
	assert_int_equal(lab_packets_make(t, &settings, &packets), 0);
	return packets;
}

enum { OUTER_SOURCE_AT = 14 + 12, FLAGS_AT = 14 + 20 + 13, RESET = 4 };

static unsigned resets_in(const struct lab_packets *packets)
{
	unsigned resets = 0;

	for (size_t i = 0; i < packets->count; i++)
		resets += packets->frames[i].bytes.at[FLAGS_AT] == RESET;
	return resets;
}

/* What others add to a session is beside it: the session's own frames are all there. */
static void forgers_add_to_a_session(void **state)
{
	static const uint32_t shapes[] = {LAB_SHAPE_REFUSED, LAB_SHAPE_RESET_ONCE,
					  LAB_SHAPE_JUNK_FIRST,
					  LAB_SHAPE_JUNK_FIRST | LAB_SHAPE_JUNK_POOL};
	struct lab_transcript t = {0};
	size_t added[4];

	play("cryptonote", "plain", &t);
	struct lab_packets plain = make(&t, 0);
	assert_int_equal(resets_in(&plain), 0);
	for (size_t i = 0; i < 4; i++) {
		struct lab_packets packets = make(&t, shapes[i]);
		added[i] = packets.count - plain.count;
		assert_int_equal(resets_in(&packets), i < 2 ? added[i] : 0);
		lab_packets_fini(&packets);
	}
	assert_int_equal(added[1], 3);
	assert_true(added[0] > 5 && added[2] > 2 && added[3] > added[2]);
	lab_packets_fini(&plain);
	struct lab_packets one = make(&t, LAB_SHAPE_ONE_TUNNEL_END);
	for (size_t i = 0; i < one.count; i++)
		assert_memory_equal(one.frames[i].bytes.at + OUTER_SOURCE_AT,
				    one.frames[0].bytes.at + OUTER_SOURCE_AT, 8);
	lab_packets_fini(&one);
	lab_transcript_fini(&t);
}

static void a_capture_may_begin_in_the_middle(void **state)
{
	struct lab_transcript t = {0};
	struct lab_packet_settings settings = settings_of(false);
	struct buf all = {0};

	play("bitcoin-stratum-v1", "plain", &t);
	settings.first_event = 7;
	lab_transcript_stream(&t, LAB_MINER, &all);
	struct seen *seen = see(&t, &settings);
	assert_int_equal(seen->syns, 0);
	assert_true(seen->lanes[0].end > 0 && seen->lanes[0].end < all.len);
	assert_true(str_ends(buf_view(&all), str_of(seen->lanes[0].bytes, seen->lanes[0].end)));
	free(seen);
	buf_fini(&all);
	lab_transcript_fini(&t);
}

static void frames_may_be_cut_and_settings_wrong(void **state)
{
	struct lab_transcript t = {0};
	struct lab_packet_settings settings = settings_of(false);
	struct lab_packets packets;

	play("cryptonote", "plain", &t);
	settings.snap_len = 96;
	assert_int_equal(lab_packets_make(&t, &settings, &packets), 0);
	bool has_cut = false;
	for (size_t i = 0; i < packets.count; i++) {
		assert_true(packets.frames[i].bytes.len <= 96);
		has_cut |= packets.frames[i].wire_len > 96;
	}
	assert_true(has_cut);
	lab_packets_fini(&packets);
	settings.server = settings_of(true).server;
	assert_true(lab_packets_make(&t, &settings, &packets) < 0);
	lab_transcript_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_carries_the_session_whole),
		cmocka_unit_test(every_tunnel_carries_the_session),
		cmocka_unit_test(some_shapes_lose_what_they_say),
		cmocka_unit_test(forgers_add_to_a_session),
		cmocka_unit_test(a_capture_may_begin_in_the_middle),
		cmocka_unit_test(frames_may_be_cut_and_settings_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
