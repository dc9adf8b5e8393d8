#include "decode/record/flow_gcp.h"

#include <string.h>

#include "decode/record/fields.h"

/* Members that are called src_... or dest_..., by who reports. */
struct side {
	struct str instance, vpc, cluster;
};
static const struct side source_side = {
	{"src_instance", 12}, {"src_vpc", 7}, {"src_gke_details", 15}};
static const struct side destination_side = {
	{"dest_instance", 13}, {"dest_vpc", 8}, {"dest_gke_details", 16}};

static bool take_connection(struct json_value connection, struct record_flow *flow)
{
	uint64_t protocol;

	if (!field_address(json_member(connection, STR("src_ip")), &flow->source.address) ||
	    !field_address(json_member(connection, STR("dest_ip")), &flow->destination.address))
		return false;
	/* ICMP has no ports */
	if (!field_port(json_member(connection, STR("src_port")), &flow->source.port))
		flow->source.port = 0;
	if (!field_port(json_member(connection, STR("dest_port")), &flow->destination.port))
		flow->destination.port = 0;
	if (json_to_u64(json_member(connection, STR("protocol")), &protocol) &&
	    protocol <= UINT8_MAX)
		flow->protocol = (uint8_t)protocol;
	return true;
}

/* "namespace/name" */
static struct str pod_of(struct json_value cluster, struct arena *scratch)
{
	struct json_value pod = json_member(cluster, STR("pod"));
	struct str name = field_text(json_member(pod, STR("pod_name")), scratch);
	struct str namespace = field_text(json_member(pod, STR("pod_namespace")), scratch);

	if (name.len == 0 || namespace.len == 0)
		return name;
	char *both = arena_take(scratch, namespace.len + 1 + name.len);
	if (!both)
		return name;
	memcpy(both, namespace.at, namespace.len);
	both[namespace.len] = '/';
	memcpy(both + namespace.len + 1, name.at, name.len);
	return str_of(both, namespace.len + 1 + name.len);
}

static struct str member_text(struct json_value object, const char *name, struct arena *scratch)
{
	return field_text(json_member(object, str_from(name)), scratch);
}

static void take_side(struct json_value payload, const struct side *side, struct arena *scratch,
		      struct record_flow *flow)
{
	struct json_value instance = json_member(payload, side->instance);
	struct json_value vpc = json_member(payload, side->vpc);

	flow->instance = member_text(instance, "vm_name", scratch);
	flow->region = member_text(instance, "region", scratch);
	flow->account = member_text(instance, "project_id", scratch);
	flow->network = member_text(vpc, "vpc_name", scratch);
	flow->subnet = member_text(vpc, "subnetwork_name", scratch);
	flow->pod = pod_of(json_member(payload, side->cluster), scratch);
}

static void take_labels(struct json_value entry, struct arena *scratch, struct record_flow *flow)
{
	struct json_value labels = json_member(json_member(entry, STR("resource")), STR("labels"));

	if (flow->account.len == 0)
		flow->account = member_text(labels, "project_id", scratch);
	if (flow->region.len == 0)
		flow->region = member_text(labels, "location", scratch);
	if (flow->subnet.len == 0)
		flow->subnet = member_text(labels, "subnetwork_name", scratch);
}

bool gcp_flow_read(struct json_value entry, struct arena *scratch, struct record *out)
{
	struct json_value payload = json_member(entry, STR("jsonPayload"));
	struct json_value reporter = json_member(payload, STR("reporter"));
	struct json_value bytes = json_member(payload, STR("bytes_sent"));
	struct record_flow flow = {.provider = PROVIDER_GCP, .is_sampled = true};

	/* a firewall's log has a connection, too, and counts nothing */
	if ((!json_exists(reporter) && !json_exists(bytes)) ||
	    !take_connection(json_member(payload, STR("connection")), &flow))
		return false;
	if (!json_to_u64(bytes, &flow.bytes))
		flow.bytes = 0;
	if (!json_to_u64(json_member(payload, STR("packets_sent")), &flow.packets))
		flow.packets = 0;
	if (!field_time(json_member(entry, STR("timestamp")), &out->time))
		out->time = (instant){0};
	if (!field_time(json_member(payload, STR("start_time")), &flow.start))
		flow.start = out->time;
	if (!field_time(json_member(payload, STR("end_time")), &flow.end))
		flow.end = flow.start;
	bool is_source = str_starts(json_raw_text(reporter), STR("SRC"));
	if (is_source || str_starts(json_raw_text(reporter), STR("DEST"))) {
		flow.direction = is_source ? 1 : -1;
		take_side(payload, is_source ? &source_side : &destination_side, scratch, &flow);
	}
	take_labels(entry, scratch, &flow);
	out->kind = RECORD_FLOW;
	out->time = flow.start;
	out->id = field_text(json_member(entry, STR("insertId")), scratch);
	out->flow = flow;
	return true;
}
