/* What is put into the cluster to run, and the settings of miners that lie in it. */
#include <string.h>

#include "detect/cluster/reading.h"
#include "detect/cluster/weight.h"
#include "detect/cluster/who.h"

enum { DAY_S = 86400, DAYS_KEPT = 64, VALUES_MOST = 64, VALUE_MOST = 16 * 1024 };

static const struct {
	struct str resource;
	const char *kind;
} kinds[] = {
	{STR("pods"), "Pod"},
	{STR("deployments"), "Deployment"},
	{STR("daemonsets"), "DaemonSet"},
	{STR("statefulsets"), "StatefulSet"},
	{STR("replicasets"), "ReplicaSet"},
	{STR("replicationcontrollers"), "ReplicationController"},
	{STR("jobs"), "Job"},
	{STR("cronjobs"), "CronJob"},
	{STR("podtemplates"), "PodTemplate"},
};

static void keep(char *out, size_t cap, struct str text)
{
	text = str_sub(text, 0, cap - 1);
	memset(out, 0, cap);
	if (text.len > 0)
		memcpy(out, text.at, text.len);
}

static const char *kind_of(const struct record_act *act)
{
	const bool is_whole = act->subresource.len == 0;
	const bool is_debug = str_equal(act->subresource, STR("ephemeralcontainers"));

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (str_equal(act->resource, kinds[i].resource))
			return is_whole || is_debug ? kinds[i].kind : NULL;
	return NULL;
}

/* -- what is kept of it -- */

static void keep_texts(const struct reading *r, const struct pod_shape *shape, const char *kind,
		       struct str name, struct workload_seen *w)
{
	w->earliest = r->request;
	w->replicas = shape->replicas;
	keep(w->kind, sizeof(w->kind), str_from(kind));
	keep(w->namespace, sizeof(w->namespace), r->act->namespace);
	keep(w->name, sizeof(w->name), name);
	memcpy(w->image, shape->image, sizeof(w->image));
	memcpy(w->service_account, shape->service_account, sizeof(w->service_account));
	memcpy(w->node, shape->node, sizeof(w->node));
	memcpy(w->owner_kind, shape->owner_kind, sizeof(w->owner_kind));
	memcpy(w->owner, shape->owner, sizeof(w->owner));
	memcpy(w->secrets, shape->secrets, sizeof(w->secrets));
	w->secret_count = shape->secret_count;
	memcpy(w->pool, shape->look.pool, sizeof(w->pool));
	memcpy(w->wallet, shape->look.wallet, sizeof(w->wallet));
	w->coin = shape->look.coin;
	reading_quote(r, &w->quote);
}

static void note_image(struct reading *r, const struct hash_pair *key)
{
	struct image_seen *image = memory_image(r->memory, key, r->request.time);

	if (image->first.ns == 0 || r->request.time.ns < image->first.ns)
		image->first = r->request.time;
	image->by_somebody |= r->standing != STANDING_COMPONENT;
}

static void note_images(struct reading *r, const struct pod_shape *shape,
			struct hash_pair *image_key, struct hash_pair *use_key)
{
	const struct str image = str_from(shape->image);
	const struct str parts[] = {r->act->account, image, r->act->namespace};

	*image_key = hash_pair_of(parts, 2);
	*use_key = hash_pair_of(parts, 3);
	if (image.len == 0)
		return;
	note_image(r, image_key);
	note_image(r, use_key);
}

static void note_day(struct reading *r)
{
	/* of the person, from wherever: who installs things does not always sit in one place */
	struct record_act anywhere = *r->act;
	struct reading person = *r;
	const int64_t day = r->request.time.ns / 1000000000 / DAY_S;

	anywhere.source = (struct str){0};
	person.act = &anywhere;
	person.key = reading_key(&anywhere, r->standing);
	reading_actor(&person)->days |= UINT64_C(1) << (unsigned)(day < 0 ? 0 : day % DAYS_KEPT);
}

static void note_workload(struct reading *r, const struct pod_shape *shape, const char *kind)
{
	const struct str name = r->act->name.len > 0 ? r->act->name : str_from(shape->name);
	const struct str thing[] = {str_from(kind), r->act->namespace, name};
	const struct workload_key key = {.actor = r->key,
					 .thing = hash_pair_of(thing, 3),
					 .form = shape->form,
					 .signs = shape->look.signs};
	struct hash_pair image_key, use_key;

	note_images(r, shape, &image_key, &use_key);
	struct weight weight = weight_of(kind, r->act->namespace, shape->form, shape->look.signs);
	if (!weight_is_kept(&weight) && r->standing < STANDING_CONSOLE)
		return;
	(void)reading_actor(r);
	struct workload_seen *w = memory_workload(r->memory, &key, r->request.time);
	if (!w->kind[0] || request_before(r->request, w->earliest)) {
		keep_texts(r, shape, kind, name, w);
		w->image_key = image_key;
		w->use_key = use_key;
	}
	if (r->request.time.ns > w->last.ns)
		w->last = r->request.time;
	key_set_find(&w->keys, r->act->request);
	const unsigned class = weight.mines ? 2 : weight.what >= 2 ? 1 : 0;
	memory_weigh_workload(r->memory, w, class);
	if (class > 0 && r->standing == STANDING_COMPONENT) {
		const struct hash_pair pod =
			reading_pod_key(r->act->account, r->act->namespace, name);
		memory_weigh_pod(r->memory, memory_pod(r->memory, &pod, r->request.time), class);
	}
}

/* -- config maps -- */

static void take_scripts(struct reading *r)
{
	struct json_value item = json_first(json_member(r->act->request, STR("data")));
	struct command_look look = {0};
	char scratch[VALUE_MOST], at[NAME_SHOWN];

	for (size_t i = 0; i < VALUES_MOST && json_exists(item); i++, item = json_next(item))
		command_look(&look, json_text(item, scratch, sizeof(scratch)));
	if (command_look_mines(look.signs)) {
		struct deed *deed =
			reading_note(r, DEED_SCRIPTS, reading_thing(r->act, at, sizeof(at)), 2);
		deed->flags |= look.signs;
	}
}

void reading_take_workload(struct reading *r)
{
	const char *kind = kind_of(r->act);
	struct pod_shape shape = {0};
	char at[NAME_SHOWN];

	if (!reading_writes(r->act))
		return;
	if (str_equal(r->act->resource, STR("configmaps")) && r->standing != STANDING_COMPONENT)
		take_scripts(r);
	if (!kind)
		return;
	pod_shape_read(&shape, r->act->request);
	pod_shape_read(&shape, r->act->response);
	if (r->standing != STANDING_COMPONENT) {
		struct str thing = reading_thing(r->act, at, sizeof(at));
		(void)reading_note(r, DEED_STARTS, thing, 0);
		if (str_equal(r->act->subresource, STR("ephemeralcontainers")))
			(void)reading_note(r, DEED_EPHEMERAL, thing, 0);
		note_day(r);
	}
	if (shape.form != 0)
		note_workload(r, &shape, kind);
}
