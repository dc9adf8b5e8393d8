#include "programs/list_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/places.h"

static const char *const shipped[] = {"pools.txt", "shared.txt"};

static int read_whole(int fd, struct buf *out)
{
	for (;;) {
		if (!buf_reserve(out, 64 * 1024))
			return -ENOMEM;
		ssize_t got = read(fd, out->at + out->len, 64 * 1024);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		out->len += (size_t)got;
		if (out->len > POOL_FILE_MAX) /* told by the reader, with the remedy */
			return 0;
	}
}

int list_file_read(const char *path, struct pool_list_builder *builder, struct error *why)
{
	CLEANUP(buf_fini) struct buf text = {0};
	struct stat is;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	int r = fd < 0 || fstat(fd, &is) < 0 ? -errno : 0;
	if (r == 0 && !S_ISREG(is.st_mode))
		r = S_ISDIR(is.st_mode) ? -EISDIR : -EINVAL;
	if (r == 0)
		r = read_whole(fd, &text);
	if (fd >= 0)
		close(fd);
	if (r < 0)
		return error_set(why, r,
				 "%.200s: the list cannot be read: %s; see lists.pools in "
				 "the settings",
				 path, r == -EINVAL ? "it is no regular file" : strerror(-r));
	return pool_list_add_file(builder, path, buf_view(&text), why);
}

static void read_one(const char *path, struct pool_list_builder *builder, list_told *tell,
		     void *context)
{
	struct error why = {0};

	(void)!list_file_read(path, builder, &why);
	if (tell)
		tell(context, path, why.text);
}

void list_files_folder(char path[PATH_MAX])
{
	static const char in_build[] = "/src/programs/davy";
	char lists[PATH_MAX + sizeof("/packaging/lists")];
	ssize_t len = readlink("/proc/self/exe", lists, PATH_MAX - 1);

	snprintf(path, PATH_MAX, "%s", DAVY_LISTS);
	if (len <= 0 || !str_ends(str_of(lists, (size_t)len), str_from(in_build)))
		return;
	len -= (ssize_t)sizeof(in_build) - 1;
	snprintf(lists + len, sizeof(lists) - (size_t)len, "/packaging/lists");
	if (strlen(lists) < PATH_MAX && access(lists, F_OK) == 0)
		memcpy(path, lists, strlen(lists) + 1);
}

static size_t read_shipped(struct pool_list_builder *builder, list_told *tell, void *context)
{
	char folder[PATH_MAX], path[PATH_MAX + 16];
	size_t count = 0;

	list_files_folder(folder);
	for (size_t i = 0; i < sizeof(shipped) / sizeof(*shipped); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, shipped[i]);
		if (access(path, F_OK) != 0)
			continue;
		read_one(path, builder, tell, context);
		count++;
	}
	return count;
}

size_t list_files_read(const struct settings *settings, struct pool_list_builder *builder,
		       list_told *tell, void *context)
{
	size_t count, shipped_count = 0;
	const struct str *named = settings_texts(settings, "lists.pools", &count);

	if (settings_bool(settings, "lists.shipped"))
		shipped_count = read_shipped(builder, tell, context);
	for (size_t i = 0; i < count; i++) {
		char *path = strndup(named[i].at, named[i].len);
		if (path)
			read_one(path, builder, tell, context);
		else if (tell)
			tell(context, "lists.pools", "not enough memory to read the lists");
		free(path);
	}
	return shipped_count + count;
}

static int write_whole(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t wrote = write(fd, text.at, text.len);
		if (wrote < 0 && errno != EINTR)
			return -errno;
		text = str_skip(text, wrote > 0 ? (size_t)wrote : 0);
	}
	return 0;
}

static int seal_in_memory(struct str blob)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd = memfd_create("davy-lists", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	int r = write_whole(fd, blob);
	if (r == 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int list_files_share(const struct settings *settings, list_told *tell, void *context,
		     struct error *why)
{
	struct pool_list_builder builder = {0};
	CLEANUP(buf_fini) struct buf blob = {0};

	(void)list_files_read(settings, &builder, tell, context);
	int r = pool_list_seal(&builder, &blob);
	pool_list_builder_fini(&builder);
	if (r == 0)
		r = seal_in_memory(buf_view(&blob));
	if (r < 0)
		error_set(why, r, "the lists cannot be handed to the workers: %s", strerror(-r));
	return r;
}

bool list_files_remap(int descriptor, struct str *map, struct pool_list *out)
{
	struct pool_list list;
	struct stat is;
	void *at = MAP_FAILED;

	if (fstat(descriptor, &is) == 0 && is.st_size > 0)
		at = mmap(NULL, (size_t)is.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	close(descriptor);
	if (at == MAP_FAILED)
		return false;
	if (!pool_list_open(str_of(at, (size_t)is.st_size), &list)) {
		munmap(at, (size_t)is.st_size);
		return false;
	}
	if (map->len > 0)
		munmap((void *)map->at, map->len);
	*map = str_of(at, (size_t)is.st_size);
	*out = list;
	return true;
}

bool list_files_map(int descriptor, struct pool_list *out)
{
	struct str map = {0};

	return list_files_remap(descriptor, &map, out);
}
