#include "model/response.h"

static const char *const names[RESPONSE_STATE_COUNT] = {
	[RESPONSE_BEGUN] = "begun",
	[RESPONSE_DONE] = "done",
	[RESPONSE_FAILED] = "failed",
	[RESPONSE_UNDONE] = "undone",
};

const char *response_state_name(enum response_state state)
{
	return state < RESPONSE_STATE_COUNT ? names[state] : "unknown";
}

bool response_state_from_name(struct str name, enum response_state *out)
{
	for (int i = 0; i < RESPONSE_STATE_COUNT; i++) {
		if (str_equal(name, str_from(names[i]))) {
			*out = (enum response_state)i;
			return true;
		}
	}
	return false;
}
