#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/container/image.h"

#define ONE   "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER "2222222222222222222222222222222222222222222222222222222222222222"
#define IMAGE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BY    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define LIST  "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define ELSE  "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

enum { NODES = 64 };

static struct json with_nodes(void)
{
	static struct json_node nodes[NODES];

	return (struct json){.nodes = nodes, .cap = NODES};
}

/* The first digits of each digest. */
static void assert_digests(const char *name, const struct container_image *image,
			   const char *expected)
{
	char told[IMAGE_DIGESTS_MAX + 1] = "";

	for (size_t i = 0; i < image->count; i++)
		told[i] = "0123456789abcdef"[image->digests[i][0] >> 4];
	if (strcmp(told, expected) != 0)
		fail_msg("%s: %s, not %s", name, told, expected);
}

static void a_container_has_an_image(void **state)
{
	static const struct {
		const char *name, *text, *digests; /* NULL: not known */
		bool is_docker;
	} rows[] = {
		{"storage",
		 "[{\"id\":\"" OTHER "\",\"image\":\"" ELSE "\"},\n {\"id\":\"" ONE
		 "\",\"names\":[\"x\"],\"image\":\"" IMAGE "\",\"metadata\":\"{}\"}]",
		 "a"},
		{"storage: another's", "[{\"id\":\"" OTHER "\",\"image\":\"" IMAGE "\"}]", NULL},
		{"storage: of a folder", "[{\"id\":\"" ONE "\",\"image\":\"\"}]", NULL},
		{"storage: nobody's", "[]", NULL},
		{"storage: empty", "", NULL},
		{"storage: a name that looks so",
		 "[{\"id\":\"" OTHER "\",\"names\":[\"" ONE "\",\"{\\\"id\\\":\\\"" ONE
		 "\\\"}\"],\"image\":\"" IMAGE "\"}]",
		 NULL},
		{"storage: with a flaw before it",
		 "[{\"id\":\"" OTHER "\",x:1},{\"id\":\"" ONE "\",\"image\":\"" IMAGE "\"}]", NULL},
		{"storage: cut off", "[{\"id\":\"" ONE "\",\"image\":\"" IMAGE, NULL},
		{"docker", "{\"State\":{},\"ID\":\"" ONE "\",\"Image\":\"sha256:" IMAGE "\"}", "a",
		 true},
		{"docker, by containerd",
		 "{\"ID\":\"" ONE "\",\"Image\":\"sha256:" IMAGE
		 "\",\"ImageManifest\":{\"digest\":\"sha256:" BY "\"}}",
		 "ab", true},
		{"docker: another's", "{\"ID\":\"" OTHER "\",\"Image\":\"sha256:" IMAGE "\"}", NULL,
		 true},
		{"docker: its own words",
		 "{\"ID\":\"" ONE "\",\"Config\":{\"Image\":\"sha256:" IMAGE "\"}}", NULL, true},
		{"docker: cut off", "{\"ID\":\"" ONE "\",\"Image\":\"sha256:" IMAGE "\"", NULL,
		 true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json nodes = with_nodes();
		struct container_image image = {0};
		bool is_known = rows[i].is_docker
					? docker_container_read(&nodes, str_from(rows[i].text),
								STR(ONE), &image)
					: storage_container_read(&nodes, str_from(rows[i].text),
								 STR(ONE), &image);
		if (is_known != (rows[i].digests != NULL))
			fail_msg("%s", rows[i].name);
		assert_digests(rows[i].name, &image, rows[i].digests ? rows[i].digests : "");
	}
}

static void an_image_has_other_digests(void **state)
{
	static const struct {
		const char *name, *text, *digests;
		bool is_docker;
	} rows[] = {
		{"storage",
		 "[{\"id\":\"" ELSE "\",\"digest\":\"sha256:" ELSE "\"},{\"id\":\"" IMAGE
		 "\",\"digest\":\"sha256:" BY "\",\"names\":[\"localhost/x:1\"],"
		 "\"big-data-digests\":{\"manifest\":\"sha256:" BY "\",\"manifest-sha256:" LIST
		 "\":\"sha256:" LIST "\",\"sha256:" IMAGE "\":\"sha256:" IMAGE
		 "\",\"signature-1\":\"sha256:" ELSE "\"}}]",
		 "abc"},
		{"storage: another image", "[{\"id\":\"" ELSE "\",\"digest\":\"sha256:" BY "\"}]",
		 "a"},
		{"storage: no digest", "[{\"id\":\"" IMAGE "\"}]", "a"},
		{"storage: another kind", "[{\"id\":\"" IMAGE "\",\"digest\":\"sha512:" BY "\"}]",
		 "a"},
		{"docker",
		 "{\"Repositories\":{\"x\":{\"x:1\":\"sha256:" ELSE "\",\"x@sha256:" ELSE
		 "\":\"sha256:" ELSE "\"},\"y\":{\"y:1\":\"sha256:" IMAGE "\",\"y@sha256:" BY
		 "\":\"sha256:" IMAGE "\",\"r.example:5000/y@sha256:" LIST "\":\"sha256:" IMAGE
		 "\"}}}",
		 "abc", true},
		{"docker: none", "{\"Repositories\":{}}", "a", true},
		{"docker: with a flaw",
		 "{\"Repositories\":{\"y\":{x:1,\"y@sha256:" BY "\":\"sha256:" IMAGE "\"}}}", "a",
		 true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json nodes = with_nodes();
		struct container_image image = {.count = 1};
		memset(image.digests[0], 0xaa, sizeof(image.digests[0]));
		if (rows[i].is_docker)
			docker_repositories_read(&nodes, str_from(rows[i].text), &image);
		else
			storage_images_read(&nodes, str_from(rows[i].text), &image);
		assert_digests(rows[i].name, &image, rows[i].digests);
	}
}

static void it_has_a_name(void **state)
{
	struct json nodes = with_nodes();
	struct container_image docker = {0}, storage = {.count = 1};
	CLEANUP(buf_fini) struct buf text = {0};

	(void)state;
	assert_true(docker_container_read(&nodes,
					  STR("{\"ID\":\"" ONE "\",\"Image\":\"sha256:" IMAGE
					      "\",\"Config\":{\"Image\":\"nginx:1\"}}"),
					  STR(ONE), &docker));
	assert_string_equal(docker.name, "nginx:1");
	memset(storage.digests[0], 0xaa, sizeof(storage.digests[0]));
	storage_images_read(
		&nodes,
		STR("[{\"id\":\"" IMAGE "\",\"names\":[\"localhost/x:1\",\"localhost/x:2\"]}]"),
		&storage);
	assert_string_equal(storage.name, "localhost/x:1");
	/* one that it has is kept, and a long one is cut */
	container_image_name(&storage, STR("y"));
	assert_string_equal(storage.name, "localhost/x:1");
	storage.name[0] = '\0';
	for (int i = 0; i < 2 * IMAGE_NAME_MAX; i++)
		buf_add_byte(&text, 'x');
	container_image_name(&storage, buf_view(&text));
	assert_int_equal(strlen(storage.name), IMAGE_NAME_MAX - 1);
}

static void more_than_fits_is_left_out(void **state)
{
	struct json nodes = with_nodes();
	struct container_image image = {.count = 1};
	CLEANUP(buf_fini) struct buf text = {0};

	(void)state;
	memset(image.digests[0], 0xaa, sizeof(image.digests[0]));
	buf_add_text(&text, "[{\"id\":\"" IMAGE "\",\"big-data-digests\":{");
	for (int i = 0; i < 12; i++)
		buf_printf(&text, "%s\"manifest-%d\":\"sha256:%064x\"", i ? "," : "", i, i + 1);
	buf_add_text(&text, "}}]");
	storage_images_read(&nodes, buf_view(&text), &image);
	assert_int_equal(image.count, IMAGE_DIGESTS_MAX);
	/* and a container with more values than nodes is not believed */
	buf_clear(&text);
	buf_add_text(&text, "[{\"id\":\"" ONE "\",\"image\":\"" IMAGE "\",\"names\":[0");
	for (int i = 0; i < NODES; i++)
		buf_add_text(&text, ",0");
	buf_add_text(&text, "]}]");
	assert_false(storage_container_read(&nodes, buf_view(&text), STR(ONE), &image));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_has_an_image),
		cmocka_unit_test(an_image_has_other_digests),
		cmocka_unit_test(it_has_a_name),
		cmocka_unit_test(more_than_fits_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
