/*
 * Folders of a procfs whose entries are numbers: pids, threads, descriptors. By getdents64 itself,
 * for readdir is what preloaded libraries of hiders answer in its place.
 */
#ifndef DAVY_SOURCE_HOST_LISTING_H
#define DAVY_SOURCE_HOST_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/*
 * Visit each entry that is a decimal number, from the beginning of the folder.
 *
 * visit:   gets the name, NUL-terminated; false ends the listing
 * returns: 0, or -errno
 */
must_check int list_numbers(int folder, bool (*visit)(void *context, const char *name),
			    void *context);
/*
 * The same from *at, which is 0 at the beginning; on return *at is behind the entry that was
 * visited last, for whoever goes on later.
 */
must_check int list_numbers_from(int folder, int64_t *at,
				 bool (*visit)(void *context, const char *name), void *context);

#endif
