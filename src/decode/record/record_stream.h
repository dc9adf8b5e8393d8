/*
 * The bytes of a log of a cloud or a cluster -> its records, one at a time.
 *
 *     record_stream_begin(stream, name, as, &why);
 *     for (each block) {
 *             record_stream_feed(stream, block);
 *             while ((state = record_stream_next(stream, &record, &why)) != RECORD_STREAM_MORE)
 *                     ...
 *     }
 *     record_stream_end(stream), and record_stream_next until MORE again
 *
 * The kind of each record is told by its content, whatever it is wrapped in (unwrap.h), and kinds
 * may be mixed. One that cannot be read is located and counted, and the rest goes on. Pure: no I/O,
 * no clock; memory is bounded by the largest record that is allowed, not by the input.
 */
#ifndef DAVY_DECODE_RECORD_RECORD_STREAM_H
#define DAVY_DECODE_RECORD_RECORD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "model/record.h"

enum {
	RECORD_NODES_DEFAULT = 1024 * 1024, /* JSON values in one record, all its wrappings in */
	RECORD_LAYERS_MAX = 4,		    /* texts inside of texts */
};

struct record_stream_settings {
	size_t record_max; /* bytes of the largest record; 0: RECORD_SIZE_DEFAULT */
	uint32_t node_max; /* 0: RECORD_NODES_DEFAULT */
};

enum record_stream_state {
	RECORD_STREAM_READY,
	RECORD_STREAM_MORE, /* feed more, or, after the end, there is no more */
	RECORD_STREAM_BAD,  /* a record that cannot be read: `why` says where and what; go on */
};

/* Of one input. */
struct record_stream_counters {
	uint64_t bytes;
	uint64_t records[RECORD_KIND_COUNT];
	uint64_t unreadable;
	uint64_t mended;		/* damaged, and read all the same; among `records` */
	uint64_t no_data, skipped_data; /* windows of VPC flow logs */
};

struct record_stream;

must_check int record_stream_new(const struct record_stream_settings *settings,
				 struct record_stream **out); /* 0 or -ENOMEM */
void record_stream_free(struct record_stream *stream);	      /* NULL is allowed */

/*
 * An input begins; what is left of another is forgotten.
 *
 * name: of the file, for records and sentences; must live as long as the input is read
 * as:   empty, or "vpcflow" or "vpcflow:FIELD FIELD ..." for lines that no header explains; fields
 *       by the names of a header, parted by spaces or commas
 * returns: 0, or -EINVAL with a sentence about `as`
 */
must_check int record_stream_begin(struct record_stream *stream, struct str name, struct str as,
				   struct error *why);
void record_stream_feed(struct record_stream *stream, struct str bytes);
void record_stream_end(struct record_stream *stream);

/*
 * The next record; its views live until the next call.
 *
 * why: filled in with RECORD_STREAM_BAD; may be NULL
 */
enum record_stream_state record_stream_next(struct record_stream *stream, struct record *out,
					    struct error *why);

struct record_stream_counters record_stream_counters(const struct record_stream *stream);

/*
 * Does an input that begins so look like a log that is read here? Some 4 KiB are enough; false for
 * captures, programs, other JSON and other text.
 */
bool record_stream_is_log(struct str first);

#endif
