#include "decode/container/containerd.h"

#include <sodium.h>
#include <string.h>

#include "decode/container/image.h"

enum {
	TRIES_MAX = 5,	 /* a write takes milliseconds, and we as long */
	WORDS_MAX = 512, /* of an image's name, a snapshot's key */
	PARENTS_MAX = 4, /* Docker puts one of its own between */
	BLOBS_MAX = 64,	 /* of one image: lists of a dozen platforms, old labels of layers */
	LEVELS_MAX = 3,	 /* list of manifests, manifest, configuration; a list of lists is rare */
	CHAIN_LEN = 71,	 /* "sha256:" and 64 digits */
	TEXT_MAX = CHAIN_LEN + 1,
};

/* A value that is needed after the next one is read. */
struct words {
	char at[WORDS_MAX];
	size_t len;
};

struct record {
	struct bolt_bucket container, names; /* names: its namespace */
	struct words image, snapshotter;
	uint8_t chain[IMAGE_DIGEST_BYTES]; /* what its files lie upon */
};

static struct str text_of(const struct words *words)
{
	return str_of(words->at, words->len);
}

static bool keep(struct str text, struct words *out)
{
	if (text.len > sizeof(out->at))
		return false;
	memcpy(out->at, text.at, text.len);
	out->len = text.len;
	return true;
}

static bool read_words(struct bolt *bolt, struct bolt_bucket in, struct str key, struct words *out)
{
	struct str value;

	return bolt_value_find(bolt, in, key, &value) && value.len > 0 && keep(value, out);
}

static bool walk(struct bolt *bolt, struct bolt_bucket in, const struct str *path, size_t count,
		 struct bolt_bucket *out)
{
	*out = in;
	for (size_t i = 0; i < count; i++)
		if (!bolt_bucket_find(bolt, *out, path[i], out))
			return false;
	return true;
}

#define WALK(bolt, in, out, ...)                          \
	walk(bolt, in, (const struct str[]){__VA_ARGS__}, \
	     sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str), out)

static struct str write_digest(const uint8_t digest[IMAGE_DIGEST_BYTES], char out[TEXT_MAX])
{
	enum { KIND_LEN = 7 };

	memcpy(out, "sha256:", KIND_LEN);
	sodium_bin2hex(out + KIND_LEN, TEXT_MAX - KIND_LEN, digest, IMAGE_DIGEST_BYTES);
	return str_of(out, CHAIN_LEN);
}

/* -- the container -- */

/* Behind the chain there may be whose its files were made ("-0-100000"). */
static bool is_chain(struct str parent, uint8_t out[IMAGE_DIGEST_BYTES])
{
	return image_digest_read(str_sub(parent, 0, CHAIN_LEN), out) &&
	       (parent.len == CHAIN_LEN || parent.at[CHAIN_LEN] == '-');
}

static bool read_chain(struct bolt *bolt, struct record *record)
{
	struct bolt_bucket all, one;
	struct words key;

	if (!read_words(bolt, record->container, STR("snapshotter"), &record->snapshotter) ||
	    !read_words(bolt, record->container, STR("snapshotKey"), &key) ||
	    !WALK(bolt, record->names, &all, STR("snapshots"), text_of(&record->snapshotter)))
		return false;
	for (unsigned i = 0; i < PARENTS_MAX; i++) {
		if (!bolt_bucket_find(bolt, all, text_of(&key), &one) ||
		    !read_words(bolt, one, STR("parent"), &key))
			return false;
		if (is_chain(text_of(&key), record->chain))
			return true;
	}
	return false;
}

/* An id is given once: in whichever namespace it is. */
static bool find_container(struct bolt *bolt, struct str container, struct record *record)
{
	struct bolt_bucket version;
	struct bolt_cursor cursor;
	struct bolt_entry one;

	if (!WALK(bolt, bolt_root(bolt), &version, STR("v1")))
		return false;
	cursor = bolt_first(version);
	while (bolt_next(bolt, &cursor, &one))
		if (one.is_bucket &&
		    WALK(bolt, one.bucket, &record->container, STR("containers"), container)) {
			record->names = one.bucket;
			return true;
		}
	return false;
}

/* -- its image -- */

/* What an image consists of, from its target on; which is reached from which. */
struct blobs {
	struct {
		uint8_t digest[IMAGE_DIGEST_BYTES];
		uint8_t from, level;
	} at[BLOBS_MAX];
	size_t count;
};

static void add_blob(struct blobs *blobs, struct str text, size_t from)
{
	uint8_t digest[IMAGE_DIGEST_BYTES];
	unsigned level = blobs->count > 0 ? blobs->at[from].level + 1u : 0;

	if (blobs->count == BLOBS_MAX || level > LEVELS_MAX || !image_digest_read(text, digest))
		return;
	memcpy(blobs->at[blobs->count].digest, digest, sizeof(digest));
	blobs->at[blobs->count].from = (uint8_t)from;
	blobs->at[blobs->count++].level = (uint8_t)level;
}

static bool labels_of(struct bolt *bolt, const struct record *record,
		      const uint8_t digest[IMAGE_DIGEST_BYTES], struct bolt_bucket *out)
{
	char scratch[TEXT_MAX];

	return WALK(bolt, record->names, out, STR("content"), STR("blob"),
		    write_digest(digest, scratch), STR("labels"));
}

/* "containerd.io/gc.ref.snapshot.overlayfs": the configuration, and what it was unpacked to */
static bool is_unpacked_to(const struct record *record, const struct bolt_entry *label)
{
	const struct str prefix = STR("containerd.io/gc.ref.snapshot.");
	uint8_t chain[IMAGE_DIGEST_BYTES];

	return str_starts(label->key, prefix) &&
	       str_equal(str_skip(label->key, prefix.len), text_of(&record->snapshotter)) &&
	       image_digest_read(label->value, chain) &&
	       memcmp(chain, record->chain, sizeof(chain)) == 0;
}

/* "containerd.io/gc.ref.content.m.0", "...content.config"; "...content.1" are what older ones,
 * and builders, call all; "...content.l.0" are layers */
static bool is_reference(struct str key)
{
	const struct str prefix = STR("containerd.io/gc.ref.content.");

	return str_starts(key, prefix) && !str_starts(str_skip(key, prefix.len), STR("l."));
}

/* True: this blob is the configuration that was unpacked to the container's chain. */
static bool read_labels(struct bolt *bolt, const struct record *record, struct blobs *blobs,
			size_t index)
{
	struct bolt_cursor cursor;
	struct bolt_bucket labels;
	struct bolt_entry label;

	if (!labels_of(bolt, record, blobs->at[index].digest, &labels))
		return false;
	cursor = bolt_first(labels);
	while (bolt_next(bolt, &cursor, &label)) {
		if (is_unpacked_to(record, &label))
			return true;
		if (is_reference(label.key))
			add_blob(blobs, label.value, index);
	}
	return false;
}

/* The digests from the configuration up to what the name stands for. */
static bool read_image(struct bolt *bolt, const struct record *record, struct str name,
		       struct container_image *out)
{
	struct blobs blobs = {0};
	struct bolt_bucket target;
	struct str digest;

	if (!WALK(bolt, record->names, &target, STR("images"), name, STR("target")) ||
	    !bolt_value_find(bolt, target, STR("digest"), &digest))
		return false;
	add_blob(&blobs, digest, 0);
	for (size_t i = 0; i < blobs.count; i++) {
		if (!read_labels(bolt, record, &blobs, i))
			continue;
		for (size_t at = i;; at = blobs.at[at].from) {
			container_image_add(out, blobs.at[at].digest);
			if (at == 0)
				return true;
		}
	}
	return false;
}

/* Kubernetes keeps an image under its configuration's digest as long as a container needs it. */
static bool is_left_behind(struct bolt *bolt, const struct record *record, struct str name)
{
	uint8_t configuration[IMAGE_DIGEST_BYTES];
	struct bolt_bucket labels;
	struct bolt_cursor cursor;
	struct bolt_entry label;

	if (!image_digest_read(name, configuration) ||
	    !labels_of(bolt, record, configuration, &labels))
		return false;
	cursor = bolt_first(labels);
	while (bolt_next(bolt, &cursor, &label))
		if (is_unpacked_to(record, &label))
			return true;
	return false;
}

/* Of two images with the same layers nothing says which it was. */
static void read_left_behind(struct bolt *bolt, const struct record *record,
			     struct container_image *out)
{
	struct words name = {.len = 0}, found = {.len = 0};
	struct bolt_bucket images;
	struct bolt_cursor cursor;
	struct bolt_entry one;

	if (!WALK(bolt, record->names, &images, STR("images")))
		return;
	cursor = bolt_first(images);
	while (bolt_next(bolt, &cursor, &one)) {
		if (!one.is_bucket || !keep(one.key, &name) ||
		    !is_left_behind(bolt, record, text_of(&name)))
			continue;
		if (found.len > 0)
			return;
		found = name;
	}
	if (found.len > 0)
		read_image(bolt, record, text_of(&found), out);
}

/* False: the database does not have it. That nothing is known of its image is an answer, too. */
static bool read_once(struct bolt *bolt, struct str container, struct container_image *out)
{
	struct record record;

	if (!find_container(bolt, container, &record))
		return false;
	if (!read_words(bolt, record.container, STR("image"), &record.image))
		return true;
	container_image_name(out, text_of(&record.image));
	if (read_chain(bolt, &record) && !read_image(bolt, &record, text_of(&record.image), out))
		read_left_behind(bolt, &record, out);
	return true;
}

bool containerd_container_read(struct bolt_file database, struct str container,
			       struct container_image *out)
{
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		struct container_image image = *out;
		struct bolt bolt;
		if (bolt_open(database, &bolt) != DECODED)
			continue; /* both of its roots half written: not for long */
		bool is_known = read_once(&bolt, container, &image);
		if (!bolt_is_unchanged(&bolt))
			continue;
		if (!is_known || bolt.has_flaw)
			return false;
		*out = image;
		return true;
	}
	return false;
}
