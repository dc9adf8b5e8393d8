/* The folder of the store, made by the process with rights for the user that workers run as. */
#ifndef DAVY_PROGRAMS_STORE_FOLDER_H
#define DAVY_PROGRAMS_STORE_FOLDER_H

#include "base/attributes.h"
#include "base/error.h"

/*
 * Make the folder of the file `path` when it is not there, and give it to that user; one that is
 * there stays as it is. The folders above it must be there.
 *
 * returns: 0, or a negative errno and a sentence
 */
must_check int store_folder_make(const char *path, struct error *why);

#endif
