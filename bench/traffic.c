#include "bench/traffic.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/capture/capture_file.h"

enum {
	FLOW_FRAMES_MOST = 400, /* of each flow: or a few downloads would be all of the capture */
	FLOWS_PER_CAPTURE = 1 << 16,
	UDP_EACH = 3, /* of the UDP flows, every third: enough to be met */
	BATCH = 64,
};

struct entry {
	struct flow_key key;
	uint32_t flow; /* + 1; 0: left out */
};

void traffic_fini(struct traffic *traffic)
{
	buf_fini(&traffic->bytes);
	free(traffic->frames);
	free(traffic->flows);
	table_free(traffic->table);
	*traffic = (struct traffic){0};
}

int traffic_begin(struct traffic *traffic)
{
	struct table_settings settings = {.capacity = FLOWS_PER_CAPTURE,
					  .entry_size = sizeof(struct entry),
					  .key_size = sizeof(struct flow_key),
					  .seed = 1};

	table_free(traffic->table);
	traffic->table = NULL;
	return table_new(&settings, &traffic->table);
}

static bool grow(void **list, size_t *cap, size_t count, size_t size)
{
	if (count < *cap)
		return true;
	size_t wanted = *cap ? *cap * 2 : 4096;
	void *grown = reallocarray(*list, wanted, size);
	if (!grown)
		return false;
	*list = grown;
	*cap = wanted;
	return true;
}

static bool is_plain_ipv6(const uint8_t *frame)
{
	return frame[12] == 0x86 && frame[13] == 0xdd &&
	       (frame[20] == PROTOCOL_TCP || frame[20] == PROTOCOL_UDP);
}

/* A whole frame that is Ethernet, IP without options and TCP or UDP, and nothing else? */
static bool can_be_shifted(const struct traffic *traffic, const struct frame *frame,
			   struct packet *packet)
{
	const uint8_t *b = (const uint8_t *)frame->bytes.at;

	return frame->link == 1 && frame->bytes.len >= 54 && frame->bytes.len <= 1514 &&
	       frame->wire_len == frame->bytes.len &&
	       ((b[12] == 8 && b[13] == 0 && b[14] == 0x45) ||
		(traffic->takes_ipv6 && is_plain_ipv6(b))) &&
	       packet_decode(frame, NULL, packet) == DECODED && packet->tunnels == 0;
}

static uint32_t new_flow(struct traffic *traffic, bool is_tcp)
{
	if (!grow((void **)&traffic->flows, &traffic->flow_cap, traffic->flow_count,
		  sizeof(*traffic->flows)))
		return 0;
	traffic->flows[traffic->flow_count++] = (struct traffic_flow){.is_tcp = is_tcp};
	return (uint32_t)traffic->flow_count;
}

static struct entry *entry_of(struct traffic *traffic, const struct packet *packet, instant at)
{
	struct flow_key key;

	flow_key_of(packet, &key);
	uint64_t hash = table_hash(traffic->table, &key);
	struct entry *entry = table_find(traffic->table, &key, hash);
	if (entry)
		return entry;
	entry = table_insert(traffic->table, &key, hash, at);
	bool is_tcp = packet->protocol == PROTOCOL_TCP;
	if (is_tcp || traffic->takes_all_udp ||
	    table_counters(traffic->table).inserted % UDP_EACH == 0)
		entry->flow = new_flow(traffic, is_tcp);
	return entry;
}

int traffic_add(struct traffic *traffic, const struct frame *frame)
{
	struct packet packet;

	if (!can_be_shifted(traffic, frame, &packet))
		return 0;
	struct entry *entry = entry_of(traffic, &packet, frame->at);
	if (entry->flow == 0)
		return 0;
	struct traffic_flow *flow = &traffic->flows[entry->flow - 1];
	if (flow->frames == FLOW_FRAMES_MOST)
		return 0;
	if (!grow((void **)&traffic->frames, &traffic->frame_cap, traffic->frame_count,
		  sizeof(*traffic->frames)))
		return -ENOMEM;
	traffic->frames[traffic->frame_count++] = (struct traffic_frame){
		.offset = traffic->bytes.len,
		.len = (uint32_t)frame->bytes.len,
		.payload_len = packet.protocol == PROTOCOL_TCP ? packet.payload_len : 0,
		.at_ns = frame->at.ns};
	if (flow->last)
		traffic->frames[flow->last - 1].next = (uint32_t)traffic->frame_count;
	else
		flow->first = (uint32_t)traffic->frame_count;
	flow->last = (uint32_t)traffic->frame_count;
	flow->frames++;
	buf_add(&traffic->bytes, frame->bytes);
	return traffic->bytes.failed ? -ENOMEM : 0;
}

/* RFC 1624: a checksum whose field `old` became `new`. */
static void mend(uint8_t *checksum, uint16_t old, uint16_t new)
{
	uint32_t sum = (uint16_t) ~(checksum[0] << 8 | checksum[1]);

	sum += (uint16_t)~old + (uint32_t) new;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	checksum[0] = (uint8_t)(~sum >> 8);
	checksum[1] = (uint8_t)~sum;
}

/* ip_checksum: NULL where there is none, as in IPv6 */
static void shift_one(uint8_t *address, uint16_t shift, uint8_t *ip_checksum, uint8_t *checksum)
{
	uint16_t before[2], after[2];

	for (int i = 0; i < 2; i++)
		before[i] = (uint16_t)(address[2 * i] << 8 | address[2 * i + 1]);
	/* the two bytes lie across two words of the header */
	address[1] ^= (uint8_t)shift;
	address[2] = (uint8_t)(address[2] + (shift >> 8));
	for (int i = 0; i < 2; i++) {
		after[i] = (uint16_t)(address[2 * i] << 8 | address[2 * i + 1]);
		if (ip_checksum)
			mend(ip_checksum, before[i], after[i]);
		if (checksum)
			mend(checksum, before[i], after[i]);
	}
}

void traffic_shift(uint8_t *frame, uint16_t shift)
{
	bool is_ipv6 = frame[12] == 0x86;
	uint8_t protocol = is_ipv6 ? frame[20] : frame[23];
	uint8_t *transport = frame + (is_ipv6 ? 54 : 34);
	uint8_t *checksum = protocol == PROTOCOL_TCP ? transport + 16 : transport + 6;

	if (protocol != PROTOCOL_TCP && !checksum[0] && !checksum[1])
		checksum = NULL; /* UDP may go without */
	if (is_ipv6) {
		shift_one(frame + 22 + 4, shift, NULL, checksum);
		shift_one(frame + 38 + 4, shift, NULL, checksum);
	} else {
		shift_one(frame + 26, shift, frame + 24, checksum);
		shift_one(frame + 30, shift, frame + 24, checksum);
	}
}

static int add_capture(struct traffic *traffic, const char *path)
{
	struct input_settings settings = {0};
	struct capture_file *file;
	struct frame frames[BATCH];
	struct error why;
	size_t count;
	int r = capture_file_open(path, &settings, &file, &why);

	if (r < 0) {
		fprintf(stderr, "make_capture: %s\n", why.text);
		return r;
	}
	r = traffic_begin(traffic);
	while (r == 0 && capture_file_read(file, frames, BATCH, &count) == CAPTURE_FILE_FRAMES)
		for (size_t i = 0; i < count && r == 0; i++)
			r = traffic_add(traffic, &frames[i]);
	capture_file_free(file);
	return r;
}

static int is_no_dot(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* By bytes, not by the locale's order: the capture must be the same everywhere. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int traffic_from_folder(struct traffic *traffic, const char *folder)
{
	struct dirent **names;
	struct buf path = {0};
	int count = scandir(folder, &names, is_no_dot, by_bytes);
	int r = count < 0 ? -errno : 0;

	for (int i = 0; i < count; i++) {
		buf_clear(&path);
		buf_printf(&path, "%s/%s", folder, names[i]->d_name);
		buf_add_byte(&path, '\0');
		if (r == 0)
			r = path.failed ? -ENOMEM : add_capture(traffic, path.at);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	buf_fini(&path);
	return r;
}
