#include "correlate/telling.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "correlate/story.h"
#include "model/coin_name.h"

enum {
	NAMED_IN_TITLE = 3,
	WALLET_SHOWN = 4,
	HOSTS_RAISE = 3,       /* from so many victims on, one step of severity */
	HOSTS_RAISE_TWICE = 10 /* and from so many, two */
};

int telling_init(struct telling *t, uint32_t capacity)
{
	*t = (struct telling){.text = {.limit = TELLING_TEXT_MAX}, .seen_cap = 64};
	while (t->seen_cap < (size_t)capacity * 2)
		t->seen_cap *= 2;
	t->seen = calloc(t->seen_cap, sizeof(*t->seen));
	if (!t->seen || !buf_reserve(&t->text, TELLING_TEXT_MAX)) {
		telling_fini(t);
		return -ENOMEM;
	}
	return 0;
}

void telling_fini(struct telling *t)
{
	buf_fini(&t->text);
	free(t->seen);
	t->seen = NULL;
}

/* Text written since `from`; the buf never grows, so the view stays. */
struct str telling_said(const struct telling *t, size_t from)
{
	return str_of(t->text.at + from, t->text.len - from);
}

void telling_add_name(struct telling *t, struct str hostile)
{
	buf_add_printable(&t->text, hostile, 80);
}

void telling_add_host(struct telling *t, const struct leg *leg)
{
	if (leg->is_flow)
		buf_add_address(&t->text, &leg->client.address);
	else
		telling_add_name(t, short_text_view(&leg->host));
}

void telling_add_pool(struct telling *t, const struct leg *leg)
{
	if (leg->pool.len > 0)
		telling_add_name(t, short_text_view(&leg->pool));
	else if (leg->is_flow)
		buf_add_endpoint(&t->text, &leg->server);
	else
		buf_add_text(&t->text, "a pool");
}

const struct leg *telling_leg(const struct telling *t, uint32_t member)
{
	return t->legs[t->members[member]];
}

enum leg_role telling_role(const struct telling *t, uint32_t member)
{
	return groups_role(t->groups, t->members[member]);
}

static bool list_has(const struct str *list, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i], text))
			return true;
	return false;
}

static void list_add(struct str *list, size_t *count, size_t most, struct str text)
{
	if (text.len > 0 && *count < most && !list_has(list, *count, text))
		list[(*count)++] = text;
}

void telling_add_cannot_tell(struct telling *t, size_t from)
{
	list_add(t->out->cannot_tell, &t->out->cannot_tell_count, INCIDENT_IMPACT_MAX,
		 telling_said(t, from));
}

void telling_forget_hosts(struct telling *t)
{
	memset(t->seen, 0, t->seen_cap * sizeof(*t->seen));
}

/* True the first time a host is seen since forget_hosts. */
bool telling_is_new_host(struct telling *t, const struct leg *leg)
{
	const uint64_t hash =
		1 | (leg->is_flow ? hash_bytes(&leg->client.address, sizeof(struct address), 5)
				  : hash_bytes(leg->host.at, leg->host.len, 6));
	size_t at = (size_t)(hash >> 8) & (t->seen_cap - 1);

	while (t->seen[at] != 0 && t->seen[at] != hash)
		at = (at + 1) & (t->seen_cap - 1);
	if (t->seen[at] == hash)
		return false;
	t->seen[at] = hash;
	return true;
}

static bool is_relay(const struct telling *t, const struct address *host)
{
	for (size_t i = 0; i < t->relay_count; i++)
		if (address_equal(&t->relays[i], host))
			return true;
	return false;
}

/* True for a leg whose client is the miner, as far as anybody can tell. */
static bool is_victim(const struct telling *t, uint32_t member)
{
	const struct leg *leg = telling_leg(t, member);
	const enum leg_role role = telling_role(t, member);

	if (role != LEG_ORIGIN && role != LEG_TRANSLATED_ANYWAY)
		return false;
	return leg->verdict == VERDICT_MINING || t->out->verdict == VERDICT_MINER;
}

static void judge(struct telling *t)
{
	struct incident *out = t->out;

	out->verdict = VERDICT_MINER;
	for (uint32_t i = 0; i < t->member_count; i++) {
		const struct leg *leg = telling_leg(t, i);
		if (leg->last_seen.ns > out->last_seen.ns || i == 0)
			out->last_seen = leg->last_seen;
		if (leg->first_seen.ns < out->first_seen.ns || i == 0)
			out->first_seen = leg->first_seen;
		out->finding_total++;
		list_add(out->findings, &out->finding_count, INCIDENT_FINDINGS_MAX, leg_id(leg));
		if (leg->verdict < VERDICT_MINER)
			continue;
		if (leg->verdict > out->verdict)
			out->verdict = (enum verdict)leg->verdict;
		if (leg->severity > out->severity)
			out->severity = (enum severity)leg->severity;
		if (leg->confidence > out->confidence)
			out->confidence = leg->confidence;
	}
}

static void find_relays(struct telling *t)
{
	t->relay_count = 0;
	for (uint32_t i = 0; i < t->member_count; i++) {
		const enum leg_role role = telling_role(t, i);
		const struct address *host = &telling_leg(t, i)->client.address;
		if (role != LEG_ORIGIN && role != LEG_SUSPECT && role != LEG_PROCESS &&
		    role != LEG_TRANSLATED_ANYWAY && t->relay_count < TELLING_RELAYS_MAX &&
		    !is_relay(t, host))
			t->relays[t->relay_count++] = *host;
	}
}

static void add_victims(struct telling *t, bool with_relays)
{
	struct incident *out = t->out;

	telling_forget_hosts(t);
	for (uint32_t i = 0; i < t->member_count; i++) {
		const struct leg *leg = telling_leg(t, i);
		const size_t from = t->text.len;
		const bool is_mining_relay =
			with_relays && leg->verdict == VERDICT_MINING &&
			(telling_role(t, i) == LEG_PROXY || telling_role(t, i) == LEG_RELAY);
		if ((!is_victim(t, i) && !is_mining_relay) || !telling_is_new_host(t, leg))
			continue;
		out->victim_total++;
		if (out->victim_count < INCIDENT_VICTIMS_MAX) {
			telling_add_host(t, leg);
			out->victims[out->victim_count++] = telling_said(t, from);
		}
		if (out->victim_total <= STORY_ORIGINS_MAX)
			story_add_origin(t, leg);
	}
}

static void add_wallets_and_pools(struct telling *t)
{
	struct incident *out = t->out;

	for (uint32_t i = 0; i < t->member_count; i++) {
		const struct leg *leg = telling_leg(t, i);
		const size_t from = t->text.len;
		if (telling_role(t, i) == LEG_SUSPECT)
			continue;
		list_add(out->wallets, &out->wallet_count, INCIDENT_WALLETS_MAX,
			 str_of(leg->wallet.at, leg->wallet.len));
		list_add(out->pools, &out->pool_count, INCIDENT_POOLS_MAX,
			 short_text_view(&leg->pool));
		/* The server is the pool unless it forwards or pools for the next leg. */
		if (!leg->is_flow || leg->is_forwarded || is_relay(t, &leg->server.address) ||
		    out->pool_count == INCIDENT_POOLS_MAX)
			continue;
		buf_add_endpoint(&t->text, &leg->server);
		if (list_has(out->pools, out->pool_count, telling_said(t, from)))
			t->text.len = from;
		else
			list_add(out->pools, &out->pool_count, INCIDENT_POOLS_MAX,
				 telling_said(t, from));
	}
}

/* The coin all agree on, or none. */
static struct str coin_of(const struct telling *t)
{
	struct str coin = {0};

	for (uint32_t i = 0; i < t->member_count; i++) {
		const struct str one = short_text_view(&telling_leg(t, i)->coin);
		if (one.len == 0 || telling_role(t, i) == LEG_SUSPECT)
			continue;
		if (coin.len > 0 && !str_equal(coin, one))
			return (struct str){0};
		coin = one;
	}
	return coin;
}

static void add_activity(struct telling *t)
{
	const struct str coin = coin_of(t);
	const bool mines = t->out->verdict == VERDICT_MINING;

	buf_add_coin_activity(&t->text, coin, mines ? "mining" : "miner");
}

static void add_purpose(struct telling *t)
{
	const struct incident *out = t->out;

	if (out->wallet_count == 1) {
		const struct str wallet = out->wallets[0];
		const bool is_long = wallet.len > 3 * (size_t)WALLET_SHOWN;
		buf_add_text(&t->text, " for wallet ");
		buf_add_printable(&t->text, str_sub(wallet, 0, is_long ? WALLET_SHOWN : wallet.len),
				  80);
		buf_add_text(&t->text, is_long ? "\xe2\x80\xa6" : "");
	} else if (out->wallet_count > 1) {
		buf_printf(&t->text, " for %s%zu wallets",
			   out->wallet_count == INCIDENT_WALLETS_MAX ? "at least " : "",
			   out->wallet_count);
	} else if (out->pool_count > 0) {
		buf_add_text(&t->text, " at ");
		telling_add_name(t, out->pools[0]);
	}
}

/* Seen on its host alone, as nothing but a program that mines. */
static const struct leg *lone_program(const struct telling *t)
{
	const struct leg *leg = t->member_count == 1 ? telling_leg(t, 0) : NULL;

	return leg && !leg->is_flow && leg->title_len > 0 && leg->wallet.len == 0 ? leg : NULL;
}

/*
 * "Monero mining on 3 hosts for wallet 48ed...: 10.0.0.5, 10.0.0.7, 10.0.0.9", or of a program
 * "RandomX mining: xmrig, pid 7, on web1": on one host there may be many.
 */
static void add_title(struct telling *t)
{
	struct incident *out = t->out;
	const struct leg *program = lone_program(t);
	const size_t from = t->text.len;
	const size_t named =
		out->victim_count < NAMED_IN_TITLE ? out->victim_count : NAMED_IN_TITLE;

	if (program)
		buf_add_printable(&t->text, str_of(program->title, program->title_len),
				  LEG_TITLE_MAX);
	else
		add_activity(t);
	if (program && out->victim_total == 1)
		buf_add_text(&t->text, ", on ");
	else if (out->victim_total == 0)
		buf_add_text(&t->text, " by a host that is not seen");
	else if (out->victim_total == 1)
		buf_add_text(&t->text, " on ");
	else
		buf_printf(&t->text, " on %llu hosts", (unsigned long long)out->victim_total);
	if (out->victim_total == 1)
		buf_add(&t->text, out->victims[0]);
	add_purpose(t);
	for (size_t i = 0; i < named && out->victim_total > 1; i++) {
		buf_add_text(&t->text, i == 0 ? ": " : ", ");
		buf_add(&t->text, out->victims[i]);
	}
	if (out->victim_total > NAMED_IN_TITLE)
		buf_printf(&t->text, " and %llu more",
			   (unsigned long long)out->victim_total - NAMED_IN_TITLE);
	out->title = telling_said(t, from);
}

static void add_impact_and_cost(struct telling *t)
{
	struct incident *out = t->out;
	double hours = 0, rate = 0;
	uint64_t shares = 0;
	bool only_traffic = true;
	size_t from = t->text.len;

	for (uint32_t i = 0; i < t->member_count; i++) {
		const struct leg *leg = telling_leg(t, i);
		only_traffic &= leg->is_flow;
		if (!is_victim(t, i))
			continue;
		hours += duration_seconds(instant_since(leg->last_seen, leg->first_seen)) / 3600;
		rate += leg->hashrate_per_s;
		shares += leg->shares;
	}
	facts_add_number(&out->cost, "hosts", out->victim_total);
	facts_add_real(&out->cost, "flow_hours", hours);
	if (rate > 0)
		facts_add_real(&out->cost, "hashrate_per_s", rate);
	facts_add_number(&out->cost, "accepted_shares", shares);
	if (out->verdict == VERDICT_MINING && out->victim_total > 0) {
		buf_printf(&t->text, "Computing power of %llu host%s",
			   (unsigned long long)out->victim_total, out->victim_total > 1 ? "s" : "");
		list_add(out->touched, &out->touched_count, INCIDENT_IMPACT_MAX,
			 telling_said(t, from));
	}
	from = t->text.len;
	if (only_traffic) {
		buf_add_text(&t->text, "How the miner got in and what else was touched: only its "
				       "traffic was seen");
		telling_add_cannot_tell(t, from);
	}
}

static void add_action(struct telling *t)
{
	struct incident *out = t->out;
	struct action *action = &out->actions[0];

	if (out->pool_count == 0)
		return;
	action->text = STR("Cut the pools off: the steps of its findings give the commands");
	out->action_count = 1;
}

static void raise_severity(struct incident *out)
{
	const unsigned steps = out->victim_total >= HOSTS_RAISE_TWICE ? 2
			       : out->victim_total >= HOSTS_RAISE     ? 1
								      : 0;
	const unsigned raised = (unsigned)out->severity + steps;

	out->severity = raised > SEVERITY_CRITICAL ? SEVERITY_CRITICAL : (enum severity)raised;
}

void telling_tell(struct telling *t, uint64_t id, struct incident *out)
{
	buf_clear(&t->text);
	*out = (struct incident){0};
	t->out = out;
	buf_printf(&t->text, "%016llx", (unsigned long long)id);
	out->id = telling_said(t, 0);
	judge(t);
	find_relays(t);
	add_wallets_and_pools(t);
	add_victims(t, false);
	if (out->victim_total == 0)
		add_victims(t, true); /* proxies that serve each other: better than nobody */
	story_add_relays(t);
	story_sort(out);
	add_title(t);
	raise_severity(out);
	add_impact_and_cost(t);
	add_action(t);
}
