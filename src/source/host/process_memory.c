/* What a process's memory holds: its mappings, and the environment it was started with. */
#include <errno.h>
#include <string.h>

#include "decode/proc/command.h"
#include "decode/proc/maps.h"
#include "source/host/process_files.h"

int process_environment_read(struct processes *processes, const struct opened_process *opened,
			     struct arena *arena, struct proc_environment *out)
{
	struct str text;

	*out = (struct proc_environment){0};
	if (!opened || opened->descriptors[PROCESS_FILE_ENVIRONMENT] < 0)
		return opened && opened->errors[PROCESS_FILE_ENVIRONMENT]
			       ? opened->errors[PROCESS_FILE_ENVIRONMENT]
			       : -EBADF;
	if (!processes_may_read(processes, opened->pid))
		return -EDEADLK;
	int failed = process_text(processes, opened->descriptors[PROCESS_FILE_ENVIRONMENT],
				  ENVIRONMENT_TEXT_MAX, &text);
	if (failed)
		return failed;
	proc_environment_read(text, out);
	out->preload = arena_copy(arena, str_sub(out->preload, 0, PROCESS_TEXT_MAX));
	for (size_t i = 0; i < out->name_count; i++)
		out->names[i] = arena_copy(arena, out->names[i]);
	/* The values of others are in there. */
	explicit_bzero(processes->text.at, processes->text.len);
	return 0;
}

struct mapping_list {
	struct arena *arena;
	struct buf *mappings; /* until their number is known */
	size_t count;
	bool is_cut;
	struct str last_path; /* in the arena: a file has several mappings in a row */
};

static bool add_mapping(struct mapping_list *list, struct mapping *found)
{
	if (list->count == MAPPINGS_MAX)
		return false;
	if (found->path.len && !str_equal(found->path, list->last_path)) {
		list->last_path = arena_copy(list->arena, found->path);
		if (!list->last_path.at)
			return false;
	}
	found->path = found->path.len ? list->last_path : (struct str){0};
	buf_add_bytes(list->mappings, found, sizeof(*found));
	list->count++;
	return !list->mappings->failed;
}

static bool take_mappings(void *context, struct str *rest)
{
	struct mapping_list *list = context;
	struct mapping found;

	while (proc_maps_next(rest, &found)) {
		if (add_mapping(list, &found))
			continue;
		list->is_cut = true;
		return false;
	}
	return true;
}

int process_mappings_read(struct processes *processes, const struct opened_process *opened,
			  struct arena *arena, struct process_mappings *out)
{
	CLEANUP(buf_fini) struct buf mappings = {0};
	struct mapping_list list = {.arena = arena, .mappings = &mappings};

	*out = (struct process_mappings){0};
	if (opened->descriptors[PROCESS_FILE_MAPS] < 0)
		return opened->errors[PROCESS_FILE_MAPS] ? opened->errors[PROCESS_FILE_MAPS]
							 : -EBADF;
	/* the kernel's list waits for who changes it, who waits for a page */
	if (!processes_may_read(processes, opened->pid))
		return -EDEADLK;
	int failed = process_lines(processes, opened->descriptors[PROCESS_FILE_MAPS], MAPS_TEXT_MAX,
				   take_mappings, &list);
	if (failed)
		return failed;
	/* less one: the arena aligns what it gives */
	size_t room = arena->cap - arena->used, most = room / sizeof(struct mapping);
	most -= most > 0;
	out->is_cut = list.is_cut || list.count > most;
	out->count = list.count < most ? list.count : most;
	out->at = arena_take(arena, out->count * sizeof(struct mapping));
	if (!out->at) {
		out->is_cut |= out->count > 0;
		out->count = 0;
	} else if (out->count) {
		memcpy(out->at, mappings.at, out->count * sizeof(struct mapping));
	}
	return 0;
}
