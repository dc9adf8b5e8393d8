#include "model/incident_json.h"

#include <errno.h>

#include "model/line.h"

static void write_head(struct json_writer *w, const struct incident *i)
{
	line_write_text(w, "kind", STR("incident"));
	json_key_unsigned(w, "schema", LINE_SCHEMA);
	line_write_text(w, "id", i->id);
	json_key_unsigned(w, "revision", i->revision);
	line_write_text(w, "state", i->state);
	line_write_text(w, "verdict", str_from(verdict_name(i->verdict)));
	line_write_text(w, "severity", str_from(severity_name(i->severity)));
	line_write_confidence(w, i->confidence);
	line_write_text(w, "title", i->title);
	line_write_instant(w, "first_seen", i->first_seen);
	line_write_instant(w, "last_seen", i->last_seen);
}

static void write_story(struct json_writer *w, const struct incident *incident)
{
	json_key(w, "story");
	json_open(w, '[');
	for (size_t i = 0; i < incident->story_count; i++) {
		const struct story_entry *entry = &incident->story[i];
		json_open(w, '{');
		line_write_instant(w, "time", entry->time);
		line_write_text(w, "text", entry->text);
		line_write_optional(w, "technique", entry->technique);
		line_write_optional(w, "finding", entry->finding);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void write_impact(struct json_writer *w, const struct incident *i)
{
	json_key(w, "impact");
	json_open(w, '{');
	line_write_texts(w, "touched", i->touched, i->touched_count);
	line_write_texts(w, "not_touched", i->not_touched, i->not_touched_count);
	line_write_texts(w, "cannot_tell", i->cannot_tell, i->cannot_tell_count);
	json_close(w, '}');
}

void incident_to_json(const struct incident *i, struct buf *out)
{
	struct json_writer w = {.out = out};

	json_open(&w, '{');
	write_head(&w, i);
	line_write_texts(&w, "findings", i->findings, i->finding_count);
	json_key_unsigned(&w, "finding_total", i->finding_total);
	line_write_texts(&w, "victims", i->victims, i->victim_count);
	json_key_unsigned(&w, "victim_total", i->victim_total);
	line_write_texts(&w, "wallets", i->wallets, i->wallet_count);
	line_write_texts(&w, "pools", i->pools, i->pool_count);
	write_story(&w, i);
	write_impact(&w, i);
	json_key(&w, "cost");
	json_open(&w, '{');
	line_write_facts(&w, &i->cost);
	json_close(&w, '}');
	line_write_actions(&w, i->actions, i->action_count);
	json_close(&w, '}');
}

static void read_head(struct line *line, struct json_value root, struct incident *out)
{
	out->id = line_text(line, root, "id");
	out->revision = (uint32_t)line_number(line, root, "revision", UINT32_MAX);
	out->state = line_text(line, root, "state");
	line_judgement(line, &out->verdict, &out->severity, &out->confidence);
	out->title = line_text(line, root, "title");
	out->first_seen = line_instant(line, root, "first_seen");
	out->last_seen = line_instant(line, root, "last_seen");
	if (out->id.len == 0)
		line_fail(line, -EBADMSG, "the incident has no \"id\"");
}

static void read_story(struct line *line, struct json_value root, struct incident *out)
{
	struct json_value list = line_array(line, root, "story");

	for (struct json_value v = json_first(list);
	     json_exists(v) && out->story_count < INCIDENT_STORY_MAX; v = json_next(v)) {
		if (json_kind(v) != JSON_OBJECT) {
			line_fail(line, -EBADMSG, "\"story\" holds no object");
			return;
		}
		out->story[out->story_count++] = (struct story_entry){
			.time = line_instant(line, v, "time"),
			.text = line_text(line, v, "text"),
			.technique = line_text(line, v, "technique"),
			.finding = line_text(line, v, "finding"),
		};
	}
}

static void read_lists(struct line *line, struct json_value root, struct incident *out)
{
	out->finding_count =
		line_texts(line, root, "findings", out->findings, INCIDENT_FINDINGS_MAX);
	out->finding_total = line_number(line, root, "finding_total", UINT64_MAX);
	out->victim_count = line_texts(line, root, "victims", out->victims, INCIDENT_VICTIMS_MAX);
	out->victim_total = line_number(line, root, "victim_total", UINT64_MAX);
	out->wallet_count = line_texts(line, root, "wallets", out->wallets, INCIDENT_WALLETS_MAX);
	out->pool_count = line_texts(line, root, "pools", out->pools, INCIDENT_POOLS_MAX);
}

int incident_from_json(struct str text, struct arena *arena, struct incident *out,
		       struct error *why)
{
	struct line line;

	*out = (struct incident){0};
	if (line_open(&line, text, "incident", arena, why) != 0)
		return line.result;
	struct json_value root = json_root(&line.doc);
	struct json_value impact = line_object(&line, root, "impact");

	read_head(&line, root, out);
	read_lists(&line, root, out);
	read_story(&line, root, out);
	out->touched_count =
		line_texts(&line, impact, "touched", out->touched, INCIDENT_IMPACT_MAX);
	out->not_touched_count =
		line_texts(&line, impact, "not_touched", out->not_touched, INCIDENT_IMPACT_MAX);
	out->cannot_tell_count =
		line_texts(&line, impact, "cannot_tell", out->cannot_tell, INCIDENT_IMPACT_MAX);
	line_facts(&line, line_object(&line, root, "cost"), NULL, &out->cost);
	out->action_count = line_actions(&line, root, out->actions, INCIDENT_ACTIONS_MAX);
	return line.result;
}
