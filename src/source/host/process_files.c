#include "source/host/process_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { CHUNK_BYTES = 4096, LINES_BYTES = 64 * 1024 };

/* Bytes read, appended to processes->text; 0 at the end, or -errno. */
static ssize_t read_chunk(struct buf *text, int fd, size_t most, size_t offset)
{
	if (!buf_reserve(text, most)) {
		text->failed = false;
		return -ENOMEM;
	}
	ssize_t got = pread(fd, text->at + text->len, most, (off_t)offset);
	if (got < 0)
		return -errno;
	text->len += (size_t)got;
	return got;
}

int process_text(struct processes *processes, int fd, size_t most, struct str *out)
{
	struct buf *text = &processes->text;

	buf_clear(text);
	*out = (struct str){0};
	while (text->len < most) {
		size_t room = text->len < CHUNK_BYTES ? CHUNK_BYTES : text->len;
		if (room > most - text->len)
			room = most - text->len;
		ssize_t got = read_chunk(text, fd, room, text->len);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
	}
	*out = buf_view(text);
	return 0;
}

int process_bytes(struct processes *processes, int fd, uint64_t offset, size_t len, struct str *out)
{
	struct buf *text = &processes->text;

	buf_clear(text);
	*out = (struct str){0};
	if (offset > INT64_MAX - len)
		return -ENODATA;
	while (text->len < len) {
		ssize_t got = read_chunk(text, fd, len - text->len, offset + text->len);
		if (got < 0)
			return (int)got;
		if (got == 0)
			return -ENODATA;
	}
	*out = buf_view(text);
	return 0;
}

int process_text_at(struct processes *processes, const char *name, size_t most, struct str *out)
{
	int fd = openat(processes->proc, name, O_RDONLY | O_CLOEXEC);

	*out = (struct str){0};
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	int failed = process_text(processes, fd, most, out);
	close(fd);
	return failed;
}

int process_lines(struct processes *processes, int fd, size_t most,
		  bool (*take)(void *context, struct str *rest), void *context)
{
	struct buf *text = &processes->text;
	size_t offset = 0;

	buf_clear(text);
	while (offset < most) {
		ssize_t got = read_chunk(text, fd, LINES_BYTES, offset);
		if (got <= 0)
			return (int)got;
		offset += (size_t)got;
		struct str rest = buf_view(text);
		if (!take(context, &rest))
			return 0;
		buf_consume(text, text->len - rest.len);
		if (text->len > LINES_BYTES) /* no line of the kernel's is so long */
			return -EPROTO;
	}
	return 0;
}

void process_path(char path[PROCESS_PATH_MAX], uint32_t pid, const char *name)
{
	snprintf(path, PROCESS_PATH_MAX, "%u/%s", pid, name);
}
