/*
 * Makes the captures of `make bench`, always the same for the same arguments and inputs.
 *
 *     make_capture OUT [--corpus FOLDER] [--packets N] [--flows N]     a busy link
 *     make_capture OUT --idle N                                       N connections that fall
 * silent
 *
 * A busy link: flows (of a folder of captures, or made up) begin at random one after the other for
 * ten minutes, and are replayed again and again with shifted addresses, so that thousands of them
 * are under way at any time. It is checked against what was demanded, and printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/traffic.h"
#include "lab/capture_writer.h"
#include "lab/packets.h"
#include "lab/random.h"

enum {
	LINK_S = 600,
	GAP_MOST_MS = 2000, /* flows of the corpus wait longer: here time is short */
	FLUSH_BYTES = 1 << 20,
	FRAME_MAX = 1514,
	MEAN_LEAST = 300,
	MEAN_MOST = 360,
	PAYLOAD_PERCENT = 70,
	IDLE_MOST = 1 << 22,
};

static const instant begins = {1700000000ll * 1000000000};

struct demand {
	uint64_t packets, flows;
};

struct output {
	struct capture_writer writer;
	struct buf bytes;
	int descriptor;
	uint64_t packets, size, payload_packets, payload_bytes;
};

static int put(struct output *out, instant at, const uint8_t *frame, uint32_t len, uint32_t payload)
{
	struct frame record = {.at = at, .bytes = str_of(frame, len), .wire_len = len, .link = 1};

	out->packets++;
	out->size += len;
	out->payload_packets += payload > 0;
	out->payload_bytes += payload;
	capture_write_pcap_record(&out->writer, &record);
	return out->bytes.len < FLUSH_BYTES && !out->bytes.failed
		       ? 0
		       : capture_write_flush(&out->writer, out->descriptor);
}

/* A flow under way in the link: in a heap by the time of its next frame. */
struct playing {
	int64_t at_ns;
	uint32_t frame; /* + 1 */
	uint16_t shift;
};

struct heap {
	struct playing *list;
	size_t count;
};

static void heap_push(struct heap *heap, struct playing added)
{
	size_t at = heap->count++;

	while (at > 0 && heap->list[(at - 1) / 2].at_ns > added.at_ns) {
		heap->list[at] = heap->list[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap->list[at] = added;
}

static struct playing heap_pop(struct heap *heap)
{
	struct playing top = heap->list[0], moved = heap->list[--heap->count];
	size_t at = 0;

	for (size_t child = 1; child < heap->count; child = 2 * at + 1) {
		if (child + 1 < heap->count &&
		    heap->list[child + 1].at_ns < heap->list[child].at_ns)
			child++;
		if (heap->list[child].at_ns >= moved.at_ns)
			break;
		heap->list[at] = heap->list[child];
		at = child;
	}
	heap->list[at] = moved;
	return top;
}

static int play_one(struct output *out, const struct traffic *traffic, struct heap *heap)
{
	struct playing now = heap_pop(heap);
	const struct traffic_frame *frame = &traffic->frames[now.frame - 1];
	uint8_t bytes[FRAME_MAX];

	memcpy(bytes, traffic->bytes.at + frame->offset, frame->len);
	traffic_shift(bytes, now.shift);
	int r = put(out, (instant){now.at_ns}, bytes, frame->len, frame->payload_len);
	if (frame->next) {
		int64_t gap = traffic->frames[frame->next - 1].at_ns - frame->at_ns;
		if (gap > DURATION_MS(GAP_MOST_MS).ns)
			gap = DURATION_MS(GAP_MOST_MS).ns;
		heap_push(heap, (struct playing){.at_ns = now.at_ns + (gap > 0 ? gap : 0),
						 .frame = frame->next,
						 .shift = now.shift});
	}
	return r;
}

static void shuffle(uint32_t *order, size_t count, struct lab_random *random)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = lab_random_below(random, (uint32_t)i);
		uint32_t kept = order[i - 1];
		order[i - 1] = order[other];
		order[other] = kept;
	}
}

/* How often all flows must be replayed. */
static uint32_t rounds_for(const struct traffic *traffic, const struct demand *demand)
{
	size_t frames = 0;

	for (size_t i = 0; i < traffic->flow_count; i++)
		frames += traffic->flows[i].frames;
	uint64_t by_packets = demand->packets / frames + 1;
	uint64_t by_flows = demand->flows / traffic->flow_count + 1;
	return (uint32_t)(by_packets > by_flows ? by_packets : by_flows);
}

static int play(struct output *out, const struct traffic *traffic, uint32_t rounds,
		struct lab_random *random)
{
	size_t flows = traffic->flow_count;
	struct heap heap = {.list = calloc(rounds * flows, sizeof(*heap.list))};
	uint32_t *order = calloc(flows, sizeof(*order));
	int64_t distance = DURATION_S(LINK_S).ns / (int64_t)(rounds * flows), starts = begins.ns;
	int r = heap.list && order ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < flows && r == 0; i++)
		order[i] = i;
	for (uint32_t round = 0; round < rounds && r == 0; round++) {
		shuffle(order, flows, random);
		for (size_t i = 0; i < flows && r == 0; i++, starts += distance) {
			while (r == 0 && heap.count > 0 && heap.list[0].at_ns <= starts)
				r = play_one(out, traffic, &heap);
			heap_push(&heap, (struct playing){.at_ns = starts,
							  .frame = traffic->flows[order[i]].first,
							  .shift = (uint16_t)round});
		}
	}
	while (r == 0 && heap.count > 0)
		r = play_one(out, traffic, &heap);
	free(heap.list);
	free(order);
	return r;
}

/* The busy link holds what was demanded of it; else a sentence on standard error. */
static bool is_as_demanded(const struct output *out, uint64_t flows, const struct demand *demand)
{
	double mean = (double)out->size / (double)out->packets;
	double payload = (double)out->payload_bytes / (double)out->size;

	printf("packets: %" PRIu64 "\nflows: %" PRIu64 "\nmean bytes: %.1f\n"
	       "packets with TCP payload: %.1f %%\nbytes that are TCP payload: %.1f %%\n",
	       out->packets, flows, mean, 100 * (double)out->payload_packets / (double)out->packets,
	       100 * payload);
	if (out->packets >= demand->packets && flows >= demand->flows && mean >= MEAN_LEAST &&
	    mean <= MEAN_MOST && payload >= PAYLOAD_PERCENT / 100.0)
		return true;
	fprintf(stderr,
		"make_capture: not the mix demanded: %" PRIu64 " packets, %" PRIu64
		" flows, mean %d to %d bytes, %d %% of them TCP payload\n",
		demand->packets, demand->flows, MEAN_LEAST, MEAN_MOST, PAYLOAD_PERCENT);
	return false;
}

static int make_link(struct output *out, const char *corpus, const struct demand *demand)
{
	struct lab_random random = {.state = 2018};
	struct traffic traffic = {0};
	int r = corpus ? traffic_from_folder(&traffic, corpus)
		       : traffic_from_lab(&traffic, lab_random_next(&random));

	if (r == 0 && traffic.flow_count == 0)
		r = -ENODATA;
	if (r == 0) {
		uint32_t rounds = rounds_for(&traffic, demand);
		r = rounds <= UINT16_MAX ? play(out, &traffic, rounds, &random) : -ERANGE;
		if (r == 0 && !is_as_demanded(out, rounds * traffic.flow_count, demand))
			r = -EDOM;
	}
	traffic_fini(&traffic);
	return r;
}

/* What connections say before they wait for the next thing: mail, web, a shell, a JSON service. */
static const struct {
	uint16_t port;
	struct str up, down;
} waiting[] = {
	{143, STR("a1 IDLE\r\n"), STR("+ idling\r\n")},
	{80, STR("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"),
	 STR("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n")},
	{22, STR("SSH-2.0-OpenSSH_9.6\r\n"), STR("SSH-2.0-OpenSSH_9.2p1\r\n")},
	{5007, STR("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\"}\n"),
	 STR("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n")},
};

/* A connection that is set up, says one thing each way, and falls silent. */
static int idle_flow(struct output *out, uint32_t number)
{
	size_t kind = number % (sizeof(waiting) / sizeof(*waiting));
	struct lab_transcript transcript = {0};
	struct lab_packets packets = {0};
	instant at = {begins.ns + (int64_t)number * 10000};
	struct lab_packet_settings settings = {
		.seed = number,
		.shape = LAB_SHAPE_NO_CLOSE,
		.client = {address_v4(0x0a000000u + number / 50000 * 256 + number % 200),
			   (uint16_t)(10000 + number % 50000)},
		.server = {address_v4(0xcb007108), waiting[kind].port}};

	lab_transcript_add(&transcript, at, LAB_MINER, waiting[kind].up);
	lab_transcript_add(&transcript, (instant){at.ns + 50000000}, LAB_POOL, waiting[kind].down);
	int r = transcript.failed ? -ENOMEM : lab_packets_make(&transcript, &settings, &packets);
	for (size_t i = 0; i < packets.count && r == 0; i++)
		r = put(out, packets.frames[i].at, (const uint8_t *)packets.frames[i].bytes.at,
			(uint32_t)packets.frames[i].bytes.len, 0);
	lab_packets_fini(&packets);
	lab_transcript_fini(&transcript);
	return r;
}

struct arguments {
	const char *path, *corpus;
	struct demand demand;
	uint32_t idle;
};

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"corpus", required_argument, NULL, 'c'},
						{"packets", required_argument, NULL, 'p'},
						{"flows", required_argument, NULL, 'f'},
						{"idle", required_argument, NULL, 'i'},
						{0}};
	uint64_t idle = 0;
	bool is_good = true;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'c')
			out->corpus = optarg;
		else if (c == 'p')
			is_good &= str_to_u64(str_from(optarg), &out->demand.packets);
		else if (c == 'f')
			is_good &= str_to_u64(str_from(optarg), &out->demand.flows);
		else if (c == 'i')
			is_good &= str_to_u64(str_from(optarg), &idle) && idle <= IDLE_MOST;
		else
			is_good = false;
	}
	out->idle = (uint32_t)idle;
	out->path = argc - optind == 1 ? argv[optind] : NULL;
	return is_good && out->path;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.demand = {.packets = 4000000, .flows = 300000}};
	struct output out = {0};
	int r = 0;

	if (!read_arguments(argc, argv, &arguments)) {
		fputs("usage: make_capture OUT [--corpus FOLDER] [--packets N] [--flows N]\n"
		      "       make_capture OUT --idle N\n",
		      stderr);
		return 2;
	}
	out.writer.out = &out.bytes;
	out.descriptor = open(arguments.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out.descriptor < 0)
		r = -errno;
	capture_write_pcap_header(&out.writer, 1);
	for (uint32_t i = 0; i < arguments.idle && r == 0; i++)
		r = idle_flow(&out, i);
	if (arguments.idle == 0 && r == 0)
		r = make_link(&out, arguments.corpus, &arguments.demand);
	if (r == 0)
		r = capture_write_flush(&out.writer, out.descriptor);
	if (out.descriptor >= 0 && close(out.descriptor) < 0 && r == 0)
		r = -errno;
	buf_fini(&out.bytes);
	if (r < 0) {
		fprintf(stderr, "make_capture: %s: %s\n", arguments.path, strerror(-r));
		unlink(arguments.path);
	}
	return r < 0 ? 2 : 0;
}
