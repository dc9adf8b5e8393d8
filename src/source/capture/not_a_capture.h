/* A sentence about a file that is no capture: what it looks like, and what to do about it. */
#ifndef DAVY_SOURCE_CAPTURE_NOT_A_CAPTURE_H
#define DAVY_SOURCE_CAPTURE_NOT_A_CAPTURE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* returns: true when it may hold packets all the same, and the sentence says how to get at them */
bool not_a_capture_say(const char *name, struct str first, struct error *why);

#endif
