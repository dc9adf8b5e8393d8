/* Message brokers, a database and a chat that carry JSON of their own. */
#include "lab/story.h"

/* MQTT 3.1.1: fixed header, remaining length, topic, payload. */

static void add_mqtt_text(struct buf *out, struct str text)
{
	buf_add_byte(out, (char)(text.len >> 8));
	buf_add_byte(out, (char)text.len);
	buf_add(out, text);
}

static void tell_mqtt(struct story *s, unsigned side, uint8_t type, struct buf *body)
{
	size_t left = body->len;

	buf_add_byte(&s->message, (char)type);
	do {
		uint8_t byte = left & 127;
		left >>= 7;
		buf_add_byte(&s->message, (char)(byte | (left ? 128 : 0)));
	} while (left);
	buf_add(&s->message, buf_view(body));
	struct buf whole = s->message;
	s->message = (struct buf){.failed = whole.failed || body->failed};
	if (!s->message.failed)
		story_tell_bytes(s, side, buf_view(&whole));
	buf_fini(&whole);
	buf_fini(body);
}

static void mqtt(struct story *s)
{
	enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH = 0x30 };
	struct buf body = {0};

	add_mqtt_text(&body, STR("MQTT"));
	buf_add(&body, STR("\4\2\0\x3c"));
	add_mqtt_text(&body, STR("sensor-17"));
	tell_mqtt(s, CLIENT, CONNECT, &body);
	buf_add(&body, STR("\0\0"));
	tell_mqtt(s, SERVER, CONNACK, &body);
	for (unsigned i = 0; i < 12; i++) {
		story_pass(s, 9000, 11000);
		add_mqtt_text(&body, STR("plant/7/job"));
		buf_printf(&body,
			   "{\"job_id\":\"%s\",\"target\":\"%s\",\"result\":\"ok\",\"worker\":"
			   "\"robot-%u\",\"hashrate\":0,\"temperature\":%u}",
			   STORY_HEX(s, 4), STORY_HEX(s, 4), i,
			   20 + lab_random_below(&s->random, 50));
		tell_mqtt(s, CLIENT, PUBLISH, &body);
	}
}

/* NATS client protocol: INFO, CONNECT, SUB, PUB, MSG. */
static void nats(struct story *s)
{
	story_tell_json(s, SERVER,
			"INFO {'server_id':'%s','version':'2.9.10','proto':1,'headers':true,"
			"'max_payload':1048576}\r\n",
			STORY_HEX(s, 14));
	story_tell_json(s, CLIENT,
			"CONNECT {'verbose':false,'pedantic':false,'lang':'c','version':'3.4.1',"
			"'name':'miner-dashboard'}\r\nPING\r\n");
	story_tell(s, SERVER, "PONG\r\n");
	story_tell(s, CLIENT, "SUB mining.notify 1\r\nSUB jobs.* 2\r\n");
	for (unsigned i = 0; i < 8; i++) {
		struct buf json = {0};
		story_pass(s, 1000, 30000);
		buf_printf(&json,
			   "{\"method\":\"mining.notify\",\"params\":{\"shaft\":%u,\"depth_m\":%u,"
			   "\"job\":\"%s\"}}",
			   i, 200 + i, STORY_HEX(s, 4));
		story_tell(s, SERVER, "MSG mining.notify 1 %zu\r\n%.*s\r\n", json.len,
			   STR_ARG(buf_view(&json)));
		buf_fini(&json);
		story_tell(s, CLIENT, "PUB jobs.done 15\r\n{\"result\":true}\r\n");
	}
}

/* PostgreSQL 3.0: startup, simple queries with JSON columns. */

static void tell_postgres(struct story *s, unsigned side, char type, struct str body)
{
	struct buf message = {0};
	uint32_t len = (uint32_t)body.len + 4;

	if (type)
		buf_add_byte(&message, type);
	for (unsigned i = 4; i-- > 0;)
		buf_add_byte(&message, (char)(len >> 8 * i));
	buf_add(&message, body);
	if (message.failed)
		s->message.failed = true;
	else
		story_tell_bytes(s, side, buf_view(&message));
	buf_fini(&message);
}

static void postgres(struct story *s)
{
	tell_postgres(s, CLIENT, 0, STR("\0\3\0\0user\0stats\0database\0pool\0\0"));
	tell_postgres(s, SERVER, 'R', STR("\0\0\0\0"));
	tell_postgres(s, SERVER, 'Z', STR("I"));
	for (unsigned i = 0; i < 6; i++) {
		struct buf query = {0};
		story_pass(s, 100, 3000);
		buf_printf(&query,
			   "INSERT INTO shares (job) VALUES ('{\"job_id\": \"%s\", \"nonce\": "
			   "\"%s\", \"result\": \"%s\"}'::jsonb)%c",
			   STORY_HEX(s, 4), STORY_HEX(s, 4), STORY_HEX(s, 32), '\0');
		tell_postgres(s, CLIENT, 'Q', buf_view(&query));
		tell_postgres(s, SERVER, 'C', STR("INSERT 0 1\0"));
		tell_postgres(s, SERVER, 'Z', STR("I"));
		s->message.failed |= query.failed;
		buf_fini(&query);
	}
}

/* XMPP (RFC 6120) with JSON in a message (XEP-0335). */
static void xmpp(struct story *s)
{
	story_tell(s, CLIENT,
		   "<?xml version='1.0'?><stream:stream to='example.org' xmlns='jabber:client' "
		   "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
	story_tell(s, SERVER,
		   "<?xml version='1.0'?><stream:stream from='example.org' id='%s' "
		   "xmlns='jabber:client' version='1.0'><stream:features/>",
		   STORY_HEX(s, 4));
	for (unsigned i = 0; i < 6; i++) {
		story_pass(s, 1000, 20000);
		story_tell(
			s, i % 2 ? SERVER : CLIENT,
			"<message type='chat' id='m%u'><json xmlns='urn:xmpp:json:0'>{\"method\":"
			"\"login\",\"params\":{\"login\":\"gate-%u\",\"pass\":\"x\"},\"id\":%u}"
			"</json></message>",
			i, i, i);
	}
}

const struct lab_innocent innocent_mqtt = {"mqtt", 1883, mqtt};
const struct lab_innocent innocent_nats = {"nats", 4222, nats};
const struct lab_innocent innocent_postgres = {"postgres", 5432, postgres};
const struct lab_innocent innocent_xmpp = {"xmpp", 5222, xmpp};
