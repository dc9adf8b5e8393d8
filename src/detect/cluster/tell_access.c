/* Secrets and tokens taken by one hand, more than it ever did; asking for rights, then using them.
 */
#include <inttypes.h>
#include <string.h>

#include "detect/cluster/remedy.h"
#include "detect/cluster/tell.h"
#include "detect/cluster/who.h"

enum { NAMES_SHOWN = 5, SOON_S = 3600, KEYS_REVOKED = 2 };

/* -- secrets -- */

static void tell_steady(const struct telling *t, struct finding *out, const struct hand *hand)
{
	if (hand->actor->standing >= STANDING_CONSOLE)
		finding_add_reason(out, STR("nobody had logged in: each of them counts"));
	else if (who_days(hand->actor->secret_days) > 1)
		finding_add_reason(out, arena_printf(t->arena,
						     "it read secrets on %u days of these records, "
						     "but never nearly as many at once",
						     who_days(hand->actor->secret_days)));
	else
		finding_add_reason(out,
				   STR("on no other day of these records did it read any, and "
				       "it does not behave as a controller, which watches what "
				       "it works with"));
}

static struct str title_of(const struct telling *t, const struct hand *hand,
			   const struct deed *read, bool has_all)
{
	struct str who = tell_who(t, hand->actor);

	if (!read)
		return has_all ? arena_printf(t->arena,
					      "The secrets of all namespaces were listed by %.*s",
					      STR_ARG(who))
			       : arena_printf(t->arena, "Tokens of others were made by %.*s",
					      STR_ARG(who));
	if (distinct_count(&read->things) == 1)
		return arena_printf(t->arena, "A secret was read by %.*s", STR_ARG(who));
	struct str count = tell_count(t, &read->things);
	return arena_printf(t->arena, "%.*s secrets were read by %.*s", STR_ARG(count),
			    STR_ARG(who));
}

static void tell_read(const struct telling *t, struct finding *out, const struct deed *read,
		      const struct hand *hand)
{
	struct str names = tell_names(t, read, NAMES_SHOWN), count = tell_count(t, &read->things);

	finding_add_reason(out, arena_printf(t->arena, "secrets it read: %.*s (%.*s)",
					     STR_ARG(count), STR_ARG(names)));
	if (hand->sweep_most > 1)
		finding_add_reason(out, arena_printf(t->arena, "%" PRIu64 " of them within minutes",
						     hand->sweep_most));
	tell_deed(out, read);
	tell_name_fact(t, out, "secrets", read);
	tell_resources(t, out, "secret", read);
	facts_add_number(&out->facts, "secrets_read", distinct_count(&read->things));
}

static void tell_others(const struct telling *t, struct finding *out, const struct hash_pair *key)
{
	static const struct {
		enum deed_kind kind;
		const char *text;
	} rows[] = {
		{DEED_LISTS, "it listed secrets with what is in them, of"},
		{DEED_TOKENS, "it had tokens made for the service accounts"},
		{DEED_CONFIGS, "it read the config maps"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct deed *deed = memory_find_deed(t->memory, key, rows[i].kind, 0);
		if (!deed)
			continue;
		struct str names = tell_names(t, deed, NAMES_SHOWN);
		finding_add_reason(
			out, arena_printf(t->arena, "%s: %.*s", rows[i].text, STR_ARG(names)));
		if (rows[i].kind != DEED_CONFIGS)
			tell_deed(out, deed);
		if (rows[i].kind == DEED_TOKENS)
			tell_resources(t, out, "service account", deed);
	}
}

static void tell_sweep(const struct telling *t, const struct actor *actor)
{
	struct memory *m = t->memory;
	const struct hand hand = weight_hand(m, actor);
	const struct deed *read = memory_find_deed(m, &actor->key, DEED_SECRETS, 0);
	const struct deed *lists = memory_find_deed(m, &actor->key, DEED_LISTS, 0);
	const struct key_set keys = tell_keys_of(t, actor);
	struct claim claim = {.doing = "secrets",
			      .verdict = VERDICT_ACCESS,
			      .severity = SEVERITY_HIGH,
			      .confidence = actor->standing >= STANDING_CONSOLE ? 0.95 : 0.7,
			      .techniques = {"T1552.007", "T1528"}};
	struct finding out;

	if (hand.sweep == SWEEP_NONE)
		return;
	if (hand.sweep == SWEEP_SIGNAL) {
		claim.verdict = VERDICT_SIGNAL;
		claim.severity = SEVERITY_LOW;
		claim.confidence = 0.3;
	}
	tell_begin(&out, &claim, actor, false);
	out.title = title_of(t, &hand, read, lists && (lists->flags & LISTED_ALL));
	if (read)
		tell_read(t, &out, read, &hand);
	tell_others(t, &out, &actor->key);
	tell_steady(t, &out, &hand);
	if (keys.count > 0)
		finding_add_reason(&out, STR("access keys of a cloud lie in what it read"));
	tell_keys(t, &out, &keys);
	for (uint32_t i = 0; i < keys.count && i < KEYS_REVOKED; i++)
		remedy_key(&out, arena_copy(t->arena, str_from(keys.at[i])), t->arena);
	remedy_binding(&out, str_from(actor->binding), t->arena);
	remedy_account(&out, str_from(actor->identity), t->arena);
	finding_add_action(&out,
			   (struct action){.text = STR("Replace what these secrets hold: who "
						       "read them can use it from anywhere")});
	tell_end(t, &out);
}

/* -- rights -- */

static bool comes_soon(const struct deed *before, const struct deed *after)
{
	return after->last.ns >= before->first.ns &&
	       instant_since(after->first, before->last).ns <= DURATION_S(SOON_S).ns;
}

static void tell_probing(const struct telling *t, const struct actor *actor)
{
	struct memory *m = t->memory;
	const struct hand hand = weight_hand(m, actor);
	const struct deed *starts = memory_find_deed(m, &actor->key, DEED_STARTS, 0);
	const struct deed *refused = memory_find_deed(m, &actor->key, DEED_DENIED, 0);
	const struct deed *reviews = memory_find_deed(m, &actor->key, DEED_REVIEWS, 0);
	const struct deed *asked = refused ? refused : reviews;
	const bool is_account = actor->standing == STANDING_ACCOUNT;
	const struct claim claim = {.doing = "probing",
				    .verdict = is_account ? VERDICT_ACCESS : VERDICT_SIGNAL,
				    .severity = is_account ? SEVERITY_MEDIUM : SEVERITY_LOW,
				    .confidence = is_account ? 0.6 : 0.3,
				    .techniques = {"T1613", "T1069", "T1610"}};
	struct finding out;

	if (!hand.has_probed || !asked || !starts || !comes_soon(asked, starts))
		return;
	tell_begin(&out, &claim, actor, false);
	struct str who = tell_who(t, actor);
	out.title =
		arena_printf(t->arena, "Rights were tried out and then used by %.*s", STR_ARG(who));
	if (refused) {
		struct str names = tell_names(t, refused, NAMES_SHOWN);
		finding_add_reason(&out,
				   arena_printf(t->arena, "it was refused: %.*s", STR_ARG(names)));
		tell_deed(&out, refused);
	}
	if (reviews) {
		struct str count = tell_count(t, &reviews->requests);
		finding_add_reason(&out,
				   arena_printf(t->arena, "it asked %.*s times what it may do",
						STR_ARG(count)));
		tell_deed(&out, reviews);
	}
	struct str names = tell_names(t, starts, NAMES_SHOWN);
	finding_add_reason(
		&out, arena_printf(t->arena, "then it started or changed: %.*s", STR_ARG(names)));
	tell_deed(&out, starts);
	tell_resources(t, &out, "workload", starts);
	remedy_binding(&out, str_from(actor->binding), t->arena);
	if (is_account)
		remedy_account(&out, str_from(actor->identity), t->arena);
	tell_end(t, &out);
}

/* Every installation gives its own account rights; all rights, and then pods, are worth a look. */
static void tell_rights(const struct telling *t, const struct actor *actor,
			const struct deed *rights)
{
	static const struct claim claim = {.doing = "rights",
					   .verdict = VERDICT_SIGNAL,
					   .severity = SEVERITY_LOW,
					   .confidence = 0.3,
					   .techniques = {"T1098.006"}};
	const struct deed *starts = memory_find_deed(t->memory, &actor->key, DEED_STARTS, 0);
	struct finding out;

	if (who_controls(actor))
		return;
	tell_begin(&out, &claim, actor, false);
	struct str who = tell_who(t, actor), names = tell_names(t, rights, NAMES_SHOWN);
	out.title =
		arena_printf(t->arena, "All rights there are were given out by %.*s", STR_ARG(who));
	finding_add_reason(&out, arena_printf(t->arena, "it made or changed %.*s", STR_ARG(names)));
	tell_deed(&out, rights);
	tell_resources(t, &out, "binding or role", rights);
	if (starts && comes_soon(rights, starts)) {
		struct str started = tell_names(t, starts, NAMES_SHOWN);
		finding_add_reason(&out, arena_printf(t->arena,
						      "within the hour it started or changed: %.*s",
						      STR_ARG(started)));
		finding_add_technique(&out, STR("T1610"));
		tell_deed(&out, starts);
	}
	remedy_show(&out, "Look at it", "clusterrolebinding,clusterrole,rolebinding,role",
		    str_from(rights->names[0].text), t->arena);
	tell_end(t, &out);
}

void tell_access(const struct telling *t)
{
	const struct memory *m = t->memory;
	const struct hash_pair *told = NULL;

	for (size_t i = 0; i < m->deed_count; i++) {
		const struct deed *deed = m->deed_list[i];
		const struct actor *actor = memory_find_actor(t->memory, &deed->key.actor);
		const bool is_secret = deed->key.kind == DEED_SECRETS ||
				       deed->key.kind == DEED_LISTS ||
				       deed->key.kind == DEED_TOKENS;
		if (!actor)
			continue;
		if (is_secret && (!told || memcmp(told, &deed->key.actor, sizeof(*told)) != 0)) {
			told = &deed->key.actor;
			tell_sweep(t, actor);
		}
		if (deed->key.kind == DEED_STARTS)
			tell_probing(t, actor);
		if (deed->key.kind == DEED_RIGHTS && actor->standing < STANDING_CONSOLE)
			tell_rights(t, actor, deed);
	}
}
