#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "detect/co_movement/finding.h"

/* The room; README.md says what it sees. */
struct candidate {
	uint64_t rank;
	const struct flow_session *session;
};

struct room {
	struct flow_sessions *sessions;
	bool feeds;
	struct candidate *candidates;
	struct movement *movements;
	uint32_t group[MOVEMENTS_MAX], members[MOVEMENTS_MAX];
};

static void destroy(void *state)
{
	struct room *room = state;

	if (!room)
		return;
	flow_sessions_leave(room->sessions);
	free(room->candidates);
	free(room->movements);
	free(room);
}

static int create(const struct record_settings *settings, void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	if (!room)
		return -ENOMEM;
	int failed = flow_sessions_join(settings, &room->sessions, &room->feeds);
	if (!failed) {
		size_t most = flow_sessions_counters(room->sessions).series.capacity;
		room->candidates = calloc(most, sizeof(*room->candidates));
		room->movements = calloc(MOVEMENTS_MAX, sizeof(*room->movements));
		failed = room->candidates && room->movements ? 0 : -ENOMEM;
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

/* Who is looked at where there are too many: the same in every run, and nobody's choice. */
static uint64_t rank_of(const struct flow_session *session)
{
	uint64_t hash =
		hash_bytes(&session->local.address, sizeof(struct address), session->local.port);

	return hash_bytes(&session->remote.address, sizeof(struct address),
			  hash ^ session->remote.port);
}

static int compare_rank(const void *one, const void *other)
{
	const struct candidate *a = one, *b = other;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return (a->session > b->session) - (a->session < b->session);
}

static int compare_place(const void *one, const void *other)
{
	const struct candidate *a = one, *b = other;

	return (a->session > b->session) - (a->session < b->session);
}

/* Movements of at most MOVEMENTS_MAX sessions, in the order of flow_sessions_collect. */
static size_t measure(struct room *room)
{
	const struct flow_session *sessions;
	size_t count = flow_sessions_collect(room->sessions, &sessions), held = 0, measured = 0;

	for (size_t i = 0; i < count; i++)
		if (movement_measure(&sessions[i], &room->movements[0]))
			room->candidates[held++] =
				(struct candidate){rank_of(&sessions[i]), &sessions[i]};
	if (held > MOVEMENTS_MAX) {
		qsort(room->candidates, held, sizeof(*room->candidates), compare_rank);
		held = MOVEMENTS_MAX;
		qsort(room->candidates, held, sizeof(*room->candidates), compare_place);
	}
	for (size_t i = 0; i < held; i++)
		measured +=
			movement_measure(room->candidates[i].session, &room->movements[measured]);
	return measured;
}

/* Members come in the order of origin and local address: one host's are neighbours. */
static void count_ends(struct moving_group *group)
{
	group->hosts = group->servers = 0;
	for (size_t i = 0; i < group->count; i++) {
		const struct flow_session *session = group->movements[group->members[i]].session;
		bool is_known = false;
		group->hosts +=
			i == 0 || !flow_session_same_host(
					  group->movements[group->members[i - 1]].session, session);
		for (size_t k = 0; k < i && !is_known; k++)
			is_known = address_equal(
				&group->movements[group->members[k]].session->remote.address,
				&session->remote.address);
		group->servers += !is_known;
	}
}

/* Over pairs of near members: a great group has too many for all. */
static void average(struct moving_group *group)
{
	enum { NEAR = 16 };
	double heard = 0, said = 0;
	size_t pairs = 0;
	struct pair pair;

	group->steps = MOVEMENT_STEPS_MAX;
	for (size_t i = 0; i < group->count; i++) {
		for (size_t k = i + 1; k < group->count && k <= i + NEAR; k++) {
			if (!pair_correlate(&group->movements[group->members[i]],
					    &group->movements[group->members[k]], &pair))
				continue;
			heard += pair.heard;
			said += pair.said;
			pairs++;
			if (pair.steps < group->steps)
				group->steps = pair.steps;
		}
	}
	group->heard = pairs ? heard / (double)pairs : 0;
	group->said = pairs ? said / (double)pairs : 0;
}

static double median_message(const struct moving_group *group)
{
	double sorted[MOVEMENTS_MAX];

	for (size_t i = 0; i < group->count; i++) {
		double message = group->movements[group->members[i]].message;
		size_t at = i;
		for (; at > 0 && sorted[at - 1] > message; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = message;
	}
	return group->count ? sorted[group->count / 2] : 0;
}

static void report(void *state, instant now, struct arena *scratch, struct record_teller *teller)
{
	struct room *room = state;
	size_t count = measure(room);

	(void)now;
	pairs_group(room->movements, count, room->group);
	for (uint32_t head = 0; head < count; head++) {
		struct moving_group group = {.movements = room->movements,
					     .members = room->members};
		for (uint32_t i = head; room->group[head] == head && i < count; i++)
			if (room->group[i] == head)
				room->members[group.count++] = i;
		count_ends(&group);
		if (group.hosts < GROUP_HOSTS_LEAST)
			continue;
		average(&group);
		group.message = median_message(&group);
		arena_reset(scratch);
		group_tell(&group, scratch, teller);
	}
}

extern const struct record_detector co_movement_detector;
const struct record_detector co_movement_detector = {
	.name = "co_movement",
	.summary = "Hosts that hear the same broadcast from outside, in flow logs",
	.wants = RECORD_WANTS(RECORD_FLOW) | RECORD_WANTS(RECORD_LOOKUP),
	.create = create,
	.destroy = destroy,
	.observe = observe,
	.report = report,
};
