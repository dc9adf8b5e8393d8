/* The half of `davy audit` that reads: no rights, descriptors asked for one by one. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/table.h"
#include "decode/setup/command.h"
#include "detect/exposure/exposure.h"
#include "programs/audit.h"
#include "programs/audit_output.h"
#include "programs/clock.h"
#include "programs/commands.h"
#include "sandbox/confine.h"
#include "sandbox/worker.h"
#include "source/host/processes.h"
#include "source/host/setup_files.h"

enum {
	ARENA_BYTES = 4 << 20,
	NODES = 512,
	SCRIPT_MAX = 256 * 1024,
	PROGRAMS_MAX = 4096, /* looked at; then told that there are more */
	ANSWER_MS = 30000,
	FINDINGS_A_FILE = 16, /* of 100,000 bad lines the first are enough */
};

struct seen_program {
	uint64_t hash;
};

struct auditing {
	struct channel channel;
	struct audit_start start;
	struct audit_output output;
	struct arena arena;
	struct table *seen;
	struct buf text, other;
	struct exposure_sshd sshd;
	char sshd_place[SETUP_PATH_MAX + 32];
	struct setup_file sshd_file;
	int proc;
	instant now;
	bool has_sshd, is_full;
};

/* -- asking -- */

static bool ask(struct auditing *a, enum setup_request_kind kind, struct str path,
		struct setup_file *out, int *fd)
{
	struct message message;

	*fd = -1;
	return setup_request_send(&a->channel, AUDIT_FILE, kind, path) == 0 &&
	       channel_await(&a->channel, ANSWER_MS, &message) == MESSAGE_READY &&
	       message.type == AUDIT_FILE_IS && setup_answer_receive(&message, out, fd) == 1;
}

/* All of a file, at most SETUP_BYTES_MAX; closes it. */
static bool read_text(int fd, struct buf *out)
{
	ssize_t got = -1;

	buf_clear(out);
	while (out->len < SETUP_BYTES_MAX && buf_reserve(out, 65536)) {
		got = pread(fd, out->at + out->len, 65536, (off_t)out->len);
		if (got <= 0)
			break;
		out->len += (size_t)got;
	}
	close(fd);
	return got >= 0 && !out->failed;
}

static struct str shown_path(struct auditing *a, struct str path)
{
	return a->start.root[0] ? arena_printf(&a->arena, "%s%.*s", a->start.root, STR_ARG(path))
				: path;
}

static struct exposure_file described(struct auditing *a, const struct setup_file *file)
{
	return (struct exposure_file){
		.host = str_from(a->start.host),
		.path = shown_path(a, setup_file_path(file)),
		.inner = setup_file_path(file),
		.form = (enum setup_form)file->form,
		.mode = file->mode,
		.uid = file->uid,
		.reach = file->weakness == SETUP_OF_ANYBODY ? REACH_ANYBODY
			 : file->weakness == SETUP_OF_USER  ? REACH_USER
							    : REACH_ROOT,
		.weak = shown_path(a, str_of(file->weak, file->weak_len)),
		.is_home = file->is_home,
		.now = a->now,
	};
}

static void tell_unread(struct auditing *a, const struct setup_file *file)
{
	char why[256];

	snprintf(why, sizeof(why), "%s%s",
		 file->error == -EFBIG ? "only its first 8 MiB were read: it is too large"
				       : strerror(-file->error),
		 file->error == -EACCES ? "; run as root" : "");
	audit_output_unchecked(&a->output, shown_path(a, setup_file_path(file)), str_from(why));
}

/* -- programs that root runs -- */

static bool is_new_program(struct auditing *a, struct str path)
{
	const struct seen_program key = {hash_bytes(path.at, path.len, 0)};
	uint64_t hash = table_hash(a->seen, &key);

	if (table_find(a->seen, &key, hash))
		return false;
	if (a->output.programs >= PROGRAMS_MAX) {
		a->is_full = true;
		return false;
	}
	return table_insert(a->seen, &key, hash, a->now) != NULL;
}

static bool is_packaged(struct str path)
{
	static const struct str folders[] = {STR("/usr/bin/"), STR("/usr/sbin/"), STR("/bin/"),
					     STR("/sbin/"),    STR("/usr/lib/"),  STR("/lib/")};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (str_starts(path, folders[i]))
			return true;
	return false;
}

/* A script of somebody's own says itself what it does. */
static void judge_script(struct auditing *a, const struct exposure_file *script, int fd)
{
	struct setup_reader reader;
	struct setup_entry entry;
	struct finding finding;

	if (!read_text(fd, &a->other) || !str_starts(buf_view(&a->other), STR("#!")))
		return;
	setup_begin(&reader, SETUP_SCRIPT, buf_view(&a->other));
	for (unsigned told = 0; told < FINDINGS_A_FILE && setup_next(&reader, &entry);) {
		a->output.entries++;
		if (!exposure_of_entry(script, &entry, &a->arena, &finding))
			continue;
		told++;
		audit_output_take(&a->output, &finding);
	}
}

static void judge_program(struct auditing *a, const struct exposure_file *file,
			  const struct setup_entry *entry, struct str path)
{
	struct setup_file program;
	struct finding finding;
	int fd;

	if (!is_new_program(a, path) || !ask(a, SETUP_REQUEST_LOOK, path, &program, &fd))
		return;
	const struct exposure_file described_program = described(a, &program);
	if (fd >= 0 && !is_packaged(path) && program.size <= SCRIPT_MAX)
		judge_script(a, &described_program, fd); /* closes it */
	else if (fd >= 0)
		close(fd);
	if (program.error == -ENOENT || program.error == -EINVAL)
		return;
	a->output.programs++;
	if (exposure_of_program(file, entry, &described_program, &a->arena, &finding))
		audit_output_take(&a->output, &finding);
}

static void judge_programs(struct auditing *a, const struct exposure_file *file,
			   const struct setup_entry *entry)
{
	struct command_reader reader;
	struct command_word word;

	if (entry->act == SETUP_LOADS && file->form == SETUP_PRELOAD) {
		struct str rest = entry->command, path;
		while (rest.len > 0) {
			(void)str_cut(rest, ' ', &path, &rest);
			judge_program(a, file, entry, path);
		}
		return;
	}
	if (entry->act != SETUP_RUNS || !exposure_is_roots(file, entry))
		return;
	command_begin(&reader, entry->command);
	while (command_program_next(&reader, &word))
		judge_program(a, file, entry, str_of(word.at, word.len));
}

/* -- files -- */

static void judge_sshd(struct auditing *a, const struct setup_file *raw,
		       const struct exposure_file *file, const struct setup_entry *entry)
{
	if (!exposure_sshd_take(&a->sshd, entry))
		return;
	snprintf(a->sshd_place, sizeof(a->sshd_place), "%.*s:%" PRIu32, STR_ARG(file->path),
		 entry->line);
	a->sshd.place = str_from(a->sshd_place);
	a->sshd_file = *raw;
	a->has_sshd = true;
}

static void judge_entries(struct auditing *a, const struct setup_file *raw,
			  const struct exposure_file *file)
{
	const size_t kept = a->arena.used;
	struct setup_reader reader;
	struct setup_entry entry;
	struct finding finding;
	unsigned told = 0;

	setup_begin(&reader, file->form, buf_view(&a->text));
	while (setup_next(&reader, &entry)) {
		a->arena.used = kept; /* what the last entry took */
		a->output.entries++;
		if (file->form == SETUP_SSHD)
			judge_sshd(a, raw, file, &entry);
		if (told < FINDINGS_A_FILE &&
		    exposure_of_entry(file, &entry, &a->arena, &finding)) {
			told++;
			audit_output_take(&a->output, &finding);
		}
		judge_programs(a, file, &entry);
	}
	a->arena.used = kept;
}

static void judge_miner(struct auditing *a, const struct exposure_file *file)
{
	struct json_node *nodes = arena_take(&a->arena, sizeof(*nodes) * NODES);
	struct setup_entry pool;
	struct finding finding;

	if (nodes && setup_miner_find(buf_view(&a->text), nodes, NODES, &pool) &&
	    exposure_of_miner(file, &pool, &a->arena, &finding))
		audit_output_take(&a->output, &finding);
}

static bool is_text(struct str text)
{
	return !str_starts(text, STR("\x7f"
				     "ELF"));
}

static void judge_file(struct auditing *a, const struct setup_file *raw, int fd)
{
	struct finding finding;

	arena_reset(&a->arena);
	const struct exposure_file file = described(a, raw);
	if (raw->error && raw->error != -EFBIG) {
		if (raw->error != -ENOENT && !raw->is_loose)
			tell_unread(a, raw);
		return;
	}
	a->output.files++;
	if (exposure_of_file(&file, &a->arena, &finding))
		audit_output_take(&a->output, &finding);
	if (raw->error == -EFBIG)
		tell_unread(a, raw);
	if (fd < 0)
		return;
	if (!read_text(fd, &a->text)) {
		audit_output_unchecked(&a->output, file.path, STR("it cannot be read to its end"));
		return;
	}
	if (raw->form == SETUP_MINER)
		judge_miner(a, &file);
	else if (is_text(buf_view(&a->text)))
		judge_entries(a, raw, &file);
}

/* The folders root's programs are looked for in. */
static void judge_path(struct auditing *a)
{
	static const struct str folders[] = {STR("/usr/local/sbin"), STR("/usr/local/bin"),
					     STR("/usr/sbin"),	     STR("/usr/bin"),
					     STR("/sbin"),	     STR("/bin")};
	struct setup_file file;
	struct finding finding;
	int fd;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		arena_reset(&a->arena);
		if (!ask(a, SETUP_REQUEST_LOOK, folders[i], &file, &fd))
			continue;
		if (fd >= 0)
			close(fd);
		const struct exposure_file folder = described(a, &file);
		if (!file.error && exposure_of_file(&folder, &a->arena, &finding))
			audit_output_take(&a->output, &finding);
	}
}

static void judge_files(struct auditing *a)
{
	enum setup_request_kind kind = SETUP_REQUEST_FIRST;
	struct setup_file file;
	struct finding finding;
	struct message message;
	int fd;

	for (; ask(a, kind, (struct str){0}, &file, &fd); kind = SETUP_REQUEST_NEXT)
		judge_file(a, &file, fd);
	arena_reset(&a->arena);
	if (a->has_sshd) {
		const struct exposure_file sshd = described(a, &a->sshd_file);
		if (exposure_of_sshd(&a->sshd, &sshd, &a->arena, &finding))
			audit_output_take(&a->output, &finding);
	}
	judge_path(a);
	if (a->is_full)
		audit_output_unchecked(&a->output, STR("programs that root runs"),
				       STR("there are more than are looked at"));
	if (channel_send(&a->channel, AUDIT_LEFT_OUT, (struct str){0}, NULL, 0) == 0 &&
	    channel_await(&a->channel, ANSWER_MS, &message) == MESSAGE_READY &&
	    message.type == AUDIT_LEFT_OUT_IS && message.body.len > 0)
		audit_output_unchecked(&a->output, message.body,
				       STR("it holds more files than are looked at"));
}

/* -- servers -- */

/* Its settings, as a file of this machine: a container has others. */
static const struct str *read_settings(struct auditing *a, enum exposure_door door,
				       const struct process *process, struct str *out)
{
	struct setup_file file;
	struct str path = exposure_door_settings(door, process, &a->arena);
	int fd = -1;

	if (path.len == 0 || process->cgroup.container.len > 0 ||
	    (process->flags & PROCESS_FOREIGN_PID_NS) ||
	    !ask(a, SETUP_REQUEST_LOOK, path, &file, &fd) || fd < 0 || !read_text(fd, &a->other))
		return NULL;
	*out = buf_view(&a->other);
	return out;
}

static void judge_door(struct auditing *a, enum exposure_door door, struct process *process)
{
	struct finding finding;
	struct str text;
	char what[128], why[256];

	const struct str *settings = read_settings(a, door, process, &text);
	enum exposure_answer answer = exposure_of_door(str_from(a->start.host), door, process,
						       settings, a->now, &a->arena, &finding);
	if (answer == EXPOSURE_FOUND)
		audit_output_take(&a->output, &finding);
	if (answer != EXPOSURE_CANNOT_TELL)
		return;
	snprintf(what, sizeof(what), "%s, process %" PRIu32, exposure_door_name(door),
		 process->key.pid);
	snprintf(why, sizeof(why),
		 "it listens to others, and its settings could not be read: look "
		 "whether it asks for a password");
	audit_output_unchecked(&a->output, str_from(what), str_from(why));
}

static void look_at_process(struct auditing *a, struct processes *processes, uint32_t pid)
{
	const uint32_t want =
		PROCESS_WANT_ALL & ~(uint32_t)(PROCESS_WANT_ENVIRONMENT | PROCESS_WANT_ANCESTORS |
					       PROCESS_WANT_MOUNTS);
	const struct opener_request request = {pid, process_files_for(want)};
	struct opened_process opened;
	struct message message;
	struct process *process;

	arena_reset(&a->arena);
	process = arena_take(&a->arena, sizeof(*process));
	if (!process ||
	    process_read(processes, pid, NULL, PROCESS_WANT_ARGUMENTS | PROCESS_WANT_STATUS,
			 &a->arena, process) < 0)
		return;
	enum exposure_door door = exposure_door_of(process);
	if (door == DOOR_NONE ||
	    channel_send(&a->channel, AUDIT_OPEN, str_of(&request, sizeof(request)), NULL, 0) < 0 ||
	    channel_await(&a->channel, ANSWER_MS, &message) != MESSAGE_READY ||
	    message.type != AUDIT_OPENED || !opened_process_receive(&message, &opened))
		return;
	if (opened.error == 0 && opened.errors[PROCESS_FILE_LINKS] != 0)
		audit_output_unchecked(&a->output, str_from(exposure_door_name(door)),
				       STR("where it listens cannot be seen; run as root"));
	else if (opened.error == 0 &&
		 process_read(processes, pid, &opened, want, &a->arena, process) == 0)
		judge_door(a, door, process);
	opened_process_close(&opened);
}

static void judge_processes(struct auditing *a)
{
	const struct process_changes nobody = {0};
	struct processes *processes = NULL;
	struct error why = {0};
	size_t count = 0;

	if (!a->start.has_processes) {
		if (a->start.no_processes[0])
			audit_output_unchecked(&a->output, STR("processes"),
					       str_from(a->start.no_processes));
		return;
	}
	if (processes_open(a->proc, &processes, &why) < 0 ||
	    processes_sweep(processes, &nobody) < 0) {
		audit_output_unchecked(&a->output, STR("processes"),
				       why.text[0] ? str_from(why.text)
						   : STR("they cannot be listed"));
		processes_close(processes);
		return;
	}
	const struct process_row *rows = processes_rows(processes, &count);
	for (size_t i = 0; i < count; i++) {
		if (rows[i].flags & PROCESS_KERNEL_THREAD)
			continue;
		a->output.processes++;
		look_at_process(a, processes, rows[i].key.pid);
	}
	processes_close(processes);
}

/* -- start and end -- */

static bool begin(struct auditing *a, struct error *why)
{
	const struct table_settings seen = {.capacity = PROGRAMS_MAX * 2,
					    .entry_size = sizeof(struct seen_program),
					    .key_size = sizeof(struct seen_program),
					    .seed = hash_random_seed()};
	struct worker_start start;
	struct confine_report report;

	if (worker_receive_start(&a->channel, &start, why) < 0)
		return false;
	if (start.settings.len != sizeof(a->start))
		return error_set(why, 0, "the settings are not of this program") != 0;
	memcpy(&a->start, start.settings.at, sizeof(a->start));
	if (start.descriptor_count != a->start.has_processes)
		return error_set(why, 0, "the descriptors are not of this program") != 0;
	a->proc = a->start.has_processes ? start.descriptors[0] : -1;
	a->channel.takes_descriptors = true;
	if (arena_init(&a->arena, ARENA_BYTES) < 0 || table_new(&seen, &a->seen) < 0 ||
	    audit_output_init(&a->output, &a->start) < 0)
		return error_set(why, 0, "not enough memory") != 0;
	const struct confine_settings settings = {
		.confinement = a->start.has_processes ? CONFINE_HOST : CONFINE_PARSER,
		.last_writable = WORKER_CHANNEL,
		.proc = a->proc};
	return confine(&settings, &report, why) == 0;
}

int audit_worker(void)
{
	static struct auditing a;
	struct error why = {0};

	if (!begin(&a, &why)) {
		fprintf(stderr, "davy: %s\n", why.text);
		return EXIT_TROUBLE;
	}
	a.now = clock_wall();
	judge_files(&a);
	judge_processes(&a);
	audit_output_end(&a.output);
	const struct audit_result result = {.found = a.output.counted,
					    .unchecked = a.output.unchecked + a.output.lost};
	(void)!channel_send(&a.channel, AUDIT_RESULT, str_of(&result, sizeof(result)), NULL, 0);
	channel_drain(&a.channel, 1000);
	audit_output_fini(&a.output);
	arena_fini(&a.arena);
	table_free(a.seen);
	buf_fini(&a.text);
	buf_fini(&a.other);
	channel_fini(&a.channel);
	return EXIT_NOTHING_FOUND;
}
