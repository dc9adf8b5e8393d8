#include "decode/record/azure_parts.h"

enum {
	UPN,
	UPN_LONG,
	OBJECT,
	OBJECT_LONG,
	APPLICATION,
	NAME,
	NAME_LONG,
	EMAIL_LONG,
	TOKEN,
	ISSUED,
	KIND,
	MACHINE,
	METHODS,
	CLAIMS
};

static const struct str claim_keys[CLAIMS] = {
	[UPN] = STR("upn"),
	[UPN_LONG] = STR("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"),
	[OBJECT] = STR("oid"),
	[OBJECT_LONG] = STR("http://schemas.microsoft.com/identity/claims/objectidentifier"),
	[APPLICATION] = STR("appid"),
	[NAME] = STR("name"),
	[NAME_LONG] = STR("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"),
	[EMAIL_LONG] = STR("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"),
	[TOKEN] = STR("uti"),
	[ISSUED] = STR("iat"),
	[KIND] = STR("idtyp"),
	[MACHINE] = STR("xms_mirid"),
	[METHODS] = STR("http://schemas.microsoft.com/claims/authnmethodsreferences"),
};

struct claimed {
	struct json_value at[CLAIMS];
	struct str upn, object, application, kind, machine, principal_type;
};

static struct claimed read_claims(struct json_value claims, struct json_value evidence,
				  struct arena *scratch)
{
	struct claimed c;

	json_pick(claims, claim_keys, CLAIMS, c.at);
	c.upn = act_either(act_text(c.at[UPN], scratch), act_text(c.at[UPN_LONG], scratch));
	c.object =
		act_either(act_text(c.at[OBJECT], scratch), act_text(c.at[OBJECT_LONG], scratch));
	c.application = act_text(c.at[APPLICATION], scratch);
	c.kind = act_text(c.at[KIND], scratch);
	c.machine = act_lower(act_text(c.at[MACHINE], scratch), scratch);
	c.principal_type = act_member(evidence, STR("principalType"), scratch);
	return c;
}

/* A machine's own identity is told by the machine's path. */
static bool is_machine(struct str resource)
{
	return str_find(resource, STR("/virtualmachines/")) >= 0 ||
	       str_find(resource, STR("/virtualmachinescalesets/")) >= 0;
}

static enum identity_kind kind_of(const struct claimed *c, struct str name)
{
	if (is_machine(c->machine))
		return IDENTITY_INSTANCE;
	if (str_equal(c->kind, STR("app")) || c->machine.len > 0 ||
	    str_equal(c->principal_type, STR("ServicePrincipal")))
		return IDENTITY_SERVICE_ACCOUNT;
	if (c->upn.len > 0 || str_find_byte(name, '@') >= 0 ||
	    str_equal(c->principal_type, STR("User")) || str_equal(c->kind, STR("user")))
		return IDENTITY_USER;
	if (str_starts_nocase(name, STR("Microsoft.")))
		return IDENTITY_SERVICE;
	return c->application.len > 0 && c->object.len == 0 ? IDENTITY_SERVICE_ACCOUNT
							    : IDENTITY_UNKNOWN;
}

/* UPN, else what the record says if it is one, else the object's id, else whatever there is. */
static struct str name_of(const struct claimed *c, struct json_value evidence, struct str caller,
			  struct arena *scratch)
{
	struct str name = c->upn;

	if (str_find_byte(caller, '@') >= 0)
		name = act_either(name, caller);
	name = act_either(name, act_either(c->object, caller));
	name = act_either(name, act_text(c->at[NAME_LONG], scratch));
	name = act_either(name, act_text(c->at[EMAIL_LONG], scratch));
	struct str shown = act_text(c->at[NAME], scratch);
	if (str_find_byte(shown, '@') >= 0)
		name = act_either(name, shown);
	name = act_either(name, act_member(evidence, STR("principalId"), scratch));
	return act_either(name, act_either(c->application, shown));
}

void azure_identity(struct json_value claims, struct json_value evidence, struct str caller,
		    struct arena *scratch, struct record_identity *who)
{
	struct claimed c = read_claims(claims, evidence, scratch);

	who->name = name_of(&c, evidence, caller, scratch);
	who->kind = kind_of(&c, who->name);
	if (who->kind == IDENTITY_INSTANCE)
		who->instance = c.machine;
	who->session = act_text(c.at[TOKEN], scratch);
	who->since = act_epoch(c.at[ISSUED]);
	who->has_mfa = str_find_nocase(act_text(c.at[METHODS], scratch), STR("mfa")) >= 0;
}

struct str azure_subscription(struct str resource)
{
	const struct str before = STR("/subscriptions/");
	struct str id = {0}, rest;

	if (str_starts(resource, before))
		str_cut(str_skip(resource, before.len), '/', &id, &rest);
	return id;
}

static struct str type_of(struct str collection)
{
	static const struct act_pair types[] = {
		{STR("virtualmachines"), STR("instance")},
		{STR("virtualmachinescalesets"), STR("scale-set")},
		{STR("storageaccounts"), STR("storage-account")},
		{STR("containers"), STR("bucket")},
		{STR("snapshots"), STR("snapshot")},
		{STR("disks"), STR("disk")},
		{STR("images"), STR("image")},
		{STR("secrets"), STR("secret")},
		{STR("vaults"), STR("vault")},
		{STR("managedclusters"), STR("cluster")},
		{STR("roleassignments"), STR("role-assignment")},
		{STR("subscriptions"), STR("subscription")},
		{STR("resourcegroups"), STR("resource-group")},
	};

	return act_either(act_pair_value(types, sizeof(types) / sizeof(*types), collection),
			  collection);
}

void azure_add_resource(struct str resource, struct record_act *act)
{
	struct str head, name, before, collection;

	act_cut_last(resource, '/', &head, &name);
	act_cut_last(head, '/', &before, &collection);
	act_add_resource(act, type_of(collection), resource);
}
