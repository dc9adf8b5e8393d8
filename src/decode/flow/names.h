/*
 * Which names an address was called by: DNS answers, TLS SNI and HTTP Host as they passed by.
 * Nothing is ever asked. Bounded; the oldest addresses are forgotten first.
 */
#ifndef DAVY_DECODE_FLOW_NAMES_H
#define DAVY_DECODE_FLOW_NAMES_H

#include "base/table.h"
#include "model/endpoint.h"

enum { NAMES_PER_ADDRESS = 4, NAME_LEN_MAX = 100 };

struct names;

must_check int names_new(uint32_t capacity, uint64_t seed, struct names **out);
void names_free(struct names *names);
/* Not for loopback and 0.0.0.0: any program may be there, and blocking resolvers answer with them.
 */
void names_learn(struct names *names, const struct address *address, struct str name, instant now);
/* Up to `most` names of an address, newest first; views live until the next names_learn. */
size_t names_find(struct names *names, const struct address *address, struct str *out, size_t most);
/* From a DNS message: every address in it with the name that was asked for. */
void names_learn_dns(struct names *names, struct str message, instant now);
struct table_counters names_counters(const struct names *names);

#endif
