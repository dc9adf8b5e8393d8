/*
 * One cell of the matrix: a session of a dialect, in a carrier, in a shape; what must be found, and
 * whether it was.
 */
#ifndef DAVY_TESTS_MATRIX_CELL_H
#define DAVY_TESTS_MATRIX_CELL_H

#include "lab/packets.h"
#include "matrix_scene.h"

/* How a session is captured, and how it goes. */
struct shape {
	const char *name, *meaning;
	uint32_t packets; /* enum lab_shape, combined */
	enum lab_tunnel tunnels[LAB_TUNNEL_DEPTH];
	unsigned tunnel_count;
	unsigned spelling; /* index into lab_spellings */
	uint32_t shares;   /* 0: SHARES */
	bool is_v6, is_odd_port, is_midstream, refuses, is_silent, rejects;
	bool is_whole;	   /* all of the session is there: counts and texts must be right */
	enum verdict most; /* what the finding may say: VERDICT_MINING must, VERDICT_SUSPECT may */
};

extern const struct shape shapes[];
extern const size_t shape_count;

struct cell {
	const struct lab_dialect *dialect;
	unsigned variant;
	const char *carrier;
	const struct shape *shape;
	/* filled when played */
	size_t index; /* in the scene */
	struct lab_outcome outcome;
};

/* What cannot be seen, and why: these cells must come out as told, not better and not worse. */
struct limit {
	/* NULL: any; the carrier by its end */
	const char *dialect, *variant, *carrier, *shape;
	enum verdict most; /* VERDICT_SIGNAL: nothing at all */
	const char *reason;
};
extern const struct limit limits[];
extern const size_t limit_count;
const struct limit *cell_limit(const struct cell *cell); /* or NULL */

/* Can the dialect travel in the carrier? */
bool cell_is_possible(const struct lab_dialect *dialect, const char *carrier);

struct lab_session cell_session(const struct cell *cell, instant begins);
struct lab_packet_settings cell_packets(const struct cell *cell,
					const struct lab_transcript *transcript);
/* Plays it into the scene. A mistake of the lab's is told in `why`: false. */
must_check bool cell_play(struct cell *cell, struct scene *scene, struct error *why);

/* After scene_end. Adds what is wrong to `why`, and returns whether nothing is. */
bool cell_check(const struct cell *cell, const struct scene *scene, struct buf *why);

/* "found", "suspect", "not seen". */
const char *seen_word(const struct seen *seen);

#endif
