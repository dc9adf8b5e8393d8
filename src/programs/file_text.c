#include "programs/file_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

int file_text_read_open(int fd, size_t most, struct buf *out)
{
	const size_t before = out->len;

	for (;;) {
		if (!buf_reserve(out, PIECE))
			return -ENOMEM;
		ssize_t got = read(fd, out->at + out->len, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		out->len += (size_t)got;
		if (out->len - before > most)
			return 0;
	}
}

int file_text_read(const char *path, size_t most, struct buf *out)
{
	struct stat is;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	int r = fd < 0 || fstat(fd, &is) < 0 ? -errno : 0;
	if (r == 0 && !S_ISREG(is.st_mode))
		r = S_ISDIR(is.st_mode) ? -EISDIR : -EINVAL;
	if (r == 0)
		r = file_text_read_open(fd, most, out);
	if (fd >= 0)
		close(fd);
	return r;
}

const char *file_text_trouble(int result)
{
	return result == -EINVAL ? "it is no regular file" : strerror(-result);
}
