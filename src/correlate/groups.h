/*
 * Which legs belong together, and where the miner of each sits.
 *
 * Joined are legs with the same wallet, the same pool (its endpoint or its name), the same shares,
 * and the two sides of a mining proxy. Not joined by the endpoint alone: an address that a CDN
 * shares among many, and a server that forwards (SOCKS, CONNECT, or found to forward).
 *
 * The same share seen on two legs is one miner seen twice. Which of the two is nearer to it:
 * - the server of one is the client of the other: that host forwards, the first leg is the inner;
 * - both go to one server: an address translation lies between, the private client is the inner.
 * A process joins the flow that is its own connection, by addresses and ports of both ends: it is
 * the miner of that leg, told once, and not a second victim.
 *
 * A host that takes shares on one leg and sends others on is a mining proxy; so is one whose one
 * leg carries the shares of several.
 */
#ifndef DAVY_CORRELATE_GROUPS_H
#define DAVY_CORRELATE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "correlate/leg.h"

enum leg_role {
	LEG_ORIGIN,	       /* its client is the miner, as far as we see */
	LEG_FORWARDED,	       /* its client forwards for the miner of leg `inner` */
	LEG_TRANSLATED,	       /* its client address is a translation of that of leg `inner` */
	LEG_PROXY,	       /* its client is a mining proxy that serves others of the group */
	LEG_RELAY,	       /* the same, but whether it pools or forwards cannot be told */
	LEG_HIDDEN,	       /* its client forwards for somebody we do not see */
	LEG_TRANSLATED_ANYWAY, /* seen with the same shares under another address, inner unknown */
	LEG_PROCESS,	       /* a process of this machine that has an end of leg `inner` */
	LEG_SUSPECT	       /* joined, but proves nothing */
};

enum { GROUP_NONE = UINT32_MAX };

struct groups;

must_check int groups_new(uint32_t capacity, uint64_t seed, struct groups **out); /* 0 or -ENOMEM */
void groups_free(struct groups *groups); /* NULL is allowed */

/*
 * Work out the groups of these legs, which must be no more than capacity and be in order of time.
 * Legs below VERDICT_MINER are joined to a group that others make; alone they are in none.
 *
 * forwarders: hosts known to forward, sorted or not
 */
void groups_make(struct groups *groups, const struct leg *const *legs, uint32_t count,
		 const struct address *forwarders, size_t forwarder_count);

/* Of a leg, by its index: the index of its group's first leg, or GROUP_NONE. */
uint32_t groups_of(struct groups *groups, uint32_t leg);
enum leg_role groups_role(const struct groups *groups, uint32_t leg);
uint32_t groups_inner(const struct groups *groups, uint32_t leg); /* or GROUP_NONE */

#endif
