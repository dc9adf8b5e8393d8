/*
 * Samples of the processor: 49 times a second on each CPU that is not idle, who runs and where.
 *
 * Two sides. A sampler_source is held by the side with rights: it makes the kernel's half and
 * yields feeds, each a few numbers and descriptors that are passed to a worker. A sampler is the
 * worker's: it maps the feeds' rings and reads them with no system call but poll. Two kinds of
 * kernel half, which the worker does not tell apart:
 *
 *   BPF   one ring for all CPUs; knows everything below
 *   perf  one ring a CPU, where BPF is refused; knows no start_ns, no executable, no name, no peek,
 *         and with is_user_only nothing of time spent in the kernel
 */
#ifndef DAVY_SOURCE_HOST_SAMPLER_H
#define DAVY_SOURCE_HOST_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/instant.h"
#include "model/process.h"
#include "model/workload.h"

enum sample_flag {
	SAMPLE_IN_KERNEL = 1 << 0,     /* in a system call or fault: ip is where it returns to */
	SAMPLE_KERNEL_THREAD = 1 << 1, /* PF_KTHREAD; with SAMPLE_HAS_IP it lies */
	SAMPLE_HAS_IP = 1 << 2,
	SAMPLE_HAS_EXECUTABLE = 1 << 3,
};

struct host_sample {
	instant at;
	uint32_t tgid, tid, cpu;
	uint32_t flags;		/* enum sample_flag */
	uint64_t start_ns;	/* as process_key: floored to a clock tick; 0: unknown */
	uint64_t cgroup_id;	/* 0: unknown */
	uint64_t ip;		/* in user space, of an instruction */
	uint64_t device, inode; /* of the executable, device as st_dev */
	struct str name;	/* comm, hostile; empty: unknown */
	struct str peek;	/* CODE_PEEK_BYTES of code at ip, or empty */
};

/* -- the side with rights -- */

struct sampler_settings {
	uint32_t hertz;	     /* 0: 49, which is in step with nothing else */
	uint32_t ring_bytes; /* a power of two, of all CPUs (BPF) or of each (perf); 0: 256, 64 KiB
			      */
	uint32_t wake_ms;    /* the reader is woken no oftener; 0: 100 */
	bool without_bpf;    /* go to perf at once */
};

enum { SAMPLER_FEEDS_MAX = 1024, SAMPLER_FEED_DESCRIPTORS = 2 };

enum sampler_kind { SAMPLER_BPF = 1, SAMPLER_PERF = 2 };

/* What a worker must know; plain numbers, for a message's body. */
struct sampler_feed {
	uint32_t kind; /* enum sampler_kind */
	uint32_t ring_bytes;
	uint32_t cpu; /* SAMPLER_PERF */
	uint32_t hertz;
	uint32_t is_user_only, has_cgroup; /* SAMPLER_PERF */
	uint32_t counter_slots;		   /* SAMPLER_BPF */
};

struct sampler_source;

/*
 * Start sampling all CPUs.
 *
 * out:     NULL when it failed
 * why:     when it failed; also, returning 0, when it samples by perf: one sentence on what BPF
 *          lacked and how to get it, empty otherwise. For `davy health`.
 * returns: 0 or a negative errno
 */
must_check int sampler_open(const struct sampler_settings *settings, struct sampler_source **out,
			    struct error *why);
void sampler_source_close(struct sampler_source *source); /* stops the sampling; NULL: nothing */

/* Feeds so far; they are only added. The descriptors stay the source's: pass duplicates. */
size_t sampler_source_feeds(const struct sampler_source *source);
/* Returns how many descriptors there are, at most SAMPLER_FEED_DESCRIPTORS. */
size_t sampler_source_feed(const struct sampler_source *source, size_t index,
			   struct sampler_feed *feed, int *descriptors);

/*
 * Once in a few seconds: CPUs that came are sampled, those that went are let go.
 * returns: how many came (perf: as many new feeds), or a negative errno and a sentence
 */
must_check int sampler_source_tick(struct sampler_source *source, struct error *why);

/* -- the worker -- */

struct sampler;

struct sampler *sampler_new(void); /* NULL: no memory */
void sampler_free(struct sampler *sampler);

/*
 * Map a feed's ring. Takes the descriptors in every case; they stay open until sampler_free.
 * returns: 0, or a negative errno and a sentence; -EINVAL for numbers that cannot be
 */
must_check int sampler_take(struct sampler *sampler, const struct sampler_feed *feed,
			    const int *descriptors, size_t count, struct error *why);

/* To poll for POLLIN; index from 0, -1 behind the last. One with SAMPLER_BPF, one a CPU else. */
int sampler_descriptor(const struct sampler *sampler, size_t index);

/* `sample` and its texts are valid during the call. */
typedef void sampler_callback(void *context, const struct host_sample *sample);

/*
 * Hand out what is in the rings. A sample is taken out before the callback sees it, so one that
 * kills its reader is not met again.
 * returns: how many
 */
size_t sampler_read(struct sampler *sampler, sampler_callback *each, void *context);

struct sampler_counters {
	uint64_t taken;	  /* by the kernel */
	uint64_t dropped; /* of them: the ring was full */
	uint64_t woken;	  /* how often the reader was woken; 0: unknown (perf) */
	uint64_t unread;  /* instructions that could not be peeked at */
	uint64_t malformed;
};
void sampler_count(const struct sampler *sampler, struct sampler_counters *out);

#endif
