/* The kernel's walk from a frame to its flow's key, compiled natively as it is for the verifier. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static int load_bytes(const struct str *frame, uint32_t at, void *to, uint32_t len)
{
	if (at > frame->len || frame->len - at < len)
		return -1;
	memcpy(to, frame->at + at, len);
	return 0;
}

#define FLOW_SOURCE		       const struct str
#define FLOW_LOAD(source, at, to, len) load_bytes(source, at, to, len)
#include "flow_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct str frame = str_of(at, len);
	struct flow_packet out = {0};

	flow_walk(&frame, 0, (uint32_t)len, FLOW_ETHERNET, &out);
	/* What is held to be payload must lie in the frame, and have a flow. */
	if (out.payload_len && (!out.key.protocol || out.payload_at + out.payload_len > len))
		abort();
	if (memcmp(out.key.low, out.key.high, sizeof(out.key.low)) > 0)
		abort();
	return 0;
}
