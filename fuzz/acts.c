/* API logs: any JSON, held to be a record of its own kind and of every other. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/record/acts.h"
#include "model/record_excerpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { SCRATCH = 4096 }; /* little, so that what does not fit is met, too */

static void touch(struct str text)
{
	static volatile char sink;

	for (size_t i = 0; i < text.len; i++)
		sink = (char)(sink ^ text.at[i]);
}

static void check_identity(const struct record_identity *who)
{
	const struct str texts[] = {who->name,	     who->account,     who->key_id,
				    who->session,    who->instance,    who->issuer,
				    who->invoked_by, who->impersonated};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		touch(texts[i]);
	for (size_t i = 0; i < who->group_count; i++)
		touch(who->groups[i]);
}

static void check_act(const struct record_act *act)
{
	const struct str texts[] = {act->account,  act->region,	     act->service,    act->action,
				    act->error,	   act->source,	     act->user_agent, act->risk,
				    act->resource, act->subresource, act->namespace,  act->name,
				    act->uri,	   act->decision};

	assert(act->action.len > 0);
	assert(act->resource_count <= RECORD_RESOURCES_MAX);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		touch(texts[i]);
	for (size_t i = 0; i < act->resource_count; i++) {
		assert(act->resources[i].name.len > 0);
		touch(act->resources[i].type);
		touch(act->resources[i].name);
	}
	check_identity(&act->identity);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static char memory[SCRATCH] __attribute__((aligned(16)));
	struct json_node nodes[512];
	struct json doc = {.nodes = nodes, .cap = 512};

	json_read(&doc, str_of(bytes, len));
	struct json_value root = json_root(&doc);
	enum record_kind own = acts_kind_of(root);
	for (int kind = 0; kind < RECORD_KIND_COUNT; kind++) {
		struct arena scratch = {.at = memory, .cap = SCRATCH};
		struct record record = {.whole = root};
		struct buf line = {0};
		if (!acts_decode((enum record_kind)kind, root, &scratch, &record)) {
			assert(record.kind == RECORD_OTHER);
			continue;
		}
		check_act(&record.act);
		if (kind == (int)own)
			record_excerpt(&record, &line);
		touch(buf_view(&line));
		buf_fini(&line);
	}
	return 0;
}
