/* Which credentials look stolen, and how sure that is. */
#include <string.h>

#include "base/hash.h"
#include "detect/credentials_state.h"

enum {
	AT_ONCE_S = 3600,  /* nobody is in two far places within an hour */
	SETTLED_S = 86400, /* a key has a home once it was used there for a day */
	AFTER_SWEEP_S = 86400,
	DENIED_SERVICES = 5,
	DENIED_SERVICES_WHO = 3, /* after asking who it is */
};

static bool is_machine(const struct identity *credential)
{
	return credential->kind == IDENTITY_INSTANCE || credential->kind == IDENTITY_POD;
}

static void way_out_key(const struct identity *credential, const struct address *network,
			uint64_t key[2])
{
	key[0] = hash_bytes(network, sizeof(*network), 11);
	key[1] = hash_bytes(credential->account, strlen(credential->account) + 1, key[0]);
}

/* Who this credential belongs to: keys of one machine are renewed every few hours. */
static uint64_t owner_of(const struct identity *credential)
{
	const char *owner = credential->instance[0] ? credential->instance
			    : credential->issuer[0] ? credential->issuer
						    : credential->name;

	return hash_bytes(owner, strlen(owner) + 1, 13);
}

static void add_way_out(struct credentials *c, const struct identity *credential)
{
	const struct identity_network *home = identity_main_network(credential);
	uint64_t key[2], owner = owner_of(credential);

	if (!is_machine(credential) || !home || address_is_private(&home->address))
		return;
	way_out_key(credential, &home->network, key);
	uint64_t hash = table_hash(c->ways_out, key);
	struct way_out *way = table_find(c->ways_out, key, hash);
	if (!way)
		way = table_insert(c->ways_out, key, hash, credential->last);
	for (uint32_t i = 0; i < way->count; i++)
		if (way->members[i] == owner)
			return;
	if (way->count < WAYS_OUT_MEMBERS)
		way->members[way->count++] = owner;
}

/* Two adjacent pieces of ten minutes, so that no border helps; of several the worst counts. */
static void visit_probing(void *context, void *entry)
{
	struct credentials *c = context;
	const struct probing *probing = entry;
	uint64_t key[2] = {probing->credential[0],
			   probing->credential[1] ^ (uint64_t)(probing->slot + 1)};
	const struct probing *next = table_find(c->probings, key, table_hash(c->probings, key));
	int services = __builtin_popcountll(probing->services | (next ? next->services : 0));
	bool asks = probing->asks_who || (next && next->asks_who);

	if (services < (asks ? DENIED_SERVICES_WHO : DENIED_SERVICES) || !probing->evidence.is_set)
		return;
	uint64_t hash = table_hash(c->tried, probing->credential);
	struct tried *tried = table_find(c->tried, probing->credential, hash);
	if (!tried)
		tried = table_insert(c->tried, probing->credential, hash, probing->last);
	if (tried->worst && (services < tried->services ||
			     (services == tried->services && probing->slot > tried->worst->slot)))
		return;
	tried->worst = probing;
	tried->services = services;
	tried->denied =
		identity_marked(&probing->denied) + (next ? identity_marked(&next->denied) : 0);
}

struct identity **credentials_sorted(struct credentials *c, size_t *count)
{
	while (table_evict(c->ways_out) || table_evict(c->tried))
		;
	table_each(c->probings, visit_probing, c);
	struct identity **all = identities_sorted(c->identities, count);
	for (size_t i = 0; i < *count; i++)
		add_way_out(c, all[i]);
	return all;
}

static bool is_way_out(struct credentials *c, const struct identity *credential,
		       const struct address *network)
{
	uint64_t key[2];

	way_out_key(credential, network, key);
	const struct way_out *way = table_find(c->ways_out, key, table_hash(c->ways_out, key));
	return way && way->count >= WAYS_OUT_MEMBERS;
}

static bool overlap(const struct identity_network *a, const struct identity_network *b)
{
	return instant_since(b->first, a->last).ns < DURATION_S(AT_ONCE_S).ns &&
	       instant_since(a->first, b->last).ns < DURATION_S(AT_ONCE_S).ns;
}

/* /16 of IPv4, /32 of IPv6: what one provider gives out in one place is rarely larger. */
static bool is_far(const struct identity_network *a, const struct identity_network *b)
{
	bool is_v4 = address_is_v4(&a->network);

	return is_v4 != address_is_v4(&b->network) ||
	       memcmp(a->network.bytes, b->network.bytes, is_v4 ? 14 : 4) != 0;
}

static void add_outside(struct stolen *s, const struct identity_network *network)
{
	if (s->outside_count < CREDENTIAL_OUTSIDE_MAX)
		s->outside[s->outside_count++] = network;
	bool is_comparable = s->home && s->home->agents && network->agents;
	s->agents_differ |= is_comparable && !(s->home->agents & network->agents);
	s->at_once |= s->home && overlap(s->home, network);
	s->attack_agent |= (network->agents & AGENT_ATTACK) != 0;
}

static bool is_home(struct credentials *c, const struct identity *credential,
		    const struct identity_network *network)
{
	return address_is_private(&network->address) ||
	       is_way_out(c, credential, &network->network) ||
	       (credential->instance[0] &&
		credentials_is_own(c, str_from(credential->instance), &network->address));
}

/* The networks in the order of the first act from them. */
static size_t by_time(const struct identity *credential,
		      const struct identity_network *out[IDENTITY_NETWORKS])
{
	size_t count = 0;

	for (int i = 0; i < IDENTITY_NETWORKS; i++) {
		const struct identity_network *one = &credential->networks[i];
		size_t at = count;
		if (one->order == 0)
			continue;
		for (; at > 0 && (out[at - 1]->first.ns > one->first.ns ||
				  (out[at - 1]->first.ns == one->first.ns &&
				   out[at - 1]->order > one->order));
		     at--)
			out[at] = out[at - 1];
		out[at] = one;
		count++;
	}
	return count;
}

/*
 * A machine's key: at home are private addresses, its own, ways out of its account, and the one
 * public network that most of its acts come from. One public network beside private ones may be
 * a way out that nobody else uses: not enough without another kind of program.
 */
static void judge_machine(struct credentials *c, const struct identity *credential,
			  struct stolen *s)
{
	const struct identity_network *networks[IDENTITY_NETWORKS];
	size_t count = by_time(credential, networks);
	bool has_public_home = false;

	s->home = identity_main_network(credential);
	if (!s->home)
		return;
	for (size_t i = 0; i < count; i++) {
		bool is_known = is_home(c, credential, networks[i]);
		has_public_home |= (is_known || networks[i] == s->home) &&
				   !address_is_private(&networks[i]->address);
		s->knows_own |= is_known && !address_is_private(&networks[i]->address);
	}
	for (size_t i = 0; i < count; i++)
		if (networks[i] != s->home && !is_home(c, credential, networks[i]))
			add_outside(s, networks[i]);
	s->from_outside =
		s->outside_count > 0 && (has_public_home || s->agents_differ || s->attack_agent);
	if (!s->from_outside)
		return;
	s->confidence = 0.6 + 0.15 * s->agents_differ + 0.1 * s->at_once + 0.1 * s->attack_agent +
			0.1 * s->knows_own;
	if (!has_public_home)
		s->confidence -= 0.1;
	if (credential->has_more_networks) /* moves about: a way out with many addresses */
		s->confidence -= 0.3;
}

/* A key for people and programs outside: many have several homes, so one place more says little. */
static void judge_key(const struct identity *credential, struct stolen *s)
{
	const struct identity_network *networks[IDENTITY_NETWORKS];
	size_t count = by_time(credential, networks);

	s->home = identity_main_network(credential);
	if (!s->home || credential->has_more_networks)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct identity_network *one = networks[i];
		bool is_foreign = one != s->home && !address_is_private(&one->address) &&
				  is_far(s->home, one) && overlap(s->home, one) &&
				  s->home->agents && one->agents &&
				  !(s->home->agents & one->agents);
		if (is_foreign || (one != s->home && one->agents & AGENT_ATTACK))
			add_outside(s, one);
	}
	s->far_apart = s->outside_count > 0;
	if (!s->far_apart)
		return;
	bool is_settled =
		instant_since(s->outside[0]->first, s->home->first).ns >= DURATION_S(SETTLED_S).ns;
	s->confidence = (is_settled ? 0.55 : 0.4) + 0.2 * s->attack_agent;
	/* a private network is no place: a program inside and a person outside share the key */
	if (address_is_private(&s->home->address))
		s->confidence -= 0.15;
}

static void judge_sweep(const struct credentials *c, struct stolen *s)
{
	for (size_t i = 0; i < c->sweep_count && s->outside_count > 0; i++) {
		int64_t after = instant_since(s->outside[0]->first, c->sweeps[i]).ns;
		s->after_sweep |= after >= 0 && after < DURATION_S(AFTER_SWEEP_S).ns;
	}
	if (s->after_sweep)
		s->confidence += 0.15;
}

/* The first act after the key was read that did not come from where it was used before. */
static const struct identity_network *new_since(const struct identity *credential, instant time)
{
	const struct identity_network *networks[IDENTITY_NETWORKS];
	size_t count = by_time(credential, networks);

	for (size_t i = 0; i < count; i++)
		if (networks[i]->first.ns >= time.ns && !address_is_private(&networks[i]->address))
			return networks[i];
	return NULL;
}

static void judge_exposed(struct credentials *c, const struct identity *credential,
			  struct stolen *s)
{
	uint64_t key[2];
	struct str id = str_from(credential->by);

	key[0] = hash_bytes(id.at, id.len, 5);
	key[1] = hash_bytes(id.at, id.len, ~key[0]);
	const struct exposed_key *exposed =
		table_find(c->exposed, key, table_hash(c->exposed, key));
	if (!exposed || credential->last.ns < exposed->time.ns)
		return;
	const struct identity_network *since = new_since(credential, exposed->time);
	bool is_reader = false;
	for (int i = 0; i < IDENTITY_NETWORKS && exposed->has_address; i++)
		is_reader |= credential->networks[i].order != 0 &&
			     !address_is_private(&exposed->address) &&
			     address_equal(&credential->networks[i].address, &exposed->address);
	double confidence = exposed->rank == 0 ? 0.8 + 0.1 * (since != NULL || is_reader)
			    : exposed->rank == 1 && is_reader && since ? 0.65
								       : 0;
	if (confidence == 0)
		return;
	s->from_cluster = true;
	s->exposed = exposed;
	if (s->outside_count == 0 && since)
		add_outside(s, since);
	s->confidence = s->confidence > confidence ? s->confidence + 0.05 : confidence;
}

static void judge_probing(struct credentials *c, const struct identity *credential,
			  struct stolen *s)
{
	const struct tried *tried =
		table_find(c->tried, credential->key, table_hash(c->tried, credential->key));

	if (!tried)
		return;
	s->is_tried = true;
	s->probing = tried->worst;
	s->denied = tried->denied;
	s->denied_services = (uint32_t)tried->services;
	/* a scanner of one's own, or a set-up that lacks rights, is refused in the same way */
	double confidence = credential->agents == AGENT_TOOL ? 0.3
			    : tried->worst->asks_who	     ? 0.5
							     : 0.45;
	s->confidence = s->confidence > 0 ? s->confidence + 0.1 : confidence;
}

struct stolen credentials_judge(struct credentials *c, struct identity *credential)
{
	struct stolen s = {0};

	if (is_machine(credential))
		judge_machine(c, credential, &s);
	else
		judge_key(credential, &s);
	if (s.confidence > 0)
		judge_sweep(c, &s);
	judge_exposed(c, credential, &s);
	judge_probing(c, credential, &s);
	if (s.confidence > 0.95)
		s.confidence = 0.95;
	return s;
}
