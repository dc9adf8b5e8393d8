#include "detect/identities.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { CAPACITY = 4096, STABLE_SEED = 0x1d, SPAN_S = 600 };

struct identities {
	struct table *table;
	struct identity **sorted;
	size_t sorted_count;
};

static bool says(struct str agent, const char *word)
{
	return str_find_nocase(agent, str_from(word)) >= 0;
}

unsigned identity_agent_of(struct str agent)
{
	static const struct {
		const char *word;
		unsigned kind;
	} words[] = {
		{"kali", AGENT_ATTACK},
		{"parrot", AGENT_ATTACK},
		{"pentoo", AGENT_ATTACK},
		{"pacu", AGENT_ATTACK},
		{"stratus-red-team", AGENT_ATTACK},
		{"terraform", AGENT_TOOL},
		{"pulumi", AGENT_TOOL},
		{"ansible", AGENT_TOOL},
		{"cloudformation", AGENT_TOOL},
		{"aws-cli", AGENT_COMMAND_LINE},
		{"gcloud", AGENT_COMMAND_LINE},
		{"azurecli", AGENT_COMMAND_LINE},
		{"kubectl", AGENT_COMMAND_LINE},
		{"boto", AGENT_SCRIPT},
		{"aws-sdk", AGENT_SCRIPT},
		{"google-api", AGENT_SCRIPT},
		{"azsdk", AGENT_SCRIPT},
		{"python", AGENT_SCRIPT},
		{"go-http", AGENT_SCRIPT},
		{"mozilla", AGENT_BROWSER},
		{"console", AGENT_BROWSER},
		{"signin", AGENT_BROWSER},
		{"amazonaws.com", AGENT_SERVICE},
		{"aws internal", AGENT_SERVICE},
	};
	unsigned kinds = 0;

	if (agent.len == 0)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!says(agent, words[i].word))
			continue;
		kinds |= words[i].kind;
		if (words[i].kind != AGENT_ATTACK) /* the first that fits, and a boast beside it */
			break;
	}
	return kinds & ~(unsigned)AGENT_ATTACK ? kinds : kinds | AGENT_OTHER;
}

static uint64_t mix(uint64_t hash, struct str text)
{
	uint64_t len = text.len;

	hash = hash_bytes(&len, sizeof(len), hash);
	return text.len > 0 ? hash_bytes(text.at, text.len, hash) : hash;
}

uint64_t record_mark(const struct record *record)
{
	if (record->id.len > 0)
		return mix(STABLE_SEED + (uint64_t)record->kind, record->id);
	if (record->text.len > 0)
		return mix(STABLE_SEED, record->text);
	uint64_t hash = hash_bytes(&record->time, sizeof(record->time), STABLE_SEED);
	if (record->kind == RECORD_FLOW || record->kind == RECORD_LOOKUP)
		return hash;
	hash = mix(hash, record->act.action);
	hash = mix(hash, record->act.identity.name);
	hash = mix(hash, record->act.region);
	return mix(hash, record->act.source);
}

/* Linear counting (Whang, Vander-Zanden, Taylor 1990) over 256 bits. */
static void mark_hash(struct identity_marks *marks, uint64_t hash)
{
	uint64_t bit = hash % (64 * IDENTITY_MARK_WORDS);

	marks->words[bit / 64] |= UINT64_C(1) << (bit % 64);
}

void identity_mark(struct identity_marks *marks, const struct record *record)
{
	mark_hash(marks, record_mark(record));
}

uint32_t count_marked(const uint64_t *words, size_t count)
{
	double bits = 64.0 * (double)count, set = 0;

	for (size_t i = 0; i < count; i++)
		set += __builtin_popcountll(words[i]);
	if (set >= bits)
		set = bits - 0.5;
	return (uint32_t)(0.5 - bits * log1p(-set / bits));
}

uint32_t identity_marked(const struct identity_marks *marks)
{
	return count_marked(marks->words, IDENTITY_MARK_WORDS);
}

void keep_least_text(char *kept, size_t cap, struct str text)
{
	text = str_sub(text, 0, cap - 1);
	if (text.len == 0 || (kept[0] && str_compare(str_from(kept), text) <= 0))
		return;
	memcpy(kept, text.at, text.len);
	kept[text.len] = '\0';
}

void keep_times(instant *first, instant *last, instant time)
{
	if (time.ns == 0)
		return;
	if (first->ns == 0 || time.ns < first->ns)
		*first = time;
	if (last->ns == 0 || time.ns > last->ns)
		*last = time;
}

/* Of a table, for those with something to them and for those that are watched. */
#define WATCHED_SHARES       \
	{                    \
		0, 0.75, 0.5 \
	}

int watched_table_new(uint64_t seed, uint32_t capacity, size_t entry_size, size_t key_size,
		      struct table **out)
{
	const struct table_settings wanted = {
		.capacity = capacity,
		.entry_size = (uint32_t)entry_size,
		.key_size = (uint32_t)key_size,
		.seed = seed,
		.class_share = WATCHED_SHARES,
	};

	return table_new(&wanted, out);
}

int identities_new(const struct record_settings *settings, uint32_t apart_size,
		   struct identities **out)
{
	const struct table_settings wanted = {
		.capacity = settings->capacity ? settings->capacity : CAPACITY,
		.entry_size = sizeof(struct identity),
		.key_size = sizeof(((struct identity *)0)->key),
		.apart_size = apart_size,
		.seed = settings->seed,
		.class_share = WATCHED_SHARES,
	};
	struct identities *identities = calloc(1, sizeof(*identities));

	if (!identities)
		return -ENOMEM;
	identities->sorted = calloc(wanted.capacity, sizeof(struct identity *));
	if (!identities->sorted || table_new(&wanted, &identities->table) < 0) {
		identities_free(identities);
		return -ENOMEM;
	}
	*out = identities;
	return 0;
}

void identities_free(struct identities *identities)
{
	if (!identities)
		return;
	table_free(identities->table);
	free(identities->sorted);
	free(identities);
}

static void key_of(enum record_provider provider, struct str by, uint64_t key[2])
{
	key[0] = mix((uint64_t)provider, by);
	key[1] = mix(~key[0], by);
}

struct identity *identities_find_key(struct identities *identities, const uint64_t key[2])
{
	return table_find(identities->table, key, table_hash(identities->table, key));
}

struct identity *identities_find(struct identities *identities, enum record_provider provider,
				 struct str by)
{
	uint64_t key[2];

	key_of(provider, by, key);
	return identities_find_key(identities, key);
}

struct address identity_network_of(const struct address *address)
{
	struct address network = *address;
	size_t kept = address_is_v4(address) ? 15 : 6;

	memset(network.bytes + kept, 0, sizeof(network.bytes) - kept);
	return network;
}

static uint64_t order_of(const void *at, size_t len)
{
	uint64_t order = hash_bytes(at, len, STABLE_SEED);

	return order ? order : 1; /* 0 is a free place */
}

uint64_t identity_network_order(const struct address *address)
{
	struct address network = identity_network_of(address);

	return order_of(&network, sizeof(network));
}

/*
 * A place for what has this order: its own, or a new one between its neighbours; NULL when it does
 * not belong to the least few. Places are sorted, so that they lie alike however they came. What
 * is kept was kept since it was seen first, so what is known of it is whole.
 */
static void *place_for(void *places, size_t size, size_t count, uint64_t wanted, bool *has_more)
{
	char *base = places;
	size_t used = 0, at = 0;
	uint64_t order; /* each place begins with it */

	for (; used < count; used++) {
		memcpy(&order, base + used * size, sizeof(order));
		if (order == 0)
			break;
		if (order == wanted)
			return base + used * size;
		at += order < wanted;
	}
	*has_more |= used == count;
	if (at == count)
		return NULL;
	size_t moved = (used < count ? used : count - 1) - at;
	memmove(base + (at + 1) * size, base + at * size, moved * size);
	memset(base + at * size, 0, size);
	memcpy(base + at * size, &wanted, sizeof(wanted));
	return base + at * size;
}

static void add_network(struct identity *identity, const struct record *record, unsigned agents)
{
	const struct record_act *act = &record->act;
	struct address network = identity_network_of(&act->address);
	uint64_t order = identity_network_order(&act->address);
	struct identity_network *place =
		place_for(identity->networks, sizeof(*place), IDENTITY_NETWORKS, order,
			  &identity->has_more_networks);

	if (!place)
		return;
	bool is_new = place->first.ns == 0 && identity_marked(&place->acts) == 0;
	place->network = network;
	if (is_new || memcmp(&act->address, &place->address, sizeof(act->address)) < 0)
		place->address = act->address;
	keep_times(&place->first, &place->last, record->time);
	place->agents |= agents;
	identity_mark(&place->acts, record);
	int64_t span = record->time.ns / ((int64_t)SPAN_S * 1000000000);
	mark_hash(&place->spans, hash_bytes(&span, sizeof(span), STABLE_SEED));
}

static void add_key(struct identity *identity, const struct record *record)
{
	struct str text = record->act.identity.key_id;
	uint64_t order = order_of(text.at, text.len);
	struct identity_key_id *place = place_for(identity->keys, sizeof(*place), IDENTITY_KEYS,
						  order, &identity->has_more_keys);

	if (!place)
		return;
	keep_least_text(place->text, sizeof(place->text), text);
	keep_times(&place->first, &place->last, record->time);
}

static void learn(struct identity *identity, const struct record *record)
{
	const struct record_act *act = &record->act;
	const struct record_identity *who = &act->identity;
	unsigned agents = identity_agent_of(act->user_agent);

	if (identity->kind == IDENTITY_UNKNOWN ||
	    (who->kind != IDENTITY_UNKNOWN && who->kind < identity->kind))
		identity->kind = who->kind;
	keep_least_text(identity->name, sizeof(identity->name), who->name);
	keep_least_text(identity->account, sizeof(identity->account),
			who->account.len > 0 ? who->account : act->account);
	keep_least_text(identity->instance, sizeof(identity->instance), who->instance);
	keep_least_text(identity->issuer, sizeof(identity->issuer), who->issuer);
	keep_times(&identity->first, &identity->last, record->time);
	identity->has_mfa |= who->has_mfa;
	identity->lacks_mfa |= !who->has_mfa;
	identity->agents |= agents;
	identity_mark(&identity->acts, record);
	if (act->has_address)
		add_network(identity, record, agents);
	if (who->key_id.len > 0)
		add_key(identity, record);
}

struct identity *identities_take(struct identities *identities, struct str by,
				 const struct record *record)
{
	uint64_t key[2];

	key_of(record->act.provider, by, key);
	uint64_t hash = table_hash(identities->table, key);
	struct identity *identity = table_find(identities->table, key, hash);
	if (!identity) {
		identity = table_insert(identities->table, key, hash, record->time);
		identity->provider = record->act.provider;
		keep_least_text(identity->by, sizeof(identity->by), by);
	}
	table_touch(identities->table, identity, record->time);
	learn(identity, record);
	return identity;
}

void *identities_apart(struct identities *identities, struct identity *identity)
{
	return table_apart(identities->table, identity);
}

void identities_watch(struct identities *identities, struct identity *identity, unsigned class)
{
	if (table_class(identities->table, identity) < class)
		table_set_class(identities->table, identity, class);
}

static void collect(void *context, void *entry)
{
	struct identities *identities = context;

	identities->sorted[identities->sorted_count++] = entry;
}

static int compare(const void *a, const void *b)
{
	const struct identity *const *x = a, *const *y = b;
	int order = strcmp((*x)->by, (*y)->by);

	if (order == 0)
		order = ((*x)->provider > (*y)->provider) - ((*x)->provider < (*y)->provider);
	return order ? order : memcmp((*x)->key, (*y)->key, sizeof((*x)->key));
}

struct identity **identities_sorted(struct identities *identities, size_t *count)
{
	identities->sorted_count = 0;
	table_each(identities->table, collect, identities);
	qsort(identities->sorted, identities->sorted_count, sizeof(struct identity *), compare);
	*count = identities->sorted_count;
	return identities->sorted;
}

struct table_counters identities_counters(const struct identities *identities)
{
	return table_counters(identities->table);
}

const struct identity_network *identity_main_network(const struct identity *identity)
{
	const struct identity_network *most = NULL;

	for (int i = 0; i < IDENTITY_NETWORKS; i++) {
		const struct identity_network *one = &identity->networks[i];
		if (one->order == 0)
			continue;
		uint32_t spans = identity_marked(&one->spans);
		uint32_t best = most ? identity_marked(&most->spans) : 0;
		bool is_first =
			most && (one->first.ns < most->first.ns ||
				 (one->first.ns == most->first.ns && one->order < most->order));
		if (!most || spans > best || (spans == best && is_first))
			most = one;
	}
	return most;
}
