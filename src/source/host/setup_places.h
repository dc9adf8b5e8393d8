/* Where files lie that start programs: inside this room only. */
#ifndef DAVY_SOURCE_HOST_SETUP_PLACES_H
#define DAVY_SOURCE_HOST_SETUP_PLACES_H

#include <stdint.h>

#include "decode/setup/setup.h"

struct setup_place {
	const char *path; /* absolute, or below a home */
	uint8_t form;
	uint8_t depth;	       /* 0: a file; 1: a folder's files; more: folders in it, too */
	bool is_loose;	       /* small files of any kind, to be told by content */
	const char *suffix[3]; /* any of these; NULL: all */
};

extern const struct setup_place setup_places[];	     /* ends with path NULL */
extern const struct setup_place setup_home_places[]; /* the same, below each home */
extern const char *const setup_homes[];		     /* a trailing slash: each folder in it */

#endif
