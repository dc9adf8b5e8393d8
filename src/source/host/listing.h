/*
 * Folders of a procfs whose entries are numbers: pids, threads, descriptors. By getdents64 itself,
 * for readdir is what preloaded libraries of hiders answer in its place.
 */
#ifndef DAVY_SOURCE_HOST_LISTING_H
#define DAVY_SOURCE_HOST_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/*
 * Visit each entry that is a decimal number, from the beginning of the folder.
 *
 * visit:   gets the name, NUL-terminated; false ends the listing
 * returns: 0, or -errno
 */
must_check int list_numbers(int folder, bool (*visit)(void *context, const char *name),
			    void *context);

#endif
