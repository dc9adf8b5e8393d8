#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/packet/fragment.h"
#include "decode/packet/packet.h"

/* Outer headers say length 0 where that is allowed ("all there is"), so rows need no arithmetic. */
#define MAC    "020000000001 020000000002 "
#define ETHER  MAC "0800 "
#define ETHER6 MAC "86dd "
#define SNAP   "aaaa03 000000 "
#define V4(p)  "45000000 00010000 40" p "0000 c0000201 c0000202 "
#define V6(p) \
	"60000000 0000" p "40 20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define UDP(to) "c000" to "00000000 "
#define VXLAN	"08000000 00002a00 "

/* What every row carries: 10.0.0.7:40001 -> 198.51.100.20:3333, "login". */
#define TCP   "9c41 0d05 00000064 000000c8 5018ffff 00000000 6c6f67696e "
#define INNER "4500002d 00010000 40060000 0a000007 c6336414 " TCP
#define INNER6                                                  \
	"60000000 0019 06 40 20010db8000000000000000000000007 " \
	"20010db8000000000000000000000020 " TCP

static struct buf from_hex(const char *hex)
{
	struct buf out = {0};

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		buf_add_byte(&out, (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
		hex++;
	}
	assert_false(out.failed);
	return out;
}

static enum decoded decode(uint16_t link, struct str bytes, uint32_t wire_len,
			   struct fragment_table *fragments, struct packet *out)
{
	/* an allocation of its own, so that a read past the end is seen */
	char *copy = malloc(bytes.len ? bytes.len : 1);
	struct frame frame = {.bytes = {copy, bytes.len}, .wire_len = wire_len, .link = link};

	if (bytes.len)
		memcpy(copy, bytes.at, bytes.len);
	memset(out, 0xee, sizeof(*out));
	enum decoded result = packet_decode(&frame, fragments, out);
	if (result == DECODED) {
		assert_true(out->protocol == PROTOCOL_TCP || out->protocol == PROTOCOL_UDP);
		assert_true(out->payload_len >= out->payload.len);
		/* where a login must be in a row, it is looked at; else reading it is enough */
		struct buf payload = {0};
		buf_add(&payload, out->payload);
		out->payload = str_equal(buf_view(&payload), STR("login"))
				       ? STR("login")
				       : (struct str){NULL, payload.len};
		buf_fini(&payload);
	}
	free(copy);
	return result;
}

struct row {
	const char *name;
	uint16_t link;
	const char *hex;
	uint16_t tunnels;
};

static const struct row carriers[] = {
	{"Ethernet", 1, ETHER INNER, 0},
	{"Ethernet, IPv6", 1, ETHER6 INNER6, 0},
	{"VLAN", 1, MAC "8100 0064 0800" INNER, TUNNEL_VLAN},
	{"QinQ", 1, MAC "88a8 0064 8100 0065 86dd" INNER6, TUNNEL_VLAN},
	{"old QinQ", 1, MAC "9100 0064 8100 0065 0800" INNER, TUNNEL_VLAN},
	{"VN-Tag", 1, MAC "8926 80010002 0800" INNER, TUNNEL_VLAN},
	{"FabricPath", 1, MAC "8903 0001" MAC "8100 0001 0800" INNER, TUNNEL_VLAN},
	{"802.1ah", 1, MAC "88e7 00000001" ETHER INNER, TUNNEL_VLAN},
	{"MPLS", 1, MAC "8847 00010040 00011140" INNER, TUNNEL_MPLS},
	{"MPLS, IPv6", 1, MAC "8848 00011140" INNER6, TUNNEL_MPLS},
	{"MPLS pseudowire", 1, MAC "8847 00011140 00000000" ETHER INNER, TUNNEL_MPLS},
	{"MPLS pseudowire, bare", 1, MAC "8847 00011140" ETHER INNER, TUNNEL_MPLS},
	{"MPLS pseudowire, bare, address begins 4", 1,
	 MAC "8847 00011140 420000000001 020000000002 0800" INNER, TUNNEL_MPLS},
	{"LLC SNAP", 1, MAC "0035" SNAP "0800" INNER, 0},
	{"LLC IP", 1, MAC "0030 060603" INNER, 0},
	{"VLAN then LLC", 1, MAC "8100 0064 0035" SNAP "0800" INNER, TUNNEL_VLAN},
	{"PPPoE", 1, MAC "8864 1100 0001 002f 0021" INNER, TUNNEL_PPPOE},
	{"PPPoE, short protocol", 1, MAC "8864 1100 0001 002e 21" INNER, TUNNEL_PPPOE},
	{"PPP over Ethernet captured alone", 51, "1100 0001 0043 0057" INNER6, TUNNEL_PPPOE},
	{"cooked", 113, "0000 0001 0006 0200000000010000 0800" INNER, 0},
	{"cooked, VLAN", 113, "0000 0001 0006 0200000000010000 8100 0001 0800" INNER, TUNNEL_VLAN},
	{"cooked, LLC", 113, "0000 0001 0006 0200000000010000 0004" SNAP "0800" INNER, 0},
	{"cooked 2", 276, "86dd 0000 00000002 0001 00 06 0200000000010000" INNER6, 0},
	{"raw", 101, INNER, 0},
	{"raw, IPv6", 12, INNER6, 0},
	{"raw, BSD", 14, INNER, 0},
	{"raw IPv4", 228, INNER, 0},
	{"raw IPv6", 229, INNER6, 0},
	{"loopback, little end", 0, "02000000" INNER, 0},
	{"loopback, big end", 0, "0000001e" INNER6, 0},
	{"OpenBSD loopback", 108, "00000018" INNER6, 0},
	{"PPP", 9, "0021" INNER, 0},
	{"PPP, HDLC framing", 50, "ff03 0021" INNER, 0},
	{"PPP, MPLS", 9, "0281 00011140" INNER, TUNNEL_MPLS},
	{"Cisco HDLC", 104, "0f00 0800" INNER, 0},
	{"Cisco HDLC as PPP", 50, "0f00 86dd" INNER6, 0},
	{"PPI", 192, "00 00 0c00 01000000 ffffffff" ETHER INNER, 0},
	{"pktap", 258, "10000000 01000000 01000000 00000000" ETHER INNER, 0},
	{"nflog", 239, "02000000 0500 0a00 61000000 3100 0900" INNER, 0},
	{"ipnet", 226, "01020000 0000002d 00000001 00000001 00000000 00000000" INNER, 0},
	{"Wi-Fi", 105, "0801 0000 020000000001 020000000002 020000000003 1000" SNAP "0800" INNER,
	 0},
	{"Wi-Fi, QoS", 105,
	 "8802 0000 020000000001 020000000002 020000000003 1000 0000" SNAP "0800" INNER, 0},
	{"Wi-Fi, QoS and HT control", 105,
	 "8882 0000 020000000001 020000000002 020000000003 1000 0000 00000000" SNAP "0800" INNER,
	 0},
	{"Wi-Fi, bridge", 105,
	 "0803 0000 020000000001 020000000002 020000000003 1000 020000000004" SNAP "86dd" INNER6,
	 0},
	{"Wi-Fi, aggregate", 105,
	 "8802 0000 020000000001 020000000002 020000000003 1000 8000" MAC "0035" SNAP "0800" INNER,
	 0},
	{"radiotap", 127,
	 "0000 0800 00000000 0801 0000 020000000001 020000000002 020000000003 1000" SNAP
	 "0800" INNER,
	 0},
	{"radiotap, two words, timer, padding", 127,
	 "0000 1a00 03000080 00000000 00000000 1122334455667788 20 00"
	 "8802 0000 020000000001 020000000002 020000000003 1000 0000 0000" SNAP "0800" INNER,
	 0},
	{"AVS", 163,
	 "80211001 0000000c 00000000"
	 "0801 0000 020000000001 020000000002 020000000003 1000" SNAP "0800" INNER,
	 0},
	{"VXLAN", 1, ETHER V4("11") UDP("12b5") VXLAN ETHER INNER, TUNNEL_VXLAN},
	{"VXLAN over IPv6", 1, ETHER6 V6("11") UDP("12b5") VXLAN ETHER6 INNER6, TUNNEL_VXLAN},
	{"VXLAN, flannel", 1, ETHER V4("11") UDP("2118") VXLAN ETHER INNER, TUNNEL_VXLAN},
	{"VXLAN, group policy", 1, ETHER V4("11") UDP("12b5") "88000007 00002a00" ETHER INNER,
	 TUNNEL_VXLAN},
	{"VXLAN on any port", 1, ETHER V4("11") UDP("1f90") VXLAN ETHER INNER, TUNNEL_VXLAN},
	{"VXLAN on any port, VLAN", 1, ETHER V4("11") UDP("1f90") VXLAN MAC "8100 0001 86dd" INNER6,
	 TUNNEL_VXLAN | TUNNEL_VLAN},
	{"VXLAN-GPE", 1, ETHER V4("11") UDP("12b6") "0c000001 00002a00" INNER, TUNNEL_VXLAN},
	{"VXLAN-GPE, Ethernet", 1, ETHER V4("11") UDP("12b6") "0c000003 00002a00" ETHER6 INNER6,
	 TUNNEL_VXLAN},
	{"Geneve", 1, ETHER V4("11") UDP("17c1") "0000 6558 00002a00" ETHER INNER, TUNNEL_GENEVE},
	{"Geneve, options, IP", 1,
	 ETHER V4("11") UDP("17c1") "0200 0800 00002a00 0108 0101 aabbccdd" INNER, TUNNEL_GENEVE},
	{"GRE", 1, ETHER V4("2f") "0000 0800" INNER, TUNNEL_GRE},
	{"GRE over IPv6, all options", 1,
	 ETHER6 V6("2f") "b000 86dd 00000000 00000001 00000002" INNER6, TUNNEL_GRE},
	{"NVGRE", 1, ETHER V4("2f") "2000 6558 00002a01" ETHER INNER, TUNNEL_GRE},
	{"ERSPAN I", 1, ETHER V4("2f") "0000 88be" ETHER INNER, TUNNEL_GRE},
	{"ERSPAN II", 1, ETHER V4("2f") "1000 88be 00000001 1001000a 00000000" ETHER INNER,
	 TUNNEL_GRE},
	{"ERSPAN III", 1,
	 ETHER V4("2f") "1000 22eb 00000001 2001000a 00000000 00000000" ETHER INNER, TUNNEL_GRE},
	{"ERSPAN III, subheader, IP", 1,
	 ETHER V4("2f") "1000 22eb 00000001 2001000a 00000000 0000 0801 0000000000000000" INNER,
	 TUNNEL_GRE},
	{"PPTP", 1, ETHER V4("2f") "3081 880b 0031 0001 00000001 00000002 ff03 0021" INNER,
	 TUNNEL_GRE},
	{"MPLS in GRE", 1, ETHER V4("2f") "0000 8847 00011140" INNER, TUNNEL_GRE | TUNNEL_MPLS},
	{"IP in IP", 1, ETHER V4("04") INNER, TUNNEL_IPIP},
	{"6in4", 1, ETHER V4("29") INNER6, TUNNEL_IPIP},
	{"4in6", 1, ETHER6 V6("04") INNER, TUNNEL_IPIP},
	{"6in6", 1, ETHER6 V6("29") INNER6, TUNNEL_IPIP},
	{"GTP-U", 1, ETHER V4("11") UDP("0868") "30ff 002d 00000001" INNER, TUNNEL_GTPU},
	{"GTP-U, extensions", 1,
	 ETHER V4("11")
		 UDP("0868") "36ff 003d 00000001 0001 00 85 01 100185 02 11223344556600" INNER,
	 TUNNEL_GTPU},
	{"EtherIP", 1, ETHER V4("61") "3000" ETHER INNER, TUNNEL_ETHERIP},
	{"L2TP", 1, ETHER V4("11") UDP("06a5") "4002 003f 0001 0002 ff03 0021" INNER, TUNNEL_L2TP},
	{"L2TP, sequence and offset", 1,
	 ETHER V4("11") UDP("06a5") "0a02 0001 0002 0001 0001 0002 0000 0021" INNER, TUNNEL_L2TP},
	{"Teredo", 1, ETHER V4("11") UDP("0dd8") INNER6, TUNNEL_TEREDO},
	{"Teredo, authentication and origin", 1,
	 ETHER V4("11") UDP("0dd8") "0001 0000 0000000000000000 00 0000 1111 22222222" INNER6,
	 TUNNEL_TEREDO},
	{"TZSP", 1, ETHER V4("11") UDP("9090") "0100 0001 00 0a01ff 01" ETHER INNER, TUNNEL_TZSP},
	{"CAPWAP, Ethernet", 1, ETHER V4("11") UDP("147f") "00 1002 00 00000000" ETHER INNER,
	 TUNNEL_CAPWAP},
	{"CAPWAP, Wi-Fi swapped", 1,
	 ETHER V4("11") UDP("147f") "00 1003 00 00000000 0108 0000 020000000001"
				    "020000000002 020000000003 3076" SNAP "0800" INNER,
	 TUNNEL_CAPWAP},
	{"MPLS in UDP", 1, ETHER V4("11") UDP("19eb") "00011140" INNER, TUNNEL_MPLS},
	{"GRE in UDP", 1, ETHER V4("11") UDP("1292") "0000 0800" INNER, TUNNEL_GRE},
	{"IPv4 options", 1, ETHER "46000031 00010000 40060000 0a000007 c6336414 01010101" TCP, 0},
	{"IPv4 authentication header", 1,
	 ETHER "45000045 00010000 40330000 0a000007 c6336414 0604 0000 00000001 00000001"
	       "000000000000000000000000" TCP,
	 0},
	{"IPv6 extension headers", 1,
	 ETHER6 "60000000 0051 00 40 20010db8000000000000000000000007"
		"20010db8000000000000000000000020"
		"3c00 010400000000 2b00 010400000000 8700 000000000000"
		"3300 000000000000 2c02 0000 00000001 00000001 00000000"
		"0600 0000 00000009" TCP,
	 0},
	{"no length, segmentation offloaded", 1,
	 ETHER "45000000 00010000 40060000 0a000007 c6336414" TCP, 0},
	{"jumbogram", 1,
	 ETHER6 "60000000 0000 00 40 20010db8000000000000000000000007"
		"20010db8000000000000000000000020 0600 c204 00000021" TCP "ffff",
	 0},
	{"padding behind IP", 1, ETHER INNER "000000000000", 0},
	{"padding behind IP in VXLAN", 1, ETHER V4("11") UDP("12b5") VXLAN ETHER INNER "0000",
	 TUNNEL_VXLAN},
	{"padding behind IPv6", 1, ETHER6 INNER6 "0000", 0},
	{"eight tunnels", 1,
	 MAC "8100 0001 8100 0002 8100 0003 0800" V4("04") V4("04") V4("04") V4("04") V4("04")
		 INNER,
	 TUNNEL_VLAN | TUNNEL_IPIP},
};

enum { CARRIERS = sizeof(carriers) / sizeof(carriers[0]) };

static void expect_login(const struct packet *packet)
{
	char text[ENDPOINT_TEXT_MAX];

	if (address_is_v4(&packet->source.address)) {
		endpoint_text(&packet->source, text);
		assert_string_equal(text, "10.0.0.7:40001");
		endpoint_text(&packet->destination, text);
		assert_string_equal(text, "198.51.100.20:3333");
	} else {
		endpoint_text(&packet->source, text);
		assert_string_equal(text, "[2001:db8::7]:40001");
		endpoint_text(&packet->destination, text);
		assert_string_equal(text, "[2001:db8::20]:3333");
	}
	assert_int_equal(packet->protocol, PROTOCOL_TCP);
	assert_int_equal(packet->tcp_flags, TCP_PSH | TCP_ACK);
	assert_int_equal(packet->sequence, 100);
	assert_int_equal(packet->acknowledgement, 200);
	assert_non_null(packet->payload.at);
	assert_true(str_equal(packet->payload, STR("login")));
	assert_int_equal(packet->payload_len, 5);
}

static void every_carrier_gives_the_login(void **state)
{
	for (size_t i = 0; i < CARRIERS; i++) {
		struct buf bytes = from_hex(carriers[i].hex);
		struct packet packet;
		enum decoded result = decode(carriers[i].link, buf_view(&bytes),
					     (uint32_t)bytes.len, NULL, &packet);
		if (result != DECODED || packet.tunnels != carriers[i].tunnels ||
		    packet.protocol != PROTOCOL_TCP)
			printf("# %s: %d, tunnels %x\n", carriers[i].name, result, packet.tunnels);
		assert_int_equal(result, DECODED);
		assert_int_equal(packet.tunnels, carriers[i].tunnels);
		expect_login(&packet);
		assert_true(packet_link_is_known(carriers[i].link));
		buf_fini(&bytes);
	}
}

/* Cut short by the capture at every length: never more than there is, and the same ports. */
static void every_carrier_may_be_cut(void **state)
{
	for (size_t i = 0; i < CARRIERS; i++) {
		struct buf bytes = from_hex(carriers[i].hex);
		for (size_t len = 0; len < bytes.len; len++) {
			struct packet packet;
			struct str part = {bytes.at, len};
			enum decoded result =
				decode(carriers[i].link, part, (uint32_t)bytes.len, NULL, &packet);
			if (result != DECODED || packet.protocol != PROTOCOL_TCP)
				continue;
			assert_int_equal(packet.source.port, 40001);
			assert_int_equal(packet.payload_len, 5);
			decode(carriers[i].link, part, (uint32_t)len, NULL, &packet);
		}
		buf_fini(&bytes);
	}
}

static void changed_bytes_do_no_harm(void **state)
{
	struct fragment_settings settings = {.memory_bytes = FRAGMENT_MEMORY_LEAST};
	struct fragment_table *fragments;

	assert_int_equal(fragment_table_new(&settings, &fragments), 0);
	srand(3);
	for (size_t i = 0; i < CARRIERS; i++) {
		struct buf bytes = from_hex(carriers[i].hex);
		for (int round = 0; round < 400; round++) {
			struct packet packet;
			size_t at = (size_t)rand() % bytes.len;
			char old = bytes.at[at];
			bytes.at[at] = (char)rand();
			decode(carriers[i].link, buf_view(&bytes), (uint32_t)bytes.len, fragments,
			       &packet);
			if (rand() % 4)
				bytes.at[at] = old;
		}
		buf_fini(&bytes);
	}
	fragment_table_free(fragments);
}

static void what_is_no_tcp_or_udp_is_refused(void **state)
{
	static const struct {
		const char *name;
		uint16_t link;
		const char *hex;
		enum decoded expected;
	} rows[] = {
		{"nothing", 1, "", MALFORMED},
		{"USB", 189, "00", UNSUPPORTED},
		{"ARP", 1, MAC "0806 0001", UNSUPPORTED},
		{"ICMP", 1, ETHER V4("01") "0800", UNSUPPORTED},
		{"spanning tree", 1, MAC "0026 424203", UNSUPPORTED},
		{"PPPoE discovery", 1, MAC "8863 1109", UNSUPPORTED},
		{"PPPoE, other code", 1, MAC "8864 1109 0000 0000", UNSUPPORTED},
		{"PPP, link control", 9, "c021 01", UNSUPPORTED},
		{"netlink", 113, "0004 0338 0000 0000000000000000 0000", UNSUPPORTED},
		{"Wi-Fi, protected", 105,
		 "0841 0000 020000000001 020000000002 020000000003 1000" SNAP "0800" INNER,
		 UNSUPPORTED},
		{"Wi-Fi, beacon", 105, "8000 0000", UNSUPPORTED},
		{"Wi-Fi, second fragment", 105,
		 "0801 0000 020000000001 020000000002 020000000003 1100" SNAP "0800" INNER,
		 UNSUPPORTED},
		{"radiotap, bad checksum", 127, "0000 0900 02000000 40 0801", MALFORMED},
		{"radiotap, endless words", 127, "0000 0c00 00000080 00000080 0801", MALFORMED},
		{"IPv4, wrong version", 1, ETHER "65000000", MALFORMED},
		{"IPv4, short header", 1, ETHER "4400002d 00010000 40060000 0a000007 c6336414" TCP,
		 MALFORMED},
		{"IPv4, total under header", 1,
		 ETHER "45000013 00010000 40060000 0a000007 c6336414" TCP, MALFORMED},
		{"TCP, short offset", 101, V4("06") "9c41 0d05 00000064 000000c8 4018ffff 00000000",
		 MALFORMED},
		{"TCP, options not there", 101,
		 V4("06") "9c41 0d05 00000064 000000c8 6018ffff 00000000", MALFORMED},
		{"UDP, short length", 101, V4("11") "0035 0035 0007 0000", MALFORMED},
		{"later fragment, no table", 101,
		 "4500002d 00010001 40060000 0a000007 c6336414" TCP, UNSUPPORTED},
		{"endless labels", 1,
		 MAC "8847 00001040 00001040 00001040 00001040 00001040 00001040 00001040 00001040"
		     "00001040 00001040 00001040 00001040 00001040 00001040 00001040 00001040"
		     "00001040 00001140" INNER,
		 UNSUPPORTED},
		{"nine tunnels", 1,
		 MAC "8100 0001 8100 0002 8100 0003 0800" V4("04") V4("04") V4("04") V4("04")
			 V4("04") V4("04") INNER,
		 UNSUPPORTED},
		{"nine tunnels, VXLAN last", 1,
		 MAC "8100 0001 8100 0002 8100 0003 0800" V4("04") V4("04") V4("04") V4("04")
			 V4("04") V4("11") UDP("12b5") VXLAN ETHER INNER,
		 UNSUPPORTED},
		{"GRE, source route", 1, ETHER V4("2f") "4000 0800", UNSUPPORTED},
		{"PPTP, acknowledgement only", 1, ETHER V4("2f") "2081 880b 0000 0001 00000001",
		 UNSUPPORTED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf bytes = from_hex(rows[i].hex);
		struct packet packet;
		enum decoded result =
			decode(rows[i].link, buf_view(&bytes), (uint32_t)bytes.len, NULL, &packet);
		if (result != rows[i].expected)
			printf("# %s: %d\n", rows[i].name, result);
		assert_int_equal(result, rows[i].expected);
		buf_fini(&bytes);
	}
	assert_false(packet_link_is_known(189));
}

/* On a tunnel's port, but no tunnel, or none with TCP or UDP in it: a UDP packet like any other. */
static void udp_that_is_no_tunnel_is_udp(void **state)
{
	static const struct row rows[] = {
		{"plain", 1, ETHER V4("11") UDP("0035") "00112233445566778899", 0},
		{"VXLAN port, text", 1, ETHER V4("11") UDP("12b5") "68656c6c6f2c20776f726c64", 0},
		{"VXLAN, ARP", 1, ETHER V4("11") UDP("12b5") VXLAN MAC "0806 0001", 0},
		{"VXLAN, cut in TCP", 1, ETHER V4("11") UDP("12b5") VXLAN ETHER V4("06") "9c41", 0},
		{"any port, no IP", 1, ETHER V4("11") UDP("1f90") VXLAN MAC "0806 0001", 0},
		{"any port, IP too long", 1,
		 ETHER V4("11") UDP("1f90") VXLAN ETHER
		 "4500022d 00010000 40060000 0a000007 c6336414" TCP,
		 0},
		{"any port, reserved bits", 1,
		 ETHER V4("11") UDP("1f90") "08000100 00002a00" ETHER INNER, 0},
		{"Geneve, version 1", 1, ETHER V4("11") UDP("17c1") "4000 0800 00002a00" INNER, 0},
		{"GTP-U echo", 1, ETHER V4("11") UDP("0868") "3201 0004 00000000 00000000", 0},
		{"GTP-U, extension of no length", 1,
		 ETHER V4("11") UDP("0868") "34ff 0031 00000001 00000085 00000000" INNER, 0},
		{"L2TP control", 1, ETHER V4("11") UDP("06a5") "c802 000c 0000 0000 0000 0000", 0},
		{"Teredo, wrong length", 1, ETHER V4("11") UDP("0dd8") INNER6 "00", 0},
		{"TZSP, endless tags", 1, ETHER V4("11") UDP("9090") "0100 0001 000000", 0},
		{"CAPWAP, fragment", 1,
		 ETHER V4("11") UDP("147f") "00 1002 80 00000000" ETHER INNER, 0},
		{"CAPWAP, keep-alive", 1,
		 ETHER V4("11") UDP("147f") "00 1002 08 00000000" ETHER INNER, 0},
		{"CAPWAP under DTLS", 1, ETHER V4("11") UDP("147f") "01000000 17feff", 0},
		{"inside a tunnel", 1,
		 ETHER V4("04") "45000000 00010000 40110000 0a000007 c6336414" UDP("12b5") "ff",
		 TUNNEL_IPIP},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf bytes = from_hex(rows[i].hex);
		struct packet packet;
		enum decoded result =
			decode(rows[i].link, buf_view(&bytes), (uint32_t)bytes.len, NULL, &packet);
		if (result != DECODED || packet.tunnels != rows[i].tunnels)
			printf("# %s: %d, tunnels %x\n", rows[i].name, result, packet.tunnels);
		assert_int_equal(result, DECODED);
		assert_int_equal(packet.protocol, PROTOCOL_UDP);
		assert_int_equal(packet.tunnels, rows[i].tunnels);
		assert_int_equal(packet.source.port, 0xc000);
		buf_fini(&bytes);
	}
}

static void lengths_on_the_wire(void **state)
{
	/* a total of 1500, the frame of 1514 cut to 64: 10 bytes of payload were captured */
	static const char *const cut = ETHER "450005dc 00010000 40060000 0a000007 c6336414"
					     "9c41 0d05 00000064 000000c8 5018ffff 00000000"
					     "00112233445566778899";
	struct buf bytes = from_hex(cut);
	struct packet packet;

	assert_int_equal(decode(1, buf_view(&bytes), 1514, NULL, &packet), DECODED);
	assert_int_equal(packet.payload.len, 10);
	assert_int_equal(packet.payload_len, 1460);
	/* a frame check sequence on the wire is not payload */
	assert_int_equal(decode(1, buf_view(&bytes), 1518, NULL, &packet), DECODED);
	assert_int_equal(packet.payload_len, 1460);
	/* the frame was not cut: the header lies, and the rest was never there */
	assert_int_equal(decode(1, buf_view(&bytes), 64, NULL, &packet), DECODED);
	assert_int_equal(packet.payload_len, 10);
	/* options cut off by the capture */
	bytes.at[14 + 20 + 12] = (char)0xf0;
	assert_int_equal(decode(1, buf_view(&bytes), 1514, NULL, &packet), DECODED);
	assert_int_equal(packet.payload.len, 0);
	assert_int_equal(packet.payload_len, 1420);
	buf_fini(&bytes);
}

/* Whose the IP headers around the innermost are; tags and labels have no addresses. */
static void the_outer_ends_are_told(void **state)
{
	static const struct {
		const char *name, *hex;
		uint8_t outers;
		bool is_v6;
	} rows[] = {
		{"plain", ETHER INNER, 0, false},
		{"VLAN", MAC "8100 0064 0800" INNER, 0, false},
		{"MPLS", MAC "8847 00011140" INNER, 0, false},
		{"VXLAN", ETHER V4("11") UDP("12b5") VXLAN ETHER INNER, 1, false},
		{"VXLAN over IPv6", ETHER6 V6("11") UDP("12b5") VXLAN ETHER6 INNER6, 1, true},
		{"GRE", ETHER V4("2f") "0000 0800" INNER, 1, false},
		{"IP in IP", ETHER V4("04") INNER, 1, false},
		{"GTP-U", ETHER V4("11") UDP("0868") "30ff 002d 00000001" INNER, 1, false},
		{"two", ETHER V4("04") V4("2f") "0000 0800" INNER, 2, false},
		{"five", ETHER V4("04") V4("04") V4("04") V4("04") V4("04") INNER, 5, false},
		{"UDP, no tunnel", ETHER V4("11") UDP("0035") "0102", 0, false},
		{"a tunnel's port, no tunnel", ETHER V4("11") UDP("12b5") VXLAN "00", 0, false},
	};
	struct address from, to;
	struct packet packet;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf bytes = from_hex(rows[i].hex);
		if (decode(1, buf_view(&bytes), (uint32_t)bytes.len, NULL, &packet) != DECODED ||
		    packet.outer_count != rows[i].outers)
			fail_msg("%s: %d", rows[i].name, packet.outer_count);
		assert_true(address_parse(rows[i].is_v6 ? STR("2001:db8::1") : STR("192.0.2.1"),
					  &from));
		assert_true(
			address_parse(rows[i].is_v6 ? STR("2001:db8::2") : STR("192.0.2.2"), &to));
		for (int k = 0; k < rows[i].outers && k < PACKET_OUTERS_MAX; k++)
			if (!address_equal(&packet.outers[k].from, &from) ||
			    !address_equal(&packet.outers[k].to, &to))
				fail_msg("%s: not from the outer address", rows[i].name);
		buf_fini(&bytes);
	}
}

static uint16_t sum_of(const char *hex)
{
	struct buf bytes = from_hex(hex);
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes.len; i++)
		sum += (uint32_t)(uint8_t)bytes.at[i] << (i % 2 ? 0 : 8);
	buf_fini(&bytes);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Right, wrong, or left to the card: the pseudo header's sum alone, or nothing. */
static void checksums_are_judged_where_they_can_be(void **state)
{
	enum { TCP_LEN = 25, FIELD_IN_TCP = 16 };
	static const struct {
		const char *hex, *pseudo;
		size_t tcp_at;
	} rows[] = {
		{ETHER INNER, "0a000007 c6336414 0006 0019", 14 + 20},
		{MAC "8100 0064 0800" INNER, "0a000007 c6336414 0006 0019", 18 + 20},
		{ETHER6 INNER6,
		 "20010db8000000000000000000000007 20010db8000000000000000000000020 0006 0019",
		 14 + 40},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf bytes = from_hex(rows[i].hex);
		char all[512];
		struct frame frame = {
			.bytes = buf_view(&bytes), .wire_len = (uint32_t)bytes.len, .link = 1};
		char *field = bytes.at + rows[i].tcp_at + FIELD_IN_TCP;
		uint16_t pseudo = sum_of(rows[i].pseudo);
		snprintf(all, sizeof(all), "%s %s", rows[i].pseudo, TCP);
		uint16_t right = (uint16_t)~sum_of(all);
		const struct {
			uint16_t field;
			enum checksum expected;
		} fields[] = {{right, CHECKSUM_RIGHT},
			      {(uint16_t)(right + 1), CHECKSUM_WRONG},
			      {(uint16_t)~right, CHECKSUM_WRONG},
			      {pseudo, CHECKSUM_UNKNOWN},
			      {0, CHECKSUM_UNKNOWN}};
		for (size_t k = 0; k < sizeof(fields) / sizeof(*fields); k++) {
			struct packet packet;
			field[0] = (char)(fields[k].field >> 8);
			field[1] = (char)fields[k].field;
			assert_int_equal(packet_decode(&frame, NULL, &packet), DECODED);
			assert_int_equal(packet.segment.len, TCP_LEN);
			if (packet_tcp_checksum(&packet) != fields[k].expected)
				fail_msg("row %zu, field %zu", i, k);
			struct frame cut = frame;
			cut.bytes.len--;
			assert_int_equal(packet_decode(&cut, NULL, &packet), DECODED);
			assert_int_equal(packet_tcp_checksum(&packet), CHECKSUM_UNKNOWN);
		}
		buf_fini(&bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_carrier_gives_the_login),
		cmocka_unit_test(every_carrier_may_be_cut),
		cmocka_unit_test(changed_bytes_do_no_harm),
		cmocka_unit_test(what_is_no_tcp_or_udp_is_refused),
		cmocka_unit_test(udp_that_is_no_tunnel_is_udp),
		cmocka_unit_test(lengths_on_the_wire),
		cmocka_unit_test(the_outer_ends_are_told),
		cmocka_unit_test(checksums_are_judged_where_they_can_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
