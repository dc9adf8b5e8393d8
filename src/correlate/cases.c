#include "correlate/cases_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/endpoint.h"
#include "model/finding_json.h"

enum { CAPACITY_DEFAULT = 4096, LINE_KEPT_MAX = 64 * 1024 };

struct tie {
	uint64_t hash;
	uint32_t finding; /* index in cases.sorted */
};

struct cases {
	struct cases_settings settings;
	struct table *findings;
	struct case_finding **sorted; /* by time */
	uint32_t *parents;	      /* of the sets of findings that belong together */
	struct tie *ties;
	struct case_finding **members; /* of the group that is told */
	uint32_t count;
	size_t tie_count;
	struct case_telling telling;
	instant latest;
};

/* -- its life -- */

static void drop(void *context, void *entry)
{
	struct case_finding *finding = entry;

	buf_fini(&finding->line);
}

int cases_new(const struct cases_settings *settings, struct cases **out)
{
	struct cases *cases = calloc(1, sizeof(*cases));

	if (!cases)
		return -ENOMEM;
	cases->settings = *settings;
	if (cases->settings.capacity == 0)
		cases->settings.capacity = CAPACITY_DEFAULT;
	if (cases->settings.apart.ns == 0)
		cases->settings.apart = DURATION_S(7 * 86400);
	const uint32_t capacity = cases->settings.capacity;
	const struct table_settings table = {.capacity = capacity,
					     .entry_size = sizeof(struct case_finding),
					     .key_size = FINDING_ID_LEN,
					     .seed = settings->seed,
					     .on_drop = drop,
					     .class_share = {0, 0.25, 0.9}};
	cases->sorted = calloc(capacity, sizeof(struct case_finding *));
	cases->members = calloc(capacity, sizeof(struct case_finding *));
	cases->parents = calloc(capacity, sizeof(*cases->parents));
	cases->ties = calloc((size_t)capacity * CASE_TIES_MAX, sizeof(*cases->ties));
	if (!cases->sorted || !cases->members || !cases->parents || !cases->ties ||
	    table_new(&table, &cases->findings) < 0 || case_telling_init(&cases->telling) < 0) {
		cases_free(cases);
		return -ENOMEM;
	}
	*out = cases;
	return 0;
}

void cases_free(struct cases *cases)
{
	if (!cases)
		return;
	table_free(cases->findings);
	free(cases->sorted);
	free(cases->members);
	free(cases->parents);
	free(cases->ties);
	case_telling_fini(&cases->telling);
	free(cases);
}

/* -- ties -- */

/* Names of one kind are one kind of tie: a key is the same key wherever it is named. */
static const struct {
	const char *name;
	uint8_t kind;
} tie_names[] = {
	{"identity", 'i'},  {"identities", 'i'}, {"role", 'i'},	    {"service_account", 'i'},
	{"key_id", 'k'},    {"key_ids", 'k'},	 {"instance", 'm'}, {"instances", 'm'},
	{"interface", 'n'}, {"interfaces", 'n'}, {"pod", 'p'},	    {"pods", 'p'},
	{"workload", 'w'},  {"workloads", 'w'},	 {"address", 'a'},  {"addresses", 'a'},
	{"source", 'a'},    {"sources", 'a'},	 {"client", 'a'},   {"clients", 'a'},
	{"session", 's'},
};

/* Whoever is not known, and the machines of the cluster and the cloud themselves, are no bond. */
static bool is_nobody(struct str text)
{
	static const struct str nobodies[] = {
		STR("system:anonymous"), STR("system:unauthenticated"),
		STR("anonymous"),	 STR("-"),
		STR("127.0.0.1"),	 STR("::1"),
		STR("AWS Internal"),
	};

	for (size_t i = 0; i < sizeof(nobodies) / sizeof(*nobodies); i++)
		if (str_equal(text, nobodies[i]))
			return true;
	return text.len == 0 || str_ends(text, STR(".amazonaws.com"));
}

/* "10.0.0.7:40001" and "10.0.0.7" are one place. */
static struct str place_of(struct str text, char scratch[ENDPOINT_TEXT_MAX])
{
	struct endpoint endpoint;
	struct address address;

	if (address_parse(text, &address))
		return address_text(&address, scratch);
	if (endpoint_parse(text, &endpoint))
		return address_text(&endpoint.address, scratch);
	return text;
}

static void add_tie(const struct cases *cases, struct case_finding *finding, uint8_t kind,
		    struct str text)
{
	char scratch[ENDPOINT_TEXT_MAX];

	if (kind == 'a')
		text = place_of(text, scratch);
	if (is_nobody(text) || finding->tie_count == CASE_TIES_MAX)
		return;
	uint64_t hash = hash_bytes(text.at, text.len, cases->settings.seed + kind);
	for (size_t i = 0; i < finding->tie_count; i++)
		if (finding->ties[i] == hash)
			return;
	finding->ties[finding->tie_count++] = hash;
}

static void add_ties(const struct cases *cases, struct case_finding *finding,
		     const struct facts *facts)
{
	for (size_t i = 0; i < sizeof(tie_names) / sizeof(*tie_names); i++) {
		const struct fact *fact = facts_find(facts, str_from(tie_names[i].name));
		if (fact && fact->kind == FACT_TEXT)
			add_tie(cases, finding, tie_names[i].kind, fact->text);
		for (size_t k = 0; fact && fact->kind == FACT_TEXTS && k < fact->text_count; k++)
			add_tie(cases, finding, tie_names[i].kind, fact->texts[k]);
	}
}

/* -- findings -- */

static unsigned class_of(const struct case_finding *finding)
{
	if (!case_accuses(finding))
		return 0;
	return finding->verdict >= VERDICT_MINER || finding->severity >= SEVERITY_HIGH ? 2 : 1;
}

void cases_take(struct cases *cases, const struct finding *finding)
{
	char id[FINDING_ID_LEN + 1];
	struct finding named = *finding;

	finding_identify(finding, id);
	named.id = str_of(id, FINDING_ID_LEN);
	if (finding->last_seen.ns > cases->latest.ns)
		cases->latest = finding->last_seen;
	uint64_t hash = table_hash(cases->findings, id);
	struct case_finding *kept = table_find(cases->findings, id, hash);
	if (kept && finding->revision < kept->revision)
		return;
	if (!kept)
		kept = table_insert(cases->findings, id, hash, cases->latest);
	kept->revision = finding->revision;
	kept->verdict = (uint8_t)finding->verdict;
	kept->severity = (uint8_t)finding->severity;
	kept->first_seen = finding->first_seen;
	kept->last_seen = finding->last_seen;
	kept->tie_count = 0;
	add_ties(cases, kept, &finding->subject.keys);
	add_ties(cases, kept, &finding->actor);
	add_ties(cases, kept, &finding->facts);
	kept->line.limit = LINE_KEPT_MAX;
	buf_clear(&kept->line);
	finding_to_json(&named, &kept->line);
	table_set_class(cases->findings, kept, class_of(kept));
	table_touch(cases->findings, kept, cases->latest);
}

/* -- groups -- */

static void collect(void *context, void *entry)
{
	struct cases *cases = context;
	struct case_finding *finding = entry;

	if (cases->count < cases->settings.capacity && !finding->line.failed)
		cases->sorted[cases->count++] = finding;
}

static int by_time(const void *left, const void *right)
{
	const struct case_finding *a = *(struct case_finding *const *)left;
	const struct case_finding *b = *(struct case_finding *const *)right;

	if (a->first_seen.ns != b->first_seen.ns)
		return a->first_seen.ns < b->first_seen.ns ? -1 : 1;
	return memcmp(a->id, b->id, sizeof(a->id));
}

static int by_hash(const void *left, const void *right)
{
	const struct tie *a = left, *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->finding < b->finding ? -1 : a->finding > b->finding;
}

static uint32_t root_of(struct cases *cases, uint32_t finding)
{
	while (cases->parents[finding] != finding) {
		cases->parents[finding] = cases->parents[cases->parents[finding]];
		finding = cases->parents[finding];
	}
	return finding;
}

/* The older one leads. */
static void join(struct cases *cases, uint32_t a, uint32_t b)
{
	a = root_of(cases, a);
	b = root_of(cases, b);
	if (a < b)
		cases->parents[b] = a;
	else
		cases->parents[a] = b;
}

static bool are_near(const struct cases *cases, uint32_t a, uint32_t b)
{
	const struct case_finding *first = cases->sorted[a], *second = cases->sorted[b];

	return instant_since(second->first_seen, first->last_seen).ns <= cases->settings.apart.ns;
}

static void list_ties(struct cases *cases)
{
	cases->tie_count = 0;
	for (uint32_t i = 0; i < cases->count; i++)
		for (size_t k = 0; k < cases->sorted[i]->tie_count; k++)
			cases->ties[cases->tie_count++] =
				(struct tie){cases->sorted[i]->ties[k], i};
	qsort(cases->ties, cases->tie_count, sizeof(*cases->ties), by_hash);
}

/* First those that accuse, with one another; then what joins them. */
static void group(struct cases *cases)
{
	for (uint32_t i = 0; i < cases->count; i++) {
		cases->parents[i] = i;
		cases->sorted[i]->group = CASE_NONE;
	}
	list_ties(cases);
	for (size_t i = 0, last = SIZE_MAX; i < cases->tie_count; i++) {
		const struct tie *tie = &cases->ties[i];
		if (!case_accuses(cases->sorted[tie->finding]))
			continue;
		if (last != SIZE_MAX && cases->ties[last].hash == tie->hash &&
		    are_near(cases, cases->ties[last].finding, tie->finding))
			join(cases, cases->ties[last].finding, tie->finding);
		last = i;
	}
	for (uint32_t i = 0; i < cases->count; i++)
		if (case_accuses(cases->sorted[i]))
			cases->sorted[i]->group = (int32_t)root_of(cases, i);
}

/* The group of the first that accuses and shares a tie with it. */
static int32_t group_for(const struct cases *cases, const struct case_finding *finding)
{
	int32_t found = CASE_NONE;

	for (size_t k = 0; k < finding->tie_count; k++) {
		const struct tie wanted = {finding->ties[k], 0};
		size_t low = 0, high = cases->tie_count;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (by_hash(&cases->ties[middle], &wanted) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < cases->tie_count && cases->ties[low].hash == wanted.hash; low++) {
			const struct case_finding *other = cases->sorted[cases->ties[low].finding];
			if (case_accuses(other) && (found == CASE_NONE || other->group < found))
				found = other->group;
		}
	}
	return found;
}

void cases_each(struct cases *cases, void (*visit)(void *context, const struct incident *incident),
		void *context)
{
	cases->count = 0;
	table_each(cases->findings, collect, cases);
	qsort(cases->sorted, cases->count, sizeof(struct case_finding *), by_time);
	group(cases);
	for (uint32_t i = 0; i < cases->count; i++)
		if (!case_accuses(cases->sorted[i]))
			cases->sorted[i]->group = group_for(cases, cases->sorted[i]);
	for (uint32_t i = 0; i < cases->count; i++) {
		struct incident incident;
		size_t members = 0;
		if (!case_accuses(cases->sorted[i]) || cases->sorted[i]->group != (int32_t)i)
			continue;
		for (uint32_t k = 0; k < cases->count; k++)
			if (cases->sorted[k]->group == (int32_t)i)
				cases->members[members++] = cases->sorted[k];
		case_tell(&cases->telling, cases->members, members, &incident);
		incident.state = STR("open");
		visit(context, &incident);
	}
}

struct table_counters cases_counters(const struct cases *cases)
{
	return table_counters(cases->findings);
}
