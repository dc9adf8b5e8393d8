#include "detect/cluster/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
	ACTORS_A_DEED = 4, /* most actors never do anything of interest */
	STABLE_SEED_0 = 0x6b756265,
	STABLE_SEED_1 = 0x61637473,
};

/* -- hashes and order -- */

uint64_t hash_text(struct str text)
{
	return hash_bytes(text.at, text.len, STABLE_SEED_0);
}

struct hash_pair hash_pair_of(const struct str *parts, size_t count)
{
	struct hash_pair pair = {{STABLE_SEED_0, STABLE_SEED_1}};

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < 2; k++) {
			uint64_t len = parts[i].len;
			pair.at[k] = hash_bytes(&len, sizeof(len), pair.at[k]);
			pair.at[k] = hash_bytes(parts[i].at, parts[i].len, pair.at[k]);
		}
	return pair;
}

bool request_before(struct request a, struct request b)
{
	return a.time.ns != b.time.ns ? a.time.ns < b.time.ns : a.id < b.id;
}

/* -- its life -- */

static int new_table(struct table **out, uint32_t capacity, size_t entry, size_t key, uint64_t seed)
{
	const struct table_settings settings = {
		.capacity = capacity,
		.entry_size = (uint32_t)entry,
		.key_size = (uint32_t)key,
		.seed = seed,
		/* so that a flood of what weighs a little leaves room for what weighs more */
		.class_share = {0, 0.6, 0.9},
	};
	return table_new(&settings, out);
}

int memory_init(struct memory *m, const struct record_settings *settings)
{
	const uint32_t actors = settings->capacity ? settings->capacity : ACTORS_DEFAULT;
	const uint32_t deeds = actors / ACTORS_A_DEED + 16;

	*m = (struct memory){.seed = settings->seed};
	m->deed_list = calloc(deeds, sizeof(struct deed *));
	m->workload_list = calloc(deeds, sizeof(struct workload_seen *));
	m->window_list = calloc(actors, sizeof(struct window *));
	m->key_pods = calloc(actors, sizeof(struct pod_seen *));
	if (!m->deed_list || !m->workload_list || !m->window_list || !m->key_pods ||
	    new_table(&m->actors, actors, sizeof(struct actor), sizeof(struct hash_pair), m->seed) <
		    0 ||
	    new_table(&m->deeds, deeds, sizeof(struct deed), sizeof(struct deed_key), m->seed) <
		    0 ||
	    new_table(&m->workloads, deeds, sizeof(struct workload_seen),
		      sizeof(struct workload_key), m->seed) < 0 ||
	    new_table(&m->images, actors, sizeof(struct image_seen), sizeof(struct hash_pair),
		      m->seed) < 0 ||
	    new_table(&m->pods, actors, sizeof(struct pod_seen), sizeof(struct hash_pair),
		      m->seed) < 0 ||
	    new_table(&m->windows, actors, sizeof(struct window), sizeof(struct window_key),
		      m->seed) < 0) {
		memory_fini(m);
		return -ENOMEM;
	}
	return 0;
}

void memory_fini(struct memory *m)
{
	table_discard(m->actors);
	table_discard(m->deeds);
	table_discard(m->workloads);
	table_discard(m->images);
	table_discard(m->pods);
	table_discard(m->windows);
	free(m->deed_list);
	free(m->workload_list);
	free(m->window_list);
	free(m->key_pods);
	*m = (struct memory){0};
}

/* -- finding and making -- */

static void *take(struct table *table, const void *key, instant now)
{
	uint64_t hash = table_hash(table, key);
	void *entry = table_find(table, key, hash);

	if (!entry)
		return table_insert(table, key, hash, now);
	table_touch(table, entry, now);
	return entry;
}

struct actor *memory_actor(struct memory *m, const struct hash_pair *key, instant now)
{
	return take(m->actors, key, now);
}

struct actor *memory_find_actor(struct memory *m, const struct hash_pair *key)
{
	return table_find(m->actors, key, table_hash(m->actors, key));
}

static struct deed_key deed_key_of(const struct hash_pair *actor, enum deed_kind kind,
				   uint32_t part)
{
	return (struct deed_key){.actor = *actor, .kind = kind, .part = part};
}

struct deed *memory_deed(struct memory *m, const struct hash_pair *actor, enum deed_kind kind,
			 uint32_t part, instant now)
{
	const struct deed_key key = deed_key_of(actor, kind, part);

	return take(m->deeds, &key, now);
}

struct deed *memory_find_deed(struct memory *m, const struct hash_pair *actor, enum deed_kind kind,
			      uint32_t part)
{
	const struct deed_key key = deed_key_of(actor, kind, part);

	return table_find(m->deeds, &key, table_hash(m->deeds, &key));
}

struct workload_seen *memory_workload(struct memory *m, const struct workload_key *key, instant now)
{
	return take(m->workloads, key, now);
}

struct image_seen *memory_image(struct memory *m, const struct hash_pair *key, instant now)
{
	return take(m->images, key, now);
}

struct image_seen *memory_find_image(struct memory *m, const struct hash_pair *key)
{
	return table_find(m->images, key, table_hash(m->images, key));
}

struct pod_seen *memory_pod(struct memory *m, const struct hash_pair *key, instant now)
{
	return take(m->pods, key, now);
}

struct pod_seen *memory_find_pod(struct memory *m, const struct hash_pair *key)
{
	return table_find(m->pods, key, table_hash(m->pods, key));
}

struct window *memory_window(struct memory *m, const struct window_key *key, instant now)
{
	return take(m->windows, key, now);
}

static void weigh(struct table *table, void *entry, unsigned class)
{
	if (entry && class > table_class(table, entry))
		table_set_class(table, entry, class);
}

void memory_weigh_deed(struct memory *m, struct deed *deed, unsigned class)
{
	weigh(m->deeds, deed, class);
	weigh(m->actors, memory_find_actor(m, &deed->key.actor), class);
}

void memory_weigh_pod(struct memory *m, struct pod_seen *pod, unsigned class)
{
	weigh(m->pods, pod, class);
}

void memory_weigh_window(struct memory *m, struct window *window, unsigned class)
{
	weigh(m->windows, window, class);
}

void memory_weigh_workload(struct memory *m, struct workload_seen *workload, unsigned class)
{
	weigh(m->workloads, workload, class);
	weigh(m->actors, memory_find_actor(m, &workload->key.actor), class);
	weigh(m->images, memory_find_image(m, &workload->image_key), class);
	weigh(m->images, memory_find_image(m, &workload->use_key), class);
}

/* -- the earliest few -- */

void deed_add_name(struct deed *deed, struct request request, struct str text)
{
	const uint64_t hash = hash_text(text);
	struct named *names = deed->names;
	uint32_t at, count = deed->name_count;

	for (at = 0; at < count && names[at].hash != hash; at++)
		;
	if (at < count && !request_before(request, names[at].request))
		return;
	if (at == count && count == NAMES_KEPT) {
		at = count - 1;
		struct request latest = names[at].request;
		if (request_before(latest, request) ||
		    (!request_before(request, latest) && names[at].hash < hash))
			return;
	} else if (at == count) {
		deed->name_count++;
	}
	/* its old place is taken by those before it, until it stands in order */
	while (at > 0 &&
	       (request_before(request, names[at - 1].request) ||
		(!request_before(names[at - 1].request, request) && names[at - 1].hash > hash))) {
		names[at] = names[at - 1];
		at--;
	}
	names[at] = (struct named){.request = request, .hash = hash};
	text = str_sub(text, 0, NAME_SHOWN - 1);
	if (text.len > 0)
		memcpy(names[at].text, text.at, text.len);
}

void deed_add_quote(struct deed *deed, const struct quote *quote)
{
	struct quote *quotes = deed->quotes;
	uint32_t at, count = deed->quote_count;

	for (at = 0; at < count && quotes[at].request.id != quote->request.id; at++)
		;
	if (at < count && !request_before(quote->request, quotes[at].request))
		return;
	if (at == count && count == QUOTES_KEPT) {
		at = count - 1;
		if (!request_before(quote->request, quotes[at].request))
			return;
	} else if (at == count) {
		deed->quote_count++;
	}
	while (at > 0 && request_before(quote->request, quotes[at - 1].request)) {
		quotes[at] = quotes[at - 1];
		at--;
	}
	quotes[at] = *quote;
}

/* -- lists for the report -- */

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_pairs(const struct hash_pair *a, const struct hash_pair *b)
{
	int order = compare_u64(a->at[0], b->at[0]);

	return order ? order : compare_u64(a->at[1], b->at[1]);
}

static int compare_deeds(const void *left, const void *right)
{
	const struct deed *a = *(struct deed *const *)left, *b = *(struct deed *const *)right;
	int order = compare_pairs(&a->key.actor, &b->key.actor);

	order = order ? order : compare_u64(a->key.kind, b->key.kind);
	return order ? order : compare_u64(a->key.part, b->key.part);
}

static int compare_workloads(const void *left, const void *right)
{
	const struct workload_seen *a = *(struct workload_seen *const *)left,
				   *b = *(struct workload_seen *const *)right;
	int order = compare_pairs(&a->key.actor, &b->key.actor);

	if (order)
		return order;
	if (request_before(a->earliest, b->earliest))
		return -1;
	if (request_before(b->earliest, a->earliest))
		return 1;
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

static int compare_windows(const void *left, const void *right)
{
	const struct window *a = *(struct window *const *)left, *b = *(struct window *const *)right;
	int order = compare_pairs(&a->key.actor, &b->key.actor);

	return order ? order : (a->key.window > b->key.window) - (a->key.window < b->key.window);
}

static void list_deed(void *context, void *entry)
{
	struct memory *m = context;

	m->deed_list[m->deed_count++] = entry;
}

static void list_workload(void *context, void *entry)
{
	struct memory *m = context;

	m->workload_list[m->workload_count++] = entry;
}

static void list_window(void *context, void *entry)
{
	struct memory *m = context;

	m->window_list[m->window_count++] = entry;
}

static int compare_pods(const void *left, const void *right)
{
	const struct pod_seen *a = *(struct pod_seen *const *)left,
			      *b = *(struct pod_seen *const *)right;

	return compare_pairs(&a->key, &b->key);
}

static void list_pod(void *context, void *entry)
{
	struct memory *m = context;
	struct pod_seen *pod = entry;

	if (pod->keys.count > 0)
		m->key_pods[m->key_pod_count++] = pod;
}

void memory_list(struct memory *m)
{
	m->deed_count = m->workload_count = m->window_count = m->key_pod_count = 0;
	table_each(m->pods, list_pod, m);
	qsort(m->key_pods, m->key_pod_count, sizeof(*m->key_pods), compare_pods);
	table_each(m->deeds, list_deed, m);
	table_each(m->workloads, list_workload, m);
	table_each(m->windows, list_window, m);
	qsort(m->deed_list, m->deed_count, sizeof(*m->deed_list), compare_deeds);
	qsort(m->workload_list, m->workload_count, sizeof(*m->workload_list), compare_workloads);
	qsort(m->window_list, m->window_count, sizeof(*m->window_list), compare_windows);
}

size_t memory_windows_of(const struct memory *m, const struct hash_pair *actor, size_t *count)
{
	size_t low = 0, high = m->window_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_pairs(&m->window_list[middle]->key.actor, actor) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < m->window_count; ++*count)
		if (compare_pairs(&m->window_list[low + *count]->key.actor, actor) != 0)
			break;
	return low;
}
