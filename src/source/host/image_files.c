#include "source/host/image_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode/container/containerd.h"
#include "decode/container/image.h"
#include "source/host/process_files.h"

enum { PATH_LEN = 160 };

enum image_file {
	DOCKER_CONTAINER,
	DOCKER_REPOSITORIES,
	STORAGE_CONTAINERS,
	STORAGE_VOLATILE, /* containers that are removed when they end */
	STORAGE_IMAGES,
	CONTAINERD_DATABASE, /* and by whom else it is brought along */
	CONTAINERD_DOCKER,
	CONTAINERD_K3S,
	CONTAINERD_RKE2,
	CONTAINERD_MICROK8S,
	CONTAINERD_K0S,
	IMAGE_FILES,
};

_Static_assert((int)IMAGE_FILES <= (int)MESSAGE_DESCRIPTORS_MAX, "they go in one message");

/* What is sent: which of the files came, in their order. */
struct answer {
	struct image_request whose;
	uint32_t given;
};

_Static_assert(sizeof(struct answer) == CONTAINER_ID_LEN + 4, "no padding is sent");

static bool is_id(const struct image_request *request)
{
	for (size_t i = 0; i < CONTAINER_ID_LEN; i++) {
		char c = request->container[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

bool image_request_of(struct str container, struct image_request *out)
{
	if (container.len != CONTAINER_ID_LEN)
		return false;
	memcpy(out->container, container.at, CONTAINER_ID_LEN);
	return is_id(out);
}

/* -- the side with rights -- */

static int open_regular(int root, const char *path)
{
	struct stat about;
	int fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);

	if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

#define CONTAINERD(folder) folder "/io.containerd.metadata.v1.bolt/meta.db"

static int open_file(int root, enum image_file file, const struct image_request *request)
{
	static const char *const paths[IMAGE_FILES] = {
		[DOCKER_REPOSITORIES] = "var/lib/docker/image/overlay2/repositories.json",
		[STORAGE_CONTAINERS] =
			"var/lib/containers/storage/overlay-containers/containers.json",
		[STORAGE_VOLATILE] = "run/containers/storage/overlay-containers/"
				     "volatile-containers.json",
		[STORAGE_IMAGES] = "var/lib/containers/storage/overlay-images/images.json",
		[CONTAINERD_DATABASE] = CONTAINERD("var/lib/containerd"),
		[CONTAINERD_DOCKER] = CONTAINERD("var/lib/docker/containerd/daemon"),
		[CONTAINERD_K3S] = CONTAINERD("var/lib/rancher/k3s/agent/containerd"),
		[CONTAINERD_RKE2] = CONTAINERD("var/lib/rancher/rke2/agent/containerd"),
		[CONTAINERD_MICROK8S] = CONTAINERD("var/snap/microk8s/common/var/lib/containerd"),
		[CONTAINERD_K0S] = CONTAINERD("var/lib/k0s/containerd"),
	};
	char path[PATH_LEN];

	if (file != DOCKER_CONTAINER)
		return open_regular(root, paths[file]);
	snprintf(path, sizeof(path), "var/lib/docker/containers/%.*s/config.v2.json",
		 CONTAINER_ID_LEN, request->container);
	return open_regular(root, path);
}

int image_files_answer(int root, struct str request, struct channel *channel, uint32_t type)
{
	struct answer answer = {0};
	int descriptors[IMAGE_FILES] = {-1};
	size_t count = 0;

	if (request.len != sizeof(answer.whose))
		return -EPROTO;
	memcpy(&answer.whose, request.at, sizeof(answer.whose));
	if (!is_id(&answer.whose))
		return -EPROTO;
	for (unsigned i = 0; root >= 0 && i < IMAGE_FILES; i++) {
		int fd = open_file(root, (enum image_file)i, &answer.whose);
		if (fd < 0)
			continue;
		answer.given |= 1u << i;
		descriptors[count++] = fd;
	}
	int result =
		channel_send(channel, type, str_of(&answer, sizeof(answer)), descriptors, count);
	for (size_t i = 0; i < count; i++)
		close(descriptors[i]);
	return result;
}

/* -- the side without -- */

/* A file that is longer than we read is cut off, and so not believed. */
static struct str text_of(struct processes *processes, int fd)
{
	struct str text;

	if (fd < 0 || process_text(processes, fd, IMAGE_TEXT_MAX, &text) < 0)
		return (struct str){0};
	return text;
}

/* Of a database little is read of much. */
struct window {
	struct processes *processes;
	int fd;
};

static bool read_window(void *context, uint64_t offset, size_t len, struct str *out)
{
	const struct window *window = context;

	return process_bytes(window->processes, window->fd, offset, len, out) == 0;
}

static void read_databases(struct processes *processes, const int files[IMAGE_FILES],
			   struct str container, struct container_image *out)
{
	for (unsigned i = CONTAINERD_DATABASE; i < IMAGE_FILES; i++) {
		struct window window = {processes, files[i]};
		const struct bolt_file database = {read_window, &window};
		if (files[i] >= 0 && containerd_container_read(database, container, out))
			return;
	}
}

static void read_files(struct processes *processes, const int files[IMAGE_FILES],
		       struct json *nodes, struct str container, struct container_image *out)
{
	static const enum image_file lists[] = {STORAGE_CONTAINERS, STORAGE_VOLATILE};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (storage_container_read(nodes, text_of(processes, files[lists[i]]), container,
					   out)) {
			storage_images_read(nodes, text_of(processes, files[STORAGE_IMAGES]), out);
			return;
		}
	if (docker_container_read(nodes, text_of(processes, files[DOCKER_CONTAINER]), container,
				  out))
		docker_repositories_read(nodes, text_of(processes, files[DOCKER_REPOSITORIES]),
					 out);
	/* Docker's own, too: it may have its images there */
	read_databases(processes, files, container, out);
}

bool image_files_read(struct processes *processes, struct message *message, struct json *nodes,
		      struct image_request *whose, struct container_image *out)
{
	struct answer answer = {.given = UINT32_MAX};
	int files[IMAGE_FILES];
	size_t next = 0;

	*out = (struct container_image){0};
	if (message->body.len == sizeof(answer))
		memcpy(&answer, message->body.at, sizeof(answer));
	bool is_whole = answer.given >> IMAGE_FILES == 0 && is_id(&answer.whose) &&
			(size_t)__builtin_popcount(answer.given) == message->descriptor_count;
	if (is_whole) {
		*whose = answer.whose;
		for (unsigned i = 0; i < IMAGE_FILES; i++)
			files[i] = answer.given & 1u << i ? message->descriptors[next++] : -1;
		read_files(processes, files, nodes, str_of(whose->container, CONTAINER_ID_LEN),
			   out);
	}
	for (size_t i = 0; i < message->descriptor_count; i++)
		close(message->descriptors[i]);
	message->descriptor_count = 0;
	return is_whole;
}
