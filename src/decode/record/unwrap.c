#include "decode/record/unwrap.h"

#include <string.h>

#include "decode/record/record_splitter.h"

/* Members that say something; the rest of a record is passed over in one walk. */
enum member {
	DETAIL,
	DETAIL_TYPE,
	CLOUDTRAIL_EVENT,
	CATEGORY,
	LOG_CATEGORY, /* as tables of Log Analytics have it */
	PROPERTIES,
	LOG_TEXT,
	RESOURCE_ID,
	MESSAGE,
	SNS_MESSAGE,
	SNS,
	TOPIC,
	MESSAGE_TYPE,
	SQS_ID,
	SQS_BODY,
	API_ID,
	API_BODY,
	EVENT_ID,
	TIMESTAMP,
	JSON_PAYLOAD,
	FLOW_RECORDS,
	QUERY_NAME,
	SOURCE_ADDRESS,
	DESTINATION_ADDRESS,
	MEMBERS,
};

enum { NAME_MAX_LEN = 18, NAMES_OF_A_LENGTH = 9 };

/* By length: a record has some twenty members, and most are none of these. */
static const struct {
	const char *name;
	enum member member;
} names[NAME_MAX_LEN + 1][NAMES_OF_A_LENGTH] = {
	[2] = {{"id", EVENT_ID}},
	[3] = {{"Sns", SNS}},
	[4] = {{"Type", MESSAGE_TYPE}, {"body", SQS_BODY}, {"Body", API_BODY}},
	[5] = {{"log_s", LOG_TEXT}},
	[6] = {{"detail", DETAIL}},
	[7] = {{"message", MESSAGE},
	       {"Message", SNS_MESSAGE},
	       {"eventId", EVENT_ID},
	       {"srcaddr", SOURCE_ADDRESS},
	       {"srcAddr", SOURCE_ADDRESS},
	       {"dstaddr", DESTINATION_ADDRESS},
	       {"dstAddr", DESTINATION_ADDRESS}},
	[8] = {{"category", CATEGORY},
	       {"Category", LOG_CATEGORY},
	       {"TopicArn", TOPIC},
	       {"src_addr", SOURCE_ADDRESS},
	       {"src-addr", SOURCE_ADDRESS},
	       {"dst_addr", DESTINATION_ADDRESS},
	       {"dst-addr", DESTINATION_ADDRESS}},
	[9] = {{"timestamp", TIMESTAMP}, {"messageId", SQS_ID}, {"MessageId", API_ID}},
	[10] = {{"properties", PROPERTIES},
		{"resourceId", RESOURCE_ID},
		{"ResourceId", RESOURCE_ID},
		{"query_name", QUERY_NAME},
		{"pktSrcAddr", SOURCE_ADDRESS},
		{"pktDstAddr", DESTINATION_ADDRESS}},
	[11] = {{"detail-type", DETAIL_TYPE},
		{"jsonPayload", JSON_PAYLOAD},
		{"flowRecords", FLOW_RECORDS},
		{"pkt_srcaddr", SOURCE_ADDRESS},
		{"pkt-srcaddr", SOURCE_ADDRESS},
		{"pkt_dstaddr", DESTINATION_ADDRESS},
		{"pkt-dstaddr", DESTINATION_ADDRESS}},
	[13] = {{"sourceaddress", SOURCE_ADDRESS}},
	[15] = {{"CloudTrailEvent", CLOUDTRAIL_EVENT}},
	[18] = {{"destinationaddress", DESTINATION_ADDRESS}},
};

static enum member member_of(struct str key)
{
	if (key.len > NAME_MAX_LEN)
		return MEMBERS;
	for (size_t i = 0; i < NAMES_OF_A_LENGTH && names[key.len][i].name; i++)
		if (memcmp(key.at, names[key.len][i].name, key.len) == 0)
			return names[key.len][i].member;
	return MEMBERS;
}

struct members {
	struct json_value values[MEMBERS];
	struct json_value list; /* of records; a wrapper's */
};

static void read_members(struct json_value object, struct members *out)
{
	for (struct json_value v = json_first(object); json_exists(v); v = json_next(v)) {
		struct str key = json_raw_text(json_key_of(v));
		enum member member = member_of(key);
		if (member != MEMBERS && !json_exists(out->values[member]))
			out->values[member] = v; /* of two the first counts, as in acts.h */
		else if (member == MEMBERS && json_kind(v) == JSON_ARRAY &&
			 !json_exists(out->list) && record_splitter_is_wrapper(key))
			out->list = v;
	}
}

static bool has(const struct members *m, enum member member)
{
	return json_exists(m->values[member]);
}

static bool is_text(const struct members *m, enum member member)
{
	return json_kind(m->values[member]) == JSON_STRING;
}

static bool is_kube_audit(struct json_value category)
{
	return str_starts(json_raw_text(category), STR("kube-audit"));
}

/* category "kube-audit", properties.log: a string, or the audit event itself */
static enum wrapping kube_audit(const struct members *m, struct json_value *inner)
{
	if (is_kube_audit(m->values[LOG_CATEGORY]) && is_text(m, LOG_TEXT)) {
		*inner = m->values[LOG_TEXT];
		return WRAPPING_TEXT;
	}
	if (!is_kube_audit(m->values[CATEGORY]))
		return WRAPPING_NONE;
	*inner = json_member(m->values[PROPERTIES], STR("log"));
	if (json_kind(*inner) == JSON_OBJECT)
		return WRAPPING_VALUE;
	return json_kind(*inner) == JSON_STRING ? WRAPPING_TEXT : WRAPPING_NONE;
}

/* Strings that hold a record, by whoever carries them. */
static enum wrapping carried_text(const struct members *m, struct json_value *inner)
{
	static const struct {
		enum member text, beside;
	} carriers[] = {
		{CLOUDTRAIL_EVENT, CLOUDTRAIL_EVENT},
		{SNS_MESSAGE, TOPIC},
		{SNS_MESSAGE, MESSAGE_TYPE},
		{SQS_BODY, SQS_ID},
		{API_BODY, API_ID},
		{MESSAGE, EVENT_ID},
		{MESSAGE, TIMESTAMP},
	};

	for (size_t i = 0; i < sizeof(carriers) / sizeof(*carriers); i++)
		if (is_text(m, carriers[i].text) && has(m, carriers[i].beside)) {
			*inner = m->values[carriers[i].text];
			return WRAPPING_TEXT;
		}
	return WRAPPING_NONE;
}

static enum wrapping wrapping_of(const struct members *m, struct json_value *inner)
{
	enum wrapping wrapping = kube_audit(m, inner);

	if (wrapping != WRAPPING_NONE)
		return wrapping;
	if (has(m, DETAIL_TYPE) && json_kind(m->values[DETAIL]) == JSON_OBJECT) {
		*inner = m->values[DETAIL];
		return WRAPPING_VALUE;
	}
	if (json_kind(m->values[SNS]) == JSON_OBJECT) {
		*inner = m->values[SNS];
		return WRAPPING_VALUE;
	}
	if (json_kind(m->values[MESSAGE]) == JSON_OBJECT) {
		*inner = json_member(m->values[MESSAGE], STR("data"));
		if (json_kind(*inner) == JSON_STRING)
			return WRAPPING_BASE64;
	}
	if (json_exists(m->list)) {
		*inner = m->list;
		if (!json_exists(json_first(m->list)))
			return WRAPPING_EMPTY;
		if (json_kind(json_first(m->list)) == JSON_OBJECT)
			return WRAPPING_LIST;
	}
	return carried_text(m, inner);
}

enum wrapping unwrap_look(struct json_value object, struct look *look, struct json_value *inner)
{
	struct members members = {0};

	read_members(object, &members);
	*look = (struct look){
		.resource_id = members.values[RESOURCE_ID],
		.has_flow_records = has(&members, FLOW_RECORDS),
		.has_properties = has(&members, PROPERTIES),
		.has_json_payload = has(&members, JSON_PAYLOAD),
		.has_query_name = has(&members, QUERY_NAME),
		.has_addresses =
			has(&members, SOURCE_ADDRESS) && has(&members, DESTINATION_ADDRESS),
	};
	return wrapping_of(&members, inner);
}
