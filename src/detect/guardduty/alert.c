#include "detect/guardduty/alert.h"

#include <string.h>

/* -- keeping -- */

static void keep_text(char *out, size_t cap, struct str text)
{
	const size_t len = text.len < cap ? text.len : cap - 1;

	if (len > 0)
		memcpy(out, text.at, len);
	out[len] = '\0';
}

#define KEEP(field, text) keep_text(field, sizeof(field), text)

static void keep_resources(struct alert *alert, const struct record_act *act)
{
	size_t buckets = 0;

	for (size_t i = 0; i < act->resource_count; i++) {
		const struct record_resource *thing = &act->resources[i];
		if (str_equal(thing->type, STR("instance")))
			KEEP(alert->instance, thing->name);
		else if (str_equal(thing->type, STR("function")))
			KEEP(alert->function, thing->name);
		else if (str_equal(thing->type, STR("database")))
			KEEP(alert->database, thing->name);
		else if (str_equal(thing->type, STR("image")))
			KEEP(alert->image, thing->name);
		else if (str_ends(thing->type, STR("bucket")) && buckets < ALERT_NAMES)
			KEEP(alert->buckets[buckets++], thing->name);
		else if (alert->namespace[0] && !alert->workload[0] &&
			 !str_equal(thing->type, STR("cluster"))) {
			KEEP(alert->kind, thing->type);
			KEEP(alert->workload, thing->name);
		}
	}
}

static void keep_whom(struct alert *alert, const struct record_act *act,
		      const struct guardduty_alert *said)
{
	const struct record_identity *who = &act->identity;

	alert->who = who->kind;
	KEEP(alert->account, act->account);
	KEEP(alert->region, act->region);
	KEEP(alert->name, who->name);
	KEEP(alert->key_id, who->key_id);
	KEEP(alert->session, who->session);
	KEEP(alert->instance, who->instance);
	KEEP(alert->cluster, said->cluster);
	KEEP(alert->namespace, said->namespace);
	KEEP(alert->interface, said->interface);
	keep_resources(alert, act);
	for (size_t i = 0; i < said->local_count; i++)
		KEEP(alert->local[i], said->local[i]);
	KEEP(alert->remote, said->remote);
	KEEP(alert->domain, said->domain);
	KEEP(alert->process, said->process);
}

/* What all versions say together: when it began, until when, how often. */
static void widen(struct alert *alert, const struct record *record,
		  const struct guardduty_alert *said)
{
	const instant last = said->last.ns ? said->last : record->time;

	if (record->time.ns && (!alert->first.ns || record->time.ns < alert->first.ns))
		alert->first = record->time;
	if (last.ns > alert->last.ns)
		alert->last = last;
	alert->count = said->count > alert->count ? said->count : alert->count;
	keep_earliest(&alert->evidence, record);
}

void alert_take(struct alert *alert, const struct record *record,
		const struct guardduty_alert *said, uint64_t mark)
{
	const struct alert before = *alert;
	struct str id, version;

	widen(alert, record, said);
	if (before.is_set && (said->updated.ns < before.updated.ns ||
			      (said->updated.ns == before.updated.ns && mark >= before.mark)))
		return;
	*alert = (struct alert){.key = {before.key[0], before.key[1]},
				.updated = said->updated,
				.mark = mark,
				.first = alert->first,
				.last = alert->last,
				.count = alert->count,
				.meaning = alert_meaning_of(record->act.action),
				.severity = alert_severity(said->severity),
				.is_set = true,
				.is_sample = said->is_sample,
				.is_archived = said->is_archived,
				.remote_acts = said->remote_acts,
				.evidence = alert->evidence};
	(void)str_cut(record->id, '/', &id, &version);
	KEEP(alert->id, id);
	KEEP(alert->type, record->act.action);
	KEEP(alert->title, said->title);
	KEEP(alert->detector, said->detector);
	keep_whom(alert, &record->act, said);
}

/* -- telling -- */

static struct str shown(struct arena *scratch, const char *text)
{
	return arena_printable(scratch, str_from(text), 200);
}

/* "arn:aws:iam::111122223333:user/ci", as CloudTrail names who GuardDuty calls ci. */
static struct str arn_of(const struct alert *alert, struct arena *scratch)
{
	const char *kind = alert->who == IDENTITY_USER					    ? "user"
			   : alert->who == IDENTITY_ROLE || alert->who == IDENTITY_INSTANCE ? "role"
											    : NULL;

	if (!kind || !alert->name[0] || !alert->account[0] || strchr(alert->name, ':'))
		return str_from(alert->name);
	return arena_printf(scratch, "arn:aws:iam::%s:%s/%s", alert->account, kind, alert->name);
}

static bool is_pod(const struct alert *alert)
{
	return strcmp(alert->kind, "pods") == 0 || strcmp(alert->kind, "pod") == 0;
}

/* Whom it is about, in the words other rooms have; and the alert, for one may have several. */
static struct str tell_subject(const struct alert *alert, struct finding *out)
{
	const struct {
		const char *type, *name;
	} subjects[] = {
		{is_pod(alert) ? "pod" : "workload", alert->workload},
		{"instance", alert->instance},
		{"key_id", alert->key_id},
		{"bucket", alert->buckets[0]},
		{"function", alert->function},
		{"database", alert->database},
		{"cluster", alert->cluster},
		{"identity", alert->name},
		{"account", alert->account},
	};
	const size_t count = sizeof(subjects) / sizeof(*subjects);
	struct facts *keys = &out->subject.keys;
	size_t i = 0;

	while (i + 1 < count && !subjects[i].name[0])
		i++;
	const bool is_key = strcmp(subjects[i].type, "key_id") == 0;
	out->subject.type = str_from(is_key ? "identity" : subjects[i].type);
	facts_add_text(keys, "provider", STR("aws"));
	if (i + 1 < count)
		facts_add_text(keys, "account", str_from(alert->account));
	/* what is made up for a sample must not be joined with what is real */
	facts_add_text(keys, alert->is_sample ? "sample" : subjects[i].type,
		       str_from(subjects[i].name));
	facts_add_text(keys, "alert", str_from(alert->id));
	return str_from(subjects[i].name);
}

/* What joins it with what other rooms say of the same key, machine, pod or address. */
static void tell_ties(const struct alert *alert, struct finding *out, struct arena *scratch)
{
	struct facts *facts = &out->facts;
	struct str *local = arena_take(scratch, GUARDDUTY_LOCAL_MAX * sizeof(*local));
	struct str *who = arena_take(scratch, sizeof(*who));
	size_t count = 0;

	if (who) {
		*who = arn_of(alert, scratch);
		facts_add_texts(facts, "identities", who, who->len > 0);
	}
	facts_add_text(facts, "key_id", str_from(alert->key_id));
	if (alert->who != IDENTITY_INSTANCE)
		facts_add_text(facts, "session", str_from(alert->session));
	facts_add_text(facts, "instance", str_from(alert->instance));
	facts_add_text(facts, "interface", str_from(alert->interface));
	facts_add_text(facts, is_pod(alert) ? "pod" : "workload", str_from(alert->workload));
	for (size_t i = 0; local && i < GUARDDUTY_LOCAL_MAX; i++)
		if (alert->local[i][0])
			local[count++] = str_from(alert->local[i]);
	if (local)
		facts_add_texts(facts, "clients", local, count);
	/* a server is no tie: many speak with it */
	facts_add_text(facts, alert->remote_acts ? "source" : "server", str_from(alert->remote));
}

static void tell_facts(const struct alert *alert, struct finding *out)
{
	struct facts *facts = &out->facts;

	facts_add_text(facts, "type", str_from(alert->type));
	facts_add_number(facts, "count", alert->count);
	facts_add_text(facts, "region", str_from(alert->region));
	facts_add_text(facts, "cluster", str_from(alert->cluster));
	facts_add_text(facts, "namespace", str_from(alert->namespace));
	facts_add_text(facts, "domain", str_from(alert->domain));
	facts_add_text(facts, "image", str_from(alert->image));
	facts_add_text(facts, "program", str_from(alert->process));
	if (alert->is_sample)
		facts_add_truth(facts, "sample", true);
	if (alert->is_archived)
		facts_add_truth(facts, "archived", true);
}

static void tell_reasons(const struct alert *alert, struct finding *out, struct arena *scratch)
{
	finding_add_reason(out,
			   arena_printf(scratch, "GuardDuty says: %s (%.*s, %s of its scale)",
					alert->meaning->says, STR_ARG(shown(scratch, alert->type)),
					severity_name(alert->severity)));
	if (alert->title[0])
		finding_add_reason(out, arena_printf(scratch, "in its own words: %.*s",
						     STR_ARG(shown(scratch, alert->title))));
	if (alert->is_sample)
		finding_add_reason(out, STR("it is a sample that somebody made to try GuardDuty "
					    "out: what it names is made up"));
	else if (alert->is_archived)
		finding_add_reason(out, STR("somebody, or a suppression rule, has put it aside in "
					    "GuardDuty"));
	else
		finding_add_reason(out, STR("this is GuardDuty's word alone; Davy's own findings "
					    "about the same key, machine or pod are joined with "
					    "it"));
}

static void tell_actions(const struct alert *alert, struct finding *out, struct arena *scratch)
{
	const struct str region = str_from(alert->region), id = str_from(alert->id);
	const struct str look[] = {
		STR("aws"), STR("guardduty"),	  STR("get-findings"),	     STR("--region"),
		region,	    STR("--detector-id"), str_from(alert->detector), STR("--finding-ids"),
		id};
	const struct str instance = str_from(alert->instance);

	if (alert->detector[0] && alert->region[0])
		finding_add_action(
			out, (struct action){.text = STR("Read all that GuardDuty keeps of it"),
					     .command = cloud_command(
						     scratch, look, sizeof(look) / sizeof(*look))});
	if (out->verdict == VERDICT_SUSPECT && alert->instance[0])
		cloud_steps_stop_machines(out, scratch, PROVIDER_AWS, region, &instance, 1);
	if (out->verdict != VERDICT_SIGNAL || out->action_count == 0)
		finding_add_action(
			out, (struct action){.text = STR("Ask whoever answers for it whether this "
							 "was meant; if not, take their access "
							 "away and look at what else they did")});
}

static double confidence_of(enum verdict verdict)
{
	return verdict == VERDICT_SIGNAL ? 0.3 : 0.6;
}

void alert_tell(const struct alert *alert, struct arena *scratch, struct record_teller *teller)
{
	struct finding finding = {
		.verdict = alert->meaning->verdict,
		.severity = alert->severity,
		.rule = {.id = str_from(alert->type),
			 .title = str_from(alert->meaning->says),
			 .author = STR("Amazon GuardDuty")},
		.first_seen = alert->first,
		.last_seen = alert->last,
	};

	/* neither accuses: one is of nobody, the other was looked at by somebody */
	if (alert->is_sample || alert->is_archived)
		finding.verdict = VERDICT_SIGNAL;
	if (alert->is_sample)
		finding.severity = SEVERITY_INFO;
	else if (alert->is_archived && finding.severity > SEVERITY_LOW)
		finding.severity = SEVERITY_LOW;
	finding.confidence = confidence_of(finding.verdict);
	if (alert->meaning->technique && !alert->is_sample)
		finding_add_technique(&finding, str_from(alert->meaning->technique));
	const struct str whom = tell_subject(alert, &finding);
	finding.title =
		arena_printf(scratch, "GuardDuty%s: %s: %.*s",
			     alert->is_sample	  ? " (a sample)"
			     : alert->is_archived ? " (archived)"
						  : "",
			     alert->meaning->says, STR_ARG(arena_printable(scratch, whom, 120)));
	tell_facts(alert, &finding);
	if (!alert->is_sample)
		tell_ties(alert, &finding, scratch);
	for (size_t i = 0; i < ALERT_NAMES && alert->buckets[i][0]; i++)
		finding.resources[finding.resource_count++] = str_from(alert->buckets[i]);
	tell_reasons(alert, &finding, scratch);
	tell_actions(alert, &finding, scratch);
	kept_evidence_add(&finding, &alert->evidence);
	teller->tell(teller, &finding);
	arena_reset(scratch);
}
