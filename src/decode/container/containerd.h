/*
 * Which image a container was made of, out of containerd's database of metadata:
 *
 *     v1/NAMESPACE/containers/ID                        image (its name), snapshotter, snapshotKey
 *     v1/NAMESPACE/snapshots/SNAPSHOTTER/KEY            parent
 *     v1/NAMESPACE/images/NAME/target                   digest
 *     v1/NAMESPACE/content/blob/DIGEST/labels           what the blob refers to
 *
 * A name is not enough: it is given to another image by the next pull, while the container runs on.
 * But what the container's files lie upon is called by the layers (their chain id), and the labels
 * lead from an image's target over its manifest to its configuration, which names the chain that
 * it was unpacked to. Only where both are the same the image is the container's. What a moved name
 * has left behind is found among the names that Kubernetes keeps, "sha256:CONFIGURATION", if one
 * image alone has these layers.
 *
 * source: github.com/containerd/containerd metadata/buckets.go, containers.go, snapshot.go,
 *         images/handlers.go and image.go; read off databases that containerd 1.6 wrote
 */
#ifndef DAVY_DECODE_CONTAINER_CONTAINERD_H
#define DAVY_DECODE_CONTAINER_CONTAINERD_H

#include <stdbool.h>

#include "base/attributes.h"
#include "decode/bolt/bolt.h"
#include "model/process.h"

/*
 * Add the digests of a container's image (configuration, manifest, list of manifests) and the name
 * it was made by. The database may be written meanwhile; it is read again then, a few times.
 *
 * container: its whole id
 * returns:   true when the database has the container, also where its image cannot be told; false,
 *            and *out as it was, when it has not, has a flaw, or was never left alone
 */
must_check bool containerd_container_read(struct bolt_file database, struct str container,
					  struct container_image *out);

#endif
