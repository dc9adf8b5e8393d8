/*
 * Makes the logs of `make bench`, always the same for the same arguments; no record is in them
 * twice, so that nothing is gained by keeping one.
 *
 *     make_records OUT --kind ndjson     CloudTrail records, one a line
 *     make_records OUT --kind document   one {"Records":[...]}
 *     make_records OUT --kind gzip       a new folder of such documents, packed, as they are
 * delivered
 *     make_records OUT --kind flow       a flow log with its header
 *
 * --bytes N (500 MB): how much it is, unpacked; --seed N. What was made is counted and printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "bench/records.h"

enum {
	FLUSH_BYTES = 1 << 20,
	PACKED_BYTES = 4 << 20, /* unpacked, of one file of the folder */
	PATH_MAX_BYTES = 4096,
	MEAN_LEAST = 1500,
	MEAN_MOST = 1700,
};

enum kind { KIND_NDJSON, KIND_DOCUMENT, KIND_GZIP, KIND_FLOW, KIND_COUNT };
static const char *const kind_names[KIND_COUNT] = {"ndjson", "document", "gzip", "flow"};

struct arguments {
	const char *path;
	enum kind kind;
	uint64_t bytes, seed;
};

struct made {
	struct records records;
	struct buf bytes;
	uint64_t size; /* written, and what is in `bytes` is not */
};

static uint64_t size_of(const struct made *made)
{
	return made->size + made->bytes.len;
}

static int flush(struct made *made, int descriptor, size_t least)
{
	size_t done = 0;

	if (made->bytes.failed)
		return -ENOMEM;
	if (made->bytes.len < least)
		return 0;
	while (done < made->bytes.len) {
		ssize_t n = write(descriptor, made->bytes.at + done, made->bytes.len - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	made->size += made->bytes.len;
	buf_clear(&made->bytes);
	return 0;
}

/* One document, or lines, until there are so many bytes; with `descriptor` -1 all stays in memory.
 */
static int add_records(struct made *made, enum kind kind, uint64_t until, int descriptor)
{
	bool is_document = kind == KIND_DOCUMENT || kind == KIND_GZIP;
	int r = 0;

	if (is_document)
		buf_add_text(&made->bytes, "{\"Records\":[");
	else if (kind == KIND_FLOW)
		records_add_flow_header(&made->bytes);
	for (bool is_first = true; size_of(made) < until && r == 0; is_first = false) {
		if (is_document && !is_first)
			buf_add_byte(&made->bytes, ',');
		if (kind == KIND_FLOW)
			records_add_flow(&made->records, &made->bytes);
		else
			records_add_trail(&made->records, &made->bytes);
		if (kind == KIND_NDJSON)
			buf_add_byte(&made->bytes, '\n');
		if (descriptor >= 0)
			r = flush(made, descriptor, FLUSH_BYTES);
		else if (made->bytes.failed)
			r = -ENOMEM;
	}
	if (is_document)
		buf_add_text(&made->bytes, "]}");
	return r;
}

static int make_file(struct made *made, const struct arguments *arguments)
{
	int descriptor = open(arguments->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (descriptor < 0)
		return -errno;
	int r = add_records(made, arguments->kind, arguments->bytes, descriptor);
	if (r == 0)
		r = flush(made, descriptor, 0);
	if (close(descriptor) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		unlink(arguments->path);
	return r;
}

static int pack(struct made *made, const char *path)
{
	gzFile file = gzopen(path, "wb6");

	if (!file)
		return errno ? -errno : -ENOMEM;
	bool is_good =
		gzwrite(file, made->bytes.at, (unsigned)made->bytes.len) == (int)made->bytes.len;
	if (gzclose(file) != Z_OK || !is_good)
		return -EIO;
	made->size += made->bytes.len;
	buf_clear(&made->bytes);
	return 0;
}

static int make_folder(struct made *made, const struct arguments *arguments)
{
	int r = mkdir(arguments->path, 0755) < 0 ? -errno : 0;

	for (unsigned number = 0; made->size < arguments->bytes && r == 0; number++) {
		char path[PATH_MAX_BYTES];
		uint64_t left = arguments->bytes - made->size;
		uint64_t until = made->size + (left < PACKED_BYTES ? left : PACKED_BYTES);
		int len = snprintf(
			path, sizeof(path),
			"%s/111122223333_CloudTrail_eu-west-1_20260101T%02u%02uZ_%016x.json.gz",
			arguments->path, number / 60 % 24, number % 60, number);
		if (len < 0 || (size_t)len >= sizeof(path))
			return -ENAMETOOLONG;
		r = add_records(made, arguments->kind, until, -1);
		if (r == 0)
			r = pack(made, path);
	}
	return r;
}

static bool read_kind(const char *name, enum kind *out)
{
	for (int i = 0; i < KIND_COUNT; i++)
		if (strcmp(name, kind_names[i]) == 0) {
			*out = (enum kind)i;
			return true;
		}
	return false;
}

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"kind", required_argument, NULL, 'k'},
						{"bytes", required_argument, NULL, 'b'},
						{"seed", required_argument, NULL, 's'},
						{0}};
	bool is_good = true;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'k')
			is_good &= read_kind(optarg, &out->kind);
		else if (c == 'b')
			is_good &= str_to_u64(str_from(optarg), &out->bytes) && out->bytes > 0;
		else if (c == 's')
			is_good &= str_to_u64(str_from(optarg), &out->seed);
		else
			is_good = false;
	}
	out->path = argc - optind == 1 ? argv[optind] : NULL;
	return is_good && out->path && out->kind != KIND_COUNT;
}

/* Counted and printed; a mean that is not an account's is a fault, once there are enough records.
 */
static bool is_as_demanded(const struct made *made, enum kind kind)
{
	uint64_t count = made->records.number;
	double mean = (double)made->size / (double)count;

	printf("records: %" PRIu64 "\nbytes: %" PRIu64 "\nmean bytes: %.1f\n", count, made->size,
	       mean);
	if (kind == KIND_FLOW || count < 10000 || (mean >= MEAN_LEAST && mean <= MEAN_MOST))
		return true;
	fprintf(stderr, "make_records: not the sizes demanded: mean %d to %d bytes\n", MEAN_LEAST,
		MEAN_MOST);
	return false;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.kind = KIND_COUNT, .bytes = 500000000, .seed = 2018};
	struct made made = {0};

	if (!read_arguments(argc, argv, &arguments)) {
		fputs("usage: make_records OUT --kind ndjson|document|gzip|flow [--bytes N] "
		      "[--seed N]\n",
		      stderr);
		return 2;
	}
	made.records =
		(struct records){.random = {.state = arguments.seed}, .seed = arguments.seed};
	int r = arguments.kind == KIND_GZIP ? make_folder(&made, &arguments)
					    : make_file(&made, &arguments);
	if (r < 0)
		fprintf(stderr, "make_records: %s: %s\n", arguments.path, strerror(-r));
	buf_fini(&made.bytes);
	return r == 0 && is_as_demanded(&made, arguments.kind) ? 0 : 2;
}
