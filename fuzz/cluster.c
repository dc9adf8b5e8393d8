/*
 * The room that judges a cluster's audit records: a line is an act as JSON, its members those of
 * struct record_act; then everything is told, in whatever order the lines came.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "detect/record_detector.h"
#include "model/finding_json.h"

enum { NODES = 1024, LINES_MOST = 64, TEXT_MOST = 4096 };

extern const struct record_detector cluster_detector;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct texts {
	char at[12][TEXT_MOST];
	unsigned used;
};

static struct str text_of(struct texts *texts, struct json_value object, const char *key)
{
	return json_text(json_member(object, str_from(key)), texts->at[texts->used++], TEXT_MOST);
}

static void observe(void *state, struct str line, uint64_t offset)
{
	static struct json_node nodes[NODES];
	static struct texts texts;
	struct json doc = {.nodes = nodes, .cap = NODES};
	struct record record = {.kind = RECORD_KUBE_AUDIT, .offset = offset, .source = STR("fuzz")};
	struct record_act *act = &record.act;
	uint64_t number;

	if (line.len > UINT32_MAX - 1 || json_read(&doc, line) == 0)
		return;
	struct json_value root = json_root(&doc);
	texts.used = 0;
	record.whole = root;
	record.id = text_of(&texts, root, "id");
	if (json_to_u64(json_member(root, STR("time")), &number))
		record.time.ns = (int64_t)number;
	act->provider = PROVIDER_KUBE;
	act->identity.name = text_of(&texts, root, "user");
	act->action = text_of(&texts, root, "verb");
	act->resource = text_of(&texts, root, "resource");
	act->subresource = text_of(&texts, root, "subresource");
	act->namespace = text_of(&texts, root, "namespace");
	act->name = text_of(&texts, root, "name");
	act->uri = text_of(&texts, root, "uri");
	act->source = text_of(&texts, root, "source");
	act->has_address = address_parse(act->source, &act->address);
	act->account = text_of(&texts, root, "cluster");
	act->outcome =
		json_is_true(json_member(root, STR("denied"))) ? OUTCOME_DENIED : OUTCOME_DONE;
	act->request = json_member(root, STR("request"));
	act->response = json_member(root, STR("response"));
	cluster_detector.observe(state, &record);
}

static void take(struct record_teller *teller, struct finding *finding)
{
	struct buf line = {0};

	(void)teller;
	assert(finding->title.len > 0 && finding->reason_count > 0 && finding->evidence_count > 0);
	for (size_t i = 0; i < finding->action_count; i++) /* a terminal shows it as it is */
		for (size_t k = 0; k < finding->actions[i].command.len; k++)
			assert(finding->actions[i].command.at[k] >= 0x20 &&
			       finding->actions[i].command.at[k] <= 0x7e);
	finding_to_json(finding, &line);
	buf_fini(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct record_settings settings = {.seed = 1, .capacity = 64};
	struct record_teller teller = {take};
	struct arena scratch;
	void *state = NULL;

	if (arena_init(&scratch, 256 * 1024) < 0)
		return 0;
	if (cluster_detector.create(&settings, &state) < 0)
		abort();
	/* In a block of its own, so that a read past its end is seen. */
	char *owned = malloc(len + 1);
	if (!owned)
		abort();
	if (len > 0)
		memcpy(owned, bytes, len);
	struct str line, rest = str_of(owned, len);
	for (unsigned i = 0; i < LINES_MOST && rest.len > 0; i++) {
		(void)str_cut(rest, '\n', &line, &rest);
		observe(state, line, i);
	}
	cluster_detector.report(state, (instant){0}, &scratch, &teller);
	cluster_detector.destroy(state);
	free(owned);
	arena_fini(&scratch);
	return 0;
}
