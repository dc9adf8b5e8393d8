#include "detect/sigma/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 512, ROOT = 0 };

#define DEEP STR("**")

struct path_node {
	uint32_t path;	  /* that ends here, or WORD_NONE */
	uint32_t deep;	  /* the path that goes on with ** from here, or WORD_NONE */
	uint64_t lengths; /* bit n: there is a word of length n (mod 64) */
};

void paths_fini(struct paths *p)
{
	words_fini(&p->steps);
	free(p->nodes);
	free(p->texts);
	free(p->seen);
	free(p->found);
	free(p->is_split);
	free(p->values);
	*p = (struct paths){0};
}

/* -- making -- */

static int add_node(struct paths *p)
{
	if (p->node_count == p->node_cap) {
		const uint32_t cap = p->node_cap ? p->node_cap * 2 : 64;
		struct path_node *nodes = realloc(p->nodes, cap * sizeof(*nodes));
		if (!nodes)
			return -ENOMEM;
		p->nodes = nodes;
		p->node_cap = cap;
	}
	p->nodes[p->node_count] = (struct path_node){.path = WORD_NONE, .deep = WORD_NONE};
	return (int)p->node_count++;
}

static uint32_t find_step(const struct paths *p, uint32_t node, struct str word)
{
	if (!(p->nodes[node].lengths & UINT64_C(1) << word.len % 64))
		return WORD_NONE;
	return words_find(&p->steps, node, word);
}

/* `text` is folded already where case does not count. */
static int add_step(struct paths *p, uint32_t node, struct str word)
{
	const uint32_t there = find_step(p, node, word);

	if (there != WORD_NONE)
		return (int)there;
	int next = add_node(p);
	if (next < 0 || words_add(&p->steps, node, word, (uint32_t)next) < 0)
		return -ENOMEM;
	p->nodes[node].lengths |= UINT64_C(1) << word.len % 64;
	return next;
}

static int add_path(struct paths *p, uint32_t node, struct str text, bool is_deep)
{
	const uint32_t there = is_deep ? p->nodes[node].deep : p->nodes[node].path;

	if (there != WORD_NONE)
		return (int)there;
	if (p->count == p->cap) {
		const uint32_t cap = p->cap ? p->cap * 2 : 64;
		struct str *texts = realloc(p->texts, cap * sizeof(*texts));
		if (!texts)
			return -ENOMEM;
		p->texts = texts;
		p->cap = cap;
	}
	p->texts[p->count] = text;
	*(is_deep ? &p->nodes[node].deep : &p->nodes[node].path) = p->count;
	return (int)p->count++;
}

int paths_add(struct paths *p, struct str text)
{
	struct str rest = text, word;
	bool more = true, is_deep = false;
	int node = ROOT;

	if (p->node_count == 0 && add_node(p) < 0)
		return -ENOMEM;
	while (more && node >= 0) {
		more = str_cut(rest, '.', &word, &rest);
		is_deep = !more && str_equal(word, DEEP);
		if (!is_deep)
			node = add_step(p, (uint32_t)node, word);
	}
	return node < 0 ? node : add_path(p, (uint32_t)node, text, is_deep);
}

int paths_seal(struct paths *p)
{
	p->seen = calloc(p->count + 1, sizeof(*p->seen));
	p->found = calloc(p->count + 1, sizeof(*p->found));
	p->is_split = calloc(p->count + 1, sizeof(*p->is_split));
	return p->seen && p->found && p->is_split ? 0 : -ENOMEM;
}

/* -- walking -- */

/* A container that is open, and the trie's node it stands for. */
struct level {
	uint32_t end; /* first node of the document behind it */
	uint32_t step;
	bool is_object, is_split;
};

struct walk {
	struct paths *p;
	const struct json *doc;
	struct level levels[JSON_DEPTH_MAX + 1];
	uint32_t depth;
};

static bool add_value(struct paths *p, uint32_t path, uint32_t node)
{
	if (p->value_count == p->value_cap) {
		const uint32_t cap = p->value_cap ? p->value_cap * 2 : 256;
		struct path_value *values = realloc(p->values, cap * sizeof(*values));
		if (!values)
			return false;
		p->values = values;
		p->value_cap = cap;
	}
	p->values[p->value_count++] = (struct path_value){path, node};
	p->found[path]++;
	return true;
}

static void see_path(struct paths *p, uint32_t path, bool is_split)
{
	if (p->seen[path] != p->record) {
		p->seen[path] = p->record;
		p->found[path] = 0;
		p->is_split[path] = false;
	}
	p->is_split[path] |= is_split;
	p->has_split |= is_split;
}

static struct str key_text(const struct paths *p, const struct json *doc, uint32_t node,
			   char text[KEY_MAX])
{
	struct str key = json_text((struct json_value){doc, node}, text, KEY_MAX);

	if (!p->ignores_case || key.len > KEY_MAX)
		return key;
	return words_fold(key, text);
}

/* From a node of the trie along a key, which may be several parts of a path. */
static uint32_t follow(const struct paths *p, uint32_t step, struct str key, bool *is_split)
{
	struct str word;

	if (str_find_byte(key, '.') < 0)
		return find_step(p, step, key);
	*is_split = true;
	for (bool more = true; more && step != WORD_NONE;) {
		more = str_cut(key, '.', &word, &key);
		step = find_step(p, step, word);
	}
	return step;
}

/* All that is no container and not null, at the node and below. */
static bool add_below(struct paths *p, const struct json *doc, uint32_t path, uint32_t root,
		      bool is_split)
{
	uint32_t ends[JSON_DEPTH_MAX + 1], depth = 0;
	bool is_object[JSON_DEPTH_MAX + 1];

	for (uint32_t node = root; node < doc->nodes[root].after; node++) {
		while (depth > 0 && node >= ends[depth - 1])
			depth--;
		if (depth > 0 && is_object[depth - 1])
			node++; /* past the key */
		const struct json_node *at = &doc->nodes[node];
		if (at->kind >= JSON_ARRAY && depth <= JSON_DEPTH_MAX) {
			ends[depth] = at->after;
			is_object[depth++] = at->kind == JSON_OBJECT;
		} else if (at->kind != JSON_NULL && at->kind < JSON_ARRAY) {
			see_path(p, path, is_split);
			if (!add_value(p, path, node))
				return false;
		}
	}
	return true;
}

static bool is_leaf_step(const struct paths *p, uint32_t step)
{
	return p->nodes[step].lengths == 0;
}

/* A value that stands for `step`: a leaf is kept, a container is opened. */
static bool meet(struct walk *w, uint32_t node, uint32_t step, bool is_split, bool is_item)
{
	struct paths *p = w->p;
	const struct json_node *at = &w->doc->nodes[node];
	const uint32_t path = p->nodes[step].path;

	if (path != WORD_NONE && !is_item)
		see_path(p, path, is_split);
	if (path != WORD_NONE && at->kind != JSON_ARRAY && !add_value(p, path, node))
		return false;
	const uint32_t deep = p->nodes[step].deep;
	if (deep != WORD_NONE && !is_item && !add_below(p, w->doc, deep, node, is_split))
		return false;
	const bool leads_on =
		at->kind == JSON_ARRAY || (at->kind == JSON_OBJECT && !is_leaf_step(p, step));
	if (leads_on && w->depth <= JSON_DEPTH_MAX)
		w->levels[w->depth++] =
			(struct level){at->after, step, at->kind == JSON_OBJECT, is_split};
	return true;
}

/* The node of the document to go on with. */
static uint32_t enter(const struct walk *w, uint32_t node, uint32_t depth_before)
{
	return w->depth > depth_before ? node + 1 : w->doc->nodes[node].after;
}

static bool walk_all(struct walk *w, uint32_t node)
{
	char text[KEY_MAX];

	while (w->depth > 0) {
		const struct level *level = &w->levels[w->depth - 1];
		const uint32_t depth = w->depth;
		if (node >= level->end) {
			w->depth--;
			continue;
		}
		if (!level->is_object) {
			if (!meet(w, node, level->step, level->is_split, true))
				return false;
			node = enter(w, node, depth);
			continue;
		}
		bool is_split = level->is_split;
		const struct str key = key_text(w->p, w->doc, node, text);
		const uint32_t step = follow(w->p, level->step, key, &is_split);
		node++; /* keys are single nodes */
		if (step != WORD_NONE && !meet(w, node, step, is_split, false))
			return false;
		node = enter(w, node, depth);
	}
	return true;
}

/* -- once more, for a path that was met in several ways -- */

/* A container that is open: of an object, its keys of one length; of a list, all items. */
struct place {
	uint32_t node, next; /* the container, and of what is in it the next to look at */
	uint32_t from;	     /* of the path: what is before lies behind */
	uint32_t values;     /* there were before it was opened */
	size_t length;	     /* of the keys that are followed now, with the dot behind them */
};

struct search {
	struct paths *p;
	const struct json *doc;
	struct str text; /* of the path */
	uint32_t path;
	struct place open[JSON_DEPTH_MAX + 1];
	uint32_t depth;
};

/* How much of the rest of the path this key is, with the dot behind it; 0: nothing. */
static size_t covers(const struct search *s, uint32_t node, uint32_t from)
{
	char text[KEY_MAX];
	const struct str key = key_text(s->p, s->doc, node, text);
	const struct str rest = str_skip(s->text, from);

	if (!str_starts(rest, key))
		return 0;
	if (rest.len == key.len) /* the end of a deep path is no part of a key */
		return str_ends(s->text, DEEP) ? 0 : key.len + 1;
	return rest.at[key.len] == '.' ? key.len + 1 : 0;
}

/* The keys to follow next: the longest that are shorter than those before; 0: there are none. */
static size_t next_length(const struct search *s, const struct place *place)
{
	const struct json_node *nodes = s->doc->nodes;
	size_t longest = 0;

	for (uint32_t key = place->node + 1; key < nodes[place->node].after;
	     key = nodes[key + 1].after) {
		const size_t len = covers(s, key, place->from);
		if (len > longest && (place->length == 0 || len < place->length))
			longest = len;
	}
	return longest;
}

/* A value that the path leads to, or leads on from. */
static bool arrive(struct search *s, uint32_t node, uint32_t from)
{
	const struct json_node *at = &s->doc->nodes[node];
	const bool is_end = from > s->text.len;

	if (!is_end && str_equal(str_skip(s->text, from), DEEP))
		return add_below(s->p, s->doc, s->path, node, true);
	if (is_end)
		s->p->seen[s->path] = s->p->record;
	if (is_end && at->kind != JSON_ARRAY)
		return add_value(s->p, s->path, node);
	struct place place = {node, node + 1, from, s->p->value_count, 0};
	if (at->kind == JSON_OBJECT)
		place.length = next_length(s, &place);
	if ((at->kind == JSON_ARRAY || place.length > 0) && s->depth <= JSON_DEPTH_MAX)
		s->open[s->depth++] = place;
	return true;
}

/* One more item of a list. */
static bool search_list(struct search *s, struct place *place)
{
	const uint32_t item = place->next;

	if (item >= s->doc->nodes[place->node].after) {
		s->depth--;
		return true;
	}
	place->next = s->doc->nodes[item].after;
	return arrive(s, item, place->from);
}

/* One more key; when those of a length led to no value, shorter ones have their turn. */
static bool search_object(struct search *s, struct place *place)
{
	const struct json_node *nodes = s->doc->nodes;
	const uint32_t key = place->next;

	if (key < nodes[place->node].after) {
		place->next = nodes[key + 1].after;
		return covers(s, key, place->from) != place->length ||
		       arrive(s, key + 1, place->from + (uint32_t)place->length);
	}
	place->length = s->p->value_count == place->values ? next_length(s, place) : 0;
	place->next = place->node + 1;
	s->depth -= place->length == 0;
	return true;
}

/* The longest key that leads to a value counts, alone: what shorter ones led to goes. */
static bool search_again(struct paths *p, const struct json *doc, uint32_t root, uint32_t path)
{
	struct search s = {.p = p, .doc = doc, .path = path, .text = p->texts[path]};
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->value_count; i++)
		if (p->values[i].path != path)
			p->values[kept++] = p->values[i];
	p->value_count = kept;
	p->found[path] = 0;
	p->seen[path] = 0; /* until it is met */
	bool is_done = arrive(&s, root, 0);
	while (is_done && s.depth > 0) {
		struct place *place = &s.open[s.depth - 1];
		is_done = doc->nodes[place->node].kind == JSON_ARRAY ? search_list(&s, place)
								     : search_object(&s, place);
	}
	return is_done;
}

bool paths_walk(struct paths *p, struct json_value whole)
{
	struct walk w = {.p = p, .doc = whole.json};

	p->value_count = 0;
	p->has_split = false;
	if (++p->record == 0) { /* the numbers begin anew */
		memset(p->seen, 0, p->count * sizeof(*p->seen));
		p->record = 1;
	}
	if (p->count == 0 || json_kind(whole) < JSON_ARRAY)
		return true;
	const struct json_node *root = &whole.json->nodes[whole.index];
	w.levels[w.depth++] = (struct level){root->after, ROOT, root->kind == JSON_OBJECT, false};
	if (!walk_all(&w, whole.index + 1))
		return false;
	for (uint32_t path = 0; p->has_split && path < p->count; path++)
		if (p->seen[path] == p->record && p->is_split[path] && p->found[path] > 1 &&
		    !search_again(p, whole.json, whole.index, path))
			return false;
	return true;
}
