/*
 * What the decoders of API logs share: a member of a record as text, as a time, as an address, as
 * a resource; and the names by which acts.c calls the decoders. For this folder only.
 *
 * Any member may be missing, of another type, written twice or huge: texts are views into the
 * record, or copies in scratch when escapes had to be undone, cut at ACT_TEXT_MAX so that one of
 * them cannot use up what the others need.
 */
#ifndef DAVY_DECODE_RECORD_ACT_FIELD_H
#define DAVY_DECODE_RECORD_ACT_FIELD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/json.h"
#include "model/record.h"

enum { ACT_TEXT_MAX = 8192, ACT_GROUPS_MAX = 32 };

/* Of a string or number, escapes undone; of all else {0}. Unlike field_text, bounded. */
struct str act_text(struct json_value value, struct arena *scratch);
struct str act_member(struct json_value object, struct str key, struct arena *scratch);
/* The first of the two that is not empty. */
struct str act_either(struct str first, struct str second);

/* "type", or "Type" as the API's answers spell what files and events call "type". */
struct json_value act_capital_member(struct json_value object, struct str key);
/* {"value": X} -> X, as Azure's REST writes names; all else is itself. */
struct json_value azure_value(struct json_value value);
/* Of Google's LogEntry: what the service says of the call. */
struct json_value gcp_payload(struct json_value entry);
/* Of a google.rpc.Code: 7 (PERMISSION_DENIED) and 16 (UNAUTHENTICATED) are DENIED. */
enum record_outcome gcp_outcome(uint64_t code);
/* Whose e-mail or subject this is; of a pod, with its service account in `who->issuer`. */
void gcp_identify(struct str name, struct arena *scratch, struct record_identity *who);
/* "a/b" in scratch; {0} when it does not fit. */
struct str act_join(struct str first, char between, struct str second, struct arena *scratch);

/* RFC 3339, the same without a zone (read as UTC), and 20261122T100000Z; 0 for all else. */
instant act_time(struct json_value value);
/* Seconds since 1970, as tokens have them, in a number or a text. */
instant act_epoch(struct json_value value);

/* "198.51.100.7", "198.51.100.7:49152", "[2001:db8::1]:443", or the name of a service. */
void act_set_source(struct record_act *act, struct str text);

/* Left out: one without a name, one that is there already, and what is over RECORD_RESOURCES_MAX */
void act_add_resource(struct record_act *act, struct str type, struct str name);

/* Of an HTTP status: 401 and 403 are DENIED, other 4xx and 5xx FAILED. */
enum record_outcome act_status_outcome(uint64_t status);

/* Cut at the last separator; false and *head = s without one. */
bool act_cut_last(struct str s, char separator, struct str *head, struct str *tail);
/* The same letters in one case; a copy in scratch only where there are others. */
struct str act_upper(struct str s, struct arena *scratch);
struct str act_lower(struct str s, struct arena *scratch);

struct act_pair {
	struct str key, value;
};
/* The value beside `key`, or {0}. */
struct str act_pair_value(const struct act_pair *pairs, size_t count, struct str key);

/* "i-" and 8 or 17 digits, as sessions of a virtual machine's role are called. */
bool act_is_instance_id(struct str text);

/* Who a Kubernetes user is, by the names that the API server reserves. */
enum identity_kind kube_identity_kind(struct str name, const struct str *groups, size_t count);
/* The texts of an array in scratch, at most ACT_GROUPS_MAX. */
void kube_groups(struct json_value array, struct arena *scratch, struct record_identity *who);
/* Reads of the API, but for those that run something: `kubectl exec` is a get on pods/exec. */
bool kube_is_read_only(struct str verb, struct str subresource);

void cloudtrail_identity(struct json_value user, struct arena *scratch, struct record_act *act);
void cloudtrail_resources(const struct json_value *sides, struct arena *scratch,
			  struct record_act *act);
/* "AWS::IAM::Role" -> "role", where there is a short word for it. */
struct str aws_type(struct str type);
enum { CLOUDTRAIL_REQUEST, CLOUDTRAIL_RESPONSE, CLOUDTRAIL_LISTED, CLOUDTRAIL_SIDES };

/* One for each form; the contract is acts_decode's. */
bool cloudtrail_decode(struct json_value root, struct arena *scratch, struct record *out);
bool guardduty_decode(struct json_value root, struct arena *scratch, struct record *out);
bool azure_activity_decode(struct json_value root, struct arena *scratch, struct record *out);
bool azure_storage_decode(struct json_value root, struct arena *scratch, struct record *out);
bool entra_sign_in_decode(struct json_value root, struct arena *scratch, struct record *out);
bool entra_audit_decode(struct json_value root, struct arena *scratch, struct record *out);
bool gcp_decode(struct json_value root, struct arena *scratch, struct record *out);
bool workspace_decode(struct json_value root, struct arena *scratch, struct record *out);
bool kube_decode(struct json_value root, struct arena *scratch, struct record *out);
bool gke_decode(struct json_value root, struct arena *scratch, struct record *out);

#endif
