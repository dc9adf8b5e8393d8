#include "decode/record/flow_vpc.h"
#include "decode/record/record_stream.h"
#include "decode/record/s3_access.h"

/*
 * Words of which all of a row stand in the beginning of a log, as members' names or values. Without
 * quotes: they may stand in a string of JSON in JSON. No word that a manifest, a lock file or a
 * settings file has, too.
 */
enum { WORDS_MAX = 2 };
static const char *const marks[][WORDS_MAX] = {
	{"eventVersion", "eventSource"},
	{"CloudTrailEvent"},
	{"logEvents", "messageType"},
	{"ingestionTime", "message"},
	{"detail-type", "detail"},
	{"detectorId", "schemaVersion"},
	{"DetectorId", "SchemaVersion"},
	{"GuardDuty"},
	{"guardduty"},
	{"audit.k8s.io"},
	{"query_name", "rcode"},
	{"query_name", "query_type"},
	{"srcaddr", "dstaddr"},
	{"srcAddr", "dstAddr"},
	{"src_addr", "dst_addr"},
	{"sourceaddress", "destinationaddress"},
	{"operationName", "resourceId"},
	{"operationName", "category"},
	{"operationName", "eventTimestamp"},
	{"flowTuples"},
	{"kube-audit"},
	{"userPrincipalName", "createdDateTime"},
	{"activityDisplayName", "activityDateTime"},
	{"protoPayload", "methodName"},
	{"logName", "insertId"},
	{"admin#reports#activity"},
	{"TopicArn", "Message"},
	{"receiptHandle", "body"},
	{"ReceiptHandle", "Body"},
	{"messageId", "publishTime"},
	{"ackId", "message"},
};

static bool has_words(struct str text, const char *const *words)
{
	for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
		if (str_find(text, str_from(words[i])) < 0)
			return false;
	return true;
}

static bool is_log_of_json(struct str text)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (has_words(text, marks[i]))
			return true;
	return false;
}

static bool is_log_of_lines(struct str text)
{
	char room[4096];
	struct arena scratch = {.at = room, .cap = sizeof(room)};
	struct vpc_format format;
	struct record record;
	struct str line, rest;

	str_cut(text, '\n', &line, &rest);
	line = str_trim(line);
	return vpc_format_of_header(line, &format) || vpc_line_is_default(line) ||
	       s3_access_read(line, &scratch, &record);
}

bool record_stream_is_log(struct str first)
{
	if (str_starts(first, STR("\xef\xbb\xbf")))
		first = str_skip(first, 3);
	first = str_trim(first);
	if (first.len == 0)
		return false;
	if (first.at[0] == '{' || first.at[0] == '[')
		return is_log_of_json(first);
	return is_log_of_lines(first);
}
