#include "detect/flow_mining/chain.h"

#include <string.h>

enum {
	/* A window of 600 s tells the last packet's time, but not always: it may be lost. */
	NEXT_WITHIN_S = 660,
	OVERLAP_S = 60,
};

static bool follows(const struct chain *chain, const struct flow_session *next)
{
	return flow_session_same_ends(chain->first, next) &&
	       (uint64_t)next->first_s + OVERLAP_S >= chain->last_s &&
	       next->first_s <= (uint64_t)chain->last_s + NEXT_WITHIN_S;
}

static void add(struct chain *chain, const struct flow_session *session)
{
	chain->connections++;
	chain->last_s = session->last_s > chain->last_s ? session->last_s : chain->last_s;
	chain->is_sampled |= session->is_sampled;
	if (chain->opener == OPENER_UNKNOWN || session->opener == OPENER_OUTSIDE)
		chain->opener = session->opener;
}

struct chain chain_at(const struct flow_session *sessions, size_t count)
{
	struct chain chain = {.first = sessions, .first_s = sessions->first_s};

	add(&chain, sessions);
	while (chain.connections < count && follows(&chain, &sessions[chain.connections]))
		add(&chain, &sessions[chain.connections]);
	return chain;
}

void chain_rows(const struct chain *chain, bool is_up, struct chain_rows *out)
{
	size_t left = CHAIN_ROWS_MAX;

	/* From the end, so that what does not fit is the oldest; then to the front. */
	for (size_t i = chain->connections; i-- > 0;) {
		const struct flow_session *session = &chain->first[i];
		for (unsigned r = session->series->count; r-- > 0 && left > 0;) {
			const struct flow_row *row = flow_series_at(session->series, r);
			if (row->packets == 0 || flow_row_is_up(session, row) != is_up)
				continue;
			out->at[--left] = *row;
			if (row->start_s < session->first_s + SETTLING_S)
				out->at[left].flags |= ROW_SETTLING;
		}
	}
	out->count = CHAIN_ROWS_MAX - left;
	memmove(out->at, out->at + left, out->count * sizeof(*out->at));
}
