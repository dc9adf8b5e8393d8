#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decode/record/record_stream.h"
#include "model/record_excerpt.h"

/* A record of CloudTrail, as it stands in a file, and as it stands in a string. */
#define TRAIL(id)                                                                                  \
	"{\"eventVersion\":\"1.09\",\"userIdentity\":{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam:" \
	":1:user/"                                                                                 \
	"u\",\"accountId\":\"1\"},\"eventTime\":\"2026-01-02T03:04:05Z\",\"eventSource\":"         \
	"\"ec2.amazonaws.com\",\"eventName\":\"RunInstances\",\"eventID\":\"" id "\"}"
#define TRAIL_IN_STRING(id)                                                                      \
	"{\\\"eventVersion\\\":\\\"1.09\\\",\\\"userIdentity\\\":{\\\"type\\\":\\\"IAMUser\\\"," \
	"\\\"arn\\\":\\\"arn:aws:iam::1:user/"                                                   \
	"u\\\"},\\\"eventTime\\\":\\\"2026-01-02T03:04:05Z\\\","                                 \
	"\\\"eventSource\\\":\\\"ec2.amazonaws.com\\\",\\\"eventName\\\":\\\"RunInstances\\\","  \
	"\\\"eventID\\\":\\\"" id "\\\"}"
#define KUBE_IN_STRING                                                                            \
	"{\\\"kind\\\":\\\"Event\\\",\\\"apiVersion\\\":\\\"audit.k8s.io/v1\\\",\\\"auditID\\\":" \
	"\\\"k1\\\",\\\"stage\\\":\\\"ResponseComplete\\\",\\\"verb\\\":\\\"create\\\","          \
	"\\\"user\\\":"                                                                           \
	"{\\\"username\\\":\\\"u\\\"},\\\"objectRef\\\":{\\\"resource\\\":\\\"pods\\\"},"         \
	"\\\"stageTimestamp\\\":\\\"2026-01-02T03:04:05Z\\\"}"
#define VPC_LINE(packets)                                                                      \
	"2 1 eni-1 10.0.0.7 198.51.100.20 40001 8443 6 " packets " 840 1700000000 1700000060 " \
	"ACCEPT OK"
#define VPC_FLOW(packets) \
	"flow 10.0.0.7:40001 to 198.51.100.20:8443, protocol 6: " packets " packets"

static void add_record(const struct record *record, struct buf *out)
{
	struct buf excerpt = {0};

	buf_add_text(out, record_kind_name(record->kind));
	if (record->kind == RECORD_FLOW || record->kind == RECORD_LOOKUP) {
		record_excerpt(record, &excerpt);
		buf_printf(out, " %.*s", (int)excerpt.len, excerpt.at);
	} else if (record->id.len > 0) {
		buf_printf(out, " %.*s", STR_ARG(record->id));
	}
	buf_add_byte(out, '\n');
	buf_fini(&excerpt);
}

struct input {
	const char *text;
	struct record_stream_settings settings;
};

static void take_all(struct record_stream *stream, struct buf *out)
{
	enum record_stream_state state;
	struct record record;
	struct error why;

	while ((state = record_stream_next(stream, &record, &why)) != RECORD_STREAM_MORE) {
		if (state == RECORD_STREAM_READY)
			add_record(&record, out);
		else
			buf_printf(out, "bad: %s\n", why.text);
	}
}

static struct record_stream *new_stream(const struct record_stream_settings *settings)
{
	struct record_stream *stream;

	assert_int_equal(record_stream_new(settings, &stream), 0);
	return stream;
}

static struct buf read_all(struct record_stream *stream, struct str text, size_t step)
{
	struct buf out = {0};

	assert_int_equal(record_stream_begin(stream, STR("a.log"), (struct str){0}, NULL), 0);
	for (size_t at = 0; at < text.len; at += step) {
		record_stream_feed(stream, str_sub(text, at, step));
		take_all(stream, &out);
	}
	record_stream_end(stream);
	take_all(stream, &out);
	return out;
}

/* Whatever the pieces, the same records. */
static struct record_stream_counters expect(const struct input *input, const char *wanted)
{
	struct record_stream *stream = new_stream(&input->settings);
	struct str text = str_from(input->text);

	for (size_t step = 1; step <= text.len; step += step < 80 ? 1 : 61) {
		struct buf out = read_all(stream, text, step);
		if (!str_equal(buf_view(&out), str_from(wanted)))
			fail_msg("step %zu: %s\ngives\n%.*s", step, input->text, (int)out.len,
				 out.at ? out.at : "");
		buf_fini(&out);
	}
	struct record_stream_counters counters = record_stream_counters(stream);
	assert_int_equal(counters.bytes, text.len);
	record_stream_free(stream);
	return counters;
}

struct row {
	const char *text, *records;
};

static void expect_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct input input = {.text = rows[i].text};
		expect(&input, rows[i].records);
	}
}

#define ROWS(rows) (rows), sizeof(rows) / sizeof(*(rows))

static void wrappings_are_opened(void **state)
{
	static const struct row rows[] = {
		{TRAIL("1") "\n" TRAIL("2"), "cloudtrail 1\ncloudtrail 2\n"},
		{"{\"Records\":[" TRAIL("1") "," TRAIL("2") "]}", "cloudtrail 1\ncloudtrail 2\n"},
		/* lines that begin alike, with more than one record in them, or a list */
		{TRAIL("1") "\n" TRAIL("2") TRAIL("3") "," TRAIL("4") "\n" TRAIL("5"),
		 "cloudtrail 1\ncloudtrail 2\ncloudtrail 3\ncloudtrail 4\ncloudtrail 5\n"},
		{"{\"kind\":1}\n{\"kind\":2,\"items\":[" TRAIL("1") "," TRAIL(
			 "2") "]}\n{\"kind\":3}",
		 "other\ncloudtrail 1\ncloudtrail 2\nother\n"},
		/* EventBridge */
		{"{\"version\":\"0\",\"detail-type\":\"AWS API Call via "
		 "CloudTrail\",\"source\":\"aws.ec2\","
		 "\"detail\":" TRAIL("1") "}",
		 "cloudtrail 1\n"},
		/* aws cloudtrail lookup-events */
		{"{\"Events\":[{\"EventId\":\"1\",\"CloudTrailEvent\":\"" TRAIL_IN_STRING(
			 "1") "\"}]}",
		 "cloudtrail 1\n"},
		/* CloudWatch: JSON, lines, and what is neither */
		{"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":\"1\",\"timestamp\":1,"
		 "\"message\":\"" TRAIL_IN_STRING(
			 "1") "\"},{\"id\":\"2\",\"timestamp\":1,\"message\":"
			      "\"" VPC_LINE("12") "\"},{\"id\":\"3\",\"timestamp\":1,\"message\":"
						  "\"CWL CONTROL\"}]}",
		 "cloudtrail 1\n" VPC_FLOW("12") ", 840 bytes, interface eni-1\nother\n"},
		/* SQS of SNS of EventBridge, as the three are put behind one another */
		{"{\"Records\":[{\"messageId\":\"m\",\"body\":\"{\\\"Type\\\":\\\"Notification\\\","
		 "\\\"Message\\\":\\\"{\\\\\\\"detail-type\\\\\\\":\\\\\\\"x\\\\\\\",\\\\\\\"detail"
		 "\\\\\\\":{\\\\\\\"query_name\\\\\\\":\\\\\\\"a.example.\\\\\\\",\\\\\\\"query_"
		 "type"
		 "\\\\\\\":\\\\\\\"A\\\\\\\"}}\\\"}\"}]}",
		 "lookup a.example A\n"},
		/* a list inside of a string, and the record behind it */
		{"{\"messageId\":\"m\",\"body\":\"{\\\"Records\\\":[" TRAIL_IN_STRING(
			 "1") "," TRAIL_IN_STRING("2") "]}\"}\n" TRAIL("3"),
		 "cloudtrail 1\ncloudtrail 2\ncloudtrail 3\n"},
		{"{\"messageId\":\"m\",\"body\":\"[" TRAIL_IN_STRING("1") "]\"}", "cloudtrail 1\n"},
		{"{\"EventSource\":\"aws:sns\",\"Sns\":{\"Type\":\"N\",\"Message\":"
		 "\"" TRAIL_IN_STRING("1") "\"}}",
		 "cloudtrail 1\n"},
		/* Pub/Sub: {"query_name":"b.example","query_type":"AAAA"} */
		{"{\"message\":{\"data\":"
		 "\"eyJxdWVyeV9uYW1lIjoiYi5leGFtcGxlIiwicXVlcnlfdHlwZSI6IkFBQUEifQ"
		 "==\",\"messageId\":\"1\"}}",
		 "lookup b.example AAAA\n"},
		{"{\"message\":{\"data\":\"no base64!\"}}", "other\n"},
		/* AKS: a string, an object, and the category alone is not enough */
		{"{\"records\":[{\"category\":\"kube-audit\",\"operationName\":\"x\","
		 "\"resourceId\":"
		 "\"/SUBSCRIPTIONS/1/C\",\"properties\":{\"log\":\"" KUBE_IN_STRING "\"}},"
		 "{\"category\":\"kube-audit-admin\",\"properties\":{\"log\":{\"kind\":\"Event\","
		 "\"apiVersion\":\"audit.k8s.io/"
		 "v1\",\"auditID\":\"k2\",\"stage\":\"ResponseComplete\","
		 "\"verb\":\"get\",\"user\":{\"username\":\"u\"},\"stageTimestamp\":"
		 "\"2026-01-02T03:04:05Z\"}}}]}",
		 "kubeaudit k1/ResponseComplete\nkubeaudit k2/ResponseComplete\n"},
		/* of a member written twice the first counts */
		{"{\"detail-type\":\"x\",\"detail\":" TRAIL("1") ",\"detail\":" TRAIL("2") "}",
		 "cloudtrail 1\n"},
		/* a header in a message is no header */
		{"{\"id\":\"1\",\"message\":\"dstaddr srcaddr bytes\"}\n10.0.0.1 10.0.0.2 7",
		 "other\nbad: a.log: line 2, byte 45: this line is of no log that is known here; "
		 "name "
		 "the fields of VPC flow logs without a header with --as "
		 "vpcflow:FIELD,FIELD,...\n"},
		/* lists of none, nothing, and objects of no kind */
		{"null\n[null]", ""},
		{"{\"Records\":[]}\n{\"value\":[]}", ""},
		{"{\"a\":1}\n{}\n{\"message\":\"hello\"}", "other\nother\nother\n"},
	};

	expect_rows(ROWS(rows));
}

/* The text as a string of JSON in a record of `aws cloudtrail lookup-events`. */
static struct buf wrap(struct buf inner)
{
	struct buf out = {0};

	buf_add_text(&out, "{\"CloudTrailEvent\":\"");
	for (size_t i = 0; i < inner.len; i++) {
		if (inner.at[i] == '"' || inner.at[i] == '\\')
			buf_add_byte(&out, '\\');
		buf_add_byte(&out, inner.at[i]);
	}
	buf_add_text(&out, "\"}");
	buf_fini(&inner);
	return out;
}

static void layers_are_bounded(void **state)
{
	for (int layers = 1; layers <= RECORD_LAYERS_MAX + 1; layers++) {
		struct buf text = {0};
		buf_add_text(&text, "{\"query_name\":\"a.example\",\"query_type\":\"A\"}");
		for (int i = 0; i < layers; i++)
			text = wrap(text);
		buf_add_byte(&text, '\0');
		const struct input input = {.text = text.at};
		expect(&input, layers <= RECORD_LAYERS_MAX ? "lookup a.example A\n" : "other\n");
		buf_fini(&text);
	}
}

/* Wrapped in itself, far deeper than anything is; one record, whatever it is taken for. */
static void depth_is_bounded(void **state)
{
	const struct record_stream_settings settings = {0};
	struct record_stream *stream = new_stream(&settings);
	CLEANUP(buf_fini) struct buf deep = {0};

	for (int i = 0; i < 3000; i++)
		buf_add_text(&deep, "{\"detail-type\":1,\"detail\":");
	buf_add_byte(&deep, '1');
	for (int i = 0; i < 3000; i++)
		buf_add_byte(&deep, '}');
	struct buf out = read_all(stream, buf_view(&deep), 4096);
	buf_fini(&out);
	struct record_stream_counters counters = record_stream_counters(stream);
	assert_int_equal(counters.records[RECORD_OTHER] + counters.unreadable, 1);
	record_stream_free(stream);
}

static void flows_are_read_in_every_form(void **state)
{
	static const struct row rows[] = {
		{VPC_LINE("1") "\n" VPC_LINE("2") "\r\n",
		 VPC_FLOW("1") ", 840 bytes, interface eni-1\n" VPC_FLOW(
			 "2") ", 840 bytes, interface eni-1\n"},
		/* a header changes the order, also one in the middle */
		{"dstaddr srcaddr bytes\n10.0.0.2 10.0.0.1 7\nbytes dstaddr srcaddr\n8 10.0.0.4 "
		 "10.0.0.3\n",
		 "flow 10.0.0.1:0 to 10.0.0.2:0, protocol 0: 0 packets, 7 bytes\n"
		 "flow 10.0.0.3:0 to 10.0.0.4:0, protocol 0: 0 packets, 8 bytes\n"},
		{"2 1 eni-1 - - - - - - - 1 2 - NODATA\n2 1 eni-1 - - - - - - - 1 2 - SKIPDATA\n",
		 ""},
		{"{\"srcAddr\":\"10.0.0.1\",\"dstAddr\":\"10.0.0.2\",\"bytes\":7}",
		 "flow 10.0.0.1:0 to 10.0.0.2:0, protocol 0: 0 packets, 7 bytes\n"},
		/* network security groups, version 1 and 2 */
		{"{\"records\":[{\"time\":\"2026-01-02T03:04:05Z\",\"category\":"
		 "\"NetworkSecurityGroupFlowEvent\",\"resourceId\":\"/SUBSCRIPTIONS/S1/X\","
		 "\"properties\":{\"Version\":2,\"flows\":[{\"rule\":\"r\",\"flows\":[{\"mac\":"
		 "\"000D3A\",\"flowTuples\":["
		 "\"1487282421,192.0.2.95,10.1.0.4,51529,5358,T,I,D\","
		 "\"1487282421,10.1.0.4,192.0.2.9,51529,443,T,O,A,C,25,6224,12,14560\","
		 "\"1487282421,10.1.0.4,192.0.2.9,51529,53,U,O,A,B,,,,\"]}]},{\"rule\":\"s\","
		 "\"flows\":"
		 "[]},{\"rule\":\"t\",\"flows\":[{\"mac\":\"000D3B\",\"flowTuples\":[\"x\","
		 "\"1487282421,10.1.0.5,192.0.2.9,1,2,U,O,A,E,1,2,3,4\"]}]}]}}]}",
		 "flow 192.0.2.95:51529 to 10.1.0.4:5358, protocol 6: 0 packets, 0 bytes, "
		 "interface "
		 "000D3A, rejected\n"
		 "flow 10.1.0.4:51529 to 192.0.2.9:443, protocol 6: 25 packets, 6224 bytes, back "
		 "12 "
		 "packets, 14560 bytes, interface 000D3A\n"
		 "flow 10.1.0.4:51529 to 192.0.2.9:53, protocol 17: 0 packets, 0 bytes, interface "
		 "000D3A\n"
		 "bad: a.log: line 1, byte 12: one of the flows in this record cannot be read and "
		 "was "
		 "passed over\n"
		 "flow 10.1.0.5:1 to 192.0.2.9:2, protocol 17: 1 packets, 2 bytes, back 3 packets, "
		 "4 "
		 "bytes, interface 000D3B\n"},
		/* virtual networks */
		{"{\"time\":\"2026-01-02T03:04:05Z\",\"flowLogVersion\":4,\"macAddress\":\"0022\","
		 "\"category\":\"FlowLogFlowEvent\",\"targetResourceID\":\"/subscriptions/S1/"
		 "resource"
		 "Groups/g/providers/Microsoft.Network/virtualNetworks/"
		 "v\",\"flowRecords\":{\"flows\":[{"
		 "\"aclID\":\"a\",\"flowGroups\":[{\"rule\":\"r\",\"flowTuples\":["
		 "\"1663146003599,10.0.0.6,52.239.184.180,23956,443,6,O,B,NX,0,0,0,0\","
		 "\"1663146003606,10.0.0.6,2001:db8::1,23956,443,6,O,E,NX,3,767,2,1580\","
		 "\"1663146003606,10.0.0.6,10.0.0.9,23956,443,6,I,D,NX_NOT_ACCEPTED,0,0,0,0\"]}]}]}"
		 "}",
		 "flow 10.0.0.6:23956 to 52.239.184.180:443, protocol 6: 0 packets, 0 bytes, back "
		 "0 "
		 "packets, 0 bytes, interface 0022\n"
		 "flow 10.0.0.6:23956 to [2001:db8::1]:443, protocol 6: 3 packets, 767 bytes, back "
		 "2 "
		 "packets, 1580 bytes, interface 0022\n"
		 "flow 10.0.0.6:23956 to 10.0.0.9:443, protocol 6: 0 packets, 0 bytes, back 0 "
		 "packets, "
		 "0 bytes, interface 0022, rejected\n"},
		/* Google */
		{"{\"insertId\":\"i1\",\"jsonPayload\":{\"bytes_sent\":\"1872\",\"packets_sent\":"
		 "\"16\","
		 "\"reporter\":\"DEST\",\"connection\":{\"src_ip\":\"192.0.2.1\",\"src_port\":443,"
		 "\"dest_ip\":\"10.0.0.4\",\"dest_port\":45950,\"protocol\":6}}}",
		 "flow 192.0.2.1:443 to 10.0.0.4:45950, protocol 6: 16 packets, 1872 bytes\n"},
		{"{\"jsonPayload\":{\"disposition\":\"DENIED\",\"connection\":{\"src_ip\":\"192.0."
		 "2.1\","
		 "\"dest_ip\":\"10.0.0.4\"}}}",
		 "other\n"},
	};

	expect_rows(ROWS(rows));
}

/* The one record of an input; its texts live in `stream`. */
static struct record_stream *read_one(const char *text, struct record *out)
{
	const struct record_stream_settings settings = {0};
	struct record_stream *stream = new_stream(&settings);
	struct error why;

	assert_int_equal(record_stream_begin(stream, STR("a.log"), (struct str){0}, &why), 0);
	record_stream_feed(stream, str_from(text));
	record_stream_end(stream);
	assert_int_equal(record_stream_next(stream, out, &why), RECORD_STREAM_READY);
	return stream;
}

static void expect_text(struct str text, const char *wanted)
{
	if (!str_equal(text, str_from(wanted)))
		fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(text), wanted);
}

static void azure_flows_say_whose_they_are(void **state)
{
	struct record record;
	struct record_stream *stream = read_one(
		"{\"macAddress\":\"0022\",\"targetResourceID\":\"/subscriptions/S1/resourceGroups/"
		"g/"
		"providers/Microsoft.Network/virtualNetworks/v\",\"flowRecords\":{\"flows\":[{"
		"\"flowGroups\":[{\"flowTuples\":[\"1663146003606,10.0.0.6,10.0.0.7,1,2,6,O,C,NX,3,"
		"767,2,"
		"1580\"]}]}]}}",
		&record);
	const struct record_flow *flow = &record.flow;

	assert_int_equal(flow->provider, PROVIDER_AZURE);
	expect_text(flow->account, "S1");
	expect_text(flow->network, "/subscriptions/S1/resourceGroups/g/providers/"
				   "Microsoft.Network/virtualNetworks/v");
	assert_int_equal(flow->state, FLOW_CONTINUES);
	assert_int_equal(flow->action, FLOW_ACCEPTED);
	assert_int_equal(flow->direction, 1);
	assert_true(flow->has_back && !flow->is_sampled);
	assert_int_equal(flow->start.ns, 1663146003606000000);
	assert_int_equal(flow->end.ns, record.time.ns);
	record_stream_free(stream);
}

static void google_flows_say_who_reports(void **state)
{
	static const struct {
		const char *reporter, *instance, *pod;
		int direction;
	} rows[] = {
		{"SRC", "vm-a", "ns/pod-a", 1},
		{"DEST", "vm-b", "", -1},
		{"SRC_GATEWAY", "vm-a", "ns/pod-a", 1},
		{"", "", "", 0},
	};
	char text[1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct record record;
		snprintf(
			text, sizeof(text),
			"{\"insertId\":\"i1\",\"timestamp\":\"2026-01-02T03:04:05Z\",\"resource\":{"
			"\"labels\":{\"project_id\":\"p\",\"location\":\"l\"}},\"jsonPayload\":{"
			"\"reporter\":\"%s\",\"bytes_sent\":\"1\",\"start_time\":"
			"\"2026-01-02T03:00:00Z\",\"connection\":{\"src_ip\":\"10.0.0.1\",\"dest_"
			"ip\":"
			"\"10.0.0.2\",\"protocol\":1},\"src_instance\":{\"vm_name\":\"vm-a\","
			"\"region\":"
			"\"r\",\"project_id\":\"pa\"},\"src_gke_details\":{\"pod\":{\"pod_name\":"
			"\"pod-a\","
			"\"pod_namespace\":\"ns\"}},\"dest_instance\":{\"vm_name\":\"vm-b\"}}}",
			rows[i].reporter);
		struct record_stream *stream = read_one(text, &record);
		expect_text(record.flow.instance, rows[i].instance);
		expect_text(record.flow.pod, rows[i].pod);
		expect_text(record.flow.account, rows[i].direction == 1 ? "pa" : "p");
		expect_text(record.flow.region, rows[i].direction == 1 ? "r" : "l");
		assert_int_equal(record.flow.direction, rows[i].direction);
		assert_true(record.flow.is_sampled);
		expect_text(record.id, "i1");
		record_stream_free(stream);
	}
}

static void lookups_have_their_answers(void **state)
{
	struct record record;
	struct record_stream *stream = read_one(
		"{\"version\":\"1.1\",\"account_id\":\"1\",\"region\":\"eu-west-1\",\"vpc_id\":"
		"\"vpc-1\","
		"\"query_timestamp\":\"2026-01-02 03:04:05\",\"query_name\":\"pool.example.\","
		"\"query_type\":\"A\",\"rcode\":\"NOERROR\",\"answers\":[{\"Rdata\":\"cdn.example."
		"\","
		"\"Type\":\"CNAME\"},{\"Rdata\":\"192.0.2.1\",\"Type\":\"A\"},{\"Rdata\":\"192.0.2."
		"2\","
		"\"Type\":\"TXT\"},{\"Rdata\":\"2001:db8::1\",\"Type\":\"AAAA\"}],\"srcaddr\":\"10."
		"0.0.7\","
		"\"srcids\":{\"instance\":\"i-1\"}}",
		&record);
	CLEANUP(buf_fini) struct buf out = {0};
	instant at;

	record_excerpt(&record, &out);
	expect_text(buf_view(&out), "pool.example A: NOERROR 192.0.2.1, 2001:db8::1, asked by i-1");
	assert_true(record.lookup.has_client);
	expect_text(record.lookup.network, "vpc-1");
	assert_true(instant_parse(STR("2026-01-02T03:04:05Z"), &at));
	assert_int_equal(record.time.ns, at.ns);
	record_stream_free(stream);
}

static void records_say_where_they_are(void **state)
{
	struct record record;
	struct record_stream *stream = read_one("\n{\"Records\":[\n  " TRAIL("1") "]}", &record);

	expect_text(record.source, "a.log");
	expect_text(record.text, TRAIL("1"));
	assert_int_equal(record.offset, 16);
	assert_int_equal(record.line, 3);
	assert_true(json_text_is(json_member(record.whole, STR("eventID")), STR("1")));
	record_stream_free(stream);
}

static void what_cannot_be_read_is_located(void **state)
{
	static const struct {
		struct input input;
		const char *records;
		uint64_t unreadable, mended;
	} rows[] = {
		/* damaged, and understood all the same */
		{{.text = "{\"a\":1}\n" TRAIL("1") "}\n" TRAIL("2")},
		 "other\ncloudtrail 1\ncloudtrail 2\n",
		 0,
		 0},
		{{.text = "{\"x\":\"a\nb\","
			  "\"eventName\":\"E\",\"eventSource\":\"s\",\"eventTime\":"
			  "\"2026-01-02T03:04:05Z\",\"eventID\":\"1\",\"userIdentity\":{\"type\":"
			  "\"Root\",\"arn\":\"a\"}}\n"},
		 "cloudtrail 1\n",
		 0,
		 1},
		{{.text = "{\"a\":1}\n{\"b\":\"x\n{\"c\":3}\n"},
		 "other\nbad: a.log: line 2, byte 8: this record is damaged and was passed over; "
		 "what "
		 "follows was read. Fetch the file again if it was copied\nother\n",
		 1,
		 0},
		{{.text = "{\"a\":1}\n{\"a\":\"x}\n{\"a\":3}x}\n{\"a\":4}"},
		 "other\nbad: a.log: line 2, byte 8: this record is damaged and was passed over; "
		 "what "
		 "follows was read. Fetch the file again if it was copied\nother\n"
		 "bad: a.log: line 3, byte 24: this line is of no log that is known here; name the "
		 "fields of VPC flow logs without a header with --as "
		 "vpcflow:FIELD,FIELD,...\nother\n",
		 2,
		 0},
		{{.text = "{\"Records\":[{\"a\":1},{\"b\":"},
		 "other\nbad: a.log: line 1, byte 20: the input ends inside of a record or of a "
		 "list; "
		 "fetch the file again, or wait until it is written\n",
		 1,
		 0},
		{{.text = "what is this\n"},
		 "bad: a.log: line 1, byte 0: this line is of no log that is known here; name the "
		 "fields of VPC flow logs without a header with --as vpcflow:FIELD,FIELD,...\n",
		 1,
		 0},
		{{.text = "srcaddr dstaddr bytes\n\n10.0.0.1 10.0.0.2\n"},
		 "bad: a.log: line 3, byte 23: this line is no VPC flow with the fields of its "
		 "header; "
		 "look at the header, or name the fields with --as vpcflow:FIELD,FIELD,...\n",
		 1,
		 0},
		{{.text = "{\"a\":[1,2,3,4,5,6,7,8]}\n{\"b\":1}", .settings = {.node_max = 8}},
		 "bad: a.log: line 1, byte 0: this record has more values than one may have and "
		 "was "
		 "passed over; look at it by hand\nother\n",
		 1,
		 0},
		{{.text = "{\"a\":\"0123456789\"}\n{\"b\":1}", .settings = {.record_max = 12}},
		 "bad: a.log: line 1, byte 0: this record is larger than one may be and was passed "
		 "over; allow larger records, or look at it by hand\nother\n",
		 1,
		 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct record_stream_counters counters = expect(&rows[i].input, rows[i].records);
		assert_int_equal(counters.unreadable, rows[i].unreadable);
		assert_int_equal(counters.mended, rows[i].mended);
	}
}

static void lines_are_read_as_the_user_says(void **state)
{
	static const struct {
		const char *as, *says; /* NULL: the flow is read */
	} rows[] = {
		{"vpcflow:dstaddr srcaddr bytes", NULL},
		{"vpcflow:dstaddr,srcaddr,bytes", NULL},
		{"VPCFLOW:dst_addr, srcAddr, bytes", NULL},
		{"vpcflow:dstaddr srcaddr byts", "\"byts\"; the nearest is bytes"},
		{"vpcflow:", "without srcaddr"},
		{"vpclow:bytes", "\"vpclow\""},
	};
	const struct record_stream_settings settings = {0};
	struct record_stream *stream = new_stream(&settings);
	struct error why;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf out = {0};
		int status = record_stream_begin(stream, STR("f"), str_from(rows[i].as), &why);
		assert_int_equal(status < 0, rows[i].says != NULL);
		if (rows[i].says) {
			assert_non_null(strstr(why.text, rows[i].says));
			continue;
		}
		record_stream_feed(stream, STR("10.0.0.2 10.0.0.1 7\n"));
		take_all(stream, &out);
		expect_text(buf_view(&out),
			    "flow 10.0.0.1:0 to 10.0.0.2:0, protocol 0: 0 packets, 7 bytes\n");
	}
	record_stream_free(stream);
}

static void logs_are_told_from_other_files(void **state)
{
	static const struct {
		const char *first;
		bool is_log;
	} rows[] = {
		{TRAIL("1"), true},
		{"\xef\xbb\xbf\r\n [" TRAIL("1"), true},
		{"{\"Events\":[{\"CloudTrailEvent\":\"" TRAIL_IN_STRING("1"), true},
		{"{\"category\":\"kube-audit\",\"properties\":{\"log\":\"" KUBE_IN_STRING, true},
		{"{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"items\":[", true},
		{VPC_LINE("1"), true},
		{VPC_LINE("1") "\n" VPC_LINE("2"), true},
		{"version account-id interface-id srcaddr dstaddr\n2 1 eni 10.0.0", true},
		{"79a5 b [06/Feb/2026:00:00:38 +0000] 192.0.2.3 - 3 REST.GET.OBJECT k \"-\" 200 - "
		 "9",
		 true},
		{"{\"query_name\":\"a\",\"rcode\":\"NOERROR\"}", true},
		{"{\"logName\":\"projects/p/logs/x\",\"insertId\":\"1\"}", true},
		{"", false},
		{"\x7f"
		 "ELF\x02\x01",
		 false},
		{"\xd4\xc3\xb2\xa1\x02", false},
		{"#!/bin/sh\necho version start end\n", false},
		{"{\"name\":\"left-pad\",\"version\":\"1.3.0\",\"dependencies\":{}}", false},
		{"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"items\":[]}", false},
		{"[1,2,3]", false},
		{"Jan  2 03:04:05 host sshd[1]: accepted", false},
		{"10.0.0.1 - - [06/Feb/2026:00:00:38 +0000] \"GET / HTTP/1.1\" 200 5", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (record_stream_is_log(str_from(rows[i].first)) != rows[i].is_log)
			fail_msg("row %zu: %s", i, rows[i].first);
}

/* An input is read as if no other had been before. */
static void inputs_do_not_touch_each_other(void **state)
{
	const struct record_stream_settings settings = {0};
	struct record_stream *stream = new_stream(&settings);
	CLEANUP(buf_fini) struct buf out = {0};

	assert_int_equal(record_stream_begin(stream, STR("a"), (struct str){0}, NULL), 0);
	record_stream_feed(stream, STR("dstaddr srcaddr bytes\n{\"Records\":[{\"a\":\"x"));
	take_all(stream, &out);
	assert_int_equal(record_stream_begin(stream, STR("b"), (struct str){0}, NULL), 0);
	record_stream_feed(stream, STR("{\"a\":1}\n10.0.0.2 10.0.0.1 7\n"));
	record_stream_end(stream);
	take_all(stream, &out);
	expect_text(
		buf_view(&out),
		"other\nbad: b: line 2, byte 8: this line is of no log that is known here; name "
		"the fields of VPC flow logs without a header with --as vpcflow:FIELD,FIELD,...\n");
	assert_int_equal(record_stream_counters(stream).records[RECORD_OTHER], 1);
	record_stream_free(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrappings_are_opened),
		cmocka_unit_test(layers_are_bounded),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(flows_are_read_in_every_form),
		cmocka_unit_test(azure_flows_say_whose_they_are),
		cmocka_unit_test(google_flows_say_who_reports),
		cmocka_unit_test(lookups_have_their_answers),
		cmocka_unit_test(records_say_where_they_are),
		cmocka_unit_test(what_cannot_be_read_is_located),
		cmocka_unit_test(lines_are_read_as_the_user_says),
		cmocka_unit_test(logs_are_told_from_other_files),
		cmocka_unit_test(inputs_do_not_touch_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
