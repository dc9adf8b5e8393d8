#include "respond/respond.h"

const struct response_step *const response_steps[] = {
	&evidence_step, &throttle_step, &freeze_step, &block_step, &kill_step, NULL,
};

const struct response_step *response_step_find(struct str name)
{
	for (size_t i = 0; response_steps[i]; i++)
		if (str_equal(name, str_from(response_steps[i]->name)))
			return response_steps[i];
	return NULL;
}

const struct response_step *response_step_changing(struct str name)
{
	const struct response_step *step = response_step_find(name);

	return step && step->changes ? step : NULL;
}
