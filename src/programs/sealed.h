/* Bytes handed to workers: in a memory file that can neither be written, nor grow, nor shrink. */
#ifndef DAVY_PROGRAMS_SEALED_H
#define DAVY_PROGRAMS_SEALED_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/str.h"

/* name: for /proc. A descriptor, the caller's; or a negative errno */
must_check int sealed_make(const char *name, struct str bytes);
/* Maps it whole, for munmap, and closes `descriptor`; false when it is empty, too. */
must_check bool sealed_map(int descriptor, struct str *out);

#endif
