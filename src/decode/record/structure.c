#include "decode/record/structure.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct marks {
	uint64_t quotes, backslashes, brackets, newlines, letters;
};

#ifdef __SSE2__
static uint64_t bits_of(__m128i matches)
{
	return (uint32_t)_mm_movemask_epi8(matches);
}

/* Bytes in [low, low + span], unsigned. */
static __m128i in_range(__m128i bytes, char low, char span)
{
	__m128i above = _mm_sub_epi8(bytes, _mm_set1_epi8(low));

	return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8(span)), above);
}

static void mark(const char *at, struct marks *out)
{
	const __m128i bit5 = _mm_set1_epi8(0x20);

	*out = (struct marks){0};
	for (int i = 0; i < STRUCTURE_BLOCK; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(at + i));
		__m128i lower = _mm_or_si128(bytes, bit5); /* [ is { and ] is } but for this bit */
		__m128i brackets = _mm_or_si128(_mm_cmpeq_epi8(lower, _mm_set1_epi8('{')),
						_mm_cmpeq_epi8(lower, _mm_set1_epi8('}')));
		__m128i letters =
			_mm_or_si128(in_range(lower, 'a', 'z' - 'a'), in_range(bytes, '0', 9));

		out->quotes |= bits_of(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'))) << i;
		out->backslashes |= bits_of(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))) << i;
		out->newlines |= bits_of(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'))) << i;
		out->brackets |= bits_of(brackets) << i;
		out->letters |= bits_of(letters) << i;
	}
}

uint64_t structure_count_lines(struct str text)
{
	uint64_t count = 0;
	size_t i = 0;

	for (; i + 16 <= text.len; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(text.at + i));
		uint64_t found = bits_of(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
		if (found)
			count += (uint64_t)__builtin_popcountll(found);
	}
	for (; i < text.len; i++)
		count += text.at[i] == '\n';
	return count;
}
#else
enum { QUOTE = 1, BACKSLASH = 2, BRACKET = 4, NEWLINE = 8 };

static uint8_t meaning_of(char c)
{
	static const uint8_t meanings[256] = {
		['"'] = QUOTE,	 ['\\'] = BACKSLASH, ['\n'] = NEWLINE, ['{'] = BRACKET,
		['}'] = BRACKET, ['['] = BRACKET,    [']'] = BRACKET,
	};

	return meanings[(uint8_t)c];
}

static bool is_letter(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static void mark(const char *at, struct marks *out)
{
	*out = (struct marks){0};
	for (int i = 0; i < STRUCTURE_BLOCK; i++) {
		uint64_t bit = UINT64_C(1) << i;
		uint8_t meaning = meaning_of(at[i]);

		if (meaning & QUOTE)
			out->quotes |= bit;
		if (meaning & BACKSLASH)
			out->backslashes |= bit;
		if (meaning & BRACKET)
			out->brackets |= bit;
		if (meaning & NEWLINE)
			out->newlines |= bit;
		if (is_letter(at[i]))
			out->letters |= bit;
	}
}

uint64_t structure_count_lines(struct str text)
{
	uint64_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.at[i] == '\n';
	return count;
}
#endif

/* Bit i of the sum over GF(2) of bits 0..i: from each quote on up to before the next. */
static uint64_t sums_from_below(uint64_t bits)
{
	for (int step = 1; step < STRUCTURE_BLOCK; step *= 2)
		bits ^= bits << step;
	return bits;
}

/* A backslash takes the byte after it, which may be a backslash, too. */
static uint64_t escaped_bytes(uint64_t backslashes, size_t len, struct structure_carry *carry)
{
	uint64_t escaped = carry->is_escaped;

	backslashes &= ~escaped;
	carry->is_escaped = false;
	while (backslashes) {
		unsigned at = (unsigned)__builtin_ctzll(backslashes);
		if (at + 1 == len) {
			carry->is_escaped = true;
			break;
		}
		escaped |= UINT64_C(2) << at;
		backslashes &= ~(UINT64_C(3) << at);
	}
	return escaped;
}

void structure_read(struct structure_carry *carry, struct str text, struct structure *out)
{
	char padded[STRUCTURE_BLOCK];
	const char *at = text.at;
	struct marks marks;

	out->len = text.len < STRUCTURE_BLOCK ? text.len : STRUCTURE_BLOCK;
	if (out->len < STRUCTURE_BLOCK) {
		memset(padded, 0, sizeof(padded));
		memcpy(padded, at, out->len);
		at = padded;
	}
	mark(at, &marks);
	uint64_t quotes = marks.quotes & ~escaped_bytes(marks.backslashes, out->len, carry);
	/* the quote that begins a string is inside, the one that ends it is not */
	uint64_t inside = sums_from_below(quotes) ^ (carry->in_string ? ~UINT64_C(0) : 0);
	uint64_t ends = quotes & ~inside;
	uint64_t after = ends << 1 | (carry->after_string ? 1 : 0);

	out->brackets = marks.brackets & ~inside;
	out->broken = (marks.newlines & inside) | (marks.letters & after);
	carry->in_string = inside >> (out->len - 1) & 1;
	carry->after_string = ends >> (out->len - 1) & 1;
}
