#include "decode/app/inflater.h"

#include <stdalign.h>
#include <string.h>
#include <zlib.h>

/* zlib allocates its state at the beginning and its window at first need, and frees nothing of
 * it until the end: handing out the block from the front is all it takes. */
struct inflater {
	z_stream zlib;
	struct inflater_settings settings;
	size_t used, cap; /* of the block, this struct included */
	uint64_t taken, given;
	enum inflater_fault fault;
	bool has_begun, is_done;
};

static void *take_memory(void *opaque, unsigned count, unsigned size)
{
	struct inflater *inflater = opaque;
	size_t start = (inflater->used + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	size_t want;

	if (__builtin_mul_overflow((size_t)count, (size_t)size, &want) || start > inflater->cap ||
	    want > inflater->cap - start)
		return NULL;
	inflater->used = start + want;
	return (char *)inflater + start;
}

static void give_memory(void *opaque, void *at)
{
	(void)opaque;
	(void)at;
}

static int zlib_window(const struct inflater_settings *settings, bool is_raw)
{
	int bits = (int)settings->window_bits;

	if (settings->format == INFLATER_GZIP)
		return bits + 16;
	return is_raw ? -bits : bits;
}

struct inflater *inflater_init(void *memory, size_t cap, const struct inflater_settings *settings)
{
	struct inflater *inflater = memory;

	if (cap < sizeof(*inflater))
		return NULL;
	*inflater = (struct inflater){.settings = *settings, .used = sizeof(*inflater), .cap = cap};
	if (inflater->settings.window_bits == 0)
		inflater->settings.window_bits = 15;
	unsigned bits = inflater->settings.window_bits;
	if (bits < 8 || bits > 15 || cap < (size_t)INFLATER_MEMORY(bits))
		return NULL;
	inflater->zlib.zalloc = take_memory;
	inflater->zlib.zfree = give_memory;
	inflater->zlib.opaque = inflater;
	bool is_raw = settings->format == INFLATER_RAW;
	if (inflateInit2(&inflater->zlib, zlib_window(&inflater->settings, is_raw)) != Z_OK)
		return NULL;
	return inflater;
}

void inflater_next_message(struct inflater *inflater)
{
	inflater->taken = inflater->given = 0;
}

void inflater_reset(struct inflater *inflater)
{
	inflateReset(&inflater->zlib);
	inflater->taken = inflater->given = 0;
	inflater->fault = INFLATER_FINE;
	inflater->has_begun = inflater->is_done = false;
}

enum inflater_fault inflater_fault(const struct inflater *inflater)
{
	return inflater->fault;
}

bool inflater_is_done(const struct inflater *inflater)
{
	return inflater->is_done;
}

/* A zlib header has 8 in its first byte's low half; a raw stream begins so only with a stored
 * block whose padding is not zero, which nobody writes. */
static bool looks_like_zlib(uint8_t first)
{
	return (first & 0x0f) == 8 && first >> 4 <= 7;
}

static void begin(struct inflater *inflater, struct str in)
{
	if (inflater->settings.format == INFLATER_DEFLATE)
		inflateReset2(&inflater->zlib, zlib_window(&inflater->settings,
							   !looks_like_zlib((uint8_t)in.at[0])));
	inflater->has_begun = true;
}

static bool is_over_limit(const struct inflater *inflater)
{
	const struct inflater_settings *s = &inflater->settings;

	if (s->output_max && inflater->given > s->output_max)
		return true;
	return s->ratio_max && inflater->given > INFLATER_RATIO_FREE &&
	       inflater->given / s->ratio_max > inflater->taken;
}

/* The end of a deflate stream: gzip may go on with another member, and a message sender may end
 * its stream with every message, the window living on. */
static void on_stream_end(struct inflater *inflater, struct str in)
{
	switch (inflater->settings.format) {
	case INFLATER_RAW:
		inflateResetKeep(&inflater->zlib);
		break;
	case INFLATER_GZIP:
		inflater->is_done = in.len == 0 || (uint8_t)in.at[0] != 0x1f;
		inflateReset(&inflater->zlib);
		break;
	default:
		inflater->is_done = true;
	}
}

/* zlib tells a reference before the window's beginning from other damage by its text alone. */
static enum inflater_fault fault_of(int result, const char *text)
{
	if (result == Z_NEED_DICT)
		return INFLATER_HISTORY;
	if (result == Z_DATA_ERROR && text && strstr(text, "distance too far back"))
		return INFLATER_HISTORY;
	return INFLATER_CORRUPT;
}

static enum decoded outcome_of_fault(enum inflater_fault fault)
{
	return fault == INFLATER_CORRUPT ? MALFORMED : UNSUPPORTED;
}

/* One call of zlib; false when nothing more comes of this input. */
static bool inflate_some(struct inflater *inflater, struct str *in, void *out, size_t cap,
			 size_t *len)
{
	z_stream *z = &inflater->zlib;
	size_t given = in->len < UINT32_MAX ? in->len : UINT32_MAX;

	z->next_in = (Bytef *)(uintptr_t)in->at;
	z->avail_in = (uInt)given;
	z->next_out = out;
	z->avail_out = cap < UINT32_MAX ? (uInt)cap : UINT32_MAX;
	uInt room = z->avail_out;
	int result = inflate(z, Z_SYNC_FLUSH);
	*len = room - z->avail_out;
	inflater->taken += given - z->avail_in;
	inflater->given += *len;
	*in = str_skip(*in, given - z->avail_in);
	if (result == Z_STREAM_END)
		on_stream_end(inflater, *in);
	else if (result != Z_OK && result != Z_BUF_ERROR)
		inflater->fault = fault_of(result, z->msg);
	if (inflater->fault == INFLATER_FINE && is_over_limit(inflater))
		inflater->fault = INFLATER_LIMIT;
	return result == Z_STREAM_END;
}

enum decoded inflater_next(struct inflater *inflater, struct str *in, void *out, size_t cap,
			   size_t *len)
{
	*len = 0;
	if (inflater->fault != INFLATER_FINE)
		return outcome_of_fault(inflater->fault);
	/* without input zlib may still hold output back: it is asked once more then */
	do {
		if (inflater->is_done || (!inflater->has_begun && in->len == 0))
			return NEED_MORE;
		if (!inflater->has_begun)
			begin(inflater, *in);
		bool has_ended = inflate_some(inflater, in, out, cap, len);
		if (inflater->fault != INFLATER_FINE) {
			*len = 0;
			return outcome_of_fault(inflater->fault);
		}
		if (*len == 0 && !has_ended)
			return NEED_MORE;
	} while (*len == 0);
	return DECODED;
}
