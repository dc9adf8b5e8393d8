/*
 * Sigma rules and the records they are held against. Before the first NUL: rules; behind it, when
 * there is one: a mapping, another NUL, and records, one a line.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "decode/sigma/sigma.h"
#include "detect/sigma/engine.h"

enum { NODES = 512, ATOMS_MOST = 64, RECORDS_MOST = 16 };

static const char plain_mapping[] =
	"logsource: [{product: a}, {product: aws, service: cloudtrail}]\n"
	"kinds: [cloudtrail]\n";

struct counting {
	struct sigma_teller teller;
	uint64_t refusals, warnings;
};

static void count_problem(struct sigma_teller *teller, const struct sigma_problem *problem)
{
	struct counting *counting = (struct counting *)teller;

	assert(problem->what.len > 0 && problem->remedy.len > 0);
	*(problem->is_refusal ? &counting->refusals : &counting->warnings) += 1;
}

static void take_finding(struct record_teller *teller, struct finding *finding)
{
	assert(finding->rule.id.len > 0 && finding->reason_count > 0);
}

/* What holds of every rule: its steps leave one value, and name what is there. */
static void check_rule(const struct sigma_rules *rules, const struct sigma_rule *rule)
{
	size_t depth = 0;

	assert(rule->id.len > 0 && rule->title.len > 0);
	for (size_t i = 0; i < rule->step_count; i++) {
		const struct sigma_step *step = &rule->steps[i];
		const size_t taken = step->op == SIGMA_ATOM ? 0 : step->operand;
		assert(step->op != SIGMA_ATOM || step->operand < rule->atom_count);
		assert(taken <= depth);
		depth = depth - taken + 1;
	}
	assert(rule->correlation ? rule->step_count == 0 : depth == 1);
	for (size_t i = 0; rule->correlation && i < rule->correlation->rule_count; i++)
		assert(rule->correlation->rules[i] < rules->count);
}

static void run_records(struct sigma_engine *engine, struct str text)
{
	static struct json_node nodes[NODES];
	struct record_teller teller = {take_finding};
	struct arena scratch;
	struct str line;

	for (int i = 0; i < RECORDS_MOST && text.len > 0; i++) {
		struct json doc = {.nodes = nodes, .cap = NODES};
		struct record record = {.kind = RECORD_CLOUDTRAIL, .offset = (uint64_t)i};
		if (!str_cut(text, '\n', &line, &text))
			text = (struct str){0};
		json_read(&doc, line);
		record.whole = json_root(&doc);
		record.time = instant_at(1700000000 + i % 3, 0);
		sigma_engine_take(engine, &record);
	}
	if (arena_init(&scratch, 1 << 20) < 0)
		return;
	sigma_engine_report(engine, instant_at(1700000003, 0), &scratch, &teller);
	arena_fini(&scratch);
}

static void run(const struct sigma_rules *rules, const struct sigma_mapping *mapping,
		struct str records)
{
	const struct sigma_engine_settings settings = {
		.seed = 1, .findings = 16, .groups = 16, .events = 64};
	struct sigma_engine *engine = NULL;

	if (sigma_engine_new(rules, mapping, 1, &settings, &engine, NULL) < 0)
		return;
	run_records(engine, records);
	sigma_engine_free(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct counting counting = {.teller = {count_problem}};
	struct str text, mapping_text, records = STR("{\"a\":\"x\",\"b\":[1,{\"c\":null}]}\n");
	struct sigma_mapping mapping;
	struct sigma_rules rules;
	struct arena arena;
	size_t atoms = 0;

	if (!str_cut(str_of(bytes, size), '\0', &text, &mapping_text))
		mapping_text = str_from(plain_mapping);
	else
		(void)str_cut(mapping_text, '\0', &mapping_text, &records);
	if (sigma_rules_init(&rules, 4 << 20) < 0)
		return 0;
	int result = sigma_rules_read(&rules, STR("r"), text, NULL, &counting.teller);
	sigma_rules_join(&rules, &counting.teller);
	assert(result == 0 || result == -12);
	assert(rules.refused == 0 || counting.refusals > 0);
	for (size_t i = 0; i < rules.count; i++) {
		check_rule(&rules, &rules.at[i]);
		atoms += rules.at[i].atom_count;
	}
	if (arena_init(&arena, 1 << 20) == 0) {
		/* compiling takes long, and is vectorscan's: a few comparisons are enough */
		if (sigma_mapping_read(STR("m"), mapping_text, &arena, &mapping,
				       &counting.teller) == 0 &&
		    atoms <= ATOMS_MOST)
			run(&rules, &mapping, records);
		arena_fini(&arena);
	}
	sigma_rules_fini(&rules);
	return 0;
}
