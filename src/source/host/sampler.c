/* The worker's half: no system call but mmap and what poll the caller makes. */
#include "source/host/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/host/kernel_values.h"
#include "source/host/perf_ring.h"
#include "source/host/perf_sample.h"
#include "source/host/ring.h"

_Static_assert((int)HOST_PEEK_BYTES == (int)CODE_PEEK_BYTES,
	       "the kernel's half and the model agree");
_Static_assert((int)HOST_NAME_MAX == (int)PROCESS_NAME_MAX, "as comm");

struct taken_feed {
	struct sampler_feed feed;
	int descriptors[SAMPLER_FEED_DESCRIPTORS];
	size_t descriptor_count;
	struct record_ring ring; /* SAMPLER_BPF */
	struct record_counters counters;
	struct perf_ring perf; /* SAMPLER_PERF */
	uint64_t taken, lost;
};

struct sampler {
	struct taken_feed *feeds;
	size_t count, room;
	uint64_t malformed;
};

struct sampler *sampler_new(void)
{
	return calloc(1, sizeof(struct sampler));
}

static void feed_fini(struct taken_feed *feed)
{
	record_ring_unmap(&feed->ring);
	record_counters_unmap(&feed->counters);
	perf_ring_unmap(&feed->perf);
	for (size_t i = 0; i < feed->descriptor_count; i++)
		close(feed->descriptors[i]);
}

void sampler_free(struct sampler *sampler)
{
	if (!sampler)
		return;
	for (size_t i = 0; i < sampler->count; i++)
		feed_fini(&sampler->feeds[i]);
	free(sampler->feeds);
	free(sampler);
}

static int grow(struct sampler *sampler)
{
	size_t room = sampler->room ? sampler->room * 2 : 4;

	if (sampler->count < sampler->room)
		return 0;
	if (sampler->count >= SAMPLER_FEEDS_MAX)
		return -E2BIG;
	struct taken_feed *feeds = realloc(sampler->feeds, room * sizeof(*feeds));
	if (!feeds)
		return -ENOMEM;
	sampler->feeds = feeds;
	sampler->room = room;
	return 0;
}

static int map_feed(struct taken_feed *taken, struct error *why)
{
	const struct sampler_feed *feed = &taken->feed;

	if (feed->kind == SAMPLER_PERF && taken->descriptor_count == 1)
		return perf_ring_map(taken->descriptors[0], feed->ring_bytes, &taken->perf, why);
	if (feed->kind != SAMPLER_BPF || taken->descriptor_count != 2)
		return error_set(why, -EINVAL, "a feed of kind %u with %zu descriptors", feed->kind,
				 taken->descriptor_count);
	int failed = record_ring_map(taken->descriptors[0], feed->ring_bytes, &taken->ring, why);
	if (!failed)
		failed = record_counters_map(taken->descriptors[1], feed->counter_slots,
					     &taken->counters, why);
	return failed;
}

int sampler_take(struct sampler *sampler, const struct sampler_feed *feed, const int *descriptors,
		 size_t count, struct error *why)
{
	struct taken_feed taken = {.feed = *feed};
	int failed = 0;

	for (size_t i = 0; i < count; i++) {
		if (i < SAMPLER_FEED_DESCRIPTORS)
			taken.descriptors[taken.descriptor_count++] = descriptors[i];
		else
			close(descriptors[i]);
	}
	if (count > SAMPLER_FEED_DESCRIPTORS)
		failed = error_set(why, -EINVAL, "a feed with %zu descriptors", count);
	if (!failed)
		failed = map_feed(&taken, why);
	if (!failed && (failed = grow(sampler)))
		failed = error_set(why, failed, "no room for a feed: %s", strerror(-failed));
	if (failed) {
		feed_fini(&taken);
		return failed;
	}
	sampler->feeds[sampler->count++] = taken;
	return 0;
}

int sampler_descriptor(const struct sampler *sampler, size_t index)
{
	return index < sampler->count ? sampler->feeds[index].descriptors[0] : -1;
}

struct reading {
	struct sampler *sampler;
	struct taken_feed *feed;
	sampler_callback *each;
	void *context;
	int64_t to_utc_ns;
};

static bool tell_record(const struct reading *reading, const struct host_sample_record *record,
			size_t len)
{
	static const uint32_t flags[][2] = {
		{HOST_SAMPLE_IN_KERNEL, SAMPLE_IN_KERNEL},
		{HOST_SAMPLE_KERNEL_THREAD, SAMPLE_KERNEL_THREAD},
		{HOST_SAMPLE_HAS_IP, SAMPLE_HAS_IP},
		{HOST_SAMPLE_HAS_EXECUTABLE, SAMPLE_HAS_EXECUTABLE},
	};

	if (len != sizeof(*record) || record->peek_len > sizeof(record->peek))
		return false;
	struct host_sample sample = {
		.at = {(int64_t)record->time + reading->to_utc_ns},
		.tgid = record->tgid,
		.tid = record->tid,
		.cpu = record->cpu,
		.start_ns = start_in_ticks_ns(record->start),
		.cgroup_id = record->cgroup,
		.ip = record->ip,
		.device = device_as_stat(record->device),
		.inode = record->inode,
		.name = field_text(record->name, sizeof(record->name)),
		.peek = str_of(record->peek, record->peek_len),
	};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (record->flags & flags[i][0])
			sample.flags |= flags[i][1];
	reading->each(reading->context, &sample);
	return true;
}

/* The words of a perf sample, behind its header. */
struct words {
	const uint64_t *at, *end;
};

static uint64_t word(struct words *words)
{
	return words->at < words->end ? *words->at++ : 0;
}

static bool tell_perf_sample(const struct reading *reading, const struct perf_event_header *header)
{
	const uint64_t *first = (const uint64_t *)(const void *)(header + 1);
	struct words words = {first, first + (header->size - sizeof(*header)) / sizeof(*first)};
	uint32_t mode = header->misc & PERF_RECORD_MISC_CPUMODE_MASK;

	if (words.end - words.at < 5)
		return false;
	struct host_sample sample = {.ip = word(&words), .cpu = reading->feed->feed.cpu};
	uint64_t ids = word(&words);
	sample.tgid = (uint32_t)ids;
	sample.tid = (uint32_t)(ids >> 32);
	sample.at.ns = (int64_t)word(&words) + reading->to_utc_ns;
	(void)word(&words); /* cpu */
	uint64_t has_register = word(&words);
	uint64_t user_ip = has_register ? word(&words) : 0;
	if (reading->feed->feed.has_cgroup)
		sample.cgroup_id = word(&words);
	if (mode != PERF_RECORD_MISC_USER) {
		sample.flags |= SAMPLE_IN_KERNEL;
		sample.ip = user_ip;
	}
	if (sample.ip)
		sample.flags |= SAMPLE_HAS_IP;
	if (!sample.tgid) /* idle, and whom our pid namespace does not know (0, or -1 as 32 bits) */
		return true;
	reading->each(reading->context, &sample);
	reading->feed->taken++;
	return true;
}

static size_t read_perf(const struct reading *reading)
{
	union {
		struct perf_event_header header;
		uint64_t words[32];
	} record;
	size_t before = reading->feed->taken;

	for (size_t len; (len = perf_ring_next(&reading->feed->perf, &record, sizeof(record)));) {
		bool is_good = len == record.header.size;
		if (is_good && record.header.type == PERF_RECORD_SAMPLE)
			is_good = tell_perf_sample(reading, &record.header);
		else if (is_good && record.header.type == PERF_RECORD_LOST && len >= 24)
			reading->feed->lost += record.words[2]; /* header, id, lost */
		reading->sampler->malformed += !is_good;
	}
	return reading->feed->taken - before;
}

static size_t read_bpf(const struct reading *reading)
{
	struct host_sample_record record;
	size_t told = 0;

	for (size_t len; (len = record_ring_next(&reading->feed->ring, &record, sizeof(record)));) {
		bool is_good = tell_record(reading, &record, len);
		told += is_good;
		reading->sampler->malformed += !is_good;
	}
	return told;
}

size_t sampler_read(struct sampler *sampler, sampler_callback *each, void *context)
{
	struct reading reading = {.sampler = sampler,
				  .each = each,
				  .context = context,
				  .to_utc_ns = monotonic_to_utc_ns()};
	size_t told = 0;

	for (size_t i = 0; i < sampler->count; i++) {
		reading.feed = &sampler->feeds[i];
		told += reading.feed->feed.kind == SAMPLER_BPF ? read_bpf(&reading)
							       : read_perf(&reading);
	}
	return told;
}

void sampler_count(const struct sampler *sampler, struct sampler_counters *out)
{
	*out = (struct sampler_counters){.malformed = sampler->malformed};
	for (size_t i = 0; i < sampler->count; i++) {
		const struct taken_feed *feed = &sampler->feeds[i];
		struct host_counters sum = record_counters_sum(&feed->counters);
		out->taken += sum.seen + feed->taken + feed->lost;
		out->dropped += sum.dropped + feed->lost;
		out->woken += sum.woken;
		out->unread += sum.unread;
		out->malformed += feed->ring.malformed + feed->perf.malformed;
	}
}
