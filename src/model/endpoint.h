/*
 * An address and a port. IPv4 is kept as ::ffff:a.b.c.d, so there is one kind of address inside.
 * Text form: "10.0.0.7:3333" and "[2001:db8::1]:3333".
 */
#ifndef DAVY_MODEL_ENDPOINT_H
#define DAVY_MODEL_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

struct address {
	uint8_t bytes[16];
};

struct endpoint {
	struct address address;
	uint16_t port; /* host order */
};

struct address address_v4(uint32_t host_order);
static inline struct address address_v4_bytes(const uint8_t bytes[4])
{
	struct address address = {{[10] = 0xff, [11] = 0xff}};

	memcpy(address.bytes + 12, bytes, 4);
	return address;
}
bool address_is_v4(const struct address *address);
bool address_equal(const struct address *a, const struct address *b);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/* RFC 1918, loopback, link-local, unique-local, CGNAT: not routed on the open internet. */
bool address_is_private(const struct address *address);
bool address_is_loopback(const struct address *address); /* 127.0.0.0/8, ::1: every host has them */

must_check bool address_parse(struct str text, struct address *out);
must_check bool endpoint_parse(struct str text, struct endpoint *out);
void buf_add_address(struct buf *out, const struct address *address);
void buf_add_endpoint(struct buf *out, const struct endpoint *endpoint);

enum { ENDPOINT_TEXT_MAX = 56, ENDS_TEXT_MAX = 2 * ENDPOINT_TEXT_MAX };
/* NUL-terminated text into a caller's array; returns a view of it. */
struct str endpoint_text(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_MAX]);
struct str address_text(const struct address *address, char text[ENDPOINT_TEXT_MAX]);
/* "client server": by it findings about a process meet those about its connection. */
struct str ends_text(const struct endpoint *client, const struct endpoint *server,
		     char text[ENDS_TEXT_MAX]);

#endif
