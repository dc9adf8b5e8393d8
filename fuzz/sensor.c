/*
 * Ethernet frames, each after its length (le16) and the milliseconds since the last one (le16; the
 * greatest of them are times that only a forged capture has), through all of a sensor: packets,
 * flows, streams, carriers, dialects, detectors and the report. It must keep under its ceiling all
 * the while, give everything back, and tell nothing that harms.
 */
#include <assert.h>
#include <sanitizer/allocator_interface.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "decode/flow/tracker.h"
#include "model/finding_json.h"
#include "programs/sensor.h"
#include "report/finding_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

enum { CEILING = 16 << 20, LINK_ETHERNET = 1, TICK_EVERY = 16 };

static void take(struct finding_sink *sink, const struct finding *finding)
{
	struct buf text = {0}, line = {0};

	(void)sink;
	assert(finding->confidence >= 0 && finding->confidence <= 1);
	assert(finding->reason_count > 0);
	report_finding_whole(&text, &(struct report_style){.columns = 80}, finding);
	for (size_t i = 0; i < text.len; i++)
		assert(text.at[i] == '\n' || ((uint8_t)text.at[i] >= 0x20 && text.at[i] != 0x7f));
	finding_to_json(finding, &line);
	assert(!line.failed && str_find_byte(buf_view(&line), '\n') < 0);
	buf_fini(&text);
	buf_fini(&line);
}

static size_t held_by(struct table_counters table)
{
	assert(table.used <= table.capacity);
	return table.used * table.bytes_per_entry;
}

/* Tables and blocks of streams are not on the heap, but taken page by page; the rest is. */
static void check_ceiling(const struct sensor *sensor, size_t heap_before)
{
	struct sensor_counters counters = sensor_counters(sensor);
	size_t heap = __sanitizer_get_current_allocated_bytes();

	assert(heap - heap_before + held_by(counters.tracker.flows) +
		       held_by(counters.tracker.names) + held_by(counters.tracker.inspections) +
		       held_by(counters.sessions) <
	       CEILING);
}

static instant time_after(instant now, uint16_t later)
{
	static const int64_t odd_times_ns[] = {INT64_MIN, INT64_MAX, 0, -1};

	if (later >= 0xfffc)
		return (instant){odd_times_ns[later & 3]};
	return instant_add(now, DURATION_MS(later));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	size_t heap_before = __sanitizer_get_current_allocated_bytes();
	struct finding_sink sink = {.take = take};
	struct sensor_settings settings = {
		.memory_bytes = CEILING, .is_live = len & 1, .sink = &sink};
	struct reader in = reader_of(str_of(at, len));
	instant now = instant_at(1795341600, 0);
	struct sensor *sensor;
	struct packet packet;
	uint16_t size, later;
	struct str bytes;

	if (sensor_new(&settings, &sensor) != 0)
		return 0;
	for (uint32_t i = 1; read_le16(&in, &size) && read_le16(&in, &later); i++) {
		(void)read_span(&in, size < reader_left(&in) ? size : reader_left(&in), &bytes);
		char *copy = malloc(bytes.len + 1); /* so that a read past the end is seen */
		assert(copy);
		memcpy(copy + 1, bytes.len ? bytes.at : "", bytes.len);
		now = time_after(now, later);
		struct frame frame = {.at = now,
				      .bytes = str_of(copy + 1, bytes.len),
				      .wire_len = size,
				      .link = LINK_ETHERNET,
				      .offset = i};
		(void)sensor_frame(sensor, &frame, STR("fuzz"), &packet);
		free(copy);
		check_ceiling(sensor, heap_before);
		if (i % TICK_EVERY == 0)
			sensor_tick(sensor, now);
	}
	sensor_flush(sensor);
	sensor_free(sensor);
	assert(__sanitizer_get_current_allocated_bytes() == heap_before);
	return 0;
}
