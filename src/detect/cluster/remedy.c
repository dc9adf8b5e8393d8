#include "detect/cluster/remedy.h"

#include <inttypes.h>
#include <string.h>

#include "base/json_write.h"
#include "base/shell_word.h"
#include "detect/cluster/rights.h"
#include "detect/cluster/who.h"
#include "detect/console_account.h"

/* -- words -- */

static void add_namespace(struct buf *out, struct str namespace)
{
	buf_add_text(out, "kubectl");
	if (namespace.len == 0)
		return;
	buf_add_text(out, " -n ");
	buf_add_shell_word(out, namespace);
}

static struct str taken(struct buf *text, struct arena *arena)
{
	struct str copy = arena_copy(arena, buf_view(text));

	buf_clear(text);
	return copy;
}

/*
 * "kubectl -n NAMESPACE BEFORE NAME AFTER". A binding may be called "--all": such a name comes
 * behind "--" and all options. With a slash in it a name would be a kind and a name.
 */
static struct str command(struct arena *arena, struct str namespace, const char *before,
			  struct str name, const char *after)
{
	CLEANUP(buf_fini) struct buf text = {0};
	const bool is_option = str_starts(name, STR("-"));
	const bool are_options = str_starts(str_from(after), STR(" -"));

	if (name.len == 0 || str_find_byte(name, '/') >= 0)
		return (struct str){0};
	add_namespace(&text, namespace);
	buf_printf(&text, " %s", before);
	if (is_option)
		buf_printf(&text, "%s --", are_options ? after : "");
	buf_add_byte(&text, ' ');
	buf_add_shell_word(&text, name);
	if (!is_option || !are_options)
		buf_add_text(&text, after);
	return taken(&text, arena);
}

/* -- workloads -- */

static void stop_by_scale(struct finding *out, const struct workload_seen *w, const char *kind,
			  struct arena *arena)
{
	CLEANUP(buf_fini) struct buf before = {0}, again = {0};
	const struct str namespace = str_from(w->namespace), name = str_from(w->name);
	struct action action = {.text = STR("Stop its pods and keep what started them")};

	buf_printf(&before, "scale %s%c", kind, '\0');
	buf_printf(&again, " --replicas=%" PRIu64 "%c", w->replicas, '\0');
	if (before.failed || again.failed)
		return;
	action.command = command(arena, namespace, before.at, name, " --replicas=0");
	if (w->replicas > 0)
		action.undo = command(arena, namespace, before.at, name, again.at);
	finding_add_action(out, action);
}

/* A label that no node has keeps the pods of a DaemonSet off all of them. */
static void stop_daemon_set(struct finding *out, const struct workload_seen *w, struct arena *arena)
{
	const struct str namespace = str_from(w->namespace), name = str_from(w->name);

	finding_add_action(
		out,
		(struct action){
			.text = STR("Take its pods off every node and keep what started them"),
			.command = command(arena, namespace, "patch daemonset", name,
					   " --type merge -p '{\"spec\":{\"template\":{\"spec\":{"
					   "\"nodeSelector\":{\"davy-stopped\":\"true\"}}}}}'"),
			.undo = command(arena, namespace, "patch daemonset", name,
					" --type merge -p '{\"spec\":{\"template\":{\"spec\":{"
					"\"nodeSelector\":{\"davy-stopped\":null}}}}}'")});
}

static void stop_by_suspension(struct finding *out, const struct workload_seen *w,
			       const char *before, struct arena *arena)
{
	const struct str namespace = str_from(w->namespace), name = str_from(w->name);

	finding_add_action(
		out, (struct action){.text = STR("Suspend it: no pod of it runs"),
				     .command = command(arena, namespace, before, name,
							" -p '{\"spec\":{\"suspend\":true}}'"),
				     .undo = command(arena, namespace, before, name,
						     " -p '{\"spec\":{\"suspend\":false}}'")});
}

/* Names are a user's words; JSON and shell have each their own quotes. */
static void add_policy(struct buf *out, struct str namespace)
{
	CLEANUP(buf_fini) struct buf json = {0};
	struct json_writer w = {.out = &json};

	json_open(&w, '{');
	json_key_string(&w, "apiVersion", STR("networking.k8s.io/v1"));
	json_key_string(&w, "kind", STR("NetworkPolicy"));
	json_key(&w, "metadata");
	json_open(&w, '{');
	json_key_string(&w, "name", STR("davy-isolated"));
	json_key_string(&w, "namespace", namespace);
	json_close(&w, '}');
	json_key(&w, "spec");
	json_raw(&w, STR("{\"podSelector\":{\"matchLabels\":{\"davy-isolated\":\"true\"}},"
			 "\"policyTypes\":[\"Ingress\",\"Egress\"]}"));
	json_close(&w, '}');
	buf_add_text(out, "printf %s ");
	buf_add_shell_word(out, buf_view(&json));
	buf_add_text(out, " | kubectl apply -f - && ");
}

static void isolate_pod(struct finding *out, const struct workload_seen *w, struct arena *arena)
{
	CLEANUP(buf_fini) struct buf text = {0};
	const struct str namespace = str_from(w->namespace), name = str_from(w->name);
	struct action action = {
		.text = STR("Cut the pod off the network and keep it to be looked at (needs a "
			    "network plugin that knows policies)")};

	add_policy(&text, namespace);
	add_namespace(&text, namespace);
	buf_add_text(&text, " label --overwrite pod ");
	buf_add_shell_word(&text, name);
	buf_add_text(&text, " davy-isolated=true");
	action.command = taken(&text, arena);
	action.undo = command(arena, namespace, "label pod", name, " davy-isolated-");
	finding_add_action(out, action);
	finding_add_action(
		out, (struct action){.text = STR("Or remove it; what it was is lost then"),
				     .command = command(arena, namespace, "delete pod", name, "")});
}

void remedy_stop(struct finding *out, const struct workload_seen *w, struct arena *arena)
{
	static const struct {
		const char *kind, *scaled;
	} scaled[] = {{"Deployment", "deployment"},
		      {"StatefulSet", "statefulset"},
		      {"ReplicaSet", "replicaset"},
		      {"ReplicationController", "replicationcontroller"}};

	if (!w->name[0])
		return;
	for (size_t i = 0; i < sizeof(scaled) / sizeof(*scaled); i++)
		if (strcmp(w->kind, scaled[i].kind) == 0)
			stop_by_scale(out, w, scaled[i].scaled, arena);
	if (strcmp(w->kind, "DaemonSet") == 0)
		stop_daemon_set(out, w, arena);
	if (strcmp(w->kind, "CronJob") == 0)
		stop_by_suspension(out, w, "patch cronjob", arena);
	if (strcmp(w->kind, "Job") == 0)
		stop_by_suspension(out, w, "patch job", arena);
	if (strcmp(w->kind, "Pod") == 0)
		isolate_pod(out, w, arena);
}

void remedy_owner(struct finding *out, const struct workload_seen *w, struct arena *arena)
{
	struct workload_seen owner = {.replicas = 0};

	if (!w->owner_kind[0] || !w->owner[0])
		return;
	memcpy(owner.kind, w->owner_kind, sizeof(owner.kind));
	memcpy(owner.namespace, w->namespace, sizeof(owner.namespace));
	memcpy(owner.name, w->owner, sizeof(owner.name));
	remedy_stop(out, &owner, arena);
}

void remedy_cordon(struct finding *out, const struct workload_seen *w, struct arena *arena)
{
	const struct str node = str_from(w->node);

	if (node.len == 0 ||
	    !(w->key.form & (POD_PRIVILEGED | POD_HOST_PROCESSES | POD_HOST_FILES)))
		return;
	finding_add_action(
		out,
		(struct action){.text = STR("It could change its node: put nothing new there"),
				.command = command(arena, (struct str){0}, "cordon", node, ""),
				.undo = command(arena, (struct str){0}, "uncordon", node, "")});
}

/* -- rights and keys -- */

static struct str bind_again(const struct binding *b, struct arena *arena)
{
	CLEANUP(buf_fini) struct buf text = {0};
	const bool is_option = str_starts(b->name, STR("-"));
	struct str name, namespace;

	add_namespace(&text, b->namespace);
	buf_printf(&text, " create %s", b->is_cluster ? "clusterrolebinding" : "rolebinding");
	if (!is_option) {
		buf_add_byte(&text, ' ');
		buf_add_shell_word(&text, b->name);
	}
	buf_add_text(&text, str_equal(b->role_kind, STR("Role")) ? " --role=" : " --clusterrole=");
	buf_add_shell_word(&text, b->role);
	if (str_equal(b->subject_kind, STR("ServiceAccount"))) {
		/* "name/namespace" */
		if (!str_cut(b->subject, '/', &name, &namespace))
			return (struct str){0};
		buf_add_text(&text, " --serviceaccount=");
		buf_add_shell_word(&text, namespace);
		buf_add_byte(&text, ':');
		buf_add_shell_word(&text, name);
	} else {
		const bool is_group = str_equal(b->subject_kind, STR("Group"));
		buf_add_text(&text, is_group ? " --group=" : " --user=");
		buf_add_shell_word(&text, b->subject);
	}
	if (is_option) {
		buf_add_text(&text, " -- ");
		buf_add_shell_word(&text, b->name);
	}
	return taken(&text, arena);
}

void remedy_binding(struct finding *out, struct str reason, struct arena *arena)
{
	struct binding b;

	/* the server's own are made anew when it starts, and the cluster does not work without */
	if (!rights_read_reason(reason, &b) || str_starts(b.name, STR("system:")))
		return;
	finding_add_action(
		out, (struct action){.text = STR("Take back the rights this was allowed by"),
				     .command = command(arena, b.namespace,
							b.is_cluster ? "delete clusterrolebinding"
								     : "delete rolebinding",
							b.name, ""),
				     .undo = bind_again(&b, arena)});
}

void remedy_account(struct finding *out, struct str identity, struct arena *arena)
{
	CLEANUP(buf_fini) struct buf text = {0};
	struct str namespace, name;

	if (!service_account_parts(identity, &namespace, &name) || str_starts(name, STR("-")) ||
	    identity.len + 1 >= IDENTITY_MAX)
		return;
	/* a token holds the account's uid, which the new one does not have */
	add_namespace(&text, namespace);
	buf_add_text(&text, " get serviceaccount ");
	buf_add_shell_word(&text, name);
	buf_add_text(&text, " -o json | jq 'del(.metadata.uid,.metadata.resourceVersion,"
			    ".metadata.creationTimestamp,.secrets)' | ");
	add_namespace(&text, namespace);
	buf_add_text(&text, " replace --force -f -");
	finding_add_action(
		out, (struct action){.text = STR("Make all tokens of this service account void, if "
						 "its own pods did not do this; they have to be "
						 "restarted afterwards"),
				     .command = taken(&text, arena)});
}

void remedy_key(struct finding *out, struct str key_id, struct arena *arena)
{
	CLEANUP(buf_fini) struct buf text = {0};
	struct action action = {.text = STR("Make this access key void at AWS")};

	for (int i = 0; i < 2; i++) {
		buf_add_text(&text, "aws iam update-access-key --user-name \"$(aws iam "
				    "get-access-key-last-used --access-key-id ");
		buf_add_shell_word(&text, key_id);
		buf_add_text(&text, " --query UserName --output text)\" --access-key-id ");
		buf_add_shell_word(&text, key_id);
		buf_printf(&text, " --status %s", i == 0 ? "Inactive" : "Active");
		*(i == 0 ? &action.command : &action.undo) = taken(&text, arena);
	}
	/* of a session: its role has to be told to refuse what was given out before */
	if (str_starts(key_id, STR("AKIA")))
		finding_add_action(out, action);
}

static struct str split(struct str thing, struct str *name)
{
	struct str namespace;

	if (str_cut(thing, '/', &namespace, name))
		return namespace;
	*name = thing;
	return (struct str){0};
}

void remedy_service(struct finding *out, struct str thing, bool is_node_port, struct arena *arena)
{
	struct str name, namespace = split(thing, &name);

	finding_add_action(
		out,
		(struct action){
			.text = STR("Let it be reached from inside only; people can use kubectl "
				    "port-forward"),
			.command = command(arena, namespace, "patch service", name,
					   " -p '{\"spec\":{\"type\":\"ClusterIP\"}}'"),
			.undo = command(arena, namespace, "patch service", name,
					is_node_port
						? " -p '{\"spec\":{\"type\":\"NodePort\"}}'"
						: " -p '{\"spec\":{\"type\":\"LoadBalancer\"}}'")});
}

void remedy_show(struct finding *out, const char *text, const char *resource, struct str thing,
		 struct arena *arena)
{
	CLEANUP(buf_fini) struct buf before = {0};
	struct str name, namespace = split(thing, &name);

	buf_printf(&before, "get %s%c", resource, '\0');
	if (name.len == 0 || before.failed)
		return;
	finding_add_action(out, (struct action){.text = str_from(text),
						.command = command(arena, namespace, before.at,
								   name, " -o yaml")});
}
