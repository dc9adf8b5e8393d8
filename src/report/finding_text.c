#include "report/finding_text.h"

#include <inttypes.h>

#include "model/coin_name.h"
#include "report/lines.h"
#include "report/process_text.h"

enum { EVIDENCE_SHORT = 2, QUOTE_SHORT = 120, QUOTE_WHOLE = EVIDENCE_QUOTE_MAX };

/* What is known of mining, by the names that detectors give their facts. */
struct mining {
	struct str client, server; /* of a flow: "address:port" */
	struct str target;	   /* what a proxy was asked for */
	const struct fact *names;  /* what the client calls the pool */
	const struct fact *transport;
	struct str coin, algorithm, dialect, state, agent, wallet, login, worker, hashrate;
};

static struct mining mining_of(const struct finding *finding)
{
	const struct facts *facts = &finding->facts, *keys = &finding->subject.keys;

	return (struct mining){
		.client = facts_text(keys, STR("client")),
		.server = facts_text(keys, STR("server")),
		.target = facts_text(facts, STR("target")),
		.names = facts_find(facts, STR("pool_names")),
		.transport = facts_find(facts, STR("transport")),
		.coin = facts_text(facts, STR("coin")),
		.algorithm = facts_text(facts, STR("algorithm")),
		.dialect = facts_text(facts, STR("dialect")),
		.state = facts_text(facts, STR("state")),
		.agent = facts_text(facts, STR("agent")),
		.wallet = facts_text(facts, STR("wallet")),
		.login = facts_text(facts, STR("login")),
		.worker = facts_text(facts, STR("worker")),
		.hashrate = facts_text(facts, STR("hashrate")),
	};
}

static void add_head(struct buf *out, const struct report_style *style,
		     const struct finding *finding)
{
	char word[16];
	size_t len = 0;

	for (const char *c = verdict_name(finding->verdict); *c && len < sizeof(word); c++)
		word[len++] = (char)(*c - 'a' + 'A');
	lines_head(out, style, report_verdict_paint(finding->verdict), str_of(word, len),
		   finding->title);
	lines_judgement(out, style, finding->severity, finding->confidence);
}

/* "pool.example.net (198.51.100.20:3333)" */
static void add_server(struct buf *out, const struct mining *m)
{
	if (m->target.len > 0) {
		report_hostile(out, m->target);
		buf_add_text(out, " through the proxy at ");
		report_hostile(out, m->server);
		return;
	}
	if (m->names) {
		lines_add_fact(out, m->names);
		buf_add_text(out, " (");
	}
	report_hostile(out, m->server);
	buf_add_text(out, m->names ? ")" : "");
}

static void add_who(struct buf *out, const struct report_style *style,
		    const struct finding *finding, const struct mining *m)
{
	report_label(out, style, m->client.len > 0 ? "who" : "where");
	if (m->client.len > 0 && m->server.len > 0) {
		report_hostile(out, m->client);
		buf_add_text(out, finding->verdict == VERDICT_MINING ? " mines with the pool "
								     : " speaks with ");
		add_server(out, m);
	} else {
		report_hostile(out, finding->subject.type);
		buf_add_text(out, finding->subject.keys.count ? ": " : "");
		lines_add_facts(out, &finding->subject.keys);
	}
	buf_add_byte(out, '\n');
	if (finding->actor.count == 0)
		return;
	report_label(out, style, "by");
	lines_add_facts(out, &finding->actor);
	buf_add_byte(out, '\n');
}

static void add_coin(struct buf *out, const struct report_style *style, const struct mining *m)
{
	if (m->coin.len == 0 && m->dialect.len == 0)
		return;
	report_label(out, style, "coin");
	if (m->coin.len > 0)
		buf_add_coin_name(out, m->coin);
	else
		buf_add_text(out, "not known: this protocol serves several");
	if (m->algorithm.len > 0) {
		buf_add_text(out, ", algorithm ");
		report_hostile(out, m->algorithm);
	}
	buf_add_byte(out, '\n');
}

static void add_paid(struct buf *out, const struct report_style *style, const struct mining *m)
{
	if (m->wallet.len == 0 && m->login.len == 0)
		return;
	report_label(out, style, "paid to");
	if (m->wallet.len == 0)
		buf_add_text(out, "account ");
	report_hostile(out, m->wallet.len > 0 ? m->wallet : m->login);
	if (m->worker.len > 0) {
		buf_add_text(out, ", worker ");
		report_hostile(out, m->worker);
	}
	buf_add_byte(out, '\n');
}

/* "how       zcash over tcp, socks5; state working; program EWBF 0.3.4b" */
static void add_how(struct buf *out, const struct report_style *style, const struct mining *m)
{
	if (m->dialect.len == 0)
		return;
	report_label(out, style, "how");
	report_hostile(out, m->dialect);
	if (m->transport) {
		buf_add_text(out, " over ");
		lines_add_fact(out, m->transport);
	}
	if (m->state.len > 0) {
		buf_add_text(out, "; state ");
		report_hostile(out, m->state);
	}
	if (m->agent.len > 0) {
		buf_add_text(out, "; program ");
		report_hostile(out, m->agent);
	}
	buf_add_byte(out, '\n');
}

static void add_speed(struct buf *out, const struct report_style *style, const struct mining *m)
{
	if (m->hashrate.len == 0)
		return;
	report_label(out, style, "speed");
	buf_add_text(out, "about ");
	report_hostile(out, m->hashrate);
	buf_add_byte(out, '\n');
}

static void add_claim(struct buf *out, const struct report_style *style,
		      const struct finding *finding)
{
	struct mining m = mining_of(finding);

	if (report_process(out, style, finding)) {
		lines_times(out, style, finding->first_seen, finding->last_seen);
		return;
	}
	add_who(out, style, finding, &m);
	add_coin(out, style, &m);
	add_paid(out, style, &m);
	add_how(out, style, &m);
	add_speed(out, style, &m);
	lines_list(out, style, "touched", finding->resources, finding->resource_count, 0);
	lines_times(out, style, finding->first_seen, finding->last_seen);
}

static void add_rule(struct buf *out, const struct report_style *style, const struct rule *rule)
{
	const struct str more[] = {rule->license, rule->path};

	if (rule->id.len == 0)
		return;
	report_label(out, style, "rule");
	report_hostile(out, rule->title.len ? rule->title : rule->id);
	if (rule->author.len > 0) {
		buf_add_text(out, " by ");
		report_hostile(out, rule->author);
	}
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		buf_add_text(out, more[i].len > 0 ? ", " : "");
		report_hostile(out, more[i]);
	}
	buf_add_byte(out, '\n');
}

/* "byte 81234 of office.pcap: {"id":1, ..." in one line, escaped as a whole */
static void add_piece(struct buf *out, const struct report_style *style,
		      const struct evidence *evidence, size_t most, bool has_time)
{
	const struct str quote = str_trim(evidence->quote);
	CLEANUP(buf_fini) struct buf line = {0}, shown = {0};

	if (evidence->has_offset)
		buf_printf(&line, "byte %" PRIu64 " of ", evidence->offset);
	buf_add(&line, evidence->source);
	if (has_time && evidence->time.ns != 0) {
		buf_add_text(&line, " at ");
		report_time(&line, evidence->time);
	}
	buf_add_text(&line, ": ");
	buf_add(&line, str_sub(quote, 0, most));
	buf_add_text(&line, quote.len > most ? "..." : "");
	report_hostile(&shown, buf_view(&line));
	out->failed |= line.failed || shown.failed;
	report_wrapped(out, style, "", buf_view(&shown));
}

static void add_evidence(struct buf *out, const struct report_style *style,
			 const struct finding *finding, size_t count, size_t most)
{
	for (size_t i = 0; i < finding->evidence_count && i < count; i++) {
		report_label(out, style, i ? "" : "seen");
		add_piece(out, style, &finding->evidence[i], most, count > EVIDENCE_SHORT);
	}
}

void report_finding_short(struct buf *out, const struct report_style *style,
			  const struct finding *finding)
{
	add_head(out, style, finding);
	add_claim(out, style, finding);
	lines_bullets(out, style, "why", finding->reasons, finding->reason_count);
	add_rule(out, style, &finding->rule);
	add_evidence(out, style, finding, EVIDENCE_SHORT, QUOTE_SHORT);
	lines_actions(out, style, finding->actions, finding->action_count);
}

void report_finding_whole(struct buf *out, const struct report_style *style,
			  const struct finding *finding)
{
	add_head(out, style, finding);
	add_claim(out, style, finding);
	lines_bullets(out, style, "why", finding->reasons, finding->reason_count);
	add_rule(out, style, &finding->rule);
	add_evidence(out, style, finding, SIZE_MAX, QUOTE_WHOLE);
	lines_facts(out, style, "facts", &finding->facts);
	lines_list(out, style, "technique", finding->techniques, finding->technique_count, 0);
	report_label(out, style, "finding");
	report_hostile(out, finding->id);
	buf_printf(out, ", revision %" PRIu32 ", by ", finding->revision);
	report_hostile(out, finding->detector);
	buf_add_byte(out, '\n');
	lines_actions(out, style, finding->actions, finding->action_count);
}

void report_finding_reasons(struct buf *out, const struct report_style *style,
			    const struct finding *finding, bool is_first)
{
	report_label(out, style, is_first ? "why" : "");
	report_sentence(out, finding->title);
	buf_add_text(out, " (finding ");
	report_hostile(out, finding->id);
	buf_add_text(out, ")\n");
	lines_bullets(out, style, "", finding->reasons, finding->reason_count);
}

void report_finding_evidence(struct buf *out, const struct report_style *style,
			     const struct finding *finding, bool is_first)
{
	for (size_t i = 0; i < finding->evidence_count; i++) {
		report_label(out, style, is_first && i == 0 ? "seen" : "");
		add_piece(out, style, &finding->evidence[i], QUOTE_WHOLE, true);
	}
}
