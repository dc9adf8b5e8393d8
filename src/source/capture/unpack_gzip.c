#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "source/capture/unpack.h"

static bool gzip_recognises(struct str start)
{
	return str_starts(start, STR("\x1f\x8b\x08"));
}

static void *gzip_new(void)
{
	z_stream *stream = calloc(1, sizeof(*stream));

	if (stream && inflateInit2(stream, 15 + 16 /* gzip, not zlib */) != Z_OK) {
		free(stream);
		return NULL;
	}
	return stream;
}

static unsigned clamp(size_t len)
{
	return len > 1u << 30 ? 1u << 30 : (unsigned)len;
}

static enum unpacked gzip_step(void *state, struct str *in, char *out, size_t cap, size_t *count)
{
	z_stream *stream = state;
	unsigned given = clamp(in->len), room = clamp(cap);

	stream->next_in = (const Bytef *)in->at;
	stream->avail_in = given;
	stream->next_out = (Bytef *)out;
	stream->avail_out = room;
	int result = inflate(stream, Z_NO_FLUSH);
	*in = str_skip(*in, given - stream->avail_in);
	*count = room - stream->avail_out;
	if (result == Z_STREAM_END)
		return inflateReset(stream) == Z_OK ? UNPACK_MEMBER_END : UNPACK_CORRUPT;
	/* Z_BUF_ERROR: nothing to do just now */
	return result == Z_OK || result == Z_BUF_ERROR ? UNPACK_MORE : UNPACK_CORRUPT;
}

static void gzip_free(void *state)
{
	z_stream *stream = state;

	if (stream)
		inflateEnd(stream);
	free(stream);
}

const struct unpack_kind unpack_gzip = {
	.name = "gzip",
	.recognises = gzip_recognises,
	.new = gzip_new,
	.step = gzip_step,
	.free = gzip_free,
};
