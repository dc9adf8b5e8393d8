/*
 * Moments and spans as distinct types, in nanoseconds. An instant is UTC since 1970.
 * Nothing but programs/ and source/ reads a clock; all else is given `now` or an event time.
 */
#ifndef DAVY_BASE_INSTANT_H
#define DAVY_BASE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

typedef struct {
	int64_t ns;
} instant;

typedef struct {
	int64_t ns;
} duration;

#define DURATION_S(seconds) ((duration){(int64_t)(seconds)*1000000000})
#define DURATION_MS(ms)	    ((duration){(int64_t)(ms)*1000000})

static inline instant instant_at(int64_t seconds, int64_t ns)
{
	return (instant){seconds * 1000000000 + ns};
}

/* Times come from files, and may be any: a sum or difference that is too great stays at the end. */
static inline instant instant_add(instant at, duration span)
{
	instant sum;

	if (__builtin_add_overflow(at.ns, span.ns, &sum.ns))
		sum.ns = span.ns < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

static inline duration instant_since(instant later, instant earlier)
{
	duration span;

	if (__builtin_sub_overflow(later.ns, earlier.ns, &span.ns))
		span.ns = later.ns < earlier.ns ? INT64_MIN : INT64_MAX;
	return span;
}

static inline double duration_seconds(duration span)
{
	return (double)span.ns / 1e9;
}

/* RFC 3339, UTC, "2026-11-22T10:00:00Z"; with `.mmm` when the fraction is not zero. */
void buf_add_instant(struct buf *out, instant at);
/* RFC 3339 with Z or an offset; false on anything else. */
must_check bool instant_parse(struct str text, instant *out);
/* A day alone, "2026-11-22": its first moment, UTC; false on anything else. */
must_check bool instant_parse_day(struct str text, instant *out);
/* "41 min 7 s", "3 d 2 h", "0.2 s": the two largest units. */
void buf_add_duration(struct buf *out, duration span);

#endif
