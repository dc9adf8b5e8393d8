/*
 * `davy watch` in its processes (ARCHITECTURE.md has the picture):
 *
 *     supervisor   the rights: capture sockets, BPF; parses nothing foreign
 *     sensor       one for four cores: parses packets, finds; no rights
 *     core         correlates, stores, alerts, decides; no rights but the store's folder
 *     responder    stops what the core decides on; root's rights (programs/responder.h)
 *
 * Sensors' findings pass through the supervisor to the core as opaque bytes.
 */
#ifndef DAVY_PROGRAMS_WATCH_H
#define DAVY_PROGRAMS_WATCH_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "decode/flow/tunnel_ends.h"
#include "programs/response_policy.h"
#include "programs/watch_alerts.h"
#include "sandbox/messages.h"
#include "source/live/cutoff_map.h"

#define SENSOR_ROLE "sensor"
#define CORE_ROLE   "core"

enum watch_message {
	WATCH_RING = MESSAGE_FIRST_FREE, /* to a sensor: struct tap_notice with a descriptor */
	WATCH_RING_GONE,		 /* to a sensor: struct tap_notice */
	WATCH_CUT,	/* from a sensor that may not write the map: struct cutoff_key */
	WATCH_FORGET,	/* the same, to be passed whole again */
	WATCH_FINDING,	/* from a sensor, on to the core: a line of JSON */
	WATCH_COUNTERS, /* to the core: lines "source\tname\tvalue" */
	WATCH_SOURCES,	/* to the core, also from the responder: lines "name\t0|1|gone\twhy" */
	WATCH_TUNING,	/* to a sensor: struct sensor_tuning with the lists' descriptor */
	WATCH_SETTINGS, /* to the core: struct core_start */
	WATCH_FLUSH,   /* to either: report and store what there is, then leave; a byte: for good */
	WATCH_FLUSHED, /* the answer */
	WATCH_READY,   /* from the core: the store is open */
	WATCH_FINDING_HERE, /* to the core: a finding of this machine's own processes */
	WATCH_RESPOND,	    /* from the core, on to the responder: struct policy_request */
	WATCH_POLICY,	    /* to the responder: struct responder_start */
	WATCH_BEAT,	    /* from the responder, each quarter of a minute: it lives */
	WATCH_UNFIT,	    /* from the core: a sentence why it cannot begin; it leaves */
};

struct sensor_start {
	uint64_t memory_bytes;
	uint32_t health_every_s;
	uint32_t number;
	struct cutoff_settings cutoff;
	struct mirrors mirrors;
	uint8_t has_map; /* of the descriptors, the first is the cut-off map; the last the lists */
	uint8_t has_cutoff;
};

/* What may change while it runs. */
struct sensor_tuning {
	uint32_t health_every_s;
};

struct core_start {
	char store_path[PATH_MAX];
	uint64_t keep_s, max_findings, max_bytes;
	uint8_t has_authorised; /* miners that are wanted: their flows wait for their process */
	struct alert_settings alerts;
	struct response_policy policy;
};

int sensor_worker(void);
int core_worker(void);

#endif
