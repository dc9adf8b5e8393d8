/*
 * Sections of settings, and no deeper: the shape of the file is the shape of these functions, so
 * nesting in the file never becomes nesting here. Anchors, aliases and tags are refused: they are
 * of no use in such a file and a known way to make a small one large.
 */
#include "programs/settings_yaml.h"

#include <errno.h>
#include <stdio.h>
#include <yaml.h>

#include "base/buf.h"

enum { NAME_MAX_BYTES = 64 };

struct reading {
	yaml_parser_t parser;
	yaml_event_t event;
	const char *file;
	const struct yaml_taker *taker;
	struct error *why;
};

static int fail_at(struct reading *r, size_t line, int result, const char *what)
{
	return error_set(r->why, result, "%s:%zu: %s", r->file, line + 1, what);
}

static int fail(struct reading *r, int result, const char *what)
{
	return fail_at(r, r->event.start_mark.line, result, what);
}

/* Replaces the event at hand by the next one. */
static int next(struct reading *r)
{
	char what[256];

	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return 0;
	r->event = (yaml_event_t){0};
	if (r->parser.error == YAML_MEMORY_ERROR)
		return error_set(r->why, -ENOMEM, "no memory to read %s", r->file);
	snprintf(what, sizeof(what), "this is no YAML: %s",
		 r->parser.problem ? r->parser.problem : "unreadable");
	return fail_at(r, r->parser.problem_mark.line, -EINVAL, what);
}

static struct str scalar(const struct reading *r)
{
	return str_of(r->event.data.scalar.value, r->event.data.scalar.length);
}

static int refuse_ornaments(struct reading *r)
{
	const yaml_event_t *e = &r->event;

	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return fail(r, -EINVAL, "aliases (*name) are not used here");
	case YAML_SCALAR_EVENT:
		if (e->data.scalar.anchor || e->data.scalar.tag)
			return fail(r, -EINVAL, "anchors and tags are not used here");
		return 0;
	case YAML_SEQUENCE_START_EVENT:
		if (e->data.sequence_start.anchor || e->data.sequence_start.tag)
			return fail(r, -EINVAL, "anchors and tags are not used here");
		return 0;
	case YAML_MAPPING_START_EVENT:
		if (e->data.mapping_start.anchor || e->data.mapping_start.tag)
			return fail(r, -EINVAL, "anchors and tags are not used here");
		return 0;
	default:
		return 0;
	}
}

static int next_plain(struct reading *r)
{
	int result = next(r);

	return result != 0 ? result : refuse_ornaments(r);
}

typedef int take(void *context, struct str text, struct error *why);

/* Hands a text over; a refusal gets the file and the line. */
static int hand_over(struct reading *r, take *to, struct str text)
{
	struct error what = {0};
	int result = to(r->taker->context, text, &what);

	return result == 0 ? 0 : fail(r, result, what.text);
}

static int read_items(struct reading *r)
{
	for (;;) {
		int result = next_plain(r);
		if (result != 0)
			return result;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (r->event.type != YAML_SCALAR_EVENT)
			return fail(r, -EINVAL, "a list holds single values only");
		result = hand_over(r, r->taker->item, scalar(r));
		if (result != 0)
			return result;
	}
}

/* The event at hand is the value of the setting that has begun. */
static int read_value(struct reading *r)
{
	if (r->event.type == YAML_SCALAR_EVENT)
		return hand_over(r, r->taker->value, scalar(r));
	if (r->event.type == YAML_SEQUENCE_START_EVENT) {
		/* tells an empty list from no value, and a list where none belongs */
		return hand_over(r, r->taker->item, (struct str){0}) ?: read_items(r);
	}
	return fail(r, -EINVAL, "a single value or a list belongs here, not a section");
}

static int read_key(struct reading *r, struct str *key)
{
	if (r->event.type != YAML_SCALAR_EVENT)
		return fail(r, -EINVAL, "a key must be a single word");
	*key = scalar(r);
	if (key->len == 0 || key->len > NAME_MAX_BYTES)
		return fail(r, -EINVAL, "this key is empty or too long");
	return 0;
}

static int read_setting(struct reading *r, struct str section, struct str key)
{
	char name[2 * NAME_MAX_BYTES + 2];
	int len = section.len ? snprintf(name, sizeof(name), "%.*s.%.*s", STR_ARG(section),
					 STR_ARG(key))
			      : snprintf(name, sizeof(name), "%.*s", STR_ARG(key));

	int result = hand_over(r, r->taker->begin, str_of(name, (size_t)len));
	if (result == 0)
		result = next_plain(r);
	return result != 0 ? result : read_value(r);
}

static int read_section(struct reading *r, struct str section)
{
	for (;;) {
		struct str key;
		int result = next_plain(r);
		if (result != 0)
			return result;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		result = read_key(r, &key);
		if (result == 0)
			result = read_setting(r, section, key);
		if (result != 0)
			return result;
	}
}

static bool is_null(const struct reading *r)
{
	return r->event.type == YAML_SCALAR_EVENT &&
	       r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (scalar(r).len == 0 || str_equal(scalar(r), STR("~")) ||
		str_equal(scalar(r), STR("null")));
}

/* A key at the top: a section, or the full name of a setting with its value. */
static int read_top_key(struct reading *r)
{
	char copy[NAME_MAX_BYTES];
	struct str key;

	int result = read_key(r, &key);
	if (result != 0)
		return result;
	key = str_sub(key, 0, sizeof(copy)); /* it is no longer: compilers do not see that */
	memcpy(copy, key.at, key.len);
	key.at = copy; /* the event's text goes with the event */
	if (str_find_byte(key, '.') >= 0)
		return read_setting(r, (struct str){0}, key);
	result = hand_over(r, r->taker->section, key);
	if (result == 0)
		result = next_plain(r);
	if (result != 0 || is_null(r)) /* a section with all its keys commented out */
		return result;
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return fail(r, -EINVAL,
			    "this is a section: its settings belong below it, indented");
	return read_section(r, key);
}

static int read_top(struct reading *r)
{
	int result = next_plain(r);

	if (result != 0 || is_null(r))
		return result;
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return fail(r, -EINVAL, "settings are written as `section:` and `  key: value`");
	for (;;) {
		result = next_plain(r);
		if (result != 0 || r->event.type == YAML_MAPPING_END_EVENT)
			return result;
		result = read_top_key(r);
		if (result != 0)
			return result;
	}
}

static int read_stream(struct reading *r)
{
	bool has_document = false;

	for (;;) {
		int result = next(r);
		if (result != 0 || r->event.type == YAML_STREAM_END_EVENT)
			return result;
		if (r->event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		if (has_document)
			return fail(r, -EINVAL, "a second document (---) is not used here");
		has_document = true;
		result = read_top(r);
		if (result != 0)
			return result;
	}
}

int yaml_read(struct str text, const char *file, const struct yaml_taker *taker, struct error *why)
{
	struct reading r = {.file = file, .taker = taker, .why = why};

	if (!yaml_parser_initialize(&r.parser))
		return error_set(why, -ENOMEM, "no memory to read %s", file);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.len ? text.at : ""),
				     text.len);
	int result = read_stream(&r);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return result;
}
