/* One record: which request it is, and all that it may be told of. */
#include <string.h>

#include "detect/cluster/reading.h"
#include "detect/cluster/who.h"

static struct str member_text(struct json_value object, const char *key)
{
	return json_raw_text(json_member(object, str_from(key)));
}

/*
 * Who asks may choose the audit id himself (the header Audit-ID), so it alone does not make two
 * requests one; its time and what was asked for belong to it. The stages of one request have all
 * three in common.
 */
static uint64_t request_id(const struct record *record)
{
	static const struct str stages[] = {STR("/RequestReceived"), STR("/ResponseStarted"),
					    STR("/ResponseComplete"), STR("/Panic")};
	const struct record_act *act = &record->act;
	struct str id = record->id,
		   received = member_text(record->whole, "requestReceivedTimestamp");

	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++)
		if (str_ends(id, stages[i]))
			id.len -= stages[i].len;
	if (received.len == 0)
		received = str_of(&record->time, sizeof(record->time));
	const struct str parts[] = {id,		 received,	     act->uri,
				    act->action, act->resource,	     act->namespace,
				    act->name,	 act->identity.name, act->source};
	return hash_pair_of(parts, sizeof(parts) / sizeof(*parts)).at[0];
}

static bool is_verb(const struct record_act *act, const char *verb)
{
	return str_equal(act->action, str_from(verb));
}

static bool is_resource(const struct record_act *act, const char *resource)
{
	return str_equal(act->resource, str_from(resource));
}

/* -- what is told in one line each -- */

static void take_refused(struct reading *r)
{
	char at[NAME_SHOWN];
	const struct str parts[] = {r->act->resource, STR("/"), r->act->subresource};
	size_t len = 0, count = r->act->subresource.len > 0 ? 3 : 1;

	for (size_t i = 0; i < count; i++) {
		struct str part = str_sub(parts[i], 0, sizeof(at) - len);
		if (part.len > 0)
			memcpy(at + len, part.at, part.len);
		len += part.len;
	}
	if (r->act->resource.len > 0 && r->standing < STANDING_ANONYMOUS)
		(void)reading_note(r, DEED_DENIED, str_of(at, len), 0);
}

static void take_review(struct reading *r)
{
	struct json_value attributes =
		json_member(json_member(r->act->request, STR("spec")), STR("resourceAttributes"));

	if (is_verb(r->act, "create") && (is_resource(r->act, "selfsubjectaccessreviews") ||
					  is_resource(r->act, "selfsubjectrulesreviews")))
		(void)reading_note(r, DEED_REVIEWS, member_text(attributes, "resource"), 0);
}

static void take_events(struct reading *r)
{
	char at[NAME_SHOWN];

	if (is_resource(r->act, "events") &&
	    (is_verb(r->act, "deletecollection") || is_verb(r->act, "delete")))
		(void)reading_note(r, DEED_EVENTS, reading_thing(r->act, at, sizeof(at)),
				   is_verb(r->act, "deletecollection"));
}

static void take_watchers(struct reading *r)
{
	char at[NAME_SHOWN];
	const bool is_watcher = is_resource(r->act, "mutatingwebhookconfigurations") ||
				is_resource(r->act, "validatingwebhookconfigurations") ||
				is_resource(r->act, "auditsinks");

	if (is_watcher && (reading_writes(r->act) || is_verb(r->act, "delete") ||
			   is_verb(r->act, "deletecollection")))
		(void)reading_note(r, DEED_WATCHERS, reading_thing(r->act, at, sizeof(at)), 0);
}

/* A certificate for a client is a way in that no change of roles takes back. */
static void take_certificates(struct reading *r)
{
	char at[NAME_SHOWN];
	struct json_value spec = json_member(r->act->request, STR("spec"));
	struct json_value signer = json_member(spec, STR("signerName"));

	if (!is_resource(r->act, "certificatesigningrequests") || !reading_writes(r->act))
		return;
	const bool is_approval = str_equal(r->act->subresource, STR("approval"));
	if (!is_approval && !json_text_is(signer, STR("kubernetes.io/kube-apiserver-client")))
		return;
	if (json_exists(signer) &&
	    !json_text_is(signer, STR("kubernetes.io/kube-apiserver-client")))
		return;
	(void)reading_note(r, DEED_CERTIFICATES, reading_thing(r->act, at, sizeof(at)), 0);
}

/* Metrics are read this way by design; running something in a pod is not. */
static void take_node_proxy(struct reading *r)
{
	static const struct str harmless[] = {STR("/metrics"), STR("/stats"), STR("/healthz"),
					      STR("/configz"), STR("/logs")};
	char at[NAME_SHOWN];

	if (!is_resource(r->act, "nodes") || !str_equal(r->act->subresource, STR("proxy")))
		return;
	/* Google's records have the path in the name of the resource */
	struct str uri = r->act->uri.len > 0
				 ? r->act->uri
				 : member_text(json_member(r->record->whole, STR("protoPayload")),
					       "resourceName");
	ptrdiff_t path = str_find(uri, STR("/proxy/"));
	struct str rest = path >= 0 ? str_skip(uri, (size_t)path + 6) : (struct str){0};
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (str_starts(rest, harmless[i]))
			return;
	(void)reading_note(r, DEED_NODE_PROXY, reading_thing(r->act, at, sizeof(at)), 0);
}

static bool shows_console(struct json_value service)
{
	static const struct str consoles[] = {
		STR("dashboard"), STR("kubeflow"),    STR("jupyter"),  STR("weave-scope"),
		STR("headlamp"),  STR("argo-server"), STR("kubeapps"), STR("rancher")};
	struct json_value spec = json_member(service, STR("spec"));
	const struct str texts[] = {json_raw_text(json_member(spec, STR("selector"))),
				    member_text(json_member(service, STR("metadata")), "name")};

	for (size_t i = 0; i < sizeof(consoles) / sizeof(*consoles); i++)
		for (size_t k = 0; k < 2; k++)
			if (str_find_nocase(texts[k], consoles[i]) >= 0)
				return true;
	return false;
}

enum service_flag { SERVICE_INSIDE = 1, SERVICE_NARROW = 2, SERVICE_NODE_PORT = 4 };

/* Load balancers that are not reached from the internet, or from some networks only. */
static uint32_t service_flags(struct json_value service)
{
	struct json_value spec = json_member(service, STR("spec"));
	struct str notes = json_raw_text(
		json_member(json_member(service, STR("metadata")), STR("annotations")));
	const bool is_inside = str_find(notes, STR("aws-load-balancer-internal")) >= 0 ||
			       str_find(notes, STR("azure-load-balancer-internal")) >= 0 ||
			       str_find(notes, STR("\"Internal\"")) >= 0 ||
			       str_find(notes, STR("\"internal\"")) >= 0;

	return (is_inside ? SERVICE_INSIDE : 0u) |
	       (json_count(json_member(spec, STR("loadBalancerSourceRanges"))) > 0 ? SERVICE_NARROW
										   : 0u) |
	       (json_text_is(json_member(spec, STR("type")), STR("NodePort")) ? SERVICE_NODE_PORT
									      : 0u);
}

static void take_service(struct reading *r)
{
	char at[NAME_SHOWN];
	/* the answer is the whole object; a request may be a patch of the type alone */
	struct json_value service = json_exists(json_member(r->act->response, STR("spec")))
					    ? r->act->response
					    : r->act->request;
	struct json_value type = json_member(json_member(service, STR("spec")), STR("type"));

	if (!is_resource(r->act, "services") || r->act->subresource.len > 0 ||
	    !reading_writes(r->act) ||
	    !(json_text_is(type, STR("LoadBalancer")) || json_text_is(type, STR("NodePort"))))
		return;
	if (!shows_console(service) && str_find_nocase(r->act->name, STR("dashboard")) < 0)
		return;
	struct deed *deed = reading_note(r, DEED_CONSOLE, reading_thing(r->act, at, sizeof(at)), 2);
	deed->flags |= 1u << 8 << service_flags(service); /* each combination that was seen */
}

/* -- the whole -- */

/* What a controller does all day, whatever it is called. */
static void take_behaviour(struct reading *r)
{
	const bool is_watch = is_verb(r->act, "watch");
	const bool is_lease = is_resource(r->act, "leases") && reading_writes(r->act);

	if ((!is_watch && !is_lease) || r->standing >= STANDING_COMPONENT)
		return;
	struct actor *actor = reading_actor(r);
	actor->holds_lease |= is_lease;
	if (is_watch)
		actor->watched |= UINT64_C(1) << (hash_text(r->act->resource) % 64);
}

static void take_done(struct reading *r)
{
	reading_take_open(r);
	if (r->standing != STANDING_COMPONENT) {
		reading_take_secrets(r);
		reading_take_exec(r);
		take_review(r);
		take_events(r);
		take_watchers(r);
		take_certificates(r);
		take_node_proxy(r);
		take_service(r);
	}
	reading_take_workload(r);
	reading_take_pod(r);
}

void reading_take(struct memory *memory, const struct record *record)
{
	struct reading r = {.memory = memory, .record = record, .act = &record->act};
	const enum record_outcome outcome = record->act.outcome;

	if (outcome != OUTCOME_DONE && outcome != OUTCOME_DENIED)
		return;
	r.standing = who_stands(r.act);
	r.request = (struct request){record->time, request_id(record)};
	r.key = reading_key(r.act, r.standing);
	if (outcome == OUTCOME_DENIED) {
		if (r.standing != STANDING_COMPONENT)
			take_refused(&r);
		return;
	}
	take_behaviour(&r);
	take_done(&r);
}
