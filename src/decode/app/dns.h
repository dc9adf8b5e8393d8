/*
 * DNS messages: which name an address had. Also mDNS and LLMNR, which have the same form.
 *
 * Names are decoded into lower-case text, without the dot at the end; bytes that are no part of a
 * host name appear as \DDD, a dot inside a label as "\.". Compression pointers must point
 * backwards, each further than the last, so there are no loops.
 */
#ifndef DAVY_DECODE_APP_DNS_H
#define DAVY_DECODE_APP_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/str.h"
#include "decode/decoded.h"
#include "model/endpoint.h"

enum {
	DNS_NAME_SIZE = 256,
	DNS_ADDRESSES_MAX = 8, /* hints of one HTTPS record */
	DNS_CHAIN_MAX = 16,    /* CNAME records of one message that are followed */
};

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_AAAA = 28,
	DNS_SVCB = 64,
	DNS_HTTPS = 65,
};

/* Decoded into the owner's memory: no view of the message, for names there are in pieces. */
struct dns_name {
	char text[DNS_NAME_SIZE]; /* not NUL-terminated */
	uint16_t len;
	bool is_cut; /* escapes made it longer than the buffer */
};

struct str dns_name_text(const struct dns_name *name);

struct dns_message {
	struct str bytes; /* the whole message: pointers lead into it */
	uint16_t id;
	bool is_response, is_truncated;
	uint8_t opcode, rcode;
	uint16_t counts[4]; /* questions, answers, authority, additional */
	bool has_question;
	struct dns_name question; /* the first */
	uint16_t question_type;
	size_t answers_at; /* offset behind the questions */
};

/*
 * Read the header and the questions.
 *
 * returns: DECODED; NEED_MORE: cut off inside them; MALFORMED: no DNS message, or a damaged one
 *          (then the first question is still right when has_question)
 * source:  RFC 1035 section 4, RFC 6762 section 18, RFC 4795
 */
enum decoded dns_message_read(struct str bytes, struct dns_message *out);

/* DNS over TCP: one message without the two bytes of length before it; nothing is consumed on
 * NEED_MORE. */
enum decoded dns_tcp_next(struct reader *in, struct str *message);

/* Where a walk over the records is; {0} begins one. */
struct dns_cursor {
	uint32_t index;
	size_t at;
};

struct dns_answer {
	struct dns_name name;
	uint16_t type;
	uint8_t section; /* 1 answer, 2 authority, 3 additional */
	uint32_t ttl_s;
	struct address addresses[DNS_ADDRESSES_MAX]; /* A, AAAA: one; HTTPS, SVCB: the hints */
	size_t address_count;
	struct dns_name target; /* CNAME, HTTPS, SVCB */
	bool has_ech;		/* HTTPS, SVCB */
};

/*
 * The next record, of any section: while (!dns_has_ended(message, &cursor)) ...
 *
 * returns: DECODED: of a type and class decoded here; UNSUPPORTED: another, with its name and
 *          type; MALFORMED: it contradicts itself; NEED_MORE: the message is cut off in it.
 *          When the next record cannot be found because of it, the walk has ended.
 * source:  RFC 1035, RFC 3596 (AAAA), RFC 9460 (SVCB, HTTPS)
 */
enum decoded dns_answer_next(const struct dns_message *message, struct dns_cursor *cursor,
			     struct dns_answer *out);
bool dns_has_ended(const struct dns_message *message, const struct dns_cursor *cursor);

struct dns_naming {
	struct str name;  /* what was asked for: the start of the CNAME chain */
	struct str owner; /* the name the address record itself is of */
	struct address address;
	uint32_t ttl_s;
};

/*
 * Every address in the answers with the name that was asked for. When there is no question, as in
 * mDNS, the additional records count too. Views live during the call.
 * returns: how many were given to `take`
 */
size_t dns_names_of(const struct dns_message *message,
		    void (*take)(void *context, const struct dns_naming *naming), void *context);

#endif
