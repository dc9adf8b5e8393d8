#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/record/flow_vpc.h"
#include "model/record_excerpt.h"

#define DEFAULT                                                                          \
	"2 123456789012 eni-0a1b 10.0.0.7 198.51.100.20 40001 8443 6 12 840 1700000000 " \
	"1700000060 "

static struct vpc_format format_of(const char *header)
{
	struct vpc_format format;

	if (!header)
		return vpc_format_default();
	if (!vpc_format_of_header(str_from(header), &format))
		fail_msg("no header: %s", header);
	return format;
}

/* The parts of a flow that its excerpt does not have, behind it. */
static void write_flow(const struct record *record, struct buf *out)
{
	const struct record_flow *flow = &record->flow;

	record_excerpt(record, out);
	buf_printf(out, " [%.*s %.*s %.*s %.*s %.*s] %d %u %d ", STR_ARG(flow->account),
		   STR_ARG(flow->region), STR_ARG(flow->instance), STR_ARG(flow->subnet),
		   STR_ARG(flow->network), flow->direction, flow->tcp_flags, flow->action);
	buf_printf(out, "%jd %jd", (intmax_t)(flow->start.ns / 1000000000),
		   (intmax_t)(flow->end.ns / 1000000000));
}

static void lines_are_flows(void **state)
{
	static const struct {
		const char *header, *line, *flow;
	} rows[] = {
		{NULL, DEFAULT "ACCEPT OK",
		 "10.0.0.7:40001 to 198.51.100.20:8443, protocol 6: 12 packets, 840 bytes, "
		 "interface eni-0a1b [123456789012    ] 0 0 1 1700000000 1700000060"},
		{NULL, DEFAULT "REJECT OK ",
		 "10.0.0.7:40001 to 198.51.100.20:8443, protocol 6: 12 packets, 840 bytes, "
		 "interface eni-0a1b, rejected [123456789012    ] 0 0 2 1700000000 1700000060"},
		{"srcaddr dstaddr pkt-srcaddr pkt-dstaddr flow-direction tcp-flags bytes packets "
		 "instance-id vpc-id subnet-id region start end protocol",
		 "10.0.0.1 10.0.0.2 10.9.9.9 2001:db8::1 egress 19 100 3 i-0abc vpc-1 subnet-2 "
		 "eu-west-1 1700000000 1700000600 17",
		 "10.9.9.9:0 to [2001:db8::1]:0, protocol 17: 3 packets, 100 bytes "
		 "[ eu-west-1 i-0abc subnet-2 vpc-1] 1 19 0 1700000000 1700000600"},
		{"srcaddr\tdstaddr\tsrcport\tpkt_srcaddr", "10.0.0.1\t10.0.0.2\t1\t-",
		 "10.0.0.1:1 to 10.0.0.2:0, protocol 0: 0 packets, 0 bytes [    ] 0 0 0 0 0"},
		/* exports with commas, quotes and names of their own */
		{"\"account_id\",\"sourceaddress\",\"destinationaddress\",\"numbytes\","
		 "\"starttime\"",
		 "\"1\",\"10.0.0.1\",\"10.0.0.2\",\"7\",", NULL},
		{"\"account_id\",\"sourceaddress\",\"destinationaddress\",\"starttime\","
		 "\"numbytes\"",
		 "\"1\", \"10.0.0.1\",\"10.0.0.2\",,7",
		 "10.0.0.1:0 to 10.0.0.2:0, protocol 0: 0 packets, 7 bytes [1    ] 0 0 0 0 0"},
		/* versions 7 to 10, and a field that is not invented yet */
		{"srcaddr dstaddr ecs-task-id reject-reason encryption-status brand-new-field",
		 "10.0.0.1 10.0.0.2 abc BPA 1 -",
		 "10.0.0.1:0 to 10.0.0.2:0, protocol 0: 0 packets, 0 bytes [    ] 0 0 0 0 0"},
		/* not flows */
		{NULL, DEFAULT "ACCEPT OK 1", NULL},
		{NULL, DEFAULT "ACCEPT", NULL},
		{NULL, "2 1 eni 10.0.0.300 10.0.0.1 1 2 6 1 1 1 1 ACCEPT OK", NULL},
		{NULL, "2 1 eni 10.0.0.3 10.0.0.1 70000 2 6 1 1 1 1 ACCEPT OK", NULL},
		{NULL, "2 1 eni 10.0.0.3 10.0.0.1 1 2 256 1 1 1 1 ACCEPT OK", NULL},
		{NULL, "2 1 eni 10.0.0.3 10.0.0.1 1 2 6 x 1 1 1 ACCEPT OK", NULL},
		{NULL, "2 1 eni 10.0.0.3 10.0.0.1 1 2 6 1 1 soon 1 ACCEPT OK", NULL},
		{NULL, "", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct vpc_format format = format_of(rows[i].header);
		struct record record = {0};
		CLEANUP(buf_fini) struct buf out = {0};

		enum vpc_read read = vpc_line_read(&format, str_from(rows[i].line), &record);
		assert_int_equal(read, rows[i].flow ? VPC_FLOW : VPC_UNREADABLE);
		if (!rows[i].flow)
			continue;
		write_flow(&record, &out);
		if (!str_equal(buf_view(&out), str_from(rows[i].flow)))
			fail_msg("row %zu: %.*s", i, (int)out.len, out.at);
		assert_int_equal(record.time.ns, record.flow.start.ns);
	}
}

static void windows_without_flows_are_told_apart(void **state)
{
	static const struct {
		const char *line;
		enum vpc_read read;
	} rows[] = {
		{"2 1 eni-1 - - - - - - - 1700000000 1700000060 - NODATA", VPC_NO_DATA},
		{"2 1 eni-1 - - - - - - - 1700000000 1700000060 - SKIPDATA", VPC_SKIPPED},
		{"2 1 eni-1 - - - - - - - 1700000000 1700000060 - OK", VPC_UNREADABLE},
	};
	struct vpc_format format = vpc_format_default();
	struct record record = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(i == 2 || vpc_line_is_default(str_from(rows[i].line)));
		assert_int_equal(vpc_line_read(&format, str_from(rows[i].line), &record),
				 rows[i].read);
	}
}

static void formats_are_told_apart(void **state)
{
	static const struct {
		const char *line;
		bool is_header, is_default;
	} rows[] = {
		{DEFAULT "ACCEPT OK", false, true},
		{"2 1 eni-1 - - - - - - - 1 2 - NODATA", false, true},
		{DEFAULT "ACCEPT", false, false},
		{DEFAULT "ACCEPT OK more", false, false},
		{"two 1 eni-1 - - - - - - - 1 2 - NODATA", false, false},
		{"the quick brown fox jumps over the lazy dog and runs away to me OK", false,
		 false},
		{"2 cups of milk and 3 eggs are what it takes to be done OK", false, false},
		{"version account-id interface-id srcaddr", true, false},
		{"version account_id interface_id srcAddr", true, false},
		{"version,vpcId,subNetId", true, false},
		{"version", false, false},
		{"version 2 of the protocol", false, false},
		{"start end of it all is near now", false, false},
		{"", false, false},
	};
	struct vpc_format format;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(vpc_format_of_header(str_from(rows[i].line), &format),
				 rows[i].is_header);
		assert_int_equal(vpc_line_is_default(str_from(rows[i].line)), rows[i].is_default);
	}
}

static void named_fields_are_checked(void **state)
{
	static const struct {
		const char *names, *says; /* NULL: good */
	} rows[] = {
		{"srcaddr dstaddr bytes", NULL},
		{"srcaddr,dstaddr, bytes", NULL},
		{"pkt-srcaddr pkt_dstaddr", NULL},
		{"srcaddr dstadr bytes", "\"dstadr\"; the nearest is dstaddr"},
		{"srcaddr bytes", "without srcaddr and dstaddr"},
		{"", "without srcaddr and dstaddr"},
	};
	struct vpc_format format;
	struct error why;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		why.text[0] = '\0';
		int status = vpc_format_parse(str_from(rows[i].names), &format, &why);
		assert_int_equal(status < 0, rows[i].says != NULL);
		if (rows[i].says && !strstr(why.text, rows[i].says))
			fail_msg("row %zu: %s", i, why.text);
	}
}

static void members_are_fields(void **state)
{
	static const struct {
		const char *text, *flow;
	} rows[] = {
		{"{\"srcAddr\":\"10.0.0.1\",\"dstAddr\":\"10.0.0.2\",\"srcPort\":5,\"dstPort\":"
		 "\"8080\","
		 "\"flowDirection\":\"ingress\",\"vpcId\":\"vpc-1\",\"subNetId\":\"subnet-1\"}",
		 "10.0.0.1:5 to 10.0.0.2:8080, protocol 0: 0 packets, 0 bytes "
		 "[   subnet-1 vpc-1] -1 0 0 0 0"},
		{"{\"account_id\":\"1\",\"srcaddr\":\"10.0.0.1\",\"dstaddr\":\"10.0.0.2\","
		 "\"start\":\"2023-11-14T22:13:20Z\",\"end\":1700000060000,\"tcp-flags\":null}",
		 "10.0.0.1:0 to 10.0.0.2:0, protocol 0: 0 packets, 0 bytes "
		 "[1    ] 0 0 0 1700000000 1700000060"},
		{"{\"srcAddr\":\"null\",\"dstAddr\":\"10.0.0.2\"}", NULL},
		{"{\"srcaddr\":{},\"dstaddr\":\"10.0.0.2\"}", NULL},
		{"{}", NULL},
	};
	char room[256];
	struct json_node nodes[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json doc = {.nodes = nodes, .cap = 64};
		struct arena scratch = {.at = room, .cap = sizeof(room)};
		struct record record = {0};
		enum vpc_read read;
		CLEANUP(buf_fini) struct buf out = {0};

		json_read(&doc, str_from(rows[i].text));
		assert_int_equal(vpc_json_read(json_root(&doc), &scratch, &record, &read),
				 rows[i].flow != NULL);
		if (!rows[i].flow)
			continue;
		write_flow(&record, &out);
		if (!str_equal(buf_view(&out), str_from(rows[i].flow)))
			fail_msg("row %zu: %.*s", i, (int)out.len, out.at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_flows),
		cmocka_unit_test(windows_without_flows_are_told_apart),
		cmocka_unit_test(formats_are_told_apart),
		cmocka_unit_test(named_fields_are_checked),
		cmocka_unit_test(members_are_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
