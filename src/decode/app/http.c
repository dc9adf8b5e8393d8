#include "decode/app/http.h"

#include <string.h>

enum { METHOD_MAX = 32, LEADING_BREAKS_MAX = 4 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_method_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || (c >= '0' && c <= '9');
}

/* Servers skip empty lines before a request; four bytes of them are enough for anybody. */
static struct str skip_breaks(struct str s)
{
	for (int i = 0; i < LEADING_BREAKS_MAX && s.len > 0; i++)
		if (s.at[0] == '\r' || s.at[0] == '\n')
			s = str_skip(s, 1);
	return s;
}

/* The shorter of the two begins the other. */
static bool could_become(struct str s, struct str whole)
{
	return s.len < whole.len ? str_starts(whole, s) : str_starts(s, whole);
}

static struct str trim_blanks_right(struct str s)
{
	while (s.len > 0 && (is_blank(s.at[s.len - 1]) || s.at[s.len - 1] == '\r'))
		s.len--;
	return s;
}

/* "HTTP/1.x" at the end of a request line, and the target before it. */
static bool split_request_line(struct str line, struct http_head *out)
{
	size_t len = 0;

	line = trim_blanks_right(line);
	while (len < line.len && len <= METHOD_MAX && is_method_byte(line.at[len]))
		len++;
	if (len == 0 || len > METHOD_MAX || len == line.len || !is_blank(line.at[len]))
		return false;
	out->method = str_sub(line, 0, len);
	struct str rest = str_trim(str_skip(line, len));
	static const size_t version_len = sizeof("HTTP/1.x") - 1;
	if (rest.len < version_len + 2)
		return false;
	struct str version = str_skip(rest, rest.len - version_len);
	char minor = version.at[version_len - 1];
	if (!str_starts_nocase(version, STR("HTTP/1.")) || minor < '0' || minor > '9' ||
	    !is_blank(rest.at[rest.len - version_len - 1]))
		return false;
	out->minor = (unsigned)(minor - '0');
	out->target = str_trim(str_sub(rest, 0, rest.len - version_len));
	out->is_request = true;
	return out->target.len > 0;
}

/* "HTTP/1.1 200 OK", the reason being free text or nothing. */
static bool split_status_line(struct str line, struct http_head *out)
{
	struct str rest = str_skip(line, sizeof("HTTP/1.x") - 1);

	if (!str_starts(line, STR("HTTP/1.")) || rest.len < 4 || !is_blank(rest.at[0]))
		return false;
	char minor = line.at[sizeof("HTTP/1.") - 1];
	uint64_t status;
	rest = str_trim(rest);
	if (minor < '0' || minor > '9' || !str_to_u64(str_sub(rest, 0, 3), &status) ||
	    status < 100 || (rest.len > 3 && !is_blank(rest.at[3])))
		return false;
	out->minor = (unsigned)(minor - '0');
	out->status = (unsigned)status;
	return true;
}

static bool first_line_read(struct str line, struct http_head *out)
{
	return str_starts(line, STR("HTTP/")) ? split_status_line(line, out)
					      : split_request_line(line, out);
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < ' ' && s.at[i] != '\t' && s.at[i] != '\r')
			return true;
	return false;
}

bool http_starts(struct str first)
{
	struct str s = skip_breaks(first), line, rest;
	struct http_head head = {0};
	size_t len = 0;

	if (s.len == 0)
		return first.len > 0;
	bool is_whole = str_cut(s, '\n', &line, &rest);
	if (is_whole)
		return first_line_read(line, &head);
	if (could_become(line, STR("HTTP/1.")))
		return true;
	while (len < line.len && is_method_byte(line.at[len]))
		len++;
	if (len == line.len)
		return len <= METHOD_MAX;
	return len > 0 && len <= METHOD_MAX && is_blank(line.at[len]) &&
	       line.len <= HTTP_HEAD_MAX && !has_control(line);
}

bool http2_starts(struct str first)
{
	return first.len > 0 && could_become(first, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
}

size_t http_head_end(struct str bytes, size_t searched)
{
	/* the empty line may have begun three bytes before the new ones */
	size_t at = searched > 3 ? searched - 3 : 0;
	size_t first = bytes.len - skip_breaks(bytes).len;

	if (at < first)
		at = first;
	for (;;) {
		ptrdiff_t found = str_find_byte(str_skip(bytes, at), '\n');
		if (found < 0)
			return 0;
		at += (size_t)found + 1;
		struct str next = str_sub(bytes, at, 2);
		if (next.len > 0 && next.at[0] == '\n')
			return at + 1;
		if (next.len > 1 && next.at[0] == '\r' && next.at[1] == '\n')
			return at + 2;
	}
}

/* One header line with its folded continuations; false at the end of the block. */
static bool next_header(struct str *block, struct str *name, struct str *value)
{
	while (block->len > 0) {
		size_t end = 0;
		do {
			ptrdiff_t lf = str_find_byte(str_skip(*block, end), '\n');
			end = lf < 0 ? block->len : end + (size_t)lf + 1;
		} while (end < block->len && is_blank(block->at[end]));
		struct str line = str_sub(*block, 0, end);
		*block = str_skip(*block, end);
		if (!str_cut(line, ':', name, value))
			continue;
		*name = str_trim(*name);
		*value = str_trim(*value);
		if (name->len > 0)
			return true;
	}
	return false;
}

/* Is `word` one of the comma-separated tokens? Parameters after ';' do not count. */
static bool has_token(struct str list, struct str word)
{
	struct str token, name, parameters;

	while (list.len > 0) {
		str_cut(list, ',', &token, &list);
		str_cut(token, ';', &name, &parameters);
		if (str_equal_nocase(str_trim(name), word))
			return true;
	}
	return false;
}

static enum http_authorization authorization_kind(struct str value)
{
	static const struct {
		struct str scheme;
		enum http_authorization kind;
	} kinds[] = {
		{{"Basic", 5}, HTTP_AUTHORIZATION_BASIC},
		{{"Bearer", 6}, HTTP_AUTHORIZATION_BEARER},
		{{"Digest", 6}, HTTP_AUTHORIZATION_DIGEST},
	};
	struct str scheme, rest;

	str_cut(value, ' ', &scheme, &rest);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (str_equal_nocase(scheme, kinds[i].scheme))
			return kinds[i].kind;
	return HTTP_AUTHORIZATION_OTHER;
}

static void on_content_length(struct http_head *out, struct str value)
{
	struct str one;
	uint64_t length;

	do { /* "5, 5" is what some proxies make of two equal headers */
		str_cut(value, ',', &one, &value);
		if (!str_to_u64(str_trim(one), &length)) {
			out->has_length_conflict = true;
		} else if (!out->has_content_length) {
			out->has_content_length = true;
			out->content_length = length;
		} else if (length != out->content_length) {
			out->has_length_conflict = true;
		}
	} while (value.len > 0);
}

static void on_transfer_encoding(struct http_head *out, struct str value)
{
	if (has_token(value, STR("chunked")))
		out->is_chunked = true;
	else if (!str_equal_nocase(value, STR("identity")))
		out->has_other_transfer_encoding = true;
}

static void on_connection(struct http_head *out, struct str value)
{
	out->connection_close |= has_token(value, STR("close"));
	out->keep_alive |= has_token(value, STR("keep-alive"));
	out->connection_upgrade |= has_token(value, STR("upgrade"));
}

static void on_upgrade(struct http_head *out, struct str value)
{
	out->upgrade_websocket |= has_token(value, STR("websocket"));
}

static void on_authorization(struct http_head *out, struct str value)
{
	out->authorization = authorization_kind(value);
}

static void on_proxy_authorization(struct http_head *out, struct str value)
{
	out->proxy_authorization = authorization_kind(value);
}

#define VIEW(text, field)                                                         \
	{                                                                         \
		{text, sizeof(text) - 1}, offsetof(struct http_head, field), NULL \
	}
#define RULE(text, rule)                          \
	{                                         \
		{text, sizeof(text) - 1}, 0, rule \
	}

/* Headers that are understood (rule), and those kept as they are: the first of each name. */
static const struct {
	struct str name;
	size_t view; /* offset of a struct str in the head */
	void (*rule)(struct http_head *out, struct str value);
} known_headers[] = {
	RULE("Content-Length", on_content_length),
	RULE("Transfer-Encoding", on_transfer_encoding),
	RULE("Connection", on_connection),
	RULE("Upgrade", on_upgrade),
	RULE("Authorization", on_authorization),
	RULE("Proxy-Authorization", on_proxy_authorization),
	VIEW("Host", host),
	VIEW("User-Agent", user_agent),
	VIEW("Content-Encoding", content_encoding),
	VIEW("Content-Type", content_type),
	VIEW("Sec-WebSocket-Extensions", sec_websocket_extensions),
	VIEW("Sec-WebSocket-Protocol", sec_websocket_protocol),
	VIEW("Via", via),
	VIEW("Forwarded", forwarded),
	VIEW("X-Forwarded-For", x_forwarded_for),
	VIEW("X-Mining-Extensions", x_mining_extensions),
	VIEW("X-Long-Polling", x_long_polling),
	VIEW("X-Roll-NTime", x_roll_ntime),
};

/* Most are told apart by their length and last letter. */
static inline bool is_named(struct str name, struct str known)
{
	return name.len == known.len &&
	       ((name.at[name.len - 1] ^ known.at[name.len - 1]) & ~0x20) == 0 &&
	       str_equal_nocase(name, known);
}

/* name: not empty */
static void header_read(struct http_head *out, struct str name, struct str value)
{
	for (size_t i = 0; i < sizeof(known_headers) / sizeof(*known_headers); i++) {
		if (!is_named(name, known_headers[i].name))
			continue;
		if (known_headers[i].rule) {
			known_headers[i].rule(out, value);
			return;
		}
		struct str *view = (struct str *)((char *)out + known_headers[i].view);
		if (view->len == 0)
			*view = value;
		return;
	}
}

enum decoded http_head_read(struct str bytes, size_t *consumed, struct http_head *out)
{
	struct str name, value, line, rest;

	*out = (struct http_head){0};
	size_t end = http_head_end(bytes, 0);
	if (end > HTTP_HEAD_MAX)
		return MALFORMED;
	if (end == 0)
		return bytes.len > HTTP_HEAD_MAX || (bytes.len > 0 && !http_starts(bytes))
			       ? MALFORMED
			       : NEED_MORE;
	struct str head = skip_breaks(str_sub(bytes, 0, end));
	str_cut(head, '\n', &line, &rest);
	if (!first_line_read(line, out))
		return MALFORMED;
	out->block = rest;
	while (next_header(&rest, &name, &value))
		header_read(out, name, value);
	if (out->is_chunked && out->has_content_length)
		out->has_length_conflict = true;
	*consumed = end;
	return DECODED;
}

static struct str raw_header(const struct http_head *head, struct str wanted)
{
	struct str block = head->block, name, value;

	while (next_header(&block, &name, &value))
		if (str_equal_nocase(name, wanted))
			return value;
	return (struct str){0};
}

struct str http_header(const struct http_head *head, struct str name)
{
	struct str value = raw_header(head, name), scheme, rest;

	if (str_equal_nocase(name, STR("Cookie")) || str_equal_nocase(name, STR("Set-Cookie")))
		return (struct str){0};
	if (!str_equal_nocase(name, STR("Authorization")) &&
	    !str_equal_nocase(name, STR("Proxy-Authorization")))
		return value;
	/* without a blank the value may be a bare token: then there is no scheme to tell */
	return str_cut(value, ' ', &scheme, &rest) ? scheme : (struct str){0};
}

struct str http_basic_user(const struct http_head *head, char *scratch, size_t cap)
{
	struct str value = raw_header(head, STR("Authorization"));
	size_t len = 0;
	uint32_t bits = 0;
	unsigned held = 0;

	if (!str_starts_nocase(value, STR("Basic ")))
		return (struct str){0};
	value = str_trim(str_skip(value, 6));
	for (size_t i = 0; i < value.len && len < cap; i++) {
		int digit = base64_digit(value.at[i]);
		if (digit < 0)
			break;
		bits = (bits << 6 | (uint32_t)digit) & 0xffff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		char c = (char)(bits >> held & 0xff);
		if (c == ':')
			break;
		scratch[len++] = c;
	}
	return str_of(scratch, len);
}
