/* Where pods run: their addresses by the kubelet's word, their nodes by the scheduler's, too. */
#include <string.h>

#include "detect/cluster/reading.h"

static struct json_value member(struct json_value object, const char *key)
{
	return json_member(object, str_from(key));
}

static void keep(char *out, size_t cap, struct str text)
{
	text = str_sub(text, 0, cap - 1);
	memset(out, 0, cap);
	if (text.len > 0)
		memcpy(out, text.at, text.len);
}

struct hash_pair reading_pod_key(struct str cluster, struct str namespace, struct str name)
{
	const struct str parts[] = {cluster, namespace, name};

	return hash_pair_of(parts, 3);
}

static struct pod_seen *pod_of(struct reading *r)
{
	const struct hash_pair key =
		reading_pod_key(r->act->account, r->act->namespace, r->act->name);
	struct pod_seen *pod = memory_pod(r->memory, &key, r->request.time);

	keep(pod->namespace, NAME_SHOWN, r->act->namespace);
	keep(pod->name, NAME_SHOWN, r->act->name);
	return pod;
}

static void add_address(struct pod_seen *pod, struct json_value text)
{
	char scratch[ADDRESS_MAX];
	struct str address = json_text(text, scratch, sizeof(scratch));
	struct address parsed;

	if (!address_parse(address, &parsed) || pod->address_count == POD_ADDRESSES_MAX)
		return;
	for (uint32_t i = 0; i < pod->address_count; i++)
		if (str_equal(str_from(pod->addresses[i]), address))
			return;
	keep(pod->addresses[pod->address_count++], ADDRESS_MAX, address);
}

/* The patch of a status by the kubelet of the node. */
static void take_status(struct reading *r, struct str node)
{
	struct json_value status = member(r->act->request, "status");
	struct json_value ips = member(status, "podIPs"), item = json_first(ips);

	if (!json_exists(member(status, "podIP")))
		return;
	struct pod_seen *pod = pod_of(r);
	if (pod->address_count > 0 && !request_before(r->request, pod->earliest))
		return;
	pod->earliest = r->request;
	pod->address_count = 0;
	add_address(pod, member(status, "podIP"));
	for (size_t i = 0; i < POD_ADDRESSES_MAX && json_exists(item); i++, item = json_next(item))
		add_address(pod, member(item, "ip"));
	keep(pod->node, NAME_SHOWN, node);
}

static void take_binding(struct reading *r)
{
	char scratch[NAME_SHOWN];
	struct str node = json_text(member(member(r->act->request, "target"), "name"), scratch,
				    sizeof(scratch));
	struct pod_seen *pod = node.len > 0 ? pod_of(r) : NULL;

	/* a pod is bound once; its kubelet has the last word */
	if (pod && pod->address_count == 0)
		keep(pod->node, NAME_SHOWN, node);
}

/* Keys in the environment of a pod: known from when it was made, given to who reads it later. */
static void take_keys(struct reading *r)
{
	struct key_set ids = {.count = 0};

	key_set_find(&ids, r->act->request);
	if (ids.count == 0)
		return;
	struct pod_seen *pod = pod_of(r);
	key_set_join(&pod->keys, &ids);
	memory_weigh_pod(r->memory, pod, 1);
}

static void take_reading(struct reading *r)
{
	char at[NAME_SHOWN];
	const bool is_run = str_equal(r->act->subresource, STR("exec"));
	const bool is_read =
		r->act->subresource.len == 0 &&
		(str_equal(r->act->action, STR("get")) || str_equal(r->act->action, STR("list")));
	struct str thing =
		r->act->namespace.len > 0 ? reading_thing(r->act, at, sizeof(at)) : STR("/");

	/* people read pods all day, a console for them; what they reach into may give them keys */
	if (is_run || (is_read && r->standing >= STANDING_CONSOLE && !reading_is_by_design(r)))
		(void)reading_note(r, DEED_PODS, thing, 0);
}

void reading_take_pod(struct reading *r)
{
	static const struct str nodes = STR("system:node:");
	const struct str who = r->act->identity.name;

	if (!str_equal(r->act->resource, STR("pods")))
		return;
	if (r->standing != STANDING_COMPONENT)
		take_reading(r);
	if (r->act->name.len == 0)
		return;
	if (r->act->subresource.len == 0 && str_equal(r->act->action, STR("create")))
		take_keys(r);
	if (r->standing != STANDING_COMPONENT)
		return;
	if (str_equal(r->act->subresource, STR("status")) && str_starts(who, nodes))
		take_status(r, str_skip(who, nodes.len));
	else if (str_equal(r->act->subresource, STR("binding")))
		take_binding(r);
}
