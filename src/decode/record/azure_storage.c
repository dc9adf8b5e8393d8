/*
 * Azure Storage's resource log: reads, writes and deletions of blobs, files, queues and tables.
 *
 * The record's uri may hold a shared access signature, which is a secret: it is not taken over.
 * What tells one signature or account key from another is its hash.
 *
 * source: Azure Storage, "Storage Analytics/Monitor resource logs schema"
 */
#include "decode/record/act_field.h"
#include "decode/record/azure_parts.h"

enum {
	TIME,
	RESOURCE,
	CATEGORY,
	OPERATION,
	STATUS,
	STATUS_TEXT,
	ADDRESS,
	CORRELATION,
	IDENTITY,
	LOCATION,
	PROPERTIES,
	FIELDS
};

static const struct str keys[FIELDS] = {
	[TIME] = STR("time"),
	[RESOURCE] = STR("resourceId"),
	[CATEGORY] = STR("category"),
	[OPERATION] = STR("operationName"),
	[STATUS] = STR("statusCode"),
	[STATUS_TEXT] = STR("statusText"),
	[ADDRESS] = STR("callerIpAddress"),
	[CORRELATION] = STR("correlationId"),
	[IDENTITY] = STR("identity"),
	[LOCATION] = STR("location"),
	[PROPERTIES] = STR("properties"),
};

enum { ACCOUNT, AGENT, OBJECT, RESPONSE_TYPE, ANSWER_BYTES, REQUEST_ID, PARTS };

static const struct str part_keys[PARTS] = {
	[ACCOUNT] = STR("accountName"),
	[AGENT] = STR("userAgentHeader"),
	[OBJECT] = STR("objectKey"),
	[RESPONSE_TYPE] = STR("metricResponseType"),
	[ANSWER_BYTES] = STR("responseBodySize"),
	[REQUEST_ID] = STR("clientRequestId"),
};

static void decode_identity(struct json_value identity, struct arena *scratch,
			    struct record_identity *who)
{
	struct json_value requester = json_member(identity, STR("requester"));
	struct str type = act_member(identity, STR("type"), scratch);

	azure_identity(requester, (struct json_value){0},
		       act_either(act_member(requester, STR("objectId"), scratch),
				  act_member(requester, STR("appId"), scratch)),
		       scratch, who);
	if (str_equal_nocase(type, STR("Anonymous")))
		who->kind = IDENTITY_ANONYMOUS;
	else if (who->name.len > 0 && who->kind == IDENTITY_UNKNOWN)
		who->kind = IDENTITY_SERVICE_ACCOUNT; /* a token without a user's name */
	who->key_id = act_member(identity, STR("tokenHash"), scratch);
	who->session = act_either(who->session, act_member(requester, STR("tokenId"), scratch));
}

/* "/account/container/path/of/the/blob", by some services in quotes */
static void add_object(struct str path, struct record_act *act)
{
	struct str account, rest, container, blob;

	if (path.len > 1 && path.at[0] == '"' && path.at[path.len - 1] == '"')
		path = str_sub(path, 1, path.len - 2);
	if (!str_starts(path, STR("/")))
		return;
	if (!str_cut(str_skip(path, 1), '/', &account, &rest))
		return;
	str_cut(rest, '/', &container, &blob);
	if (container.len == 0)
		return;
	size_t through = (size_t)(container.at - path.at) - 1 + container.len;
	act_add_resource(act, STR("bucket"), str_sub(path, 1, through));
	act_add_resource(act, STR("object"), blob);
}

static enum record_outcome outcome_of(struct json_value status, struct str told)
{
	uint64_t number;

	if (json_to_u64(status, &number) && number > 0)
		return act_status_outcome(number);
	if (str_find_nocase(told, STR("Authorization")) >= 0)
		return OUTCOME_DENIED;
	if (str_find_nocase(told, STR("Success")) >= 0)
		return OUTCOME_DONE;
	return told.len > 0 ? OUTCOME_FAILED : OUTCOME_UNKNOWN;
}

static void decode_how_it_ended(const struct json_value *at, struct json_value told,
				struct arena *scratch, struct record_act *act)
{
	act->outcome = outcome_of(at[STATUS], act_text(told, scratch));
	if (act->outcome == OUTCOME_DENIED || act->outcome == OUTCOME_FAILED)
		act->error = act_either(
			act_text(at[STATUS_TEXT], scratch),
			act_either(act_text(at[STATUS], scratch), act_text(told, scratch)));
}

bool azure_storage_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct record_act *act = &out->act;
	struct json_value at[FIELDS], part[PARTS];

	json_pick(root, keys, FIELDS, at);
	json_pick(at[PROPERTIES], part_keys, PARTS, part);
	act->provider = PROVIDER_AZURE;
	act->service = STR("MICROSOFT.STORAGE");
	out->time = act_time(at[TIME]);
	out->id =
		act_either(act_text(at[CORRELATION], scratch), act_text(part[REQUEST_ID], scratch));
	act->action = act_text(at[OPERATION], scratch);
	decode_identity(at[IDENTITY], scratch, &act->identity);
	act_set_source(act, act_text(at[ADDRESS], scratch));
	act->account = azure_subscription(act_lower(act_text(at[RESOURCE], scratch), scratch));
	act->region = act_text(at[LOCATION], scratch);
	act->is_read_only = str_equal_nocase(act_text(at[CATEGORY], scratch), STR("StorageRead"));
	add_object(act_text(part[OBJECT], scratch), act);
	act_add_resource(act, STR("storage-account"), act_text(part[ACCOUNT], scratch));
	decode_how_it_ended(at, part[RESPONSE_TYPE], scratch, act);
	if (!act->is_read_only || act->outcome != OUTCOME_DONE ||
	    !json_to_u64(part[ANSWER_BYTES], &act->bytes_out))
		act->bytes_out = 0;
	act->request = at[PROPERTIES];
	act->user_agent = act_text(part[AGENT], scratch);
	return act->action.len > 0;
}
