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

/* A whole frame that is Ethernet, IPv4 without options and TCP or UDP, and nothing else? */
static bool can_be_shifted(const struct frame *frame, struct packet *packet)
{
	const uint8_t *b = (const uint8_t *)frame->bytes.at;

	return frame->link == 1 && frame->bytes.len >= 54 && frame->bytes.len <= 1514 &&
	       frame->wire_len == frame->bytes.len && b[12] == 8 && b[13] == 0 && b[14] == 0x45 &&
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
	if (is_tcp || table_counters(traffic->table).inserted % UDP_EACH == 0)
		entry->flow = new_flow(traffic, is_tcp);
	return entry;
}

int traffic_add(struct traffic *traffic, const struct frame *frame)
{
	struct packet packet;

	if (!can_be_shifted(frame, &packet))
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
