#include "decode/record/s3_access.h"

#include <string.h>

#include "decode/record/fields.h"

enum column {
	OWNER,
	BUCKET,
	TIME,
	ADDRESS,
	REQUESTER,
	REQUEST_ID,
	OPERATION,
	KEY,
	URI,
	STATUS,
	ERROR_CODE,
	BYTES_SENT,
	OBJECT_SIZE,
	TOTAL_TIME,
	TURN_AROUND,
	REFERER,
	USER_AGENT,
	VERSION,
	HOST_ID,
	SIGNATURE,
	CIPHER,
	AUTHENTICATION,
	HOST,
	COLUMNS,
	NEEDED = BYTES_SENT + 1, /* the oldest lines have more */
};

/* Up to a closing byte that ends the field: one that others follow is part of it. */
static size_t closes_at(struct str text, char closing)
{
	for (size_t i = 1; i < text.len; i++) {
		if (text.at[i] == '\\' && closing == '"') {
			i++;
			continue;
		}
		if (text.at[i] == closing && (i + 1 == text.len || text.at[i + 1] == ' '))
			return i;
	}
	return text.len;
}

static bool take_field(struct str *rest, struct str *out)
{
	size_t end, skipped;

	if (rest->len == 0)
		return false;
	if (rest->at[0] == '"' || rest->at[0] == '[') {
		end = closes_at(*rest, rest->at[0] == '[' ? ']' : '"');
		*out = str_sub(*rest, 1, end > 0 ? end - 1 : 0);
		skipped = end + 2;
	} else {
		ptrdiff_t space = str_find_byte(*rest, ' ');
		end = space < 0 ? rest->len : (size_t)space;
		*out = str_sub(*rest, 0, end);
		skipped = end + 1;
	}
	if (str_equal(*out, STR("-")))
		*out = (struct str){0};
	*rest = str_skip(*rest, skipped);
	return true;
}

/* "06/Feb/2019:00:00:38 +0000" as RFC 3339, for there is one reader of times. */
static bool read_time(struct str text, instant *out)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char written[] = "0000-00-00T00:00:00+00:00";
	const char *t = text.at;

	if (text.len != 26 || t[2] != '/' || t[6] != '/' || t[11] != ':' || t[20] != ' ')
		return false;
	ptrdiff_t month = str_find(str_from(months), str_sub(text, 3, 3));
	if (month < 0 || month % 3 != 0)
		return false;
	memcpy(written, t + 7, 4);
	written[5] = (char)('0' + (month / 3 + 1) / 10);
	written[6] = (char)('0' + (month / 3 + 1) % 10);
	memcpy(written + 8, t, 2);
	memcpy(written + 11, t + 12, 8);
	memcpy(written + 19, t + 21, 3);
	memcpy(written + 23, t + 24, 2);
	return instant_parse(str_from(written), out);
}

/* arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION: the role is who stays the same. */
static void take_session(struct str arn, struct str account, struct str path, struct arena *scratch,
			 struct record_identity *identity)
{
	struct str role, partition, rest;

	str_cut(path, '/', &role, &identity->session);
	identity->kind = IDENTITY_ROLE;
	if (str_starts(identity->session, STR("i-"))) {
		identity->kind = IDENTITY_INSTANCE;
		identity->instance = identity->session;
	}
	str_cut(str_skip(arn, 4), ':', &partition, &rest);
	identity->name = arena_printf(scratch, "arn:%.*s:iam::%.*s:role/%.*s", STR_ARG(partition),
				      STR_ARG(account), STR_ARG(role));
}

static struct str arn_part(struct str arn, size_t index)
{
	struct str part;

	while (str_cut(arn, ':', &part, &arn) && index > 0)
		index--;
	return index == 0 ? part : (struct str){0};
}

static void take_requester(struct str text, struct arena *scratch, struct record_identity *identity)
{
	static const struct str assumed = {"assumed-role/", 13};

	identity->name = text;
	if (text.len == 0 || str_equal(text, STR("Anonymous"))) {
		identity->kind = IDENTITY_ANONYMOUS;
		identity->name = (struct str){0};
		return;
	}
	if (!str_starts(text, STR("arn:"))) {
		if (str_starts(text, STR("svc:")) || str_equal(text, STR("AmazonS3")))
			identity->kind = IDENTITY_SERVICE;
		return; /* a canonical id: of an account, whoever acted for it */
	}
	struct str who = arn_part(text, 5);
	identity->account = arn_part(text, 4);
	if (str_starts(who, STR("user/")))
		identity->kind = IDENTITY_USER;
	else if (str_equal(who, STR("root")))
		identity->kind = IDENTITY_ROOT;
	else if (str_starts(who, assumed) && text.len < 2048)
		take_session(text, identity->account, str_skip(who, assumed.len), scratch,
			     identity);
}

static enum record_outcome outcome_of(struct str status)
{
	uint64_t code;

	if (!number_from_text(status, &code))
		return OUTCOME_UNKNOWN;
	if (code == 401 || code == 403)
		return OUTCOME_DENIED;
	return code >= 200 && code < 400 ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* BUCKET.s3.REGION.amazonaws.com, or s3.REGION...; others do not tell. */
static struct str region_of(struct str host)
{
	ptrdiff_t found = str_starts(host, STR("s3.")) ? -1 : str_find(host, STR(".s3."));
	struct str region, rest;

	if (found < 0 && !str_starts(host, STR("s3.")))
		return (struct str){0};
	str_cut(str_skip(host, (size_t)(found + 4)), '.', &region, &rest);
	return str_starts(rest, STR("amazonaws.com")) ? region : (struct str){0};
}

static void add_resource(struct record_act *act, struct str type, struct str name)
{
	if (name.len > 0)
		act->resources[act->resource_count++] = (struct record_resource){type, name};
}

static void take_act(const struct str *texts, struct arena *scratch, struct record_act *act)
{
	struct str operation = texts[OPERATION];
	bool reads =
		str_find(operation, STR(".GET.")) > 0 || str_find(operation, STR(".HEAD.")) > 0;

	act->provider = PROVIDER_AWS;
	take_requester(texts[REQUESTER], scratch, &act->identity);
	act->region = region_of(texts[HOST]);
	act->service = STR("s3.amazonaws.com");
	act->action = operation;
	act->error = texts[ERROR_CODE];
	act->outcome = outcome_of(texts[STATUS]);
	act->is_read_only = reads || str_find(operation, STR("OBJECT_GET")) > 0;
	act->source = texts[ADDRESS];
	act->has_address = address_from_text(act->source, &act->address);
	act->user_agent = texts[USER_AGENT];
	add_resource(act, STR("bucket"), texts[BUCKET]);
	add_resource(act, STR("object"), texts[KEY]);
	if (!act->is_read_only || str_find(operation, STR("OBJECT")) < 0 ||
	    !number_from_text(texts[BYTES_SENT], &act->bytes_out))
		act->bytes_out = 0;
}

static bool is_operation(struct str text)
{
	static const char *const starts[] = {"REST.", "SOAP.", "WEBSITE.", "BATCH.", "S3."};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (str_starts(text, str_from(starts[i])))
			return true;
	return false;
}

bool s3_access_read(struct str line, struct arena *scratch, struct record *out)
{
	struct str texts[COLUMNS] = {0}, rest = line;
	size_t count = 0;

	for (; count < COLUMNS && take_field(&rest, &texts[count]); count++)
		if (count == TIME && !read_time(texts[TIME], &out->time))
			return false;
	if (count < NEEDED || texts[BUCKET].len == 0 || !is_operation(texts[OPERATION]))
		return false;
	out->kind = RECORD_S3_ACCESS;
	/* one request may delete many objects, a line each; the key comes after the operation */
	const char *end = texts[KEY].len > 0 ? texts[KEY].at + texts[KEY].len
					     : texts[OPERATION].at + texts[OPERATION].len;
	if (texts[REQUEST_ID].len > 0)
		out->id = str_of(texts[REQUEST_ID].at, (size_t)(end - texts[REQUEST_ID].at));
	out->act = (struct record_act){0};
	take_act(texts, scratch, &out->act);
	return true;
}
