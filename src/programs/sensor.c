#include "programs/sensor.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "decode/packet/fragment.h"

enum {
	/* shares of the ceiling, in percent; the rest is the program's own and slack */
	FLOWS_PERCENT = 40,
	INSPECTION_PERCENT = 25,
	SESSIONS_PERCENT = 15,
	NAMES_PERCENT = 5,
	FRAGMENTS_PERCENT = 5,
	FLOW_COST = 384, /* record, links and index; table_counters tells the exact figure */
	INSPECTION_LEAST = 8 * 1024,
	SESSION_COST = 6 * 1024,
	NAME_COST = 480,
};

struct sensor {
	bool reads_files;
	struct tracker *tracker;
	struct engine *engine;
	struct fragment_table *fragments;
	struct sensor_counters counters;
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

enum tracker_interest sensor_frame(struct sensor *sensor, const struct frame *frame,
				   struct str source, struct packet *packet)
{
	struct origin origin = {
		.source = source, .offset = frame->offset, .has_offset = sensor->reads_files};
	enum decoded decoded = packet_decode(frame, sensor->fragments, packet);

	sensor->counters.frames++;
	sensor->counters.bytes += frame->wire_len;
	if (decoded == DECODED)
		return tracker_packet(sensor->tracker, packet, frame->at, &origin);
	sensor->counters.malformed += decoded == MALFORMED;
	sensor->counters.unsupported += decoded == UNSUPPORTED;
	return TRACKER_IGNORES;
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
	return counters;
}
