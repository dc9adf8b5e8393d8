/* Writing a whole text to a descriptor, whatever write(2) takes at a time. */
#ifndef DAVY_PROGRAMS_WRITE_ALL_H
#define DAVY_PROGRAMS_WRITE_ALL_H

#include "base/str.h"

/* 0, or the errno it ended with (positive); what came before was written. */
int write_all(int fd, struct str text);

#endif
