/* `davy scan --host`: this machine's processes, watched for a while by a worker without rights. */
#ifndef DAVY_PROGRAMS_SCAN_HOST_H
#define DAVY_PROGRAMS_SCAN_HOST_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "detect/authorised.h"
#include "programs/progress.h"
#include "sandbox/messages.h"

enum { SCAN_HOST_SECONDS = 30 }; /* at 5 % of one core a miner has shown itself by then */

struct scan_host_plan {
	struct channel *reader; /* takes SCAN_FINDING, SCAN_HOST and SCAN_UNCHECKED */
	uint32_t seconds;
	const struct authorised *authorised;
	int rules; /* descriptor of rule_files_share; -1: there are none */
	const volatile sig_atomic_t *was_interrupted;
};

/*
 * Watch, and pass on what the worker finds, unread.
 *
 * returns: false when the reader is gone
 */
bool scan_host(const struct scan_host_plan *plan);

#endif
