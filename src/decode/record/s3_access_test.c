#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/record/s3_access.h"
#include "model/record_excerpt.h"

#define OWNER "79a5000000000000000000000000000000000000000000000000000000007be "
#define BEGIN OWNER "bucket-1 [06/Feb/2026:00:00:38 +0000] 192.0.2.3 "
#define TAIL                                                                                   \
	" - 113 2048 7 - \"-\" \"agent/0.4 (x; \\\"y\\\") z\" - s9lz= SigV4 ECDHE AuthHeader " \
	"bucket-1.s3.eu-west-1.amazonaws.com TLSV1.2 - Yes us-east-1"

static void lines_are_acts(void **state)
{
	static const struct {
		const char *line, *act; /* NULL: none */
		enum identity_kind identity;
	} rows[] = {
		{BEGIN "arn:aws:iam::111122223333:user/ci 3E57 REST.GET.OBJECT a/b%2Bc.txt "
		       "\"GET /bucket-1/a/b%2Bc.txt?X-Amz-Signature=canary HTTP/1.1\" 200" TAIL,
		 "REST.GET.OBJECT by arn:aws:iam::111122223333:user/ci from 192.0.2.3 in eu-west-1 "
		 "on "
		 "bucket bucket-1, object a/b%2Bc.txt: done <3E57 REST.GET.OBJECT a/b%2Bc.txt> 113 "
		 "1",
		 IDENTITY_USER},
		{BEGIN "- 3E57 REST.GET.BUCKET - \"GET /bucket-1?list-type=2 HTTP/1.1\" 200" TAIL,
		 "REST.GET.BUCKET by nobody in particular from 192.0.2.3 in eu-west-1 on bucket "
		 "bucket-1: done <3E57 REST.GET.BUCKET> 0 1",
		 IDENTITY_ANONYMOUS},
		{BEGIN
		 "arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0 3E57 "
		 "REST.PUT.OBJECT k \"PUT /k HTTP/1.1\" 403 AccessDenied 243 - 14 - \"-\" \"-\" -",
		 "REST.PUT.OBJECT by arn:aws:iam::111122223333:role/node from 192.0.2.3 on bucket "
		 "bucket-1, object k: denied (AccessDenied) <3E57 REST.PUT.OBJECT k> 0 0",
		 IDENTITY_INSTANCE},
		{BEGIN "arn:aws:sts::1:assumed-role/r/me 3E57 REST.COPY.OBJECT_GET k \"-\" 200 - 5",
		 "REST.COPY.OBJECT_GET by arn:aws:iam::1:role/r from 192.0.2.3 on bucket bucket-1, "
		 "object k: done <3E57 REST.COPY.OBJECT_GET k> 5 1",
		 IDENTITY_ROLE},
		{BEGIN "79a5 3E57 BATCH.DELETE.OBJECT k \"-\" 204 - -",
		 "BATCH.DELETE.OBJECT by 79a5 from 192.0.2.3 on bucket bucket-1, object k: done "
		 "<3E57 BATCH.DELETE.OBJECT k> 0 0",
		 IDENTITY_UNKNOWN},
		{BEGIN "AmazonS3 3E57 S3.EXPIRE.OBJECT k \"-\" - - - 7 - - \"-\" \"-\" -",
		 "S3.EXPIRE.OBJECT by AmazonS3 from 192.0.2.3 on bucket bucket-1, object k "
		 "<3E57 S3.EXPIRE.OBJECT k> 0 0",
		 IDENTITY_SERVICE},
		/* a quote in a quoted field does not end it */
		{BEGIN "- 3E57 REST.GET.OBJECT k \"GET /k?a=\"b HTTP/1.1\" 404 NoSuchKey 9",
		 "REST.GET.OBJECT by nobody in particular from 192.0.2.3 on bucket bucket-1, "
		 "object "
		 "k: failed (NoSuchKey) <3E57 REST.GET.OBJECT k> 9 1",
		 IDENTITY_ANONYMOUS},
		{BEGIN "- 3E57 REST.GET.OBJECT k \"GET /k HTTP/1.1\" 404", NULL, 0},
		{BEGIN "- 3E57 GET k \"GET /k HTTP/1.1\" 404 - 9", NULL, 0},
		{OWNER "b [06/Feb/2026:00:00:38] 192.0.2.3 - 3 REST.GET.OBJECT k \"-\" 200 - 9",
		 NULL, 0},
		{OWNER
		 "b [06/Foo/2026:00:00:38 +0000] 192.0.2.3 - 3 REST.GET.OBJECT k \"-\" 200 - 9",
		 NULL, 0},
		{"", NULL, 0},
		{"\"", NULL, 0},
		{"[", NULL, 0},
	};
	char room[4096];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena scratch = {.at = room, .cap = sizeof(room)};
		struct record record = {0};
		CLEANUP(buf_fini) struct buf out = {0};
		instant at;

		assert_int_equal(s3_access_read(str_from(rows[i].line), &scratch, &record),
				 rows[i].act != NULL);
		if (!rows[i].act)
			continue;
		record_excerpt(&record, &out);
		buf_printf(&out, " <%.*s> %u %d", STR_ARG(record.id),
			   (unsigned)record.act.bytes_out, record.act.is_read_only);
		if (!str_equal(buf_view(&out), str_from(rows[i].act)))
			fail_msg("row %zu: %.*s", i, (int)out.len, out.at);
		assert_true(instant_parse(STR("2026-02-06T00:00:38Z"), &at));
		assert_int_equal(record.time.ns, at.ns);
		assert_int_equal(record.act.identity.kind, rows[i].identity);
		assert_int_equal(record.kind, RECORD_S3_ACCESS);
		assert_true(record.act.has_address);
		assert_int_equal(record.act.uri.len, 0);
	}
}

static void agents_and_sessions_are_kept(void **state)
{
	char room[4096];
	struct arena scratch = {.at = room, .cap = sizeof(room)};
	struct record record = {0};

	assert_true(s3_access_read(
		STR(BEGIN
		    "arn:aws:sts::1:assumed-role/r/me 3E57 REST.HEAD.OBJECT k \"-\" 200" TAIL),
		&scratch, &record));
	assert_true(str_equal(record.act.user_agent, STR("agent/0.4 (x; \\\"y\\\") z")));
	assert_true(str_equal(record.act.identity.session, STR("me")));
	assert_true(str_equal(record.act.identity.account, STR("1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_acts),
		cmocka_unit_test(agents_and_sessions_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
