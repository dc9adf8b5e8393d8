#include "decode/record/splitter_state.h"

/* A list whose first item begins at `at`: is its key a wrapper's? */
static bool is_list_of_records(const struct record_splitter *s, size_t at)
{
	if (!splitter_steps_back(s, &at, '[') || !splitter_steps_back(s, &at, ':') ||
	    !splitter_steps_back(s, &at, '"'))
		return false;
	size_t end = at;
	while (at > s->start && end - at < KEY_MAX && s->pending.at[at - 1] != '"')
		at--;
	return record_splitter_is_wrapper(str_sub(buf_view(&s->pending), at, end - at));
}

enum event { NOTHING, ENDS, BROKEN, BEGINS_ANEW, WRAPS, WAITS };

static bool is_object(const struct record_splitter *s, uint32_t depth)
{
	return s->kinds[depth / 64] >> (depth % 64) & 1;
}

static void open_bracket(struct record_splitter *s, char c)
{
	if (s->depth < KINDS_MAX) {
		uint64_t bit = UINT64_C(1) << (s->depth % 64);
		s->kinds[s->depth / 64] &= ~bit;
		s->kinds[s->depth / 64] |= c == '{' ? bit : 0;
	}
	s->depth++;
}

/* An object is the value of a key, or an item: behind anything else a bracket is missing. */
static bool may_hold_object(const struct record_splitter *s, size_t at)
{
	size_t end = splitter_before_spaces(s, s->start, at);
	char last = end > s->start ? s->pending.at[end - 1] : ' ';

	if (splitter_is_space(last) || s->depth > KINDS_MAX) /* too far back to be seen */
		return true;
	return is_object(s, s->depth - 1) ? last == ':' : last == ',' || last == '[';
}

/* An object inside of a record: or does a record begin here, and the one before had no end? */
static enum event look_at_object(const struct record_splitter *s, size_t at)
{
	bool is_strict = s->base + at < s->strict_until;
	enum beginning begins =
		is_strict || s->is_passed_over ? splitter_begins_at(s, at) : BEGINS_NOTHING;

	if (begins == BEGINS_UNKNOWN)
		return WAITS;
	/* what is passed over holds no records, or damage made a member of them */
	if (begins == BEGINS_OUTER_ITEM || (is_strict && begins != BEGINS_NOTHING))
		return BEGINS_ANEW;
	if (!may_hold_object(s, at))
		return BROKEN;
	if (s->depth == 2 && !s->is_passed_over && !is_object(s, 1) &&
	    s->place_count + 2 <= PLACES_MAX && is_list_of_records(s, at))
		return WRAPS;
	return NOTHING;
}

static enum event take_bracket(struct record_splitter *s, size_t at)
{
	char c = s->pending.at[at];

	if (c == '{' && s->depth > 0) {
		enum event event = look_at_object(s, at);
		if (event != NOTHING)
			return event;
	}
	if (c == '{' || c == '[') {
		open_bracket(s, c);
		return NOTHING;
	}
	s->depth--;
	if (s->depth < KINDS_MAX && is_object(s, s->depth) != (c == '}'))
		return BROKEN;
	return s->depth == 0 ? ENDS : NOTHING;
}

static enum step end_record(struct record_splitter *s)
{
	bool is_top = splitter_place(s) == PLACE_TOP;

	if (is_top)
		s->is_plain =
			str_find_byte(str_sub(buf_view(&s->pending), s->start, s->at - s->start),
				      '\n') < 0;
	if (is_top ? s->is_plain : s->first_key.len == 0)
		s->first_key = splitter_key_before(s, s->at);
	if (!is_top && s->outer_key.len == 0)
		s->outer_key = s->first_key;
	return splitter_hand_out(s, s->at, PIECE_WHOLE);
}

static enum step take_event(struct record_splitter *s, enum event event, size_t at)
{
	s->carry = (struct structure_carry){0};
	s->at = at;
	switch (event) {
	case ENDS:
		s->at = at + 1;
		s->doing = BETWEEN;
		s->wants_comma = true;
		if (!s->is_passed_over)
			return end_record(s);
		s->is_passed_over = false;
		return STEP_ON;
	case BROKEN:
		return splitter_lose(s, at, PIECE_DAMAGED);
	case BEGINS_ANEW:
		s->doing = BETWEEN;
		splitter_begin_anew(s, splitter_begins_at(s, at));
		if (s->is_passed_over) /* its text is not kept */
			s->start = at;
		s->is_passed_over = false;
		return splitter_hand_out(s, at, PIECE_DAMAGED);
	case WRAPS:
		s->doing = BETWEEN;
		s->in_key = false;
		s->places[s->place_count++] = PLACE_MEMBERS;
		splitter_begin_list(s, s->start);
		return STEP_ON;
	default: /* WAITS */
		return STEP_MORE;
	}
}

enum step splitter_read_record(struct record_splitter *s)
{
	struct structure found;

	while (s->at < s->pending.len) {
		size_t len = s->pending.len - s->at, room = s->start + s->record_max - s->at;
		if (!s->is_passed_over && room < len)
			len = room;
		if (len == 0)
			return splitter_lose(s, s->at, PIECE_TOO_LARGE);
		structure_read(&s->carry, str_sub(buf_view(&s->pending), s->at, len), &found);
		uint64_t events = found.brackets | found.broken;
		for (; events; events &= events - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(events);
			size_t at = s->at + bit;
			enum event event = found.broken >> bit & 1 ? BROKEN : take_bracket(s, at);
			if (event != NOTHING)
				return take_event(s, event, at);
		}
		s->at += found.len;
	}
	return s->is_last ? splitter_lose(s, s->at, PIECE_CUT) : STEP_MORE;
}
