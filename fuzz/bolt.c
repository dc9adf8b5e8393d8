/*
 * A database as containerd's. The sum of its first page is made right, for no fuzzer guesses it;
 * that of the second is left as it is.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "decode/bolt/bolt.h"
#include "decode/container/containerd.h"

enum { SUMMED_AT = 16, SUM_AT = 72 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct reading {
	struct str bytes;
	uint64_t left; /* so that an input of a few pages does not take seconds */
};

static bool read_input(void *context, uint64_t offset, size_t len, struct str *out)
{
	struct reading *reading = context;

	if (offset > reading->bytes.len || len > reading->bytes.len - offset || len > reading->left)
		return false;
	reading->left -= len;
	*out = str_sub(reading->bytes, (size_t)offset, len);
	return true;
}

static void sum_up(struct buf *database)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = SUMMED_AT; i < SUM_AT; i++)
		sum = (sum ^ (uint8_t)database->at[i]) * 0x100000001b3;
	memcpy(database->at + SUM_AT, &sum, sizeof(sum));
}

static void walk_all(struct bolt_file file)
{
	struct bolt_entry entry, within;
	struct bolt bolt;

	if (bolt_open(file, &bolt) != DECODED)
		return;
	struct bolt_cursor cursor = bolt_first(bolt_root(&bolt));
	while (bolt_next(&bolt, &cursor, &entry)) {
		struct bolt_bucket bucket;
		char key[64];
		size_t key_len = entry.key.len < sizeof(key) ? entry.key.len : sizeof(key);
		memcpy(key, entry.key.at, key_len);
		struct bolt_cursor inner = bolt_first(entry.bucket);
		while (entry.is_bucket && bolt_next(&bolt, &inner, &within))
			assert(within.key.len + within.value.len <= BOLT_RUN_MAX);
		(void)!bolt_bucket_find(&bolt, bolt_root(&bolt), str_of(key, key_len), &bucket);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct str id =
		STR("1111111111111111111111111111111111111111111111111111111111111111");
	struct container_image image = {.count = 1, .digests = {{0xaa}}};
	CLEANUP(buf_fini) struct buf database = {0};
	struct reading reading = {.left = 4 << 20};
	const struct bolt_file file = {read_input, &reading};

	buf_add_bytes(&database, bytes, len);
	if (database.failed || len < SUM_AT + 8)
		return 0;
	sum_up(&database);
	reading.bytes = buf_view(&database);
	walk_all(file);
	reading.left = 4 << 20;
	bool is_known = containerd_container_read(file, id, &image);
	assert(image.count >= 1 && image.count <= IMAGE_DIGESTS_MAX);
	assert(is_known || (image.count == 1 && image.name[0] == '\0'));
	return 0;
}
