#include "decode/code/code.h"

#include <errno.h>
#include <stdlib.h>

#include "decode/code/disassembler.h"

struct code_reader {
	struct disassembler *disassembler;
	size_t count;				/* of `at`, by offset */
	size_t len;				/* of the window */
	uint32_t sampled;			/* offset */
	struct code_loop loops[CODE_LOOPS_MAX]; /* around the sampled instruction */
	size_t loop_count;
	struct instruction at[CODE_READ_MAX];
};

struct code_reader *code_reader_new(enum code_architecture architecture, int *code)
{
	struct disassembler *disassembler = disassembler_new(architecture, code);
	struct code_reader *reader;

	if (!disassembler)
		return NULL;
	reader = calloc(1, sizeof(*reader));
	if (!reader) {
		*code = -ENOMEM;
		disassembler_free(disassembler);
		return NULL;
	}
	reader->disassembler = disassembler;
	return reader;
}

void code_reader_free(struct code_reader *reader)
{
	if (!reader)
		return;
	disassembler_free(reader->disassembler);
	free(reader);
}

/*
 * From `from` until the next instruction would begin at or after `to`. Bytes that begin no
 * instruction are passed over one by one.
 *
 * returns: where it stopped; above `to` when an instruction reached over it.
 */
static size_t sweep(struct code_reader *reader, struct str bytes, size_t from, size_t to)
{
	while (from < to && reader->count < CODE_READ_MAX) {
		struct instruction *out = &reader->at[reader->count];
		if (!disassembler_step(reader->disassembler, str_skip(bytes, from), out)) {
			from++;
			continue;
		}
		out->offset = (uint16_t)from;
		reader->count++;
		from += out->size;
	}
	return from;
}

/* x86 code finds its step within a few instructions, so the first or second try nearly always fits.
 */
static void sweep_before(struct code_reader *reader, struct str bytes, size_t sampled)
{
	for (size_t begin = 0; begin < CODE_TRIES_MAX && begin < sampled; begin++) {
		reader->count = 0;
		if (sweep(reader, bytes, begin, sampled) == sampled)
			return;
	}
	if (reader->count > 0) { /* what reached over the sample is not what ran */
		const struct instruction *last = &reader->at[reader->count - 1];
		if ((size_t)last->offset + last->size > sampled)
			reader->count--;
	}
}

static void find_loops(struct code_reader *reader)
{
	reader->loop_count = 0;
	for (size_t i = 0; i < reader->count && reader->loop_count < CODE_LOOPS_MAX; i++) {
		const struct instruction *jump = &reader->at[i];
		int64_t target = (int64_t)jump->offset + jump->target;
		if (!jump->has_target || jump->target >= 0 || target < 0 ||
		    target > reader->sampled || jump->offset < reader->sampled)
			continue;
		reader->loops[reader->loop_count++] =
			(struct code_loop){(uint32_t)target, (uint32_t)jump->offset + jump->size};
	}
}

void code_read(struct code_reader *reader, struct str bytes, size_t sampled)
{
	bytes = str_sub(bytes, 0, CODE_READ_MAX);
	if (sampled >= bytes.len)
		sampled = 0;
	reader->count = 0;
	reader->len = bytes.len;
	reader->sampled = (uint32_t)sampled;
	sweep_before(reader, bytes, sampled);
	sweep(reader, bytes, sampled, bytes.len);
	find_loops(reader);
}

static void count_one(const struct instruction *at, struct code_counts *out)
{
	uint64_t groups = at->groups;

	while (groups) {
		out->groups[__builtin_ctzll(groups)]++;
		groups &= groups - 1;
	}
	if (at->rotation_width == 32)
		out->rotations_32[at->rotation & 31]++;
	else if (at->rotation_width == 64)
		out->rotations_64[at->rotation & 63]++;
	out->instructions++;
	out->bytes += at->size;
}

void code_count(const struct code_reader *reader, uint32_t from, uint32_t to,
		struct code_counts *out)
{
	*out = (struct code_counts){0};
	if (to > reader->len)
		to = (uint32_t)reader->len;
	for (size_t i = 0; i < reader->count; i++)
		if (reader->at[i].offset >= from && reader->at[i].offset < to)
			count_one(&reader->at[i], out);
	/* The last one may reach over the end of the range, never over that of the window. */
	uint32_t length = from < to ? to - from : 0;
	out->invalid_bytes = out->bytes < length ? length - out->bytes : 0;
}

/* Index of the instruction that begins at `offset`, or `count`. By halves: they are in order. */
static size_t find_instruction(const struct code_reader *reader, int64_t offset)
{
	size_t low = 0, high = reader->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (reader->at[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < reader->count && reader->at[low].offset == offset ? low : reader->count;
}

void code_count_path(const struct code_reader *reader, uint32_t most, struct code_counts *out)
{
	size_t i = find_instruction(reader, reader->sampled);

	*out = (struct code_counts){0};
	for (uint32_t n = 0; n < most && i < reader->count; n++) {
		const struct instruction *at = &reader->at[i];
		count_one(at, out);
		if (!at->ends_path)
			i = find_instruction(reader, (int64_t)at->offset + at->size);
		else if (at->has_target)
			i = find_instruction(reader, (int64_t)at->offset + at->target);
		else
			return;
	}
}

bool code_find_loop(const struct code_reader *reader, uint32_t least, struct code_loop *out)
{
	bool is_found = false;

	for (size_t i = 0; i < reader->loop_count; i++) {
		struct code_loop loop = reader->loops[i];
		uint32_t length = loop.to - loop.from;
		if (length < least || (is_found && length >= out->to - out->from))
			continue;
		*out = loop;
		is_found = true;
	}
	return is_found;
}

unsigned code_rotations_of(const uint16_t *rotations, const uint8_t *amounts)
{
	unsigned found = 0;

	for (; *amounts; amounts++)
		found += rotations[*amounts] > 0;
	return found;
}

size_t code_text(struct code_reader *reader, struct str bytes, uint64_t address, char *out,
		 size_t cap)
{
	return disassembler_text(reader->disassembler, bytes, address, out, cap);
}
