#include "correlate/correlator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "correlate/groups.h"
#include "correlate/leg.h"
#include "correlate/telling.h"
#include "detect/authorised.h"

enum { CAPACITY_DEFAULT = 8192, CAPACITY_MIN = 16, RECORD_TITLE_MAX = 200 };

/* What an incident was when it was last told: for its revision, and to say that it is over. */
struct record {
	uint64_t id; /* the key in the table */
	uint64_t content, sequence, round, merged_into;
	uint32_t revision;
	uint8_t verdict, severity;
	bool is_over; /* told as closed for good */
	double confidence;
	instant first_seen, last_seen;
	uint8_t title_len;
	char title[RECORD_TITLE_MAX];
};

struct correlator {
	struct correlator_settings settings;
	struct table *legs, *records;
	struct groups *groups;
	struct telling telling;
	const struct leg **sorted;
	uint32_t *order;   /* legs by group, then time */
	uint32_t *members; /* scratch: of one group */
	uint32_t leg_count;
	uint64_t sequence, round;
	uint64_t passed_over, outdated;
	instant latest;
};

static int make_tables(struct correlator *c)
{
	const uint32_t capacity = c->settings.capacity;
	/*
	 * Suspects (class 0) go first, then miners at rest (1), then mining (2). Neither may fill
	 * all, so that there is always a place for news.
	 */
	const struct table_settings legs = {.capacity = capacity,
					    .entry_size = sizeof(struct leg),
					    .key_size = FINDING_ID_LEN,
					    .seed = c->settings.seed,
					    .idle = c->settings.forget_after,
					    .class_share = {0, 0.25, 0.9}};
	const struct table_settings records = {.capacity = capacity,
					       .entry_size = sizeof(struct record),
					       .key_size = sizeof(uint64_t),
					       .seed = c->settings.seed,
					       .class_share = {0, 0.25, 0.9}};
	const int code = table_new(&legs, &c->legs);

	return code < 0 ? code : table_new(&records, &c->records);
}

int correlator_new(const struct correlator_settings *settings, struct correlator **out)
{
	struct correlator *c = calloc(1, sizeof(*c));
	int code;

	if (!c)
		return -ENOMEM;
	c->settings = *settings;
	if (c->settings.capacity == 0)
		c->settings.capacity = CAPACITY_DEFAULT;
	if (c->settings.capacity < CAPACITY_MIN)
		c->settings.capacity = CAPACITY_MIN;
	if (c->settings.forget_after.ns == 0)
		c->settings.forget_after = DURATION_S(7 * 86400);
	if (c->settings.close_after.ns == 0)
		c->settings.close_after = DURATION_S(86400);
	c->sorted = calloc(c->settings.capacity, sizeof(*c->sorted));
	c->order = calloc(c->settings.capacity, sizeof(*c->order));
	c->members = calloc(c->settings.capacity, sizeof(*c->members));
	code = c->sorted && c->order && c->members ? make_tables(c) : -ENOMEM;
	if (code == 0)
		code = groups_new(c->settings.capacity, c->settings.seed, &c->groups);
	if (code == 0)
		code = telling_init(&c->telling, c->settings.capacity);
	if (code < 0) {
		correlator_free(c);
		return code;
	}
	*out = c;
	return 0;
}

void correlator_free(struct correlator *c)
{
	if (!c)
		return;
	table_free(c->legs);
	table_free(c->records);
	groups_free(c->groups);
	telling_fini(&c->telling);
	free(c->sorted);
	free(c->order);
	free(c->members);
	free(c);
}

static unsigned class_of(enum verdict verdict)
{
	return verdict == VERDICT_MINING ? 2 : verdict == VERDICT_MINER ? 1 : 0;
}

/* Ids are 16 characters; anything else is named by its own rule. */
static void key_of_finding(const struct finding *finding, char key[FINDING_ID_LEN])
{
	char id[FINDING_ID_LEN + 1];

	if (finding->id.len == FINDING_ID_LEN) {
		memcpy(key, finding->id.at, FINDING_ID_LEN);
		return;
	}
	finding_identify(finding, id);
	memcpy(key, id, FINDING_ID_LEN);
}

void correlator_take(struct correlator *c, const struct finding *finding)
{
	char key[FINDING_ID_LEN];
	struct leg *leg;
	uint64_t hash;

	if (finding->last_seen.ns > c->latest.ns)
		c->latest = finding->last_seen;
	key_of_finding(finding, key);
	hash = table_hash(c->legs, key);
	leg = table_find(c->legs, key, hash);
	if (finding->verdict < VERDICT_SUSPECT || finding->verdict >= VERDICT_COUNT) {
		/* taken back: what was mining is authorised by now */
		if (leg && authorised_is_told(finding) &&
		    finding->last_seen.ns >= leg->last_seen.ns)
			table_remove(c->legs, leg);
		c->passed_over++;
		return;
	}
	/* a lower revision that is newer: the sensor began anew, or had forgotten the flow */
	if (leg && finding->revision < leg->revision &&
	    finding->last_seen.ns <= leg->last_seen.ns) {
		c->outdated++;
		return;
	}
	if (!leg)
		leg = table_insert(c->legs, key, hash, c->latest);
	leg_update(leg, finding, c->settings.seed);
	table_set_class(c->legs, leg, class_of(finding->verdict));
	table_touch(c->legs, leg, c->latest);
}

static void collect(void *context, void *entry)
{
	struct correlator *c = context;

	if (c->leg_count < c->settings.capacity)
		c->sorted[c->leg_count++] = entry;
}

static int leg_order(const void *left, const void *right)
{
	const struct leg *a = *(const struct leg *const *)left;
	const struct leg *b = *(const struct leg *const *)right;

	if (a->first_seen.ns != b->first_seen.ns)
		return a->first_seen.ns < b->first_seen.ns ? -1 : 1;
	return memcmp(a->id, b->id, sizeof(a->id));
}

static struct record *record_find(struct correlator *c, uint64_t id)
{
	return id == 0 ? NULL : table_find(c->records, &id, table_hash(c->records, &id));
}

/* The oldest incident that any leg of the group belonged to; the others become part of it. */
static struct record *record_of_group(struct correlator *c, uint32_t count)
{
	struct record *oldest = NULL;

	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < count; i++) {
			const struct leg *leg = c->sorted[c->members[i]];
			for (size_t k = 0; k < LEG_INCIDENT_KEYS && leg->verdict >= VERDICT_MINER;
			     k++) {
				struct record *one = record_find(c, leg->incident_keys[k]);
				if (!one || one->round == c->round)
					continue; /* none, or another group took it already */
				if (pass == 0 && (!oldest || one->sequence < oldest->sequence))
					oldest = one;
				else if (pass == 1 && one != oldest)
					one->merged_into = oldest->id;
			}
		}
	return oldest;
}

/* A wallet of the group's oldest leg that has one, else a pool's address, and so on. */
static uint64_t new_id(const struct correlator *c, uint32_t count)
{
	for (size_t k = 0; k < LEG_INCIDENT_KEYS; k++)
		for (uint32_t i = 0; i < count; i++) {
			const struct leg *leg = c->sorted[c->members[i]];
			if (leg->verdict >= VERDICT_MINER && leg->incident_keys[k])
				return leg->incident_keys[k];
		}
	return 1; /* cannot be: every leg has the key of its finding */
}

/*
 * The record of an id, new or from before. When another group took it in this very round (two
 * groups behind one forwarder, before it was known as one), the next id of a fixed chain.
 */
static struct record *record_by_id(struct correlator *c, uint64_t id)
{
	struct record *record = record_find(c, id);

	while (record && record->round == c->round) {
		id = hash_bytes(&id, sizeof(id), 7);
		record = record_find(c, id);
	}
	if (record)
		return record;
	record = table_insert(c->records, &id, table_hash(c->records, &id), c->latest);
	record->sequence = ++c->sequence;
	return record;
}

static uint64_t hash_text(uint64_t hash, struct str text)
{
	const uint64_t len = text.len;

	return hash_bytes(text.at, text.len, hash_bytes(&len, sizeof(len), hash));
}

static uint64_t content_of(const struct incident *incident)
{
	const uint64_t numbers[] = {incident->verdict,	     incident->severity,
				    incident->finding_total, incident->victim_total,
				    incident->wallet_count,  incident->pool_count,
				    incident->story_count,   incident->cannot_tell_count};
	const int64_t times[] = {incident->first_seen.ns, incident->last_seen.ns};
	uint64_t hash = hash_bytes(numbers, sizeof(numbers), 8);

	hash = hash_bytes(times, sizeof(times), hash);
	hash = hash_bytes(&incident->confidence, sizeof(incident->confidence), hash);
	hash = hash_text(hash, incident->state);
	hash = hash_text(hash, incident->title);
	for (size_t i = 0; i < incident->finding_count; i++)
		hash = hash_text(hash, incident->findings[i]);
	for (size_t i = 0; i < incident->victim_count; i++)
		hash = hash_text(hash, incident->victims[i]);
	for (size_t i = 0; i < incident->wallet_count; i++)
		hash = hash_text(hash, incident->wallets[i]);
	for (size_t i = 0; i < incident->pool_count; i++)
		hash = hash_text(hash, incident->pools[i]);
	for (size_t i = 0; i < incident->story_count; i++)
		hash = hash_text(hash, incident->story[i].text);
	for (size_t i = 0; i < incident->cannot_tell_count; i++)
		hash = hash_text(hash, incident->cannot_tell[i]);
	return hash;
}

static void record_keep(struct correlator *c, struct record *record, struct incident *incident)
{
	const uint64_t content = content_of(incident);

	if (record->revision == 0 || record->content != content || record->is_over)
		record->revision++;
	record->content = content;
	record->is_over = false;
	record->merged_into = 0;
	record->verdict = (uint8_t)incident->verdict;
	record->severity = (uint8_t)incident->severity;
	record->confidence = incident->confidence;
	record->first_seen = incident->first_seen;
	record->last_seen = incident->last_seen;
	record->title_len = (uint8_t)(incident->title.len < RECORD_TITLE_MAX ? incident->title.len
									     : RECORD_TITLE_MAX);
	memcpy(record->title, incident->title.at, record->title_len);
	incident->revision = record->revision;
	table_set_class(c->records, record, class_of(incident->verdict));
	table_touch(c->records, record, c->latest);
}

struct visitor {
	void (*visit)(void *context, const struct incident *incident);
	void *context;
	struct correlator *correlator;
};

static void tell_group(struct correlator *c, uint32_t count, instant now, struct visitor *visitor)
{
	struct record *record = record_of_group(c, count);
	struct incident incident;

	if (!record)
		record = record_by_id(c, new_id(c, count));
	record->round = c->round;
	c->telling.members = c->members;
	c->telling.member_count = count;
	telling_tell(&c->telling, record->id, &incident);
	incident.state = instant_since(now, incident.last_seen).ns > c->settings.close_after.ns
				 ? STR("closed")
				 : STR("open");
	record_keep(c, record, &incident);
	visitor->visit(visitor->context, &incident);
}

/* An incident that no group continues: told once more, as closed. */
static void tell_over(void *context, void *entry)
{
	struct visitor *visitor = context;
	struct record *record = entry;
	struct incident incident = {0};
	char id[24], text[96];

	if (record->round == visitor->correlator->round || record->is_over)
		return;
	record->is_over = true;
	record->revision++;
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)record->id);
	if (record->merged_into)
		snprintf(text, sizeof(text), "This incident became part of incident %016llx",
			 (unsigned long long)record->merged_into);
	else
		snprintf(text, sizeof(text), "Nothing of this incident has been seen any more");
	incident.id = str_from(id);
	incident.revision = record->revision;
	incident.state = STR("closed");
	incident.verdict = (enum verdict)record->verdict;
	incident.severity = (enum severity)record->severity;
	incident.confidence = record->confidence;
	incident.title = str_of(record->title, record->title_len);
	incident.first_seen = record->first_seen;
	incident.last_seen = record->last_seen;
	incident.story[incident.story_count++] =
		(struct story_entry){.time = record->last_seen, .text = str_from(text)};
	visitor->visit(visitor->context, &incident);
}

/* order[] = legs of the first group, then of the second, ...; by counting, groups oldest first. */
static void tell_groups(struct correlator *c, instant now, struct visitor *visitor)
{
	uint32_t *next = c->order; /* per leg: where the legs of its group go on; a root's chain */

	for (uint32_t i = 0; i < c->leg_count; i++)
		next[i] = GROUP_NONE;
	for (uint32_t i = c->leg_count; i-- > 0;) {
		const uint32_t root = groups_of(c->groups, i);
		if (root == GROUP_NONE || root == i)
			continue;
		next[i] = next[root];
		next[root] = i;
	}
	for (uint32_t i = 0; i < c->leg_count; i++) {
		uint32_t count = 0;
		if (groups_of(c->groups, i) != i)
			continue;
		/* A suspect may be older than the root: by index, all are in order of time. */
		for (uint32_t at = next[i]; at != GROUP_NONE && at < i; at = next[at])
			c->members[count++] = at;
		c->members[count++] = i;
		for (uint32_t at = next[i]; at != GROUP_NONE; at = next[at])
			if (at > i)
				c->members[count++] = at;
		tell_group(c, count, now, visitor);
	}
}

void correlator_each(struct correlator *c, instant now,
		     void (*visit)(void *context, const struct incident *incident), void *context)
{
	struct visitor visitor = {visit, context, c};

	if (now.ns > c->latest.ns)
		c->latest = now;
	table_expire(c->legs, now, c->settings.capacity);
	c->leg_count = 0;
	c->round++;
	table_each(c->legs, collect, c);
	qsort(c->sorted, c->leg_count, sizeof(*c->sorted), leg_order);
	groups_make(c->groups, c->sorted, c->leg_count, c->settings.forwarders,
		    c->settings.forwarder_count);
	c->telling.groups = c->groups;
	c->telling.legs = c->sorted;
	tell_groups(c, now, &visitor);
	table_each(c->records, tell_over, &visitor);
}

struct correlator_counters correlator_counters(const struct correlator *c)
{
	return (struct correlator_counters){.findings = table_counters(c->legs),
					    .incidents = table_counters(c->records),
					    .passed_over = c->passed_over,
					    .outdated = c->outdated};
}
