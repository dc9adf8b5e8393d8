/*
 * YAML as a tree: the documents of a text become one flat table of nodes, each with the line and
 * column it stands at, so that whoever reads meaning into them can say where it is wrong.
 *
 * It is made of the events of base/yaml_events.h, which refuse aliases, anchors and tags. Keys are
 * single words, and none is there twice. Nodes are stored as they come (a map as key, value, key,
 * value ...), so there is no recursion, and walking is by index: children begin at index + 1 and
 * end at `after`.
 */
#ifndef DAVY_BASE_YAML_H
#define DAVY_BASE_YAML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

enum yaml_kind {
	YAML_NONE,   /* not there, or a document without content */
	YAML_SINGLE, /* a text, number, word or null */
	YAML_LIST,
	YAML_MAP,
};

enum { YAML_DEPTH_MAX = 32, YAML_NODES_MAX = 1 << 20, YAML_KEYS_MAX = 4096 };

struct yaml_node {
	struct str text;       /* YAML_SINGLE: in the arena */
	uint32_t line, column; /* from 1 */
	uint32_t after;	       /* index of the node after this one's children */
	uint8_t kind;	       /* enum yaml_kind */
	bool is_plain;	       /* written without quotes: may be a number, a truth or null */
};

struct yaml_tree {
	struct yaml_node *nodes;
	uint32_t count, cap;
	struct arena *texts;
};

/* A node in its tree; passed by value. index UINT32_MAX: none. */
struct yaml {
	const struct yaml_tree *tree;
	uint32_t index;
};

struct yaml_reader;

struct yaml_mistake {
	uint32_t line, column;
	char what[200];
};

enum yaml_result {
	YAML_DOCUMENT, /* in the tree */
	YAML_END,
	YAML_WRONG, /* see the mistake: nothing more can be read of this text */
	YAML_NO_MEMORY,
};

/*
 * Read one document after another: each takes the place of the one before in `tree`.
 *
 * text:  borrowed until yaml_reader_free
 * texts: where the texts of nodes go; not reset by the reader
 */
must_check struct yaml_reader *yaml_reader_new(struct str text, struct arena *texts); /* or NULL */
void yaml_reader_free(struct yaml_reader *reader); /* NULL is allowed */
must_check enum yaml_result yaml_next(struct yaml_reader *reader, struct yaml *root,
				      struct yaml_mistake *mistake);

const struct yaml_node *yaml_node(struct yaml at); /* never NULL: a YAML_NONE of line 0 */
enum yaml_kind yaml_kind(struct yaml at);
struct str yaml_text(struct yaml at);			  /* of a YAML_SINGLE, else empty */
struct yaml yaml_member(struct yaml map, struct str key); /* or none */
struct yaml yaml_first(struct yaml container);		  /* item; of a map: its first key */
struct yaml yaml_next_in(struct yaml container, struct yaml previous); /* the next, or none */
struct yaml yaml_value_of(struct yaml key); /* of a key that was walked to */
uint32_t yaml_count(struct yaml container); /* items, or pairs */

/* What a plain word is in YAML 1.2; a quoted one is none of these. */
bool yaml_is_null(struct yaml at);
bool yaml_is_truth(struct yaml at, bool *out); /* true, True, TRUE, false ... */
bool yaml_is_number(struct yaml at, double *out);

#endif
