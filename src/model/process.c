#include "model/process.h"

#include <string.h>

const char *container_runtime_name(enum container_runtime runtime)
{
	static const char *const names[CONTAINER_RUNTIME_COUNT] = {
		[CONTAINER_NONE] = "",
		[CONTAINER_DOCKER] = "docker",
		[CONTAINER_CONTAINERD] = "containerd",
		[CONTAINER_CRIO] = "cri-o",
		[CONTAINER_PODMAN] = "podman",
		[CONTAINER_LXC] = "lxc",
		[CONTAINER_OTHER] = "container",
	};

	return runtime < CONTAINER_RUNTIME_COUNT ? names[runtime] : "unknown";
}

bool container_image_has(const struct container_image *image,
			 const uint8_t digest[IMAGE_DIGEST_BYTES])
{
	for (size_t i = 0; i < image->count; i++)
		if (memcmp(image->digests[i], digest, IMAGE_DIGEST_BYTES) == 0)
			return true;
	return false;
}
