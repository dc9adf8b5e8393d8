/* What containerd has of one container and its image, for tests/bolt_maker. */
#ifndef DAVY_TESTS_CONTAINERD_ROWS_H
#define DAVY_TESTS_CONTAINERD_ROWS_H

#include "bolt_maker.h"

#define ONE	 "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER	 "2222222222222222222222222222222222222222222222222222222222222222"
#define CONFIG	 "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MANIFEST "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define LIST	 "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define CHAIN	 "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define ELSE	 "sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define LAYER	 "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define TAG	 "docker.io/library/x:latest"

#define OF(key)		      "v1", "k8s.io", key
#define LABELS(digest)	      OF("content"), "blob", digest, "labels"
#define IMAGE(name)	      OF("images"), name, "target", "digest"
#define SNAPSHOT(key)	      OF("snapshots"), "overlayfs", key, "parent"
#define CONTAINER(id, key)    OF("containers"), id, key
#define REFERS(kind)	      "containerd.io/gc.ref.content." kind
#define UNPACKED(snapshotter) "containerd.io/gc.ref.snapshot." snapshotter

/* As Kubernetes has it; the layers' blobs may be gone once they are unpacked. */
static const struct bolt_row containerd_rows[] = {
	{{"v1", "version"}, "\6"},
	{{"v1", "default", "labels", "x"}, "y"},
	{{"v1", "default", "containers", OTHER, "image"}, "docker.io/library/y:2"},
	{{CONTAINER(ONE, "image")}, TAG},
	{{CONTAINER(ONE, "snapshotter")}, "overlayfs"},
	{{CONTAINER(ONE, "snapshotKey")}, ONE},
	{{CONTAINER(ONE, "spec")}, "{}"},
	{{OF("containers"), ONE, "labels", "io.cri-containerd.kind"}, "container"},
	{{OF("containers"), ONE, "runtime", "name"}, "io.containerd.runc.v2"},
	{{SNAPSHOT(ONE)}, CHAIN},
	{{OF("snapshots"), "overlayfs", ONE, "name"}, "k8s.io/12/" ONE},
	{{OF("snapshots"), "overlayfs", CHAIN, "name"}, "k8s.io/4/" CHAIN},
	{{IMAGE(TAG)}, LIST},
	{{OF("images"), TAG, "target", "mediatype"}, "application/vnd.oci.image.index.v1+json"},
	{{LABELS(LIST), REFERS("m.0")}, ELSE}, /* another platform's, which is not here */
	{{LABELS(LIST), REFERS("m.1")}, MANIFEST},
	{{LABELS(MANIFEST), REFERS("config")}, CONFIG},
	{{LABELS(MANIFEST), REFERS("l.0")}, LAYER},
	{{LABELS(CONFIG), "containerd.io/distribution.source.docker.io"}, "library/x"},
	{{LABELS(CONFIG), UNPACKED("overlayfs")}, CHAIN},
	{{LABELS(CONFIG), UNPACKED("native")}, LAYER},
};

#endif
