/*
 * Rules of the user's own that hold for a process's memory. What such a rule is worth nobody knows
 * but who wrote it: it makes a case stronger, and counts as a kind of evidence only where its
 * author says that nothing but a miner has what it looks for.
 */
#include <inttypes.h>

#include "base/buf.h"
#include "detect/host_room.h"

enum { NAME_SHOWN = 80, AUTHOR_SHOWN = 80, FILE_SHOWN = 160, TEXT_SHOWN = 64 };

static struct str reason_of(const struct rule_hit *hit, struct arena *scratch)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_text(&text, "a rule of your own holds for its memory: ");
	buf_add_printable(&text, hit->rule, NAME_SHOWN);
	if (hit->author.len > 0) {
		buf_add_text(&text, " by ");
		buf_add_printable(&text, hit->author, AUTHOR_SHOWN);
	}
	buf_add_text(&text, ", from ");
	buf_add_printable(&text, hit->file, FILE_SHOWN);
	return arena_copy(scratch, buf_view(&text));
}

static struct str quote_of(const struct rule_hit *hit, struct arena *scratch)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_printable(&text, hit->rule, NAME_SHOWN);
	if (hit->string.len > 0) {
		buf_add_text(&text, ": ");
		buf_add_printable(&text, hit->string, NAME_SHOWN);
		buf_printf(&text, " at 0x%" PRIx64 ": ", hit->address);
		buf_add_printable(&text, hit->text, TEXT_SHOWN);
	}
	return arena_copy(scratch, buf_view(&text));
}

/*
 * Who holds a mining session's connection may only pass it on, and whoever sends through it chooses
 * what is in its memory: no second witness beside the session, whatever the author says.
 */
static enum sign_weight weight_of(const struct rule_hit *hit, const struct workload *workload)
{
	return hit->says_mining && workload->session_count == 0 ? SIGN_STRONG : SIGN_SUPPORTS;
}

static void judge(const struct workload *workload, struct arena *scratch, struct signs *out)
{
	for (size_t i = 0; i < workload->rule_hit_count; i++) {
		const struct rule_hit *hit = &workload->rule_hits[i];
		signs_add(out, (struct sign){.family = FAMILY_MEMORY,
					     .weight = weight_of(hit, workload),
					     .strength = hit->says_mining ? 0.7 : 0.3,
					     .detector = "own_rules",
					     .reason = reason_of(hit, scratch),
					     .quote = quote_of(hit, scratch)});
	}
}

const struct host_room own_rules_room = {
	.name = "own_rules",
	.summary = "YARA rules of the user's own that hold for a process's memory",
	.judge = judge,
	.is_asked_last = true,
};
