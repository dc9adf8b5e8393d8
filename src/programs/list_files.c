#include "programs/list_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "programs/file_text.h"
#include "programs/sealed.h"
#include "programs/shipped_folder.h"

static const char *const shipped[] = {"pools.txt", "shared.txt"};

int list_file_read(const char *path, struct pool_list_builder *builder, struct error *why)
{
	CLEANUP(buf_fini) struct buf text = {0};
	int r = file_text_read(path, POOL_FILE_MAX, &text); /* larger: told by the reader */

	if (r < 0)
		return error_set(why, r,
				 "%.200s: the list cannot be read: %s; see lists.pools in "
				 "the settings",
				 path, file_text_trouble(r));
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
	shipped_folder("", "/packaging/lists", path);
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

int list_files_share(const struct settings *settings, list_told *tell, void *context,
		     struct error *why)
{
	struct pool_list_builder builder = {0};
	CLEANUP(buf_fini) struct buf blob = {0};

	(void)list_files_read(settings, &builder, tell, context);
	int r = pool_list_seal(&builder, &blob);
	pool_list_builder_fini(&builder);
	if (r == 0)
		r = sealed_make("davy-lists", buf_view(&blob));
	if (r < 0)
		error_set(why, r, "the lists cannot be handed to the workers: %s", strerror(-r));
	return r;
}

bool list_files_remap(int descriptor, struct str *map, struct pool_list *out)
{
	struct pool_list list;
	struct str next;

	if (!sealed_map(descriptor, &next))
		return false;
	if (!pool_list_open(next, &list)) {
		munmap((void *)next.at, next.len);
		return false;
	}
	if (map->len > 0)
		munmap((void *)map->at, map->len);
	*map = next;
	*out = list;
	return true;
}

bool list_files_map(int descriptor, struct pool_list *out)
{
	struct str map = {0};

	return list_files_remap(descriptor, &map, out);
}
