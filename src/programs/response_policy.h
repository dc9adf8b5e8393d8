/*
 * What `davy watch` does about findings by itself, and about which. Pure: who decides (the core)
 * and who acts (the responder) ask the same question here.
 */
#ifndef DAVY_PROGRAMS_RESPONSE_POLICY_H
#define DAVY_PROGRAMS_RESPONSE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/instant.h"
#include "model/finding.h"

enum { POLICY_GROUPS_MAX = 16, POLICY_GROUP_LEN = 256, POLICY_WAITING_MAX = 64 };

/* A plain value: it is sent between processes. */
struct response_policy {
	bool protects, freezes_suspects;
	bool is_dry; /* says what it would do */
	uint8_t confidence_percent;
	uint32_t thaw_after_s, again_per_minute;
	uint32_t group_count; /* 0: the whole machine */
	char groups[POLICY_GROUPS_MAX][POLICY_GROUP_LEN];
};

enum policy_act {
	POLICY_NOTHING,
	POLICY_STOP,  /* evidence, freeze, block; until it is undone */
	POLICY_PAUSE, /* a suspect: freeze, for a while */
	POLICY_LOOK,  /* of no finding: what is in effect from before may be due */
};

struct policy_request {
	char finding[FINDING_ID_LEN]; /* zeros with POLICY_LOOK */
	uint32_t act;		      /* enum policy_act */
};

/* False with a sentence: it is no control group that could be meant, or there are too many. */
must_check bool response_policy_add_group(struct response_policy *policy, struct str text,
					  struct error *why);
/* One text of respond.only_cgroups. */
must_check bool response_policy_group(struct str text, struct error *why);

/*
 * What is to be done about a finding of this machine's processes.
 *
 * Only about processes: a flow that was seen may have been forged (SECURITY.md).
 */
enum policy_act response_policy_judge(const struct response_policy *policy,
				      const struct finding *finding);

/* Findings that are to be acted upon once they are stored: each once, the graver act wins. */
struct policy_waiting {
	struct policy_request at[POLICY_WAITING_MAX];
	size_t count;
	uint64_t lost; /* there were more; they are told again within a minute */
};
void policy_wait(struct policy_waiting *waiting, const struct response_policy *policy,
		 const struct finding *finding);

/* How often something happened within a minute. Zeroed: never. */
struct policy_pace {
	instant begun;
	uint32_t count;
};
/* True, and counted, when it may happen once more. */
must_check bool policy_pace_take(struct policy_pace *pace, uint32_t per_minute, instant now);

#endif
