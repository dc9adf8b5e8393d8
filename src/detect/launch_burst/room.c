#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/launch_burst/report.h"
#include "detect/record_detector.h"

struct state {
	struct ledger *ledger;
	struct computing_prices *own_prices; /* the built-in table; NULL: the user's is used */
	const struct computing_prices *prices;
};

static void destroy(void *of)
{
	struct state *state = of;

	if (!state)
		return;
	ledger_free(state->ledger);
	computing_prices_free(state->own_prices);
	free(state);
}

static int create(const struct record_settings *settings, void **out)
{
	struct state *state = calloc(1, sizeof(*state));
	int r = state ? 0 : -ENOMEM;

	if (r == 0 && !settings->prices)
		r = computing_prices_built_in(&state->own_prices);
	if (r == 0) {
		state->prices = settings->prices ? settings->prices : state->own_prices;
		r = ledger_new(settings, state->prices, &state->ledger);
	}
	if (r < 0)
		destroy(state);
	else
		*out = state;
	return r;
}

static void observe(void *of, const struct record *seen)
{
	struct state *state = of;

	ledger_take(state->ledger, seen);
}

static void report(void *of, instant now, struct arena *scratch, struct record_teller *teller)
{
	struct state *state = of;
	size_t count;
	struct ledger_line **lines = ledger_sorted(state->ledger, &count);

	for (size_t from = 0, to; from < count; from = to) {
		struct identity *identity = identities_find_key(ledger_identities(state->ledger),
								lines[from]->identity);
		to = from + 1;
		while (to < count && memcmp(lines[to]->identity, lines[from]->identity,
					    sizeof(lines[from]->identity)) == 0)
			to++;
		if (!identity)
			continue; /* it was dropped: its lines say nothing without a name */
		struct burst burst;
		burst_judge(identity, &lines[from], to - from, ledger_begins(state->ledger),
			    &burst);
		burst_report(&burst, state->ledger, state->prices, now, scratch, teller);
	}
}

#define ACTS                                                                     \
	(RECORD_WANTS(RECORD_CLOUDTRAIL) | RECORD_WANTS(RECORD_AZURE_ACTIVITY) | \
	 RECORD_WANTS(RECORD_GCP_AUDIT))

const struct record_detector launch_burst_detector = {
	.name = "launch_burst",
	.summary = "More computing created by an identity than it ever did, over all services",
	.wants = ACTS,
	.create = create,
	.destroy = destroy,
	.observe = observe,
	.report = report,
};
