#include "decode/app/tls.h"

enum {
	RECORD_HEADER = 5,
	RECORD_MAX = 16384 + 2048, /* RFC 5246 section 6.2.3 */
	MESSAGE_HEADER = 4,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	CERTIFICATE = 11,
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_SIGNATURES = 13,
	EXTENSION_ALPN = 16,
	EXTENSION_VERSIONS = 43,
	EXTENSION_ECH = 0xfe0d,
	EXTENSION_ESNI = 0xffce,
	SSLV2_HELLO_HIGH = 0x83, /* first byte of an SSLv2 record below 1024 bytes */
};

bool tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

static bool sslv2_starts(const uint8_t *b, size_t len)
{
	if (b[0] < 0x80 || b[0] > SSLV2_HELLO_HIGH || (len > 2 && b[2] != CLIENT_HELLO))
		return false;
	if (len > 3 && b[3] != 3 && b[3] != 0)
		return false;
	return len <= 4 || (b[3] == 3 ? b[4] <= 4 : b[4] == 2);
}

static bool record_length_fits(uint8_t type, uint16_t length)
{
	switch (type) {
	case TLS_CHANGE_CIPHER_SPEC:
		return length == 1 ||
		       (length > 1 && length <= 256); /* encrypted on renegotiation */
	case TLS_ALERT:
		return length >= 2 && length <= 512;
	case TLS_APPLICATION: /* empty records were a countermeasure in TLS 1.0 */
		return length <= RECORD_MAX;
	default:
		return length > 0 && length <= RECORD_MAX;
	}
}

static bool record_starts(const uint8_t *b, size_t len)
{
	if (b[0] < TLS_CHANGE_CIPHER_SPEC || b[0] > TLS_HEARTBEAT)
		return false;
	if ((len > 1 && b[1] != 3) || (len > 2 && b[2] > 4))
		return false;
	if (len > 3 && b[3] > RECORD_MAX >> 8)
		return false;
	return len <= 4 || record_length_fits(b[0], (uint16_t)(b[3] << 8 | b[4]));
}

bool tls_starts(struct str first)
{
	const uint8_t *b = (const uint8_t *)first.at;

	if (first.len == 0)
		return false;
	return b[0] >= 0x80 ? sslv2_starts(b, first.len) : record_starts(b, first.len);
}

bool tls_is_certain(struct str first)
{
	const uint8_t *b = (const uint8_t *)first.at;

	if (first.len < 6 || !tls_starts(first))
		return false;
	if (b[0] >= 0x80) /* cipher list length: a multiple of 3 */
		return first.len > 6 && b[5] == 0 && b[6] > 0 && b[6] % 3 == 0;
	switch (b[0]) {
	case TLS_HANDSHAKE: /* a message of 64 KiB or more would be no hello */
		return (b[5] == CLIENT_HELLO || b[5] == SERVER_HELLO) &&
		       (first.len == 6 || b[6] == 0);
	case TLS_ALERT:
		return b[3] == 0 && (b[4] > 2 || b[5] == 1 || b[5] == 2);
	case TLS_CHANGE_CIPHER_SPEC:
		return b[4] == 1 && b[5] == 1;
	default:
		return b[0] == TLS_APPLICATION && b[2] > 0;
	}
}

enum decoded tls_record_read(struct reader *in, struct tls_record *out)
{
	struct reader at = *in;
	struct str rest = reader_rest(in);

	if (rest.len > 0 && !record_starts(in->at, rest.len))
		return MALFORMED;
	if (!read_u8(&at, &out->type) || !read_be16(&at, &out->version) ||
	    !read_be16(&at, &out->length))
		return NEED_MORE;
	*in = at;
	return DECODED;
}

/* The handshake bytes at the start of a stream, records taken off. */
struct handshake {
	struct str bytes;
	bool is_ended;	/* by something that is no handshake record, or by the limit */
	bool has_alert; /* ... by an alert, in clear */
	uint8_t alert;	/* its description */
	bool is_scarce; /* no room in scratch */
};

static bool alert_read(struct reader *in, const struct tls_record *record, uint8_t *description)
{
	return record->type == TLS_ALERT && record->length == 2 && read_skip(in, 1) &&
	       read_u8(in, description);
}

/* Visits the handshake records' bodies; copies them when `out` is given. Returns their bytes. */
static size_t handshake_walk(struct str stream, size_t most, char *out, struct handshake *end)
{
	struct reader in = reader_of(stream);
	struct tls_record record;
	struct str body;
	size_t total = 0;

	while (total < most) {
		enum decoded outcome = tls_record_read(&in, &record);
		if (outcome == NEED_MORE)
			return total;
		if (outcome != DECODED || record.type != TLS_HANDSHAKE) {
			/* the alert itself may still be on its way */
			if (outcome == DECODED && record.type == TLS_ALERT && reader_left(&in) < 2)
				return total;
			end->is_ended = true;
			end->has_alert =
				outcome == DECODED && alert_read(&in, &record, &end->alert);
			return total;
		}
		size_t len = reader_left(&in) < record.length ? reader_left(&in) : record.length;
		if (!read_span(&in, len, &body))
			break;
		if (len > most - total)
			len = most - total;
		if (out)
			memcpy(out + total, body.at, len);
		total += len;
	}
	end->is_ended = true;
	return total;
}

static void handshake_gather(struct str stream, size_t most, struct arena *scratch,
			     struct handshake *out)
{
	struct reader in = reader_of(stream);
	struct tls_record record;

	*out = (struct handshake){0};
	out->bytes.len = handshake_walk(stream, most, NULL, out);
	if (out->bytes.len == 0 || tls_record_read(&in, &record) != DECODED)
		return;
	if (out->bytes.len <= record.length) { /* all of it in the first record */
		out->bytes.at = stream.at + RECORD_HEADER;
		return;
	}
	char *copy = arena_take(scratch, out->bytes.len);
	if (!copy) {
		*out = (struct handshake){.is_scarce = true};
		return;
	}
	out->bytes.at = copy;
	handshake_walk(stream, most, copy, out);
}

/* A vector with an 8- or 16-bit length before it. */
static bool read_vector8(struct reader *in, struct str *out)
{
	struct reader at = *in;
	uint8_t len;

	if (!read_u8(&at, &len) || !read_span(&at, len, out))
		return false;
	*in = at;
	return true;
}

static bool read_vector16(struct reader *in, struct str *out)
{
	struct reader at = *in;
	uint16_t len;

	if (!read_be16(&at, &len) || !read_span(&at, len, out))
		return false;
	*in = at;
	return true;
}

static bool read_extension(struct reader *in, uint16_t *type, struct str *body)
{
	return read_be16(in, type) && read_vector16(in, body);
}

static struct str server_name_of(struct str body)
{
	struct reader in = reader_of(body), names;
	struct str list, name;
	uint8_t type;

	if (!read_vector16(&in, &list))
		return (struct str){0};
	names = reader_of(list);
	while (read_u8(&names, &type) && read_vector16(&names, &name))
		if (type == 0)
			return name;
	return (struct str){0};
}

static size_t alpn_read(struct str body, struct str *out, size_t most)
{
	struct reader in = reader_of(body), names;
	struct str list;
	size_t count = 0;

	if (!read_vector16(&in, &list))
		return 0;
	names = reader_of(list);
	while (count < most && read_vector8(&names, &out[count]))
		count++;
	return count;
}

/* DTLS counts downwards: 0xfefc is newer than 0xfefd. */
static bool version_is_newer(uint16_t a, uint16_t b)
{
	if (a >= 0xfe00 && b >= 0xfe00)
		return a < b;
	return a > b;
}

static uint16_t highest_version(struct str body, uint16_t otherwise)
{
	struct reader in = reader_of(body), versions;
	struct str list;
	uint16_t version, best = 0;

	if (!read_vector8(&in, &list))
		return otherwise;
	versions = reader_of(list);
	while (read_be16(&versions, &version))
		if (!tls_is_grease(version) && (best == 0 || version_is_newer(version, best)))
			best = version;
	return best ? best : otherwise;
}

static void client_extension(struct tls_client_hello *out, uint16_t type, struct str body)
{
	struct reader in = reader_of(body);

	switch (type) {
	case EXTENSION_SERVER_NAME:
		out->has_server_name = true;
		out->server_name = server_name_of(body);
		break;
	case EXTENSION_ALPN:
		out->has_alpn = true;
		out->alpn_count = alpn_read(body, out->alpn, TLS_ALPN_MAX);
		break;
	case EXTENSION_VERSIONS:
		out->version = highest_version(body, out->legacy_version);
		break;
	case EXTENSION_SIGNATURES:
		if (!read_vector16(&in, &out->signature_algorithms))
			out->signature_algorithms = (struct str){0};
		break;
	case EXTENSION_ECH:
	case EXTENSION_ESNI:
		out->has_ech = true;
		break;
	default:
		break;
	}
}

enum decoded tls_client_hello_body_read(struct str body, struct tls_client_hello *out)
{
	struct reader in = reader_of(body), extensions;
	struct str ignored, content;
	uint16_t type;

	*out = (struct tls_client_hello){0};
	if (!read_be16(&in, &out->legacy_version) || !read_skip(&in, 32) ||
	    !read_vector8(&in, &ignored))
		return MALFORMED;
	if (out->legacy_version >= 0xfe00 && !read_vector8(&in, &ignored)) /* DTLS: cookie */
		return MALFORMED;
	if (!read_vector16(&in, &out->ciphers) || out->ciphers.len % 2 != 0 ||
	    !read_vector8(&in, &ignored))
		return MALFORMED;
	out->version = out->legacy_version;
	if (reader_left(&in) == 0) /* SSL 3.0 has none */
		return DECODED;
	if (!read_vector16(&in, &out->extensions))
		return MALFORMED;
	extensions = reader_of(out->extensions);
	while (read_extension(&extensions, &type, &content))
		client_extension(out, type, content);
	return DECODED;
}

/* RFC 5246 appendix E.2; ciphers have 3 bytes there, those of TLS begin with 0. */
static enum decoded sslv2_hello_read(struct str stream, struct arena *scratch,
				     struct tls_client_hello *out)
{
	struct reader in = reader_of(stream);
	uint16_t header, ciphers_len, session_len, challenge_len;
	struct str ciphers;
	size_t kept = 0;

	if (!read_be16(&in, &header) || !read_skip(&in, 1) ||
	    !read_be16(&in, &out->legacy_version) || !read_be16(&in, &ciphers_len) ||
	    !read_be16(&in, &session_len) || !read_be16(&in, &challenge_len))
		return NEED_MORE;
	if (ciphers_len % 3 != 0 || ciphers_len == 0 ||
	    9u + ciphers_len + session_len + challenge_len != (header & 0x7fffu))
		return MALFORMED;
	if (!read_span(&in, ciphers_len, &ciphers) ||
	    !read_skip(&in, (size_t)session_len + challenge_len))
		return NEED_MORE;
	char *list = arena_take(scratch, ciphers.len);
	if (!list)
		return UNSUPPORTED;
	for (size_t i = 0; i + 3 <= ciphers.len; i += 3) {
		if (ciphers.at[i] != 0)
			continue;
		list[kept++] = ciphers.at[i + 1];
		list[kept++] = ciphers.at[i + 2];
	}
	out->is_sslv2 = true;
	out->version = out->legacy_version;
	out->ciphers = str_of(list, kept);
	return DECODED;
}

enum decoded tls_client_hello_read(struct str stream, struct arena *scratch,
				   struct tls_client_hello *out)
{
	struct handshake handshake;
	struct str body;
	uint32_t length;
	uint8_t type;

	*out = (struct tls_client_hello){0};
	if (stream.len == 0)
		return NEED_MORE;
	if (!tls_starts(stream))
		return MALFORMED;
	if ((uint8_t)stream.at[0] >= 0x80)
		return sslv2_hello_read(stream, scratch, out);
	handshake_gather(stream, TLS_HELLO_MAX + MESSAGE_HEADER, scratch, &handshake);
	if (handshake.is_scarce)
		return UNSUPPORTED;
	struct reader in = reader_of(handshake.bytes);
	if (!read_u8(&in, &type) || (type == CLIENT_HELLO && !read_be24(&in, &length)))
		return handshake.is_ended ? MALFORMED : NEED_MORE;
	if (type != CLIENT_HELLO)
		return MALFORMED;
	if (length > TLS_HELLO_MAX)
		return UNSUPPORTED;
	if (!read_span(&in, length, &body))
		return handshake.is_ended ? MALFORMED : NEED_MORE;
	return tls_client_hello_body_read(body, out);
}

static bool server_hello_read(struct str body, struct tls_server_flight *out)
{
	/* SHA-256 of "HelloRetryRequest", RFC 8446 section 4.1.3 */
	static const uint8_t retry[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
					  0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
					  0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
					  0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
	struct reader in = reader_of(body), extensions, version;
	struct str random, ignored, list, content;
	uint16_t type;

	if (!read_be16(&in, &out->version) || !read_span(&in, 32, &random) ||
	    !read_vector8(&in, &ignored) || !read_be16(&in, &out->cipher) || !read_skip(&in, 1))
		return false;
	out->has_hello = true;
	out->is_retry = memcmp(random.at, retry, sizeof(retry)) == 0;
	if (reader_left(&in) == 0)
		return true;
	if (!read_vector16(&in, &list))
		return false;
	extensions = reader_of(list);
	while (read_extension(&extensions, &type, &content)) {
		version = reader_of(content);
		if (type == EXTENSION_VERSIONS && !read_be16(&version, &out->version))
			return false;
		if (type == EXTENSION_ALPN && alpn_read(content, &out->alpn, 1) != 1)
			return false;
	}
	return true;
}

/* TLS 1.3 and its drafts (0x7fNN) encrypt all that follows the ServerHello. */
static bool hides_certificate(uint16_t version)
{
	return version >= 0x0304 && version < 0xfe00;
}

/* Only the leaf is read; the rest of the chain need not have arrived. */
static enum decoded certificate_read(struct reader in, uint32_t message_length,
				     struct tls_server_flight *out)
{
	uint32_t chain, leaf;
	struct str der;

	if (message_length < 6)
		return MALFORMED;
	if (!read_be24(&in, &chain) || !read_be24(&in, &leaf))
		return NEED_MORE;
	if (chain > message_length - 3 || leaf > chain - (chain < 3 ? chain : 3))
		return MALFORMED;
	if (!read_span(&in, leaf, &der))
		return NEED_MORE;
	out->has_certificate = true;
	(void)x509_names_read(der, &out->certificate); /* keeps what could be read */
	return DECODED;
}

/* Messages one after the other until the certificate, or something that comes after it. */
static enum decoded flight_read(struct str bytes, struct tls_server_flight *out)
{
	struct reader in = reader_of(bytes);
	struct str body;
	uint32_t length;
	uint8_t type;

	while (read_u8(&in, &type)) {
		if (!out->has_hello && type != SERVER_HELLO)
			return MALFORMED;
		if (!read_be24(&in, &length))
			return NEED_MORE;
		if (type == CERTIFICATE)
			return certificate_read(in, length, out);
		if (!read_span(&in, length, &body))
			return NEED_MORE;
		if (out->has_hello) {
			if (type > CERTIFICATE && type < 20)
				return DECODED; /* key exchange or done: no certificate came */
			continue;
		}
		if (!server_hello_read(body, out))
			return MALFORMED;
		if (hides_certificate(out->version))
			return DECODED;
	}
	return NEED_MORE;
}

enum decoded tls_server_flight_read(struct str stream, struct arena *scratch,
				    struct tls_server_flight *out)
{
	struct handshake handshake;

	*out = (struct tls_server_flight){0};
	if (stream.len == 0)
		return NEED_MORE;
	handshake_gather(stream, TLS_FLIGHT_MAX, scratch, &handshake);
	if (handshake.is_scarce)
		return UNSUPPORTED;
	enum decoded outcome = flight_read(handshake.bytes, out);
	if (outcome != NEED_MORE || !handshake.is_ended)
		return outcome;
	out->has_alert = handshake.has_alert;
	out->alert = handshake.alert;
	return out->has_hello || out->has_alert ? DECODED : MALFORMED;
}
