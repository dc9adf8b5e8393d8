/*
 * What a record is wrapped in on its way: EventBridge, CloudWatch, `aws cloudtrail lookup-events`,
 * SNS, SQS, Pub/Sub, Azure's diagnostic settings of a cluster, and lists inside of these.
 *
 * One look at an object's members says what lies in it; who opens it may find another wrapping.
 */
#ifndef DAVY_DECODE_RECORD_UNWRAP_H
#define DAVY_DECODE_RECORD_UNWRAP_H

#include "base/json.h"

enum wrapping {
	WRAPPING_NONE,
	WRAPPING_VALUE,	 /* the record is a member */
	WRAPPING_TEXT,	 /* in a string: JSON, or a line of a log */
	WRAPPING_BASE64, /* the same in base64 */
	WRAPPING_LIST,	 /* several, in an array of objects */
	WRAPPING_EMPTY,	 /* a list of none */
};

/* What the members say beside the wrapping; by it a kind of record is told quickly. */
struct look {
	struct json_value resource_id; /* of Azure */
	bool has_flow_records, has_properties, has_json_payload, has_query_name;
	bool has_addresses; /* a source and a destination as in VPC flow logs */
};

/* inner: what to open; of WRAPPING_NONE and _EMPTY none */
enum wrapping unwrap_look(struct json_value object, struct look *look, struct json_value *inner);

#endif
