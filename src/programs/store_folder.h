/* The folder of the store, made by the process with rights for the user that workers run as. */
#ifndef DAVY_PROGRAMS_STORE_FOLDER_H
#define DAVY_PROGRAMS_STORE_FOLDER_H

#include <sys/types.h>

#include "base/attributes.h"
#include "base/error.h"

/*
 * Make the folder of the file `path` when it is not there, and give it to that user; one that is
 * there stays as it is. The folders above it must be there.
 *
 * returns: 0, or a negative errno and a sentence
 */
must_check int store_folder_make(const char *path, struct error *why);

/*
 * The second half of it: a folder just made gets its mode and, when we are root, its owner. Never
 * by its path: between the two halves somebody may have put a link there, and the owner of what it
 * points to would change.
 *
 * returns: 0; -ENOTDIR or -ELOOP (a link), -EPERM (a folder, not ours), or another negative errno
 */
must_check int store_folder_give(const char *folder, uid_t user, gid_t group, struct error *why);

#endif
