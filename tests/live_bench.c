/*
 * live_bench INTERFACE SECONDS [CUT_AFTER_BYTES]: listen as a sensor worker does and print one JSON
 * line of what it cost. Flows are cut once they have shown CUT_AFTER_BYTES; without that argument
 * there is no filter and every frame is copied. Used by live_bench.sh.
 */
#include <bpf/bpf.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/table.h"
#include "source/live/ring.h"

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

struct flow {
	struct cutoff_key key;
	uint64_t bytes;
	bool is_cut;
};

struct bench {
	struct cutoff_settings settings;
	struct cutoff_filter *filter; /* NULL: none */
	struct ring_socket socket;
	struct ring ring;
	struct table *flows;
	uint64_t cut_after, frames, bytes;
};

static double now_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void see(struct bench *bench, const struct frame *frame)
{
	struct flow_packet packet = {0};

	bench->frames++;
	bench->bytes += frame->bytes.len;
	if (!bench->filter)
		return;
	flow_walk(&frame->bytes, 0, (uint32_t)frame->bytes.len, FLOW_ETHERNET, &packet);
	if (!packet.key.protocol)
		return;
	uint64_t hash = table_hash(bench->flows, &packet.key);
	struct flow *flow = table_find(bench->flows, &packet.key, hash);
	if (!flow)
		flow = table_insert(bench->flows, &packet.key, hash, frame->at);
	flow->bytes += frame->wire_len;
	if (!flow->is_cut && flow->bytes > bench->cut_after)
		flow->is_cut = !cutoff_map_cut(cutoff_filter_map(bench->filter), &flow->key,
					       &bench->settings);
}

static int set_up(struct bench *bench, const char *interface)
{
	struct table_settings flows = {.capacity = 4096,
				       .entry_size = sizeof(struct flow),
				       .key_size = sizeof(struct cutoff_key)};
	struct ring_settings ring = {.interface = (int)if_nametoindex(interface),
				     .hardware_type = ARPHRD_ETHER,
				     .is_promiscuous = true};
	struct error why = {""};

	bench->settings = cutoff_settings_default();
	if (table_new(&flows, &bench->flows))
		return -1;
	int failed = bench->cut_after ? cutoff_filter_open(&bench->settings, CUTOFF_FLOWS_DEFAULT,
							   &bench->filter, &why)
				      : 0;
	ring.filter = bench->filter;
	if (!failed)
		failed = ring_open(&ring, &bench->socket, &why);
	if (!failed)
		failed =
			ring_map(bench->socket.fd, &bench->socket.shape, false, &bench->ring, &why);
	if (failed)
		fprintf(stderr, "%s\n", why.text);
	return failed;
}

static void print(const struct bench *bench, double seconds, double cpu_seconds)
{
	struct ring_counters counters = {0};
	struct cutoff_totals totals = {0};
	struct bpf_prog_info program = {0};
	unsigned size = sizeof(program);

	if (ring_count(bench->socket.fd, &counters))
		return;
	if (bench->filter) {
		(void)!cutoff_filter_totals(bench->filter, &totals);
		bpf_obj_get_info_by_fd(cutoff_filter_program(bench->filter, true), &program, &size);
	}
	printf("{\"frames\":%llu,\"bytes\":%llu,\"dropped\":%llu,\"cut_packets\":%llu,"
	       "\"cut_bytes\":%llu,\"peeked\":%llu,\"cpu_percent\":%.2f,\"filter_ns\":%.1f,"
	       "\"filter_runs\":%llu}\n",
	       (unsigned long long)bench->frames, (unsigned long long)bench->bytes,
	       (unsigned long long)counters.dropped, (unsigned long long)totals.cut_packets,
	       (unsigned long long)totals.cut_bytes, (unsigned long long)totals.peeked,
	       100 * cpu_seconds / seconds,
	       program.run_cnt ? (double)program.run_time_ns / (double)program.run_cnt : 0.0,
	       (unsigned long long)program.run_cnt);
}

int main(int argc, char **argv)
{
	struct bench bench = {0};
	struct frame frame;

	if (argc < 3) {
		fprintf(stderr, "usage: live_bench INTERFACE SECONDS [CUT_AFTER_BYTES]\n");
		return 2;
	}
	bench.cut_after = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	if (set_up(&bench, argv[1]))
		return 2;
	/* While it is open the kernel times each run; the timing itself is part of the figure. */
	int timed = getenv("DAVY_BENCH_TIMED") ? bpf_enable_stats(BPF_STATS_RUN_TIME) : -1;
	double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID); /* loading the filter is not counted */
	double start = now_s(CLOCK_MONOTONIC), length = strtod(argv[2], NULL), seconds = 0;
	while ((seconds = now_s(CLOCK_MONOTONIC) - start) < length) {
		struct pollfd ready = {.fd = bench.socket.fd, .events = POLLIN};
		poll(&ready, 1, 50);
		while (ring_next(&bench.ring, &frame))
			see(&bench, &frame);
	}
	print(&bench, seconds, now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	if (timed >= 0)
		close(timed);
	ring_unmap(&bench.ring);
	close(bench.socket.fd);
	cutoff_filter_close(bench.filter);
	table_free(bench.flows);
	return 0;
}
