/*
 * What was found in small regions of memory. Keys of an algorithm say that its code is loaded, not
 * that it runs: they are of the code's family, so that a node that verifies is not accused twice by
 * one library. A job, a login, a pool's URL say what the code is for.
 */
#include "decode/constants/constants.h"
#include "detect/host_room.h"

struct meaning {
	enum sign_family family;
	enum sign_weight weight;
	double strength;
	const char *reason;
};

static const struct meaning meanings[] = {
	[CONSTANT_ALGORITHM] =
		{FAMILY_CODE, SIGN_LOOKS_ALIKE, 0.7,
		 "RandomX is loaded: keys that its specification fixes are in memory"},
	[CONSTANT_WALLET] = {FAMILY_MEMORY, SIGN_SUPPORTS, 0.3,
			     "a wallet's address with a right checksum is in its memory"},
	[CONSTANT_POOL_URL] = {FAMILY_MEMORY, SIGN_SUPPORTS, 0.5,
			       "the address of a mining pool is in its memory"},
	[CONSTANT_MESSAGE] = {FAMILY_MEMORY, SIGN_STRONG, 0.8,
			      "messages between a miner and a pool are in its memory"},
	[CONSTANT_SETTING] = {FAMILY_MEMORY, SIGN_STRONG, 0.6,
			      "several options that only miners have are in its memory"},
};
enum { MEANINGS = sizeof(meanings) / sizeof(*meanings) };

/*
 * What lies in a program's file is what it knows: security tools, pools and browsers carry the
 * words of miners. What it wrote into its memory is what it says or hears.
 */
static bool is_written(const struct workload *w, uint64_t address)
{
	for (size_t i = 0; i < w->mapping_count; i++)
		if (address >= w->mappings[i].start && address < w->mappings[i].end)
			return w->mappings[i].flags & MAPPING_WRITE;
	return false;
}

/*
 * A tunnel has in its memory what it passes on, and whoever sends through it chooses what that is:
 * no second witness beside the session. Words are counted wherever they lie.
 */
static bool may_be_of_session(const struct workload *w, const struct constant_hit *hit)
{
	return w->session_count > 0 &&
	       (hit->kind == CONSTANT_MESSAGE || hit->kind == CONSTANT_SETTING ||
		is_written(w, hit->address));
}

/* One sign a kind; the first text of it is quoted. */
static void judge(const struct workload *workload, struct arena *scratch, struct signs *out)
{
	unsigned told = 0;

	for (size_t i = 0; i < workload->constant_count; i++) {
		const struct constant_hit *hit = &workload->constants[i];
		if (hit->kind >= MEANINGS || !meanings[hit->kind].reason ||
		    (told & 1u << hit->kind))
			continue;
		if (hit->kind == CONSTANT_MESSAGE && !is_written(workload, hit->address))
			continue;
		told |= 1u << hit->kind;
		const struct meaning *m = &meanings[hit->kind];
		bool is_of_session = may_be_of_session(workload, hit);
		signs_add(out, (struct sign){.family = m->family,
					     .weight = is_of_session ? SIGN_SUPPORTS : m->weight,
					     .is_at_rest = m->family == FAMILY_CODE,
					     .strength = m->strength,
					     .detector = "memory_constants",
					     .algorithm = hit->algorithm,
					     .reason = str_from(m->reason),
					     .quote = hit->text});
	}
}

const struct host_room memory_constants_room = {
	.name = "memory_constants",
	.summary = "Constants of an algorithm, and the words of mining, in memory",
	.judge = judge,
	.is_asked_last = true,
};
