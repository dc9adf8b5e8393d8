#include "model/process.h"

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
