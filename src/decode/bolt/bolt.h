/*
 * A bbolt database, as containerd keeps its own: a file of pages, in which buckets hold keys with
 * values or further buckets.
 *
 *     page       id:8 kind:2 count:2 overflow:4, then `count` elements of 16 bytes, then what they
 *                point at. overflow: how many pages more it goes on
 *     branch     elements of offset:4 key:4 page:8, sorted: where to go on
 *     leaf       elements of flags:4 offset:4 key:4 value:4, sorted; offsets begin at the element
 *     bucket     a value of root:8 sequence:8; with root 0 the bucket's only leaf follows at once
 *     pages 0, 1 where the roots are, written by turns: the one with the higher transaction counts
 *
 * Whoever writes takes free pages and never changes those of the last transaction. So what is read
 * here holds together as long as no transaction has ended since, which is asked at the end
 * (bolt_is_unchanged); nothing is locked, and the writer never waits.
 *
 * Read is the way to the keys that are wanted, and no more than BOLT_BYTES_MAX. A page that breaks
 * the format, or is not there, is a flaw of the whole: from then on nothing is found.
 *
 * source: go.etcd.io/bbolt, internal/common/page.go, meta.go and bucket.go
 */
#ifndef DAVY_DECODE_BOLT_BOLT_H
#define DAVY_DECODE_BOLT_BOLT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"
#include "decode/decoded.h"

enum {
	BOLT_PAGE_MIN = 1024,
	BOLT_PAGE_MAX = 65536,
	BOLT_RUN_MAX = 4 << 20,	   /* of a page with those it goes on in */
	BOLT_BYTES_MAX = 64 << 20, /* read of one database */
	BOLT_DEPTH_MAX = 12,	   /* of branches below one bucket; real ones have three or four */
};

struct bolt_file {
	/* `len` bytes at `offset`, a view until the next call; false: they are not there. */
	bool (*read)(void *context, uint64_t offset, size_t len, struct str *out);
	void *context;
};

struct bolt {
	struct bolt_file file;
	uint32_t page_bytes;
	uint64_t root, pages, transaction;
	uint64_t bytes_left;
	bool has_flaw;
};

/* Of a page of its own, or within a page: at `inline_at` of the file. */
struct bolt_bucket {
	uint64_t page, inline_at;
	uint32_t inline_bytes;
};

struct bolt_entry {
	struct str key, value; /* views until the next call for this database */
	bool is_bucket;
	struct bolt_bucket bucket;
};

struct bolt_cursor {
	struct bolt_place {
		struct bolt_bucket at;
		uint32_t next;
	} way[BOLT_DEPTH_MAX + 1];
	size_t depth;
};

/* DECODED, or MALFORMED: neither of its first two pages tells a root. */
must_check enum decoded bolt_open(struct bolt_file file, struct bolt *out);

/* Nothing was written meanwhile, so that what was found in it was there all at once. */
must_check bool bolt_is_unchanged(struct bolt *bolt);

struct bolt_bucket bolt_root(const struct bolt *bolt);

/* False: there is no such key, or it is of the other kind, or the database has a flaw. */
must_check bool bolt_bucket_find(struct bolt *bolt, struct bolt_bucket in, struct str key,
				 struct bolt_bucket *out);
/* A view until the next call for this database. */
must_check bool bolt_value_find(struct bolt *bolt, struct bolt_bucket in, struct str key,
				struct str *out);

/* All of a bucket, in order of their keys; other calls may come between. False: that was all. */
struct bolt_cursor bolt_first(struct bolt_bucket in);
must_check bool bolt_next(struct bolt *bolt, struct bolt_cursor *cursor, struct bolt_entry *out);

#endif
