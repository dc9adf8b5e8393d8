#include "model/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct address address_v4(uint32_t host_order)
{
	uint32_t wire = htonl(host_order);
	uint8_t bytes[4];

	memcpy(bytes, &wire, 4);
	return address_v4_bytes(bytes);
}

bool address_is_v4(const struct address *address)
{
	return memcmp(address->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && address_equal(&a->address, &b->address);
}

bool address_is_loopback(const struct address *address)
{
	static const struct address loopback6 = {{[15] = 1}};

	return address_is_v4(address) ? address->bytes[12] == 127
				      : address_equal(address, &loopback6);
}

bool address_is_private(const struct address *address)
{
	const uint8_t *b = address->bytes;
	static const struct address loopback6 = {{[15] = 1}};

	if (!address_is_v4(address))
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
		       address_equal(address, &loopback6);
	b += 12;
	return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
	       (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
	       (b[0] == 100 && (b[1] & 0xc0) == 64);
}

bool address_parse(struct str text, struct address *out)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t v4[4];

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, v4) == 1) {
		*out = address_v4_bytes(v4);
		return true;
	}
	return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

bool endpoint_parse(struct str text, struct endpoint *out)
{
	uint64_t port;
	struct str host, digits;

	if (text.len > 0 && text.at[0] == '[') {
		if (!str_cut(str_skip(text, 1), ']', &host, &digits) || digits.len == 0 ||
		    digits.at[0] != ':')
			return false;
		digits = str_skip(digits, 1);
	} else if (!str_cut(text, ':', &host, &digits)) {
		return false;
	}
	if (!str_to_u64(digits, &port) || port > 65535 || !address_parse(host, &out->address))
		return false;
	out->port = (uint16_t)port;
	return true;
}

struct str address_text(const struct address *address, char text[ENDPOINT_TEXT_MAX])
{
	if (address_is_v4(address))
		inet_ntop(AF_INET, address->bytes + 12, text, ENDPOINT_TEXT_MAX);
	else
		inet_ntop(AF_INET6, address->bytes, text, ENDPOINT_TEXT_MAX);
	return str_from(text);
}

struct str endpoint_text(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_MAX])
{
	char host[ENDPOINT_TEXT_MAX];

	address_text(&endpoint->address, host);
	snprintf(text, ENDPOINT_TEXT_MAX,
		 address_is_v4(&endpoint->address) ? "%.46s:%u" : "[%.46s]:%u", host,
		 endpoint->port);
	return str_from(text);
}

struct str ends_text(const struct endpoint *client, const struct endpoint *server,
		     char text[ENDS_TEXT_MAX])
{
	size_t len = endpoint_text(client, text).len;

	text[len] = ' ';
	endpoint_text(server, text + len + 1);
	return str_from(text);
}

void buf_add_address(struct buf *out, const struct address *address)
{
	char text[ENDPOINT_TEXT_MAX];

	buf_add(out, address_text(address, text));
}

void buf_add_endpoint(struct buf *out, const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_MAX];

	buf_add(out, endpoint_text(endpoint, text));
}
