#include "source/host/cpus.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool take_number(struct str text, size_t *at, uint32_t *out)
{
	size_t start = *at;

	*out = 0;
	for (; *at < text.len && text.at[*at] >= '0' && text.at[*at] <= '9'; ++*at) {
		*out = *out * 10 + (uint32_t)(text.at[*at] - '0');
		if (*out >= CPUS_MAX)
			return false;
	}
	return *at > start;
}

bool cpus_parse(struct str text, struct cpus *out)
{
	size_t at = 0;

	*out = (struct cpus){0};
	while (at < text.len && text.at[at] != '\n') {
		uint32_t first, last;
		if (!take_number(text, &at, &first))
			return false;
		last = first;
		if (at < text.len && text.at[at] == '-') {
			at++;
			if (!take_number(text, &at, &last) || last < first)
				return false;
		}
		for (uint32_t cpu = first; cpu <= last; cpu++)
			out->bits[cpu / 64] |= 1ull << cpu % 64;
		if (last + 1 > out->end)
			out->end = last + 1;
		if (at < text.len && text.at[at] == ',')
			at++;
		else
			break;
	}
	return out->end && (at == text.len || text.at[at] == '\n');
}

int cpus_online(struct cpus *out)
{
	char text[4096];
	int fd = open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t len = read(fd, text, sizeof(text));
	int failed = len < 0 ? -errno : 0;
	close(fd);
	if (failed)
		return failed;
	return cpus_parse(str_of(text, (size_t)len), out) ? 0 : -EINVAL;
}
