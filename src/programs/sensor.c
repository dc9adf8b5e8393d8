#include "programs/sensor.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

enum {
	/* shares of the ceiling, in percent; the rest is the program's own and slack */
	FLOWS_PERCENT = 40,
	INSPECTION_PERCENT = 25,
	SESSIONS_PERCENT = 15,
	NAMES_PERCENT = 5,
	FRAGMENTS_PERCENT = 5,
	FLOW_COST = 416, /* record, links and index; table_counters tells the exact figure */
	INSPECTION_LEAST = 1536, /* what one takes at least, beside its table */
	SESSION_COST = 6 * 1024,
	NAME_COST = 480,
};

enum { BATCH = 32 }; /* frames whose flows are fetched at once */

struct sensor {
	bool reads_files;
	struct tracker *tracker;
	struct engine *engine;
	struct fragment_table *fragments;
	struct sensor_counters counters;
	/* decoded but not yet given to the tracker */
	struct packet packets[BATCH];
	struct tracker_expected expected[BATCH];
	uint32_t indices[BATCH]; /* of their frames */
	size_t waiting;
};

static void observe(void *context, const struct observation *seen)
{
	engine_observe(context, seen);
}

static uint32_t share(size_t memory, size_t percent, size_t cost, uint32_t least, uint32_t most)
{
	size_t count = memory / 100 * percent / cost;

	return count < least ? least : count > most ? most : (uint32_t)count;
}

static int make_tracker(struct sensor *sensor, const struct sensor_settings *settings,
			uint64_t seed)
{
	size_t memory = settings->memory_bytes;
	struct tracker_settings tracker = {
		.flows = share(memory, FLOWS_PERCENT, FLOW_COST, 1024, 1u << 23),
		.inspections = share(memory, INSPECTION_PERCENT, INSPECTION_LEAST, 256, 1u << 20),
		.inspection_bytes = memory / 100 * INSPECTION_PERCENT,
		.names = share(memory, NAMES_PERCENT, NAME_COST, 256, 1u << 18),
		.seed = seed,
		.mirrors = settings->mirrors,
		.observe = observe,
		.context = sensor->engine};

	return tracker_new(&tracker, &sensor->tracker);
}

int sensor_new(const struct sensor_settings *settings, struct sensor **out)
{
	struct sensor *sensor = calloc(1, sizeof(*sensor));
	uint64_t seed = hash_random_seed();
	size_t memory = settings->memory_bytes;
	struct engine_settings engine = {
		.capacity = share(memory, SESSIONS_PERCENT, SESSION_COST, 256, 1u << 20),
		.seed = seed,
		.is_live = settings->is_live,
		.sink = settings->sink,
		.pools = settings->pools};
	size_t for_fragments = memory / 100 * FRAGMENTS_PERCENT;
	struct fragment_settings fragments = {.seed = seed,
					      .memory_bytes = for_fragments < FRAGMENT_MEMORY_LEAST
								      ? FRAGMENT_MEMORY_LEAST
								      : for_fragments};

	if (!sensor)
		return -ENOMEM;
	sensor->reads_files = settings->reads_files;
	int r = engine_new(&engine, &sensor->engine);
	if (r == 0)
		r = fragment_table_new(&fragments, &sensor->fragments);
	if (r == 0)
		r = make_tracker(sensor, settings, seed);
	if (r < 0) {
		sensor_free(sensor);
		return r;
	}
	*out = sensor;
	return 0;
}

void sensor_free(struct sensor *sensor)
{
	if (!sensor)
		return;
	tracker_free(sensor->tracker);
	fragment_table_free(sensor->fragments);
	engine_free(sensor->engine);
	free(sensor);
}

struct batch {
	const struct frame *frames;
	struct str source;
	struct sensor_seen *seen; /* may be NULL */
};

static void take_waiting(struct sensor *sensor, const struct batch *batch)
{
	tracker_gather(sensor->tracker, sensor->expected, sensor->waiting);
	for (size_t i = 0; i < sensor->waiting; i++) {
		const struct frame *frame = &batch->frames[sensor->indices[i]];
		struct origin origin = {.source = batch->source,
					.offset = frame->offset,
					.has_offset = sensor->reads_files};
		enum tracker_interest interest =
			tracker_take(sensor->tracker, &sensor->packets[i], &sensor->expected[i],
				     frame->at, &origin);
		if (batch->seen)
			batch->seen[sensor->indices[i]] =
				(struct sensor_seen){sensor->packets[i], interest};
	}
	sensor->waiting = 0;
}

/* A payload put together from fragments lives only until the next frame is decoded. */
static bool is_short_lived(const struct frame *frame, const struct packet *packet)
{
	uintptr_t start = (uintptr_t)frame->bytes.at, payload = (uintptr_t)packet->payload.at;

	return payload - start > frame->bytes.len;
}

static void decode(struct sensor *sensor, const struct batch *batch, uint32_t index)
{
	const struct frame *frame = &batch->frames[index];
	struct packet *packet = &sensor->packets[sensor->waiting];
	enum decoded decoded = packet_decode(frame, sensor->fragments, packet);

	sensor->counters.bytes += frame->wire_len;
	if (decoded != DECODED) {
		sensor->counters.malformed += decoded == MALFORMED;
		sensor->counters.unsupported += decoded == UNSUPPORTED;
		if (batch->seen)
			batch->seen[index].interest = TRACKER_IGNORES;
		return;
	}
	sensor->indices[sensor->waiting] = index;
	tracker_expect(sensor->tracker, packet, &sensor->expected[sensor->waiting]);
	sensor->waiting++;
	if (sensor->waiting == BATCH || is_short_lived(frame, packet))
		take_waiting(sensor, batch);
}

void sensor_frames(struct sensor *sensor, const struct frame *frames, size_t count,
		   struct str source, struct sensor_seen *seen)
{
	struct batch batch = {frames, source, seen};

	sensor->counters.frames += count;
	for (size_t i = 0; i < count; i++)
		decode(sensor, &batch, (uint32_t)i);
	take_waiting(sensor, &batch);
}

enum tracker_interest sensor_frame(struct sensor *sensor, const struct frame *frame,
				   struct str source, struct packet *packet)
{
	struct sensor_seen seen = {0};

	sensor_frames(sensor, frame, 1, source, &seen);
	*packet = seen.packet;
	return seen.interest;
}

void sensor_tick(struct sensor *sensor, instant now)
{
	tracker_tick(sensor->tracker, now);
	engine_tick(sensor->engine, now);
}

void sensor_flush(struct sensor *sensor)
{
	tracker_flush(sensor->tracker);
	engine_flush(sensor->engine);
}

struct sensor_counters sensor_counters(const struct sensor *sensor)
{
	struct sensor_counters counters = sensor->counters;

	counters.tracker = tracker_counters(sensor->tracker);
	counters.sessions = engine_counters(sensor->engine);
	counters.fragments = fragment_table_counters(sensor->fragments);
	return counters;
}

uint64_t sensor_dropped(const struct sensor_counters *counters)
{
	const struct tracker_counters *tracker = &counters->tracker;
	const struct fragment_counters *fragments = &counters->fragments;

	return tracker->flows.evicted + tracker->inspections_evicted +
	       tracker->inspections_refused + counters->sessions.evicted + fragments->evicted +
	       fragments->refused;
}
