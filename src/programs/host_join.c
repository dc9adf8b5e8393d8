#include "programs/host_join.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "model/finding_json.h"
#include "model/line.h"
#include "source/host/iterators.h"

enum {
	WANTED_MAX = 64,
	LIST_EVERY_S = 3,
	LIST_LATE_S = 10, /* the answer was lost: ask again */
	ASK_AGAIN_S = 60, /* for one that no process of ours had */
	NEXT_MAX = 64,
};

/* A session of the network whose process is looked for. */
struct wanted {
	bool is_used, is_answered;
	instant at; /* of the answer */
	struct endpoint client, server;
	double confidence;
	char id[FINDING_ID_LEN];
	char title[SESSION_TITLE_MAX];
	size_t title_len;
};

struct host_join {
	struct owners *owners;
	struct arena arena;
	struct wanted wanted[WANTED_MAX];
	size_t wanted_next; /* the oldest of them */
	bool is_asked;
	instant asked, listed;
	struct process_key next[NEXT_MAX];
	size_t next_count;
};

int host_join_new(uint64_t seed, struct host_join **out)
{
	struct host_join *join = calloc(1, sizeof(*join));

	if (!join || owners_new(seed, &join->owners) < 0 ||
	    arena_init(&join->arena, LINE_ARENA_BYTES) < 0) {
		host_join_free(join);
		return -ENOMEM;
	}
	*out = join;
	return 0;
}

void host_join_free(struct host_join *join)
{
	if (!join)
		return;
	owners_free(join->owners);
	arena_fini(&join->arena);
	free(join);
}

struct owners *host_join_owners(struct host_join *join)
{
	return join->owners;
}

void host_join_event(struct host_join *join, const struct process_event *event)
{
	if (event->kind != PROCESS_EVENT_TCP)
		return;
	if (event->new_state == TCP_SYN_SENT && event->key.pid != 0)
		owners_asked(join->owners, event->socket_cookie, &event->key, event->at);
	else if (event->new_state == TCP_ESTABLISHED)
		owners_opened(join->owners, event->socket_cookie, &event->socket.local,
			      &event->socket.remote, event->at);
	else if (event->new_state == TCP_CLOSE)
		owners_closed(join->owners, event->socket_cookie);
}

/* -- from a session to its process -- */

/* Each once; when they are many, the first come first. */
static void look_at(struct host_join *join, const struct process_key *process)
{
	for (size_t i = 0; i < join->next_count; i++)
		if (join->next[i].pid == process->pid)
			return;
	if (join->next_count < NEXT_MAX)
		join->next[join->next_count++] = *process;
}

static bool claim(struct host_join *join, const struct wanted *wanted, bool serves, instant now)
{
	const struct workload_session session = {
		.local = serves ? wanted->server : wanted->client,
		.remote = serves ? wanted->client : wanted->server,
		.title = str_of(wanted->title, wanted->title_len),
		.finding = str_of(wanted->id, FINDING_ID_LEN),
		.confidence = wanted->confidence,
		.serves = serves,
	};
	struct process_key process;

	if (!owners_find(join->owners, &session.local, &session.remote, &process))
		return false;
	if (owners_claim(join->owners, &process, &session, now))
		look_at(join, &process);
	return true;
}

static bool wanted_of(const struct finding *finding, struct wanted *out)
{
	const struct facts *keys = &finding->subject.keys;
	struct str title = str_sub(finding->title, 0, SESSION_TITLE_MAX);

	*out = (struct wanted){.is_used = true, .confidence = finding->confidence};
	if (finding->verdict != VERDICT_MINING || finding->id.len != FINDING_ID_LEN ||
	    !str_equal(finding->subject.type, STR("flow")) ||
	    !endpoint_parse(facts_text(keys, STR("client")), &out->client) ||
	    !endpoint_parse(facts_text(keys, STR("server")), &out->server))
		return false;
	memcpy(out->id, finding->id.at, FINDING_ID_LEN);
	if (title.len > 0)
		memcpy(out->title, title.at, title.len);
	out->title_len = title.len;
	return true;
}

static struct wanted *find_wanted(struct host_join *join, const char id[FINDING_ID_LEN])
{
	for (size_t i = 0; i < WANTED_MAX; i++)
		if (join->wanted[i].is_used && memcmp(join->wanted[i].id, id, FINDING_ID_LEN) == 0)
			return &join->wanted[i];
	return NULL;
}

static void want(struct host_join *join, const struct wanted *wanted, instant now)
{
	struct wanted *known = find_wanted(join, wanted->id);

	if (known && known->is_answered &&
	    instant_since(now, known->at).ns < DURATION_S(ASK_AGAIN_S).ns)
		return;
	if (!known) {
		known = &join->wanted[join->wanted_next];
		join->wanted_next = (join->wanted_next + 1) % WANTED_MAX;
	}
	*known = *wanted;
}

void host_join_hear(struct host_join *join, struct str json, instant now)
{
	struct finding finding;
	struct wanted wanted;
	struct error why;

	arena_reset(&join->arena);
	if (finding_from_json(json, &join->arena, &finding, &why) < 0 ||
	    !wanted_of(&finding, &wanted))
		return;
	if (!claim(join, &wanted, false, now))
		want(join, &wanted, now);
}

/* -- the list of sockets -- */

bool host_join_wants_list(struct host_join *join, instant now)
{
	bool wants = false;

	for (size_t i = 0; i < WANTED_MAX; i++)
		wants |= join->wanted[i].is_used && !join->wanted[i].is_answered;
	if (!wants || instant_since(now, join->listed).ns < DURATION_S(LIST_EVERY_S).ns ||
	    (join->is_asked && instant_since(now, join->asked).ns < DURATION_S(LIST_LATE_S).ns))
		return false;
	join->is_asked = true;
	join->asked = now;
	return true;
}

struct listing {
	struct host_join *join;
	instant now;
};

static void take_socket(void *context, const struct iterated *one)
{
	struct listing *listing = context;
	const struct process_socket *s = &one->socket;

	if (!s->is_tcp || s->is_listening || one->key.pid == 0)
		return;
	for (size_t i = 0; i < WANTED_MAX; i++) {
		const struct wanted *w = &listing->join->wanted[i];
		if (!w->is_used || w->is_answered)
			continue;
		if ((endpoint_equal(&s->local, &w->client) &&
		     endpoint_equal(&s->remote, &w->server)) ||
		    (endpoint_equal(&s->local, &w->server) &&
		     endpoint_equal(&s->remote, &w->client))) {
			owners_listed(listing->join->owners, s->inode, &one->key, &s->local,
				      &s->remote, listing->now);
			return;
		}
	}
}

void host_join_take_list(struct host_join *join, int descriptor, instant now)
{
	struct listing listing = {join, now};

	join->is_asked = false;
	join->listed = now;
	if (descriptor >= 0)
		(void)!iterators_read(descriptor, ITERATE_SOCKETS, take_socket, &listing);
	for (size_t i = 0; i < WANTED_MAX; i++) {
		struct wanted *w = &join->wanted[i];
		if (!w->is_used || w->is_answered)
			continue;
		(void)claim(join, w, false, now);
		(void)claim(join, w, true, now);
		w->is_answered = true;
		w->at = now;
	}
}

/* -- looks -- */

bool host_join_next(struct host_join *join, struct process_key *out)
{
	if (join->next_count == 0)
		return false;
	*out = join->next[0];
	memmove(join->next, join->next + 1, --join->next_count * sizeof(*join->next));
	return true;
}

void host_join_gone(struct host_join *join, const struct process_key *process)
{
	struct workload_session session;

	while (owners_disown(join->owners, process, &session)) {
		struct wanted wanted = {
			.is_used = true,
			.client = session.serves ? session.remote : session.local,
			.server = session.serves ? session.local : session.remote,
			.confidence = session.confidence,
			.title_len = session.title.len,
		};
		memcpy(wanted.id, session.finding.at, session.finding.len);
		memcpy(wanted.title, session.title.at, session.title.len);
		if (!find_wanted(join, wanted.id))
			want(join, &wanted, (instant){0});
	}
}
