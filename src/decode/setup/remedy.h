/*
 * The commands that take exactly one entry out of its file, and that put it back: for a person to
 * paste, so they are quoted for a shell, say nothing they do not mean, and do nothing when the file
 * has changed since it was read.
 */
#ifndef DAVY_DECODE_SETUP_REMEDY_H
#define DAVY_DECODE_SETUP_REMEDY_H

#include "base/arena.h"
#include "decode/setup/setup.h"

struct setup_remedy {
	struct str command, undo; /* empty: no memory */
};

/*
 * path: of the file, as a person at this machine would name it
 * mode: its permissions, 07777
 *
 * A line is put behind "# davy: ", a unit or autostart entry of its own is moved aside, and a
 * script that is run whole loses its right to be run.
 */
struct setup_remedy setup_remedy_of(enum setup_form form, struct str path, uint32_t mode,
				    const struct setup_entry *entry, struct arena *arena);

/* Of the whole file, whatever is in it. */
struct setup_remedy setup_remedy_of_file(enum setup_form form, struct str path, uint32_t mode,
					 struct arena *arena);

#endif
