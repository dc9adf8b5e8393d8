#include "decode/container/image.h"

#include <string.h>

enum { DIGITS = 2 * IMAGE_DIGEST_BYTES, TEXT_MAX = 512 };

static bool read_digits(struct str digits, uint8_t out[IMAGE_DIGEST_BYTES])
{
	return digits.len == DIGITS &&
	       str_decode_hex(digits, out, IMAGE_DIGEST_BYTES) == IMAGE_DIGEST_BYTES;
}

bool image_digest_read(struct str text, uint8_t out[IMAGE_DIGEST_BYTES])
{
	const struct str kind = STR("sha256:");

	return str_starts(text, kind) && read_digits(str_skip(text, kind.len), out);
}

static void add_text(struct container_image *image, struct str text)
{
	uint8_t digest[IMAGE_DIGEST_BYTES];

	if (image_digest_read(text, digest))
		container_image_add(image, digest);
}

static bool member_digest(struct json_value object, struct str key, uint8_t *out)
{
	char scratch[TEXT_MAX];
	struct str text = json_text(json_member(object, key), scratch, sizeof(scratch));

	return image_digest_read(text, out) || read_digits(text, out);
}

/* -- containers/storage -- */

/* Its lists are long, and of one container a few hundred bytes are wanted: one element at a time.
 */
static bool next_element(struct json *nodes, struct str *rest)
{
	while (rest->len > 0 && strchr("[, \t\r\n", rest->at[0]) && rest->at[0] != '\0')
		*rest = str_skip(*rest, 1);
	if (rest->len == 0 || rest->at[0] != '{')
		return false;
	size_t used = json_read(nodes, *rest);
	*rest = str_skip(*rest, used);
	return used > 0 && nodes->flaws == 0;
}

bool storage_container_read(struct json *nodes, struct str text, struct str container,
			    struct container_image *out)
{
	uint8_t digest[IMAGE_DIGEST_BYTES];

	while (next_element(nodes, &text)) {
		struct json_value one = json_root(nodes);
		if (!json_text_is(json_member(one, STR("id")), container))
			continue;
		if (!member_digest(one, STR("image"), digest))
			return false; /* one that was made of a folder has none */
		*out = (struct container_image){0};
		container_image_add(out, digest);
		return true;
	}
	return false;
}

void storage_images_read(struct json *nodes, struct str text, struct container_image *image)
{
	uint8_t digest[IMAGE_DIGEST_BYTES];
	char scratch[TEXT_MAX];

	while (image->count > 0 && next_element(nodes, &text)) {
		struct json_value one = json_root(nodes);
		if (!member_digest(one, STR("id"), digest) ||
		    memcmp(digest, image->digests[0], IMAGE_DIGEST_BYTES) != 0)
			continue;
		if (member_digest(one, STR("digest"), digest))
			container_image_add(image, digest);
		struct json_value name = json_first(json_member(one, STR("names")));
		container_image_name(image, json_text(name, scratch, sizeof(scratch)));
		struct json_value big = json_member(one, STR("big-data-digests"));
		for (struct json_value v = json_first(big); json_exists(v); v = json_next(v))
			if (str_starts(json_raw_text(json_key_of(v)), STR("manifest")))
				add_text(image, json_text(v, scratch, sizeof(scratch)));
		return;
	}
}

/* -- Docker -- */

static bool read_whole(struct json *nodes, struct str text)
{
	return json_read(nodes, text) > 0 && nodes->flaws == 0;
}

bool docker_container_read(struct json *nodes, struct str text, struct str container,
			   struct container_image *out)
{
	uint8_t digest[IMAGE_DIGEST_BYTES];
	char scratch[TEXT_MAX];
	struct json_value root, name;

	if (!read_whole(nodes, text))
		return false;
	root = json_root(nodes);
	if (!json_text_is(json_member(root, STR("ID")), container) ||
	    !member_digest(root, STR("Image"), digest))
		return false;
	*out = (struct container_image){0};
	container_image_add(out, digest);
	/* where images are kept by containerd */
	if (member_digest(json_member(root, STR("ImageManifest")), STR("digest"), digest))
		container_image_add(out, digest);
	name = json_member(json_member(root, STR("Config")), STR("Image"));
	container_image_name(out, json_text(name, scratch, sizeof(scratch)));
	return true;
}

/* {"Repositories": {"nginx": {"nginx:1": "sha256:ID", "nginx@sha256:MANIFEST": "sha256:ID"}}} */
void docker_repositories_read(struct json *nodes, struct str text, struct container_image *image)
{
	uint8_t digest[IMAGE_DIGEST_BYTES];
	char scratch[TEXT_MAX];
	struct str name, reference;

	if (image->count == 0 || !read_whole(nodes, text))
		return;
	struct json_value all = json_member(json_root(nodes), STR("Repositories"));
	for (struct json_value r = json_first(all); json_exists(r); r = json_next(r))
		for (struct json_value v = json_first(r); json_exists(v); v = json_next(v)) {
			struct str id = json_text(v, scratch, sizeof(scratch));
			if (!image_digest_read(id, digest) ||
			    memcmp(digest, image->digests[0], IMAGE_DIGEST_BYTES) != 0)
				continue;
			struct str key = json_text(json_key_of(v), scratch, sizeof(scratch));
			if (str_cut(key, '@', &name, &reference))
				add_text(image, reference);
		}
}
