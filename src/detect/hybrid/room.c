#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/hybrid/report.h"

enum { OTHERS_MAX = 1024, UNITS_LEAST = 32 };

struct state {
	struct hands *hands;
	struct suspects *suspects;
	uint64_t *others; /* places that the hands of one root touched */
};

static void destroy(void *of)
{
	struct state *state = of;

	if (!state)
		return;
	hands_free(state->hands);
	free(state->suspects);
	free(state->others);
	free(state);
}

static int create(const struct record_settings *settings, void **out)
{
	struct state *state = calloc(1, sizeof(*state));
	int r = state ? 0 : -ENOMEM;

	if (r == 0) {
		state->suspects = calloc(1, sizeof(*state->suspects));
		state->others = calloc(OTHERS_MAX, sizeof(*state->others));
		r = state->suspects && state->others ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = hands_new(settings, &state->hands);
	if (r < 0)
		destroy(state);
	else
		*out = state;
	return r;
}

static void observe(void *of, const struct record *seen)
{
	struct state *state = of;

	hands_take(state->hands, seen);
}

static const struct suspect *suspect_of(const struct suspects *suspects, const uint64_t hand[2])
{
	for (size_t i = 0; i < suspects->count; i++)
		if (memcmp(suspects->at[i].hand->key, hand, 2 * sizeof(*hand)) == 0)
			return &suspects->at[i];
	return NULL;
}

/* What all hands of the same root touched; for a hand that is not suspected, what it touched. */
static size_t gather_others(struct state *state, const struct suspect *suspect,
			    const uint64_t hand[2], struct touch *const *touches, size_t count)
{
	size_t others = 0;

	for (size_t i = 0; i < count && others < OTHERS_MAX; i++) {
		const struct suspect *other =
			suspect ? suspect_of(state->suspects, touches[i]->hand) : NULL;
		bool is_ours = suspect ? other && other->root == suspect->root
				       : memcmp(touches[i]->hand, hand, 2 * sizeof(*hand)) == 0;
		if (is_ours && impact_counts(other, touches[i]))
			state->others[others++] = touches[i]->place_key;
	}
	return others;
}

struct sum {
	const uint64_t *hand;
	struct hybrid_case *of;
};

static void add_created(void *context, void *entry)
{
	struct sum *sum = context;
	const struct created *created = entry;
	struct hybrid_case *of = sum->of;

	if (memcmp(created->hand, sum->hand, sizeof(created->hand)) != 0)
		return;
	of->milli_units += created->milli_units + created->level;
	bool is_first = !of->created || created->first.ns < of->created_first.ns ||
			(created->first.ns == of->created_first.ns &&
			 created->evidence.mark < of->created->mark);
	if (is_first) {
		of->created = &created->evidence;
		of->created_first = created->first;
	}
}

/* Something that a hand does with data which nobody suspects may still be worth a word. */
static bool is_worth_a_look(struct touch *const *touches, size_t count, const struct identity *hand)
{
	bool is_attack = (hand->agents & AGENT_ATTACK) != 0;

	for (size_t i = 0; i < count; i++)
		if (!touches[i]->is_denied &&
		    (is_attack || touches[i]->kind == DATA_OPEN || touches[i]->kind == DATA_SHARE))
			return true;
	return false;
}

static bool gather_case(struct state *state, struct identity *hand, struct touch *const *touches,
			size_t count, struct hybrid_case *of)
{
	*of = (struct hybrid_case){.suspect = suspect_of(state->suspects, hand->key), .hand = hand};
	if (of->suspect) {
		of->milli_units = of->suspect->root->milli_units;
		of->created = of->suspect->root->created;
		of->created_first = of->suspect->root->created_first;
		return true;
	}
	if (!is_worth_a_look(touches, count, hand))
		return false;
	struct sum sum = {hand->key, of};
	hands_each_created(state->hands, add_created, &sum);
	return of->milli_units >= UNITS_LEAST * 1000;
}

static void report(void *of, instant now, struct arena *scratch, struct record_teller *teller)
{
	struct state *state = of;
	size_t count, place_count;

	suspects_find(state->hands, state->suspects);
	struct touch **touches = hands_touches(state->hands, &count);
	struct place **places = hands_places(state->hands, &place_count);
	for (size_t from = 0, to; from < count; from = to) {
		struct hybrid_case one;
		struct impact impact;
		for (to = from; to < count && memcmp(touches[to]->hand, touches[from]->hand,
						     sizeof(touches[from]->hand)) == 0;
		     to++)
			;
		struct identity *hand =
			identities_find_key(hands_identities(state->hands), touches[from]->hand);
		if (!hand || !gather_case(state, hand, touches + from, to - from, &one))
			continue;
		size_t others = gather_others(state, one.suspect, hand->key, touches, count);
		impact_of(one.suspect, hand, touches + from, to - from, places, place_count,
			  state->others, others, scratch, &impact);
		if (impact.touched.count > 0)
			hybrid_report(&one, &impact, touches + from, to - from, now, scratch,
				      teller);
		arena_reset(scratch);
	}
}

const struct record_detector hybrid_detector = {
	.name = "hybrid",
	.summary = "Data touched by a stolen key, or by the hand that creates computing",
	.wants = RECORD_WANTS(RECORD_CLOUDTRAIL) | RECORD_WANTS(RECORD_S3_ACCESS) |
		 RECORD_WANTS(RECORD_AZURE_ACTIVITY) | RECORD_WANTS(RECORD_AZURE_STORAGE) |
		 RECORD_WANTS(RECORD_GCP_AUDIT) | RECORD_WANTS(RECORD_KUBE_AUDIT) |
		 RECORD_WANTS(RECORD_FLOW),
	.create = create,
	.destroy = destroy,
	.observe = observe,
	.report = report,
};
