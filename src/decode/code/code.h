/*
 * Machine code -> what it does, as counts: how many multiplications of 128 bits, how many rotations
 * and by how much, which masks are put over addresses. The bytes come from a process that may wish
 * to mislead: they are decoded and counted, never run, never trusted to be code at all.
 *
 * x86-64 so far. Instructions of AVX-512 that libcapstone 4 does not know are counted as invalid.
 */
#ifndef DAVY_DECODE_CODE_CODE_H
#define DAVY_DECODE_CODE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

enum code_architecture { CODE_X86_64, CODE_ARM64, CODE_ARCHITECTURE_COUNT };

/* What an instruction is; one may belong to several, as a multiplication that also loads. */
enum code_group {
	CODE_LOAD,  /* reads memory, whatever else it does */
	CODE_STORE, /* writes it */
	CODE_MOVE,
	CODE_ADD,   /* with subtraction and address arithmetic */
	CODE_CARRY, /* the same with a carry: big numbers */
	CODE_LOGIC, /* and, or, xor, not */
	CODE_COMPARE,
	CODE_SHIFT,
	CODE_ROTATE_32,
	CODE_ROTATE_64,
	CODE_MULTIPLY,	    /* 64 bits to 64 bits */
	CODE_MULTIPLY_32,   /* and narrower */
	CODE_MULTIPLY_HIGH, /* 64 bits to 128 bits */
	CODE_MULTIPLY_FNV,  /* by the prime of FNV-1, 32 bits */
	CODE_DIVIDE,
	CODE_BRANCH,	      /* a jump with or without a condition */
	CODE_BRANCH_INDIRECT, /* a jump to where a register or memory says: of a table */
	CODE_CALL,	      /* and return */
	CODE_MASK_ADDRESS,    /* `and` with 2^k - 8 or 2^k - 64, k from 13 to 31 */
	CODE_MASK_AES,	      /* `and` with 2^k - 16, k from 16 to 23 */
	CODE_MASK_CONSTANT,   /* such a mask loaded into a register */
	CODE_CONVERT,	      /* two integers of 32 bits to two doubles */
	CODE_PACKED_SQRT,     /* of doubles, as the next two */
	CODE_PACKED_DIVIDE,
	CODE_PACKED_DOUBLE,	 /* add, subtract, multiply */
	CODE_SCALAR_DOUBLE_SLOW, /* square root and division of one double */
	CODE_SCALAR_DOUBLE,
	CODE_SINGLE,	    /* floats of 32 bits */
	CODE_FLOAT_CONTROL, /* the rounding mode is set */
	CODE_AES,	    /* a round */
	CODE_TABLE_INDEX, /* a byte of a word taken out, to look up a table: AES without CODE_AES */
	CODE_SHA256,	  /* instructions made for it */
	CODE_SHA_OTHER,
	CODE_CARRYLESS,	    /* multiplication without carries */
	CODE_SIMD,	    /* integers in vectors */
	CODE_SIMD_MULTIPLY, /* 32 bits to 64 bits in vectors */
	CODE_X87,
	CODE_PREFETCH,
	CODE_NOP,
	CODE_OTHER, /* none of the above */
	CODE_GROUP_COUNT
};

struct code_counts {
	uint32_t instructions, bytes; /* decoded */
	uint32_t invalid_bytes;	      /* passed over: no instruction began there */
	uint32_t groups[CODE_GROUP_COUNT];
	/*
	 * Rotations to the right by so many bits, of words and of vectors (in vectors also the
	 * halves that shifts are): what tells one hash function from another.
	 */
	uint16_t rotations_32[32], rotations_64[64];
};

/* A loop: from the target of a jump back to the end of that jump, [from, to) of the window. */
struct code_loop {
	uint32_t from, to;
};

enum {
	CODE_READ_MAX = 4096, /* bytes of a window that are looked at */
	CODE_LOOPS_MAX = 64,  /* jumps back that are remembered */
	CODE_TRIES_MAX = 8,   /* places to begin at before the sampled instruction */
};

/* Holds the disassembler and one window's instructions; made once, used for many windows. */
struct code_reader;

/* NULL with -ENOMEM in *code, or with -ENOTSUP: this architecture is not known (yet). */
must_check struct code_reader *code_reader_new(enum code_architecture architecture, int *code);
void code_reader_free(struct code_reader *reader); /* NULL is fine */

/*
 * Decodes a window in which an instruction was sampled. From the sampled instruction on, one after
 * the other; before it, from the first beginning that leads to it exactly. Allocates nothing. What
 * was read lives until the next call, and does not point into `bytes`.
 *
 * bytes: at most CODE_READ_MAX are looked at. sampled: offset of an instruction's first byte; 0
 * when nothing better is known.
 */
void code_read(struct code_reader *reader, struct str bytes, size_t sampled);

/* Counts of the instructions that begin in [from, to) of the window read last. */
void code_count(const struct code_reader *reader, uint32_t from, uint32_t to,
		struct code_counts *out);

/*
 * Counts of at most `most` instructions as the processor goes on from the sampled one, through
 * jumps that are always taken and past those with a condition: what runs, not what lies beside it.
 * Ends where the window does, or at a return or a jump that leads elsewhere; calls are passed over.
 */
void code_count_path(const struct code_reader *reader, uint32_t most, struct code_counts *out);

/*
 * The smallest loop around the sampled instruction that is at least `least` bytes long.
 *
 * returns: false when there is none in the window.
 */
bool code_find_loop(const struct code_reader *reader, uint32_t least, struct code_loop *out);

/* Distinct ways among `amounts` to rotate that occur, by 0-ended list. */
unsigned code_rotations_of(const uint16_t *rotations, const uint8_t *amounts);

/*
 * The instruction at the start of `bytes` as text ("mul r9"), for evidence; the count of bytes it
 * has, 0 when there is none. Harmless to print: letters, digits and punctuation only.
 */
size_t code_text(struct code_reader *reader, struct str bytes, uint64_t address, char *out,
		 size_t cap);

#endif
