#include "detect/flow_mining/finding.h"

#include "detect/flow_actions.h"

enum { TCP = 6 };

struct words {
	const struct judged *judged;
	const struct flow_session *session; /* the first of the chain */
	struct arena *scratch;
	struct finding *out;
	char client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX];
	char remote[ENDPOINT_TEXT_MAX];
};

static struct str origin_text(const struct words *words, enum flow_origin_text which)
{
	return flow_origin_text(words->session->origin, which);
}

static struct str span_text(struct words *words, uint32_t seconds)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_duration(&text, DURATION_S(seconds));
	return arena_copy(words->scratch, buf_view(&text));
}

static void reason_shape(struct words *words)
{
	const struct shape *shape = &words->judged->shape;
	struct str span = span_text(words, shape->seconds);

	finding_add_reason(
		words->out,
		arena_printf(words->scratch,
			     "speaks with %s for %.*s, in %.0f of 100 windows of %u s, and says "
			     "little: %.1f bytes a second up, %.1f down",
			     words->server, STR_ARG(span), 100 * shape->feature[FEATURE_PRESENCE],
			     shape->window_s, shape->rate_up, shape->rate_down));
	finding_add_reason(
		words->out,
		arena_printf(words->scratch,
			     "what goes up varies like messages of some %.0f bytes that come by "
			     "chance, as shares of work do: neither a clock's beat nor a "
			     "person's bursts",
			     shape->feature[FEATURE_QUANTUM_UP]));
}

static void reason_connections(struct words *words)
{
	const struct chain *chain = &words->judged->chain;

	if (chain->opener == OPENER_INSIDE)
		finding_add_reason(words->out, STR("the connection was opened from inside"));
	if (chain->connections > 1)
		finding_add_reason(words->out,
				   arena_printf(words->scratch,
						"connected %zu times to the same server, each "
						"within minutes of the one before",
						chain->connections));
	if (words->judged->hosts >= HOSTS_ALIKE)
		finding_add_reason(words->out,
				   arena_printf(words->scratch,
						"%zu hosts keep up such a connection with %s",
						words->judged->hosts, words->server));
}

static void reason_resolver(struct words *words)
{
	const struct flow_resolution *resolution = &words->judged->resolution;

	if (resolution->resolved == RESOLVED_NEVER)
		finding_add_reason(
			words->out,
			arena_printf(words->scratch,
				     "nobody in this network asked the resolver for a name of %s: "
				     "the address was written down somewhere, or looked up "
				     "elsewhere",
				     words->remote));
	else if (resolution->resolved == RESOLVED_YES && resolution->name_count > 0)
		finding_add_reason(
			words->out,
			arena_printf(words->scratch, "the resolver gave this address for %.*s",
				     STR_ARG(arena_printable(words->scratch, resolution->names[0],
							     FLOW_NAME_MAX))));
}

static void reason_limits(struct words *words)
{
	if (words->session->is_sampled)
		finding_add_reason(words->out,
				   STR("the log is a sample: its figures are estimates"));
	finding_add_reason(
		words->out,
		STR("a flow log has no contents: message queues, agents and chat programs can "
		    "have this shape, so this is never more than a suspicion"));
}

static void facts_network(struct words *words)
{
	struct facts *facts = &words->out->facts;
	const struct flow_resolution *resolution = &words->judged->resolution;

	facts_add_text(facts, "account", origin_text(words, ORIGIN_ACCOUNT));
	facts_add_text(facts, "region", origin_text(words, ORIGIN_REGION));
	facts_add_text(facts, "network", origin_text(words, ORIGIN_NETWORK));
	facts_add_text(facts, "subnet", origin_text(words, ORIGIN_SUBNET));
	facts_add_text(facts, "instance", origin_text(words, ORIGIN_INSTANCE));
	facts_add_text(facts, "pod", origin_text(words, ORIGIN_POD));
	if (resolution->resolved != RESOLVED_UNKNOWN)
		facts_add_truth(facts, "resolved", resolution->resolved == RESOLVED_YES);
	facts_add_texts(facts, "names", resolution->names, resolution->name_count);
	facts_add_number(facts, "hosts", words->judged->hosts);
}

static void facts_shape(struct words *words)
{
	struct facts *facts = &words->out->facts;
	const struct shape *shape = &words->judged->shape;

	facts_add_number(facts, "seconds", shape->seconds);
	facts_add_number(facts, "connections", words->judged->chain.connections);
	facts_add_number(facts, "windows", shape->windows);
	facts_add_number(facts, "window_seconds", shape->window_s);
	facts_add_number(facts, "bytes_up", shape->bytes_up);
	facts_add_number(facts, "bytes_down", shape->bytes_down);
	facts_add_real(facts, "rate_up", shape->rate_up);
	facts_add_real(facts, "rate_down", shape->rate_down);
	facts_add_real(facts, "presence", shape->feature[FEATURE_PRESENCE]);
	facts_add_real(facts, "packet_up", shape->feature[FEATURE_PACKET_UP]);
	facts_add_real(facts, "packet_down", shape->feature[FEATURE_PACKET_DOWN]);
	facts_add_real(facts, "message", shape->feature[FEATURE_QUANTUM_UP]);
	facts_add_real(facts, "dispersion", shape->feature[FEATURE_COUNT_UP]);
	facts_add_real(facts, "evenness", shape->evenness);
	facts_add_real(facts, "odds", words->judged->sum);
}

static void fill_subject(struct words *words)
{
	struct facts *keys = &words->out->subject.keys;

	words->out->subject.type = STR("session");
	facts_add_text(keys, "interface", origin_text(words, ORIGIN_INTERFACE));
	if (origin_text(words, ORIGIN_INTERFACE).len == 0)
		facts_add_text(keys, "instance", origin_text(words, ORIGIN_INSTANCE));
	facts_add_text(keys, "client", str_from(words->client));
	facts_add_text(keys, "server", str_from(words->server));
	facts_add_text(keys, "protocol", words->session->protocol == TCP ? STR("tcp") : STR("udp"));
}

void judged_tell(const struct judged *judged, struct arena *scratch, struct record_teller *teller)
{
	bool is_suspect = judged->judgement == JUDGED_SUSPECT;
	struct finding finding = {
		.verdict = is_suspect ? VERDICT_SUSPECT : VERDICT_SIGNAL,
		.severity = is_suspect ? SEVERITY_MEDIUM : SEVERITY_LOW,
		.confidence = judge_confidence(judged->judgement, judged->resolution.resolved,
					       judged->hosts),
		.first_seen = instant_at(judged->chain.first_s, 0),
		.last_seen = instant_at(judged->chain.last_s, 0),
	};
	struct words words = {.judged = judged,
			      .session = judged->chain.first,
			      .scratch = scratch,
			      .out = &finding};

	endpoint_text(&words.session->local, words.client);
	endpoint_text(&words.session->remote, words.server);
	address_text(&words.session->remote.address, words.remote);
	finding_add_technique(&finding, STR("T1496.001"));
	finding.title = arena_printf(scratch, "A connection of a mining session's shape: %s to %s",
				     words.client, words.server);
	fill_subject(&words);
	reason_shape(&words);
	reason_connections(&words);
	reason_resolver(&words);
	reason_limits(&words);
	facts_shape(&words);
	facts_network(&words);
	flow_actions_add(words.session, scratch, &finding);
	teller->tell(teller, &finding);
}
