#include "programs/tell.h"

#include "base/json_write.h"

enum { LABEL_WIDTH = 10 };

static void begin_line(struct view *view, const char *label)
{
	view_cell(view, PAINT_FAINT, str_from(label), LABEL_WIDTH);
}

static void tell_line(struct view *view, const char *label, struct str text)
{
	if (text.len == 0)
		return;
	begin_line(view, label);
	view_hostile(view, text);
	view_add(view, "\n");
}

static void add_texts(struct view *view, const struct str *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		view_add(view, i ? ", " : "");
		view_hostile(view, texts[i]);
	}
}

/* total: how many there are, of which `count` are named */
static void tell_list(struct view *view, const char *label, const struct str *texts, size_t count,
		      uint64_t total)
{
	if (count == 0)
		return;
	begin_line(view, label);
	add_texts(view, texts, count);
	if (total > count)
		buf_printf(&view->out, " and %llu more", (unsigned long long)(total - count));
	view_add(view, "\n");
}

static void tell_bullets(struct view *view, const struct str *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		view_add(view, "  - ");
		view_hostile(view, texts[i]);
		view_add(view, "\n");
	}
}

static void add_fact(struct view *view, const struct fact *fact)
{
	struct json_writer w = {.out = &view->out};

	switch (fact->kind) {
	case FACT_TEXT:
		view_hostile(view, fact->text);
		return;
	case FACT_NUMBER:
		json_unsigned(&w, fact->number);
		return;
	case FACT_REAL:
		json_double(&w, fact->real);
		return;
	case FACT_TRUTH:
		view_add(view, fact->truth ? "yes" : "no");
		return;
	case FACT_TEXTS:
		add_texts(view, fact->texts, fact->text_count);
		return;
	}
}

static void add_facts_in_line(struct view *view, const struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		view_add(view, i ? ", " : "");
		view_hostile(view, facts->at[i].name);
		view_add(view, " ");
		add_fact(view, &facts->at[i]);
	}
	view_add(view, "\n");
}

static void tell_facts(struct view *view, const char *heading, const struct facts *facts)
{
	if (facts->count > 0)
		view_heading(view, heading);
	for (size_t i = 0; i < facts->count; i++) {
		view_add(view, "  ");
		view_cell(view, PAINT_PLAIN, facts->at[i].name, 18);
		add_fact(view, &facts->at[i]);
		view_add(view, "\n");
	}
}

static void tell_judgement(struct view *view, enum verdict verdict, enum severity severity,
			   double confidence)
{
	begin_line(view, "What");
	view_painted(view, verdict_paint(verdict), str_from(verdict_name(verdict)));
	buf_printf(&view->out, ", severity %s, confidence %.2f\n", severity_name(severity),
		   confidence);
}

static void tell_times(struct view *view, instant first, instant last)
{
	begin_line(view, "Since");
	view_time(view, first);
	view_add(view, ", last seen ");
	view_time(view, last);
	if (last.ns > first.ns) {
		view_add(view, " (");
		buf_add_duration(&view->out, instant_since(last, first));
		view_add(view, ")");
	}
	view_add(view, "\n");
}

/*
 * A command must stay as it is when it is pasted: backslashes are not doubled, unlike in other
 * text. Controls and hidden characters are still shown for what they are.
 */
static void add_command(struct view *view, struct str command)
{
	struct str piece;

	while (str_cut(command, '\\', &piece, &command)) {
		view_hostile(view, piece);
		view_add(view, "\\");
	}
	view_hostile(view, piece);
}

static void tell_actions(struct view *view, const struct action *actions, size_t count)
{
	if (count > 0)
		view_heading(view, "What to do next");
	for (size_t i = 0; i < count; i++) {
		buf_printf(&view->out, "  %zu. ", i + 1);
		view_hostile(view, actions[i].text);
		view_add(view, "\n");
		if (actions[i].command.len > 0) {
			view_add(view, "       ");
			add_command(view, actions[i].command);
			view_add(view, "\n");
		}
		if (actions[i].undo.len > 0) {
			view_add(view, "     undo: ");
			add_command(view, actions[i].undo);
			view_add(view, "\n");
		}
	}
}

void tell_reasons(struct view *view, const struct finding *finding)
{
	view_add(view, "  ");
	view_hostile(view, finding->title);
	view_add(view, " (");
	view_hostile(view, finding->id);
	view_add(view, ")\n");
	tell_bullets(view, finding->reasons, finding->reason_count);
}

void tell_evidence(struct view *view, const struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence_count; i++) {
		const struct evidence *evidence = &finding->evidence[i];
		view_add(view, "  ");
		view_hostile(view, evidence->source);
		if (evidence->has_offset)
			buf_printf(&view->out, " at byte %llu",
				   (unsigned long long)evidence->offset);
		if (evidence->time.ns != 0) {
			view_add(view, ", ");
			view_time(view, evidence->time);
		}
		view_add(view, "\n      ");
		view_hostile(view, evidence->quote);
		view_add(view, "\n");
	}
}

static void tell_title(struct view *view, const char *kind, struct str title, struct str id,
		       uint32_t revision)
{
	view_painted(view, PAINT_BOLD, title);
	buf_printf(&view->out, "\n%s ", kind);
	view_hostile(view, id);
	buf_printf(&view->out, ", revision %lu", (unsigned long)revision);
}

static void tell_rule(struct view *view, const struct rule *rule)
{
	if (rule->id.len == 0)
		return;
	begin_line(view, "Rule");
	view_hostile(view, rule->title.len ? rule->title : rule->id);
	if (rule->author.len > 0) {
		view_add(view, " by ");
		view_hostile(view, rule->author);
	}
	if (rule->license.len > 0) {
		view_add(view, ", ");
		view_hostile(view, rule->license);
	}
	if (rule->path.len > 0) {
		view_add(view, ", ");
		view_hostile(view, rule->path);
	}
	view_add(view, "\n");
}

void tell_finding(struct view *view, const struct finding *f)
{
	tell_title(view, "Finding", f->title, f->id, f->revision);
	view_add(view, ", by ");
	view_hostile(view, f->detector);
	view_add(view, "\n\n");
	tell_judgement(view, f->verdict, f->severity, f->confidence);
	begin_line(view, "Where");
	view_hostile(view, f->subject.type);
	view_add(view, f->subject.keys.count ? ": " : "");
	add_facts_in_line(view, &f->subject.keys);
	if (f->actor.count > 0) {
		begin_line(view, "Who");
		add_facts_in_line(view, &f->actor);
	}
	tell_times(view, f->first_seen, f->last_seen);
	tell_rule(view, &f->rule);
	tell_list(view, "Technique", f->techniques, f->technique_count, 0);
	tell_list(view, "Touched", f->resources, f->resource_count, 0);
	if (f->reason_count > 0)
		view_heading(view, "Why we say so");
	tell_bullets(view, f->reasons, f->reason_count);
	tell_facts(view, "Facts", &f->facts);
	if (f->evidence_count > 0)
		view_heading(view, "Evidence");
	tell_evidence(view, f);
	tell_actions(view, f->actions, f->action_count);
}

void tell_incident_head(struct view *view, const struct incident *i)
{
	tell_title(view, "Incident", i->title, i->id, i->revision);
	view_add(view, "\n\n");
	tell_judgement(view, i->verdict, i->severity, i->confidence);
	tell_line(view, "State", i->state);
	tell_list(view, "Victims", i->victims, i->victim_count, i->victim_total);
	tell_list(view, "Pools", i->pools, i->pool_count, 0);
	tell_list(view, "Wallets", i->wallets, i->wallet_count, 0);
	tell_times(view, i->first_seen, i->last_seen);
}

static void tell_impact(struct view *view, const char *heading, const struct str *texts,
			size_t count)
{
	if (count == 0)
		return;
	view_heading(view, heading);
	tell_bullets(view, texts, count);
}

void tell_incident_story(struct view *view, const struct incident *incident)
{
	if (incident->story_count > 0)
		view_heading(view, "Story");
	for (size_t i = 0; i < incident->story_count; i++) {
		const struct story_entry *entry = &incident->story[i];
		view_add(view, "  ");
		view_time(view, entry->time);
		view_add(view, "  ");
		view_hostile(view, entry->text);
		if (entry->finding.len > 0) {
			view_add(view, " (");
			view_hostile(view, entry->finding);
			view_add(view, ")");
		}
		view_add(view, "\n");
	}
	tell_impact(view, "Touched", incident->touched, incident->touched_count);
	tell_impact(view, "Not touched", incident->not_touched, incident->not_touched_count);
	tell_impact(view, "Cannot tell", incident->cannot_tell, incident->cannot_tell_count);
	tell_facts(view, "Cost", &incident->cost);
}

void tell_incident_next(struct view *view, const struct incident *incident)
{
	tell_actions(view, incident->actions, incident->action_count);
}
