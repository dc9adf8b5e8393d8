/*
 * Azure's activity log, as REST gives it and as diagnostic settings write it to an event hub or a
 * storage account.
 *
 * Both hold the same in other places: the operation is a text or {"value": ...}, in capitals or as
 * the provider spells it; who asked is in `caller` or only among the claims of his token. Names in
 * Azure mean the same in any case, so operations are told in capitals and resources in small
 * letters.
 *
 * source: Azure Monitor, "Azure activity log event schema" (REST and diagnostic settings)
 */
#include "decode/record/act_field.h"
#include "decode/record/azure_parts.h"

enum {
	TIME,
	RESOURCE,
	OPERATION,
	CATEGORY,
	RESULT,
	SIGNATURE,
	ADDRESS,
	CORRELATION,
	IDENTITY,
	LOCATION,
	PROPERTIES,
	AUTHORIZATION,
	CALLER,
	CLAIMS,
	EVENT_ID,
	HTTP,
	STATUS,
	SUB_STATUS,
	EVENT_TIME,
	SUBSCRIPTION,
	FIELDS
};

static const struct str keys[FIELDS] = {
	[TIME] = STR("time"),
	[RESOURCE] = STR("resourceId"),
	[OPERATION] = STR("operationName"),
	[CATEGORY] = STR("category"),
	[RESULT] = STR("resultType"),
	[SIGNATURE] = STR("resultSignature"),
	[ADDRESS] = STR("callerIpAddress"),
	[CORRELATION] = STR("correlationId"),
	[IDENTITY] = STR("identity"),
	[LOCATION] = STR("location"),
	[PROPERTIES] = STR("properties"),
	[AUTHORIZATION] = STR("authorization"),
	[CALLER] = STR("caller"),
	[CLAIMS] = STR("claims"),
	[EVENT_ID] = STR("eventDataId"),
	[HTTP] = STR("httpRequest"),
	[STATUS] = STR("status"),
	[SUB_STATUS] = STR("subStatus"),
	[EVENT_TIME] = STR("eventTimestamp"),
	[SUBSCRIPTION] = STR("subscriptionId"),
};

struct json_value azure_value(struct json_value value)
{
	return json_kind(value) == JSON_OBJECT ? json_member(value, STR("value")) : value;
}

static bool is_one_of(struct str text, const struct str *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal_nocase(text, words[i]))
			return true;
	return false;
}

/* "403", "Forbidden", "Failed.Forbidden" */
static bool is_refusal(struct str status)
{
	static const struct str words[] = {STR("401"),
					   STR("403"),
					   STR("Unauthorized"),
					   STR("Forbidden"),
					   STR("AuthorizationFailed"),
					   STR("LinkedAuthorizationFailed"),
					   STR("AccessDenied"),
					   STR("RequestDisallowedByPolicy")};
	struct str head, last;

	if (!act_cut_last(status, '.', &head, &last))
		last = head;
	return is_one_of(last, words, sizeof(words) / sizeof(*words));
}

/* What is begun or accepted is under way; a later record says how it ended. */
static void decode_how_it_ended(const struct json_value *at, struct arena *scratch,
				struct record_act *act)
{
	static const struct str done[] = {STR("Success"), STR("Succeeded")};
	static const struct str failed[] = {STR("Failure"), STR("Failed"), STR("Canceled"),
					    STR("Cancelled"), STR("Error")};
	struct str told = act_either(act_text(at[RESULT], scratch),
				     act_text(azure_value(at[STATUS]), scratch));
	const struct str details[] = {
		act_text(at[SIGNATURE], scratch),
		act_text(azure_value(at[SUB_STATUS]), scratch),
		act_member(at[PROPERTIES], STR("statusCode"), scratch),
	};

	if (is_one_of(told, done, 2)) {
		act->outcome = OUTCOME_DONE;
		return;
	}
	if (!is_one_of(told, failed, sizeof(failed) / sizeof(*failed)))
		return;
	act->outcome = OUTCOME_FAILED;
	for (size_t i = 0; i < sizeof(details) / sizeof(*details); i++) {
		act->error = act_either(act->error, details[i]);
		if (is_refusal(details[i]))
			act->outcome = OUTCOME_DENIED;
	}
	act->error = act_either(act->error, told);
}

/*
 * REST has an id; elsewhere what tells one record from the next is put together, for a correlation
 * is shared by all records of one request, and by all resources of one deployment.
 */
static struct str id_of(const struct json_value *at, struct arena *scratch)
{
	static const uint8_t parts[] = {TIME, RESULT, RESOURCE};
	struct str id = act_text(at[EVENT_ID], scratch);

	if (id.len > 0)
		return id;
	id = act_text(at[CORRELATION], scratch);
	for (size_t i = 0; i < sizeof(parts) && id.len > 0; i++)
		id = act_join(id, '/', act_text(at[parts[i]], scratch), scratch);
	return id;
}

/* A text without a slash is what people are shown; the action asked for is then elsewhere. */
static void decode_operation(const struct json_value *at, struct json_value authorization,
			     struct arena *scratch, struct record_act *act)
{
	static const struct str reading = STR("/READ");
	struct str operation = act_text(azure_value(at[OPERATION]), scratch), rest;

	if (str_find_byte(operation, '/') < 0)
		operation =
			act_either(act_member(authorization, STR("action"), scratch), operation);
	act->action = act_upper(operation, scratch);
	if (!str_cut(act->action, '/', &act->service, &rest))
		act->service = (struct str){0};
	act->is_read_only = str_ends(act->action, reading);
}

static void decode_place(const struct json_value *at, struct arena *scratch, struct record_act *act)
{
	struct str resource = act_lower(act_text(at[RESOURCE], scratch), scratch);

	azure_add_resource(resource, act);
	act->account = act_lower(act_text(at[SUBSCRIPTION], scratch), scratch);
	if (act->account.len == 0)
		act->account = azure_subscription(resource);
	act->region = act_either(act_text(at[LOCATION], scratch),
				 act_member(at[PROPERTIES], STR("resourceLocation"), scratch));
}

static void decode_source(const struct json_value *at, struct json_value claims,
			  struct arena *scratch, struct record_act *act)
{
	struct str address = act_text(at[ADDRESS], scratch);

	address = act_either(address, act_member(at[HTTP], STR("clientIpAddress"), scratch));
	address = act_either(address, act_member(claims, STR("ipaddr"), scratch));
	act_set_source(act, address);
}

bool azure_activity_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct record_act *act = &out->act;
	struct json_value at[FIELDS];

	json_pick(root, keys, FIELDS, at);
	/* REST has beside the record what the other form has inside `identity` */
	struct json_value claims = json_member(at[IDENTITY], STR("claims"));
	struct json_value authorization = json_member(at[IDENTITY], STR("authorization"));
	if (!json_exists(claims))
		claims = at[CLAIMS];
	if (!json_exists(authorization))
		authorization = at[AUTHORIZATION];
	act->provider = PROVIDER_AZURE;
	out->time = act_time(at[TIME]);
	if (out->time.ns == 0)
		out->time = act_time(at[EVENT_TIME]);
	decode_operation(at, authorization, scratch, act);
	azure_identity(claims, json_member(authorization, STR("evidence")),
		       act_text(at[CALLER], scratch), scratch, &act->identity);
	decode_place(at, scratch, act);
	decode_source(at, claims, scratch, act);
	decode_how_it_ended(at, scratch, act);
	act->request = at[PROPERTIES];
	out->id = id_of(at, scratch);
	return act->action.len > 0;
}
