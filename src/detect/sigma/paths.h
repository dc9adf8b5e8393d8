/*
 * Where rules look in a record: dotted paths as one trie, which is walked along the record once.
 *
 * A dot in a path may be a step into an object or belong to a key
 * ("authorization.k8s.io/decision"); of an object's keys the longest that begins the path and leads
 * to a value counts, alone. Arrays are walked through: all their items are at the array's path. Of
 * a key that is there twice both values count.
 */
#ifndef DAVY_DETECT_SIGMA_PATHS_H
#define DAVY_DETECT_SIGMA_PATHS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/json.h"
#include "base/str.h"
#include "detect/sigma/words.h"

/* One value (no array) at one path. */
struct path_value {
	uint32_t path, node; /* of the document */
};

struct paths {
	struct words steps; /* tag: node of the trie; word: a part of a path; number: next node */
	struct path_node *nodes;
	uint32_t node_count, node_cap;
	struct str *texts; /* of each path */
	uint32_t count, cap;
	bool ignores_case;
	/* of the record at hand */
	uint32_t record; /* its number, from 1 */
	uint32_t *seen;	 /* by path: the record it was there in, though it may hold no value */
	uint32_t *found; /* by path: values in that record */
	bool *is_split;	 /* by path: a dot belonged to a key */
	bool has_split;
	struct path_value *values;
	uint32_t value_count, value_cap;
};

void paths_fini(struct paths *paths);
/* The number of this path, which is made when it is new; the text is the caller's. -ENOMEM: < 0 */
must_check int paths_add(struct paths *paths, struct str text);
/* After the last path. 0 or -ENOMEM */
must_check int paths_seal(struct paths *paths);
/* Fills values and seen. False: no memory, and nothing is known of the record. */
must_check bool paths_walk(struct paths *paths, struct json_value whole);

#endif
