#include "detect/cluster/rights.h"

enum { ITEMS_MOST = 64 };

static struct json_value member(struct json_value object, const char *key)
{
	return json_member(object, str_from(key));
}

static bool is_anybody(struct json_value subject)
{
	struct json_value name = member(subject, "name");

	return json_text_is(name, STR("system:anonymous")) ||
	       json_text_is(name, STR("system:unauthenticated")) ||
	       json_text_is(name, STR("system:authenticated"));
}

/* Discovery is given to everybody when a cluster is made. */
static bool is_default(struct str name)
{
	static const struct str names[] = {STR("system:public-info-viewer"),
					   STR("system:discovery"), STR("system:basic-user"),
					   STR("system:service-account-issuer-discovery")};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_equal(name, names[i]))
			return true;
	return false;
}

static bool has_star(struct json_value list)
{
	struct json_value item = json_first(list);

	for (size_t i = 0; i < ITEMS_MOST && json_exists(item); i++, item = json_next(item))
		if (json_text_is(item, STR("*")))
			return true;
	return false;
}

static void read_object(struct json_value object, struct rights *out)
{
	struct json_value item = json_first(member(object, "subjects"));

	for (size_t i = 0; i < ITEMS_MOST && json_exists(item); i++, item = json_next(item))
		out->is_for_anybody |= is_anybody(item);
	out->is_everything |=
		json_text_is(member(member(object, "roleRef"), "name"), STR("cluster-admin"));
	item = json_first(member(object, "rules"));
	for (size_t i = 0; i < ITEMS_MOST && json_exists(item); i++, item = json_next(item))
		out->is_everything |=
			has_star(member(item, "verbs")) && has_star(member(item, "resources"));
}

struct rights rights_of(const struct record_act *act)
{
	static const struct str resources[] = {STR("roles"), STR("clusterroles"),
					       STR("rolebindings"), STR("clusterrolebindings")};
	struct rights rights = {0};
	bool is_rights = false;

	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++)
		is_rights |= str_equal(act->resource, resources[i]);
	rights.is_change =
		is_rights &&
		(str_equal(act->action, STR("create")) || str_equal(act->action, STR("update")) ||
		 str_equal(act->action, STR("patch")) || str_equal(act->action, STR("apply")));
	if (!rights.is_change || is_default(act->name))
		return rights;
	read_object(act->request, &rights);
	read_object(act->response, &rights);
	return rights;
}

/*
 * 'KIND "NAME"'; the rest stays. A name with a quote in it is written with a backslash before that,
 * and may be made to read as the rest of the sentence: it is not taken at all.
 */
static bool take_quoted(struct str *rest, struct str *kind, struct str *name)
{
	ptrdiff_t space = str_find(*rest, STR(" \""));

	if (space < 0)
		return false;
	*kind = str_sub(*rest, 0, (size_t)space);
	*rest = str_skip(*rest, (size_t)space + 2);
	return str_cut(*rest, '"', name, rest) && str_find_byte(*name, '\\') < 0 &&
	       str_find_byte(*kind, '\\') < 0;
}

static bool take_literal(struct str *rest, struct str literal)
{
	if (!str_starts(*rest, literal))
		return false;
	*rest = str_skip(*rest, literal.len);
	return true;
}

bool rights_read_reason(struct str reason, struct binding *out)
{
	struct str rest = reason, kind;

	*out = (struct binding){0};
	if (!take_literal(&rest, STR("RBAC: allowed by ")) ||
	    !take_quoted(&rest, &kind, &out->name) || !take_literal(&rest, STR(" of ")) ||
	    !take_quoted(&rest, &out->role_kind, &out->role) || !take_literal(&rest, STR(" to ")) ||
	    !take_quoted(&rest, &out->subject_kind, &out->subject))
		return false;
	out->is_cluster = str_equal(kind, STR("ClusterRoleBinding"));
	if (out->is_cluster)
		return true;
	/* "name/namespace" */
	return str_equal(kind, STR("RoleBinding")) &&
	       str_cut(out->name, '/', &out->name, &out->namespace);
}
