/* A change of roles or bindings: what it gives, and to whom. */
#ifndef DAVY_DETECT_CLUSTER_RIGHTS_H
#define DAVY_DETECT_CLUSTER_RIGHTS_H

#include <stdbool.h>

#include "model/record.h"

struct rights {
	bool is_change;
	bool is_for_anybody; /* who has not logged in, or everybody who has */
	bool is_everything;  /* cluster-admin, or every verb on every resource */
};

struct rights rights_of(const struct record_act *act);

/* What the server says of why it allowed something. */
struct binding {
	bool is_cluster; /* ClusterRoleBinding */
	struct str namespace, name, role_kind, role, subject_kind, subject;
};

/* 'RBAC: allowed by ClusterRoleBinding "x" of ClusterRole "y" to User "z"'; false on others. */
bool rights_read_reason(struct str reason, struct binding *out);

#endif
