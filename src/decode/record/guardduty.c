/*
 * GuardDuty's finding: what Amazon itself thinks it saw, taken over with the actor it names.
 *
 * Files and EventBridge write "service", the API's answers "Service"; members are the same but for
 * the first letter. A finding is updated under the same id when it is seen again: its time is that
 * of its first sight, which does not change; the record's id is the finding's, and behind a / when
 * it was updated. What is no act is read by guardduty_alert.c.
 *
 * source: Amazon GuardDuty user guide, "GuardDuty finding format", "Retrieving findings"
 */
#include "decode/record/act_field.h"

struct finding_view {
	struct json_value root, resource, service, action;
	struct arena *scratch;
	struct record_act *act;
};

static struct str text_of(const struct finding_view *f, struct json_value object, struct str key)
{
	return act_text(act_capital_member(object, key), f->scratch);
}

static const struct {
	struct str type;
	enum identity_kind kind;
} user_types[] = {
	{STR("IAMUser"), IDENTITY_USER},       {STR("AssumedRole"), IDENTITY_ROLE},
	{STR("Role"), IDENTITY_ROLE},	       {STR("Root"), IDENTITY_ROOT},
	{STR("FederatedUser"), IDENTITY_USER}, {STR("Directory"), IDENTITY_USER},
	{STR("AWSService"), IDENTITY_SERVICE},
};

static enum identity_kind kind_of_user(struct str type)
{
	for (size_t i = 0; i < sizeof(user_types) / sizeof(*user_types); i++)
		if (str_equal_nocase(user_types[i].type, type))
			return user_types[i].kind;
	return IDENTITY_UNKNOWN;
}

/* Under accessKeyDetails: "AROA...:i-0123..." is the session of a virtual machine. */
static void decode_key(const struct finding_view *f, struct json_value key)
{
	struct record_identity *who = &f->act->identity;
	struct str unique;

	if (json_kind(key) != JSON_OBJECT)
		return;
	who->kind = kind_of_user(text_of(f, key, STR("userType")));
	who->key_id = text_of(f, key, STR("accessKeyId"));
	act_cut_last(text_of(f, key, STR("principalId")), ':', &unique, &who->session);
	who->name = act_either(text_of(f, key, STR("userName")), unique);
	if (who->kind == IDENTITY_ROLE && act_is_instance_id(who->session)) {
		who->kind = IDENTITY_INSTANCE;
		who->instance = who->session;
	}
}

static void decode_kubernetes(const struct finding_view *f)
{
	struct json_value details = act_capital_member(f->resource, STR("kubernetesDetails"));
	struct json_value user = act_capital_member(details, STR("kubernetesUserDetails"));
	struct json_value load = act_capital_member(details, STR("kubernetesWorkloadDetails"));
	struct record_identity *who = &f->act->identity;
	struct str name = text_of(f, user, STR("username"));

	if (name.len > 0) {
		who->name = name;
		kube_groups(act_capital_member(user, STR("groups")), f->scratch, who);
		who->kind = kube_identity_kind(name, who->groups, who->group_count);
	}
	struct str type = act_lower(text_of(f, load, STR("type")), f->scratch);
	act_add_resource(f->act, act_either(type, STR("workload")), text_of(f, load, STR("name")));
}

static void decode_resources(const struct finding_view *f)
{
	static const struct {
		struct str holder, member, type;
	} held[] = {
		{STR("instanceDetails"), STR("instanceId"), STR("instance")},
		{STR("eksClusterDetails"), STR("name"), STR("cluster")},
		{STR("ecsClusterDetails"), STR("name"), STR("cluster")},
		{STR("lambdaDetails"), STR("functionName"), STR("function")},
		{STR("containerDetails"), STR("image"), STR("image")},
		{STR("rdsDbInstanceDetails"), STR("dbInstanceIdentifier"), STR("database")},
	};

	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		act_add_resource(f->act, held[i].type,
				 text_of(f, act_capital_member(f->resource, held[i].holder),
					 held[i].member));
	struct json_value buckets = act_capital_member(f->resource, STR("s3BucketDetails"));
	for (size_t i = 0; i < RECORD_RESOURCES_MAX; i++)
		act_add_resource(f->act, STR("bucket"),
				 text_of(f, json_item(buckets, i), STR("name")));
}

/* {"AWS::IAM::Role": "arn:..."}, of a call of AWS */
static void add_affected(const struct finding_view *f, struct json_value affected)
{
	struct json_value v = json_first(affected);

	for (int i = 0; i < RECORD_RESOURCES_MAX && json_exists(v); i++, v = json_next(v))
		act_add_resource(f->act, aws_type(act_text(json_key_of(v), f->scratch)),
				 act_text(v, f->scratch));
}

static struct str address_in(const struct finding_view *f, struct json_value holder)
{
	struct json_value remote = act_capital_member(holder, STR("remoteIpDetails"));
	struct str v4 = text_of(f, remote, STR("ipAddressV4"));

	return act_either(v4, text_of(f, remote, STR("ipAddressV6")));
}

/* Each kind of action lies under a name of its own and has the same members inside. */
static void decode_action(struct finding_view *f)
{
	static const struct str names[] = {
		STR("awsApiCallAction"),	STR("networkConnectionAction"),
		STR("kubernetesApiCallAction"), STR("rdsLoginAttemptAction"),
		STR("dnsRequestAction"),	STR("portProbeAction")};
	struct json_value does = {0};

	f->action = act_capital_member(f->service, STR("action"));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !json_exists(does); i++)
		does = act_capital_member(f->action, names[i]);
	struct json_value probes = act_capital_member(does, STR("portProbeDetails"));
	struct json_value domain = act_capital_member(does, STR("domainDetails"));
	struct str source = act_either(address_in(f, does), address_in(f, json_item(probes, 0)));
	act_set_source(f->act, act_either(source, text_of(f, domain, STR("domain"))));
	f->act->user_agent = text_of(f, does, STR("userAgent"));
	f->act->error = text_of(f, does, STR("errorCode"));
	f->act->request = does;
	add_affected(f, act_capital_member(does, STR("affectedResources")));
}

/* Of an attack sequence: the first actor, where he was seen, and what he touched. */
static void decode_sequence(const struct finding_view *f)
{
	struct json_value detection = act_capital_member(f->service, STR("detection"));
	struct json_value sequence = act_capital_member(detection, STR("sequence"));
	struct json_value actor = json_item(act_capital_member(sequence, STR("actors")), 0);
	struct json_value user = act_capital_member(actor, STR("user"));
	struct record_identity *who = &f->act->identity;

	if (json_kind(sequence) != JSON_OBJECT)
		return;
	if (who->name.len == 0) {
		who->name = text_of(f, user, STR("name"));
		who->kind = kind_of_user(text_of(f, user, STR("type")));
		who->key_id = text_of(f, user, STR("credentialUid"));
	}
	struct json_value places = act_capital_member(sequence, STR("endpoints"));
	if (f->act->source.len == 0)
		act_set_source(f->act, text_of(f, json_item(places, 0), STR("ip")));
	struct json_value things = act_capital_member(sequence, STR("resources"));
	for (size_t i = 0; i < RECORD_RESOURCES_MAX; i++) {
		struct json_value thing = json_item(things, i);
		struct str type = act_lower(text_of(f, thing, STR("resourceType")), f->scratch);
		act_add_resource(
			f->act, type,
			act_either(text_of(f, thing, STR("name")), text_of(f, thing, STR("uid"))));
	}
}

static instant time_of(const struct finding_view *f)
{
	static const struct str names[] = {STR("createdAt"), STR("updatedAt")};
	instant at = act_time(act_capital_member(f->service, STR("eventFirstSeen")));

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && at.ns == 0; i++)
		at = act_time(act_capital_member(f->root, names[i]));
	return at;
}

/* Each update is a record of its own, or the count and the end would be those that came first. */
static struct str id_of(const struct finding_view *f)
{
	struct str id = text_of(f, f->root, STR("id"));
	struct str updated = text_of(f, f->root, STR("updatedAt"));

	return updated.len > 0 && id.len > 0 ? act_join(id, '/', updated, f->scratch) : id;
}

bool guardduty_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct record_act *act = &out->act;
	struct finding_view f = {.root = root, .scratch = scratch, .act = act};

	f.resource = act_capital_member(root, STR("resource"));
	f.service = act_capital_member(root, STR("service"));
	act->provider = PROVIDER_AWS;
	act->service = STR("guardduty.amazonaws.com");
	out->time = time_of(&f);
	out->id = id_of(&f);
	act->action = text_of(&f, root, STR("type"));
	act->account = text_of(&f, root, STR("accountId"));
	act->region = text_of(&f, root, STR("region"));
	act->risk = text_of(&f, root, STR("severity"));
	decode_key(&f, act_capital_member(f.resource, STR("accessKeyDetails")));
	decode_kubernetes(&f);
	decode_action(&f);
	decode_sequence(&f);
	decode_resources(&f);
	return act->action.len > 0;
}
