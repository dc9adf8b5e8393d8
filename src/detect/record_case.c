#include "detect/record_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lists/computing_prices.h"
#include "model/finding_json.h"

enum { BEGIN_S = 1793491200, SHUFFLES = 6 }; /* 2026-11-01T00:00:00Z */

static struct json_value parsed(const char *text, struct json *doc, struct json_node *nodes,
				uint32_t cap)
{
	*doc = (struct json){.nodes = nodes, .cap = cap};
	if (!text || json_read(doc, str_from(text)) == 0)
		return (struct json_value){0};
	if (doc->flaws)
		fail_msg("the test's own JSON is wrong: %s", text);
	return json_root(doc);
}

static enum record_provider provider_of(enum record_kind kind)
{
	switch (kind) {
	case RECORD_AZURE_ACTIVITY:
	case RECORD_AZURE_STORAGE:
	case RECORD_ENTRA_SIGN_IN:
	case RECORD_ENTRA_AUDIT:
		return PROVIDER_AZURE;
	case RECORD_GCP_AUDIT:
	case RECORD_WORKSPACE:
		return PROVIDER_GCP;
	case RECORD_KUBE_AUDIT:
		return PROVIDER_KUBE;
	default:
		return PROVIDER_AWS;
	}
}

static void fill_act(const struct record_row *row, struct case_nodes *nodes, struct record *out)
{
	struct record_act *act = &out->act;

	*act = (struct record_act){
		.provider = provider_of(out->kind),
		.identity = {.kind = row->who,
			     .name = str_from(row->by),
			     .key_id = str_from(row->key),
			     .session = str_from(row->session),
			     .instance = str_from(row->instance),
			     .issuer = str_from(row->issuer),
			     .invoked_by = str_from(row->invoked_by),
			     .has_mfa = row->mfa},
		.account = str_from(row->account ? row->account : "111122223333"),
		.region = str_from(row->region ? row->region : "us-east-1"),
		.service = str_from(row->service),
		.action = str_from(row->action),
		.error = str_from(row->error),
		.outcome = row->outcome == OUTCOME_UNKNOWN && !row->is_under_way ? OUTCOME_DONE
										 : row->outcome,
		.source = str_from(row->from),
		.user_agent = str_from(row->agent),
		.resource_count = row->thing ? 1 : 0,
		.bytes_out = row->bytes,
		.resource = str_from(row->resource),
		.subresource = str_from(row->subresource),
		.namespace = str_from(row->ns),
		.name = str_from(row->name),
		.decision = str_from(row->decision),
	};
	act->resources[0] =
		(struct record_resource){str_from(row->thing_type), str_from(row->thing)};
	act->has_address = address_parse(act->source, &act->address);
	act->request = parsed(row->request, &nodes->request, nodes->request_nodes, 2048);
	act->response = parsed(row->response, &nodes->response, nodes->response_nodes, 2048);
}

static void fill_flow(const struct record_row *row, struct record *out)
{
	out->flow = (struct record_flow){
		.provider = PROVIDER_AWS,
		.account = STR("111122223333"),
		.interface = str_from(row->interface),
		.instance = str_from(row->instance),
		.protocol = 6,
		.packets = 1,
		.bytes = 100,
		.start = out->time,
		.end = out->time,
	};
	assert_true(address_parse(str_from(row->from), &out->flow.source.address));
	assert_true(address_parse(str_from(row->to), &out->flow.destination.address));
}

void record_case_fill(const struct record_row *row, size_t number, struct case_nodes *nodes,
		      struct record *out)
{
	snprintf(nodes->id, sizeof(nodes->id), "row-%zu", number);
	*out = (struct record){
		.kind = row->kind == RECORD_OTHER ? RECORD_CLOUDTRAIL : row->kind,
		.time = instant_at(BEGIN_S + row->at, 0),
		.id = row->id ? str_from(row->id) : str_from(nodes->id),
		.source = STR("trail.json"),
		.offset = number * 1000,
		.line = number + 1,
	};
	if (out->kind == RECORD_FLOW)
		fill_flow(row, out);
	else
		fill_act(row, nodes, out);
}

struct taker {
	struct record_teller teller;
	struct case_result *out;
};

static void take(struct record_teller *teller, struct finding *finding)
{
	struct taker *taker = (struct taker *)teller;
	char id[FINDING_ID_LEN + 1];
	CLEANUP(buf_fini) struct buf json = {0};

	finding->detector = STR("test");
	finding->revision = 1;
	finding_identify(finding, id);
	finding->id = str_from(id);
	assert_true(taker->out->count < CASE_FINDINGS);
	assert_true(finding->reason_count > 0 && finding->title.len > 0);
	assert_true(finding->confidence > 0 && finding->confidence <= 1);
	struct case_finding *kept = &taker->out->at[taker->out->count++];
	kept->verdict = finding->verdict;
	kept->severity = finding->severity;
	kept->confidence = finding->confidence;
	finding_to_json(finding, &json);
	assert_true(!json.failed && json.len < sizeof(kept->json));
	memcpy(kept->json, json.at, json.len);
	kept->json[json.len] = '\0';
}

void record_case_report(const struct record_detector *detector, void *state,
			struct case_result *out)
{
	struct taker taker = {{take}, out};
	struct arena scratch;

	out->count = 0;
	assert_int_equal(arena_init(&scratch, 256 * 1024), 0);
	detector->report(state, instant_at(BEGIN_S + 30 * 86400, 0), &scratch, &taker.teller);
	arena_fini(&scratch);
}

/* Where two findings part, for cmocka cuts long texts. */
static void must_equal(const char *what, const char *a, const char *b)
{
	size_t at = 0;

	while (a[at] && a[at] == b[at])
		at++;
	if (a[at] != b[at])
		fail_msg("%s: after \"%.*s\" comes \"%.60s\" and not \"%.60s\"", what,
			 (int)(at < 60 ? at : 60), a + (at < 60 ? 0 : at - 60), a + at, b + at);
}

static void run_in_order(const struct record_detector *detector, const struct record *records,
			 const size_t *order, size_t count, uint64_t seed, struct case_result *out)
{
	struct computing_prices *prices = NULL;
	void *state = NULL;

	assert_int_equal(computing_prices_built_in(&prices), 0);
	const struct record_settings settings = {.seed = seed, .capacity = 1024, .prices = prices};
	assert_int_equal(detector->create(&settings, &state), 0);
	for (size_t i = 0; i < count; i++)
		if (detector->wants & RECORD_WANTS(records[order[i]].kind))
			detector->observe(state, &records[order[i]]);
	record_case_report(detector, state, out);
	struct case_result *again = malloc(sizeof(*again));
	assert_non_null(again);
	record_case_report(detector, state, again); /* telling changes nothing */
	assert_int_equal(again->count, out->count);
	for (size_t i = 0; i < out->count; i++)
		must_equal("told again", again->at[i].json, out->at[i].json);
	free(again);
	detector->destroy(state);
	computing_prices_free(prices);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* 0: as written; 1: backwards; then shuffled. The last ones hold every record twice. */
static size_t put_in_order(size_t *order, size_t count, int shuffle)
{
	size_t total = shuffle >= SHUFFLES / 2 ? 2 * count : count;
	uint32_t random = 77 + (uint32_t)shuffle;

	for (size_t i = 0; i < total; i++)
		order[i] = shuffle == 1 ? count - 1 - i : i % count;
	for (size_t i = total; i > 1 && shuffle > 1; i--) {
		size_t other = next_random(&random) % i, kept = order[i - 1];
		order[i - 1] = order[other];
		order[other] = kept;
	}
	return total;
}

void record_case_run(const struct record_detector *detector, const struct record_row *rows,
		     size_t count, struct case_result *out)
{
	struct case_nodes *nodes = calloc(count, sizeof(*nodes));
	struct record *records = calloc(count, sizeof(*records));
	size_t *order = calloc(2 * count, sizeof(*order));
	struct case_result *other = malloc(sizeof(*other));

	assert_true(nodes && records && order && other);
	for (size_t i = 0; i < count; i++)
		record_case_fill(&rows[i], i, &nodes[i], &records[i]);
	for (int shuffle = 0; shuffle < SHUFFLES; shuffle++) {
		size_t total = put_in_order(order, count, shuffle);
		struct case_result *result = shuffle == 0 ? out : other;
		run_in_order(detector, records, order, total, 1 + (uint64_t)shuffle, result);
		if (result->count != out->count)
			fail_msg("order %d gives %zu findings instead of %zu", shuffle,
				 result->count, out->count);
		for (size_t i = 0; i < out->count; i++)
			must_equal("in another order", result->at[i].json, out->at[i].json);
	}
	free(other);
	free(order);
	free(records);
	free(nodes);
}

void record_case_says(const char *row, const struct case_finding *finding, const char *text)
{
	if (!strstr(finding->json, text))
		fail_msg("%s: \"%s\" is not in %s", row, text, finding->json);
}

void record_case_hides(const char *row, const struct case_finding *finding, const char *text)
{
	if (strstr(finding->json, text))
		fail_msg("%s: \"%s\" is in %s", row, text, finding->json);
}

static size_t row_count(const struct record_story *story)
{
	const size_t most = sizeof(story->rows) / sizeof(*story->rows);
	size_t count = 0;

	while (count < most && (story->rows[count].at > 0 || story->rows[count].action))
		count++;
	return count;
}

void record_case_story(const struct record_detector *detector, const struct record_story *story,
		       struct case_result *out)
{
	record_case_run(detector, story->rows, row_count(story), out);
	if (out->count != (story->is_silent ? 0 : 1))
		fail_msg("%s: %zu findings: %s", story->name, out->count,
			 out->count ? out->at[0].json : "");
	if (story->is_silent)
		return;
	const struct case_finding *finding = &out->at[0];
	if (finding->verdict != story->verdict || finding->severity != story->severity)
		fail_msg("%s: %s", story->name, finding->json);
	for (size_t i = 0; i < sizeof(story->says) / sizeof(*story->says) && story->says[i]; i++)
		record_case_says(story->name, finding, story->says[i]);
	for (size_t i = 0; i < sizeof(story->hides) / sizeof(*story->hides) && story->hides[i]; i++)
		record_case_hides(story->name, finding, story->hides[i]);
}
