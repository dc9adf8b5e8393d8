#include "correlate/story.h"

#include <stdlib.h>

enum { NAMED_BEHIND_PROXY = 8 };

static void add_story(struct telling *t, const struct leg *leg, size_t from)
{
	struct incident *out = t->out;

	if (out->story_count < INCIDENT_STORY_MAX && !t->text.failed)
		out->story[out->story_count++] = (struct story_entry){.time = leg->first_seen,
								      .text = telling_said(t, from),
								      .finding = leg_id(leg)};
}

void story_add_origin(struct telling *t, const struct leg *leg)
{
	const size_t from = t->text.len;

	telling_add_host(t, leg);
	if (leg->verdict == VERDICT_MINING && leg->is_flow) {
		buf_add_text(&t->text, " mines at ");
		telling_add_pool(t, leg);
		if (leg->worker.len > 0) {
			buf_add_text(&t->text, " as worker ");
			telling_add_name(t, short_text_view(&leg->worker));
		}
	} else {
		buf_add_text(&t->text, ": ");
		buf_add_printable(&t->text, str_of(leg->title, leg->title_len), LEG_TITLE_MAX);
	}
	add_story(t, leg, from);
}

static void add_miners_behind(struct telling *t, const struct address *proxy)
{
	size_t named = 0, more = 0;

	telling_forget_hosts(t);
	for (uint32_t i = 0; i < t->member_count; i++) {
		const struct leg *leg = telling_leg(t, i);
		if (!leg->is_flow || telling_role(t, i) == LEG_SUSPECT ||
		    !address_equal(&leg->server.address, proxy) || !telling_is_new_host(t, leg))
			continue;
		if (named == NAMED_BEHIND_PROXY) {
			more++;
			continue;
		}
		buf_add_text(&t->text, named++ > 0 ? ", " : "");
		buf_add_address(&t->text, &leg->client.address);
	}
	if (named == 0)
		buf_add_text(&t->text, "others");
	if (more > 0)
		buf_printf(&t->text, " and %zu more", more);
}

static void tell_proxy(struct telling *t, const struct leg *leg, bool is_certain)
{
	size_t from = t->text.len;

	telling_add_host(t, leg);
	buf_add_text(&t->text, is_certain ? " is a mining proxy: it serves "
					  : " is a mining proxy or a forwarder: it serves ");
	add_miners_behind(t, &leg->client.address);
	buf_add_text(&t->text, " and mines upstream at ");
	telling_add_pool(t, leg);
	add_story(t, leg, from);
	if (is_certain)
		return;
	from = t->text.len;
	buf_add_text(&t->text, "Whether ");
	telling_add_host(t, leg);
	buf_add_text(&t->text, " pools the shares of others or only forwards them: they were not "
			       "seen on both sides");
	telling_add_cannot_tell(t, from);
}

static void tell_inner(struct telling *t, const struct leg *leg, const struct leg *inner,
		       enum leg_role role)
{
	const size_t from = t->text.len;

	telling_add_host(t, leg);
	if (role == LEG_FORWARDED && address_equal(&leg->client.address, &inner->client.address)) {
		buf_add_text(&t->text, " sends its own work through a proxy on itself to ");
		telling_add_pool(t, leg);
	} else if (role == LEG_FORWARDED) {
		buf_add_text(&t->text, " only forwards: what it sends to ");
		telling_add_pool(t, leg);
		buf_add_text(&t->text, " is the work of ");
		telling_add_host(t, inner);
	} else {
		buf_add_text(&t->text, " stands for ");
		telling_add_host(t, inner);
		buf_add_text(&t->text, ": the same shares were seen on both sides of an address "
				       "translation");
	}
	add_story(t, leg, from);
}

static void tell_hidden(struct telling *t, const struct leg *leg)
{
	size_t from = t->text.len;

	telling_add_host(t, leg);
	buf_add_text(&t->text, " forwards for others; the miner behind it was not seen");
	add_story(t, leg, from);
	from = t->text.len;
	buf_add_text(&t->text, "Who mines behind ");
	telling_add_host(t, leg);
	buf_add_text(&t->text, ": no flow on its inner side was seen that belongs to this one");
	telling_add_cannot_tell(t, from);
}

static void tell_two_addresses(struct telling *t, const struct leg *leg, const struct leg *other)
{
	const size_t from = t->text.len;

	buf_add_text(&t->text, "Which of ");
	telling_add_host(t, other);
	buf_add_text(&t->text, " and ");
	telling_add_host(t, leg);
	buf_add_text(&t->text, " mines: they send the same shares, so one address stands for the "
			       "other");
	telling_add_cannot_tell(t, from);
}

static void tell_suspect(struct telling *t, const struct leg *leg)
{
	const size_t from = t->text.len;

	telling_add_host(t, leg);
	if (leg->is_flow) {
		buf_add_text(&t->text, " may mine too: it speaks with ");
		telling_add_pool(t, leg);
	} else {
		buf_add_text(&t->text, " may mine too: ");
		buf_add_printable(&t->text, str_of(leg->title, leg->title_len), LEG_TITLE_MAX);
	}
	add_story(t, leg, from);
}

/* "The process that mines as 10.0.0.7:40001, on web1: pid 7, /tmp/x, user 33. Monero mining: x";
 * one that is only suspect may carry what others mine. */
static void tell_process(struct telling *t, const struct leg *leg, const struct leg *inner)
{
	const size_t from = t->text.len;

	buf_add_text(&t->text, leg->serves ? "The process at the pool's end, "
			       : leg->verdict >= VERDICT_MINER
				       ? "The process that mines as "
				       : "The process that has the connection of ");
	if (leg->serves)
		buf_add_endpoint(&t->text, &inner->server);
	else
		buf_add_endpoint(&t->text, &inner->client);
	buf_add_text(&t->text, ", on ");
	telling_add_host(t, leg);
	buf_add_text(&t->text, ": ");
	buf_add_printable(&t->text, str_of(leg->process, leg->process_len), 2 * LEG_PROCESS_MAX);
	buf_add_text(&t->text, ". ");
	buf_add_printable(&t->text, str_of(leg->title, leg->title_len), LEG_TITLE_MAX);
	add_story(t, leg, from);
}

/* What carries a miner's work: each host once. */
static bool is_first_of_host(const struct telling *t, uint32_t member)
{
	for (uint32_t i = 0; i < member && i < STORY_ORIGINS_MAX * 4u; i++)
		if (telling_role(t, i) == telling_role(t, member) &&
		    address_equal(&telling_leg(t, i)->client.address,
				  &telling_leg(t, member)->client.address))
			return false;
	return true;
}

void story_add_relays(struct telling *t)
{
	for (uint32_t i = 0; i < t->member_count && t->out->story_count < INCIDENT_STORY_MAX; i++) {
		const struct leg *leg = telling_leg(t, i);
		const enum leg_role role = telling_role(t, i);
		const uint32_t inner = groups_inner(t->groups, t->members[i]);
		if (role == LEG_ORIGIN || (leg->is_flow && !is_first_of_host(t, i)))
			continue;
		if (role == LEG_PROXY || role == LEG_RELAY)
			tell_proxy(t, leg, role == LEG_PROXY);
		else if (role == LEG_HIDDEN)
			tell_hidden(t, leg);
		else if (role == LEG_SUSPECT)
			tell_suspect(t, leg);
		else if (role == LEG_PROCESS)
			tell_process(t, leg, t->legs[inner]);
		else if (role == LEG_TRANSLATED_ANYWAY && inner != GROUP_NONE &&
			 inner < t->members[i])
			tell_two_addresses(t, leg, t->legs[inner]);
		else if (role != LEG_TRANSLATED_ANYWAY && inner != GROUP_NONE)
			tell_inner(t, leg, t->legs[inner], role);
	}
}

static int story_order(const void *left, const void *right)
{
	const struct story_entry *a = left, *b = right;

	if (a->time.ns != b->time.ns)
		return a->time.ns < b->time.ns ? -1 : 1;
	return a->text.at < b->text.at ? -1 : 1; /* as they were told */
}

void story_sort(struct incident *incident)
{
	qsort(incident->story, incident->story_count, sizeof(*incident->story), story_order);
}
