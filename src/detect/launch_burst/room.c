#include <string.h>

#include "detect/launch_burst/report.h"
#include "detect/record_detector.h"

static int create(const struct record_settings *settings, void **state)
{
	struct ledger *ledger = NULL;
	int r = ledger_new(settings, &ledger);

	if (r == 0)
		*state = ledger;
	return r;
}

static void destroy(void *state)
{
	ledger_free(state);
}

static void observe(void *state, const struct record *seen)
{
	ledger_take(state, seen);
}

static void report(void *state, instant now, struct arena *scratch, struct record_teller *teller)
{
	struct ledger *ledger = state;
	size_t count;
	struct ledger_line **lines = ledger_sorted(ledger, &count);

	for (size_t from = 0, to; from < count; from = to) {
		struct identity *identity =
			identities_find_key(ledger_identities(ledger), lines[from]->identity);
		to = from + 1;
		while (to < count && memcmp(lines[to]->identity, lines[from]->identity,
					    sizeof(lines[from]->identity)) == 0)
			to++;
		if (!identity)
			continue; /* it was dropped: its lines say nothing without a name */
		struct burst burst;
		burst_judge(identity, &lines[from], to - from, ledger_begins(ledger), &burst);
		burst_report(&burst, ledger, now, scratch, teller);
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
