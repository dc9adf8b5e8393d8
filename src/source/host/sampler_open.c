/*
 * The side with rights: one cpu-clock event a CPU, with the BPF program on it or a ring of its own.
 *
 * A clock event per CPU, not per process: nothing can be started outside of it, and its cost does
 * not grow with the number of processes.
 */
#include "source/host/sampler.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/bpf_log.h"
#include "source/host/cpus.h"
#include "source/host/perf_sample.h"
/* Generated code, not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include "host_sample.skel.h"
#pragma GCC diagnostic pop

enum { HERTZ = 49, WAKE_MS = 100, BPF_RING = 256 * 1024, PERF_RING = 64 * 1024 };

struct clock_event {
	uint32_t cpu;
	int fd; /* -1: the CPU is gone */
};

struct sampler_source {
	struct host_sample_bpf *loaded; /* NULL: perf */
	struct sampler_feed feed;	/* but for the CPU */
	uint64_t sample_type;		/* perf */
	struct clock_event events[SAMPLER_FEEDS_MAX];
	size_t count;
};

static int event_open(const struct sampler_source *source, uint32_t cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = source->feed.hertz,
		.disabled = 1,
		.exclude_idle = 1,
		.exclude_hv = 1,
	};

	if (!source->loaded) {
		attr.sample_type = source->sample_type;
		attr.sample_regs_user = 1ull << PERF_SAMPLE_IP_REGISTER;
		attr.exclude_kernel = source->feed.is_user_only ? 1 : 0;
		attr.use_clockid = 1;
		attr.clockid = CLOCK_MONOTONIC;
		attr.watermark = 1;
		attr.wakeup_watermark = source->feed.ring_bytes / 4;
	}
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (source->loaded &&
	    ioctl(fd, PERF_EVENT_IOC_SET_BPF, bpf_program__fd(source->loaded->progs.host_sample))) {
		int failed = -errno;
		close(fd);
		return failed;
	}
	return fd;
}

static struct clock_event *event_of(struct sampler_source *source, uint32_t cpu)
{
	for (size_t i = 0; i < source->count; i++)
		if (source->events[i].cpu == cpu && source->events[i].fd >= 0)
			return &source->events[i];
	return NULL;
}

/* Where a new event goes: a feed's place is never given to another, for the worker has it. */
static struct clock_event *place_for(struct sampler_source *source)
{
	for (size_t i = 0; source->loaded && i < source->count; i++)
		if (source->events[i].fd < 0)
			return &source->events[i];
	return source->count < SAMPLER_FEEDS_MAX ? &source->events[source->count++] : NULL;
}

static int add_cpu(struct sampler_source *source, uint32_t cpu)
{
	int fd = event_open(source, cpu);

	if (fd < 0)
		return fd;
	struct clock_event *event = place_for(source);
	if (!event) {
		close(fd);
		return -E2BIG;
	}
	*event = (struct clock_event){.cpu = cpu, .fd = fd};
	if (ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		int failed = -errno;
		close(fd);
		event->fd = -1;
		return failed;
	}
	return 0;
}

/* Those that are online and not sampled; one that went meanwhile (ENODEV, ENXIO) is no failure. */
static int add_cpus(struct sampler_source *source, const struct cpus *online)
{
	int added = 0;

	for (uint32_t cpu = 0; cpu < online->end; cpu++) {
		if (!cpus_has(online, cpu) || event_of(source, cpu))
			continue;
		int failed = add_cpu(source, cpu);
		if (failed && failed != -ENODEV && failed != -ENXIO)
			return failed;
		added += !failed;
	}
	return added;
}

static void forget_cpus(struct sampler_source *source, const struct cpus *online)
{
	for (size_t i = 0; i < source->count; i++) {
		struct clock_event *event = &source->events[i];
		if (event->fd >= 0 && (!online || !cpus_has(online, event->cpu))) {
			close(event->fd);
			event->fd = -1;
		}
	}
}

int sampler_source_tick(struct sampler_source *source, struct error *why)
{
	struct cpus online;
	int failed = cpus_online(&online);

	if (failed)
		return error_set(why, failed, "the list of CPUs cannot be read: %s",
				 strerror(-failed));
	forget_cpus(source, &online);
	int added = add_cpus(source, &online);
	if (added < 0)
		return error_set(why, added, "a CPU cannot be sampled: %s", strerror(-added));
	return added;
}

static int start(struct sampler_source *source, struct error *why)
{
	int added = sampler_source_tick(source, why);

	if (added > 0)
		return 0;
	forget_cpus(source, NULL);
	source->count = 0;
	return added ? added : error_set(why, -ENODEV, "no CPU can be sampled");
}

static int load_bpf(struct sampler_source *source, const struct sampler_settings *settings,
		    struct error *why)
{
	const uint32_t wake_ms = settings->wake_ms ? settings->wake_ms : WAKE_MS;
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return error_set(why, cpus, "CPUs cannot be counted: %s", strerror(-cpus));
	source->feed = (struct sampler_feed){
		.kind = SAMPLER_BPF,
		.ring_bytes = settings->ring_bytes ? settings->ring_bytes : BPF_RING,
		.hertz = settings->hertz ? settings->hertz : HERTZ,
		.counter_slots = (uint32_t)cpus,
	};
	bpf_log_begin(why);
	struct host_sample_bpf *loaded = host_sample_bpf__open();
	if (!loaded)
		return bpf_log_end(why, -errno, "the sampling program cannot be read");
	loaded->rodata->wake_ns = wake_ms * 1000000ull;
	loaded->rodata->half_ring = source->feed.ring_bytes / 2;
	int failed = bpf_map__set_max_entries(loaded->maps.ring, source->feed.ring_bytes);
	if (!failed)
		failed = bpf_map__set_max_entries(loaded->maps.counters, (uint32_t)cpus);
	if (!failed)
		failed = host_sample_bpf__load(loaded);
	failed = bpf_log_end(why, failed, "the kernel refused the sampling program");
	if (failed) {
		host_sample_bpf__destroy(loaded);
		return failed;
	}
	source->loaded = loaded;
	return 0;
}

static int start_bpf(struct sampler_source *source, const struct sampler_settings *settings,
		     struct error *why)
{
	int failed = load_bpf(source, settings, why);

	if (!failed)
		failed = start(source, why);
	if (failed && source->loaded) {
		host_sample_bpf__destroy(source->loaded);
		source->loaded = NULL;
	}
	return failed;
}

/* As much as the kernel allows: control groups need CONFIG_CGROUP_PERF, kernel time a right. */
static int start_perf(struct sampler_source *source, const struct sampler_settings *settings,
		      struct error *why)
{
	int failed = -EINVAL;

	source->feed = (struct sampler_feed){
		.kind = SAMPLER_PERF,
		.ring_bytes = settings->ring_bytes ? settings->ring_bytes : PERF_RING,
		.hertz = settings->hertz ? settings->hertz : HERTZ,
	};
	for (uint32_t less = 0; less < 4 && failed; less++) {
		source->feed.has_cgroup = !(less & 1);
		source->feed.is_user_only = less >> 1;
		source->sample_type = PERF_SAMPLE_FIXED;
		if (source->feed.has_cgroup)
			source->sample_type |= PERF_SAMPLE_CGROUP;
		failed = start(source, why);
	}
	return failed;
}

static int paranoia(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 2;

	if (file && fscanf(file, "%d", &level) != 1)
		level = 2;
	if (file)
		fclose(file);
	return level;
}

int sampler_open(const struct sampler_settings *settings, struct sampler_source **out,
		 struct error *why)
{
	struct error bpf = {"it was not asked for"}, perf = {""};
	struct sampler_source *source = calloc(1, sizeof(*source));

	*out = NULL;
	if (why)
		why->text[0] = 0;
	if (!source)
		return error_set(why, -ENOMEM, "no memory for the sampler");
	*out = source;
	if (!settings->without_bpf && !start_bpf(source, settings, &bpf))
		return 0;
	int failed = start_perf(source, settings, &perf);
	if (!failed) {
		error_set(why, 0,
			  "samples come from perf, without BPF (%.200s): no executables%s; run as "
			  "root or with CAP_BPF and CAP_PERFMON",
			  bpf.text, source->feed.is_user_only ? ", no time in the kernel" : "");
		return 0;
	}
	sampler_source_close(source);
	*out = NULL;
	int level = paranoia(); /* 3 is Debian's own: nothing without CAP_SYS_ADMIN */
	return error_set(why, failed,
			 "the processor cannot be sampled, by BPF (%.180s) or perf (%.120s, "
			 "kernel.perf_event_paranoid is %d): run as root or with CAP_BPF and "
			 "CAP_PERFMON%s",
			 bpf.text, perf.text, level,
			 level > 2 ? ", and CAP_SYS_ADMIN or `sysctl kernel.perf_event_paranoid=2`"
				   : "");
}

void sampler_source_close(struct sampler_source *source)
{
	if (!source)
		return;
	forget_cpus(source, NULL);
	if (source->loaded)
		host_sample_bpf__destroy(source->loaded);
	free(source);
}

size_t sampler_source_feeds(const struct sampler_source *source)
{
	return source->loaded ? 1 : source->count;
}

size_t sampler_source_feed(const struct sampler_source *source, size_t index,
			   struct sampler_feed *feed, int *descriptors)
{
	*feed = source->feed;
	if (source->loaded) {
		descriptors[0] = bpf_map__fd(source->loaded->maps.ring);
		descriptors[1] = bpf_map__fd(source->loaded->maps.counters);
		return 2;
	}
	feed->cpu = source->events[index].cpu;
	descriptors[0] = source->events[index].fd;
	return descriptors[0] >= 0;
}
