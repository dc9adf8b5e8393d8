/*
 * The files of lists, read by the process with rights: those that came with davy and those of the
 * setting lists.pools. Workers get one sealed memory file with what they all say
 * (lists/pool_list.h).
 */
#ifndef DAVY_PROGRAMS_LIST_FILES_H
#define DAVY_PROGRAMS_LIST_FILES_H

#include <limits.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "lists/pool_list.h"
#include "programs/settings.h"

/* After each file: why is empty when it was taken in. May be NULL. */
typedef void list_told(void *context, const char *path, const char *why);

/* All files that the settings ask for; one that cannot be read is told, and the rest goes on. */
/* returns: how many there were, read or not */
size_t list_files_read(const struct settings *settings, struct pool_list_builder *builder,
		       list_told *tell, void *context);
/*
 * Where the lists are that came with davy: beside the program in its build folder, else where they
 * are installed. They may be missing.
 */
void list_files_folder(char path[PATH_MAX]);
/* One more; 0 or a negative errno and a sentence. */
must_check int list_file_read(const char *path, struct pool_list_builder *builder,
			      struct error *why);

/*
 * The same, sealed in a memory file that can neither be written nor shrunk.
 *
 * returns: a descriptor (the caller's), or a negative errno and a sentence
 */
must_check int list_files_share(const struct settings *settings, list_told *tell, void *context,
				struct error *why);

/* In a worker, before it gives up its rights: maps the lists for good and closes `descriptor`. */
must_check bool list_files_map(int descriptor, struct pool_list *out);
/* The same, again and again: what was mapped before goes when the new can be used. map: {0} first.
 */
must_check bool list_files_remap(int descriptor, struct str *map, struct pool_list *out);

#endif
