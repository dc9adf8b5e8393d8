#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/secret.h"

enum { KEY = 7 };

/* What is hidden is written {KIND:TEXT} in `text`. */
static void check_row(const char *marked)
{
	CLEANUP(buf_fini) struct buf text = {0}, wanted = {0}, got = {0};
	struct str rest = str_from(marked), part, kind, secret;
	bool is_any = false;

	while (str_cut(rest, '{', &part, &rest)) {
		buf_add(&text, part);
		buf_add(&wanted, part);
		assert_true(str_cut(rest, '}', &part, &rest));
		assert_true(str_cut(part, ':', &kind, &secret));
		buf_add(&text, secret);
		char name[32] = "";
		memcpy(name, kind.at, kind.len);
		secret_add(&wanted, name, secret, KEY);
		is_any = true;
	}
	buf_add(&text, part);
	buf_add(&wanted, part);
	assert_int_equal(secrets_hide(buf_view(&text), KEY, &got), is_any);
	buf_add_byte(&got, '\0');
	buf_add_byte(&wanted, '\0');
	if (is_any)
		assert_string_equal(got.at, wanted.at);
}

static void what_is_a_secret_is_hidden(void **state)
{
	static const char *const rows[] = {
		"GET /a?X-Amz-Credential=AKIA1%2Fx&X-Amz-Signature={secret:0a1b}&x=1",
		"x-amz-security-token={secret:IQoJb3JpZ2luX2VjEAEaCXVzLWVhc3QtMSJ}",
		"https://s.blob.core.windows.net/c/b?sv=2022&sig={secret:a%2Fb%3D}&se=1",
		"Signature%3D{secret:abc}",
		"postgres://app:{password:hunter2}@db.internal:5432/app?x=a@b:c",
		"https://u:{password:p:q@r}@[2001:db8::1]/",
		"DB_PASSWORD={secret:hunter2} PATH=/bin",
		"mysqldump --password={secret:hunter2} -h db",
		"Authorization: {secret:Bearer abcdef}",
		"curl -H 'authorization: {secret:Basic dTpw}' x",
		"Bearer {token:ABCDEF0123456789}",
		"token {token:eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln}, and so on",
		"{token:ya29.a0AfH6SMBxabcdefghij}",
		"{private key:-----BEGIN RSA "
		"PRIVATE KEY-----\nabc\n}-----END RSA PRIVATE KEY-----",
		"{private key:-----BEGIN "
		"PRIVATE KEY-----\ncut off}",
		"Server=db;Password={secret:a;b;}",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_row(rows[i]);
}

static void json_has_braces_of_its_own(void **state)
{
	static const char *const rows[] = {"{\"password\":\"hunter2\"}",
					   "{\\\"client_secret\\\": \\\"hunter2\\\"}",
					   "[{\"name\":\"x\",\"privateKey\" : \"hunter2\"}]"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf got = {0};
		assert_true(secrets_hide(str_from(rows[i]), KEY, &got));
		assert_true(str_find(buf_view(&got), STR("hunter2")) < 0);
		assert_true(str_find(buf_view(&got), STR("[secret #")) > 0);
	}
}

static void ids_and_names_are_shown(void **state)
{
	static const char *const rows[] = {
		"",
		"arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf",
		"AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE",
		"secretId=prod/db tokenHash=key1(A1B2)",
		"get secrets web/password by system:serviceaccount:web:token-cleaner",
		"https://github.com/a@b https://10.0.0.1:8080/x",
		"stratum+tcp://pool.example:3333",
		"44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2"
		"wfn3"
		"RVGQBEP3A",
		"it was refused: secrets, tokens; secrets it read: 7 (web/db)",
		"basic training and a bearer of news",
		"password=#0123456789abcdef token=[secret #0123456789abcdef]",
		"{\"DateLessThan\":{\"aws:TokenIssueTime\":\"2026-11-22T10:00:00Z\"}}",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf got = {0};
		if (secrets_hide(str_from(rows[i]), KEY, &got))
			fail_msg("%s became %.*s", rows[i], (int)got.len, got.at);
		assert_int_equal(got.len, 0);
	}
}

static void fields_that_may_hold_one(void **state)
{
	static const char *const may[] = {"password",
					  "requestParameters.userData",
					  "requestURI",
					  "uri",
					  "requestObject.data.username",
					  "responseElements.credentials.sessionToken",
					  "requestParameters.environment.variables.NAME",
					  "errorMessage",
					  "requestObject.metadata.annotations.name",
					  "properties.requestHeaders.Host",
					  "protoPayload.response.private_key",
					  "x",
					  ""};
	static const char *const may_not[] = {"userIdentity.arn",
					      "sourceIPAddress",
					      "userIdentity.accessKeyId",
					      "awsRegion",
					      "user.username",
					      "objectRef.namespace",
					      "objectRef.resource",
					      "eventName",
					      "Caller",
					      "gcp.audit.authentication_info.principal_email",
					      "source.ip",
					      "userAgent",
					      "requestParameters.instanceType",
					      "ResourceId",
					      "requestParameters.bucketName",
					      "protoPayload.requestMetadata.callerIp",
					      "identity.tokenHash",
					      "verb",
					      "requestParameters.secretId",
					      "requestObject.metadata.name"};

	for (size_t i = 0; i < sizeof(may) / sizeof(*may); i++)
		if (!secret_may_lie_in(str_from(may[i])))
			fail_msg("%s is called harmless", may[i]);
	for (size_t i = 0; i < sizeof(may_not) / sizeof(*may_not); i++)
		if (secret_may_lie_in(str_from(may_not[i])))
			fail_msg("%s is hidden", may_not[i]);
}

static void findings_are_told_without(void **state)
{
	static const struct str list[] = {STR("plain"), STR("token=CANARY")};
	struct finding finding = {.title = STR("x password=CANARY"), .resource_count = 1};
	struct arena scratch;

	assert_int_equal(arena_init(&scratch, 65536), 0);
	finding.resources[0] = STR("a://b:CANARY@c");
	facts_add_text(&finding.subject.keys, "name", STR("sig=CANARY"));
	facts_add_text(&finding.actor, "who", STR("sig=CANARY"));
	facts_add_texts(&finding.facts, "list", list, 2);
	facts_add_number(&finding.facts, "number", 4);
	finding_add_reason(&finding, STR("because sig=CANARY"));
	finding_add_evidence(&finding, (struct evidence){.quote = STR("q sig=CANARY")});
	finding_hide_secrets(&finding, KEY, &scratch);
	const struct str texts[] = {finding.title,
				    finding.resources[0],
				    finding.reasons[0],
				    finding.evidence[0].quote,
				    finding.subject.keys.at[0].text,
				    finding.actor.at[0].text,
				    finding.facts.at[0].texts[1]};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_true(str_find(texts[i], STR("CANARY")) < 0);
		assert_true(str_find(texts[i], STR(" #")) > 0);
	}
	assert_true(str_equal(finding.facts.at[0].texts[0], STR("plain")));
	assert_true(str_equal(finding.subject.keys.at[0].text, finding.actor.at[0].text));
	arena_fini(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_a_secret_is_hidden),
		cmocka_unit_test(json_has_braces_of_its_own),
		cmocka_unit_test(ids_and_names_are_shown),
		cmocka_unit_test(fields_that_may_hold_one),
		cmocka_unit_test(findings_are_told_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
