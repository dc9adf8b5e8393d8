#include "matrix_cell.h"

#define NOTHING VERDICT_SIGNAL

const struct limit limits[] = {
	{"stratum-v2", "noise", NULL, "mid-stream", NOTHING,
	 "encrypted Stratum V2 is known by its opening alone"},
	{NULL, NULL, "websocket-deflate", "mid-stream", NOTHING,
	 "permessage-deflate refers back to what was sent before the capture began"},
	{"stratum-v2", NULL, "websocket", "mid-stream", NOTHING,
	 "in the middle of a connection a WebSocket is known by the JSON in it"},
	{"stratum-v2", NULL, "websocket-fresh", "mid-stream", NOTHING,
	 "in the middle of a connection a WebSocket is known by the JSON in it"},
	{"ethereum-stratum-2", "gzip", "websocket", "mid-stream", NOTHING,
	 "in the middle of a connection a WebSocket is known by the JSON in it"},
	{"duino-coin", NULL, "websocket", "mid-stream", NOTHING,
	 "in the middle of a connection a WebSocket is known by the JSON in it"},
};
const size_t limit_count = sizeof(limits) / sizeof(*limits);
