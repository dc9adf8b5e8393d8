#include "respond/quarantine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell_word.h"
#include "respond/task.h"

enum { INHABITANTS_MAX = 65536 };

void quarantine_fini(struct quarantine *quarantine)
{
	free(quarantine->tasks);
	quarantine->tasks = NULL;
}

/* -- planning -- */

static bool is_target(const struct response_case *c, uint32_t pid)
{
	for (size_t i = 0; i < c->target_count; i++)
		if (c->targets[i]->key.pid == pid)
			return true;
	return false;
}

/*
 * Nobody but targets in the group of all of them, which is no shared one, has none below, and is
 * not for them to thaw.
 */
static bool has_own_group(const struct response_case *c, const struct quarantine *q)
{
	const char *group = q->tasks[0].old;
	bool alone = true;

	for (size_t i = 1; i < q->count; i++)
		if (strcmp(q->tasks[i].old, group) != 0)
			return false;
	if (control_group_is_shared(group) || control_group_has_children(q->mount, group) ||
	    !control_group_is_roots(q->mount, group))
		return false;
	uint32_t *pids = calloc(INHABITANTS_MAX, sizeof(*pids));
	int count = pids ? control_group_pids(q->mount, group, pids, INHABITANTS_MAX) : -ENOMEM;
	for (int i = 0; i < count && i < INHABITANTS_MAX; i++)
		alone &= is_target(c, pids[i]);
	free(pids);
	return count > 0 && count <= INHABITANTS_MAX && alone;
}

static int find_old_groups(const struct response_case *c, const char *controller,
			   struct quarantine *out, struct error *why)
{
	for (size_t i = 0; i < c->target_count; i++) {
		struct quarantine_task *task = &out->tasks[out->count];
		task->key = c->targets[i]->key;
		int result = control_group_of(c->place->proc, task->key.pid, controller, task->old);
		if (result == -EXDEV)
			return error_set(why, result,
					 "process %u is in a control group outside of what davy "
					 "can see here: run it on the host, not in a container",
					 task->key.pid);
		out->count += result == 0;
	}
	return out->count > 0 ? 0 : error_set(why, -ESRCH, "the processes have ended");
}

int quarantine_plan(const struct response_case *c, const char *mount, const char *controller,
		    bool in_place, struct quarantine *out, struct error *why)
{
	*out = (struct quarantine){.tasks = calloc(c->target_count + 1, sizeof(*out->tasks))};
	if (!out->tasks)
		return error_set(why, -ENOMEM, "no memory");
	snprintf(out->mount, sizeof(out->mount), "%s", mount);
	snprintf(out->group, sizeof(out->group), CONTROL_GROUP_OURS "/%.*s",
		 STR_ARG(str_sub(c->finding->id, 0, FINDING_ID_LEN)));
	int result = find_old_groups(c, controller, out, why);
	if (result == 0 && in_place && has_own_group(c, out)) {
		out->in_place = true;
		memcpy(out->group, out->tasks[0].old, sizeof(out->group));
	}
	return result;
}

void quarantine_tell(const struct quarantine *q, const struct response_case *c, const char *file,
		     const char *value, struct buf *lines)
{
	CLEANUP(buf_fini) struct buf folder = {0};

	buf_printf(&folder, "%s%s", q->mount, q->group);
	if (!q->in_place) {
		buf_add_text(lines, "mkdir -p ");
		buf_add_shell_word(lines, buf_view(&folder));
		buf_add_byte(lines, '\n');
	}
	if (file) {
		buf_printf(lines, "echo %s > ", value);
		buf_add_shell_word(lines, buf_view(&folder));
		buf_printf(lines, "/%s\n", file);
	}
	for (size_t i = 0; !q->in_place && i < q->count; i++) {
		buf_printf(lines, "echo %u > ", q->tasks[i].key.pid);
		buf_add_shell_word(lines, buf_view(&folder));
		buf_add_text(lines, "/cgroup.procs   # from ");
		buf_add_shell_word(lines, str_from(q->tasks[i].old));
		for (size_t t = 0; t < c->target_count; t++) {
			if (c->targets[t]->key.pid != q->tasks[i].key.pid)
				continue;
			buf_add_text(lines, ", ");
			buf_add_shell_word(lines, c->targets[t]->executable.path);
		}
		buf_add_byte(lines, '\n');
	}
}

/* -- moving -- */

static int move(const char *mount, const char *group, uint32_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", pid);
	return control_group_write(mount, group, "cgroup.procs", text);
}

/*
 * The kernel moves by number. When the process ended between our check and the move, the number
 * may already have been another's: that one is put back at once.
 */
static int enter_one(const struct response_place *place, const struct quarantine *q,
		     const struct quarantine_task *who)
{
	struct task task;

	int result = task_open(place->proc, who->key, &task);
	if (result != 0)
		return result;
	result = move(q->mount, q->group, who->key.pid);
	if (!task_is_alive(&task)) {
		uint64_t start = task_start(place->proc, who->key.pid, NULL);
		if (start != 0 && !task_same_start(start, who->key.start_ns))
			(void)!move(q->mount, who->old, who->key.pid);
		result = -ESRCH;
	}
	task_close(&task);
	return result;
}

/* A group that was removed and made again by the same name is another's. */
static int stands_in_it(const struct response_place *place, const struct quarantine *q,
			const struct quarantine_task *who)
{
	char now[CONTROL_GROUP_PATH_MAX];
	struct task task;

	int result = task_open(place->proc, who->key, &task);
	if (result != 0)
		return result;
	result = control_group_of(place->proc, who->key.pid, q->controller, now);
	bool is_in = result == 0 && strcmp(now, q->group) == 0 && task_is_alive(&task);
	task_close(&task);
	return is_in ? 0 : -ESRCH;
}

static int nobody(const struct quarantine *q, struct error *why)
{
	return error_set(why, -ESRCH,
			 q->in_place ? "the processes ended or left their control group before "
				       "anything was done"
				     : "the processes ended before anything was done");
}

static bool is_there(const struct response_place *place, const struct quarantine *q,
		     const struct quarantine_task *who)
{
	struct task task;

	if (q->in_place)
		return stands_in_it(place, q, who) == 0;
	if (task_open(place->proc, who->key, &task) != 0)
		return false;
	task_close(&task);
	return true;
}

int quarantine_await(const struct response_place *place, const struct quarantine *q,
		     struct error *why)
{
	for (size_t i = 0; i < q->count; i++)
		if (is_there(place, q, &q->tasks[i]))
			return 0;
	return nobody(q, why);
}

int quarantine_enter(const struct response_place *place, const struct quarantine *q,
		     size_t *entered, struct error *why)
{
	*entered = 0;
	for (size_t i = 0; i < q->count; i++) {
		int result = q->in_place ? stands_in_it(place, q, &q->tasks[i])
					 : enter_one(place, q, &q->tasks[i]);
		if (result == 0)
			++*entered;
		else if (result != -ESRCH)
			return error_set(why, result, "process %u cannot be moved to %s%s: %s",
					 q->tasks[i].key.pid, q->mount, q->group,
					 strerror(-result));
	}
	return *entered > 0 ? 0 : nobody(q, why);
}

/* A child born in quarantine goes where its parent, or else the first of all, came from. */
static const char *old_group(const struct response_place *place, const struct quarantine *q,
			     uint32_t pid)
{
	uint32_t parent = 0;
	uint64_t start = task_start(place->proc, pid, &parent);

	for (size_t i = 0; i < q->count; i++)
		if (q->tasks[i].key.pid == pid && task_same_start(q->tasks[i].key.start_ns, start))
			return q->tasks[i].old;
	for (size_t i = 0; i < q->count; i++)
		if (q->tasks[i].key.pid == parent)
			return q->tasks[i].old;
	return q->count > 0 ? q->tasks[0].old : "/";
}

static int move_out(const struct quarantine *q, const char *old, uint32_t pid, struct buf *outcome)
{
	int result = move(q->mount, old, pid);

	if (result == 0 && control_group_is_frozen(q->mount, old)) {
		buf_printf(outcome, "process %u stands still in its control group ", pid);
		buf_add_printable(outcome, str_from(old), 200);
		buf_add_text(outcome, ", which is frozen itself; ");
	}
	if (result == 0 || result == -ESRCH)
		return 0;
	buf_printf(outcome, "process %u could not go back to its control group ", pid);
	buf_add_printable(outcome, str_from(old), 200);
	buf_printf(outcome, " (%s) and is in the root group now; ", strerror(-result));
	result = move(q->mount, "", pid);
	return result == -ESRCH ? 0 : result;
}

/* Where it was born, for it has just been born. */
static void put_back(const struct response_place *place, const struct quarantine *q, uint32_t pid)
{
	char group[CONTROL_GROUP_PATH_MAX];
	uint32_t parent = 0;

	if (task_start(place->proc, pid, &parent) != 0 &&
	    control_group_of(place->proc, parent, q->controller, group) == 0)
		(void)!move(q->mount, group, pid);
}

/* Who is in our group by the kernel's word, and nobody else: see enter_one. */
static int leave_one(const struct response_place *place, const struct quarantine *q, uint32_t pid,
		     struct buf *outcome)
{
	const struct process_key key = {pid, task_start(place->proc, pid, NULL)};
	const char *old = old_group(place, q, pid);
	char now[CONTROL_GROUP_PATH_MAX];
	struct task task;
	int result = 0;

	if (key.start_ns == 0 || task_open(place->proc, key, &task) != 0)
		return 0; /* has ended */
	if (control_group_of(place->proc, pid, q->controller, now) == 0 &&
	    strcmp(now, q->group) == 0) {
		result = move_out(q, old, pid, outcome);
		uint64_t start = task_start(place->proc, pid, NULL);
		if (start != 0 && !task_same_start(start, key.start_ns))
			put_back(place, q, pid);
	}
	task_close(&task);
	return result;
}

/* As long as somebody is in it, for who is moved may just have been born. */
static int empty_group(const struct response_place *place, const struct quarantine *q,
		       uint32_t *pids, struct buf *outcome)
{
	for (int round = 0; round < 100; round++) {
		int count = control_group_pids(q->mount, q->group, pids, INHABITANTS_MAX);
		if (count <= 0)
			return count;
		for (int i = 0; i < count && i < INHABITANTS_MAX; i++) {
			int result = leave_one(place, q, pids[i], outcome);
			if (result != 0)
				return result;
		}
	}
	return -EBUSY;
}

/* The group they came from may be this one: a second step upon the first. */
static bool came_from_here(const struct quarantine *q)
{
	return q->count > 0 && strcmp(q->tasks[0].old, q->group) == 0;
}

int quarantine_leave(const struct response_place *place, const struct quarantine *q,
		     struct buf *outcome, struct error *why)
{
	if (q->in_place || came_from_here(q) || !control_group_exists(q->mount, q->group))
		return 0;
	uint32_t *pids = calloc(INHABITANTS_MAX, sizeof(*pids));
	int result = pids ? empty_group(place, q, pids, outcome) : -ENOMEM;
	free(pids);
	if (result == 0)
		result = control_group_remove(q->mount, q->group);
	return result == 0 ? 0
			   : error_set(why, result,
				       "%s%s cannot be emptied: %s; look into its "
				       "cgroup.procs",
				       q->mount, q->group, strerror(-result));
}
