#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decode/record/act_field.h"
#include "decode/record/acts.h"

static struct json_node nodes[65536];

static struct json_value read_json(struct json *doc, struct str text)
{
	*doc = (struct json){.nodes = nodes, .cap = sizeof(nodes) / sizeof(*nodes)};
	json_read(doc, text);
	return json_root(doc);
}

static void a_kind_is_known_by_its_members(void **state)
{
	static const struct {
		const char *text;
		enum record_kind kind;
	} rows[] = {
		{"{'eventName':'X','eventSource':'Y'}", RECORD_CLOUDTRAIL},
		{"{'awsregion':'r','eventname':'X','eventsource':'Y'}", RECORD_CLOUDTRAIL},
		{"{'eventName':'X','awsRegion':'r'}", RECORD_CLOUDTRAIL},
		{"{'type':'X','service':{'serviceName':'guardduty'}}", RECORD_GUARDDUTY},
		{"{'Type':'X','Arn':'arn:aws:guardduty:r:1:x','Service':{}}", RECORD_GUARDDUTY},
		{"{'operationName':'X','category':'administrative'}", RECORD_AZURE_ACTIVITY},
		{"{'operationName':{'value':'X'},'category':{'value':'Policy'}}",
		 RECORD_AZURE_ACTIVITY},
		{"{'operationName':'X','category':'SignInLogs'}", RECORD_ENTRA_SIGN_IN},
		{"{'operationName':'X','category':'ManagedIdentitySignInLogs'}",
		 RECORD_ENTRA_SIGN_IN},
		{"{'operationName':'X','category':'AuditLogs'}", RECORD_ENTRA_AUDIT},
		{"{'operationName':'X','category':'StorageWrite'}", RECORD_AZURE_STORAGE},
		{"{'protoPayload':{'methodName':'X'}}", RECORD_GCP_AUDIT},
		{"{'protoPayload':{'methodName':'X','serviceName':'login.googleapis.com'}}",
		 RECORD_WORKSPACE},
		{"{'kind':'admin#reports#activity'}", RECORD_WORKSPACE},
		{"{'protoPayload':{'serviceName':'k8s.io'}}", RECORD_KUBE_AUDIT},
		{"{'protopayload':{'authorizationInfo':[]}}", RECORD_GCP_AUDIT},
		{"{'kind':'Event','apiVersion':'audit.k8s.io/v1','verb':'get'}", RECORD_KUBE_AUDIT},
		{"{'eventName':'X'}", RECORD_OTHER},
		{"{'a':{'eventName':'X','eventSource':'Y'}}", RECORD_OTHER},
		{"{'category':'FlowLogFlowEvent','operationName':'X'}", RECORD_OTHER},
		{"{'jsonPayload':{'methodName':'X'}}", RECORD_OTHER},
		{"{}", RECORD_OTHER},
		{"[{'eventName':'X','eventSource':'Y'}]", RECORD_OTHER},
		{"'eventName'", RECORD_OTHER},
		{"", RECORD_OTHER},
	};
	struct json doc;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (acts_kind_of(read_json(&doc, str_from(rows[i].text))) != rows[i].kind)
			fail_msg("%s", rows[i].text);
}

/* With any amount of memory: what fits is whole, what does not is empty. */
static void little_memory_costs_texts_and_nothing_else(void **state)
{
	const struct str text = STR(
		"{'eventSource':'s3.amazonaws.com','eventName':'Get\\u004fbject','userIdentity':"
		"{'type':'IAMUser','userName':'a\\u006en'},'userAgent':'cur\\u006c'}");
	struct json doc;
	struct json_value root = read_json(&doc, text);
	bool is_whole = false;

	for (size_t cap = 1; cap < 256; cap++) {
		struct arena scratch;
		struct record record = {0};
		assert_int_equal(arena_init(&scratch, cap), 0);
		if (acts_decode(RECORD_CLOUDTRAIL, root, &scratch, &record)) {
			struct str name = record.act.identity.name, agent = record.act.user_agent;
			assert_true(str_equal(record.act.action, STR("GetObject")));
			assert_true(name.len == 0 || str_equal(name, STR("ann")));
			assert_true(agent.len == 0 || str_equal(agent, STR("curl")));
			is_whole = name.len > 0 && agent.len > 0;
		} else {
			assert_int_equal(record.kind, RECORD_OTHER);
			assert_int_equal(record.act.identity.name.len, 0);
		}
		arena_fini(&scratch);
	}
	assert_true(is_whole);
}

/* BEFORE, then `count` times `part`, then AFTER. */
static char *repeated(const char *before, const char *part, size_t count, const char *after)
{
	size_t begin = strlen(before), len = strlen(part), end = strlen(after);
	char *text = malloc(begin + len * count + end + 1);

	assert_non_null(text);
	memcpy(text, before, begin);
	for (size_t i = 0; i < count; i++)
		memcpy(text + begin + len * i, part, len);
	memcpy(text + begin + len * count, after, end + 1);
	return text;
}

static void one_huge_text_leaves_room_for_the_others(void **state)
{
	char *text = repeated("{'kind':'Event','apiVersion':'audit.k8s.io/v1','verb':'get',"
			      "'auditID':'",
			      "\\u0061", 1 << 20,
			      "','user':{'username':'a\\u006en'},'userAgent':'cur\\u006c'}");
	struct json doc;
	struct arena scratch;
	struct record record = {0};

	assert_int_equal(arena_init(&scratch, 1 << 20), 0);
	struct json_value root = read_json(&doc, str_from(text));
	assert_true(acts_decode(RECORD_KUBE_AUDIT, root, &scratch, &record));
	assert_int_equal(record.id.len, ACT_TEXT_MAX);
	assert_true(str_equal(record.act.identity.name, STR("ann")));
	assert_true(str_equal(record.act.user_agent, STR("curl")));
	arena_fini(&scratch);
	free(text);
}

static void lists_are_bounded(void **state)
{
	char *text = repeated("{'kind':'Event','apiVersion':'audit.k8s.io/v1','verb':'get','user':"
			      "{'username':'ann','groups':[",
			      "'g',", 10000, "'last']},'sourceIPs':['::1']}");
	struct json doc;
	struct arena scratch;
	struct record record = {0};

	assert_int_equal(arena_init(&scratch, 1 << 20), 0);
	struct json_value root = read_json(&doc, str_from(text));
	assert_true(acts_decode(RECORD_KUBE_AUDIT, root, &scratch, &record));
	assert_int_equal(record.act.identity.group_count, ACT_GROUPS_MAX);
	assert_true(record.act.has_address);
	arena_fini(&scratch);
	free(text);
}

/* Whatever is called by whatever name: any decoder may be asked to read any record. */
static void any_decoder_bears_any_record(void **state)
{
	static const char *const texts[] = {
		"{'eventName':'X','eventSource':'Y','userIdentity':{'type':'Root'}}",
		"{'protoPayload':{'methodName':'X','serviceName':'k8s.io'},'verb':'get'}",
		"{'operationName':'X','properties':{'id':'1'},'events':[{'name':'n'}]}",
		"{'kind':'Event','verb':'get','type':'T','activityDisplayName':'A'}",
		"[]",
		"7",
		"",
	};
	struct json doc;
	struct arena scratch;

	assert_int_equal(arena_init(&scratch, 1 << 16), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (int kind = 0; kind < RECORD_KIND_COUNT; kind++) {
			struct record record = {0};
			struct json_value root = read_json(&doc, str_from(texts[i]));
			arena_reset(&scratch);
			bool is_told = acts_decode((enum record_kind)kind, root, &scratch, &record);
			assert_int_equal(record.kind, is_told ? kind : RECORD_OTHER);
			assert_int_equal(is_told, record.act.action.len > 0);
		}
	arena_fini(&scratch);
}

static void times_are_read_in_every_form(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{"'2026-11-22T10:00:00Z'", 1795341600},
		{"'2026-11-22T11:00:00+01:00'", 1795341600},
		{"'2026-11-22 10:00:00'", 1795341600},
		{"'20261122T100000Z'", 1795341600},
		{"'2026-11-22T10:00:0\\u0030Z'", 1795341600},
		{"'2026-13-22T10:00:00Z'", 0},
		{"'20261122T1000000'", 0},
		{"'yesterday'", 0},
		{"''", 0},
		{"1795341600", 0},
		{"null", 0},
		{"['2026-11-22T10:00:00Z']", 0},
		{"'2026-11-22T10:00:00.000000000000000000000000000000000000'", 0},
	};
	struct json doc;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(act_time(read_json(&doc, str_from(rows[i].text))).ns,
				 rows[i].seconds * 1000000000);
}

static void sources_are_read_in_every_form(void **state)
{
	static const struct {
		const char *text, *source;
		bool has_address;
	} rows[] = {
		{"198.51.100.7", "198.51.100.7", true},
		{"198.51.100.7:443", "198.51.100.7", true},
		{"2001:db8::7", "2001:db8::7", true},
		{"[2001:db8::7]:443", "2001:db8::7", true},
		{"ec2.amazonaws.com", "ec2.amazonaws.com", false},
		{"AWS Internal", "AWS Internal", false},
		{"198.51.100.7:99999", "198.51.100.7:99999", false},
		{"[]:1", "[]:1", false},
		{"", "", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct record_act act = {0};
		act_set_source(&act, str_from(rows[i].text));
		assert_true(str_equal(act.source, str_from(rows[i].source)));
		assert_int_equal(act.has_address, rows[i].has_address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kind_is_known_by_its_members),
		cmocka_unit_test(little_memory_costs_texts_and_nothing_else),
		cmocka_unit_test(one_huge_text_leaves_room_for_the_others),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(any_decoder_bears_any_record),
		cmocka_unit_test(times_are_read_in_every_form),
		cmocka_unit_test(sources_are_read_in_every_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
