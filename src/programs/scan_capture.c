/* Captures: the frames of an input, to the sensor. */
#include "programs/scanning.h"

#include <inttypes.h>

#include "decode/packet/packet.h"
#include "source/capture/capture_file.h"

enum { FRAMES_AT_ONCE = 64, PROGRESS_EVERY = 65536 };

static void take_frames(struct scanning *scanning, const struct frame *frames, size_t count,
			struct str name)
{
	sensor_frames(scanning->sensor, frames, count, name, NULL);
	scanning->frames += count;
	for (size_t i = 0; i < count; i++) {
		if (frames[i].link == scanning->known_link)
			continue;
		if (packet_link_is_known(frames[i].link)) {
			scanning->known_link = frames[i].link;
			continue;
		}
		scanning->unknown_links++;
		scanning->unknown_link = frames[i].link;
	}
}

/* What of this input was not looked at, if anything: one sentence, the gravest first. */
static void tell_gaps(struct scanning *scanning, const struct capture_file *file, struct str name,
		      bool is_left)
{
	const struct error *note = capture_file_note(file);
	struct error why = {0};

	if (is_left)
		error_set(&why, 0,
			  "%.*s: the scan was interrupted here: what follows byte %" PRIu64
			  " was not looked at",
			  STR_ARG(name), input_file_bytes(capture_file_input(file)));
	else if (note->text[0])
		why = *note;
	else if (scanning->unknown_links > 0)
		error_set(&why, 0,
			  "%.*s: %" PRIu64
			  " packets are of link type %u, which davy does not read; capture where "
			  "they are Ethernet, Wi-Fi, PPP or IP",
			  STR_ARG(name), scanning->unknown_links, scanning->unknown_link);
	if (why.text[0])
		scanning_leave_out(scanning, name, str_from(why.text));
}

/* Until the end of the input; false when it was left before. */
static bool read_frames(struct scanning *scanning, struct capture_file *file, struct str name)
{
	static struct frame frames[FRAMES_AT_ONCE];
	enum capture_file_state state;
	uint64_t told = scanning->frames;
	size_t count;

	for (unsigned turn = 0;; turn++) {
		if (turn % SCAN_LOOK_ROUND_EVERY == 0)
			scanning_look_round(scanning, -1, 0);
		if (scanning_is_left(scanning))
			return false;
		state = capture_file_read(file, frames, FRAMES_AT_ONCE, &count);
		if (state > CAPTURE_FILE_WAIT)
			return true;
		if (state == CAPTURE_FILE_FRAMES)
			take_frames(scanning, frames, count, name);
		else if (scanning->stops)
			capture_file_finish(file);
		else
			scanning_wait(scanning, capture_file_input(file));
		if (scanning->frames - told >= PROGRESS_EVERY) {
			scanning_tell_progress(scanning, capture_file_input(file), SCAN_PROGRESS);
			told = scanning->frames;
		}
	}
}

static void read_capture(struct scanning *scanning, struct capture_file *file, struct str name,
			 bool is_found)
{
	const struct capture_counters *counters = capture_file_counters(file);

	scanning->unknown_links = 0;
	const uint64_t frames_before = scanning->frames;
	const bool is_left = !read_frames(scanning, file, name);
	scanning->output.damaged_records += counters->malformed + counters->truncated;
	scanning_end_input(scanning, is_left);
	if (scanning->output.is_unread)
		return;
	if (is_found && !is_left && capture_file_is_other(file)) {
		scan_output_other(&scanning->output, name, str_from(capture_file_note(file)->text));
		return;
	}
	scanning->output.read +=
		scanning->frames > frames_before || (!is_left && !capture_file_note(file)->text[0]);
	tell_gaps(scanning, file, name, is_left);
}

void scan_capture_read(struct scanning *scanning, struct input *input, struct str name,
		       bool is_found)
{
	struct capture_file *file;

	if (capture_file_new(input, &file) < 0) {
		scanning_leave_out(scanning, name, STR("not enough memory to read this input"));
		scanning_tell_progress(scanning, NULL, SCAN_DONE);
		return;
	}
	read_capture(scanning, file, name, is_found);
	scanning_tell_progress(scanning, capture_file_input(file), SCAN_DONE);
	capture_file_free(file);
}
