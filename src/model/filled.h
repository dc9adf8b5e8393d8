/* For tests: a finding and an incident in which no field is empty. */
#ifndef DAVY_MODEL_FILLED_H
#define DAVY_MODEL_FILLED_H

#include "model/incident.h"

static inline struct finding filled_finding(void)
{
	static const struct str transports[] = {{"tcp", 3}, {"tls", 3}};
	struct finding f = {
		.id = STR("00c0ffee00c0ffee"),
		.revision = 3,
		.detector = STR("stratum"),
		.rule = {STR("r-1"), STR("A rule"), STR("An author"), STR("DRL-1.1"),
			 STR("rules/r.yml")},
		.verdict = VERDICT_MINING,
		.severity = SEVERITY_HIGH,
		.confidence = 0.99,
		.title = STR("Monero mining: 10.0.0.7 to pool 198.51.100.20:3333"),
		.first_seen = instant_at(1795341600, 0),
		.last_seen = instant_at(1795344067, 250000000),
		.subject.type = STR("flow"),
		.resources = {STR("bucket/one")},
		.resource_count = 1,
	};

	facts_add_text(&f.subject.keys, "client", STR("10.0.0.7:40001"));
	facts_add_text(&f.subject.keys, "server", STR("198.51.100.20:3333"));
	facts_add_text(&f.subject.keys, "protocol", STR("tcp"));
	facts_add_text(&f.actor, "identity", STR("alice"));
	finding_add_technique(&f, STR("T1496.001"));
	finding_add_reason(&f, STR("login with a Monero address whose checksum is right"));
	finding_add_reason(&f, STR("31 shares, 30 accepted"));
	finding_add_evidence(&f, (struct evidence){.source = STR("capture.pcap"),
						   .offset = 81234,
						   .has_offset = true,
						   .time = instant_at(1795341600, 0),
						   .quote = STR("{\"method\":\"login\"\x1b[2J\n")});
	facts_add_text(&f.facts, "coin", STR("monero"));
	facts_add_number(&f.facts, "shares", UINT64_MAX);
	facts_add_real(&f.facts, "hashrate_per_s", 1480);
	facts_add_truth(&f.facts, "two_sided", true);
	facts_add_texts(&f.facts, "transport", transports, 2);
	finding_add_action(&f,
			   (struct action){STR("Cut this pool off"), STR("davy respond 00c0 block"),
					   STR("davy respond 00c0 undo")});
	return f;
}

static inline struct incident filled_incident(void)
{
	struct incident i = {
		.id = STR("1dea1dea1dea1dea"),
		.revision = 7,
		.state = STR("open"),
		.verdict = VERDICT_MINING,
		.severity = SEVERITY_CRITICAL,
		.confidence = 0.97,
		.title = STR("Pods mine Monero after an open console"),
		.first_seen = instant_at(1795341600, 0),
		.last_seen = instant_at(1795344067, 0),
		.findings = {STR("00c0ffee00c0ffee")},
		.finding_count = 1,
		.finding_total = 1,
		.victims = {STR("10.0.0.7"), STR("10.0.0.8")},
		.victim_count = 2,
		.victim_total = 70,
		.wallets = {STR(
			"48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8n"
			"LwEVsaSWJ4fhdUyZijBGUicoD")},
		.wallet_count = 1,
		.pools = {STR("198.51.100.20:3333")},
		.pool_count = 1,
		.story = {{instant_at(1795341600, 0), STR("A pod logs in to a pool"), STR("T1610"),
			   STR("00c0ffee00c0ffee")}},
		.story_count = 1,
		.touched = {STR("bucket/one was read")},
		.touched_count = 1,
		.not_touched = {STR("bucket/two")},
		.not_touched_count = 1,
		.cannot_tell = {STR("no logs of the database")},
		.cannot_tell_count = 1,
		.actions = {{STR("Stop the pods"), STR("davy respond 1dea stop"),
			     STR("davy respond 1dea undo")}},
		.action_count = 1,
	};

	facts_add_real(&i.cost, "cpu_hours", 12.5);
	return i;
}

#endif
