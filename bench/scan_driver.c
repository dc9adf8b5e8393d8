/*
 * The sensor and nothing around it: reads one capture, prints findings as JSON lines and a summary.
 * For measuring what the engine itself costs and needs (--counters tells what it held), without the
 * command line's other work. Takes the arguments of `davy scan --json FILE`, so that scripts can
 * have either.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/finding_json.h"
#include "programs/sensor.h"
#include "source/capture/capture_file.h"

enum { BATCH = 64, MEMORY_MIB = 512 };

struct printer {
	struct finding_sink sink;
	struct buf out;
	uint64_t findings;
};

static void take(struct finding_sink *sink, const struct finding *finding)
{
	struct printer *printer = (struct printer *)sink;

	printer->findings += finding->verdict != VERDICT_SIGNAL;
	buf_clear(&printer->out);
	finding_to_json(finding, &printer->out);
	buf_add_byte(&printer->out, '\n');
	fwrite(printer->out.at, 1, printer->out.len, stdout);
}

static void print_table(const char *name, const struct table_counters *c)
{
	fprintf(stderr,
		"%s: used %u of %u (%u %u %u), inserted %lu, evicted %lu, expired %lu, %lu bytes "
		"each\n",
		name, c->used, c->capacity, c->used_by_class[0], c->used_by_class[1],
		c->used_by_class[2], (unsigned long)c->inserted, (unsigned long)c->evicted,
		(unsigned long)c->expired, (unsigned long)c->bytes_per_entry);
}

static void print_counters(const struct sensor *sensor)
{
	struct sensor_counters c = sensor_counters(sensor);

	fprintf(stderr, "frames %lu, TCP %lu, UDP %lu, unsupported %lu, malformed %lu\n",
		(unsigned long)c.frames, (unsigned long)(c.tracker.packets - c.tracker.udp_packets),
		(unsigned long)c.tracker.udp_packets, (unsigned long)c.unsupported,
		(unsigned long)c.malformed);
	fprintf(stderr,
		"inspections opened %lu, refused %lu, evicted %lu, holding %zu bytes; "
		"messages %lu, gaps %lu\n",
		(unsigned long)c.tracker.inspections_opened,
		(unsigned long)c.tracker.inspections_refused,
		(unsigned long)c.tracker.inspections_evicted, c.tracker.inspection_bytes,
		(unsigned long)c.tracker.messages, (unsigned long)c.tracker.gaps);
	print_table("flows", &c.tracker.flows);
	print_table("inspections", &c.tracker.inspections);
	print_table("names", &c.tracker.names);
	print_table("sessions", &c.sessions);
}

static enum capture_file_state scan(struct capture_file *file, struct sensor *sensor,
				    struct str name)
{
	static const duration tick = DURATION_S(1);
	struct frame frames[BATCH];
	enum capture_file_state state;
	instant ticked = {0};
	size_t count;

	while ((state = capture_file_read(file, frames, BATCH, &count)) == CAPTURE_FILE_FRAMES) {
		sensor_frames(sensor, frames, count, name, NULL);
		if (instant_since(frames[0].at, ticked).ns >= tick.ns) {
			ticked = frames[0].at;
			sensor_tick(sensor, ticked);
		}
	}
	sensor_flush(sensor);
	return state;
}

int main(int argc, char **argv)
{
	struct input_settings input = {0};
	struct printer printer = {.sink.take = take};
	struct sensor_settings settings = {.memory_bytes = (size_t)MEMORY_MIB << 20,
					   .reads_files = true,
					   .sink = &printer.sink};
	bool has_counters = argc > 1 && strcmp(argv[argc - 1], "--counters") == 0;
	struct capture_file *file;
	struct sensor *sensor;
	struct error why;

	argc -= has_counters;
	if (argc < 2) {
		fputs("usage: scan_driver [scan --json] FILE [--counters]\n", stderr);
		return 2;
	}
	const char *path = argv[argc - 1];
	if (capture_file_open(path, &input, &file, &why) < 0) {
		fprintf(stderr, "scan_driver: %s\n", why.text);
		return 2;
	}
	if (sensor_new(&settings, &sensor) < 0) {
		capture_file_free(file);
		fputs("scan_driver: out of memory\n", stderr);
		return 2;
	}
	enum capture_file_state state = scan(file, sensor, str_from(path));
	const char *note = capture_file_note(file)->text;
	if (note[0] != '\0')
		fprintf(stderr, "scan_driver: %s\n", note);
	printf("{\"kind\":\"summary\",\"schema\":1,\"packets\":%lu,\"findings\":%lu}\n",
	       (unsigned long)sensor_counters(sensor).frames, (unsigned long)printer.findings);
	if (has_counters)
		print_counters(sensor);
	sensor_free(sensor);
	capture_file_free(file);
	buf_fini(&printer.out);
	return printer.findings > 0 ? 1 : state == CAPTURE_FILE_END ? 0 : 2;
}
