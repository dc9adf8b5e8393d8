/* What anybody may do in a cluster: one finding a cluster, and one a console; its steps in order.
 */
#include <stdlib.h>
#include <string.h>

#include "detect/cluster/remedy.h"
#include "detect/cluster/tell.h"

static const struct {
	const char *does;
	enum severity severity;
} powers[POWER_COUNT] = {
	[POWER_RIGHTS] = {"gave itself or others rights", SEVERITY_CRITICAL},
	[POWER_SECRETS] = {"read secrets", SEVERITY_CRITICAL},
	[POWER_WORKLOADS] = {"started or changed workloads", SEVERITY_CRITICAL},
	[POWER_EXEC] = {"reached into pods or nodes", SEVERITY_CRITICAL},
	[POWER_DELETE] = {"deleted things", SEVERITY_CRITICAL},
	[POWER_WRITE] = {"made or changed things", SEVERITY_HIGH},
	[POWER_READ] = {"read what is in the cluster", SEVERITY_HIGH},
	[POWER_GRANTED] = {"", SEVERITY_HIGH},
};

enum { NAMES_SHOWN = 4 };

static int compare_first(const void *left, const void *right)
{
	const struct deed *a = *(struct deed *const *)left, *b = *(struct deed *const *)right;

	if (a->first.ns != b->first.ns)
		return a->first.ns < b->first.ns ? -1 : 1;
	return (a->key.part > b->key.part) - (a->key.part < b->key.part);
}

static struct str step_of(const struct telling *t, const struct deed *deed)
{
	struct str names = tell_names(t, deed, NAMES_SHOWN);
	struct str time = tell_time(t, deed->first), count = tell_count(t, &deed->requests);
	const char *times = distinct_count(&deed->requests) == 1 ? "once" : "times";

	if (deed->key.part == POWER_GRANTED)
		return arena_printf(t->arena,
				    "%.*s: a binding gave %s to everybody who can reach the "
				    "cluster (%.*s)",
				    STR_ARG(time),
				    deed->flags & 1 ? "all rights there are" : "rights",
				    STR_ARG(names));
	count.len = distinct_count(&deed->requests) == 1 ? 0 : count.len;
	return arena_printf(t->arena, "%.*s: it %s, %.*s%s%s (%.*s)", STR_ARG(time),
			    powers[deed->key.part].does, STR_ARG(count), count.len > 0 ? " " : "",
			    times, STR_ARG(names));
}

static struct actor *actor_of(const struct telling *t, const struct deed *deed)
{
	return memory_find_actor(t->memory, &deed->key.actor);
}

static struct claim claim_of(const struct actor *actor, struct deed **deeds, size_t count)
{
	const bool is_console = actor->standing == STANDING_CONSOLE;
	struct claim claim = {.doing = is_console ? "open console" : "open to anybody",
			      .verdict = VERDICT_EXPOSURE,
			      .confidence = is_console ? 0.9 : 0.97,
			      .techniques = {"T1078.001", "T1133"}};
	bool has_secrets = false, has_workloads = false, is_granted_only = count == 1;

	for (size_t i = 0; i < count; i++) {
		const uint32_t part = deeds[i]->key.part;
		const bool is_all = part == POWER_GRANTED && (deeds[i]->flags & 1);
		enum severity severity = is_all ? SEVERITY_CRITICAL : powers[part].severity;
		claim.severity = severity > claim.severity ? severity : claim.severity;
		has_secrets |= part == POWER_SECRETS;
		has_workloads |= part == POWER_WORKLOADS;
		is_granted_only &= part == POWER_GRANTED;
	}
	if (has_secrets)
		claim.techniques[2] = "T1552.007";
	if (has_workloads)
		claim.techniques[has_secrets ? 3 : 2] = "T1610";
	claim.confidence = is_granted_only ? 0.9 : claim.confidence;
	return claim;
}

static struct str title_of(const struct telling *t, const struct actor *actor, bool is_used)
{
	struct str cluster = tell_shown(t, str_from(actor->cluster));
	const char *in = cluster.len > 0 ? " " : "";

	if (actor->standing == STANDING_CONSOLE) {
		struct str who = tell_who(t, actor);
		return arena_printf(t->arena,
				    "A console of the cluster%s%.*s acts for whoever opens it: "
				    "%.*s",
				    in, STR_ARG(cluster), STR_ARG(who));
	}
	return arena_printf(t->arena, "Anybody %s the cluster%s%.*s without logging in",
			    is_used ? "acted in" : "may act in", in, STR_ARG(cluster));
}

static void tell_one(const struct telling *t, struct deed **deeds, size_t count)
{
	const struct actor *actor = actor_of(t, deeds[0]);
	struct deed *order[POWER_COUNT];
	struct finding out;
	bool is_used = false;

	if (!actor)
		return;
	const struct claim claim = claim_of(actor, deeds, count);
	tell_begin(&out, &claim, actor, true);
	memcpy(order, deeds, count * sizeof(*order));
	qsort(order, count, sizeof(*order), compare_first);
	for (size_t i = 0; i < count; i++) {
		struct deed *deed = order[i];
		const char *type = deed->key.part == POWER_GRANTED ? "binding" : "allowed:";
		is_used |= deed->key.part != POWER_GRANTED;
		tell_deed(&out, deed);
		finding_add_reason(&out, step_of(t, deed));
		tell_resources(t, &out, type, deed);
		if (deed->key.part == POWER_GRANTED)
			remedy_show(&out, "Look at the binding; delete it if nobody here knows why",
				    "clusterrolebinding,rolebinding", str_from(deed->names[0].text),
				    t->arena);
	}
	out.title = title_of(t, actor, is_used);
	if (actor->standing == STANDING_CONSOLE)
		finding_add_reason(&out, STR("who logs in to a console acts by a token of his "
					     "own; this was done by the console's own account"));
	const struct key_set keys = tell_keys_of(t, actor);
	tell_keys(t, &out, &keys);
	const struct deed *secrets = memory_find_deed(t->memory, &actor->key, DEED_SECRETS, 0);
	if (secrets)
		tell_name_fact(t, &out, "secrets", secrets);
	const struct deed *sources = memory_find_deed(t->memory, &actor->key, DEED_SOURCES, 0);
	if (sources) {
		struct str names = tell_names(t, sources, NAMES_SHOWN);
		tell_name_fact(t, &out, "sources", sources);
		if (names.len > 0)
			finding_add_reason(
				&out, arena_printf(t->arena, "it came from %.*s", STR_ARG(names)));
	}
	facts_add_truth(&out.facts, "is_used", is_used);
	remedy_binding(&out, str_from(actor->binding), t->arena);
	finding_add_action(
		&out, (struct action){
			      .text = actor->standing == STANDING_CONSOLE
					      ? STR("Keep the console's service from the outside, "
						    "and its login page on")
					      : STR("Start the API server with "
						    "--anonymous-auth=false, or keep its address "
						    "from the outside")});
	tell_end(t, &out);
}

void tell_open(const struct telling *t)
{
	struct memory *m = t->memory;
	size_t at = 0, count;

	while (at < m->deed_count) {
		struct deed *deed = m->deed_list[at];
		for (count = 1; at + count < m->deed_count; count++) {
			const struct deed *next = m->deed_list[at + count];
			if (next->key.kind != deed->key.kind ||
			    memcmp(&next->key.actor, &deed->key.actor, sizeof(deed->key.actor)) !=
				    0)
				break;
		}
		if (deed->key.kind == DEED_OPEN && count <= POWER_COUNT)
			tell_one(t, m->deed_list + at, count);
		at += count;
	}
}
