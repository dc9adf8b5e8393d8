/* Records of link type (le16), bytes cut off (u8), length (le16) and the frame: one capture. */
#include <stdlib.h>

#include "base/reader.h"
#include "decode/packet/fragment.h"
#include "decode/packet/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fragment_settings settings = {.memory_bytes = FRAGMENT_MEMORY_LEAST};
	struct fragment_table *fragments;
	struct reader in = reader_of(str_of(data, size));
	uint16_t link, len;
	uint8_t cut;
	struct str bytes;

	if (fragment_table_new(&settings, &fragments) < 0)
		return 0;
	for (int64_t i = 0; read_le16(&in, &link) && read_u8(&in, &cut) && read_le16(&in, &len);
	     i++) {
		if (!read_span(&in, len, &bytes) && !read_span(&in, reader_left(&in), &bytes))
			break;
		char *copy = malloc(bytes.len + 1); /* so that a read past the end is seen */
		memcpy(copy + 1, bytes.at ? bytes.at : "", bytes.len);
		struct frame frame = {.at = instant_at(i, 0),
				      .bytes = {copy + 1, bytes.len},
				      .wire_len = (uint32_t)bytes.len + cut,
				      .link = link};
		struct packet packet;
		if (packet_decode(&frame, fragments, &packet) == DECODED) {
			uint8_t sum = 0;
			for (size_t j = 0; j < packet.payload.len; j++)
				sum ^= (uint8_t)packet.payload.at[j];
			if (packet.payload_len < packet.payload.len ||
			    (sum & 1 && !packet.protocol))
				abort();
			if (packet_tcp_checksum(&packet) != CHECKSUM_UNKNOWN &&
			    packet.protocol != PROTOCOL_TCP)
				abort();
		}
		free(copy);
	}
	fragment_table_free(fragments);
	return 0;
}
