#include "detect/cluster/who.h"

#include "detect/console_account.h"

enum { WATCHES_OF_CONTROLLER = 2 };

bool who_owns_namespace(struct str namespace)
{
	return str_starts(namespace, STR("kube-"));
}

static bool is_anonymous(const struct record_identity *identity)
{
	if (identity->kind == IDENTITY_ANONYMOUS ||
	    str_equal(identity->name, STR("system:anonymous")))
		return true;
	for (size_t i = 0; i < identity->group_count; i++)
		if (str_equal(identity->groups[i], STR("system:unauthenticated")))
			return true;
	return false;
}

/* Parts of Kubernetes, and what AWS, Azure and Google run in a cluster of theirs. */
static bool is_component(struct str identity)
{
	static const struct str starts[] = {
		STR("system:node:"),
		STR("system:kube-"),
		STR("system:apiserver"),
		STR("system:cloud-controller-manager"),
		STR("system:gke-"),
		STR("system:gcp-"),
		STR("system:gcfs-"),
		STR("system:addon-manager"),
		STR("system:clustermetrics"),
		STR("system:bootstrap:"),
		STR("system:bootstrapper"),
		STR("eks:"),
		STR("aksService"),
		STR("kubelet-nodepool-bootstrap"),
	};
	static const struct str collectors[] = {
		STR("generic-garbage-collector"), STR("pod-garbage-collector"),
		STR("horizontal-pod-autoscaler"), STR("persistent-volume-binder"),
		STR("root-ca-cert-publisher"),
	};
	struct str namespace, name;

	if (service_account_parts(identity, &namespace, &name) &&
	    str_equal(namespace, STR("kube-system"))) {
		for (size_t i = 0; i < sizeof(collectors) / sizeof(*collectors); i++)
			if (str_equal(name, collectors[i]))
				return true;
		return str_ends(name, STR("-controller"));
	}
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (str_starts(identity, starts[i]))
			return true;
	return str_ends(identity, STR("@container-engine-robot.iam.gserviceaccount.com"));
}

enum standing who_stands(const struct record_act *act)
{
	const struct str name = act->identity.name;
	struct str namespace, account;

	if (is_anonymous(&act->identity))
		return STANDING_ANONYMOUS;
	if (is_console_account(name))
		return STANDING_CONSOLE;
	/* a component's name from the open internet is somebody who has its certificate or token */
	if (is_component(name) && !(act->has_address && !address_is_private(&act->address)))
		return STANDING_COMPONENT;
	return service_account_parts(name, &namespace, &account) ? STANDING_ACCOUNT
								 : STANDING_PERSON;
}

bool who_controls(const struct actor *actor)
{
	return actor->holds_lease || __builtin_popcountll(actor->watched) >= WATCHES_OF_CONTROLLER;
}

unsigned who_days(uint64_t days)
{
	return (unsigned)__builtin_popcountll(days);
}
