/*
 * Which image a container was made of, out of what container engines keep on disk: nobody has to be
 * asked, and none of it can be changed without root.
 *
 *     containers/storage (Podman, CRI-O)
 *         containers.json, volatile-containers.json   container -> image
 *         images.json                                 image -> digests of its manifests
 *     Docker
 *         containers/ID/config.v2.json                container -> image
 *         image/overlay2/repositories.json            image -> digests it was pulled by
 *
 * An image has several digests: of its configuration (what the engines call its id), of its
 * manifest, and of the list of manifests by which it was pulled. All that are known are kept.
 *
 * source: github.com/containers/storage containers.go and images.go; github.com/moby/moby
 *         container/container.go and image/store.go; read off files that Podman 4.3 wrote
 */
#ifndef DAVY_DECODE_CONTAINER_IMAGE_H
#define DAVY_DECODE_CONTAINER_IMAGE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/json.h"
#include "model/process.h"

/*
 * The nodes are the caller's, for one element at a time of the lists, for all of a Docker file: a
 * file with more values is not believed. Nor is one with flaws: engines write none.
 */

/* The digest of a container's image, as the first. False: this file does not know the container. */
must_check bool storage_container_read(struct json *nodes, struct str text, struct str container,
				       struct container_image *out);
must_check bool docker_container_read(struct json *nodes, struct str text, struct str container,
				      struct container_image *out);

/* The other digests of the image whose first digest is known. */
void storage_images_read(struct json *nodes, struct str text, struct container_image *image);
void docker_repositories_read(struct json *nodes, struct str text, struct container_image *image);

/* "sha256:64-hex-digits", small ones */
must_check bool image_digest_read(struct str text, uint8_t out[IMAGE_DIGEST_BYTES]);

#endif
