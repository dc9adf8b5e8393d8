/* What the reader of `davy scan` has in hand, and what reading any kind of input shares. */
#ifndef DAVY_PROGRAMS_SCANNING_H
#define DAVY_PROGRAMS_SCANNING_H

#include "programs/scan.h"
#include "programs/scan_output.h"
#include "programs/sensor.h"
#include "sandbox/messages.h"
#include "source/capture/input.h"

enum { SCAN_LOOK_ROUND_EVERY = 16 }; /* turns of a loop over an input's blocks */

struct scanning {
	struct channel channel;
	struct scan_settings settings;
	struct scan_output output;
	struct pool_list pools;
	struct sensor *sensor;
	struct scan_records *records;
	bool stops;	  /* a followed input is to be finished, any other to be left */
	bool leaves_some; /* of an input; also when nobody is there to be told */
	bool is_over;
	uint64_t frames;
	uint64_t unknown_links; /* packets of one input */
	uint16_t unknown_link;	/* the last of these */
	uint16_t known_link;	/* the last of the others */
	char **names;		/* of inputs: findings made at the end still quote them */
	size_t name_count;
};

/* Tells the parent how far this input is; SCAN_DONE: that it is done. */
void scanning_tell_progress(struct scanning *scanning, const struct input *input,
			    enum scan_message type);
/*
 * Has the parent said stop, or has whoever reads standard output gone? Waits up to `timeout_ms` for
 * that, or for bytes of `readable` (a descriptor, or -1).
 */
void scanning_look_round(struct scanning *scanning, int readable, int timeout_ms);
/* An input has nothing now: a file that is followed, or a pipe. */
void scanning_wait(struct scanning *scanning, const struct input *input);
/* True: nothing more is to be read of this input. */
bool scanning_is_left(const struct scanning *scanning);
void scanning_leave_out(struct scanning *scanning, struct str name, struct str reason);
/* What the reading of one input came to, by its end or because it was left. */
void scanning_end_input(struct scanning *scanning, bool is_left);

/* Takes the input, and tells SCAN_DONE. `is_found`: nobody named it, a folder held it. */
void scan_capture_read(struct scanning *scanning, struct input *input, struct str name,
		       bool is_found);

#endif
