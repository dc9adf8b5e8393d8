/* CloudTrail records: who, what, and what the act says of itself. See records.h. */
#include <inttypes.h>

#include "base/instant.h"
#include "bench/records.h"

enum {
	BEGINS_S = 1767225600,
	EACH_S = 40, /* records of one second */
	IDENTITIES = 4000,
	BUCKETS = 60,
	PERCENT = 100,
};

static const char account[] = "111122223333";
static const char *const regions[] = {"eu-west-1", "us-east-1", "us-west-2", "ap-southeast-1"};

/* An act: how often, how it is called, whether it only reads, and what it adds to the record. */
struct act {
	uint32_t percent;
	const char *service, *name;
	bool is_read, is_data;
	void (*add)(struct records *records, struct buf *out, uint32_t identity);
};

static void add_uuid(struct records *records, struct buf *out)
{
	static const uint8_t parts[] = {4, 2, 2, 2, 6};

	for (size_t i = 0; i < sizeof(parts); i++) {
		if (i > 0)
			buf_add_byte(out, '-');
		lab_random_add_hex(out, &records->random, parts[i]);
	}
}

static void add_base32(struct buf *out, uint64_t value, int count)
{
	for (; count > 0; count--, value = value >> 5 | value << 59)
		buf_add_byte(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[value & 31]);
}

static void add_base64(struct records *records, struct buf *out, int count)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	while (count > 0) {
		uint64_t bits = lab_random_next(&records->random);
		for (int i = 0; i < 10 && count > 0; i++, count--, bits >>= 6)
			buf_add_byte(out, letters[bits & 63]);
	}
}

/* The same for an identity each time: its ids and names. */
static uint64_t of_identity(const struct records *records, uint32_t identity)
{
	struct lab_random own = {.state = records->seed ^ (identity * 0x9e3779b97f4a7c15ull)};

	return lab_random_next(&own);
}

static void add_time(struct buf *out, uint64_t number)
{
	buf_add_instant(out, instant_at((int64_t)(BEGINS_S + number / EACH_S), 0));
}

/* Of ten identities six are machines, two users, two roles by web identity. */
static void add_identity(struct records *records, struct buf *out, uint32_t identity)
{
	uint64_t own = of_identity(records, identity);
	bool is_user = identity % 10 < 2;

	buf_printf(out, "\"userIdentity\":{\"type\":\"%s\",\"principalId\":\"%s",
		   is_user ? "IAMUser" : "AssumedRole", is_user ? "AIDA" : "AROA");
	add_base32(out, own, 17);
	if (is_user)
		buf_printf(out, "\",\"arn\":\"arn:aws:iam::%s:user/user-%" PRIu32, account,
			   identity);
	else
		buf_printf(out,
			   ":i-0%016" PRIx64
			   "\",\"arn\":\"arn:aws:sts::%s:assumed-role/role-%" PRIu32
			   "/i-0%016" PRIx64,
			   own, account, identity, own);
	buf_printf(out, "\",\"accountId\":\"%s\",\"accessKeyId\":\"%s", account,
		   is_user ? "AKIA" : "ASIA");
	add_base32(out, own >> 3, 16);
	if (is_user) {
		buf_printf(out, "\",\"userName\":\"user-%" PRIu32 "\"}", identity);
		return;
	}
	buf_add_text(out, "\",\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\","
			  "\"principalId\":\"AROA");
	add_base32(out, own, 17);
	buf_printf(out,
		   "\",\"arn\":\"arn:aws:iam::%s:role/role-%" PRIu32
		   "\",\"accountId\":\"%s\",\"userName\":\"role-%" PRIu32
		   "\"},\"attributes\":{\"creationDate\":\"",
		   account, identity, account, identity);
	add_time(out, records->number - records->number % (EACH_S * UINT64_C(3600)));
	buf_printf(out, "\",\"mfaAuthenticated\":\"false\"}%s}}",
		   identity % 10 < 8 ? ",\"ec2RoleDelivery\":\"2.0\"" : "");
}

static void add_describe(struct records *records, struct buf *out, uint32_t identity)
{
	buf_add_text(out, "\"requestParameters\":{\"maxResults\":1000,\"instancesSet\":{},"
			  "\"filterSet\":{\"items\":[{\"name\":\"tag:owner\",\"valueSet\":{"
			  "\"items\":[{\"value\":\"");
	lab_random_add_hex(out, &records->random, 6);
	buf_add_text(out, "\"}]}}]}},\"responseElements\":null");
}

static void add_object(struct records *records, struct buf *out, uint32_t identity)
{
	uint32_t bucket = lab_random_below(&records->random, BUCKETS);

	buf_printf(out,
		   "\"requestParameters\":{\"bucketName\":\"bucket-%" PRIu32
		   "\",\"Host\":\"bucket-%" PRIu32 ".s3.amazonaws.com\",\"key\":\"day/",
		   bucket, bucket);
	lab_random_add_hex(out, &records->random, 16);
	buf_add_text(out, "\"},\"responseElements\":null,\"additionalEventData\":{"
			  "\"SignatureVersion\":\"SigV4\",\"CipherSuite\":"
			  "\"TLS_AES_128_GCM_SHA256\",\"bytesTransferredIn\":0,"
			  "\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"");
	add_base64(records, out, 76);
	buf_printf(out,
		   "\",\"bytesTransferredOut\":%" PRIu32
		   "},\"resources\":[{\"type\":\"AWS::S3::Object\",\"ARN\":"
		   "\"arn:aws:s3:::bucket-%" PRIu32 "/day/x\"},{\"accountId\":\"%s\","
		   "\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::bucket-%" PRIu32 "\"}]",
		   lab_random_below(&records->random, 1 << 24), bucket, account, bucket);
}

static void add_assume(struct records *records, struct buf *out, uint32_t identity)
{
	buf_printf(out,
		   "\"requestParameters\":{\"roleArn\":\"arn:aws:iam::%s:role/role-%" PRIu32
		   "\",\"roleSessionName\":\"session-",
		   account, lab_random_below(&records->random, IDENTITIES));
	lab_random_add_hex(out, &records->random, 8);
	buf_add_text(out, "\",\"durationSeconds\":3600},\"responseElements\":{\"credentials\":{"
			  "\"accessKeyId\":\"ASIA");
	add_base32(out, lab_random_next(&records->random), 16);
	buf_add_text(out, "\",\"sessionToken\":\"");
	add_base64(records, out, 340);
	buf_add_text(out, "\",\"expiration\":\"Jan 1, 2026, 9:00:00 AM\"},\"assumedRoleUser\":{"
			  "\"assumedRoleId\":\"AROA");
	add_base32(out, lab_random_next(&records->random), 17);
	buf_add_text(out, ":session\"}}");
}

static void add_agent(struct records *records, struct buf *out, uint32_t identity)
{
	buf_printf(out,
		   "\"requestParameters\":{\"instanceId\":\"i-0%016" PRIx64
		   "\",\"agentVersion\":\"3.3.1142.0\",\"agentStatus\":\"Active\","
		   "\"platformType\":\"Linux\",\"platformName\":\"Debian GNU/Linux\","
		   "\"platformVersion\":\"12\",\"iPAddress\":\"10.%" PRIu32 ".%" PRIu32 ".%" PRIu32
		   "\",\"computerName\":\"host-%" PRIu32
		   "\",\"agentName\":\"amazon-ssm-agent\"},\"responseElements\":null",
		   of_identity(records, identity), identity % 200, identity / 200,
		   lab_random_below(&records->random, 250), identity);
}

static void add_decrypt(struct records *records, struct buf *out, uint32_t identity)
{
	buf_add_text(out,
		     "\"requestParameters\":{\"encryptionAlgorithm\":\"SYMMETRIC_DEFAULT\","
		     "\"encryptionContext\":{\"SecretARN\":\"arn:aws:secretsmanager:::secret:");
	lab_random_add_hex(out, &records->random, 10);
	buf_printf(out,
		   "\"}},\"responseElements\":null,\"resources\":[{\"accountId\":\"%s\","
		   "\"type\":\"AWS::KMS::Key\",\"ARN\":\"arn:aws:kms:::key/",
		   account);
	add_uuid(records, out);
	buf_add_text(out, "\"}]");
}

/* One to three machines, each told at length. */
static void add_launch(struct records *records, struct buf *out, uint32_t identity)
{
	uint32_t count = 1 + lab_random_below(&records->random, 3);

	buf_printf(out,
		   "\"requestParameters\":{\"instancesSet\":{\"items\":[{\"imageId\":\"ami-0%"
		   "016" PRIx64 "\",\"minCount\":1,\"maxCount\":%" PRIu32
		   "}]},\"instanceType\":\"m5.large\",\"blockDeviceMapping\":{},\"monitoring\":{"
		   "\"enabled\":false},\"disableApiTermination\":false,\"userData\":"
		   "\"<sensitiveDataRemoved>\"},\"responseElements\":{\"requestId\":\"",
		   lab_random_next(&records->random), count);
	add_uuid(records, out);
	buf_add_text(out, "\",\"groupSet\":{},\"instancesSet\":{\"items\":[");
	for (uint32_t i = 0; i < count; i++) {
		uint64_t id = lab_random_next(&records->random);
		buf_printf(out,
			   "%s{\"instanceId\":\"i-0%016" PRIx64 "\",\"imageId\":\"ami-0%016" PRIx64
			   "\",\"instanceState\":{\"code\":0,\"name\":\"pending\"},"
			   "\"instanceType\":\"m5.large\",\"launchTime\":1767225600000,"
			   "\"placement\":{\"availabilityZone\":\"eu-west-1a\",\"tenancy\":"
			   "\"default\"},\"monitoring\":{\"state\":\"disabled\"},\"subnetId\":"
			   "\"subnet-0%016" PRIx64 "\",\"stateReason\":{\"code\":\"pending\","
			   "\"message\":\"pending\"},\"architecture\":\"x86_64\","
			   "\"rootDeviceType\":\"ebs\",\"hypervisor\":\"xen\",\"ebsOptimized\":"
			   "false,\"enaSupport\":true,\"cpuOptions\":{\"coreCount\":1,"
			   "\"threadsPerCore\":2},\"metadataOptions\":{\"state\":\"pending\","
			   "\"httpTokens\":\"required\",\"httpPutResponseHopLimit\":2},"
			   "\"networkInterfaceSet\":{\"items\":[{\"networkInterfaceId\":"
			   "\"eni-0%016" PRIx64 "\",\"status\":\"in-use\",\"sourceDestCheck\":"
			   "true,\"privateIpAddress\":\"10.0.%" PRIu64 ".%" PRIu64 "\"}]}}",
			   i > 0 ? "," : "", id, id >> 1, id >> 2, id >> 3, id & 255,
			   id >> 8 & 255);
	}
	buf_add_text(out, "]}}");
}

static void add_denied(struct records *records, struct buf *out, uint32_t identity)
{
	buf_printf(out,
		   "\"errorCode\":\"Client.UnauthorizedOperation\",\"errorMessage\":\"You are not "
		   "authorized to perform this operation. User: arn:aws:sts::%s:assumed-role/"
		   "role-%" PRIu32 "/session is not authorized to perform: ec2:StopInstances "
		   "because no identity-based policy allows the ec2:StopInstances action. Encoded "
		   "authorization failure message: ",
		   account, identity);
	add_base64(records, out, 900);
	buf_printf(out,
		   "\",\"requestParameters\":{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-0%"
		   "016" PRIx64 "\"}]},\"force\":false},\"responseElements\":null",
		   lab_random_next(&records->random));
}

static void add_task(struct records *records, struct buf *out, uint32_t identity)
{
	buf_printf(out,
		   "\"requestParameters\":{\"family\":\"family-%" PRIu32
		   "\",\"networkMode\":\"awsvpc\",\"cpu\":\"512\",\"memory\":\"1024\","
		   "\"requiresCompatibilities\":[\"FARGATE\"],\"containerDefinitions\":[",
		   identity);
	for (int i = 0; i < 3; i++) {
		buf_printf(out,
			   "%s{\"name\":\"c%d\",\"image\":\"%s.dkr.ecr.eu-west-1.amazonaws.com/"
			   "app@sha256:",
			   i > 0 ? "," : "", i, account);
		lab_random_add_hex(out, &records->random, 32);
		buf_add_text(out, "\",\"essential\":true,\"environment\":\"HIDDEN_DUE_TO_"
				  "SECURITY_REASONS\",\"logConfiguration\":{\"logDriver\":"
				  "\"awslogs\"}}");
	}
	buf_add_text(out, "]},\"responseElements\":{\"taskDefinition\":{\"status\":\"ACTIVE\","
			  "\"revision\":7}}");
}

static const struct act acts[] = {
	{27, "ec2", "DescribeInstances", true, false, add_describe},
	{22, "s3", "GetObject", true, true, add_object},
	{10, "s3", "PutObject", false, true, add_object},
	{9, "sts", "AssumeRole", true, false, add_assume},
	{12, "ssm", "UpdateInstanceInformation", false, false, add_agent},
	{9, "kms", "Decrypt", true, false, add_decrypt},
	{2, "ec2", "RunInstances", false, false, add_launch},
	{5, "ec2", "StopInstances", false, false, add_denied},
	{4, "ecs", "RegisterTaskDefinition", false, false, add_task},
};

static const struct act *some_act(struct records *records)
{
	uint32_t left = lab_random_below(&records->random, PERCENT);
	const struct act *act = acts;

	while (left >= act->percent)
		left -= act++->percent;
	return act;
}

void records_add_trail(struct records *records, struct buf *out)
{
	const struct act *act = some_act(records);
	uint32_t identity = lab_random_below(&records->random, IDENTITIES);
	const char *region = regions[of_identity(records, identity) % 4];

	buf_add_text(out, "{\"eventVersion\":\"1.11\",");
	add_identity(records, out, identity);
	buf_add_text(out, ",\"eventTime\":\"");
	add_time(out, records->number);
	buf_printf(out,
		   "\",\"eventSource\":\"%s.amazonaws.com\",\"eventName\":\"%s\",\"awsRegion\":\"%s"
		   "\",\"sourceIPAddress\":\"198.18.%" PRIu32 ".%" PRIu32
		   "\",\"userAgent\":\"aws-sdk-go-v2/1.32.6 os/linux lang/go#1.23.3 md/GOOS#linux "
		   "md/GOARCH#amd64 api/%s#1.%" PRIu32 ".1\",",
		   act->service, act->name, region, identity / 250, identity % 250, act->service,
		   identity % 200);
	act->add(records, out, identity);
	buf_add_text(out, ",\"requestID\":\"");
	add_uuid(records, out);
	buf_add_text(out, "\",\"eventID\":\"");
	add_uuid(records, out);
	buf_printf(out,
		   "\",\"readOnly\":%s,\"eventType\":\"AwsApiCall\",\"managementEvent\":%s,"
		   "\"recipientAccountId\":\"%s\",\"eventCategory\":\"%s\",\"tlsDetails\":{"
		   "\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\","
		   "\"clientProvidedHostHeader\":\"%s.%s.amazonaws.com\"}}",
		   act->is_read ? "true" : "false", act->is_data ? "false" : "true", account,
		   act->is_data ? "Data" : "Management", act->service, region);
	records->number++;
}
