#include "detect/sigma/hits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/table.h"

enum { SHOWN_MAX = 120 };

struct hit_key {
	uint64_t subject[2]; /* two hashes of it, of different seeds */
	uint32_t rule, unused;
};

struct hit {
	struct hit_key key;
	uint64_t count;
	struct whose whose;
	struct witness earliest, latest;
	const struct sigma_atom *reasons[HIT_REASONS_MAX]; /* of the earliest */
	size_t reason_count;
};

struct hits {
	const struct sigma_rules *rules;
	struct table *table;
	uint64_t seed;
	/* of the report under way */
	struct arena *scratch;
	struct record_teller *teller;
};

int hits_new(const struct sigma_rules *rules, uint32_t capacity, uint64_t seed, struct hits **out)
{
	struct hits *hits = calloc(1, sizeof(*hits));
	const struct table_settings settings = {
		.capacity = capacity,
		.entry_size = sizeof(struct hit),
		.key_size = sizeof(struct hit_key),
		.seed = seed,
		.class_share = {1, 0.75, 0.5},
	};

	if (!hits || table_new(&settings, &hits->table) < 0) {
		free(hits);
		return -ENOMEM;
	}
	hits->rules = rules;
	hits->seed = seed;
	*out = hits;
	return 0;
}

void hits_free(struct hits *hits)
{
	if (!hits)
		return;
	table_free(hits->table);
	free(hits);
}

static void keep_reasons(struct hit *hit, const struct sigma_atom *const *reasons, size_t count)
{
	hit->reason_count = count < HIT_REASONS_MAX ? count : HIT_REASONS_MAX;
	for (size_t i = 0; i < hit->reason_count; i++)
		hit->reasons[i] = reasons[i];
}

/* What says more of mining is forgotten later. */
static unsigned class_of(const struct sigma_rule *rule)
{
	if (rule->verdict >= VERDICT_SUSPECT)
		return 2;
	return rule->severity >= SEVERITY_HIGH || rule->verdict != VERDICT_SIGNAL;
}

static struct hit *find_hit(struct hits *hits, uint32_t rule, const struct record *record,
			    bool *is_new)
{
	struct whose whose;

	whose_read(record, &whose);
	const struct hit_key key = {
		{whose_hash(&whose, hits->seed), whose_hash(&whose, ~hits->seed)}, rule, 0};
	const uint64_t hash = table_hash(hits->table, &key);
	struct hit *hit = table_find(hits->table, &key, hash);

	*is_new = !hit;
	if (hit) {
		table_touch(hits->table, hit, record->time);
		return hit;
	}
	hit = table_insert(hits->table, &key, hash, record->time);
	hit->whose = whose;
	table_set_class(hits->table, hit, class_of(&hits->rules->at[rule]));
	return hit;
}

void hits_add(struct hits *hits, uint32_t rule, const struct record *record,
	      const struct sigma_atom *const *reasons, size_t reason_count)
{
	struct witness witness = {0};
	bool is_new;
	struct hit *hit = find_hit(hits, rule, record, &is_new);

	hit->count++;
	witness.time = record->time;
	/* most lie between the two that are quoted */
	if (!is_new && witness.time.ns > hit->earliest.time.ns &&
	    witness.time.ns < hit->latest.time.ns)
		return;
	witness_read(record, &witness);
	if (is_new || witness_compare(&witness, &hit->earliest) < 0) {
		hit->earliest = witness;
		keep_reasons(hit, reasons, reason_count);
	}
	if (is_new || witness_compare(&witness, &hit->latest) > 0)
		hit->latest = witness;
}

uint64_t hits_forgotten(const struct hits *hits)
{
	return table_counters(hits->table).evicted;
}

/* -- telling -- */

/* Not measured on labelled records of mining: what a rule's author says is taken at a discount. */
static double confidence_of(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_SIGNAL:
		return 0.2;
	case VERDICT_MINING:
	case VERDICT_MINER:
		return 0.8;
	default:
		return 0.5;
	}
}

void rule_tell(const struct sigma_rule *rule, struct arena *scratch, struct finding *out)
{
	out->detector = STR("sigma");
	out->rule = (struct rule){
		.id = rule->id,
		.title = rule->title,
		.author = rule->author,
		.license = rule->license,
		.path = rule->path,
	};
	out->verdict = rule->verdict;
	out->severity = rule->severity;
	out->confidence = confidence_of(rule->verdict);
	for (size_t i = 0; i < rule->technique_count; i++)
		finding_add_technique(out, rule->techniques[i]);
	out->title = arena_printable(scratch, rule->title, SHOWN_MAX);
}

void rule_tell_doubts(const struct sigma_rule *rule, struct arena *scratch, struct finding *out)
{
	const struct str doubt = arena_printable(scratch, rule->falsepositives, 2 * SHOWN_MAX);

	if (doubt.len > 0 && !str_equal_nocase(doubt, STR("unknown")))
		finding_add_reason(out,
				   arena_printf(scratch, "what else it may be, says the rule: %.*s",
						STR_ARG(doubt)));
	finding_add_action(
		out,
		(struct action){.text = STR("Ask whoever answers for it whether this was meant; if "
					    "not, take their access away and look at what else "
					    "they did")});
}

static const char *verb_of(const struct sigma_atom *atom)
{
	switch (atom->match) {
	case SIGMA_EXPRESSION:
		return "matches";
	case SIGMA_NETWORK:
		return "is in";
	case SIGMA_LESS:
		return "is less than";
	case SIGMA_LESS_EQUAL:
		return "is at most";
	case SIGMA_GREATER:
		return "is greater than";
	case SIGMA_GREATER_EQUAL:
		return "is at least";
	case SIGMA_EQUAL:
		return "is";
	case SIGMA_EXISTS:
		return "is there";
	case SIGMA_NULL:
		return "is not there";
	case SIGMA_FIELD:
		return "agrees with";
	default:
		break;
	}
	if (atom->part_count < 2)
		return "is";
	const bool is_open = atom->parts[0].kind == SIGMA_ANY;
	const bool is_open_ended = atom->parts[atom->part_count - 1].kind == SIGMA_ANY;
	return is_open && is_open_ended ? "contains"
	       : is_open		? "ends with"
	       : is_open_ended		? "begins with"
					: "is";
}

/* In the rule's words, not the record's: what it holds may be a secret. */
static struct str reason_of(const struct sigma_atom *atom, struct arena *scratch)
{
	static const char *const times[] = {
		[SIGMA_NO_TIME] = "",	       [SIGMA_MINUTE] = "the minute of ",
		[SIGMA_HOUR] = "the hour of ", [SIGMA_DAY] = "the day of the month of ",
		[SIGMA_WEEK] = "the week of ", [SIGMA_MONTH] = "the month of ",
		[SIGMA_YEAR] = "the year of ",
	};
	const bool has_value = atom->match != SIGMA_EXISTS && atom->match != SIGMA_NULL;
	const struct str field = arena_printable(
		scratch, atom->field.len ? atom->field : STR("some value"), SHOWN_MAX);
	const struct str value = arena_printable(scratch, atom->text, SHOWN_MAX);

	return arena_printf(scratch, "%s%.*s %s%s%.*s", times[atom->time], STR_ARG(field),
			    verb_of(atom), has_value ? " " : "",
			    STR_ARG(has_value ? value : ((struct str){"", 0})));
}

static struct str word_of(const struct kept_word *word)
{
	return str_of(word->at, word->len);
}

/* One or two words of the two witnesses. */
static void add_words(struct facts *facts, const char *name, const struct kept_word *a,
		      const struct kept_word *b, struct str kept[2])
{
	size_t count = 0;

	if (a->len > 0)
		kept[count++] = word_of(a);
	if (b->len > 0 && !str_equal(word_of(a), word_of(b)))
		kept[count++] = word_of(b);
	facts_add_texts(facts, name, kept, count);
}

static void tell_hit(void *context, void *entry)
{
	struct hits *hits = context;
	struct hit *hit = entry;
	const struct sigma_rule *rule = &hits->rules->at[hit->key.rule];
	struct finding finding = {0};
	struct str keys[2], addresses[2], sessions[2];

	rule_tell(rule, hits->scratch, &finding);
	finding.title = arena_printf(
		hits->scratch, "%.*s: %.*s", STR_ARG(finding.title),
		STR_ARG(arena_printable(hits->scratch, whose_name(&hit->whose), SHOWN_MAX)));
	whose_tell(&hit->whose, &finding.subject);
	finding.first_seen = hit->earliest.time.ns ? hit->earliest.time : hit->latest.time;
	finding.last_seen = hit->latest.time;
	finding_add_reason(&finding, arena_printf(hits->scratch,
						  "%" PRIu64 " record%s what the rule looks for",
						  hit->count, hit->count == 1 ? " is" : "s are"));
	for (size_t i = 0; i < hit->reason_count; i++)
		finding_add_reason(&finding, reason_of(hit->reasons[i], hits->scratch));
	rule_tell_doubts(rule, hits->scratch, &finding);
	finding_add_evidence(&finding, witness_evidence(&hit->earliest));
	if (witness_compare(&hit->earliest, &hit->latest) != 0)
		finding_add_evidence(&finding, witness_evidence(&hit->latest));
	facts_add_number(&finding.facts, "records", hit->count);
	add_words(&finding.facts, "key_ids", &hit->earliest.key_id, &hit->latest.key_id, keys);
	add_words(&finding.facts, "addresses", &hit->earliest.address, &hit->latest.address,
		  addresses);
	add_words(&finding.facts, "sessions", &hit->earliest.session, &hit->latest.session,
		  sessions);
	hits->teller->tell(hits->teller, &finding);
	arena_reset(hits->scratch);
}

void hits_report(struct hits *hits, struct arena *scratch, struct record_teller *teller)
{
	hits->scratch = scratch;
	hits->teller = teller;
	table_each(hits->table, tell_hit, hits);
}
