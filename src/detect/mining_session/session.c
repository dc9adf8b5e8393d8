#include "detect/mining_session/session.h"

#include <string.h>

static void keep(char *to, uint16_t *len, size_t cap, struct str text)
{
	text = str_sub(text, 0, cap);
	if (text.len == 0)
		return;
	memcpy(to, text.at, text.len);
	*len = (uint16_t)text.len;
}

#define KEEP(field, value) keep((field).at, &(field).len, sizeof((field).at), value)

static void keep_name(struct session *s, struct str name)
{
	name = str_sub(name, 0, TEXT_MAX);
	struct address address;

	if (name.len == 0 || address_parse(name, &address))
		return;
	for (uint8_t i = 0; i < s->name_count; i++)
		if (str_equal_nocase(name, str_of(s->names[i].at, s->names[i].len)))
			return;
	if (s->name_count == NAMES_MAX)
		return;
	KEEP(s->names[s->name_count], name);
	s->name_count++;
}

static void keep_flow(struct session *s, const struct observation *seen)
{
	const struct flow_view *flow = seen->flow;

	memcpy(s->ends, flow->ends, sizeof(s->ends));
	s->initiator = (int8_t)flow->initiator;
	if (s->first_seen.ns == 0 || flow->first_seen.ns < s->first_seen.ns)
		s->first_seen = flow->first_seen;
	if (seen->at.ns > s->last_seen.ns)
		s->last_seen = seen->at;
	memcpy(s->bytes, flow->bytes, sizeof(s->bytes));
	s->tunnels |= flow->tunnels;
	s->doubts |= flow->doubts;
	if (flow->has_tunnel_end) {
		s->has_tunnel_end = true;
		s->tunnel_end = flow->tunnel_end;
	}
	s->acknowledged[0] |= flow->acknowledged[0];
	s->acknowledged[1] |= flow->acknowledged[1];
	if (flow->carrier_count >= s->carrier_count) {
		s->carrier_count = flow->carrier_count;
		memcpy(s->carriers, flow->carriers, sizeof(s->carriers));
	}
	KEEP(s->target, flow->target);
	KEEP(s->forwarded_for, flow->forwarded_for);
	if (flow->server_name.len > 0 && s->target.len == 0)
		keep_name(s, flow->server_name);
	if (s->target.len > 0) /* the names of the proxy are not the pool's */
		return;
	int pool = flow->initiator >= 0	   ? !flow->initiator
		   : session_miner(s) >= 0 ? !session_miner(s)
					   : 0;
	for (uint8_t i = 0; i < flow->name_count[pool]; i++)
		keep_name(s, flow->names[pool][i]);
}

static struct quote *quote_slot(struct session *s, enum mining_act act)
{
	for (uint8_t i = 0; i < s->quote_count; i++)
		if (s->quotes[i].act == act)
			return NULL;
	return s->quote_count < QUOTES_MAX ? &s->quotes[s->quote_count++] : NULL;
}

/* One quote for each kind of act: login, job, share, its answer. */
static void keep_quote(struct session *s, const struct observation *seen, enum mining_act act)
{
	struct quote *quote = quote_slot(s, act);

	if (!quote)
		return;
	quote->act = act;
	quote->at = seen->at;
	quote->offset = seen->origin.offset;
	quote->has_offset = seen->origin.has_offset;
	keep(quote->source, &quote->source_len, SOURCE_MAX, seen->origin.source);
	keep(quote->quote, &quote->quote_len, QUOTE_MAX, seen->quote);
}

static void score_dialects(struct session *s, const struct mining_message *m)
{
	uint32_t fits = (uint32_t)__builtin_popcount(m->dialects);

	if (fits == 0)
		return;
	for (int i = 0; i < DIALECT_COUNT; i++)
		if (m->dialects & DIALECT_BIT(i))
			s->dialect_score[i] += (m->is_specific ? 64 : 8) / fits;
}

enum dialect session_dialect(const struct session *s)
{
	enum dialect best = DIALECT_BITCOIN;

	for (int i = 0; i < DIALECT_COUNT; i++)
		if (s->dialect_score[i] > s->dialect_score[best])
			best = (enum dialect)i;
	return best;
}

static int role_lead(const struct session *s, int side)
{
	return (int)(s->miner_words[side] + s->pool_words[!side]) -
	       (int)(s->pool_words[side] + s->miner_words[!side]);
}

int session_miner(const struct session *s)
{
	if (s->has_noise)
		return s->noise_client;
	int lead = role_lead(s, 0);
	if (lead == 0)
		return s->initiator >= 0 && s->miner_words[0] + s->miner_words[1] > 0 ? s->initiator
										      : -1;
	return lead > 0 ? 0 : 1;
}

bool session_is_quoted(const struct session *s)
{
	int miner = session_miner(s);

	if (s->has_noise || miner < 0)
		return false;
	uint32_t out_of_role = s->miner_words[!miner] + s->pool_words[miner];
	uint32_t in_role = s->miner_words[miner] + s->pool_words[!miner];
	return out_of_role * 4 > in_role;
}

static void take_difficulty(struct session *s, const struct mining_message *m)
{
	if (m->difficulty > 0) {
		s->difficulty = m->difficulty;
		s->job_target.len = 0;
	}
	if (m->target.len > 0)
		KEEP(s->job_target, m->target);
}

static void take_share(struct session *s, const struct mining_message *m)
{
	s->shares++;
	if (m->share_print)
		s->prints[s->prints_next++ % PRINTS_MAX] = m->share_print;
}

static void take_accepted_share(struct session *s, const struct mining_message *m)
{
	uint32_t count = m->count ? m->count : 1;
	struct str algorithm = str_of(s->algorithm.at, s->algorithm.len);
	double work = coin_share_work(session_dialect(s), algorithm, s->difficulty,
				      str_of(s->job_target.at, s->job_target.len));

	s->accepted += count;
	for (uint32_t i = 0; i < count && i < 256; i++)
		share_sum_add(&s->work, work);
}

static void raise_outcome(enum outcome *outcome, enum outcome to)
{
	if (to > *outcome)
		*outcome = to;
}

static void take_answer(struct session *s, const struct mining_message *m)
{
	enum outcome outcome = m->refused ? OUTCOME_REFUSED : OUTCOME_ACCEPTED;

	switch (m->answers) {
	case ACT_HELLO:
		raise_outcome(&s->hello, outcome);
		break;
	case ACT_LOGIN:
		raise_outcome(&s->login, outcome);
		break;
	case ACT_ASK_WORK:
		raise_outcome(&s->ask, outcome);
		break;
	case ACT_SHARE:
		if (m->refused)
			s->rejected++;
		else
			take_accepted_share(s, m);
		break;
	default:
		break;
	}
	if (m->refused)
		KEEP(s->error, m->error);
}

static void take_job(struct session *s, const struct mining_message *m)
{
	s->jobs++;
	take_difficulty(s, m);
	if (m->height > 0)
		s->height = m->height;
	if (m->answers != ACT_NONE)
		take_answer(s, m);
}

static void take_texts(struct session *s, const struct mining_message *m)
{
	if (m->act == ACT_LOGIN || s->login_name.len == 0)
		KEEP(s->login_name, m->login);
	KEEP(s->worker, m->worker);
	KEEP(s->agent, m->agent);
	KEEP(s->algorithm, m->algorithm);
	keep_name(s, m->pool_host);
	if (m->hashrate_per_s > 0)
		s->claimed_hashrate_per_s = m->hashrate_per_s;
	s->duplicate_keys |= m->duplicate_keys;
}

static void take_act(struct session *s, const struct observation *seen)
{
	const struct mining_message *m = seen->mining;

	switch (m->act) {
	case ACT_HELLO:
		raise_outcome(&s->hello, OUTCOME_SENT);
		break;
	case ACT_LOGIN:
		raise_outcome(&s->login, OUTCOME_SENT);
		s->login_is_specific |= m->is_specific;
		break;
	case ACT_ASK_WORK:
		raise_outcome(&s->ask, OUTCOME_SENT);
		break;
	case ACT_SHARE:
		take_share(s, m);
		break;
	case ACT_JOB:
		take_job(s, m);
		break;
	case ACT_DIFFICULTY:
		take_difficulty(s, m);
		break;
	case ACT_ANSWER:
		take_answer(s, m);
		break;
	case ACT_KEEPALIVE:
		s->keepalives++;
		break;
	default:
		break;
	}
}

static void take_roles(struct session *s, const struct observation *seen)
{
	const struct mining_message *m = seen->mining;

	s->acts[seen->side][m->act]++;
	s->specific[seen->side] += m->is_specific;
	if (m->from_pool)
		s->pool_words[seen->side]++;
	else if (m->act != ACT_ANSWER)
		s->miner_words[seen->side]++;
}

/* The few changes an operator wants to hear of at once. */
static uint32_t milestones(const struct session *s)
{
	return (uint32_t)(s->login | s->hello << 2 | s->ask << 4) | (uint32_t)(s->jobs > 0) << 6 |
	       (uint32_t)(s->accepted > 0) << 7 | (uint32_t)(s->shares > 0) << 8 |
	       (uint32_t)s->noise_setup << 9 | (uint32_t)s->has_noise << 10 |
	       (uint32_t)s->acknowledged[0] << 11 | (uint32_t)s->acknowledged[1] << 12 |
	       (uint32_t)s->doubts << 13;
}

enum detector_news session_observe(struct session *s, const struct observation *seen)
{
	uint32_t before = milestones(s);

	keep_flow(s, seen);
	if (seen->kind == OBSERVE_NOISE_SHAPE) {
		s->has_noise = true;
		s->noise_client = (int8_t)seen->noise->client;
		s->noise_setup = seen->noise->setup_acknowledged;
		s->noise_up = seen->noise->records_up;
		s->noise_down = seen->noise->records_down;
		s->dialect_score[DIALECT_STRATUM_V2] += 64;
	} else if (seen->kind == OBSERVE_MINING) {
		if (s->first_act.ns == 0)
			s->first_act = seen->at;
		score_dialects(s, seen->mining);
		take_roles(s, seen);
		take_texts(s, seen->mining);
		take_act(s, seen);
		keep_quote(s, seen, seen->mining->act);
	}
	return milestones(s) != before ? NEWS_URGENT : NEWS_DETAIL;
}
