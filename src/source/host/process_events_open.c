/*
 * The side with rights: the BPF programs on their tracepoints, or the process connector's socket.
 */
#include "source/host/process_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/bpf_log.h"
#include "source/host/connector.h"
/* Generated code, not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include "host_process.skel.h"
#pragma GCC diagnostic pop

enum { WAKE_MS = 100, RING_BYTES = 512 * 1024 };

struct process_events_source {
	struct host_process_bpf *loaded; /* NULL: connector */
	int connector;
	struct process_events_feed feed;
};

static int load(struct process_events_source *source,
		const struct process_events_settings *settings, bool with_tcp)
{
	const uint32_t wake_ms = settings->wake_ms ? settings->wake_ms : WAKE_MS;
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	source->feed = (struct process_events_feed){
		.kind = PROCESS_EVENTS_BPF,
		.ring_bytes = settings->ring_bytes ? settings->ring_bytes : RING_BYTES,
		.counter_slots = (uint32_t)cpus,
	};
	struct host_process_bpf *loaded = host_process_bpf__open();
	if (!loaded)
		return -errno;
	loaded->rodata->wake_ns = wake_ms * 1000000ull;
	loaded->rodata->half_ring = source->feed.ring_bytes / 2;
	int failed = bpf_map__set_max_entries(loaded->maps.ring, source->feed.ring_bytes);
	if (!failed)
		failed = bpf_map__set_max_entries(loaded->maps.counters, (uint32_t)cpus);
	if (!failed)
		failed = bpf_program__set_autoload(loaded->progs.host_tcp, with_tcp);
	if (!failed)
		failed = host_process_bpf__load(loaded);
	if (!failed)
		failed = host_process_bpf__attach(loaded);
	if (failed) {
		host_process_bpf__destroy(loaded);
		return failed;
	}
	source->loaded = loaded;
	return 0;
}

static int open_bpf(struct process_events_source *source,
		    const struct process_events_settings *settings, bool with_tcp,
		    struct error *why)
{
	bpf_log_begin(why);
	return bpf_log_end(why, load(source, settings, with_tcp),
			   "the kernel refused the programs for process events");
}

static int open_any(struct process_events_source *source,
		    const struct process_events_settings *settings, struct error *why)
{
	struct error all = {"it was not asked for"}, connector = {""};

	if (!settings->without_bpf) {
		if (!open_bpf(source, settings, true, &all))
			return 0;
		if (!open_bpf(source, settings, false, NULL)) {
			error_set(why, 0,
				  "begin and end of TCP connections are not seen (%.300s); sockets "
				  "are still listed now and then",
				  all.text);
			return 0;
		}
	}
	int failed = connector_open(&source->connector, &connector);
	if (failed)
		return error_set(why, failed,
				 "begin and end of processes are not seen, by BPF (%.200s) or the "
				 "process connector (%.160s): run as root or with CAP_BPF, "
				 "CAP_PERFMON and CAP_NET_ADMIN",
				 all.text, connector.text);
	source->feed = (struct process_events_feed){.kind = PROCESS_EVENTS_CONNECTOR};
	error_set(why, 0,
		  "process events come from the process connector, without BPF (%.200s): no file "
		  "names, times or connections; run as root or with CAP_BPF and CAP_PERFMON",
		  all.text);
	return 0;
}

int process_events_open(const struct process_events_settings *settings,
			struct process_events_source **out, struct error *why)
{
	struct process_events_source *source = calloc(1, sizeof(*source));

	*out = NULL;
	if (why)
		why->text[0] = 0;
	if (!source)
		return error_set(why, -ENOMEM, "no memory for process events");
	source->connector = -1;
	int failed = open_any(source, settings, why);
	if (failed) {
		free(source);
		return failed;
	}
	*out = source;
	return 0;
}

void process_events_close(struct process_events_source *source)
{
	if (!source)
		return;
	if (source->loaded)
		host_process_bpf__destroy(source->loaded);
	if (source->connector >= 0)
		close(source->connector);
	free(source);
}

size_t process_events_source_feed(const struct process_events_source *source,
				  struct process_events_feed *feed, int *descriptors)
{
	*feed = source->feed;
	if (!source->loaded) {
		descriptors[0] = source->connector;
		return 1;
	}
	descriptors[0] = bpf_map__fd(source->loaded->maps.ring);
	descriptors[1] = bpf_map__fd(source->loaded->maps.counters);
	return 2;
}
