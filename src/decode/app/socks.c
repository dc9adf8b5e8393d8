#include "decode/app/socks.h"

enum {
	VERSION_4 = 4,
	VERSION_5 = 5,
	PASSWORD_VERSION = 1,
	ADDRESS_V4 = 1,
	ADDRESS_NAME = 3,
	ADDRESS_V6 = 4,
	REPLY_4_GRANTED = 90,
	REPLY_4_LAST = 93,
	REPLY_5_LAST = 8,
};

static bool is_command(uint8_t version, uint8_t command)
{
	return command == SOCKS_CONNECT || command == SOCKS_BIND ||
	       (command == SOCKS_UDP && version == VERSION_5) || command == SOCKS_RESOLVE ||
	       command == SOCKS_RESOLVE_PTR;
}

/* Text up to a NUL, of SOCKS_TEXT_MAX bytes at most. */
static enum decoded read_text(struct reader *in, struct str *out)
{
	struct str rest = str_sub(reader_rest(in), 0, SOCKS_TEXT_MAX + 1);
	ptrdiff_t len = str_find_byte(rest, '\0');

	if (len < 0)
		return rest.len > SOCKS_TEXT_MAX ? MALFORMED : NEED_MORE;
	if (!read_span(in, (size_t)len, out) || !read_skip(in, 1))
		return NEED_MORE;
	return DECODED;
}

/* Host and user names are printable; binary protocols that begin with 4 or 5 are not. */
static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.at[i] < 0x20 || s.at[i] == 0x7f)
			return false;
	return true;
}

enum decoded socks4_request_read(struct reader *in, struct socks_request *out)
{
	struct reader at = *in;
	uint32_t address;

	*out = (struct socks_request){0};
	if (!read_u8(&at, &out->version))
		return NEED_MORE;
	if (out->version != VERSION_4)
		return MALFORMED;
	if (!read_u8(&at, &out->command))
		return NEED_MORE;
	if (!is_command(VERSION_4, out->command))
		return MALFORMED;
	if (!read_be16(&at, &out->target.port) || !read_be32(&at, &address))
		return NEED_MORE;
	enum decoded outcome = read_text(&at, &out->user);
	/* 4a: the impossible address 0.0.0.x stands for a name after the user */
	out->target.has_address = address == 0 || address > 0xff;
	out->target.address = address_v4(address);
	if (outcome == DECODED && !out->target.has_address)
		outcome = read_text(&at, &out->target.name);
	if (outcome != DECODED)
		return outcome;
	if (!is_printable(out->user) || !is_printable(out->target.name) ||
	    (!out->target.has_address && out->target.name.len == 0))
		return MALFORMED;
	*in = at;
	return DECODED;
}

enum decoded socks4_reply_read(struct reader *in, struct socks_reply *out)
{
	struct reader at = *in;
	uint32_t address;
	uint8_t zero;

	*out = (struct socks_reply){.version = VERSION_4};
	if (!read_u8(&at, &zero))
		return NEED_MORE;
	if (zero != 0)
		return MALFORMED;
	if (!read_u8(&at, &out->code))
		return NEED_MORE;
	if (out->code < REPLY_4_GRANTED || out->code > REPLY_4_LAST)
		return MALFORMED;
	if (!read_be16(&at, &out->bound.port) || !read_be32(&at, &address))
		return NEED_MORE;
	out->is_granted = out->code == REPLY_4_GRANTED;
	out->bound.has_address = true;
	out->bound.address = address_v4(address);
	*in = at;
	return DECODED;
}

enum decoded socks5_greeting_read(struct reader *in, struct str *methods)
{
	struct reader at = *in;
	uint8_t version, count;

	if (!read_u8(&at, &version))
		return NEED_MORE;
	if (version != VERSION_5)
		return MALFORMED;
	if (!read_u8(&at, &count))
		return NEED_MORE;
	if (count == 0)
		return MALFORMED;
	if (!read_span(&at, count, methods))
		return NEED_MORE;
	if (str_find_byte(*methods, (char)SOCKS_METHOD_REFUSED) >= 0) /* an answer, no offer */
		return MALFORMED;
	*in = at;
	return DECODED;
}

enum decoded socks5_choice_read(struct reader *in, uint8_t *method)
{
	struct reader at = *in;
	uint8_t version;

	if (!read_u8(&at, &version))
		return NEED_MORE;
	if (version != VERSION_5)
		return MALFORMED;
	if (!read_u8(&at, method))
		return NEED_MORE;
	*in = at;
	return DECODED;
}

enum decoded socks5_password_read(struct reader *in, struct str *user)
{
	struct reader at = *in;
	uint8_t version, len;

	if (!read_u8(&at, &version))
		return NEED_MORE;
	if (version != PASSWORD_VERSION)
		return MALFORMED;
	if (!read_u8(&at, &len) || !read_span(&at, len, user) || !read_u8(&at, &len) ||
	    !read_skip(&at, len))
		return NEED_MORE;
	*in = at;
	return DECODED;
}

enum decoded socks5_password_reply_read(struct reader *in, bool *is_granted)
{
	struct reader at = *in;
	uint8_t version, status;

	if (!read_u8(&at, &version))
		return NEED_MORE;
	/* RFC 1929 says 1, some servers answer with 5 */
	if (version != PASSWORD_VERSION && version != VERSION_5)
		return MALFORMED;
	if (!read_u8(&at, &status))
		return NEED_MORE;
	*is_granted = status == 0;
	*in = at;
	return DECODED;
}

static enum decoded target5_read(struct reader *in, struct socks_target *out)
{
	uint8_t type, len;
	struct str bytes;

	if (!read_u8(in, &type))
		return NEED_MORE;
	switch (type) {
	case ADDRESS_V4:
	case ADDRESS_V6:
		if (!read_span(in, type == ADDRESS_V4 ? 4 : 16, &bytes))
			return NEED_MORE;
		out->has_address = true;
		if (type == ADDRESS_V4)
			out->address = address_v4_bytes((const uint8_t *)bytes.at);
		else
			memcpy(out->address.bytes, bytes.at, 16);
		break;
	case ADDRESS_NAME:
		if (!read_u8(in, &len) || !read_span(in, len, &out->name))
			return NEED_MORE;
		if (!is_printable(out->name))
			return MALFORMED;
		break;
	default:
		return MALFORMED;
	}
	return read_be16(in, &out->port) ? DECODED : NEED_MORE;
}

enum decoded socks5_request_read(struct reader *in, struct socks_request *out)
{
	struct reader at = *in;
	uint8_t reserved;

	*out = (struct socks_request){0};
	if (!read_u8(&at, &out->version))
		return NEED_MORE;
	if (out->version != VERSION_5)
		return MALFORMED;
	if (!read_u8(&at, &out->command))
		return NEED_MORE;
	if (!is_command(VERSION_5, out->command))
		return MALFORMED;
	if (!read_u8(&at, &reserved))
		return NEED_MORE;
	enum decoded outcome = target5_read(&at, &out->target);
	if (outcome != DECODED)
		return outcome;
	if (!out->target.has_address && out->target.name.len == 0)
		return MALFORMED;
	*in = at;
	return DECODED;
}

enum decoded socks5_reply_read(struct reader *in, struct socks_reply *out)
{
	struct reader at = *in;
	uint8_t reserved;

	*out = (struct socks_reply){0};
	if (!read_u8(&at, &out->version))
		return NEED_MORE;
	if (out->version != VERSION_5)
		return MALFORMED;
	if (!read_u8(&at, &out->code))
		return NEED_MORE;
	if (out->code > REPLY_5_LAST && out->code < 0xf0) /* 0xf0 and up: Tor's reasons */
		return MALFORMED;
	if (!read_u8(&at, &reserved))
		return NEED_MORE;
	enum decoded outcome = target5_read(&at, &out->bound);
	if (outcome != DECODED)
		return outcome;
	out->is_granted = out->code == 0;
	*in = at;
	return DECODED;
}
