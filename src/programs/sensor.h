/*
 * A sensor: frames in, findings out. The part that `davy scan` and each worker of `davy watch` have
 * in common: packet decoding, the tracker, the detectors. No I/O.
 */
#ifndef DAVY_PROGRAMS_SENSOR_H
#define DAVY_PROGRAMS_SENSOR_H

#include "decode/capture/frame.h"
#include "decode/flow/tracker.h"
#include "decode/packet/fragment.h"
#include "detect/engine.h"

struct sensor;

struct sensor_settings {
	size_t memory_bytes; /* ceiling for all tables and streams together */
	bool is_live;
	bool reads_files; /* a frame's offset is a byte in its source, worth quoting */
	struct finding_sink *sink;
	const struct pool_list *pools; /* lives as long as the sensor; NULL: none */
	const struct mirrors *mirrors; /* the same */
};

must_check int sensor_new(const struct sensor_settings *settings, struct sensor **out);
void sensor_free(struct sensor *sensor);

/* One frame; source names the capture or interface and lives as long as the sensor. */
enum tracker_interest sensor_frame(struct sensor *sensor, const struct frame *frame,
				   struct str source, struct packet *packet);
/*
 * Many frames, in order: faster than one by one, because what the memory takes to answer for one is
 * spent on the others.
 *
 * seen: NULL, or room for `count`. The payloads in it are those of the frames, but of a packet put
 *       together from fragments it is gone.
 */
struct sensor_seen {
	struct packet packet; /* of use unless the interest is TRACKER_IGNORES */
	enum tracker_interest interest;
};
void sensor_frames(struct sensor *sensor, const struct frame *frames, size_t count,
		   struct str source, struct sensor_seen *seen);
void sensor_tick(struct sensor *sensor, instant now);
void sensor_flush(struct sensor *sensor); /* the end: everything that is pending is reported */

struct sensor_counters {
	uint64_t frames, bytes, unsupported, malformed;
	struct tracker_counters tracker;
	struct table_counters sessions;
	struct fragment_counters fragments;
};
struct sensor_counters sensor_counters(const struct sensor *sensor);

/* Flows, inspections, sessions and fragmented packets that were given up for want of room. */
uint64_t sensor_dropped(const struct sensor_counters *counters);

#endif
