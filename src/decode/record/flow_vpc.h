/*
 * VPC flow logs of Amazon, versions 2 to 10: lines whose header says what stands where, lines
 * without one in the default order or in one that the user names, and JSON with a member a field.
 *
 * source: Amazon VPC User Guide, "Flow log records"
 */
#ifndef DAVY_DECODE_RECORD_FLOW_VPC_H
#define DAVY_DECODE_RECORD_FLOW_VPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "model/record.h"

enum { VPC_COLUMNS_MAX = 64 };

/* The fields of a line in their order; zeroed: not known. */
struct vpc_format {
	uint8_t columns[VPC_COLUMNS_MAX];
	size_t count;
};

enum vpc_read {
	VPC_FLOW,
	VPC_NO_DATA, /* the interface had no traffic in this window */
	VPC_SKIPPED, /* SKIPDATA: Amazon lost what was in this window */
	VPC_UNREADABLE,
};

/* Version 2: 14 fields in the order of Amazon's table. */
struct vpc_format vpc_format_default(void);
/* Does the line look like one of that format? */
bool vpc_line_is_default(struct str line);

/* The first line of a file; false: it is none. Fields of later versions are passed over. */
must_check bool vpc_format_of_header(struct str line, struct vpc_format *out);
/*
 * A list of fields that the user wrote, parted by spaces or commas.
 *
 * returns: 0, or -EINVAL with a sentence that names the field nobody knows and the nearest one
 */
must_check int vpc_format_parse(struct str names, struct vpc_format *out, struct error *why);

/* VPC_FLOW: fills kind, time and flow of `out`. Else at most its flow is touched. */
enum vpc_read vpc_line_read(const struct vpc_format *format, struct str line, struct record *out);

/*
 * A flow whose fields are members, however their names are written: "srcaddr", "srcAddr",
 * "src_addr". False: it is none, and at most the flow of `out` is touched.
 */
must_check bool vpc_json_read(struct json_value object, struct arena *scratch, struct record *out,
			      enum vpc_read *read);

#endif
