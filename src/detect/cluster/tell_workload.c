/* Workloads: those that say that they mine, those that hide, and those worth knowing. */
#include <inttypes.h>
#include <string.h>

#include "detect/cluster/reading.h"
#include "detect/cluster/remedy.h"
#include "detect/cluster/tell.h"
#include "detect/cluster/who.h"

enum { STOPPED_MOST = 2, STANDS_FOR_MOST = 256, PLACES_MOST = 16 };

/* All workloads of one hand with the same judgement. */
struct group {
	const struct hand *hand;
	const struct workload_seen *at[STANDS_FOR_MOST]; /* in order of time */
	struct judged judged[STANDS_FOR_MOST];
	size_t count;
	size_t heaviest;
	struct distinct things;
};

static void add(struct group *g, const struct workload_seen *w, const struct judged *judged)
{
	distinct_add(&g->things, w->key.thing.at[0]);
	if (g->count == STANDS_FOR_MOST)
		return;
	if (g->count > 0 && judged->all > g->judged[g->heaviest].all)
		g->heaviest = g->count;
	g->at[g->count] = w;
	g->judged[g->count++] = *judged;
}

static struct str name_of(const struct telling *t, const struct workload_seen *w)
{
	struct str namespace = tell_shown(t, str_from(w->namespace));
	struct str name = tell_shown(t, str_from(w->name));

	return arena_printf(t->arena, "%s %.*s/%.*s", w->kind, STR_ARG(namespace), STR_ARG(name));
}

/* -- reasons -- */

static void add_text(struct finding *out, bool is_so, const char *text)
{
	if (is_so)
		finding_add_reason(out, str_from(text));
}

static void tell_mining(const struct telling *t, struct finding *out, const struct workload_seen *w)
{
	struct str pool = tell_shown(t, str_from(w->pool));
	const uint32_t signs = w->key.signs;

	if (pool.len > 0)
		finding_add_reason(out, arena_printf(t->arena, "its command names a pool: %.*s",
						     STR_ARG(pool)));
	else
		add_text(out, signs & SAYS_POOL, "its command names a pool");
	if (w->wallet[0])
		finding_add_reason(
			out, arena_printf(t->arena,
					  "it is paid to a wallet (%s), the checksum of which is "
					  "right",
					  w->coin));
	add_text(out, signs & SAYS_OPTION, "it has options that only miners have");
	add_text(out, (signs & SAYS_LOGIN) && !(signs & SAYS_POOL),
		 "it is given a server and a login as miners are (-o, -u)");
	add_text(out, signs & SAYS_NAME, "image or program are called as a known miner");
	add_text(out, (w->key.form & POD_HUGE_PAGES) != 0, "it asks for huge pages");
}

static void tell_hiding(struct finding *out, const struct judged *j, uint32_t signs)
{
	add_text(out, signs & SAYS_ENCODED,
		 "its command decodes what it runs, so that nobody reads it");
	add_text(out, signs & SAYS_FETCHES,
		 "its command downloads something and runs it, whatever it is by then");
	add_text(out, signs & SAYS_CONNECTS, "its command lets a shell speak with another machine");
	add_text(out, signs & SAYS_INLINE,
		 "its command holds a program of its own that runs or fetches others");
	add_text(out, signs & SAYS_CREDENTIALS, "its command reads credentials of the pod");
	add_text(out, signs & SAYS_METADATA, "its command asks the cloud's metadata service");
	add_text(out, (signs & SAYS_OUTSIDE) && j->weight.what > 0,
		 "it is given a host outside of the cluster, on a port of its own");
}

static void tell_place(struct finding *out, const struct workload_seen *w)
{
	const uint32_t form = w->key.form;

	add_text(out, who_owns_namespace(str_from(w->namespace)),
		 "it was put among the cluster's own, where nobody looks for guests");
	add_text(out, strcmp(w->kind, "DaemonSet") == 0, "it runs on every node");
	add_text(out, (form & POD_EVERY_TAINT) != 0,
		 "it asks to be let on every node, those of the control plane among them");
	add_text(out,
		 (form & (POD_PRIVILEGED | POD_HOST_PROCESSES | POD_HOST_FILES | POD_CAPABLE)) != 0,
		 "it may do what root may do on the nodes");
}

static void tell_hand(const struct telling *t, struct finding *out, const struct hand *hand)
{
	const struct actor *actor = hand->actor;

	add_text(out, actor->standing == STANDING_ANONYMOUS, "whoever did it had not logged in");
	add_text(out, actor->standing == STANDING_CONSOLE,
		 "it was done by a console's own account: whoever opened the console");
	if (hand->sweep == SWEEP_ACCESS && hand->sweep_most > 0)
		finding_add_reason(out, arena_printf(t->arena,
						     "the same hand read %" PRIu64
						     " secrets within minutes",
						     hand->sweep_most));
	else
		add_text(out, hand->sweep == SWEEP_ACCESS, "the same hand read secrets");
	add_text(out, hand->has_probed, "the same hand tried out what it may do");
	add_text(out, hand->has_taken_rights && hand->is_stranger,
		 "the same hand gave out all rights there are");
	add_text(out, hand->is_stranger,
		 "on no other day of these records did it put anything into the cluster");
}

/* -- facts -- */

static void tell_facts(const struct telling *t, struct finding *out, const struct workload_seen *w)
{
	struct facts *facts = &out->facts;
	struct str *secrets = arena_take(t->arena, sizeof(*secrets) * POD_SECRETS_MAX);

	facts_add_text(facts, "namespace", str_from(w->namespace));
	facts_add_text(facts, "kind", str_from(w->kind));
	facts_add_text(facts, "workload", name_of(t, w));
	if (strcmp(w->kind, "Pod") == 0)
		facts_add_text(facts, "pod", str_from(w->name));
	facts_add_text(facts, "node", str_from(w->node));
	facts_add_text(facts, "image", str_from(w->image));
	/* as the server calls who acts by its token */
	if (w->service_account[0])
		facts_add_text(facts, "service_account",
			       arena_printf(t->arena, "system:serviceaccount:%s:%s", w->namespace,
					    w->service_account));
	facts_add_text(facts, "pool", str_from(w->pool));
	facts_add_text(facts, "wallet", str_from(w->wallet));
	facts_add_text(facts, "coin", str_from(w->coin));
	for (uint32_t i = 0; secrets && i < w->secret_count; i++)
		secrets[i] = str_from(w->secrets[i]);
	if (secrets)
		facts_add_texts(facts, "secrets", secrets, w->secret_count);
}

/* -- where they run -- */

struct places {
	struct str pods[PLACES_MOST], addresses[PLACES_MOST], nodes[PLACES_MOST];
	size_t pod_count, address_count, node_count;
};

static void add_place(struct str *list, size_t *count, struct str text)
{
	for (size_t i = 0; i < *count; i++)
		if (str_equal(list[i], text))
			return;
	if (text.len > 0 && *count < PLACES_MOST)
		list[(*count)++] = text;
}

static void add_pod(const struct telling *t, struct places *places, const struct actor *actor,
		    const struct workload_seen *w)
{
	const struct hash_pair key = reading_pod_key(str_from(actor->cluster),
						     str_from(w->namespace), str_from(w->name));
	const struct pod_seen *pod = memory_find_pod(t->memory, &key);

	if (strcmp(w->kind, "Pod") != 0)
		return;
	add_place(places->pods, &places->pod_count, str_from(w->name));
	add_place(places->nodes, &places->node_count, str_from(w->node));
	for (uint32_t i = 0; pod && i < pod->address_count; i++)
		add_place(places->addresses, &places->address_count, str_from(pod->addresses[i]));
	if (pod)
		add_place(places->nodes, &places->node_count, str_from(pod->node));
}

static void add_fact(const struct telling *t, struct finding *out, const char *name,
		     const struct str *list, size_t count)
{
	struct str *texts = count > 0 ? arena_take(t->arena, count * sizeof(*texts)) : NULL;

	if (!texts)
		return;
	memcpy(texts, list, count * sizeof(*texts));
	facts_add_texts(&out->facts, name, texts, count);
}

/* The pods of a workload are made by controllers, from its image in its namespace. */
static void tell_places(const struct telling *t, struct finding *out, const struct group *g)
{
	const struct memory *m = t->memory;
	struct places places = {.pod_count = 0};

	for (size_t i = 0; i < g->count; i++)
		add_pod(t, &places, g->hand->actor, g->at[i]);
	for (size_t k = 0; k < m->workload_count && places.pod_count < PLACES_MOST; k++) {
		const struct workload_seen *made = m->workload_list[k];
		const struct actor *maker = memory_find_actor(t->memory, &made->key.actor);
		bool is_of = false;
		for (size_t i = 0; i < g->count && made->image[0] && !is_of; i++)
			is_of = memcmp(&made->use_key, &g->at[i]->use_key, sizeof(made->use_key)) ==
				0;
		if (is_of && maker && maker->standing == STANDING_COMPONENT)
			add_pod(t, &places, maker, made);
	}
	add_fact(t, out, "pods", places.pods, places.pod_count);
	add_fact(t, out, "addresses", places.addresses, places.address_count);
	add_fact(t, out, "nodes", places.nodes, places.node_count);
}

/* Of all of them: names, images' pods; so that flows and lookups of any can be joined. */
static void tell_all(const struct telling *t, struct finding *out, const struct group *g)
{
	struct key_set keys = {.count = 0};
	uint64_t seen[FINDING_RESOURCES_MAX];

	for (size_t i = 0; i < g->count; i++) {
		const struct workload_seen *w = g->at[i];
		const uint64_t thing = w->key.thing.at[0];
		bool is_known = false;
		tell_span(out, w->earliest.time, w->last);
		tell_quote(out, &w->quote);
		key_set_join(&keys, &w->keys);
		for (size_t k = 0; k < out->resource_count; k++)
			is_known |= seen[k] == thing;
		if (is_known || out->resource_count == FINDING_RESOURCES_MAX)
			continue;
		seen[out->resource_count] = thing;
		out->resources[out->resource_count++] = name_of(t, w);
		if (out->resource_count <= STOPPED_MOST)
			remedy_stop(out, w, t->arena);
	}
	tell_keys(t, out, &keys);
	tell_places(t, out, g);
	facts_add_number(&out->facts, "workloads", distinct_count(&g->things));
}

/* -- claims -- */

static double confidence_of(const struct group *g, enum judgement judgement)
{
	const struct workload_seen *w = g->at[g->heaviest];
	const uint32_t signs = w->key.signs;

	if (judgement == JUDGED_SIGNAL)
		return 0.3;
	if (judgement == JUDGED_MINER)
		return (signs & SAYS_POOL) && (signs & (SAYS_WALLET | SAYS_OPTION)) ? 0.95
		       : (signs & SAYS_WALLET)					    ? 0.93
										    : 0.85;
	unsigned all = g->judged[g->heaviest].all;
	return all >= 14 ? 0.85 : 0.5 + 0.05 * (all > 7 ? all - 7 : 0);
}

static struct str title_of(const struct telling *t, const struct group *g, enum judgement judgement)
{
	struct str name = name_of(t, g->at[g->heaviest]), who = tell_who(t, g->hand->actor);
	const uint64_t all = distinct_count(&g->things);
	struct str more = all > 1 ? arena_printf(t->arena, " and %" PRIu64 " more", all - 1)
				  : (struct str){0};
	/* who started what a controller made these pods for is not in the records */
	if (g->hand->actor->standing == STANDING_COMPONENT)
		who = STR("somebody whom the records do not show");
	const char *says = judgement == JUDGED_MINER	 ? "would mine"
			   : judgement == JUDGED_SUSPECT ? "has the shape of a hidden miner"
							 : "is worth a look";

	return arena_printf(
		t->arena, "%.*s%.*s %s, put there by %.*s", STR_ARG(name), STR_ARG(more),
		all > 1 && judgement == JUDGED_SUSPECT ? "have the shape of hidden miners" : says,
		STR_ARG(who));
}

static void tell_group(const struct telling *t, const struct group *g, enum judgement judgement)
{
	static const struct claim claims[] = {
		[JUDGED_SIGNAL] = {.doing = "workload",
				   .verdict = VERDICT_SIGNAL,
				   .severity = SEVERITY_LOW,
				   .techniques = {"T1610"}},
		[JUDGED_SUSPECT] = {.doing = "hidden workload",
				    .verdict = VERDICT_SUSPECT,
				    .severity = SEVERITY_HIGH,
				    .techniques = {"T1610", "T1496.001", "T1036.005"}},
		[JUDGED_MINER] = {.doing = "mining workload",
				  .verdict = VERDICT_MINER,
				  .severity = SEVERITY_HIGH,
				  .techniques = {"T1496.001", "T1610"}},
	};
	const struct workload_seen *w = g->at[g->heaviest];
	const struct judged *j = &g->judged[g->heaviest];
	struct claim claim = claims[judgement];
	struct finding out;

	claim.confidence = confidence_of(g, judgement);
	if (strcmp(w->kind, "CronJob") == 0)
		claim.techniques[judgement == JUDGED_SIGNAL    ? 1
				 : judgement == JUDGED_SUSPECT ? 3
							       : 2] = "T1053.007";
	tell_begin(&out, &claim, g->hand->actor, false);
	if (g->hand->actor->standing == STANDING_COMPONENT) {
		facts_add_text(&out.subject.keys, "namespace", str_from(w->namespace));
		facts_add_text(&out.subject.keys, "image", str_from(w->image));
		remedy_owner(&out, w, t->arena);
	}
	out.title = title_of(t, g, judgement);
	tell_mining(t, &out, w);
	tell_hiding(&out, j, w->key.signs);
	tell_place(&out, w);
	add_text(&out, j->is_low,
		 "it asks for little of the processors, so that nothing gets slow");
	add_text(&out, j->is_new_image && judgement != JUDGED_SIGNAL,
		 "its image was not in use in this cluster before");
	tell_hand(t, &out, g->hand);
	tell_facts(t, &out, w);
	tell_all(t, &out, g);
	facts_add_number(&out.facts, "weight", j->all);
	if (judgement == JUDGED_SIGNAL)
		out.action_count = 0; /* nobody should stop what is only worth a look */
	remedy_show(&out, "Look at it", w->kind,
		    arena_printf(t->arena, "%s/%s", w->namespace, w->name), t->arena);
	if (judgement != JUDGED_SIGNAL) {
		remedy_cordon(&out, w, t->arena);
		if (g->hand->actor->standing != STANDING_COMPONENT) {
			remedy_binding(&out, str_from(g->hand->actor->binding), t->arena);
			remedy_account(&out, str_from(g->hand->actor->identity), t->arena);
		}
	}
	tell_end(t, &out);
}

/* Those of one hand from `at` to `end`; with `use`, only those of one image in one namespace. */
static void tell_hands(const struct telling *t, const struct hand *hand, size_t at, size_t end,
		       const struct hash_pair *use)
{
	struct memory *m = t->memory;
	struct group groups[JUDGED_MINER + 1];

	for (int i = 0; i <= JUDGED_MINER; i++)
		groups[i] = (struct group){.hand = hand};
	for (size_t i = at; i < end; i++) {
		const struct workload_seen *w = m->workload_list[i];
		if (use && memcmp(&w->use_key, use, sizeof(*use)) != 0)
			continue;
		struct judged judged = weight_judge(m, w, hand);
		add(&groups[judged.judgement], w, &judged);
	}
	for (int i = JUDGED_SIGNAL; i <= JUDGED_MINER; i++)
		if (groups[i].count > 0)
			tell_group(t, &groups[i], (enum judgement)i);
}

/* Controllers make the pods of everybody: each use of an image is somebody else's doing. */
static void tell_made(const struct telling *t, const struct hand *hand, size_t at, size_t end)
{
	const struct memory *m = t->memory;

	for (size_t i = at; i < end; i++) {
		const struct hash_pair *use = &m->workload_list[i]->use_key;
		bool is_told = false;
		if (weight_judge(t->memory, m->workload_list[i], hand).judgement == JUDGED_NOTHING)
			continue;
		for (size_t k = at; k < i && !is_told; k++)
			is_told = memcmp(&m->workload_list[k]->use_key, use, sizeof(*use)) == 0;
		if (!is_told)
			tell_hands(t, hand, at, end, use);
	}
}

void tell_workloads(const struct telling *t)
{
	struct memory *m = t->memory;

	for (size_t at = 0, end; at < m->workload_count; at = end) {
		const struct hash_pair *key = &m->workload_list[at]->key.actor;
		const struct actor *actor = memory_find_actor(m, key);
		for (end = at + 1; end < m->workload_count; end++)
			if (memcmp(&m->workload_list[end]->key.actor, key, sizeof(*key)) != 0)
				break;
		if (!actor)
			continue;
		const struct hand hand = weight_hand(m, actor);
		if (actor->standing == STANDING_COMPONENT)
			tell_made(t, &hand, at, end);
		else
			tell_hands(t, &hand, at, end, NULL);
	}
}
