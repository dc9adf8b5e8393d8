#include "decode/app/websocket.h"

enum { CONTROL_BIT = 8, WINDOW_BITS_MAX = 15 };

static bool read_length(struct reader *in, uint8_t first, struct websocket_frame *out)
{
	uint16_t medium;

	out->length = first & 0x7f;
	out->is_minimal = true;
	if (out->length == 126) {
		if (!read_be16(in, &medium))
			return false;
		out->length = medium;
		out->is_minimal = medium > 125;
	} else if (out->length == 127) {
		if (!read_be64(in, &out->length))
			return false;
		out->is_minimal = out->length > UINT16_MAX;
	}
	return true;
}

enum decoded websocket_frame_read(struct reader *in, struct websocket_frame *out)
{
	struct reader at = *in;
	uint8_t flags, length;
	struct str mask;

	*out = (struct websocket_frame){0};
	if (!read_u8(&at, &flags))
		return NEED_MORE;
	out->fin = flags & 0x80;
	out->rsv1 = flags & 0x40;
	out->rsv2 = flags & 0x20;
	out->rsv3 = flags & 0x10;
	out->opcode = flags & 0x0f;
	bool is_control = out->opcode & CONTROL_BIT;
	if ((out->opcode & ~CONTROL_BIT) > 2 || (is_control && !out->fin))
		return MALFORMED;
	if (!read_u8(&at, &length))
		return NEED_MORE;
	if (is_control && (length & 0x7f) > WEBSOCKET_CONTROL_MAX)
		return MALFORMED;
	if (!read_length(&at, length, out))
		return NEED_MORE;
	if (out->length >> 63)
		return MALFORMED;
	out->masked = length & 0x80;
	if (out->masked) {
		if (!read_span(&at, sizeof(out->mask), &mask))
			return NEED_MORE;
		memcpy(out->mask, mask.at, sizeof(out->mask));
	}
	*in = at;
	return DECODED;
}

void websocket_unmask(uint8_t *bytes, size_t len, const uint8_t mask[4], uint64_t offset)
{
	uint8_t turned[8];
	uint64_t wide, word;
	size_t i = 0;

	for (size_t k = 0; k < sizeof(turned); k++)
		turned[k] = mask[(offset + k) & 3];
	memcpy(&wide, turned, sizeof(wide));
	for (; i + 8 <= len; i += 8) {
		memcpy(&word, bytes + i, sizeof(word));
		word ^= wide;
		memcpy(bytes + i, &word, sizeof(word));
	}
	for (; i < len; i++)
		bytes[i] ^= turned[i & 7];
}

/* Could JSON go on with this byte after an opening bracket? */
static bool follows_bracket(uint8_t bracket, uint8_t c)
{
	if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"')
		return true;
	if (bracket == '{')
		return c == '}' || c == '\'';
	return c == ']' || c == '[' || c == '{' || c == '-' || (c >= '0' && c <= '9') || c == 't' ||
	       c == 'f' || c == 'n';
}

bool websocket_starts_midstream(struct str first)
{
	struct reader in = reader_of(first);
	struct websocket_frame frame;
	uint8_t begin[2];

	if (websocket_frame_read(&in, &frame) != DECODED || !frame.is_minimal || frame.rsv2 ||
	    frame.rsv3 || frame.length < 2)
		return false;
	/* compressed: nothing to see, but a frame that is the segment is no chance */
	if (frame.rsv1)
		return frame.fin && frame.opcode == WEBSOCKET_TEXT &&
		       frame.length == reader_left(&in);
	if (frame.opcode != WEBSOCKET_TEXT && !(frame.masked && frame.opcode == WEBSOCKET_BINARY))
		return false;
	struct str payload = str_sub(reader_rest(&in), 0, sizeof(begin));
	if (payload.len == 0)
		return false;
	memcpy(begin, payload.at, payload.len);
	if (frame.masked)
		websocket_unmask(begin, payload.len, frame.mask, 0);
	return (begin[0] == '{' || begin[0] == '[') &&
	       (payload.len < 2 || follows_bracket(begin[0], begin[1]));
}

static uint8_t window_bits(struct str value)
{
	uint64_t bits;

	value = str_trim(value);
	if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
		value = str_sub(value, 1, value.len - 2);
	/* without a value, as a client may offer it, the largest */
	return str_to_u64(value, &bits) && bits >= 8 && bits <= 15 ? (uint8_t)bits
								   : WINDOW_BITS_MAX;
}

static void parameter_read(struct str parameter, struct websocket_deflate *out)
{
	struct str name, value;

	str_cut(parameter, '=', &name, &value);
	name = str_trim(name);
	if (str_equal_nocase(name, STR("client_no_context_takeover")))
		out->client_no_context_takeover = true;
	else if (str_equal_nocase(name, STR("server_no_context_takeover")))
		out->server_no_context_takeover = true;
	else if (str_equal_nocase(name, STR("client_max_window_bits")))
		out->client_window_bits = window_bits(value);
	else if (str_equal_nocase(name, STR("server_max_window_bits")))
		out->server_window_bits = window_bits(value);
}

struct websocket_deflate websocket_extensions_read(struct str header)
{
	struct websocket_deflate out = {.client_window_bits = WINDOW_BITS_MAX,
					.server_window_bits = WINDOW_BITS_MAX};
	struct str extension, name, parameter;

	while (header.len > 0 && !out.is_on) {
		str_cut(header, ',', &extension, &header);
		str_cut(extension, ';', &name, &extension);
		if (!str_equal_nocase(str_trim(name), STR("permessage-deflate")))
			continue;
		out.is_on = true;
		while (extension.len > 0) {
			str_cut(extension, ';', &parameter, &extension);
			parameter_read(parameter, &out);
		}
	}
	return out;
}
