#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/record_excerpt.h"

static void check_line(const char *name, const struct record *record, const char *line)
{
	struct buf out = {0};

	record_excerpt(record, &out);
	buf_add_byte(&out, '\0');
	assert_false(out.failed);
	if (strcmp(out.at, line) != 0)
		fail_msg("%s:\n  got    %s\n  wanted %s", name, out.at, line);
	buf_fini(&out);
}

static void acts_read_as_sentences(void **state)
{
	static const struct {
		const char *name;
		struct record_act act;
		const char *line;
	} rows[] = {
		{"all of a call",
		 {.action = STR("RunInstances"),
		  .identity = {.kind = IDENTITY_USER,
			       .name = STR("user/ci"),
			       .key_id = STR("AKIA1")},
		  .source = STR("198.51.100.7"),
		  .region = STR("eu-west-1"),
		  .resources = {{STR("image"), STR("ami-1")}, {STR("instance"), STR("i-1")}},
		  .resource_count = 2,
		  .outcome = OUTCOME_DONE},
		 "RunInstances by user/ci (AKIA1) from 198.51.100.7 in eu-west-1 on image ami-1, "
		 "instance i-1: done"},
		{"refused",
		 {.action = STR("ListBuckets"),
		  .identity = {.name = STR("user/ci")},
		  .outcome = OUTCOME_DENIED,
		  .error = STR("AccessDenied")},
		 "ListBuckets by user/ci: denied (AccessDenied)"},
		{"a dry run",
		 {.action = STR("RunInstances"), .outcome = OUTCOME_DRY_RUN},
		 "RunInstances: tried without doing it"},
		{"nobody",
		 {.action = STR("GetObject"), .identity = {.kind = IDENTITY_ANONYMOUS}},
		 "GetObject by nobody in particular"},
		{"nobody with a name",
		 {.action = STR("get"),
		  .identity = {.kind = IDENTITY_ANONYMOUS, .name = STR("system:anonymous")}},
		 "get by system:anonymous"},
		{"only a key",
		 {.action = STR("GetObject"), .identity = {.key_id = STR("key1(AB)")}},
		 "GetObject by (key1(AB))"},
		{"through a service, as somebody else",
		 {.action = STR("create"),
		  .identity = {.name = STR("ann"),
			       .impersonated = STR("admin"),
			       .invoked_by = STR("cloudformation.amazonaws.com")}},
		 "create by ann as admin through cloudformation.amazonaws.com"},
		{"of Kubernetes",
		 {.action = STR("create"),
		  .resource = STR("pods"),
		  .subresource = STR("exec"),
		  .namespace = STR("shop"),
		  .name = STR("web-1"),
		  .uri = STR("/api/v1/namespaces/shop/pods/web-1/exec?command=canary")},
		 "create pods/exec shop/web-1"},
		{"of no namespace",
		 {.action = STR("delete"), .resource = STR("nodes"), .name = STR("n-1")},
		 "delete nodes n-1"},
		{"of a whole namespace",
		 {.action = STR("list"), .resource = STR("pods"), .namespace = STR("shop")},
		 "list pods shop"},
		{"of no resource: the path, never the query",
		 {.action = STR("get"), .uri = STR("/version?token=canary")},
		 "get /version"},
		{"a thing of no type",
		 {.action = STR("m"),
		  .resources = {{{0}, STR("a")}, {{0}, STR("b")}},
		  .resource_count = 2},
		 "m on a, b"},
		{"hostile texts",
		 {.action = STR("a\x1b[2J\n"), .identity = {.name = STR("\xff\\")}},
		 "a\\x1b[2J\\n by \\xff\\\\"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct record record = {.kind = RECORD_CLOUDTRAIL, .act = rows[i].act};
		check_line(rows[i].name, &record, rows[i].line);
	}
}

static void a_long_text_is_cut(void **state)
{
	static char text[5000];
	struct record record = {.kind = RECORD_KUBE_AUDIT};
	struct buf out = {0};

	memset(text, 'x', sizeof(text));
	record.act.action = record.act.identity.name = record.act.source =
		str_of(text, sizeof(text));
	record_excerpt(&record, &out);
	assert_false(out.failed);
	assert_in_range(out.len, 600, 640);
	buf_fini(&out);
}

static struct address address_of(const char *text)
{
	struct address address;

	assert_true(address_parse(str_from(text), &address));
	return address;
}

static void flows_tell_both_ends(void **state)
{
	struct record record = {
		.kind = RECORD_FLOW,
		.flow = {.source = {address_of("10.0.0.7"), 40001},
			 .destination = {address_of("2001:db8::1"), 8443},
			 .protocol = 6,
			 .packets = 12,
			 .bytes = 3456,
			 .interface = STR("eni-1")},
	};

	check_line("one way", &record,
		   "10.0.0.7:40001 to [2001:db8::1]:8443, protocol 6: 12 packets, 3456 bytes, "
		   "interface eni-1");
	record.flow.has_back = true;
	record.flow.bytes_back = UINT64_MAX;
	record.flow.action = FLOW_REJECTED;
	check_line(
		"both ways", &record,
		"10.0.0.7:40001 to [2001:db8::1]:8443, protocol 6: 12 packets, 3456 bytes, back 0 "
		"packets, 18446744073709551615 bytes, interface eni-1, rejected");
}

static void lookups_tell_name_and_answers(void **state)
{
	struct record record = {
		.kind = RECORD_LOOKUP,
		.lookup = {.name = STR("pool.example"),
			   .type = STR("A"),
			   .code = STR("NOERROR"),
			   .answers = {address_of("198.51.100.7"), address_of("198.51.100.8")},
			   .answer_count = 2,
			   .client = address_of("10.0.0.7"),
			   .has_client = true},
	};

	check_line("by an address", &record,
		   "pool.example A: NOERROR 198.51.100.7, 198.51.100.8, asked by 10.0.0.7");
	record.lookup.instance = STR("i-1");
	record.lookup.answer_count = 0;
	check_line("by an instance", &record, "pool.example A: NOERROR, asked by i-1");
}

static void the_rest_is_said_to_be_unknown(void **state)
{
	struct record record = {.kind = RECORD_OTHER};

	check_line("other", &record, "a record of no known kind");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acts_read_as_sentences),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(flows_tell_both_ends),
		cmocka_unit_test(lookups_tell_name_and_answers),
		cmocka_unit_test(the_rest_is_said_to_be_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
