#include "correlate/told_incidents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

void take_flow(struct correlator *correlator, const struct flow *flow)
{
	struct str prints[16], rest = str_from(flow->prints), carrier = str_from(flow->transport);
	struct str pool = str_from(flow->pool);
	struct finding finding = {
		.revision = flow->revision ? flow->revision : 1,
		.detector = STR("stratum"),
		.verdict = flow->verdict      ? flow->verdict
			   : flow->is_suspect ? VERDICT_SUSPECT
					      : VERDICT_MINING,
		.severity = flow->is_suspect ? SEVERITY_CRITICAL : SEVERITY_MEDIUM,
		.confidence = flow->is_suspect ? 0.999 : 0.97,
		.title = STR("a finding"),
		.first_seen = instant_at(START_S + flow->at_s, 0),
		.last_seen =
			instant_at(START_S + (flow->last_s ? flow->last_s : flow->at_s + 60), 0),
		.subject.type = flow->host ? STR("process") : STR("flow"),
	};
	char id[FINDING_ID_LEN + 1];
	size_t count = 0;

	facts_add_text(&finding.subject.keys, "client", str_from(flow->client));
	facts_add_text(&finding.subject.keys, "server", str_from(flow->server));
	facts_add_text(&finding.subject.keys, "host", str_from(flow->host));
	struct str session = str_from(flow->session), parent = STR("cron (pid 4)");
	if (flow->session) {
		facts_add_number(&finding.subject.keys, "pid", 7);
		facts_add_text(&finding.facts, "executable", STR("/tmp/.x/xmrig"));
		facts_add_number(&finding.facts, "uid", 33);
		facts_add_text(&finding.facts, "unit", STR("x\033.service"));
		facts_add_texts(&finding.facts, "parents", &parent, 1);
		facts_add_texts(&finding.facts, flow->serves ? "sessions_served" : "sessions",
				&session, 1);
	}
	facts_add_text(&finding.facts, "wallet", str_from(flow->wallet));
	facts_add_text(&finding.facts, "agent", str_from(flow->agent));
	facts_add_text(&finding.facts, "coin", STR("monero"));
	facts_add_texts(&finding.facts, "pool_names", &pool, pool.len > 0);
	facts_add_texts(&finding.facts, "transport", &carrier, carrier.len > 0);
	facts_add_number(&finding.facts, "accepted", 30);
	facts_add_real(&finding.facts, "hashrate_per_s", 1000.5);
	if (flow->shared_address)
		facts_add_truth(&finding.facts, "shared_address", true);
	while (rest.len > 0 && count < 16) {
		struct str tail = {0};
		str_cut(rest, ' ', &prints[count++], &tail);
		rest = tail;
	}
	facts_add_texts(&finding.facts, "share_prints", prints, count);
	finding_identify(&finding, id);
	finding.id = str_from(id);
	correlator_take(correlator, &finding);
}

static void add_line(char *out, size_t cap, struct str text)
{
	const size_t used = strlen(out);

	snprintf(out + used, cap - used, "%s%.*s", used ? " | " : "", STR_ARG(text));
}

static void keep(void *context, const struct incident *incident)
{
	struct all_told *all = context;
	struct told *told = &all->at[all->count];

	assert_true(all->count < TOLD_MAX);
	all->count++;
	*told = (struct told){.revision = incident->revision,
			      .verdict = incident->verdict,
			      .severity = incident->severity,
			      .confidence = incident->confidence,
			      .findings = incident->finding_count,
			      .victim_total = incident->victim_total};
	add_line(told->id, sizeof(told->id), incident->id);
	add_line(told->state, sizeof(told->state), incident->state);
	add_line(told->title, sizeof(told->title), incident->title);
	for (size_t i = 0; i < incident->victim_count; i++)
		add_line(told->victims, sizeof(told->victims), incident->victims[i]);
	for (size_t i = 0; i < incident->story_count; i++)
		add_line(told->story, sizeof(told->story), incident->story[i].text);
	for (size_t i = 0; i < incident->cannot_tell_count; i++)
		add_line(told->cannot_tell, sizeof(told->cannot_tell), incident->cannot_tell[i]);
	for (size_t i = 0; i < incident->wallet_count; i++)
		add_line(told->wallets, sizeof(told->wallets), incident->wallets[i]);
	for (size_t i = 0; i < incident->pool_count; i++)
		add_line(told->pools, sizeof(told->pools), incident->pools[i]);
}

struct correlator *correlator_of(uint32_t capacity, const char *forwarder)
{
	struct correlator_settings settings = {.capacity = capacity, .seed = 42};
	struct correlator *correlator;

	if (forwarder) {
		assert_true(address_parse(str_from(forwarder), &settings.forwarders[0]));
		settings.forwarder_count = 1;
	}
	assert_int_equal(correlator_new(&settings, &correlator), 0);
	return correlator;
}

void tell_all(struct correlator *correlator, int after_s, struct all_told *all)
{
	all->count = 0;
	correlator_each(correlator, instant_at(START_S + after_s, 0), keep, all);
}

void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}
