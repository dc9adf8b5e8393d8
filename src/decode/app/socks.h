/*
 * SOCKS 4, 4a and 5: how a miner reaches its pool through somebody else, and where its own bytes
 * begin again. After the dialogue the inner stream is unchanged.
 *
 * The messages are read by pure functions that consume exactly what they decode (nothing on
 * NEED_MORE). Passwords are stepped over, never given out.
 */
#ifndef DAVY_DECODE_APP_SOCKS_H
#define DAVY_DECODE_APP_SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/str.h"
#include "decode/decoded.h"
#include "model/endpoint.h"

enum { SOCKS_TEXT_MAX = 255 /* user and host of SOCKS 4a, which carries no length */ };

enum socks_command {
	SOCKS_CONNECT = 1,
	SOCKS_BIND = 2,
	SOCKS_UDP = 3,
	SOCKS_RESOLVE = 0xf0,	  /* Tor */
	SOCKS_RESOLVE_PTR = 0xf1, /* Tor */
};

enum socks_method {
	SOCKS_METHOD_NONE = 0,
	SOCKS_METHOD_GSSAPI = 1,
	SOCKS_METHOD_PASSWORD = 2,
	SOCKS_METHOD_REFUSED = 0xff,
};

/* A name or an address; port in host order. */
struct socks_target {
	bool has_address;
	struct address address;
	struct str name;
	uint16_t port;
};

struct socks_request {
	uint8_t version; /* 4 (4a when the target is a name), 5 */
	uint8_t command; /* enum socks_command */
	struct socks_target target;
	struct str user; /* SOCKS 4 */
};

struct socks_reply {
	uint8_t version;
	bool is_granted;
	uint8_t code;
	struct socks_target bound;
};

/* source: RFC 1928, RFC 1929 (password), the SOCKS 4 and 4a papers, Tor's socks-extensions */
enum decoded socks4_request_read(struct reader *in, struct socks_request *out);
enum decoded socks4_reply_read(struct reader *in, struct socks_reply *out);
enum decoded socks5_greeting_read(struct reader *in, struct str *methods);
enum decoded socks5_choice_read(struct reader *in, uint8_t *method);
enum decoded socks5_password_read(struct reader *in, struct str *user);
enum decoded socks5_password_reply_read(struct reader *in, bool *is_granted);
enum decoded socks5_request_read(struct reader *in, struct socks_request *out);
enum decoded socks5_reply_read(struct reader *in, struct socks_reply *out);

/* Could the client's, or the server's, side begin so? True from the first byte on while possible.
 */
bool socks_client_starts(struct str first);
bool socks_server_starts(struct str first);

struct socks_dialogue {
	uint8_t version;
	uint8_t method; /* SOCKS 5: what the server chose, or what the client was seen to use */
	bool has_request;
	struct socks_request request;
	struct str user;
	bool is_granted, is_refused;
	/* where the inner stream begins in each direction */
	bool has_client_inner, has_server_inner;
	size_t client_inner, server_inner;
};

/*
 * Read the dialogue from all that both sides have said since the connection began.
 *
 * Nothing is kept between calls: call again with more bytes. A side that is not seen, or has said
 * nothing yet, is empty; views in `out` live as long as the bytes.
 *
 * A server's side of SOCKS 4 alone is eight bytes, two of them telling: 0 and 90..93, which is also
 * how a 90-byte message with a 16-bit length begins. What follows must be looked at before it is
 * believed.
 *
 * returns: DECODED: the proxy granted or refused the request, or the only side seen is through;
 *          then client_inner is right even when the client sends its own bytes along with the
 *          request. NEED_MORE: the dialogue goes on (has_client_inner may be set already);
 *          MALFORMED: no SOCKS; UNSUPPORTED: an authentication that wraps what follows (GSSAPI, or
 *          one unknown), or UDP and look-ups, which have no inner stream here
 */
enum decoded socks_dialogue_read(struct str client, struct str server, struct socks_dialogue *out);

#endif
