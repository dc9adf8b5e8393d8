#include "detect/sigma/windows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int event_compare(const struct event *a, const struct event *b)
{
	const uint64_t one[] = {a->position, a->id, a->value},
		       other[] = {b->position, b->id, b->value};

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	for (int i = 0; i < 3; i++)
		if (one[i] != other[i])
			return one[i] < other[i] ? -1 : 1;
	return 0;
}

/* What makes events different for this correlation, numbered from 0; and how often each is there.
 */
struct kinds {
	uint32_t *of_event, *counts;
	uint32_t distinct; /* with a count above 0 */
};

struct ranked {
	uint64_t value;
	uint32_t event;
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *one = a, *other = b;

	return one->value < other->value ? -1 : one->value > other->value;
}

static bool kinds_init(struct kinds *kinds, const struct sigma_correlation *c,
		       const struct event *events, uint32_t count)
{
	struct ranked *ranked = calloc(count, sizeof(*ranked));
	uint32_t kind = 0;

	*kinds =
		(struct kinds){calloc(count, sizeof(uint32_t)), calloc(count, sizeof(uint32_t)), 0};
	if (!ranked || !kinds->of_event || !kinds->counts) {
		free(ranked);
		return false;
	}
	for (uint32_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){c->type == SIGMA_EVENT_COUNT   ? i
					    : c->type == SIGMA_VALUE_COUNT ? events[i].value
									   : events[i].position,
					    i};
	qsort(ranked, count, sizeof(*ranked), by_value);
	for (uint32_t i = 0; i < count; i++) {
		kind += i > 0 && ranked[i].value != ranked[i - 1].value;
		kinds->of_event[ranked[i].event] = kind;
	}
	free(ranked);
	return true;
}

static void kinds_fini(struct kinds *kinds)
{
	free(kinds->of_event);
	free(kinds->counts);
}

static void enter(struct kinds *kinds, uint32_t event)
{
	kinds->distinct += kinds->counts[kinds->of_event[event]]++ == 0;
}

static void leave(struct kinds *kinds, uint32_t event)
{
	kinds->distinct -= --kinds->counts[kinds->of_event[event]] == 0;
}

static bool is_within(const struct sigma_correlation *c, const struct event *from,
		      const struct event *to)
{
	return instant_since((instant){to->time_ns}, (instant){from->time_ns}).ns <= c->timespan.ns;
}

/* Windows as early as they come. */
static uint32_t find_sliding(const struct sigma_correlation *c, const struct event *events,
			     uint32_t count, struct kinds *kinds, struct window *out)
{
	uint32_t found = 0, low = 0;

	for (uint32_t high = 0; high < count; high++) {
		enter(kinds, high);
		while (!is_within(c, &events[low], &events[high]))
			leave(kinds, low++);
		if (kinds->distinct < c->least)
			continue;
		while (high + 1 < count && is_within(c, &events[low], &events[high + 1]))
			enter(kinds, ++high);
		out[found++] = (struct window){low, high, kinds->distinct};
		while (low <= high)
			leave(kinds, low++);
	}
	return found;
}

double event_number(const struct event *event)
{
	double number;

	memcpy(&number, &event->value, sizeof(number));
	return number;
}

static double amount_of(const struct sigma_correlation *c, const struct event *events,
			uint32_t count)
{
	double sum = 0, least = INFINITY, most = -INFINITY;

	for (uint32_t i = 0; i < count; i++) {
		const double number = event_number(&events[i]);
		sum += number;
		least = fmin(least, number);
		most = fmax(most, number);
	}
	switch (c->type) {
	case SIGMA_VALUE_MAX:
		return most;
	case SIGMA_VALUE_MIN:
		return least;
	case SIGMA_VALUE_AVERAGE:
		return sum / count;
	default:
		return sum;
	}
}

/* Windows one after the other, each from its first event on. */
static uint32_t find_apart(const struct sigma_correlation *c, const struct event *events,
			   uint32_t count, instant now, struct kinds *kinds, struct window *out)
{
	uint32_t found = 0;

	for (uint32_t low = 0, high; low < count; low = high + 1) {
		const instant end = instant_add((instant){events[low].time_ns}, c->timespan);
		enter(kinds, high = low);
		while (high + 1 < count && is_within(c, &events[low], &events[high + 1]))
			enter(kinds, ++high);
		const double amount = sigma_correlation_is_of_numbers(c)
					      ? amount_of(c, &events[low], high - low + 1)
					      : kinds->distinct;
		for (uint32_t i = low; i <= high; i++)
			leave(kinds, i);
		if (sigma_correlation_allows(c, amount) && now.ns > end.ns)
			out[found++] = (struct window){low, high, amount};
	}
	return found;
}

/* For each rule the latest start of a chain that got as far as it. */
static uint32_t find_ordered(const struct sigma_correlation *c, const struct event *events,
			     uint32_t count, struct window *out)
{
	uint32_t starts[SIGMA_LINKS_MAX], found = 0;

	memset(starts, 0xff, sizeof(starts));
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t position = events[i].position;
		if (position >= c->rule_count)
			continue;
		starts[position] = position == 0 ? i : starts[position - 1];
		if (position + 1 < c->rule_count || starts[position] == UINT32_MAX ||
		    !is_within(c, &events[starts[position]], &events[i]))
			continue;
		out[found++] = (struct window){starts[position], i, (double)c->rule_count};
		memset(starts, 0xff, sizeof(starts));
	}
	return found;
}

int64_t windows_find(const struct sigma_correlation *c, const struct event *events, uint32_t count,
		     instant now, struct window *out)
{
	struct kinds kinds;
	uint32_t found;

	if (count == 0)
		return 0;
	if (c->type == SIGMA_TEMPORAL_ORDERED)
		return find_ordered(c, events, count, out);
	if (!kinds_init(&kinds, c, events, count)) {
		kinds_fini(&kinds);
		return -ENOMEM;
	}
	found = c->is_early ? find_sliding(c, events, count, &kinds, out)
			    : find_apart(c, events, count, now, &kinds, out);
	kinds_fini(&kinds);
	return found;
}
