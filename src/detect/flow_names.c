#include "detect/flow_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"

enum {
	ADDRESSES_MAX = 65536,
	ZONES_MAX = 4096,
	ADDRESS_ZONES = 4,
	/* A name is asked for before the connection: in a log that begins only then it is missing.
	 */
	ASKED_BEFORE_S = 900,
};

/* A network or an account: where lookups come from and flows belong to. */
struct zone {
	uint64_t key;
	uint32_t first_s, last_s;
};

struct answered {
	struct address address;
	uint64_t zones[ADDRESS_ZONES]; /* ascending */
	uint8_t zone_count, name_count;
	bool has_more_zones; /* somebody else, nobody knows who, asked as well */
	uint8_t len[FLOW_NAMES_TOLD];
	char name[FLOW_NAMES_TOLD][FLOW_NAME_MAX]; /* ascending: the same for any order */
};

struct flow_names {
	uint64_t seed;
	struct table *zones, *addresses;
};

void flow_names_free(struct flow_names *names)
{
	if (!names)
		return;
	table_free(names->zones);
	table_free(names->addresses);
	free(names);
}

int flow_names_new(uint64_t seed, struct flow_names **out)
{
	struct flow_names *names = calloc(1, sizeof(*names));

	if (!names)
		return -ENOMEM;
	names->seed = seed;
	const struct table_settings zones = {
		.capacity = ZONES_MAX,
		.entry_size = sizeof(struct zone),
		.key_size = sizeof(uint64_t),
		.seed = seed,
	};
	const struct table_settings addresses = {
		.capacity = ADDRESSES_MAX,
		.entry_size = sizeof(struct answered),
		.key_size = sizeof(struct address),
		.seed = seed,
	};
	if (table_new(&zones, &names->zones) || table_new(&addresses, &names->addresses)) {
		flow_names_free(names);
		return -ENOMEM;
	}
	*out = names;
	return 0;
}

/* 0: not told. */
static uint64_t zone_key(const struct flow_names *names, const char *kind, struct str name)
{
	if (name.len == 0)
		return 0;
	return hash_bytes(name.at, name.len, hash_bytes(kind, 1, names->seed)) | 1;
}

static void zone_add(struct flow_names *names, uint64_t key, uint32_t time_s, instant time)
{
	uint64_t hash = table_hash(names->zones, &key);
	struct zone *zone = table_find(names->zones, &key, hash);

	if (!zone) {
		zone = table_insert(names->zones, &key, hash, time);
		zone->first_s = zone->last_s = time_s;
	}
	zone->first_s = time_s < zone->first_s ? time_s : zone->first_s;
	zone->last_s = time_s > zone->last_s ? time_s : zone->last_s;
	table_touch(names->zones, zone, time);
}

static bool has_zone(const struct answered *answered, uint64_t key)
{
	for (unsigned i = 0; i < answered->zone_count; i++)
		if (answered->zones[i] == key)
			return true;
	return false;
}

/* The least keys stay: who is in does not depend on who came first. */
static void answered_add_zone(struct answered *answered, uint64_t key)
{
	if (key == 0 || has_zone(answered, key))
		return;
	if (answered->zone_count == ADDRESS_ZONES) {
		answered->has_more_zones = true;
		if (key > answered->zones[ADDRESS_ZONES - 1])
			return;
	} else {
		answered->zone_count++;
	}
	unsigned at = answered->zone_count - 1u;
	for (; at > 0 && answered->zones[at - 1] > key; at--)
		answered->zones[at] = answered->zones[at - 1];
	answered->zones[at] = key;
}

static void answered_add_name(struct answered *answered, struct str name)
{
	unsigned at = 0;

	name = str_sub(name, 0, FLOW_NAME_MAX);
	for (; at < answered->name_count; at++) {
		int order = str_compare(name, str_of(answered->name[at], answered->len[at]));
		if (order == 0)
			return;
		if (order < 0)
			break;
	}
	if (at == FLOW_NAMES_TOLD || name.len == 0)
		return;
	if (answered->name_count < FLOW_NAMES_TOLD)
		answered->name_count++;
	for (unsigned i = answered->name_count - 1u; i > at; i--) {
		answered->len[i] = answered->len[i - 1];
		memcpy(answered->name[i], answered->name[i - 1], FLOW_NAME_MAX);
	}
	answered->len[at] = (uint8_t)name.len;
	memcpy(answered->name[at], name.at, name.len);
}

static struct answered *answered_at(struct flow_names *names, const struct address *address,
				    instant time)
{
	uint64_t hash = table_hash(names->addresses, address);
	struct answered *answered = table_find(names->addresses, address, hash);

	if (!answered)
		answered = table_insert(names->addresses, address, hash, time);
	table_touch(names->addresses, answered, time);
	return answered;
}

void flow_names_add(struct flow_names *names, const struct record *record)
{
	const struct record_lookup *lookup = &record->lookup;
	const uint64_t keys[] = {zone_key(names, "n", lookup->network),
				 zone_key(names, "a", lookup->account)};
	int64_t seconds = record->time.ns / 1000000000;

	if (seconds <= 0 || seconds > UINT32_MAX)
		return;
	for (unsigned i = 0; i < 2; i++)
		if (keys[i])
			zone_add(names, keys[i], (uint32_t)seconds, record->time);
	for (size_t i = 0; i < lookup->answer_count && i < LOOKUP_ANSWERS_MAX; i++) {
		struct answered *answered = answered_at(names, &lookup->answers[i], record->time);
		answered_add_zone(answered, keys[0]);
		answered_add_zone(answered, keys[1]);
		answered_add_name(answered, lookup->name);
	}
}

/* Only where nothing was forgotten, and the log was on before somebody had to ask. */
static enum flow_resolved unanswered(const struct flow_names *names, uint64_t key,
				     uint32_t opened_s)
{
	const struct zone *zone = table_find(names->zones, &key, table_hash(names->zones, &key));

	if (!zone || opened_s < ASKED_BEFORE_S || zone->first_s > opened_s - ASKED_BEFORE_S ||
	    zone->last_s < opened_s || table_counters(names->addresses).evicted > 0)
		return RESOLVED_UNKNOWN;
	return RESOLVED_NEVER;
}

struct flow_resolution flow_names_find(const struct flow_names *names,
				       const struct flow_origin *origin,
				       const struct address *address, uint32_t opened_s)
{
	struct flow_resolution resolution = {0};
	uint64_t key = zone_key(names, "n", flow_origin_text(origin, ORIGIN_NETWORK));
	if (!key)
		key = zone_key(names, "a", flow_origin_text(origin, ORIGIN_ACCOUNT));
	const struct answered *answered =
		table_find(names->addresses, address, table_hash(names->addresses, address));

	if (!key)
		return resolution;
	if (!answered || (!has_zone(answered, key) && !answered->has_more_zones)) {
		resolution.resolved = unanswered(names, key, opened_s);
		return resolution;
	}
	if (!has_zone(answered, key))
		return resolution;
	resolution.resolved = RESOLVED_YES;
	for (unsigned i = 0; i < answered->name_count; i++)
		resolution.names[resolution.name_count++] =
			str_of(answered->name[i], answered->len[i]);
	return resolution;
}
