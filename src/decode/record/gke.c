/*
 * A Kubernetes audit event as GKE hands it on: Cloud Audit's LogEntry of the service k8s.io.
 *
 * methodName "io.k8s.core.v1.pods.exec.create" holds version, resource, subresource and verb;
 * resourceName "core/v1/namespaces/web/pods/shop-1/exec" the API group, namespace and name. Groups,
 * stage and the user's extra are not handed on.
 */
#include "decode/record/act_field.h"

/* v1, v1beta1, v2alpha1 */
static bool is_version(struct str text)
{
	return text.len >= 2 && text.at[0] == 'v' && text.at[1] >= '0' && text.at[1] <= '9';
}

/* "io.k8s.core.v1.pods.exec.create": of what is behind the version, the last is the verb. */
static void decode_method(struct str method, struct record_act *act)
{
	struct str rest = method, part, verb;

	if (!act_cut_last(method, '.', &rest, &verb))
		verb = method;
	act->action = verb;
	bool is_found = false;
	while (!is_found && rest.len > 0) {
		str_cut(rest, '.', &part, &rest);
		is_found = is_version(part);
	}
	if (is_found)
		str_cut(rest, '.', &act->resource, &act->subresource);
}

/* GROUP/VERSION[/namespaces/NAMESPACE]/RESOURCE/NAME[/SUBRESOURCE...] */
static void decode_resource(struct str path, struct record_act *act)
{
	struct str group, version, rest, part, after;

	str_cut(path, '/', &group, &rest);
	str_cut(rest, '/', &version, &rest);
	if (!is_version(version)) { /* "healthz", "api/v1": no resource */
		act->uri = path;
		return;
	}
	if (!str_equal(group, STR("core")))
		act->service = group;
	str_cut(rest, '/', &part, &after);
	if (str_equal(part, STR("namespaces"))) {
		str_cut(after, '/', &act->namespace, &rest);
		if (rest.len == 0) /* the namespace itself */
			act->name = act->namespace;
		str_cut(rest, '/', &part, &after);
	}
	if (act->resource.len == 0)
		act->resource = part;
	if (act->name.len == 0)
		str_cut(after, '/', &act->name, &rest);
}

static enum record_outcome outcome_of(struct json_value payload, const struct record_act *act)
{
	uint64_t code;

	if (json_to_u64(json_member(json_member(payload, STR("status")), STR("code")), &code) &&
	    code != 0)
		return gcp_outcome(code);
	return str_equal(act->decision, STR("forbid")) ? OUTCOME_DENIED : OUTCOME_DONE;
}

bool gke_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct record_act *act = &out->act;

	if (!gcp_decode(root, scratch, out))
		return false;
	struct json_value payload = gcp_payload(root);
	struct json_value where = json_member(json_member(root, STR("resource")), STR("labels"));
	act->provider = PROVIDER_KUBE;
	act->account = act_member(where, STR("cluster_name"), scratch);
	act->service = (struct str){0};
	act->resource_count = 0;
	act->decision = act_member(json_member(root, STR("labels")),
				   STR("authorization.k8s.io/decision"), scratch);
	decode_method(act->action, act);
	decode_resource(act_member(payload, STR("resourceName"), scratch), act);
	act->outcome = outcome_of(payload, act);
	act->is_read_only = kube_is_read_only(act->action, act->subresource);
	struct record_identity *who = &act->identity;
	if (str_starts(who->name, STR("system:")))
		who->kind = kube_identity_kind(who->name, NULL, 0);
	return act->action.len > 0;
}
