#include "programs/inputs.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int add_path(struct inputs *inputs, const char *path, enum input_origin origin)
{
	if (inputs->count == inputs->cap) {
		size_t cap = inputs->cap ? inputs->cap * 2 : 64;
		char **grown = reallocarray(inputs->paths, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		inputs->paths = grown;
		enum input_origin *origins = reallocarray(inputs->origins, cap, sizeof(*origins));
		if (!origins)
			return -ENOMEM;
		inputs->origins = origins;
		inputs->cap = cap;
	}
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	inputs->origins[inputs->count] = origin;
	inputs->paths[inputs->count++] = copy;
	return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Links inside a folder are not followed: they may lead round in a circle, or out of it. */
static int add_folder(struct inputs *inputs, const char *path)
{
	char *roots[] = {(char *)path, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	const size_t before = inputs->count;
	int r = 0;

	if (!walk)
		return add_path(inputs, path, INPUT_NAMED);
	for (FTSENT *entry; r == 0 && (entry = fts_read(walk));) {
		if (entry->fts_info == FTS_F) {
			inputs->total_bytes += (uint64_t)entry->fts_statp->st_size;
			r = add_path(inputs, entry->fts_path, INPUT_FOUND);
		} else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
			r = add_path(inputs, entry->fts_path, INPUT_NAMED);
		}
	}
	fts_close(walk);
	if (r == 0 && inputs->count == before)
		r = add_path(inputs, path, INPUT_BARE_FOLDER);
	return r;
}

int inputs_add(struct inputs *inputs, const char *path)
{
	struct stat is;

	if (stat(path, &is) == 0 && S_ISDIR(is.st_mode))
		return add_folder(inputs, path);
	if (stat(path, &is) == 0 && S_ISREG(is.st_mode))
		inputs->total_bytes += (uint64_t)is.st_size;
	return add_path(inputs, path, INPUT_NAMED);
}

void inputs_fini(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		free(inputs->paths[i]);
	free(inputs->paths);
	free(inputs->origins);
	*inputs = (struct inputs){0};
}
