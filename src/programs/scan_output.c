#include "programs/scan_output.h"
#include "programs/write_all.h"

#include <errno.h>
#include <inttypes.h>
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

static void take(struct finding_sink *sink, const struct finding *finding)
{
	struct scan_output *output = (struct scan_output *)sink;

	output->findings += finding->revision <= 1;
	output->counted += counts(&output->settings, finding);
	correlator_take(output->correlator, finding);
	if (output->settings.is_json) {
		finding_to_json(finding, &output->out);
		buf_add_byte(&output->out, '\n');
	} else {
		take_text(output, finding);
	}
	flush(output);
}

int scan_output_init(struct scan_output *output, const struct scan_settings *settings)
{
	struct correlator_settings correlator = {.seed = hash_random_seed()};

	*output = (struct scan_output){.sink = {take}, .settings = *settings};
	return correlator_new(&correlator, &output->correlator);
}

void scan_output_fini(struct scan_output *output)
{
	correlator_free(output->correlator);
	buf_fini(&output->out);
	buf_fini(&output->titles);
}

void scan_output_unchecked(struct scan_output *output, struct str input, struct str reason)
{
	struct json_writer w = {.out = &output->out};
	CLEANUP(buf_fini) struct buf line = {0};

	if (output->settings.is_json) {
		json_open(&w, '{');
		json_key_string(&w, "kind", STR("unchecked"));
		json_key_unsigned(&w, "schema", 1);
		json_key_string(&w, "input", input);
		json_key_string(&w, "reason", reason);
		json_close(&w, '}');
		buf_add_byte(&output->out, '\n');
		flush(output);
	}
	buf_add_text(&line, "davy: ");
	report_sentence(&line, reason);
	buf_add_byte(&line, '\n');
	(void)write_all(STDERR_FILENO, buf_view(&line));
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
	json_key_unsigned(&w, "packets", c->frames);
	json_key_unsigned(&w, "bytes", c->bytes);
	json_key_unsigned(&w, "records", 0);
	json_key_unsigned(&w, "flows", tracker->flows.inserted);
	json_key_unsigned(&w, "findings", output->findings);
	json_key_unsigned(&w, "malformed",
			  c->malformed + tracker->malformed + output->damaged_records);
	json_key_unsigned(&w, "dropped",
			  tracker->flows.evicted + tracker->inspections_evicted +
				  tracker->inspections_refused);
	json_key_unsigned(&w, "unsupported", c->unsupported);
	json_key_unsigned(&w, "missing_bytes", tracker->gap_bytes);
	json_close(&w, '}');
	buf_add_byte(&output->out, '\n');
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void add_summary_text(struct scan_output *output, const struct sensor_counters *c)
{
	if (output->findings > 0)
		buf_add_byte(&output->out, '\n');
	buf_printf(&output->out,
		   "Looked at %" PRIu64 " input%s: %" PRIu64 " packet%s, %" PRIu64
		   " connection%s. ",
		   output->inputs, plural(output->inputs), c->frames, plural(c->frames),
		   c->tracker.flows.inserted, plural(c->tracker.flows.inserted));
	if (output->findings == 0)
		buf_add_text(&output->out,
			     "No mining was seen. What travels inside TLS was not looked into.");
	else
		buf_printf(&output->out, "%" PRIu64 " finding%s.", output->findings,
			   plural(output->findings));
	if (output->unreadable > 0)
		buf_printf(&output->out,
			   " %" PRIu64
			   " input%s could not be read, in whole or in part: see above.",
			   output->unreadable, plural(output->unreadable));
	buf_add_byte(&output->out, '\n');
}

void scan_output_end(struct scan_output *output, const struct sensor_counters *counters)
{
	add_repetitions(output);
	correlator_each(output->correlator, (instant){0}, take_incident, output);
	if (output->settings.is_json)
		add_summary_json(output, counters);
	else
		add_summary_text(output, counters);
	flush(output);
}
