#include "matrix_turn.h"

#include <string.h>
#include <zlib.h>

#include "lab/random.h"

void turn_transcript(const struct lab_transcript *in, turn_write *write, struct lab_transcript *out)
{
	bool has_spoken[2] = {false};
	_Alignas(16) char state[TURN_STATE] = {0};
	struct buf bytes = {0};

	for (size_t i = 0; i < in->count; i++) {
		const struct lab_event *event = &in->events[i];
		struct turn turn = {.out = &bytes,
				    .message = lab_transcript_bytes(in, i),
				    .side = event->side,
				    .is_first = !has_spoken[event->side],
				    .state = state};
		has_spoken[event->side] = true;
		buf_clear(&bytes);
		write(&turn);
		lab_transcript_add(out, event->at, event->side, buf_view(&bytes));
		out->failed |= bytes.failed;
	}
	buf_fini(&bytes);
}

static void add_be(struct buf *out, uint32_t value, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_byte(out, (char)(value >> 8 * bytes));
}

void turn_length_before(const struct turn *t)
{
	add_be(t->out, (uint32_t)t->message.len, 4);
	buf_add(t->out, t->message);
}

/* A letter for the kind and the length in hex: printable framing. */
void turn_type_before(const struct turn *t)
{
	buf_printf(t->out, "M%04zx", t->message.len);
	buf_add(t->out, t->message);
}

void turn_junk_before(const struct turn *t)
{
	struct str line, rest = t->message;

	while (rest.len > 0) {
		str_cut(rest, '\n', &line, &rest);
		buf_printf(t->out, "ok %.*s\n", STR_ARG(line));
	}
}

void turn_xor(const struct turn *t)
{
	for (size_t i = 0; i < t->message.len; i++)
		buf_add_byte(t->out, (char)(t->message.at[i] ^ 0x5a));
}

/* Each "name" of `names` becomes "qN". */
static void rename_all(const struct turn *t, const char *const *names, size_t count)
{
	struct str rest = t->message;

	while (rest.len > 0) {
		size_t n = 0, len = 0;
		for (; n < count; n++) {
			len = strlen(names[n]);
			if (str_starts(rest, str_from(names[n])))
				break;
		}
		if (n < count) {
			buf_printf(t->out, "\"q%zu\"", n);
			rest = str_skip(rest, len);
		} else {
			buf_add_byte(t->out, rest.at[0]);
			rest = str_skip(rest, 1);
		}
	}
}

#define RENAME(t, names) rename_all(t, names, sizeof(names) / sizeof(*(names)))

void turn_methods(const struct turn *t)
{
	static const char *const names[] = {"\"login\"", "\"job\"", "\"submit\"", "\"keepalived\""};

	RENAME(t, names);
}

void turn_fields(const struct turn *t)
{
	static const char *const names[] = {"\"login\"",  "\"job\"",	"\"submit\"",
					    "\"job_id\"", "\"blob\"",	"\"target\"",
					    "\"nonce\"",  "\"result\"", "\"keepalived\"",
					    "\"method\"", "\"params\"", "\"seed_hash\""};

	RENAME(t, names);
}

void turn_string_of_message(const struct turn *t)
{
	buf_add_text(t->out, "{\"d\":\"");
	for (size_t i = 0; i < t->message.len; i++) {
		char c = t->message.at[i];
		if (c == '"' || c == '\\')
			buf_add_byte(t->out, '\\');
		if (c != '\n')
			buf_add_byte(t->out, c);
	}
	buf_add_text(t->out, "\"}\n");
}

void turn_member_of_message(const struct turn *t)
{
	buf_printf(t->out, "{\"v\":1,\"d\":%.*s}\n", STR_ARG(str_trim(t->message)));
}

void turn_base64(const struct turn *t)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct str rest = t->message;

	for (; rest.len > 0; rest = str_skip(rest, 3)) {
		uint32_t three = 0;
		for (size_t i = 0; i < 3; i++)
			three = three << 8 | (i < rest.len ? (uint8_t)rest.at[i] : 0);
		for (size_t i = 0; i < 4; i++)
			buf_add_byte(t->out,
				     i <= rest.len ? digits[three >> (18 - 6 * i) & 63] : '=');
	}
	buf_add_byte(t->out, '\n');
}

void turn_hex(const struct turn *t)
{
	buf_add_hex(t->out, t->message);
	buf_add_byte(t->out, '\n');
}

void turn_utf16(const struct turn *t)
{
	for (size_t i = 0; i < t->message.len; i++) {
		buf_add_byte(t->out, t->message.at[i]);
		buf_add_byte(t->out, '\0');
	}
}

/* Each message a zlib stream of its own. */
void turn_zlib(const struct turn *t)
{
	uLongf len = compressBound(t->message.len);
	Bytef packed[16384];

	if (len > sizeof(packed) ||
	    compress(packed, &len, (const Bytef *)t->message.at, t->message.len) != Z_OK)
		t->out->failed = true;
	else
		buf_add_bytes(t->out, packed, len);
}

static void add_record(struct buf *out, uint8_t kind, struct str body)
{
	add_be(out, kind, 1);
	add_be(out, 0x0303, 2);
	add_be(out, (uint32_t)body.len, 2);
	buf_add(out, body);
}

static void add_hello(struct buf *out, enum lab_side side, struct lab_random *random)
{
	static const struct str client = STR("\x00\x06\x13\x01\x13\x02\x13\x03\x01\x00\x00\x1e"
					     "\x00\x00\x00\x11\x00\x0f\x00\x00\x0c"
					     "pool.example"
					     "\x00\x2b\x00\x05\x04\x03\x04\x03\x03");
	static const struct str server = STR("\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04");
	struct str rest = side == LAB_MINER ? client : server;
	struct buf body = {0};

	add_be(&body, side == LAB_MINER ? 1 : 2, 1);
	add_be(&body, (uint32_t)(2 + 32 + 1 + rest.len), 3);
	add_be(&body, 0x0303, 2);
	lab_random_add(&body, random, 32);
	add_be(&body, 0, 1); /* no session */
	buf_add(&body, rest);
	add_record(out, 22, buf_view(&body));
	out->failed |= body.failed;
	buf_fini(&body);
}

/* The shape of TLS 1.3: hellos, then records of random bytes 17 longer than the text. */
void turn_tls(const struct turn *t)
{
	struct lab_random *random = t->state;
	struct buf sealed = {0};

	if (t->is_first)
		add_hello(t->out, t->side, random);
	lab_random_add(&sealed, random, t->message.len + 17);
	add_record(t->out, 23, buf_view(&sealed));
	t->out->failed |= sealed.failed;
	buf_fini(&sealed);
}

/* Much of something else first, as a hidden stream would look. */
void turn_noise_first(const struct turn *t)
{
	struct lab_random *random = t->state;

	if (t->is_first)
		lab_random_add(t->out, random, 700000);
	buf_add(t->out, t->message);
}

/* A proxy's dialogue in the first write of each side. */
void turn_socks5(const struct turn *t)
{
	static const struct str client =
		STR("\x05\x01\x00\x05\x01\x00\x03\x0cpool.example\x0d\x05");
	static const struct str server = STR("\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x0d\x05");

	if (t->is_first)
		buf_add(t->out, t->side == LAB_MINER ? client : server);
	buf_add(t->out, t->message);
}

void turn_connect(const struct turn *t)
{
	if (t->is_first)
		buf_add_text(t->out, t->side == LAB_MINER
					     ? "CONNECT host.example:443 HTTP/1.1\r\n"
					       "Host: host.example:443\r\n\r\n"
					     : "HTTP/1.1 200 Connection established\r\n\r\n");
	buf_add(t->out, t->message);
}
