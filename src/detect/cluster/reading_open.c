/*
 * What anybody may do: by what system:anonymous, or the own account of a console, was seen to do,
 * and by the bindings that were made for them. Health, version and discovery are open by design,
 * as is the page of kube-public that new nodes read.
 */
#include <string.h>

#include "detect/cluster/reading.h"
#include "detect/cluster/rights.h"
#include "detect/cluster/who.h"

struct power_rule {
	const char *resource; /* NULL: any */
	const char *subresource;
	uint32_t verbs;
	enum power power;
};

enum verb { READS = 1, WRITES = 2, DELETES = 4, CREATES = 8 };

/* The first that fits. */
static const struct power_rule rules[] = {
	{"secrets", NULL, READS, POWER_SECRETS},
	{"serviceaccounts", "token", CREATES, POWER_SECRETS},
	{NULL, "exec", READS | WRITES, POWER_EXEC},
	{NULL, "attach", READS | WRITES, POWER_EXEC},
	{NULL, "portforward", READS | WRITES, POWER_EXEC},
	{NULL, "proxy", READS | WRITES, POWER_EXEC},
	{"roles", NULL, WRITES, POWER_RIGHTS},
	{"clusterroles", NULL, WRITES, POWER_RIGHTS},
	{"rolebindings", NULL, WRITES, POWER_RIGHTS},
	{"clusterrolebindings", NULL, WRITES, POWER_RIGHTS},
	{"pods", NULL, WRITES, POWER_WORKLOADS},
	{"deployments", NULL, WRITES, POWER_WORKLOADS},
	{"daemonsets", NULL, WRITES, POWER_WORKLOADS},
	{"statefulsets", NULL, WRITES, POWER_WORKLOADS},
	{"replicasets", NULL, WRITES, POWER_WORKLOADS},
	{"replicationcontrollers", NULL, WRITES, POWER_WORKLOADS},
	{"jobs", NULL, WRITES, POWER_WORKLOADS},
	{"cronjobs", NULL, WRITES, POWER_WORKLOADS},
	{NULL, NULL, DELETES, POWER_DELETE},
	{NULL, NULL, WRITES, POWER_WRITE},
	{NULL, NULL, READS, POWER_READ},
};

static uint32_t verb_of(const struct record_act *act)
{
	if (str_equal(act->action, STR("get")) || str_equal(act->action, STR("list")) ||
	    str_equal(act->action, STR("watch")) || str_equal(act->action, STR("head")))
		return READS;
	if (str_starts(act->action, STR("delete")))
		return DELETES;
	if (str_equal(act->action, STR("create")) || str_equal(act->action, STR("post")))
		return WRITES | CREATES;
	return WRITES;
}

static bool is_harmless_path(struct str uri)
{
	static const struct str starts[] = {STR("healthz"),	STR("livez"),  STR("readyz"),
					    STR("version"),	STR("api"),    STR("openapi"),
					    STR(".well-known"), STR("openid"), STR("swagger"),
					    STR("favicon"),	STR("?")};

	/* Google's records leave the slash out */
	uri = str_skip(uri, str_starts(uri, STR("/")));
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (str_starts(uri, starts[i]))
			return true;
	return uri.len == 0;
}

bool reading_is_by_design(const struct reading *r)
{
	const struct record_act *act = r->act;

	if (act->resource.len == 0)
		return is_harmless_path(act->uri);
	/* Google's records call these resources */
	if (str_equal(act->resource, STR("healthz")) || str_equal(act->resource, STR("livez")) ||
	    str_equal(act->resource, STR("readyz")) || str_equal(act->resource, STR("version")))
		return true;
	if (str_starts(act->resource, STR("selfsubject")) ||
	    str_equal(act->resource, STR("leases")) || str_equal(act->resource, STR("events")) ||
	    str_equal(act->resource, STR("componentstatuses")))
		return true;
	if (str_equal(act->namespace, STR("kube-public")) && verb_of(act) == READS)
		return true;
	if (r->standing != STANDING_CONSOLE)
		return false;
	/*
	 * A console reads what it shows, and keeps keys and settings of its own. It does so from
	 * inside, unless the server is told for whom.
	 */
	const bool is_outside = act->has_address && !address_is_private(&act->address);
	return (verb_of(act) == READS && !str_equal(act->resource, STR("secrets")) &&
		act->subresource.len == 0 && !is_outside) ||
	       str_starts(act->name, STR("kubernetes-dashboard")) ||
	       (str_equal(act->resource, STR("services")) &&
		str_equal(act->subresource, STR("proxy")));
}

static enum power power_of(const struct record_act *act)
{
	const uint32_t verb = verb_of(act);

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const struct power_rule *rule = &rules[i];
		if ((rule->verbs & verb) == 0 ||
		    (rule->resource && !str_equal(act->resource, str_from(rule->resource))) ||
		    (rule->subresource &&
		     !str_equal(act->subresource, str_from(rule->subresource))))
			continue;
		return rule->power;
	}
	return POWER_READ;
}

/* "create pods default/xmr-0" */
static struct str doing(const struct record_act *act, char *at, size_t cap)
{
	char thing[NAME_SHOWN];
	size_t len = 0;
	struct str path, query; /* which may hold secrets */

	(void)str_cut(act->uri, '?', &path, &query);
	const struct str parts[] = {act->action,
				    STR(" "),
				    act->resource.len > 0 ? act->resource : path,
				    act->subresource.len > 0 ? STR("/") : (struct str){0},
				    act->subresource,
				    STR(" "),
				    reading_thing(act, thing, sizeof(thing))};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct str part = str_sub(parts[i], 0, cap - len);
		if (part.len > 0)
			memcpy(at + len, part.at, part.len);
		len += part.len;
	}
	return str_trim(str_of(at, len));
}

static void take_grant(struct reading *r)
{
	const struct rights rights = rights_of(r->act);
	char at[NAME_SHOWN];
	struct str name = reading_thing(r->act, at, sizeof(at));
	struct deed *deed;

	if (!rights.is_change)
		return;
	if (rights.is_for_anybody && !str_equal(r->act->namespace, STR("kube-public"))) {
		struct reading anybody = *r;
		anybody.standing = STANDING_ANONYMOUS;
		anybody.key = reading_key(r->act, STANDING_ANONYMOUS);
		deed = reading_note_part(&anybody, DEED_OPEN, POWER_GRANTED, name, 2);
		deed->flags |= rights.is_everything ? 1 : 0;
	}
	if (rights.is_everything)
		(void)reading_note(r, DEED_RIGHTS, name, 1);
}

void reading_take_open(struct reading *r)
{
	char at[NAME_SHOWN];

	if (r->standing != STANDING_COMPONENT)
		take_grant(r);
	if (r->standing < STANDING_CONSOLE || reading_is_by_design(r) ||
	    str_equal(r->act->decision, STR("forbid")))
		return;
	(void)reading_note_part(r, DEED_OPEN, power_of(r->act), doing(r->act, at, sizeof(at)), 2);
	(void)reading_note(r, DEED_SOURCES, r->act->source, 2);
}
