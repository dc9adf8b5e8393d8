#include "programs/watch_journal.h"

#include "base/buf.h"
#include "base/log.h"
#include "respond/respond.h"

enum { TOLD_MAX = 10 };

struct before {
	uint32_t told, more;
	bool is_by_policy;
};

static bool tell_before(void *context, const struct response *response)
{
	struct before *before = context;
	CLEANUP(buf_fini) struct buf since = {0};

	if (!response_step_changing(response->step) || response->state == RESPONSE_FAILED)
		return true;
	before->is_by_policy |= response->by_policy;
	if (before->told == TOLD_MAX) {
		before->more++;
		return true;
	}
	before->told++;
	buf_add_instant(&since, response->began);
	log_warn("from before: %.*s of finding %.*s, %s %s since %.*s, is not undone; davy respond "
		 "--list shows what of it is in effect, davy respond %.*s undo --yes takes it back",
		 STR_ARG(response->step), STR_ARG(response->finding),
		 response->state == RESPONSE_BEGUN ? "begun" : "taken",
		 response->by_policy ? "by policy" : "by hand", STR_ARG(buf_view(&since)),
		 STR_ARG(response->finding));
	return true;
}

int watch_tell_before(struct store *store, bool *is_by_policy, struct error *why)
{
	struct before before = {0};
	int result = store_each_response(store, (struct str){0}, true, tell_before, &before, why);

	if (before.more > 0)
		log_warn("from before: %u more; davy respond --list shows all", before.more);
	*is_by_policy = before.is_by_policy;
	return result;
}
