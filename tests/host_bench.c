/*
 * What the host's sensors cost: host_bench SECONDS [CHILDREN [HERTZ]]. Root.
 *
 * Prints the kernel's time in each program (kernel.bpf_stats), the reader's own time, both as parts
 * of one core, and the memory of the whole. CHILDREN spin meanwhile; what others do on the machine
 * is in it: look at the counts.
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "source/host/iterators.h"
#include "source/host/process_events.h"
#include "source/host/sampler.h"

enum { CHILDREN_MAX = 64 };

static double now_s(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void count_sample(void *context, const struct host_sample *sample)
{
	++*(uint64_t *)context;
}

static void count_event(void *context, const struct process_event *event)
{
	++*(uint64_t *)context;
}

static void count_listed(void *context, const struct iterated *one)
{
	++*(uint64_t *)context;
}

/* Programs of ours by their names; 15 letters of a name are kept. */
static void print_programs(double seconds)
{
	uint32_t id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info told = {0};
		uint32_t size = sizeof(told);
		int fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &told, &size) && !strncmp(told.name, "host_", 5) &&
		    told.run_cnt)
			printf("%-16s %8llu runs %7.0f ns each %7.4f %% of a core\n", told.name,
			       (unsigned long long)told.run_cnt,
			       (double)told.run_time_ns / (double)told.run_cnt,
			       (double)told.run_time_ns / seconds / 1e7);
		close(fd);
	}
}

static void print_memory(void)
{
	char line[256];
	FILE *file = fopen("/proc/self/smaps_rollup", "re");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "Pss:", 4))
			printf("memory           %s", line);
	if (file)
		fclose(file);
}

static void read_for(struct sampler *sampler, struct process_events *events, double seconds)
{
	uint64_t samples = 0, happened = 0, wakes = 0;
	struct pollfd wait[2] = {
		{.fd = sampler_descriptor(sampler, 0), .events = POLLIN},
		{.fd = process_events_descriptor(events), .events = POLLIN},
	};
	double began = now_s(CLOCK_MONOTONIC), spent = now_s(CLOCK_PROCESS_CPUTIME_ID);

	while (now_s(CLOCK_MONOTONIC) - began < seconds) {
		(void)poll(wait, 2, 1000);
		wakes++;
		samples += sampler_read(sampler, count_sample, &(uint64_t){0});
		happened += process_events_read(events, count_event, &(uint64_t){0});
	}
	spent = now_s(CLOCK_PROCESS_CPUTIME_ID) - spent;
	seconds = now_s(CLOCK_MONOTONIC) - began;
	struct sampler_counters counters;
	sampler_count(sampler, &counters);
	printf("reader           %llu samples, %llu events, %llu wakes, %llu dropped: %.4f %% of a "
	       "core\n",
	       (unsigned long long)samples, (unsigned long long)happened, (unsigned long long)wakes,
	       (unsigned long long)counters.dropped, spent / seconds * 100);
	printf("peeks            %llu failed\n", (unsigned long long)counters.unread);
	print_programs(seconds);
}

static void read_lists(void)
{
	struct iterators *iterators;
	struct error why = {""};

	if (iterators_open(&iterators, &why)) {
		printf("%s\n", why.text);
		return;
	}
	for (int kind = 0; kind < ITERATOR_COUNT; kind++) {
		double spent = now_s(CLOCK_PROCESS_CPUTIME_ID);
		uint64_t count = 0;
		int fd = iterators_descriptor(iterators, (enum iterator_kind)kind, 0, &why);
		if (fd < 0 || iterators_read(fd, (enum iterator_kind)kind, count_listed, &count))
			printf("list %d: %s\n", kind, why.text);
		else
			printf("list %d           %llu records, %.2f ms\n", kind,
			       (unsigned long long)count,
			       (now_s(CLOCK_PROCESS_CPUTIME_ID) - spent) * 1000);
		close(fd);
	}
	iterators_close(iterators);
}

static int run(double seconds, uint32_t hertz)
{
	struct sampler_settings sampling = {.hertz = hertz};
	struct process_events_settings listening = {0};
	struct sampler_source *source;
	struct process_events_source *listened;
	struct sampler *sampler = sampler_new();
	struct process_events *events;
	struct sampler_feed feed;
	struct process_events_feed heard;
	struct error why = {""};
	int descriptors[2];

	if (!sampler || sampler_open(&sampling, &source, &why) ||
	    process_events_open(&listening, &listened, &why)) {
		fprintf(stderr, "%s\n", why.text);
		return 2;
	}
	for (size_t i = 0; i < sampler_source_feeds(source); i++) {
		size_t count = sampler_source_feed(source, i, &feed, descriptors);
		for (size_t j = 0; j < count; j++)
			descriptors[j] = dup(descriptors[j]);
		if (sampler_take(sampler, &feed, descriptors, count, &why))
			return 2;
	}
	size_t count = process_events_source_feed(listened, &heard, descriptors);
	for (size_t j = 0; j < count; j++)
		descriptors[j] = dup(descriptors[j]);
	if (process_events_new(&heard, descriptors, count, &events, &why))
		return 2;
	read_for(sampler, events, seconds);
	print_memory();
	read_lists();
	process_events_free(events);
	process_events_close(listened);
	sampler_free(sampler);
	sampler_source_close(source);
	return 0;
}

int main(int argc, char **argv)
{
	int children = argc > 2 ? atoi(argv[2]) : 0, stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	pid_t pids[CHILDREN_MAX];

	if (argc < 2 || children > CHILDREN_MAX) {
		fprintf(stderr, "usage: host_bench SECONDS [CHILDREN [HERTZ]]\n");
		return 2;
	}
	for (int i = 0; i < children; i++) {
		pids[i] = fork();
		for (volatile uint64_t spun = 0; pids[i] == 0; spun++)
			;
	}
	int status = run(atof(argv[1]), argc > 3 ? (uint32_t)atoi(argv[3]) : 0);
	for (int i = 0; i < children; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	if (stats >= 0)
		close(stats);
	return status;
}
