#include "programs/scan_records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "decode/record/record_stream.h"
#include "detect/record_engine.h"

enum {
	BLOCK = 256 * 1024,
	BLOCKS_PER_PROGRESS = 32,
	BAD_NAMED = 3, /* of one input: what follows is only counted */
};

struct scan_records {
	struct record_stream *stream;
	struct record_engine *engine;
	uint64_t records; /* of the input that is read */
	uint64_t bad;
	char block[BLOCK];
};

int scan_records_new(struct finding_sink *sink, struct scan_records **out)
{
	const struct record_engine_settings engine = {.seed = hash_random_seed(), .sink = sink};
	struct scan_records *records = calloc(1, sizeof(*records));

	if (!records)
		return -ENOMEM;
	if (record_stream_new(&(struct record_stream_settings){0}, &records->stream) < 0 ||
	    record_engine_new(&engine, &records->engine) < 0) {
		scan_records_free(records);
		return -ENOMEM;
	}
	*out = records;
	return 0;
}

void scan_records_free(struct scan_records *records)
{
	if (!records)
		return;
	record_stream_free(records->stream);
	record_engine_free(records->engine);
	free(records);
}

/* -- one input -- */

static void take_records(struct scan_records *records, struct scanning *scanning, struct str name)
{
	enum record_stream_state state;
	struct record record;
	struct error why;

	while ((state = record_stream_next(records->stream, &record, &why)) != RECORD_STREAM_MORE) {
		if (state == RECORD_STREAM_READY) {
			records->records++;
			(void)record_engine_take(records->engine, &record);
			continue;
		}
		if (records->bad++ < BAD_NAMED)
			scan_output_unchecked(&scanning->output, name, str_from(why.text));
	}
}

/* Until the end of the input; false when it was left before. */
static bool read_blocks(struct scan_records *records, struct scanning *scanning,
			struct input *input, struct str name)
{
	for (unsigned turn = 0;; turn++) {
		size_t count;
		if (turn % SCAN_LOOK_ROUND_EVERY == 0)
			scanning_look_round(scanning, -1, 0);
		if (scanning_is_left(scanning))
			return false;
		enum input_state state = input_read(input, records->block, BLOCK, &count);
		if (state == INPUT_END || state == INPUT_STOPPED)
			return true;
		if (state == INPUT_WAIT && scanning->stops)
			input_finish(input);
		else if (state == INPUT_WAIT)
			scanning_wait(scanning, input);
		if (state == INPUT_BYTES) {
			record_stream_feed(records->stream, str_of(records->block, count));
			take_records(records, scanning, name);
		}
		if (turn % BLOCKS_PER_PROGRESS == 0)
			scanning_tell_progress(scanning, input, SCAN_PROGRESS);
	}
}

/* What of this input was not looked at, if anything: one sentence, the gravest first. */
static void tell_gaps(struct scan_records *records, struct scanning *scanning,
		      const struct input *input, struct str name, bool is_left)
{
	const struct error *problem = input_problem(input);
	struct error why = {0};

	if (is_left)
		error_set(&why, 0,
			  "%.*s: the scan was interrupted here: what follows byte %" PRIu64
			  " was not looked at",
			  STR_ARG(name), input_file_bytes(input));
	else if (problem->text[0])
		why = *problem;
	else if (records->bad > BAD_NAMED)
		error_set(&why, 0,
			  "%.*s: %" PRIu64 " records could not be read, the first %d of "
			  "them are named above; the rest was read",
			  STR_ARG(name), records->bad, BAD_NAMED);
	else if (records->bad > 0)
		scanning->output.unreadable++;
	if (why.text[0])
		scanning_leave_out(scanning, name, str_from(why.text));
}

void scan_records_read(struct scan_records *records, struct scanning *scanning, struct input *input,
		       struct str name)
{
	const struct str given = str_from(scanning->settings.as);
	const struct str as = str_equal(given, STR("log")) ? (struct str){0} : given;
	struct error why = {0};

	records->records = records->bad = 0;
	if (record_stream_begin(records->stream, name, as, &why) < 0) {
		scanning_leave_out(scanning, name, str_from(why.text));
	} else {
		bool is_left = !read_blocks(records, scanning, input, name);
		record_stream_end(records->stream);
		take_records(records, scanning, name);
		scanning_end_input(scanning, is_left);
		scanning->output.records += records->records;
		scanning->output.damaged_records += records->bad;
		scanning->output.read += records->records > 0;
		if (!scanning->output.is_unread)
			tell_gaps(records, scanning, input, name, is_left);
	}
	scanning_tell_progress(scanning, input, SCAN_DONE);
	input_free(input);
}

void scan_records_end(struct scan_records *records)
{
	record_engine_report(records->engine, (instant){0});
}
