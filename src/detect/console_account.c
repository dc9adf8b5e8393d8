#include "detect/console_account.h"

bool service_account_parts(struct str identity, struct str *namespace, struct str *name)
{
	static const struct str prefix = STR("system:serviceaccount:");

	return str_starts(identity, prefix) &&
	       str_cut(str_skip(identity, prefix.len), ':', namespace, name) && name->len > 0;
}

bool is_console_account(struct str identity)
{
	static const struct str names[] = {STR("kubernetes-dashboard"), STR("headlamp"),
					   STR("weave-scope"), STR("kubeapps"), STR("skooner")};
	struct str namespace, name;

	if (!service_account_parts(identity, &namespace, &name))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_starts(name, names[i]))
			return true;
	return false;
}
