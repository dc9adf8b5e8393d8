/*
 * Any finding or incident told to a person: what reaches the terminal is UTF-8 without control
 * characters but the line ends of our own, and without characters that turn text around.
 */
#include <assert.h>

#include "base/utf8.h"
#include "model/finding_json.h"
#include "model/incident_json.h"
#include "report/finding_text.h"
#include "report/incident_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static bool is_harmless(uint32_t c)
{
	if (c == '\n')
		return true;
	return c >= 0x20 && (c < 0x7f || c > 0x9f) && c != 0x200e && c != 0x200f && c != 0x2028 &&
	       c != 0x2029 && !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

static void check_text(struct buf *told)
{
	struct str rest = buf_view(told);
	uint32_t rune;

	assert(!told->failed);
	for (size_t len; rest.len > 0; rest = str_skip(rest, len)) {
		len = utf8_decode(rest, &rune);
		assert(len > 0 && is_harmless(rune));
	}
	buf_clear(told);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const struct report_style plain = {0}, wrapped = {.columns = 40};
	struct str line = str_of(at, len);
	struct incident incident;
	struct finding finding;
	struct buf told = {0};
	struct arena arena;

	if (arena_init(&arena, 24 * len + 64 * 1024) != 0)
		return 0;
	if (finding_from_json(line, &arena, &finding, NULL) == 0) {
		report_finding_short(&told, &wrapped, &finding);
		check_text(&told);
		report_finding_whole(&told, &plain, &finding);
		report_finding_reasons(&told, &wrapped, &finding, true);
		report_finding_evidence(&told, &wrapped, &finding, false);
		check_text(&told);
	}
	arena_reset(&arena);
	if (incident_from_json(line, &arena, &incident, NULL) == 0) {
		report_incident_short(&told, &wrapped, &incident);
		report_incident_head(&told, &plain, &incident);
		report_incident_story(&told, &wrapped, &incident);
		struct report_steps steps = {0};
		report_steps_add(&told, &plain, &steps, incident.actions, incident.action_count);
		check_text(&told);
	}
	buf_fini(&told);
	arena_fini(&arena);
	return 0;
}
