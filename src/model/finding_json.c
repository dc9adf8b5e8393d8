#include "model/finding_json.h"

#include <errno.h>

#include "model/line.h"

static void write_rule(struct json_writer *w, const struct rule *rule)
{
	json_key(w, "rule");
	if (rule->id.len == 0) {
		json_null(w);
		return;
	}
	json_open(w, '{');
	line_write_text(w, "id", rule->id);
	line_write_optional(w, "title", rule->title);
	line_write_optional(w, "author", rule->author);
	line_write_optional(w, "license", rule->license);
	line_write_optional(w, "path", rule->path);
	json_close(w, '}');
}

/* A key called "type" would be there twice; the subject's own type is the one that counts. */
static void write_subject(struct json_writer *w, const struct subject *subject)
{
	struct facts keys = {0};

	for (size_t i = 0; i < subject->keys.count; i++)
		if (!str_equal(subject->keys.at[i].name, STR("type")))
			keys.at[keys.count++] = subject->keys.at[i];
	json_key(w, "subject");
	json_open(w, '{');
	line_write_text(w, "type", subject->type);
	line_write_facts(w, &keys);
	json_close(w, '}');
}

static void write_actor(struct json_writer *w, const struct facts *actor)
{
	json_key(w, "actor");
	if (actor->count == 0) {
		json_null(w);
		return;
	}
	json_open(w, '{');
	line_write_facts(w, actor);
	json_close(w, '}');
}

static void write_evidence(struct json_writer *w, const struct evidence *evidence)
{
	json_open(w, '{');
	line_write_text(w, "source", evidence->source);
	if (evidence->has_offset)
		json_key_unsigned(w, "offset", evidence->offset);
	if (evidence->time.ns != 0)
		line_write_instant(w, "time", evidence->time);
	line_write_text(w, "quote", evidence->quote);
	json_close(w, '}');
}

static void write_head(struct json_writer *w, const struct finding *f)
{
	line_write_text(w, "kind", STR("finding"));
	json_key_unsigned(w, "schema", LINE_SCHEMA);
	line_write_text(w, "id", f->id);
	json_key_unsigned(w, "revision", f->revision);
	line_write_text(w, "detector", f->detector);
	write_rule(w, &f->rule);
	line_write_text(w, "verdict", str_from(verdict_name(f->verdict)));
	line_write_text(w, "severity", str_from(severity_name(f->severity)));
	line_write_confidence(w, f->confidence);
	line_write_texts(w, "techniques", f->techniques, f->technique_count);
	line_write_text(w, "title", f->title);
	line_write_instant(w, "first_seen", f->first_seen);
	line_write_instant(w, "last_seen", f->last_seen);
}

void finding_to_json(const struct finding *f, struct buf *out)
{
	struct json_writer w = {.out = out};

	json_open(&w, '{');
	write_head(&w, f);
	write_subject(&w, &f->subject);
	write_actor(&w, &f->actor);
	line_write_texts(&w, "resources", f->resources, f->resource_count);
	line_write_texts(&w, "reasons", f->reasons, f->reason_count);
	json_key(&w, "evidence");
	json_open(&w, '[');
	for (size_t i = 0; i < f->evidence_count; i++)
		write_evidence(&w, &f->evidence[i]);
	json_close(&w, ']');
	json_key(&w, "facts");
	json_open(&w, '{');
	line_write_facts(&w, &f->facts);
	json_close(&w, '}');
	line_write_actions(&w, f->actions, f->action_count);
	json_close(&w, '}');
}

static void read_rule(struct line *line, struct json_value root, struct rule *rule)
{
	struct json_value v = line_object(line, root, "rule");

	if (!json_exists(v))
		return;
	rule->id = line_text(line, v, "id");
	rule->title = line_text(line, v, "title");
	rule->author = line_text(line, v, "author");
	rule->license = line_text(line, v, "license");
	rule->path = line_text(line, v, "path");
	if (rule->id.len == 0)
		line_fail(line, -EBADMSG, "the rule has no \"id\"");
}

static void read_evidence(struct line *line, struct json_value root, struct finding *out)
{
	struct json_value list = line_array(line, root, "evidence");

	for (struct json_value v = json_first(list);
	     json_exists(v) && out->evidence_count < FINDING_EVIDENCE_MAX; v = json_next(v)) {
		if (json_kind(v) != JSON_OBJECT) {
			line_fail(line, -EBADMSG, "\"evidence\" holds no object");
			return;
		}
		out->evidence[out->evidence_count++] = (struct evidence){
			.source = line_text(line, v, "source"),
			.offset = line_number(line, v, "offset", UINT64_MAX),
			.has_offset = json_kind(json_member(v, STR("offset"))) == JSON_NUMBER,
			.time = line_instant(line, v, "time"),
			.quote = line_text(line, v, "quote"),
		};
	}
}

static void read_head(struct line *line, struct json_value root, struct finding *out)
{
	out->id = line_text(line, root, "id");
	out->revision = (uint32_t)line_number(line, root, "revision", UINT32_MAX);
	out->detector = line_text(line, root, "detector");
	read_rule(line, root, &out->rule);
	line_judgement(line, &out->verdict, &out->severity, &out->confidence);
	out->technique_count =
		line_texts(line, root, "techniques", out->techniques, FINDING_TECHNIQUES_MAX);
	out->title = line_text(line, root, "title");
	out->first_seen = line_instant(line, root, "first_seen");
	out->last_seen = line_instant(line, root, "last_seen");
	if (out->id.len == 0)
		line_fail(line, -EBADMSG, "the finding has no \"id\"");
}

int finding_from_json(struct str text, struct arena *arena, struct finding *out, struct error *why)
{
	struct line line;

	*out = (struct finding){0};
	if (line_open(&line, text, "finding", arena, why) != 0)
		return line.result;
	struct json_value root = json_root(&line.doc);
	struct json_value subject = line_object(&line, root, "subject");

	read_head(&line, root, out);
	out->subject.type = line_text(&line, subject, "type");
	line_facts(&line, subject, "type", &out->subject.keys);
	line_facts(&line, line_object(&line, root, "actor"), NULL, &out->actor);
	out->resource_count =
		line_texts(&line, root, "resources", out->resources, FINDING_RESOURCES_MAX);
	out->reason_count = line_texts(&line, root, "reasons", out->reasons, FINDING_REASONS_MAX);
	read_evidence(&line, root, out);
	line_facts(&line, line_object(&line, root, "facts"), NULL, &out->facts);
	out->action_count = line_actions(&line, root, out->actions, FINDING_ACTIONS_MAX);
	return line.result;
}
