/* What is told by what was done alone, a row each. */
#include <string.h>

#include "detect/cluster/remedy.h"
#include "detect/cluster/tell.h"
#include "detect/cluster/who.h"

enum { NAMES_SHOWN = 5 };

struct row {
	enum deed_kind kind;
	struct claim claim;
	const char *title;    /* before " by WHO" */
	const char *reason;   /* before ": NAMES" */
	const char *resource; /* of kubectl */
	const char *advice;
	bool is_of_anybody; /* told of anonymous and consoles, too, beside what is open */
	bool is_of_controllers;
};

static const struct row rows[] = {
	{.kind = DEED_METADATA,
	 .claim = {"metadata service",
		   VERDICT_ACCESS,
		   SEVERITY_MEDIUM,
		   0.75,
		   {"T1552.005", "T1609"}},
	 .title = "A pod was made to ask the cloud's metadata service",
	 .reason = "a command run in a pod from outside speaks with the service that gives out "
		   "the node's credentials",
	 .resource = "pod",
	 .advice = "Let pods not reach the metadata service (hop limit 1, or a network policy), "
		   "and replace the node role's sessions",
	 .is_of_anybody = true},
	{.kind = DEED_EVENTS,
	 .claim = {"deleted events", VERDICT_SIGNAL, SEVERITY_MEDIUM, 0.3, {"T1070"}},
	 .title = "The cluster's events were deleted",
	 .reason = "events say what was started and why it failed; they go by themselves after "
		   "an hour, and few have a reason to delete them"},
	{.kind = DEED_WATCHERS,
	 .claim = {"watchers", VERDICT_SIGNAL, SEVERITY_MEDIUM, 0.3, {"T1562.008", "T1546"}},
	 .title = "Who sees every request, or may change it, was changed",
	 .reason = "webhooks and audit sinks that were made, changed or deleted",
	 .resource = "mutatingwebhookconfiguration,validatingwebhookconfiguration",
	 .advice = "Look at where it sends requests"},
	{.kind = DEED_CERTIFICATES,
	 .claim = {"certificates", VERDICT_SIGNAL, SEVERITY_MEDIUM, 0.3, {"T1098"}},
	 .title = "A certificate to log in with was asked for or approved",
	 .reason = "it stays good until it ends, whatever roles are changed",
	 .resource = "csr",
	 .advice = "Look for whom it is"},
	{.kind = DEED_NODE_PROXY,
	 .claim = {"node proxy", VERDICT_SIGNAL, SEVERITY_MEDIUM, 0.3, {"T1609"}},
	 .title = "A node's own interface was used",
	 .reason = "through it commands are run in any pod of the node, and no admission rule "
		   "sees them",
	 .resource = "node",
	 .advice = "Look at what runs there"},
	{.kind = DEED_EPHEMERAL,
	 .claim = {"debug container", VERDICT_SIGNAL, SEVERITY_INFO, 0.2, {"T1609"}},
	 .title = "A container was added to a running pod",
	 .reason = "it shares what the pod has; people do so to look for faults",
	 .resource = "pod",
	 .advice = "Look at it"},
	{.kind = DEED_KEYS,
	 .claim = {"keys in answers", VERDICT_SIGNAL, SEVERITY_MEDIUM, 0.4, {"T1552.007"}},
	 .title = "Access keys of a cloud were in what was read",
	 .reason = "ids of keys stand in the clear in what the cluster answered",
	 .advice = "Give pods a role instead of a key",
	 .is_of_anybody = true},
};

static bool is_told(const struct row *row, const struct actor *actor)
{
	if (actor->standing == STANDING_COMPONENT)
		return false;
	if (actor->standing >= STANDING_CONSOLE)
		return row->is_of_anybody;
	return row->is_of_controllers || !who_controls(actor);
}

static void tell_pod(const struct telling *t, struct finding *out, const struct deed *deed)
{
	struct str namespace, name, thing = str_from(deed->names[0].text);

	if (deed->name_count == 0 || !str_cut(thing, '/', &namespace, &name))
		return;
	facts_add_text(&out->facts, "namespace", arena_copy(t->arena, namespace));
	facts_add_text(&out->facts, "pod", arena_copy(t->arena, name));
}

static void tell_row(const struct telling *t, const struct row *row, const struct deed *deed,
		     const struct actor *actor)
{
	struct claim claim = row->claim;
	struct finding out;

	if (row->kind == DEED_METADATA && (deed->flags & 1)) {
		claim.severity = SEVERITY_HIGH;
		claim.confidence = 0.9;
	}
	tell_begin(&out, &claim, actor, false);
	struct str who = tell_who(t, actor), names = tell_names(t, deed, NAMES_SHOWN);
	struct str count = tell_count(t, &deed->requests);
	out.title = arena_printf(t->arena, "%s by %.*s", row->title, STR_ARG(who));
	finding_add_reason(&out, names.len > 0 ? arena_printf(t->arena, "%s: %.*s", row->reason,
							      STR_ARG(names))
					       : str_from(row->reason));
	finding_add_reason(&out, arena_printf(t->arena, "requests: %.*s", STR_ARG(count)));
	if (row->kind == DEED_METADATA && (deed->flags & 1))
		finding_add_reason(&out, STR("it asked for the credentials themselves"));
	tell_deed(&out, deed);
	const struct key_set keys = tell_keys_of(t, actor);
	tell_keys(t, &out, &keys);
	tell_resources(t, &out, row->resource ? row->resource : "at", deed);
	if (row->resource && strcmp(row->resource, "pod") == 0)
		tell_pod(t, &out, deed);
	if (row->resource && deed->name_count > 0)
		remedy_show(&out, row->advice, row->resource, str_from(deed->names[0].text),
			    t->arena);
	else if (row->advice)
		finding_add_action(&out, (struct action){.text = str_from(row->advice)});
	if (row->kind == DEED_METADATA)
		remedy_account(&out, str_from(actor->identity), t->arena);
	tell_end(t, &out);
}

/* -- commands run in pods -- */

static void tell_exec(const struct telling *t, const struct deed *deed, const struct actor *actor)
{
	const bool mines = deed->key.part == 1, is_open = actor->standing >= STANDING_CONSOLE;
	const bool hides = (deed->flags & (SAYS_ENCODED | SAYS_CONNECTS)) != 0;
	const struct claim claim = {
		.doing = mines ? "mining command" : "command in a pod",
		.verdict = mines			 ? VERDICT_MINER
			   : is_open && deed->flags != 0 ? VERDICT_SUSPECT
							 : VERDICT_SIGNAL,
		.severity = mines || is_open ? SEVERITY_HIGH
			    : hides	     ? SEVERITY_MEDIUM
					     : SEVERITY_LOW,
		.confidence = mines	? 0.9
			      : is_open ? 0.7
					: 0.3,
		.techniques = {"T1609", mines ? "T1496.001" : NULL},
	};
	struct finding out;

	tell_begin(&out, &claim, actor, false);
	struct str who = tell_who(t, actor), names = tell_names(t, deed, NAMES_SHOWN);
	out.title = arena_printf(t->arena, "A command run in a pod %s, by %.*s",
				 mines	 ? "would mine"
				 : hides ? "hides what it does"
					 : "fetches what it runs, or reads credentials",
				 STR_ARG(who));
	finding_add_reason(&out, arena_printf(t->arena, "in %.*s", STR_ARG(names)));
	static const struct {
		uint32_t sign;
		const char *text;
	} reasons[] = {
		{SAYS_POOL, "it names a pool"},
		{SAYS_OPTION, "it has options that only miners have"},
		{SAYS_WALLET, "it holds a wallet with a right checksum"},
		{SAYS_NAME, "it names a known miner"},
		{SAYS_ENCODED, "it decodes what it runs"},
		{SAYS_FETCHES, "it downloads something and runs it"},
		{SAYS_CONNECTS, "it lets a shell speak with another machine"},
		{SAYS_CREDENTIALS, "it reads the pod's credentials"},
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (deed->flags & reasons[i].sign)
			finding_add_reason(&out, str_from(reasons[i].text));
	tell_deed(&out, deed);
	tell_resources(t, &out, "pod", deed);
	tell_pod(t, &out, deed);
	const struct key_set keys = tell_keys_of(t, actor);
	tell_keys(t, &out, &keys);
	remedy_show(&out, "Look at the pod", "pod", str_from(deed->names[0].text), t->arena);
	tell_end(t, &out);
}

/* -- doors, and settings that lie there -- */

/* The narrowest of what was seen: a service that is open for a moment is told while it is. */
static bool is_open_wide(const struct deed *deed)
{
	for (uint32_t flags = 0; flags < 8; flags++)
		if ((deed->flags & (1u << 8 << flags)) && !(flags & 3))
			return true;
	return false;
}

static void tell_console(const struct telling *t, const struct deed *deed,
			 const struct actor *actor)
{
	const bool is_wide = is_open_wide(deed);
	const struct claim claim = {.doing = "console to the outside",
				    .verdict = is_wide ? VERDICT_EXPOSURE : VERDICT_SIGNAL,
				    .severity = is_wide ? SEVERITY_HIGH : SEVERITY_LOW,
				    .confidence = is_wide ? 0.8 : 0.3,
				    .techniques = {"T1133"}};
	struct finding out;

	tell_begin(&out, &claim, actor, false);
	struct str names = tell_names(t, deed, NAMES_SHOWN);
	out.title = arena_printf(t->arena, "A console of the cluster is served to %s: %.*s",
				 is_wide ? "the outside" : "other networks", STR_ARG(names));
	finding_add_reason(&out, STR("a service of type LoadBalancer or NodePort leads to a "
				     "console, which shows and starts whatever its users may"));
	finding_add_reason(&out,
			   is_wide ? STR("no range of addresses, and no mark of an inner load "
					 "balancer, keeps others away")
				   : STR("it is kept to inner networks or to some addresses"));
	finding_add_reason(&out, STR("whether the console asks for a password was not looked at"));
	tell_deed(&out, deed);
	tell_resources(t, &out, "service", deed);
	if (deed->name_count > 0 && is_wide)
		remedy_service(&out, str_from(deed->names[0].text), !((deed->flags >> 8) & 0x0f),
			       t->arena);
	tell_end(t, &out);
}

static void tell_scripts(const struct telling *t, const struct deed *deed,
			 const struct actor *actor)
{
	static const struct claim claim = {.doing = "settings of a miner",
					   .verdict = VERDICT_MINER,
					   .severity = SEVERITY_HIGH,
					   .confidence = 0.85,
					   .techniques = {"T1496.001"}};
	struct finding out;

	tell_begin(&out, &claim, actor, false);
	struct str names = tell_names(t, deed, NAMES_SHOWN), who = tell_who(t, actor);
	out.title = arena_printf(t->arena,
				 "Settings of a miner lie in the cluster, put there by "
				 "%.*s",
				 STR_ARG(who));
	finding_add_reason(&out, arena_printf(t->arena, "config maps: %.*s", STR_ARG(names)));
	finding_add_reason(&out,
			   STR("they name a pool or a wallet, and what only miners are told"));
	tell_deed(&out, deed);
	tell_resources(t, &out, "config map", deed);
	remedy_show(&out, "Look at it, and at which pods mount it", "configmap",
		    str_from(deed->names[0].text), t->arena);
	tell_end(t, &out);
}

void tell_deeds(const struct telling *t)
{
	const struct memory *m = t->memory;

	for (size_t i = 0; i < m->deed_count; i++) {
		const struct deed *deed = m->deed_list[i];
		const struct actor *actor = memory_find_actor(t->memory, &deed->key.actor);
		if (!actor)
			continue;
		for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
			if (rows[k].kind == deed->key.kind && is_told(&rows[k], actor))
				tell_row(t, &rows[k], deed, actor);
		if (deed->key.kind == DEED_EXEC)
			tell_exec(t, deed, actor);
		if (deed->key.kind == DEED_CONSOLE)
			tell_console(t, deed, actor);
		if (deed->key.kind == DEED_SCRIPTS)
			tell_scripts(t, deed, actor);
	}
}
