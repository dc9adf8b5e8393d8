/*
 * The way of all dialects that descend from slush's Stratum: subscribe, authorize, then
 * mining.notify and mining.submit. Each dialect is a flavour: what stands inside the messages.
 */
#ifndef DAVY_LAB_SUBSCRIBED_H
#define DAVY_LAB_SUBSCRIBED_H

#include "lab/actor.h"

struct lab_subscribed_flavour {
	/* miner */
	void (*configure)(struct lab_actor *a); /* before subscribing; may be NULL */
	void (*subscribe)(struct lab_actor *a); /* sets a->subscribe_id */
	void (*take_subscription)(struct lab_actor *a, struct json_value result);
	void (*take_job)(struct lab_actor *a, struct json_value params);
	void (*share)(struct lab_actor *a); /* with a->share_id */
	bool joins_authorize;		    /* sent in one write with the subscription */
	/* pool */
	void (*answer_subscribe)(struct lab_actor *a, const char *id, struct json_value params);
	void (*announce)(struct lab_actor *a); /* difficulty, target; after the login */
	void (*notify)(struct lab_actor *a);
	const char *rejection; /* the error of a refused share */
	const char *rpc;       /* what stands before each message's other members, or "" */
};

extern const struct lab_role lab_subscribed_miner, lab_subscribed_pool;

#endif
