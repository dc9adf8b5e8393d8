/*
 * Sections of settings, and no deeper: the shape of the file is the shape of these functions, so
 * nesting in the file never becomes nesting here.
 */
#include "programs/settings_yaml.h"

#include <errno.h>
#include <stdio.h>

#include "base/yaml_events.h"

enum { NAME_MAX_BYTES = 64 };

struct reading {
	struct yaml_events *events;
	const struct yaml_event *event; /* the one at hand */
	const char *file;
	const struct yaml_taker *taker;
	struct error *why;
};

static int fail(struct reading *r, int result, const char *what)
{
	return error_set(r->why, result, "%s:%u: %s", r->file, r->event->line, what);
}

/* Replaces the event at hand by the next one. */
static int next(struct reading *r)
{
	r->event = yaml_events_next(r->events);
	if (r->event->kind == YAML_EVENT_NO_MEMORY)
		return error_set(r->why, -ENOMEM, "no memory to read %s", r->file);
	if (r->event->kind == YAML_EVENT_WRONG)
		return error_set(r->why, -EINVAL, "%s:%u: %.*s", r->file, r->event->line,
				 STR_ARG(r->event->text));
	return 0;
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
		int result = next(r);
		if (result != 0)
			return result;
		if (r->event->kind == YAML_EVENT_LIST_END)
			return 0;
		if (r->event->kind != YAML_EVENT_SINGLE)
			return fail(r, -EINVAL, "a list holds single values only");
		result = hand_over(r, r->taker->item, r->event->text);
		if (result != 0)
			return result;
	}
}

/* The event at hand is the value of the setting that has begun. */
static int read_value(struct reading *r)
{
	if (r->event->kind == YAML_EVENT_SINGLE)
		return hand_over(r, r->taker->value, r->event->text);
	if (r->event->kind == YAML_EVENT_LIST) {
		/* tells an empty list from no value, and a list where none belongs */
		return hand_over(r, r->taker->item, (struct str){0}) ?: read_items(r);
	}
	return fail(r, -EINVAL, "a single value or a list belongs here, not a section");
}

static int read_key(struct reading *r, struct str *key)
{
	if (r->event->kind != YAML_EVENT_SINGLE)
		return fail(r, -EINVAL, "a key must be a single word");
	*key = r->event->text;
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
		result = next(r);
	return result != 0 ? result : read_value(r);
}

static int read_section(struct reading *r, struct str section)
{
	for (;;) {
		struct str key;
		int result = next(r);
		if (result != 0)
			return result;
		if (r->event->kind == YAML_EVENT_MAP_END)
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
	return r->event->kind == YAML_EVENT_SINGLE && r->event->is_plain &&
	       (r->event->text.len == 0 || str_equal(r->event->text, STR("~")) ||
		str_equal(r->event->text, STR("null")));
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
		result = next(r);
	if (result != 0 || is_null(r)) /* a section with all its keys commented out */
		return result;
	if (r->event->kind != YAML_EVENT_MAP)
		return fail(r, -EINVAL,
			    "this is a section: its settings belong below it, indented");
	return read_section(r, key);
}

static int read_top(struct reading *r)
{
	int result = next(r);

	if (result != 0 || is_null(r))
		return result;
	if (r->event->kind != YAML_EVENT_MAP)
		return fail(r, -EINVAL, "settings are written as `section:` and `  key: value`");
	for (;;) {
		result = next(r);
		if (result != 0 || r->event->kind == YAML_EVENT_MAP_END)
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
		if (result != 0 || r->event->kind == YAML_EVENT_END)
			return result;
		if (r->event->kind != YAML_EVENT_DOCUMENT)
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
	struct reading r = {
		.events = yaml_events_new(text), .file = file, .taker = taker, .why = why};

	if (!r.events)
		return error_set(why, -ENOMEM, "no memory to read %s", file);
	int result = read_stream(&r);
	yaml_events_free(r.events);
	return result;
}
