#include "detect/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "detect/console_account.h"
#include "detect/credentials_state.h"
#include "detect/key_ids.h"
#include "model/record_excerpt.h"

enum { CAPACITY = 8192, SLOT_S = 600, SCANNED_MAX = 256 * 1024, WIDE = 2 * sizeof(uint64_t) };

int credentials_new(const struct record_settings *settings, struct credentials **out)
{
	struct record_settings own = *settings;
	struct credentials *c = calloc(1, sizeof(*c));
	int r = -ENOMEM;

	if (!c)
		return r;
	own.capacity = settings->capacity ? settings->capacity : CAPACITY;
	r = identities_new(&own, 0, &c->identities);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity, sizeof(struct first_act), WIDE,
				      &c->first_acts);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity, sizeof(struct own_address), WIDE,
				      &c->own_addresses);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity / 4 + 1, sizeof(struct exposed_key),
				      WIDE, &c->exposed);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity, sizeof(struct probing), WIDE,
				      &c->probings);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity, sizeof(struct way_out), WIDE,
				      &c->ways_out);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity, sizeof(struct tried), WIDE,
				      &c->tried);
	if (r < 0)
		credentials_free(c);
	else
		*out = c;
	return r;
}

void credentials_free(struct credentials *c)
{
	if (!c)
		return;
	table_free(c->first_acts);
	table_free(c->own_addresses);
	table_free(c->exposed);
	table_free(c->probings);
	table_free(c->ways_out);
	table_free(c->tried);
	identities_free(c->identities);
	free(c);
}

static void copy_text(char *out, size_t cap, struct str text)
{
	text = str_sub(text, 0, cap - 1);
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = '\0';
}

void keep_earliest(struct kept_evidence *kept, const struct record *record)
{
	uint64_t mark = record_mark(record);

	if (kept->is_set && (kept->time.ns < record->time.ns ||
			     (kept->time.ns == record->time.ns && kept->mark <= mark)))
		return;
	CLEANUP(buf_fini) struct buf quote = {.limit = 4096};
	record_excerpt(record, &quote);
	*kept = (struct kept_evidence){
		.mark = mark, .is_set = true, .time = record->time, .offset = record->offset};
	copy_text(kept->source, sizeof(kept->source), record->source);
	copy_text(kept->quote, sizeof(kept->quote), buf_view(&quote));
}

void kept_evidence_add(struct finding *finding, const struct kept_evidence *kept)
{
	if (!kept || !kept->is_set)
		return;
	finding_add_evidence(finding, (struct evidence){.source = str_from(kept->source),
							.offset = kept->offset,
							.has_offset = kept->source[0] != '\0',
							.time = kept->time,
							.quote = str_from(kept->quote)});
}

static void *take_entry(struct table *table, const uint64_t key[2], instant now, bool *is_new)
{
	uint64_t hash = table_hash(table, key);
	void *entry = table_find(table, key, hash);

	*is_new = !entry;
	if (!entry)
		entry = table_insert(table, key, hash, now);
	table_touch(table, entry, now);
	return entry;
}

static void text_key(struct str text, uint64_t kind, uint64_t key[2])
{
	key[0] = hash_bytes(text.at, text.len, kind);
	key[1] = hash_bytes(text.at, text.len, ~key[0]);
}

static void address_key(struct str of, const struct address *address, uint64_t key[2])
{
	key[0] = hash_bytes(of.at, of.len, 3);
	key[1] = hash_bytes(address, sizeof(*address), key[0]);
}

/* An address that an instance has itself: acts from it are at home. */
static void learn_own(struct credentials *c, struct str instance, const struct address *address,
		      instant now)
{
	uint64_t key[2];
	bool is_new;

	if (instance.len == 0)
		return;
	address_key(instance, address, key);
	(void)take_entry(c->own_addresses, key, now, &is_new);
}

bool credentials_is_own(struct credentials *c, struct str instance, const struct address *address)
{
	uint64_t key[2];

	address_key(instance, address, key);
	return table_find(c->own_addresses, key, table_hash(c->own_addresses, key)) != NULL;
}

/* The interface's side of a window: where it goes out it is the source. */
static void learn_flow(struct credentials *c, const struct record *record)
{
	const struct record_flow *flow = &record->flow;

	if (flow->direction >= 0 && !address_is_private(&flow->source.address) &&
	    flow->direction != 0)
		learn_own(c, flow->instance, &flow->source.address, record->time);
	if (flow->direction < 0 && !address_is_private(&flow->destination.address))
		learn_own(c, flow->instance, &flow->destination.address, record->time);
}

/* Addresses in the answer to a launch, beside each machine's id. */
static void learn_launch(struct credentials *c, const struct record *record)
{
	struct json_value items =
		json_member(json_member(record->act.response, STR("instancesSet")), STR("items"));
	static const struct str names[] = {
		{"ipAddress", 9}, {"publicIpAddress", 15}, {"ipv6Address", 11}};
	struct address address;

	if (!str_equal(record->act.action, STR("RunInstances")))
		return;
	for (struct json_value one = json_first(items); json_exists(one); one = json_next(one)) {
		struct str id = json_raw_text(json_member(one, STR("instanceId")));
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (address_parse(json_raw_text(json_member(one, names[i])), &address))
				learn_own(c, id, &address, record->time);
	}
}

/* -- key ids that were read in a cluster -- */

static unsigned rank_of(const struct record_identity *who)
{
	if (is_console_account(who->name))
		return 0;
	if (who->kind == IDENTITY_ANONYMOUS)
		return 0;
	return who->kind == IDENTITY_USER || who->kind == IDENTITY_UNKNOWN ? 1 : 2;
}

static void add_exposed(struct credentials *c, const struct record *record, const char *id)
{
	const struct record_act *act = &record->act;
	uint64_t key[2], mark = record_mark(record);
	bool is_new;

	text_key(str_from(id), 5, key);
	struct exposed_key *exposed = take_entry(c->exposed, key, record->time, &is_new);
	unsigned rank = rank_of(&act->identity);
	bool is_better = is_new || rank < exposed->rank ||
			 (rank == exposed->rank &&
			  (record->time.ns < exposed->time.ns ||
			   (record->time.ns == exposed->time.ns && mark < exposed->evidence.mark)));
	if (!is_better)
		return;
	CLEANUP(buf_fini) struct buf place = {.limit = 1024};
	buf_add_printable(&place, act->namespace, 64);
	buf_add_text(&place, act->namespace.len > 0 ? "/" : "");
	buf_add_printable(&place, act->resource, 64);
	buf_add_text(&place, act->name.len > 0 ? "/" : "");
	buf_add_printable(&place, act->name, 100);
	*exposed = (struct exposed_key){.key = {key[0], key[1]},
					.rank = rank,
					.time = record->time,
					.address = act->address,
					.has_address = act->has_address};
	copy_text(exposed->id, sizeof(exposed->id), str_from(id));
	copy_text(exposed->reader, sizeof(exposed->reader), act->identity.name);
	copy_text(exposed->place, sizeof(exposed->place), buf_view(&place));
	copy_text(exposed->cluster, sizeof(exposed->cluster), act->account);
	keep_earliest(&exposed->evidence, record);
	table_set_class(c->exposed, exposed, rank == 0 ? 2 : rank == 1 ? 1 : 0);
}

/* Only texts of things that hold keys, and only what was allowed. */
static bool may_hold_keys(const struct record_act *act)
{
	static const struct str names[] = {
		{"secrets", 7},	     {"configmaps", 10}, {"pods", 4},
		{"deployments", 11}, {"daemonsets", 10}, {"statefulsets", 12},
		{"jobs", 4},	     {"cronjobs", 8},	 {"serviceaccounts", 15}};

	if (act->outcome != OUTCOME_DONE && act->outcome != OUTCOME_UNKNOWN)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_equal(act->resource, names[i]))
			return true;
	return false;
}

static void learn_cluster(struct credentials *c, const struct record *record)
{
	const struct record_act *act = &record->act;
	struct str texts[] = {json_raw_text(act->request), json_raw_text(act->response), act->uri};
	char id[KEY_ID_LEN + 1];

	if (!may_hold_keys(act))
		return;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct str left = str_sub(texts[i], 0, SCANNED_MAX);
		while (key_id_next(&left, id))
			add_exposed(c, record, id);
	}
	if (act->identity.kind != IDENTITY_ANONYMOUS || !str_equal(act->resource, STR("secrets")) ||
	    !act->is_read_only)
		return;
	/* the earliest few reads of secrets by nobody in particular, for keys that are not told */
	size_t at = c->sweep_count;
	while (at > 0 && c->sweeps[at - 1].ns > record->time.ns)
		at--;
	if (at > 0 && c->sweeps[at - 1].ns == record->time.ns)
		return;
	if (c->sweep_count == SWEEPS_MAX && at == SWEEPS_MAX)
		return;
	size_t kept = c->sweep_count < SWEEPS_MAX ? c->sweep_count : SWEEPS_MAX - 1;
	memmove(&c->sweeps[at + 1], &c->sweeps[at], (kept - at) * sizeof(c->sweeps[0]));
	c->sweeps[at] = record->time;
	c->sweep_count = kept + 1;
}

/* -- keys in use -- */

static void add_denied(struct credentials *c, const struct identity *credential,
		       const struct record *record)
{
	int64_t slot = record->time.ns / ((int64_t)SLOT_S * 1000000000);
	uint64_t key[2] = {credential->key[0], credential->key[1] ^ (uint64_t)slot};
	struct str action = record->act.action, service = record->act.service;
	bool asks = str_equal(action, STR("GetCallerIdentity")) ||
		    str_equal(action, STR("GetAccountAuthorizationDetails")) ||
		    str_equal(action, STR("GetUser"));
	bool is_new;

	if (!asks && record->act.outcome != OUTCOME_DENIED)
		return;
	struct probing *probing = take_entry(c->probings, key, record->time, &is_new);
	memcpy(probing->credential, credential->key, sizeof(probing->credential));
	probing->slot = slot;
	probing->asks_who |= asks;
	keep_times(&probing->first, &probing->last, record->time);
	if (record->act.outcome != OUTCOME_DENIED)
		return;
	probing->services |= UINT64_C(1) << (hash_bytes(service.at, service.len, 7) % 64);
	identity_mark(&probing->denied, record);
	keep_earliest(&probing->evidence, record);
	if (__builtin_popcountll(probing->services) >= PROBED_SERVICES)
		table_set_class(c->probings, probing, 2);
}

static void evidence_key(const struct identity *credential, uint64_t order, uint64_t key[2])
{
	key[0] = credential->key[0] ^ order;
	key[1] = hash_bytes(&order, sizeof(order), credential->key[1]);
}

const struct kept_evidence *credentials_evidence(struct credentials *c,
						 const struct identity *credential,
						 const struct identity_network *network)
{
	uint64_t key[2];

	evidence_key(credential, network->order, key);
	const struct first_act *first =
		table_find(c->first_acts, key, table_hash(c->first_acts, key));
	return first ? &first->evidence : NULL;
}

static void keep_first_act(struct credentials *c, const struct identity *credential,
			   const struct record *record, unsigned class)
{
	uint64_t key[2];
	bool is_new;

	evidence_key(credential, identity_network_order(&record->act.address), key);
	struct first_act *first = take_entry(c->first_acts, key, record->time, &is_new);
	keep_earliest(&first->evidence, record);
	if (table_class(c->first_acts, first) < class)
		table_set_class(c->first_acts, first, class);
}

static unsigned class_of(const struct identity *credential)
{
	unsigned networks = 0;

	for (int i = 0; i < IDENTITY_NETWORKS; i++)
		networks += credential->networks[i].order != 0;
	if (credential->agents & AGENT_ATTACK || (networks > 1 && !credential->has_more_networks))
		return 2;
	return networks > 1 ? 1 : 0;
}

/* Sessions of people and of ordinary roles come and go by the thousand, and move with them. */
bool credentials_judges(const struct record_act *act)
{
	const struct record_identity *who = &act->identity;

	if (who->key_id.len == 0 || who->kind == IDENTITY_SERVICE)
		return false;
	if (act->provider ==
	    PROVIDER_GCP) /* a service account's key; Azure's are tokens of an hour */
		return who->kind == IDENTITY_SERVICE_ACCOUNT;
	return act->provider == PROVIDER_AWS &&
	       (who->kind == IDENTITY_INSTANCE || who->kind == IDENTITY_POD ||
		str_starts(who->key_id, STR("AKIA")));
}

void credentials_take(struct credentials *c, const struct record *record)
{
	if (record->kind == RECORD_FLOW) {
		learn_flow(c, record);
		return;
	}
	if (record->kind == RECORD_LOOKUP || record->kind == RECORD_OTHER ||
	    record->kind == RECORD_GUARDDUTY)
		return;
	if (record->kind == RECORD_KUBE_AUDIT) {
		learn_cluster(c, record);
		return;
	}
	learn_launch(c, record);
	if (!credentials_judges(&record->act))
		return;
	struct identity *credential =
		identities_take(c->identities, record->act.identity.key_id, record);
	unsigned class = class_of(credential);
	identities_watch(c->identities, credential, class);
	add_denied(c, credential, record);
	if (record->act.has_address)
		keep_first_act(c, credential, record, class);
}

struct identity *credentials_find(struct credentials *c, enum record_provider provider,
				  struct str key_id)
{
	return identities_find(c->identities, provider, key_id);
}
