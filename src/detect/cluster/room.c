/* What is done in a Kubernetes cluster, by its audit log: doors, credentials, hidden workloads. */
#include <errno.h>
#include <stdlib.h>

#include "detect/cluster/memory.h"
#include "detect/cluster/reading.h"
#include "detect/cluster/tell.h"
#include "detect/record_detector.h"

static int create(const struct record_settings *settings, void **state)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return -ENOMEM;
	if (memory_init(memory, settings) < 0) {
		free(memory);
		return -ENOMEM;
	}
	*state = memory;
	return 0;
}

static void destroy(void *state)
{
	if (state)
		memory_fini(state);
	free(state);
}

static void observe(void *state, const struct record *seen)
{
	reading_take(state, seen);
}

static void report(void *state, instant now, struct arena *scratch, struct record_teller *teller)
{
	const struct telling telling = {state, scratch, teller};

	(void)now; /* nothing here grows old: what was done was done */
	memory_list(state);
	tell_open(&telling);
	tell_access(&telling);
	tell_workloads(&telling);
	tell_deeds(&telling);
}

const struct record_detector cluster_detector = {
	.name = "cluster",
	.summary = "Open doors, credentials taken and hidden workloads in a cluster's audit log",
	.wants = RECORD_WANTS(RECORD_KUBE_AUDIT),
	.create = create,
	.destroy = destroy,
	.observe = observe,
	.report = report,
};
