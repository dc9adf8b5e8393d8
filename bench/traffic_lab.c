/* Flows made up: for machines without a folder of captures. */
#include <errno.h>

#include "bench/traffic.h"
#include "lab/packets.h"
#include "lab/random.h"

enum {
	FLOWS = 1500,
	MINER_SHARES = 40,
	SECOND_NS = 1000000000,
};

static const instant begins = {1700000000ll * SECOND_NS};

struct story {
	struct lab_transcript transcript;
	struct lab_random random;
	struct buf text;
	instant at;
};

static void say(struct story *s, enum lab_side side, uint32_t after_ms)
{
	s->at = instant_add(s->at, DURATION_MS(after_ms));
	lab_transcript_add(&s->transcript, s->at, side, buf_view(&s->text));
	buf_clear(&s->text);
}

/* Mostly small, sometimes large: as answers are. */
static uint32_t size_of_answer(struct lab_random *random)
{
	uint32_t size = 300 + lab_random_below(random, 1400);

	while (lab_random_chance(random, 50) && size < 16000)
		size *= 2;
	return size;
}

static void add_words(struct buf *out, struct lab_random *random, uint32_t bytes)
{
	static const char *const words[] = {
		"<div class=\"row\">", "</div>\n",	  "the ",	 "lamp ", "of ", "a ",
		"{color: red}\n",      "function () {\n", "\"id\": 17, "};
	size_t end = out->len + bytes;

	while (out->len < end && !out->failed)
		buf_add_text(out, words[lab_random_below(random, 9)]);
}

static void tell_web(struct story *s)
{
	static const char *const types[] = {"text/html", "text/css", "image/webp", "text/html"};

	for (uint32_t i = 1 + lab_random_below(&s->random, 3); i > 0; i--) {
		uint32_t size = size_of_answer(&s->random), type = lab_random_below(&s->random, 4);
		buf_printf(
			&s->text,
			"GET /%08x HTTP/1.1\r\nHost: www%u.example.com\r\nUser-Agent: Mozilla/5.0 "
			"(X11; Linux x86_64)\r\nAccept: */*\r\nAccept-Encoding: identity\r\n\r\n",
			(unsigned)lab_random_next(&s->random), lab_random_below(&s->random, 40));
		say(s, LAB_MINER, 20);
		struct buf body = {0};
		if (type == 2)
			lab_random_add(&body, &s->random, size);
		else
			add_words(&body, &s->random, size);
		buf_printf(&s->text,
			   "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
			   types[type], body.len);
		buf_add(&s->text, buf_view(&body));
		buf_fini(&body);
		say(s, LAB_POOL, 60);
	}
}

static void add_be16(struct buf *out, size_t value)
{
	buf_add_byte(out, (char)(value >> 8));
	buf_add_byte(out, (char)value);
}

static void add_client_hello(struct story *s)
{
	static const struct str suites = STR("\x00\x08\x13\x01\x13\x02\xc0\x2f\xc0\x30\x01\x00");
	struct buf name = {0}, *out = &s->text;

	buf_printf(&name, "host%u.example.net", lab_random_below(&s->random, 500));
	size_t extension = name.len + 5, extensions = extension + 4, padding = 160;
	size_t body = 2 + 32 + 1 + suites.len + 2 + extensions + 4 + padding;
	buf_add(out, STR("\x16\x03\x01"));
	add_be16(out, body + 4);
	buf_add(out, STR("\x01\0"));
	add_be16(out, body);
	buf_add(out, STR("\x03\x03"));
	lab_random_add(out, &s->random, 32);
	buf_add_byte(out, '\0');
	buf_add(out, suites);
	add_be16(out, extensions + 4 + padding);
	add_be16(out, 0); /* server_name */
	add_be16(out, extension);
	add_be16(out, extension - 2);
	buf_add_byte(out, '\0');
	add_be16(out, name.len);
	buf_add(out, buf_view(&name));
	add_be16(out, 21); /* padding */
	add_be16(out, padding);
	for (size_t i = 0; i < padding; i++)
		buf_add_byte(out, '\0');
	buf_fini(&name);
}

static void add_record(struct story *s, char type, uint32_t len)
{
	buf_add_byte(&s->text, type);
	buf_add(&s->text, STR("\x03\x03"));
	add_be16(&s->text, len);
	lab_random_add(&s->text, &s->random, len);
}

static void tell_tls(struct story *s)
{
	add_client_hello(s);
	say(s, LAB_MINER, 1);
	add_record(s, 0x16, 90);
	add_record(s, 0x17, 900 + lab_random_below(&s->random, 1200));
	say(s, LAB_POOL, 40);
	add_record(s, 0x17, 53);
	say(s, LAB_MINER, 2);
	for (uint32_t i = 1 + lab_random_below(&s->random, 2); i > 0; i--) {
		add_record(s, 0x17, 80 + lab_random_below(&s->random, 300));
		say(s, LAB_MINER, 30);
		add_record(s, 0x17, size_of_answer(&s->random));
		say(s, LAB_POOL, 50);
	}
}

static void tell_shell(struct story *s)
{
	buf_add_text(&s->text, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
	say(s, LAB_POOL, 10);
	buf_add_text(&s->text, "SSH-2.0-OpenSSH_9.6\r\n");
	say(s, LAB_MINER, 1);
	for (uint32_t i = 2 + lab_random_below(&s->random, 4); i > 0; i--) {
		lab_random_add(&s->text, &s->random, 36 + lab_random_below(&s->random, 200));
		say(s, LAB_MINER, 300);
		lab_random_add(&s->text, &s->random, 36 + lab_random_below(&s->random, 1000));
		say(s, LAB_POOL, 40);
	}
}

static void tell_mail(struct story *s)
{
	buf_add_text(&s->text, "220 mail.example.org ESMTP\r\n");
	say(s, LAB_POOL, 10);
	buf_add_text(&s->text, "EHLO client.example.org\r\n");
	say(s, LAB_MINER, 40);
	buf_add_text(&s->text, "250-mail.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
	say(s, LAB_POOL, 40);
	buf_add_text(&s->text, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
	say(s, LAB_MINER, 40);
	buf_add_text(&s->text, "354 go on\r\n");
	say(s, LAB_POOL, 40);
	add_words(&s->text, &s->random, size_of_answer(&s->random));
	buf_add_text(&s->text, "\r\n.\r\n");
	say(s, LAB_MINER, 40);
	buf_add_text(&s->text, "250 queued\r\n");
	say(s, LAB_POOL, 40);
}

/* JSON-RPC of another trade, one message a line. */
static void tell_json(struct story *s)
{
	for (uint32_t i = 1 + lab_random_below(&s->random, 3); i > 0; i--) {
		buf_printf(&s->text,
			   "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"textDocument/"
			   "hover\",\"params\":"
			   "{\"position\":{\"line\":%u,\"character\":7}}}\n",
			   i, lab_random_below(&s->random, 900));
		say(s, LAB_MINER, 200);
		buf_printf(&s->text, "{\"jsonrpc\":\"2.0\",\"id\":%u,\"result\":{\"contents\":\"",
			   i);
		for (uint32_t k = 20 + lab_random_below(&s->random, 100); k > 0; k--)
			buf_add_text(&s->text, "a lamp ");
		buf_add_text(&s->text, "\"}}\n");
		say(s, LAB_POOL, 10);
	}
}

static void (*const stories[])(struct story *) = {tell_web,  tell_web, tell_tls, tell_tls,
						  tell_tls,  tell_tls, tell_web, tell_shell,
						  tell_mail, tell_json};

/* 2001:db8:1::/48 and 2001:db8:2::/48 (RFC 3849). */
static struct address address_v6(uint8_t network, uint8_t host)
{
	return (struct address){{0x20, 1, 0x0d, 0xb8, 0, network, [15] = host}};
}

int traffic_add_transcript(struct traffic *traffic, const struct lab_transcript *transcript,
			   uint32_t number, uint16_t port, bool is_ipv6)
{
	uint32_t client = 2 + number % 200, server = number % 251;
	struct lab_packets packets = {0};
	struct lab_packet_settings settings = {
		.seed = number,
		.client = {is_ipv6 ? address_v6(1, (uint8_t)client)
				   : address_v4(0x0a000000u + client),
			   (uint16_t)(32768 + number)},
		.server = {is_ipv6 ? address_v6(2, (uint8_t)server)
				   : address_v4(0xcb007100u + server),
			   port}};
	int r = transcript->failed ? -ENOMEM : lab_packets_make(transcript, &settings, &packets);

	for (size_t i = 0; i < packets.count && r == 0; i++)
		r = traffic_add(traffic, &packets.frames[i]);
	lab_packets_fini(&packets);
	return r;
}

static int add_miner(struct traffic *traffic, const struct lab_dialect *dialect, uint32_t number)
{
	struct lab_session session = {
		.actor = {.seed = number, .dialect = dialect, .shares = MINER_SHARES},
		.begins = begins};
	struct lab_transcript transcript = {0};
	struct lab_outcome outcome;
	struct error why;
	int r = lab_session_play(&session, &transcript, &outcome, &why);

	if (r == 0)
		r = traffic_add_transcript(traffic, &transcript, number, dialect->port, false);
	lab_transcript_fini(&transcript);
	return r;
}

static int add_session(struct traffic *traffic, uint64_t seed, uint32_t number, bool is_ipv6)
{
	static const uint16_t ports[] = {80, 8080, 443, 443, 8443, 993, 80, 22, 25, 5007};
	struct story story = {.random = {seed + number}, .at = begins};
	size_t kind = lab_random_below(&story.random, sizeof(stories) / sizeof(*stories));

	stories[kind](&story);
	int r = story.text.failed ? -ENOMEM
				  : traffic_add_transcript(traffic, &story.transcript, number,
							   ports[kind], is_ipv6);
	buf_fini(&story.text);
	lab_transcript_fini(&story.transcript);
	return r;
}

int traffic_add_session(struct traffic *traffic, uint32_t number, bool is_ipv6)
{
	return add_session(traffic, 0, number, is_ipv6);
}

int traffic_from_lab(struct traffic *traffic, uint64_t seed)
{
	int r = traffic_begin(traffic);
	uint32_t number = 0;

	for (size_t i = 0; i < lab_dialect_count && r == 0; i++)
		r = add_miner(traffic, lab_dialects[i], number++);
	for (; number < FLOWS && r == 0; number++)
		r = add_session(traffic, seed, number, false);
	return r;
}
