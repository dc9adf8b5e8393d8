/* Files that are read whole, and never past what they may hold. */
#ifndef DAVY_PROGRAMS_FILE_TEXT_H
#define DAVY_PROGRAMS_FILE_TEXT_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"

/*
 * Appends to `out`; what is longer than `most` is read a little beyond it, and no further.
 *
 * returns: 0; -ENOMEM; what read() says
 */
must_check int file_text_read_open(int fd, size_t most, struct buf *out);

/*
 * The same of a regular file that the settings name; nothing else is waited for.
 *
 * returns: 0; -EISDIR, -EINVAL: no regular file; -ENOENT, -EACCES, -ENOMEM ...
 */
must_check int file_text_read(const char *path, size_t most, struct buf *out);
/* What of these is wrong, in words. */
const char *file_text_trouble(int result);

#endif
