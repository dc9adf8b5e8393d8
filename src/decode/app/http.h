/*
 * HTTP/1.x: message heads, and where bodies begin and end.
 *
 * Read as tolerantly as real servers read: lines that end in LF alone, blanks around names and
 * values, folded values, any letter case. Two lengths that contradict each other are how a request
 * is smuggled past one reader and seen by another, so they are flagged and the message still read.
 * Everything in a head is a view into the caller's bytes.
 */
#ifndef DAVY_DECODE_APP_HTTP_H
#define DAVY_DECODE_APP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "decode/decoded.h"

enum { HTTP_HEAD_MAX = 64 * 1024 };

enum http_authorization {
	HTTP_AUTHORIZATION_NONE,
	HTTP_AUTHORIZATION_BASIC,
	HTTP_AUTHORIZATION_BEARER,
	HTTP_AUTHORIZATION_DIGEST,
	HTTP_AUTHORIZATION_OTHER,
};

struct http_head {
	bool is_request;
	unsigned minor;		   /* HTTP/1.minor */
	struct str method, target; /* requests; the target may be a whole URI or host:port */
	unsigned status;	   /* responses */

	bool has_content_length, is_chunked, has_other_transfer_encoding;
	bool has_length_conflict; /* two lengths, a length beside chunks, or no number */
	uint64_t content_length;
	bool connection_close, keep_alive, connection_upgrade, upgrade_websocket;
	enum http_authorization authorization, proxy_authorization; /* the kind, never the secret */

	struct str host, user_agent, content_encoding, content_type;
	struct str sec_websocket_extensions, sec_websocket_protocol;
	struct str via, forwarded, x_forwarded_for;
	struct str x_mining_extensions, x_long_polling, x_roll_ntime; /* getwork miners and pools */

	struct str block; /* the header lines, for http_header */
};

/*
 * Could a stream that begins so be HTTP/1.x? True from the first byte on while it is still
 * possible: a response line, or an upper-case method, known or not, followed by a target and
 * HTTP/1. False at the latest when the first line is whole.
 */
bool http_starts(struct str first);
/* The same for the connection preface of HTTP/2, which is not decoded. */
bool http2_starts(struct str first);

/*
 * Bytes of the head that begins `bytes`, with its empty line; 0 while that is not there.
 * `searched` bytes are known to hold no end (0 at first): a head that comes in many pieces is then
 * looked through once.
 */
size_t http_head_end(struct str bytes, size_t searched);

/*
 * Read a head.
 *
 * consumed: set when DECODED: the body begins there
 * returns:  DECODED; NEED_MORE; MALFORMED: no HTTP, or no end within HTTP_HEAD_MAX
 * source:   RFC 9112, RFC 7230 (folding)
 */
enum decoded http_head_read(struct str bytes, size_t *consumed, struct http_head *out);

/*
 * The first header of that name, trimmed; {0} without one. A folded value keeps its line breaks.
 * Of Authorization and Proxy-Authorization only the scheme is given, of cookies nothing.
 */
struct str http_header(const struct http_head *head, struct str name);

/* The user name in "Authorization: Basic", decoded into scratch; {0} without one. The password is
 * never decoded. */
struct str http_basic_user(const struct http_head *head, char *scratch, size_t cap);

enum http_framing {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH,
	HTTP_BODY_CHUNKED,
	HTTP_BODY_UNTIL_CLOSE,
};

struct http_body {
	enum http_framing framing;
	bool is_done;	/* what follows is the next message ... */
	bool is_tunnel; /* ... or another protocol: CONNECT was granted, or the protocol switched */
	uint8_t state;	/* private, with what follows */
	uint8_t digits;
	uint64_t left;
	uint32_t line;
};

/*
 * Where the body after `head` ends.
 *
 * request_method: of the request a response answers (HEAD and CONNECT change the answer's body);
 *                 empty for a request, and when it is unknown
 */
void http_body_begin(struct http_body *body, const struct http_head *head,
		     struct str request_method);

/*
 * The next piece of body, with chunk framing taken off.
 *
 * in:      consumed from the front; the rest belongs to what comes next
 * returns: DECODED with a piece; DECODED with an empty piece: the body is done (`is_done`);
 *          NEED_MORE: `in` is used up; MALFORMED: a chunk size is no number, and stays so
 */
enum decoded http_body_next(struct http_body *body, struct str *in, struct str *piece);

#endif
