/*
 * Google's Cloud Audit LogEntry: activity, data access, system events and policy denials, whatever
 * service wrote it. Kubernetes' and Workspace's are read by this first, and then by gke.c and
 * workspace.c.
 *
 * A call that goes on for long is written twice: when it was accepted (operation.first), which is
 * no outcome yet, and when it ended (operation.last). Where the method is not told, the right that
 * was asked for tells what was done.
 *
 * source: Google Cloud, "LogEntry", "AuditLog", google.rpc.Code
 */
#include "decode/record/act_field.h"
#include "decode/record/gcp_parts.h"

enum { ENTRY_ID, LOG, OPERATION, TIME, RECEIVED, RESOURCE, FIELDS };

static const struct str keys[FIELDS] = {
	[ENTRY_ID] = STR("insertId"),	      [LOG] = STR("logName"),
	[OPERATION] = STR("operation"),	      [TIME] = STR("timestamp"),
	[RECEIVED] = STR("receiveTimestamp"), [RESOURCE] = STR("resource"),
};

enum { STATUS, WHO, METADATA, SERVICE, METHOD, RIGHTS, NAME, REQUEST, RESPONSE, PARTS };

static const struct str part_keys[PARTS] = {
	[STATUS] = STR("status"),
	[WHO] = STR("authenticationInfo"),
	[METADATA] = STR("requestMetadata"),
	[SERVICE] = STR("serviceName"),
	[METHOD] = STR("methodName"),
	[RIGHTS] = STR("authorizationInfo"),
	[NAME] = STR("resourceName"),
	[REQUEST] = STR("request"),
	[RESPONSE] = STR("response"),
};

struct json_value gcp_payload(struct json_value entry)
{
	struct json_value payload = json_member(entry, STR("protoPayload"));

	return json_exists(payload) ? payload : json_member(entry, STR("protopayload"));
}

enum record_outcome gcp_outcome(uint64_t code)
{
	enum { PERMISSION_DENIED = 7, UNAUTHENTICATED = 16, HTTP = 100 };

	if (code == PERMISSION_DENIED || code == UNAUTHENTICATED)
		return OUTCOME_DENIED;
	if (code >= HTTP) /* some services write HTTP's status here */
		return act_status_outcome(code);
	return code == 0 ? OUTCOME_DONE : OUTCOME_FAILED;
}

static void decode_how_it_ended(struct json_value status, struct json_value operation,
				struct arena *scratch, struct record_act *act)
{
	struct json_value code = json_member(status, STR("code"));
	uint64_t number = 0;

	if (json_to_u64(code, &number) && number != 0) {
		act->outcome = gcp_outcome(number);
		act->error = act_text(code, scratch);
		return;
	}
	bool is_begun = json_is_true(json_member(operation, STR("first"))) &&
			!json_is_true(json_member(operation, STR("last")));
	act->outcome = is_begun ? OUTCOME_UNKNOWN : OUTCOME_DONE;
}

/* The last word of "v1.compute.instances.aggregatedList", or the kind of right that was used. */
static bool is_reading(struct str method, struct json_value rights)
{
	static const struct str verbs[] = {STR("get"),	  STR("list"),	   STR("search"),
					   STR("lookup"), STR("batchGet"), STR("aggregatedList")};
	struct str head, verb;
	struct json_value kind = json_member(json_first(rights), STR("permissionType"));

	if (json_exists(kind))
		return json_text_is(kind, STR("DATA_READ")) ||
		       json_text_is(kind, STR("ADMIN_READ"));
	if (!act_cut_last(method, '.', &head, &verb))
		verb = method;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (str_starts_nocase(verb, verbs[i]))
			return true;
	return false;
}

static void decode_place(const struct json_value *at, struct arena *scratch, struct record_act *act)
{
	enum { PROJECT, ZONE, LOCATION, REGION, LABELS };
	static const struct str label_keys[LABELS] = {[PROJECT] = STR("project_id"),
						      [ZONE] = STR("zone"),
						      [LOCATION] = STR("location"),
						      [REGION] = STR("region")};
	struct json_value label[LABELS];
	struct str scope, rest;

	json_pick(json_member(at[RESOURCE], STR("labels")), label_keys, LABELS, label);
	act->account = act_text(label[PROJECT], scratch);
	act->region = act_either(
		act_text(label[ZONE], scratch),
		act_either(act_text(label[LOCATION], scratch), act_text(label[REGION], scratch)));
	if (act->account.len > 0)
		return;
	/* "projects/shop-1/logs/...", "organizations/123/logs/..." */
	struct str log = act_text(at[LOG], scratch);
	if (str_cut(log, '/', &scope, &rest) && str_equal(scope, STR("projects")))
		str_cut(rest, '/', &act->account, &rest);
	else if (str_find(log, STR("/logs/")) > 0)
		act->account = str_sub(log, 0, (size_t)str_find(log, STR("/logs/")));
}

/* What an answer gives out: a service account's key, or an HMAC key. Its id, never its secret. */
static void add_issued(struct json_value response, struct arena *scratch, struct record_act *act)
{
	if (str_find_nocase(act->action, STR("CreateServiceAccountKey")) >= 0)
		act_add_resource(act, STR("access-key"),
				 gcp_key_name(act_member(response, STR("name"), scratch)));
	if (str_find_nocase(act->action, STR("hmacKey")) >= 0)
		act_add_resource(act, STR("access-key"),
				 act_member(json_member(response, STR("metadata")), STR("accessId"),
					    scratch));
}

static void decode_caller(struct json_value metadata, struct arena *scratch, struct record_act *act)
{
	enum { ADDRESS, AGENT, MEMBERS };
	static const struct str members[MEMBERS] = {
		[ADDRESS] = STR("callerIp"), [AGENT] = STR("callerSuppliedUserAgent")};
	struct json_value at[MEMBERS];

	json_pick(metadata, members, MEMBERS, at);
	act_set_source(act, act_text(at[ADDRESS], scratch));
	act->user_agent = act_text(at[AGENT], scratch);
}

bool gcp_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct record_act *act = &out->act;
	struct json_value at[FIELDS], part[PARTS];

	json_pick(root, keys, FIELDS, at);
	json_pick(gcp_payload(root), part_keys, PARTS, part);
	act->provider = PROVIDER_GCP;
	out->time = act_time(at[TIME]);
	if (out->time.ns == 0)
		out->time = act_time(at[RECEIVED]);
	out->id = act_text(at[ENTRY_ID], scratch);
	act->action = act_either(act_text(part[METHOD], scratch),
				 act_member(json_first(part[RIGHTS]), STR("permission"), scratch));
	act->service = act_text(part[SERVICE], scratch);
	gcp_identity(part[WHO], scratch, &act->identity);
	decode_place(at, scratch, act);
	decode_how_it_ended(part[STATUS], at[OPERATION], scratch, act);
	act->is_read_only = is_reading(act->action, part[RIGHTS]);
	act->request = part[REQUEST];
	act->response = part[RESPONSE];
	add_issued(act->response, scratch, act);
	gcp_resource(act_text(part[NAME], scratch), act_member(at[RESOURCE], STR("type"), scratch),
		     act);
	decode_caller(part[METADATA], scratch, act);
	return act->action.len > 0;
}
