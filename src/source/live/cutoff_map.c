#include "source/live/cutoff_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/bpf_log.h"
/* Generated code, not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include "cutoff.skel.h"
#pragma GCC diagnostic pop

struct cutoff_filter {
	struct cutoff_bpf *loaded;
};

struct cutoff_settings cutoff_settings_default(void)
{
	return (struct cutoff_settings){
		.window_ns = 1000000000,
		.reopen_below = 64 * 1024,
		.reopen_after_ns = 30ull * 1000000000,
		.small_interval_ns = 50 * 1000000,
		.small_allowance_ns = 1000000000,
		.burst_packets = 32,
		.small_payload = 600,
		.snap_len = 262144,
	};
}

int cutoff_filter_open(const struct cutoff_settings *settings, uint32_t capacity,
		       struct cutoff_filter **out, struct error *why)
{
	struct cutoff_filter *filter = calloc(1, sizeof(*filter));

	*out = NULL;
	if (!filter)
		return error_set(why, -ENOMEM, "no memory for the cut-off filter");
	bpf_log_begin(why);
	filter->loaded = cutoff_bpf__open();
	if (!filter->loaded) {
		int failed = errno ? -errno : -EINVAL;
		free(filter);
		return bpf_log_end(why, failed, "the cut-off filter cannot be read");
	}
	filter->loaded->rodata->settings = *settings;
	int failed = bpf_map__set_max_entries(filter->loaded->maps.flows, capacity);
	if (!failed)
		failed = cutoff_bpf__load(filter->loaded);
	failed = bpf_log_end(why, failed, "the kernel refused the cut-off filter");
	if (failed) {
		cutoff_filter_close(filter);
		return failed;
	}
	*out = filter;
	return 0;
}

void cutoff_filter_close(struct cutoff_filter *filter)
{
	if (!filter)
		return;
	cutoff_bpf__destroy(filter->loaded);
	free(filter);
}

int cutoff_filter_program(const struct cutoff_filter *filter, bool begins_with_mac)
{
	return bpf_program__fd(begins_with_mac ? filter->loaded->progs.cutoff_ethernet
					       : filter->loaded->progs.cutoff_network);
}

int cutoff_filter_map(const struct cutoff_filter *filter)
{
	return bpf_map__fd(filter->loaded->maps.flows);
}

int cutoff_filter_totals(const struct cutoff_filter *filter, struct cutoff_totals *out)
{
	int cpus = libbpf_num_possible_cpus();
	uint32_t zero = 0;

	*out = (struct cutoff_totals){0};
	if (cpus < 0)
		return cpus;
	struct cutoff_totals *each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	int failed = bpf_map_lookup_elem(bpf_map__fd(filter->loaded->maps.totals), &zero, each);
	for (int i = 0; !failed && i < cpus; i++) {
		out->packets += each[i].packets;
		out->bytes += each[i].bytes;
		out->cut_packets += each[i].cut_packets;
		out->cut_bytes += each[i].cut_bytes;
		out->peeked += each[i].peeked;
		out->reopened += each[i].reopened;
		out->unkeyed += each[i].unkeyed;
	}
	free(each);
	return failed;
}

struct cutoff_key cutoff_key_of(const struct endpoint *a, const struct endpoint *b,
				uint8_t protocol)
{
	struct cutoff_key key = {.protocol = protocol};
	int order = memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));
	const struct endpoint *low = a, *high = b;

	if (order > 0 || (order == 0 && a->port > b->port)) {
		low = b;
		high = a;
	}
	memcpy(key.low, low->address.bytes, sizeof(key.low));
	memcpy(key.high, high->address.bytes, sizeof(key.high));
	key.low_port = low->port;
	key.high_port = high->port;
	return key;
}

bool cutoff_map_is_writable(int map)
{
	struct cutoff_key nobody = {.zero = {1, 1, 1}}; /* no flow has it */

	return cutoff_map_forget(map, &nobody) == -ENOENT;
}

int cutoff_map_cut(int map, const struct cutoff_key *key, const struct cutoff_settings *settings)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	struct cutoff_entry entry =
		cutoff_begin((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, settings);
	return bpf_map_update_elem(map, key, &entry, BPF_ANY);
}

int cutoff_map_forget(int map, const struct cutoff_key *key)
{
	return bpf_map_delete_elem(map, key);
}

int cutoff_map_read(int map, const struct cutoff_key *key, struct cutoff_entry *out)
{
	return bpf_map_lookup_elem(map, key, out);
}
