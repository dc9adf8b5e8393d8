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

/* Bytes read by all steps so far, for whoever has a budget: a remembered hash costs none. */
uint64_t executable_hashes_read(const struct executable_hashes *hashes);

#endif
