/*
 * An act that asks for computing, over all services of a provider: how much of what, so that a
 * ledger can be kept that a miner cannot get round by taking another service.
 *
 * Also what goes before: templates and task definitions (which say what something is made of, while
 * another act says how many), quotas that are read or raised, and machines kept from being ended.
 */
#ifndef DAVY_DETECT_COMPUTING_H
#define DAVY_DETECT_COMPUTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "model/record.h"

enum computing_kind {
	COMPUTING_NONE,
	COMPUTING_CREATE, /* each such act adds `count` machines */
	COMPUTING_LEVEL,  /* something named has `count` machines from now on */
	COMPUTING_SHAPE,  /* only what something named is made of */
	COMPUTING_QUOTA_READ,
	COMPUTING_QUOTA_RAISE,
	COMPUTING_PROTECT, /* a machine is kept from being ended */
};

enum {
	COMPUTING_NODES = 2048,
	COMPUTING_TEXT = 2048,
	COMPUTING_INNER = 32768,
	COMPUTING_NAMES = 2
};

/* For requests that are JSON inside a text, and for texts with escapes. */
struct computing_scratch {
	struct json inner;
	struct json_node nodes[COMPUTING_NODES];
	char inner_text[COMPUTING_INNER];
	bool has_inner;
	char text[COMPUTING_TEXT];
	size_t used;
};

struct computing_act {
	enum computing_kind kind;
	const char *service;   /* "EC2", "Auto Scaling": as people say it */
	struct str type;       /* "p3.16xlarge"; empty: not told here */
	uint64_t count;	       /* machines, tasks, jobs; at most COMPUTING_COUNT_MAX */
	double vcpu, gpu;      /* of each, where the act says it; below 0: it does not */
	const char *name_kind; /* what `names` are names of; NULL: nothing has a name */
	struct str
		names[COMPUTING_NAMES]; /* of the group, template, thing; the second may be an id */
	struct str made_of[COMPUTING_NAMES]; /* template that says the rest; same kind of names */
	const char *made_of_kind;
	bool protects;	       /* they cannot be ended by an ordinary call */
	struct str quota_code; /* of the quota kinds */
	double quota;	       /* its value, asked for or answered; below 0: not told */
};

enum { COMPUTING_COUNT_MAX = 10000000 };

/* False: an act that has nothing to do with it. Views into the record, the scratch or literals. */
bool computing_read(const struct record_act *act, struct computing_scratch *scratch,
		    struct computing_act *out);

#endif
