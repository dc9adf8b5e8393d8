#include "decode/record/resolver.h"

#include "decode/record/fields.h"

static struct str member_text(struct json_value object, const char *name, struct arena *scratch)
{
	return field_text(json_member(object, str_from(name)), scratch);
}

/* Addresses alone: a name or a text that looks like one is no answer to dial. */
static void take_answer(struct json_value answer, struct record_lookup *lookup)
{
	struct str type = json_raw_text(json_member(answer, STR("Type")));

	if (lookup->answer_count == LOOKUP_ANSWERS_MAX ||
	    !(str_equal(type, STR("A")) || str_equal(type, STR("AAAA"))))
		return;
	if (field_address(json_member(answer, STR("Rdata")),
			  &lookup->answers[lookup->answer_count]))
		lookup->answer_count++;
}

bool resolver_read(struct json_value object, struct arena *scratch, struct record *out)
{
	struct record_lookup lookup = {.provider = PROVIDER_AWS};
	struct json_value answers = json_member(object, STR("answers"));

	lookup.name = member_text(object, "query_name", scratch);
	lookup.type = member_text(object, "query_type", scratch);
	if (lookup.name.len == 0 || lookup.type.len == 0)
		return false;
	if (lookup.name.len > 1 && lookup.name.at[lookup.name.len - 1] == '.')
		lookup.name.len--;
	lookup.code = member_text(object, "rcode", scratch);
	lookup.account = member_text(object, "account_id", scratch);
	lookup.region = member_text(object, "region", scratch);
	lookup.network = member_text(object, "vpc_id", scratch);
	lookup.instance = member_text(json_member(object, STR("srcids")), "instance", scratch);
	lookup.has_client = field_address(json_member(object, STR("srcaddr")), &lookup.client);
	if (json_kind(answers) == JSON_OBJECT)
		take_answer(answers, &lookup);
	else
		for (struct json_value v = json_first(answers); json_exists(v); v = json_next(v))
			take_answer(v, &lookup);
	if (!field_time(json_member(object, STR("query_timestamp")), &out->time))
		out->time = (instant){0};
	out->kind = RECORD_LOOKUP;
	out->lookup = lookup;
	return true;
}
