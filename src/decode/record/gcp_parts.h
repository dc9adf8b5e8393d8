/* Parts of Google's audit record that gcp.c puts together. For this folder only. */
#ifndef DAVY_DECODE_RECORD_GCP_PARTS_H
#define DAVY_DECODE_RECORD_GCP_PARTS_H

#include "decode/record/act_field.h"

/* Of authenticationInfo. */
void gcp_identity(struct json_value authentication, struct arena *scratch,
		  struct record_identity *who);
/* "projects/p/serviceAccounts/e/keys/k", with or without the service in front. */
struct str gcp_key_name(struct str name);

/* Of a resource's path, "projects/p/zones/z/instances/i"; `fallback` is the log's own type. */
void gcp_resource(struct str path, struct str fallback, struct record_act *act);

#endif
