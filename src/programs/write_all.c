#include "programs/write_all.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t done = write(fd, text.at, text.len);
		if (done < 0 && errno != EINTR)
			return errno;
		text = str_skip(text, done > 0 ? (size_t)done : 0);
	}
	return 0;
}
