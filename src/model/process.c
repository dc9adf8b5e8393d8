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

void container_image_add(struct container_image *image, const uint8_t digest[IMAGE_DIGEST_BYTES])
{
	if (image->count == IMAGE_DIGESTS_MAX || container_image_has(image, digest))
		return;
	memcpy(image->digests[image->count++], digest, IMAGE_DIGEST_BYTES);
}

void container_image_name(struct container_image *image, struct str name)
{
	if (image->name[0] != '\0' || name.len == 0)
		return;
	name = str_sub(name, 0, sizeof(image->name) - 1);
	memcpy(image->name, name.at, name.len);
	image->name[name.len] = '\0';
}
