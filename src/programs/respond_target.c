#include "programs/respond_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/table.h"
#include "decode/proc/cgroup.h"
#include "programs/clock.h"
#include "respond/control_group.h"
#include "respond/guard.h"
#include "respond/task.h"

enum { ARENA_BYTES = 16 * 1024 * 1024, ARGUMENTS_MAX = 16384, DEEPEST = 64, HASHES = 64 };
enum { SEARCH_BYTES = 128 << 20, REFUTED_MAX = 1024, REFUTED_S = 300 };

/* A file that has the size of a program and is no copy of it, for as long as nobody changed it. */
struct refuted {
	uint64_t device, inode, size;
	int64_t changed_ns;
	uint64_t program; /* of its hash */
};

int respond_targets_open(struct respond_targets *t, struct error *why)
{
	struct stat self;

	*t = (struct respond_targets){0};
	int result = opener_init(&t->opener, why);
	if (result != 0)
		return result;
	if (stat("/proc/self/exe", &self) == 0) {
		t->device = self.st_dev;
		t->inode = self.st_ino;
	}
	result = processes_open(t->opener.proc, &t->processes, why);
	if (result == 0 && arena_init(&t->arena, ARENA_BYTES) != 0)
		result = error_set(why, -ENOMEM, "no memory");
	if (result != 0)
		respond_targets_close(t);
	return result;
}

void respond_targets_close(struct respond_targets *t)
{
	if (t->processes)
		processes_close(t->processes);
	t->processes = NULL;
	executable_hashes_free(t->hashes);
	t->hashes = NULL;
	table_free(t->refuted);
	t->refuted = NULL;
	arena_fini(&t->arena);
	opener_fini(&t->opener);
}

/* -- what the guards ask -- */

static bool is_us(const struct respond_targets *t, uint32_t pid)
{
	uint32_t at = (uint32_t)getpid();

	for (int depth = 0; at > 1 && depth < DEEPEST; depth++) {
		uint32_t parent = 0;
		if (at == pid)
			return true;
		if (task_start(t->opener.proc, at, &parent) == 0)
			return false;
		at = parent;
	}
	return false;
}

/* The path is a view and has no end; what is longer than a path can be is no file of ours. */
static bool is_host_file(const struct process *p)
{
	char path[4096];
	struct stat there;

	if (p->executable.path.len == 0 || p->executable.path.len >= sizeof(path))
		return false;
	if (p->executable.flags & EXECUTABLE_DELETED)
		return !(p->flags & PROCESS_FOREIGN_PID_NS) && p->cgroup.container.len == 0;
	memcpy(path, p->executable.path.at, p->executable.path.len);
	path[p->executable.path.len] = '\0';
	return stat(path, &there) == 0 && there.st_dev == p->executable.device &&
	       there.st_ino == p->executable.inode;
}

static uint32_t guard_facts(const struct respond_targets *t, const struct process *p,
			    const struct opened_process *opened)
{
	struct str links = opened->links, link;
	uint32_t facts = 0;

	facts |= is_us(t, p->key.pid) ? GUARD_IS_US : 0;
	facts |= is_host_file(p) ? GUARD_HOST_FILE : 0;
	if (p->executable.inode == t->inode && p->executable.device == t->device && t->inode)
		facts |= GUARD_OUR_PROGRAM;
	while (links.len) {
		(void)str_cut(links, '\0', &link, &links);
		facts |= str_starts(link, STR("anon_inode:kvm-vm")) ? GUARD_HAS_VM : 0;
		facts |= str_equal(link, STR("/dev/fuse")) ? GUARD_HAS_FUSE : 0;
	}
	return facts;
}

/* -- whom the search is narrowed to -- */

/* Who stands in quarantine for this very finding was inside before. */
static bool is_inside(const struct respond_targets *t, const struct finding *finding,
		      const struct process *p)
{
	const struct respond_narrowing *n = &t->narrowing;
	struct str path = p->cgroup.path;
	bool inside = n->group_count == 0;

	for (size_t i = 0; i < n->group_count; i++)
		inside |= cgroup_is_within(path, n->groups[i]);
	if (inside || !str_starts(path, STR(CONTROL_GROUP_OURS "/")))
		return inside;
	return cgroup_is_within(str_skip(path, sizeof(CONTROL_GROUP_OURS)), finding->id);
}

static struct refuted refutation(const struct stat *file, const struct respond_program *program)
{
	struct refuted key = {
		.device = file->st_dev,
		.inode = file->st_ino,
		.size = (uint64_t)file->st_size,
		.changed_ns = instant_at(file->st_ctim.tv_sec, file->st_ctim.tv_nsec).ns,
	};

	memcpy(&key.program, program->sha256, sizeof(key.program));
	return key;
}

static bool is_refuted(const struct respond_targets *t, const struct stat *file,
		       const struct respond_program *program)
{
	const struct refuted key = refutation(file, program);

	return t->refuted && table_find(t->refuted, &key, table_hash(t->refuted, &key)) != NULL;
}

static void refute(struct respond_targets *t, int fd, const struct respond_program *program)
{
	const struct table_settings settings = {.capacity = REFUTED_MAX,
						.entry_size = sizeof(struct refuted),
						.key_size = sizeof(struct refuted),
						.seed = hash_random_seed(),
						.idle = DURATION_S(REFUTED_S)};
	struct stat file;

	if (fstat(fd, &file) != 0 || is_refuted(t, &file, program) ||
	    (!t->refuted && table_new(&settings, &t->refuted) != 0))
		return;
	const struct refuted key = refutation(&file, program);
	(void)table_insert(t->refuted, &key, table_hash(t->refuted, &key), clock_wall());
}

bool respond_is_file(const struct respond_program *program, const struct stat *file)
{
	return program->inode != 0 && program->inode == file->st_ino &&
	       program->device == file->st_dev && program->size_bytes == (uint64_t)file->st_size &&
	       program->changed.ns == instant_at(file->st_ctim.tv_sec, file->st_ctim.tv_nsec).ns;
}

bool respond_may_run(const struct respond_targets *t, uint32_t pid,
		     const struct respond_program *programs, size_t count)
{
	char path[32];
	struct stat file;

	snprintf(path, sizeof(path), "%u/exe", pid);
	if (count == 0 || fstatat(t->opener.proc, path, &file, 0) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct respond_program *p = &programs[i];
		if (respond_is_file(p, &file))
			return true;
		if (p->has_sha256 && p->size_bytes == (uint64_t)file.st_size &&
		    !is_refuted(t, &file, p))
			return true;
	}
	return false;
}

static bool is_copy(struct respond_targets *t, const struct respond_program *program,
		    const struct process *p, const struct opened_process *opened)
{
	int fd = opened->descriptors[PROCESS_FILE_EXECUTABLE];
	uint8_t sha256[32];

	if (!program->has_sha256 || program->size_bytes != p->executable.size_bytes ||
	    program->size_bytes > RESPOND_COPY_MAX ||
	    (!t->hashes && executable_hashes_new(HASHES, &t->hashes) != 0))
		return false;
	int result = executable_hash_within(t->hashes, fd, &t->may_hash, clock_wall(), sha256);
	if (result == 0 && t->first_pid == 0)
		t->first_pid = p->key.pid;
	if (result != 1)
		return false;
	if (memcmp(sha256, program->sha256, sizeof(sha256)) == 0)
		return true;
	refute(t, fd, program);
	return false;
}

static bool runs_program(struct respond_targets *t, const struct process *p,
			 const struct opened_process *opened)
{
	const struct respond_narrowing *n = &t->narrowing;
	struct stat file;

	if (p->key.start_ns < n->started_after_ns ||
	    fstat(opened->descriptors[PROCESS_FILE_EXECUTABLE], &file) != 0)
		return false;
	for (size_t i = 0; i < n->program_count; i++) {
		const struct respond_program *program = &n->programs[i];
		if (respond_is_file(program, &file) || is_copy(t, program, p, opened))
			return true;
	}
	return false;
}

static void take(struct respond_targets *t, const struct finding *finding, const struct process *p,
		 const struct opened_process *opened)
{
	char arguments[ARGUMENTS_MAX];
	struct str text = {0};

	if (task_is_among(t->narrowing.known, t->narrowing.known_count, &p->key)) {
		t->known_count++;
		return;
	}
	if (!is_inside(t, finding, p)) {
		t->outside_count++;
		return;
	}
	if (task_text(t->opener.proc, p->key.pid, "cmdline", arguments, sizeof(arguments), &text) !=
	    0)
		text = (struct str){0};
	const struct guard_question question = {p, guard_facts(t, p, opened), text,
						finding->verdict};
	const char *why = guard_refuses(&question);
	if (why && t->refused_count < RESPONSE_TARGETS_MAX) {
		t->refused[t->refused_count].pid = p->key.pid;
		t->refused[t->refused_count++].why = why;
	} else if (!why && t->count < RESPONSE_TARGETS_MAX) {
		t->at[t->count++] = p;
	} else {
		t->is_full = true;
	}
}

/* -- who it is -- */

struct search {
	struct respond_targets *targets;
	const struct finding *finding;
	struct process_key key; /* of a process; pid 0: by executable and group */
	struct str executable, cgroup, arguments;
	uint64_t device, inode; /* of the first one's program */
};

static bool is_known(const struct respond_targets *t, uint32_t pid)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->at[i]->key.pid == pid)
			return true;
	for (size_t i = 0; i < t->refused_count; i++)
		if (t->refused[i].pid == pid)
			return true;
	return false;
}

/*
 * What a miner brought along is guilty wherever it runs in that group. An interpreter of the system
 * runs the work of others beside it, so there the arguments have to be the same, too.
 */
static bool does_guilty_work(const struct search *s, const struct process *p)
{
	uint32_t facts = is_host_file(p) ? GUARD_HOST_FILE : 0;

	return !guard_is_of_the_system(p, facts) || str_equal(p->arguments, s->arguments);
}

static bool is_of_workload(const struct search *s, const struct process *p)
{
	return str_equal(p->executable.path, s->executable) &&
	       str_equal(p->cgroup.path, s->cgroup) && does_guilty_work(s, p);
}

static bool matches(const struct search *s, const struct process *p,
		    const struct opened_process *opened)
{
	if (s->targets->narrowing.program_count > 0)
		return runs_program(s->targets, p, opened) && does_guilty_work(s, p);
	if (s->key.pid == 0)
		return is_of_workload(s, p);
	if (p->key.pid == s->key.pid)
		return task_same_start(p->key.start_ns, s->key.start_ns);
	/* its children that run the same program */
	return s->inode && p->executable.inode == s->inode && p->executable.device == s->device;
}

/* Read it, and take it when it is one; the room of one that is none is given back. */
static bool try_one(struct search *s, uint32_t pid)
{
	struct respond_targets *t = s->targets;
	size_t used = t->arena.used;
	struct opened_process opened;
	bool found = false;

	if (opener_process(&t->opener, pid, process_files_for(PROCESS_WANT_ALL), &opened) != 0)
		return false;
	struct process *p = arena_take(&t->arena, sizeof(*p));
	if (p && process_read(t->processes, pid, &opened, PROCESS_WANT_ALL, &t->arena, p) == 0 &&
	    p->key.pid == pid)
		found = matches(s, p, &opened);
	if (found && s->key.pid == pid && !(p->flags & PROCESS_KERNEL_THREAD)) {
		s->inode = p->executable.inode;
		s->device = p->executable.device;
	}
	if (found)
		take(t, s->finding, p, &opened);
	else
		t->arena.used = used;
	opened_process_close(&opened);
	return found;
}

/* Children of those found, and theirs, until there are no more. */
static void try_children(struct search *s)
{
	struct respond_targets *t = s->targets;
	bool grew = true;
	size_t count;
	const struct process_row *rows = processes_rows(t->processes, &count);

	for (int depth = 0; grew && depth < DEEPEST; depth++) {
		grew = false;
		for (size_t i = 0; i < count; i++)
			if (!is_known(t, rows[i].key.pid) && is_known(t, rows[i].parent))
				grew |= try_one(s, rows[i].key.pid);
	}
}

static void try_all(struct search *s)
{
	size_t count;
	struct respond_targets *t = s->targets;
	const struct respond_narrowing *n = &t->narrowing;
	const struct process_row *rows = processes_rows(t->processes, &count);
	size_t first = 0;

	while (first < count && rows[first].key.pid < t->first_pid)
		first++;
	t->first_pid = 0;
	for (size_t k = 0; k < count; k++) {
		const struct process_row *row = &rows[(first + k) % count];
		if (!(row->flags & PROCESS_KERNEL_THREAD) &&
		    (n->program_count == 0 ||
		     respond_may_run(t, row->key.pid, n->programs, n->program_count)))
			try_one(s, row->key.pid);
	}
}

static int start_search(struct search *s, struct error *why)
{
	const struct subject *subject = &s->finding->subject;
	uint64_t pid = facts_number(&subject->keys, STR("pid"));

	s->executable = facts_text(&subject->keys, STR("executable"));
	s->cgroup = facts_text(&subject->keys, STR("cgroup"));
	s->arguments = facts_text(&s->finding->facts, STR("arguments"));
	s->key.start_ns = facts_number(&subject->keys, STR("start_ns"));
	if (str_equal(subject->type, STR("process")) && pid > 0 && pid <= INT32_MAX)
		s->key.pid = (uint32_t)pid;
	else if (!str_equal(subject->type, STR("workload")) || s->executable.len == 0)
		return error_set(why, -EINVAL,
				 "finding %.16s is about no process of this machine: its own steps "
				 "(davy show %.16s) say what to do",
				 s->finding->id.len ? s->finding->id.at : "",
				 s->finding->id.len ? s->finding->id.at : "");
	char name[256] = "";
	struct str host = facts_text(&subject->keys, STR("host"));
	(void)!gethostname(name, sizeof(name) - 1);
	if (host.len > 0 && !str_equal(host, str_from(name)))
		return error_set(why, -EINVAL,
				 "the finding is about another machine than this one: run davy "
				 "respond there");
	return 0;
}

int respond_targets_find(struct respond_targets *t, const struct finding *finding,
			 struct error *why)
{
	struct search s = {.targets = t, .finding = finding};

	arena_reset(&t->arena);
	t->count = t->refused_count = t->outside_count = t->known_count = 0;
	t->is_full = false;
	t->may_hash = SEARCH_BYTES;
	if (t->refuted)
		(void)table_expire(t->refuted, clock_wall(), REFUTED_MAX);
	int result = start_search(&s, why);
	if (result == 0 && processes_sweep(t->processes, NULL) != 0)
		result = error_set(why, -EIO, "the processes of this machine cannot be listed");
	if (result != 0)
		return result;
	if (s.key.pid == 0 || t->narrowing.program_count > 0) {
		try_all(&s);
	} else if (try_one(&s, s.key.pid)) {
		if (t->count > 0)
			try_children(&s);
	} else if (task_start(t->opener.proc, s.key.pid, NULL) != 0) {
		return error_set(why, -ESRCH,
				 "process %u is another one by now: the one that was found has "
				 "ended, and its number was used again; nothing was done",
				 s.key.pid);
	}
	if (t->count + t->refused_count > 0)
		return 0;
	if (t->known_count > 0)
		return error_set(why, -EALREADY, "all of its processes are cared for already");
	if (t->outside_count > 0)
		return error_set(why, -ERANGE,
				 "it is in none of the control groups that respond.only_cgroups "
				 "names: nothing was done");
	return error_set(why, -ESRCH, "it does not run any more: nothing was done");
}
