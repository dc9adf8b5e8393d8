/* Mining sessions: a miner and a pool speaking any of the known dialects, in any carrier. */
#include "detect/mining_session/report.h"

static enum detector_news observe(void *state, const struct observation *seen)
{
	return session_observe(state, seen);
}

static bool report(const void *state, const struct detector_context *context, struct finding *out)
{
	return session_report(state, context, out);
}

extern const struct detector mining_session_detector;
const struct detector mining_session_detector = {
	.name = "mining_session",
	.summary = "A miner and a pool speaking a known mining dialect",
	.technique = "T1496.001",
	.wants = OBSERVE_MINING | OBSERVE_NOISE_SHAPE | OBSERVE_ACKNOWLEDGED,
	.state_size = sizeof(struct session),
	.observe = observe,
	.report = report,
};
