/*
 * YAML one event after another: libyaml behind a header of ours. Whoever wants a tree takes
 * base/yaml.h; this is for texts of a known shape, read as they come.
 *
 * Aliases, anchors and tags are refused: they are of no use in what people write for Davy, and a
 * known way to make a small file large.
 */
#ifndef DAVY_BASE_YAML_EVENTS_H
#define DAVY_BASE_YAML_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

enum yaml_event_kind {
	YAML_EVENT_DOCUMENT, /* one begins; a text has any number of them */
	YAML_EVENT_DOCUMENT_END,
	YAML_EVENT_SINGLE, /* a text, number, word or null */
	YAML_EVENT_LIST,   /* its items follow */
	YAML_EVENT_LIST_END,
	YAML_EVENT_MAP, /* a key, its value, a key, its value ... */
	YAML_EVENT_MAP_END,
	YAML_EVENT_END,	  /* of the text: the last event */
	YAML_EVENT_WRONG, /* `text` says what; nothing more can be read */
	YAML_EVENT_NO_MEMORY,
};

struct yaml_event {
	enum yaml_event_kind kind;
	uint32_t line, column; /* from 1 */
	struct str text;       /* of a single, or what is wrong; until the next event */
	bool is_plain;	       /* a single written without quotes: may be a number or null */
};

struct yaml_events;

/* text: borrowed until yaml_events_free. Returns NULL without memory. */
must_check struct yaml_events *yaml_events_new(struct str text);
void yaml_events_free(struct yaml_events *events); /* NULL is allowed */

/* The next one, in place of the one before. After the last, YAML_EVENT_END for ever. */
const struct yaml_event *yaml_events_next(struct yaml_events *events);

#endif
