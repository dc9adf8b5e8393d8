#include "model/record_excerpt.h"

#include <inttypes.h>

enum { TEXT_MAX = 200 };

const char *record_outcome_name(enum record_outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_UNKNOWN] = "",	     [OUTCOME_DONE] = "done",
		[OUTCOME_DENIED] = "denied", [OUTCOME_DRY_RUN] = "tried without doing it",
		[OUTCOME_FAILED] = "failed",
	};

	return names[outcome];
}

static void add(struct buf *out, const char *before, struct str text, const char *after)
{
	if (text.len == 0)
		return;
	buf_add_text(out, before);
	buf_add_printable(out, text, TEXT_MAX);
	buf_add_text(out, after);
}

/* "create pods/exec default/web", "get /healthz": a query behind it may hold secrets, so none is.
 */
static void add_object(struct buf *out, const struct record_act *act)
{
	struct str path, query;

	add(out, " ", act->resource, "");
	add(out, "/", act->subresource, "");
	if (act->resource.len == 0) {
		str_cut(act->uri, '?', &path, &query);
		add(out, " ", path, "");
	}
	add(out, " ", act->namespace, act->name.len > 0 ? "/" : "");
	add(out, act->namespace.len > 0 ? "" : " ", act->name, "");
}

static void add_identity(struct buf *out, const struct record_identity *who)
{
	if (who->kind == IDENTITY_ANONYMOUS && who->name.len == 0)
		buf_add_text(out, " by nobody in particular");
	add(out, " by ", who->name, "");
	add(out, " as ", who->impersonated, "");
	add(out, who->name.len > 0 ? " (" : " by (", who->key_id, ")");
	add(out, " through ", who->invoked_by, "");
}

static void add_resources(struct buf *out, const struct record_act *act)
{
	for (size_t i = 0; i < act->resource_count && i < RECORD_RESOURCES_MAX; i++) {
		buf_add_text(out, i == 0 ? " on " : ", ");
		add(out, "", act->resources[i].type, " ");
		add(out, "", act->resources[i].name, "");
	}
}

static void add_act(struct buf *out, const struct record_act *act)
{
	const char *outcome = record_outcome_name(act->outcome);

	buf_add_printable(out, act->action, TEXT_MAX);
	add_object(out, act);
	add_identity(out, &act->identity);
	add(out, " from ", act->source, "");
	add(out, " in ", act->region, "");
	add_resources(out, act);
	if (outcome[0])
		buf_printf(out, ": %s", outcome);
	add(out, " (", act->error, ")");
}

static void add_flow(struct buf *out, const struct record_flow *flow)
{
	buf_add_endpoint(out, &flow->source);
	buf_add_text(out, " to ");
	buf_add_endpoint(out, &flow->destination);
	buf_printf(out, ", protocol %u: %" PRIu64 " packets, %" PRIu64 " bytes", flow->protocol,
		   flow->packets, flow->bytes);
	if (flow->has_back)
		buf_printf(out, ", back %" PRIu64 " packets, %" PRIu64 " bytes", flow->packets_back,
			   flow->bytes_back);
	add(out, ", interface ", flow->interface, "");
	if (flow->action == FLOW_REJECTED)
		buf_add_text(out, ", rejected");
}

static void add_lookup(struct buf *out, const struct record_lookup *lookup)
{
	add(out, "", lookup->name, "");
	add(out, " ", lookup->type, "");
	add(out, ": ", lookup->code, "");
	for (size_t i = 0; i < lookup->answer_count && i < LOOKUP_ANSWERS_MAX; i++) {
		buf_add_text(out, i == 0 ? " " : ", ");
		buf_add_address(out, &lookup->answers[i]);
	}
	add(out, ", asked by ", lookup->instance, "");
	if (lookup->instance.len == 0 && lookup->has_client) {
		buf_add_text(out, ", asked by ");
		buf_add_address(out, &lookup->client);
	}
}

void record_excerpt(const struct record *record, struct buf *out)
{
	switch (record->kind) {
	case RECORD_FLOW:
		add_flow(out, &record->flow);
		break;
	case RECORD_LOOKUP:
		add_lookup(out, &record->lookup);
		break;
	case RECORD_OTHER:
		buf_add_text(out, "a record of no known kind");
		break;
	default:
		add_act(out, &record->act);
	}
}
