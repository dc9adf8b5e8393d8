#include "decode/record/act_field.h"
#include "decode/record/gcp_parts.h"

/* "projects/_/buckets/B/objects/a/b": an object's name may hold slashes. */
static bool add_object(struct str path, struct record_act *act)
{
	const struct str buckets = STR("/buckets/"), objects = STR("objects/");
	ptrdiff_t at = str_find(path, buckets);
	struct str bucket, rest;

	if (at < 0)
		return false;
	str_cut(str_skip(path, (size_t)at + buckets.len), '/', &bucket, &rest);
	act_add_resource(act, STR("bucket"), bucket);
	if (str_starts(rest, objects))
		act_add_resource(act, STR("object"), str_skip(rest, objects.len));
	return true;
}

static struct str type_of(struct str collection)
{
	static const struct act_pair types[] = {
		{STR("instances"), STR("instance")},
		{STR("instanceTemplates"), STR("instance-template")},
		{STR("instanceGroupManagers"), STR("instance-group")},
		{STR("snapshots"), STR("snapshot")},
		{STR("images"), STR("image")},
		{STR("disks"), STR("disk")},
		{STR("secrets"), STR("secret")},
		{STR("clusters"), STR("cluster")},
		{STR("functions"), STR("function")},
		{STR("serviceAccounts"), STR("service-account")},
		{STR("cryptoKeys"), STR("key")},
		{STR("firewalls"), STR("firewall")},
		{STR("roles"), STR("role")},
		{STR("projects"), STR("project")},
		{STR("organizations"), STR("organization")},
	};

	return act_pair_value(types, sizeof(types) / sizeof(*types), collection);
}

void gcp_resource(struct str path, struct str fallback, struct record_act *act)
{
	struct str head, name, before, collection;

	if (add_object(path, act))
		return;
	act_cut_last(path, '/', &head, &name);
	act_cut_last(head, '/', &before, &collection);
	if (collection.len == 0) /* "projects/p": the first part is the collection */
		collection = before;
	if (str_equal(collection, STR("versions"))) { /* of a secret, of a key */
		path = before;
		act_cut_last(before, '/', &head, &name);
		act_cut_last(head, '/', &before, &collection);
	}
	if (str_equal(collection, STR("keys")) && str_find(path, STR("serviceAccounts/")) >= 0) {
		act_add_resource(act, STR("access-key"), gcp_key_name(path));
		return;
	}
	act_add_resource(act, act_either(type_of(collection), fallback), path);
}
