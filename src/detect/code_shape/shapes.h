/* Rules over one window of code: whose loop it looks like. */
#ifndef DAVY_DETECT_CODE_SHAPE_SHAPES_H
#define DAVY_DETECT_CODE_SHAPE_SHAPES_H

#include "decode/code/code.h"

enum shape {
	SHAPE_RANDOMX,	    /* a program of RandomX, made at run time */
	SHAPE_RANDOMX_READ, /* the same by an interpreter: the groups, and jumps through a table */
	SHAPE_SUPERSCALAR,  /* what makes RandomX's dataset, and Tor's HashX */
	SHAPE_CRYPTONIGHT,  /* AES, products of 128 bits and the mask of a pad */
	SHAPE_CRYPTONIGHT_TABLES, /* the same by tables of AES, as it must be in a browser */
	SHAPE_CRYPTONIGHT_OPEN,	  /* AES and such products in one loop, no mask seen */
	SHAPE_SHA256,
	SHAPE_BLAKE2B,
	SHAPE_ARGON2,
	SHAPE_SALSA, /* scrypt, yescrypt */
	SHAPE_KECCAK,
	SHAPE_FNV, /* Ethash and its kin between two Keccaks */
	SHAPE_COUNT
};

/*
 * Shapes that a window has, as bits 1 << enum shape.
 *
 * window: all instructions of it. loop: those of the smallest loop around the sampled one that is
 * no mere copy loop, or the same as window. is_anonymous: the code was made at run time.
 */
uint32_t shapes_of(const struct code_counts *window, const struct code_counts *loop,
		   bool is_anonymous);

/*
 * Whether instructions that ran, taken in many places of one program, are a RandomX program: for
 * code that is thinned with instructions of no effect, or scattered over pages.
 */
bool shapes_run_randomx(const struct code_counts *ran);

/* How many of RandomX's eight groups a window has; for evidence and for measuring. */
unsigned shapes_randomx_groups(const struct code_counts *window);

const char *shape_name(enum shape shape); /* "RandomX program" */

#endif
