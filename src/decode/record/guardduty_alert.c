#include "decode/record/guardduty_alert.h"

#include "decode/record/act_field.h"

static struct json_value in(struct json_value object, const char *first, const char *second)
{
	return act_capital_member(act_capital_member(object, str_from(first)), str_from(second));
}

static bool is_true(struct json_value value)
{
	return json_kind(value) == JSON_TRUE;
}

/* Files say {"sample": true}; the API's answers {"Value": "{\"sample\":true}"}. */
static bool is_sample(struct json_value service, struct arena *scratch)
{
	struct json_value more = act_capital_member(service, STR("additionalInfo"));
	struct str value = act_text(act_capital_member(more, STR("value")), scratch);

	return is_true(act_capital_member(more, STR("sample"))) ||
	       str_find(value, STR("\"sample\":true")) >= 0;
}

static void add_local(struct guardduty_alert *out, struct str address)
{
	for (size_t i = 0; i < out->local_count; i++)
		if (str_equal(out->local[i], address))
			return;
	if (address.len > 0 && out->local_count < GUARDDUTY_LOCAL_MAX)
		out->local[out->local_count++] = address;
}

static void read_instance(struct json_value resource, struct arena *scratch,
			  struct guardduty_alert *out)
{
	struct json_value first =
		json_item(in(resource, "instanceDetails", "networkInterfaces"), 0);

	out->interface = act_text(act_capital_member(first, STR("networkInterfaceId")), scratch);
	add_local(out, act_text(act_capital_member(first, STR("privateIpAddress")), scratch));
	add_local(out, act_text(act_capital_member(first, STR("publicIp")), scratch));
	struct json_value v6 = act_capital_member(first, STR("ipv6Addresses"));
	add_local(out, act_text(json_item(v6, 0), scratch));
}

static struct str address_of(struct json_value holder, const char *name, struct arena *scratch)
{
	struct json_value details = act_capital_member(holder, str_from(name));

	return act_either(act_text(act_capital_member(details, STR("ipAddressV4")), scratch),
			  act_text(act_capital_member(details, STR("ipAddressV6")), scratch));
}

/* Of a connection the direction says whose side is whose; whoever calls an API acts. */
static void read_action(struct json_value action, struct arena *scratch,
			struct guardduty_alert *out)
{
	static const char *const calls[] = {"awsApiCallAction", "kubernetesApiCallAction",
					    "rdsLoginAttemptAction"};
	struct json_value flow = act_capital_member(action, STR("networkConnectionAction"));
	struct json_value asked = act_capital_member(action, STR("dnsRequestAction"));
	struct str direction =
		act_text(act_capital_member(flow, STR("connectionDirection")), scratch);

	out->remote = address_of(flow, "remoteIpDetails", scratch);
	out->remote_acts = str_equal_nocase(direction, STR("INBOUND"));
	add_local(out, address_of(flow, "localIpDetails", scratch));
	out->domain = act_text(act_capital_member(asked, STR("domain")), scratch);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls) && out->remote.len == 0; i++) {
		struct json_value call = act_capital_member(action, str_from(calls[i]));
		out->remote = address_of(call, "remoteIpDetails", scratch);
		out->remote_acts = out->remote.len > 0;
	}
	struct json_value probes = act_capital_member(
		act_capital_member(action, STR("portProbeAction")), STR("portProbeDetails"));
	if (out->remote.len == 0 && json_exists(json_item(probes, 0))) {
		out->remote = address_of(json_item(probes, 0), "remoteIpDetails", scratch);
		out->remote_acts = true;
	}
}

static void read_cluster(struct json_value resource, struct arena *scratch,
			 struct guardduty_alert *out)
{
	struct json_value load = in(resource, "kubernetesDetails", "kubernetesWorkloadDetails");

	out->cluster = act_either(act_text(in(resource, "eksClusterDetails", "name"), scratch),
				  act_text(in(resource, "ecsClusterDetails", "name"), scratch));
	out->namespace = act_text(act_capital_member(load, STR("namespace")), scratch);
}

void guardduty_alert_read(struct json_value whole, struct arena *scratch,
			  struct guardduty_alert *out)
{
	struct json_value service = act_capital_member(whole, STR("service"));
	struct json_value resource = act_capital_member(whole, STR("resource"));
	struct json_value process = in(service, "runtimeDetails", "process");

	*out = (struct guardduty_alert){
		.title = act_text(act_capital_member(whole, STR("title")), scratch),
		.detector = act_text(act_capital_member(service, STR("detectorId")), scratch),
		.last = act_time(act_capital_member(service, STR("eventLastSeen"))),
		.updated = act_time(act_capital_member(whole, STR("updatedAt"))),
		.is_sample = is_sample(service, scratch),
		.is_archived = is_true(act_capital_member(service, STR("archived"))),
		.process = act_text(act_capital_member(process, STR("executablePath")), scratch),
	};
	if (!str_to_double(act_text(act_capital_member(whole, STR("severity")), scratch),
			   &out->severity))
		out->severity = 0;
	if (!json_to_u64(act_capital_member(service, STR("count")), &out->count) || !out->count)
		out->count = 1;
	read_instance(resource, scratch, out);
	read_action(act_capital_member(service, STR("action")), scratch, out);
	read_cluster(resource, scratch, out);
}
