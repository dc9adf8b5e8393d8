/*
 * The fire drill: our pool and miner over real sockets, through real relays where the carrier has
 * proxies, hashing nothing, ending by themselves. It runs in a process of its own, which is killed
 * when it outlives its time, and touches no network but its own:
 *
 * - a namespace made for it, where nobody else sees it; needs CAP_SYS_ADMIN, or a kernel that lets
 *   anybody make namespaces;
 * - loopback of the namespace it is started in;
 * - a veth pair: the miner in a namespace made for it, the pool on the outer end, which a sensor in
 *   the starting namespace sees as an interface of its own. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN;
 * - two namespaces that are there already, joined by whoever made them. Needs CAP_SYS_ADMIN.
 *
 * The names the miner asks a proxy for are only said, never looked up or connected to.
 */
#ifndef DAVY_LAB_DRILL_H
#define DAVY_LAB_DRILL_H

#include "base/error.h"
#include "lab/carrier.h"
#include "lab/dialect.h"
#include "model/endpoint.h"

enum drill_network { DRILL_NAMESPACE, DRILL_LOOPBACK, DRILL_VETH, DRILL_BETWEEN };

enum { DRILL_LONGEST_S = 3600, DRILL_INTERFACE_MAX = 16 };

/* Where it runs: what an operator looks for in the findings. */
struct drill_place {
	enum drill_network network;
	struct endpoint miner,
		server; /* of the miner's connection: to the pool, or the first proxy */
	char interface[DRILL_INTERFACE_MAX]; /* the outer end of the veth pair; else "lo" */
};

struct drill_settings {
	struct lab_settings actor;
	struct lab_carrier carrier; /* is completed after the dialect */
	enum drill_network network;
	int miner_namespace, server_namespace; /* DRILL_BETWEEN: descriptors; the caller's */
	uint16_t port;	/* where the pool, or the first proxy, listens; 0: any free one */
	duration pause; /* before the miner connects: for a sensor to see the interface; 0: none */
	duration longest; /* of what follows the pause; 0: a minute; at most DRILL_LONGEST_S */
	/*
	 * Given addresses of this machine, IPv4, for drills through real proxies; a port 0 is one
	 * that is not given. miner: where the miner connects from (its port is not used); pool:
	 * where the pool listens, in place of `port`; proxy: a program of somebody else, which the
	 * miner connects to and asks for the pool as the carrier's only layer of a proxy says, or
	 * which leads there by itself (no layer of a proxy).
	 */
	struct endpoint miner, pool, proxy;
	/*
	 * Called in the calling process as soon as all listen, before the pause; the miner's port
	 * is not known yet. May be NULL.
	 */
	void (*on_start)(void *context, const struct drill_place *place);
	void *context;
};

struct drill_result {
	struct drill_place place;
	struct lab_outcome outcome;    /* the miner's; its state says how it ended */
	uint64_t bytes_up, bytes_down; /* of the miner's connection */
	duration took;
};

/*
 * Forks; call it from a process with one thread.
 *
 * returns: 0 with the result, also when the miner was refused or the time was over;
 *          else a negative errno with a sentence in `why`.
 */
must_check int drill_run(const struct drill_settings *settings, struct drill_result *result,
			 struct error *why);

#endif
