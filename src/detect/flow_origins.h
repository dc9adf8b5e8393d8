/*
 * Whose windows they are: the interface, instance or pod that a flow log names in each row, kept
 * once and known by a small number, which is part of a session's key.
 *
 * Nobody is ever evicted, for sessions hold the numbers. Who comes when all are taken is number 0,
 * which has no names: its sessions are still stitched by their endpoints.
 */
#ifndef DAVY_DETECT_FLOW_ORIGINS_H
#define DAVY_DETECT_FLOW_ORIGINS_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"
#include "model/record.h"

enum flow_origin_text {
	ORIGIN_ACCOUNT,
	ORIGIN_INTERFACE,
	ORIGIN_INSTANCE,
	ORIGIN_POD,
	ORIGIN_SUBNET,
	ORIGIN_NETWORK,
	ORIGIN_REGION,
	ORIGIN_TEXTS
};

enum { ORIGIN_TEXT_MAX = 200, ORIGINS_MAX = 16384 };

struct flow_origin {
	uint64_t key;
	uint32_t number;
	enum record_provider provider;
	uint32_t first_s; /* the earliest window of any of its sessions, since 1970 */
	uint8_t len[ORIGIN_TEXTS];
	char text[ORIGIN_TEXTS][ORIGIN_TEXT_MAX];
};

struct flow_origins;

must_check int flow_origins_new(uint64_t seed, struct flow_origins **out); /* 0, -ENOMEM */
void flow_origins_free(struct flow_origins *origins);

/*
 * The number of whose window this is.
 *
 * start_s: of the window, since 1970
 * What rows of one interface say differently (a field that only some have) is joined so that their
 * order plays no part: of two texts the greater is kept.
 */
uint32_t flow_origins_number(struct flow_origins *origins, const struct record_flow *flow,
			     uint32_t start_s);
const struct flow_origin *flow_origins_at(const struct flow_origins *origins, uint32_t number);
struct str flow_origin_text(const struct flow_origin *origin, enum flow_origin_text which);
/* By account, interface, instance, pod: the same in every run, as numbers are not. */
int flow_origin_compare(const struct flow_origin *a, const struct flow_origin *b);

#endif
