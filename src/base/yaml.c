#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml_events.h"

#define NONE UINT32_MAX

struct yaml_reader {
	struct yaml_events *events;
	const struct yaml_event *event; /* the one at hand */
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
	reader->events = yaml_events_new(text);
	if (!reader->events) {
		free(reader);
		return NULL;
	}
	reader->tree.texts = texts;
	return reader;
}

void yaml_reader_free(struct yaml_reader *reader)
{
	if (!reader)
		return;
	yaml_events_free(reader->events);
	free(reader->tree.nodes);
	free(reader);
}

static enum yaml_result fail(struct yaml_reader *r, struct yaml_mistake *mistake, struct str what)
{
	mistake->line = r->event->line;
	mistake->column = r->event->column;
	snprintf(mistake->what, sizeof(mistake->what), "%.*s", STR_ARG(what));
	r->is_over = true;
	return YAML_WRONG;
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
				   .line = r->event->line,
				   .column = r->event->column,
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
	struct str text = r->event->text;
	const char *wrong = NULL;

	if (in_map(r) && !r->wants_value[r->depth - 1])
		wrong = refuse_key(r, text);
	if (wrong)
		return fail(r, mistake, str_from(wrong));
	struct str copy = arena_copy(r->tree.texts, text);
	struct yaml_node *node = add_node(r, YAML_SINGLE);
	if (!node || copy.len != text.len)
		return YAML_NO_MEMORY;
	node->text = copy;
	node->is_plain = r->event->is_plain;
	value_ended(r);
	return YAML_DOCUMENT;
}

static enum yaml_result open_container(struct yaml_reader *r, enum yaml_kind kind,
				       struct yaml_mistake *mistake)
{
	if (in_map(r) && !r->wants_value[r->depth - 1])
		return fail(r, mistake, STR("a key must be a single word"));
	if (r->depth == YAML_DEPTH_MAX)
		return fail(r, mistake, STR("this is nested too deep"));
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
	switch (r->event->kind) {
	case YAML_EVENT_SINGLE:
		return add_single(r, mistake);
	case YAML_EVENT_LIST:
		return open_container(r, YAML_LIST, mistake);
	case YAML_EVENT_MAP:
		return open_container(r, YAML_MAP, mistake);
	case YAML_EVENT_LIST_END:
	case YAML_EVENT_MAP_END:
		close_container(r);
		return YAML_DOCUMENT;
	case YAML_EVENT_WRONG:
		return fail(r, mistake, r->event->text);
	case YAML_EVENT_NO_MEMORY:
		return YAML_NO_MEMORY;
	default:
		return YAML_DOCUMENT;
	}
}

enum yaml_result yaml_next(struct yaml_reader *r, struct yaml *root, struct yaml_mistake *mistake)
{
	enum yaml_result result = YAML_DOCUMENT;

	if (r->is_over)
		return YAML_END;
	r->tree.count = r->depth = 0;
	do {
		r->event = yaml_events_next(r->events);
		result = take_event(r, mistake);
	} while (result == YAML_DOCUMENT && r->event->kind != YAML_EVENT_DOCUMENT_END &&
		 r->event->kind != YAML_EVENT_END);
	if (r->event->kind == YAML_EVENT_END)
		result = YAML_END;
	r->is_over = result != YAML_DOCUMENT;
	if (result == YAML_DOCUMENT)
		*root = (struct yaml){&r->tree, 0};
	return result;
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
