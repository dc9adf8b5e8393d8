#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/record_case.h"
#include "lists/computing_prices.h"

extern const struct record_detector launch_burst_detector;

#define USER  "arn:aws:iam::111122223333:user/ci"
#define ADMIN "arn:aws:iam::111122223333:user/anna"
#define KEY   "AKIAIOSFODNN7EXAMPLE"
#define EC2   .service = "ec2.amazonaws.com"
#define QUOTA .service = "servicequotas.amazonaws.com", .action = "GetServiceQuota"
#define RUN   EC2, .action = "RunInstances"
#define WHO   .who = IDENTITY_USER, .by = USER, .key = KEY, .from = "198.51.100.7"
#define DAY   86400
/* somebody else, long before: the records reach back */
#define OLD                                                                                     \
	{                                                                                       \
		.at = 60, EC2, .action = "DescribeInstances", .by = ADMIN, .who = IDENTITY_USER \
	}
#define MANY(type, count)                                                          \
	.request = "{\"instanceType\":\"" type "\",\"instancesSet\":{\"items\":[{" \
		   "\"maxCount\":" #count "}]},\"userData\":\"canary-secret\"}"

static const struct record_story stories[] = {
	{"quotas read, a dry run, a raise, then GPUs in three regions",
	 {OLD,
	  {.at = 5 * DAY, WHO, QUOTA, .region = "us-east-1"},
	  {.at = 5 * DAY + 2, WHO, QUOTA, .region = "us-west-2"},
	  {.at = 5 * DAY + 4, WHO, QUOTA, .region = "eu-west-1"},
	  {.at = 5 * DAY + 10, WHO, RUN, .outcome = OUTCOME_DRY_RUN, MANY("p3.16xlarge", 1)},
	  {.at = 5 * DAY + 60,
	   WHO,
	   .service = "servicequotas.amazonaws.com",
	   .action = "RequestServiceQuotaIncrease",
	   .request = "{\"quotaCode\":\"L-417A185B\",\"desiredValue\":640}"},
	  {.at = 5 * DAY + 600,
	   WHO,
	   RUN,
	   .region = "us-east-1",
	   MANY("p3.16xlarge", 2),
	   .response = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-0aaaaaaaaaaaaaaa1\"},"
		       "{\"instanceId\":\"i-0aaaaaaaaaaaaaaa2\"}]}}"},
	  {.at = 5 * DAY + 700, WHO, RUN, .region = "us-west-2", MANY("p3.16xlarge", 2)},
	  {.at = 5 * DAY + 800,
	   .who = IDENTITY_USER,
	   .by = USER,
	   .key = "AKIAI44QH8DHBEXAMPLE",
	   .from = "203.0.113.9",
	   RUN,
	   .region = "eu-west-1",
	   MANY("p3.16xlarge", 1)},
	  {.at = 5 * DAY + 900,
	   WHO,
	   EC2,
	   .action = "ModifyInstanceAttribute",
	   .request = "{\"disableApiTermination\":{\"value\":true}}"}},
	 .verdict = VERDICT_SUSPECT,
	 .severity = SEVERITY_HIGH,
	 .says = {"\"vcpu\":320", "\"gpu\":40", "\"machines\":5", "\"cost_per_hour\":122.4",
		  "\"cost_most\":244.8",
		  "aws ec2 stop-instances --region us-east-1 --instance-ids "
		  "i-0aaaaaaaaaaaaaaa1 i-0aaaaaaaaaaaaaaa2",
		  "aws iam update-access-key --user-name ci --access-key-id " KEY
		  " --status Inactive",
		  "\"instances\":[\"i-0aaaaaaaaaaaaaaa1\",\"i-0aaaaaaaaaaaaaaa2\"]"},
	 .hides = {"canary-secret", "reach back less"}},
	{"the same without anything before: less sure, and said",
	 {{.at = 10, WHO, QUOTA, .region = "us-east-1"},
	  {.at = 12, WHO, QUOTA, .region = "us-west-2"},
	  {.at = 600, WHO, RUN, MANY("p3.16xlarge", 2)}},
	 .verdict = VERDICT_SUSPECT,
	 .severity = SEVERITY_HIGH,
	 .says = {"reach back less than a day", "\"confidence\":0.55"}},
	{"many machines and nothing else",
	 {OLD, {.at = 5 * DAY, WHO, RUN, MANY("c5.2xlarge", 20)}},
	 .verdict = VERDICT_SIGNAL,
	 .severity = SEVERITY_LOW,
	 .says = {"\"vcpu\":160", "\"cost_per_hour\":6.8"}},
	{"so many that it is a suspicion alone",
	 {OLD, {.at = 5 * DAY, WHO, RUN, MANY("c5.4xlarge", 40)}},
	 .verdict = VERDICT_SUSPECT,
	 .severity = SEVERITY_MEDIUM},
	{"a careful person's large launch",
	 {OLD,
	  {.at = 5 * DAY,
	   .who = IDENTITY_USER,
	   .by = ADMIN,
	   .mfa = true,
	   RUN,
	   MANY("p3.16xlarge", 4)}},
	 .verdict = VERDICT_SIGNAL,
	 .severity = SEVERITY_LOW,
	 .says = {"second factor"}},
	{"few machines", {OLD, {.at = 5 * DAY, WHO, RUN, MANY("c5.large", 3)}}, .is_silent = true},
	{"the provider's own, for a group",
	 {OLD,
	  {.at = 5 * DAY,
	   .who = IDENTITY_SERVICE,
	   .by = "autoscaling.amazonaws.com",
	   RUN,
	   MANY("c5.4xlarge", 99)},
	  {.at = 5 * DAY + 1,
	   .who = IDENTITY_ROLE,
	   .by = "arn:aws:iam::1:role/aws-service-role/x/AWSServiceRoleForEKS",
	   .invoked_by = "eks-nodegroup.amazonaws.com",
	   RUN,
	   .outcome = OUTCOME_DRY_RUN,
	   MANY("p3.16xlarge", 99)}},
	 .is_silent = true},
	{"through ECS, by tasks of one vCPU",
	 {OLD,
	  {.at = 5 * DAY, WHO, QUOTA, .region = "us-east-1"},
	  {.at = 5 * DAY + 1, WHO, QUOTA, .region = "us-east-2"},
	  {.at = 5 * DAY + 10,
	   WHO,
	   .service = "ecs.amazonaws.com",
	   .action = "RegisterTaskDefinition",
	   .request = "{\"family\":\"web\",\"cpu\":\"1024\"}"},
	  {.at = 5 * DAY + 20,
	   WHO,
	   .service = "ecs.amazonaws.com",
	   .action = "CreateService",
	   .request = "{\"serviceName\":\"s\",\"taskDefinition\":\"web:1\",\"desiredCount\":100}"}},
	 .verdict = VERDICT_SUSPECT,
	 .severity = SEVERITY_HIGH,
	 .says = {"\"vcpu\":100", "\"services\":[\"ECS\"]", "\"cost_per_hour\":4.048"}},
	{"a group by its template, which goes up and down",
	 {OLD,
	  {.at = 5 * DAY,
	   WHO,
	   EC2,
	   .action = "CreateLaunchTemplate",
	   .request = "{\"launchTemplateName\":\"t\",\"launchTemplateData\":{\"instanceType\":"
		      "\"g5.48xlarge\"}}"},
	  {.at = 5 * DAY + 10,
	   WHO,
	   .service = "autoscaling.amazonaws.com",
	   .action = "CreateAutoScalingGroup",
	   .request = "{\"autoScalingGroupName\":\"g\",\"desiredCapacity\":2,\"launchTemplate\":{"
		      "\"launchTemplateName\":\"t\"}}"},
	  {.at = 5 * DAY + 20,
	   WHO,
	   .service = "autoscaling.amazonaws.com",
	   .action = "SetDesiredCapacity",
	   .request = "{\"autoScalingGroupName\":\"g\",\"desiredCapacity\":5}"},
	  {.at = 5 * DAY + 30,
	   WHO,
	   .service = "autoscaling.amazonaws.com",
	   .action = "SetDesiredCapacity",
	   .request = "{\"autoScalingGroupName\":\"g\",\"desiredCapacity\":1}"},
	  {.at = 5 * DAY + 4000,
	   WHO,
	   .service = "autoscaling.amazonaws.com",
	   .action = "SetDesiredCapacity",
	   .request = "{\"autoScalingGroupName\":\"g\",\"desiredCapacity\":5}"}},
	 .verdict = VERDICT_SUSPECT,
	 .severity = SEVERITY_HIGH,
	 .says = {"\"machines\":5", "\"vcpu\":960", "\"gpu\":40", "\"cost_per_hour\":81.44"}},
	{"a type without a price",
	 {OLD,
	  {.at = 5 * DAY, WHO, QUOTA, .region = "us-east-1"},
	  {.at = 5 * DAY + 1, WHO, QUOTA, .region = "us-east-2"},
	  {.at = 5 * DAY + 5,
	   WHO,
	   .service = "sagemaker.amazonaws.com",
	   .action = "CreateTrainingJob",
	   .request = "{\"resourceConfig\":{\"instanceType\":\"ml.x9.16xlarge\",\"instanceCount\":"
		      "10}}"}},
	 .verdict = VERDICT_SUSPECT,
	 .severity = SEVERITY_HIGH,
	 .says = {"\"cost_per_hour\":\"unknown\"", "\"cost_most\":\"unknown\"",
		  "\"cost_unknown_for\":10", "\"vcpu\":640"}},
	{"only refused",
	 {OLD, {.at = 5 * DAY, WHO, RUN, .outcome = OUTCOME_DENIED, MANY("p2.xlarge", 10)}},
	 .verdict = VERDICT_SIGNAL,
	 .severity = SEVERITY_LOW,
	 .says = {"\"denied\":1", "\"machines\":0"}},
	{"one launch that somebody may not do",
	 {OLD, {.at = 5 * DAY, WHO, RUN, .outcome = OUTCOME_DENIED, MANY("t3.micro", 1)}},
	 .is_silent = true},
	{"a tool for attacks, and refused",
	 {OLD,
	  {.at = 5 * DAY,
	   WHO,
	   RUN,
	   .outcome = OUTCOME_DENIED,
	   .agent = "stratus-red-team_1",
	   MANY("p2.xlarge", 10)}},
	 .verdict = VERDICT_SIGNAL,
	 .severity = SEVERITY_MEDIUM},
	{"Azure: machines, each told three times",
	 {{.kind = RECORD_AZURE_ACTIVITY,
	   .at = 1,
	   .by = "x@example.com",
	   .action = "MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE"},
	  {.kind = RECORD_AZURE_ACTIVITY,
	   .at = 5 * DAY,
	   .by = "eve@example.com",
	   .who = IDENTITY_USER,
	   .action = "MICROSOFT.QUOTA/QUOTAS/WRITE",
	   .region = "eastus"},
	  {.kind = RECORD_AZURE_ACTIVITY,
	   .at = 5 * DAY + 9,
	   .by = "eve@example.com",
	   .who = IDENTITY_USER,
	   .action = "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE",
	   .is_under_way = true,
	   .thing = "/subscriptions/S/providers/Microsoft.Compute/"
		    "virtualMachines/a b",
	   .request = "{\"properties\":{\"hardwareProfile\":{\"vmSize\":"
		      "\"Standard_NC96ads_A100_v4\"}}}"},
	  {.kind = RECORD_AZURE_ACTIVITY,
	   .at = 5 * DAY + 10,
	   .by = "eve@example.com",
	   .who = IDENTITY_USER,
	   .action = "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE",
	   .thing = "/subscriptions/s/providers/Microsoft.Compute/virtualMachines/a b"},
	  {.kind = RECORD_AZURE_ACTIVITY,
	   .at = 5 * DAY + 11,
	   .by = "eve@example.com",
	   .who = IDENTITY_USER,
	   .action = "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE",
	   .thing = "/subscriptions/s/providers/Microsoft.Compute/virtualMachines/a b"}},
	 .verdict = VERDICT_SUSPECT,
	 .severity = SEVERITY_HIGH,
	 .says = {"\"machines\":1", "\"vcpu\":96", "\"gpu\":4", "\"cost_per_hour\":14.692",
		  "az vm deallocate --ids '/subscriptions/s/providers/Microsoft.Compute/"
		  "virtualMachines/a b'",
		  "az ad user update --id eve@example.com --account-enabled false"}},
	{"Google: GPUs beside the machines",
	 {{.kind = RECORD_GCP_AUDIT, .at = 1, .by = "x@example.com"},
	  {.kind = RECORD_GCP_AUDIT,
	   .at = 5 * DAY,
	   .region = "us-central1-a",
	   .by = "sa@p.iam.gserviceaccount.com",
	   .who = IDENTITY_SERVICE_ACCOUNT,
	   .service = "compute.googleapis.com",
	   .action = "v1.compute.instances.bulkInsert",
	   .request = "{\"count\":8,\"instanceProperties\":{\"machineType\":\"n1-standard-16\","
		      "\"guestAccelerators\":[{\"acceleratorCount\":2}]}}"}},
	 .verdict = VERDICT_SUSPECT,
	 .severity = SEVERITY_HIGH,
	 .says = {"\"vcpu\":128", "\"gpu\":16", "\"regions\":[\"us-central1\"]",
		  "gcloud iam service-accounts disable sa@p.iam.gserviceaccount.com",
		  "\"cost_per_hour\":\"unknown\""}},
};

static void each_story_ends_the_same_in_every_order(void **state)
{
	struct case_result *result = malloc(sizeof(*result));

	assert_non_null(result);
	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++) {
		record_case_story(&launch_burst_detector, &stories[i], result);
		for (size_t k = 0; k < result->count; k++)
			record_case_hides(stories[i].name, &result->at[k], "canary-secret");
	}
	free(result);
}

/* Ten days alike, and one that is hardly more; then one with five times as much. */
static void who_always_creates_much_may(void **state)
{
	enum { DAYS = 10, A_DAY = 6 };
	static struct record_row rows[DAYS * A_DAY + 2];
	struct case_result *result = malloc(sizeof(*result));
	size_t count = 0;

	assert_non_null(result);
	for (int day = 0; day < DAYS; day++)
		for (int i = 0; i < A_DAY; i++)
			rows[count++] = (struct record_row){
				.at = 60 + day * DAY + i * 3600, WHO, RUN, MANY("c5.4xlarge", 2)};
	rows[count++] = (struct record_row){.at = DAYS * DAY, WHO, RUN, MANY("c5.4xlarge", 15)};
	record_case_run(&launch_burst_detector, rows, count, result);
	assert_int_equal(result->count, 0);
	rows[count++] = (struct record_row){
		.at = DAYS * DAY + 60, WHO, RUN, .region = "sa-east-1", MANY("g5.xlarge", 60)};
	record_case_run(&launch_burst_detector, rows, count, result);
	assert_int_equal(result->count, 1);
	assert_int_equal(result->at[0].verdict, VERDICT_SUSPECT);
	record_case_says("grown", &result->at[0], "\"new_regions\":[\"sa-east-1\"]");
	record_case_says("grown", &result->at[0], "\"new_types\":[\"g5.xlarge\"]");
	record_case_says("grown", &result->at[0], "\"history_vcpu\":192");
	free(result);
}

static void observe_row(void *of, const struct record_row *row, size_t number)
{
	struct case_nodes *nodes = malloc(sizeof(*nodes));
	struct record record;

	assert_non_null(nodes);
	record_case_fill(row, number, nodes, &record);
	launch_burst_detector.observe(of, &record);
	free(nodes);
}

/* A million identities that were never there, in a table of a thousand. */
static void a_flood_does_not_wash_away_what_is_watched(void **state)
{
	enum { JUNK = 1000000 };
	static const struct record_row before[] = {
		OLD,
		{.at = 5 * DAY, WHO, RUN, .region = "us-east-1", MANY("p3.16xlarge", 2)},
		{.at = 5 * DAY + 700, WHO, RUN, .region = "us-west-2", MANY("p3.16xlarge", 2)},
	};
	static const struct record_row junk = {.at = 5 * DAY + 800,
					       .who = IDENTITY_USER,
					       RUN,
					       .outcome = OUTCOME_DENIED,
					       MANY("c5.large", 1)};
	static const struct record_row after = {
		.at = 5 * DAY + 900, WHO, RUN, .region = "eu-west-1", MANY("p3.16xlarge", 1)};
	struct computing_prices *prices = NULL;
	struct case_nodes *nodes = malloc(sizeof(*nodes));
	struct case_result *result = malloc(sizeof(*result));
	struct record record;
	char name[64], id[32];
	void *of = NULL;

	assert_true(nodes && result);
	assert_int_equal(computing_prices_built_in(&prices), 0);
	const struct record_settings settings = {.seed = 1, .capacity = 1024, .prices = prices};
	assert_int_equal(launch_burst_detector.create(&settings, &of), 0);
	for (size_t i = 0; i < 3; i++)
		observe_row(of, &before[i], i);
	record_case_fill(&junk, 9, nodes, &record);
	for (int i = 0; i < JUNK; i++) {
		record.act.identity.name =
			str_of(name, (size_t)snprintf(name, sizeof(name),
						      "arn:aws:iam::1:user/junk-%d", i));
		record.id = str_of(id, (size_t)snprintf(id, sizeof(id), "junk-%d", i));
		launch_burst_detector.observe(of, &record);
	}
	observe_row(of, &after, 3);
	record_case_report(&launch_burst_detector, of, result);
	assert_int_equal(result->count, 1);
	assert_int_equal(result->at[0].verdict, VERDICT_SUSPECT);
	record_case_says("flood", &result->at[0], "\"vcpu\":320");
	launch_burst_detector.destroy(of);
	computing_prices_free(prices);
	free(result);
	free(nodes);
}

static void the_users_prices_count(void **state)
{
	static const char text[] =
		"# name: ours\n# source: us\n# date: 2026-11-22\n# licence: none\n"
		"aws c5.4xlarge 16 0 2\n";
	static const struct record_row row = {.at = DAY, WHO, RUN, MANY("c5.4xlarge", 40)};
	struct computing_prices *prices = NULL;
	struct case_result *result = malloc(sizeof(*result));
	struct error why;
	void *of = NULL;

	assert_non_null(result);
	assert_int_equal(computing_prices_read("ours", str_from(text), &prices, &why), 0);
	const struct record_settings settings = {.seed = 1, .capacity = 64, .prices = prices};
	assert_int_equal(launch_burst_detector.create(&settings, &of), 0);
	observe_row(of, &row, 0);
	record_case_report(&launch_burst_detector, of, result);
	assert_int_equal(result->count, 1);
	record_case_says("prices", &result->at[0], "\"cost_per_hour\":80");
	record_case_says("prices", &result->at[0], "\"cost_table_date\":\"2026-11-22\"");
	launch_burst_detector.destroy(of);
	computing_prices_free(prices);
	free(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_story_ends_the_same_in_every_order),
		cmocka_unit_test(who_always_creates_much_may),
		cmocka_unit_test(a_flood_does_not_wash_away_what_is_watched),
		cmocka_unit_test(the_users_prices_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
