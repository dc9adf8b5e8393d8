#include <zstd.h>
#include <zstd_errors.h>

#include "source/capture/unpack.h"

enum { WINDOW_LOG_MAX = 27 };

_Static_assert(1 << WINDOW_LOG_MAX == UNPACK_MEMORY_MAX, "also zstd's own default");

/* A frame, or a skippable frame, with which pzstd begins. */
static bool zstd_recognises(struct str start)
{
	return str_starts(start, STR("\x28\xb5\x2f\xfd")) ||
	       (start.len >= 4 && ((uint8_t)start.at[0] & 0xf0) == 0x50 &&
		str_equal(str_sub(start, 1, 3), STR("\x2a\x4d\x18")));
}

static void *zstd_new(void)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();

	if (context &&
	    ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		ZSTD_freeDCtx(context);
		return NULL;
	}
	return context;
}

static enum unpacked zstd_step(void *state, struct str *in, char *out, size_t cap, size_t *count)
{
	ZSTD_inBuffer input = {in->at, in->len, 0};
	ZSTD_outBuffer output = {out, cap, 0};
	size_t result = ZSTD_decompressStream(state, &output, &input);

	*in = str_skip(*in, input.pos);
	*count = output.pos;
	if (ZSTD_isError(result))
		return ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge
			       ? UNPACK_TOO_LARGE
			       : UNPACK_CORRUPT;
	return result == 0 ? UNPACK_MEMBER_END : UNPACK_MORE;
}

static void zstd_free(void *state)
{
	ZSTD_freeDCtx(state);
}

const struct unpack_kind unpack_zstd = {
	.name = "zstd",
	.recognises = zstd_recognises,
	.new = zstd_new,
	.step = zstd_step,
	.free = zstd_free,
};
