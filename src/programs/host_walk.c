#include "programs/host_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/host/processes.h"

enum phase { IS_OVER, IN_TABLES, IN_HOLDERS };

enum { NAME_BYTES = 4096 /* of a holder; nobody asks for them */ };

/* The one that has worked most of some holders of a socket. */
struct holder {
	uint32_t pid; /* 0: none */
	duration cpu_time;
};

/* Who has the socket. */
struct holders {
	struct holder own;   /* of the user whose socket it is */
	struct holder other; /* of another user, while all of these are one's */
	uint32_t other_uid;
	bool has_others_of_many;
};

struct host_walk {
	struct processes *processes;
	struct walked_ends ends[HOST_WALK_ENDS_MAX];
	size_t end_count;
	enum phase phase;
	bool is_asked, is_first;
	uint32_t answers;
	struct walked_socket found[HOST_WALK_FOUND_MAX];
	struct holders holders[HOST_WALK_FOUND_MAX]; /* of each found */
	size_t found_count;
	uint64_t cut;
	struct arena arena;
	struct process process; /* that is a holder */
};

int host_walk_new(struct processes *processes, struct host_walk **out)
{
	struct host_walk *walk = calloc(1, sizeof(*walk));

	if (!walk || arena_init(&walk->arena, NAME_BYTES) < 0) {
		free(walk);
		return -ENOMEM;
	}
	walk->processes = processes;
	*out = walk;
	return 0;
}

void host_walk_free(struct host_walk *walk)
{
	if (!walk)
		return;
	arena_fini(&walk->arena);
	free(walk);
}

void host_walk_begin(struct host_walk *walk, const struct walked_ends *ends, size_t count)
{
	walk->end_count = count < HOST_WALK_ENDS_MAX ? count : HOST_WALK_ENDS_MAX;
	for (size_t i = 0; i < walk->end_count; i++)
		walk->ends[i] = ends[i];
	walk->phase = IN_TABLES;
	walk->is_asked = false;
	walk->is_first = true;
	walk->answers = 0;
	walk->found_count = 0;
}

bool host_walk_is_on(const struct host_walk *walk)
{
	return walk->phase != IS_OVER;
}

bool host_walk_next(struct host_walk *walk, struct socket_walk_request *out)
{
	if (walk->phase == IS_OVER || walk->is_asked)
		return false;
	*out = (struct socket_walk_request){walk->phase == IN_TABLES ? SOCKET_WALK_TABLES
								     : SOCKET_WALK_HOLDERS,
					    walk->is_first};
	walk->is_asked = true;
	walk->is_first = false;
	return true;
}

/* -- answers -- */

static bool is_wanted(const struct host_walk *walk, const struct process_socket *socket)
{
	for (size_t i = 0; i < walk->end_count; i++) {
		const struct walked_ends *ends = &walk->ends[i];
		if ((endpoint_equal(&socket->local, &ends->one) &&
		     endpoint_equal(&socket->remote, &ends->other)) ||
		    (endpoint_equal(&socket->local, &ends->other) &&
		     endpoint_equal(&socket->remote, &ends->one)))
			return true;
	}
	return false;
}

static struct walked_socket *find(struct host_walk *walk, uint64_t inode)
{
	for (size_t i = 0; i < walk->found_count; i++)
		if (walk->found[i].socket.inode == inode)
			return &walk->found[i];
	return NULL;
}

/* One that is closed already has no inode, and nobody has it. */
static void take_socket(void *context, const struct process_socket *socket)
{
	struct host_walk *walk = context;

	if (socket->inode == 0 || walk->found_count == HOST_WALK_FOUND_MAX ||
	    !is_wanted(walk, socket) || find(walk, socket->inode))
		return;
	walk->holders[walk->found_count] = (struct holders){0};
	walk->found[walk->found_count++] = (struct walked_socket){.socket = *socket};
}

static void take_holder(struct holder *best, uint32_t pid, duration cpu_time)
{
	if (best->pid == 0 || cpu_time.ns > best->cpu_time.ns)
		*best = (struct holder){pid, cpu_time};
}

/*
 * A socket is handed on: to a bus, to a process that only sleeps. Named is the one of its own user
 * that has worked most; where none is of that user, nobody when they are of several.
 */
static uint32_t whose(const struct holders *holders)
{
	if (holders->own.pid != 0)
		return holders->own.pid;
	return holders->has_others_of_many ? 0 : holders->other.pid;
}

static void add_holder(struct host_walk *walk, struct walked_socket *found, uint32_t pid)
{
	struct holders *holders = &walk->holders[found - walk->found];
	const struct process *process = &walk->process;

	arena_reset(&walk->arena);
	if (process_read(walk->processes, pid, NULL, PROCESS_WANT_STATUS, &walk->arena,
			 &walk->process) < 0)
		return; /* it has ended */
	if (process->uid == found->socket.uid) {
		take_holder(&holders->own, pid, process->cpu_time);
	} else {
		holders->has_others_of_many |=
			holders->other.pid != 0 && holders->other_uid != process->uid;
		holders->other_uid = process->uid;
		take_holder(&holders->other, pid, process->cpu_time);
	}
	found->pid = whose(holders);
}

/* By pid: of those that have worked as much the first had it first. */
static void take_holders(struct host_walk *walk, struct socket_walked *answer)
{
	uint32_t pid;
	uint64_t inode;

	while (socket_walk_holder(answer, &pid, &inode)) {
		struct walked_socket *found = find(walk, inode);
		if (found)
			add_holder(walk, found, pid);
	}
}

static void take(struct host_walk *walk, struct socket_walked *answer)
{
	/* a table that cannot be read has nothing for us; the others have */
	for (size_t i = 0; i < answer->descriptor_count && walk->phase == IN_TABLES; i++)
		(void)!socket_table_read(walk->processes, answer->descriptors[i], take_socket,
					 walk);
	walk->cut += answer->cut;
	if (walk->phase == IN_HOLDERS)
		take_holders(walk, answer);
}

static void go_on(struct host_walk *walk, bool is_last)
{
	const bool is_through = is_last || ++walk->answers == SOCKET_WALK_ANSWERS_MAX;

	walk->is_asked = false;
	if (walk->phase == IN_TABLES && is_through) {
		walk->phase = walk->found_count > 0 ? IN_HOLDERS : IS_OVER;
		walk->is_first = true;
		walk->answers = 0;
	} else if (is_through) {
		walk->phase = IS_OVER;
	}
}

bool host_walk_take(struct host_walk *walk, struct message *message)
{
	struct socket_walked answer;

	if (!socket_walk_receive(message, &answer))
		return false;
	/* late, of a walk that was given up: the one that is on has begun anew */
	bool is_ours =
		walk->is_asked && (answer.part == SOCKET_WALK_TABLES ? walk->phase == IN_TABLES
								     : walk->phase == IN_HOLDERS);
	if (is_ours) {
		take(walk, &answer);
		go_on(walk, answer.is_last);
	}
	socket_walked_close(&answer);
	return is_ours && walk->phase == IS_OVER;
}

const struct walked_socket *host_walk_found(const struct host_walk *walk, size_t *count)
{
	*count = walk->found_count;
	return walk->found;
}

uint64_t host_walk_cut(const struct host_walk *walk)
{
	return walk->cut;
}
