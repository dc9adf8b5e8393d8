#include "model/sign.h"

const char *sign_family_name(enum sign_family family)
{
	static const char *const names[FAMILY_COUNT] = {
		[FAMILY_CODE] = "code",	    [FAMILY_RHYTHM] = "rhythm",
		[FAMILY_MEMORY] = "memory", [FAMILY_NETWORK] = "network",
		[FAMILY_SETUP] = "setup",
	};

	return family < FAMILY_COUNT ? names[family] : "unknown";
}

void signs_add(struct signs *signs, struct sign sign)
{
	if (signs->count < SIGNS_MAX)
		signs->at[signs->count++] = sign;
}
