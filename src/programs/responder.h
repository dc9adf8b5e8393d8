/*
 * The part of `davy watch` that carries out its policy: a process of its own beside the supervisor,
 * which must not wait for anything. It has root's rights and takes the very steps of `davy
 * respond`, through the same guards and the same journal. Started at once when the policy protects,
 * else as soon as there is something from before to be taken back.
 */
#ifndef DAVY_PROGRAMS_RESPONDER_H
#define DAVY_PROGRAMS_RESPONDER_H

#include "programs/respond_case.h"
#include "programs/response_policy.h"

#define RESPONDER_ROLE "responder"

/* Its settings, at its start and as WATCH_POLICY. */
struct responder_start {
	struct response_settings settings;
	struct response_policy policy;
};

int responder_worker(void);

#endif
