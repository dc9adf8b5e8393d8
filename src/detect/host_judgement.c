#include "detect/host_judgement.h"

static void weigh_algorithm(struct weighing *w, const struct sign *sign)
{
	if (!sign->algorithm ||
	    (w->algorithm && (sign->weight < w->weight ||
			      (sign->weight == w->weight && sign->strength <= w->certainty))))
		return;
	w->algorithm = sign->algorithm;
	w->weight = sign->weight;
	w->certainty = sign->strength;
}

/* "rx" and "rx/0" are one family; "rx" and "rxx" are not. */
static bool is_same_algorithm(const char *one, const char *other)
{
	struct str a = str_from(one), b = str_from(other), rest;

	str_cut(a, '/', &a, &rest);
	str_cut(b, '/', &b, &rest);
	return str_equal(a, b);
}

/*
 * Code that others run as well, and memory that is laid out for one use of it: a node that checks
 * blocks, or Tor, has no dataset, and who merely holds 2080 MiB does not run RandomX's code. The
 * two together are as good as code that only miners have.
 */
static bool do_agree(const struct signs *signs)
{
	for (size_t i = 0; i < signs->count; i++) {
		const struct sign *code = &signs->at[i];
		if (code->family != FAMILY_CODE || code->weight < SIGN_LOOKS_ALIKE ||
		    !code->algorithm)
			continue;
		for (size_t k = 0; k < signs->count; k++) {
			const struct sign *memory = &signs->at[k];
			if (memory->family == FAMILY_MEMORY && memory->weight >= SIGN_STRONG &&
			    memory->algorithm &&
			    is_same_algorithm(code->algorithm, memory->algorithm))
				return true;
		}
	}
	return false;
}

static void take_code(struct weighing *w)
{
	w->families += w->strength[FAMILY_CODE] == 0;
	if (w->alike > w->strength[FAMILY_CODE])
		w->strength[FAMILY_CODE] = w->alike;
}

struct weighing host_weigh(const struct signs *signs, bool with_network)
{
	struct weighing w = {0};

	for (size_t i = 0; i < signs->count; i++) {
		const struct sign *sign = &signs->at[i];
		if (sign->family == FAMILY_NETWORK && !with_network)
			continue;
		weigh_algorithm(&w, sign);
		if (sign->family == FAMILY_NETWORK) {
			w.has_session |= sign->weight == SIGN_SPECIFIC;
			w.serves |= sign->weight == SIGN_LOOKS_ALIKE;
			if (sign->weight == SIGN_LOOKS_ALIKE)
				continue;
		}
		if (sign->weight == SIGN_LOOKS_ALIKE) {
			w.looks_alike = true;
			w.runs_alike |= !sign->is_at_rest;
			w.alike = sign->strength > w.alike ? sign->strength : w.alike;
		}
		if (sign->weight < SIGN_STRONG || sign->family >= FAMILY_COUNT)
			continue;
		w.has_specific |= sign->weight == SIGN_SPECIFIC;
		w.families += w.strength[sign->family] == 0;
		if (sign->strength > w.strength[sign->family])
			w.strength[sign->family] = sign->strength;
	}
	if (!w.has_specific && do_agree(signs)) {
		w.has_specific = true;
		take_code(&w);
	}
	/* what others run as well is not run for something else by who speaks with a pool */
	if (w.has_session && w.runs_alike)
		take_code(&w);
	return w;
}

/* Families err independently, so that all must err for the claim to be wrong. */
static double joined(const struct weighing *w)
{
	double wrong = 1;

	for (int i = 0; i < FAMILY_COUNT; i++)
		wrong *= 1 - w->strength[i];
	return wrong < 0.01 ? 0.99 : 1 - wrong;
}

struct judgement host_judge(const struct weighing *w, const struct process *process)
{
	if (w->has_specific && w->families >= 2)
		return (struct judgement){VERDICT_MINING, SEVERITY_HIGH, joined(w), "working", ""};
	if (w->has_session)
		return (struct judgement){
			VERDICT_SUSPECT, SEVERITY_MEDIUM, 0.6, "working",
			"the work itself was not seen in it: a proxy or a tunnel that passes on "
			"what others send looks so, and so does a miner on a graphics card"};
	if (w->has_specific)
		return (struct judgement){
			VERDICT_SUSPECT, SEVERITY_MEDIUM, 0.6, "attempted",
			"this was seen by one kind of evidence alone; a node that "
			"checks blocks, or a miner that has just begun, looks so"};
	if (w->looks_alike && w->strength[FAMILY_RHYTHM] > 0)
		return (struct judgement){
			VERDICT_SUSPECT, SEVERITY_LOW, 0.3 + 0.2 * w->alike, "attempted",
			"legitimate programs run such code as well: it is mining only if "
			"nobody here wanted it to run"};
	if (w->families >= 2)
		return (struct judgement){VERDICT_SUSPECT, SEVERITY_MEDIUM, 0.5, "attempted",
					  "nothing that was seen is found in miners alone"};
	if (process->flags & PROCESS_NOT_LISTED)
		return (struct judgement){
			VERDICT_SUSPECT, SEVERITY_HIGH, 0.5, "attempted",
			"that it mines was not seen, but what hides has a reason: look for a mount "
			"over its folder in /proc (/proc/self/mountinfo), and for a module of the "
			"kernel that nobody installed"};
	if (w->serves)
		return (struct judgement){
			VERDICT_SUSPECT, SEVERITY_LOW, 0.4, "working",
			"a pool, or a proxy that gathers the work of others, may be meant to run "
			"here: ask who set it up"};
	return (struct judgement){0};
}
