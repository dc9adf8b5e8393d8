/*
 * What a Sigma rule costs: reads records as CloudTrail writes them, with 0, 1, 10, 222 and 1000
 * rules loaded, round about, and prints for each the median of the rounds as one line of JSON.
 *
 *     sigma_rules [ROUNDS]
 *
 * Rules are of the kinds that published ones are, in their proportions: most compare a service and
 * an action, one in six looks into a text, one in eight takes something out, some ask for null. No
 * two records are the same; with 1000 rules about one in four matches one. Processor time, not the
 * clock's; with 0 rules it is what reading the JSON takes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "detect/sigma/engine.h"

enum { RECORDS = 40000, ROUNDS_MOST = 101, NODES = 1024, ACTIONS = 3000, SERVICES = 40 };

static const uint32_t sizes[] = {0, 1, 10, 222, 1000};
enum { SIZES = sizeof(sizes) / sizeof(*sizes) };

static const char mapping_text[] = "logsource: {product: aws, service: cloudtrail}\n"
				   "kinds: [cloudtrail]\n";

static void refuse(struct sigma_teller *teller, const struct sigma_problem *problem)
{
	fprintf(stderr, "%u:%u: %.*s\n", problem->line, problem->column, STR_ARG(problem->what));
	exit(2);
}

static void add_rule(struct buf *out, uint32_t i)
{
	buf_printf(
		out,
		"title: Rule %u\nid: r%u\nlogsource: {product: aws, service: cloudtrail}\n"
		"detection:\n  s:\n    eventSource: svc%u.amazonaws.com\n    eventName: %s%u%s\n",
		i, i, i % SERVICES, i % 9 == 4 ? "[Act" : "Act", i, i % 9 == 4 ? ", Other]" : "");
	if (i % 6 == 2)
		buf_printf(out, "    userAgent|contains: tool-%u\n", i);
	if (i % 7 == 3)
		buf_printf(out, "    requestParameters.name|startswith: pre%u\n", i);
	if (i % 40 == 7)
		buf_printf(out, "    userIdentity.arn|re: ':role/[a-z]+-%u$'\n", i);
	if (i % 5 == 1)
		buf_add_text(out, "    errorCode: null\n");
	if (i % 8 == 5)
		buf_add_text(out, "  f:\n    userIdentity.invokedBy|endswith: .amazonaws.com\n");
	buf_printf(out, "  condition: s%s\n---\n", i % 8 == 5 ? " and not f" : "");
}

static void add_record(struct buf *out, uint32_t i)
{
	const uint32_t action = i * 7919 % ACTIONS;

	buf_printf(
		out,
		"{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"AssumedRole\","
		"\"principalId\":\"AROAEXAMPLE%u:session-%u\",\"arn\":\"arn:aws:sts::1111222233%"
		"02u:"
		"assumed-role/app-%u/session-%u\",\"accountId\":\"1111222233%02u\","
		"\"accessKeyId\":\"ASIAEXAMPLE%u\",\"sessionContext\":{\"sessionIssuer\":{\"type\":"
		"\"Role\",\"arn\":\"arn:aws:iam::111122223333:role/app-%u\"},\"attributes\":{"
		"\"creationDate\":\"2026-01-05T10:00:00Z\",\"mfaAuthenticated\":\"false\"}}},",
		i, i, i % 100, i % 50, i, i % 100, i, i % 50);
	buf_printf(out,
		   "\"eventTime\":\"2026-01-05T10:%02u:%02uZ\",\"eventSource\":\"svc%u.amazonaws."
		   "com\","
		   "\"eventName\":\"Act%u\",\"awsRegion\":\"eu-central-1\",\"sourceIPAddress\":"
		   "\"198.51.100.%u\",\"userAgent\":\"aws-sdk-go/1.44 (linux; amd64) build-%u\",",
		   i / 60 % 60, i % 60, action % SERVICES, action, i % 256, i);
	buf_printf(out,
		   "\"requestParameters\":{\"name\":\"thing-%u\",\"filter\":[{\"key\":\"k%u\","
		   "\"value\":"
		   "\"v%u\"},{\"key\":\"path\",\"value\":\"\\/a\\/%u\"}],\"maxResults\":%u},"
		   "\"responseElements\":null,\"requestID\":\"%08x-example\",\"eventID\":\"%08x-"
		   "example\","
		   "\"readOnly\":true,\"eventType\":\"AwsApiCall\",\"managementEvent\":true,"
		   "\"recipientAccountId\":\"111122223333\",\"eventCategory\":\"Management\"}\n",
		   i, i % 9, i, i, i % 1000, i * 2654435761u, i * 40503u);
}

static struct sigma_engine *make_engine(uint32_t count, struct sigma_rules *rules,
					const struct sigma_mapping *mapping)
{
	const struct sigma_engine_settings settings = {.seed = 1};
	struct sigma_teller teller = {refuse};
	CLEANUP(buf_fini) struct buf text = {0};
	struct sigma_engine *engine = NULL;
	struct error why = {0};

	if (sigma_rules_init(rules, 0) < 0)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		add_rule(&text, i);
	if (sigma_rules_read(rules, STR("made"), buf_view(&text), NULL, &teller) < 0)
		return NULL;
	sigma_rules_join(rules, &teller);
	if (sigma_engine_new(rules, mapping, 1, &settings, &engine, &why) < 0)
		fprintf(stderr, "%s\n", why.text);
	return engine;
}

/* Seconds of processor time. */
static double run(struct sigma_engine *engine, struct str records)
{
	static struct json_node nodes[NODES];
	struct timespec from, to;
	struct str line;
	uint64_t number = 0;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	while (str_cut(records, '\n', &line, &records)) {
		struct json doc = {.nodes = nodes, .cap = NODES};
		json_read(&doc, line);
		struct record record = {.kind = RECORD_CLOUDTRAIL,
					.whole = json_root(&doc),
					.text = line,
					.line = ++number};
		sigma_engine_take(engine, &record);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static int by_size(const void *a, const void *b)
{
	const double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

int main(int argc, char **argv)
{
	static double taken[SIZES][ROUNDS_MOST];
	static struct sigma_rules rules[SIZES];
	struct sigma_engine *engines[SIZES];
	struct sigma_teller teller = {refuse};
	struct sigma_mapping mapping;
	struct buf records = {0};
	struct arena arena;
	const int asked = argc > 1 ? atoi(argv[1]) : 9;
	const int rounds = asked < 1 ? 1 : asked > ROUNDS_MOST ? ROUNDS_MOST : asked;

	if (arena_init(&arena, 1 << 16) < 0 ||
	    sigma_mapping_read(STR("made"), str_from(mapping_text), &arena, &mapping, &teller) < 0)
		return 2;
	for (uint32_t i = 0; i < RECORDS; i++)
		add_record(&records, i);
	for (size_t s = 0; s < SIZES; s++)
		if (!(engines[s] = make_engine(sizes[s], &rules[s], &mapping)) || records.failed)
			return 2;
	for (int round = 0; round < rounds; round++)
		for (size_t s = 0; s < SIZES; s++)
			taken[s][round] = run(engines[s], buf_view(&records));
	for (size_t s = 0; s < SIZES; s++) {
		const struct sigma_engine_counters counters = sigma_engine_counters(engines[s]);
		qsort(taken[s], (size_t)rounds, sizeof(double), by_size);
		const double median = taken[s][rounds / 2];
		printf("{\"rules\":%u,\"ns_per_record\":%.0f,\"mb_per_s\":%.0f,\"comparisons\":%u,"
		       "\"rules_looked_at_per_record\":%.3f,\"hits\":%" PRIu64 "}\n",
		       sizes[s], median / RECORDS * 1e9, (double)records.len / median / 1e6,
		       counters.comparisons, (double)counters.looked_at / (double)counters.records,
		       counters.hits / (uint64_t)rounds);
		sigma_engine_free(engines[s]);
		sigma_rules_fini(&rules[s]);
	}
	buf_fini(&records);
	arena_fini(&arena);
	return 0;
}
