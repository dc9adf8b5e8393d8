/* The files of container engines below a folder of the test's, opened by one side and read by the
 * other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "bolt_maker.h"
#include "source/host/image_files.h"
#include "source/host/processes.h"
#include "two_sides.h"

#define ONE   "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER "2222222222222222222222222222222222222222222222222222222222222222"
#define IMAGE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BY    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define DOCKER_ONE   "var/lib/docker/containers/" ONE "/config.v2.json"
#define REPOSITORIES "var/lib/docker/image/overlay2/repositories.json"
#define CONTAINERS   "var/lib/containers/storage/overlay-containers/containers.json"
#define VOLATILE     "run/containers/storage/overlay-containers/volatile-containers.json"
#define IMAGES	     "var/lib/containers/storage/overlay-images/images.json"

#define DATABASE   "io.containerd.metadata.v1.bolt/meta.db"
#define CONTAINERD "a database, as containerd has it"
#define CUT_OFF	   "such a database, cut off"

enum { TYPE = MESSAGE_FIRST_FREE, WAIT_MS = 20000, FILES = 3 };

static void write_database(FILE *file, bool is_whole)
{
	static const struct bolt_row rows[] = {
		{{"v1", "k8s.io", "containers", ONE, "image"}, "x:latest"},
		{{"v1", "k8s.io", "containers", ONE, "snapshotter"}, "overlayfs"},
		{{"v1", "k8s.io", "containers", ONE, "snapshotKey"}, ONE},
		{{"v1", "k8s.io", "snapshots", "overlayfs", ONE, "parent"}, "sha256:" OTHER},
		{{"v1", "k8s.io", "images", "x:latest", "target", "digest"}, "sha256:" BY},
		{{"v1", "k8s.io", "content", "blob", "sha256:" BY, "labels",
		  "containerd.io/gc.ref.content.config"},
		 "sha256:" IMAGE},
		{{"v1", "k8s.io", "content", "blob", "sha256:" IMAGE, "labels",
		  "containerd.io/gc.ref.snapshot.overlayfs"},
		 "sha256:" OTHER},
	};
	CLEANUP(buf_fini) struct buf database = {0};

	bolt_make(rows, sizeof(rows) / sizeof(*rows), &(struct bolt_making){0}, &database);
	assert_false(database.failed);
	size_t len = is_whole ? database.len : database.len - 1;
	assert_int_equal(fwrite(database.at, 1, len, file), len);
}

static void write_below(const char *folder, const char *path, const char *text)
{
	char command[1100], whole[512];

	snprintf(whole, sizeof(whole), "%s/%s", folder, path);
	snprintf(command, sizeof(command), "mkdir -p \"$(dirname %s)\"", whole);
	assert_int_equal(system(command), 0);
	/* a link, to where a user could write */
	if (strncmp(text, "-> ", 3) == 0) {
		char target[512];
		snprintf(target, sizeof(target), "%s/target", folder);
		write_below(folder, "target", text + 3);
		assert_int_equal(symlink(target, whole), 0);
		return;
	}
	FILE *file = fopen(whole, "w");
	assert_non_null(file);
	if (strcmp(text, CONTAINERD) == 0 || strcmp(text, CUT_OFF) == 0)
		write_database(file, strcmp(text, CONTAINERD) == 0);
	else
		fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

struct row {
	const char *name;
	struct {
		const char *path, *text;
	} files[FILES];
	const char *digests; /* the first digit of each */
};

static void look(const struct row *row, int root, struct container_image *out)
{
	static struct json_node nodes[IMAGE_NODES_MAX];
	struct json json = {.nodes = nodes, .cap = IMAGE_NODES_MAX};
	struct image_request request, whose;
	struct two_sides sides;
	struct message message;

	two_sides_open(&sides);
	assert_true(image_request_of(STR(ONE), &request));
	assert_int_equal(
		image_files_answer(root, str_of(&request, sizeof(request)), &sides.rights, TYPE),
		0);
	assert_int_equal(channel_await(&sides.worker, WAIT_MS, &message), MESSAGE_READY);
	if (!image_files_read(sides.processes, &message, &json, &whose, out))
		fail_msg("%s: no answer", row->name);
	assert_memory_equal(&whose, &request, sizeof(whose));
	two_sides_close(&sides);
}

static void the_image_is_found_where_engines_keep_it(void **state)
{
	static const struct row rows[] = {
		{"docker",
		 {{DOCKER_ONE, "{\"ID\":\"" ONE "\",\"Image\":\"sha256:" IMAGE "\"}"},
		  {REPOSITORIES,
		   "{\"Repositories\":{\"x\":{\"x@sha256:" BY "\":\"sha256:" IMAGE "\"}}}"}},
		 "ab"},
		{"docker, of another", {{DOCKER_ONE, "{\"ID\":\"" OTHER "\"}"}}, ""},
		{"podman",
		 {{CONTAINERS, "[{\"id\":\"" ONE "\",\"image\":\"" IMAGE "\"}]"},
		  {IMAGES, "[{\"id\":\"" IMAGE "\",\"digest\":\"sha256:" BY "\"}]"}},
		 "ab"},
		{"podman, removed when it ends",
		 {{CONTAINERS, "[{\"id\":\"" OTHER "\",\"image\":\"" BY "\"}]"},
		  {VOLATILE, "[{\"id\":\"" ONE "\",\"image\":\"" IMAGE "\"}]"},
		  {IMAGES, "[{\"id\":\"" IMAGE "\",\"digest\":\"sha256:" BY "\"}]"}},
		 "ab"},
		{"podman, the image is gone",
		 {{CONTAINERS, "[{\"id\":\"" ONE "\",\"image\":\"" IMAGE "\"}]"}},
		 "a"},
		{"containerd", {{"var/lib/containerd/" DATABASE, CONTAINERD}}, "ab"},
		{"k3s", {{"var/lib/rancher/k3s/agent/containerd/" DATABASE, CONTAINERD}}, "ab"},
		{"rke2", {{"var/lib/rancher/rke2/agent/containerd/" DATABASE, CONTAINERD}}, "ab"},
		{"microk8s",
		 {{"var/snap/microk8s/common/var/lib/containerd/" DATABASE, CONTAINERD}},
		 "ab"},
		{"k0s", {{"var/lib/k0s/containerd/" DATABASE, CONTAINERD}}, "ab"},
		{"docker, whose images containerd has",
		 {{DOCKER_ONE, "{\"ID\":\"" ONE "\",\"Image\":\"sha256:" BY "\"}"},
		  {"var/lib/docker/containerd/daemon/" DATABASE, CONTAINERD}},
		 "ba"},
		{"two of them, the first of others",
		 {{"var/lib/containerd/" DATABASE, "not a database"},
		  {"var/lib/k0s/containerd/" DATABASE, CONTAINERD}},
		 "ab"},
		{"containerd, cut off", {{"var/lib/containerd/" DATABASE, CUT_OFF}}, ""},
		{"a link", {{CONTAINERS, "-> [{\"id\":\"" ONE "\",\"image\":\"" IMAGE "\"}]"}}, ""},
		{"a folder", {{CONTAINERS "/x", "x"}}, ""},
		{"no engine", {{NULL}}, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct container_image image;
		char folder[] = "/tmp/davy-test-XXXXXX", command[64], told[16] = "";
		assert_non_null(mkdtemp(folder));
		for (size_t j = 0; j < FILES && rows[i].files[j].path; j++)
			write_below(folder, rows[i].files[j].path, rows[i].files[j].text);
		int root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
		look(&rows[i], root, &image);
		for (size_t j = 0; j < image.count; j++)
			told[j] = "0123456789abcdef"[image.digests[j][0] >> 4];
		close(root);
		snprintf(command, sizeof(command), "rm -r %s", folder);
		assert_int_equal(system(command), 0);
		if (strcmp(told, rows[i].digests) != 0)
			fail_msg("%s: %s", rows[i].name, told);
	}
}

/* It becomes part of a path. */
static void only_a_whole_id_is_asked_for(void **state)
{
	static const char *const wrong[] = {
		"", "4f1c0d9be2aa", ONE "1",
		"../../../../../../../../../../../../../../../../../etc/shadow/xxx",
		"A111111111111111111111111111111111111111111111111111111111111111"};
	struct image_request request;
	struct channel channel;
	int ends[2];

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	channel_init(&channel, ends[0], false);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_false(image_request_of(str_from(wrong[i]), &request));
		assert_true(image_files_answer(-1, str_from(wrong[i]), &channel, TYPE) < 0);
	}
	channel_fini(&channel);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_is_found_where_engines_keep_it),
		cmocka_unit_test(only_a_whole_id_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
