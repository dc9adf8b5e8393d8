#include "decode/app/dns.h"

enum {
	HEADER_SIZE = 12,
	WIRE_NAME_MAX = 255,
	QUESTIONS_MAX = 256, /* mDNS asks a few dozen things at once */
	CLASS_IN = 1,
	CLASS_MASK = 0x7fff, /* mDNS uses the top bit for flags of its own */
	PARAMETER_IPV4 = 4,
	PARAMETER_ECH = 5,
	PARAMETER_IPV6 = 6,
};

struct str dns_name_text(const struct dns_name *name)
{
	return str_of(name->text, name->len);
}

static void name_add(struct dns_name *name, const char *text, size_t len)
{
	if (name->is_cut || len > sizeof(name->text) - name->len) {
		name->is_cut = true;
		return;
	}
	memcpy(name->text + name->len, text, len);
	name->len = (uint16_t)(name->len + len);
}

static void name_add_byte(struct dns_name *name, uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		byte |= 0x20;
	if (byte == '.' || byte == '\\') {
		name_add(name, (char[]){'\\', (char)byte}, 2);
	} else if (byte > ' ' && byte < 0x7f) {
		name_add(name, (char[]){(char)byte}, 1);
	} else {
		char escape[] = {'\\', (char)('0' + byte / 100), (char)('0' + byte / 10 % 10),
				 (char)('0' + byte % 10)};
		name_add(name, escape, sizeof(escape));
	}
}

/*
 * A name that begins at `in`, which is left behind it. `bytes` is the message, for pointers. Each
 * pointer must lead before everything read so far of this name: the chain ends at the header.
 */
static enum decoded name_read(struct str bytes, struct reader *in, struct dns_name *out)
{
	struct reader at = *in;
	size_t lowest = (size_t)((const char *)in->at - bytes.at), wire = 0;
	bool has_jumped = false;
	uint8_t len, low;
	struct str label;

	out->len = 0;
	out->is_cut = false;
	for (;;) {
		if (!read_u8(&at, &len))
			return NEED_MORE;
		if (len >= 0xc0) {
			if (!read_u8(&at, &low))
				return NEED_MORE;
			size_t target = (size_t)(len & 0x3f) << 8 | low;
			if (target < HEADER_SIZE || target >= lowest)
				return MALFORMED;
			if (!has_jumped)
				*in = at;
			has_jumped = true;
			lowest = target;
			at = reader_of(str_skip(bytes, target));
			continue;
		}
		if (len > 63 || (wire += len + 1u) > WIRE_NAME_MAX)
			return MALFORMED;
		if (len == 0)
			break;
		if (!read_span(&at, len, &label))
			return NEED_MORE;
		if (out->len > 0)
			name_add(out, ".", 1);
		for (size_t i = 0; i < label.len; i++)
			name_add_byte(out, (uint8_t)label.at[i]);
	}
	if (!has_jumped)
		*in = at;
	return DECODED;
}

static enum decoded question_read(struct dns_message *message, struct reader *in, bool is_first)
{
	struct dns_name name;
	uint16_t type, class;

	enum decoded outcome = name_read(message->bytes, in, is_first ? &message->question : &name);
	if (outcome != DECODED)
		return outcome;
	if (!read_be16(in, &type) || !read_be16(in, &class))
		return NEED_MORE;
	if (is_first) {
		message->has_question = true;
		message->question_type = type;
	}
	return DECODED;
}

enum decoded dns_message_read(struct str bytes, struct dns_message *out)
{
	struct reader in = reader_of(bytes);
	uint16_t flags;

	/* not zeroed as a whole: the name's buffer is large and its length says what is in it */
	out->bytes = bytes;
	out->has_question = false;
	out->question.len = 0;
	out->question.is_cut = false;
	out->question_type = 0;
	if (!read_be16(&in, &out->id) || !read_be16(&in, &flags))
		return NEED_MORE;
	for (size_t i = 0; i < 4; i++)
		if (!read_be16(&in, &out->counts[i]))
			return NEED_MORE;
	out->is_response = flags >> 15;
	out->opcode = flags >> 11 & 0xf;
	out->is_truncated = flags >> 9 & 1;
	out->rcode = flags & 0xf;
	if (out->opcode > 6 || out->opcode == 3 || out->counts[0] > QUESTIONS_MAX)
		return MALFORMED;
	for (unsigned i = 0; i < out->counts[0]; i++) {
		enum decoded outcome = question_read(out, &in, i == 0);
		if (outcome != DECODED)
			return outcome;
	}
	out->answers_at = bytes.len - reader_left(&in);
	return DECODED;
}

enum decoded dns_tcp_next(struct reader *in, struct str *message)
{
	struct reader at = *in;
	uint16_t len;

	if (!read_be16(&at, &len))
		return NEED_MORE;
	if (len < HEADER_SIZE)
		return MALFORMED;
	if (!read_span(&at, len, message))
		return NEED_MORE;
	*in = at;
	return DECODED;
}

static void add_addresses(struct dns_answer *out, struct str bytes, size_t size)
{
	for (; bytes.len >= size && out->address_count < DNS_ADDRESSES_MAX;
	     bytes = str_skip(bytes, size)) {
		struct address *address = &out->addresses[out->address_count++];
		if (size == 4)
			*address = address_v4_bytes((const uint8_t *)bytes.at);
		else
			memcpy(address->bytes, bytes.at, 16);
	}
}

/* RFC 9460 section 2.2: priority, target (never compressed), parameters. */
static enum decoded service_read(struct str message, struct reader in, struct dns_answer *out)
{
	uint16_t priority, key, len;
	struct str value;

	if (!read_be16(&in, &priority) || name_read(message, &in, &out->target) != DECODED)
		return MALFORMED;
	while (reader_left(&in) > 0) {
		if (!read_be16(&in, &key) || !read_be16(&in, &len) || !read_span(&in, len, &value))
			return MALFORMED;
		if (key == PARAMETER_IPV4 && len % 4 == 0)
			add_addresses(out, value, 4);
		if (key == PARAMETER_IPV6 && len % 16 == 0)
			add_addresses(out, value, 16);
		out->has_ech |= key == PARAMETER_ECH;
	}
	return DECODED;
}

static enum decoded record_body_read(struct str message, struct str body, struct dns_answer *out)
{
	struct reader in = reader_of(body);

	switch (out->type) {
	case DNS_A:
	case DNS_AAAA:
		if (body.len != (out->type == DNS_A ? 4 : 16))
			return MALFORMED;
		add_addresses(out, body, body.len);
		return DECODED;
	case DNS_CNAME:
		return name_read(message, &in, &out->target) == DECODED ? DECODED : MALFORMED;
	case DNS_SVCB:
	case DNS_HTTPS:
		return service_read(message, in, out);
	default:
		return UNSUPPORTED;
	}
}

static uint32_t record_count(const struct dns_message *message)
{
	return (uint32_t)message->counts[1] + message->counts[2] + message->counts[3];
}

bool dns_has_ended(const struct dns_message *message, const struct dns_cursor *cursor)
{
	return cursor->index >= record_count(message);
}

/* Name, type, class, time to live and the span of the body. */
static enum decoded record_read(const struct dns_message *message, struct reader *in,
				struct dns_answer *out, uint16_t *class, struct str *body)
{
	uint16_t len;

	enum decoded outcome = name_read(message->bytes, in, &out->name);
	if (outcome != DECODED)
		return outcome;
	if (!read_be16(in, &out->type) || !read_be16(in, class) || !read_be32(in, &out->ttl_s) ||
	    !read_be16(in, &len) || !read_span(in, len, body))
		return NEED_MORE;
	return DECODED;
}

enum decoded dns_answer_next(const struct dns_message *message, struct dns_cursor *cursor,
			     struct dns_answer *out)
{
	uint32_t index = cursor->index;
	uint16_t class;
	struct str body;

	if (dns_has_ended(message, cursor))
		return NEED_MORE;
	if (index == 0)
		cursor->at = message->answers_at;
	struct reader in = reader_of(str_skip(message->bytes, cursor->at));
	out->address_count = 0;
	out->target.len = 0;
	out->target.is_cut = false;
	out->has_ech = false;
	cursor->index = record_count(message);
	enum decoded outcome = record_read(message, &in, out, &class, &body);
	if (outcome != DECODED)
		return outcome;
	out->section = 1;
	if (index >= message->counts[1])
		out->section = index < (uint32_t)message->counts[1] + message->counts[2] ? 2 : 3;
	cursor->index = index + 1;
	cursor->at = message->bytes.len - reader_left(&in);
	if ((class & CLASS_MASK) != CLASS_IN)
		return UNSUPPORTED;
	return record_body_read(message->bytes, body, out);
}

struct chain {
	struct {
		struct dns_name alias, target;
	} links[DNS_CHAIN_MAX];
	size_t count;
};

static void chain_read(const struct dns_message *message, struct chain *out)
{
	struct dns_cursor cursor = {0};
	struct dns_answer answer;

	out->count = 0;
	while (!dns_has_ended(message, &cursor)) {
		if (dns_answer_next(message, &cursor, &answer) != DECODED ||
		    answer.type != DNS_CNAME || answer.section != 1)
			continue;
		if (out->count == DNS_CHAIN_MAX)
			return;
		out->links[out->count].alias = answer.name;
		out->links[out->count++].target = answer.target;
	}
}

/* Back from the owner of an address to the name nobody is an alias for; a ring ends by the count.
 */
static const struct dns_name *chain_start(const struct chain *chain, const struct dns_name *owner)
{
	for (size_t steps = 0; steps < chain->count; steps++) {
		size_t i = 0;
		while (i < chain->count &&
		       !str_equal(dns_name_text(&chain->links[i].target), dns_name_text(owner)))
			i++;
		if (i == chain->count)
			break;
		owner = &chain->links[i].alias;
	}
	return owner;
}

size_t dns_names_of(const struct dns_message *message,
		    void (*take)(void *context, const struct dns_naming *naming), void *context)
{
	struct dns_cursor cursor = {0};
	struct dns_answer answer;
	struct chain chain;
	size_t given = 0;

	if (!message->is_response)
		return 0;
	chain_read(message, &chain);
	while (!dns_has_ended(message, &cursor)) {
		if (dns_answer_next(message, &cursor, &answer) != DECODED || answer.section == 2 ||
		    (answer.section == 3 && message->has_question))
			continue;
		const struct dns_name *start = chain_start(&chain, &answer.name);
		for (size_t i = 0; i < answer.address_count; i++) {
			take(context, &(struct dns_naming){.name = dns_name_text(start),
							   .owner = dns_name_text(&answer.name),
							   .address = answer.addresses[i],
							   .ttl_s = answer.ttl_s});
			given++;
		}
	}
	return given;
}
