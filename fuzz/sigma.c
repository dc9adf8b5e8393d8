/*
 * Sigma rules. Before the first NUL: rules; behind it, when there is one: a mapping, and another
 * NUL.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "decode/sigma/sigma.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct counting counting = {.teller = {count_problem}};
	struct str text, mapping_text;
	struct sigma_mapping mapping;
	struct sigma_rules rules;
	struct arena arena;

	if (!str_cut(str_of(bytes, size), '\0', &text, &mapping_text))
		mapping_text = str_from(plain_mapping);
	else
		(void)str_cut(mapping_text, '\0', &mapping_text, &text);
	if (sigma_rules_init(&rules, 4 << 20) < 0)
		return 0;
	int result = sigma_rules_read(&rules, STR("r"), text, NULL, &counting.teller);
	sigma_rules_join(&rules, &counting.teller);
	assert(result == 0 || result == -12);
	assert(rules.refused == 0 || counting.refusals > 0);
	for (size_t i = 0; i < rules.count; i++)
		check_rule(&rules, &rules.at[i]);
	if (arena_init(&arena, 1 << 20) == 0) {
		result = sigma_mapping_read(STR("m"), mapping_text, &arena, &mapping,
					    &counting.teller);
		assert(result <= 0);
		arena_fini(&arena);
	}
	sigma_rules_fini(&rules);
	return 0;
}
