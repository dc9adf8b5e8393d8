#include "programs/audit_output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json_write.h"
#include "model/finding_json.h"
#include "model/line.h"
#include "programs/write_all.h"
#include "report/finding_text.h"
#include "report/layout.h"

int audit_output_init(struct audit_output *output, const struct audit_start *start)
{
	*output = (struct audit_output){.start = start};
	output->kept = calloc(AUDIT_FINDINGS_MAX, sizeof(*output->kept));
	return output->kept ? arena_init(&output->arena, LINE_ARENA_BYTES) : -1;
}

void audit_output_fini(struct audit_output *output)
{
	for (size_t i = 0; i < output->kept_count; i++)
		buf_fini(&output->kept[i].line);
	free(output->kept);
	arena_fini(&output->arena);
	buf_fini(&output->out);
}

static void flush(struct audit_output *output)
{
	output->lost += write_all(STDOUT_FILENO, buf_view(&output->out)) != 0;
	buf_clear(&output->out);
}

void audit_output_take(struct audit_output *output, struct finding *finding)
{
	char id[FINDING_ID_LEN + 1];

	finding_identify(finding, id);
	finding->id = str_from(id);
	output->findings++;
	output->counted += finding->verdict >= output->start->fail_verdict &&
			   finding->severity >= output->start->fail_severity;
	if (output->kept_count == AUDIT_FINDINGS_MAX)
		return;
	struct audit_kept *kept = &output->kept[output->kept_count++];
	kept->severity = (uint8_t)finding->severity;
	finding_to_json(finding, &kept->line);
}

void audit_output_unchecked(struct audit_output *output, struct str what, struct str why)
{
	CLEANUP(buf_fini) struct buf line = {0};
	struct json_writer w = {.out = &output->out};

	output->unchecked++;
	if (output->start->is_json) {
		json_open(&w, '{');
		json_key_string(&w, "kind", STR("unchecked"));
		json_key_unsigned(&w, "schema", LINE_SCHEMA);
		json_key_string(&w, "input", what);
		json_key_string(&w, "reason", why);
		json_close(&w, '}');
		buf_add_byte(&output->out, '\n');
		flush(output);
	}
	if (output->unchecked > AUDIT_UNCHECKED_TOLD)
		return;
	buf_add_text(&line, "davy: not looked at: ");
	report_hostile(&line, what);
	buf_add_text(&line, ": ");
	report_sentence(&line, why);
	buf_add_byte(&line, '\n');
	(void)write_all(STDERR_FILENO, buf_view(&line));
}

static void tell(struct audit_output *output, struct str line, bool is_first)
{
	struct finding finding;

	if (output->start->is_json) {
		buf_add(&output->out, line);
		buf_add_byte(&output->out, '\n');
		return;
	}
	arena_reset(&output->arena);
	if (finding_from_json(line, &output->arena, &finding, NULL) != 0) {
		output->lost++;
		return;
	}
	buf_add_text(&output->out, is_first ? "" : "\n");
	report_finding_short(&output->out, &output->start->style, &finding);
}

static void tell_summary_json(struct audit_output *output)
{
	struct json_writer w = {.out = &output->out};

	json_open(&w, '{');
	json_key_string(&w, "kind", STR("audit"));
	json_key_unsigned(&w, "schema", LINE_SCHEMA);
	json_key_unsigned(&w, "files", output->files);
	json_key_unsigned(&w, "entries", output->entries);
	json_key_unsigned(&w, "programs", output->programs);
	json_key_unsigned(&w, "processes", output->processes);
	json_key_unsigned(&w, "findings", output->findings);
	json_key_unsigned(&w, "unchecked", output->unchecked);
	json_close(&w, '}');
	buf_add_byte(&output->out, '\n');
}

static void tell_summary(struct audit_output *output)
{
	buf_printf(&output->out,
		   "%sLooked at %" PRIu64 " set-up files with %" PRIu64 " entries, %" PRIu64
		   " programs they start and %" PRIu64 " processes. ",
		   output->findings ? "\n" : "", output->files, output->entries, output->programs,
		   output->processes);
	if (output->findings > 0)
		buf_printf(&output->out, "%" PRIu64 " finding%s.", output->findings,
			   output->findings == 1 ? "" : "s");
	else
		buf_printf(&output->out, "No open door was found%s.",
			   output->unchecked ? " in what could be looked at" : "");
	if (output->findings > AUDIT_FINDINGS_MAX)
		buf_printf(&output->out, " Only %d are told.", AUDIT_FINDINGS_MAX);
	if (output->unchecked > 0)
		buf_printf(&output->out, " %" PRIu64 " could not be looked at%s.",
			   output->unchecked,
			   output->unchecked > AUDIT_UNCHECKED_TOLD ? "; --json names all"
								    : " (see above)");
	buf_add_byte(&output->out, '\n');
}

void audit_output_end(struct audit_output *output)
{
	bool is_first = true;

	for (int severity = SEVERITY_COUNT - 1; severity >= 0; severity--) {
		for (size_t i = 0; i < output->kept_count; i++) {
			if (output->kept[i].severity != severity)
				continue;
			tell(output, buf_view(&output->kept[i].line), is_first);
			is_first = false;
		}
	}
	if (output->start->is_json)
		tell_summary_json(output);
	else
		tell_summary(output);
	flush(output);
}
