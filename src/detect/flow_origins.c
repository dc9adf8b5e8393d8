#include "detect/flow_origins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"

struct flow_origins {
	struct table *table;
	uint64_t seed;
	uint32_t count;
	struct flow_origin nobody;
	struct flow_origin *numbered[ORIGINS_MAX + 1];
};

int flow_origins_new(uint64_t seed, struct flow_origins **out)
{
	struct flow_origins *origins = calloc(1, sizeof(*origins));

	if (!origins)
		return -ENOMEM;
	const struct table_settings settings = {
		.capacity = ORIGINS_MAX,
		.entry_size = sizeof(struct flow_origin),
		.key_size = sizeof(uint64_t),
		.seed = seed,
	};
	int failed = table_new(&settings, &origins->table);
	if (failed) {
		free(origins);
		return failed;
	}
	origins->seed = seed;
	origins->nobody.first_s = UINT32_MAX;
	origins->numbered[0] = &origins->nobody;
	*out = origins;
	return 0;
}

void flow_origins_free(struct flow_origins *origins)
{
	if (!origins)
		return;
	table_free(origins->table);
	free(origins);
}

static struct str cut(struct str text)
{
	return str_sub(text, 0, ORIGIN_TEXT_MAX);
}

/* An interface is one by its name and pod; where a log has none, by what it does name. */
static uint64_t identity_of(const struct flow_origins *origins, const struct record_flow *flow)
{
	uint64_t hash = hash_bytes(flow->account.at, flow->account.len, origins->seed);

	hash = hash_bytes(flow->pod.at, flow->pod.len, hash);
	if (flow->interface.len > 0)
		return hash_bytes(flow->interface.at, flow->interface.len, hash);
	hash = hash_bytes(flow->network.at, flow->network.len, ~hash);
	return hash_bytes(flow->instance.at, flow->instance.len, hash);
}

struct str flow_origin_text(const struct flow_origin *origin, enum flow_origin_text which)
{
	return str_of(origin->text[which], origin->len[which]);
}

static void keep_greater(struct flow_origin *origin, enum flow_origin_text which, struct str text)
{
	struct str held = flow_origin_text(origin, which);

	text = cut(text);
	if (str_equal(held, text) || str_compare(text, held) <= 0)
		return;
	origin->len[which] = (uint8_t)text.len;
	memcpy(origin->text[which], text.at, text.len);
}

static void join(struct flow_origin *origin, const struct record_flow *flow, uint32_t start_s)
{
	if (start_s < origin->first_s)
		origin->first_s = start_s;
	if (flow->provider > origin->provider)
		origin->provider = flow->provider;
	keep_greater(origin, ORIGIN_ACCOUNT, flow->account);
	keep_greater(origin, ORIGIN_INTERFACE, flow->interface);
	keep_greater(origin, ORIGIN_INSTANCE, flow->instance);
	keep_greater(origin, ORIGIN_POD, flow->pod);
	keep_greater(origin, ORIGIN_SUBNET, flow->subnet);
	keep_greater(origin, ORIGIN_NETWORK, flow->network);
	keep_greater(origin, ORIGIN_REGION, flow->region);
}

uint32_t flow_origins_number(struct flow_origins *origins, const struct record_flow *flow,
			     uint32_t start_s)
{
	uint64_t key = identity_of(origins, flow);
	uint64_t hash = table_hash(origins->table, &key);
	struct flow_origin *origin = table_find(origins->table, &key, hash);

	if (!origin) {
		if (origins->count == ORIGINS_MAX)
			return 0;
		origin = table_insert(origins->table, &key, hash, (instant){0});
		origin->number = ++origins->count;
		origin->first_s = start_s;
		origins->numbered[origin->number] = origin;
	}
	join(origin, flow, start_s);
	return origin->number;
}

const struct flow_origin *flow_origins_at(const struct flow_origins *origins, uint32_t number)
{
	return origins->numbered[number <= origins->count ? number : 0];
}

int flow_origin_compare(const struct flow_origin *a, const struct flow_origin *b)
{
	int order = 0;

	for (int i = 0; i < ORIGIN_TEXTS && order == 0; i++)
		order = str_compare(flow_origin_text(a, (enum flow_origin_text)i),
				    flow_origin_text(b, (enum flow_origin_text)i));
	return order;
}
