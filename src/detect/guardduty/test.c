/*
 * GuardDuty's findings as they lie in files, through the decoder and the room: what is told of
 * them, in any order of their versions, once and twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "decode/record/acts.h"
#include "detect/record_detector.h"
#include "model/finding_json.h"

extern const struct record_detector guardduty_detector;

enum { NODES = 1024, RECORDS_MAX = 4, ROOM_FOR = 65536 };

/* ' is written for " */
#define HEAD(id, type, severity)                                                      \
	"{'accountId':'111122223333','region':'eu-west-1','id':'" id                  \
	"','createdAt':'2026-11-22T10:00:00Z','type':'" type "','severity':" severity \
	",'title':'Words of GuardDuty.',"
#define SERVICE                                                                                \
	"'serviceName':'guardduty','detectorId':'d1','eventFirstSeen':'2026-11-22T10:00:00Z'," \
	"'eventLastSeen':'2026-11-22T10:30:00Z','archived':false,'count':2"
#define MACHINE                                                                             \
	"'resource':{'resourceType':'Instance','instanceDetails':{'instanceId':'i-"         \
	"0123456789abcdef0',"                                                               \
	"'networkInterfaces':[{'networkInterfaceId':'eni-1','privateIpAddress':'10.0.0.7'," \
	"'publicIp':'198.51.100.9'}]}},"
#define OUT                                                                                       \
	"'action':{'networkConnectionAction':{'connectionDirection':'OUTBOUND',"                  \
	"'remoteIpDetails':{'ipAddressV4':'203.0.113.20'},'localIpDetails':{'ipAddressV4':'10.0." \
	"0.7'}}}"
#define KEY                                                                          \
	"'resource':{'resourceType':'AccessKey','accessKeyDetails':{'accessKeyId':'" \
	"AKIAIOSFODNN7EXAMPLE',"                                                     \
	"'principalId':'AIDAEXAMPLE','userType':'IAMUser','userName':'ci'}},"
#define CALL                                                                                       \
	"'action':{'awsApiCallAction':{'api':'ListBuckets','remoteIpDetails':{'ipAddressV4':'203." \
	"0.113.9'}}}"

static const struct {
	const char *name, *records[RECORDS_MAX];
	size_t findings;
	enum verdict verdict;
	enum severity severity;
	const char *says[10], *hides[4];
} stories[] = {
	{"a machine that speaks with a pool",
	 {HEAD("f-1", "CryptoCurrency:EC2/BitcoinTool.B", "8") MACHINE "'service':{" SERVICE "," OUT
								       "}}"},
	 1,
	 VERDICT_SUSPECT,
	 SEVERITY_HIGH,
	 {"\"type\":\"instance\"", "\"instance\":\"i-0123456789abcdef0\"", "T1496.001",
	  "\"interface\":\"eni-1\"", "\"clients\":[\"10.0.0.7\",\"198.51.100.9\"]",
	  "\"server\":\"203.0.113.20\"", "\"count\":2", "\"last_seen\":\"2026-11-22T10:30:00Z\"",
	  "aws ec2 stop-instances", "aws guardduty get-findings"},
	 {"\"source\":\"203", "\"sample\"", "\"archived\""}},
	{"a sample accuses nobody and is joined with nothing",
	 {HEAD("f-2", "CryptoCurrency:EC2/BitcoinTool.B", "8") MACHINE
	  "'service':{" SERVICE ",'additionalInfo':{'sample':true}," OUT "}}"},
	 1,
	 VERDICT_SIGNAL,
	 SEVERITY_INFO,
	 {"(a sample)", "\"sample\":true", "made up"},
	 {"\"instance\":\"i-", "eni-1", "stop-instances", "T1496"}},
	{"a sample, as the API's answers have it",
	 {"{'AccountId':'111122223333','Region':'eu-west-1','Id':'f-3','Type':'CryptoCurrency:"
	  "Lambda/"
	  "BitcoinTool.B','Severity':8,'CreatedAt':'2026-11-22T10:00:00Z','Resource':{'"
	  "LambdaDetails':"
	  "{'FunctionName':'fn'}},'Service':{'DetectorId':'d1','AdditionalInfo':{'Value':'{\\'"
	  "sample\\':"
	  "true}','Type':'default'}}}"},
	 1,
	 VERDICT_SIGNAL,
	 SEVERITY_INFO,
	 {"(a sample)"}},
	{"what somebody has put aside is no accusation",
	 {HEAD("f-4", "CryptoCurrency:EC2/BitcoinTool.B!DNS", "8") MACHINE
	  "'updatedAt':'2026-11-22T10:31:00Z','service':{" SERVICE "}}",
	  HEAD("f-4", "CryptoCurrency:EC2/BitcoinTool.B!DNS", "8") MACHINE
	  "'updatedAt':'2026-11-22T12:00:00Z','service':{'serviceName':'guardduty','archived':true,"
	  "'count':9,'eventFirstSeen':'2026-11-22T10:00:00Z','eventLastSeen':'2026-11-22T11:50:00Z'"
	  "}}"},
	 1,
	 VERDICT_SIGNAL,
	 SEVERITY_LOW,
	 {"(archived)", "\"archived\":true", "\"count\":9",
	  "\"last_seen\":\"2026-11-22T11:50:00Z\"", "\"instance\":\"i-0123456789abcdef0\""}},
	{"taken out again, and seen more often",
	 {HEAD("f-5", "CryptoCurrency:EC2/BitcoinTool.B", "8") MACHINE
	  "'updatedAt':'2026-11-22T10:31:00Z','service':{'serviceName':'guardduty','archived':true,"
	  "'count':2,'eventFirstSeen':'2026-11-22T10:00:00Z'}}",
	  HEAD("f-5", "CryptoCurrency:EC2/BitcoinTool.B", "9.5") MACHINE
	  "'updatedAt':'2026-11-22T12:00:00Z','service':{" SERVICE "}}"},
	 1,
	 VERDICT_SUSPECT,
	 SEVERITY_CRITICAL,
	 {"\"count\":2"},
	 {"archived"}},
	{"a user's key, by the name CloudTrail has for him",
	 {HEAD("f-6", "CredentialAccess:IAMUser/CompromisedCredentials", "8") KEY
	  "'service':{" SERVICE "," CALL "}}"},
	 1,
	 VERDICT_ACCESS,
	 SEVERITY_HIGH,
	 {"\"type\":\"identity\"", "\"key_id\":\"AKIAIOSFODNN7EXAMPLE\"",
	  "arn:aws:iam::111122223333:user/ci", "\"source\":\"203.0.113.9\""},
	 {"\"server\""}},
	{"a machine's key away from its machine",
	 {HEAD("f-7", "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
	       "8") "'resource':{'resourceType':'AccessKey','accessKeyDetails':{'accessKeyId':"
		    "'ASIAIOSFODNN7EXAMPLE','principalId':'AROA1:i-0123456789abcdef0','userType':'"
		    "AssumedRole',"
		    "'userName':'web'}},'service':{" SERVICE "," CALL "}}"},
	 1,
	 VERDICT_ACCESS,
	 SEVERITY_HIGH,
	 {"T1552.005", "\"instance\":\"i-0123456789abcdef0\"",
	  "arn:aws:iam::111122223333:role/web"}},
	{"a pod",
	 {HEAD("f-8", "Impact:Runtime/CryptoMinerExecuted",
	       "8") "'resource':{'resourceType':'EKSCluster','eksClusterDetails':{'name':'shop'},"
		    "'kubernetesDetails':{'kubernetesWorkloadDetails':{'type':'pods','name':'web-1'"
		    ",'namespace':"
		    "'prod'}}},'service':{" SERVICE
		    ",'runtimeDetails':{'process':{'executablePath':'/tmp/x'}}}}"},
	 1,
	 VERDICT_SUSPECT,
	 SEVERITY_HIGH,
	 {"\"type\":\"pod\"", "\"pod\":\"web-1\"", "\"namespace\":\"prod\"",
	  "\"program\":\"/tmp/x\"", "\"cluster\":\"shop\""}},
	{"data that left",
	 {HEAD("f-9", "Exfiltration:S3/AnomalousBehavior",
	       "8") "'resource':{'resourceType':'S3Bucket','s3BucketDetails':[{'name':'b-1'},{'"
		    "name':'b-2'}]},"
		    "'service':{" SERVICE "," CALL "}}"},
	 1,
	 VERDICT_ACCESS,
	 SEVERITY_HIGH,
	 {"\"resources\":[\"b-1\",\"b-2\"]", "\"bucket\":\"b-1\""}},
	{"an unusual call is a signal",
	 {HEAD("f-10", "Discovery:S3/AnomalousBehavior", "2") KEY "'service':{" SERVICE "," CALL
								  "}}"},
	 1,
	 VERDICT_SIGNAL,
	 SEVERITY_LOW,
	 {"T1619"}},
	{"a name that belongs to mining by its reputation is a signal",
	 {HEAD("f-11", "Impact:EC2/BitcoinDomainRequest.Reputation", "8") MACHINE
	  "'service':{" SERVICE ",'action':{'dnsRequestAction':{'domain':'pool.example'}}}}"},
	 1,
	 VERDICT_SIGNAL,
	 SEVERITY_HIGH,
	 {"\"domain\":\"pool.example\""}},
	{"an open console",
	 {HEAD("f-12", "Policy:Kubernetes/ExposedDashboard",
	       "5") "'resource':{'eksClusterDetails':{'name':'shop'}},'service':{" SERVICE "}}"},
	 1,
	 VERDICT_EXPOSURE,
	 SEVERITY_MEDIUM,
	 {"\"type\":\"cluster\""}},
	{"a type nobody knows yet, without anything",
	 {HEAD("f-13", "New:Thing/Never.Seen", "0") "'service':{'detectorId':'d'}}"},
	 1,
	 VERDICT_SIGNAL,
	 SEVERITY_INFO,
	 {"\"account\":\"111122223333\""}},
	{"two findings of one kind about one machine",
	 {HEAD("f-14", "CryptoCurrency:EC2/BitcoinTool.B", "8") MACHINE "'service':{" SERVICE "}}",
	  HEAD("f-15", "CryptoCurrency:EC2/BitcoinTool.B", "8") MACHINE "'service':{" SERVICE "}}"},
	 2,
	 VERDICT_SUSPECT,
	 SEVERITY_HIGH,
	 {"\"alert\":\"f-14\"", "\"alert\":\"f-15\""}},
};

struct told {
	struct record_teller teller;
	struct buf text; /* of all findings */
	size_t count;
	enum verdict verdict;
	enum severity severity;
};

static void take(struct record_teller *teller, struct finding *finding)
{
	struct told *told = (struct told *)teller;
	char id[FINDING_ID_LEN + 1];

	finding->revision = 1;
	finding_identify(finding, id);
	finding->id = str_from(id);
	assert_true(finding->reason_count > 1 && finding->action_count > 0);
	assert_true(finding->evidence_count == 1);
	told->verdict = finding->verdict;
	told->severity = finding->severity;
	told->count++;
	finding_to_json(finding, &told->text);
	buf_add_byte(&told->text, '\n');
}

static void observe(void *room, const char *text, size_t place)
{
	static struct json_node nodes[NODES];
	struct json doc = {.nodes = nodes, .cap = NODES};
	struct record record = {.kind = RECORD_GUARDDUTY, .source = STR("g"), .offset = place};
	struct arena scratch;
	char *json = strdup(text);

	assert_non_null(json);
	for (char *at = json; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	assert_int_equal(arena_init(&scratch, ROOM_FOR), 0);
	assert_int_equal(json_read(&doc, str_from(json)) == 0, 0);
	record.whole = json_root(&doc);
	record.text = str_from(json);
	assert_true(acts_decode(RECORD_GUARDDUTY, record.whole, &scratch, &record));
	guardduty_detector.observe(room, &record);
	arena_fini(&scratch);
	free(json);
}

/* order: 0 as they stand, 1 the other way round; each `times` times */
static void run(size_t story, int order, int times, struct told *told)
{
	const struct record_settings settings = {.seed = 7, .capacity = 16};
	struct arena scratch;
	void *room = NULL;
	size_t count = 0;

	assert_int_equal(guardduty_detector.create(&settings, &room), 0);
	while (count < RECORDS_MAX && stories[story].records[count])
		count++;
	for (int turn = 0; turn < times; turn++)
		for (size_t i = 0; i < count; i++) {
			const size_t place = order ? count - 1 - i : i;
			observe(room, stories[story].records[place], place);
		}
	assert_int_equal(arena_init(&scratch, ROOM_FOR), 0);
	*told = (struct told){.teller = {take}};
	guardduty_detector.report(room, (instant){0}, &scratch, &told->teller);
	buf_add_byte(&told->text, '\0');
	arena_fini(&scratch);
	guardduty_detector.destroy(room);
}

static void test_stories(void **state)
{
	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++) {
		struct told first, again;
		run(i, 0, 1, &first);
		if (first.count != stories[i].findings || first.verdict != stories[i].verdict ||
		    first.severity != stories[i].severity)
			fail_msg("%s: %zu findings, %s, %s", stories[i].name, first.count,
				 verdict_name(first.verdict), severity_name(first.severity));
		for (size_t k = 0; k < 10 && stories[i].says[k]; k++)
			if (!strstr(first.text.at, stories[i].says[k]))
				fail_msg("%s: no %s in %s", stories[i].name, stories[i].says[k],
					 first.text.at);
		for (size_t k = 0; k < 4 && stories[i].hides[k]; k++)
			if (strstr(first.text.at, stories[i].hides[k]))
				fail_msg("%s: %s in %s", stories[i].name, stories[i].hides[k],
					 first.text.at);
		for (int way = 1; way < 4; way++) {
			run(i, way % 2, 1 + way / 2, &again);
			assert_string_equal(again.text.at, first.text.at);
			buf_fini(&again.text);
		}
		buf_fini(&first.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_stories)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
