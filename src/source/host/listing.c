#include "source/host/listing.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As linux/dirent.h of the kernel has it. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t len;
	uint8_t type;
	char name[];
};

static bool is_number(const char *name)
{
	return name[0] && name[strspn(name, "0123456789")] == '\0';
}

int list_numbers(int folder, bool (*visit)(void *context, const char *name), void *context)
{
	int64_t at = 0;

	return list_numbers_from(folder, &at, visit, context);
}

int list_numbers_from(int folder, int64_t *at, bool (*visit)(void *context, const char *name),
		      void *context)
{
	_Alignas(struct entry) char entries[32 * 1024];

	if (lseek(folder, *at, SEEK_SET) < 0)
		return -errno;
	for (;;) {
		long got = syscall(SYS_getdents64, folder, entries, sizeof(entries));
		if (got <= 0)
			return got ? -errno : 0;
		for (long i = 0; i < got;) {
			const struct entry *entry = (const struct entry *)(entries + i);
			*at = entry->offset;
			if (is_number(entry->name) && !visit(context, entry->name))
				return 0;
			i += entry->len;
		}
	}
}
