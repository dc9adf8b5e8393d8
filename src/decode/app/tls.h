/*
 * The clear part of TLS: who is called, with what software's habits, and who answers.
 *
 * The bytes are those of one direction from its first record on. Handshake messages are put
 * together over records and segments into the caller's scratch arena; when a message lies whole
 * inside one record the results are views into the stream. Nothing is decrypted.
 */
#ifndef DAVY_DECODE_APP_TLS_H
#define DAVY_DECODE_APP_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/reader.h"
#include "base/str.h"
#include "decode/app/x509.h"
#include "decode/decoded.h"

enum {
	TLS_HELLO_MAX = 32 * 1024,  /* a ClientHello with post-quantum shares is about 2 KiB */
	TLS_FLIGHT_MAX = 64 * 1024, /* of a server's handshake bytes, searched for the leaf */
	TLS_SCRATCH = TLS_FLIGHT_MAX + 1024, /* an arena of this size is always enough */
	TLS_ALPN_MAX = 8,
	TLS_JA4_SIZE = 37, /* with the NUL */
};

enum tls_record_type {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION = 23, /* opaque: only its length can be told */
	TLS_HEARTBEAT = 24,
};

struct tls_record {
	uint8_t type; /* enum tls_record_type */
	uint16_t version, length;
};

/*
 * Could a stream that begins so be TLS? True from the first byte on while it is still possible:
 * any record type (a capture may begin in mid-connection, at a record), or an SSLv2-compatible
 * ClientHello. `tls_is_certain` is false below 6 bytes, and then true when the record and what is
 * inside it fit each other.
 */
bool tls_starts(struct str first);
bool tls_is_certain(struct str first);

/*
 * One record header (5 bytes); the caller skips the `length` bytes of its body.
 * MALFORMED: no TLS record: the caller lost the record boundary or the stream is something else.
 */
enum decoded tls_record_read(struct reader *in, struct tls_record *out);

struct tls_client_hello {
	uint16_t legacy_version;
	uint16_t version; /* highest offered: supported_versions without GREASE, else legacy */
	bool is_sslv2;	  /* SSLv2-compatible: no extensions */
	bool has_ech;	  /* encrypted_client_hello, or the older ESNI: server_name is a cover */
	bool has_server_name, has_alpn;
	struct str server_name;
	struct str alpn[TLS_ALPN_MAX]; /* in the order of preference */
	size_t alpn_count;
	struct str ciphers;		 /* big-endian 16-bit each */
	struct str extensions;		 /* wire form: type, length, body ... */
	struct str signature_algorithms; /* big-endian 16-bit each */
};

/*
 * The ClientHello at the start of a stream.
 *
 * scratch: TLS_SCRATCH bytes free are always enough; the views in `out` live as long as the
 *          shorter of stream and scratch
 * returns: DECODED; NEED_MORE until the hello is whole; MALFORMED: no ClientHello;
 *          UNSUPPORTED: longer than TLS_HELLO_MAX, or no room in scratch
 * source:  RFC 8446 section 4.1.2, RFC 5246 appendix E.2 (SSLv2), RFC 6066, 7301, 8701 (GREASE)
 */
enum decoded tls_client_hello_read(struct str stream, struct arena *scratch,
				   struct tls_client_hello *out);

/* The same from the body of a ClientHello message, without records: for QUIC's CRYPTO frames. */
enum decoded tls_client_hello_body_read(struct str body, struct tls_client_hello *out);

/*
 * JA4 of a hello, NUL-terminated.
 *
 * transport: 't' TCP, 'q' QUIC, 'd' DTLS
 * source:    FoxIO, ja4/technical_details/JA4.md
 */
void tls_ja4(const struct tls_client_hello *hello, char transport, char ja4[TLS_JA4_SIZE]);

struct tls_server_flight {
	bool has_hello;
	bool is_retry;	  /* HelloRetryRequest: the real ServerHello comes later */
	uint16_t version; /* negotiated, e.g. 0x0304 */
	uint16_t cipher;
	struct str alpn; /* TLS 1.2 and older; 1.3 encrypts it */
	bool has_alert;	 /* an alert came instead of the rest */
	uint8_t alert;	 /* its description */
	bool has_certificate;
	struct x509_names certificate; /* of the leaf, as far as it could be read */
};

/*
 * The server's first flight: ServerHello and, up to TLS 1.2, the leaf certificate.
 *
 * returns: DECODED: all that will ever be seen in clear is in `out` (the leaf is missing in TLS
 *          1.3, on resumption, with anonymous ciphers, and when it is over TLS_FLIGHT_MAX);
 *          NEED_MORE: `out` holds what is known so far (has_hello) and more will come;
 *          MALFORMED: no server handshake; UNSUPPORTED: no room in scratch
 */
enum decoded tls_server_flight_read(struct str stream, struct arena *scratch,
				    struct tls_server_flight *out);

bool tls_is_grease(uint16_t value);

#endif
