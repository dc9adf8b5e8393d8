/* Ways out that a miner may try, each one tried, and conversations that must stay silent. */
#ifndef DAVY_TESTS_MATRIX_ESCAPES_H
#define DAVY_TESTS_MATRIX_ESCAPES_H

#include "matrix_cell.h"
#include "matrix_turn.h"

struct escape {
	const char *how;
	const char *dialect, *variant, *carrier, *shape; /* what is turned; NULL: the plainest */
	void (*write)(const struct turn *turn);		 /* NULL: nothing is turned */
	bool is_udp;
	uint32_t packets;     /* enum lab_shape, beside those of `shape` */
	const char *expected; /* "found", "suspect", "not seen" */
};

extern const struct escape escapes[];
extern const size_t escape_count;

/* "found" ...; NULL: the lab failed. */
const char *escape_try(struct scene *scene, const struct escape *escape);

/* A dialect inside TLS, whole: the same. */
const char *tls_try(struct scene *scene, const struct lab_dialect *dialect, unsigned variant,
		    bool is_midstream);

/* Suspicions of innocents that we stand by: so many, and why. */
struct justified {
	const char *innocent;
	unsigned suspects;
	const char *reason;
};

extern const struct justified justified[];
extern const size_t justified_count;
unsigned justified_suspects(const char *innocent);

struct innocent_result {
	unsigned conversations, mining, suspects;
};

enum { INNOCENT_SEEDS = 4 };

struct lab_innocent;

/* All seeds, shapes and carriers of one kind. False: the lab failed. */
must_check bool innocent_try(struct scene *scene, const struct lab_innocent *innocent,
			     struct innocent_result *result);

#endif
