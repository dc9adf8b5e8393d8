#include "lab/spelling.h"

#include "base/json.h"

enum { NODES_MAX = 1024, MEMBERS_MAX = 64 };

const struct lab_spelling lab_spellings[] = {
	{0},
	{.spacing = LAB_SPACING_PYTHON},
	{.order = LAB_KEYS_REVERSED, .ending = LAB_ENDING_CRLF},
	{.order = LAB_KEYS_SHUFFLED, .spacing = LAB_SPACING_LOOSE},
	{.escape_percent = 30},
	{.has_numbers_as_strings = true, .spacing = LAB_SPACING_PYTHON},
	{.ending = LAB_ENDING_NONE},
	{.order = LAB_KEYS_SHUFFLED,
	 .spacing = LAB_SPACING_LOOSE,
	 .ending = LAB_ENDING_CRLF,
	 .escape_percent = 100,
	 .has_numbers_as_strings = true},
};
const size_t lab_spelling_count = sizeof(lab_spellings) / sizeof(*lab_spellings);

struct speller {
	const struct lab_spelling *spelling;
	struct lab_random *random;
	struct buf *out;
};

static void add_blank(struct speller *s)
{
	if (s->spelling->spacing != LAB_SPACING_LOOSE)
		return;
	for (uint32_t count = lab_random_below(s->random, 3); count > 0; count--)
		buf_add_byte(s->out, lab_random_chance(s->random, 20) ? '\t' : ' ');
}

static void add_mark(struct speller *s, char mark)
{
	add_blank(s);
	buf_add_byte(s->out, mark);
	if (s->spelling->spacing == LAB_SPACING_PYTHON)
		buf_add_byte(s->out, ' ');
	add_blank(s);
}

/* `raw` is the inside of a JSON string: what is escaped already stays as it is. */
static void add_quoted(struct speller *s, struct str raw)
{
	buf_add_byte(s->out, '"');
	for (size_t i = 0; i < raw.len; i++) {
		uint8_t c = (uint8_t)raw.at[i];
		if (c == '\\' && i + 1 < raw.len) {
			size_t len = raw.at[i + 1] == 'u' ? 6 : 2;
			buf_add(s->out, str_sub(raw, i, len));
			i += len - 1;
		} else if (c >= ' ' && c < 0x7f &&
			   lab_random_chance(s->random, s->spelling->escape_percent)) {
			buf_printf(s->out, "\\u%04x", c);
		} else {
			buf_add_byte(s->out, (char)c);
		}
	}
	buf_add_byte(s->out, '"');
}

static size_t list_members(struct json_value container, struct json_value members[MEMBERS_MAX])
{
	size_t count = 0;

	for (struct json_value v = json_first(container); json_exists(v) && count < MEMBERS_MAX;
	     v = json_next(v))
		members[count++] = v;
	return count;
}

static void reorder(struct speller *s, struct json_value *members, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = s->spelling->order == LAB_KEYS_SHUFFLED
				       ? lab_random_below(s->random, (uint32_t)i)
				       : (count - i < i - 1 ? count - i : i - 1);
		struct json_value kept = members[i - 1];
		members[i - 1] = members[other];
		members[other] = kept;
	}
}

/* Recursion is bounded: the text is one of our own messages, at most a few levels deep. */
static void add_value(struct speller *s, struct json_value v)
{
	struct json_value members[MEMBERS_MAX];
	enum json_kind kind = json_kind(v);

	if (kind == JSON_STRING) {
		add_quoted(s, json_raw_text(v));
	} else if (kind == JSON_NUMBER && s->spelling->has_numbers_as_strings) {
		add_quoted(s, json_raw_text(v));
	} else if (kind == JSON_ARRAY || kind == JSON_OBJECT) {
		size_t count = list_members(v, members);
		if (kind == JSON_OBJECT && s->spelling->order != LAB_KEYS_AS_WRITTEN)
			reorder(s, members, count);
		buf_add_byte(s->out, kind == JSON_OBJECT ? '{' : '[');
		add_blank(s);
		for (size_t i = 0; i < count; i++) {
			if (i > 0)
				add_mark(s, ',');
			if (kind == JSON_OBJECT) {
				add_quoted(s, json_raw_text(json_key_of(members[i])));
				add_mark(s, ':');
			}
			add_value(s, members[i]);
		}
		add_blank(s);
		buf_add_byte(s->out, kind == JSON_OBJECT ? '}' : ']');
	} else {
		buf_add(s->out, json_raw_text(v));
	}
}

void lab_spell(struct str json, const struct lab_spelling *spelling, struct lab_random *random,
	       struct buf *out)
{
	struct json_node nodes[NODES_MAX];
	struct json doc = {.nodes = nodes, .cap = NODES_MAX};
	struct speller s = {.spelling = spelling, .random = random, .out = out};

	/* A message of ours that cannot be read is a mistake here, not an outcome to hide. */
	if (json_read(&doc, json) == 0 || doc.flaws)
		out->failed = true;
	else
		add_value(&s, json_root(&doc));
}

void lab_end_line(const struct lab_spelling *spelling, struct buf *out)
{
	if (spelling->ending == LAB_ENDING_CRLF)
		buf_add(out, STR("\r\n"));
	else if (spelling->ending == LAB_ENDING_LF)
		buf_add(out, STR("\n"));
}
