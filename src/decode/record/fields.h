/* A record's values as text, number, address and time; what is not there is empty or false. */
#ifndef DAVY_DECODE_RECORD_FIELDS_H
#define DAVY_DECODE_RECORD_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/instant.h"
#include "base/json.h"
#include "base/str.h"
#include "model/endpoint.h"

/* A text or a number as it is written; a copy only where it has escapes. Null and "-": empty. */
struct str field_text(struct json_value v, struct arena *scratch);

must_check bool field_address(struct json_value v, struct address *out);
must_check bool field_port(struct json_value v, uint16_t *out);

/* RFC 3339, also without its zone, or a number of seconds or milliseconds since 1970. */
must_check bool field_time(struct json_value v, instant *out);
must_check bool time_from_text(struct str text, instant *out);
/* Seconds, or milliseconds where it would be far away in seconds. */
instant time_from_number(uint64_t number);

/* As address_parse, which is slow for what most addresses are. */
must_check bool address_from_text(struct str text, struct address *out);

/* All decimal digits, at most 19; false on anything else. Faster than str_to_u64. */
must_check static inline bool number_from_text(struct str text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 19)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned char)text.at[i] - (unsigned)'0';
		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

#endif
