/*
 * What the wire proved of one of this process's own connections. Signs come from sessions alone
 * that the pool acknowledged (verdict `mining` of the network's finding): half a conversation can
 * be forged by a neighbour, and such a one is not joined to a process.
 */
#include "base/buf.h"
#include "detect/host_room.h"

static struct str ends_of(const struct workload_session *session, struct arena *scratch)
{
	char local[ENDPOINT_TEXT_MAX], remote[ENDPOINT_TEXT_MAX];

	endpoint_text(&session->local, local);
	endpoint_text(&session->remote, remote);
	return arena_printf(scratch, "%s to %s", local, remote);
}

static void judge_session(const struct workload_session *session, struct arena *scratch,
			  struct signs *out)
{
	CLEANUP(buf_fini) struct buf title = {0};
	struct str ends = ends_of(session, scratch);
	struct str reason;

	if (session->serves)
		reason =
			arena_printf(scratch, "it is the pool's end of a mining session, from %.*s",
				     STR_ARG(ends));
	else
		reason = arena_printf(scratch, "%s connection from %.*s carries a mining session",
				      session->is_parents ? "its parent's" : "its own",
				      STR_ARG(ends));
	buf_add_printable(&title, session->title, 200);
	signs_add(out, (struct sign){.family = FAMILY_NETWORK,
				     .weight = session->serves ? SIGN_LOOKS_ALIKE : SIGN_SPECIFIC,
				     .strength = session->confidence,
				     .detector = "own_session",
				     .reason = reason,
				     .quote = arena_copy(scratch, buf_view(&title))});
}

static void judge(const struct workload *workload, struct arena *scratch, struct signs *out)
{
	for (size_t i = 0; i < workload->session_count; i++)
		judge_session(&workload->sessions[i], scratch, out);
}

const struct host_room own_session_room = {
	.name = "own_session",
	.summary = "Mining sessions on a process's own connections",
	.judge = judge,
};
