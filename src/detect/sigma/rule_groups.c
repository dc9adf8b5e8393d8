#include "detect/sigma/rule_groups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"
#include "detect/sigma/hits.h"
#include "detect/sigma/witness.h"
#include "model/record_excerpt.h"
#include "model/secret.h"

enum { GROUP_EVENTS_LEAST = 1024, GROUP_EVENTS_MOST = 65536, LEVELS_MAX = 9, SHOWN_MAX = 120 };

struct group_key {
	uint64_t name[2]; /* two hashes */
	uint32_t correlation, unused;
};

struct group {
	struct group_key key;
	struct event *events;
	uint32_t count, cap;
	uint16_t name_len;
	bool is_sorted;
	bool amounts; /* to something: it is forgotten later. Its class follows when it is found */
	/* of what was forgotten: */
	uint64_t earlier;    /* windows */
	int64_t earliest_ns; /* of the first of them */
	char name[GROUP_NAME_MAX];
};

/* An event for a correlation of correlations. */
struct derived {
	uint32_t correlation;
	struct event event;
	uint16_t name_len;
	char name[GROUP_NAME_MAX];
};

struct rule_groups {
	const struct sigma_rules *rules;
	struct table *groups;
	uint64_t seed;
	uint32_t events, events_most;
	uint64_t forgotten;
	uint8_t *levels; /* by rule: 0 for no correlation, 1 for one of single rules ... */
	/* of the report under way */
	instant now;
	struct arena *scratch;
	struct record_teller *teller;
	unsigned level;
	struct derived *derived;
	size_t derived_count, derived_cap;
};

static void drop_group(void *context, void *entry)
{
	struct rule_groups *c = context;
	struct group *group = entry;

	c->events -= group->count;
	free(group->events);
	group->events = NULL;
	group->count = group->cap = 0;
}

/* Links only lead to rules that were there, and in no circle (sigma_rules_join). */
static bool find_levels(struct rule_groups *c)
{
	const size_t count = c->rules->count;

	c->levels = calloc(count + 1, sizeof(*c->levels));
	for (int round = 0; c->levels && round < LEVELS_MAX; round++)
		for (size_t i = 0; i < count; i++) {
			const struct sigma_correlation *at = c->rules->at[i].correlation;
			for (size_t l = 0; at && l < at->rule_count; l++)
				if (c->levels[i] <= c->levels[at->rules[l]])
					c->levels[i] = (uint8_t)(c->levels[at->rules[l]] + 1);
		}
	return c->levels != NULL;
}

int rule_groups_new(const struct sigma_rules *rules, uint32_t groups, uint32_t events,
		    uint64_t seed, struct rule_groups **out)
{
	struct rule_groups *c = calloc(1, sizeof(*c));
	const struct table_settings settings = {
		.capacity = groups,
		.entry_size = sizeof(struct group),
		.key_size = sizeof(struct group_key),
		.seed = seed,
		.class_share = {1, 0.5, 0.5},
		.on_drop = drop_group,
		.context = c,
	};

	if (!c)
		return -ENOMEM;
	c->rules = rules;
	c->seed = seed;
	c->events_most = events;
	if (!find_levels(c) || table_new(&settings, &c->groups) < 0) {
		rule_groups_free(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void rule_groups_free(struct rule_groups *c)
{
	if (!c)
		return;
	table_free(c->groups);
	free(c->levels);
	free(c->derived);
	free(c);
}

/* -- events -- */

static const struct sigma_correlation *correlation_of(const struct rule_groups *c,
						      const struct group *group)
{
	return c->rules->at[group->key.correlation].correlation;
}

static struct group *find_group(struct rule_groups *c, uint32_t correlation, struct str name,
				instant now)
{
	const struct group_key key = {
		{hash_bytes(name.at, name.len, c->seed), hash_bytes(name.at, name.len, ~c->seed)},
		correlation,
		0};
	const uint64_t hash = table_hash(c->groups, &key);
	struct group *group = table_find(c->groups, &key, hash);

	if (group) {
		table_touch(c->groups, group, now);
		if (group->amounts)
			table_set_class(c->groups, group, 1);
		return group;
	}
	group = table_insert(c->groups, &key, hash, now);
	name = str_sub(name, 0, GROUP_NAME_MAX);
	group->name_len = (uint16_t)name.len;
	if (name.len > 0)
		memcpy(group->name, name.at, name.len);
	return group;
}

static int by_time(const void *a, const void *b)
{
	return event_compare(a, b);
}

/* In order of time, each once. */
static void sort_events(struct rule_groups *c, struct group *group)
{
	uint32_t kept = 0;

	if (group->is_sorted || group->count == 0)
		return;
	qsort(group->events, group->count, sizeof(*group->events), by_time);
	for (uint32_t i = 0; i < group->count; i++)
		if (kept == 0 || event_compare(&group->events[kept - 1], &group->events[i]) != 0)
			group->events[kept++] = group->events[i];
	c->events -= group->count - kept;
	group->count = kept;
	group->is_sorted = true;
}

/* Its older half goes; what it amounted to stays as a number. */
static void forget_half(struct rule_groups *c, struct group *group)
{
	const uint32_t half = group->count / 2;
	struct window *windows = calloc(half + 1, sizeof(*windows));
	int64_t found = windows ? windows_find(correlation_of(c, group), group->events, half,
					       (instant){INT64_MAX}, windows)
				: 0;

	if (found > 0 && group->earlier == 0)
		group->earliest_ns = group->events[windows[0].first].time_ns;
	group->earlier += found > 0 ? (uint64_t)found : 0;
	free(windows);
	memmove(group->events, group->events + half, (group->count - half) * sizeof(struct event));
	group->count -= half;
	c->events -= half;
	c->forgotten += half;
}

static bool make_room(struct rule_groups *c, struct group *group)
{
	const uint64_t wanted = 4 * correlation_of(c, group)->least;
	const uint32_t most = wanted < GROUP_EVENTS_LEAST  ? GROUP_EVENTS_LEAST
			      : wanted > GROUP_EVENTS_MOST ? GROUP_EVENTS_MOST
							   : (uint32_t)wanted;

	if (group->count >= most)
		sort_events(c, group);
	if (group->count >= most)
		forget_half(c, group);
	if (group->count < group->cap)
		return true;
	const uint32_t cap = group->cap ? group->cap * 2 : 4;
	struct event *events = realloc(group->events, cap * sizeof(*events));
	if (!events)
		return false;
	group->events = events;
	group->cap = cap;
	return true;
}

static void add_event(struct rule_groups *c, uint32_t correlation, struct str name,
		      const struct event *event)
{
	const instant at = {event->time_ns};

	for (int i = 0; i < 64 && c->events >= c->events_most && table_evict(c->groups); i++)
		c->forgotten++;
	struct group *group = find_group(c, correlation, name, at);
	if (!make_room(c, group)) {
		c->forgotten++;
		return;
	}
	group->events[group->count++] = *event;
	group->is_sorted = false;
	c->events++;
}

static uint8_t keep(struct str text, char *out, size_t cap)
{
	const size_t len = text.len < cap ? text.len : cap;

	if (len > 0)
		memcpy(out, text.at, len);
	return (uint8_t)len;
}

/* Which rule it was matters where rules are told apart; else a record counts once for all. */
static uint32_t position_of(const struct sigma_correlation *at, uint32_t position)
{
	return at->type == SIGMA_TEMPORAL || at->type == SIGMA_TEMPORAL_ORDERED ? position : 0;
}

void rule_groups_add(struct rule_groups *c, const struct rule_hit *hit, uint64_t value,
		     const struct record *record)
{
	CLEANUP(buf_fini) struct buf quote = {0};
	const struct sigma_correlation *at = c->rules->at[hit->correlation].correlation;
	struct event event = {.time_ns = record->time.ns, .value = value, .offset = record->offset};
	struct whose whose;

	/* a record without an id is known by its place */
	event.id = record->id.len > 0 ? hash_bytes(record->id.at, record->id.len, c->seed)
				      : hash_bytes(record->source.at, record->source.len,
						   c->seed + record->offset);
	if (sigma_correlation_is_of_numbers(at)) /* 5 twice in one record is 10 */
		event.id += UINT64_C(0x9e3779b97f4a7c15) * hit->index;
	event.position = position_of(at, hit->position);
	whose_read(record, &whose);
	if (whose.kind == WHOSE_IDENTITY)
		event.who_len = keep(whose_name(&whose), event.who, sizeof(event.who));
	event.source_len = keep(record->source, event.source, sizeof(event.source));
	record_excerpt(record, &quote);
	event.quote_len = keep(buf_view(&quote), event.quote, sizeof(event.quote));
	add_event(c, hit->correlation, hit->group, &event);
}

/* -- correlations of correlations -- */

/* The part of the group's name that is the value of this field; false: it is not grouped by it. */
static bool part_of(const struct sigma_correlation *at, struct str name, struct str field,
		    struct str *out)
{
	struct str rest = name;

	for (size_t i = 0; i < at->group_count; i++) {
		(void)str_cut(rest, GROUP_SEPARATOR, out, &rest);
		if (str_equal(at->group_by[i], field))
			return true;
	}
	return false;
}

/* The group above that a group's event belongs to; false: it lacks a field. */
static bool name_above(const struct sigma_correlation *above, const struct sigma_rule *below,
		       const struct group *group, struct derived *out)
{
	CLEANUP(buf_fini) struct buf name = {0};
	struct str part;

	for (size_t i = 0; i < above->group_count; i++) {
		if (!part_of(below->correlation, str_of(group->name, group->name_len),
			     sigma_alias_of(above, above->group_by[i], below), &part))
			return false;
		if (i > 0)
			buf_add_byte(&name, GROUP_SEPARATOR);
		buf_add(&name, part);
	}
	out->name_len = (uint16_t)(name.len < GROUP_NAME_MAX ? name.len : GROUP_NAME_MAX);
	if (out->name_len > 0)
		memcpy(out->name, name.at, out->name_len);
	return !name.failed;
}

static struct derived *new_derived(struct rule_groups *c)
{
	if (c->derived_count == c->derived_cap) {
		const size_t cap = c->derived_cap ? c->derived_cap * 2 : 16;
		struct derived *derived = cap <= c->events_most + 16u
						  ? realloc(c->derived, cap * sizeof(*derived))
						  : NULL;
		if (!derived)
			return NULL;
		c->derived = derived;
		c->derived_cap = cap;
	}
	return &c->derived[c->derived_count];
}

static void derive_for(struct rule_groups *c, uint32_t above, size_t link,
		       const struct group *group, const struct window *window)
{
	const struct sigma_correlation *at = c->rules->at[above].correlation;
	const struct sigma_rule *below = &c->rules->at[group->key.correlation];
	const struct event *last = &group->events[window->last];
	struct derived *out = new_derived(c);

	if (!out) {
		c->forgotten++;
		return;
	}
	*out = (struct derived){.correlation = above, .event = *last};
	if (!name_above(at, below, group, out))
		return;
	out->event.is_derived = true;
	out->event.position = position_of(at, (uint32_t)link);
	out->event.id = hash_bytes(&group->key, sizeof(group->key), (uint64_t)last->time_ns);
	out->event.value = group->key.name[0];
	c->derived_count++;
}

static void derive(struct rule_groups *c, const struct group *group, const struct window *window)
{
	for (uint32_t above = 0; above < c->rules->count; above++) {
		const struct sigma_correlation *at = c->rules->at[above].correlation;
		for (size_t l = 0; at && l < at->rule_count; l++)
			if (at->rules[l] == group->key.correlation)
				derive_for(c, above, l, group, window);
	}
}

static void forget_derived(void *context, void *entry)
{
	struct rule_groups *c = context;
	struct group *group = entry;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < group->count; i++)
		if (!group->events[i].is_derived)
			group->events[kept++] = group->events[i];
	c->events -= group->count - kept;
	group->count = kept;
}

/* -- telling -- */

/* A rule may group by what nobody shall read: a password that is tried on many accounts. */
static bool may_be_secret(const struct sigma_correlation *at, struct str name)
{
	size_t stands_for = 0;
	bool is = false;

	for (size_t i = 0; i < at->alias_count; i++) {
		if (!str_equal(at->aliases[i].name, name))
			continue;
		stands_for++;
		is |= secret_may_lie_in(at->aliases[i].field);
	}
	/* of rules that the alias says nothing about it is the field itself */
	return is || (stands_for < at->rule_count && secret_may_lie_in(name));
}

static void tell_group_name(const struct rule_groups *c, const struct group *group, struct buf *out)
{
	const struct sigma_correlation *at = correlation_of(c, group);
	struct str rest = str_of(group->name, group->name_len), part;

	for (size_t i = 0; i < at->group_count; i++) {
		(void)str_cut(rest, GROUP_SEPARATOR, &part, &rest);
		buf_printf(out, "%s%.*s=", i ? ", " : "", STR_ARG(at->group_by[i]));
		if (may_be_secret(at, at->group_by[i]))
			secret_add(out, "hidden", part, c->seed);
		else
			buf_add_printable(out, part, SHOWN_MAX);
	}
	if (at->group_count == 0)
		buf_add_text(out, "all records");
}

static void add_evidence(struct finding *finding, const struct event *event)
{
	finding_add_evidence(finding, (struct evidence){
					      .source = str_of(event->source, event->source_len),
					      .offset = event->offset,
					      .has_offset = true,
					      .time = {event->time_ns},
					      .quote = str_of(event->quote, event->quote_len),
				      });
}

/* The first events of the window, and its last one. */
static void quote_window(const struct group *group, const struct window *window,
			 struct finding *finding)
{
	const uint32_t most = FINDING_EVIDENCE_MAX - 1;

	for (uint32_t i = window->first; i < window->last && i - window->first < most; i++)
		add_evidence(finding, &group->events[i]);
	add_evidence(finding, &group->events[window->last]);
}

static void tell_identities(const struct group *group, const struct window *window,
			    struct finding *finding, struct str names[FINDING_EVIDENCE_MAX])
{
	size_t count = 0;

	for (uint32_t i = window->first; i <= window->last && count < FINDING_EVIDENCE_MAX; i++) {
		const struct str who = str_of(group->events[i].who, group->events[i].who_len);
		bool is_new = who.len > 0;
		for (size_t k = 0; k < count; k++)
			is_new = is_new && !str_equal(names[k], who);
		if (is_new)
			names[count++] = who;
	}
	facts_add_texts(&finding->facts, "identities", names, count);
}

static struct str say_amount(const struct rule_groups *c, const struct sigma_correlation *at,
			     const struct window *window)
{
	static const char *const numbers[] = {"sum", "greatest", "least", "average"};
	CLEANUP(buf_fini) struct buf span = {0};

	buf_add_duration(&span, at->timespan);
	if (at->type == SIGMA_EVENT_COUNT)
		return arena_printf(c->scratch, "%.0f such records within %.*s", window->amount,
				    STR_ARG(buf_view(&span)));
	if (at->type == SIGMA_VALUE_COUNT)
		return arena_printf(c->scratch, "%.0f different values of %.*s within %.*s",
				    window->amount, STR_ARG(at->fields[0]),
				    STR_ARG(buf_view(&span)));
	if (sigma_correlation_is_of_numbers(at))
		return arena_printf(c->scratch, "the %s of %.*s within %.*s is %.15g",
				    numbers[at->type - SIGMA_VALUE_SUM], STR_ARG(at->fields[0]),
				    STR_ARG(buf_view(&span)), window->amount);
	return arena_printf(c->scratch, "%.0f of %zu kinds of record within %.*s%s", window->amount,
			    at->rule_count, STR_ARG(buf_view(&span)),
			    at->type == SIGMA_TEMPORAL_ORDERED ? ", in the order of the rule" : "");
}

static void tell_rules(const struct rule_groups *c, const struct sigma_correlation *at,
		       struct finding *finding)
{
	for (size_t i = 0; i < at->rule_count && i < 6; i++)
		finding_add_reason(
			finding, arena_printf(c->scratch, "built on the rule: %.*s",
					      STR_ARG(arena_printable(
						      c->scratch, c->rules->at[at->rules[i]].title,
						      SHOWN_MAX))));
}

static void tell_windows(struct rule_groups *c, const struct group *group,
			 const struct window *windows, uint64_t count)
{
	CLEANUP(buf_fini) struct buf name = {0};
	const struct sigma_rule *rule = &c->rules->at[group->key.correlation];
	const struct window *first = &windows[0], *last = &windows[count - 1];
	struct finding finding = {0};
	struct str names[FINDING_EVIDENCE_MAX];

	rule_tell(rule, c->scratch, &finding);
	tell_group_name(c, group, &name);
	finding.title = arena_printf(c->scratch, "%.*s: %.*s", STR_ARG(finding.title),
				     STR_ARG(buf_view(&name)));
	finding.subject.type = STR("group");
	facts_add_text(&finding.subject.keys, "group", arena_copy(c->scratch, buf_view(&name)));
	finding.first_seen.ns =
		group->earlier ? group->earliest_ns : group->events[first->first].time_ns;
	finding.last_seen.ns = group->events[last->last].time_ns;
	finding_add_reason(&finding, say_amount(c, rule->correlation, first));
	tell_rules(c, rule->correlation, &finding);
	rule_tell_doubts(rule, c->scratch, &finding);
	quote_window(group, first, &finding);
	tell_identities(group, first, &finding, names);
	if (sigma_correlation_is_of_numbers(rule->correlation))
		facts_add_real(&finding.facts, "amount", first->amount);
	else
		facts_add_number(&finding.facts, "amount", (uint64_t)first->amount);
	facts_add_number(&finding.facts, "windows", count + group->earlier);
	c->teller->tell(c->teller, &finding);
	arena_reset(c->scratch);
}

static void judge_group(void *context, void *entry)
{
	struct rule_groups *c = context;
	struct group *group = entry;

	if (c->levels[group->key.correlation] != c->level || group->count == 0)
		return;
	sort_events(c, group);
	struct window *windows = calloc(group->count, sizeof(*windows));
	int64_t found = windows ? windows_find(correlation_of(c, group), group->events,
					       group->count, c->now, windows)
				: -ENOMEM;
	for (int64_t i = 0; i < found; i++)
		derive(c, group, &windows[i]);
	if (found == 0 && group->earlier > 0) /* it did, before its older events were forgotten */
		windows[found++] = (struct window){0, group->count - 1,
						   (double)correlation_of(c, group)->least};
	group->amounts |= found > 0;
	if (found > 0 && !c->rules->at[group->key.correlation].is_silent)
		tell_windows(c, group, windows, (uint64_t)found);
	free(windows);
}

void rule_groups_report(struct rule_groups *c, instant now, struct arena *scratch,
			struct record_teller *teller)
{
	c->now = now;
	c->scratch = scratch;
	c->teller = teller;
	table_each(c->groups, forget_derived, c);
	for (c->level = 1; c->level <= LEVELS_MAX; c->level++) {
		c->derived_count = 0;
		table_each(c->groups, judge_group, c);
		for (size_t i = 0; i < c->derived_count; i++)
			add_event(c, c->derived[i].correlation,
				  str_of(c->derived[i].name, c->derived[i].name_len),
				  &c->derived[i].event);
	}
}

uint64_t rule_groups_forgotten(const struct rule_groups *c)
{
	return c->forgotten + table_counters(c->groups).evicted;
}
