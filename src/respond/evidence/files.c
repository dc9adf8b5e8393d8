/* What is kept of one process, file by file. The side that is looked at is hostile: nothing is
 * followed by a path it chose, every file has an end, and no value of its environment is kept. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "respond/evidence/evidence.h"
#include "base/shell_word.h"
#include "respond/task.h"

/* The texts that come behind a program have to have room, the one that says it was cut among them.
 */
enum { ROOM_BEHIND = 64 << 10 };
enum { PIECE = 1 << 20, TEXT_MAX = 4 << 20, HASH_BYTES = 16 };

static int create(int folder, const char *name)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static int write_whole(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t wrote = write(fd, text.at, text.len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return wrote < 0 ? -errno : -EIO;
		text = str_skip(text, (size_t)wrote);
	}
	return 0;
}

static struct str fit(struct evidence_room *room, struct str text)
{
	if (text.len > room->left) {
		room->is_cut = true;
		text.len = (size_t)room->left;
	}
	room->left -= text.len;
	return text;
}

int evidence_put(struct evidence_room *room, int folder, const char *name, struct str text)
{
	int fd = create(folder, name);

	if (fd < 0)
		return fd;
	int result = write_whole(fd, fit(room, text));
	if (result == 0 && fsync(fd) != 0)
		result = -errno;
	close(fd);
	return result;
}

/* A part of the program. */
static struct str fit_part(struct evidence_room *room, struct str part)
{
	uint64_t kept = room->left < ROOM_BEHIND ? room->left : ROOM_BEHIND;

	room->left -= kept;
	part = fit(room, part);
	room->left += kept;
	return part;
}

/* Through the link of the kernel, which leads to the file that runs though its name is gone. */
static int copy_executable(struct evidence_room *room, int folder, uint32_t pid)
{
	crypto_hash_sha256_state hash;
	unsigned char digest[crypto_hash_sha256_BYTES];
	CLEANUP(buf_fini) struct buf line = {0};
	char path[64], *piece = malloc(PIECE);
	struct stat status;
	ssize_t got = -1;
	int result = 0;

	snprintf(path, sizeof(path), "%u/exe", pid);
	int in = openat(room->proc, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int out = -1;
	if (piece && in >= 0 && !room->texts_only)
		out = create(folder, "executable");
	bool is_read = piece && in >= 0 && (out >= 0 || room->texts_only);
	if (is_read && fstat(in, &status) == 0 && S_ISREG(status.st_mode)) {
		crypto_hash_sha256_init(&hash);
		while (result == 0 && (got = read(in, piece, PIECE)) > 0) {
			crypto_hash_sha256_update(&hash, (unsigned char *)piece, (size_t)got);
			if (out >= 0)
				result = write_whole(out,
						     fit_part(room, str_of(piece, (size_t)got)));
		}
	}
	if (out >= 0 && fsync(out) != 0 && result == 0)
		result = -errno;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	free(piece);
	if (result != 0 || got != 0) {
		room->missing++;
		return result;
	}
	crypto_hash_sha256_final(&hash, digest);
	buf_add_hex(&line, str_of(digest, sizeof(digest)));
	buf_add_text(&line, "  executable\n");
	return evidence_put(room, folder, "executable.sha256", buf_view(&line));
}

static int copy_text(struct evidence_room *room, int folder, uint32_t pid, const char *name,
		     char *text)
{
	struct str all;

	if (task_text(room->proc, pid, name, text, TEXT_MAX, &all) != 0) {
		room->missing++;
		return 0;
	}
	room->is_cut |= all.len == TEXT_MAX;
	return evidence_put(room, folder, name, all);
}

/* "PATH=(14 bytes, hash 1f...)": the same value has the same hash within this folder alone. */
static void add_variable(const struct evidence_room *room, struct str entry, struct buf *out)
{
	unsigned char hash[HASH_BYTES];
	struct str name, value;

	/* without '=' it has no name, and may be a value */
	if (!str_cut(entry, '=', &name, &value)) {
		if (entry.len > 0)
			buf_add_text(out, "(no name)\n");
		return;
	}
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)value.at, value.len,
			   room->key, sizeof(room->key));
	buf_add_printable(out, name, 256);
	buf_printf(out, "=(%zu bytes, hash ", value.len);
	buf_add_hex(out, str_of(hash, sizeof(hash)));
	buf_add_text(out, ")\n");
}

static int put_environment(struct evidence_room *room, int folder, uint32_t pid, char *text)
{
	CLEANUP(buf_fini) struct buf out = {0};
	struct str rest, entry;

	if (task_text(room->proc, pid, "environ", text, TEXT_MAX, &rest) != 0) {
		room->missing++;
		return 0;
	}
	while (rest.len) {
		(void)str_cut(rest, '\0', &entry, &rest);
		add_variable(room, entry, &out);
	}
	sodium_memzero(text, TEXT_MAX);
	return out.failed ? -ENOMEM : evidence_put(room, folder, "environment", buf_view(&out));
}

static int put_sockets(struct evidence_room *room, int folder, const struct process *p)
{
	CLEANUP(buf_fini) struct buf out = {0};

	for (size_t i = 0; i < p->socket_count; i++) {
		const struct process_socket *s = &p->sockets[i];
		buf_add_text(&out, s->is_tcp ? "tcp " : "udp ");
		buf_add_endpoint(&out, &s->local);
		buf_add_text(&out, s->is_listening ? " listens" : " to ");
		if (!s->is_listening)
			buf_add_endpoint(&out, &s->remote);
		buf_printf(&out, " inode %llu\n", (unsigned long long)s->inode);
	}
	return out.failed ? -ENOMEM : evidence_put(room, folder, "sockets", buf_view(&out));
}

static int put_parents(struct evidence_room *room, int folder, const struct process *p)
{
	CLEANUP(buf_fini) struct buf out = {0};

	for (size_t i = 0; i < p->ancestor_count; i++) {
		const struct ancestor *a = &p->ancestors[i];
		buf_printf(&out, "pid %u, started %.2f s after boot, uid %u, name ", a->key.pid,
			   (double)a->key.start_ns / 1e9, a->uid);
		buf_add_printable(&out, a->name, PROCESS_NAME_MAX);
		buf_add_text(&out, ", executable ");
		buf_add_shell_word(&out, a->executable);
		buf_add_text(&out, ", arguments ");
		buf_add_printable(&out, a->arguments, PROCESS_TEXT_MAX);
		buf_add_byte(&out, '\n');
	}
	return out.failed ? -ENOMEM : evidence_put(room, folder, "parents", buf_view(&out));
}

int evidence_of_process(struct evidence_room *room, int folder, const struct process *process)
{
	static const char *const texts[] = {"status", "stat",	   "cgroup", "maps",
					    "limits", "mountinfo", "cmdline"};
	uint32_t pid = process->key.pid;
	char *text = malloc(TEXT_MAX);
	int result = text ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts) && result == 0; i++)
		result = copy_text(room, folder, pid, texts[i], text);
	if (result == 0)
		result = put_environment(room, folder, pid, text);
	if (result == 0)
		result = put_sockets(room, folder, process);
	if (result == 0)
		result = put_parents(room, folder, process);
	if (result == 0)
		result = copy_executable(room, folder, pid);
	free(text);
	return result;
}
