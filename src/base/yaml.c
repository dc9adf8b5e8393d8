#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NONE UINT32_MAX

struct yaml_reader {
	yaml_parser_t parser;
	yaml_event_t event;
	struct yaml_tree tree;
	uint32_t open[YAML_DEPTH_MAX];	  /* node of each open container */
	bool wants_value[YAML_DEPTH_MAX]; /* in a map: a key came, its value is next */
	uint32_t depth;
	bool is_over;
};

struct yaml_reader *yaml_reader_new(struct str text, struct arena *texts)
{
	struct yaml_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	if (!yaml_parser_initialize(&reader->parser)) {
		free(reader);
		return NULL;
	}
	reader->tree.texts = texts;
	yaml_parser_set_input_string(&reader->parser,
				     (const unsigned char *)(text.len ? text.at : ""), text.len);
	return reader;
}

void yaml_reader_free(struct yaml_reader *reader)
{
	if (!reader)
		return;
	yaml_event_delete(&reader->event);
	yaml_parser_delete(&reader->parser);
	free(reader->tree.nodes);
	free(reader);
}

static enum yaml_result fail(struct yaml_reader *r, struct yaml_mistake *mistake, const char *what)
{
	mistake->line = (uint32_t)r->event.start_mark.line + 1;
	mistake->column = (uint32_t)r->event.start_mark.column + 1;
	snprintf(mistake->what, sizeof(mistake->what), "%s", what);
	r->is_over = true;
	return YAML_WRONG;
}

/* Replaces the event at hand by the next one. */
static enum yaml_result next_event(struct yaml_reader *r, struct yaml_mistake *mistake)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return YAML_DOCUMENT;
	r->event = (yaml_event_t){0};
	r->is_over = true;
	if (r->parser.error == YAML_MEMORY_ERROR)
		return YAML_NO_MEMORY;
	mistake->line = (uint32_t)r->parser.problem_mark.line + 1;
	mistake->column = (uint32_t)r->parser.problem_mark.column + 1;
	snprintf(mistake->what, sizeof(mistake->what), "this is no YAML: %s",
		 r->parser.problem ? r->parser.problem : "unreadable");
	return YAML_WRONG;
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

static bool make_room(struct yaml_tree *tree)
{
	if (tree->count < tree->cap)
		return true;
	uint32_t cap = tree->cap ? tree->cap * 2 : 256;
	struct yaml_node *nodes =
		cap <= YAML_NODES_MAX ? realloc(tree->nodes, cap * sizeof(*nodes)) : NULL;
	if (!nodes)
		return false;
	tree->nodes = nodes;
	tree->cap = cap;
	return true;
}

static bool in_map(const struct yaml_reader *r)
{
	return r->depth > 0 && r->tree.nodes[r->open[r->depth - 1]].kind == YAML_MAP;
}

static void value_ended(struct yaml_reader *r)
{
	if (in_map(r))
		r->wants_value[r->depth - 1] = !r->wants_value[r->depth - 1];
}

/* NULL: no room */
static struct yaml_node *add_node(struct yaml_reader *r, enum yaml_kind kind)
{
	if (!make_room(&r->tree))
		return NULL;
	struct yaml_node *node = &r->tree.nodes[r->tree.count++];
	*node = (struct yaml_node){.kind = (uint8_t)kind,
				   .line = (uint32_t)r->event.start_mark.line + 1,
				   .column = (uint32_t)r->event.start_mark.column + 1,
				   .after = r->tree.count};
	return node;
}

/* NULL: the key is new, and there is room for it. */
static const char *refuse_key(const struct yaml_reader *r, struct str key)
{
	const struct yaml_tree *tree = &r->tree;
	uint32_t count = 0;

	for (uint32_t i = r->open[r->depth - 1] + 1; i < tree->count;
	     i = tree->nodes[i + 1].after, count++)
		if (str_equal(tree->nodes[i].text, key))
			return "this key is there twice: keep one of them";
	return count < YAML_KEYS_MAX ? NULL : "too many keys: write several maps";
}

static enum yaml_result add_single(struct yaml_reader *r, struct yaml_mistake *mistake)
{
	struct str text = str_of(r->event.data.scalar.value, r->event.data.scalar.length);

	const char *wrong = NULL;

	if (in_map(r) && !r->wants_value[r->depth - 1])
		wrong = refuse_key(r, text);
	if (wrong)
		return fail(r, mistake, wrong);
	struct str copy = arena_copy(r->tree.texts, text);
	struct yaml_node *node = add_node(r, YAML_SINGLE);
	if (!node || copy.len != text.len)
		return YAML_NO_MEMORY;
	node->text = copy;
	node->is_plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	value_ended(r);
	return YAML_DOCUMENT;
}

static enum yaml_result open_container(struct yaml_reader *r, enum yaml_kind kind,
				       struct yaml_mistake *mistake)
{
	if (in_map(r) && !r->wants_value[r->depth - 1])
		return fail(r, mistake, "a key must be a single word");
	if (r->depth == YAML_DEPTH_MAX)
		return fail(r, mistake, "this is nested too deep");
	if (!add_node(r, kind))
		return YAML_NO_MEMORY;
	r->open[r->depth] = r->tree.count - 1;
	r->wants_value[r->depth] = false;
	r->depth++;
	return YAML_DOCUMENT;
}

static void close_container(struct yaml_reader *r)
{
	r->depth--;
	r->tree.nodes[r->open[r->depth]].after = r->tree.count;
	value_ended(r);
}

static enum yaml_result take_event(struct yaml_reader *r, struct yaml_mistake *mistake)
{
	if (has_ornaments(&r->event))
		return fail(r, mistake,
			    "anchors, aliases (*name) and tags are not used here: write it out");
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return add_single(r, mistake);
	case YAML_SEQUENCE_START_EVENT:
		return open_container(r, YAML_LIST, mistake);
	case YAML_MAPPING_START_EVENT:
		return open_container(r, YAML_MAP, mistake);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_container(r);
		return YAML_DOCUMENT;
	default:
		return YAML_DOCUMENT;
	}
}

static enum yaml_result read_document(struct yaml_reader *r, struct yaml_mistake *mistake)
{
	for (;;) {
		enum yaml_result result = next_event(r, mistake);
		if (result != YAML_DOCUMENT || r->event.type == YAML_DOCUMENT_END_EVENT)
			return result;
		result = take_event(r, mistake);
		if (result != YAML_DOCUMENT) {
			r->is_over = true;
			return result;
		}
	}
}

enum yaml_result yaml_next(struct yaml_reader *r, struct yaml *root, struct yaml_mistake *mistake)
{
	while (!r->is_over) {
		enum yaml_result result = next_event(r, mistake);
		if (result != YAML_DOCUMENT)
			return result;
		if (r->event.type == YAML_STREAM_END_EVENT)
			break;
		if (r->event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		r->tree.count = r->depth = 0;
		*root = (struct yaml){&r->tree, 0};
		return read_document(r, mistake);
	}
	r->is_over = true;
	return YAML_END;
}

const struct yaml_node *yaml_node(struct yaml at)
{
	static const struct yaml_node nothing = {0};

	return at.tree && at.index < at.tree->count ? &at.tree->nodes[at.index] : &nothing;
}

enum yaml_kind yaml_kind(struct yaml at)
{
	return (enum yaml_kind)yaml_node(at)->kind;
}

struct str yaml_text(struct yaml at)
{
	return yaml_node(at)->text;
}

struct yaml yaml_first(struct yaml container)
{
	bool is_empty = yaml_kind(container) < YAML_LIST ||
			yaml_node(container)->after == container.index + 1;

	return (struct yaml){container.tree, is_empty ? NONE : container.index + 1};
}

struct yaml yaml_value_of(struct yaml key)
{
	return (struct yaml){key.tree, key.index + 1};
}

struct yaml yaml_next_in(struct yaml container, struct yaml previous)
{
	uint32_t next = yaml_node(previous)->after;

	if (yaml_kind(container) == YAML_MAP)
		next = yaml_node(yaml_value_of(previous))->after;
	return (struct yaml){container.tree, next < yaml_node(container)->after ? next : NONE};
}

struct yaml yaml_member(struct yaml map, struct str key)
{
	if (yaml_kind(map) == YAML_MAP)
		for (struct yaml k = yaml_first(map); yaml_kind(k); k = yaml_next_in(map, k))
			if (str_equal(yaml_text(k), key))
				return yaml_value_of(k);
	return (struct yaml){map.tree, NONE};
}

uint32_t yaml_count(struct yaml container)
{
	uint32_t count = 0;

	for (struct yaml k = yaml_first(container); yaml_kind(k); k = yaml_next_in(container, k))
		count++;
	return count;
}

static bool is_one_of(struct yaml at, const char *const *words, size_t count)
{
	const struct yaml_node *node = yaml_node(at);

	for (size_t i = 0; node->kind == YAML_SINGLE && node->is_plain && i < count; i++)
		if (str_equal(node->text, str_from(words[i])))
			return true;
	return false;
}

bool yaml_is_null(struct yaml at)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	return is_one_of(at, words, sizeof(words) / sizeof(*words));
}

bool yaml_is_truth(struct yaml at, bool *out)
{
	static const char *const words[] = {"true", "True", "TRUE", "false", "False", "FALSE"};

	*out = is_one_of(at, words, 3);
	return *out || is_one_of(at, words + 3, 3);
}

bool yaml_is_number(struct yaml at, double *out)
{
	const struct yaml_node *node = yaml_node(at);
	uint64_t whole;

	if (node->kind != YAML_SINGLE || !node->is_plain)
		return false;
	if (str_starts(node->text, STR("0x")) && str_hex_to_u64(node->text, &whole)) {
		*out = (double)whole;
		return true;
	}
	return str_to_double(node->text, out);
}
