#include "detect/hybrid/impact.h"

#include <inttypes.h>
#include <string.h>

static const char *const verbs[DATA_KINDS] = {
	[DATA_READ] = "read",
	[DATA_LIST] = "listed",
	[DATA_COPY] = "copied",
	[DATA_OPEN] = "opened to everybody",
	[DATA_SHARE] = "shared out",
	[DATA_KEYS] = "its keys taken",
	[DATA_PLACES] = "all of them listed",
};

bool impact_counts(const struct suspect *suspect, const struct touch *touch)
{
	return !touch->is_denied &&
	       (!suspect || suspect_acts_from(suspect, touch->network, &touch->address));
}

static void add(struct impact_list *list, struct str text)
{
	if (list->count < IMPACT_MAX)
		list->at[list->count++] = text;
	else
		list->missed++;
}

/* All counted touches of one place as one line: they stand beside each other. */
static size_t tell_place(const struct suspect *suspect, struct touch *const *touches, size_t count,
			 struct arena *scratch, struct impact *out)
{
	struct touch sum = *touches[0];
	bool kinds[DATA_KINDS] = {false};
	size_t end = 0, told = 0;
	CLEANUP(buf_fini) struct buf text = {.limit = 1024};

	memset(sum.objects, 0, sizeof(sum.objects));
	sum.bytes = 0;
	for (; end < count && touches[end]->place_key == sum.place_key; end++) {
		const struct touch *one = touches[end];
		if (!impact_counts(suspect, one))
			continue;
		told++;
		kinds[one->kind] = true;
		sum.bytes += one->bytes;
		for (int i = 0; i < OBJECT_WORDS && one->kind == DATA_READ; i++)
			sum.objects[i] |= one->objects[i];
	}
	if (told == 0)
		return end;
	buf_add_text(&text, sum.place_kind);
	buf_add_text(&text, sum.place[0] ? " " : "s");
	buf_add_printable(&text, str_from(sum.place), PLACE_MAX);
	for (int kind = 0, any = 0; kind < DATA_KINDS; kind++)
		if (kinds[kind])
			buf_printf(&text, "%s%s", any++ ? ", " : ": ", verbs[kind]);
	uint32_t objects = touch_objects(&sum);
	if (objects > 0)
		buf_printf(&text, ", about %u object%s", objects, objects == 1 ? "" : "s");
	if (sum.bytes > 0)
		buf_printf(&text, ", %" PRIu64 " bytes", sum.bytes);
	out->bytes += sum.bytes;
	out->objects += objects;
	add(&out->touched, arena_copy(scratch, buf_view(&text)));
	return end;
}

static void tell_touched(const struct suspect *suspect, struct touch *const *touches, size_t count,
			 struct arena *scratch, struct impact *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct touch *one = touches[i];
		if (!impact_counts(suspect, one))
			continue;
		keep_times(&out->first, &out->last, one->first);
		keep_times(&out->first, &out->last, one->last);
		out->is_open |= one->kind == DATA_OPEN;
		out->is_shared |= one->kind == DATA_SHARE;
		out->is_public |= one->is_public;
		out->has_keys |= one->kind == DATA_KEYS;
	}
	for (size_t at = 0; at < count;)
		at += tell_place(suspect, touches + at, count - at, scratch, out);
}

static bool is_among(const uint64_t *keys, size_t count, uint64_t key)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i] == key)
			return true;
	return false;
}

static struct str moment(struct arena *scratch, instant time)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_instant(&text, time);
	return arena_copy(scratch, buf_view(&text));
}

/* Acts on its data are recorded of somebody before this hand's last act and after its first. */
static void tell_other(const struct place *place, struct arena *scratch, struct impact *out)
{
	struct str name = arena_printable(scratch, str_from(place->name), PLACE_MAX);
	bool is_recorded = place->recorded_first.ns > 0 &&
			   place->recorded_first.ns <= out->last.ns &&
			   place->recorded_last.ns >= out->first.ns;

	if (is_recorded) {
		add(&out->not_touched,
		    arena_printf(scratch, "%s %.*s", place->kind, STR_ARG(name)));
		return;
	}
	struct str from = moment(scratch, out->first), to = moment(scratch, out->last);
	if (place->recorded_first.ns == 0) {
		add(&out->cannot_tell,
		    arena_printf(scratch,
				 "%s %.*s: no act on its data is in the records at all, so "
				 "they are probably not recorded",
				 place->kind, STR_ARG(name)));
		return;
	}
	bool is_before = place->recorded_last.ns < out->first.ns;
	struct str near = moment(scratch, is_before ? place->recorded_last : place->recorded_first);
	add(&out->cannot_tell,
	    arena_printf(scratch,
			 "%s %.*s: no act of anybody on its data from %.*s to %.*s; the %s one was "
			 "recorded at %.*s",
			 place->kind, STR_ARG(name), STR_ARG(from), STR_ARG(to),
			 is_before ? "last" : "first", STR_ARG(near)));
}

static void keep_evidence(const struct suspect *suspect, struct touch *const *touches, size_t count,
			  struct impact *out)
{
	static const enum data_kind order[] = {DATA_OPEN, DATA_SHARE, DATA_KEYS,  DATA_COPY,
					       DATA_READ, DATA_LIST,  DATA_PLACES};

	for (size_t kind = 0; kind < sizeof(order) / sizeof(*order); kind++) {
		const struct touch *first = NULL;
		for (size_t i = 0; i < count; i++) {
			const struct touch *one = touches[i];
			if (one->kind != order[kind] || !impact_counts(suspect, one))
				continue;
			if (!first || one->first.ns < first->first.ns ||
			    (one->first.ns == first->first.ns &&
			     one->evidence.mark < first->evidence.mark))
				first = one;
		}
		if (first && out->evidence_count < 3)
			out->evidence[out->evidence_count++] = first;
	}
}

void impact_of(const struct suspect *suspect, const struct identity *hand,
	       struct touch *const *touches, size_t touch_count, struct place *const *places,
	       size_t place_count, const uint64_t *others, size_t other_count,
	       struct arena *scratch, struct impact *out)
{
	*out = (struct impact){0};
	tell_touched(suspect, touches, touch_count, scratch, out);
	if (out->touched.count == 0)
		return;
	keep_evidence(suspect, touches, touch_count, out);
	for (size_t i = 0; i < place_count; i++) {
		const struct place *place = places[i];
		bool is_elsewhere = place->provider != hand->provider ||
				    (hand->account[0] && place->account[0] &&
				     strcmp(hand->account, place->account) != 0);
		if (is_elsewhere || is_among(others, other_count, place->key[0]))
			continue;
		tell_other(place, scratch, out);
	}
}
