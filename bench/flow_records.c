/*
 * Rows of a flow log: every minute each of a hundred thousand places holds a connection, told in
 * both directions; one place in ten holds it for an hour and more, the others for the minute.
 */
#include <inttypes.h>
#include <stdio.h>

#include "bench/records.h"

enum {
	BEGINS_S = 1767225600,
	PLACES = 100000,
	WINDOW_S = 60,
	INTERFACES = 2000,
};

void records_add_flow_header(struct buf *out)
{
	buf_add_text(out,
		     "version account-id interface-id srcaddr dstaddr srcport dstport protocol "
		     "packets bytes start end action log-status vpc-id subnet-id instance-id "
		     "tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type "
		     "sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction "
		     "traffic-path\n");
}

/* What stays the same in all windows of a connection. */
static uint64_t connection_in(const struct records *records, uint32_t place, uint64_t window)
{
	uint64_t lasts = place % 10 == 0 ? 60 + place % 97 : 1;
	struct lab_random own = {.state = records->seed ^ ((uint64_t)place << 32) ^
					  (window / lasts)};

	return lab_random_next(&own);
}

void records_add_flow(struct records *records, struct buf *out)
{
	static const uint16_t ports[] = {443, 443, 443, 80, 5432, 6379, 8883, 4222};
	uint64_t window = records->number / 2 / PLACES;
	uint32_t place = (uint32_t)(records->number / 2 % PLACES);
	uint64_t own = connection_in(records, place, window);
	bool is_out = records->number % 2 == 0;
	uint32_t interface = place % INTERFACES;
	uint32_t packets = 1 + lab_random_below(&records->random, place % 10 == 0 ? 8 : 60);
	uint64_t start = BEGINS_S + window * WINDOW_S + interface % WINDOW_S;
	uint16_t near_port = (uint16_t)(32768 + (own & 0x6fff)), far_port = ports[own >> 20 & 7];
	char near[48], far[48];

	snprintf(near, sizeof(near), "10.%u.%u.%u", interface / 250, interface % 250,
		 (unsigned)(own >> 24 & 63) + 1);
	snprintf(far, sizeof(far), "198.18.%u.%u", (unsigned)(own >> 32 & 255),
		 (unsigned)(own >> 40 & 255));
	buf_printf(out,
		   "5 111122223333 eni-0%016x %s %s %u %u 6 %" PRIu32 " %" PRIu32 " %" PRIu64
		   " %" PRIu64 " ACCEPT OK vpc-0a1b2c3d4e5f60718 subnet-0%016x i-0%016x %u IPv4 %s "
		   "%s eu-west-1 euw1-az%u - - - - %s %s\n",
		   interface, is_out ? near : far, is_out ? far : near,
		   is_out ? near_port : far_port, is_out ? far_port : near_port, packets,
		   packets * (52 + lab_random_below(&records->random, 600)), start, start + 58,
		   interface % 3, interface, place % 10 == 0 ? 0 : 3, is_out ? near : far,
		   is_out ? far : near, interface % 3 + 1, is_out ? "egress" : "ingress",
		   is_out ? "1" : "-");
	records->number++;
}
