/*
 * Kubernetes' audit event, audit.k8s.io/v1, as the API server writes it; GKE's form of it, wrapped
 * and reworded by Cloud Audit, is in gke.c.
 *
 * source: Kubernetes reference, "kube-apiserver Audit Configuration (v1)"; of what EKS and tokens
 * put into user.extra, the aws-iam-authenticator and KEP-4193
 */
#include "decode/record/act_field.h"

enum {
	STAGE,
	AUDIT_ID,
	URI,
	VERB,
	USER,
	IMPERSONATED,
	SOURCES,
	USER_AGENT,
	OBJECT,
	STATUS,
	REQUEST,
	RESPONSE,
	RECEIVED,
	STAGE_TIME,
	ANNOTATIONS,
	FIELDS
};

static const struct str keys[FIELDS] = {
	[STAGE] = STR("stage"),
	[AUDIT_ID] = STR("auditID"),
	[URI] = STR("requestURI"),
	[VERB] = STR("verb"),
	[USER] = STR("user"),
	[IMPERSONATED] = STR("impersonatedUser"),
	[SOURCES] = STR("sourceIPs"),
	[USER_AGENT] = STR("userAgent"),
	[OBJECT] = STR("objectRef"),
	[STATUS] = STR("responseStatus"),
	[REQUEST] = STR("requestObject"),
	[RESPONSE] = STR("responseObject"),
	[RECEIVED] = STR("requestReceivedTimestamp"),
	[STAGE_TIME] = STR("stageTimestamp"),
	[ANNOTATIONS] = STR("annotations"),
};

enum identity_kind kube_identity_kind(struct str name, const struct str *groups, size_t count)
{
	if (str_equal(name, STR("system:anonymous")))
		return IDENTITY_ANONYMOUS;
	for (size_t i = 0; i < count; i++)
		if (str_equal(groups[i], STR("system:unauthenticated")))
			return IDENTITY_ANONYMOUS;
	if (str_starts(name, STR("system:serviceaccount:")))
		return IDENTITY_SERVICE_ACCOUNT;
	if (str_starts(name, STR("system:")) || str_starts(name, STR("eks:")))
		return IDENTITY_SERVICE;
	return name.len > 0 ? IDENTITY_USER : IDENTITY_UNKNOWN;
}

void kube_groups(struct json_value array, struct arena *scratch, struct record_identity *who)
{
	size_t count = 0;

	if (json_kind(array) != JSON_ARRAY || !json_exists(json_first(array)))
		return;
	struct str *groups = arena_take(scratch, ACT_GROUPS_MAX * sizeof(*groups));
	for (size_t i = 0; groups && i < ACT_GROUPS_MAX; i++) {
		struct json_value item = json_item(array, i);
		if (!json_exists(item))
			break;
		struct str text = act_text(item, scratch);
		if (text.len > 0)
			groups[count++] = text;
	}
	who->groups = groups;
	who->group_count = count;
}

bool kube_is_read_only(struct str verb, struct str subresource)
{
	static const struct str running[] = {STR("exec"), STR("attach"), STR("portforward"),
					     STR("proxy")};

	for (size_t i = 0; i < sizeof(running) / sizeof(*running); i++)
		if (str_equal(subresource, running[i]))
			return false;
	return str_equal(verb, STR("get")) || str_equal(verb, STR("list")) ||
	       str_equal(verb, STR("watch")) || str_equal(verb, STR("head"));
}

/* Members of extra are arrays of texts; the first of them. */
static struct str extra_text(struct json_value value, struct arena *scratch)
{
	return act_text(json_kind(value) == JSON_ARRAY ? json_first(value) : value, scratch);
}

/* By what token or AWS key the user came: the join to the log of who issued it. */
static void decode_extra(struct json_value extra, struct arena *scratch,
			 struct record_identity *who)
{
	enum { AWS_KEY, AWS_KEY_LONG, CREDENTIAL, POD, NODE, SESSION, SESSION_LONG, EXTRA };
	static const struct str extra_keys[EXTRA] = {
		[AWS_KEY] = STR("accessKeyId"),
		[AWS_KEY_LONG] = STR("sigs.k8s.io/aws-iam-authenticator/accessKeyId"),
		[CREDENTIAL] = STR("authentication.kubernetes.io/credential-id"),
		[POD] = STR("authentication.kubernetes.io/pod-name"),
		[NODE] = STR("authentication.kubernetes.io/node-name"),
		[SESSION] = STR("sessionName"),
		[SESSION_LONG] = STR("sigs.k8s.io/aws-iam-authenticator/sessionName"),
	};
	struct json_value at[EXTRA];
	struct str texts[EXTRA];

	if (json_kind(extra) != JSON_OBJECT)
		return;
	json_pick(extra, extra_keys, EXTRA, at);
	for (size_t i = 0; i < EXTRA; i++)
		texts[i] = extra_text(at[i], scratch);
	who->key_id =
		act_either(act_either(texts[AWS_KEY], texts[AWS_KEY_LONG]), texts[CREDENTIAL]);
	who->session = act_either(texts[POD], act_either(texts[SESSION], texts[SESSION_LONG]));
	who->instance = texts[NODE];
}

static void decode_user(struct json_value user, struct arena *scratch, struct record_identity *who)
{
	enum { NAME, GROUPS, EXTRA, MEMBERS };
	static const struct str members[MEMBERS] = {
		[NAME] = STR("username"), [GROUPS] = STR("groups"), [EXTRA] = STR("extra")};
	struct json_value at[MEMBERS];

	json_pick(user, members, MEMBERS, at);
	who->name = act_text(at[NAME], scratch);
	kube_groups(at[GROUPS], scratch, who);
	who->kind = kube_identity_kind(who->name, who->groups, who->group_count);
	decode_extra(at[EXTRA], scratch, who);
}

static void decode_object(const struct json_value *of, struct arena *scratch,
			  struct record_act *act)
{
	enum { RESOURCE, NAMESPACE, NAME, GROUP, SUBRESOURCE, MEMBERS };
	static const struct str members[MEMBERS] = {
		[RESOURCE] = STR("resource"),
		[NAMESPACE] = STR("namespace"),
		[NAME] = STR("name"),
		[GROUP] = STR("apiGroup"),
		[SUBRESOURCE] = STR("subresource"),
	};
	struct json_value at[MEMBERS];

	json_pick(of[OBJECT], members, MEMBERS, at);
	act->resource = act_text(at[RESOURCE], scratch);
	act->namespace = act_text(at[NAMESPACE], scratch);
	act->name = act_text(at[NAME], scratch);
	act->service = act_text(at[GROUP], scratch);
	act->subresource = act_text(at[SUBRESOURCE], scratch);
	if (act->name.len > 0 || !str_equal(act->action, STR("create")) || act->subresource.len > 0)
		return;
	/* the server chose the name ("generateName"), or the log left it to the object */
	for (size_t side = RESPONSE; side >= REQUEST && act->name.len == 0; side--)
		act->name =
			act_member(json_member(of[side], STR("metadata")), STR("name"), scratch);
}

/*
 * A parameter of that very name, and not where it would be ignored: `exec` with "dryRun=All" among
 * its words runs.
 */
static bool is_dry_run(const struct record_act *act)
{
	struct str path, query, parameter;

	if (act->subresource.len > 0)
		return false;
	str_cut(act->uri, '?', &path, &query);
	while (query.len > 0) {
		str_cut(query, '&', &parameter, &query);
		if (str_equal(parameter, STR("dryRun=All")))
			return true;
	}
	return false;
}

static enum record_outcome outcome_of(const struct json_value *at, const struct record_act *act)
{
	uint64_t status;

	if (json_text_is(at[STAGE], STR("RequestReceived")))
		return OUTCOME_UNKNOWN;
	if (json_text_is(at[STAGE], STR("Panic")))
		return OUTCOME_FAILED;
	if (!json_to_u64(json_member(at[STATUS], STR("code")), &status))
		return str_equal(act->decision, STR("forbid")) ? OUTCOME_DENIED : OUTCOME_UNKNOWN;
	enum record_outcome outcome = act_status_outcome(status);
	return outcome == OUTCOME_DONE && is_dry_run(act) ? OUTCOME_DRY_RUN : outcome;
}

static struct str error_of(const struct json_value *at, const struct record_act *act,
			   struct arena *scratch)
{
	if (act->outcome != OUTCOME_DENIED && act->outcome != OUTCOME_FAILED)
		return (struct str){0};
	return act_either(act_member(at[STATUS], STR("reason"), scratch),
			  act_member(at[STATUS], STR("code"), scratch));
}

/* One request is written once a stage, under one auditID. */
static struct str id_of(const struct json_value *at, struct arena *scratch)
{
	struct str id = act_text(at[AUDIT_ID], scratch), stage = act_text(at[STAGE], scratch);

	if (id.len == 0 || stage.len == 0)
		return id;
	struct str joined = act_join(id, '/', stage, scratch);
	return act_either(joined, id);
}

static void decode_annotations(struct json_value annotations, struct arena *scratch,
			       struct record_act *act)
{
	enum { DECISION, ISSUED, MEMBERS };
	static const struct str members[MEMBERS] = {
		[DECISION] = STR("authorization.k8s.io/decision"),
		[ISSUED] = STR("authentication.kubernetes.io/issued-credential-id"),
	};
	struct json_value at[MEMBERS];

	json_pick(annotations, members, MEMBERS, at);
	act->decision = act_text(at[DECISION], scratch);
	act_add_resource(act, STR("access-key"), act_text(at[ISSUED], scratch));
}

bool kube_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct record_act *act = &out->act;
	struct json_value at[FIELDS];

	if (json_kind(gcp_payload(root)) == JSON_OBJECT)
		return gke_decode(root, scratch, out);
	json_pick(root, keys, FIELDS, at);
	act->provider = PROVIDER_KUBE;
	act->action = act_text(at[VERB], scratch);
	out->time = act_time(at[RECEIVED]);
	if (out->time.ns == 0)
		out->time = act_time(at[STAGE_TIME]);
	out->id = id_of(at, scratch);
	decode_user(at[USER], scratch, &act->identity);
	act->identity.impersonated = act_member(at[IMPERSONATED], STR("username"), scratch);
	decode_annotations(at[ANNOTATIONS], scratch, act);
	decode_object(at, scratch, act);
	act->uri = act_text(at[URI], scratch);
	act->outcome = outcome_of(at, act);
	act->error = error_of(at, act, scratch);
	act->is_read_only = kube_is_read_only(act->action, act->subresource);
	act_set_source(act, act_text(json_first(at[SOURCES]), scratch));
	act->request = at[REQUEST];
	act->response = at[RESPONSE];
	act->user_agent = act_text(at[USER_AGENT], scratch);
	return act->action.len > 0;
}
