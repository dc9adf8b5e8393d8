#include "detect/hybrid/hands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
	CAPACITY = 4096,
	SEEN_EACH = 32,
	TOUCHES_EACH = 4,
	UNITS_OF_GPU = 8,
	UNITS_OF_UNKNOWN = 2,
	WATCHED_UNITS = 32
};

struct hands {
	const struct computing_prices *prices;
	struct credentials *credentials;
	struct identities *identities;
	struct table *touches, *created, *places, *given, *seen;
	struct touch **sorted_touches;
	struct place **sorted_places;
	size_t touch_count, place_count;
	struct computing_scratch scratch;
};

struct seen {
	uint64_t mark;
};

int hands_new(const struct record_settings *settings, struct hands **out)
{
	struct record_settings own = *settings;
	struct hands *h = calloc(1, sizeof(*h));
	const size_t wide = 2 * sizeof(uint64_t);
	int r = h ? 0 : -ENOMEM;

	own.capacity = settings->capacity ? settings->capacity : CAPACITY;
	if (r == 0)
		r = credentials_new(settings, &h->credentials);
	if (r == 0)
		r = identities_new(&own, 0, &h->identities);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity * TOUCHES_EACH, sizeof(struct touch),
				      wide, &h->touches);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity, sizeof(struct created), wide,
				      &h->created);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity, sizeof(struct place), wide,
				      &h->places);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity, sizeof(struct given), wide,
				      &h->given);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity * SEEN_EACH, sizeof(struct seen),
				      sizeof(struct seen), &h->seen);
	if (r == 0) {
		h->prices = settings->prices;
		h->sorted_touches = calloc(own.capacity * TOUCHES_EACH, sizeof(struct touch *));
		h->sorted_places = calloc(own.capacity, sizeof(struct place *));
		r = h->sorted_touches && h->sorted_places ? 0 : -ENOMEM;
	}
	if (r < 0)
		hands_free(h);
	else
		*out = h;
	return r;
}

void hands_free(struct hands *h)
{
	if (!h)
		return;
	table_free(h->touches);
	table_free(h->created);
	table_free(h->places);
	table_free(h->given);
	table_free(h->seen);
	credentials_free(h->credentials);
	identities_free(h->identities);
	free(h->sorted_touches);
	free(h->sorted_places);
	free(h);
}

struct credentials *hands_credentials(struct hands *h)
{
	return h->credentials;
}

struct identities *hands_identities(struct hands *h)
{
	return h->identities;
}

uint32_t touch_objects(const struct touch *touch)
{
	return count_marked(touch->objects, OBJECT_WORDS);
}

static void *take_entry(struct table *table, const void *key, instant now, bool *is_new)
{
	uint64_t hash = table_hash(table, key);
	void *entry = table_find(table, key, hash);

	*is_new = !entry;
	if (!entry)
		entry = table_insert(table, key, hash, now);
	table_touch(table, entry, now);
	return entry;
}

static void raise_class(struct table *table, void *entry, unsigned class)
{
	if (table_class(table, entry) < class)
		table_set_class(table, entry, class);
}

static bool was_seen(struct hands *h, const struct record *record)
{
	struct seen key = {record_mark(record)};
	bool is_new;

	(void)take_entry(h->seen, &key, record->time, &is_new);
	return !is_new;
}

static uint64_t place_key(const struct record_act *act, const struct data_act *data)
{
	uint64_t hash =
		hash_bytes(data->place_kind.at, data->place_kind.len, (uint64_t)act->provider);

	return hash_bytes(data->place.at, data->place.len, hash);
}

static void learn_place(struct hands *h, const struct record *record, const struct data_act *data)
{
	uint64_t key[2] = {place_key(&record->act, data), 1};
	bool is_new;

	if (data->place.len == 0 || data->kind == DATA_PLACES ||
	    record->act.outcome == OUTCOME_DENIED || record->act.outcome == OUTCOME_FAILED)
		return;
	struct place *place = take_entry(h->places, key, record->time, &is_new);
	place->provider = record->act.provider;
	keep_least_text(place->kind, sizeof(place->kind), data->place_kind);
	keep_least_text(place->name, sizeof(place->name), data->place);
	keep_least_text(place->account, sizeof(place->account), record->act.account);
	if (data->is_recorded_by_choice)
		keep_times(&place->recorded_first, &place->recorded_last, record->time);
	raise_class(h->places, place, data->is_recorded_by_choice ? 1 : 0);
}

/* As identity_network's order, by which the two are compared. */
static uint64_t network_of(const struct record_act *act)
{
	return act->has_address ? identity_network_order(&act->address) : 0;
}

static void keep_least_address(struct address *kept, const struct record_act *act, bool is_new)
{
	if (act->has_address && (is_new || memcmp(&act->address, kept, sizeof(act->address)) < 0))
		*kept = act->address;
}

static void add_touch(struct hands *h, const struct identity *hand, const struct record *record,
		      const struct data_act *data, bool is_again)
{
	const struct record_act *act = &record->act;
	bool is_denied = act->outcome != OUTCOME_DONE && act->outcome != OUTCOME_UNKNOWN, is_new;
	uint64_t where = place_key(act, data);
	uint64_t network = network_of(act);
	uint64_t what[] = {where, data->kind, is_denied, data->is_public, network};
	uint64_t key[2] = {hand->key[0] ^ hash_bytes(what, sizeof(what), 1), hand->key[1]};

	key[1] ^= hash_bytes(data->whom.at, data->whom.len, key[0]);
	struct touch *touch = take_entry(h->touches, key, record->time, &is_new);
	memcpy(touch->hand, hand->key, sizeof(touch->hand));
	touch->place_key = where;
	touch->network = network;
	keep_least_address(&touch->address, act, is_new);
	touch->kind = data->kind;
	touch->provider = act->provider;
	touch->is_denied = is_denied;
	touch->is_public = data->is_public;
	keep_least_text(touch->place_kind, sizeof(touch->place_kind), data->place_kind);
	keep_least_text(touch->place, sizeof(touch->place), data->place);
	keep_least_text(touch->whom, sizeof(touch->whom), data->whom);
	keep_least_text(touch->region, sizeof(touch->region), act->region);
	if (data->object.len > 0) {
		uint64_t bit =
			hash_bytes(data->object.at, data->object.len, 1) % (64 * OBJECT_WORDS);
		touch->objects[bit / 64] |= UINT64_C(1) << (bit % 64);
	}
	if (!is_again && !is_denied)
		touch->bytes += act->bytes_out;
	identity_mark(&touch->acts, record);
	keep_times(&touch->first, &touch->last, record->time);
	keep_earliest(&touch->evidence, record);
	raise_class(h->touches, touch, is_denied ? 0 : data->is_public ? 2 : 1);
}

static void add_created(struct hands *h, struct identity *hand, const struct record *record,
			const struct computing_act *asked)
{
	struct computing_price each =
		computing_prices_find(h->prices, record->act.provider, asked->type);
	double vcpu = asked->vcpu >= 0 ? asked->vcpu
		      : each.vcpu >= 0 ? each.vcpu
				       : UNITS_OF_UNKNOWN;
	double gpu = asked->gpu >= 0 ? asked->gpu : each.gpu > 0 ? each.gpu : 0;
	/* whole numbers, so that a sum is the same in any order */
	uint64_t milli = (uint64_t)((vcpu + UNITS_OF_GPU * gpu) * 1000) * asked->count;
	uint64_t network = network_of(&record->act);
	uint64_t key[2] = {hand->key[0] ^ network, hand->key[1]};
	bool is_new;
	struct created *created = take_entry(h->created, key, record->time, &is_new);

	memcpy(created->hand, hand->key, sizeof(created->hand));
	created->network = network;
	keep_least_address(&created->address, &record->act, is_new);
	if (asked->kind == COMPUTING_CREATE) {
		created->milli_units += milli;
		created->machines += asked->count;
	} else if (milli > created->level) {
		created->level = milli;
	}
	keep_times(&created->first, &created->last, record->time);
	keep_earliest(&created->evidence, record);
	bool is_large = created->milli_units + created->level >= WATCHED_UNITS * 1000;
	raise_class(h->created, created, is_large ? 2 : 1);
	identities_watch(h->identities, hand, is_large ? 2 : 1);
}

void hands_each_created(struct hands *h, void (*visit)(void *context, void *created), void *context)
{
	table_each(h->created, visit, context);
}

/* The key of the session lies in the answer; the session token beside it is not looked at. */
static void learn_given(struct hands *h, const struct record *record)
{
	const struct record_act *act = &record->act;
	struct str id = json_raw_text(
		json_member(json_member(act->response, STR("credentials")), STR("accessKeyId")));
	bool is_new;

	if (!str_starts(act->service, STR("sts.")) || id.len == 0 || act->identity.name.len == 0)
		return;
	uint64_t key[2] = {hash_bytes(id.at, id.len, 17), hash_bytes(id.at, id.len, 18)};
	struct given *given = take_entry(h->given, key, record->time, &is_new);
	keep_least_text(given->parent, sizeof(given->parent), act->identity.name);
	keep_least_text(given->parent_key, sizeof(given->parent_key), act->identity.key_id);
	given->time = record->time;
}

const struct given *hands_given(struct hands *h, struct str id)
{
	uint64_t key[2] = {hash_bytes(id.at, id.len, 17), hash_bytes(id.at, id.len, 18)};

	return table_find(h->given, key, table_hash(h->given, key));
}

void hands_take(struct hands *h, const struct record *record)
{
	const struct record_act *act = &record->act;
	struct computing_act asked;
	struct data_act data;

	credentials_take(h->credentials, record);
	if (record->kind == RECORD_FLOW || record->kind == RECORD_LOOKUP ||
	    record->kind == RECORD_OTHER || record->kind == RECORD_GUARDDUTY ||
	    record->kind == RECORD_KUBE_AUDIT)
		return;
	learn_given(h, record);
	bool touches = data_act_read(act, &h->scratch, &data);
	if (touches)
		learn_place(h, record, &data);
	struct str by = credentials_judges(act) || act->identity.name.len == 0
				? act->identity.key_id
				: act->identity.name;
	if (by.len == 0 || act->identity.kind == IDENTITY_SERVICE)
		return;
	if (touches && data.kind != DATA_WRITE && data.kind != DATA_NAMES) {
		struct identity *hand = identities_take(h->identities, by, record);
		bool is_done = act->outcome == OUTCOME_DONE || act->outcome == OUTCOME_UNKNOWN;
		identities_watch(h->identities, hand, is_done ? 1 : 0);
		add_touch(h, hand, record, &data, was_seen(h, record));
		return;
	}
	bool creates = act->outcome == OUTCOME_DONE && computing_read(act, &h->scratch, &asked) &&
		       (asked.kind == COMPUTING_CREATE || asked.kind == COMPUTING_LEVEL);
	if (creates && !was_seen(h, record))
		add_created(h, identities_take(h->identities, by, record), record, &asked);
}

static void collect_touch(void *context, void *entry)
{
	struct hands *h = context;

	h->sorted_touches[h->touch_count++] = entry;
}

static void collect_place(void *context, void *entry)
{
	struct hands *h = context;

	h->sorted_places[h->place_count++] = entry;
}

static int compare_touches(const void *left, const void *right)
{
	const struct touch *a = *(struct touch *const *)left, *b = *(struct touch *const *)right;
	int order = memcmp(a->hand, b->hand, sizeof(a->hand));

	if (order == 0)
		order = strcmp(a->place, b->place);
	if (order == 0)
		order = (a->kind > b->kind) - (a->kind < b->kind);
	return order ? order : memcmp(a->key, b->key, sizeof(a->key));
}

static int compare_places(const void *left, const void *right)
{
	const struct place *a = *(struct place *const *)left, *b = *(struct place *const *)right;
	int order = strcmp(a->name, b->name);

	return order ? order : memcmp(a->key, b->key, sizeof(a->key));
}

struct touch **hands_touches(struct hands *h, size_t *count)
{
	h->touch_count = 0;
	table_each(h->touches, collect_touch, h);
	qsort(h->sorted_touches, h->touch_count, sizeof(struct touch *), compare_touches);
	*count = h->touch_count;
	return h->sorted_touches;
}

struct place **hands_places(struct hands *h, size_t *count)
{
	h->place_count = 0;
	table_each(h->places, collect_place, h);
	qsort(h->sorted_places, h->place_count, sizeof(struct place *), compare_places);
	*count = h->place_count;
	return h->sorted_places;
}
