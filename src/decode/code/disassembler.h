/* One instruction at a time, in our words. The only file that knows libcapstone is behind this. */
#ifndef DAVY_DECODE_CODE_DISASSEMBLER_H
#define DAVY_DECODE_CODE_DISASSEMBLER_H

#include "decode/code/code.h"

struct instruction {
	uint64_t groups; /* bit 1 << enum code_group */
	uint16_t offset; /* in the window; set by the caller */
	int32_t target;	 /* offset a direct jump leads to, from the instruction's own start */
	uint8_t size;
	uint8_t rotation;	/* bits to the right, with rotation_width */
	uint8_t rotation_width; /* 32, 64; 0: no rotation by a constant */
	bool has_target;
	bool ends_path; /* what lies behind it is not what runs next */
};

struct disassembler;

must_check struct disassembler *disassembler_new(enum code_architecture architecture, int *code);
void disassembler_free(struct disassembler *disassembler);

/* Decodes what `bytes` begins with; false when that is no instruction, or is cut off. */
must_check bool disassembler_step(struct disassembler *disassembler, struct str bytes,
				  struct instruction *out);

/* Its text, NUL-ended and cut to fit; the size of the instruction or 0. */
size_t disassembler_text(struct disassembler *disassembler, struct str bytes, uint64_t address,
			 char *out, size_t cap);

#endif
