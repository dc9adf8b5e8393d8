/*
 * The files in which container engines keep what container is of what image. The side with rights
 * opens those of one container, by its id, and hands them over, unread; the side without reads
 * them (decode/container/image.h and containerd.h).
 *
 * Looked for is where Debian's packages, and the engines themselves, put them: /var/lib/containers
 * (Podman, CRI-O) and /var/lib/docker, with overlay file systems; /var/lib/containerd, and where
 * k3s, RKE2, MicroK8s, k0s and Docker have a containerd of their own.
 */
#ifndef DAVY_SOURCE_HOST_IMAGE_FILES_H
#define DAVY_SOURCE_HOST_IMAGE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/json.h"
#include "model/process.h"
#include "sandbox/messages.h"

enum {
	CONTAINER_ID_LEN = 64,
	IMAGE_TEXT_MAX = 8 << 20, /* of one file; ten thousand containers */
	IMAGE_NODES_MAX = 32768,
};

struct image_request {
	char container[CONTAINER_ID_LEN]; /* small hex digits */
};

/* False: this is no whole id of a container. */
must_check bool image_request_of(struct str container, struct image_request *out);

/*
 * Open what there is, and send it; that there is nothing is an answer, too.
 *
 * root:    folder that the paths begin at, or -1: there is none
 * returns: 0; -EPROTO when this is no request of ours; else as channel_send
 */
must_check int image_files_answer(int root, struct str request, struct channel *channel,
				  uint32_t type);

struct processes;
/*
 * In the worker: read the answer, and close its descriptors. nodes: IMAGE_NODES_MAX of the
 * caller's.
 *
 * out:     whose it is, and the image: count 0 when no file knows it
 * returns: false when it is no answer
 */
must_check bool image_files_read(struct processes *processes, struct message *message,
				 struct json *nodes, struct image_request *whose,
				 struct container_image *out);

#endif
