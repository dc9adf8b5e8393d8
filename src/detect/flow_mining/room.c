#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/flow_mining/finding.h"

/* The room; README.md says what it sees. */
struct room {
	struct flow_sessions *sessions;
	bool feeds;
	struct chain_rows up, down;
	struct judged *judged; /* those above innocent, in the order they are told */
	uint32_t *by_server;   /* their numbers, those with one server together */
	size_t judged_count, judged_most;
};

static void destroy(void *state)
{
	struct room *room = state;

	if (!room)
		return;
	flow_sessions_leave(room->sessions);
	free(room->judged);
	free(room->by_server);
	free(room);
}

static int create(const struct record_settings *settings, void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	if (!room)
		return -ENOMEM;
	int failed = flow_sessions_join(settings, &room->sessions, &room->feeds);
	if (!failed) {
		room->judged_most = flow_sessions_counters(room->sessions).series.capacity;
		room->judged = calloc(room->judged_most, sizeof(*room->judged));
		room->by_server = calloc(room->judged_most, sizeof(*room->by_server));
		failed = room->judged && room->by_server ? 0 : -ENOMEM;
	}
	if (failed) {
		destroy(room);
		return failed;
	}
	*state = room;
	return 0;
}

static void observe(void *state, const struct record *seen)
{
	struct room *room = state;

	if (room->feeds)
		flow_sessions_observe(room->sessions, seen);
}

static void judge(struct room *room, const struct chain *chain)
{
	struct judged judged = {.chain = *chain};

	if (chain->last_s - chain->first_s < LASTING_S || chain->opener == OPENER_OUTSIDE)
		return;
	chain_rows(chain, true, &room->up);
	chain_rows(chain, false, &room->down);
	if (!shape_measure(chain, &room->up, &room->down, &judged.shape))
		return;
	enum judgement by_shape = judge_shape(chain, &judged.shape, &judged.sum);
	if (by_shape == JUDGED_INNOCENT)
		return;
	judged.resolution = flow_sessions_resolve(room->sessions, chain->first);
	judged.judgement = judge_all(by_shape, judged.resolution.resolved, chain->is_sampled);
	room->judged[room->judged_count++] = judged;
}

static int compare_endpoints(const struct endpoint *a, const struct endpoint *b)
{
	int order = memcmp(&a->address, &b->address, sizeof(a->address));

	return order ? order : a->port - b->port;
}

static int compare_servers(const void *one, const void *other, void *context)
{
	const struct judged *judged = context;
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
	int order =
		compare_endpoints(&judged[a].chain.first->remote, &judged[b].chain.first->remote);

	/* Chains lie in the order of origin and local address, so that one host's are neighbours.
	 */
	return order ? order : (a > b) - (a < b);
}

static void count_hosts(struct room *room)
{
	for (size_t i = 0; i < room->judged_count; i++)
		room->by_server[i] = (uint32_t)i;
	qsort_r(room->by_server, room->judged_count, sizeof(*room->by_server), compare_servers,
		room->judged);
	for (size_t from = 0, to; from < room->judged_count; from = to) {
		const struct flow_session *first = room->judged[room->by_server[from]].chain.first;
		const struct flow_session *before = first;
		size_t hosts = 1;
		for (to = from + 1; to < room->judged_count; to++) {
			const struct flow_session *next =
				room->judged[room->by_server[to]].chain.first;
			if (compare_endpoints(&first->remote, &next->remote) != 0)
				break;
			hosts += !flow_session_same_host(before, next);
			before = next;
		}
		for (size_t i = from; i < to; i++)
			room->judged[room->by_server[i]].hosts = hosts;
	}
}

static void report(void *state, instant now, struct arena *scratch, struct record_teller *teller)
{
	struct room *room = state;
	const struct flow_session *sessions;
	size_t count = flow_sessions_collect(room->sessions, &sessions);

	(void)now;
	room->judged_count = 0;
	for (size_t i = 0; i < count;) {
		const struct chain chain = chain_at(&sessions[i], count - i);
		judge(room, &chain);
		i += chain.connections;
	}
	count_hosts(room);
	for (size_t i = 0; i < room->judged_count; i++) {
		arena_reset(scratch);
		judged_tell(&room->judged[i], scratch, teller);
	}
}

extern const struct record_detector flow_mining_detector;
const struct record_detector flow_mining_detector = {
	.name = "flow_mining",
	.summary = "Connections of a mining session's shape, in flow logs",
	.wants = RECORD_WANTS(RECORD_FLOW) | RECORD_WANTS(RECORD_LOOKUP),
	.create = create,
	.destroy = destroy,
	.observe = observe,
	.report = report,
};
