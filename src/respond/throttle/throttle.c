/* Leave it running, and take the processor away: a quota of its control group, else nice 19 and
 * SCHED_IDLE, which lets it have only what nobody else wants. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "respond/quarantine.h"
#include "base/shell_word.h"
#include "respond/task.h"

enum { PERIOD_US = 100000, THREADS_MAX = 4096 };
enum how { HOW_V2, HOW_V1, HOW_NICE, HOW_COUNT };

static const struct {
	const char *name, *file, *off, *controller;
} ways[HOW_COUNT] = {
	[HOW_V2] = {"v2", "cpu.max", "max 100000", ""},
	[HOW_V1] = {"v1", "cpu.cfs_quota_us", "-1", "cpu"},
	[HOW_NICE] = {"nice", NULL, NULL, NULL},
};

static enum how how_of(struct json_value memory)
{
	for (int i = 0; i < HOW_COUNT; i++)
		if (json_text_is(json_member(memory, STR("how")), str_from(ways[i].name)))
			return (enum how)i;
	return HOW_NICE;
}

static enum how choose(const struct control_groups *groups)
{
	if (groups->v2[0] && groups->v2_has_cpu)
		return HOW_V2;
	return groups->cpu[0] ? HOW_V1 : HOW_NICE;
}

static void quota(enum how how, uint32_t percent, char text[32])
{
	unsigned share = percent * (PERIOD_US / 100);

	if (how == HOW_V2)
		snprintf(text, 32, "%u %d", share, PERIOD_US);
	else
		snprintf(text, 32, "%u", share);
}

/* -- nice: each thread has its own; what it was is remembered of the process as a whole -- */

static void remember_nice(const struct response_case *c, struct json_writer *w)
{
	json_key(w, "tasks");
	json_open(w, '[');
	for (size_t i = 0; i < c->target_count; i++) {
		const struct process *p = c->targets[i];
		json_open(w, '{');
		json_key_unsigned(w, "pid", p->key.pid);
		json_key_unsigned(w, "start_ns", p->key.start_ns);
		json_key(w, "nice");
		json_integer(w, p->schedule.nice);
		json_key_unsigned(w, "policy", p->schedule.policy);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void nice_threads(int proc, uint32_t pid, int nice, int policy)
{
	const struct sched_param none = {0};
	char path[64];
	uint64_t thread;

	snprintf(path, sizeof(path), "%u/task", pid);
	int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	for (struct dirent *e; folder && (e = readdir(folder));) {
		if (!str_to_u64(str_from(e->d_name), &thread))
			continue;
		/* one that ends meanwhile needs it no more */
		(void)!sched_setscheduler((pid_t)thread, policy, &none);
		(void)!setpriority(PRIO_PROCESS, (id_t)thread, nice);
	}
	if (folder)
		closedir(folder);
	else if (fd >= 0)
		close(fd);
}

/* Back to a policy with priorities of its own (FIFO) we cannot tell which: the ordinary one. */
static int policy_before(struct json_value task)
{
	uint64_t policy;

	if (!json_to_u64(json_member(task, STR("policy")), &policy) ||
	    (policy != SCHED_BATCH && policy != SCHED_IDLE))
		return SCHED_OTHER;
	return (int)policy;
}

static size_t nice_all(const struct response_place *place, struct json_value memory, bool on)
{
	struct json_value tasks = json_member(memory, STR("tasks"));
	size_t reached = 0;

	for (struct json_value t = json_first(tasks); json_exists(t); t = json_next(t)) {
		struct task task;
		struct process_key key = {0};
		uint64_t pid = 0;
		double nice = 0;
		if (!json_to_u64(json_member(t, STR("pid")), &pid) || pid > INT32_MAX ||
		    !json_to_u64(json_member(t, STR("start_ns")), &key.start_ns) ||
		    !json_to_double(json_member(t, STR("nice")), &nice))
			continue;
		key.pid = (uint32_t)pid;
		if (task_open(place->proc, key, &task) != 0)
			continue;
		nice_threads(place->proc, key.pid, on ? 19 : (int)nice,
			     on ? SCHED_IDLE : policy_before(t));
		task_close(&task);
		reached++;
	}
	return reached;
}

/* -- the door -- */

static void tell_nice(const struct response_case *c, struct buf *lines)
{
	for (size_t i = 0; i < c->target_count; i++) {
		buf_printf(lines, "renice 19 -p %u; chrt --all-tasks --idle --pid 0 %u   # ",
			   c->targets[i]->key.pid, c->targets[i]->key.pid);
		buf_add_shell_word(lines, c->targets[i]->executable.path);
		buf_add_byte(lines, '\n');
	}
}

static int plan(const struct response_case *c, struct response_plan *out, struct error *why)
{
	struct json_writer w = {.out = &out->memory};
	struct control_groups groups;
	struct quarantine q = {0};
	char share[32];
	int result = 0;

	control_groups_find(c->place->proc, &groups);
	enum how how = choose(&groups);
	quota(how, c->place->throttle_percent, share);
	if (how != HOW_NICE)
		result = quarantine_plan(c, how == HOW_V2 ? groups.v2 : groups.cpu,
					 ways[how].controller, false, &q, why);
	json_open(&w, '{');
	json_key_string(&w, "how", str_from(ways[how].name));
	json_key_string(&w, "share", str_from(share));
	if (how == HOW_NICE)
		remember_nice(c, &w);
	else
		quarantine_remember(&q, &w);
	json_close(&w, '}');
	if (result == 0 && how == HOW_NICE)
		tell_nice(c, &out->lines);
	else if (result == 0 && how == HOW_V2)
		buf_printf(&out->lines,
			   "echo +cpu > %s/cgroup.subtree_control\n"
			   "echo +cpu > %s%s/cgroup.subtree_control\n",
			   groups.v2, groups.v2, CONTROL_GROUP_OURS);
	if (result == 0 && how != HOW_NICE) {
		CLEANUP(buf_fini) struct buf value = {0};
		buf_add_shell_word(&value, str_from(share));
		buf_add_byte(&value, '\0');
		quarantine_tell(&q, c, ways[how].file, value.failed ? "" : value.at, &out->lines);
	}
	quarantine_fini(&q);
	return result;
}

static int limit_group(const struct response_case *c, enum how how, const char *share,
		       const struct quarantine *q, struct buf *outcome, struct error *why)
{
	size_t entered;
	int result = control_group_make(q->mount, q->group, why);

	if (result != 0)
		return result;
	if (how == HOW_V2) { /* may be on already; cpu.max is then there */
		(void)!control_group_write(q->mount, "", "cgroup.subtree_control", "+cpu");
		(void)!control_group_write(q->mount, CONTROL_GROUP_OURS, "cgroup.subtree_control",
					   "+cpu");
	} else {
		(void)!control_group_write(q->mount, q->group, "cpu.cfs_period_us", "100000");
	}
	result = control_group_write(q->mount, q->group, ways[how].file, share);
	if (result != 0) {
		(void)!control_group_remove(q->mount, q->group);
		return error_set(why, result, "cannot write %s%s/%s: %s; nothing is throttled",
				 q->mount, q->group, ways[how].file, strerror(-result));
	}
	result = quarantine_enter(c->place, q, &entered, why);
	if (result == 0)
		buf_printf(outcome, "%zu held to %u %% of one core together, in %s%s", entered,
			   c->place->throttle_percent, q->mount, q->group);
	return result;
}

static int apply(const struct response_case *c, struct json_value memory, struct buf *outcome,
		 struct error *why)
{
	enum how how = how_of(memory);
	struct quarantine q;
	char share[32];

	if (how == HOW_NICE) {
		size_t reached = nice_all(c->place, memory, true);
		buf_printf(outcome,
			   "no control group for the processor here, so %zu got nice 19 and "
			   "SCHED_IDLE: on an idle machine it runs on at full speed",
			   reached);
		return reached > 0 ? 0 : error_set(why, -ESRCH, "the processes have ended");
	}
	quarantine_text(memory, "share", share, sizeof(share));
	int result = quarantine_recall(c->place, memory, false, &q, why);
	if (result == 0)
		result = limit_group(c, how, share, &q, outcome, why);
	quarantine_fini(&q);
	return result;
}

static int undo(const struct response_place *place, struct json_value memory, struct buf *outcome,
		struct error *why)
{
	enum how how = how_of(memory);
	struct quarantine q;

	if (how == HOW_NICE) {
		buf_printf(outcome,
			   "niceness and policy of %zu are as before, but the same for all its "
			   "threads",
			   nice_all(place, memory, false));
		return 0;
	}
	int result = quarantine_recall(place, memory, false, &q, why);
	if (result == 0 && control_group_exists(q.mount, q.group)) {
		result = control_group_write(q.mount, q.group, ways[how].file, ways[how].off);
		if (result == -ENOENT) /* ended before the controller was on */
			result = 0;
		if (result != 0)
			error_set(why, result, "cannot write %s%s/%s: %s", q.mount, q.group,
				  ways[how].file, strerror(-result));
		buf_add_text(outcome, "the limit is off, and it is back in its control group; ");
		if (result == 0)
			result = quarantine_leave(place, &q, outcome, why);
	} else if (result == 0) {
		buf_add_text(outcome, "nothing is throttled any more: the group is gone");
	}
	quarantine_fini(&q);
	return result;
}

static void look(const struct response_place *place, struct json_value memory, struct buf *out)
{
	enum how how = how_of(memory);
	struct quarantine q;
	char text[64] = "";

	if (how == HOW_NICE || quarantine_recall(place, memory, false, &q, NULL) != 0)
		return;
	int count = control_group_pids(q.mount, q.group, NULL, 0);
	if (count > 0 &&
	    control_group_read(q.mount, q.group, ways[how].file, text, sizeof(text)) == 0 &&
	    strcmp(text, ways[how].off) != 0)
		buf_printf(out, "%d throttled in %s%s", count, q.mount, q.group);
	quarantine_fini(&q);
}

const struct response_step throttle_step = {
	.name = "throttle",
	.summary = "let it run with a few per cent of one core",
	.changes = true,
	.plan = plan,
	.apply = apply,
	.undo = undo,
	.look = look,
};
