#include "programs/scan_records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "decode/record/record_stream.h"
#include "detect/record_engine.h"
#include "detect/sigma/engine.h"
#include "programs/sigma_files.h"
#include "programs/write_all.h"
#include "report/layout.h"

enum {
	BLOCK = 256 * 1024,
	BLOCKS_PER_PROGRESS = 32,
	BAD_NAMED = 3, /* of one input: what follows is only counted */
};

struct scan_records {
	struct sigma_teller teller; /* first: what is wrong with rules comes here */
	struct finding_sink *sink;
	int sigma; /* descriptor; -1: was read */
	struct record_stream *stream;
	struct record_engine *engine;
	struct sigma_loaded rules;
	struct sigma_engine *sigma_engine; /* NULL: there are no rules */
	struct error trouble;		   /* why no log can be read, once that is known */
	uint64_t records;		   /* of the input that is read */
	uint64_t bad;
	char block[BLOCK];
};

/* -- its life -- */

static void tell_problem(struct sigma_teller *teller, const struct sigma_problem *problem)
{
	CLEANUP(buf_fini) struct buf line = {0};

	(void)teller;
	if (!problem->is_refusal)
		return; /* `davy rules check` tells what is only odd */
	buf_add_text(&line, "davy: ");
	report_hostile(&line, problem->file);
	buf_printf(&line, ":%u:%u: ", problem->line, problem->column);
	report_hostile(&line, problem->what);
	buf_printf(&line, "; %.*s; the scan goes on without this rule\n", STR_ARG(problem->remedy));
	(void)write_all(STDERR_FILENO, buf_view(&line));
}

int scan_records_new(struct finding_sink *sink, int sigma, struct scan_records **out)
{
	struct scan_records *records = calloc(1, sizeof(*records));

	if (!records)
		return -ENOMEM;
	records->teller.tell = tell_problem;
	records->sink = sink;
	records->sigma = sigma;
	*out = records;
	return 0;
}

static int load_rules(struct scan_records *records)
{
	CLEANUP(buf_fini) struct buf line = {0};
	const struct error *trouble = &records->rules.price_trouble;
	const int descriptor = records->sigma;

	records->sigma = -1;
	if (sigma_files_load(descriptor, &records->teller, &records->rules) < 0)
		return error_set(&records->trouble, -ENOMEM, "the rules cannot be loaded");
	if (trouble->text[0]) {
		buf_printf(&line, "davy: %s; prices are those that came with davy\n",
			   trouble->text);
		(void)write_all(STDERR_FILENO, buf_view(&line));
	}
	return 0;
}

static int compile_rules(struct scan_records *records)
{
	const struct sigma_engine_settings settings = {.seed = hash_random_seed()};

	if (records->rules.rules.count == 0)
		return 0;
	return sigma_engine_new(&records->rules.rules, records->rules.mappings,
				records->rules.mapping_count, &settings, &records->sigma_engine,
				&records->trouble);
}

/* Most scans are of captures: what only logs need is made with the first of them. */
static bool begin(struct scan_records *records, struct error *why)
{
	bool is_first = !records->stream && !records->trouble.text[0];
	bool is_loaded = is_first && load_rules(records) == 0;
	const struct record_engine_settings engine = {
		.seed = hash_random_seed(), .prices = records->rules.prices, .sink = records->sink};

	if (is_loaded &&
	    (record_stream_new(&(struct record_stream_settings){0}, &records->stream) < 0 ||
	     record_engine_new(&engine, &records->engine) < 0))
		error_set(&records->trouble, -ENOMEM, "not enough memory to read logs");
	else if (is_loaded && compile_rules(records) < 0 && !records->trouble.text[0])
		error_set(&records->trouble, -EINVAL, "the rules cannot be compiled");
	/* what one log could not have, none has: without the rules they would be called clean */
	*why = records->trouble;
	return !records->trouble.text[0];
}

void scan_records_free(struct scan_records *records)
{
	if (!records)
		return;
	if (records->sigma >= 0)
		close(records->sigma);
	record_stream_free(records->stream);
	record_engine_free(records->engine);
	sigma_engine_free(records->sigma_engine);
	sigma_loaded_fini(&records->rules);
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
			if (record_engine_take(records->engine, &record) && records->sigma_engine)
				sigma_engine_take(records->sigma_engine, &record);
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
	if (!begin(records, &why) || record_stream_begin(records->stream, name, as, &why) < 0) {
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

static void report_rules(void *state, instant now, struct arena *scratch,
			 struct record_teller *teller)
{
	sigma_engine_report(state, now, scratch, teller);
}

void scan_records_end(struct scan_records *records)
{
	if (!records->engine)
		return;
	record_engine_report(records->engine, (instant){0});
	if (records->sigma_engine)
		record_engine_report_by(records->engine, (instant){0}, "sigma", report_rules,
					records->sigma_engine);
}
