/*
 * Reading wire bytes: the only place with pointer arithmetic on foreign data.
 *
 * Every read checks what is left and fails softly: false, nothing consumed, *out untouched.
 */
#ifndef DAVY_BASE_READER_H
#define DAVY_BASE_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct reader {
	const uint8_t *at, *end;
};

static inline struct reader reader_of(struct str bytes)
{
	const uint8_t *at = (const uint8_t *)bytes.at;

	return (struct reader){at, at ? at + bytes.len : NULL};
}

static inline size_t reader_left(const struct reader *in)
{
	return (size_t)(in->end - in->at);
}

static inline struct str reader_rest(const struct reader *in)
{
	return str_of(in->at, reader_left(in));
}

must_check static inline bool read_span(struct reader *in, size_t len, struct str *out)
{
	if (reader_left(in) < len)
		return false;
	*out = str_of(in->at, len);
	in->at += len;
	return true;
}

must_check static inline bool read_skip(struct reader *in, size_t len)
{
	if (reader_left(in) < len)
		return false;
	in->at += len;
	return true;
}

must_check static inline bool read_u8(struct reader *in, uint8_t *out)
{
	if (reader_left(in) < 1)
		return false;
	*out = *in->at++;
	return true;
}

#define DEFINE_READ(name, type, wire_type, swap)                         \
	must_check static inline bool name(struct reader *in, type *out) \
	{                                                                \
		wire_type value;                                         \
		if (reader_left(in) < sizeof(value))                     \
			return false;                                    \
		memcpy(&value, in->at, sizeof(value));                   \
		in->at += sizeof(value);                                 \
		*out = swap(value);                                      \
		return true;                                             \
	}
DEFINE_READ(read_be16, uint16_t, uint16_t, __builtin_bswap16)
DEFINE_READ(read_be32, uint32_t, uint32_t, __builtin_bswap32)
DEFINE_READ(read_be64, uint64_t, uint64_t, __builtin_bswap64)
DEFINE_READ(read_le16, uint16_t, uint16_t, )
DEFINE_READ(read_le32, uint32_t, uint32_t, )
DEFINE_READ(read_le64, uint64_t, uint64_t, )
#undef DEFINE_READ

must_check static inline bool read_be24(struct reader *in, uint32_t *out)
{
	if (reader_left(in) < 3)
		return false;
	*out = (uint32_t)in->at[0] << 16 | (uint32_t)in->at[1] << 8 | in->at[2];
	in->at += 3;
	return true;
}

must_check static inline bool read_le24(struct reader *in, uint32_t *out)
{
	if (reader_left(in) < 3)
		return false;
	*out = (uint32_t)in->at[2] << 16 | (uint32_t)in->at[1] << 8 | in->at[0];
	in->at += 3;
	return true;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the read_le/read_be pairs assume it");

#endif
