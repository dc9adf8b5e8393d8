#include "model/finding.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

static const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_SIGNAL] = "signal",   [VERDICT_ACCESS] = "access", [VERDICT_EXPOSURE] = "exposure",
	[VERDICT_SUSPECT] = "suspect", [VERDICT_MINER] = "miner",   [VERDICT_MINING] = "mining",
};

static const char *const severity_names[SEVERITY_COUNT] = {
	[SEVERITY_INFO] = "info", [SEVERITY_LOW] = "low",	    [SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high", [SEVERITY_CRITICAL] = "critical",
};

const char *verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

bool verdict_from_name(struct str name, enum verdict *out)
{
	for (int i = 0; i < VERDICT_COUNT; i++) {
		if (str_equal(name, str_from(verdict_names[i]))) {
			*out = (enum verdict)i;
			return true;
		}
	}
	return false;
}

const char *severity_name(enum severity severity)
{
	return severity_names[severity];
}

bool severity_from_name(struct str name, enum severity *out)
{
	for (int i = 0; i < SEVERITY_COUNT; i++) {
		if (str_equal(name, str_from(severity_names[i]))) {
			*out = (enum severity)i;
			return true;
		}
	}
	return false;
}

static void facts_add(struct facts *facts, struct fact fact)
{
	if (facts->count < FACTS_MAX)
		facts->at[facts->count++] = fact;
}

void facts_add_text(struct facts *facts, const char *name, struct str text)
{
	if (text.len > 0)
		facts_add(facts,
			  (struct fact){.name = str_from(name), .kind = FACT_TEXT, .text = text});
}

void facts_add_number(struct facts *facts, const char *name, uint64_t number)
{
	facts_add(facts,
		  (struct fact){.name = str_from(name), .kind = FACT_NUMBER, .number = number});
}

void facts_add_real(struct facts *facts, const char *name, double real)
{
	facts_add(facts, (struct fact){.name = str_from(name), .kind = FACT_REAL, .real = real});
}

void facts_add_truth(struct facts *facts, const char *name, bool truth)
{
	facts_add(facts, (struct fact){.name = str_from(name), .kind = FACT_TRUTH, .truth = truth});
}

void facts_add_texts(struct facts *facts, const char *name, const struct str *texts, size_t count)
{
	if (count > 0)
		facts_add(facts, (struct fact){.name = str_from(name),
					       .kind = FACT_TEXTS,
					       .texts = texts,
					       .text_count = count});
}

const struct fact *facts_find(const struct facts *facts, struct str name)
{
	for (size_t i = 0; i < facts->count; i++)
		if (str_equal(facts->at[i].name, name))
			return &facts->at[i];
	return NULL;
}

struct str facts_text(const struct facts *facts, struct str name)
{
	const struct fact *fact = facts_find(facts, name);

	return fact && fact->kind == FACT_TEXT ? fact->text : (struct str){0};
}

uint64_t facts_number(const struct facts *facts, struct str name)
{
	const struct fact *fact = facts_find(facts, name);

	return fact && fact->kind == FACT_NUMBER ? fact->number : 0;
}

void finding_add_reason(struct finding *finding, struct str reason)
{
	if (reason.len > 0 && finding->reason_count < FINDING_REASONS_MAX)
		finding->reasons[finding->reason_count++] = reason;
}

void finding_add_technique(struct finding *finding, struct str technique)
{
	if (technique.len > 0 && finding->technique_count < FINDING_TECHNIQUES_MAX)
		finding->techniques[finding->technique_count++] = technique;
}

void finding_add_evidence(struct finding *finding, struct evidence evidence)
{
	evidence.quote = str_sub(evidence.quote, 0, EVIDENCE_QUOTE_MAX);
	if (finding->evidence_count < FINDING_EVIDENCE_MAX)
		finding->evidence[finding->evidence_count++] = evidence;
}

void finding_add_action(struct finding *finding, struct action action)
{
	if (action.text.len > 0 && finding->action_count < FINDING_ACTIONS_MAX)
		finding->actions[finding->action_count++] = action;
}

static uint64_t hash_part(uint64_t hash, struct str part)
{
	uint64_t len = part.len;

	hash = hash_bytes(&len, sizeof(len), hash);
	return hash_bytes(part.at, part.len, hash);
}

void finding_identify(const struct finding *finding, char id[FINDING_ID_LEN + 1])
{
	uint64_t hash = hash_part(0, finding->detector);

	hash = hash_part(hash, finding->rule.id);
	hash = hash_part(hash, finding->subject.type);
	for (size_t i = 0; i < finding->subject.keys.count; i++) {
		const struct fact *key = &finding->subject.keys.at[i];
		hash = hash_part(hash, key->name);
		hash = key->kind == FACT_NUMBER
			       ? hash_bytes(&key->number, sizeof(key->number), hash)
			       : hash_part(hash, key->text);
	}
	snprintf(id, FINDING_ID_LEN + 1, "%016llx", (unsigned long long)hash);
}
