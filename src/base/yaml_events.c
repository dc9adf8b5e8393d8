#include "base/yaml_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

struct yaml_events {
	yaml_parser_t parser;
	yaml_event_t raw; /* the text of `at` lies in it */
	struct yaml_event at;
	char wrong[200];
	bool is_over;
};

struct yaml_events *yaml_events_new(struct str text)
{
	struct yaml_events *events = calloc(1, sizeof(*events));

	if (!events)
		return NULL;
	if (!yaml_parser_initialize(&events->parser)) {
		free(events);
		return NULL;
	}
	yaml_parser_set_input_string(&events->parser,
				     (const unsigned char *)(text.len ? text.at : ""), text.len);
	return events;
}

void yaml_events_free(struct yaml_events *events)
{
	if (!events)
		return;
	yaml_event_delete(&events->raw);
	yaml_parser_delete(&events->parser);
	free(events);
}

static void place(struct yaml_event *at, const yaml_mark_t *mark)
{
	at->line = (uint32_t)mark->line + 1;
	at->column = (uint32_t)mark->column + 1;
}

static void end_with(struct yaml_events *events, enum yaml_event_kind kind)
{
	events->at.kind = kind;
	events->at.text = str_from(events->wrong);
	events->is_over = true;
}

static void end_unreadable(struct yaml_events *events)
{
	const yaml_parser_t *parser = &events->parser;

	events->raw = (yaml_event_t){0};
	if (parser->error == YAML_MEMORY_ERROR) {
		end_with(events, YAML_EVENT_NO_MEMORY);
		return;
	}
	place(&events->at, &parser->problem_mark);
	snprintf(events->wrong, sizeof(events->wrong), "this is no YAML: %s",
		 parser->problem ? parser->problem : "unreadable");
	end_with(events, YAML_EVENT_WRONG);
}

static bool has_ornaments(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return true;
	case YAML_SCALAR_EVENT:
		return e->data.scalar.anchor || e->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor || e->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor || e->data.mapping_start.tag;
	default:
		return false;
	}
}

static enum yaml_event_kind kind_of(yaml_event_type_t type)
{
	switch (type) {
	case YAML_DOCUMENT_START_EVENT:
		return YAML_EVENT_DOCUMENT;
	case YAML_DOCUMENT_END_EVENT:
		return YAML_EVENT_DOCUMENT_END;
	case YAML_SEQUENCE_START_EVENT:
		return YAML_EVENT_LIST;
	case YAML_SEQUENCE_END_EVENT:
		return YAML_EVENT_LIST_END;
	case YAML_MAPPING_START_EVENT:
		return YAML_EVENT_MAP;
	case YAML_MAPPING_END_EVENT:
		return YAML_EVENT_MAP_END;
	case YAML_SCALAR_EVENT:
		return YAML_EVENT_SINGLE;
	default:
		return YAML_EVENT_END;
	}
}

static void take(struct yaml_events *events)
{
	const yaml_event_t *raw = &events->raw;
	struct yaml_event *at = &events->at;

	place(at, &raw->start_mark);
	if (has_ornaments(raw)) {
		snprintf(events->wrong, sizeof(events->wrong),
			 "aliases (*name), anchors and tags are not used here: write it out");
		end_with(events, YAML_EVENT_WRONG);
		return;
	}
	at->kind = kind_of(raw->type);
	if (at->kind == YAML_EVENT_SINGLE) {
		at->text = str_of(raw->data.scalar.value, raw->data.scalar.length);
		at->is_plain = raw->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	}
	events->is_over = at->kind == YAML_EVENT_END;
}

const struct yaml_event *yaml_events_next(struct yaml_events *events)
{
	bool is_read;

	events->at = (struct yaml_event){.kind = YAML_EVENT_END};
	if (events->is_over)
		return &events->at;
	do {
		yaml_event_delete(&events->raw);
		is_read = yaml_parser_parse(&events->parser, &events->raw);
	} while (is_read && events->raw.type == YAML_STREAM_START_EVENT);
	if (is_read)
		take(events);
	else
		end_unreadable(events);
	return &events->at;
}
