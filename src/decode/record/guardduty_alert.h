/*
 * What GuardDuty says beside the act that guardduty.c decodes: how grave it finds it, how often and
 * until when, whether somebody has put it aside or it is only a sample, and which side of a
 * connection is whose.
 *
 * source: Amazon GuardDuty user guide, "GuardDuty finding format", "Finding details"
 */
#ifndef DAVY_DECODE_RECORD_GUARDDUTY_ALERT_H
#define DAVY_DECODE_RECORD_GUARDDUTY_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/instant.h"
#include "base/json.h"
#include "base/str.h"

enum { GUARDDUTY_LOCAL_MAX = 4 };

struct guardduty_alert {
	struct str title, detector;
	double severity; /* 1 to 10, as GuardDuty has it; 0: not told */
	uint64_t count;	 /* of what it saw; at least 1 */
	instant last, updated;
	bool is_sample;	  /* made by CreateSampleFindings or the console: of nobody */
	bool is_archived; /* put aside by somebody, or by a suppression rule */
	/* The other side: who acts (a call of an API, a connection that came in), or a server that
	 * a machine of the account speaks with. */
	struct str remote, domain;
	bool remote_acts;
	struct str local[GUARDDUTY_LOCAL_MAX]; /* addresses of the account's machine */
	size_t local_count;
	struct str interface, cluster, namespace, process;
};

/* whole: of a record of RECORD_GUARDDUTY. Texts are views into it, or copies in scratch. */
void guardduty_alert_read(struct json_value whole, struct arena *scratch,
			  struct guardduty_alert *out);

#endif
