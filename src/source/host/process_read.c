/* One process in full, out of what everybody may read and what the opener gave. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <limits.h>

#include "decode/proc/cgroup.h"
#include "decode/proc/command.h"
#include "decode/proc/maps.h"
#include "decode/proc/mounts.h"
#include "decode/proc/stat.h"
#include "decode/proc/status.h"
#include "source/host/process_files.h"

enum { ANCESTOR_ARGUMENTS_MAX = 512 };

/* One process being read. */
struct reading {
	struct processes *processes;
	const struct opened_process *opened;
	struct arena *arena;
	uint32_t pid, parent;
	uint32_t innermost_pid; /* of status; 0: not read */
	struct process *out;
};

uint32_t process_files_for(uint32_t want)
{
	uint32_t files = 0;

	if (want & PROCESS_WANT_EXECUTABLE)
		files |= 1u << PROCESS_FILE_EXECUTABLE | 1u << PROCESS_FILE_EXECUTABLE_LINK;
	if (want & PROCESS_WANT_ENVIRONMENT)
		files |= 1u << PROCESS_FILE_ENVIRONMENT;
	if (want & PROCESS_WANT_IO)
		files |= 1u << PROCESS_FILE_IO;
	if (want & PROCESS_WANT_SOCKETS)
		files |= 1u << PROCESS_FILE_LINKS | 1u << PROCESS_FILE_TCP |
			 1u << PROCESS_FILE_TCP6 | 1u << PROCESS_FILE_UDP | 1u << PROCESS_FILE_UDP6;
	if (want & PROCESS_WANT_MOUNTS)
		files |= 1u << PROCESS_FILE_MOUNTS;
	return files ? files | 1u << PROCESS_FILE_STAT | 1u << PROCESS_FILE_STATUS |
			       1u << PROCESS_FILE_CGROUP | 1u << PROCESS_FILE_COMMAND
		     : 0;
}

static int descriptor_of(const struct opened_process *opened, enum process_file file)
{
	return opened ? opened->descriptors[file] : -1;
}

/* By the opener's descriptor, which is of that very process, else by name. */
static int read_file(const struct reading *r, enum process_file file, const char *name, size_t most,
		     struct str *out)
{
	char path[PROCESS_PATH_MAX];
	int fd = descriptor_of(r->opened, file);

	if (fd >= 0)
		return process_text(r->processes, fd, most, out);
	process_path(path, r->pid, name);
	return process_text_at(r->processes, path, most, out);
}

static instant boot_time(void)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return instant_at(now.tv_sec - up.tv_sec, now.tv_nsec - up.tv_nsec);
}

static int read_stat(struct reading *r)
{
	struct process *out = r->out;
	struct proc_stat stat;
	struct str text;
	int failed = read_file(r, PROCESS_FILE_STAT, "stat", STAT_TEXT_MAX, &text);

	if (failed)
		return failed;
	if (proc_stat_read(text, &stat) != DECODED)
		return -ESRCH;
	out->key = (struct process_key){r->pid, proc_ticks_ns(stat.start_ticks)};
	out->name = arena_copy(r->arena, stat.name);
	out->threads = stat.threads;
	out->schedule = (struct process_schedule){stat.nice, stat.policy};
	out->cpu_time.ns =
		(int64_t)(proc_ticks_ns(stat.user_ticks) + proc_ticks_ns(stat.system_ticks));
	out->resident_bytes = stat.resident_pages * r->processes->page_bytes;
	out->started = instant_add(boot_time(), (duration){(int64_t)out->key.start_ns});
	if (proc_stat_is_kernel_thread(&stat))
		out->flags |= PROCESS_KERNEL_THREAD;
	r->parent = stat.parent;
	return 0;
}

static void read_status(struct reading *r)
{
	struct process *out = r->out;
	struct proc_status status;
	struct str text;

	if (read_file(r, PROCESS_FILE_STATUS, "status", STATUS_TEXT_MAX, &text) ||
	    proc_status_read(text, &status) != DECODED)
		return;
	out->uid = status.uid;
	out->huge_page_bytes = status.huge_page_bytes;
	out->switches_asked = status.switches_asked;
	out->switches_forced = status.switches_forced;
	if (status.pid_namespaces > 1)
		out->flags |= PROCESS_FOREIGN_PID_NS;
	r->innermost_pid = status.innermost_pid;
}

static void read_arguments(struct reading *r)
{
	char joined[PROCESS_TEXT_MAX];
	struct str text;

	if (processes_may_read(r->processes, r->pid) &&
	    !read_file(r, PROCESS_FILE_COMMAND, "cmdline", COMMAND_TEXT_MAX, &text))
		r->out->arguments =
			arena_copy(r->arena, proc_arguments_read(text, joined, sizeof(joined)));
}

static void read_cgroup(struct reading *r)
{
	char pod[CGROUP_POD_UID_LEN];
	struct cgroup_place place;
	struct str text;

	if (read_file(r, PROCESS_FILE_CGROUP, "cgroup", CGROUP_TEXT_MAX, &text) ||
	    proc_cgroup_read(text, pod, &place) != DECODED)
		return;
	r->out->cgroup = (struct cgroup_place){
		.path = arena_copy(r->arena, place.path),
		.unit = arena_copy(r->arena, place.unit),
		.container = arena_copy(r->arena, place.container),
		.pod = arena_copy(r->arena, place.pod),
		.runtime = place.runtime,
	};
}

static bool is_refused(int error)
{
	return error == -EACCES || error == -EPERM;
}

static void read_executable(struct reading *r)
{
	const struct opened_process *opened = r->opened;
	struct executable *out = &r->out->executable;
	struct stat about;

	if (r->out->flags & PROCESS_KERNEL_THREAD) {
		out->flags = EXECUTABLE_NONE;
		return;
	}
	if (!opened || is_refused(opened->errors[PROCESS_FILE_EXECUTABLE]) ||
	    is_refused(opened->errors[PROCESS_FILE_EXECUTABLE_LINK]))
		out->flags |= EXECUTABLE_UNREAD;
	else if (opened->errors[PROCESS_FILE_EXECUTABLE] == -ENOENT)
		out->flags |= EXECUTABLE_NONE; /* it is ending: its memory is gone already */
	if (!opened)
		return;
	proc_executable_link_read(opened->executable_link, out);
	out->path = arena_copy(r->arena, out->path);
	int fd = descriptor_of(opened, PROCESS_FILE_EXECUTABLE);
	if (fd < 0 || fstat(fd, &about))
		return;
	out->device = about.st_dev;
	out->inode = about.st_ino;
	out->size_bytes = (uint64_t)about.st_size;
	out->modified = instant_at(about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
	out->owner = about.st_uid;
	out->mode = about.st_mode;
}

static void read_environment(struct reading *r)
{
	struct proc_environment environment;

	if (process_environment_read(r->processes, r->opened, r->arena, &environment))
		return;
	r->out->preload = environment.preload;
	if (environment.preload.len)
		r->out->flags |= PROCESS_PRELOADED;
}

static void read_io(struct reading *r)
{
	struct process *out = r->out;
	struct proc_io io;

	if (!r->opened || proc_io_read(r->opened->io, &io) != DECODED)
		return;
	out->has_io = true;
	out->read_bytes = io.read_bytes;
	out->written_bytes = io.written_bytes;
	out->read_calls = io.read_calls;
	out->write_calls = io.write_calls;
}

/* In its own mount namespace, /proc has it under the pid it has there. */
static void read_mounts(struct reading *r)
{
	struct proc_mount mount;
	struct str text;
	uint32_t pid = 0;

	if (read_file(r, PROCESS_FILE_MOUNTS, "mountinfo", MOUNTS_TEXT_MAX, &text))
		return;
	while (proc_mounts_next(&text, &mount)) {
		enum proc_cover cover = proc_mount_covers(&mount, &pid);
		bool is_it = cover == COVER_PROCESS &&
			     (pid == r->pid || (r->innermost_pid && pid == r->innermost_pid));
		if (cover == COVER_ALL || is_it)
			r->out->flags |= PROCESS_HIDDEN_MOUNT;
	}
}

/* -- who started it -- */

static bool read_ancestor(struct reading *r, uint32_t pid, struct ancestor *out, uint32_t *parent)
{
	struct reading of = {.processes = r->processes, .arena = r->arena, .pid = pid};
	char path[PROCESS_PATH_MAX], joined[ANCESTOR_ARGUMENTS_MAX], link[PATH_MAX];
	struct proc_status status;
	struct proc_stat stat;
	struct executable executable = {0};
	struct str text;

	if (read_file(&of, PROCESS_FILE_STAT, "stat", STAT_TEXT_MAX, &text) ||
	    proc_stat_read(text, &stat) != DECODED)
		return false;
	*out = (struct ancestor){.key = {pid, proc_ticks_ns(stat.start_ticks)},
				 .name = arena_copy(r->arena, stat.name)};
	*parent = stat.parent;
	if (processes_may_read(r->processes, pid) &&
	    !read_file(&of, PROCESS_FILE_COMMAND, "cmdline", sizeof(joined), &text))
		out->arguments =
			arena_copy(r->arena, proc_arguments_read(text, joined, sizeof(joined)));
	if (!read_file(&of, PROCESS_FILE_STATUS, "status", STATUS_TEXT_MAX, &text) &&
	    proc_status_read(text, &status) == DECODED)
		out->uid = status.uid;
	process_path(path, pid, "exe");
	ssize_t len = readlinkat(r->processes->proc, path, link, sizeof(link));
	if (len > 0) {
		proc_executable_link_read(str_of(link, (size_t)len), &executable);
		out->executable = arena_copy(r->arena, executable.path);
	}
	return true;
}

static void read_ancestors(struct reading *r)
{
	struct process *out = r->out;
	uint64_t latest = out->key.start_ns;
	uint32_t pid = r->parent;

	while (pid && out->ancestor_count < PROCESS_ANCESTORS_MAX) {
		struct ancestor *next = &out->ancestors[out->ancestor_count];
		/* A parent that is younger than its child is another's pid by now. */
		if (!read_ancestor(r, pid, next, &pid) || next->key.start_ns > latest)
			break;
		latest = next->key.start_ns;
		out->ancestor_count++;
	}
}

/* All that was read by its name is of one process if the same one is still there. */
static bool is_still_there(struct reading *r)
{
	char path[PROCESS_PATH_MAX];
	struct proc_stat stat;
	struct str text;

	process_path(path, r->pid, "stat");
	return !process_text_at(r->processes, path, STAT_TEXT_MAX, &text) &&
	       proc_stat_read(text, &stat) == DECODED &&
	       proc_ticks_ns(stat.start_ticks) == r->out->key.start_ns;
}

int process_read(struct processes *processes, uint32_t pid, const struct opened_process *opened,
		 uint32_t want, struct arena *arena, struct process *out)
{
	struct reading r = {
		.processes = processes, .opened = opened, .arena = arena, .pid = pid, .out = out};

	*out = (struct process){0};
	if (opened && (opened->error || opened->pid != pid))
		return -ESRCH;
	int failed = read_stat(&r);
	if (failed)
		return failed;
	for (size_t i = 0; i < processes->hiding.count; i++)
		if (processes->hiding.pids[i] == pid)
			out->flags |= PROCESS_HIDDEN_MOUNT;
	if (processes->hiding.all)
		out->flags |= PROCESS_HIDDEN_MOUNT;
	if (want & (PROCESS_WANT_STATUS | PROCESS_WANT_MOUNTS))
		read_status(&r);
	if (want & PROCESS_WANT_ARGUMENTS)
		read_arguments(&r);
	if (want & PROCESS_WANT_CGROUP)
		read_cgroup(&r);
	if (want & PROCESS_WANT_EXECUTABLE)
		read_executable(&r);
	if (want & PROCESS_WANT_ENVIRONMENT)
		read_environment(&r);
	if (want & PROCESS_WANT_IO)
		read_io(&r);
	if (want & PROCESS_WANT_SOCKETS && opened)
		process_sockets_read(processes, opened, out);
	if (want & PROCESS_WANT_MOUNTS)
		read_mounts(&r);
	if (want & PROCESS_WANT_ANCESTORS)
		read_ancestors(&r);
	return is_still_there(&r) ? 0 : -ESRCH;
}
