/* One frame as a capture file or an interface hands it over, undecoded. */
#ifndef DAVY_DECODE_CAPTURE_FRAME_H
#define DAVY_DECODE_CAPTURE_FRAME_H

#include <stdint.h>

#include "base/instant.h"
#include "base/str.h"

struct frame {
	instant at;
	struct str bytes;  /* what was captured */
	uint32_t wire_len; /* what was on the wire: >= bytes.len unless the capture lies */
	uint16_t link;	   /* LINKTYPE_* of the pcap registry (1 = Ethernet, 101 = raw IP ...) */
	uint64_t offset;   /* of the record in the (decompressed) capture */
};

#endif
