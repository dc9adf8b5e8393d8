#include "programs/watch_authorised.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "detect/authorised.h"
#include "model/endpoint.h"

enum {
	WAIT_S =
		10, /* a busy machine: a list of sockets after 3 s, and a look or two before ours */
	HELD_MAX = 128,
	SESSIONS_MAX = 128,
};

/* "client server", and what its process's finding said of the authorisation. */
struct session {
	char ends[ENDS_TEXT_MAX];
	size_t len;
	struct authorisation by;
};

struct held {
	bool is_used;
	instant due;
	char ends[ENDS_TEXT_MAX];
	size_t len;
	struct buf json;
};

struct waiting {
	struct session sessions[SESSIONS_MAX];
	size_t session_next; /* the oldest */
	struct held held[HELD_MAX];
	struct buf told;
};

int waiting_new(struct waiting **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void waiting_free(struct waiting *waiting)
{
	if (!waiting)
		return;
	for (size_t i = 0; i < HELD_MAX; i++)
		buf_fini(&waiting->held[i].json);
	buf_fini(&waiting->told);
	free(waiting);
}

static struct str ends_of(const struct finding *finding, char text[ENDS_TEXT_MAX])
{
	const struct facts *keys = &finding->subject.keys;
	struct endpoint client, server;

	if (!str_equal(finding->subject.type, STR("flow")) ||
	    !endpoint_parse(facts_text(keys, STR("client")), &client) ||
	    !endpoint_parse(facts_text(keys, STR("server")), &server))
		return (struct str){0};
	return ends_text(&client, &server, text);
}

static const struct session *find(const struct waiting *waiting, struct str ends)
{
	for (size_t i = 0; i < SESSIONS_MAX && ends.len > 0; i++)
		if (str_equal(str_of(waiting->sessions[i].ends, waiting->sessions[i].len), ends))
			return &waiting->sessions[i];
	return NULL;
}

/* -- what is known -- */

static void remember(struct waiting *waiting, struct str ends, const struct authorisation *by)
{
	struct session *session = (struct session *)find(waiting, ends);

	if (ends.len == 0 || ends.len > ENDS_TEXT_MAX)
		return;
	if (!session) {
		session = &waiting->sessions[waiting->session_next];
		waiting->session_next = (waiting->session_next + 1) % SESSIONS_MAX;
	}
	memcpy(session->ends, ends.at, ends.len);
	session->len = ends.len;
	session->by = *by;
}

void waiting_learn(struct waiting *waiting, const struct finding *finding)
{
	static const struct str names[] = {STR("sessions"), STR("sessions_served")};
	struct authorisation by;
	bool is_authorised = authorised_read_told(finding, &by);

	for (size_t n = 0; n < 2; n++) {
		const struct fact *fact = facts_find(&finding->facts, names[n]);
		for (size_t i = 0; fact && i < fact->text_count; i++) {
			struct session *known = (struct session *)find(waiting, fact->texts[i]);
			if (is_authorised)
				remember(waiting, fact->texts[i], &by);
			else if (known)
				known->len = 0;
		}
	}
}

bool waiting_apply(const struct waiting *waiting, instant now, struct arena *arena,
		   struct finding *finding)
{
	char text[ENDS_TEXT_MAX];
	const struct session *session = find(waiting, ends_of(finding, text));

	if (!session || !authorised_holds(&session->by, now) || finding->verdict < VERDICT_SUSPECT)
		return false;
	authorised_tell(&session->by, arena, finding);
	return true;
}

/* -- what waits -- */

bool waiting_hold(struct waiting *waiting, const struct finding *finding, struct str json,
		  instant now)
{
	char text[ENDS_TEXT_MAX];
	struct str ends = ends_of(finding, text);

	if (ends.len == 0 || finding->verdict < VERDICT_SUSPECT || find(waiting, ends))
		return false;
	for (size_t i = 0; i < HELD_MAX; i++) {
		struct held *held = &waiting->held[i];
		if (held->is_used)
			continue;
		buf_clear(&held->json);
		buf_add(&held->json, json);
		if (held->json.failed)
			return false;
		memcpy(held->ends, ends.at, ends.len);
		held->len = ends.len;
		held->due = instant_add(now, DURATION_S(WAIT_S));
		held->is_used = true;
		return true;
	}
	return false;
}

/* The one that has waited longest, so that revisions stay in their order. */
bool waiting_next(struct waiting *waiting, instant now, bool all, struct str *out)
{
	struct held *first = NULL;

	for (size_t i = 0; i < HELD_MAX; i++) {
		struct held *held = &waiting->held[i];
		bool is_over = all || instant_since(now, held->due).ns >= 0 ||
			       find(waiting, str_of(held->ends, held->len));
		if (held->is_used && is_over && (!first || held->due.ns < first->due.ns))
			first = held;
	}
	if (!first)
		return false;
	buf_clear(&waiting->told);
	buf_add(&waiting->told, buf_view(&first->json));
	first->is_used = false;
	*out = buf_view(&waiting->told);
	return !waiting->told.failed;
}
