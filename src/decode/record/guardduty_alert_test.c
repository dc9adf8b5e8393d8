#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "decode/record/guardduty_alert.h"

static const struct {
	const char *name, *json, *told; /* ' is written for " in both */
} cases[] = {
	{"nothing", "{}", "0 x1"},
	{"how grave, how often, until when",
	 "{'severity':7.5,'updatedAt':'2026-11-22T12:00:00Z','service':{'count':9,'eventLastSeen':"
	 "'2026-11-22T11:00:00Z'}}",
	 "7.5 x9 last=2026-11-22T11:00:00Z updated=2026-11-22T12:00:00Z"},
	{"a count that is none", "{'service':{'count':-1}}", "0 x1"},
	{"a sample in a file", "{'service':{'additionalInfo':{'sample':true}}}", "0 x1 sample"},
	{"a sample in an answer",
	 "{'Service':{'AdditionalInfo':{'Value':'{\\'sample\\':true}','Type':'default'}}}",
	 "0 x1 sample"},
	{"no sample", "{'service':{'additionalInfo':{'sample':false}}}", "0 x1"},
	{"put aside", "{'Service':{'Archived':true}}", "0 x1 archived"},
	{"a connection out",
	 "{'resource':{'instanceDetails':{'networkInterfaces':[{'networkInterfaceId':'eni-1',"
	 "'privateIpAddress':'10.0.0.7','ipv6Addresses':['2001:db8::7']}]}},'service':{'action':"
	 "{'networkConnectionAction':{'connectionDirection':'OUTBOUND','remoteIpDetails':"
	 "{'ipAddressV4':'203.0.113.20'},'localIpDetails':{'ipAddressV4':'10.0.0.7'}}}}}",
	 "0 x1 with 203.0.113.20 at=10.0.0.7 at=2001:db8::7 on=eni-1"},
	{"a connection in",
	 "{'service':{'action':{'networkConnectionAction':{'connectionDirection':'INBOUND',"
	 "'remoteIpDetails':{'ipAddressV4':'203.0.113.20'}}}}}",
	 "0 x1 by 203.0.113.20"},
	{"a call",
	 "{'service':{'action':{'kubernetesApiCallAction':{'remoteIpDetails':{'ipAddressV4':'',"
	 "'ipAddressV6':'2001:db8::9'}}}},'resource':{'eksClusterDetails':{'name':'shop'},"
	 "'kubernetesDetails':{'kubernetesWorkloadDetails':{'namespace':'prod'}}}}",
	 "0 x1 by 2001:db8::9 in=shop/prod"},
	{"a probe",
	 "{'service':{'action':{'portProbeAction':{'portProbeDetails':[{'remoteIpDetails':"
	 "{'ipAddressV4':'203.0.113.1'}}]}}}}",
	 "0 x1 by 203.0.113.1"},
	{"a name that was asked for, by a program",
	 "{'service':{'action':{'dnsRequestAction':{'domain':'pool.example'}},'runtimeDetails':"
	 "{'process':{'executablePath':'/tmp/x'}}}}",
	 "0 x1 asked=pool.example ran=/tmp/x"},
	{"members of other types", "{'service':[1],'resource':'x','severity':{},'title':[]}",
	 "0 x1"},
};

static void add(struct buf *out, const char *what, struct str text)
{
	if (text.len > 0)
		buf_printf(out, " %s%.*s", what, STR_ARG(text));
}

static void add_time(struct buf *out, const char *what, instant at)
{
	if (at.ns == 0)
		return;
	buf_add_text(out, what);
	buf_add_instant(out, at);
}

static void tell(const struct guardduty_alert *said, struct buf *out)
{
	buf_printf(out, "%g x%d", said->severity, (int)said->count);
	add_time(out, " last=", said->last);
	add_time(out, " updated=", said->updated);
	buf_add_text(out, said->is_sample ? " sample" : "");
	buf_add_text(out, said->is_archived ? " archived" : "");
	add(out, said->remote_acts ? "by " : "with ", said->remote);
	for (size_t i = 0; i < said->local_count; i++)
		add(out, "at=", said->local[i]);
	add(out, "on=", said->interface);
	if (said->cluster.len > 0)
		buf_printf(out, " in=%.*s/%.*s", STR_ARG(said->cluster), STR_ARG(said->namespace));
	add(out, "asked=", said->domain);
	add(out, "ran=", said->process);
	buf_add_byte(out, '\0');
}

static void test_alerts(void **state)
{
	static struct json_node nodes[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(buf_fini) struct buf out = {0};
		struct json doc = {.nodes = nodes, .cap = 512};
		struct guardduty_alert said;
		struct arena scratch;
		char *json = strdup(cases[i].json);
		assert_non_null(json);
		for (char *at = json; *at; at++)
			*at = *at == '\'' ? '"' : *at;
		assert_int_equal(arena_init(&scratch, 65536), 0);
		json_read(&doc, str_from(json));
		guardduty_alert_read(json_root(&doc), &scratch, &said);
		tell(&said, &out);
		if (strcmp(out.at, cases[i].told) != 0)
			fail_msg("%s: %s", cases[i].name, out.at);
		arena_fini(&scratch);
		free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_alerts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
