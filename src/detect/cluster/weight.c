#include "detect/cluster/weight.h"

#include <string.h>

#include "detect/cluster/who.h"

enum {
	SUSPECT_FROM = 7,
	FAMILY_FROM = 2,   /* a family counts from here on */
	SIGNAL_WHERE = 4,  /* everywhere, in kube-system, with the machine's rights */
	SWEEP_ACCOUNT = 5, /* secrets in two windows; peers: 3 in about 6 minutes */
	SWEEP_PERSON = 8,  /* people read some by hand */
	SWEEP_SLOW = 25,   /* however slowly, by who does not do so on other days */
	SWEEP_BURST = 20,  /* for who reads secrets every day: this many and */
	BURST_TIMES = 5,   /* this much more than in half of the windows */
	STEADY_DAYS = 3,
	KNOWN_DAYS = 2,
	REFUSED_KINDS = 4, /* peers: 3 kinds in a minute */
	REVIEWS_MANY = 5,
};

/* -- one record -- */

static unsigned most(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned weigh_place(const char *kind, struct str namespace, uint32_t form)
{
	const uint32_t machine = POD_PRIVILEGED | POD_HOST_PROCESSES | POD_HOST_FILES | POD_CAPABLE;

	return (who_owns_namespace(namespace) ? 1u : 0u) +
	       (strcmp(kind, "DaemonSet") == 0 ? 1u : 0u) + (form & machine ? 1u : 0u) +
	       (form & POD_EVERY_TAINT ? 1u : 0u);
}

static unsigned weigh_words(uint32_t form, uint32_t signs)
{
	static const struct {
		uint32_t sign;
		unsigned weight;
	} rows[] = {
		{SAYS_POOL, 4},	   {SAYS_OPTIONS, 3}, {SAYS_ENCODED, 3}, {SAYS_CONNECTS, 3},
		{SAYS_FETCHES, 2}, {SAYS_INLINE, 2},  {SAYS_OPTION, 2},	 {SAYS_NAME, 2},
	};
	unsigned heaviest = 0, count = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (signs & rows[i].sign) {
			heaviest = most(heaviest, rows[i].weight);
			count++;
		}
	if (heaviest == 0)
		return 0;
	/* what is nothing alone: databases have huge pages, everybody talks with somebody */
	return heaviest + (count > 1 ? 1u : 0u) + (signs & SAYS_OUTSIDE ? 1u : 0u) +
	       (signs & SAYS_CREDENTIALS ? 1u : 0u) + (form & POD_HUGE_PAGES ? 1u : 0u);
}

struct weight weight_of(const char *kind, struct str namespace, uint32_t form, uint32_t signs)
{
	return (struct weight){.where = weigh_place(kind, namespace, form),
			       .what = weigh_words(form, signs),
			       .mines = command_look_mines(signs) ||
					((signs & SAYS_NAME) && (signs & SAYS_OPTION))};
}

bool weight_is_kept(const struct weight *weight)
{
	return weight->where >= FAMILY_FROM || weight->what > 0 || weight->mines;
}

/* -- who did it -- */

struct windows {
	uint64_t most, median;
};

/* A sweep may fall into two windows. */
static uint64_t secrets_from(const struct memory *m, size_t at, size_t end)
{
	const struct window *window = m->window_list[at];
	struct distinct both = window->secrets;

	if (at + 1 < end && m->window_list[at + 1]->key.window == window->key.window + 1)
		distinct_join(&both, &m->window_list[at + 1]->secrets);
	return distinct_count(&both);
}

static struct windows windows_of(const struct memory *m, const struct hash_pair *key)
{
	enum { COUNTED = 4 * DISTINCT_EXACT };
	size_t spread[COUNTED] = {0}, count, below = 0;
	const size_t first = memory_windows_of(m, key, &count);
	struct windows out = {0};

	for (size_t i = first; i < first + count; i++) {
		uint64_t secrets = secrets_from(m, i, first + count);
		out.most = secrets > out.most ? secrets : out.most;
		spread[secrets < COUNTED ? secrets : COUNTED - 1]++;
	}
	while (out.median < COUNTED - 1 && 2 * (below += spread[out.median]) < count)
		out.median++;
	return out;
}

static enum sweep sweep_of(struct memory *m, const struct actor *actor, struct hand *hand)
{
	const struct deed *read = memory_find_deed(m, &actor->key, DEED_SECRETS, 0);
	const struct deed *lists = memory_find_deed(m, &actor->key, DEED_LISTS, 0);
	const struct deed *tokens = memory_find_deed(m, &actor->key, DEED_TOKENS, 0);
	const bool has_all = lists && (lists->flags & LISTED_ALL);
	const bool is_account = actor->standing == STANDING_ACCOUNT;

	if (!read && !lists && !tokens)
		return SWEEP_NONE;
	if (actor->standing >= STANDING_CONSOLE)
		return read || has_all || tokens ? SWEEP_ACCESS : SWEEP_NONE;
	const struct windows windows = windows_of(m, &actor->key);
	hand->sweep_most = windows.most;
	if (who_days(actor->secret_days) >= STEADY_DAYS)
		return windows.most >= SWEEP_BURST &&
				       windows.most >= BURST_TIMES * (windows.median + 1)
			       ? SWEEP_ACCESS
			       : SWEEP_NONE;
	if (hand->is_controller)
		return SWEEP_NONE;
	if (windows.most >= (is_account ? SWEEP_ACCOUNT : SWEEP_PERSON) ||
	    (read && distinct_count(&read->things) >= SWEEP_SLOW) ||
	    (tokens && distinct_count(&tokens->things) >= SWEEP_ACCOUNT))
		return SWEEP_ACCESS;
	if (!has_all)
		return SWEEP_NONE;
	/* what a pod's own program lists is seldom worth more than a look */
	return is_account && (actor->is_outside || (lists->flags & LISTED_BY_HAND)) ? SWEEP_ACCESS
										    : SWEEP_SIGNAL;
}

/* Asking what one may do, or trying: people's tools do it for them, pods seldom have a reason. */
static bool has_probed(struct memory *m, const struct actor *actor, const struct hand *hand)
{
	const struct deed *refused = memory_find_deed(m, &actor->key, DEED_DENIED, 0);
	const struct deed *reviews = memory_find_deed(m, &actor->key, DEED_REVIEWS, 0);
	const bool is_refused = refused && distinct_count(&refused->things) >= REFUSED_KINDS;
	const bool asks = reviews && distinct_count(&reviews->requests) >= REVIEWS_MANY;

	if (hand->is_controller)
		return false;
	return actor->standing == STANDING_PERSON ? is_refused && asks : is_refused || asks;
}

/* Days are remembered for an identity from wherever it acts. */
static unsigned days_known(struct memory *m, const struct actor *actor)
{
	const struct str parts[] = {str_from(actor->cluster), str_from(actor->identity),
				    str_from(actor->impersonated), STR("")};
	const struct hash_pair key = hash_pair_of(parts, 4);
	const struct actor *anywhere = memory_find_actor(m, &key);

	return anywhere ? who_days(anywhere->days) : who_days(actor->days);
}

struct hand weight_hand(struct memory *m, const struct actor *actor)
{
	struct hand hand = {.actor = actor,
			    .is_controller =
				    actor->standing < STANDING_CONSOLE && who_controls(actor)};
	const struct deed *rights = memory_find_deed(m, &actor->key, DEED_RIGHTS, 0);

	if (actor->standing == STANDING_COMPONENT)
		return hand;
	hand.sweep = sweep_of(m, actor, &hand);
	hand.has_probed = has_probed(m, actor, &hand);
	hand.has_taken_rights = rights != NULL;
	hand.is_stranger = !hand.is_controller && days_known(m, actor) < KNOWN_DAYS;
	hand.weight = (actor->standing >= STANDING_CONSOLE ? 4u : 0u) +
		      (hand.sweep == SWEEP_ACCESS ? 2u : 0u) + (hand.has_probed ? 2u : 0u) +
		      (hand.has_taken_rights && hand.is_stranger ? 1u : 0u) +
		      (hand.is_stranger ? 1u : 0u);
	return hand;
}

/* -- together -- */

static bool is_new_image(struct memory *m, const struct workload_seen *w)
{
	const struct image_seen *image = memory_find_image(m, &w->image_key);

	return w->image[0] && image && image->first.ns >= w->earliest.time.ns;
}

/* Pods that a controller makes are told with what it makes them for. */
static bool is_told_elsewhere(struct memory *m, const struct workload_seen *w,
			      const struct actor *actor)
{
	const struct image_seen *use = memory_find_image(m, &w->use_key);

	return actor->standing == STANDING_COMPONENT && use && use->by_somebody;
}

static bool is_worth_a_signal(const struct workload_seen *w, const struct judged *j)
{
	return j->weight.what >= FAMILY_FROM || j->weight.where >= SIGNAL_WHERE ||
	       (who_owns_namespace(str_from(w->namespace)) && strcmp(w->kind, "DaemonSet") == 0);
}

struct judged weight_judge(struct memory *m, const struct workload_seen *w, const struct hand *hand)
{
	struct judged j = {
		.weight = weight_of(w->kind, str_from(w->namespace), w->key.form, w->key.signs)};

	if (is_told_elsewhere(m, w, hand->actor))
		return j;
	j.is_low = (w->key.form & POD_LOW_CPU) != 0;
	j.is_new_image = is_new_image(m, w);
	if (j.weight.what >= FAMILY_FROM)
		j.weight.what += (j.is_low ? 1u : 0u) + (j.is_new_image ? 1u : 0u);
	const unsigned families = (j.weight.where >= FAMILY_FROM) + (j.weight.what >= FAMILY_FROM) +
				  (hand->weight >= FAMILY_FROM);
	j.all = j.weight.where + j.weight.what + hand->weight;
	if (j.weight.mines)
		j.judgement = JUDGED_MINER;
	else if ((w->key.signs & SAYS_POOL) || (families >= 2 && j.all >= SUSPECT_FROM))
		j.judgement = JUDGED_SUSPECT;
	else if (is_worth_a_signal(w, &j))
		j.judgement = JUDGED_SIGNAL;
	/* what a component does is its work, unless it says what no part of a cluster says */
	if (hand->actor->standing == STANDING_COMPONENT && j.judgement == JUDGED_SIGNAL)
		j.judgement = JUDGED_NOTHING;
	return j;
}
