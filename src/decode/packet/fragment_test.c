#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decode/packet/fragment.h"
#include "decode/packet/packet.h"

enum { DATAGRAM = 4000 };

static struct fragment_table *make(void)
{
	struct fragment_settings settings = {.memory_bytes = FRAGMENT_MEMORY_LEAST};
	struct fragment_table *table;

	assert_int_equal(fragment_table_new(&settings, &table), 0);
	return table;
}

static enum decoded add(struct fragment_table *table, uint32_t id, int64_t second, uint32_t offset,
			bool more, struct str bytes, struct str *whole)
{
	const struct address source = address_v4(0x0a000001), destination = address_v4(0x0a000002);
	uint8_t protocol;
	struct fragment fragment = {.at = instant_at(second, 0),
				    .source = &source,
				    .destination = &destination,
				    .id = id,
				    .offset = (uint16_t)offset,
				    .protocol = PROTOCOL_UDP,
				    .more = more,
				    .bytes = bytes};
	fragment_table_begin(table);
	return fragment_add(table, &fragment, whole, &protocol);
}

static void in_any_order_and_twice(void **state)
{
	static char bytes[DATAGRAM];
	struct fragment_table *table = make();

	for (size_t i = 0; i < DATAGRAM; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	srand(5);
	for (uint32_t id = 0; id < 300; id++) {
		uint32_t starts[64], count = 0;
		for (uint32_t at = 0; at < DATAGRAM; at += 8 * (1 + (uint32_t)rand() % 60))
			starts[count++] = at;
		struct str whole = {0};
		enum decoded result = NEED_MORE;
		bool sent[64] = {false};
		for (uint32_t left = count; left > 0;) {
			uint32_t i = (uint32_t)rand() % count;
			uint32_t end = i + 1 < count ? starts[i + 1] : DATAGRAM;
			left -= !sent[i];
			sent[i] = true;
			result = add(table, id, 0, starts[i], end < DATAGRAM,
				     str_of(bytes + starts[i], end - starts[i]), &whole);
			assert_int_equal(result, left ? NEED_MORE : DECODED);
		}
		assert_int_equal(whole.len, DATAGRAM);
		assert_memory_equal(whole.at, bytes, DATAGRAM);
	}
	struct fragment_counters counters = fragment_table_counters(table);
	assert_int_equal(counters.completed, 300);
	assert_int_equal(counters.waiting, 0);
	assert_int_equal(counters.malformed, 0);
	fragment_table_free(table);
}

static void the_first_to_come_wins(void **state)
{
	struct fragment_table *table = make();
	struct str whole;

	/* teardrop: a fragment that lies within another, then one that begins inside it */
	assert_int_equal(add(table, 1, 0, 8, true, STR("BBBBBBBBCCCCCCCC"), &whole), NEED_MORE);
	assert_int_equal(add(table, 1, 0, 16, true, STR("xxxxxxxx"), &whole), NEED_MORE);
	assert_int_equal(add(table, 1, 0, 0, true, STR("AAAAAAAAyyyyyyyy"), &whole), NEED_MORE);
	assert_int_equal(add(table, 1, 0, 16, false, STR("zzzzzzzzEND"), &whole), DECODED);
	assert_true(str_equal(whole, STR("AAAAAAAABBBBBBBBCCCCCCCCEND")));
	assert_int_equal(fragment_table_counters(table).overlaps, 3);
	fragment_table_free(table);
}

static void lies_about_the_end_are_refused(void **state)
{
	struct fragment_table *table = make();
	struct str whole;

	assert_int_equal(add(table, 1, 0, 0, true, (struct str){0}, &whole), MALFORMED);
	assert_int_equal(add(table, 1, 0, 0, true, STR("short"), &whole), MALFORMED);
	assert_int_equal(add(table, 1, 0, 65528, false, STR("12345678"), &whole), MALFORMED);
	assert_int_equal(fragment_table_counters(table).waiting, 0);

	assert_int_equal(add(table, 2, 0, 16, false, STR("end"), &whole), NEED_MORE);
	assert_int_equal(add(table, 2, 0, 8, false, STR("end"), &whole), MALFORMED);
	assert_int_equal(add(table, 2, 0, 24, false, STR("end"), &whole), MALFORMED);
	assert_int_equal(add(table, 2, 0, 16, true, STR("12345678"), &whole), MALFORMED);
	assert_int_equal(add(table, 2, 0, 0, true, STR("0123456789abcdef"), &whole), DECODED);
	assert_true(str_equal(whole, STR("0123456789abcdefend")));

	assert_int_equal(add(table, 3, 0, 32, true, STR("12345678"), &whole), NEED_MORE);
	assert_int_equal(add(table, 3, 0, 0, false, STR("12345678"), &whole), MALFORMED);
	assert_int_equal(fragment_table_counters(table).malformed, 7);
	fragment_table_free(table);
}

static void late_fragments_begin_anew(void **state)
{
	struct fragment_table *table = make();
	struct str whole;

	assert_int_equal(add(table, 1, 0, 0, true, STR("oldoldol"), &whole), NEED_MORE);
	assert_int_equal(add(table, 1, FRAGMENT_TIMEOUT_S, 8, false, STR("new"), &whole),
			 NEED_MORE);
	assert_int_equal(fragment_table_counters(table).expired, 1);
	assert_int_equal(add(table, 1, FRAGMENT_TIMEOUT_S + 1, 0, true, STR("newnewne"), &whole),
			 DECODED);
	assert_true(str_equal(whole, STR("newnewnenew")));
	fragment_table_free(table);
}

static void a_flood_stays_under_the_ceiling(void **state)
{
	static const char piece[1480];
	struct fragment_table *table = make();
	struct str whole;

	for (uint32_t id = 0; id < 20000; id++) {
		assert_int_equal(
			add(table, id, 0, 8, true, str_of(piece, id % 2 ? 8 : 1480), &whole),
			NEED_MORE);
		struct fragment_counters counters = fragment_table_counters(table);
		assert_true(counters.memory_used_bytes <= counters.memory_bytes);
	}
	struct fragment_counters counters = fragment_table_counters(table);
	assert_int_equal(counters.evicted + counters.waiting, 20000);
	/* what comes after the flood is put together as ever */
	assert_int_equal(add(table, 90000, 0, 0, true, STR("12345678"), &whole), NEED_MORE);
	assert_int_equal(add(table, 90000, 0, 8, false, STR("9"), &whole), DECODED);
	fragment_table_free(table);
}

static void a_datagram_in_too_many_pieces_is_dropped(void **state)
{
	struct fragment_table *table = make();
	struct str whole;
	enum decoded result = NEED_MORE;
	uint32_t at;

	for (at = 0; result == NEED_MORE && at < 65000; at += 16)
		result = add(table, 1, 0, at, true, STR("12345678"), &whole);
	assert_int_equal(result, MALFORMED);
	assert_int_equal(at / 16, FRAGMENT_BLOCKS_MAX + 1);
	struct fragment_counters counters = fragment_table_counters(table);
	assert_int_equal(counters.refused, 1);
	assert_int_equal(counters.waiting, 0);
	fragment_table_free(table);
}

static void the_largest_datagram_in_small_fragments(void **state)
{
	static char bytes[65535 - 20];
	struct fragment_table *table = make();
	struct str whole;
	enum decoded result = NEED_MORE;
	const uint32_t size = 552; /* of a 576-byte MTU, the last first: nothing can be joined */

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i >> 3);
	for (uint32_t at = sizeof(bytes) / size * size; result == NEED_MORE; at -= size) {
		uint32_t len = sizeof(bytes) - at < size ? (uint32_t)sizeof(bytes) - at : size;
		result = add(table, 1, 0, at, at + len < sizeof(bytes), str_of(bytes + at, len),
			     &whole);
		if (at == 0)
			break;
	}
	assert_int_equal(result, DECODED);
	assert_int_equal(whole.len, sizeof(bytes));
	assert_memory_equal(whole.at, bytes, sizeof(bytes));
	fragment_table_free(table);
}

static void settings_are_checked(void **state)
{
	struct fragment_settings settings = {.memory_bytes = FRAGMENT_MEMORY_LEAST - 1};
	struct fragment_table *table;

	assert_true(fragment_table_new(&settings, &table) < 0);
	fragment_table_free(NULL);
	settings.memory_bytes = 0;
	assert_int_equal(fragment_table_new(&settings, &table), 0);
	assert_int_equal(fragment_table_counters(table).memory_bytes, FRAGMENT_MEMORY_DEFAULT);
	fragment_table_free(table);
}

/* Whole frames from here on: what packet_decode makes of fragments. */

static size_t put_v4(uint8_t *at, uint8_t protocol, uint16_t id, uint32_t offset, bool more,
		     size_t len)
{
	uint16_t total = (uint16_t)(20 + len);
	uint16_t field = (uint16_t)(offset / 8 | (more ? 0x2000 : 0));
	const uint8_t header[20] = {0x45,
				    0,
				    (uint8_t)(total >> 8),
				    (uint8_t)total,
				    (uint8_t)(id >> 8),
				    (uint8_t)id,
				    (uint8_t)(field >> 8),
				    (uint8_t)field,
				    64,
				    protocol,
				    0,
				    0,
				    10,
				    0,
				    0,
				    1,
				    10,
				    0,
				    0,
				    2};

	memcpy(at, header, sizeof(header));
	return sizeof(header);
}

static enum decoded decode(const uint8_t *at, size_t len, struct fragment_table *table,
			   struct packet *out)
{
	struct frame frame = {.bytes = str_of(at, len), .wire_len = (uint32_t)len, .link = 101};

	return packet_decode(&frame, table, out);
}

/* Split what `bytes` holds after its IPv4 header into frames of `size` bytes and decode them. */
static enum decoded decode_in_pieces(struct fragment_table *table, const uint8_t *bytes, size_t len,
				     uint8_t protocol, size_t size, struct packet *out)
{
	uint8_t frame[2000];
	enum decoded result = NEED_MORE;

	for (size_t at = 0; at < len; at += size) {
		assert_int_equal(result, NEED_MORE);
		size_t part = len - at < size ? len - at : size;
		size_t header = put_v4(frame, protocol, (uint16_t)(len ^ size), (uint32_t)at,
				       at + part < len, part);
		memcpy(frame + header, bytes + at, part);
		result = decode(frame, header + part, table, out);
	}
	return result;
}

static size_t put_udp(uint8_t *at, uint16_t to, size_t len)
{
	const uint8_t header[8] = {0xc0,
				   0,
				   (uint8_t)(to >> 8),
				   (uint8_t)to,
				   (uint8_t)((len + 8) >> 8),
				   (uint8_t)(len + 8),
				   0,
				   0};

	memcpy(at, header, sizeof(header));
	return sizeof(header);
}

static void a_frame_completes_a_packet(void **state)
{
	static uint8_t bytes[8 + 3000];
	struct fragment_table *table = make();
	struct packet packet;

	put_udp(bytes, 53, 3000);
	memset(bytes + 8, 'x', 3000);
	assert_int_equal(decode_in_pieces(table, bytes, sizeof(bytes), 17, 1480, &packet), DECODED);
	assert_int_equal(packet.destination.port, 53);
	assert_int_equal(packet.payload.len, 3000);
	assert_int_equal(packet.payload_len, 3000);
	assert_int_equal(packet.payload.at[2999], 'x');
	fragment_table_free(table);
}

/* The first fragment alone, when there is no table, or when the capture cut it. */
static void the_first_fragment_tells_the_ports(void **state)
{
	uint8_t bytes[20 + 8 + 92];
	struct fragment_table *table = make();
	struct packet packet;

	put_v4(bytes, 17, 1, 0, true, 1480);
	put_udp(bytes + 20, 53, 3000);
	assert_int_equal(decode(bytes, sizeof(bytes), NULL, &packet), DECODED);
	struct frame cut = {.bytes = str_of(bytes, sizeof(bytes)), .wire_len = 1500, .link = 101};
	assert_int_equal(packet_decode(&cut, table, &packet), DECODED);
	assert_int_equal(packet.destination.port, 53);
	assert_int_equal(packet.payload.len, 92);
	assert_int_equal(packet.payload_len, 1472);
	assert_int_equal(fragment_table_counters(table).fragments, 0);
	fragment_table_free(table);
}

/* A fragmented VXLAN packet that holds the last fragment of another datagram. */
static void fragments_in_fragments(void **state)
{
	static uint8_t inner[8 + 1000], outer[8 + 8 + 14 + 20 + 504];
	static const uint8_t vxlan[] = {8, 0, 0, 0, 0, 0, 42, 0, 2, 0, 0,
					0, 0, 1, 2, 0, 0, 0,  0, 2, 8, 0};
	struct fragment_table *table = make();
	struct packet packet;

	put_udp(inner, 53, 1000);
	memset(inner + 8, 'i', 1000);
	for (int half = 0; half < 2; half++) {
		size_t at = put_udp(outer, 4789, sizeof(outer) - 8);
		memcpy(outer + at, vxlan, sizeof(vxlan));
		at += sizeof(vxlan);
		at += put_v4(outer + at, 17, 7, half ? 504 : 0, !half, 504);
		memcpy(outer + at, inner + half * 504, 504);
		assert_int_equal(decode_in_pieces(table, outer, sizeof(outer), 17, 304, &packet),
				 half ? DECODED : NEED_MORE);
	}
	assert_int_equal(packet.tunnels, TUNNEL_VXLAN);
	assert_int_equal(packet.destination.port, 53);
	assert_int_equal(packet.payload.len, 1000);
	assert_int_equal(packet.payload.at[999], 'i');
	fragment_table_free(table);
}

static void ipv6_fragments(void **state)
{
	uint8_t frame[40 + 8 + 64], udp[8 + 56] = {0};
	struct fragment_table *table = make();
	struct packet packet;

	put_udp(udp, 53, 56);
	for (int half = 1; half >= 0; half--) {
		memset(frame, 0, sizeof(frame));
		frame[0] = 0x60;
		frame[5] = 8 + 32;
		frame[6] = 44;
		frame[40] = 17;
		frame[43] = half ? 32 : 1; /* offset in 8 bytes, shifted by 3; more */
		frame[47] = 9;
		memcpy(frame + 48, udp + half * 32, 32);
		assert_int_equal(decode(frame, 40 + 8 + 32, table, &packet),
				 half ? NEED_MORE : DECODED);
	}
	assert_int_equal(packet.payload.len, 56);
	assert_int_equal(packet.destination.port, 53);
	fragment_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_any_order_and_twice),
		cmocka_unit_test(the_first_to_come_wins),
		cmocka_unit_test(lies_about_the_end_are_refused),
		cmocka_unit_test(late_fragments_begin_anew),
		cmocka_unit_test(a_flood_stays_under_the_ceiling),
		cmocka_unit_test(a_datagram_in_too_many_pieces_is_dropped),
		cmocka_unit_test(the_largest_datagram_in_small_fragments),
		cmocka_unit_test(settings_are_checked),
		cmocka_unit_test(a_frame_completes_a_packet),
		cmocka_unit_test(the_first_fragment_tells_the_ports),
		cmocka_unit_test(fragments_in_fragments),
		cmocka_unit_test(ipv6_fragments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
