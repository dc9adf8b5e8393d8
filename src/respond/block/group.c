/*
 * The hook (hook.h) goes to a control group in which nobody but the guilty is: their own, where
 * they have one, or the quarantine they were frozen in; else they are moved into one, as freeze
 * does. So whoever else needs the same places goes on reaching them.
 *
 * First the hook, then the move: a socket has the group that its maker was in.
 */
#include "respond/block/block.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/json_write.h"
#include "base/shell_word.h"
#include "respond/block/hook.h"
#include "respond/quarantine.h"

enum { MEMORY_MAX = RESPONSE_MEMORY_MAX / 2, FOLDER_BYTES = 2 * CONTROL_GROUP_PATH_MAX };

static void folder_of(const struct quarantine *q, char folder[FOLDER_BYTES])
{
	snprintf(folder, FOLDER_BYTES, "%s%s", q->mount, q->group);
}

static void tell(const struct response_case *c, const struct quarantine *q,
		 const struct endpoint *at, size_t count, struct buf *lines)
{
	char folder[FOLDER_BYTES], text[ENDPOINT_TEXT_MAX];

	folder_of(q, folder);
	quarantine_tell(q, c, NULL, NULL, lines);
	buf_add_text(lines, "bpf: connect4, connect6, sendmsg4 and sendmsg6 of control group ");
	buf_add_shell_word(lines, str_from(folder));
	buf_add_text(lines, " refuse");
	for (size_t i = 0; i < count; i++)
		buf_printf(lines, " %s", endpoint_text(&at[i], text).at);
	buf_printf(lines, " (TCP and UDP) for %lld s; kept in " HOOK_FOLDER "/%.*s\n",
		   (long long)(c->place->block_for.ns / DURATION_S(1).ns), STR_ARG(c->finding->id));
}

/* Many long paths, which are theirs to choose: the other steps need room, too. */
static void remember(const struct quarantine *q, struct buf *memory)
{
	struct json_writer w = {.out = memory};

	json_open(&w, '{');
	quarantine_remember(q, &w);
	json_close(&w, '}');
	if (memory->failed || memory->len > MEMORY_MAX)
		buf_clear(memory);
}

void group_plan(const struct response_case *c, const struct endpoint *at, size_t count,
		struct buf *lines, struct buf *memory)
{
	struct control_groups groups;
	struct error why = {0};
	struct quarantine q = {0};
	const char *lack = hook_lacks();

	control_groups_find(c->place->proc, &groups);
	if (!lack && !groups.v2[0])
		lack = "control groups (v2) are not mounted here";
	if (!lack && quarantine_plan(c, groups.v2, "", true, &q, &why) != 0)
		lack = why.text;
	if (!lack) {
		remember(&q, memory);
		if (memory->len == 0)
			lack = "its processes have too many long control groups";
	}
	if (lack)
		buf_printf(lines, "# not refused to its control group: %s\n", lack);
	else
		tell(c, &q, at, count, lines);
	quarantine_fini(&q);
}

/* Its group is gone, or this one and empty. */
static bool refuses_nobody(const struct response_case *c, const struct quarantine *q,
			   const char *folder)
{
	struct hook_state state;
	struct stat status;

	hook_look(c->finding->id, &state);
	if (state.group == 0)
		return true;
	return stat(folder, &status) == 0 && status.st_ino == state.group &&
	       control_group_pids(q->mount, q->group, NULL, 0) == 0 &&
	       !control_group_has_children(q->mount, q->group);
}

/*
 * They ended first. An earlier call may have made the hook for others, who are in the group still.
 */
static void take_back(const struct response_case *c, const struct quarantine *q, const char *folder,
		      bool is_new)
{
	struct error ignored;

	if (is_new || refuses_nobody(c, q, folder))
		(void)!hook_remove(c->finding->id, &ignored);
}

/* For nobody, a hook that holds must not go over to another group. */
static int hook(const struct response_case *c, const struct quarantine *q,
		const struct endpoint *at, size_t count, uint64_t seconds, struct error *why)
{
	char folder[FOLDER_BYTES];
	size_t entered;
	bool is_new = false;
	int result = quarantine_await(c->place, q, why);

	folder_of(q, folder);
	if (result == 0 && !q->in_place)
		result = control_group_make(q->mount, q->group, why);
	if (result == 0)
		result = hook_attach(c->finding->id, folder, at, count, seconds, &is_new, why);
	if (result == 0)
		result = quarantine_enter(c->place, q, &entered, why);
	if (result == -ESRCH)
		take_back(c, q, folder, is_new);
	if (result != 0 && !q->in_place) /* who is in it already stays, until undo */
		(void)control_group_remove(q->mount, q->group);
	return result;
}

int group_cut(const struct response_case *c, struct json_value memory, const struct endpoint *at,
	      size_t count, uint64_t seconds, struct buf *outcome)
{
	struct error why = {0};
	struct quarantine q;

	int result = quarantine_recall(c->place, memory, true, &q, &why);
	if (result == 0) {
		result = hook(c, &q, at, count, seconds, &why);
		if (result == 0) {
			buf_printf(outcome, "%zu address%s refused to its control group %s", count,
				   count == 1 ? "" : "es", q.mount);
			buf_add_printable(outcome, str_from(q.group), 200);
			buf_printf(outcome, " for %llu s, TCP and UDP; ",
				   (unsigned long long)seconds);
		}
		quarantine_fini(&q);
	}
	if (result != 0)
		buf_printf(outcome, "not refused to its control group: %s; ", why.text);
	return result;
}

int group_free(const struct response_place *place, struct json_value memory, struct str id,
	       struct buf *outcome, struct error *why)
{
	struct quarantine q;

	int result = hook_remove(id, why);
	if (result != 0 || !json_exists(memory))
		return result;
	result = quarantine_recall(place, memory, true, &q, why);
	if (result != 0)
		return result;
	result = quarantine_leave(place, &q, outcome, why);
	quarantine_fini(&q);
	return result;
}

static void tell_held(const struct hook_state *state, struct str id, struct buf *out)
{
	if (state->places == 0)
		buf_add_text(out, "the time of its hook is over: nothing is refused");
	else if (state->programs == 0)
		buf_add_text(out, "the hooked control group is gone: nothing is refused");
	else
		buf_printf(out, "%u address%s refused for %llu s more by %u of %d hooks",
			   state->places, state->places == 1 ? "" : "es",
			   (unsigned long long)state->seconds, state->programs, HOOK_PROGRAMS);
	buf_printf(out, " (" HOOK_FOLDER "/%.*s)", STR_ARG(id));
}

/* Also who is still kept in a group of ours, though it may refuse nothing any more. */
void group_look(const struct response_place *place, struct json_value memory, struct str id,
		struct buf *out)
{
	struct hook_state state;
	struct quarantine q;

	hook_look(id, &state);
	if (state.is_in)
		tell_held(&state, id, out);
	if (!json_exists(memory) || quarantine_recall(place, memory, true, &q, NULL) != 0)
		return;
	int count = control_group_pids(q.mount, q.group, NULL, 0);
	if (count > 0 && (state.is_in || !q.in_place)) {
		buf_printf(out, "%s%d process%s in %s", out->len ? ", " : "", count,
			   count == 1 ? "" : "es", q.mount);
		buf_add_printable(out, str_from(q.group), 200);
	}
	quarantine_fini(&q);
}
