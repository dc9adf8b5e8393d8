/* End it for good. SIGKILL through pidfds; the quarantine's control group as a whole, where it is
 * in one, so that what was born meanwhile ends too. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "respond/quarantine.h"
#include "base/shell_word.h"
#include "respond/task.h"

enum { END_MS = 3000, PIDS_MAX = 4096 };

static void our_group(const struct response_case *c, char group[CONTROL_GROUP_PATH_MAX])
{
	snprintf(group, CONTROL_GROUP_PATH_MAX, CONTROL_GROUP_OURS "/%.*s",
		 STR_ARG(str_sub(c->finding->id, 0, FINDING_ID_LEN)));
}

static int plan(const struct response_case *c, struct response_plan *out, struct error *why)
{
	struct json_writer w = {.out = &out->memory};
	struct control_groups groups;
	char group[CONTROL_GROUP_PATH_MAX];

	control_groups_find(c->place->proc, &groups);
	our_group(c, group);
	json_open(&w, '{');
	tasks_remember(c, &w);
	json_key_string(&w, "group", str_from(group));
	json_key_string(&w, "v2", str_from(groups.v2));
	json_key_string(&w, "freezer", str_from(groups.freezer));
	json_close(&w, '}');
	for (size_t i = 0; i < c->target_count; i++) {
		buf_printf(&out->lines, "kill -KILL %u   # ", c->targets[i]->key.pid);
		buf_add_shell_word(&out->lines, c->targets[i]->executable.path);
		buf_add_byte(&out->lines, '\n');
	}
	if (groups.v2[0] && control_group_exists(groups.v2, group))
		buf_printf(&out->lines, "echo 1 > %s%s/cgroup.kill\n", groups.v2, group);
	if (groups.freezer[0] && control_group_exists(groups.freezer, group))
		buf_printf(&out->lines, "echo THAWED > %s%s/freezer.state\n", groups.freezer,
			   group);
	return 0;
}

/* Whoever is in our group, each by a pidfd that is checked to be of one in the group. */
static void kill_each(const struct response_place *place, const char *mount, const char *group)
{
	uint32_t pids[PIDS_MAX];
	int count = control_group_pids(mount, group, pids, PIDS_MAX);

	for (int i = 0; i < count && i < PIDS_MAX; i++) {
		struct task task;
		struct process_key key = {pids[i], task_start(place->proc, pids[i], NULL)};
		char now[CONTROL_GROUP_PATH_MAX] = "";
		if (task_open(place->proc, key, &task) != 0)
			continue;
		if (control_group_of(place->proc, pids[i], "freezer", now) == 0 &&
		    strcmp(now, group) == 0)
			(void)!task_signal(&task, SIGKILL);
		task_close(&task);
	}
}

/* Under the freezer of v1 a signal waits until it thaws; nothing of the miner runs in between. */
static void kill_groups(const struct response_place *place, struct json_value memory)
{
	char group[CONTROL_GROUP_PATH_MAX], mount[CONTROL_GROUP_PATH_MAX];

	quarantine_text(memory, "group", group, sizeof(group));
	if (!str_starts(str_from(group), STR(CONTROL_GROUP_OURS "/")) ||
	    str_find(str_from(group), STR("/..")) >= 0)
		return;
	quarantine_text(memory, "v2", mount, sizeof(mount));
	if (mount[0])
		(void)!control_group_write(mount, group, "cgroup.kill", "1");
	quarantine_text(memory, "freezer", mount, sizeof(mount));
	if (mount[0] && control_group_exists(mount, group)) {
		kill_each(place, mount, group);
		(void)!control_group_write(mount, group, "freezer.state", "THAWED");
	}
}

struct victims {
	struct task at[RESPONSE_TARGETS_MAX];
	size_t count;
};

static int signal_victims(const struct response_place *place, const struct quarantine *q,
			  struct victims *victims, struct error *why)
{
	for (size_t i = 0; i < q->count && victims->count < RESPONSE_TARGETS_MAX; i++) {
		struct task *task = &victims->at[victims->count];
		int result = task_open(place->proc, q->tasks[i].key, task);
		if (result == -ESRCH)
			continue;
		if (result == 0) {
			victims->count++;
			result = task_signal(task, SIGKILL);
		}
		if (result != 0 && result != -ESRCH)
			return error_set(why, result, "process %u cannot be killed: %s",
					 q->tasks[i].key.pid, strerror(-result));
	}
	return 0;
}

static int apply(const struct response_case *c, struct json_value memory, struct buf *outcome,
		 struct error *why)
{
	struct victims victims = {0};
	struct quarantine q;
	size_t ended = 0;

	int result = tasks_recall(memory, &q, why);
	if (result == 0)
		result = signal_victims(c->place, &q, &victims, why);
	if (result == 0)
		kill_groups(c->place, memory);
	for (size_t i = 0; i < victims.count; i++) {
		ended += result == 0 && task_wait(&victims.at[i], END_MS);
		task_close(&victims.at[i]);
	}
	if (result == 0)
		buf_printf(outcome, "%zu of %zu ended%s", ended, q.count,
			   ended < victims.count ? "; the rest waits in the kernel and ends when "
						   "it comes back"
						 : "");
	quarantine_fini(&q);
	return result;
}

static int undo(const struct response_place *place, struct json_value memory, struct buf *outcome,
		struct error *why)
{
	buf_add_text(outcome, "a killed process does not come back: start the program anew if it "
			      "was innocent (its file was left alone)");
	return 0;
}

static void look(const struct response_place *place, struct json_value memory, struct buf *out)
{
}

const struct response_step kill_step = {
	.name = "kill",
	.summary = "end it for good",
	.changes = true,
	.plan = plan,
	.apply = apply,
	.undo = undo,
	.look = look,
};
