/*
 * One record of what a cloud or a cluster writes down about itself: an act (somebody asked an API
 * for something), a flow (a window of a connection), or a lookup (a name that was asked for).
 *
 * The same fields for all who write such logs, so that a detector asks "who created how much
 * computing" once. What a log does not say is empty or 0 and never guessed. Everything is a view
 * that lives until the next record is read; who remembers something copies it.
 */
#ifndef DAVY_MODEL_RECORD_H
#define DAVY_MODEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/instant.h"
#include "base/json.h"
#include "base/str.h"
#include "model/endpoint.h"

enum record_kind {
	RECORD_OTHER, /* JSON of no known kind: rules see it, detectors do not */
	RECORD_CLOUDTRAIL,
	RECORD_GUARDDUTY, /* a finding of Amazon's own */
	RECORD_S3_ACCESS,
	RECORD_AZURE_ACTIVITY,
	RECORD_ENTRA_SIGN_IN,
	RECORD_ENTRA_AUDIT,
	RECORD_AZURE_STORAGE,
	RECORD_GCP_AUDIT,
	RECORD_WORKSPACE,  /* Google's admin and login audit */
	RECORD_KUBE_AUDIT, /* audit.k8s.io/v1, however wrapped */
	RECORD_FLOW,
	RECORD_LOOKUP,
	RECORD_KIND_COUNT
};

const char *record_kind_name(enum record_kind kind); /* "cloudtrail", as in JSON and --as */
must_check bool record_kind_from_name(struct str name, enum record_kind *out);

enum record_provider { PROVIDER_NONE, PROVIDER_AWS, PROVIDER_AZURE, PROVIDER_GCP, PROVIDER_KUBE };

enum record_outcome {
	OUTCOME_UNKNOWN, /* not told, or under way: an event before the answer */
	OUTCOME_DONE,
	OUTCOME_DENIED,	 /* rights were missing, or the credential was no good */
	OUTCOME_DRY_RUN, /* would have been done: AWS's DryRunOperation, dryRun=All */
	OUTCOME_FAILED,	 /* anything else: quota, throttled, bad request */
};

enum identity_kind {
	IDENTITY_UNKNOWN,
	IDENTITY_USER,
	IDENTITY_ROOT,
	IDENTITY_ROLE,	   /* a session of a role that is none of the two below */
	IDENTITY_INSTANCE, /* the role of a virtual machine, by its metadata service */
	IDENTITY_POD,	   /* a role or account that a pod got by its token */
	IDENTITY_SERVICE_ACCOUNT,
	IDENTITY_SERVICE, /* the provider's own: autoscaling.amazonaws.com */
	IDENTITY_ANONYMOUS,
};

/* Who acted. `name` is what stays the same from one session to the next. */
struct record_identity {
	enum identity_kind kind;
	/* AWS: the ARN of user or role (not of the session); Azure: UPN, else object or app id;
	 * GCP: e-mail; Kubernetes: user.username */
	struct str name;
	struct str
		account; /* that it belongs to, where it differs from the record's: cross-account */
	struct str key_id; /* AKIA…, ASIA…; GCP: serviceAccountKeyName; Kubernetes: credential id */
	struct str session;  /* i-0123…, a role session's name */
	struct str instance; /* of IDENTITY_INSTANCE: i-0123… */
	struct str issuer; /* of IDENTITY_POD: system:serviceaccount:NAMESPACE:NAME, or the role */
	struct str invoked_by;	  /* the service that acted for it */
	struct str impersonated;  /* Kubernetes: as whom */
	const struct str *groups; /* Kubernetes */
	size_t group_count;
	bool has_mfa;
	instant since; /* the session's start; 0: not told */
};

enum { RECORD_RESOURCES_MAX = 8 };

/* What was asked for. type: "bucket", "instance", "snapshot", "secret", "pod" ..., or the log's. */
struct record_resource {
	struct str type, name;
};

struct record_act {
	enum record_provider provider;
	struct record_identity identity;
	struct str
		account;   /* AWS account, Azure subscription, GCP project, cluster; may be empty */
	struct str region; /* or zone */
	struct str service; /* "ec2.amazonaws.com", "MICROSOFT.COMPUTE", "compute.googleapis.com",
			       API group */
	/* "RunInstances" without a version suffix; "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE" in
	 * capitals; "v1.compute.instances.insert"; Kubernetes: the verb */
	struct str action;
	struct str error; /* its code as the log has it */
	enum record_outcome outcome;
	bool is_read_only; /* as the log says, or plain from the verb */
	struct str source; /* address as text, or a service's name; the first of several */
	bool has_address;
	struct address address; /* of `source` */
	struct str user_agent;
	struct record_resource resources[RECORD_RESOURCES_MAX];
	size_t resource_count;
	uint64_t bytes_out; /* of an object read, as the log says */
	struct str risk;    /* in the log's own word: Entra's "high", GuardDuty's "8"; or empty */
	/* Kubernetes; of others empty */
	struct str resource, subresource, namespace, name, uri, decision;
	struct json_value request, response; /* parameters and answer; may be JSON_NONE */
};

enum flow_action { FLOW_ACTION_UNKNOWN, FLOW_ACCEPTED, FLOW_REJECTED };
enum flow_state { FLOW_STATE_UNKNOWN, FLOW_BEGINS, FLOW_CONTINUES, FLOW_ENDS, FLOW_DENIED };

/* One direction where the log has a row for each, else both. */
struct record_flow {
	enum record_provider provider;
	struct str account, region;
	struct str interface, instance, subnet, network, pod; /* whose window this is */
	struct endpoint source, destination; /* of the packet itself (pkt-srcaddr) where told */
	uint8_t protocol;		     /* IP's number */
	uint64_t packets, bytes;	     /* source to destination */
	uint64_t packets_back, bytes_back;
	bool has_back;	    /* the two above are told */
	bool is_sampled;    /* Google's: rates are estimates */
	uint8_t tcp_flags;  /* OR-ed over the window; 0: not told */
	instant start, end; /* of the window */
	enum flow_action action;
	enum flow_state state;
	int8_t direction; /* seen from the interface: 1 out, -1 in, 0 not told */
};

enum { LOOKUP_ANSWERS_MAX = 16 };

struct record_lookup {
	enum record_provider provider;
	struct str account, region, network, instance;
	struct str name, type, code; /* without the last dot; "A"; "NOERROR" */
	struct address answers[LOOKUP_ANSWERS_MAX];
	size_t answer_count;
	struct address client;
	bool has_client;
};

struct record {
	enum record_kind kind;
	instant time;  /* of the event; 0: not told */
	struct str id; /* by which a repeated record is known: eventID, auditID/stage, insertId */
	/* The whole record as rules see it: unwrapped, e.g. audit.k8s.io/v1 inside Azure's; NONE: a
	 * line that is no JSON */
	struct json_value whole;
	struct str text;       /* as it lay in the file, still wrapped */
	struct str source;     /* file name */
	uint64_t offset, line; /* of its first byte, in the unpacked input; line from 1 */
	union {
		struct record_act
			act; /* all kinds but those below; GuardDuty: what it says of the actor */
		struct record_flow flow;     /* RECORD_FLOW */
		struct record_lookup lookup; /* RECORD_LOOKUP */
	};
};

#endif
