#include "model/record.h"

static const char *const kind_names[RECORD_KIND_COUNT] = {
	[RECORD_OTHER] = "other",
	[RECORD_CLOUDTRAIL] = "cloudtrail",
	[RECORD_GUARDDUTY] = "guardduty",
	[RECORD_S3_ACCESS] = "s3access",
	[RECORD_AZURE_ACTIVITY] = "azureactivity",
	[RECORD_ENTRA_SIGN_IN] = "signin",
	[RECORD_ENTRA_AUDIT] = "entraaudit",
	[RECORD_AZURE_STORAGE] = "azurestorage",
	[RECORD_GCP_AUDIT] = "gcpaudit",
	[RECORD_WORKSPACE] = "workspace",
	[RECORD_KUBE_AUDIT] = "kubeaudit",
	[RECORD_FLOW] = "flow",
	[RECORD_LOOKUP] = "lookup",
};

const char *record_kind_name(enum record_kind kind)
{
	return kind_names[kind];
}

bool record_kind_from_name(struct str name, enum record_kind *out)
{
	for (int kind = 0; kind < RECORD_KIND_COUNT; kind++)
		if (str_equal(name, str_from(kind_names[kind]))) {
			*out = (enum record_kind)kind;
			return true;
		}
	return false;
}
