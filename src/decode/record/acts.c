#include "decode/record/acts.h"

#include "decode/record/act_field.h"

typedef bool decode(struct json_value root, struct arena *scratch, struct record *out);

static decode *const decoders[RECORD_KIND_COUNT] = {
	[RECORD_CLOUDTRAIL] = cloudtrail_decode,
	[RECORD_GUARDDUTY] = guardduty_decode,
	[RECORD_AZURE_ACTIVITY] = azure_activity_decode,
	[RECORD_AZURE_STORAGE] = azure_storage_decode,
	[RECORD_ENTRA_SIGN_IN] = entra_sign_in_decode,
	[RECORD_ENTRA_AUDIT] = entra_audit_decode,
	[RECORD_GCP_AUDIT] = gcp_decode,
	[RECORD_WORKSPACE] = workspace_decode,
	[RECORD_KUBE_AUDIT] = kube_decode,
};

static bool has(struct json_value object, struct str key)
{
	return json_exists(json_member(object, key));
}

static bool is_text(struct json_value value)
{
	return json_kind(value) == JSON_STRING;
}

/* A finding names its maker; Security Hub's and others' have types of the same form. */
static bool is_guardduty(struct json_value root)
{
	struct json_value service = act_capital_member(root, STR("service"));
	struct str arn = json_raw_text(act_capital_member(root, STR("arn")));

	if (json_kind(service) != JSON_OBJECT || !is_text(act_capital_member(root, STR("type"))))
		return false;
	return str_find(arn, STR(":guardduty:")) >= 0 ||
	       json_text_is(act_capital_member(service, STR("serviceName")), STR("guardduty")) ||
	       json_exists(act_capital_member(service, STR("detectorId")));
}

/* A Kubernetes Event of the core API has no verb. */
static bool is_kube(struct json_value root)
{
	if (!json_text_is(json_member(root, STR("kind")), STR("Event")) ||
	    !is_text(json_member(root, STR("verb"))))
		return false;
	struct json_value version = json_member(root, STR("apiVersion"));
	return !json_exists(version) || str_starts(json_raw_text(version), STR("audit.k8s.io/"));
}

/* Google's LogEntry, by the service that wrote it; also as older exports spell it. */
static enum record_kind kind_of_entry(struct json_value payload)
{
	static const struct str workspace[] = {
		STR("admin.googleapis.com"), STR("login.googleapis.com"),
		STR("oauth2.googleapis.com"), STR("cloudidentity.googleapis.com")};
	struct json_value service = json_member(payload, STR("serviceName"));

	if (json_text_is(service, STR("k8s.io")))
		return RECORD_KUBE_AUDIT;
	for (size_t i = 0; i < sizeof(workspace) / sizeof(*workspace); i++)
		if (json_text_is(service, workspace[i]))
			return RECORD_WORKSPACE;
	return has(payload, STR("methodName")) || has(payload, STR("authorizationInfo"))
		       ? RECORD_GCP_AUDIT
		       : RECORD_OTHER;
}

static const struct {
	struct str category;
	enum record_kind kind;
} categories[] = {
	{STR("Administrative"), RECORD_AZURE_ACTIVITY},
	{STR("Write"), RECORD_AZURE_ACTIVITY},
	{STR("Action"), RECORD_AZURE_ACTIVITY},
	{STR("Delete"), RECORD_AZURE_ACTIVITY},
	{STR("Policy"), RECORD_AZURE_ACTIVITY},
	{STR("Security"), RECORD_AZURE_ACTIVITY},
	{STR("Alert"), RECORD_AZURE_ACTIVITY},
	{STR("Autoscale"), RECORD_AZURE_ACTIVITY},
	{STR("Recommendation"), RECORD_AZURE_ACTIVITY},
	{STR("ResourceHealth"), RECORD_AZURE_ACTIVITY},
	{STR("ServiceHealth"), RECORD_AZURE_ACTIVITY},
	{STR("StorageRead"), RECORD_AZURE_STORAGE},
	{STR("StorageWrite"), RECORD_AZURE_STORAGE},
	{STR("StorageDelete"), RECORD_AZURE_STORAGE},
	{STR("SignInLogs"), RECORD_ENTRA_SIGN_IN},
	{STR("NonInteractiveUserSignInLogs"), RECORD_ENTRA_SIGN_IN},
	{STR("ServicePrincipalSignInLogs"), RECORD_ENTRA_SIGN_IN},
	{STR("ManagedIdentitySignInLogs"), RECORD_ENTRA_SIGN_IN},
	{STR("ADFSSignInLogs"), RECORD_ENTRA_SIGN_IN},
	{STR("AuditLogs"), RECORD_ENTRA_AUDIT},
};

/* Azure's envelope says what is in it by its category; REST's activity log by {"value": ...}. */
static enum record_kind kind_of_category(struct json_value root)
{
	struct str category = json_raw_text(azure_value(json_member(root, STR("category"))));

	if (category.len == 0)
		return has(root, STR("resourceId")) || has(root, STR("subscriptionId"))
			       ? RECORD_AZURE_ACTIVITY
			       : RECORD_OTHER;
	for (size_t i = 0; i < sizeof(categories) / sizeof(*categories); i++)
		if (str_equal_nocase(category, categories[i].category))
			return categories[i].kind;
	return RECORD_OTHER;
}

/* Also as exporters give it that write keys in small letters, or leave out some. */
static bool is_cloudtrail(struct json_value root)
{
	enum { NAME, SOURCE, REGION, MEMBERS };
	static const struct str keys[MEMBERS] = {[NAME] = STR("eventName"),
						 [SOURCE] = STR("eventSource"),
						 [REGION] = STR("awsRegion")};
	struct json_value at[MEMBERS];

	json_pick(root, keys, MEMBERS, at);
	return is_text(at[NAME]) && (is_text(at[SOURCE]) || is_text(at[REGION]));
}

/* Entra's records as Microsoft Graph gives them, without an envelope */
static enum record_kind kind_of_graph(struct json_value root)
{
	if (has(root, STR("activityDisplayName")) && has(root, STR("initiatedBy")))
		return RECORD_ENTRA_AUDIT;
	if (has(root, STR("createdDateTime")) && has(root, STR("appId")) &&
	    (has(root, STR("userPrincipalName")) || has(root, STR("servicePrincipalId"))))
		return RECORD_ENTRA_SIGN_IN;
	return RECORD_OTHER;
}

enum record_kind acts_kind_of(struct json_value root)
{
	if (json_kind(root) != JSON_OBJECT)
		return RECORD_OTHER;
	if (is_text(json_member(root, STR("eventName"))) &&
	    is_text(json_member(root, STR("eventSource"))))
		return RECORD_CLOUDTRAIL;
	if (is_kube(root))
		return RECORD_KUBE_AUDIT;
	struct json_value payload = gcp_payload(root);
	if (json_kind(payload) == JSON_OBJECT)
		return kind_of_entry(payload);
	if (has(root, STR("operationName")))
		return kind_of_category(root);
	if (is_guardduty(root))
		return RECORD_GUARDDUTY;
	if (json_text_is(json_member(root, STR("kind")), STR("admin#reports#activity")))
		return RECORD_WORKSPACE;
	if (is_cloudtrail(root))
		return RECORD_CLOUDTRAIL;
	return kind_of_graph(root);
}

bool acts_decode(enum record_kind kind, struct json_value root, struct arena *scratch,
		 struct record *out)
{
	out->kind = kind;
	if (decoders[kind] && decoders[kind](root, scratch, out))
		return true;
	out->kind = RECORD_OTHER;
	out->act = (struct record_act){0};
	return false;
}
