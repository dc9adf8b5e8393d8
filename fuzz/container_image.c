/* First byte: which file of a container engine; the rest is what is in it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/container/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct str id =
		STR("1111111111111111111111111111111111111111111111111111111111111111");
	struct json_node nodes[256];
	struct json json = {.nodes = nodes, .cap = 256};
	struct container_image image = {.count = 1, .digests = {{0xaa}}};

	if (len == 0)
		return 0;
	struct str text = {(const char *)bytes + 1, len - 1};
	bool is_known = false;
	switch (bytes[0] % 4) {
	case 0:
		is_known = storage_container_read(&json, text, id, &image);
		break;
	case 1:
		is_known = docker_container_read(&json, text, id, &image);
		break;
	case 2:
		storage_images_read(&json, text, &image);
		break;
	default:
		docker_repositories_read(&json, text, &image);
	}
	assert(image.count >= 1 && image.count <= IMAGE_DIGESTS_MAX);
	assert(is_known || bytes[0] % 4 > 1 || image.count == 1);
	return 0;
}
