#include "decode/code/disassembler.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct disassembler {
	csh handle;
	cs_insn *instruction; /* the only one: used again and again */
};

#define BIT(group) (UINT64_C(1) << (group))

/* What a name says; operands may say more. One row a group, so that a gap is easy to see. */
static const uint8_t x86_groups[X86_INS_ENDING] = {
#define ROW(name, group)  [X86_INS_##name] = (group) + 1
#define BOTH(name, group) ROW(name, group), ROW(V##name, group)
	ROW(MOV, CODE_MOVE),
	ROW(MOVABS, CODE_MOVE),
	ROW(MOVZX, CODE_MOVE),
	ROW(MOVSX, CODE_MOVE),
	ROW(MOVSXD, CODE_MOVE),
	ROW(XCHG, CODE_MOVE),
	ROW(PUSH, CODE_MOVE),
	ROW(POP, CODE_MOVE),
	BOTH(MOVAPD, CODE_MOVE),
	BOTH(MOVAPS, CODE_MOVE),
	BOTH(MOVUPS, CODE_MOVE),
	BOTH(MOVUPD, CODE_MOVE),
	BOTH(MOVDQA, CODE_MOVE),
	BOTH(MOVDQU, CODE_MOVE),
	BOTH(MOVQ, CODE_MOVE),
	BOTH(MOVD, CODE_MOVE),
	BOTH(MOVSD, CODE_MOVE),
	BOTH(MOVSS, CODE_MOVE),
	ROW(ADD, CODE_ADD),
	ROW(SUB, CODE_ADD),
	ROW(LEA, CODE_ADD),
	ROW(INC, CODE_ADD),
	ROW(DEC, CODE_ADD),
	ROW(NEG, CODE_ADD),
	ROW(ADC, CODE_CARRY),
	ROW(SBB, CODE_CARRY),
	ROW(ADCX, CODE_CARRY),
	ROW(ADOX, CODE_CARRY),
	ROW(AND, CODE_LOGIC),
	ROW(ANDN, CODE_LOGIC),
	ROW(OR, CODE_LOGIC),
	ROW(XOR, CODE_LOGIC),
	ROW(NOT, CODE_LOGIC),
	ROW(CMP, CODE_COMPARE),
	ROW(TEST, CODE_COMPARE),
	ROW(BT, CODE_COMPARE),
	ROW(SHL, CODE_SHIFT),
	ROW(SHR, CODE_SHIFT),
	ROW(SAR, CODE_SHIFT),
	ROW(SHLX, CODE_SHIFT),
	ROW(SHRX, CODE_SHIFT),
	ROW(SARX, CODE_SHIFT),
	ROW(SHLD, CODE_SHIFT),
	ROW(SHRD, CODE_SHIFT),
	ROW(DIV, CODE_DIVIDE),
	ROW(IDIV, CODE_DIVIDE),
	BOTH(CVTDQ2PD, CODE_CONVERT),
	BOTH(SQRTPD, CODE_PACKED_SQRT),
	BOTH(DIVPD, CODE_PACKED_DIVIDE),
	BOTH(ADDPD, CODE_PACKED_DOUBLE),
	BOTH(SUBPD, CODE_PACKED_DOUBLE),
	BOTH(MULPD, CODE_PACKED_DOUBLE),
	BOTH(SQRTSD, CODE_SCALAR_DOUBLE_SLOW),
	BOTH(DIVSD, CODE_SCALAR_DOUBLE_SLOW),
	BOTH(ADDSD, CODE_SCALAR_DOUBLE),
	BOTH(SUBSD, CODE_SCALAR_DOUBLE),
	BOTH(MULSD, CODE_SCALAR_DOUBLE),
	BOTH(ADDPS, CODE_SINGLE),
	BOTH(SUBPS, CODE_SINGLE),
	BOTH(MULPS, CODE_SINGLE),
	BOTH(DIVPS, CODE_SINGLE),
	BOTH(ADDSS, CODE_SINGLE),
	BOTH(SUBSS, CODE_SINGLE),
	BOTH(MULSS, CODE_SINGLE),
	BOTH(DIVSS, CODE_SINGLE),
	BOTH(LDMXCSR, CODE_FLOAT_CONTROL),
	BOTH(AESENC, CODE_AES),
	BOTH(AESENCLAST, CODE_AES),
	BOTH(AESDEC, CODE_AES),
	BOTH(AESDECLAST, CODE_AES),
	ROW(SHA256RNDS2, CODE_SHA256),
	ROW(SHA256MSG1, CODE_SHA256),
	ROW(SHA256MSG2, CODE_SHA256),
	ROW(SHA1RNDS4, CODE_SHA_OTHER),
	ROW(SHA1NEXTE, CODE_SHA_OTHER),
	ROW(SHA1MSG1, CODE_SHA_OTHER),
	ROW(SHA1MSG2, CODE_SHA_OTHER),
	BOTH(PCLMULQDQ, CODE_CARRYLESS),
	BOTH(PMULUDQ, CODE_SIMD_MULTIPLY),
	BOTH(PMULDQ, CODE_SIMD_MULTIPLY),
	BOTH(PADDB, CODE_SIMD),
	BOTH(PADDW, CODE_SIMD),
	BOTH(PADDD, CODE_SIMD),
	BOTH(PADDQ, CODE_SIMD),
	BOTH(PSUBB, CODE_SIMD),
	BOTH(PSUBW, CODE_SIMD),
	BOTH(PSUBD, CODE_SIMD),
	BOTH(PSUBQ, CODE_SIMD),
	BOTH(PXOR, CODE_SIMD),
	BOTH(POR, CODE_SIMD),
	BOTH(PAND, CODE_SIMD),
	BOTH(PANDN, CODE_SIMD),
	BOTH(PSHUFB, CODE_SIMD),
	BOTH(PSHUFD, CODE_SIMD),
	BOTH(PSLLW, CODE_SIMD),
	BOTH(PSLLD, CODE_SIMD),
	BOTH(PSLLQ, CODE_SIMD),
	BOTH(PSRLW, CODE_SIMD),
	BOTH(PSRLD, CODE_SIMD),
	BOTH(PSRLQ, CODE_SIMD),
	BOTH(PSRLDQ, CODE_SIMD),
	BOTH(PSLLDQ, CODE_SIMD),
	BOTH(PALIGNR, CODE_SIMD),
	BOTH(PBLENDW, CODE_SIMD),
	BOTH(PMADDWD, CODE_SIMD),
	BOTH(PMULLW, CODE_SIMD),
	BOTH(PMULLD, CODE_SIMD),
	BOTH(PUNPCKLDQ, CODE_SIMD),
	BOTH(PUNPCKHDQ, CODE_SIMD),
	BOTH(PUNPCKLQDQ, CODE_SIMD),
	BOTH(PUNPCKHQDQ, CODE_SIMD),
	ROW(PREFETCH, CODE_PREFETCH),
	ROW(PREFETCHNTA, CODE_PREFETCH),
	ROW(PREFETCHT0, CODE_PREFETCH),
	ROW(PREFETCHT1, CODE_PREFETCH),
	ROW(PREFETCHT2, CODE_PREFETCH),
	ROW(PREFETCHW, CODE_PREFETCH),
	ROW(NOP, CODE_NOP),
	ROW(ENDBR64, CODE_NOP),
	ROW(INT3, CODE_NOP),
	ROW(PAUSE, CODE_NOP),
#undef ROW
#undef BOTH
};

/* value + below is a power of two from 2^13 to 2^31: an offset into a pad, cut to whole words. */
static bool is_mask(uint64_t value, uint64_t below, unsigned least, unsigned most)
{
	uint64_t power = value + below;

	return power >= UINT64_C(1) << least && power <= UINT64_C(1) << most &&
	       (power & (power - 1)) == 0;
}

/* CODE_MASK_ADDRESS, CODE_MASK_AES or CODE_GROUP_COUNT for any other number. */
static enum code_group mask_of(uint64_t value)
{
	if (is_mask(value, 8, 13, 31) || is_mask(value, 64, 13, 31))
		return CODE_MASK_ADDRESS;
	return is_mask(value, 16, 16, 23) ? CODE_MASK_AES : CODE_GROUP_COUNT;
}

/* The last operand when it is a number, else NULL. */
static const cs_x86_op *last_number(const cs_x86 *x86)
{
	if (x86->op_count == 0 || x86->operands[x86->op_count - 1].type != X86_OP_IMM)
		return NULL;
	return &x86->operands[x86->op_count - 1];
}

static uint64_t masks(const cs_insn *at, const cs_x86 *x86)
{
	const cs_x86_op *number = last_number(x86);
	bool is_and = at->id == X86_INS_AND;

	if (x86->op_count != 2 || !number ||
	    (!is_and && at->id != X86_INS_MOV && at->id != X86_INS_MOVABS) ||
	    x86->operands[0].size < 4)
		return 0;
	uint64_t value = (uint64_t)number->imm;
	enum code_group mask = mask_of(x86->operands[0].size == 4 ? value & UINT32_MAX : value);
	if (mask == CODE_GROUP_COUNT)
		return 0;
	return is_and ? BIT(mask) : BIT(CODE_MASK_CONSTANT);
}

/*
 * One byte of a word, as it is or as the offset of a word of 4, 8 or 16 bytes: `and` with 255 times
 * that, or a byte register widened.
 */
static uint64_t table_index(const cs_insn *at, const cs_x86 *x86)
{
	const cs_x86_op *number = last_number(x86);

	if (at->id == X86_INS_MOVZX)
		return x86->op_count == 2 && x86->operands[1].type == X86_OP_REG &&
				       x86->operands[1].size == 1
			       ? BIT(CODE_TABLE_INDEX)
			       : 0;
	if (at->id != X86_INS_AND || x86->op_count != 2 || !number || x86->operands[0].size < 4)
		return 0;
	return number->imm == 0xff || number->imm == 0x3fc || number->imm == 0x7f8 ||
			       number->imm == 0xff0
		       ? BIT(CODE_TABLE_INDEX)
		       : 0;
}

static uint64_t multiplication(const cs_insn *at, const cs_x86 *x86)
{
	const cs_x86_op *number = last_number(x86);
	bool is_wide = x86->op_count > 0 && x86->operands[0].size == 8;

	if (x86->op_count == 1 || at->id == X86_INS_MULX)
		return BIT(is_wide ? CODE_MULTIPLY_HIGH : CODE_MULTIPLY_32);
	if (!is_wide && number && number->imm == 0x01000193)
		return BIT(CODE_MULTIPLY_FNV) | BIT(CODE_MULTIPLY_32);
	return BIT(is_wide ? CODE_MULTIPLY : CODE_MULTIPLY_32);
}

/* Bits of one lane that a vector instruction shifts; 0: another instruction. */
static unsigned shifted_lane(unsigned id, bool *is_left)
{
	*is_left = id == X86_INS_PSLLD || id == X86_INS_VPSLLD || id == X86_INS_PSLLQ ||
		   id == X86_INS_VPSLLQ;
	if (id == X86_INS_PSLLD || id == X86_INS_VPSLLD || id == X86_INS_PSRLD ||
	    id == X86_INS_VPSRLD)
		return 32;
	if (*is_left || id == X86_INS_PSRLQ || id == X86_INS_VPSRLQ)
		return 64;
	return 0;
}

/* A rotation of a word, or the half of a vector's rotation that a shift is, by a constant. */
static void find_rotation(const cs_insn *at, const cs_x86 *x86, struct instruction *out)
{
	bool is_left = at->id == X86_INS_ROL;
	bool is_scalar = is_left || at->id == X86_INS_ROR || at->id == X86_INS_RORX;
	unsigned width = is_scalar ? (x86->op_count > 0 ? x86->operands[0].size * 8u : 0)
				   : shifted_lane(at->id, &is_left);
	uint64_t amount = 1; /* `ror eax` has no operand for it */

	if (width != 32 && width != 64)
		return;
	if (is_scalar)
		out->groups |= BIT(width == 64 ? CODE_ROTATE_64 : CODE_ROTATE_32);
	if (x86->op_count > 1) {
		const cs_x86_op *number = last_number(x86);
		if (!number)
			return;
		amount = (uint64_t)number->imm & 0xff;
	}
	if (!is_scalar && amount >= width)
		return;
	amount %= width;
	out->rotation = (uint8_t)(is_left ? (width - amount) % width : amount);
	out->rotation_width = (uint8_t)width;
}

static uint64_t memory_use(const cs_insn *at, const cs_x86 *x86)
{
	uint64_t groups = 0;

	if (at->id == X86_INS_LEA || at->id == X86_INS_NOP ||
	    x86_groups[at->id] == CODE_PREFETCH + 1)
		return 0;
	for (unsigned i = 0; i < x86->op_count; i++) {
		if (x86->operands[i].type != X86_OP_MEM)
			continue;
		/* Capstone 4 lacks the access of some, and gets it wrong for moves of vectors. */
		uint8_t access = x86->operands[i].access;
		if (x86_groups[at->id] == CODE_MOVE + 1 && x86->op_count == 2)
			access = 0;
		if (access & CS_AC_WRITE || (access == 0 && i == 0))
			groups |= BIT(CODE_STORE);
		if (access & CS_AC_READ || (access == 0 && i > 0))
			groups |= BIT(CODE_LOAD);
	}
	return groups;
}

static bool has_group(const cs_insn *at, uint8_t group)
{
	for (unsigned i = 0; i < at->detail->groups_count; i++)
		if (at->detail->groups[i] == group)
			return true;
	return false;
}

static void find_jump(const cs_insn *at, const cs_x86 *x86, struct instruction *out)
{
	if (has_group(at, X86_GRP_CALL) || has_group(at, X86_GRP_RET)) {
		out->groups |= BIT(CODE_CALL);
		out->ends_path = has_group(at, X86_GRP_RET);
	} else if (has_group(at, X86_GRP_JUMP)) {
		bool is_direct = x86->op_count == 1 && x86->operands[0].type == X86_OP_IMM;
		int64_t away = is_direct ? x86->operands[0].imm - (int64_t)at->address : 0;

		out->groups |= BIT(CODE_BRANCH) | (is_direct ? 0 : BIT(CODE_BRANCH_INDIRECT));
		out->has_target = is_direct && away > -CODE_READ_MAX && away < CODE_READ_MAX;
		out->target = out->has_target ? (int32_t)away : 0;
		out->ends_path = at->id == X86_INS_JMP;
	}
}

static void describe(const cs_insn *at, struct instruction *out)
{
	const cs_x86 *x86 = &at->detail->x86;
	uint8_t named = at->id < X86_INS_ENDING ? x86_groups[at->id] : 0;

	*out = (struct instruction){.size = (uint8_t)at->size};
	if (named)
		out->groups |= BIT(named - 1);
	out->groups |= memory_use(at, x86);
	find_jump(at, x86, out);
	find_rotation(at, x86, out);
	if (at->id == X86_INS_IMUL || at->id == X86_INS_MUL || at->id == X86_INS_MULX)
		out->groups |= multiplication(at, x86);
	out->groups |= masks(at, x86);
	out->groups |= table_index(at, x86);
	if (!named && at->mnemonic[0] == 'f')
		out->groups |= BIT(CODE_X87);
	if (!named && at->mnemonic[0] == 'v' && at->mnemonic[1] == 'f') /* fused: vfmadd213pd */
		out->groups |= BIT(strstr(at->mnemonic, "pd")	? CODE_PACKED_DOUBLE
				   : strstr(at->mnemonic, "sd") ? CODE_SCALAR_DOUBLE
								: CODE_SINGLE);
	if (!out->groups)
		out->groups = BIT(CODE_OTHER);
}

struct disassembler *disassembler_new(enum code_architecture architecture, int *code)
{
	struct disassembler *made;

	*code = -ENOTSUP;
	if (architecture != CODE_X86_64)
		return NULL;
	*code = -ENOMEM;
	made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &made->handle) != CS_ERR_OK) {
		free(made);
		return NULL;
	}
	cs_option(made->handle, CS_OPT_DETAIL, CS_OPT_ON);
	made->instruction = cs_malloc(made->handle);
	if (!made->instruction) {
		disassembler_free(made);
		return NULL;
	}
	*code = 0;
	return made;
}

void disassembler_free(struct disassembler *disassembler)
{
	if (!disassembler)
		return;
	if (disassembler->instruction)
		cs_free(disassembler->instruction, 1);
	cs_close(&disassembler->handle);
	free(disassembler);
}

bool disassembler_step(struct disassembler *disassembler, struct str bytes, struct instruction *out)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	size_t left = bytes.len;
	uint64_t address = 0;

	if (left == 0 ||
	    !cs_disasm_iter(disassembler->handle, &at, &left, &address,
			    disassembler->instruction) ||
	    disassembler->instruction->size == 0 || disassembler->instruction->size > bytes.len)
		return false;
	describe(disassembler->instruction, out);
	return true;
}

size_t disassembler_text(struct disassembler *disassembler, struct str bytes, uint64_t address,
			 char *out, size_t cap)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	const cs_insn *insn = disassembler->instruction;
	size_t left = bytes.len;

	if (cap > 0)
		out[0] = 0;
	if (left == 0 ||
	    !cs_disasm_iter(disassembler->handle, &at, &left, &address, disassembler->instruction))
		return 0;
	snprintf(out, cap, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "", insn->op_str);
	return insn->size;
}
