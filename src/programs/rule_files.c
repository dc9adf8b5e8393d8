#include "programs/rule_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/reader.h"
#include "programs/commands.h"
#include "programs/file_text.h"
#include "programs/sealed.h"
#include "sandbox/confine.h"
#include "sandbox/supervise.h"
#include "sandbox/worker.h"

enum {
	RULES_CHECKED = MESSAGE_FIRST_FREE, /* up: struct checked */
	CHECK_MS = 20000,
	CHECK_MEMORY = 1 << 30,
	MARK_SEED = 1,
};

/* How it went, for whoever asked the worker. */
struct checked {
	int32_t result;
	uint32_t rules;
	struct error why;
};

/* -- reading -- */

struct reading {
	struct buf all; /* of each file: lengths of name and text, name, text */
	uint32_t files;
	struct error *why;
};

static int too_much(struct reading *r)
{
	return error_set(
		r->why, -EFBIG,
		"host.yara: the rules are more than %d files or %d MiB: name fewer of them",
		RULES_FILES_MAX, RULES_BYTES_MAX >> 20);
}

static int read_file(struct reading *r, const char *path)
{
	CLEANUP(buf_fini) struct buf text = {0};
	int result = file_text_read(path, RULES_BYTES_MAX, &text);

	if (result < 0)
		return error_set(r->why, result,
				 "%.300s: the rules cannot be read: %s; see host.yara in the "
				 "settings",
				 path, file_text_trouble(result));
	const uint32_t lengths[] = {(uint32_t)strlen(path), (uint32_t)text.len};
	if (r->files == RULES_FILES_MAX ||
	    r->all.len + sizeof(lengths) + lengths[0] + text.len > RULES_BYTES_MAX)
		return too_much(r);
	buf_add_bytes(&r->all, lengths, sizeof(lengths));
	buf_add_text(&r->all, path);
	buf_add(&r->all, buf_view(&text));
	r->files++;
	return r->all.failed ? error_set(r->why, -ENOMEM, "no memory for the rules of host.yara")
			     : 0;
}

static int is_rule_file(const struct dirent *entry)
{
	struct str name = str_from(entry->d_name);

	return entry->d_name[0] != '.' &&
	       (str_ends(name, STR(".yar")) || str_ends(name, STR(".yara")));
}

static int read_folder(struct reading *r, const char *path)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_rule_file, alphasort), result = 0;

	if (count < 0)
		return error_set(r->why, -errno, "%.300s: the folder of rules cannot be read: %s",
				 path, strerror(errno));
	if (count == 0)
		result = error_set(r->why, -ENOENT,
				   "%.300s: no file in this folder ends in .yar or .yara; see "
				   "host.yara in the settings",
				   path);
	for (int i = 0; i < count; i++) {
		char file[PATH_MAX];
		int len = snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (result == 0 && len >= (int)sizeof(file))
			result = error_set(r->why, -ENAMETOOLONG, "%.300s: this path is too long",
					   path);
		if (result == 0)
			result = read_file(r, file);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static int read_path(struct reading *r, struct str path)
{
	CLEANUP(buf_fini) struct buf copy = {0};
	DIR *folder;

	buf_add(&copy, path);
	buf_add_byte(&copy, '\0');
	if (copy.failed)
		return error_set(r->why, -ENOMEM, "no memory for the rules of host.yara");
	folder = opendir(copy.at);
	if (!folder)
		return read_file(r, copy.at);
	closedir(folder);
	return read_folder(r, copy.at);
}

/* -- trying -- */

static int read_answer(struct channel *channel, struct rule_files *files, struct error *why)
{
	struct message message;
	struct checked checked;

	enum message_result heard = channel_await(channel, CHECK_MS, &message);
	if (heard == MESSAGE_NONE)
		return error_set(
			why, -ETIME,
			"host.yara: the rules are not compiled within %d s: name fewer, or "
			"simpler ones",
			CHECK_MS / 1000);
	if (heard != MESSAGE_READY || message.type != RULES_CHECKED ||
	    message.body.len != sizeof(checked))
		return -EPROTO;
	memcpy(&checked, message.body.at, sizeof(checked));
	checked.why.text[sizeof(checked.why.text) - 1] = '\0';
	files->rules = checked.rules;
	return checked.result < 0 ? error_set(why, checked.result, "%s", checked.why.text) : 0;
}

static int end_worker(const struct worker_process *worker)
{
	int status = 0;

	kill(worker->pid, SIGKILL); /* has answered, or will not */
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (worker->pidfd >= 0)
		close(worker->pidfd);
	return status;
}

static int check(struct rule_files *files, struct error *why)
{
	const struct worker_start start = {.descriptors = {files->descriptor},
					   .descriptor_count = 1};
	struct worker_process worker;
	struct channel channel;
	char death[DEATH_TEXT_MAX];

	int result = worker_spawn(RULES_ROLE, false, &worker, why);
	if (result < 0)
		return result;
	channel_init(&channel, worker.channel, false);
	result = worker_send_start(&channel, &start);
	result = result == 0 ? read_answer(&channel, files, why) : -EPROTO;
	channel_fini(&channel);
	int status = end_worker(&worker);
	if (result != -EPROTO)
		return result;
	death_describe(status, death);
	return error_set(why, -EINVAL,
			 "host.yara: who compiles the rules %s: take out files until it does not, "
			 "and please report the one",
			 death);
}

int rule_files_share(const struct settings *settings, const char *const *more, size_t more_count,
		     struct rule_files *out, struct error *why)
{
	struct reading r = {.why = why};
	size_t count;
	const struct str *named = settings_texts(settings, "host.yara", &count);
	int result = 0;

	*out = (struct rule_files){.descriptor = -1};
	for (size_t i = 0; i < count && result == 0; i++)
		result = read_path(&r, named[i]);
	for (size_t i = 0; i < more_count && result == 0; i++)
		result = read_path(&r, str_from(more[i]));
	if (result == 0 && r.files > 0) {
		out->files = r.files;
		out->mark = hash_bytes(r.all.at, r.all.len, MARK_SEED);
		out->descriptor = sealed_make("davy-rules", buf_view(&r.all));
		result = out->descriptor < 0
				 ? error_set(why, out->descriptor,
					     "host.yara: the rules cannot be handed to a "
					     "worker: %s",
					     strerror(-out->descriptor))
				 : check(out, why);
	}
	buf_fini(&r.all);
	if (result < 0)
		rule_files_close(out);
	return result;
}

void rule_files_close(struct rule_files *files)
{
	if (files->descriptor >= 0)
		close(files->descriptor);
	files->descriptor = -1;
}

/* -- in a worker -- */

size_t rule_files_map(int descriptor, struct rule_text *texts)
{
	struct str all;
	size_t count = 0;

	if (!sealed_map(descriptor, &all))
		return 0;
	for (struct reader in = reader_of(all); reader_left(&in) > 0; count++) {
		uint32_t name, text;
		if (count == RULES_FILES_MAX || !read_le32(&in, &name) || !read_le32(&in, &text) ||
		    !read_span(&in, name, &texts[count].name) ||
		    !read_span(&in, text, &texts[count].text))
			return 0;
	}
	return count;
}

static void try(const struct rules_library *library, int descriptor, struct checked *out)
{
	static struct rule_text texts[RULES_FILES_MAX];
	struct rules *rules = NULL;
	size_t count = rule_files_map(descriptor, texts);

	out->result = count > 0
			      ? rules_compile(library, texts, count, &rules, &out->why)
			      : error_set(&out->why, -EINVAL, "the rules are not of this program");
	if (rules)
		out->rules = (uint32_t)rules_count(rules);
	rules_free(rules);
}

int rules_worker(void)
{
	const struct confine_settings settings = {.confinement = CONFINE_PARSER,
						  .memory_bytes = CHECK_MEMORY,
						  .last_writable = WORKER_CHANNEL};
	struct rules_library *library = NULL;
	struct checked checked = {0};
	struct channel channel;
	struct worker_start start;
	struct confine_report report;

	if (worker_receive_start(&channel, &start, &checked.why) < 0 || start.descriptor_count != 1)
		return EXIT_TROUBLE;
	checked.result = rules_library_open(&library, &checked.why); /* loads code: not later */
	if (checked.result == 0)
		checked.result = confine(&settings, &report, &checked.why);
	if (checked.result == 0)
		try(library, start.descriptors[0], &checked);
	rules_library_close(library);
	(void)!channel_send(&channel, RULES_CHECKED, str_of(&checked, sizeof(checked)), NULL, 0);
	channel_drain(&channel, 1000);
	channel_fini(&channel);
	return EXIT_NOTHING_FOUND;
}
