#include "correlate/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { JOIN_KEYS_MAX = 2 + LEG_NAMES_MAX + LEG_CONNECTIONS_MAX, PAIRS_MAX = 16 };

enum key_kind { KEY_WALLET, KEY_SERVER, KEY_NAME, KEY_PRINT, KEY_CONNECTION };

struct key {
	uint64_t hash;
	uint32_t kind;
	uint32_t leg;
};

struct groups {
	const struct leg *const *legs;
	uint32_t count, capacity;
	uint32_t *parent; /* union-find; a root is the smallest index of its group */
	uint32_t *inner;
	uint8_t *role;
	struct key *keys; /* capacity * LEG_PRINTS_MAX, filled anew for each pass */
	size_t key_count;
	uint32_t *served_by; /* by the first key of a server's run: a proxy's leg, plus one */
	uint64_t seed;
	struct address *forwarders;
	size_t forwarder_count, forwarder_cap;
};

int groups_new(uint32_t capacity, uint64_t seed, struct groups **out)
{
	struct groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	groups->capacity = capacity;
	groups->seed = seed;
	groups->forwarder_cap = (size_t)capacity * 2;
	groups->parent = calloc(capacity, sizeof(*groups->parent));
	groups->inner = calloc(capacity, sizeof(*groups->inner));
	groups->role = calloc(capacity, sizeof(*groups->role));
	groups->keys = calloc(capacity, LEG_PRINTS_MAX * sizeof(*groups->keys));
	groups->served_by = calloc(capacity, sizeof(*groups->served_by));
	groups->forwarders = calloc(groups->forwarder_cap, sizeof(*groups->forwarders));
	if (!groups->parent || !groups->inner || !groups->role || !groups->keys ||
	    !groups->served_by || !groups->forwarders) {
		groups_free(groups);
		return -ENOMEM;
	}
	*out = groups;
	return 0;
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	free(groups->parent);
	free(groups->inner);
	free(groups->role);
	free(groups->keys);
	free(groups->served_by);
	free(groups->forwarders);
	free(groups);
}

static uint32_t root_of(struct groups *g, uint32_t leg)
{
	while (g->parent[leg] != leg) {
		g->parent[leg] = g->parent[g->parent[leg]];
		leg = g->parent[leg];
	}
	return leg;
}

static void join(struct groups *g, uint32_t a, uint32_t b)
{
	a = root_of(g, a);
	b = root_of(g, b);
	if (a < b)
		g->parent[b] = a;
	else
		g->parent[a] = b;
}

static bool counts(const struct leg *leg)
{
	return leg->verdict >= VERDICT_MINER;
}

static int address_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct address));
}

static bool is_forwarder(const struct groups *g, const struct address *host)
{
	return bsearch(host, g->forwarders, g->forwarder_count, sizeof(*host), address_order);
}

static void add_forwarder(struct groups *g, const struct address *host)
{
	if (g->forwarder_count < g->forwarder_cap)
		g->forwarders[g->forwarder_count++] = *host;
}

static void sort_forwarders(struct groups *g)
{
	qsort(g->forwarders, g->forwarder_count, sizeof(*g->forwarders), address_order);
}

static int key_order(const void *left, const void *right)
{
	const struct key *a = left, *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->leg < b->leg ? -1 : a->leg > b->leg;
}

static void add_key(struct groups *g, uint64_t hash, enum key_kind kind, uint32_t leg)
{
	g->keys[g->key_count++] = (struct key){hash, kind, leg};
}

static void sort_keys(struct groups *g)
{
	qsort(g->keys, g->key_count, sizeof(*g->keys), key_order);
}

/* The run of equal keys that begins at `at`; its end. */
static size_t run_end(const struct groups *g, size_t at)
{
	size_t end = at + 1;

	while (end < g->key_count && g->keys[end].hash == g->keys[at].hash &&
	       g->keys[end].kind == g->keys[at].kind)
		end++;
	return end;
}

static uint64_t address_hash(const struct groups *g, const struct address *address)
{
	return hash_bytes(address, sizeof(*address), g->seed);
}

static bool is_adjacent(const struct leg *inner, const struct leg *outer)
{
	return inner->is_flow && outer->is_flow && inner != outer &&
	       address_equal(&inner->server.address, &outer->client.address) &&
	       !address_is_loopback(&outer->client.address);
}

static bool is_same_server(const struct leg *a, const struct leg *b)
{
	return a->server.port == b->server.port &&
	       address_equal(&a->server.address, &b->server.address);
}

/* What the same share on both says of outer; LEG_ORIGIN: that it is not the outer one. */
static enum leg_role relation(const struct leg *inner, const struct leg *outer)
{
	const bool inner_private = address_is_private(&inner->client.address);
	const bool outer_private = address_is_private(&outer->client.address);

	if (!inner->is_flow || !outer->is_flow)
		return LEG_ORIGIN;
	/* On its own host a miner has no name; the address it goes out with is the one to tell. */
	if (address_is_loopback(&inner->client.address) !=
	    address_is_loopback(&outer->client.address))
		return address_is_loopback(&outer->client.address) ? LEG_TRANSLATED : LEG_ORIGIN;
	if (is_adjacent(inner, outer))
		return is_adjacent(outer, inner) ? LEG_ORIGIN : LEG_FORWARDED;
	if (is_adjacent(outer, inner))
		return LEG_ORIGIN;
	/* Also on one host: its own proxy's leg is not counted beside the miner's. */
	if (!is_same_server(inner, outer) && inner->is_forwarded != outer->is_forwarded)
		return inner->is_forwarded ? LEG_FORWARDED : LEG_ORIGIN;
	if (address_equal(&inner->client.address, &outer->client.address))
		return LEG_ORIGIN;
	if (inner_private != outer_private)
		return inner_private ? LEG_TRANSLATED : LEG_ORIGIN;
	return LEG_TRANSLATED_ANYWAY;
}

static void set_role(struct groups *g, uint32_t leg, enum leg_role role, uint32_t inner)
{
	g->role[leg] = (uint8_t)role;
	g->inner[leg] = inner;
}

/* One share on two legs. A second miner's share on the same outer leg makes its client a proxy. */
static void note_same_share(struct groups *g, uint32_t inner, uint32_t outer)
{
	const struct leg *from = g->legs[inner], *to = g->legs[outer];
	const enum leg_role role = relation(from, to);
	const uint32_t before = g->inner[outer];

	if (role == LEG_ORIGIN)
		return;
	if (role == LEG_FORWARDED && g->role[outer] == LEG_FORWARDED && before != inner &&
	    !address_equal(&g->legs[before]->client.address, &from->client.address))
		set_role(g, outer, LEG_PROXY, before);
	else if (role == LEG_FORWARDED && to->is_proxy)
		set_role(g, outer, LEG_PROXY, inner);
	else if (g->role[outer] == LEG_ORIGIN || g->role[outer] == LEG_TRANSLATED_ANYWAY)
		set_role(g, outer, role, inner);
}

static void join_same_shares(struct groups *g)
{
	g->key_count = 0;
	for (uint32_t i = 0; i < g->count; i++)
		for (size_t k = 0; counts(g->legs[i]) && k < g->legs[i]->print_count; k++)
			add_key(g, g->legs[i]->prints[k], KEY_PRINT, i);
	sort_keys(g);
	for (size_t at = 0, end; at < g->key_count; at = end) {
		end = run_end(g, at);
		/* A share on more than a few legs is forged or a hash gone wrong: the first few. */
		const size_t last = end - at > PAIRS_MAX ? at + PAIRS_MAX : end;
		for (size_t a = at; a < last; a++)
			for (size_t b = at; b < last; b++)
				if (a != b) {
					join(g, g->keys[a].leg, g->keys[b].leg);
					note_same_share(g, g->keys[a].leg, g->keys[b].leg);
				}
	}
}

/* A host that pools shares on one leg is a proxy on all, also where one miner alone was seen. */
static void settle_proxies(struct groups *g)
{
	g->forwarder_count = 0;
	for (uint32_t i = 0; i < g->count; i++)
		if (g->role[i] == LEG_PROXY)
			add_forwarder(g, &g->legs[i]->client.address);
	sort_forwarders(g);
	for (uint32_t i = 0; i < g->count; i++)
		if (g->role[i] == LEG_FORWARDED && is_forwarder(g, &g->legs[i]->client.address))
			g->role[i] = LEG_PROXY;
	g->forwarder_count = 0;
}

/* A host that connects to itself does so for nobody else; on loopback every host does. */
static bool is_within_host(const struct leg *leg)
{
	return address_is_loopback(&leg->server.address) ||
	       address_equal(&leg->server.address, &leg->client.address);
}

static void learn_forwarders(struct groups *g)
{
	for (uint32_t i = 0; i < g->count; i++) {
		const struct leg *leg = g->legs[i];
		if (g->role[i] == LEG_FORWARDED && is_adjacent(g->legs[g->inner[i]], leg) &&
		    !is_within_host(g->legs[g->inner[i]]))
			add_forwarder(g, &leg->client.address);
		if (counts(leg) && leg->is_flow && leg->is_forwarded && !is_within_host(leg))
			add_forwarder(g, &leg->server.address);
	}
	sort_forwarders(g);
}

static bool has_pool_endpoint(const struct groups *g, const struct leg *leg)
{
	return leg->is_flow && !leg->has_shared_address && !leg->is_forwarded &&
	       !address_is_loopback(&leg->server.address) && !is_forwarder(g, &leg->server.address);
}

/* The keys of one leg that join it to others, strongest first; returns how many. */
static size_t join_keys(const struct groups *g, uint32_t at, struct key keys[JOIN_KEYS_MAX])
{
	const struct leg *leg = g->legs[at];
	size_t count = 0;

	if (leg->wallet_key)
		keys[count++] = (struct key){leg->wallet_key, KEY_WALLET, at};
	if (has_pool_endpoint(g, leg))
		keys[count++] =
			(struct key){hash_bytes(&leg->server.address, sizeof(struct address),
						g->seed ^ leg->server.port),
				     KEY_SERVER, at};
	for (size_t i = 0; i < leg->name_count; i++)
		keys[count++] = (struct key){leg->name_keys[i], KEY_NAME, at};
	for (size_t i = 0; i < leg->connection_count; i++)
		keys[count++] = (struct key){leg->connection_keys[i], KEY_CONNECTION, at};
	return count;
}

static void join_same_keys(struct groups *g)
{
	g->key_count = 0;
	for (uint32_t i = 0; i < g->count; i++)
		if (counts(g->legs[i]))
			g->key_count += join_keys(g, i, g->keys + g->key_count);
	sort_keys(g);
	for (size_t at = 0, end; at < g->key_count; at = end) {
		end = run_end(g, at);
		for (size_t k = at + 1; k < end; k++)
			join(g, g->keys[at].leg, g->keys[k].leg);
	}
}

/* The first key of this hash and kind, or NULL. */
static const struct key *key_find(const struct groups *g, const struct key *wanted)
{
	size_t low = 0, high = g->key_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct key *key = &g->keys[middle];
		if (key->hash < wanted->hash ||
		    (key->hash == wanted->hash && key->kind < wanted->kind))
			low = middle + 1;
		else
			high = middle;
	}
	return low < g->key_count && g->keys[low].hash == wanted->hash &&
			       g->keys[low].kind == wanted->kind
		       ? &g->keys[low]
		       : NULL;
}

/* Suspects hang on a leg that counts; they never join two groups with each other. */
static void hang_suspects_on(struct groups *g)
{
	for (uint32_t i = 0; i < g->count; i++) {
		struct key keys[JOIN_KEYS_MAX];
		if (counts(g->legs[i]))
			continue;
		const size_t count = join_keys(g, i, keys);
		for (size_t k = 0; k < count && g->parent[i] == i; k++) {
			const struct key *found = key_find(g, &keys[k]);
			if (found)
				g->parent[i] = found->leg;
		}
	}
}

/* Of a host that forwards, the leg inside that one outside continues; by what both say. */
static uint32_t inner_by_name(const struct groups *g, size_t from, size_t to, uint32_t outer)
{
	const struct leg *leg = g->legs[outer];

	for (size_t k = from; k < to && k < from + PAIRS_MAX * 4; k++) {
		const struct leg *inside = g->legs[g->keys[k].leg];
		if (inside == leg || !inside->is_forwarded)
			continue;
		if (leg->wallet_key && inside->wallet_key == leg->wallet_key)
			return g->keys[k].leg;
		for (size_t a = 0; a < leg->name_count; a++)
			for (size_t b = 0; b < inside->name_count; b++)
				if (leg->name_keys[a] == inside->name_keys[b])
					return g->keys[k].leg;
	}
	return GROUP_NONE;
}

/* The client of `outer` also serves the legs keys[from..to): what is it? */
static void judge_server(struct groups *g, size_t from, size_t to, uint32_t outer)
{
	const struct leg *leg = g->legs[outer];
	bool has_prints = false;
	uint32_t inner = GROUP_NONE;

	if (address_equal(&leg->server.address, &leg->client.address))
		return; /* a host that connects to itself is where it mines */
	if (is_forwarder(g, &leg->client.address)) {
		inner = inner_by_name(g, from, to, outer);
		set_role(g, outer, inner == GROUP_NONE ? LEG_HIDDEN : LEG_FORWARDED, inner);
		if (inner != GROUP_NONE)
			join(g, inner, outer);
		return;
	}
	inner = g->keys[from].leg;
	for (size_t k = from; k < to && !has_prints; k++)
		has_prints = g->legs[g->keys[k].leg]->print_count > 0;
	join(g, inner, outer);
	set_role(g, outer, has_prints && leg->print_count > 0 ? LEG_PROXY : LEG_RELAY, inner);
}

/* All legs into a proxy serve one purpose, whatever ports it listens on. */
static void join_behind_proxies(struct groups *g)
{
	for (uint32_t i = 0; i < g->count; i++) {
		const enum leg_role role = g->role[i];
		const struct key wanted = {address_hash(g, &g->legs[i]->client.address), KEY_SERVER,
					   i};
		const struct key *found;
		if (role != LEG_PROXY && role != LEG_RELAY)
			continue;
		found = key_find(g, &wanted);
		if (!found)
			continue;
		const size_t from = (size_t)(found - g->keys), to = run_end(g, from);
		if (g->served_by[from])
			join(g, g->served_by[from] - 1, i); /* another leg joined them all */
		else
			for (size_t k = from; k < to; k++)
				join(g, g->keys[k].leg, i);
		g->served_by[from] = i + 1;
	}
}

/* Hosts that are server on one leg and client on another. */
static void judge_hosts(struct groups *g)
{
	g->key_count = 0;
	memset(g->served_by, 0, g->capacity * sizeof(*g->served_by));
	for (uint32_t i = 0; i < g->count; i++)
		if (counts(g->legs[i]) && g->legs[i]->is_flow &&
		    !address_is_loopback(&g->legs[i]->server.address))
			add_key(g, address_hash(g, &g->legs[i]->server.address), KEY_SERVER, i);
	sort_keys(g);
	for (uint32_t i = 0; i < g->count; i++) {
		const struct leg *leg = g->legs[i];
		if (g->role[i] != LEG_ORIGIN || !leg->is_flow)
			continue;
		const struct key wanted = {address_hash(g, &leg->client.address), KEY_SERVER, i};
		const struct key *found = key_find(g, &wanted);
		if (found)
			judge_server(g, (size_t)(found - g->keys),
				     run_end(g, (size_t)(found - g->keys)), i);
		else if (is_forwarder(g, &leg->client.address))
			set_role(g, i, LEG_HIDDEN, GROUP_NONE);
	}
	join_behind_proxies(g);
}

/* Where a process has the connection nobody translates any more: that tells the two sides apart. */
static void settle_translation(struct groups *g, uint32_t flow)
{
	const uint32_t other = g->inner[flow];

	if (g->role[flow] != LEG_TRANSLATED_ANYWAY)
		return;
	set_role(g, flow, LEG_ORIGIN, GROUP_NONE);
	for (uint32_t i = 0; i < g->count; i++)
		if (g->role[i] == LEG_TRANSLATED_ANYWAY && (i == other || g->inner[i] == flow))
			set_role(g, i, LEG_TRANSLATED, flow);
}

/* Which flow a process of this machine is an end of. */
static void judge_processes(struct groups *g)
{
	g->key_count = 0;
	for (uint32_t i = 0; i < g->count; i++)
		if (counts(g->legs[i]) && g->legs[i]->is_flow && g->legs[i]->connection_count > 0)
			add_key(g, g->legs[i]->connection_keys[0], KEY_CONNECTION, i);
	sort_keys(g);
	for (uint32_t i = 0; i < g->count; i++) {
		const struct leg *leg = g->legs[i];
		for (size_t k = 0; k < leg->connection_count && !leg->is_flow; k++) {
			const struct key wanted = {leg->connection_keys[k], KEY_CONNECTION, i};
			const struct key *found = key_find(g, &wanted);
			if (!found || root_of(g, found->leg) != root_of(g, i))
				continue;
			set_role(g, i, LEG_PROCESS, found->leg);
			if (!leg->serves)
				settle_translation(g, found->leg);
			break;
		}
	}
}

void groups_make(struct groups *g, const struct leg *const *legs, uint32_t count,
		 const struct address *forwarders, size_t forwarder_count)
{
	g->legs = legs;
	g->count = count < g->capacity ? count : g->capacity;
	for (uint32_t i = 0; i < g->count; i++) {
		g->parent[i] = i;
		set_role(g, i, counts(legs[i]) ? LEG_ORIGIN : LEG_SUSPECT, GROUP_NONE);
	}
	join_same_shares(g);
	settle_proxies(g);
	for (size_t i = 0; i < forwarder_count; i++)
		add_forwarder(g, &forwarders[i]);
	learn_forwarders(g);
	join_same_keys(g);
	hang_suspects_on(g);
	judge_hosts(g);
	judge_processes(g);
}

uint32_t groups_of(struct groups *g, uint32_t leg)
{
	const uint32_t root = root_of(g, leg);

	return counts(g->legs[root]) ? root : GROUP_NONE;
}

enum leg_role groups_role(const struct groups *g, uint32_t leg)
{
	return g->role[leg];
}

uint32_t groups_inner(const struct groups *g, uint32_t leg)
{
	return g->inner[leg];
}
