/* The network a drill runs in. Private to src/lab. */
#ifndef DAVY_LAB_DRILL_NETWORK_H
#define DAVY_LAB_DRILL_NETWORK_H

#include "lab/drill.h"

struct drill_ground {
	enum drill_network network;
	int miner_namespace, server_namespace; /* descriptors; -1: the one we are in */
	uint32_t server_address;	       /* host order; where the servers listen */
	char interface[DRILL_INTERFACE_MAX];
};

/*
 * Makes the network, in a process that will end with the drill: its namespaces change.
 *
 * returns: 0; a negative errno with a sentence in `why`
 */
must_check int drill_ground_make(const struct drill_settings *settings, struct drill_ground *out,
				 struct error *why);
/* Moves this process to where the miner's, or the servers', sockets are made. */
must_check int drill_ground_enter(const struct drill_ground *ground, enum lab_side side);

#endif
