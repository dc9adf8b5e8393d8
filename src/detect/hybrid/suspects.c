#include "detect/hybrid/suspects.h"

#include <string.h>

#define CONFIDENCE_LEAST 0.5 /* from here on stolen_credential calls it access */

/* The surest ones; of equals those whose key id comes first. */
static void add_root(struct suspects *out, struct identity *credential, const struct stolen *stolen)
{
	size_t at = out->root_count;

	while (at > 0 && out->roots[at - 1].stolen.confidence < stolen->confidence)
		at--;
	if (at == ROOTS_MAX)
		return;
	size_t kept = out->root_count < ROOTS_MAX ? out->root_count : ROOTS_MAX - 1;
	memmove(&out->roots[at + 1], &out->roots[at], (kept - at) * sizeof(out->roots[0]));
	out->roots[at] = (struct root){.credential = credential, .stolen = *stolen};
	out->root_count = kept + 1;
}

static bool is_outside(const struct root *root, uint64_t network, const struct address *address)
{
	for (size_t i = 0; i < root->stolen.outside_count; i++)
		if (root->stolen.outside[i]->order == network &&
		    address_equal(&root->stolen.outside[i]->address, address))
			return true;
	return false;
}

bool suspect_acts_from(const struct suspect *suspect, uint64_t network,
		       const struct address *address)
{
	const struct root *root = suspect->root;

	if (suspect->link == LINK_ADDRESS)
		return is_outside(root, network, address);
	if (root->stolen.outside_count == 0)
		return true;
	for (size_t i = 0; i < root->stolen.outside_count; i++)
		if (root->stolen.outside[i]->order == network)
			return true;
	return false;
}

static bool is_given(struct hands *hands, const struct identity *hand, const struct root *root)
{
	for (int i = 0; i < IDENTITY_KEYS; i++) {
		const struct given *given =
			hand->keys[i].order ? hands_given(hands, str_from(hand->keys[i].text))
					    : NULL;
		if (given && strcmp(given->parent_key[0] ? given->parent_key : given->parent,
				    given->parent_key[0] ? root->credential->by
							 : root->credential->name) == 0)
			return true;
	}
	return false;
}

static bool shares_address(const struct identity *hand, const struct root *root)
{
	for (int i = 0; i < IDENTITY_NETWORKS; i++) {
		const struct identity_network *one = &hand->networks[i];
		if (one->order && !address_is_private(&one->address) &&
		    is_outside(root, one->order, &one->address))
			return true;
	}
	return false;
}

static void judge_hand(struct hands *hands, struct identity *hand, struct suspects *out)
{
	struct suspect best = {.hand = hand};

	for (size_t i = 0; i < out->root_count; i++) {
		struct root *root = &out->roots[i];
		struct suspect one = {hand, root, LINK_OWN, root->stolen.confidence};
		if (root->credential->provider != hand->provider)
			continue;
		if (strcmp(hand->by, root->credential->by) == 0) {
			one.link = LINK_OWN;
		} else if (is_given(hands, hand, root)) {
			one.link = LINK_GIVEN;
			one.confidence -= 0.05;
		} else if (shares_address(hand, root)) {
			one.link = LINK_ADDRESS;
			one.confidence -= 0.15;
		} else {
			continue;
		}
		if (one.confidence > best.confidence)
			best = one;
	}
	if (best.root && out->count < SUSPECTS_MAX)
		out->at[out->count++] = best;
}

static void add_created(void *context, void *entry)
{
	struct suspects *out = context;
	const struct created *created = entry;

	for (size_t i = 0; i < out->count; i++) {
		const struct suspect *one = &out->at[i];
		struct root *root = one->root;
		if (memcmp(one->hand->key, created->hand, sizeof(created->hand)) != 0 ||
		    !suspect_acts_from(one, created->network, &created->address))
			continue;
		root->milli_units += created->milli_units + created->level;
		bool is_first = !root->created || created->first.ns < root->created_first.ns ||
				(created->first.ns == root->created_first.ns &&
				 created->evidence.mark < root->created->mark);
		if (is_first) {
			root->created = &created->evidence;
			root->created_first = created->first;
		}
	}
}

void suspects_find(struct hands *hands, struct suspects *out)
{
	size_t count;
	struct identity **all = credentials_sorted(hands_credentials(hands), &count);

	out->root_count = out->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct stolen stolen = credentials_judge(hands_credentials(hands), all[i]);
		if (stolen.confidence >= CONFIDENCE_LEAST)
			add_root(out, all[i], &stolen);
	}
	all = identities_sorted(hands_identities(hands), &count);
	for (size_t i = 0; i < count && out->root_count > 0; i++)
		judge_hand(hands, all[i], out);
	hands_each_created(hands, add_created, out);
}
