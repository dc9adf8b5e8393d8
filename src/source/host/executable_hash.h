/*
 * SHA-256 of executables, in steps and remembered: a program is read once, however many processes
 * run it, and a file of many gigabytes holds nobody up.
 *
 * A file is known by device, inode, size, and the times of its last change of contents and of
 * inode; the last cannot be set by whoever owns the file.
 */
#ifndef DAVY_SOURCE_HOST_EXECUTABLE_HASH_H
#define DAVY_SOURCE_HOST_EXECUTABLE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/instant.h"

enum { EXECUTABLE_HASH_STEP = 64 * 1024 * 1024 }; /* bytes a call, about 0.2 s */

struct executable_hashes;

/* capacity: how many are remembered; the oldest unused go. 0 or -ENOMEM */
must_check int executable_hashes_new(uint32_t capacity, struct executable_hashes **out);
void executable_hashes_free(struct executable_hashes *hashes);

/*
 * The hash of an open file, or one step towards it. A file that changes while it is read starts
 * again.
 *
 * fd:      a regular file, readable; its offset is not used
 * most:    bytes read at the most in this call; 0: only what is remembered
 * returns: 1 and the hash in `out`; 0: call again, with any descriptor of the same file;
 *          -EINVAL: no regular file; -errno of reading
 */
must_check int executable_hash_step(struct executable_hashes *hashes, int fd, uint64_t most,
				    instant now, uint8_t out[32]);

/*
 * All steps at once, as long as the budget lasts.
 *
 * budget:  bytes; what was read is taken off, and a remembered hash costs none. A step that reads
 *          nothing and is not done is paid for, too: somebody changes the file all the time.
 * returns: as executable_hash_step; 0: the budget is used up
 */
must_check int executable_hash_within(struct executable_hashes *hashes, int fd, uint64_t *budget,
				      instant now, uint8_t out[32]);

#endif
