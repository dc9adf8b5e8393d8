/* Secrets, tokens, config maps, and keys in what was answered. */
#include <string.h>

#include "detect/cluster/reading.h"

enum {
	ITEMS_MOST = 1024,
	SWEEP_CLASS_FROM = 3, /* secrets: from here on it is kept longer */
	DAY_S = 86400,
	DAYS_KEPT = 64,
};

static bool is_verb(const struct record_act *act, const char *verb)
{
	return str_equal(act->action, str_from(verb));
}

static bool is_resource(const struct record_act *act, const char *resource)
{
	return str_equal(act->resource, str_from(resource));
}

static int64_t floor_div(int64_t value, int64_t by)
{
	return value >= 0 ? value / by : -((-(value + 1)) / by) - 1;
}

static void note_time(struct reading *r, struct str thing)
{
	const int64_t second = floor_div(r->request.time.ns, 1000000000);
	const struct window_key key = {.actor = r->key, .window = floor_div(second, WINDOW_S)};
	struct actor *actor = reading_actor(r);
	const int64_t day = floor_div(second, DAY_S);

	actor->secret_days |= UINT64_C(1)
			      << (unsigned)(day - floor_div(day, DAYS_KEPT) * DAYS_KEPT);
	struct window *window = memory_window(r->memory, &key, r->request.time);
	distinct_add(&window->secrets, hash_text(thing));
	if (window->secrets.count >= SWEEP_CLASS_FROM)
		memory_weigh_window(r->memory, window, 1);
}

static void note_secret(struct reading *r, struct str thing)
{
	(void)reading_note(r, DEED_SECRETS, thing, 0);
	note_time(r, thing);
}

/* How many there were, and which, where the record has the answer. */
static void note_items(struct reading *r)
{
	struct json_value item = json_first(json_member(r->act->response, STR("items")));
	char scratch[2][NAME_SHOWN], at[NAME_SHOWN];

	for (size_t i = 0; i < ITEMS_MOST && json_exists(item); i++, item = json_next(item)) {
		struct json_value metadata = json_member(item, STR("metadata"));
		const struct record_act named = {
			.namespace = json_text(json_member(metadata, STR("namespace")), scratch[0],
					       NAME_SHOWN),
			.name = json_text(json_member(metadata, STR("name")), scratch[1],
					  NAME_SHOWN),
		};
		if (named.name.len > 0)
			note_secret(r, reading_thing(&named, at, sizeof(at)));
	}
}

/* Programs of people and scripts; what is made to run in a pod has a name of its own. */
static bool is_by_hand(struct str agent)
{
	static const struct str starts[] = {STR("kubectl"), STR("curl"),   STR("Wget"),
					    STR("wget"),    STR("python"), STR("k9s"),
					    STR("peirates")};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (str_starts(agent, starts[i]))
			return true;
	return false;
}

static void take_secrets(struct reading *r)
{
	char at[NAME_SHOWN];
	struct str thing = reading_thing(r->act, at, sizeof(at));
	struct deed *deed;

	if (is_verb(r->act, "get") && r->act->name.len > 0) {
		/* helm keeps what it installed in secrets, a dashboard its keys */
		const bool is_own = str_starts(r->act->name, STR("sh.helm.release.v1.")) ||
				    (r->standing == STANDING_CONSOLE &&
				     str_starts(r->act->name, STR("kubernetes-dashboard")));
		if (!is_own)
			note_secret(r, thing);
		return;
	}
	if (!is_verb(r->act, "list") && !is_verb(r->act, "watch"))
		return;
	/* asked for by name, as kubelets and clients of one secret do; or helm for its own */
	if (r->act->name.len > 0 || str_find(r->act->uri, STR("owner%3Dhelm")) >= 0)
		return;
	deed = reading_note(r, DEED_LISTS,
			    r->act->namespace.len > 0 ? r->act->namespace : STR("all namespaces"),
			    r->act->namespace.len > 0 ? 0 : 1);
	if (r->act->namespace.len == 0)
		deed->flags |= LISTED_ALL | (is_by_hand(r->act->user_agent) ? LISTED_BY_HAND : 0u);
	note_items(r);
}

static void take_keys(struct reading *r)
{
	struct key_set ids = {.count = 0};
	char at[NAME_SHOWN];
	const bool is_read = is_verb(r->act, "get") || is_verb(r->act, "list");

	if (!is_read || (!is_resource(r->act, "pods") && !is_resource(r->act, "secrets") &&
			 !is_resource(r->act, "configmaps")))
		return;
	key_set_find(&ids, r->act->response);
	if (ids.count == 0)
		return;
	struct deed *deed = reading_note(r, DEED_KEYS, reading_thing(r->act, at, sizeof(at)), 1);
	key_set_join(&deed->keys, &ids);
}

void reading_take_secrets(struct reading *r)
{
	char at[NAME_SHOWN];

	if (is_resource(r->act, "secrets") && r->act->subresource.len == 0)
		take_secrets(r);
	else if (is_resource(r->act, "serviceaccounts") && is_verb(r->act, "create") &&
		 str_equal(r->act->subresource, STR("token")))
		(void)reading_note(r, DEED_TOKENS, reading_thing(r->act, at, sizeof(at)), 0);
	else if (is_resource(r->act, "configmaps") && is_verb(r->act, "get"))
		(void)reading_note(r, DEED_CONFIGS, reading_thing(r->act, at, sizeof(at)), 0);
	take_keys(r);
}
