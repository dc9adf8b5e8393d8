/* Mirrors as an operator writes them: addresses, networks, "any" and "none". */
#ifndef DAVY_PROGRAMS_MIRROR_TEXT_H
#define DAVY_PROGRAMS_MIRROR_TEXT_H

#include "base/attributes.h"
#include "base/error.h"
#include "decode/flow/tunnel_ends.h"

/* One more. False with what is wrong in `why`: no address, a port, more than MIRRORS_MAX. */
must_check bool mirrors_add(struct mirrors *mirrors, struct str text, struct error *why);

#endif
