/*
 * Machine code (x86-64) of the shape that miners' loops have, written at random from a seed: what
 * detectors of code are tested with, and what `davy drill host` runs. It mixes numbers in a pad and
 * computes no hash of anything: no coin could be mined with it. Pure: nothing here runs the code.
 *
 * The shapes are written from the algorithms' descriptions (RandomX: specs.md, chapters 4 and 5;
 * CryptoNight: CNS008), not from anybody's code.
 */
#ifndef DAVY_LAB_HOST_LOOPS_H
#define DAVY_LAB_HOST_LOOPS_H

#include "base/buf.h"

enum lab_loop_shape {
	LAB_LOOP_RANDOMX,     /* a program of 256 instructions over a pad and a dataset */
	LAB_LOOP_CRYPTONIGHT, /* rounds of AES and products of 128 bits over a pad */
	LAB_LOOP_SUPERSCALAR, /* what RandomX makes its dataset with */
	LAB_LOOP_FLOAT,	      /* from here on innocent: numbers in JavaScript */
	LAB_LOOP_BIG_NUMBERS, /* RSA, elliptic curves */
	LAB_LOOP_VECTOR,      /* linear algebra, n bodies */
	LAB_LOOP_MIXER,	      /* hash tables: products of 128 bits and rotations */
	LAB_LOOP_COUNT
};
extern const char *const lab_loop_names[LAB_LOOP_COUNT];

struct lab_loop {
	enum lab_loop_shape shape;
	uint64_t seed;
	uint32_t instructions;	  /* of the program; 0: what the algorithm has */
	uint32_t pad_bytes;	  /* a power of two from 2^14 on; 0: 2 MiB */
	uint64_t dataset_mask;	  /* over offsets of the dataset; 0: 2^31 - 64 */
	uint32_t padding_percent; /* instructions without effect for each 100 with */
	bool masks_in_registers;  /* no mask stands in the code of the loop */
};

enum { LAB_LOOP_BYTES_MAX = 65536 };

/*
 * Appends a function `void loop(void *pad, void *dataset, uint64_t rounds)`, System V. The pad has
 * pad_bytes and 128 more behind it, the dataset dataset_mask + 128, both aligned to 64 bytes.
 *
 * returns: where in `out` the loop itself begins: what a sampler finds.
 */
size_t lab_loop_write(struct buf *out, const struct lab_loop *loop);

#endif
