/* Documents -> rules: who says what, how grave it is, where it looks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "decode/sigma/reading.h"

enum { BYTES_DEFAULT = 64 << 20, ID_SEED = 5 };

int sigma_rules_init(struct sigma_rules *rules, size_t bytes)
{
	*rules = (struct sigma_rules){0};
	return arena_init(&rules->texts, bytes ? bytes : BYTES_DEFAULT);
}

void sigma_rules_fini(struct sigma_rules *rules)
{
	free(rules->at);
	free(rules->filters);
	arena_fini(&rules->texts);
	*rules = (struct sigma_rules){0};
}

/* -- what a rule says of itself -- */

static void read_level(struct sigma_reading *r, struct yaml root, struct sigma_rule *rule)
{
	static const struct {
		const char *name;
		enum severity severity;
	} levels[] = {
		{"informational", SEVERITY_INFO}, {"low", SEVERITY_LOW},
		{"medium", SEVERITY_MEDIUM},	  {"high", SEVERITY_HIGH},
		{"critical", SEVERITY_CRITICAL},
	};
	struct yaml at = yaml_member(root, STR("level"));
	char shown[SIGMA_SHOWN_MAX];

	rule->severity = SEVERITY_MEDIUM;
	if (!yaml_kind(at))
		return;
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (str_equal_nocase(yaml_text(at), str_from(levels[i].name))) {
			rule->severity = levels[i].severity;
			return;
		}
	sigma_warn(r, at, "write informational, low, medium, high or critical",
		   "there is no level %s; medium is taken", sigma_show(yaml_text(at), shown));
}

/* "t1496.001" -> "T1496.001"; tactics and the like have no number. */
static bool is_technique(struct str tag)
{
	if (tag.len < 5 || (tag.at[0] | 0x20) != 't')
		return false;
	for (size_t i = 1; i < tag.len; i++)
		if ((tag.at[i] < '0' || tag.at[i] > '9') && !(tag.at[i] == '.' && i == 5))
			return false;
	return tag.len == 5 || tag.len == 9;
}

/*
 * Whether a tag says that the rule is about mining. T1496.001 is hijacked computing, by its name;
 * T1496 is also bandwidth, text messages and, in public rules, whatever somebody might delete: only
 * an author who finds it grave means mining. What is `low` or less its author calls no incident.
 */
static bool says_mining(struct str technique, enum severity severity)
{
	return (str_equal(technique, STR("T1496.001")) && severity >= SEVERITY_MEDIUM) ||
	       (str_equal(technique, STR("T1496")) && severity >= SEVERITY_HIGH);
}

static void take_technique(struct sigma_reading *r, struct str tag, struct sigma_rule *rule)
{
	struct str copy = arena_copy(r->texts, tag);

	if (copy.len == 0 || rule->technique_count == FINDING_TECHNIQUES_MAX)
		return;
	((char *)copy.at)[0] = 'T';
	rule->techniques[rule->technique_count++] = copy;
	if (says_mining(copy, rule->severity))
		rule->verdict = VERDICT_SUSPECT;
}

static void take_verdict(struct sigma_reading *r, struct yaml at, struct str name,
			 struct sigma_rule *rule)
{
	char shown[SIGMA_SHOWN_MAX];

	if (!verdict_from_name(name, &rule->verdict))
		sigma_refuse(r, at, "write signal, access, exposure, suspect, miner or mining",
			     "there is no verdict %s", sigma_show(name, shown));
}

/*
 * What a hit means: a signal, unless tag and level say that it is about mining; and what the rule
 * itself says of it, `davy: {verdict: mining}` or a tag davy.verdict.mining, counts most.
 */
static void read_tags(struct sigma_reading *r, struct yaml root, struct sigma_rule *rule)
{
	static const struct str attack = {"attack.", 7}, own = {"davy.verdict.", 13};
	struct yaml at = yaml_member(root, STR("tags"));
	struct yaml davy = yaml_member(root, STR("davy"));
	struct yaml said = yaml_member(davy, STR("verdict"));

	for (struct yaml tag = yaml_first(at); yaml_kind(tag); tag = yaml_next_in(at, tag))
		if (str_starts_nocase(yaml_text(tag), attack) &&
		    is_technique(str_skip(yaml_text(tag), attack.len)))
			take_technique(r, str_skip(yaml_text(tag), attack.len), rule);
	for (struct yaml tag = yaml_first(at); yaml_kind(tag); tag = yaml_next_in(at, tag))
		if (str_starts(yaml_text(tag), own))
			take_verdict(r, tag, str_skip(yaml_text(tag), own.len), rule);
	if (yaml_kind(said))
		take_verdict(r, said, yaml_text(said), rule);
	else if (yaml_kind(davy))
		sigma_refuse(r, davy, "write `davy: {verdict: mining}`, or take it out",
			     "this says nothing that is known here");
}

static struct str single(struct yaml root, const char *key)
{
	struct yaml at = yaml_member(root, str_from(key));

	return yaml_kind(at) == YAML_LIST ? yaml_text(yaml_first(at)) : yaml_text(at);
}

/* A finding by rule needs an id; a rule may go without one. */
static void read_id(struct sigma_reading *r, struct yaml root, struct sigma_rule *rule)
{
	rule->id = single(root, "id");
	rule->name = single(root, "name");
	if (rule->id.len > 0)
		return;
	rule->id = rule->name.len > 0
			   ? rule->name
			   : arena_printf(r->texts, "title-%016llx",
					  (unsigned long long)hash_bytes(rule->title.at,
									 rule->title.len, ID_SEED));
	r->is_out_of_memory |= rule->id.len == 0;
}

static void read_status(struct sigma_reading *r, struct yaml root)
{
	struct yaml at = yaml_member(root, STR("status"));

	if (str_equal(yaml_text(at), STR("unsupported")) ||
	    str_equal(yaml_text(at), STR("deprecated")))
		sigma_warn(r, at, "see `related` for the rule that takes its place",
			   "its author calls this rule %.*s", STR_ARG(yaml_text(at)));
}

/* Keys that would change what a rule means; all other unknown ones are its author's own notes. */
static void check_keys(struct sigma_reading *r, struct yaml root)
{
	static const struct {
		const char *key, *what, *remedy;
	} refused[] = {
		{"action", "`action: global` and the like are of old Sigma and not supported",
		 "write each rule out"},
	};
	struct yaml taxonomy = yaml_member(root, STR("taxonomy"));
	struct yaml scope = yaml_member(root, STR("scope"));
	char shown[SIGMA_SHOWN_MAX];

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct yaml at = yaml_member(root, str_from(refused[i].key));
		if (yaml_kind(at))
			sigma_refuse(r, at, refused[i].remedy, "%s", refused[i].what);
	}
	if (yaml_kind(taxonomy) && !str_equal(yaml_text(taxonomy), STR("sigma")))
		sigma_refuse(r, taxonomy, "use the fields of Sigma's own taxonomy, or raw ones",
			     "the taxonomy %s is not supported",
			     sigma_show(yaml_text(taxonomy), shown));
	if (yaml_kind(scope))
		sigma_warn(r, scope, "put it into the condition if it matters",
			   "scope is not looked at");
}

static void read_about(struct sigma_reading *r, struct yaml root, struct sigma_rule *rule)
{
	rule->title = single(root, "title");
	rule->author = single(root, "author");
	rule->license = single(root, "license");
	rule->description = single(root, "description");
	rule->falsepositives = single(root, "falsepositives");
	if (rule->title.len == 0)
		sigma_refuse(r, root, "give it a title", "this rule has no title");
	read_id(r, root, rule);
	read_status(r, root);
	read_level(r, root, rule);
	read_tags(r, root, rule);
	check_keys(r, root);
}

/* -- what it looks at -- */

static void read_logsource(struct sigma_reading *r, struct yaml root, struct sigma_rule *rule)
{
	struct yaml at = yaml_member(root, STR("logsource"));

	rule->logsource = (struct sigma_logsource){single(at, "category"), single(at, "product"),
						   single(at, "service")};
	if (yaml_kind(at) != YAML_MAP || rule->logsource.category.len +
							 rule->logsource.product.len +
							 rule->logsource.service.len ==
						 0)
		sigma_refuse(r, yaml_kind(at) ? at : root,
			     "write `logsource:` with product and service",
			     "this rule does not say which log it is for");
}

/* The comparisons that were read become the rule's. */
static void keep_detection(struct sigma_reading *r, struct sigma_rule *rule)
{
	if (r->is_refused || r->is_out_of_memory)
		return;
	struct sigma_atom *atoms = sigma_take(r, (r->atoms.count + 1) * sizeof(*atoms));
	struct sigma_step *steps = sigma_take(r, (r->steps.count + 1) * sizeof(*steps));
	if (!atoms || !steps)
		return;
	memcpy(atoms, r->atoms.at, r->atoms.count * sizeof(*atoms));
	memcpy(steps, r->steps.at, r->steps.count * sizeof(*steps));
	rule->atoms = atoms;
	rule->atom_count = r->atoms.count;
	rule->steps = steps;
	rule->step_count = r->steps.count;
}

static void read_rule(struct sigma_reading *r, struct yaml root, struct sigma_rule *rule)
{
	read_logsource(r, root, rule);
	r->atoms.count = r->steps.count = 0;
	if (!r->is_refused)
		sigma_read_detection(r, yaml_member(root, STR("detection")));
	keep_detection(r, rule);
}

/* It has no level, tags or verdict: it is never told. */
static void read_filter(struct sigma_reading *r, struct yaml root, struct sigma_filter *out)
{
	*out = (struct sigma_filter){.rule = {.path = r->file, .line = yaml_node(root)->line}};
	out->rule.title = single(root, "title");
	if (out->rule.title.len == 0)
		sigma_refuse(r, root, "give it a title", "this filter has no title");
	check_keys(r, root);
	read_logsource(r, root, &out->rule);
	r->atoms.count = r->steps.count = 0;
	if (!r->is_refused)
		sigma_read_filter(r, root, out);
	keep_detection(r, &out->rule);
}

static void read_document(struct sigma_reading *r, struct yaml root, struct sigma_rule *rule)
{
	struct yaml correlation = yaml_member(root, STR("correlation"));

	*rule = (struct sigma_rule){.path = r->file, .line = yaml_node(root)->line};
	if (yaml_kind(root) != YAML_MAP) {
		sigma_refuse(r, root, "see Sigma's specification", "this is no rule");
		return;
	}
	read_about(r, root, rule);
	if (r->is_refused || r->is_out_of_memory)
		return;
	if (!yaml_kind(correlation)) {
		read_rule(r, root, rule);
		return;
	}
	rule->correlation = sigma_take(r, sizeof(*rule->correlation));
	bool generates = false;
	(void)yaml_is_truth(yaml_member(root, STR("generate")), &generates);
	if (rule->correlation)
		sigma_read_correlation(r, correlation, rule->correlation, generates);
}

/* Room for one more in an array of at most `most`. */
static bool make_room(void **at, size_t count, size_t *cap, size_t size, size_t most)
{
	if (count < *cap)
		return true;
	const size_t wanted = *cap ? *cap * 2 : 64;
	void *larger = wanted <= most ? realloc(*at, wanted * size) : NULL;
	if (!larger)
		return false;
	*at = larger;
	*cap = wanted;
	return true;
}

static bool take_document(struct sigma_rules *rules, struct sigma_reading *r, struct yaml root)
{
	if (yaml_kind(root) == YAML_MAP && yaml_kind(yaml_member(root, STR("filter")))) {
		if (!make_room((void **)&rules->filters, rules->filter_count, &rules->filter_cap,
			       sizeof(*rules->filters), SIGMA_FILTERS_MAX))
			return false;
		read_filter(r, root, &rules->filters[rules->filter_count]);
		rules->filter_count += !r->is_refused;
		return true;
	}
	if (!make_room((void **)&rules->at, rules->count, &rules->cap, sizeof(*rules->at),
		       SIGMA_RULES_MAX))
		return false;
	read_document(r, root, &rules->at[rules->count]);
	rules->count += !r->is_refused;
	return true;
}

static void tell_no_yaml(struct sigma_reading *r, const struct yaml_mistake *mistake)
{
	sigma_refuse_at(r, mistake->line, mistake->column,
			"mend it; nothing after it is read of this file", "%s", mistake->what);
}

static int read_all(struct sigma_rules *rules, struct sigma_reading *r, struct yaml_reader *reader)
{
	struct yaml_mistake mistake = {0};
	struct yaml root;

	for (;;) {
		r->is_refused = false;
		enum yaml_result result = yaml_next(reader, &root, &mistake);
		if (result == YAML_NO_MEMORY)
			return -ENOMEM;
		if (result == YAML_WRONG) {
			tell_no_yaml(r, &mistake);
			rules->documents++;
			rules->refused++;
		}
		if (result != YAML_DOCUMENT)
			return 0;
		if (!yaml_kind(root) || yaml_is_null(root)) /* between two "---" */
			continue;
		rules->documents++;
		if (!take_document(rules, r, root) || r->is_out_of_memory)
			return -ENOMEM;
		rules->refused += r->is_refused;
	}
}

int sigma_rules_read(struct sigma_rules *rules, struct str file, struct str text,
		     const struct sigma_placeholders *placeholders, struct sigma_teller *teller)
{
	struct sigma_reading r = {.texts = &rules->texts,
				  .file = arena_copy(&rules->texts, file),
				  .placeholders = placeholders,
				  .teller = teller};
	struct yaml_reader *reader;
	int result;

	if (text.len > SIGMA_FILE_MAX) {
		rules->documents++;
		rules->refused++;
		sigma_refuse_at(&r, 0, 0, "split it", "a file of rules has at most %d MiB",
				SIGMA_FILE_MAX >> 20);
		return 0;
	}
	reader = yaml_reader_new(text, &rules->texts);
	result = reader ? read_all(rules, &r, reader) : -ENOMEM;
	yaml_reader_free(reader);
	sigma_reading_fini(&r);
	rules->warnings += r.warnings;
	return result;
}
