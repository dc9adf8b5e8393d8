/*
 * Which names an address was called by: DNS answers, TLS SNI and HTTP Host as they passed by.
 * Nothing is ever asked. Bounded; the oldest addresses are forgotten first.
 *
 * An answer of DNS is believed only when its question was seen before it: anybody can send an
 * answer, and whoever could name addresses at will could have an innocent server taken for a pool,
 * or a pool for something innocent. So in a capture that begins in the midst, or shows one
 * direction only, the first connections have no name from DNS; they have the one they say
 * themselves (SNI, Host, the target of a proxy), no finding rests on a name alone, and from the
 * next question on all is as ever. Announcements that nobody asks for (mDNS) and answers that come
 * from elsewhere than where the question went (LLMNR) name nothing, for the same reason.
 */
#ifndef DAVY_DECODE_FLOW_NAMES_H
#define DAVY_DECODE_FLOW_NAMES_H

#include "base/table.h"
#include "model/endpoint.h"

enum {
	NAMES_PER_ADDRESS = 4,
	NAME_LEN_MAX = 100,
	QUESTION_LIVES_S = 30, /* resolvers give up well before */
};

struct names;

must_check int names_new(uint32_t capacity, uint64_t seed, struct names **out);
void names_free(struct names *names);
/* Not for loopback and 0.0.0.0: any program may be there, and blocking resolvers answer with them.
 */
void names_learn(struct names *names, const struct address *address, struct str name, instant now);
/* Up to `most` names of an address, last heard first; views live until the next names_learn. */
size_t names_find(struct names *names, const struct address *address, struct str *out, size_t most);
/*
 * A DNS message on its way. A question is remembered for QUESTION_LIVES_S; of the answer to one
 * (same id, same question, the ends exchanged) every address is learned with the name asked for.
 */
void names_take_dns(struct names *names, const struct endpoint *from, const struct endpoint *to,
		    struct str message, instant now);
uint64_t names_unasked(const struct names *names); /* answers passed over */
struct table_counters names_counters(const struct names *names);

#endif
