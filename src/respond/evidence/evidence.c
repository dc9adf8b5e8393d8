/* Keep what would be gone with the process, in a folder that only its owner may enter. */
#include "respond/evidence/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/shell_word.h"
#include "base/json_write.h"
#include "respond/quarantine.h"
#include "respond/respond.h"
#include "respond/task.h"

/* ID-20261122T100000.123Z */
static void name_folder(const struct response_case *c, char name[96])
{
	time_t seconds = (time_t)(c->now.ns / 1000000000);
	char day[32];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(day, sizeof(day), "%Y%m%dT%H%M%S", &utc);
	snprintf(name, 96, "%.*s-%s.%03dZ", STR_ARG(str_sub(c->finding->id, 0, FINDING_ID_LEN)),
		 day, (int)(c->now.ns / 1000000 % 1000));
}

static int plan(const struct response_case *c, struct response_plan *out, struct error *why)
{
	static const char *const files[] = {"executable",  "executable.sha256",
					    "maps",	   "cmdline",
					    "environment", "cgroup",
					    "status",	   "stat",
					    "limits",	   "mountinfo",
					    "sockets",	   "parents"};
	struct json_writer w = {.out = &out->memory};
	CLEANUP(buf_fini) struct buf path = {0};
	char name[96];

	name_folder(c, name);
	json_open(&w, '{');
	json_key_string(&w, "folder", str_from(c->place->evidence_folder));
	json_key_string(&w, "name", str_from(name));
	tasks_remember(c, &w);
	json_close(&w, '}');
	buf_printf(&path, "%s/%s", c->place->evidence_folder, name);
	buf_add_text(&out->lines, "mkdir -m 0700 ");
	buf_add_shell_word(&out->lines, buf_view(&path));
	buf_add_text(&out->lines, "\nwrite finding.json and about.txt, mode 0600\n");
	for (size_t i = 0; i < c->target_count; i++) {
		buf_printf(&out->lines, "write pid-%u/{", c->targets[i]->key.pid);
		for (size_t f = 0; f < sizeof(files) / sizeof(*files); f++)
			buf_printf(&out->lines, "%s%s", f ? "," : "", files[f]);
		buf_add_text(&out->lines, "}   # ");
		buf_add_shell_word(&out->lines, c->targets[i]->executable.path);
		buf_add_byte(&out->lines, '\n');
	}
	return 0;
}

bool evidence_is_ours(int folder)
{
	struct stat status;

	return fstat(folder, &status) == 0 && status.st_uid == geteuid() &&
	       (status.st_mode & 077) == 0;
}

/* The folder may lie in one that a user of less rights owns: nothing below it is followed. */
static int open_ours(int parent, const char *name, bool must_be_new)
{
	if (mkdirat(parent, name, 0700) != 0 && (must_be_new || errno != EEXIST))
		return -errno;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (evidence_is_ours(fd))
		return fd;
	close(fd);
	return -EPERM;
}

static int open_folder(const char *path, const char *name, struct error *why)
{
	char parent[PATH_MAX];
	int result;

	snprintf(parent, sizeof(parent), "%s", path);
	char *slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return error_set(why, -EINVAL,
				 "respond.evidence is %s: name a folder inside another, from / on",
				 path);
	*slash = '\0';
	int above = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above < 0)
		return error_set(why, -errno,
				 "%s cannot be opened: %s; make it, or set respond.evidence",
				 parent, strerror(errno));
	int all = open_ours(above, slash + 1, false);
	result = all < 0 ? all : open_ours(all, name, true);
	close(above);
	if (all >= 0)
		close(all);
	if (result < 0)
		error_set(why, result,
			  result == -EPERM ? "%s/%s: somebody else has a hand in it (owner or mode "
					     "are not ours, 0700); remove it, or set "
					     "respond.evidence"
					   : "%s/%s cannot be made",
			  path, name);
	return result;
}

static int put_process(struct evidence_room *room, const struct process *process)
{
	struct task task;
	char name[32];

	snprintf(name, sizeof(name), "pid-%u", process->key.pid);
	int result = task_open(room->proc, process->key, &task);
	if (result != 0) {
		room->missing++;
		return result == -ESRCH ? 0 : result;
	}
	int folder = open_ours(room->folder, name, true);
	result = folder < 0 ? folder : evidence_of_process(room, folder, process);
	if (folder >= 0)
		close(folder);
	/* ended while it was read, and its pid used again: that was another's */
	if (result == 0 && !task_is_alive(&task))
		room->missing++;
	task_close(&task);
	return result;
}

static int put_about(const struct response_case *c, struct evidence_room *room)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_text(&text, "Evidence kept by davy at ");
	buf_add_instant(&text, c->now);
	buf_printf(&text, " for the finding %.*s.\n",
		   STR_ARG(str_sub(c->finding->id, 0, FINDING_ID_LEN)));
	buf_add_text(&text, "davy watch --protect removes it after ");
	buf_add_instant(&text, instant_add(c->now, c->place->evidence_keep));
	buf_add_text(&text,
		     " (respond.evidence_days), unless a file named " EVIDENCE_KEEP
		     " lies in it:\ntouch " EVIDENCE_KEEP " in this folder.\n"
		     "`executable` is hostile: do not run it. Values of the environment were not "
		     "kept; equal ones have\nequal hashes, within this folder only. `cmdline` may "
		     "hold passwords.\n");
	if (room->texts_only)
		buf_printf(&text, "The program itself was not kept: %s. ", room->texts_only);
	if (room->is_cut)
		buf_printf(&text, "Something did not fit and was cut (%s). ", room->limit);
	buf_printf(&text, "%u files could not be read.\n", room->missing);
	return text.failed ? -ENOMEM
			   : evidence_put(room, room->folder, "about.txt", buf_view(&text));
}

/* Before anything is in it. */
static int limit_policy(const struct response_place *place, struct evidence_room *room)
{
	struct evidence_space space = {.total = place->evidence_total};

	int result = evidence_measure(room->folder, &space);
	if (result == 0)
		result = evidence_allow(&space, room);
	return result != 0 ? result
			   : evidence_put(room, room->folder, EVIDENCE_BY_POLICY, (struct str){0});
}

static int give_up(const char *path, const char *name, int result, struct error *why)
{
	CLEANUP(buf_fini) struct buf whole = {0};

	buf_printf(&whole, "%s/%s", path, name);
	buf_add_byte(&whole, '\0');
	if (!whole.failed)
		(void)rmdir(whole.at); /* it is empty */
	if (result == -ENOSPC)
		return error_set(why, result,
				 "no evidence is kept: less than 128 MiB are free in %s; remove "
				 "what is there and not needed, or set respond.evidence",
				 path);
	return error_set(why, result, "no evidence is kept: it is not known how much is in %s: %s",
			 path, strerror(-result));
}

static int apply(const struct response_case *c, struct json_value memory, struct buf *outcome,
		 struct error *why)
{
	struct evidence_room room = {.proc = c->place->proc,
				     .left = c->place->evidence_bytes,
				     .limit = "respond.evidence_size"};
	char path[PATH_MAX], name[96];

	if (sodium_init() < 0)
		return error_set(why, -EIO, "no random numbers on this machine");
	randombytes_buf(room.key, sizeof(room.key));
	quarantine_text(memory, "folder", path, sizeof(path));
	quarantine_text(memory, "name", name, sizeof(name));
	room.folder = open_folder(path, name, why);
	if (room.folder < 0)
		return room.folder;
	int result = c->place->by_policy ? limit_policy(c->place, &room) : 0;
	if (result != 0) {
		close(room.folder);
		return give_up(path, name, result, why);
	}
	result = evidence_put(&room, room.folder, "finding.json", c->finding_json);
	for (size_t i = 0; i < c->target_count && result == 0; i++)
		result = put_process(&room, c->targets[i]);
	if (result == 0)
		result = put_about(c, &room);
	close(room.folder);
	if (result != 0)
		return error_set(why, result, "%s/%s could not be filled: %s", path, name,
				 strerror(-result));
	buf_printf(outcome, "kept in %s/%s", path, name);
	if (room.is_cut)
		buf_printf(outcome, ", cut at %s", room.limit);
	if (room.texts_only)
		buf_printf(outcome, ", without the program itself: %s", room.texts_only);
	if (room.missing)
		buf_printf(outcome, "; %u files could not be read", room.missing);
	return 0;
}

static int undo(const struct response_place *place, struct json_value memory, struct buf *outcome,
		struct error *why)
{
	char path[PATH_MAX], name[96];

	quarantine_text(memory, "folder", path, sizeof(path));
	quarantine_text(memory, "name", name, sizeof(name));
	buf_printf(outcome, "evidence stays where it is: %s/%s", path, name);
	return 0;
}

static void look(const struct response_place *place, struct json_value memory, struct buf *out)
{
}

const struct response_step evidence_step = {
	.name = "evidence",
	.summary = "keep the program, its memory map, sockets and parents",
	.changes = false,
	.plan = plan,
	.apply = apply,
	.undo = undo,
	.look = look,
};
