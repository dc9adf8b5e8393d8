#include "detect/co_movement/finding.h"

#include "detect/flow_actions.h"

enum { TOLD_MAX = 16, TCP = 6 };

/*
 * Replicas answer what they hear, and so speak together as well as they hear together; workers
 * speak when they found something, in messages of a share's size. Figures: README.md.
 */
static const double alone_below = 0.5, message_least = 80;

bool group_is_suspect(const struct moving_group *group)
{
	return group->said < alone_below * group->heard && group->message >= message_least;
}

static const struct flow_session *member(const struct moving_group *group, size_t i)
{
	return group->movements[group->members[i]].session;
}

static struct str text_of(const struct flow_session *session, const char *what,
			  struct arena *scratch)
{
	char text[ENDPOINT_TEXT_MAX];

	switch (what[0]) {
	case 'c':
		return arena_copy(scratch, endpoint_text(&session->local, text));
	case 's':
		return arena_copy(scratch, endpoint_text(&session->remote, text));
	case 'i':
		return flow_origin_text(session->origin,
					what[2] == 't' ? ORIGIN_INTERFACE : ORIGIN_INSTANCE);
	default:
		return flow_origin_text(session->origin, ORIGIN_POD);
	}
}

/* Different texts of the members, the first TOLD_MAX. */
static void add_list(const struct moving_group *group, const char *name, struct arena *scratch,
		     struct facts *facts)
{
	struct str *texts = arena_take(scratch, TOLD_MAX * sizeof(*texts));
	size_t told = 0;

	for (size_t i = 0; texts && i < group->count && told < TOLD_MAX; i++) {
		struct str text = text_of(member(group, i), name, scratch);
		bool is_there = text.len == 0;
		for (size_t k = 0; k < told && !is_there; k++)
			is_there = str_equal(texts[k], text);
		if (!is_there)
			texts[told++] = text;
	}
	if (texts)
		facts_add_texts(facts, name, texts, told);
}

static void add_reasons(const struct moving_group *group, struct arena *scratch,
			struct finding *out)
{
	const struct movement *first = &group->movements[group->members[0]];

	finding_add_reason(
		out, arena_printf(scratch,
				  "%zu hosts hear from outside at the same times, at none that a "
				  "clock gives: correlation %.2f over %u steps of %u s, which "
				  "chance does not give once in 100 such looks",
				  group->hosts, group->heard, group->steps, first->step_s));
	if (group_is_suspect(group))
		finding_add_reason(
			out, arena_printf(scratch,
					  "what they say has no common time (correlation %.2f), as "
					  "of workers that get one job and each find shares alone",
					  group->said));
	else
		finding_add_reason(
			out, arena_printf(scratch,
					  "they say little of their own, or at the same times as "
					  "well (correlation %.2f): as replicas that answer the "
					  "same messages",
					  group->said));
	if (group->servers > 1)
		finding_add_reason(out,
				   arena_printf(scratch,
						"they speak with %zu different servers and still "
						"hear the same: one source behind them, as "
						"behind a CDN",
						group->servers));
	finding_add_reason(
		out, STR("replicas on one message topic move together as well as the workers of a "
			 "pool, or better: find out what these hosts run before anything is "
			 "stopped"));
}

static void fill(const struct moving_group *group, struct arena *scratch, struct finding *out)
{
	static const char *const lists[] = {"clients", "servers", "interfaces", "instances",
					    "pods"};
	const struct flow_session *first = member(group, 0);
	struct facts *keys = &out->subject.keys;

	out->subject.type = STR("group");
	facts_add_text(keys, "interface", flow_origin_text(first->origin, ORIGIN_INTERFACE));
	facts_add_text(keys, "client", text_of(first, "client", scratch));
	facts_add_text(keys, "server", text_of(first, "server", scratch));
	facts_add_text(keys, "protocol", first->protocol == TCP ? STR("tcp") : STR("udp"));
	facts_add_number(&out->facts, "hosts", group->hosts);
	facts_add_number(&out->facts, "connections", group->count);
	facts_add_number(&out->facts, "steps", group->steps);
	facts_add_number(&out->facts, "step_seconds", group->movements[group->members[0]].step_s);
	facts_add_real(&out->facts, "correlation_down", group->heard);
	facts_add_real(&out->facts, "correlation_up", group->said);
	facts_add_real(&out->facts, "message", group->message);
	facts_add_text(&out->facts, "account", flow_origin_text(first->origin, ORIGIN_ACCOUNT));
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		add_list(group, lists[i], scratch, &out->facts);
}

void group_tell(const struct moving_group *group, struct arena *scratch,
		struct record_teller *teller)
{
	bool is_suspect = group_is_suspect(group);
	struct finding finding = {
		.verdict = is_suspect ? VERDICT_SUSPECT : VERDICT_SIGNAL,
		.severity = is_suspect ? SEVERITY_MEDIUM : SEVERITY_LOW,
		.confidence = !is_suspect	   ? 0.2
			      : group->servers > 1 ? 0.5
						   : 0.4,
		.first_seen = {INT64_MAX},
	};

	for (size_t i = 0; i < group->count; i++) {
		instant first = instant_at(member(group, i)->first_s, 0);
		instant last = instant_at(member(group, i)->last_s, 0);
		if (first.ns < finding.first_seen.ns)
			finding.first_seen = first;
		if (last.ns > finding.last_seen.ns)
			finding.last_seen = last;
	}
	finding_add_technique(&finding, STR("T1496.001"));
	finding.title = arena_printf(scratch, "%zu hosts hear the same broadcast from outside",
				     group->hosts);
	fill(group, scratch, &finding);
	add_reasons(group, scratch, &finding);
	flow_actions_add(member(group, 0), scratch, &finding);
	teller->tell(teller, &finding);
}
