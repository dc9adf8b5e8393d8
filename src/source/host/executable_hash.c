#include "source/host/executable_hash.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/table.h"

enum { READ_BYTES = 128 * 1024 };

struct identity {
	uint64_t device, inode, size;
	int64_t modified_ns, changed_ns;
};

struct known {
	struct identity file; /* the key */
	uint8_t sha256[32];
};

struct executable_hashes {
	struct table *known;
	/* The one under way; another file's step starts it anew. */
	bool is_under_way;
	struct identity file;
	uint64_t at;
	uint64_t read_bytes; /* of all files */
	crypto_hash_sha256_state state;
	uint8_t bytes[READ_BYTES];
};

int executable_hashes_new(uint32_t capacity, struct executable_hashes **out)
{
	struct executable_hashes *hashes = calloc(1, sizeof(*hashes));
	struct table_settings settings = {.capacity = capacity,
					  .entry_size = sizeof(struct known),
					  .key_size = sizeof(struct identity),
					  .seed = hash_random_seed()};

	if (!hashes)
		return -ENOMEM;
	int failed = table_new(&settings, &hashes->known);
	if (failed) {
		free(hashes);
		return failed;
	}
	*out = hashes;
	return 0;
}

void executable_hashes_free(struct executable_hashes *hashes)
{
	if (!hashes)
		return;
	table_free(hashes->known);
	free(hashes);
}

static int identify(int fd, struct identity *out)
{
	struct stat about;

	if (fstat(fd, &about))
		return -errno;
	if (!S_ISREG(about.st_mode))
		return -EINVAL;
	*out = (struct identity){
		.device = about.st_dev,
		.inode = about.st_ino,
		.size = (uint64_t)about.st_size,
		.modified_ns = instant_at(about.st_mtim.tv_sec, about.st_mtim.tv_nsec).ns,
		.changed_ns = instant_at(about.st_ctim.tv_sec, about.st_ctim.tv_nsec).ns,
	};
	return 0;
}

static void begin(struct executable_hashes *hashes, const struct identity *file)
{
	if (hashes->is_under_way && !memcmp(&hashes->file, file, sizeof(*file)))
		return;
	hashes->file = *file;
	hashes->at = 0;
	hashes->is_under_way = true;
	crypto_hash_sha256_init(&hashes->state);
}

/* 1 at the end of the file, 0 when `most` is used up, or -errno. */
static int read_on(struct executable_hashes *hashes, int fd, uint64_t most)
{
	while (most) {
		size_t room = most < READ_BYTES ? (size_t)most : READ_BYTES;
		ssize_t got = pread(fd, hashes->bytes, room, (off_t)hashes->at);
		if (got < 0)
			return errno == EINTR ? 0 : -errno;
		if (got == 0)
			return 1;
		crypto_hash_sha256_update(&hashes->state, hashes->bytes, (size_t)got);
		hashes->at += (uint64_t)got;
		hashes->read_bytes += (uint64_t)got;
		most -= (uint64_t)got;
	}
	return 0;
}

int executable_hash_step(struct executable_hashes *hashes, int fd, uint64_t most, instant now,
			 uint8_t out[32])
{
	struct identity file, after;
	int failed = identify(fd, &file);

	if (failed)
		return failed;
	uint64_t hash = table_hash(hashes->known, &file);
	struct known *known = table_find(hashes->known, &file, hash);
	if (known) {
		table_touch(hashes->known, known, now);
		memcpy(out, known->sha256, sizeof(known->sha256));
		return 1;
	}
	if (most == 0)
		return 0;
	begin(hashes, &file);
	int result = read_on(hashes, fd, most);
	if (result < 0)
		hashes->is_under_way = false;
	if (result <= 0)
		return result;
	hashes->is_under_way = false;
	if (identify(fd, &after) || memcmp(&file, &after, sizeof(file)))
		return 0;
	crypto_hash_sha256_final(&hashes->state, out);
	known = table_insert(hashes->known, &file, hash, now);
	if (known)
		memcpy(known->sha256, out, sizeof(known->sha256));
	return 1;
}

int executable_hash_within(struct executable_hashes *hashes, int fd, uint64_t *budget, instant now,
			   uint8_t out[32])
{
	int result;

	do {
		uint64_t before = hashes->read_bytes;
		uint64_t most = *budget < EXECUTABLE_HASH_STEP ? *budget : EXECUTABLE_HASH_STEP;
		result = executable_hash_step(hashes, fd, most, now, out);
		uint64_t read = hashes->read_bytes - before;
		read = result == 0 && read == 0 ? most : read;
		*budget -= read < *budget ? read : *budget;
	} while (result == 0 && *budget > 0);
	return result;
}
