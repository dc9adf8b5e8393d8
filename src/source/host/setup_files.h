/*
 * The side with rights of looking at set-up files: knows where they lie, opens them, and reads none
 * of what is in them. Each is handed over as a descriptor of a regular file, with what its place in
 * the file system tells: whose it is and who else could write to it.
 *
 * All names are resolved below one root (openat2, RESOLVE_IN_ROOT), this machine's or that of an
 * image or a container: no link in it leads out. Nothing but a regular file is ever opened, so no
 * FIFO waits and no device is touched; what has grown too large is read to a limit.
 */
#ifndef DAVY_SOURCE_HOST_SETUP_FILES_H
#define DAVY_SOURCE_HOST_SETUP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "decode/setup/setup.h"
#include "sandbox/messages.h"

enum {
	SETUP_PATH_MAX = 1024,
	SETUP_FILES_MAX = 8192,	    /* of one walk */
	SETUP_BYTES_MAX = 8 << 20,  /* of one file; the rest is not read */
	SETUP_LOOSE_BYTES = 1 << 16 /* of a file that may be a miner's settings */
};

/* Who could change what a file is, beside root. */
enum setup_weakness {
	SETUP_SOUND,
	SETUP_OF_USER,	  /* its owner, or the owner of a folder on the way, is not root */
	SETUP_OF_ANYBODY, /* everybody may write to it, or put another in its place */
};

/* One file, or the answer that there is none. Without padding that is sent unset: zeroed first. */
struct setup_file {
	int32_t error; /* 0; -ENOENT; -EACCES ...; -EFBIG: only SETUP_BYTES_MAX are read */
	uint32_t mode, uid, gid; /* st_mode */
	uint64_t device, inode, size;
	uint8_t form;	  /* enum setup_form */
	uint8_t weakness; /* enum setup_weakness */
	uint8_t is_loose; /* lies about: only its content can tell whether it matters */
	uint8_t is_home;  /* in a home: written by its owner, who may */
	uint16_t path_len, weak_len;
	char path[SETUP_PATH_MAX]; /* below the root, absolute */
	char weak[SETUP_PATH_MAX]; /* what of the path is weak */
};

struct setup_walk;

/*
 * root:    a folder: "/", or where an image is mounted
 * returns: 0; -ENOSYS: a kernel before 5.6; else why the folder cannot be opened
 */
must_check int setup_walk_open(const char *root, struct setup_walk **out, struct error *why);
void setup_walk_close(struct setup_walk *walk); /* NULL is allowed */

/* Look again where files are; the walk begins anew. How many there are. */
size_t setup_walk_again(struct setup_walk *walk, bool with_loose);
/* A walk over what may be a miner's settings in the folder of this file. */
size_t setup_walk_beside(struct setup_walk *walk, struct str path);

/*
 * The next file.
 *
 * fd:      to be closed by the caller, -1 when it could not be opened (out->error)
 * returns: false at the end
 */
must_check bool setup_walk_next(struct setup_walk *walk, struct setup_file *out, int *fd);
/* Places that hold more than is looked at; NULL when there is none. */
const char *setup_walk_left_out(const struct setup_walk *walk);

/* One file by its path: a program or script that an entry leads to. As setup_walk_next. */
void setup_walk_look(struct setup_walk *walk, struct str path, struct setup_file *out, int *fd);

/* -- between the side with rights and a worker: types of messages are the program's -- */

enum setup_request_kind {
	SETUP_REQUEST_FIRST,	/* of a walk over all */
	SETUP_REQUEST_STARTERS, /* of a walk without what lies about */
	SETUP_REQUEST_BESIDE,	/* of a walk over what lies in this file's folder */
	SETUP_REQUEST_NEXT,
	SETUP_REQUEST_LOOK, /* one file, by its path */
};

/* kind, and for SETUP_REQUEST_BESIDE and _LOOK the path. As channel_send. */
must_check int setup_request_send(struct channel *channel, uint32_t type,
				  enum setup_request_kind kind, struct str path);
/*
 * Answer a worker's request: a struct setup_file with its descriptor, or an empty body at the end
 * of a walk. -EPROTO when it is no request of ours; else as channel_send.
 */
must_check int setup_request_answer(struct setup_walk *walk, struct str request,
				    struct channel *channel, uint32_t type);
/*
 * In the worker: take the answer apart; its descriptors go to *fd, or are closed.
 *
 * returns: 1; 0 at the end of a walk; -EPROTO
 */
must_check int setup_answer_receive(struct message *message, struct setup_file *out, int *fd);

static inline struct str setup_file_path(const struct setup_file *file)
{
	return str_of(file->path, file->path_len);
}

#endif
