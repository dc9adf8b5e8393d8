#include "programs/host_join.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "model/finding_json.h"
#include "model/line.h"
#include "programs/host_walk.h"
#include "source/host/iterators.h"

enum {
	WANTED_MAX = HOST_WALK_ENDS_MAX,
	LIST_EVERY_S = 3,
	LIST_LATE_S = 10,  /* the answer was lost: ask again */
	WALK_EVERY_S = 10, /* a walk costs more than a list */
	ASK_AGAIN_S = 60,  /* for one that no process of ours had */
	NEXT_MAX = 64,
};

/* A session of the network whose process is looked for. */
struct wanted {
	bool is_used, is_answered;
	bool is_walked; /* the walk that is on looks for it */
	instant at;	/* of the answer */
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
	struct host_walk *walk;
	bool is_asked;
	instant asked, due; /* due: the next list, no earlier */
	struct process_key next[NEXT_MAX];
	size_t next_count;
};

int host_join_new(uint64_t seed, struct processes *processes, struct host_join **out)
{
	struct host_join *join = calloc(1, sizeof(*join));

	if (!join || owners_new(seed, &join->owners) < 0 ||
	    host_walk_new(processes, &join->walk) < 0 ||
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
	host_walk_free(join->walk);
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
	if (!wants || instant_since(now, join->due).ns < 0 ||
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

static void begin_walk(struct host_join *join)
{
	struct walked_ends ends[WANTED_MAX];
	size_t count = 0;

	for (size_t i = 0; i < WANTED_MAX; i++) {
		struct wanted *w = &join->wanted[i];
		w->is_walked = w->is_used && !w->is_answered;
		if (w->is_walked)
			ends[count++] = (struct walked_ends){w->client, w->server};
	}
	host_walk_begin(join->walk, ends, count);
}

/* Those that were looked for; whoever is not known now is asked for again in a while. */
static void answer(struct host_join *join, bool is_walked, instant now)
{
	for (size_t i = 0; i < WANTED_MAX; i++) {
		struct wanted *w = &join->wanted[i];
		if (!w->is_used || w->is_answered || (is_walked && !w->is_walked))
			continue;
		(void)claim(join, w, false, now);
		(void)claim(join, w, true, now);
		w->is_answered = true;
		w->at = now;
	}
	join->is_asked = false;
	join->due =
		instant_add(now, is_walked ? DURATION_S(WALK_EVERY_S) : DURATION_S(LIST_EVERY_S));
}

void host_join_take_list(struct host_join *join, int descriptor, instant now)
{
	struct listing listing = {join, now};

	if (descriptor >= 0) {
		(void)!iterators_read(descriptor, ITERATE_SOCKETS, take_socket, &listing);
		answer(join, false, now);
	} else if (join->is_asked) {
		begin_walk(join);
	}
}

/* -- the same by a walk through /proc, where the kernel gives no list -- */

bool host_join_wants_walk(struct host_join *join, struct socket_walk_request *out)
{
	return host_walk_next(join->walk, out);
}

static bool has_twin(const struct walked_socket *found, size_t count, size_t which)
{
	const struct process_socket *one = &found[which].socket;

	for (size_t i = 0; i < count; i++)
		if (i != which && endpoint_equal(&found[i].socket.local, &one->local) &&
		    endpoint_equal(&found[i].socket.remote, &one->remote))
			return true;
	return false;
}

/* One that nobody has is told as well when there is another with its ends: it may be that one. */
static void take_walked(struct host_join *join, instant now)
{
	size_t count;
	const struct walked_socket *found = host_walk_found(join->walk, &count);

	for (size_t i = 0; i < count; i++) {
		const struct process_key key = {.pid = found[i].pid};
		const struct process_socket *s = &found[i].socket;
		if (key.pid != 0 || has_twin(found, count, i))
			owners_listed(join->owners, s->inode, &key, &s->local, &s->remote, now);
	}
}

void host_join_take_walk(struct host_join *join, struct message *message, instant now)
{
	join->asked = now; /* it goes on */
	if (!host_walk_take(join->walk, message))
		return;
	take_walked(join, now);
	answer(join, true, now);
}

uint64_t host_join_cut(const struct host_join *join)
{
	return host_walk_cut(join->walk);
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
