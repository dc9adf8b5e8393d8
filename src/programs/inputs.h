/* The inputs a command was given, with folders replaced by the files in them, in order of name. */
#ifndef DAVY_PROGRAMS_INPUTS_H
#define DAVY_PROGRAMS_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

enum input_origin {
	INPUT_NAMED,	   /* by the user */
	INPUT_FOUND,	   /* in a folder: may be anything */
	INPUT_BARE_FOLDER, /* a folder without files */
};

struct inputs {
	char **paths;
	enum input_origin *origins;
	size_t count, cap;
	uint64_t total_bytes; /* of regular files */
};

/* 0 or -ENOMEM. What is no folder, or cannot be looked into, stays as it is: opening it will tell.
 */
must_check int inputs_add(struct inputs *inputs, const char *path);
void inputs_fini(struct inputs *inputs);

#endif
