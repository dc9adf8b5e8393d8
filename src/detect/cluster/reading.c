#include "detect/cluster/reading.h"

#include <string.h>

#include "detect/cluster/who.h"
#include "model/record_excerpt.h"

static void keep(char *out, size_t cap, struct str text)
{
	text = str_sub(text, 0, cap - 1);
	memset(out, 0, cap);
	if (text.len > 0)
		memcpy(out, text.at, text.len);
}

/* -- who -- */

/*
 * Anybody without a name is one actor, wherever he comes from, and so is a controller, which has a
 * process on each machine of the control plane.
 */
struct hash_pair reading_key(const struct record_act *act, enum standing standing)
{
	const struct str anybody = STR("system:anonymous");
	const bool is_nobody = standing == STANDING_ANONYMOUS;
	const struct str parts[] = {act->account, is_nobody ? anybody : act->identity.name,
				    is_nobody ? (struct str){0} : act->identity.impersonated,
				    standing >= STANDING_COMPONENT ? (struct str){0} : act->source};

	return hash_pair_of(parts, sizeof(parts) / sizeof(*parts));
}

/* 'RBAC: allowed by ClusterRoleBinding "x" of ...', as the server says it. */
static void keep_binding(const struct reading *r, struct actor *actor)
{
	char scratch[BINDING_MAX];
	struct json_value notes = json_member(r->record->whole, STR("annotations"));
	struct json_value why = json_member(notes, STR("authorization.k8s.io/reason"));

	if (!json_exists(why))
		why = json_member(json_member(r->record->whole, STR("labels")),
				  STR("authorization.k8s.io/reason"));
	keep(actor->binding, BINDING_MAX, json_text(why, scratch, sizeof(scratch)));
}

struct actor *reading_actor(struct reading *r)
{
	const struct record_act *act = r->act;
	struct actor *actor = memory_actor(r->memory, &r->key, r->request.time);

	if (!actor->is_known) {
		actor->is_known = true;
		keep(actor->cluster, CLUSTER_MAX, act->account);
		keep(actor->identity, IDENTITY_MAX,
		     r->standing == STANDING_ANONYMOUS ? STR("system:anonymous")
						       : act->identity.name);
		if (r->standing != STANDING_ANONYMOUS)
			keep(actor->impersonated, IDENTITY_MAX, act->identity.impersonated);
		if (r->standing < STANDING_COMPONENT)
			keep(actor->source, SOURCE_MAX, act->source);
		actor->standing = (uint8_t)r->standing;
		actor->is_outside = act->has_address && !address_is_private(&act->address);
		actor->earliest = (struct request){{INT64_MAX}, UINT64_MAX};
	}
	return actor;
}

/* The texts that differ from request to request are those of the earliest deed. */
static void keep_earliest(struct reading *r, struct actor *actor, enum deed_kind kind)
{
	/* a console does its own work as well, which says nothing of who came through it */
	if (r->standing >= STANDING_CONSOLE && kind != DEED_OPEN)
		return;
	/* what others did for anybody says nothing of who anybody is */
	if (r->standing != who_stands(r->act) || !request_before(r->request, actor->earliest))
		return;
	actor->earliest = r->request;
	keep(actor->key_id, KEY_MAX, r->act->identity.key_id);
	keep(actor->session, NAME_SHOWN, r->act->identity.session);
	keep(actor->node, NAME_SHOWN, r->act->identity.instance);
	keep(actor->agent, AGENT_MAX, r->act->user_agent);
	if (r->standing >= STANDING_CONSOLE)
		keep(actor->source, SOURCE_MAX, r->act->source);
	keep_binding(r, actor);
}

/* -- deeds -- */

bool reading_writes(const struct record_act *act)
{
	static const struct str verbs[] = {STR("create"), STR("update"), STR("patch"),
					   STR("apply")};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (str_equal(act->action, verbs[i]))
			return true;
	return false;
}

struct str reading_thing(const struct record_act *act, char *at, size_t cap)
{
	size_t len = 0;
	const struct str parts[] = {act->namespace,
				    act->namespace.len > 0 ? STR("/") : (struct str){0}, act->name};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct str part = str_sub(parts[i], 0, cap - len);
		if (part.len > 0)
			memcpy(at + len, part.at, part.len);
		len += part.len;
	}
	return str_of(at, len);
}

void reading_quote(const struct reading *r, struct quote *out)
{
	CLEANUP(buf_fini) struct buf text = {0};

	record_excerpt(r->record, &text);
	*out = (struct quote){.request = r->request, .offset = r->record->offset};
	keep(out->source, sizeof(out->source), r->record->source);
	keep(out->text, sizeof(out->text), buf_view(&text));
}

struct deed *reading_note(struct reading *r, enum deed_kind kind, struct str thing, unsigned class)
{
	return reading_note_part(r, kind, 0, thing, class);
}

struct deed *reading_note_part(struct reading *r, enum deed_kind kind, uint32_t part,
			       struct str thing, unsigned class)
{
	struct actor *actor = reading_actor(r);
	struct deed *deed = memory_deed(r->memory, &r->key, kind, part, r->request.time);
	struct quote quote;

	keep_earliest(r, actor, kind);
	distinct_add(&deed->requests, r->request.id);
	if (deed->first.ns == 0 || r->request.time.ns < deed->first.ns)
		deed->first = r->request.time;
	if (r->request.time.ns > deed->last.ns)
		deed->last = r->request.time;
	if (thing.len > 0) {
		distinct_add(&deed->things, hash_text(thing));
		deed_add_name(deed, r->request, thing);
	}
	if (deed->quote_count < QUOTES_KEPT ||
	    request_before(r->request, deed->quotes[QUOTES_KEPT - 1].request)) {
		reading_quote(r, &quote);
		deed_add_quote(deed, &quote);
	}
	/* three different ones begin to be a habit: no longer what goes first */
	memory_weigh_deed(r->memory, deed, class > 0 ? class : deed->things.count >= 3);
	return deed;
}
