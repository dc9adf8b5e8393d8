/* The tolerant JSON reader: the first thing foreign text on the wire and in logs meets. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct json_node nodes[64];
	struct json doc = {.nodes = nodes, .cap = 64};
	struct str text = {(const char *)bytes, size};
	size_t used = json_read(&doc, text);
	char scratch[32];
	double number;
	uint64_t whole;

	assert(used <= size && doc.count <= doc.cap);
	for (struct json_value v = json_first(json_root(&doc)); json_exists(v); v = json_next(v)) {
		struct str read = json_text(v, scratch, sizeof(scratch));

		/* a view into the text, or cut off at the end of scratch */
		assert(read.at == scratch ? read.len <= sizeof(scratch) : read.len <= size);
		assert(json_text(json_key_of(v), scratch, sizeof(scratch)).len <= size + 32);
		if (json_to_double(v, &number) || json_to_u64(v, &whole))
			assert(json_is_scalar(v));
		json_has_duplicate(v, STR("method"));
	}
	return 0;
}
