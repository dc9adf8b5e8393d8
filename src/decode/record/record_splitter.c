#include "decode/record/record_splitter.h"

#include <errno.h>
#include <stdlib.h>

#include "decode/record/splitter_state.h"

bool record_splitter_is_wrapper(struct str key)
{
	static const struct str keys[] = {
		{"Records", 7}, {"records", 7},	  {"items", 5},	  {"value", 5},
		{"Events", 6},	{"logEvents", 9}, {"entries", 7}, {"Findings", 8},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (str_equal(key, keys[i]))
			return true;
	return false;
}

int record_splitter_new(size_t record_max, struct record_splitter **out)
{
	struct record_splitter *splitter = calloc(1, sizeof(*splitter));

	if (!splitter)
		return -ENOMEM;
	splitter->record_max = record_max ? record_max : RECORD_SIZE_DEFAULT;
	splitter->line = 1;
	*out = splitter;
	return 0;
}

void record_splitter_free(struct record_splitter *splitter)
{
	if (!splitter)
		return;
	buf_fini(&splitter->pending);
	free(splitter);
}

void record_splitter_reset(struct record_splitter *splitter)
{
	struct buf pending = splitter->pending;
	size_t record_max = splitter->record_max;

	buf_clear(&pending);
	*splitter =
		(struct record_splitter){.pending = pending, .record_max = record_max, .line = 1};
}

static bool is_in_list(const struct record_splitter *s)
{
	for (size_t i = 0; i < s->place_count; i++)
		if (s->places[i] == PLACE_LIST)
			return true;
	return false;
}

bool splitter_begin_list(struct record_splitter *s, size_t from)
{
	if (s->place_count == PLACES_MAX)
		return false;
	/* behind something else in a line it may be the inside of a damaged record */
	if (from > 0 && s->pending.at[from - 1] == '\n' && !is_in_list(s))
		s->outer_key.len = 0;
	s->places[s->place_count++] = PLACE_LIST;
	s->wants_comma = s->is_plain = false;
	s->first_key.len = s->damaged_key.len = 0;
	return true;
}

void splitter_count_lines_to(struct record_splitter *s, size_t at)
{
	if (at <= s->counted)
		return;
	s->line +=
		structure_count_lines(str_sub(buf_view(&s->pending), s->counted, at - s->counted));
	s->counted = at;
}

/* The first byte that is still needed. */
static size_t needed_from(const struct record_splitter *s)
{
	bool has_text = s->doing == IN_PLAIN || (s->doing == IN_RECORD && !s->is_passed_over) ||
			((s->doing == IN_LINE || s->doing == LOST) && !s->is_dropped);
	size_t from = has_text ? s->start : s->at;

	return from > LOOK_BACK ? from - LOOK_BACK : 0;
}

static void drop_to(struct record_splitter *s, size_t from)
{
	if (from == 0)
		return;
	splitter_count_lines_to(s, from);
	buf_consume(&s->pending, from);
	s->base += from;
	s->at -= from;
	s->counted -= from;
	s->start = s->start > from ? s->start - from : 0;
}

void record_splitter_feed(struct record_splitter *s, struct str bytes)
{
	drop_to(s, needed_from(s));
	buf_add(&s->pending, bytes);
	if (s->pending.failed) { /* out of memory: these bytes are lost, the next line is not */
		buf_clear(&s->pending);
		s->base += s->at + bytes.len;
		s->at = s->start = s->counted = 0;
		s->lost = (struct record_piece){
			.offset = s->base, .line = s->line, .damage = PIECE_TOO_LARGE};
		s->doing = LOST;
		s->is_dropped = true;
	}
}

void record_splitter_end(struct record_splitter *s)
{
	s->is_last = true;
}

/* -- a line of text -- */

static enum step read_line(struct record_splitter *s)
{
	struct str rest = str_skip(buf_view(&s->pending), s->at);
	ptrdiff_t found = str_find_byte(rest, '\n');
	size_t end = s->at + (found < 0 ? rest.len : (size_t)found);

	s->at = end;
	if (!s->is_dropped)
		splitter_drop_when_too_large(s);
	if (found < 0 && !s->is_last)
		return STEP_MORE;
	s->doing = BETWEEN;
	if (s->is_dropped) {
		s->is_dropped = false;
		s->piece = s->lost;
		return STEP_PIECE;
	}
	while (end > s->start && s->pending.at[end - 1] == '\r')
		end--;
	splitter_hand_out(s, end, PIECE_WHOLE);
	s->piece.is_line = true;
	return STEP_PIECE;
}

static enum step begin_line(struct record_splitter *s)
{
	splitter_count_lines_to(s, s->at);
	s->start = s->at;
	s->lost = (struct record_piece){.offset = s->base + s->at,
					.line = s->line,
					.damage = PIECE_TOO_LARGE,
					.is_line = true};
	s->doing = IN_LINE;
	return STEP_ON;
}

/* -- a record that is a line, as the one before it -- */

static bool begins_as_before(const struct record_splitter *s, struct str line)
{
	return s->first_key.len > 0 &&
	       str_starts(str_skip(line, 1), str_of(s->first_key.text, s->first_key.len));
}

/*
 * What is damaged in such a line is for who reads it to find: it ends where the line does. One that
 * does not look like the one before is read as any other record.
 */
static enum step read_plain(struct record_splitter *s)
{
	struct str rest = str_skip(buf_view(&s->pending), s->at);
	ptrdiff_t found = str_find_byte(rest, '\n');
	size_t end = s->at + (found < 0 ? rest.len : (size_t)found);
	bool is_too_long = end - s->start > s->record_max;

	s->at = end;
	if (found < 0 && !s->is_last && !is_too_long)
		return STEP_MORE;
	struct str line = str_sub(buf_view(&s->pending), s->start, end - s->start);
	while (line.len > 0 && splitter_is_space(line.at[line.len - 1]))
		line.len--;
	s->is_plain = !is_too_long && line.at[line.len - 1] == '}' && begins_as_before(s, line);
	if (!s->is_plain) {
		s->at = s->start;
		s->doing = IN_RECORD;
		return STEP_ON;
	}
	splitter_hand_out(s, s->start + line.len, PIECE_WHOLE);
	s->counted = end; /* there is no line end in a line */
	s->doing = BETWEEN;
	return STEP_PIECE;
}

/* -- between records -- */

static enum step begin_record(struct record_splitter *s, bool is_passed_over)
{
	s->start = s->at;
	s->depth = 0;
	s->carry = (struct structure_carry){0};
	s->is_passed_over = is_passed_over;
	s->doing = IN_RECORD;
	return STEP_ON;
}

static bool begins_line(const struct record_splitter *s)
{
	return s->at > 0 && s->pending.at[s->at - 1] == '\n';
}

static void end_place(struct record_splitter *s)
{
	s->place_count--;
	s->wants_comma = true;
	s->in_key = false;
	s->key_len = 0;
}

/* STEP_MORE: nothing begins with this byte. */
static enum step take_at_top(struct record_splitter *s, char c)
{
	if (c == '{') {
		begin_record(s, false);
		if (s->is_plain && begins_line(s))
			s->doing = IN_PLAIN;
		return STEP_ON;
	}
	if (c == '[' && splitter_begin_list(s, s->at))
		return STEP_MORE;
	/* what damage left over, and a byte-order mark */
	if (c == ']' || c == '}' || c == ',' || c == '\xef' || c == '\xbb' || c == '\xbf')
		return STEP_MORE;
	if (s->outer_key.len == 0 || begins_line(s))
		return begin_line(s);
	/* the inside of a record, after a bracket too many */
	s->start = s->at;
	return splitter_lose(s, s->at, PIECE_DAMAGED);
}

static enum step take_in_list(struct record_splitter *s, char c)
{
	if (c == ',') {
		s->wants_comma = false;
		return STEP_MORE;
	}
	if (c == ']') {
		end_place(s);
		return STEP_MORE;
	}
	if (c == '{') {
		if (s->wants_comma &&
		    begins_line(s)) /* the list was cut off, the next one begins */
			s->place_count = 0;
		return begin_record(s, false);
	}
	if (c == 'n' || c == 'u' || c == 'l') /* null */
		return STEP_MORE;
	if (c == '[' && splitter_begin_list(s, s->at))
		return STEP_MORE;
	s->start = s->at;
	s->is_passed_over = false;
	return splitter_lose(s, s->at, PIECE_DAMAGED);
}

static void take_in_key(struct record_splitter *s, char c)
{
	if (s->is_escaped) {
		s->is_escaped = false;
	} else if (c == '\\') {
		s->is_escaped = true;
	} else if (c == '"' || c == '\n') {
		s->in_key = false;
		return;
	}
	if (s->key_len < KEY_MAX)
		s->key[s->key_len++] = c;
}

static bool follows_colon(const struct record_splitter *s)
{
	size_t end = splitter_before_spaces(s, 0, s->at);

	return end > 0 && s->pending.at[end - 1] == ':';
}

static bool is_letter(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static enum step take_in_members(struct record_splitter *s, char c)
{
	switch (c) {
	case '"':
		s->in_key = true;
		s->is_escaped = false;
		s->key_len = 0;
		return STEP_MORE;
	case '}':
		end_place(s);
		return STEP_MORE;
	case '[':
		if (record_splitter_is_wrapper(str_of(s->key, s->key_len)) &&
		    splitter_begin_list(s, s->at))
			return STEP_MORE;
		return begin_record(s, true);
	case '{':
		if (follows_colon(s) && !begins_line(s))
			return begin_record(s, true);
		/* no member's value: another document, or an item behind a bracket too many */
		s->place_count = 0;
		return begin_record(s, false);
	default:
		if (s->at == 0 || s->pending.at[s->at - 1] != '"' || !is_letter(c))
			return STEP_MORE;
		s->start = s->at; /* a quote is missing: this is no wrapper's member */
		s->is_passed_over = false;
		return splitter_lose(s, s->at, PIECE_DAMAGED);
	}
}

static enum step find_start(struct record_splitter *s)
{
	enum step step = STEP_MORE;

	for (; s->at < s->pending.len; s->at++) {
		char c = s->pending.at[s->at];
		if (s->in_key) {
			take_in_key(s, c);
			continue;
		}
		if (splitter_is_space(c) || c == '\0')
			continue;
		switch (splitter_place(s)) {
		case PLACE_TOP:
			step = take_at_top(s, c);
			break;
		case PLACE_LIST:
			step = take_in_list(s, c);
			break;
		case PLACE_MEMBERS:
			step = take_in_members(s, c);
			break;
		}
		if (step != STEP_MORE)
			return step;
	}
	if (!s->is_last || s->place_count == 0)
		return STEP_MORE;
	s->place_count = 0; /* a list that was not ended */
	s->start = s->at;
	return splitter_hand_out(s, s->at, PIECE_CUT);
}

bool record_splitter_next(struct record_splitter *s, struct record_piece *out)
{
	enum step step = STEP_ON;

	while (step == STEP_ON) {
		switch (s->doing) {
		case BETWEEN:
			step = find_start(s);
			break;
		case IN_RECORD:
			step = splitter_read_record(s);
			break;
		case IN_PLAIN:
			step = read_plain(s);
			break;
		case IN_LINE:
			step = read_line(s);
			break;
		case LOST:
			step = splitter_find_beginning(s);
			break;
		}
	}
	if (step == STEP_PIECE)
		*out = s->piece;
	return step == STEP_PIECE;
}
