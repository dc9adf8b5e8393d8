/*
 * Who called Google Cloud: authenticationInfo.
 *
 * Behind a service account may stand somebody who impersonates it; the account's e-mail stays the
 * name, since its rights were used and its other records have it, and who stands behind is
 * `issuer`.
 *
 * source: Google Cloud, "AuthenticationInfo" of AuditLog; "Workload Identity Federation for GKE"
 */
#include "decode/record/act_field.h"
#include "decode/record/gcp_parts.h"

/* "...svc.id.goog[NAMESPACE/NAME]" and "...svc.id.goog/subject/ns/NAMESPACE/sa/NAME" */
static bool is_pod(struct str subject, struct str *namespace, struct str *name)
{
	const struct str bracket = STR(".svc.id.goog["), path = STR(".svc.id.goog/subject/ns/");
	ptrdiff_t at = str_find(subject, bracket);
	struct str rest;

	if (at >= 0) {
		str_cut(str_skip(subject, (size_t)at + bracket.len), ']', &rest, name);
		return str_cut(rest, '/', namespace, name);
	}
	at = str_find(subject, path);
	if (at < 0 || !str_cut(str_skip(subject, (size_t)at + path.len), '/', namespace, &rest))
		return false;
	*name = str_skip(rest, 3);
	return str_starts(rest, STR("sa/"));
}

static struct str kube_name(struct str namespace, struct str name, struct arena *scratch)
{
	struct str head = act_join(STR("system:serviceaccount"), ':', namespace, scratch);

	return head.len > 0 ? act_join(head, ':', name, scratch) : head;
}

/*
 * "service-123456789012@compute-system.iam.gserviceaccount.com". The part behind the @ decides: an
 * account that a customer makes may be called anything before it.
 */
static bool is_service_agent(struct str email)
{
	static const struct str homes[] = {
		STR("compute-system."),
		STR("container-engine-robot."),
		STR("gcf-admin-robot."),
		STR("gs-project-accounts."),
		STR("serverless-robot-prod."),
		STR("gcp-sa-"),
		STR("dataflow-service-producer-prod."),
		STR("containerregistry."),
	};
	struct str number, home;
	uint64_t project;

	str_cut(str_skip(email, STR("service-").len), '@', &number, &home);
	if (!str_starts(email, STR("service-")) || !str_to_u64(number, &project) ||
	    !str_ends(home, STR(".iam.gserviceaccount.com")))
		return false;
	for (size_t i = 0; i < sizeof(homes) / sizeof(*homes); i++)
		if (str_starts(home, homes[i]))
			return true;
	return false;
}

/* Accounts that are Google's own, not made by the customer. */
static bool is_googles_own(struct str email)
{
	return str_equal(email, STR("system@google.com")) || is_service_agent(email) ||
	       str_ends(email, STR("@cloudservices.gserviceaccount.com")) ||
	       str_ends(email, STR("@system.gserviceaccount.com"));
}

static bool is_account(struct str name)
{
	return str_ends(name, STR(".gserviceaccount.com")) ||
	       str_starts(name, STR("serviceAccount:"));
}

void gcp_identify(struct str name, struct arena *scratch, struct record_identity *who)
{
	struct str namespace, pod;

	who->name = name;
	if (name.len == 0)
		return;
	if (is_pod(name, &namespace, &pod)) {
		who->kind = IDENTITY_POD;
		who->issuer = kube_name(namespace, pod, scratch);
	} else if (str_starts(name, STR("system:"))) {
		who->kind = kube_identity_kind(name, NULL, 0);
	} else if (is_account(name)) {
		who->kind = is_googles_own(name) ? IDENTITY_SERVICE : IDENTITY_SERVICE_ACCOUNT;
	} else if (is_googles_own(name)) {
		who->kind = IDENTITY_SERVICE;
	} else if (str_equal(name, STR("anonymous")) || str_equal(name, STR("allUsers"))) {
		who->kind = IDENTITY_ANONYMOUS;
	} else {
		who->kind = IDENTITY_USER;
	}
}

static struct str delegate_name(struct json_value link, struct arena *scratch)
{
	struct json_value first = json_member(link, STR("firstPartyPrincipal"));
	struct str email = act_member(first, STR("principalEmail"), scratch);
	struct str subject = act_either(act_member(link, STR("principalSubject"), scratch),
					act_member(first, STR("principalSubject"), scratch));

	return act_either(email, subject);
}

/* Whoever began the chain: the last that is no service account, else the last. */
static struct str delegator(struct json_value chain, struct arena *scratch)
{
	enum { LINKS_MAX = 8 };
	struct str last = {0}, person = {0};

	for (size_t i = 0; i < LINKS_MAX; i++) {
		struct json_value link = json_item(chain, i);
		if (!json_exists(link))
			break;
		struct str name = delegate_name(link, scratch);
		last = act_either(name, last);
		if (name.len > 0 && !is_account(name))
			person = name;
	}
	return act_either(person, last);
}

/* Issued keys are told without the service in front: so a key's use is told, too. */
struct str gcp_key_name(struct str name)
{
	const struct str service = STR("//iam.googleapis.com/");

	return str_starts(name, service) ? str_skip(name, service.len) : name;
}

void gcp_identity(struct json_value authentication, struct arena *scratch,
		  struct record_identity *who)
{
	enum { EMAIL, SUBJECT, KEY, CHAIN, MEMBERS };
	static const struct str members[MEMBERS] = {
		[EMAIL] = STR("principalEmail"),
		[SUBJECT] = STR("principalSubject"),
		[KEY] = STR("serviceAccountKeyName"),
		[CHAIN] = STR("serviceAccountDelegationInfo"),
	};
	struct json_value at[MEMBERS];
	struct record_identity behind = {0};

	json_pick(authentication, members, MEMBERS, at);
	struct str email = act_text(at[EMAIL], scratch);
	gcp_identify(act_either(email, act_text(at[SUBJECT], scratch)), scratch, who);
	who->key_id = gcp_key_name(act_text(at[KEY], scratch));
	gcp_identify(delegator(at[CHAIN], scratch), scratch, &behind);
	if (behind.kind == IDENTITY_POD) {
		who->kind = IDENTITY_POD;
		who->issuer = behind.issuer;
	} else if (behind.name.len > 0 && !str_equal(behind.name, who->name)) {
		who->issuer = behind.name;
	}
}
