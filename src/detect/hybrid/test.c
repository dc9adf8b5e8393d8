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

extern const struct record_detector hybrid_detector;

#define DAY	 86400
#define ROLE	 "arn:aws:iam::111122223333:role/web"
#define ADMIN	 "arn:aws:iam::111122223333:role/admin"
#define USER	 "arn:aws:iam::111122223333:user/deploy"
#define PIPE	 "arn:aws:iam::111122223333:role/pipeline"
#define KEY	 "AKIAIOSFODNN7EXAMPLE"
#define A	 "ASIAAAAAAAAAAAAAAAA1"
#define SESSION	 "ASIASSSSSSSSSSSSSSS9"
#define HOME	 .from = "198.51.100.7"
#define ABROAD	 .from = "203.0.113.9", .agent = "aws-cli/2.13"
#define MACHINE	 .who = IDENTITY_INSTANCE, .by = ROLE, .instance = "i-0a", .key = A
#define S3(what) .service = "s3.amazonaws.com", .action = what
#define GET(bucket, object) \
	S3("GetObject"), .request = "{\"bucketName\":\"" bucket "\",\"key\":\"" object "\"}"
#define RUN(type, count)                                          \
	.service = "ec2.amazonaws.com", .action = "RunInstances", \
	.request = "{\"instanceType\":\"" type                    \
		   "\",\"instancesSet\":{\"items\":[{\"maxCount\":" #count "}]}}"
/* a machine's key at home, and then abroad */
#define STOLEN                                                                      \
	{.at = 10, MACHINE, HOME, .agent = "Boto3", GET("web", "index")},           \
		{.at = 900, MACHINE, HOME, .agent = "Boto3", GET("web", "index")},  \
		{.at = 1800, MACHINE, HOME, .agent = "Boto3", GET("web", "index")}, \
	{                                                                           \
		.at = 2000, MACHINE, ABROAD, .service = "sts.amazonaws.com",        \
		.action = "GetCallerIdentity"                                       \
	}

static const struct record_story stories[] = {
	{"a stolen key reads one bucket, and creates computing; three lists",
	 {STOLEN,
	  {.at = 2100, MACHINE, ABROAD, S3("ListBuckets")},
	  {.at = 2200, MACHINE, ABROAD, GET("telemetry", "cars.csv"), .bytes = 1000},
	  {.at = 2210, MACHINE, ABROAD, GET("telemetry", "trips.csv"), .bytes = 500},
	  {.at = 2220, MACHINE, ABROAD, GET("telemetry", "trips.csv"), .bytes = 500},
	  {.at = 2300, MACHINE, ABROAD, RUN("g5.48xlarge", 1)},
	  /* others write to a bucket all the time: its acts are recorded */
	  {.at = 1000,
	   .who = IDENTITY_ROLE,
	   .by = PIPE,
	   S3("PutObject"),
	   .request = "{\"bucketName\":\"orders\",\"key\":\"x\"}"},
	  {.at = 5000,
	   .who = IDENTITY_ROLE,
	   .by = PIPE,
	   S3("PutObject"),
	   .request = "{\"bucketName\":\"orders\",\"key\":\"y\"}"},
	  /* of these nothing is recorded then, or never */
	  {.at = 60,
	   .who = IDENTITY_ROLE,
	   .by = PIPE,
	   S3("PutObject"),
	   .request = "{\"bucketName\":\"archive\",\"key\":\"x\"}"},
	  {.at = 70,
	   .who = IDENTITY_ROLE,
	   .by = PIPE,
	   S3("PutBucketAcl"),
	   .request = "{\"bucketName\":\"backup\",\"x-amz-acl\":\"public-read\"}"},
	  {.at = 80,
	   .who = IDENTITY_ROLE,
	   .by = PIPE,
	   S3("GetBucketLocation"),
	   .request = "{\"bucketName\":\"ledger\"}"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_CRITICAL,
	 .says = {"\"touched\":[\"buckets: all of them listed\",\"bucket telemetry: read, about 2 "
		  "objects, "
		  "2000 bytes\"]",
		  "\"not_touched\":[\"bucket orders\"]",
		  "bucket archive: no act of anybody on its data from 2026-11-01T00:35:00Z",
		  "bucket backup: no act on its data is in the records at all",
		  "bucket ledger: no act on its data is in the records at all",
		  "bucket web: no act of anybody", "\"computing_units\":256", "T1530", "T1496.001",
		  "\"key_id\":\"" A "\""},
	 .hides = {"bucket nowhere"}},
	{"a stolen key that touches no data is another room's",
	 {STOLEN, {.at = 2300, MACHINE, ABROAD, RUN("g5.48xlarge", 1)}},
	 .is_silent = true},
	{"a stolen key that is refused",
	 {STOLEN, {.at = 2200, MACHINE, ABROAD, .outcome = OUTCOME_DENIED, GET("telemetry", "a")}},
	 .is_silent = true},
	{"through a role that the stolen key may take",
	 {STOLEN,
	  {.at = 2100,
	   MACHINE,
	   ABROAD,
	   .service = "sts.amazonaws.com",
	   .action = "AssumeRole",
	   .response = "{\"credentials\":{\"accessKeyId\":\"" SESSION
		       "\",\"sessionToken\":\"canary-token\"}}"},
	  {.at = 2200,
	   .who = IDENTITY_ROLE,
	   .by = ADMIN,
	   .key = SESSION,
	   ABROAD,
	   .service = "ec2.amazonaws.com",
	   .action = "ModifySnapshotAttribute",
	   .request = "{\"snapshotId\":\"snap-1\",\"createVolumePermission\":{\"add\":{\"items\":"
		      "[{\"userId\":\"999999999999\"}]}}}"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_CRITICAL,
	 .says = {"gave it the session", "snapshot snap-1: shared out", "T1537",
		  "aws ec2 modify-snapshot-attribute --snapshot-id snap-1 --attribute "
		  "createVolumePermission --operation-type remove --user-ids 999999999999",
		  "--operation-type add", ADMIN},
	 .hides = {"canary-token"}},
	{"another identity from the thief's address",
	 {STOLEN,
	  {.at = 2200,
	   .who = IDENTITY_USER,
	   .by = USER,
	   .key = KEY,
	   ABROAD,
	   GET("telemetry", "a"),
	   .bytes = 7}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_HIGH,
	 .says = {"it acted from 203.0.113.9", "bucket telemetry: read, about 1 object, 7 bytes",
		  "aws iam update-access-key --user-name deploy"}},
	{"a pipeline that reads and creates by its own role",
	 {{.at = 10, .who = IDENTITY_ROLE, .by = PIPE, HOME, GET("orders", "a"), .bytes = 1000},
	  {.at = 20,
	   .who = IDENTITY_ROLE,
	   .by = PIPE,
	   HOME,
	   S3("ListObjects"),
	   .request = "{\"bucketName\":\"orders\"}"},
	  {.at = 30,
	   .who = IDENTITY_ROLE,
	   .by = PIPE,
	   HOME,
	   S3("CopyObject"),
	   .request = "{\"bucketName\":\"orders\",\"key\":\"b\"}"},
	  {.at = 40, .who = IDENTITY_ROLE, .by = PIPE, HOME, RUN("g5.48xlarge", 4)}},
	 .is_silent = true},
	{"a builder of images shares them",
	 {{.at = 10, .who = IDENTITY_ROLE, .by = PIPE, HOME, RUN("c5.large", 1)},
	  {.at = 20,
	   .who = IDENTITY_ROLE,
	   .by = PIPE,
	   HOME,
	   .service = "ec2.amazonaws.com",
	   .action = "ModifyImageAttribute",
	   .request =
		   "{\"imageId\":\"ami-1\",\"launchPermission\":{\"add\":{\"items\":[{\"userId\":"
		   "\"1\"}]}}}"}},
	 .is_silent = true},
	{"shares a snapshot and creates much: worth a word",
	 {{.at = 10, .who = IDENTITY_ROLE, .by = PIPE, HOME, RUN("c5.4xlarge", 9)},
	  {.at = 20,
	   .who = IDENTITY_ROLE,
	   .by = PIPE,
	   HOME,
	   .service = "ec2.amazonaws.com",
	   .action = "ModifySnapshotAttribute",
	   .request = "{\"snapshotId\":\"snap-1\",\"createVolumePermission\":{\"add\":{\"items\":"
		      "[{\"userId\":\"1\"}]}}}"}},
	 .verdict = VERDICT_SIGNAL,
	 .severity = SEVERITY_LOW},
	{"opens a bucket to everybody and creates much",
	 {{.at = 10, .who = IDENTITY_USER, .by = USER, .key = KEY, HOME, RUN("c5.4xlarge", 9)},
	  {.at = 20,
	   .who = IDENTITY_USER,
	   .by = USER,
	   .key = KEY,
	   HOME,
	   S3("PutBucketPolicy"),
	   .request = "{\"bucketName\":\"web site\",\"bucketPolicy\":{\"Statement\":[{"
		      "\"Principal\":\"*\"}]}}"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_MEDIUM,
	 .says = {"aws s3api put-public-access-block --bucket 'web site' "
		  "--public-access-block-configuration",
		  "bucket web site: opened to everybody"}},
	{"a policy for oneself opens nothing",
	 {{.at = 10, .who = IDENTITY_USER, .by = USER, .key = KEY, HOME, RUN("c5.4xlarge", 9)},
	  {.at = 20,
	   .who = IDENTITY_USER,
	   .by = USER,
	   .key = KEY,
	   HOME,
	   S3("PutBucketPolicy"),
	   .request = "{\"bucketName\":\"web\",\"bucketPolicy\":{\"Statement\":[{\"Principal\":{"
		      "\"AWS\":\"arn:aws:iam::1:root\"}}]}}"}},
	 .is_silent = true},
	{"Azure: a tool for attacks takes a store's keys and makes machines",
	 {{.kind = RECORD_AZURE_ACTIVITY,
	   .at = 10,
	   .who = IDENTITY_USER,
	   .by = "eve@example.com",
	   .agent = "azurecli kali",
	   .from = "203.0.113.9",
	   .action = "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION",
	   .thing = "/s/store",
	   .thing_type = "storage account"},
	  {.kind = RECORD_AZURE_ACTIVITY,
	   .at = 20,
	   .who = IDENTITY_USER,
	   .by = "eve@example.com",
	   .from = "203.0.113.9",
	   .action = "MICROSOFT.COMPUTE/VIRTUALMACHINESCALESETS/WRITE",
	   .thing = "/s/vmss",
	   .request = "{\"sku\":{\"name\":\"Standard_F16s_v2\",\"capacity\":4}}"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_HIGH,
	 .says = {"storage account /s/store: its keys taken",
		  "az storage account keys renew --key primary --ids /s/store",
		  "made for attacks"}},
	{"Google: a bucket opened to everybody, and machines",
	 {{.kind = RECORD_GCP_AUDIT,
	   .at = 10,
	   .who = IDENTITY_USER,
	   .by = "eve@example.com",
	   .service = "storage.googleapis.com",
	   .action = "storage.setIamPermissions",
	   .thing = "projects/_/buckets/b1",
	   .request = "{\"bindings\":[{\"members\":[\"allUsers\"]}]}"},
	  {.kind = RECORD_GCP_AUDIT,
	   .at = 20,
	   .who = IDENTITY_USER,
	   .by = "eve@example.com",
	   .service = "compute.googleapis.com",
	   .action = "v1.compute.instances.bulkInsert",
	   .request = "{\"count\":9,\"instanceProperties\":{\"machineType\":\"n2-standard-8\"}}"}},
	 .verdict = VERDICT_ACCESS,
	 .severity = SEVERITY_MEDIUM,
	 .says = {"bucket b1: opened to everybody",
		  "gcloud storage buckets update --public-access-prevention gs://b1"}},
};

static void each_story_ends_the_same_in_every_order(void **state)
{
	struct case_result *result = malloc(sizeof(*result));

	assert_non_null(result);
	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++)
		record_case_story(&hybrid_detector, &stories[i], result);
	free(result);
}

/* A million identities that ask for data and are refused, in the middle of a theft. */
static void a_flood_does_not_wash_away_what_is_watched(void **state)
{
	enum { JUNK = 1000000 };
	static const struct record_row rows[] = {
		STOLEN,
		{.at = 2200, MACHINE, ABROAD, GET("telemetry", "cars.csv"), .bytes = 1000},
	};
	static const struct record_row junk = {.at = 2300,
					       .who = IDENTITY_ROLE,
					       HOME,
					       .outcome = OUTCOME_DENIED,
					       GET("telemetry", "a")};
	struct computing_prices *prices = NULL;
	struct case_result *result = malloc(sizeof(*result));
	struct case_nodes *nodes = malloc(sizeof(*nodes));
	struct record record;
	char name[64];
	void *of = NULL;

	assert_true(result && nodes);
	assert_int_equal(computing_prices_built_in(&prices), 0);
	const struct record_settings settings = {.seed = 1, .capacity = 1024, .prices = prices};
	assert_int_equal(hybrid_detector.create(&settings, &of), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		record_case_fill(&rows[i], i, nodes, &record);
		hybrid_detector.observe(of, &record);
	}
	record_case_fill(&junk, 99, nodes, &record);
	for (int i = 0; i < JUNK; i++) {
		record.act.identity.name =
			str_of(name, (size_t)snprintf(name, sizeof(name),
						      "arn:aws:iam::1:role/junk-%d", i));
		record.id = record.act.identity.name;
		hybrid_detector.observe(of, &record);
	}
	record_case_report(&hybrid_detector, of, result);
	assert_int_equal(result->count, 1);
	record_case_says("flood", &result->at[0],
			 "bucket telemetry: read, about 1 object, 1000 bytes");
	hybrid_detector.destroy(of);
	computing_prices_free(prices);
	free(nodes);
	free(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_story_ends_the_same_in_every_order),
		cmocka_unit_test(a_flood_does_not_wash_away_what_is_watched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
