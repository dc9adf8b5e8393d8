/*
 * Entra's sign-in and audit logs: inside Azure's envelope (properties), or bare, as Microsoft Graph
 * gives them.
 *
 * source: Microsoft Graph, signIn and directoryAudit resource types; Microsoft Entra authentication
 * and authorization error codes
 */
#include "decode/record/act_field.h"
#include "decode/record/azure_parts.h"

enum { TIME, OPERATION, RESULT, ADDRESS, TENANT, PROPERTIES, FIELDS };

static const struct str keys[FIELDS] = {
	[TIME] = STR("time"),	      [OPERATION] = STR("operationName"),
	[RESULT] = STR("resultType"), [ADDRESS] = STR("callerIpAddress"),
	[TENANT] = STR("tenantId"),   [PROPERTIES] = STR("properties"),
};

/* What both logs have in the envelope; `at` gets its members. */
static void decode_envelope(struct json_value root, struct json_value *at, struct arena *scratch,
			    struct record *out)
{
	struct record_act *act = &out->act;

	json_pick(root, keys, FIELDS, at);
	if (json_kind(at[PROPERTIES]) != JSON_OBJECT)
		at[PROPERTIES] = root;
	act->provider = PROVIDER_AZURE;
	act->service = STR("MICROSOFT.AADIAM");
	act->action = act_text(at[OPERATION], scratch);
	act->account = act_lower(act_text(at[TENANT], scratch), scratch);
	act->request = at[PROPERTIES];
}

enum {
	ID,
	CREATED,
	USER_NAME,
	USER_ID,
	SERVICE_NAME,
	SERVICE_ID,
	APPLICATION,
	APPLICATION_NAME,
	TARGET,
	SEEN_ADDRESS,
	USER_AGENT,
	STATUS,
	RISK,
	RISK_NOW,
	RISK_STATE,
	REQUIREMENT,
	TOKEN,
	CREDENTIAL,
	PARTS
};

static const struct str part_keys[PARTS] = {
	[ID] = STR("id"),
	[CREATED] = STR("createdDateTime"),
	[USER_NAME] = STR("userPrincipalName"),
	[USER_ID] = STR("userId"),
	[SERVICE_NAME] = STR("servicePrincipalName"),
	[SERVICE_ID] = STR("servicePrincipalId"),
	[APPLICATION] = STR("appId"),
	[APPLICATION_NAME] = STR("appDisplayName"),
	[TARGET] = STR("resourceDisplayName"),
	[SEEN_ADDRESS] = STR("ipAddress"),
	[USER_AGENT] = STR("userAgent"),
	[STATUS] = STR("status"),
	[RISK] = STR("riskLevelAggregated"),
	[RISK_NOW] = STR("riskLevelDuringSignIn"),
	[RISK_STATE] = STR("riskState"),
	[REQUIREMENT] = STR("authenticationRequirement"),
	[TOKEN] = STR("uniqueTokenIdentifier"),
	[CREDENTIAL] = STR("servicePrincipalCredentialKeyId"),
};

/*
 * Most errors are a refusal. Those that only ask for the next step (a second factor, consent, "stay
 * signed in?") are no end; and a few blame the request or the service, not whoever signs in.
 */
static enum record_outcome sign_in_outcome(uint64_t code)
{
	static const uint32_t next_steps[] = {16000, 50058, 50072, 50074, 50076, 50079, 50097,
					      50125, 50127, 50129, 50140, 50143, 65001};
	static const uint32_t troubles[] = {50000, 50001, 50011,  90002, 90014,
					    90033, 90051, 500011, 700016};

	for (size_t i = 0; i < sizeof(next_steps) / sizeof(*next_steps); i++)
		if (code == next_steps[i])
			return OUTCOME_UNKNOWN;
	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++)
		if (code == troubles[i])
			return OUTCOME_FAILED;
	return code == 0 ? OUTCOME_DONE : OUTCOME_DENIED;
}

static void decode_sign_in_end(struct json_value result, struct json_value status,
			       struct arena *scratch, struct record_act *act)
{
	struct json_value code = json_member(status, STR("errorCode"));
	uint64_t number;

	if (!json_exists(code))
		code = result;
	if (!json_to_u64(code, &number))
		return;
	act->outcome = sign_in_outcome(number);
	if (number != 0)
		act->error = act_text(code, scratch);
}

static struct str told_risk(struct str risk)
{
	return str_equal(risk, STR("none")) || str_equal(risk, STR("hidden")) ? (struct str){0}
									      : risk;
}

static void decode_signer(const struct json_value *part, struct arena *scratch,
			  struct record_identity *who)
{
	struct str user =
		act_either(act_text(part[USER_NAME], scratch), act_text(part[USER_ID], scratch));
	struct str service = act_either(act_text(part[SERVICE_ID], scratch),
					act_either(act_text(part[APPLICATION], scratch),
						   act_text(part[SERVICE_NAME], scratch)));

	who->name = act_either(user, service);
	who->kind = user.len > 0      ? IDENTITY_USER
		    : service.len > 0 ? IDENTITY_SERVICE_ACCOUNT
				      : IDENTITY_UNKNOWN;
	who->session = act_text(part[TOKEN], scratch);
	who->key_id = act_text(part[CREDENTIAL], scratch);
}

bool entra_sign_in_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct record_act *act = &out->act;
	struct json_value at[FIELDS], part[PARTS];

	decode_envelope(root, at, scratch, out);
	json_pick(at[PROPERTIES], part_keys, PARTS, part);
	act->action = act_either(act->action, STR("Sign-in activity"));
	out->id = act_text(part[ID], scratch);
	out->time = act_time(part[CREATED]);
	if (out->time.ns == 0)
		out->time = act_time(at[TIME]);
	decode_signer(part, scratch, &act->identity);
	act_set_source(act, act_either(act_text(part[SEEN_ADDRESS], scratch),
				       act_text(at[ADDRESS], scratch)));
	decode_sign_in_end(at[RESULT], part[STATUS], scratch, act);
	act->identity.has_mfa = act->outcome == OUTCOME_DONE &&
				json_text_is(part[REQUIREMENT], STR("multiFactorAuthentication"));
	act->risk = act_either(told_risk(act_text(part[RISK], scratch)),
			       act_either(told_risk(act_text(part[RISK_NOW], scratch)),
					  told_risk(act_text(part[RISK_STATE], scratch))));
	act_add_resource(act, STR("application"), act_text(part[APPLICATION_NAME], scratch));
	act_add_resource(act, STR("resource"), act_text(part[TARGET], scratch));
	act->user_agent = act_text(part[USER_AGENT], scratch);
	return true;
}

static void decode_initiator(struct json_value by, struct arena *scratch, struct record_act *act)
{
	struct json_value user = json_member(by, STR("user"));
	struct json_value app = json_member(by, STR("app"));
	struct record_identity *who = &act->identity;

	who->name = act_either(act_member(user, STR("userPrincipalName"), scratch),
			       act_member(user, STR("id"), scratch));
	if (who->name.len > 0) {
		who->kind = IDENTITY_USER;
		act_set_source(act, act_member(user, STR("ipAddress"), scratch));
		return;
	}
	who->name = act_either(act_member(app, STR("servicePrincipalId"), scratch),
			       act_either(act_member(app, STR("appId"), scratch),
					  act_member(app, STR("displayName"), scratch)));
	if (who->name.len > 0)
		who->kind = IDENTITY_SERVICE_ACCOUNT;
}

static void add_targets(struct json_value targets, struct arena *scratch, struct record_act *act)
{
	for (size_t i = 0; i < RECORD_RESOURCES_MAX; i++) {
		struct json_value item = json_item(targets, i);
		struct str name = act_either(act_member(item, STR("userPrincipalName"), scratch),
					     act_member(item, STR("displayName"), scratch));
		act_add_resource(act, act_lower(act_member(item, STR("type"), scratch), scratch),
				 act_either(name, act_member(item, STR("id"), scratch)));
	}
}

static void decode_audit_end(struct json_value result, struct json_value reason,
			     struct arena *scratch, struct record_act *act)
{
	struct str told = act_text(result, scratch);

	if (told.len == 0)
		return;
	if (str_equal_nocase(told, STR("success"))) {
		act->outcome = OUTCOME_DONE;
		return;
	}
	/* the reason is a sentence, in which may stand what was typed */
	const struct str said = act_either(act_text(reason, scratch), told);
	act->error = str_find_byte(said, ' ') < 0 ? said : told;
	act->outcome = str_find_nocase(said, STR("denied")) >= 0 ||
				       str_find_nocase(said, STR("authoriz")) >= 0
			       ? OUTCOME_DENIED
			       : OUTCOME_FAILED;
}

bool entra_audit_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	enum { AUDIT_ID, WHEN, NAME, BY, ENDED, REASON, TARGETS, LOGGED_BY, MEMBERS };
	static const struct str members[MEMBERS] = {
		[AUDIT_ID] = STR("id"),
		[WHEN] = STR("activityDateTime"),
		[NAME] = STR("activityDisplayName"),
		[BY] = STR("initiatedBy"),
		[ENDED] = STR("result"),
		[REASON] = STR("resultReason"),
		[TARGETS] = STR("targetResources"),
		[LOGGED_BY] = STR("loggedByService"),
	};
	struct record_act *act = &out->act;
	struct json_value at[FIELDS], part[MEMBERS];

	decode_envelope(root, at, scratch, out);
	json_pick(at[PROPERTIES], members, MEMBERS, part);
	act->action = act_either(act->action, act_text(part[NAME], scratch));
	act->service = act_either(act_text(part[LOGGED_BY], scratch), act->service);
	out->id = act_text(part[AUDIT_ID], scratch);
	out->time = act_time(part[WHEN]);
	if (out->time.ns == 0)
		out->time = act_time(at[TIME]);
	decode_initiator(part[BY], scratch, act);
	if (act->source.len == 0)
		act_set_source(act, act_text(at[ADDRESS], scratch));
	decode_audit_end(json_exists(part[ENDED]) ? part[ENDED] : at[RESULT], part[REASON], scratch,
			 act);
	add_targets(part[TARGETS], scratch, act);
	return act->action.len > 0;
}
