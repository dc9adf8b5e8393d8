/* Stop it, and lose nothing: control group v2, else the freezer of v1, else SIGSTOP to each. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "respond/freeze/freeze.h"
#include "respond/quarantine.h"
#include "base/shell_word.h"
#include "respond/task.h"

enum { SETTLE_MS = 2000 };

enum how { HOW_V2, HOW_V1, HOW_SIGNAL, HOW_COUNT };
static const struct {
	const char *name, *file, *on, *off, *controller;
} ways[HOW_COUNT] = {
	[HOW_V2] = {"v2", "cgroup.freeze", "1", "0", ""},
	[HOW_V1] = {"v1", "freezer.state", "FROZEN", "THAWED", "freezer"},
	[HOW_SIGNAL] = {"signal", NULL, NULL, NULL, NULL},
};

static enum how how_of(struct json_value memory)
{
	for (int i = 0; i < HOW_COUNT; i++)
		if (json_text_is(json_member(memory, STR("how")), str_from(ways[i].name)))
			return (enum how)i;
	return HOW_SIGNAL;
}

static void tell_signals(const struct response_case *c, struct buf *lines)
{
	for (size_t i = 0; i < c->target_count; i++) {
		buf_printf(lines, "kill -STOP %u   # ", c->targets[i]->key.pid);
		buf_add_shell_word(lines, c->targets[i]->executable.path);
		buf_add_byte(lines, '\n');
	}
}

static enum how choose(const struct control_groups *groups)
{
	if (groups->v2[0])
		return HOW_V2;
	return groups->freezer[0] ? HOW_V1 : HOW_SIGNAL;
}

static int plan(const struct response_case *c, struct response_plan *out, struct error *why)
{
	struct json_writer w = {.out = &out->memory};
	struct control_groups groups;
	struct quarantine q = {0};
	int result = 0;

	control_groups_find(c->place->proc, &groups);
	enum how how = choose(&groups);
	if (how != HOW_SIGNAL)
		result = quarantine_plan(c, how == HOW_V2 ? groups.v2 : groups.freezer,
					 ways[how].controller, how == HOW_V2, &q, why);
	json_open(&w, '{');
	json_key_string(&w, "how", str_from(ways[how].name));
	if (how == HOW_SIGNAL)
		tasks_remember(c, &w);
	else
		quarantine_remember(&q, &w);
	json_close(&w, '}');
	if (result == 0 && how == HOW_SIGNAL)
		tell_signals(c, &out->lines);
	else if (result == 0)
		quarantine_tell(&q, c, ways[how].file, ways[how].on, &out->lines);
	quarantine_fini(&q);
	return result;
}

static int recall(const struct response_place *place, enum how how, struct json_value memory,
		  struct quarantine *out, struct error *why)
{
	if (how == HOW_SIGNAL)
		return tasks_recall(memory, out, why);
	return quarantine_recall(place, memory, how == HOW_V2, out, why);
}

/* A task that sleeps in the kernel is frozen when it comes out of it. */
static bool settles(const struct quarantine *q)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (int ms = 0; ms < SETTLE_MS; ms += 5) {
		if (control_group_is_frozen(q->mount, q->group))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* The group is frozen first: who comes in stops at once, and so does what it gives birth to. */
static int freeze_group(const struct response_case *c, enum how how, const struct quarantine *q,
			struct buf *outcome, struct error *why)
{
	size_t entered = 0;
	int result = q->in_place ? 0 : control_group_make(q->mount, q->group, why);

	if (result != 0)
		return result;
	bool stood = control_group_is_frozen(q->mount, q->group);
	result = control_group_write(q->mount, q->group, ways[how].file, ways[how].on);
	if (result != 0) {
		if (!q->in_place)
			(void)!control_group_remove(q->mount, q->group);
		return error_set(why, result, "cannot write %s%s/%s: %s; nothing is frozen",
				 q->mount, q->group, ways[how].file, strerror(-result));
	}
	result = quarantine_enter(c->place, q, &entered, why);
	if (result == -ESRCH && q->in_place && !stood) /* whoever is in it now is somebody else */
		(void)!control_group_write(q->mount, q->group, ways[how].file, ways[how].off);
	if (result != 0)
		return result;
	buf_printf(outcome, "%zu %s frozen in %s", entered,
		   entered == 1 ? "process is" : "processes are", q->mount);
	buf_add_printable(outcome, str_from(q->group), 200);
	if (!settles(q))
		buf_add_text(outcome, "; not all of it stands still yet: a task waits in the "
				      "kernel, and stops when it comes back");
	return 0;
}

static int signal_all(const struct response_place *place, const struct quarantine *q, int number,
		      size_t *reached)
{
	*reached = 0;
	for (size_t i = 0; i < q->count; i++) {
		struct task task;
		int result = task_open(place->proc, q->tasks[i].key, &task);
		if (result == -ESRCH)
			continue;
		if (result == 0)
			result = task_signal(&task, number);
		task_close(&task);
		if (result != 0 && result != -ESRCH)
			return result;
		*reached += result == 0;
	}
	return 0;
}

static int apply(const struct response_case *c, struct json_value memory, struct buf *outcome,
		 struct error *why)
{
	enum how how = how_of(memory);
	struct quarantine q;
	size_t reached;

	int result = recall(c->place, how, memory, &q, why);
	if (result == 0 && how != HOW_SIGNAL) {
		result = freeze_group(c, how, &q, outcome, why);
	} else if (result == 0) {
		result = signal_all(c->place, &q, SIGSTOP, &reached);
		if (result == 0)
			buf_printf(outcome,
				   "%zu stopped by SIGSTOP, as there are no control groups here; "
				   "another process can wake them by SIGCONT",
				   reached);
		else
			error_set(why, result, "cannot stop them: %s", strerror(-result));
	}
	quarantine_fini(&q);
	return result;
}

static int thaw_group(const struct response_place *place, enum how how, const struct quarantine *q,
		      struct buf *outcome, struct error *why)
{
	if (!control_group_exists(q->mount, q->group)) {
		buf_add_text(outcome, "nothing is frozen any more: the group is gone");
		return 0;
	}
	int result = control_group_write(q->mount, q->group, ways[how].file, ways[how].off);
	if (result != 0)
		return error_set(why, result, "cannot write %s%s/%s: %s; it stays frozen", q->mount,
				 q->group, ways[how].file, strerror(-result));
	buf_add_text(outcome, q->in_place ? "thawed" : "thawed, and back in its control group; ");
	return quarantine_leave(place, q, outcome, why);
}

static int undo(const struct response_place *place, struct json_value memory, struct buf *outcome,
		struct error *why)
{
	enum how how = how_of(memory);
	struct quarantine q;
	size_t reached;

	int result = recall(place, how, memory, &q, why);
	if (result == 0 && how != HOW_SIGNAL) {
		result = thaw_group(place, how, &q, outcome, why);
	} else if (result == 0) {
		result = signal_all(place, &q, SIGCONT, &reached);
		if (result == 0)
			buf_printf(outcome, "%zu woken by SIGCONT", reached);
		else
			error_set(why, result, "cannot wake them: %s", strerror(-result));
	}
	quarantine_fini(&q);
	return result;
}

static char state_of(int proc, uint32_t pid)
{
	char text[4096];
	struct str all;

	if (task_text(proc, pid, "stat", text, sizeof(text), &all) != 0)
		return '\0';
	while (str_find(all, STR(") ")) >= 0)
		all = str_skip(all, (size_t)str_find(all, STR(") ")) + 2);
	return all.len > 0 ? all.at[0] : '\0';
}

static bool stands(const struct response_place *place, enum how how, const struct quarantine *q,
		   struct process_key key)
{
	char now[CONTROL_GROUP_PATH_MAX];
	uint64_t start = task_start(place->proc, key.pid, NULL);

	if (start == 0 || !task_same_start(start, key.start_ns))
		return false;
	if (how == HOW_SIGNAL)
		return state_of(place->proc, key.pid) == 'T';
	return control_group_of(place->proc, key.pid, q->controller, now) == 0 &&
	       strcmp(now, q->group) == 0 && control_group_is_frozen(q->mount, q->group);
}

size_t freeze_standing(const struct response_place *place, struct json_value memory,
		       struct process_key *out, size_t cap)
{
	enum how how = how_of(memory);
	struct quarantine q;
	size_t count = 0;

	if (recall(place, how, memory, &q, NULL) != 0)
		return 0;
	for (size_t i = 0; i < q.count && count < cap; i++)
		if (stands(place, how, &q, q.tasks[i].key))
			out[count++] = q.tasks[i].key;
	quarantine_fini(&q);
	return count;
}

static void look(const struct response_place *place, struct json_value memory, struct buf *out)
{
	enum how how = how_of(memory);
	struct quarantine q;

	if (recall(place, how, memory, &q, NULL) != 0)
		return;
	if (how != HOW_SIGNAL && control_group_exists(q.mount, q.group)) {
		int count = control_group_pids(q.mount, q.group, NULL, 0);
		char text[64] = "";
		(void)!control_group_read(q.mount, q.group, ways[how].file, text, sizeof(text));
		if (count > 0 && strcmp(text, ways[how].off) != 0)
			buf_printf(out, "%d frozen in %s%s", count, q.mount, q.group);
	}
	for (size_t i = 0; how == HOW_SIGNAL && i < q.count; i++)
		if (stands(place, how, &q, q.tasks[i].key))
			buf_printf(out, "%u stopped ", q.tasks[i].key.pid);
	quarantine_fini(&q);
}

const struct response_step freeze_step = {
	.name = "freeze",
	.summary = "stop it; nothing of it is lost",
	.changes = true,
	.plan = plan,
	.apply = apply,
	.undo = undo,
	.look = look,
};
