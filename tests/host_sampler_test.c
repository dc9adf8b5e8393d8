/*
 * The sampler on the running kernel: a child that jumps to itself in memory without a file must be
 * found there, 49 times in each second of processor time it had.
 *
 * Tolerance of the rate: a fifth above, two fifths below, and ten samples. A virtual machine's
 * timers slip when its host is busy, and a timer that comes late counts once: 0.92 to 1.07 of what
 * was expected on a busy machine under KVM, 0.70 in an emulator.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host_child.h"
#include "sandbox/confine.h"
#include "source/host/sampler.h"

enum { DEADLINE_S = 60 };

struct seen {
	uint32_t tgid;
	uint64_t count, in_kernel, outside, other_start, other_executable, other_peek, unnamed;
	uint64_t start_ns, device, inode, page;
	uint64_t after_system_call, kernel_threads, others;
	instant first, last;
};

/* Whether the bytes before `ip` are a system call's: this program's code is the child's. */
static bool is_after_system_call(uint64_t ip)
{
	uint8_t bytes[4] = {0};
	struct iovec into = {bytes, sizeof(bytes)}, from = {(void *)(ip - 4), sizeof(bytes)};

	if (process_vm_readv(getpid(), &into, 1, &from, 1, 0) != sizeof(bytes))
		return false;
#if defined(__x86_64__)
	return bytes[2] == 0x0f && bytes[3] == 0x05;
#else
	return bytes[0] == 0x01 && bytes[3] == 0xd4;
#endif
}

static void note(void *context, const struct host_sample *sample)
{
	struct seen *seen = context;

	seen->kernel_threads += !!(sample->flags & SAMPLE_KERNEL_THREAD);
	if (sample->tgid != seen->tgid) {
		seen->others++;
		return;
	}
	if (!seen->count++)
		seen->first = sample->at;
	seen->last = sample->at;
	seen->outside += !(sample->flags & SAMPLE_HAS_IP) || (sample->ip & ~4095ull) != seen->page;
	seen->other_start += sample->start_ns != seen->start_ns;
	seen->other_executable += sample->device != seen->device || sample->inode != seen->inode;
	seen->other_peek += sample->peek.len != CODE_PEEK_BYTES ||
			    memcmp(sample->peek.at, spin_code, SPIN_BYTES) != 0;
	seen->unnamed += sample->name.len == 0;
	if (sample->flags & SAMPLE_IN_KERNEL) {
		seen->in_kernel++;
		seen->after_system_call += is_after_system_call(sample->ip);
	}
}

static struct sampler_source *source_for(const struct sampler_settings *settings)
{
	struct sampler_source *source;
	struct error why = {""};

	if (sampler_open(settings, &source, &why))
		fail_msg("%s", why.text);
	return source;
}

static void take_all(struct sampler *sampler, const struct sampler_source *source)
{
	for (size_t i = 0; i < sampler_source_feeds(source); i++) {
		struct sampler_feed feed;
		int descriptors[SAMPLER_FEED_DESCRIPTORS];
		struct error why = {""};
		size_t count = sampler_source_feed(source, i, &feed, descriptors);
		assert_true(count > 0);
		for (size_t j = 0; j < count; j++)
			descriptors[j] = dup(descriptors[j]);
		if (sampler_take(sampler, &feed, descriptors, count, &why))
			fail_msg("%s", why.text);
	}
}

/* Reads until the child has spent so much; what it spent when the reading ended. */
static duration watch(struct sampler *sampler, struct seen *seen, duration enough)
{
	duration deadline = {since_boot().ns + DURATION_S(DEADLINE_S).ns};
	struct pollfd wait = {.fd = sampler_descriptor(sampler, 0), .events = POLLIN};

	while (child_cpu_time((pid_t)seen->tgid).ns < enough.ns) {
		(void)poll(&wait, 1, 200);
		(void)sampler_read(sampler, note, seen);
		assert_true(since_boot().ns < deadline.ns);
	}
	duration spent = child_cpu_time((pid_t)seen->tgid);
	(void)sampler_read(sampler, note, seen);
	return spent;
}

static void expect_rate(const struct seen *seen, duration spent)
{
	double expected = 49 * duration_seconds(spent);

	print_message("# %llu samples in %.2f s of processor time: %.1f expected; others' %llu\n",
		      (unsigned long long)seen->count, duration_seconds(spent), expected,
		      (unsigned long long)seen->others);
	assert_true((double)seen->count > expected * 0.6 - 10);
	assert_true((double)seen->count < expected * 1.2 + 10);
}

static struct seen spinning(pid_t *pid)
{
	void *page = spin_page();
	struct stat program;

	*pid = child_start(spin_there, page);
	assert_int_equal(stat("/proc/self/exe", &program), 0);
	return (struct seen){.tgid = (uint32_t)*pid,
			     .page = (uint64_t)(uintptr_t)page,
			     .start_ns = child_start_ns(*pid),
			     .device = program.st_dev,
			     .inode = program.st_ino};
}

static void a_child_in_anonymous_memory_is_sampled(void **state)
{
	pid_t pid;
	struct seen seen = spinning(&pid);
	struct sampler_settings settings = {0};
	duration before = child_cpu_time(pid);
	struct sampler_source *source = source_for(&settings);
	struct sampler *sampler = sampler_new();
	struct sampler_counters counters;

	take_all(sampler, source);
	assert_int_equal(sampler_source_feeds(source), 1);
	duration spent = watch(sampler, &seen, DURATION_S(3));
	spent.ns -= before.ns;
	child_kill(pid);
	expect_rate(&seen, spent);
	assert_int_equal(seen.other_start, 0);
	assert_int_equal(seen.other_executable, 0);
	assert_int_equal(seen.outside, 0);
	assert_int_equal(seen.other_peek, 0);
	assert_int_equal(seen.unnamed, 0);
	sampler_count(sampler, &counters);
	assert_int_equal(counters.dropped, 0);
	assert_int_equal(counters.malformed, 0);
	assert_true(counters.taken >= seen.count + seen.others);
	/* woken at most ten times a second: once in 100 ms of the time between two samples */
	assert_true((int64_t)counters.woken <=
		    instant_since(seen.last, seen.first).ns / 90000000 + 20);
	assert_int_equal(sampler_source_tick(source, NULL), 0); /* no CPU came */
	sampler_free(sampler);
	sampler_source_close(source);
}

static int call_the_kernel(void *context)
{
	while (syscall(SYS_getdents64, -1, context, 0) < 0) /* EBADF */
		;
	return 1;
}

static void time_in_system_calls_shows_where_they_return(void **state)
{
	struct sampler_settings settings = {.hertz = 499};
	pid_t pid = child_start(call_the_kernel, &settings);
	struct seen seen = {.tgid = (uint32_t)pid};
	struct sampler_source *source = source_for(&settings);
	struct sampler *sampler = sampler_new();

	take_all(sampler, source);
	(void)watch(sampler, &seen, DURATION_S(2));
	child_kill(pid);
	print_message("# %llu samples, %llu in the kernel, %llu of them behind a system call\n",
		      (unsigned long long)seen.count, (unsigned long long)seen.in_kernel,
		      (unsigned long long)seen.after_system_call);
	assert_true(seen.in_kernel > seen.count / 10);
	assert_true(seen.after_system_call > seen.in_kernel * 9 / 10);
	sampler_free(sampler);
	sampler_source_close(source);
}

static void a_full_ring_is_counted(void **state)
{
	struct sampler_settings settings = {.hertz = 999, .ring_bytes = 4096};
	duration deadline = {since_boot().ns + DURATION_S(DEADLINE_S).ns};
	struct sampler_source *source = source_for(&settings);
	struct sampler *sampler = sampler_new();
	struct sampler_counters counters;
	struct seen seen = {0};

	take_all(sampler, source);
	do {
		sampler_count(sampler, &counters);
		assert_true(since_boot().ns < deadline.ns);
	} while (counters.dropped < 10);
	size_t held = sampler_read(sampler, note, &seen);
	/* no more than fits: a header of 8 bytes before each */
	assert_true(held > 0);
	assert_true(counters.taken >= counters.dropped + 30);
	sampler_free(sampler);
	sampler_source_close(source);
}

/* In a child: the worker's half behind every layer of the sandbox; its exit status. */
static int read_confined(void *context)
{
	struct confine_settings settings = {.confinement = CONFINE_PARSER, .last_writable = 3};
	struct confine_report report;
	struct sampler_source *source = ((void **)context)[0];
	struct seen *seen = ((void **)context)[1];
	struct sampler *sampler = sampler_new();
	struct error why;
	struct sampler_feed feed;
	int descriptors[SAMPLER_FEED_DESCRIPTORS];
	struct pollfd wait = {.events = POLLIN};

	if (confine(&settings, &report, &why))
		return 10;
	for (size_t i = 0; i < sampler_source_feeds(source); i++) {
		size_t count = sampler_source_feed(source, i, &feed, descriptors);
		if (sampler_take(sampler, &feed, descriptors, count, &why))
			return 11;
	}
	for (int tries = 0; tries < 300 && seen->count < 20; tries++) {
		wait.fd = sampler_descriptor(sampler, 0);
		if (poll(&wait, 1, 100) < 0)
			return 12;
		(void)sampler_read(sampler, note, seen);
	}
	struct sampler_counters counters;
	sampler_count(sampler, &counters);
	return seen->count < 20 ? 13 : counters.taken < seen->count ? 14 : 0;
}

static void confined_worker_reads(bool without_bpf)
{
	struct sampler_settings settings = {.without_bpf = without_bpf};
	pid_t pid;
	struct seen seen = spinning(&pid);
	struct sampler_source *source = source_for(&settings);
	void *context[] = {source, &seen};
	pid_t worker = child_start(read_confined, context);
	int status = child_wait(worker, NULL);

	child_kill(pid);
	sampler_source_close(source);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_confined_worker_reads_the_bpf_ring(void **state)
{
	confined_worker_reads(false);
}

static void a_confined_worker_reads_perf_rings(void **state)
{
	confined_worker_reads(true);
}

static int paranoia(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &level), 1);
	fclose(file);
	return level;
}

/* In a child without the rights: an assert that fails there ends it with another status. */
static int sample_without_bpf(void *context)
{
	struct seen *seen = context;
	struct sampler_settings settings = {0};
	struct sampler_source *source;
	struct sampler *sampler = sampler_new();
	struct error why = {""};

	drop_bpf();
	if (paranoia() > 2) { /* Debian's own level: CAP_PERFMON does not help */
		if (!sampler_open(&settings, &source, &why))
			return 23;
		print_message("# %s\n", why.text);
		sampler_free(sampler);
		return strstr(why.text, "kernel.perf_event_paranoid=2") ? 0 : 24;
	}
	duration before = child_cpu_time((pid_t)seen->tgid);
	if (sampler_open(&settings, &source, &why))
		fail_msg("%s", why.text);
	print_message("# %s\n", why.text);
	if (!strstr(why.text, "without BPF") || !strstr(why.text, "CAP_BPF"))
		return 21;
	take_all(sampler, source);
	duration spent = watch(sampler, seen, DURATION_S(3));
	spent.ns -= before.ns;
	expect_rate(seen, spent);
	sampler_free(sampler);
	sampler_source_close(source);
	return seen->outside ? 22 : 0;
}

static void without_bpf_perf_samples(void **state)
{
	pid_t pid;
	struct seen seen = spinning(&pid);
	int status = child_wait(child_start(sample_without_bpf, &seen), NULL);

	child_kill(pid);
	assert_int_equal(status, 0);
}

static int sample_without_rights(void *context)
{
	struct sampler_settings settings = {0};
	struct sampler_source *source;
	struct error why = {""};

	drop_all();
	int failed = sampler_open(&settings, &source, &why);
	print_message("# %s\n", why.text);
	if (!failed) { /* kernel.perf_event_paranoid is below 1 */
		sampler_source_close(source);
		return strstr(why.text, "without BPF") ? 0 : 31;
	}
	return !source && strstr(why.text, "run as root") ? 0 : 32;
}

static void without_rights_there_is_a_sentence(void **state)
{
	assert_int_equal(child_wait(child_start(sample_without_rights, NULL), NULL), 0);
}

static void lies_about_a_feed_are_refused(void **state)
{
	static const struct sampler_feed lies[] = {
		{.kind = SAMPLER_BPF, .ring_bytes = 0, .counter_slots = 1},
		{.kind = SAMPLER_BPF, .ring_bytes = 12345, .counter_slots = 1},
		{.kind = SAMPLER_BPF, .ring_bytes = 1u << 31, .counter_slots = 1},
		{.kind = SAMPLER_BPF, .ring_bytes = 4096, .counter_slots = UINT32_MAX},
		{.kind = SAMPLER_PERF, .ring_bytes = 1u << 31},
		{.kind = 7, .ring_bytes = 4096, .counter_slots = 1},
	};
	struct sampler *sampler = sampler_new();

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		int descriptors[2] = {dup(0), dup(0)};
		struct error why = {""};
		assert_true(sampler_take(sampler, &lies[i], descriptors, 2, &why) < 0);
		assert_true(why.text[0]);
		assert_int_equal(sampler_descriptor(sampler, 0), -1);
	}
	sampler_free(sampler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_in_anonymous_memory_is_sampled),
		cmocka_unit_test(time_in_system_calls_shows_where_they_return),
		cmocka_unit_test(a_full_ring_is_counted),
		cmocka_unit_test(a_confined_worker_reads_the_bpf_ring),
		cmocka_unit_test(a_confined_worker_reads_perf_rings),
		cmocka_unit_test(without_bpf_perf_samples),
		cmocka_unit_test(without_rights_there_is_a_sentence),
		cmocka_unit_test(lies_about_a_feed_are_refused),
	};

	if (!is_root())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
