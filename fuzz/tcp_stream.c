/*
 * Steps on one stream: kind and flags (u8), sequence or acknowledgement (le32), length (u8), bytes
 * cut off (u8). The payload is the length's bytes of the sequence numbers' own low bits, so that
 * every delivered byte can be checked for being in its place.
 */
#include <stdlib.h>

#include "base/reader.h"
#include "decode/flow/tcp_stream.h"
#include "decode/packet/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POOL_BLOCKS = 6, STEP_ACK = 0x40, STEP_GAP = 0x80 };

struct run {
	struct tcp_stream stream;
	struct segment_pool *pool;
	bool has_begun;
	uint32_t beginning;
};

/* What a call has just delivered ends at the next byte, and nothing came or went uncounted. */
static void take(struct run *run, struct str bytes)
{
	const struct tcp_stream *s = &run->stream;
	uint32_t beginning = s->next - (uint32_t)(s->delivered + s->missing);

	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.at[i] != (char)(s->next - bytes.len + i))
			abort();
	if (bytes.len == 0)
		return;
	if (run->has_begun && beginning != run->beginning)
		abort();
	run->has_begun = true;
	run->beginning = beginning;
}

static void drain(struct run *run)
{
	struct str more;

	while (tcp_stream_next(&run->stream, run->pool, &more))
		take(run, more);
}

static void give_up(struct run *run)
{
	tcp_stream_gap(&run->stream, run->pool);
	drain(run);
}

static void give(struct run *run, uint32_t seq, uint8_t flags, uint8_t len, uint8_t cut)
{
	char *bytes = malloc(len + 1u); /* of its own, so that a read past the end is seen */
	struct str payload = {bytes + 1, len}, now;
	enum tcp_delivery delivery;
	int rounds = 0;

	for (uint32_t i = 0; i < len; i++)
		bytes[1 + i] = (char)(seq + i + (flags & TCP_SYN ? 1 : 0));
	if (tcp_stream_contradicts(&run->stream, run->pool, seq + (flags & TCP_SYN ? 1 : 0),
				   payload))
		abort();
	do {
		delivery = tcp_stream_feed(&run->stream, run->pool, seq, flags, payload, len + cut,
					   &now);
		take(run, now);
		drain(run);
		while (delivery == TCP_FULL || tcp_stream_is_stuck(&run->stream, run->pool)) {
			give_up(run);
			if (delivery == TCP_FULL)
				break;
		}
		if (++rounds > 1000)
			abort();
	} while (delivery == TCP_FULL);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = {0};
	struct reader in = reader_of(str_of(data, size));
	uint8_t kind, len, cut;
	uint32_t seq;

	if (segment_pool_new(POOL_BLOCKS * SEGMENT_BLOCK_BYTES, &run.pool) < 0)
		return 0;
	while (read_u8(&in, &kind) && read_le32(&in, &seq) && read_u8(&in, &len) &&
	       read_u8(&in, &cut)) {
		if (kind & STEP_GAP)
			give_up(&run);
		else if (!(kind & STEP_ACK))
			give(&run, seq, kind & 0x1f, len, cut);
		else if (tcp_stream_acked(&run.stream, run.pool, seq))
			while (tcp_stream_is_stuck(&run.stream, run.pool))
				give_up(&run);
	}
	tcp_stream_fini(&run.stream, run.pool);
	if (segment_pool_room(run.pool) != POOL_BLOCKS)
		abort();
	segment_pool_free(run.pool);
	return 0;
}
