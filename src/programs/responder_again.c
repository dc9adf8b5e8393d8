/*
 * A program that the policy has frozen, started again by its parent or a timer: frozen again, so
 * many times a minute, and whoever starts it is named, for that is what has to be taken away.
 *
 * Known by the file that the frozen process runs, and by its hash, as learned while that process
 * was there to be looked at. The number of a file is not enough: it is used again when that is
 * removed. Who runs the same program since before was not found guilty, and is left alone. What
 * somebody took back by hand is not looked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "programs/clock.h"
#include "programs/responder_state.h"
#include "respond/freeze/freeze.h"
#include "respond/task.h"

enum { NOTE_S = 3600 };
enum { HASHES_KEPT = 64, ANCESTORS_NAMED = 3, ARGUMENTS_NAMED = 80 };

/* -- what is known -- */

static struct again *find(const struct responder *p, struct str finding)
{
	for (size_t i = 0; i < p->again_count; i++)
		if (str_equal(finding, str_from(p->again[i].finding)))
			return (struct again *)&p->again[i];
	return NULL;
}

static void hash_file(struct responder *p, int fd, struct respond_program *program)
{
	struct respond_targets *t = &p->responding.targets;
	uint64_t budget = 2 * (uint64_t)RESPOND_COPY_MAX; /* one that is changed is begun anew */

	if (program->size_bytes > RESPOND_COPY_MAX ||
	    (!t->hashes && executable_hashes_new(HASHES_KEPT, &t->hashes) != 0))
		return;
	program->has_sha256 =
		executable_hash_within(t->hashes, fd, &budget, clock_wall(), program->sha256) == 1;
}

static void add_program(struct responder *p, struct again *again, int fd, const struct stat *file)
{
	struct respond_program program = {
		.device = file->st_dev,
		.inode = file->st_ino,
		.changed = instant_at(file->st_ctim.tv_sec, file->st_ctim.tv_nsec),
		.size_bytes = (uint64_t)file->st_size};
	size_t at = 0;

	/* who stands frozen holds the file: what had its number before is gone, or was changed */
	while (at < again->program_count && (again->programs[at].inode != program.inode ||
					     again->programs[at].device != program.device))
		at++;
	if (at == AGAIN_PROGRAMS_MAX ||
	    (at < again->program_count && respond_is_file(&again->programs[at], file)))
		return;
	hash_file(p, fd, &program);
	again->programs[at] = program;
	again->program_count += at == again->program_count;
}

/* By what it runs, not by what its finding says of that. */
static void learn(struct responder *p, struct again *again, struct process_key key)
{
	char path[32];
	struct stat file;

	snprintf(path, sizeof(path), "%u/exe", key.pid);
	int fd = openat(p->responding.place.proc, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
	    task_same_start(task_start(p->responding.place.proc, key.pid, NULL), key.start_ns))
		add_program(p, again, fd, &file);
	close(fd);
}

static struct again *take_in(struct responder *p, struct str finding)
{
	struct again *again = find(p, finding);

	if (again || p->again_count == AGAIN_MAX)
		return again;
	again = &p->again[p->again_count++];
	*again = (struct again){0};
	snprintf(again->finding, sizeof(again->finding), "%.*s",
		 STR_ARG(str_sub(finding, 0, FINDING_ID_LEN)));
	return again;
}

/* As a process's start is told. */
static uint64_t boot_time_of(instant at)
{
	struct timespec boot;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	int64_t ns = instant_at(boot.tv_sec, boot.tv_nsec).ns - instant_since(clock_wall(), at).ns;
	return ns > 0 ? (uint64_t)ns : 1;
}

static bool visit_open(void *context, const struct response *response)
{
	struct responder *p = context;

	if (!response->by_policy || response->until.ns != 0 || response->state != RESPONSE_DONE ||
	    !str_equal(response->step, str_from(freeze_step.name)))
		return true;
	struct again *again = take_in(p, response->finding);
	if (!again)
		return true;
	if (!again->is_open)
		again->frozen_count = 0;
	again->is_open = true;
	uint64_t since = boot_time_of(response->began);
	if (again->since_ns == 0 || since < again->since_ns)
		again->since_ns = since;
	size_t known = again->frozen_count;
	again->frozen_count +=
		freeze_standing(&p->responding.place, respond_memory(&p->doc, response->memory),
				&again->frozen[known], FROZEN_MAX - known);
	/* only what stands still: another could have become any program in the meantime */
	for (size_t i = known; i < again->frozen_count; i++)
		learn(p, again, again->frozen[i]);
	return true;
}

static void add_left(struct again *again)
{
	memcpy(&again->frozen[again->frozen_count], again->left,
	       again->left_count * sizeof(*again->left));
	again->frozen_count += again->left_count;
}

void again_read(struct responder *p)
{
	struct error why = {0};
	size_t kept = 0;

	if (!p->start.policy.protects || p->responding.is_dry)
		return;
	for (size_t i = 0; i < p->again_count; i++)
		p->again[i].is_open = false;
	if (store_each_response(p->responding.view.store, (struct str){0}, true, visit_open, p,
				&why) != 0)
		log_error("the journal of responses cannot be read: %s", why.text);
	for (size_t i = 0; i < p->again_count; i++)
		if (p->again[i].is_open && p->again[i].program_count > 0) {
			if (kept != i)
				p->again[kept] = p->again[i];
			add_left(&p->again[kept++]);
		}
	p->again_count = kept;
}

/* -- who starts it -- */

static void name_ancestor(struct buf *out, const struct ancestor *a)
{
	buf_add_printable(out, a->name, PROCESS_NAME_MAX);
	buf_printf(out, " (pid %u", a->key.pid);
	if (a->arguments.len > 0) {
		buf_add_text(out, ": ");
		buf_add_printable(out, a->arguments, ARGUMENTS_NAMED);
	}
	buf_add_byte(out, ')');
}

/* "by sh (pid 7: sh /opt/guard.sh) under cron (pid 5), in unit cron.service; cron /etc/cron.d/x:3"
 */
static void name_restarter(struct responder *p, const struct process *process, struct buf *out)
{
	const struct fact *stays = facts_find(&p->finding.facts, STR("stays_by"));

	for (size_t i = 0; i < process->ancestor_count && i < ANCESTORS_NAMED; i++) {
		buf_add_text(out, i ? " under " : "by ");
		name_ancestor(out, &process->ancestors[i]);
	}
	if (process->ancestor_count == 0)
		buf_add_text(out, "by a process that is gone");
	if (process->cgroup.unit.len > 0) {
		buf_add_text(out, ", in ");
		buf_add_printable(out, process->cgroup.unit, ARGUMENTS_NAMED);
	}
	for (size_t i = 0; stays && stays->kind == FACT_TEXTS && i < stays->text_count; i++) {
		buf_add_text(out, i ? ", " : "; it is set up in ");
		buf_add_printable(out, stays->texts[i], ARGUMENTS_NAMED);
	}
}

/* -- freezing it again -- */

static void narrow(struct responder *p, const struct again *again)
{
	responder_narrow(p, again->frozen, again->frozen_count);
	p->responding.targets.narrowing.programs = again->programs;
	p->responding.targets.narrowing.program_count = again->program_count;
	p->responding.targets.narrowing.started_after_ns = again->since_ns;
}

bool again_has(struct responder *p, struct process_key key, struct str finding)
{
	const struct respond_targets *t = &p->responding.targets;
	struct error why = {0};
	bool has = false;

	for (size_t i = 0; i < p->again_count && !has; i++) {
		const struct again *again = &p->again[i];
		if (str_equal(finding, str_from(again->finding)) ||
		    key.start_ns < again->since_ns ||
		    !respond_may_run(t, key.pid, again->programs, again->program_count) ||
		    !responder_load(p, str_from(again->finding)))
			continue;
		narrow(p, again);
		if (respond_targets_find(&p->responding.targets, &p->finding, &why) == 0)
			for (size_t k = 0; k < t->count; k++)
				has |= t->at[k]->key.pid == key.pid;
	}
	responder_narrow(p, NULL, 0);
	return has;
}

/* Who is kept by the guards is not asked about with each sweep. */
static void leave_refused(struct responder *p, struct again *again)
{
	const struct respond_targets *t = &p->responding.targets;

	for (size_t i = 0; i < t->refused_count && again->left_count < LEFT_MAX; i++) {
		struct process_key key = {.pid = t->refused[i].pid};
		key.start_ns = task_start(p->responding.place.proc, key.pid, NULL);
		again->left[again->left_count++] = key;
	}
}

static void say_limit(struct responder *p, struct again *again, const struct past *past,
		      struct str restarter, bool is_full, instant now)
{
	CLEANUP(buf_fini) struct buf text = {0};

	/* the journal is not to grow by a line a minute */
	if (again->noted.ns != 0 && instant_since(now, again->noted).ns < DURATION_S(NOTE_S).ns)
		return;
	again->noted = now;
	if (is_full)
		buf_printf(&text,
			   "%zu processes of it stand frozen, and no more are: end them with davy "
			   "respond %s kill --yes, and take away what starts them; it is started ",
			   past->frozen_count, again->finding);
	else
		buf_printf(&text,
			   "frozen again %u times in this minute, which is the limit "
			   "(respond.again_per_minute): take away what starts it; it is started ",
			   p->start.policy.again_per_minute);
	buf_add(&text, restarter);
	responder_note(p, past, "limit", buf_view(&text));
}

static void freeze_again(struct responder *p, struct again *again, const struct past *past,
			 instant now)
{
	const struct respond_targets *t = &p->responding.targets;
	CLEANUP(buf_fini) struct buf restarter = {0}, remark = {0};
	struct error why = {0};
	bool is_full = past->frozen_count + RESPONSE_TARGETS_MAX > FROZEN_MAX;

	if (respond_targets_find(&p->responding.targets, &p->finding, &why) != 0)
		return;
	leave_refused(p, again);
	if (t->count == 0)
		return;
	name_restarter(p, t->at[0], &restarter);
	if (is_full || !policy_pace_take(&again->pace, p->start.policy.again_per_minute, now)) {
		say_limit(p, again, past, buf_view(&restarter), is_full, now);
		return;
	}
	again->times++;
	buf_printf(&remark, "; it was started again (%u) ", again->times);
	buf_add(&remark, buf_view(&restarter));
	p->responding.remark = buf_view(&remark);
	if (responder_take(p, &freeze_step, &why) == 0)
		(void)responder_take(p, &block_step, &why);
	p->responding.remark = (struct str){0};
}

static void freeze_due(struct responder *p, struct again *again, instant now)
{
	struct past past;

	if (!responder_load(p, str_from(again->finding)))
		return;
	responder_read_past(p, str_from(again->finding), &past);
	if (past.was_taken_back || !past.is_frozen)
		return;
	narrow(p, again);
	freeze_again(p, again, &past, now);
	responder_narrow(p, NULL, 0);
}

void again_sweep(struct responder *p, instant now)
{
	struct respond_targets *t = &p->responding.targets;
	bool is_any = false;
	size_t count;

	if (processes_sweep(t->processes, NULL) != 0)
		return;
	const struct process_row *rows = processes_rows(t->processes, &count);
	for (size_t i = 0; i < count; i++)
		for (size_t a = 0; a < p->again_count; a++) {
			struct again *again = &p->again[a];
			if (rows[i].key.start_ns < again->since_ns ||
			    (rows[i].flags & PROCESS_KERNEL_THREAD) ||
			    task_is_among(again->frozen, again->frozen_count, &rows[i].key) ||
			    !respond_may_run(t, rows[i].key.pid, again->programs,
					     again->program_count))
				continue;
			again->is_due = is_any = true;
		}
	for (size_t a = 0; a < p->again_count; a++) {
		if (p->again[a].is_due)
			freeze_due(p, &p->again[a], now);
		p->again[a].is_due = false;
	}
	if (is_any)
		again_read(p);
}
