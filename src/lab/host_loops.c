#include "lab/host_loops.h"

#include "lab/random.h"

/*
 * Registers: r8 to r15 are the program's integers (numbers 0 to 7 below), xmm0 to xmm7 its floats,
 * rsi the pad, rdi the dataset; rax, rcx and rdx are free. On the stack: rounds, then masks.
 */
struct writer {
	struct buf *out;
	struct lab_random random;
	const struct lab_loop *loop;
	uint32_t pad_mask; /* bytes - 8 */
	size_t begins;
	size_t written[8]; /* where the code is that follows the last change of each integer */
};

const char *const lab_loop_names[LAB_LOOP_COUNT] = {
	[LAB_LOOP_RANDOMX] = "randomx",
	[LAB_LOOP_CRYPTONIGHT] = "cryptonight",
	[LAB_LOOP_SUPERSCALAR] = "superscalar",
	[LAB_LOOP_FLOAT] = "float",
	[LAB_LOOP_BIG_NUMBERS] = "big-numbers",
	[LAB_LOOP_VECTOR] = "vector",
	[LAB_LOOP_MIXER] = "mixer",
};

enum { STACK_ROUNDS = 0, STACK_LINE_MASK = 8, STACK_DATASET_MASK = 16, STACK_BYTES = 24 };

#define EMIT(w, ...)                                            \
	buf_add_bytes((w)->out, (const uint8_t[]){__VA_ARGS__}, \
		      sizeof((const uint8_t[]){__VA_ARGS__}))

static void emit_u32(struct writer *w, uint32_t value)
{
	EMIT(w, (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
	     (uint8_t)(value >> 24));
}

static void emit_u64(struct writer *w, uint64_t value)
{
	emit_u32(w, (uint32_t)value);
	emit_u32(w, (uint32_t)(value >> 32));
}

static unsigned pick(struct writer *w, unsigned below)
{
	return lab_random_below(&w->random, below);
}

/* An instruction without effect on what follows: rcx and rdx are free between two of the program.
 */
static void emit_padding(struct writer *w)
{
	switch (pick(w, 6)) {
	case 0: /* nop of 4 bytes */
		EMIT(w, 0x0f, 0x1f, 0x40, 0x00);
		break;
	case 1: /* mov edx, number */
		EMIT(w, 0xba);
		emit_u32(w, (uint32_t)lab_random_next(&w->random));
		break;
	case 2: /* lea rcx, [rdx + 8] */
		EMIT(w, 0x48, 0x8d, 0x4a, 0x08);
		break;
	case 3: /* add rdx, rcx */
		EMIT(w, 0x48, 0x01, 0xca);
		break;
	case 4: /* a jump over bytes that are no code */
		EMIT(w, 0xeb, 0x03, (uint8_t)pick(w, 256), (uint8_t)pick(w, 256), 0xc4);
		break;
	default: /* shr rdx, n */
		EMIT(w, 0x48, 0xc1, 0xea, (uint8_t)pick(w, 64));
		break;
	}
}

static void emit_paddings(struct writer *w)
{
	uint32_t percent = w->loop->padding_percent;

	for (; percent >= 100; percent -= 100)
		emit_padding(w);
	if (lab_random_chance(&w->random, percent))
		emit_padding(w);
}

/* eax = an address in the pad, from integer register r; mostly in its nearest part, as caches want.
 */
static void emit_address(struct writer *w, unsigned r)
{
	unsigned level = pick(w, 16); /* 0: all of the pad, 1 to 4: 256 KiB, else 16 KiB */

	EMIT(w, 0x41, 0x8d, 0x80 | (uint8_t)r); /* lea eax, [r + number] */
	if (r == 4)
		EMIT(w, 0x24); /* r12 needs the long form */
	emit_u32(w, (uint32_t)lab_random_next(&w->random));
	if (w->loop->masks_in_registers) {
		if (level > 4)
			EMIT(w, 0x21, 0xd8); /* and eax, ebx */
		else if (level > 0)
			EMIT(w, 0x21, 0xe8); /* and eax, ebp */
		else
			EMIT(w, 0x23, 0x44, 0x24, STACK_LINE_MASK);
		return;
	}
	uint32_t mask = level > 4 ? 0x3ff8 : level > 0 ? 0x3fff8 : w->pad_mask;
	EMIT(w, 0x25);
	emit_u32(w, mask < w->pad_mask ? mask : w->pad_mask);
}

/* op r, [rsi + rax] */
static void emit_from_pad(struct writer *w, uint8_t opcode, unsigned r)
{
	emit_address(w, (r + 1) & 7);
	EMIT(w, 0x4c, opcode, (uint8_t)(0x04 | r << 3), 0x06);
}

/* r = high half of r * other, signed or not */
static void emit_high(struct writer *w, unsigned r, unsigned other)
{
	EMIT(w, 0x4c, 0x89, (uint8_t)(0xc0 | r << 3));
	EMIT(w, 0x49, 0xf7, (uint8_t)((pick(w, 2) ? 0xe0 : 0xe8) | other));
	EMIT(w, 0x4c, 0x8b, (uint8_t)(0xc2 | r << 3));
}

static void emit_rotation(struct writer *w, unsigned r, unsigned other)
{
	if (pick(w, 2))
		EMIT(w, 0x44, 0x89, (uint8_t)(0xc1 | other << 3), /* mov ecx, other; ror r, cl */
		     0x49, 0xd3, (uint8_t)(0xc8 | r));
	else
		EMIT(w, 0x49, 0xc1, (uint8_t)((pick(w, 5) ? 0xc8 : 0xc0) | r),
		     (uint8_t)(1 + pick(w, 63)));
}

static void emit_rounding(struct writer *w, unsigned r)
{
	EMIT(w, 0x44, 0x89, (uint8_t)(0xc0 | r << 3)); /* mov eax, r */
	EMIT(w, 0x25, 0x00, 0x60, 0x00, 0x00);	       /* the two bits of the rounding mode */
	EMIT(w, 0x0d, 0xc0, 0x9f, 0x00, 0x00);	       /* every exception is masked */
	EMIT(w, 0x50, 0x0f, 0xae, 0x14, 0x24, 0x58);   /* push, ldmxcsr [rsp], pop */
}

/*
 * A step back, once in 256 times, to where r was written last: nothing in between changes it, so
 * the constant that is added moves the tested bits, and the step is not taken twice.
 */
static void emit_step_back(struct writer *w, unsigned r)
{
	unsigned shift = 8 + pick(w, 15);

	EMIT(w, 0x49, 0x81, (uint8_t)(0xc0 | r));
	emit_u32(w, (uint32_t)1 << shift);
	EMIT(w, 0x49, 0xf7, (uint8_t)(0xc0 | r));
	emit_u32(w, (uint32_t)0xff << shift);
	EMIT(w, 0x0f, 0x84);
	emit_u32(w, (uint32_t)(w->written[r] - (w->out->len + 4)));
	for (unsigned i = 0; i < 8; i++)
		w->written[i] = w->out->len;
}

/* op xmm, xmm of doubles: 0x58 add, 0x59 multiply, 0x5c subtract, 0x5e divide, 0x51 root */
static void emit_packed(struct writer *w, uint8_t opcode, unsigned to, unsigned from)
{
	EMIT(w, 0x66, 0x0f, opcode, (uint8_t)(0xc0 | to << 3 | from));
}

/* xmm12 = two doubles from the pad; op xmm, xmm12 */
static void emit_packed_from_pad(struct writer *w, uint8_t opcode, unsigned to, unsigned r)
{
	emit_address(w, r);
	EMIT(w, 0xf3, 0x44, 0x0f, 0xe6, 0x24, 0x06);
	EMIT(w, 0x66, 0x41, 0x0f, opcode, (uint8_t)(0xc4 | to << 3));
}

static void emit_integer(struct writer *w, unsigned kind, unsigned r, unsigned other)
{
	if (kind < 16) { /* lea r, [r + other * scale + number] */
		EMIT(w, 0x4f, 0x8d, (uint8_t)(0x84 | r << 3),
		     (uint8_t)(pick(w, 4) << 6 | other << 3 | r));
		emit_u32(w, (uint32_t)lab_random_next(&w->random));
	} else if (kind < 23) {
		emit_from_pad(w, 0x03, r);
	} else if (kind < 39) {
		EMIT(w, 0x4d, 0x29, (uint8_t)(0xc0 | other << 3 | r));
	} else if (kind < 46) {
		emit_from_pad(w, 0x2b, r);
	} else if (kind < 70) {
		EMIT(w, 0x4d, 0x0f, 0xaf, (uint8_t)(0xc0 | r << 3 | other));
	} else if (kind < 80) {
		emit_high(w, r, other);
	} else if (kind < 82) {
		EMIT(w, 0x49, 0xf7, (uint8_t)(0xd8 | r)); /* neg */
	} else if (kind < 97) {
		EMIT(w, 0x4d, 0x31, (uint8_t)(0xc0 | other << 3 | r));
	} else if (kind < 102) {
		emit_from_pad(w, 0x33, r);
	} else {
		emit_rotation(w, r, other);
	}
}

static void emit_float(struct writer *w, unsigned kind, unsigned r)
{
	unsigned low = pick(w, 4), high = 4 + pick(w, 4);

	if (kind < 4) /* exchange the halves */
		EMIT(w, 0x66, 0x0f, 0xc6, (uint8_t)(0xc0 | low << 3 | low), 0x01);
	else if (kind < 36)
		emit_packed(w, kind < 20 ? 0x58 : 0x5c, low, high);
	else if (kind < 46)
		emit_packed_from_pad(w, kind < 41 ? 0x58 : 0x5c, low, r);
	else if (kind < 52)
		EMIT(w, 0x0f, 0x57, (uint8_t)(0xc0 | low << 3 | high)); /* xorps */
	else if (kind < 84)
		emit_packed(w, 0x59, high, low);
	else if (kind < 88)
		emit_packed_from_pad(w, 0x5e, high, r);
	else
		emit_packed(w, 0x51, high, high);
}

/* One of RandomX's: 114 in 256 integer arithmetic, 94 floating point, the rest control and stores.
 */
static void emit_randomx(struct writer *w)
{
	unsigned r = pick(w, 8), other = (r + 1 + pick(w, 7)) & 7, kind = pick(w, 256);

	if (kind < 114) {
		emit_integer(w, kind, r, other);
		w->written[r] = w->out->len;
	} else if (kind < 208) {
		emit_float(w, kind - 114, r);
	} else if (kind < 209) {
		emit_rounding(w, r);
	} else if (kind < 234) {
		emit_step_back(w, r);
	} else if (kind < 250) { /* mov [rsi + rax], r */
		emit_address(w, other);
		EMIT(w, 0x4c, 0x89, (uint8_t)(0x04 | r << 3), 0x06);
	} else {
		EMIT(w, 0x4d, 0x87, (uint8_t)(0xc0 | other << 3 | r)); /* xchg */
		w->written[r] = w->written[other] = w->out->len;
	}
}

/* eax = a line of 64 bytes in the pad */
static void emit_line(struct writer *w)
{
	EMIT(w, 0x44, 0x89, 0xc0, 0x44, 0x31, 0xc8); /* mov eax, r8d; xor eax, r9d */
	if (w->loop->masks_in_registers) {
		EMIT(w, 0x23, 0x44, 0x24, STACK_LINE_MASK);
		return;
	}
	EMIT(w, 0x25);
	emit_u32(w, w->pad_mask - 56);
}

static void emit_loads(struct writer *w)
{
	emit_line(w);
	for (unsigned i = 0; i < 8; i++)
		EMIT(w, 0x4c, 0x33, (uint8_t)(0x44 | i << 3), 0x06, (uint8_t)(8 * i));
	for (unsigned i = 0; i < 8; i++)
		EMIT(w, 0xf3, 0x0f, 0xe6, (uint8_t)(0x44 | i << 3), 0x06, (uint8_t)(8 * i));
	for (unsigned i = 4; i < 8; i++)
		EMIT(w, 0x41, 0x0f, 0x54, (uint8_t)(0xc6 | i << 3), /* andps xmm, xmm14 */
		     0x41, 0x0f, 0x56, (uint8_t)(0xc7 | i << 3));   /* orps xmm, xmm15 */
}

static void emit_dataset_read(struct writer *w)
{
	EMIT(w, 0x44, 0x89, 0xd0, 0x44, 0x31, 0xd8); /* mov eax, r10d; xor eax, r11d */
	if (w->loop->masks_in_registers) {
		EMIT(w, 0x23, 0x44, 0x24, STACK_DATASET_MASK);
	} else {
		EMIT(w, 0x25);
		emit_u32(w, (uint32_t)w->loop->dataset_mask);
	}
	EMIT(w, 0x0f, 0x18, 0x04, 0x07); /* prefetchnta [rdi + rax] */
	for (unsigned i = 0; i < 8; i++)
		EMIT(w, 0x4c, 0x33, (uint8_t)(0x44 | i << 3), 0x07, (uint8_t)(8 * i));
}

static void emit_stores(struct writer *w)
{
	emit_line(w);
	for (unsigned i = 0; i < 8; i++)
		EMIT(w, 0x4c, 0x89, (uint8_t)(0x44 | i << 3), 0x06, (uint8_t)(8 * i));
	for (unsigned i = 0; i < 4; i++) {
		emit_packed(w, 0x59, i, i + 4);
		EMIT(w, 0x66, 0x0f, 0x29, (uint8_t)(0x44 | i << 3), 0x06, (uint8_t)(16 * i));
	}
}

/* A quarter of a CryptoNight round: read, a round of AES, write, product, add, write. */
static void emit_cryptonight(struct writer *w)
{
	for (unsigned half = 0; half < 2; half++) {
		EMIT(w, 0x44, 0x89, 0xc0); /* mov eax, r8d */
		if (w->loop->masks_in_registers) {
			EMIT(w, 0x21, 0xd8);
		} else {
			EMIT(w, 0x25);
			emit_u32(w, w->pad_mask - 8);
		}
		if (half == 0) {
			EMIT(w, 0x66, 0x0f, 0x6f, 0x04, 0x06); /* movdqa xmm0, [rsi + rax] */
			EMIT(w, 0x66, 0x0f, 0x38, 0xdc, 0xc1); /* aesenc xmm0, xmm1 */
			EMIT(w, 0x66, 0x0f, 0x7f, 0x04, 0x06); /* and back */
			EMIT(w, 0x66, 0x49, 0x0f, 0x7e, 0xc0); /* movq r8, xmm0 */
			continue;
		}
		EMIT(w, 0x48, 0x89, 0xc1);	       /* mov rcx, rax */
		EMIT(w, 0x48, 0x8b, 0x04, 0x0e);       /* mov rax, [rsi + rcx] */
		EMIT(w, 0x49, 0xf7, 0xe0);	       /* mul r8 */
		EMIT(w, 0x49, 0x01, 0xd1);	       /* add r9, rdx */
		EMIT(w, 0x49, 0x01, 0xc2);	       /* add r10, rax */
		EMIT(w, 0x4c, 0x89, 0x0c, 0x0e);       /* mov [rsi + rcx], r9 */
		EMIT(w, 0x4c, 0x89, 0x54, 0x0e, 0x08); /* mov [rsi + rcx + 8], r10 */
		EMIT(w, 0x4d, 0x31, 0xc8);	       /* xor r8, r9 */
	}
}

static void emit_superscalar(struct writer *w)
{
	unsigned r = pick(w, 8), other = (r + 1 + pick(w, 7)) & 7, kind = pick(w, 100);

	if (kind < 34) {
		EMIT(w, 0x4d, 0x0f, 0xaf, (uint8_t)(0xc0 | r << 3 | other));
	} else if (kind < 39) {
		emit_high(w, r, other);
	} else if (kind < 50) {
		EMIT(w, 0x49, 0xc1, (uint8_t)(0xc8 | r), (uint8_t)(1 + pick(w, 63)));
	} else if (kind < 65) {
		EMIT(w, 0x4d, 0x31, (uint8_t)(0xc0 | other << 3 | r));
	} else if (kind < 75) { /* xor r, number */
		EMIT(w, 0x49, 0x81, (uint8_t)(0xf0 | r));
		emit_u32(w, (uint32_t)lab_random_next(&w->random));
	} else if (kind < 88) {
		EMIT(w, 0x4d, 0x29, (uint8_t)(0xc0 | other << 3 | r));
	} else {
		emit_integer(w, 0, r, other);
	}
}

/* Scalar doubles, comparisons and short jumps: what V8 makes of a loop over numbers. */
static void emit_innocent_float(struct writer *w)
{
	static const uint8_t operations[] = {0x58, 0x59, 0x5c, 0x58, 0x59, 0x5e};
	unsigned to = pick(w, 8), from = pick(w, 8);

	if (pick(w, 3))
		EMIT(w, 0xf2, 0x0f, operations[pick(w, 6)], (uint8_t)(0xc0 | to << 3 | from));
	else
		EMIT(w, 0x4d, 0x39, 0xc8, 0x72, 0x03, 0x49, 0xff, 0xc2); /* cmp, jb over inc */
}

static void emit_innocent_big_number(struct writer *w)
{
	unsigned r = pick(w, 8);

	EMIT(w, 0x48, 0x8b, 0x46, (uint8_t)(8 * pick(w, 16))); /* mov rax, [rsi + n] */
	EMIT(w, 0x49, 0xf7, (uint8_t)(0xe0 | r));	       /* mul r */
	EMIT(w, 0x49, 0x01, (uint8_t)(0xc0 | ((r + 1) & 7)));  /* add, adc */
	EMIT(w, 0x49, 0x11, (uint8_t)(0xd0 | ((r + 2) & 7)));
}

static void emit_innocent_vector(struct writer *w)
{
	static const uint8_t operations[] = {0x58, 0x59, 0x59, 0x58, 0x5c, 0x58, 0x5e, 0x51};
	unsigned kind = pick(w, 8);

	if (pick(w, 3) == 0) /* movupd xmm, [rsi + n] */
		EMIT(w, 0x66, 0x0f, 0x10, (uint8_t)(0x46 | pick(w, 8) << 3),
		     (uint8_t)(8 * pick(w, 16)));
	else
		emit_packed(w, operations[kind], pick(w, 8), pick(w, 8));
}

static void emit_innocent_mixer(struct writer *w)
{
	unsigned r = pick(w, 8), other = (r + 1) & 7;

	EMIT(w, 0x4c, 0x33, (uint8_t)(0x46 | r << 3), (uint8_t)(8 * pick(w, 16)));
	if (pick(w, 2))
		emit_high(w, r, other);
	else
		EMIT(w, 0x49, 0xc1, (uint8_t)(0xc0 | r), (uint8_t)(1 + pick(w, 63)));
	EMIT(w, 0x4d, 0x01, (uint8_t)(0xc0 | other << 3 | r));
}

static void emit_body(struct writer *w)
{
	static const uint32_t usual[LAB_LOOP_COUNT] = {
		[LAB_LOOP_RANDOMX] = 256, [LAB_LOOP_CRYPTONIGHT] = 2,  [LAB_LOOP_SUPERSCALAR] = 450,
		[LAB_LOOP_FLOAT] = 120,	  [LAB_LOOP_BIG_NUMBERS] = 64, [LAB_LOOP_VECTOR] = 120,
		[LAB_LOOP_MIXER] = 64,
	};
	uint32_t count = w->loop->instructions ? w->loop->instructions : usual[w->loop->shape];

	for (unsigned i = 0; i < 8; i++)
		w->written[i] = w->out->len;
	for (uint32_t i = 0; i < count && w->out->len - w->begins < LAB_LOOP_BYTES_MAX - 2048;
	     i++) {
		emit_paddings(w);
		switch (w->loop->shape) {
		case LAB_LOOP_RANDOMX:
			emit_randomx(w);
			break;
		case LAB_LOOP_CRYPTONIGHT:
			emit_cryptonight(w);
			break;
		case LAB_LOOP_SUPERSCALAR:
			emit_superscalar(w);
			break;
		case LAB_LOOP_FLOAT:
			emit_innocent_float(w);
			break;
		case LAB_LOOP_BIG_NUMBERS:
			emit_innocent_big_number(w);
			break;
		case LAB_LOOP_VECTOR:
			emit_innocent_vector(w);
			break;
		default:
			emit_innocent_mixer(w);
			break;
		}
	}
}

static void emit_entry(struct writer *w)
{
	EMIT(w, 0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57); /* push all */
	EMIT(w, 0x48, 0x87, 0xf7); /* xchg rdi, rsi: the pad is the first argument */
	EMIT(w, 0x68);		   /* push masks */
	emit_u32(w, (uint32_t)w->loop->dataset_mask);
	EMIT(w, 0x68);
	emit_u32(w, w->pad_mask - 56);
	EMIT(w, 0x52); /* push rdx: rounds */
	for (unsigned r = 0; r < 8; r++) {
		EMIT(w, 0x49, (uint8_t)(0xb8 | r)); /* mov r, number */
		emit_u64(w, lab_random_next(&w->random));
	}
	bool is_aes = w->loop->shape == LAB_LOOP_CRYPTONIGHT;
	EMIT(w, 0xbb); /* mov ebx, mask; mov ebp, mask */
	emit_u32(w, is_aes ? w->pad_mask - 8 : 0x3ff8);
	EMIT(w, 0xbd);
	emit_u32(w, 0x3fff8 < w->pad_mask ? 0x3fff8 : w->pad_mask);
	for (unsigned i = 0; i < 8; i++) /* cvtdq2pd xmm, [rsi + 8 i] */
		EMIT(w, 0xf3, 0x0f, 0xe6, (uint8_t)(0x46 | i << 3), (uint8_t)(8 * i));
	EMIT(w, 0x66, 0x45, 0x0f, 0x76, 0xf6); /* xmm14 all ones, xmm15 a quarter of them */
	EMIT(w, 0x66, 0x45, 0x0f, 0x76, 0xff);
	EMIT(w, 0x66, 0x41, 0x0f, 0x73, 0xd7, 0x36); /* psrlq, 54: 2^10 - 1, */
	EMIT(w, 0x66, 0x41, 0x0f, 0x73, 0xf7, 0x34); /* psllq, 52: exponents of e registers */
}

static void emit_exit(struct writer *w, size_t begins)
{
	EMIT(w, 0x48, 0xff, 0x0c, 0x24, 0x0f, 0x85); /* dec [rsp]; jnz */
	emit_u32(w, (uint32_t)(begins - (w->out->len + 4)));
	EMIT(w, 0x48, 0x83, 0xc4, STACK_BYTES);
	EMIT(w, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3);
}

size_t lab_loop_write(struct buf *out, const struct lab_loop *asked)
{
	struct lab_loop loop = *asked;
	struct writer w = {.out = out, .random = {asked->seed}, .loop = &loop, .begins = out->len};

	if (loop.dataset_mask == 0)
		loop.dataset_mask = 0x7fffffc0;
	w.pad_mask = (loop.pad_bytes ? loop.pad_bytes : 2u << 20) - 8;
	emit_entry(&w);
	size_t begins = out->len;
	if (loop.shape == LAB_LOOP_RANDOMX)
		emit_loads(&w);
	emit_body(&w);
	if (loop.shape == LAB_LOOP_RANDOMX) {
		emit_dataset_read(&w);
		emit_stores(&w);
	}
	if (loop.shape == LAB_LOOP_SUPERSCALAR)
		emit_dataset_read(&w);
	emit_exit(&w, begins);
	return begins;
}
