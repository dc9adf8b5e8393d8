/* What to do next, as commands that can be pasted; with the one that takes each back. */
#ifndef DAVY_DETECT_CLUSTER_REMEDY_H
#define DAVY_DETECT_CLUSTER_REMEDY_H

#include "base/arena.h"
#include "detect/cluster/memory.h"
#include "model/finding.h"

/* Stop it without losing it: scaled to nothing, suspended, kept off every node, or cut off. */
void remedy_stop(struct finding *out, const struct workload_seen *workload, struct arena *arena);
/* Stop what made it, when the record says what that is. */
void remedy_owner(struct finding *out, const struct workload_seen *workload, struct arena *arena);
/* Keep new pods off the node it was put on. */
void remedy_cordon(struct finding *out, const struct workload_seen *workload, struct arena *arena);
/* Take back what the binding gives, by which the server says that it allowed this. */
void remedy_binding(struct finding *out, struct str reason, struct arena *arena);
/* Make every token of the service account void. */
void remedy_account(struct finding *out, struct str identity, struct arena *arena);
/* Make a cloud's access key void. */
void remedy_key(struct finding *out, struct str key_id, struct arena *arena);
/* A service of "namespace/name" back to the inside. */
void remedy_service(struct finding *out, struct str thing, bool is_node_port, struct arena *arena);
/* "kubectl -n NAMESPACE VERB RESOURCE NAME..." for one thing of "namespace/name". */
void remedy_show(struct finding *out, const char *text, const char *resource, struct str thing,
		 struct arena *arena);

#endif
