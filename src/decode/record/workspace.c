/*
 * Google Workspace's admin and login audit: as Cloud Audit's LogEntry, and as the activity that the
 * Reports API gives. Both hold events with parameters, which name what was touched; the first event
 * is the record's.
 *
 * source: Google Workspace Admin SDK, "activities.list"; Cloud Logging, "Audit logs for Google
 * Workspace"
 */
#include "decode/record/act_field.h"

static const struct {
	struct str name, type;
} named[] = {
	{STR("USER_EMAIL"), STR("user")},
	{STR("affected_email_address"), STR("user")},
	{STR("GROUP_EMAIL"), STR("group")},
	{STR("ROLE_NAME"), STR("role")},
	{STR("API_CLIENT_NAME"), STR("application")},
	{STR("client_id"), STR("application")},
	{STR("app_name"), STR("application")},
	{STR("DOMAIN_NAME"), STR("domain")},
};

static void decode_parameter(struct json_value parameter, struct arena *scratch,
			     struct record_act *act)
{
	struct json_value key = json_member(parameter, STR("name"));
	struct json_value value = json_member(parameter, STR("value"));
	bool is_set = json_is_true(json_member(parameter, STR("boolValue"))) || json_is_true(value);

	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
		if (json_text_is(key, named[i].name))
			act_add_resource(act, named[i].type, act_text(value, scratch));
	if (json_text_is(key, STR("is_suspicious")) && is_set)
		act->risk = STR("suspicious");
	if (json_text_is(key, STR("is_second_factor")) && is_set)
		act->identity.has_mfa = true;
	if (json_text_is(key, STR("login_challenge_status")) &&
	    str_find_nocase(act_text(value, scratch), STR("fail")) >= 0)
		act->outcome = OUTCOME_DENIED;
}

static void decode_event(struct json_value event, struct str name, struct str parameters,
			 struct arena *scratch, struct record_act *act)
{
	enum { PARAMETERS_MAX = 32 };
	struct str said = act_member(event, name, scratch);
	struct json_value list = json_member(event, parameters);
	struct json_value succeeded =
		json_member(json_member(event, STR("status")), STR("success"));

	if (json_kind(succeeded) == JSON_FALSE && act->outcome == OUTCOME_DONE)
		act->outcome = OUTCOME_FAILED;
	if (str_equal(said, STR("login_failure")) ||
	    str_ends(said, STR("action_blocked"))) /* "risky_sensitive_action_blocked" */
		act->outcome = OUTCOME_DENIED;
	if (str_starts(said, STR("suspicious_")))
		act->risk = STR("suspicious");
	if (act->action.len == 0)
		act->action = said;
	for (size_t i = 0; i < PARAMETERS_MAX; i++) {
		struct json_value parameter = json_item(list, i);
		if (!json_exists(parameter))
			break;
		decode_parameter(parameter, scratch, act);
	}
}

static void decode_actor(struct json_value actor, struct arena *scratch,
			 struct record_identity *who)
{
	struct str email = act_member(actor, STR("email"), scratch);
	struct str key = act_member(actor, STR("key"), scratch);

	gcp_identify(
		act_either(email, act_either(key, act_member(actor, STR("profileId"), scratch))),
		scratch, who);
	if (email.len == 0 && str_equal(key, STR("SYSTEM")))
		who->kind = IDENTITY_SERVICE;
	else if (email.len == 0 && key.len > 0)
		who->kind = IDENTITY_SERVICE_ACCOUNT;
}

/* In the words of the same service's LogEntry, where it has one. */
static struct str service_of(struct str application)
{
	static const struct act_pair services[] = {
		{STR("admin"), STR("admin.googleapis.com")},
		{STR("login"), STR("login.googleapis.com")},
		{STR("token"), STR("oauth2.googleapis.com")},
		{STR("groups_enterprise"), STR("cloudidentity.googleapis.com")},
	};

	return act_either(
		act_pair_value(services, sizeof(services) / sizeof(*services), application),
		application);
}

static bool activity_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct record_act *act = &out->act;
	struct json_value id = json_member(root, STR("id"));

	act->provider = PROVIDER_GCP;
	out->time = act_time(json_member(id, STR("time")));
	out->id = act_member(id, STR("uniqueQualifier"), scratch);
	act->service = service_of(act_member(id, STR("applicationName"), scratch));
	act->account = act_either(act_member(id, STR("customerId"), scratch),
				  act_member(root, STR("ownerDomain"), scratch));
	decode_actor(json_member(root, STR("actor")), scratch, &act->identity);
	act_set_source(act, act_member(root, STR("ipAddress"), scratch));
	act->outcome = OUTCOME_DONE;
	act->request = json_member(root, STR("events"));
	decode_event(json_first(act->request), STR("name"), STR("parameters"), scratch, act);
	return act->action.len > 0;
}

bool workspace_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct json_value payload = gcp_payload(root);

	if (json_kind(payload) != JSON_OBJECT)
		return activity_decode(root, scratch, out);
	if (!gcp_decode(root, scratch, out))
		return false;
	struct json_value events = json_member(json_member(payload, STR("metadata")), STR("event"));
	decode_event(json_first(events), STR("eventName"), STR("parameter"), scratch, &out->act);
	return true;
}
