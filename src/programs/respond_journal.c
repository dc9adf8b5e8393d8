/* Taking back, and showing what is in effect: from the journal, and from the kernel. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "model/finding_json.h"
#include "programs/clock.h"
#include "programs/respond_case.h"
#include "respond/block/hook.h"
#include "respond/control_group.h"

enum { KNOWN_MAX = 256, RETRY_S = 10 };

struct walk {
	struct responding *r;
	struct json doc;
	struct error *why;
	int result;
	size_t count;
	char known[KNOWN_MAX][FINDING_ID_LEN + 1]; /* findings with open steps */
	size_t known_count;
};

static int walk_init(struct walk *w, struct responding *r, struct error *why)
{
	struct json_node *nodes = calloc(RESPONSE_NODES_MAX, sizeof(*nodes));

	*w = (struct walk){.r = r, .why = why};
	w->doc = (struct json){.nodes = nodes, .cap = RESPONSE_NODES_MAX};
	return nodes ? 0 : error_set(why, -ENOMEM, "no memory");
}

/* -- undo -- */

static void undo_one(struct walk *w, const struct response *response,
		     const struct response_step *step)
{
	CLEANUP(buf_fini) struct buf outcome = {0};
	struct json_value memory = respond_memory(&w->doc, response->memory);
	struct response_told told = {response->finding, response->step, STR("undone")};
	struct error why = {0};

	int result = step->undo(&w->r->place, memory, &outcome, &why);
	if (result == 0)
		buf_add(&outcome, w->r->remark);
	told.memory = response->memory;
	told.outcome = result == 0 ? buf_view(&outcome) : str_from(why.text);
	if (result == 0)
		result = store_end_response(w->r->view.store, response->number, RESPONSE_UNDONE,
					    told.outcome, clock_wall(), &why);
	if (result != 0) {
		told.state = STR("could not be undone; try again");
		told.outcome = str_from(why.text);
		w->r->has_failed = true;
	}
	w->r->tell(w->r, &told);
}

static bool is_named(const struct responding *r, struct str finding)
{
	for (size_t i = 0; i < r->named_count; i++)
		if (str_equal(finding, str_from(r->named[i])))
			return true;
	return str_starts(finding, r->id);
}

static int name_finding(struct responding *r, struct str line, struct error *why)
{
	struct finding *finding = calloc(1, sizeof(*finding));

	arena_reset(&r->view.arena);
	if (finding && r->named_count < RESPONSE_TARGETS_MAX &&
	    finding_from_json(line, &r->view.arena, finding, NULL) == 0)
		snprintf(r->named[r->named_count++], FINDING_ID_LEN + 1, "%.*s",
			 STR_ARG(str_sub(finding->id, 0, FINDING_ID_LEN)));
	free(finding);
	return 0;
}

static bool visit_undo(void *context, const struct response *response)
{
	struct walk *w = context;
	const struct response_step *step = response_step_changing(response->step);
	struct response_told told = {response->finding, response->step,
				     STR("would be undone; nothing was done: --yes does it")};

	if (!is_named(w->r, response->finding) || !step)
		return true;
	w->count++;
	if (w->r->does_it && !w->r->is_dry) {
		undo_one(w, response, step);
		return true;
	}
	told.memory = response->memory;
	told.outcome = response->outcome;
	w->r->tell(w->r, &told);
	return true;
}

int respond_undo(struct responding *r, struct error *why)
{
	struct error unknown;
	struct walk w;

	/* an incident's findings; the journal knows also what the store has forgotten */
	if (respond_each_finding(r, name_finding, &unknown) != 0)
		r->named_count = 0;
	int result = walk_init(&w, r, why);
	if (result == 0)
		result = store_each_response(r->view.store, (struct str){0}, true, visit_undo, &w,
					     why);
	free(w.doc.nodes);
	if (result == 0 && w.count == 0)
		return error_set(why, -ENOENT,
				 "nothing was done about %.*s that is not undone already; davy "
				 "respond --list shows all",
				 STR_ARG(str_sub(r->id, 0, 64)));
	return result;
}

/* -- what is undone by itself -- */

struct due {
	struct walk walk;
	instant now, next;
};

static bool note_lasting(void *context, const struct response *response)
{
	bool *lasts = context;

	*lasts |= response->until.ns == 0 && response->state == RESPONSE_DONE &&
		  str_equal(response->step, str_from(freeze_step.name));
	return !*lasts;
}

/* One that was frozen for good in the meantime does not thaw. */
static bool lasts(struct responding *r, struct str finding)
{
	bool found = false;
	struct error why = {0};

	if (store_each_response(r->view.store, finding, true, note_lasting, &found, &why) != 0)
		return false;
	return found;
}

static bool visit_due(void *context, const struct response *response)
{
	struct due *due = context;
	const struct response_step *step = response_step_changing(response->step);

	/* the policy lets only a freeze end by itself: any other line is none of ours */
	if (response->until.ns == 0 || !response->by_policy || step != &freeze_step ||
	    lasts(due->walk.r, response->finding))
		return true;
	if (response->until.ns <= due->now.ns)
		undo_one(&due->walk, response, step);
	else if (due->next.ns == 0 || response->until.ns < due->next.ns)
		due->next = response->until;
	return true;
}

int respond_undo_due(struct responding *r, instant now, instant *next, struct error *why)
{
	struct due due = {.now = now};

	int result = walk_init(&due.walk, r, why);
	r->has_failed = false;
	if (result == 0)
		result = store_each_response(r->view.store, (struct str){0}, true, visit_due, &due,
					     why);
	free(due.walk.doc.nodes);
	*next = due.next;
	if (r->has_failed)
		*next = instant_add(now, DURATION_S(RETRY_S));
	return result;
}

/* -- list -- */

static void remember(struct walk *w, struct str finding)
{
	if (w->known_count < KNOWN_MAX)
		snprintf(w->known[w->known_count++], FINDING_ID_LEN + 1, "%.*s",
			 STR_ARG(str_sub(finding, 0, FINDING_ID_LEN)));
}

static bool is_known(const struct walk *w, const char *finding)
{
	for (size_t i = 0; i < w->known_count; i++)
		if (strcmp(w->known[i], finding) == 0)
			return true;
	return false;
}

/* What the kernel does not hold any more is left out, unless it ended half-way. */
static bool visit_list(void *context, const struct response *response)
{
	struct walk *w = context;
	const struct response_step *step = response_step_changing(response->step);
	CLEANUP(buf_fini) struct buf held = {0};
	struct response_told told = {response->finding, response->step,
				     response->by_policy ? STR("in effect, by policy")
							 : STR("in effect")};

	if (!step)
		return true;
	step->look(&w->r->place, respond_memory(&w->doc, response->memory), &held);
	if (held.len == 0 && response->state != RESPONSE_BEGUN)
		return true;
	remember(w, response->finding);
	if (response->state == RESPONSE_BEGUN)
		told.state = STR("begun, and davy ended before it was done");
	else if (response->state == RESPONSE_FAILED)
		told.state = STR("done in part");
	told.memory = response->memory;
	if (held.len == 0)
		buf_add_text(&held, "nothing of it is in effect; undo clears this line");
	told.outcome = buf_view(&held);
	w->r->tell(w->r, &told);
	w->count++;
	return true;
}

/* Groups of ours that the journal does not know: it was lost, or another one was in use. */
static void list_strangers(struct walk *w, const char *mount, const char *what)
{
	char path[2 * CONTROL_GROUP_PATH_MAX];

	if (!mount[0])
		return;
	snprintf(path, sizeof(path), "%s" CONTROL_GROUP_OURS, mount);
	DIR *folder = opendir(path);
	for (struct dirent *e; folder && (e = readdir(folder));) {
		CLEANUP(buf_fini) struct buf outcome = {0};
		char group[CONTROL_GROUP_PATH_MAX];
		if (e->d_type != DT_DIR || e->d_name[0] == '.' || is_known(w, e->d_name))
			continue;
		snprintf(group, sizeof(group), CONTROL_GROUP_OURS "/%.200s", e->d_name);
		buf_printf(&outcome, "%d processes are in %s/%.200s (%s)",
			   control_group_pids(mount, group, NULL, 0), path, e->d_name, what);
		const struct response_told told = {str_from(e->d_name), STR("quarantine"),
						   STR("in the kernel, but not in this journal"),
						   .outcome = buf_view(&outcome)};
		w->r->tell(w->r, &told);
		w->count++;
	}
	if (folder)
		closedir(folder);
}

static void list_stranger_hook(void *context, struct str id)
{
	CLEANUP(buf_fini) struct buf outcome = {0};
	struct walk *w = context;
	char finding[FINDING_ID_LEN + 1];
	struct hook_state state;

	snprintf(finding, sizeof(finding), "%.*s", STR_ARG(id));
	if (is_known(w, finding))
		return;
	hook_look(id, &state);
	buf_printf(&outcome,
		   "%u addresses are refused to a control group for %llu s more: rm -r " HOOK_FOLDER
		   "/%s ends it",
		   state.programs ? state.places : 0, (unsigned long long)state.seconds, finding);
	const struct response_told told = {id, STR("block"),
					   STR("in the kernel, but not in this journal"),
					   .outcome = buf_view(&outcome)};
	w->r->tell(w->r, &told);
	w->count++;
}

int respond_list(struct responding *r, struct error *why)
{
	struct control_groups groups;
	struct walk w;

	int result = walk_init(&w, r, why);
	if (result == 0)
		result = store_each_response(r->view.store, (struct str){0}, true, visit_list, &w,
					     why);
	control_groups_find(r->place.proc, &groups);
	list_strangers(&w, groups.v2, "control group v2: echo 0 > cgroup.freeze thaws");
	list_strangers(&w, groups.freezer, "freezer: echo THAWED > freezer.state thaws");
	list_strangers(&w, groups.cpu, "throttled: echo -1 > cpu.cfs_quota_us frees");
	hooks_each(list_stranger_hook, &w);
	free(w.doc.nodes);
	if (result == 0 && w.count == 0 && !r->view.is_json)
		view_add(&r->view, "Nothing is frozen, throttled or blocked.\n");
	return result;
}
