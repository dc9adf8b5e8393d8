#include "detect/cluster/tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "detect/cluster/reading.h"

enum { SHOWN = 160, NAMES_IN_TEXT = 5 };

/* -- texts -- */

struct str tell_shown(const struct telling *t, struct str hostile)
{
	return arena_printable(t->arena, hostile, SHOWN);
}

struct str tell_who(const struct telling *t, const struct actor *actor)
{
	struct str name = tell_shown(t, str_from(actor->identity));
	struct str source = tell_shown(t, str_from(actor->source));

	if (actor->standing == STANDING_ANONYMOUS)
		return STR("somebody without a name");
	if (actor->impersonated[0]) {
		struct str as = tell_shown(t, str_from(actor->impersonated));
		return arena_printf(t->arena, "%.*s (as %.*s)", STR_ARG(name), STR_ARG(as));
	}
	if (name.len == 0)
		name = STR("somebody whom the record does not name");
	if (source.len == 0 || actor->standing == STANDING_CONSOLE)
		return name;
	return arena_printf(t->arena, "%.*s from %.*s", STR_ARG(name), STR_ARG(source));
}

struct str tell_count(const struct telling *t, const struct distinct *distinct)
{
	return arena_printf(t->arena, "%s%" PRIu64, distinct->has_more ? "about " : "",
			    distinct_count(distinct));
}

struct str tell_time(const struct telling *t, instant at)
{
	CLEANUP(buf_fini) struct buf text = {0};

	if (at.ns == 0)
		return STR("at no time that is told");
	buf_add_instant(&text, at);
	return arena_copy(t->arena, buf_view(&text));
}

struct str tell_names(const struct telling *t, const struct deed *deed, size_t most)
{
	CLEANUP(buf_fini) struct buf text = {0};
	const uint64_t all = distinct_count(&deed->things);
	size_t shown = 0;

	for (; shown < deed->name_count && shown < most; shown++) {
		buf_add_text(&text, shown > 0 ? ", " : "");
		buf_add_printable(&text, str_from(deed->names[shown].text), SHOWN);
	}
	if (all > shown)
		buf_printf(&text, " and %" PRIu64 " more", all - shown);
	return arena_copy(t->arena, buf_view(&text));
}

/* -- facts -- */

static void add_actor(struct facts *facts, const struct actor *actor)
{
	facts_add_text(facts, "identity", str_from(actor->identity));
	facts_add_text(facts, "key_id", str_from(actor->key_id));
	facts_add_text(facts, "address", str_from(actor->source));
	facts_add_text(facts, actor->standing == STANDING_ACCOUNT ? "pod" : "session",
		       str_from(actor->session));
	facts_add_text(facts, "node", str_from(actor->node));
	facts_add_text(facts, "user_agent", str_from(actor->agent));
	facts_add_text(facts, "impersonated", str_from(actor->impersonated));
}

void tell_begin(struct finding *out, const struct claim *claim, const struct actor *actor,
		bool is_cluster)
{
	*out = (struct finding){.verdict = claim->verdict,
				.severity = claim->severity,
				.confidence = claim->confidence};
	for (size_t i = 0; i < FINDING_TECHNIQUES_MAX && claim->techniques[i]; i++)
		finding_add_technique(out, str_from(claim->techniques[i]));
	out->subject.type = is_cluster ? STR("cluster") : STR("identity");
	facts_add_text(&out->subject.keys, "cluster", str_from(actor->cluster));
	facts_add_text(&out->facts, "cluster", str_from(actor->cluster));
	/* a controller does what others want: it is not whom this is about */
	if (actor->standing == STANDING_COMPONENT) {
		out->subject.type = STR("workload");
		facts_add_text(&out->subject.keys, "doing", str_from(claim->doing));
		return;
	}
	facts_add_text(&out->subject.keys, "identity", str_from(actor->identity));
	facts_add_text(&out->subject.keys, "impersonated", str_from(actor->impersonated));
	if (actor->standing < STANDING_CONSOLE)
		facts_add_text(&out->subject.keys, "source", str_from(actor->source));
	facts_add_text(&out->subject.keys, "doing", str_from(claim->doing));
	add_actor(&out->actor, actor);
	facts_add_text(&out->facts, "identity", str_from(actor->identity));
	facts_add_text(&out->facts, "source", str_from(actor->source));
}

void tell_span(struct finding *out, instant first, instant last)
{
	if (out->first_seen.ns == 0 || first.ns < out->first_seen.ns)
		out->first_seen = first;
	if (last.ns > out->last_seen.ns)
		out->last_seen = last;
}

void tell_quote(struct finding *out, const struct quote *quote)
{
	const struct evidence evidence = {.source = str_from(quote->source),
					  .offset = quote->offset,
					  .has_offset = true,
					  .time = quote->request.time,
					  .quote = str_from(quote->text)};
	size_t latest = 0;

	/* of one request there may be a quote in several deeds */
	for (size_t i = 0; i < out->evidence_count; i++) {
		const struct evidence *known = &out->evidence[i];
		if (known->offset == evidence.offset && known->time.ns == evidence.time.ns &&
		    str_equal(known->source, evidence.source))
			return;
		if (known->time.ns > out->evidence[latest].time.ns)
			latest = i;
	}
	if (out->evidence_count < FINDING_EVIDENCE_MAX)
		finding_add_evidence(out, evidence);
	else if (evidence.time.ns < out->evidence[latest].time.ns)
		out->evidence[latest] = evidence;
}

void tell_deed(struct finding *out, const struct deed *deed)
{
	tell_span(out, deed->first, deed->last);
	for (uint32_t i = 0; i < deed->quote_count; i++)
		tell_quote(out, &deed->quotes[i]);
}

void tell_name_fact(const struct telling *t, struct finding *out, const char *fact,
		    const struct deed *deed)
{
	struct str *names = arena_take(t->arena, sizeof(*names) * NAMES_KEPT);

	for (uint32_t i = 0; names && i < deed->name_count; i++)
		names[i] = str_from(deed->names[i].text);
	if (names)
		facts_add_texts(&out->facts, fact, names, deed->name_count);
}

void tell_resources(const struct telling *t, struct finding *out, const char *type,
		    const struct deed *deed)
{
	for (uint32_t i = 0; i < deed->name_count; i++)
		if (out->resource_count < FINDING_RESOURCES_MAX)
			out->resources[out->resource_count++] =
				arena_printf(t->arena, "%s %s", type, deed->names[i].text);
}

/* "NAMESPACE/NAME" of a pod, "NAMESPACE/" for a list, "/" for the list of all. */
static bool is_of_pod(struct str thing, const struct pod_seen *pod)
{
	struct str namespace, name;

	if (str_equal(thing, STR("/")))
		return true;
	return str_cut(thing, '/', &namespace, &name) &&
	       str_equal(namespace, str_from(pod->namespace)) &&
	       (name.len == 0 || str_equal(name, str_from(pod->name)));
}

static bool is_of_cluster(const struct actor *actor, const struct pod_seen *pod)
{
	const struct hash_pair key = reading_pod_key(str_from(actor->cluster),
						     str_from(pod->namespace), str_from(pod->name));

	return key.at[0] == pod->key.at[0] && key.at[1] == pod->key.at[1];
}

struct key_set tell_keys_of(const struct telling *t, const struct actor *actor)
{
	const struct memory *m = t->memory;
	const struct deed *answers = memory_find_deed(t->memory, &actor->key, DEED_KEYS, 0);
	const struct deed *pods = memory_find_deed(t->memory, &actor->key, DEED_PODS, 0);
	struct key_set keys = {.count = 0};

	if (answers)
		key_set_join(&keys, &answers->keys);
	for (uint32_t i = 0; pods && i < pods->name_count; i++)
		for (size_t k = 0; k < m->key_pod_count; k++)
			if (is_of_cluster(actor, m->key_pods[k]) &&
			    is_of_pod(str_from(pods->names[i].text), m->key_pods[k]))
				key_set_join(&keys, &m->key_pods[k]->keys);
	return keys;
}

void tell_keys(const struct telling *t, struct finding *out, const struct key_set *keys)
{
	struct str *ids = keys->count ? arena_take(t->arena, sizeof(*ids) * KEY_SET_MAX) : NULL;

	for (uint32_t i = 0; ids && i < keys->count; i++)
		ids[i] = arena_copy(t->arena, str_from(keys->at[i]));
	if (ids)
		facts_add_texts(&out->facts, "key_ids", ids, keys->count);
}

static int compare_evidence(const void *left, const void *right)
{
	const struct evidence *a = left, *b = right;

	if (a->time.ns != b->time.ns)
		return a->time.ns < b->time.ns ? -1 : 1;
	int order = str_compare(a->source, b->source);
	if (order != 0)
		return order;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return str_compare(a->quote, b->quote);
}

void tell_end(const struct telling *t, struct finding *out)
{
	qsort(out->evidence, out->evidence_count, sizeof(*out->evidence), compare_evidence);
	t->teller->tell(t->teller, out);
	arena_reset(t->arena);
}
