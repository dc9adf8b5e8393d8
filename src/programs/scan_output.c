#include "programs/scan_output.h"
#include "programs/write_all.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json_write.h"
#include "model/finding_json.h"
#include "model/incident_json.h"
#include "report/finding_text.h"
#include "report/incident_text.h"
#include "report/layout.h"

/* A disk that is full is told, once; that nobody reads any more (EPIPE) is no failure of ours. */
static void flush(struct scan_output *output)
{
	CLEANUP(buf_fini) struct buf line = {0};
	int failed = write_all(STDOUT_FILENO, buf_view(&output->out));

	buf_clear(&output->out);
	output->is_unread |= failed == EPIPE;
	if (failed == 0 || failed == EPIPE || output->is_cut_off)
		return;
	output->is_cut_off = true;
	buf_printf(&line, "davy: the findings cannot be written: %s; what follows is lost\n",
		   strerror(failed));
	(void)write_all(STDERR_FILENO, buf_view(&line));
}

/* The title itself is compared too: whoever chooses names could make hashes meet, and be hidden. */
static struct scan_title *find_title(struct scan_output *output, struct str title, uint64_t hash)
{
	for (size_t i = 0; i < output->told_count; i++) {
		struct scan_title *told = &output->told[i];
		if (told->hash == hash &&
		    str_equal(str_sub(buf_view(&output->titles), told->at, told->len), title))
			return told;
	}
	return NULL;
}

/* True for a title that was printed before, which is counted. */
static bool is_repeated(struct scan_output *output, struct str title)
{
	const uint64_t hash = hash_bytes(title.at, title.len, 0);
	struct scan_title *told = find_title(output, title, hash);

	if (told) {
		told->repeated++;
		return true;
	}
	if (output->told_count == SCAN_TITLES_MAX || output->titles.failed)
		return false;
	output->told[output->told_count++] =
		(struct scan_title){.hash = hash, .at = output->titles.len, .len = title.len};
	buf_add(&output->titles, title);
	return false;
}

static void add_repetitions(struct scan_output *output)
{
	bool has_heading = false;

	for (size_t i = 0; i < output->told_count; i++) {
		const struct scan_title *told = &output->told[i];
		if (told->repeated == 0)
			continue;
		if (!has_heading)
			buf_add_text(&output->out, "\nThe same again on more connections, each in "
						   "--json:\n");
		has_heading = true;
		buf_printf(&output->out, "%8" PRIu64 "  ", told->repeated);
		report_sentence(&output->out,
				str_sub(buf_view(&output->titles), told->at, told->len));
		buf_add_byte(&output->out, '\n');
	}
}

static void take_text(struct scan_output *output, const struct finding *finding)
{
	if (is_repeated(output, finding->title))
		return;
	if (output->told_count > 1)
		buf_add_byte(&output->out, '\n');
	report_finding_short(&output->out, &output->settings.style, finding);
}

static bool counts(const struct scan_settings *settings, const struct finding *finding)
{
	if (finding->verdict < settings->fail_verdict ||
	    finding->severity < settings->fail_severity)
		return false;
	return finding->verdict != VERDICT_SIGNAL || settings->fail_on_signal;
}

static void tell(struct scan_output *output, const struct finding *finding)
{
	output->findings += finding->revision <= 1;
	output->counted += counts(&output->settings, finding);
	if (output->settings.is_json) {
		finding_to_json(finding, &output->out);
		buf_add_byte(&output->out, '\n');
	} else {
		take_text(output, finding);
	}
	flush(output);
}

static void take(struct finding_sink *sink, const struct finding *finding)
{
	struct scan_output *output = (struct scan_output *)sink;

	correlator_take(output->correlator, finding);
	tell(output, finding);
}

/* A year of logs has thousands of signals: people get their number, and those of an incident. */
static void take_of_records(struct finding_sink *sink, const struct finding *finding)
{
	struct scan_output *output =
		(struct scan_output *)((char *)sink - offsetof(struct scan_output, record_sink));

	cases_take(output->cases, finding);
	if (finding->verdict == VERDICT_SIGNAL && !output->settings.is_json) {
		output->signals++;
		output->counted += counts(&output->settings, finding);
		return;
	}
	tell(output, finding);
}

int scan_output_init(struct scan_output *output, const struct scan_settings *settings)
{
	struct correlator_settings correlator = {.seed = hash_random_seed()};

	const struct cases_settings cases = {.seed = hash_random_seed()};

	*output = (struct scan_output){
		.sink = {take}, .record_sink = {take_of_records}, .settings = *settings};
	int code = cases_new(&cases, &output->cases);
	return code < 0 ? code : correlator_new(&correlator, &output->correlator);
}

void scan_output_fini(struct scan_output *output)
{
	correlator_free(output->correlator);
	cases_free(output->cases);
	buf_fini(&output->out);
	buf_fini(&output->titles);
	buf_fini(&output->others_named);
}

static void write_unchecked(struct scan_output *output, struct str input, struct str reason)
{
	struct json_writer w = {.out = &output->out};

	if (!output->settings.is_json)
		return;
	json_open(&w, '{');
	json_key_string(&w, "kind", STR("unchecked"));
	json_key_unsigned(&w, "schema", 1);
	json_key_string(&w, "input", input);
	json_key_string(&w, "reason", reason);
	json_close(&w, '}');
	buf_add_byte(&output->out, '\n');
	flush(output);
}

void scan_output_unchecked(struct scan_output *output, struct str input, struct str reason)
{
	CLEANUP(buf_fini) struct buf line = {0};

	write_unchecked(output, input, reason);
	buf_add_text(&line, "davy: ");
	report_sentence(&line, reason);
	buf_add_byte(&line, '\n');
	(void)write_all(STDERR_FILENO, buf_view(&line));
}

void scan_output_other(struct scan_output *output, struct str input, struct str reason)
{
	write_unchecked(output, input, reason);
	if (output->others++ >= SCAN_OTHERS_NAMED)
		return;
	buf_add_text(&output->others_named, output->others > 1 ? ", " : "");
	buf_add_printable(&output->others_named, input, PATH_MAX);
}

static void take_incident(void *context, const struct incident *incident)
{
	struct scan_output *output = context;

	if (output->settings.is_json) {
		incident_to_json(incident, &output->out);
		buf_add_byte(&output->out, '\n');
	} else if (incident->finding_total > 1) { /* of one finding: was told already */
		buf_add_byte(&output->out, '\n');
		report_incident_short(&output->out, &output->settings.style, incident);
	}
	flush(output);
}

static void add_summary_json(struct scan_output *output, const struct sensor_counters *c)
{
	struct json_writer w = {.out = &output->out};
	const struct tracker_counters *tracker = &c->tracker;

	json_open(&w, '{');
	json_key_string(&w, "kind", STR("summary"));
	json_key_unsigned(&w, "schema", 1);
	json_key_unsigned(&w, "inputs", output->inputs);
	json_key_unsigned(&w, "unreadable", output->unreadable);
	json_key_unsigned(&w, "other_kind", output->others);
	json_key_unsigned(&w, "not_begun", output->not_begun);
	json_key(&w, "interrupted");
	json_bool(&w, output->is_interrupted);
	json_key_unsigned(&w, "packets", c->frames);
	json_key_unsigned(&w, "bytes", c->bytes);
	json_key_unsigned(&w, "records", output->records);
	json_key_unsigned(&w, "flows", tracker->flows.inserted);
	json_key_unsigned(&w, "findings", output->findings);
	json_key_unsigned(&w, "malformed",
			  c->malformed + tracker->malformed + output->damaged_records);
	json_key_unsigned(&w, "dropped", sensor_dropped(c));
	json_key_unsigned(&w, "dropped_bytes", tracker->refused_bytes);
	json_key_unsigned(&w, "unsupported", c->unsupported);
	json_key_unsigned(&w, "missing_bytes", tracker->gap_bytes);
	json_close(&w, '}');
	buf_add_byte(&output->out, '\n');
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* "Looked at 2 inputs: 24 packets, 1 connection." or that there was nothing to look at. */
static void add_amount(struct scan_output *output, const struct sensor_counters *c)
{
	const uint64_t connections = c->tracker.flows.inserted;

	if (output->read == 0) {
		buf_add_text(&output->out, "Nothing was looked at.");
		return;
	}
	if (output->has_host)
		buf_printf(&output->out,
			   "Watched this machine for %" PRIu32 " s: %" PRIu32
			   " process%s ran, %" PRIu32 " close look%s taken.",
			   output->host.seconds, output->host.processes,
			   output->host.processes == 1 ? "" : "es", output->host.looks,
			   output->host.looks == 1 ? " was" : "s were");
	if (output->has_host && output->read == 1)
		return;
	if (output->has_host)
		buf_add_byte(&output->out, ' ');
	buf_printf(&output->out, "Looked at %" PRIu64 " input%s: ", output->read - output->has_host,
		   plural(output->read - output->has_host));
	if (c->frames > 0 || output->records == 0)
		buf_printf(&output->out, "%" PRIu64 " packet%s, %" PRIu64 " connection%s",
			   c->frames, plural(c->frames), connections, plural(connections));
	if (output->records > 0)
		buf_printf(&output->out, "%s%" PRIu64 " record%s", c->frames > 0 ? ", " : "",
			   output->records, plural(output->records));
	buf_add_byte(&output->out, '.');
}

/* That nothing was seen is worth saying only where there was something to see. */
static void add_outcome(struct scan_output *output, const struct sensor_counters *c)
{
	const bool is_part =
		output->unreadable > 0 || output->is_interrupted || output->damaged_records > 0;

	if (output->findings > 0)
		buf_printf(&output->out, " %" PRIu64 " finding%s.", output->findings,
			   plural(output->findings));
	else if (output->read == 0)
		return;
	else if (output->has_host && output->read == 1)
		buf_printf(&output->out, " No mining was seen%s.",
			   is_part ? " in what could be watched" : "");
	else if (c->frames == 0 && output->records > 0)
		buf_printf(&output->out, " No mining was seen%s.",
			   is_part ? " in what could be read" : "");
	else if (c->frames == 0)
		buf_add_text(&output->out, " Without packets there is nothing to judge.");
	else if (c->unsupported + c->malformed >= c->frames)
		buf_add_text(&output->out, " None of the packets is of a protocol that davy reads: "
					   "nothing can be said of them.");
	else
		buf_printf(&output->out,
			   " No mining was seen%s. What travels inside TLS was not looked into.",
			   is_part ? " in what could be read" : "");
}

static void add_signals(struct scan_output *output)
{
	if (output->signals > 0)
		buf_printf(&output->out,
			   " %" PRIu64 " signal%s that prove%s nothing alone: see --json.",
			   output->signals, plural(output->signals),
			   output->signals == 1 ? "s" : "");
}

static void add_left_out(struct scan_output *output, const struct sensor_counters *c)
{
	struct buf *out = &output->out;
	const uint64_t dropped = sensor_dropped(c);

	if (output->unreadable > 0 && output->inputs == 1)
		buf_add_text(out, " The input could not be read, in whole or in part: see above.");
	else if (output->unreadable > 0)
		buf_printf(out,
			   " %" PRIu64 " of %" PRIu64 " inputs could not be read, in whole or in "
			   "part (see above): nothing can be said of what was not.",
			   output->unreadable, output->inputs);
	if (output->others > 0) {
		buf_printf(out, " Not looked at, for %s of no kind that davy reads: ",
			   output->others == 1 ? "it is" : "they are");
		report_sentence(out, buf_view(&output->others_named));
		if (output->others > SCAN_OTHERS_NAMED)
			buf_printf(out, " and %" PRIu64 " more",
				   output->others - SCAN_OTHERS_NAMED);
		buf_add_byte(out, '.');
	}
	if (dropped > 0 || c->tracker.refused_bytes > 0)
		buf_printf(out,
			   " For want of room %" PRIu64 " connection%s and %" PRIu64
			   " bytes of others were given up; a larger scan.memory in the settings "
			   "keeps more.",
			   dropped, plural(dropped), c->tracker.refused_bytes);
	if (output->not_begun > 0)
		buf_printf(out,
			   " The scan was interrupted before %" PRIu64
			   " input%s: nothing can be said of %s.",
			   output->not_begun, plural(output->not_begun),
			   output->not_begun == 1 ? "it" : "them");
}

static void add_summary_text(struct scan_output *output, const struct sensor_counters *c)
{
	if (output->findings > 0)
		buf_add_byte(&output->out, '\n');
	add_amount(output, c);
	add_outcome(output, c);
	add_signals(output);
	add_left_out(output, c);
	buf_add_byte(&output->out, '\n');
}

void scan_output_end(struct scan_output *output, const struct sensor_counters *counters)
{
	add_repetitions(output);
	correlator_each(output->correlator, (instant){0}, take_incident, output);
	cases_each(output->cases, take_incident, output);
	if (output->settings.is_json)
		add_summary_json(output, counters);
	else
		add_summary_text(output, counters);
	flush(output);
}
