#include "source/host/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/proc/mounts.h"
#include "decode/proc/stat.h"
#include "source/host/listing.h"
#include "source/host/process_files.h"

enum { ROWS_FIRST = 512 };

int processes_open(int proc, struct processes **out, struct error *why)
{
	struct processes *processes = calloc(1, sizeof(*processes));

	if (!processes)
		return error_set(why, -ENOMEM, "no memory for the table of processes");
	processes->proc = proc;
	processes->folder = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	processes->page_bytes = (uint64_t)getpagesize();
	if (processes->folder < 0) {
		int failed = -errno;
		free(processes);
		return error_set(why, failed, "the processes cannot be listed: %s",
				 strerror(-failed));
	}
	*out = processes;
	return 0;
}

void processes_ask_first(struct processes *processes, bool (*may_read)(void *context, uint32_t pid),
			 void *context)
{
	processes->may_read = may_read;
	processes->context = context;
}

bool processes_may_read(const struct processes *processes, uint32_t pid)
{
	return !processes->may_read || processes->may_read(processes->context, pid);
}

void processes_close(struct processes *processes)
{
	if (!processes)
		return;
	close(processes->folder);
	buf_fini(&processes->text);
	free(processes->rows);
	free(processes->spare);
	free(processes);
}

/* -- one sweep -- */

struct sweep {
	struct processes *processes;
	size_t count; /* of processes->spare */
	uint64_t uncounted;
	bool is_sorted;
	int failed;
};

static bool grow(struct processes *processes)
{
	size_t cap = processes->spare_cap ? 2 * processes->spare_cap : ROWS_FIRST;
	struct process_row *rows = reallocarray(processes->spare, cap, sizeof(*rows));

	if (!rows)
		return false;
	processes->spare = rows;
	processes->spare_cap = cap;
	return true;
}

static bool is_hidden(const struct hiding_mounts *hiding, uint32_t pid)
{
	for (size_t i = 0; i < hiding->count; i++)
		if (hiding->pids[i] == pid)
			return true;
	return hiding->all;
}

static void fill_row(const struct processes *processes, const struct proc_stat *stat,
		     struct process_row *row)
{
	uint64_t spent = proc_ticks_ns(stat->user_ticks) + proc_ticks_ns(stat->system_ticks);

	*row = (struct process_row){
		.key = {stat->pid, proc_ticks_ns(stat->start_ticks)},
		.parent = stat->parent,
		.threads = stat->threads,
		.policy = stat->policy,
		.nice = stat->nice,
		.cpu_time = {(int64_t)spent},
		.resident_bytes = stat->resident_pages * processes->page_bytes,
		.state = stat->state,
		.name_len = (uint8_t)(stat->name.len < PROCESS_NAME_MAX ? stat->name.len
									: PROCESS_NAME_MAX),
	};
	if (row->name_len)
		memcpy(row->name, stat->name.at, row->name_len);
	if (proc_stat_is_kernel_thread(stat))
		row->flags |= PROCESS_KERNEL_THREAD;
	if (is_hidden(&processes->hiding, stat->pid))
		row->flags |= PROCESS_HIDDEN_MOUNT;
}

/* Failures that are ours, not that of a process which just ended. */
static bool is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

static bool add_row(void *context, const char *name)
{
	struct sweep *sweep = context;
	struct processes *processes = sweep->processes;
	char path[PROCESS_PATH_MAX];
	struct proc_stat stat;
	struct str text;

	if (sweep->count == PROCESSES_MAX) {
		sweep->uncounted++;
		return true;
	}
	snprintf(path, sizeof(path), "%s/stat", name);
	int failed = process_text_at(processes, path, STAT_TEXT_MAX, &text);
	if (is_shortage(failed) || (sweep->count == processes->spare_cap && !grow(processes))) {
		sweep->failed = failed ? failed : -ENOMEM;
		return false;
	}
	if (failed || proc_stat_read(text, &stat) != DECODED)
		return true;
	struct process_row *row = &processes->spare[sweep->count];
	fill_row(processes, &stat, row);
	if (sweep->count && row[-1].key.pid >= row->key.pid)
		sweep->is_sorted = false;
	sweep->count++;
	return true;
}

static int compare_rows(const void *a, const void *b)
{
	uint32_t one = ((const struct process_row *)a)->key.pid;
	uint32_t other = ((const struct process_row *)b)->key.pid;

	return one < other ? -1 : one > other;
}

static void tell(void (*told)(void *, const struct process_row *), void *context,
		 const struct process_row *row)
{
	if (told)
		told(context, row);
}

/* Both tables are by pid: one walk finds who came and who went. */
static void compare_tables(const struct processes *processes, size_t count,
			   const struct process_changes *changes)
{
	const struct process_changes none = {0};
	const struct process_row *old = processes->rows, *old_end = old + processes->count;

	if (!changes)
		changes = &none;
	for (size_t i = 0; i < count; i++) {
		struct process_row *row = &processes->spare[i];
		for (; old < old_end && old->key.pid < row->key.pid; old++)
			tell(changes->on_end, changes->context, old);
		row->is_new = old == old_end || old->key.pid != row->key.pid ||
			      old->key.start_ns != row->key.start_ns;
		if (old < old_end && old->key.pid == row->key.pid) {
			if (row->is_new)
				tell(changes->on_end, changes->context, old);
			else
				row->cpu_time_before = old->cpu_time;
			old++;
		}
		if (row->is_new)
			tell(changes->on_start, changes->context, row);
	}
	for (; old < old_end; old++)
		tell(changes->on_end, changes->context, old);
}

int processes_sweep(struct processes *processes, const struct process_changes *changes)
{
	struct sweep sweep = {.processes = processes, .is_sorted = true};
	int failed = list_numbers(processes->folder, add_row, &sweep);

	if (failed || sweep.failed)
		return failed ? failed : sweep.failed;
	if (!sweep.is_sorted)
		qsort(processes->spare, sweep.count, sizeof(*processes->spare), compare_rows);
	compare_tables(processes, sweep.count, changes);
	struct process_row *rows = processes->rows;
	size_t cap = processes->cap;
	processes->rows = processes->spare;
	processes->cap = processes->spare_cap;
	processes->count = sweep.count;
	processes->spare = rows;
	processes->spare_cap = cap;
	processes->uncounted = sweep.uncounted;
	return 0;
}

const struct process_row *processes_rows(const struct processes *processes, size_t *count)
{
	*count = processes->count;
	return processes->rows;
}

const struct process_row *processes_find(const struct processes *processes, uint32_t pid)
{
	const struct process_row key = {.key = {.pid = pid}};

	if (!processes->count)
		return NULL;
	return bsearch(&key, processes->rows, processes->count, sizeof(key), compare_rows);
}

uint64_t processes_uncounted(const struct processes *processes)
{
	return processes->uncounted;
}

/* -- who hides -- */

static void add_mounts(struct str text, struct hiding_mounts *out)
{
	struct proc_mount mount;
	uint32_t pid = 0;

	while (proc_mounts_next(&text, &mount)) {
		enum proc_cover cover = proc_mount_covers(&mount, &pid);
		int hidepid = proc_mount_hidepid(&mount);
		out->all |= cover == COVER_ALL;
		if (hidepid > out->hidepid)
			out->hidepid = hidepid;
		if (cover != COVER_PROCESS)
			continue;
		bool is_known = false;
		for (size_t i = 0; i < out->count; i++)
			is_known |= out->pids[i] == pid;
		if (!is_known && out->count < sizeof(out->pids) / sizeof(out->pids[0]))
			out->pids[out->count++] = pid;
	}
}

int processes_read_mounts(struct processes *processes, struct hiding_mounts *out)
{
	static const char *const names[] = {"self/mountinfo", "1/mountinfo"};
	int failed = 0;
	size_t read = 0;

	*out = (struct hiding_mounts){0};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str text;
		int error = process_text_at(processes, names[i], MOUNTS_TEXT_MAX, &text);
		if (error)
			failed = error;
		else
			read++;
		add_mounts(text, out);
	}
	processes->hiding = *out;
	return read ? 0 : failed;
}

/* /proc cuts start times to clock ticks, and who walked may have exact ones. */
static bool keys_agree_to_a_tick(const struct process_key *a, const struct process_key *b)
{
	uint64_t tick = proc_ticks_ns(1);

	return process_key_agrees(a, b) ||
	       (a->pid == b->pid && a->start_ns / tick == b->start_ns / tick);
}

size_t processes_unlisted(const struct processes *processes, const struct process_key *before,
			  size_t before_count, const struct process_key *after, size_t after_count,
			  struct process_key *out, size_t cap)
{
	size_t found = 0, j = 0;

	for (size_t i = 0; i < before_count; i++) {
		while (j < after_count && after[j].pid < before[i].pid)
			j++;
		if (j == after_count)
			break;
		if (!keys_agree_to_a_tick(&before[i], &after[j]))
			continue;
		const struct process_row *row = processes_find(processes, before[i].pid);
		if (row && keys_agree_to_a_tick(&row->key, &before[i]))
			continue;
		if (found < cap)
			out[found] = before[i];
		found++;
	}
	return found;
}
