/*
 * The mixture a live sender plays: web, TLS, mail, shells, JSON services, connections of random
 * bytes, names looked up, datagrams of nothing known, and what looks like mining and is not. No
 * miner: those come over real sockets (tests/drill_between.c).
 */
#include <errno.h>
#include <string.h>

#include "bench/traffic.h"
#include "lab/innocent.h"
#include "lab/random.h"

enum {
	SESSIONS = 800,
	IPV6_EACH = 4, /* every fourth session, and one of the two of each innocent kind */
	NOISES = 100,
	LOOKUPS = 300,
	DATAGRAMS = 60,
	DATAGRAM_MAX = 1200,
	DNS_PORT = 53,
	QUIC_PORT = 443,
	HEADERS = 14 + 20 + 8,
};

static const instant begins = {1700000000ll * 1000000000};

static int add_innocents(struct traffic *traffic, uint32_t *number)
{
	int r = 0;

	for (size_t i = 0; i < 2 * lab_innocent_count && r == 0; i++, ++*number) {
		const struct lab_innocent *innocent = lab_innocents[i / 2];
		struct lab_transcript transcript = {0};
		r = lab_innocent_play(innocent, *number, begins, &transcript);
		if (r == 0)
			r = traffic_add_transcript(traffic, &transcript, *number, innocent->port,
						   i % 2);
		lab_transcript_fini(&transcript);
	}
	return r;
}

/* A protocol that nobody knows. */
static int add_noise(struct traffic *traffic, uint32_t number)
{
	struct lab_random random = {number};
	struct lab_transcript transcript = {0};
	struct buf bytes = {0};
	instant at = begins;

	for (uint32_t i = 0; i < 2 + number % 6; i++) {
		lab_random_add(&bytes, &random, 20 + lab_random_below(&random, 1400));
		at = instant_add(at, DURATION_MS(5 + lab_random_below(&random, 60)));
		lab_transcript_add(&transcript, at, i % 2 ? LAB_POOL : LAB_MINER, buf_view(&bytes));
		transcript.failed |= bytes.failed;
		buf_clear(&bytes);
	}
	int r = traffic_add_transcript(traffic, &transcript, number,
				       (uint16_t)(1024 + lab_random_below(&random, 30000)),
				       number % IPV6_EACH == 0);
	buf_fini(&bytes);
	lab_transcript_fini(&transcript);
	return r;
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

/* RFC 791; the checksum field is zero */
static unsigned ipv4_checksum(const uint8_t *header)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(header[i] << 8 | header[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

struct datagram {
	uint32_t number; /* which client asks which server */
	uint16_t port;	 /* of the server */
	bool is_answer;
	struct str payload;
};

static int add_datagram(struct traffic *traffic, instant at, const struct datagram *d)
{
	uint8_t bytes[HEADERS + DATAGRAM_MAX] = {2,    0x42, 0xac, 0x11, 0, 2, 2,   0x42,
						 0x5d, 0x0a, 0,	   1,	 8, 0, 0x45};
	uint8_t client[4] = {10, 0, 0, (uint8_t)(2 + d->number % 200)};
	uint8_t server[4] = {203, 0, 113, (uint8_t)(d->number % 251)};
	uint16_t port = (uint16_t)(32768 + d->number);
	uint8_t *ip = bytes + 14, *udp = ip + 20;

	put16(ip + 2, (unsigned)(28 + d->payload.len));
	ip[8] = 64;
	ip[9] = PROTOCOL_UDP;
	memcpy(ip + 12, d->is_answer ? server : client, 4);
	memcpy(ip + 16, d->is_answer ? client : server, 4);
	put16(ip + 10, ipv4_checksum(ip));
	put16(put16(udp, d->is_answer ? d->port : port), d->is_answer ? port : d->port);
	put16(udp + 4, (unsigned)(8 + d->payload.len));
	memcpy(udp + 8, d->payload.at, d->payload.len);
	struct frame frame = {.at = at,
			      .bytes = str_of(bytes, HEADERS + d->payload.len),
			      .wire_len = (uint32_t)(HEADERS + d->payload.len),
			      .link = 1};
	return traffic_add(traffic, &frame);
}

/* RFC 1035: a question for an A record, and the answer. */
static int add_lookup(struct traffic *traffic, uint32_t number)
{
	struct buf text = {0};
	struct datagram d = {.number = number, .port = DNS_PORT};

	for (int i = 0; i < 2; i++) {
		buf_clear(&text);
		buf_add_byte(&text, (char)(number >> 8));
		buf_add_byte(&text, (char)number);
		buf_add(&text, i ? STR("\x81\x80\0\1\0\1\0\0\0\0") : STR("\1\0\0\1\0\0\0\0\0\0"));
		buf_printf(&text, "%chost%03u%cexample%cnet", 7, number % 1000, 7, 3);
		buf_add(&text, STR("\0\0\1\0\1"));
		if (i)
			buf_add(&text, STR("\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc6\x33\x64\7"));
		d.is_answer = i == 1;
		d.payload = buf_view(&text);
		int r = text.failed ? -ENOMEM
				    : add_datagram(traffic,
						   instant_add(begins, DURATION_MS(15 * i)), &d);
		if (r < 0) {
			buf_fini(&text);
			return r;
		}
	}
	buf_fini(&text);
	return 0;
}

/* Datagrams of random bytes both ways, as QUIC looks from outside. */
static int add_datagrams(struct traffic *traffic, uint32_t number)
{
	struct lab_random random = {number};
	uint8_t payload[DATAGRAM_MAX];
	instant at = begins;
	int r = 0;

	for (uint32_t i = 0; i < 4 + number % 16 && r == 0; i++) {
		size_t len = 60 + lab_random_below(&random, DATAGRAM_MAX - 60);
		struct datagram d = {number, QUIC_PORT, lab_random_chance(&random, 65),
				     str_of(payload, len)};
		d.is_answer &= i > 0;
		lab_random_fill(&random, payload, len);
		at = instant_add(at, DURATION_MS(lab_random_below(&random, 25)));
		r = add_datagram(traffic, at, &d);
	}
	return r;
}

int traffic_live(struct traffic *traffic)
{
	uint32_t number = 0, end;
	int r;

	traffic->takes_ipv6 = traffic->takes_all_udp = true;
	r = traffic_begin(traffic);
	for (end = number + SESSIONS; number < end && r == 0; number++)
		r = traffic_add_session(traffic, number, number % IPV6_EACH == 0);
	if (r == 0)
		r = add_innocents(traffic, &number);
	for (end = number + NOISES; number < end && r == 0; number++)
		r = add_noise(traffic, number);
	for (end = number + LOOKUPS; number < end && r == 0; number++)
		r = add_lookup(traffic, number);
	for (end = number + DATAGRAMS; number < end && r == 0; number++)
		r = add_datagrams(traffic, number);
	return r;
}
