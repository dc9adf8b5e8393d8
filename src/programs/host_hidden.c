#include "programs/host_hidden.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/host/iterators.h"

enum {
	HIDDEN_MAX = 64,
	FIRST_S = 4, /* after the start */
	ROUND_S = 30,
	AGAIN_S = 2,				 /* when something is missing */
	LATE_S = 20,				 /* an answer was lost: begin anew */
	INITIAL_PID_NAMESPACE = (int)0xeffffffc, /* PROC_PID_INIT_INO of linux/proc_ns.h */
};

/* One that is missing; kept until it is there again, or has ended. */
struct missing {
	struct process_key key;
	uint32_t uid, threads, policy, flags;
	int nice;
	uint64_t device, inode, cgroup_id;
	duration cpu_time;
	size_t name_len;
	char name[PROCESS_NAME_MAX];
	uint32_t rounds; /* that it was missing in, one after the other */
	bool is_told;
};

struct walk {
	struct process_key *at;
	size_t count, cap;
	bool failed;
};

enum phase { WAITS, ASKED_BEFORE, LISTED, ASKED_AFTER };

struct host_hidden {
	struct processes *processes;
	enum phase phase;
	instant due, asked;
	struct walk before, after;
	bool is_initial; /* the walk's pids are those of our /proc */
	struct process_key unlisted[HIDDEN_MAX];
	size_t unlisted_count;
	struct missing missing[HIDDEN_MAX];
	size_t missing_count;
};

int host_hidden_new(struct processes *processes, struct host_hidden **out)
{
	struct host_hidden *hidden = calloc(1, sizeof(*hidden));

	if (!hidden)
		return -ENOMEM;
	hidden->processes = processes;
	*out = hidden;
	return 0;
}

void host_hidden_free(struct host_hidden *hidden)
{
	if (!hidden)
		return;
	free(hidden->before.at);
	free(hidden->after.at);
	free(hidden);
}

bool host_hidden_wants_list(struct host_hidden *hidden, instant now)
{
	if (hidden->due.ns == 0)
		hidden->due = instant_add(now, DURATION_S(FIRST_S));
	if ((hidden->phase == ASKED_BEFORE || hidden->phase == ASKED_AFTER) &&
	    instant_since(now, hidden->asked).ns > DURATION_S(LATE_S).ns)
		hidden->phase = WAITS;
	if (hidden->phase == WAITS && instant_since(now, hidden->due).ns >= 0)
		hidden->phase = ASKED_BEFORE;
	else if (hidden->phase == LISTED)
		hidden->phase = ASKED_AFTER;
	else
		return false;
	hidden->asked = now;
	return true;
}

/* -- the walks -- */

static struct missing *find(const struct host_hidden *hidden, const struct process_key *process)
{
	for (size_t i = 0; i < hidden->missing_count; i++)
		if (process_key_agrees(&hidden->missing[i].key, process))
			return (struct missing *)&hidden->missing[i];
	return NULL;
}

/* What the kernel says of one that is missing. */
static void describe(struct missing *m, const struct iterated *one)
{
	m->uid = one->uid;
	m->threads = one->threads;
	m->policy = one->policy;
	m->nice = one->nice;
	m->flags = one->is_kernel_thread ? PROCESS_KERNEL_THREAD : 0;
	m->device = one->device;
	m->inode = one->inode;
	m->cgroup_id = one->cgroup_id;
	m->cpu_time = one->cpu_time;
	m->name_len = one->name.len < PROCESS_NAME_MAX ? one->name.len : PROCESS_NAME_MAX;
	if (m->name_len > 0)
		memcpy(m->name, one->name.at, m->name_len);
}

static bool grow(struct walk *walk)
{
	size_t cap = walk->cap ? 2 * walk->cap : 512;
	struct process_key *at = reallocarray(walk->at, cap, sizeof(*at));

	if (!at)
		return false;
	walk->at = at;
	walk->cap = cap;
	return true;
}

struct walking {
	struct host_hidden *hidden;
	struct walk *walk;
};

/* In another pid namespace the kernel's pids are not those of our /proc: nothing can be said. */
static void take_process(void *context, const struct iterated *one)
{
	const struct walking *walking = context;
	struct walk *walk = walking->walk;

	if (one->key.pid == (uint32_t)getpid() && one->pid_ns == (uint32_t)INITIAL_PID_NAMESPACE)
		walking->hidden->is_initial = true;
	if (walk->count == PROCESSES_MAX || (walk->count == walk->cap && !grow(walk))) {
		walk->failed = true;
		return;
	}
	walk->at[walk->count++] = one->key;
	struct missing *missing = find(walking->hidden, &one->key);
	if (missing)
		describe(missing, one);
}

static int by_pid(const void *left, const void *right)
{
	uint32_t a = ((const struct process_key *)left)->pid;
	uint32_t b = ((const struct process_key *)right)->pid;

	return a < b ? -1 : a > b;
}

static bool take_walk(struct host_hidden *hidden, int descriptor, struct walk *walk)
{
	struct walking walking = {hidden, walk};

	hidden->is_initial = false;
	walk->count = 0;
	walk->failed = false;
	if (descriptor < 0 ||
	    iterators_read(descriptor, ITERATE_PROCESSES, take_process, &walking) < 0)
		return false;
	qsort(walk->at, walk->count, sizeof(*walk->at), by_pid);
	return hidden->is_initial && !walk->failed;
}

/* -- who is missing -- */

static bool is_unlisted(const struct host_hidden *hidden, const struct process_key *process)
{
	for (size_t i = 0; i < hidden->unlisted_count; i++)
		if (process_key_agrees(&hidden->unlisted[i], process))
			return true;
	return false;
}

static void forget_others(struct host_hidden *hidden)
{
	size_t kept = 0;

	for (size_t i = 0; i < hidden->missing_count; i++)
		if (is_unlisted(hidden, &hidden->missing[i].key))
			hidden->missing[kept++] = hidden->missing[i];
	hidden->missing_count = kept;
}

static void note_missing(struct host_hidden *hidden)
{
	bool is_news = false;

	forget_others(hidden);
	for (size_t i = 0; i < hidden->unlisted_count; i++) {
		struct missing *missing = find(hidden, &hidden->unlisted[i]);
		if (!missing) {
			missing = &hidden->missing[hidden->missing_count++];
			*missing = (struct missing){.key = hidden->unlisted[i]};
		}
		missing->rounds++;
		is_news |= missing->rounds == 1;
	}
	if (is_news)
		hidden->due = instant_add(hidden->asked, DURATION_S(AGAIN_S));
}

static void take_round(struct host_hidden *hidden, instant now)
{
	size_t count = processes_unlisted(hidden->processes, hidden->before.at,
					  hidden->before.count, hidden->after.at,
					  hidden->after.count, hidden->unlisted, HIDDEN_MAX);

	/* a part of /proc that we may not see (hidepid), and nobody who hides */
	if (count > HIDDEN_MAX || count > hidden->after.count / 4)
		count = 0;
	hidden->unlisted_count = count;
	hidden->due = instant_add(now, DURATION_S(ROUND_S));
	note_missing(hidden);
}

void host_hidden_take_list(struct host_hidden *hidden, int descriptor, instant now)
{
	bool is_before = hidden->phase == ASKED_BEFORE;

	if (!is_before && hidden->phase != ASKED_AFTER)
		return;
	hidden->phase = WAITS;
	hidden->due = instant_add(now, DURATION_S(ROUND_S));
	if (!take_walk(hidden, descriptor, is_before ? &hidden->before : &hidden->after))
		return;
	if (!is_before)
		take_round(hidden, now);
	else if (processes_sweep(hidden->processes, NULL) == 0 &&
		 processes_uncounted(hidden->processes) == 0)
		hidden->phase = LISTED;
}

/* -- what came of it -- */

static bool is_certain(const struct missing *missing)
{
	return missing->rounds >= 2;
}

bool host_hidden_next(struct host_hidden *hidden, struct process_key *out)
{
	for (size_t i = 0; i < hidden->missing_count; i++) {
		struct missing *missing = &hidden->missing[i];
		if (!is_certain(missing) || missing->is_told)
			continue;
		missing->is_told = true;
		*out = missing->key;
		return true;
	}
	return false;
}

bool host_hidden_describe(const struct host_hidden *hidden, const struct process_key *process,
			  struct arena *arena, struct process *out)
{
	const struct missing *m = find(hidden, process);

	if (!m || !is_certain(m))
		return false;
	*out = (struct process){
		.key = m->key,
		.uid = m->uid,
		.threads = m->threads,
		.flags = m->flags | PROCESS_NOT_LISTED,
		.name = arena_copy(arena, str_of(m->name, m->name_len)),
		.executable = {.device = m->device, .inode = m->inode, .flags = EXECUTABLE_UNREAD},
		.cgroup.id = m->cgroup_id,
		.schedule = {.nice = m->nice, .policy = m->policy},
		.cpu_time = m->cpu_time,
	};
	return true;
}

uint32_t host_hidden_count(const struct host_hidden *hidden)
{
	uint32_t count = 0;

	for (size_t i = 0; i < hidden->missing_count; i++)
		count += is_certain(&hidden->missing[i]);
	return count;
}
