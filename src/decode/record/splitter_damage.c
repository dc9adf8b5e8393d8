#include "decode/record/splitter_state.h"

#include <string.h>

size_t splitter_before_spaces(const struct record_splitter *s, size_t from, size_t at)
{
	size_t least = at > from + SPACES_MAX ? at - SPACES_MAX : from;

	while (at > least && splitter_is_space(s->pending.at[at - 1]))
		at--;
	return at;
}

bool splitter_steps_back(const struct record_splitter *s, size_t *at, char c)
{
	size_t end = splitter_before_spaces(s, s->start, *at);

	if (end <= s->start || s->pending.at[end - 1] != c)
		return false;
	*at = end - 1;
	return true;
}

struct first_key splitter_key_before(const struct record_splitter *s, size_t end)
{
	struct str text = str_sub(buf_view(&s->pending), s->start, end - s->start);
	struct first_key key = {.len = 0};
	size_t at = 1, close;

	text = str_sub(text, 0, KEY_MAX + SPACES_MAX);
	while (at < text.len && splitter_is_space(text.at[at]))
		at++;
	if (at >= text.len || text.at[0] != '{' || text.at[at] != '"')
		return key;
	for (close = at + 1; close < text.len && text.at[close] != '"'; close++)
		;
	if (close == text.len || close - at >= KEY_MAX)
		return key;
	key.len = close + 1 - at;
	memcpy(key.text, text.at + at, key.len);
	return key;
}

/* Is it the key at `at`? `is_item`, unless not all of it is there yet. */
static enum beginning compare_key(const struct record_splitter *s, const struct first_key *key,
				  size_t at, enum beginning is_item)
{
	struct str text = str_sub(buf_view(&s->pending), at, key->len);

	if (key->len == 0 || memcmp(text.at, key->text, text.len) != 0)
		return BEGINS_NOTHING;
	if (text.len == key->len)
		return is_item;
	return s->is_last ? BEGINS_NOTHING : BEGINS_UNKNOWN;
}

enum beginning splitter_begins_at(const struct record_splitter *s, size_t at)
{
	enum beginning begins = BEGINS_NOTHING;
	size_t back = at, next = at + 1;

	if (at > 0 && s->pending.at[at - 1] == '\n')
		return BEGINS_LINE;
	if (!splitter_steps_back(s, &back, ',') || !splitter_steps_back(s, &back, '}'))
		return BEGINS_NOTHING;
	size_t most = next + SPACES_MAX;
	while (next < s->pending.len && next < most && splitter_is_space(s->pending.at[next]))
		next++;
	if (splitter_place(s) == PLACE_LIST) {
		begins = compare_key(s, &s->first_key, next, BEGINS_ITEM);
		if (begins == BEGINS_NOTHING)
			begins = compare_key(s, &s->damaged_key, next, BEGINS_ITEM);
	}
	return begins != BEGINS_NOTHING ? begins
					: compare_key(s, &s->outer_key, next, BEGINS_OUTER_ITEM);
}

void splitter_begin_anew(struct record_splitter *s, enum beginning begins)
{
	size_t outermost = 0;

	if (begins == BEGINS_LINE)
		s->place_count = 0;
	while (outermost < s->place_count && s->places[outermost] != PLACE_LIST)
		outermost++;
	if (begins == BEGINS_OUTER_ITEM && outermost < s->place_count)
		s->place_count = outermost + 1;
	s->wants_comma = false;
}

/* -- pieces -- */

enum step splitter_hand_out(struct record_splitter *s, size_t end, enum piece_damage damage)
{
	struct str text = str_sub(buf_view(&s->pending), s->start, end - s->start);

	splitter_count_lines_to(s, s->start);
	s->piece = (struct record_piece){.text = damage ? str_trim(text) : text,
					 .offset = s->base + s->start,
					 .line = s->line,
					 .damage = damage};
	return STEP_PIECE;
}

enum step splitter_lose(struct record_splitter *s, size_t seen, enum piece_damage damage)
{
	splitter_count_lines_to(s, s->start);
	s->damaged_key =
		s->is_passed_over ? (struct first_key){.len = 0} : splitter_key_before(s, seen);
	s->lost = (struct record_piece){
		.offset = s->base + s->start, .line = s->line, .damage = damage};
	s->is_dropped = s->is_passed_over;
	s->is_plain = false;
	s->strict_until = s->base + seen + 1;
	s->at = s->is_passed_over ? seen : s->start + 1;
	s->doing = LOST;
	s->carry = (struct structure_carry){0};
	return STEP_ON;
}

static enum step hand_out_lost(struct record_splitter *s, size_t end)
{
	s->piece = s->lost;
	if (!s->is_dropped) {
		s->piece.text = str_trim(str_sub(buf_view(&s->pending), s->start, end - s->start));
		if (s->piece.damage == PIECE_TOO_LARGE)
			s->piece.damage = PIECE_DAMAGED;
	} else if (!s->is_passed_over) {
		s->piece.damage = PIECE_TOO_LARGE;
	}
	s->doing = BETWEEN;
	s->is_dropped = s->is_passed_over = false;
	s->at = end;
	return STEP_PIECE;
}

void splitter_drop_when_too_large(struct record_splitter *s)
{
	if (s->at - s->start > s->record_max)
		s->is_dropped = true;
}

enum step splitter_find_beginning(struct record_splitter *s)
{
	enum beginning found;

	while (s->at < s->pending.len) {
		struct str rest = str_skip(buf_view(&s->pending), s->at);
		ptrdiff_t open = str_find_byte(rest, '{');
		s->at += open < 0 ? rest.len : (size_t)open;
		if (!s->is_dropped)
			splitter_drop_when_too_large(s);
		if (open < 0)
			break;
		found = splitter_begins_at(s, s->at);
		if (found == BEGINS_UNKNOWN)
			return STEP_MORE;
		if (found != BEGINS_NOTHING) {
			splitter_begin_anew(s, found);
			return hand_out_lost(s, s->at);
		}
		s->at++;
	}
	if (!s->is_last)
		return STEP_MORE;
	s->place_count = 0;
	return hand_out_lost(s, s->pending.len);
}
