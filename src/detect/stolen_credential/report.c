#include "detect/stolen_credential/report.h"

#include <inttypes.h>

#include "detect/cloud_steps.h"

static const char *const providers[] = {"", "aws", "azure", "gcp", "kubernetes"};

static struct str address_in(struct arena *scratch, const struct address *address)
{
	char text[ENDPOINT_TEXT_MAX];

	return arena_copy(scratch, address_text(address, text));
}

static struct str time_in(struct arena *scratch, instant time)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_instant(&text, time);
	return arena_copy(scratch, buf_view(&text));
}

static void reasons_of_place(const struct identity *credential, const struct stolen *s,
			     struct finding *finding, struct arena *scratch)
{
	if (s->outside_count == 0)
		return;
	struct str there = address_in(scratch, &s->outside[0]->address);
	struct str when = time_in(scratch, s->outside[0]->first);
	const char *whose = credential->kind == IDENTITY_INSTANCE ? "a machine's"
			    : credential->kind == IDENTITY_POD	  ? "a pod's"
								  : "a long-lived";
	if (s->home && s->home != s->outside[0]) {
		struct str here = address_in(scratch, &s->home->address);
		finding_add_reason(
			finding, arena_printf(scratch,
					      "%s key that is used from %.*s (about %u acts) was "
					      "used from %.*s, too, since %.*s (about %u acts)",
					      whose, STR_ARG(here), identity_marked(&s->home->acts),
					      STR_ARG(there), STR_ARG(when),
					      identity_marked(&s->outside[0]->acts)));
	} else {
		finding_add_reason(finding, arena_printf(scratch, "it is used from %.*s since %.*s",
							 STR_ARG(there), STR_ARG(when)));
	}
	if (s->from_outside)
		finding_add_reason(finding,
				   STR("that is no private address, none that the machine is known "
				       "to have, and no way out that other machines of the account "
				       "use: the key has left its machine"));
	if (s->at_once && s->home != s->outside[0])
		finding_add_reason(finding, STR("both within an hour: two hands, not one that "
						"moved"));
	if (s->agents_differ)
		finding_add_reason(finding, STR("another kind of program uses it there"));
	if (s->attack_agent)
		finding_add_reason(finding, STR("what uses it there calls itself a system or tool "
						"made for attacks"));
	if (s->after_sweep)
		finding_add_reason(finding, STR("in the day before, somebody without a password "
						"read secrets of a cluster"));
}

static void reasons_of_cluster(const struct stolen *s, struct finding *finding,
			       struct arena *scratch)
{
	const struct exposed_key *e = s->exposed;

	if (!e)
		return;
	struct str place = arena_printable(scratch, str_from(e->place), 200);
	struct str when = time_in(scratch, e->time);
	struct str reader = e->rank == 0 ? STR("somebody without a password")
					 : arena_printable(scratch, str_from(e->reader), 120);
	struct str from = e->has_address ? address_in(scratch, &e->address)
					 : STR("an address that "
					       "is not told");
	finding_add_reason(finding,
			   arena_printf(scratch,
					"exactly this key id lay in %.*s of a cluster, which %.*s "
					"read from %.*s at %.*s, before the key was used",
					STR_ARG(place), STR_ARG(reader), STR_ARG(from),
					STR_ARG(when)));
	facts_add_text(&finding->facts, "read_in", place);
	facts_add_text(&finding->facts, "read_by", str_from(e->reader));
	facts_add_text(&finding->facts, "source", from);
	facts_add_text(&finding->facts, "read_at", when);
	facts_add_text(&finding->facts, "cluster", str_from(e->cluster));
	kept_evidence_add(finding, &e->evidence);
}

static void reasons_of_tries(const struct stolen *s, struct finding *finding, struct arena *scratch)
{
	if (!s->is_tried)
		return;
	finding_add_reason(finding,
			   arena_printf(scratch,
					"it was tried out: %sabout %u refusals from %u services "
					"within minutes",
					s->probing->asks_who ? "a question who it is, and " : "",
					s->denied, s->denied_services));
	facts_add_number(&finding->facts, "denied", s->denied);
	facts_add_number(&finding->facts, "denied_services", s->denied_services);
	kept_evidence_add(finding, &s->probing->evidence);
}

static void add_places(struct credentials *credentials, const struct identity *credential,
		       const struct stolen *s, struct finding *finding, struct arena *scratch)
{
	struct str *list = arena_take(scratch, CREDENTIAL_OUTSIDE_MAX * sizeof(*list));

	if (s->home) {
		facts_add_text(&finding->facts, "home", address_in(scratch, &s->home->address));
		kept_evidence_add(finding, credentials_evidence(credentials, credential, s->home));
	}
	for (size_t i = 0; list && i < s->outside_count; i++) {
		list[i] = address_in(scratch, &s->outside[i]->address);
		if (s->outside[i] != s->home)
			kept_evidence_add(finding, credentials_evidence(credentials, credential,
									s->outside[i]));
		keep_times(&finding->first_seen, &finding->last_seen, s->outside[i]->first);
		keep_times(&finding->first_seen, &finding->last_seen, s->outside[i]->last);
	}
	if (list)
		facts_add_texts(&finding->facts, "addresses", list, s->outside_count);
}

static void add_whom(const struct identity *credential, struct finding *finding)
{
	finding->subject.type = STR("identity");
	facts_add_text(&finding->subject.keys, "provider",
		       str_from(providers[credential->provider]));
	facts_add_text(&finding->subject.keys, "key_id", str_from(credential->by));
	facts_add_text(&finding->actor, "identity", str_from(credential->name));
	facts_add_text(&finding->actor, "account", str_from(credential->account));
	facts_add_text(&finding->facts, "identity", str_from(credential->name));
	facts_add_text(&finding->facts, "instance", str_from(credential->instance));
	facts_add_text(&finding->facts, "service_account", str_from(credential->issuer));
}

static void add_techniques(const struct identity *credential, const struct stolen *s,
			   struct finding *finding)
{
	if (s->from_outside && credential->kind == IDENTITY_INSTANCE)
		finding_add_technique(finding, STR("T1552.005"));
	if (s->from_cluster || (s->from_outside && credential->kind == IDENTITY_POD))
		finding_add_technique(finding, STR("T1552.007"));
	finding_add_technique(finding, STR("T1078.004"));
	if (s->is_tried)
		finding_add_technique(finding, STR("T1580"));
}

static struct str title_of(const struct identity *credential, const struct stolen *s,
			   struct arena *scratch)
{
	struct str key = arena_printable(scratch, str_from(credential->by), 64);
	struct str name = arena_printable(scratch, str_from(credential->name), 120);
	const char *what = s->from_cluster   ? "was read in a cluster and then used"
			   : s->from_outside ? "is used outside of where it belongs"
			   : s->far_apart    ? "is used from two far-apart places at once"
					     : "is being tried out";

	return arena_printf(scratch, "The key %.*s of %.*s %s", STR_ARG(key), STR_ARG(name), what);
}

void stolen_report(struct credentials *credentials, const struct identity *credential,
		   const struct stolen *s, instant now, struct arena *scratch,
		   struct record_teller *teller)
{
	struct finding finding = {
		.verdict = s->confidence >= 0.5 ? VERDICT_ACCESS : VERDICT_SIGNAL,
		.severity = s->confidence >= 0.7   ? SEVERITY_HIGH
			    : s->confidence >= 0.5 ? SEVERITY_MEDIUM
						   : SEVERITY_LOW,
		.confidence = s->confidence,
		.title = title_of(credential, s, scratch),
	};

	add_whom(credential, &finding);
	add_techniques(credential, s, &finding);
	reasons_of_cluster(s, &finding, scratch);
	reasons_of_place(credential, s, &finding, scratch);
	reasons_of_tries(s, &finding, scratch);
	add_places(credentials, credential, s, &finding, scratch);
	if (s->exposed)
		keep_times(&finding.first_seen, &finding.last_seen, s->exposed->time);
	if (s->probing) {
		keep_times(&finding.first_seen, &finding.last_seen, s->probing->first);
		keep_times(&finding.first_seen, &finding.last_seen, s->probing->last);
	}
	if (finding.verdict == VERDICT_ACCESS)
		cloud_steps_stop_identity(&finding, scratch, credential, now);
	teller->tell(teller, &finding);
	arena_reset(scratch);
}
