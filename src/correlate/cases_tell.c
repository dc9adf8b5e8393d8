#include "correlate/cases_state.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "model/finding_json.h"
#include "model/line.h"

enum { TEXTS_BYTES = 512 * 1024 };

int case_telling_init(struct case_telling *telling)
{
	if (arena_init(&telling->lines, LINE_ARENA_BYTES) < 0)
		return -ENOMEM;
	return arena_init(&telling->texts, TEXTS_BYTES);
}

void case_telling_fini(struct case_telling *telling)
{
	arena_fini(&telling->lines);
	arena_fini(&telling->texts);
}

/* -- lists, each text once -- */

static bool has_text(const struct str *list, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i], text))
			return true;
	return false;
}

static void add_text(struct case_telling *t, struct str *list, size_t *count, size_t cap,
		     struct str text)
{
	if (text.len > 0 && *count < cap && !has_text(list, *count, text))
		list[(*count)++] = arena_copy(&t->texts, text);
}

static void add_texts_of(struct case_telling *t, const struct finding *finding, const char *name,
			 struct str *list, size_t *count)
{
	const struct fact *fact = facts_find(&finding->facts, str_from(name));

	for (size_t i = 0; fact && fact->kind == FACT_TEXTS && i < fact->text_count; i++)
		add_text(t, list, count, INCIDENT_IMPACT_MAX, fact->texts[i]);
}

/* -- the parts -- */

static void add_story(struct case_telling *t, const struct finding *finding, struct incident *out)
{
	struct str text = finding->title, why = (struct str){0};

	if (out->story_count == INCIDENT_STORY_MAX)
		return;
	if (finding->reason_count > 0)
		why = finding->reasons[0];
	out->story[out->story_count++] = (struct story_entry){
		.time = finding->first_seen,
		.text = why.len > 0
				? arena_printf(&t->texts, "%.*s: %.*s", STR_ARG(text), STR_ARG(why))
				: arena_copy(&t->texts, text),
		.technique = finding->technique_count > 0
				     ? arena_copy(&t->texts, finding->techniques[0])
				     : (struct str){0},
		.finding = arena_copy(&t->texts, finding->id),
	};
}

/* What is worst is told first: its actions come before those of the others. */
static void add_actions(struct case_telling *t, const struct finding *finding, struct incident *out)
{
	for (size_t i = 0; i < finding->action_count; i++) {
		const struct action *action = &finding->actions[i];
		bool is_known = out->action_count == INCIDENT_ACTIONS_MAX;
		for (size_t k = 0; k < out->action_count; k++)
			is_known |= str_equal(out->actions[k].command, action->command);
		if (!is_known)
			out->actions[out->action_count++] =
				(struct action){.text = arena_copy(&t->texts, action->text),
						.command = arena_copy(&t->texts, action->command),
						.undo = arena_copy(&t->texts, action->undo)};
	}
}

static void add_victims(struct case_telling *t, const struct finding *finding, struct incident *out)
{
	static const struct str names[] = {STR("account"), STR("cluster"), STR("instance"),
					   STR("pod"), STR("workload")};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		add_text(t, out->victims, &out->victim_count, INCIDENT_VICTIMS_MAX,
			 facts_text(&finding->facts, names[i]));
	out->victim_total = out->victim_count;
}

/* Of several that know a cost the highest: they count the same machines. */
static void add_cost(struct case_telling *t, const struct finding *finding, struct incident *out)
{
	static const struct str real[] = {STR("cost_per_hour"), STR("cost_most")};
	static const struct str texts[] = {STR("currency"), STR("cost_table_date")};
	const struct fact *here = facts_find(&finding->facts, real[0]);
	const struct fact *there = facts_find(&out->cost, real[0]);

	if (!here || here->kind != FACT_REAL || (there && there->real >= here->real))
		return;
	out->cost.count = 0;
	for (size_t i = 0; i < 2; i++) {
		const struct fact *fact = facts_find(&finding->facts, real[i]);
		if (fact && fact->kind == FACT_REAL)
			facts_add_real(&out->cost, real[i].at, fact->real);
	}
	for (size_t i = 0; i < 2; i++)
		facts_add_text(&out->cost, texts[i].at,
			       arena_copy(&t->texts, facts_text(&finding->facts, texts[i])));
}

static void judge(struct incident *out, const struct finding *finding)
{
	if (finding->verdict > out->verdict)
		out->verdict = finding->verdict;
	if (finding->severity > out->severity)
		out->severity = finding->severity;
	if (finding->confidence > out->confidence)
		out->confidence = finding->confidence;
	if (finding->last_seen.ns > out->last_seen.ns)
		out->last_seen = finding->last_seen;
}

/* Where one detector calls a bucket safe and another saw it read, it was read. */
static void settle_impact(struct incident *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->not_touched_count; i++)
		if (!has_text(out->touched, out->touched_count, out->not_touched[i]))
			out->not_touched[kept++] = out->not_touched[i];
	out->not_touched_count = kept;
}

static bool read_back(struct case_telling *t, const struct case_finding *member,
		      struct finding *out)
{
	struct error why;

	arena_reset(&t->lines);
	return finding_from_json(buf_view(&member->line), &t->lines, out, &why) == 0;
}

static int rank(const struct case_finding *finding)
{
	return finding->verdict * SEVERITY_COUNT + finding->severity;
}

static const struct case_finding *worst_of(struct case_finding *const *members, size_t count)
{
	const struct case_finding *worst = members[0];

	for (size_t i = 1; i < count; i++)
		if (rank(members[i]) > rank(worst))
			worst = members[i];
	return worst;
}

static void add_title(struct case_telling *t, const struct finding *worst, size_t count,
		      struct incident *out)
{
	if (count == 1)
		out->title = arena_copy(&t->texts, worst->title);
	else
		out->title = arena_printf(&t->texts, "%.*s, and %zu more step%s of the same hand",
					  STR_ARG(worst->title), count - 1, count == 2 ? "" : "s");
}

static void add_member(struct case_telling *t, const struct finding *finding, struct incident *out)
{
	judge(out, finding);
	add_story(t, finding, out);
	add_actions(t, finding, out);
	add_victims(t, finding, out);
	add_cost(t, finding, out);
	add_texts_of(t, finding, "touched", out->touched, &out->touched_count);
	add_texts_of(t, finding, "not_touched", out->not_touched, &out->not_touched_count);
	add_texts_of(t, finding, "cannot_tell", out->cannot_tell, &out->cannot_tell_count);
	if (out->finding_count < INCIDENT_FINDINGS_MAX)
		out->findings[out->finding_count++] = arena_copy(&t->texts, finding->id);
}

/* The id: of the oldest that accuses, but not the same, since a finding's id is taken. */
static struct str id_of(struct case_telling *t, struct case_finding *const *members, size_t count)
{
	size_t i = 0;

	while (i + 1 < count && !case_accuses(members[i]))
		i++;
	uint64_t hash = hash_bytes(members[i]->id, FINDING_ID_LEN, 1);
	return arena_printf(&t->texts, "%016llx", (unsigned long long)hash);
}

void case_tell(struct case_telling *t, struct case_finding *const *members, size_t count,
	       struct incident *out)
{
	struct finding finding;

	arena_reset(&t->texts);
	*out = (struct incident){.revision = 1,
				 .finding_total = count,
				 .first_seen = members[0]->first_seen,
				 .id = id_of(t, members, count)};
	const struct case_finding *worst = worst_of(members, count);
	if (read_back(t, worst, &finding)) {
		add_title(t, &finding, count, out);
		add_actions(t, &finding, out);
	}
	for (size_t i = 0; i < count; i++)
		if (read_back(t, members[i], &finding))
			add_member(t, &finding, out);
	settle_impact(out);
}
