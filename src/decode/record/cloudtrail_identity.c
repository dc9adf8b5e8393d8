/*
 * Who called AWS: the member userIdentity.
 *
 * A role's session is told by the role, since its own ARN changes with each session; what the
 * session is called tells a virtual machine (AWS calls its sessions by the instance's id) and a pod
 * (EKS Pod Identity: "eks-CLUSTER-POD-" and a UUID). Whoever may assume a role may choose such a
 * name, and so look like a machine: it then stands out by where it comes from.
 */
#include "decode/record/act_field.h"

enum { TYPE, PRINCIPAL, ARN, ACCOUNT, KEY, USER_NAME, CONTEXT, INVOKED_BY, BEHALF, FIELDS };

static const struct str keys[FIELDS] = {
	[TYPE] = STR("type"),
	[PRINCIPAL] = STR("principalId"),
	[ARN] = STR("arn"),
	[ACCOUNT] = STR("accountId"),
	[KEY] = STR("accessKeyId"),
	[USER_NAME] = STR("userName"),
	[CONTEXT] = STR("sessionContext"),
	[INVOKED_BY] = STR("invokedBy"),
	[BEHALF] = STR("onBehalfOf"),
};

enum { ISSUER, WEB, ATTRIBUTES, DELIVERY, CONTEXT_FIELDS };

static const struct str context_keys[CONTEXT_FIELDS] = {
	[ISSUER] = STR("sessionIssuer"),
	[WEB] = STR("webIdFederationData"),
	[ATTRIBUTES] = STR("attributes"),
	[DELIVERY] = STR("ec2RoleDelivery"), /* by the metadata service, version 1.0 or 2.0 */
};

struct speaking {
	struct json_value at[FIELDS], context[CONTEXT_FIELDS];
	struct str type, principal, arn, account, user_name;
	struct arena *scratch;
	struct record_identity *who;
};

static const struct {
	struct str type;
	enum identity_kind kind;
} kinds[] = {
	{STR("AssumedRole"), IDENTITY_ROLE},   {STR("IAMUser"), IDENTITY_USER},
	{STR("Root"), IDENTITY_ROOT},	       {STR("Role"), IDENTITY_ROLE},
	{STR("AWSService"), IDENTITY_SERVICE}, {STR("FederatedUser"), IDENTITY_USER},
	{STR("SAMLUser"), IDENTITY_USER},      {STR("WebIdentityUser"), IDENTITY_USER},
	{STR("Directory"), IDENTITY_USER},     {STR("IdentityCenterUser"), IDENTITY_USER},
};

static enum identity_kind kind_of_type(struct str type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (str_equal(kinds[i].type, type))
			return kinds[i].kind;
	return IDENTITY_UNKNOWN;
}

static bool is_uuid(struct str text)
{
	if (text.len != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (is_dash ? text.at[i] != '-' : hex_digit(text.at[i]) < 0)
			return false;
	}
	return true;
}

/* "eks-payments-web-6d4c-" and a UUID */
static bool is_pod_identity(struct str session)
{
	return session.len > 36 && str_starts(session, STR("eks-")) &&
	       is_uuid(str_skip(session, session.len - 36));
}

/* Issuers of pods' tokens; GitHub's and others' are no pods. */
static bool is_cluster_issuer(struct str provider)
{
	static const struct str places[] = {STR("oidc.eks."), STR("container.googleapis.com/"),
					    STR("prod-aks.azure.com/")};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (str_find(provider, places[i]) >= 0)
			return true;
	return false;
}

/* "system:serviceaccount:NAMESPACE:NAME" among what the token said, if CloudTrail passes it on */
static struct str told_service_account(struct json_value web, struct arena *scratch)
{
	enum { ATTRIBUTES_LOOKED_AT = 16 };
	struct json_value v = json_first(json_member(web, STR("attributes")));

	for (int i = 0; i < ATTRIBUTES_LOOKED_AT && json_exists(v); i++, v = json_next(v)) {
		struct str text = act_text(v, scratch);
		if (str_starts(text, STR("system:serviceaccount:")))
			return text;
	}
	return (struct str){0};
}

static void become_pod(struct record_identity *who, struct str issuer)
{
	who->kind = IDENTITY_POD;
	who->issuer = issuer;
}

static void decode_session(struct speaking *s)
{
	struct record_identity *who = s->who;
	struct str role, session;

	who->name = act_member(s->context[ISSUER], STR("arn"), s->scratch);
	if (act_cut_last(s->arn, '/', &role, &session) && who->name.len == 0)
		who->name = role;
	struct str unique, named;
	act_cut_last(s->principal, ':', &unique, &named);
	who->session = act_either(named, session);
	who->name = act_either(who->name, unique);

	struct str provider = act_member(s->context[WEB], STR("federatedProvider"), s->scratch);
	bool is_delivered =
		json_exists(s->context[DELIVERY]) && str_starts(who->session, STR("i-"));
	if (is_delivered || act_is_instance_id(who->session)) {
		who->kind = IDENTITY_INSTANCE;
		who->instance = who->session;
	} else if (is_cluster_issuer(provider)) {
		become_pod(who, act_either(told_service_account(s->context[WEB], s->scratch),
					   who->name));
	} else if (is_pod_identity(who->session)) {
		become_pod(who, who->name);
	}
}

/* By GetFederationToken: the rights are those of the user who asked for it. */
static void decode_federated(struct speaking *s)
{
	struct str head;

	s->who->name = act_member(s->context[ISSUER], STR("arn"), s->scratch);
	act_cut_last(s->arn, '/', &head, &s->who->session);
	if (json_text_is(json_member(s->context[ISSUER], STR("type")), STR("Root")))
		s->who->kind = IDENTITY_ROOT;
}

/* Of another account: "AROA...:session" or "AIDA..." is all that is told; or nobody at all. */
static void decode_foreign(struct speaking *s)
{
	struct record_identity *who = s->who;
	bool is_nobody = str_equal(s->account, STR("ANONYMOUS_PRINCIPAL")) ||
			 (s->principal.len == 0 && s->account.len == 0 && s->arn.len == 0);

	if (is_nobody) {
		who->kind = IDENTITY_ANONYMOUS;
		s->account = (struct str){0};
		return;
	}
	act_cut_last(s->principal, ':', &who->name, &who->session);
	if (str_starts(who->name, STR("AROA")))
		who->kind = IDENTITY_ROLE;
	else if (str_starts(who->name, STR("AIDA")))
		who->kind = IDENTITY_USER;
	if (who->kind == IDENTITY_ROLE && act_is_instance_id(who->session)) {
		who->kind = IDENTITY_INSTANCE;
		who->instance = who->session;
	}
}

static void decode_by_type(struct speaking *s)
{
	struct record_identity *who = s->who;

	if (who->kind == IDENTITY_ROLE)
		decode_session(s);
	else if (who->kind == IDENTITY_SERVICE)
		who->name = act_text(s->at[INVOKED_BY], s->scratch);
	else if (str_equal(s->type, STR("FederatedUser")))
		decode_federated(s);
	else if (str_equal(s->type, STR("WebIdentityUser")))
		who->name = s->user_name; /* the principal has the audience in its middle */
	else if (str_equal(s->type, STR("AWSAccount")))
		decode_foreign(s);
	else if (str_equal(s->principal, STR("Anonymous"))) /* Cognito's calls without a login */
		who->kind = IDENTITY_ANONYMOUS;
	if (str_equal(s->type, STR("WebIdentityUser")) &&
	    str_starts(s->user_name, STR("system:serviceaccount:")))
		become_pod(who, s->user_name);
}

static void read_texts(struct speaking *s, struct json_value user)
{
	json_pick(user, keys, FIELDS, s->at);
	json_pick(s->at[CONTEXT], context_keys, CONTEXT_FIELDS, s->context);
	s->type = act_text(s->at[TYPE], s->scratch);
	s->principal = act_text(s->at[PRINCIPAL], s->scratch);
	s->arn = act_text(s->at[ARN], s->scratch);
	s->account = act_text(s->at[ACCOUNT], s->scratch);
	s->user_name = act_text(s->at[USER_NAME], s->scratch);
}

/* What is left when the type's own way gave no name, best first. */
static struct str any_name(const struct speaking *s)
{
	struct str person = act_member(s->at[BEHALF], STR("userId"), s->scratch);

	return act_either(act_either(s->arn, s->user_name),
			  act_either(person, act_either(s->principal, s->account)));
}

void cloudtrail_identity(struct json_value user, struct arena *scratch, struct record_act *act)
{
	struct record_identity *who = &act->identity;
	struct speaking s = {.scratch = scratch, .who = who};

	if (json_kind(user) != JSON_OBJECT)
		return;
	read_texts(&s, user);
	who->kind = kind_of_type(s.type);
	who->key_id = act_text(s.at[KEY], scratch);
	decode_by_type(&s);
	if (who->name.len == 0 && who->kind != IDENTITY_ANONYMOUS)
		who->name = any_name(&s);
	if (who->kind != IDENTITY_SERVICE)
		who->invoked_by = act_text(s.at[INVOKED_BY], scratch);
	if (who->name.len == 0 && who->kind == IDENTITY_UNKNOWN && who->invoked_by.len > 0) {
		who->kind = IDENTITY_SERVICE;
		who->name = who->invoked_by;
		who->invoked_by = (struct str){0};
	} else if (who->kind == IDENTITY_UNKNOWN && s.user_name.len > 0) {
		who->kind = IDENTITY_USER;
	}
	who->since = act_time(json_member(s.context[ATTRIBUTES], STR("creationDate")));
	who->has_mfa = json_is_true(json_member(s.context[ATTRIBUTES], STR("mfaAuthenticated")));
	act->account = act_either(act->account, s.account);
	if (!str_equal(act->account, s.account))
		who->account = s.account;
}
