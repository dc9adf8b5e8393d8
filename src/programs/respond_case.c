#include "programs/respond_case.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/finding_json.h"
#include "model/line.h"
#include "programs/clock.h"
#include "programs/store_folder.h"
#include "respond/block/hook.h"
#include "respond/task.h"

enum { ROUNDS_MAX = 5 };

/* -- set-up -- */

/* A store made by us is for who owns its folder: davy watch writes to it without our rights. */
static int make_store(const char *path, struct error *why)
{
	char folder[PATH_MAX];
	struct stat owner;

	int result = store_folder_make(path, why);
	if (result != 0)
		return result;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return 0; /* there already; whatever is wrong with it, store_open tells */
	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = '\0';
		if (stat(folder, &owner) == 0)
			(void)!fchown(fd, owner.st_uid, owner.st_gid);
	}
	close(fd);
	return 0;
}

static int open_store(struct responding *r, struct error *why)
{
	const char *path = r->settings.store_path;
	bool writes = r->does_it && !r->is_dry;
	int result = 0;

	if (!writes && r->from && !r->undoes)
		return 0; /* nothing to read there, nothing to write */
	if (writes)
		result = make_store(path, why);
	return result != 0
		       ? result
		       : store_open(path, writes ? STORE_WRITE : STORE_READ, &r->view.store, why);
}

void response_settings_from(const struct settings *s, const char *store_path,
			    struct response_settings *out)
{
	*out = (struct response_settings){
		.evidence_bytes = settings_number(s, "respond.evidence_size"),
		.evidence_total = settings_number(s, "respond.evidence_total"),
		.evidence_keep_s = 86400 * settings_number(s, "respond.evidence_days"),
		.block_for_s =
			(uint64_t)(settings_duration(s, "respond.block_for").ns / 1000000000),
		.throttle_percent = (uint32_t)settings_number(s, "respond.throttle_percent"),
	};
	snprintf(out->store_path, sizeof(out->store_path), "%s",
		 store_path ? store_path : settings_text(s, "store.path"));
	snprintf(out->evidence_folder, sizeof(out->evidence_folder), "%s",
		 settings_text(s, "respond.evidence"));
}

int responding_open(struct responding *r, struct error *why)
{
	const struct response_settings *s = &r->settings;

	int result = open_store(r, why);
	if (result == 0)
		result = respond_targets_open(&r->targets, why);
	r->has_targets = result == 0;
	r->place = (struct response_place){
		.proc = r->targets.opener.proc,
		.evidence_folder = s->evidence_folder,
		.evidence_bytes = s->evidence_bytes,
		.by_policy = r->by_policy,
		.evidence_total = s->evidence_total,
		.evidence_keep = DURATION_S(s->evidence_keep_s),
		.block_for = DURATION_S(s->block_for_s),
		.throttle_percent = s->throttle_percent,
	};
	if (result == 0 && r->does_it && !r->is_dry)
		hooks_sweep();
	return result;
}

void responding_close(struct responding *r)
{
	if (r->has_targets)
		respond_targets_close(&r->targets);
	r->has_targets = false;
}

struct json_value respond_memory(struct json *doc, struct str text)
{
	if (json_read(doc, text) == 0)
		doc->count = 0;
	return json_root(doc);
}

static void tell_refused(struct responding *r)
{
	for (size_t i = 0; i < r->targets.refused_count; i++) {
		char line[256];
		snprintf(line, sizeof(line), "process %u is left alone: %s",
			 r->targets.refused[i].pid, r->targets.refused[i].why);
		r->tell_trouble(line);
	}
	if (r->targets.is_full)
		r->tell_trouble("there are more processes than one response takes: run it again");
}

/* -- one step upon one finding -- */

struct turn {
	struct responding *r;
	struct response_case c;
	struct response_plan plan;
	struct json doc;
	uint64_t number; /* in the journal */
};

static int begin(struct turn *turn, struct error *why)
{
	const struct response response = {.finding = turn->c.finding->id,
					  .step = str_from(turn->r->step->name),
					  .memory = buf_view(&turn->plan.memory),
					  .began = turn->c.now,
					  .until = turn->r->until,
					  .by_policy = turn->r->by_policy};

	if (turn->plan.memory.failed || turn->plan.memory.len > RESPONSE_MEMORY_MAX)
		return error_set(why, -E2BIG, "too many processes for one response: nothing done");
	return store_begin_response(turn->r->view.store, &response, &turn->number, why);
}

static int take_step(struct turn *turn, struct error *why)
{
	CLEANUP(buf_fini) struct buf outcome = {0};
	struct responding *r = turn->r;
	struct error ignored;

	int result = begin(turn, why);
	if (result != 0)
		return result;
	struct json_value memory = respond_memory(&turn->doc, buf_view(&turn->plan.memory));
	result = r->step->apply(&turn->c, memory, &outcome, why);
	if (result == 0)
		buf_add(&outcome, r->remark);
	struct str said = result == 0 ? buf_view(&outcome) : str_from(why->text);
	int noted = store_end_response(r->view.store, turn->number,
				       result == 0 ? RESPONSE_DONE : RESPONSE_FAILED, said,
				       clock_wall(), result == 0 ? why : &ignored);
	if (result != 0)
		return result;
	const struct response_told told = {
		turn->c.finding->id,	      str_from(r->step->name),	   STR("done"),
		buf_view(&turn->plan.memory), buf_view(&turn->plan.lines), said};
	r->tell(r, &told);
	return noted;
}

static int plan_and_take(struct turn *turn, struct error *why)
{
	struct responding *r = turn->r;
	struct response_told told = {turn->c.finding->id, str_from(r->step->name),
				     STR("proposed; nothing was done: --yes does it")};

	buf_clear(&turn->plan.memory);
	buf_clear(&turn->plan.lines);
	turn->c.targets = r->targets.at;
	turn->c.target_count = r->targets.count;
	turn->c.now = clock_wall();
	int result = r->step->plan(&turn->c, &turn->plan, why);
	told.memory = buf_view(&turn->plan.memory);
	told.lines = buf_view(&turn->plan.lines);
	if (result != 0)
		told.state = STR("not possible");
	if ((result != 0 && told.lines.len > 0) || (result == 0 && (!r->does_it || r->is_dry)))
		r->tell(r, &told);
	if (result != 0 || !r->does_it || r->is_dry)
		return result;
	return take_step(turn, why);
}

/* Did the search find one that was not there when the step was taken? */
static bool has_new_target(const struct respond_targets *t, const struct process_key *old,
			   size_t count)
{
	for (size_t i = 0; i < t->count; i++)
		if (!task_is_among(old, count, &t->at[i]->key))
			return true;
	return false;
}

/* Who is born while the others are stopped is stopped in another round. */
static int take_rounds(struct turn *turn, struct error *why)
{
	struct respond_targets *t = &turn->r->targets;
	struct process_key old[RESPONSE_TARGETS_MAX];
	struct error ignored;
	bool repeats = turn->r->step == &freeze_step || turn->r->step == &throttle_step;

	for (int round = 0;; round++) {
		size_t count = t->count;
		for (size_t i = 0; i < count; i++)
			old[i] = t->at[i]->key;
		int result = plan_and_take(turn, why);
		if (result != 0 || !repeats || !turn->r->does_it || turn->r->is_dry ||
		    round == ROUNDS_MAX ||
		    respond_targets_find(t, turn->c.finding, &ignored) != 0 ||
		    !has_new_target(t, old, count))
			return result;
	}
}

int respond_to_finding(struct responding *r, struct str line, struct error *why)
{
	struct turn turn = {.r = r};
	struct finding *finding = calloc(1, sizeof(*finding));
	struct json_node *nodes = calloc(RESPONSE_NODES_MAX, sizeof(*nodes));
	struct arena arena = {0};
	int result = finding && nodes ? arena_init(&arena, LINE_ARENA_BYTES) : -ENOMEM;

	if (result != 0)
		error_set(why, result, "no memory");
	if (result == 0)
		result = finding_from_json(line, &arena, finding, why);
	if (result == 0 && (finding->id.len != FINDING_ID_LEN || !str_is_hex(finding->id)))
		result = error_set(why, -EBADMSG, "the finding's id is none");
	if (result == 0)
		result = respond_targets_find(&r->targets, finding, why);
	if (result == 0)
		tell_refused(r);
	if (result == 0 && r->targets.count == 0)
		result = error_set(why, -EPERM, "none of its processes may be touched");
	turn.c = (struct response_case){.place = &r->place,
					.finding = finding,
					.finding_json = line,
					.by_policy = r->by_policy};
	turn.doc = (struct json){.nodes = nodes, .cap = nodes ? RESPONSE_NODES_MAX : 0};
	if (result == 0)
		result = take_rounds(&turn, why);
	buf_fini(&turn.plan.memory);
	buf_fini(&turn.plan.lines);
	arena_fini(&arena);
	free(nodes);
	free(finding);
	return result;
}

/* Of an incident with several findings one may have ended; the others are still to be stopped. */
static int visit_finding(struct responding *r, struct str line, struct error *why)
{
	int result = respond_to_finding(r, line, why);

	r->taken += result == 0;
	if (result != 0)
		r->tell_trouble(why->text);
	/* what is about no process of this machine has no such step */
	r->has_failed |= result != 0 && result != -EINVAL;
	return 0;
}

int respond_to_all(struct responding *r, struct error *why)
{
	int result = respond_each_finding(r, visit_finding, why);

	r->has_failed |= r->taken == 0;
	return result;
}
