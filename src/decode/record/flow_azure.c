#include "decode/record/flow_azure.h"

#include "decode/record/fields.h"

/* The part of a resource's id after a segment, as "/subscriptions/ID/resourceGroups/...". */
static struct str id_segment(struct str id, struct str segment)
{
	ptrdiff_t found = str_find_nocase(id, segment);
	struct str value, rest;

	if (found < 0)
		return (struct str){0};
	str_cut(str_skip(id, (size_t)found + segment.len), '/', &value, &rest);
	return value;
}

static struct str resource_id(struct json_value object, struct arena *scratch)
{
	struct str id = field_text(json_member(object, STR("resourceId")), scratch);

	return id.len > 0 ? id : field_text(json_member(object, STR("resourceid")), scratch);
}

bool azure_flows_begin(struct json_value object, struct arena *scratch, struct azure_flows *out)
{
	struct json_value records = json_member(object, STR("flowRecords"));
	struct azure_flows flows = {.is_virtual_network = json_kind(records) == JSON_OBJECT};

	if (!flows.is_virtual_network) {
		struct json_value category = json_member(object, STR("category"));
		if (json_exists(category) &&
		    !json_text_is(category, STR("NetworkSecurityGroupFlowEvent")))
			return false;
		records = json_member(object, STR("properties"));
	}
	flows.rules = json_member(records, STR("flows"));
	if (json_kind(flows.rules) != JSON_ARRAY)
		return false;
	flows.rule = json_first(flows.rules);
	flows.interface = field_text(json_member(object, STR("macAddress")), scratch);
	struct str id = resource_id(object, scratch);
	struct str target = field_text(json_member(object, STR("targetResourceID")), scratch);
	if (target.len > 0)
		id = target;
	if (str_find_nocase(id, STR("/virtualNetworks/")) >= 0)
		flows.network = id;
	flows.account = id_segment(id, STR("/subscriptions/"));
	*out = flows;
	return true;
}

/* The next tuple; none: json_exists is false. */
static struct json_value next_tuple(struct azure_flows *f)
{
	struct json_value tuple = f->tuple;

	while (!json_exists(tuple)) {
		if (!json_exists(f->group)) {
			if (!json_exists(f->rule))
				return tuple;
			f->groups = json_member(f->rule, f->is_virtual_network ? STR("flowGroups")
									       : STR("flows"));
			f->group = json_first(f->groups);
			f->rule = json_next(f->rule);
			continue;
		}
		if (!f->is_virtual_network) {
			struct json_value mac = json_member(f->group, STR("mac"));
			f->interface = json_kind(mac) == JSON_STRING ? json_raw_text(mac)
								     : (struct str){0};
		}
		f->tuples = json_member(f->group, STR("flowTuples"));
		f->group = json_next(f->group);
		tuple = json_first(f->tuples);
	}
	f->tuple = json_next(tuple);
	return tuple;
}

enum { TUPLE_MAX = 13 };

static size_t cut_tuple(struct str text, struct str out[TUPLE_MAX])
{
	size_t count = 0;
	bool goes_on = true;

	while (goes_on && count < TUPLE_MAX)
		goes_on = str_cut(text, ',', &out[count++], &text);
	return goes_on ? TUPLE_MAX + 1 : count;
}

static bool is_letter(struct str text, char letter)
{
	return text.len == 1 && text.at[0] == letter;
}

static bool take_protocol(struct str text, uint8_t *out)
{
	uint64_t number;

	if (is_letter(text, 'T'))
		number = 6;
	else if (is_letter(text, 'U'))
		number = 17;
	else if (!number_from_text(text, &number) || number > UINT8_MAX)
		return false;
	*out = (uint8_t)number;
	return true;
}

static bool take_ends(const struct str *texts, struct record_flow *flow)
{
	uint64_t source, destination;

	if (!address_from_text(texts[0], &flow->source.address) ||
	    !address_from_text(texts[1], &flow->destination.address) ||
	    !number_from_text(texts[2], &source) || source > UINT16_MAX ||
	    !number_from_text(texts[3], &destination) || destination > UINT16_MAX)
		return false;
	flow->source.port = (uint16_t)source;
	flow->destination.port = (uint16_t)destination;
	return true;
}

static bool take_state(struct str text, struct record_flow *flow)
{
	static const struct {
		char letter;
		enum flow_state state;
		enum flow_action action;
	} states[] = {
		{'A', FLOW_STATE_UNKNOWN, FLOW_ACCEPTED}, {'B', FLOW_BEGINS, FLOW_ACCEPTED},
		{'C', FLOW_CONTINUES, FLOW_ACCEPTED},	  {'E', FLOW_ENDS, FLOW_ACCEPTED},
		{'D', FLOW_DENIED, FLOW_REJECTED},
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (is_letter(text, states[i].letter)) {
			flow->state = states[i].state;
			flow->action = states[i].action;
			return true;
		}
	return false;
}

/* The last four values; empty ones, as of a flow that begins, are not told. */
static bool take_counts(const struct str *texts, struct record_flow *flow)
{
	if (texts[0].len + texts[1].len + texts[2].len + texts[3].len == 0)
		return true;
	flow->has_back = true;
	return number_from_text(texts[0], &flow->packets) &&
	       number_from_text(texts[1], &flow->bytes) &&
	       number_from_text(texts[2], &flow->packets_back) &&
	       number_from_text(texts[3], &flow->bytes_back);
}

/* time,source,destination,port,port,protocol,direction,... */
static bool take_tuple(const struct azure_flows *flows, struct str text, struct record_flow *flow)
{
	struct str texts[TUPLE_MAX];
	size_t count = cut_tuple(text, texts), counts = flows->is_virtual_network ? 9 : 8;

	/* a time in seconds, or in milliseconds in version 4 */
	if (count < 8 || count > TUPLE_MAX || !time_from_text(texts[0], &flow->end) ||
	    !take_ends(texts + 1, flow) || !take_protocol(texts[5], &flow->protocol))
		return false;
	flow->start = flow->end;
	flow->direction = is_letter(texts[6], 'O') ? 1 : is_letter(texts[6], 'I') ? -1 : 0;
	if (!take_state(texts[7], flow))
		return false;
	if (flows->is_virtual_network) /* texts[8] is whether it was encrypted */
		return count == counts || (count == 13 && take_counts(texts + 9, flow));
	if (count == counts)
		return true;
	/* version 2: a state of its own beside the decision */
	if (flow->action == FLOW_ACCEPTED && texts[8].len > 0 && !take_state(texts[8], flow))
		return false;
	return count == 9 || (count == 13 && take_counts(texts + 9, flow));
}

enum azure_read azure_flows_next(struct azure_flows *flows, struct record *out)
{
	struct json_value tuple = next_tuple(flows);
	struct record_flow flow = {.provider = PROVIDER_AZURE,
				   .account = flows->account,
				   .network = flows->network,
				   .interface = flows->interface};

	if (!json_exists(tuple))
		return AZURE_END;
	if (json_kind(tuple) != JSON_STRING || !take_tuple(flows, json_raw_text(tuple), &flow))
		return AZURE_UNREADABLE;
	out->kind = RECORD_FLOW;
	out->time = flow.start;
	out->flow = flow;
	return AZURE_FLOW;
}
