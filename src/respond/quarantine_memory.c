/* What the journal keeps of a quarantine, and how far it is believed when it is read again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode/proc/cgroup.h"
#include "respond/quarantine.h"

static void remember_key(struct json_writer *w, struct process_key key)
{
	json_key_unsigned(w, "pid", key.pid);
	json_key_unsigned(w, "start_ns", key.start_ns);
}

void tasks_remember(const struct response_case *c, struct json_writer *w)
{
	json_key(w, "tasks");
	json_open(w, '[');
	for (size_t i = 0; i < c->target_count; i++) {
		json_open(w, '{');
		remember_key(w, c->targets[i]->key);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void quarantine_remember(const struct quarantine *q, struct json_writer *w)
{
	json_key_string(w, "mount", str_from(q->mount));
	json_key_string(w, "group", str_from(q->group));
	json_key(w, "in_place");
	json_bool(w, q->in_place);
	json_key(w, "tasks");
	json_open(w, '[');
	for (size_t i = 0; i < q->count; i++) {
		json_open(w, '{');
		remember_key(w, q->tasks[i].key);
		json_key_string(w, "old", str_from(q->tasks[i].old));
		json_close(w, '}');
	}
	json_close(w, ']');
}

struct str quarantine_text(struct json_value memory, const char *key, char *scratch, size_t cap)
{
	struct str text = json_text(json_member(memory, str_from(key)), scratch, cap);
	size_t len = text.len < cap ? text.len : cap - 1;

	memmove(scratch, text.at ? text.at : "", len);
	scratch[len] = '\0';
	return str_of(scratch, len);
}

static void recall_tasks(struct json_value tasks, struct quarantine *out)
{
	for (struct json_value t = json_first(tasks); json_exists(t); t = json_next(t)) {
		struct quarantine_task *task = &out->tasks[out->count];
		uint64_t pid;
		if (!json_to_u64(json_member(t, STR("pid")), &pid) || pid > INT32_MAX ||
		    !json_to_u64(json_member(t, STR("start_ns")), &task->key.start_ns))
			continue;
		task->key.pid = (uint32_t)pid;
		quarantine_text(t, "old", task->old, sizeof(task->old));
		out->count++;
	}
}

int tasks_recall(struct json_value memory, struct quarantine *out, struct error *why)
{
	struct json_value tasks = json_member(memory, STR("tasks"));

	*out = (struct quarantine){.tasks = calloc(json_count(tasks) + 1, sizeof(*out->tasks))};
	if (!out->tasks)
		return error_set(why, -ENOMEM, "no memory");
	recall_tasks(tasks, out);
	return 0;
}

/* A path as the kernel writes it, which means what it says. */
static bool is_plain(const char *group)
{
	struct str rest = str_from(group), name;

	if (!str_starts(rest, STR("/")))
		return false;
	rest = str_skip(rest, 1);
	while (rest.len) {
		(void)str_cut(rest, '/', &name, &rest);
		if (name.len == 0 || str_equal(name, STR(".")) || str_equal(name, STR("..")))
			return false;
	}
	return true;
}

/* The quarantine of one finding. */
static bool is_ours(const char *group)
{
	struct str path = str_from(group);

	if (!str_starts(path, STR(CONTROL_GROUP_OURS "/")))
		return false;
	path = str_skip(path, sizeof(CONTROL_GROUP_OURS));
	return path.len == FINDING_ID_LEN && str_is_hex(path);
}

/* One of theirs; or one of ours, where one step was taken upon another. */
static bool is_possible(const char *group)
{
	return is_plain(group) &&
	       (is_ours(group) || !cgroup_is_within(str_from(group), STR(CONTROL_GROUP_OURS)));
}

static bool could_be_ours(const struct quarantine *q, bool in_place)
{
	bool could =
		q->controller && (q->in_place ? in_place && q->count > 0 && is_possible(q->group)
					      : is_ours(q->group));

	for (size_t i = 0; i < q->count; i++)
		could &= q->in_place ? strcmp(q->tasks[i].old, q->group) == 0
				     : is_possible(q->tasks[i].old);
	return could;
}

static const char *controller_of(const struct response_place *place, const char *mount)
{
	struct control_groups groups;

	control_groups_find(place->proc, &groups);
	if (mount[0] == '\0')
		return NULL;
	return strcmp(mount, groups.v2) == 0	    ? ""
	       : strcmp(mount, groups.freezer) == 0 ? "freezer"
	       : strcmp(mount, groups.cpu) == 0	    ? "cpu"
						    : NULL;
}

int quarantine_recall(const struct response_place *place, struct json_value memory, bool in_place,
		      struct quarantine *out, struct error *why)
{
	int result = tasks_recall(memory, out, why);

	if (result != 0)
		return result;
	quarantine_text(memory, "mount", out->mount, sizeof(out->mount));
	quarantine_text(memory, "group", out->group, sizeof(out->group));
	out->in_place = json_is_true(json_member(memory, STR("in_place")));
	out->controller = controller_of(place, out->mount);
	if (could_be_ours(out, in_place))
		return 0;
	quarantine_fini(out);
	return error_set(why, -EBADMSG,
			 "the journal was changed by hand, or control groups are mounted at "
			 "another place than then");
}
