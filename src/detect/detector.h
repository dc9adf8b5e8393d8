/*
 * A detector: observations and a state per flow in, findings out. No I/O, no clock, no allocation.
 *
 * The engine owns the state (state_size zeroed bytes for each flow that sent something wanted) and
 * decides when to ask for a report: at the end in a scan, at once after a change in a live sensor.
 */
#ifndef DAVY_DETECT_DETECTOR_H
#define DAVY_DETECT_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "lists/pool_list.h"
#include "model/finding.h"
#include "model/observation.h"

enum detector_news {
	NEWS_NONE,
	NEWS_DETAIL, /* worth a new revision some time */
	NEWS_URGENT, /* the verdict or the state changed: report now */
};

/* What a report may draw on besides the state. */
struct detector_context {
	struct arena *scratch;	       /* for texts */
	const struct pool_list *pools; /* NULL: no lists */
};

struct detector {
	const char *name;
	const char *summary;
	const char *technique; /* MITRE ATT&CK */
	uint32_t wants;	       /* enum observation_kind */
	size_t state_size;
	enum detector_news (*observe)(void *state, const struct observation *seen);
	/*
	 * Tell what is known; the engine fills in id, revision and detector.
	 * returns false when there is nothing to accuse anybody of.
	 */
	bool (*report)(const void *state, const struct detector_context *context,
		       struct finding *out);
};

#endif
