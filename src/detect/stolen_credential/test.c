#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/record_case.h"

extern const struct record_detector stolen_credential_detector;

#define DAY   86400
#define ROLE  "arn:aws:iam::111122223333:role/web"
#define USER  "arn:aws:iam::111122223333:user/deploy"
#define KEY   "AKIAIOSFODNN7EXAMPLE"
#define KEY64 "QUtJQUlPU0ZPRE5ON0VYQU1QTEU="
/* a machine's session, and what it does at home */
#define ON(machine, key_id) \
	.who = IDENTITY_INSTANCE, .by = ROLE, .instance = machine, .session = machine, .key = key_id
#define READ	.service = "s3.amazonaws.com", .action = "GetObject", .agent = "Boto3/1.28"
#define ASK	.service = "sts.amazonaws.com", .action = "GetCallerIdentity"
#define NAT	.from = "198.51.100.7"
#define ABROAD	.from = "203.0.113.9"
#define A	"ASIAAAAAAAAAAAAAAAA1"
#define B	"ASIABBBBBBBBBBBBBBB2"
#define C	"ASIACCCCCCCCCCCCCCC3"
#define BY_KEY	.who = IDENTITY_USER, .by = USER, .key = KEY
#define CLUSTER .kind = RECORD_KUBE_AUDIT, .resource = "secrets", .ns = "prod", .name = "s3-keys"
#define REFUSED .outcome = OUTCOME_DENIED, ABROAD

static const struct record_story stories[] = {
	{"a machine's key, abroad",
	 {{.at = 10, ON("i-0a", A), READ, NAT},
	  {.at = 900, ON("i-0a", A), READ, NAT},
	  {.at = 1800, ON("i-0a", A), READ, NAT},
	  {.at = 2000, ON("i-0a", A), ASK, ABROAD, .agent = "aws-cli/2.13"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_HIGH,
	 .says = {"T1552.005", "203.0.113.9", "left its machine", "\"home\":\"198.51.100.7\"",
		  "aws:TokenIssueTime", "\"instance\":\"i-0a\""}},
	{"the machine was started again and has another address",
	 {{.at = 10, ON("i-0a", A), READ, NAT},
	  {.at = 20, ON("i-0a", A), READ, NAT},
	  {.at = 9000, ON("i-0a", B), READ, ABROAD},
	  {.at = 9010, ON("i-0a", B), READ, ABROAD}},
	 .is_silent = true},
	{"one way out is all there is",
	 {{.at = 10, ON("i-0a", A), READ, NAT}, {.at = 90, ON("i-0a", A), READ, NAT}},
	 .is_silent = true},
	{"two addresses of one network",
	 {{.at = 10, ON("i-0a", A), READ, NAT},
	  {.at = 90, ON("i-0a", A), READ, .from = "198.51.100.200"}},
	 .is_silent = true},
	{"a private address, and a way out",
	 {{.at = 10, ON("i-0a", A), READ, .from = "10.0.3.4"},
	  {.at = 20, ON("i-0a", A), READ, .from = "10.0.3.4"},
	  {.at = 90, ON("i-0a", A), READ, NAT}},
	 .is_silent = true},
	{"a service's name is no address",
	 {{.at = 10, ON("i-0a", A), READ, NAT},
	  {.at = 90, ON("i-0a", A), READ, .from = "ec2.amazonaws.com"}},
	 .is_silent = true},
	{"two ways out, which other machines use, too",
	 {{.at = 10, ON("i-0a", A), READ, NAT},
	  {.at = 20, ON("i-0a", A), READ, NAT},
	  {.at = 90, ON("i-0a", A), READ, ABROAD},
	  {.at = 91, ON("i-0b", B), READ, ABROAD},
	  {.at = 92, ON("i-0c", C), READ, ABROAD}},
	 .is_silent = true},
	{"an address that the machine was given",
	 {{.at = 1,
	   BY_KEY,
	   .service = "ec2.amazonaws.com",
	   .action = "RunInstances",
	   .from = "10.0.0.1",
	   .response = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-0a\",\"ipAddress\":"
		       "\"203.0.113.9\"}]}}"},
	  {.at = 10, ON("i-0a", A), READ, NAT},
	  {.at = 20, ON("i-0a", A), READ, NAT},
	  {.at = 90, ON("i-0a", A), READ, ABROAD}},
	 .is_silent = true},
	{"a pod's session, abroad, with a tool for attacks",
	 {{.at = 10,
	   .who = IDENTITY_POD,
	   .by = ROLE,
	   .key = A,
	   .issuer = "system:serviceaccount:prod:web",
	   READ,
	   .from = "10.0.0.9"},
	  {.at = 90,
	   .who = IDENTITY_POD,
	   .by = ROLE,
	   .key = A,
	   .issuer = "system:serviceaccount:prod:web",
	   ASK,
	   ABROAD,
	   .agent = "aws-cli/2.0 kali-linux"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_HIGH,
	 .says = {"T1552.007", "made for attacks"}},
	{"a key from two places at once, by different programs",
	 {{.at = 10, BY_KEY, READ, NAT},
	  {.at = 2 * DAY, BY_KEY, READ, NAT},
	  {.at = 2 * DAY + 60, BY_KEY, ASK, ABROAD, .agent = "aws-cli/2.13"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_MEDIUM,
	 .says = {"two far-apart places", "T1078.004",
		  "aws iam update-access-key --user-name deploy --access-key-id " KEY
		  " --status Inactive",
		  "--status Active"}},
	{"the same without a day before it",
	 {{.at = 10, BY_KEY, READ, NAT},
	  {.at = 20, BY_KEY, READ, NAT},
	  {.at = 60, BY_KEY, ASK, ABROAD, .agent = "aws-cli/2.13"}},
	 .verdict = VERDICT_SIGNAL,
	 .severity = SEVERITY_LOW},
	{"a program inside and a person outside",
	 {{.at = 10, BY_KEY, READ, .from = "10.0.0.5"},
	  {.at = 2 * DAY, BY_KEY, READ, .from = "10.0.0.5"},
	  {.at = 2 * DAY + 60, BY_KEY, ASK, ABROAD, .agent = "aws-cli/2.13"}},
	 .verdict = VERDICT_SIGNAL,
	 .severity = SEVERITY_LOW},
	{"the same program in two places",
	 {{.at = 10, BY_KEY, READ, NAT}, {.at = 60, BY_KEY, READ, ABROAD}},
	 .is_silent = true},
	{"another program, a day later: somebody travels",
	 {{.at = 10, BY_KEY, READ, NAT}, {.at = DAY, BY_KEY, ASK, ABROAD, .agent = "aws-cli/2.13"}},
	 .is_silent = true},
	{"a key that anybody could read in a cluster",
	 {{.at = 10,
	   CLUSTER,
	   .who = IDENTITY_ANONYMOUS,
	   .by = "system:anonymous",
	   ABROAD,
	   .action = "get",
	   .response = "{\"data\":{\"id\":\"" KEY64 "\",\"secret\":\"Y2FuYXJ5LXNlY3JldA==\"}}"},
	  {.at = 600, BY_KEY, ASK, .from = "192.0.2.77", .agent = "aws-cli/2.13"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_HIGH,
	 .says = {"exactly this key id", "prod/secrets/s3-keys", "T1552.007", KEY, "192.0.2.77"},
	 .hides = {"Y2FuYXJ5", "canary"}},
	{"a key that a console's own account read: whoever opened the console",
	 {{.at = 10,
	   CLUSTER,
	   .who = IDENTITY_SERVICE_ACCOUNT,
	   .by = "system:serviceaccount:kubernetes-dashboard:kubernetes-dashboard",
	   ABROAD,
	   .action = "get",
	   .response = "{\"data\":{\"id\":\"" KEY64 "\"}}"},
	  {.at = 600, BY_KEY, ASK, .from = "192.0.2.77", .agent = "aws-cli/2.13"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_HIGH,
	 .says = {"exactly this key id", KEY}},
	{"who reads keys for pods",
	 {{.at = 10,
	   CLUSTER,
	   .who = IDENTITY_SERVICE_ACCOUNT,
	   .by = "system:serviceaccount:infra:external-secrets",
	   .from = "10.0.0.2",
	   .action = "get",
	   .response = "{\"data\":{\"id\":\"" KEY64 "\"}}"},
	  {.at = 600, BY_KEY, READ, NAT}},
	 .is_silent = true},
	{"it was used before it was read, and never again",
	 {{.at = 10, BY_KEY, READ, NAT},
	  {.at = 600,
	   CLUSTER,
	   .who = IDENTITY_ANONYMOUS,
	   .by = "system:anonymous",
	   ABROAD,
	   .action = "get",
	   .response = "{\"data\":{\"id\":\"" KEY64 "\"}}"}},
	 .is_silent = true},
	{"the read was refused",
	 {{.at = 10,
	   CLUSTER,
	   .who = IDENTITY_ANONYMOUS,
	   .by = "system:anonymous",
	   REFUSED,
	   .action = "get",
	   .response = "{\"data\":{\"id\":\"" KEY64 "\"}}"},
	  {.at = 600, BY_KEY, READ, NAT}},
	 .is_silent = true},
	{"a key that is tried out, over the border of ten minutes",
	 {{.at = 590, BY_KEY, ASK, ABROAD},
	  {.at = 595, BY_KEY, REFUSED, .service = "iam.amazonaws.com", .action = "ListUsers"},
	  {.at = 598, BY_KEY, REFUSED, .service = "s3.amazonaws.com", .action = "ListBuckets"},
	  {.at = 602,
	   BY_KEY,
	   REFUSED,
	   .service = "ec2.amazonaws.com",
	   .action = "DescribeInstances"},
	  {.at = 605, BY_KEY, REFUSED, .service = "ses.amazonaws.com", .action = "GetAccount"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_MEDIUM,
	 .says = {"tried out", "\"denied_services\":4", "T1580"}},
	{"a set-up that lacks rights",
	 {{.at = 90, BY_KEY, ASK, .agent = "Terraform/1.5", ABROAD},
	  {.at = 95,
	   BY_KEY,
	   REFUSED,
	   .agent = "Terraform/1.5",
	   .service = "iam.amazonaws.com",
	   .action = "ListUsers"},
	  {.at = 98,
	   BY_KEY,
	   REFUSED,
	   .agent = "Terraform/1.5",
	   .service = "s3.amazonaws.com",
	   .action = "ListBuckets"},
	  {.at = 99,
	   BY_KEY,
	   REFUSED,
	   .agent = "Terraform/1.5",
	   .service = "ec2.amazonaws.com",
	   .action = "DescribeInstances"}},
	 .verdict = VERDICT_SIGNAL,
	 .severity = SEVERITY_LOW},
	{"refused by two services",
	 {{.at = 90, BY_KEY, ASK, ABROAD},
	  {.at = 95, BY_KEY, REFUSED, .service = "iam.amazonaws.com", .action = "ListUsers"},
	  {.at = 98, BY_KEY, REFUSED, .service = "s3.amazonaws.com", .action = "ListBuckets"}},
	 .is_silent = true},
};

static void each_story_ends_the_same_in_every_order(void **state)
{
	struct case_result *result = malloc(sizeof(*result));

	assert_non_null(result);
	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++)
		record_case_story(&stolen_credential_detector, &stories[i], result);
	free(result);
}

/* An address of its own that only the flow log tells, of IPv6. */
static void a_flow_tells_what_address_a_machine_has(void **state)
{
	enum { COUNT = 4, FLOW = 3 };
	struct record_row rows[COUNT] = {
		{.at = 10, ON("i-0a", A), READ, NAT},
		{.at = 20, ON("i-0a", A), READ, NAT},
		{.at = 90, ON("i-0a", A), READ, .from = "2001:db8:7::9"},
		{.kind = RECORD_FLOW,
		 .at = 5,
		 .instance = "i-0a",
		 .interface = "eni-1",
		 .from = "2001:db8:7::9",
		 .to = "2001:db8:ffff::1"},
	};
	const struct record_settings settings = {.seed = 1, .capacity = 64};
	struct case_result *result = malloc(sizeof(*result));
	struct case_nodes *nodes = malloc(COUNT * sizeof(*nodes));
	struct record record;

	assert_true(result && nodes);
	for (int with_flow = 0; with_flow < 2; with_flow++) {
		void *of = NULL;
		assert_int_equal(stolen_credential_detector.create(&settings, &of), 0);
		for (size_t i = 0; i < (with_flow ? COUNT : FLOW); i++) {
			record_case_fill(&rows[i], i, &nodes[i], &record);
			if (i == FLOW)
				record.flow.direction = 1;
			stolen_credential_detector.observe(of, &record);
		}
		record_case_report(&stolen_credential_detector, of, result);
		assert_int_equal(result->count, with_flow ? 0 : 1);
		stolen_credential_detector.destroy(of);
	}
	free(nodes);
	free(result);
}

/* A million keys that come once, between a machine's acts at home, abroad, and at home again. */
static void a_flood_does_not_wash_away_what_is_watched(void **state)
{
	enum { JUNK = 1000000 };
	static const struct record_row rows[] = {
		{.at = 10, ON("i-0a", A), READ, NAT},
		{.at = 20, ON("i-0a", A), READ, NAT},
		{.at = 30, ON("i-0a", A), ASK, ABROAD, .agent = "aws-cli/2"},
	};
	static const struct record_row junk = {
		.at = 40, BY_KEY, REFUSED, .service = "s3.amazonaws.com", .action = "ListBuckets"};
	const struct record_settings settings = {.seed = 1, .capacity = 1024};
	struct case_result *result = malloc(sizeof(*result));
	struct case_nodes *nodes = malloc(sizeof(*nodes));
	struct record record;
	char key[32];
	void *of = NULL;

	assert_true(result && nodes);
	assert_int_equal(stolen_credential_detector.create(&settings, &of), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		record_case_fill(&rows[i], i, nodes, &record);
		stolen_credential_detector.observe(of, &record);
	}
	record_case_fill(&junk, 9, nodes, &record);
	for (int i = 0; i < JUNK; i++) {
		record.act.identity.key_id =
			str_of(key, (size_t)snprintf(key, sizeof(key), "AKIA%016d", i));
		record.id = record.act.identity.key_id;
		stolen_credential_detector.observe(of, &record);
	}
	record_case_report(&stolen_credential_detector, of, result);
	assert_int_equal(result->count, 1);
	record_case_says("flood", &result->at[0], "\"key_id\":\"" A "\"");
	assert_int_equal(result->at[0].severity, SEVERITY_HIGH);
	stolen_credential_detector.destroy(of);
	free(nodes);
	free(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_story_ends_the_same_in_every_order),
		cmocka_unit_test(a_flow_tells_what_address_a_machine_has),
		cmocka_unit_test(a_flood_does_not_wash_away_what_is_watched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
