/* A sentence about a file that is no capture: what it looks like, and what to do about it. */
#ifndef DAVY_SOURCE_CAPTURE_NOT_A_CAPTURE_H
#define DAVY_SOURCE_CAPTURE_NOT_A_CAPTURE_H

#include "base/error.h"
#include "base/str.h"

void not_a_capture_say(const char *name, struct str first, struct error *why);

#endif
