/*
 * Values under their modifiers. A text is a chain of literals and wildcards; modifiers that change
 * it work on the chain, in the order they are written; those that say how to compare end it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/patterns.h"
#include "decode/sigma/reading.h"
#include "decode/sigma/sigma.h"

enum modifier {
	MODIFIER_CONTAINS,
	MODIFIER_STARTSWITH,
	MODIFIER_ENDSWITH,
	MODIFIER_ALL,
	MODIFIER_RE,
	MODIFIER_I,
	MODIFIER_M,
	MODIFIER_S,
	MODIFIER_CIDR,
	MODIFIER_BASE64,
	MODIFIER_BASE64OFFSET,
	MODIFIER_WIDE,
	MODIFIER_UTF16,
	MODIFIER_UTF16LE,
	MODIFIER_UTF16BE,
	MODIFIER_LT,
	MODIFIER_LTE,
	MODIFIER_GT,
	MODIFIER_GTE,
	MODIFIER_EXISTS,
	MODIFIER_FIELDREF,
	MODIFIER_CASED,
	MODIFIER_EXPAND,
	MODIFIER_WINDASH,
	MODIFIER_NEQ,
	MODIFIER_MINUTE,
	MODIFIER_HOUR,
	MODIFIER_DAY,
	MODIFIER_WEEK,
	MODIFIER_MONTH,
	MODIFIER_YEAR,
	MODIFIER_COUNT,
};

#define BIT(modifier) (UINT32_C(1) << MODIFIER_##modifier)

enum {
	PLACES = BIT(CONTAINS) | BIT(STARTSWITH) | BIT(ENDSWITH),
	UTF16 = BIT(WIDE) | BIT(UTF16) | BIT(UTF16LE) | BIT(UTF16BE),
	BASE64 = BIT(BASE64) | BIT(BASE64OFFSET),
	CHANGES = PLACES | UTF16 | BASE64 | BIT(WINDASH),
	ANYWHERE = BIT(ALL) | BIT(NEQ),
	COMPARES = BIT(LT) | BIT(LTE) | BIT(GT) | BIT(GTE),
	TIMES = BIT(MINUTE) | BIT(HOUR) | BIT(DAY) | BIT(WEEK) | BIT(MONTH) | BIT(YEAR),
	MODIFIERS_MAX = 12,
	PARTS_MAX = 512,	/* of one text */
	ALTERNATIVES_MAX = 625, /* texts that one value becomes: four dashes before base64 */
	EXPANDED_MAX = 4096,
};

/* With which others each may stand; those that are not here stand with all texts. */
static const struct {
	const char *name;
	uint32_t with; /* 0: any that makes a text */
} modifiers[MODIFIER_COUNT] = {
	[MODIFIER_CONTAINS] = {"contains", 0},
	[MODIFIER_STARTSWITH] = {"startswith", 0},
	[MODIFIER_ENDSWITH] = {"endswith", 0},
	[MODIFIER_ALL] = {"all", UINT32_MAX},
	[MODIFIER_RE] = {"re", BIT(I) | BIT(M) | BIT(S) | BIT(EXPAND) | ANYWHERE},
	[MODIFIER_I] = {"i", BIT(RE) | BIT(M) | BIT(S) | BIT(EXPAND) | ANYWHERE},
	[MODIFIER_M] = {"m", BIT(RE) | BIT(I) | BIT(S) | BIT(EXPAND) | ANYWHERE},
	[MODIFIER_S] = {"s", BIT(RE) | BIT(I) | BIT(M) | BIT(EXPAND) | ANYWHERE},
	[MODIFIER_CIDR] = {"cidr", BIT(EXPAND) | ANYWHERE},
	[MODIFIER_BASE64] = {"base64", 0},
	[MODIFIER_BASE64OFFSET] = {"base64offset", 0},
	[MODIFIER_WIDE] = {"wide", 0},
	[MODIFIER_UTF16] = {"utf16", 0},
	[MODIFIER_UTF16LE] = {"utf16le", 0},
	[MODIFIER_UTF16BE] = {"utf16be", 0},
	[MODIFIER_LT] = {"lt", TIMES | ANYWHERE},
	[MODIFIER_LTE] = {"lte", TIMES | ANYWHERE},
	[MODIFIER_GT] = {"gt", TIMES | ANYWHERE},
	[MODIFIER_GTE] = {"gte", TIMES | ANYWHERE},
	[MODIFIER_EXISTS] = {"exists", BIT(EXISTS)},
	[MODIFIER_FIELDREF] = {"fieldref", PLACES | BIT(CASED) | ANYWHERE},
	[MODIFIER_CASED] = {"cased", CHANGES | BIT(FIELDREF) | BIT(EXPAND) | ANYWHERE},
	[MODIFIER_EXPAND] = {"expand", UINT32_MAX & ~BIT(FIELDREF) & ~BIT(EXISTS)},
	[MODIFIER_WINDASH] = {"windash", 0},
	[MODIFIER_NEQ] = {"neq", UINT32_MAX & ~BIT(EXISTS)},
	[MODIFIER_MINUTE] = {"minute", COMPARES | ANYWHERE},
	[MODIFIER_HOUR] = {"hour", COMPARES | ANYWHERE},
	[MODIFIER_DAY] = {"day", COMPARES | ANYWHERE},
	[MODIFIER_WEEK] = {"week", COMPARES | ANYWHERE},
	[MODIFIER_MONTH] = {"month", COMPARES | ANYWHERE},
	[MODIFIER_YEAR] = {"year", COMPARES | ANYWHERE},
};

/* What a part of a date may be. */
static const struct {
	enum sigma_time time;
	double least, most;
} times[MODIFIER_COUNT] = {
	[MODIFIER_MINUTE] = {SIGMA_MINUTE, 0, 59}, [MODIFIER_HOUR] = {SIGMA_HOUR, 0, 23},
	[MODIFIER_DAY] = {SIGMA_DAY, 1, 31},	   [MODIFIER_WEEK] = {SIGMA_WEEK, 1, 53},
	[MODIFIER_MONTH] = {SIGMA_MONTH, 1, 12},   [MODIFIER_YEAR] = {SIGMA_YEAR, 1, 9999},
};

struct text {
	const struct sigma_part *parts;
	size_t count;
};

struct texts {
	struct text at[ALTERNATIVES_MAX];
	size_t count;
};

struct pending {
	struct str text;
	size_t from; /* placeholders are filled up to here */
};

/* What one value needs while it is read; too large for a stack. */
struct scratch {
	struct sigma_part parts[PARTS_MAX];
	struct texts texts, encoded;
	struct pending open[EXPANDED_MAX];
};

struct item {
	struct sigma_reading *r;
	struct yaml at; /* the value at hand */
	struct str field;
	enum modifier order[MODIFIERS_MAX];
	size_t order_count;
	uint32_t set; /* bits of the above */
	bool is_keyword;
	struct scratch *scratch;
	struct sigma_part *parts; /* of the scratch */
};

/* -- the key -- */

static void refuse_modifier(struct item *item, struct yaml key, struct str name)
{
	char shown[SIGMA_SHOWN_MAX];

	sigma_refuse(item->r, key,
		     "see the modifiers in Sigma's specification; a | cannot be part of a field's "
		     "name",
		     "there is no modifier %s", sigma_show(name, shown));
}

static void take_modifier(struct item *item, struct yaml key, struct str name)
{
	for (int m = 0; m < MODIFIER_COUNT; m++) {
		if (!str_equal(name, str_from(modifiers[m].name)))
			continue;
		if (item->set & (UINT32_C(1) << m) || item->order_count == MODIFIERS_MAX)
			sigma_refuse(item->r, key, "write it once",
				     "the modifier %s is there more than once", modifiers[m].name);
		else
			item->order[item->order_count++] = (enum modifier)m;
		item->set |= UINT32_C(1) << m;
		return;
	}
	refuse_modifier(item, key, name);
}

static void check_pairs(struct item *item, struct yaml key)
{
	for (size_t i = 0; i < item->order_count; i++) {
		const enum modifier m = item->order[i];
		uint32_t with = modifiers[m].with;
		if (with == 0)
			with = CHANGES | BIT(CASED) | BIT(EXPAND) | ANYWHERE |
			       ((UINT32_C(1) << m) & PLACES ? BIT(FIELDREF) : 0);
		const uint32_t others = item->set & ~(UINT32_C(1) << m) & ~with;
		if (others == 0)
			continue;
		sigma_refuse(item->r, key, "leave one of them out, or make two selections of it",
			     "the modifiers %s and %s cannot stand together", modifiers[m].name,
			     modifiers[__builtin_ctz(others)].name);
		return;
	}
}

static void check_order(struct item *item, struct yaml key)
{
	bool has_place = false, has_re = false, has_compare = false;

	for (size_t i = 0; i < item->order_count && !item->r->is_refused; i++) {
		const uint32_t bit = UINT32_C(1) << item->order[i];
		const char *name = modifiers[item->order[i]].name;
		if (has_place && bit & (PLACES | UTF16 | BASE64 | BIT(WINDASH) | BIT(FIELDREF)))
			sigma_refuse(item->r, key,
				     "write contains, startswith or endswith last, and one of them",
				     "%s cannot come after contains, startswith or endswith", name);
		if (!has_re && bit & (BIT(I) | BIT(M) | BIT(S)))
			sigma_refuse(item->r, key, "write re before it",
				     "the modifier %s is for expressions", name);
		if (has_compare && bit & TIMES)
			sigma_refuse(item->r, key, "write it before lt, lte, gt or gte",
				     "%s takes a number out of a date, which is then compared",
				     name);
		has_place |= (bit & PLACES) != 0;
		has_re |= (bit & BIT(RE)) != 0;
		has_compare |= (bit & COMPARES) != 0;
	}
}

static bool read_key(struct item *item, struct yaml key)
{
	struct str rest = yaml_text(key), name;
	bool more = str_cut(rest, '|', &item->field, &rest);

	item->is_keyword = item->field.len == 0;
	while (more && !item->r->is_refused) {
		more = str_cut(rest, '|', &name, &rest);
		take_modifier(item, key, name);
	}
	if (!item->r->is_refused)
		check_pairs(item, key);
	if (!item->r->is_refused)
		check_order(item, key);
	if (!item->r->is_refused && item->is_keyword &&
	    item->set & (BIT(EXISTS) | BIT(FIELDREF) | BIT(CIDR) | COMPARES | TIMES))
		sigma_refuse(item->r, key, "write the name of a field before the first |",
			     "this comparison is with a field, and none is named");
	return !item->r->is_refused;
}

/* -- texts -- */

static bool add_part(struct item *item, size_t *count, enum sigma_part_kind kind, struct str text)
{
	if (*count > 0 && kind == SIGMA_ANY && item->parts[*count - 1].kind == SIGMA_ANY)
		return true;
	if (*count == PARTS_MAX) {
		sigma_refuse(item->r, item->at, "make several values of it",
			     "this value has too many wildcards");
		return false;
	}
	item->parts[(*count)++] = (struct sigma_part){kind, text};
	return true;
}

static struct text keep_parts(struct item *item, size_t count)
{
	struct sigma_part *kept = sigma_take(item->r, (count ? count : 1) * sizeof(*kept));

	if (!kept)
		return (struct text){0};
	memcpy(kept, item->parts, count * sizeof(*kept));
	return (struct text){kept, count};
}

/* Wildcards and their escapes: \* \? are themselves, \\ is one backslash, as is \ before others. */
static struct text parse_text(struct item *item, struct str raw)
{
	char *plain = sigma_take(item->r, raw.len + 1);
	size_t len = 0, from = 0, count = 0;
	bool is_whole = plain != NULL;

	for (size_t i = 0; i < raw.len && is_whole; i++) {
		char c = raw.at[i];
		if (c == '\\' && i + 1 < raw.len && memchr("\\*?", raw.at[i + 1], 3)) {
			plain[len++] = raw.at[++i];
			continue;
		}
		if (c != '*' && c != '?') {
			plain[len++] = c;
			continue;
		}
		if (len > from)
			is_whole = add_part(item, &count, SIGMA_LITERAL,
					    str_of(plain + from, len - from));
		from = len;
		is_whole = is_whole && add_part(item, &count, c == '*' ? SIGMA_ANY : SIGMA_ONE,
						(struct str){0});
	}
	if (is_whole && len > from)
		is_whole = add_part(item, &count, SIGMA_LITERAL, str_of(plain + from, len - from));
	return is_whole ? keep_parts(item, count) : (struct text){0};
}

static struct text add_around(struct item *item, struct text text, bool before, bool after)
{
	size_t count = 0;
	bool fits = !before || add_part(item, &count, SIGMA_ANY, (struct str){0});

	for (size_t i = 0; i < text.count && fits; i++)
		fits = add_part(item, &count, text.parts[i].kind, text.parts[i].text);
	if (fits && after)
		fits = add_part(item, &count, SIGMA_ANY, (struct str){0});
	return fits ? keep_parts(item, count) : (struct text){0};
}

static const char *const dashes[] = {"-", "/", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95"};
enum { DASHES = sizeof(dashes) / sizeof(*dashes) };

/* How long the dash is that begins here, or 0. */
static size_t dash_at(struct str text, size_t at)
{
	for (size_t i = 0; i < DASHES; i++)
		if (str_starts(str_skip(text, at), str_from(dashes[i])))
			return strlen(dashes[i]);
	return 0;
}

static struct text open_dashes(struct item *item, struct text text)
{
	size_t count = 0;
	bool fits = true;

	for (size_t i = 0; i < text.count && fits; i++) {
		struct str literal = text.parts[i].text;
		size_t from = 0;
		for (size_t at = 0; at < literal.len && fits; at++) {
			size_t dash = dash_at(literal, at);
			if (dash == 0)
				continue;
			if (at > from)
				fits = add_part(item, &count, SIGMA_LITERAL,
						str_sub(literal, from, at - from));
			fits = fits && add_part(item, &count, SIGMA_DASH, (struct str){0});
			from = at + dash;
			at = from - 1;
		}
		if (text.parts[i].kind != SIGMA_LITERAL)
			fits = fits && add_part(item, &count, text.parts[i].kind, (struct str){0});
		else if (from < literal.len)
			fits = fits &&
			       add_part(item, &count, SIGMA_LITERAL, str_skip(literal, from));
	}
	return fits ? keep_parts(item, count) : (struct text){0};
}

/* -- encodings: of texts without dashes left open -- */

/* The bytes of a text in which dash number i is the i-th digit of `choice`. */
static struct str close_dashes(struct item *item, struct text text, size_t choice)
{
	size_t len = 0;

	for (size_t i = 0; i < text.count; i++)
		len += text.parts[i].kind == SIGMA_LITERAL ? text.parts[i].text.len : 4;
	char *out = sigma_take(item->r, len + 1);
	if (!out)
		return (struct str){0};
	len = 0;
	for (size_t i = 0; i < text.count; i++) {
		struct str part = text.parts[i].text;
		if (text.parts[i].kind == SIGMA_DASH) {
			part = str_from(dashes[choice % DASHES]);
			choice /= DASHES;
		}
		if (part.len > 0)
			memcpy(out + len, part.at, part.len);
		len += part.len;
	}
	return str_of(out, len);
}

static void add_literal(struct item *item, struct texts *out, struct str literal)
{
	size_t count = 0;

	if (out->count == ALTERNATIVES_MAX) {
		sigma_refuse(item->r, item->at, "write the texts you mean as a list",
			     "this value becomes more than %d texts", ALTERNATIVES_MAX);
		return;
	}
	if (literal.len > 0 && !add_part(item, &count, SIGMA_LITERAL, literal))
		return;
	out->at[out->count++] = keep_parts(item, count);
}

/* What of an encoded text does not depend on the bytes around it, `before` bytes into three. */
static struct str base64_middle(struct item *item, struct str bytes, size_t before)
{
	static const size_t starts[] = {0, 2, 3}, ends[] = {0, 3, 2};
	char *padded = sigma_take(item->r, bytes.len + 3);

	if (!padded)
		return (struct str){0};
	memset(padded, ' ', before);
	memcpy(padded + before, bytes.at, bytes.len);
	struct str all = sigma_base64(item->r, str_of(padded, before + bytes.len));
	const size_t end = ends[(bytes.len + before) % 3];
	all = str_skip(all, starts[before]);
	all.len = all.len > end ? all.len - end : 0;
	return all;
}

static void encode(struct item *item, enum modifier how, struct str bytes, struct texts *out)
{
	switch (how) {
	case MODIFIER_BASE64:
		add_literal(item, out, sigma_base64(item->r, bytes));
		break;
	case MODIFIER_BASE64OFFSET:
		for (size_t before = 0; before < 3 && bytes.len > 0; before++)
			add_literal(item, out, base64_middle(item, bytes, before));
		break;
	case MODIFIER_UTF16BE:
		add_literal(item, out, sigma_utf16(item->r, bytes, SIGMA_UTF16BE));
		break;
	case MODIFIER_UTF16:
		add_literal(item, out, sigma_utf16(item->r, bytes, SIGMA_UTF16_MARK));
		break;
	default:
		add_literal(item, out, sigma_utf16(item->r, bytes, SIGMA_UTF16LE));
	}
}

static void encode_all(struct item *item, enum modifier how, struct texts *texts)
{
	struct texts *out = &item->scratch->encoded;

	out->count = 0;
	for (size_t i = 0; i < texts->count && !item->r->is_refused; i++) {
		struct text text = texts->at[i];
		size_t choices = 1;
		for (size_t p = 0; p < text.count && choices <= ALTERNATIVES_MAX; p++) {
			if (text.parts[p].kind == SIGMA_DASH)
				choices *= DASHES;
			else if (text.parts[p].kind != SIGMA_LITERAL) {
				sigma_refuse(item->r, item->at,
					     "escape it (\\* or \\?), or leave it out and write "
					     "contains after the encoding",
					     "a wildcard cannot be encoded");
				return;
			}
		}
		if (choices > ALTERNATIVES_MAX)
			choices = ALTERNATIVES_MAX + 1; /* which add_literal refuses */
		for (size_t choice = 0; choice < choices && !item->r->is_refused; choice++)
			encode(item, how, close_dashes(item, text, choice), out);
	}
	*texts = *out;
}

static void change_texts(struct item *item, struct texts *texts)
{
	for (size_t i = 0; i < item->order_count && !item->r->is_refused; i++) {
		const enum modifier m = item->order[i];
		const uint32_t bit = UINT32_C(1) << m;
		if (bit & (UTF16 | BASE64))
			encode_all(item, m, texts);
		for (size_t t = 0; t < texts->count && bit & (PLACES | BIT(WINDASH)); t++)
			texts->at[t] =
				bit & BIT(WINDASH)
					? open_dashes(item, texts->at[t])
					: add_around(item, texts->at[t],
						     (bit & (BIT(CONTAINS) | BIT(ENDSWITH))) != 0,
						     (bit & (BIT(CONTAINS) | BIT(STARTSWITH))) !=
							     0);
	}
	if (!(item->set & PLACES) && item->is_keyword) /* anywhere in any value */
		for (size_t t = 0; t < texts->count; t++)
			texts->at[t] = add_around(item, texts->at[t], true, true);
}

/* -- one value -- */

static struct sigma_atom new_atom(const struct item *item, enum sigma_match match, struct str text)
{
	return (struct sigma_atom){
		.match = match,
		.field = item->field,
		.text = text,
		.is_cased = (item->set & BIT(CASED)) != 0,
	};
}

/* Adds one alternative of a value, or several, which are joined. Returns how many. */
static uint32_t add_text(struct item *item, struct str raw)
{
	struct texts *texts = &item->scratch->texts;
	struct sigma_atom atom = new_atom(item, SIGMA_TEXT, raw);

	texts->at[0] = parse_text(item, raw);
	texts->count = 1;
	change_texts(item, texts);
	if (!(item->set & ~ANYWHERE) && !item->is_keyword)
		atom.has_number = yaml_is_number(item->at, &atom.number);
	for (size_t i = 0; i < texts->count; i++) {
		atom.parts = texts->at[i].parts;
		atom.part_count = texts->at[i].count;
		sigma_add_atom(item->r, item->at, &atom);
	}
	return (uint32_t)texts->count;
}

static void add_expression(struct item *item, struct str raw)
{
	struct sigma_atom atom = new_atom(item, SIGMA_EXPRESSION, raw);
	char *expression = sigma_take(item->r, raw.len + 1);
	struct pattern_set *set = NULL;
	struct error why = {0};

	if (!expression)
		return;
	if (raw.len > PATTERN_BYTES_MAX || raw.len == 0 || memchr(raw.at, '\0', raw.len)) {
		sigma_refuse(item->r, item->at, "make several of it",
			     "an expression has 1 to %d bytes", PATTERN_BYTES_MAX);
		return;
	}
	memcpy(expression, raw.at, raw.len);
	atom.text = str_of(expression, raw.len); /* a NUL comes after it */
	atom.is_cased = !(item->set & BIT(I));
	atom.flags = (item->set & BIT(I) ? PATTERN_NOCASE : 0) |
		     (item->set & BIT(M) ? PATTERN_MULTILINE : 0) |
		     (item->set & BIT(S) ? PATTERN_DOTALL : 0);
	const struct pattern pattern = {expression, atom.flags, 0};
	if (pattern_set_new(&pattern, 1, &set, NULL, &why) != 0) {
		sigma_refuse(item->r, item->at,
			     "say it without look-around, back references and the like: what is "
			     "not wanted belongs into a selection of its own under `not`",
			     "this expression cannot be matched without backtracking, or is none: "
			     "%.200s",
			     why.text);
		return;
	}
	pattern_set_free(set);
	sigma_add_atom(item->r, item->at, &atom);
}

static bool has_bits_below(const struct address *address, unsigned prefix)
{
	for (unsigned bit = prefix; bit < 128; bit++)
		if (address->bytes[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

static void add_network(struct item *item, struct str raw)
{
	struct sigma_atom atom = new_atom(item, SIGMA_NETWORK, raw);
	struct str text, bits_text;
	char shown[SIGMA_SHOWN_MAX];
	bool has_bits = str_cut(raw, '/', &text, &bits_text);
	uint64_t bits;

	if (!address_parse(text, &atom.network)) {
		sigma_refuse(item->r, item->at, "write a network as 10.0.0.0/8 or 2001:db8::/32",
			     "%s is no network", sigma_show(raw, shown));
		return;
	}
	const unsigned most = str_find_byte(text, ':') < 0 ? 32 : 128;
	bits = most;
	if (has_bits && (!str_to_u64(bits_text, &bits) || bits > most)) {
		sigma_refuse(item->r, item->at, "write how many bits the network has after the /",
			     "%s is no network", sigma_show(raw, shown));
		return;
	}
	atom.prefix = (uint8_t)(bits + 128 - most);
	if (has_bits_below(&atom.network, atom.prefix))
		sigma_refuse(item->r, item->at, "write the network's first address",
			     "%s has bits set beyond its prefix", sigma_show(raw, shown));
	sigma_add_atom(item->r, item->at, &atom);
}

/* Which part of a date is asked for, if any; a number it can never be is refused. */
static enum sigma_time time_asked(struct item *item, double number)
{
	for (size_t i = 0; i < item->order_count; i++) {
		const enum modifier m = item->order[i];
		if (times[m].time == SIGMA_NO_TIME)
			continue;
		if (number != (double)(int)number || number < times[m].least ||
		    number > times[m].most)
			sigma_refuse(item->r, item->at, "write one of the numbers it can be",
				     "%s is a whole number from %.0f to %.0f", modifiers[m].name,
				     times[m].least, times[m].most);
		return times[m].time;
	}
	return SIGMA_NO_TIME;
}

static void add_comparison(struct item *item, struct str raw)
{
	const enum sigma_match match = item->set & BIT(LT)    ? SIGMA_LESS
				       : item->set & BIT(LTE) ? SIGMA_LESS_EQUAL
				       : item->set & BIT(GT)  ? SIGMA_GREATER
				       : item->set & BIT(GTE) ? SIGMA_GREATER_EQUAL
							      : SIGMA_EQUAL;
	struct sigma_atom atom = new_atom(item, match, raw);
	char shown[SIGMA_SHOWN_MAX];

	if (!yaml_is_number(item->at, &atom.number) && !str_to_double(raw, &atom.number))
		sigma_refuse(item->r, item->at, "write a number", "%s is no number to compare with",
			     sigma_show(raw, shown));
	else
		atom.time = time_asked(item, atom.number);
	sigma_add_atom(item->r, item->at, &atom);
}

static void add_existence(struct item *item, struct str raw)
{
	const bool says_yes =
		str_equal_nocase(raw, STR("true")) || str_equal_nocase(raw, STR("yes"));
	const bool says_no =
		str_equal_nocase(raw, STR("false")) || str_equal_nocase(raw, STR("no"));
	struct sigma_atom atom = new_atom(item, SIGMA_EXISTS, raw);

	if (!says_yes && !says_no)
		sigma_refuse(item->r, item->at, "write true or false",
			     "exists is asked with true or false");
	sigma_add_atom(item->r, item->at, &atom);
	if (says_no)
		sigma_add_step(item->r, item->at, SIGMA_NOT, 1);
}

static void add_field(struct item *item, struct str raw)
{
	struct sigma_atom atom = new_atom(item, SIGMA_FIELD, raw);

	atom.place = item->set & BIT(CONTAINS)	   ? SIGMA_CONTAINS
		     : item->set & BIT(STARTSWITH) ? SIGMA_STARTS
		     : item->set & BIT(ENDSWITH)   ? SIGMA_ENDS
						   : SIGMA_WHOLE;
	if (raw.len == 0)
		sigma_refuse(item->r, item->at, "write the name of another field",
			     "fieldref names no field");
	sigma_add_atom(item->r, item->at, &atom);
}

/* A value as text, its placeholders filled. Returns how many were added. */
static uint32_t add_raw(struct item *item, struct str raw)
{
	if (item->set & BIT(RE))
		add_expression(item, raw);
	else if (item->set & BIT(CIDR))
		add_network(item, raw);
	else if (item->set & (COMPARES | TIMES))
		add_comparison(item, raw);
	else if (item->set & BIT(EXISTS))
		add_existence(item, raw);
	else if (item->set & BIT(FIELDREF))
		add_field(item, raw);
	else
		return add_text(item, raw);
	return 1;
}

/* -- placeholders -- */

static bool is_name(struct str text)
{
	return text.len > 0 && str_find_byte(text, '\\') < 0;
}

/* The first %name% from `from` on that is not escaped: where it begins, or text.len. */
static size_t find_placeholder(struct str text, size_t from, struct str *name)
{
	for (size_t i = from; i < text.len; i++) {
		if (text.at[i] == '\\' && i + 1 < text.len && text.at[i + 1] == '%') {
			i++;
			continue;
		}
		if (text.at[i] != '%')
			continue;
		ptrdiff_t end = str_find_byte(str_skip(text, i + 1), '%');
		if (end < 0)
			break;
		*name = str_sub(text, i + 1, (size_t)end);
		if (is_name(*name))
			return i;
	}
	return text.len;
}

static const struct sigma_placeholder *values_of(const struct item *item, struct str name)
{
	const struct sigma_placeholders *all = item->r->placeholders;

	for (size_t i = 0; all && i < all->count; i++)
		if (str_equal(all->at[i].name, name))
			return &all->at[i];
	return NULL;
}

static struct str without_escapes(struct item *item, struct str text)
{
	char *out = sigma_take(item->r, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; out && i < text.len; i++) {
		if (text.at[i] == '\\' && i + 1 < text.len && text.at[i + 1] == '%')
			i++;
		out[len++] = text.at[i];
	}
	return str_of(out, out ? len : 0);
}

static struct str join(struct item *item, struct str before, struct str value, struct str after)
{
	char *out = sigma_take(item->r, before.len + value.len + after.len + 1);

	if (!out)
		return (struct str){0};
	memcpy(out, before.at, before.len);
	memcpy(out + before.len, value.at, value.len);
	memcpy(out + before.len + value.len, after.at, after.len);
	return str_of(out, before.len + value.len + after.len);
}

/* Fills one placeholder of `text` after another; each value makes a text of its own. */
static uint32_t add_expanded(struct item *item, struct str raw)
{
	struct pending *open = item->scratch->open;
	size_t count = 0;
	uint32_t added = 0;
	char shown[SIGMA_SHOWN_MAX];

	open[count++] = (struct pending){raw, 0};
	while (count > 0 && !item->r->is_refused && !item->r->is_out_of_memory) {
		struct pending now = open[--count];
		struct str name;
		size_t at = find_placeholder(now.text, now.from, &name);
		if (at == now.text.len) {
			added += add_raw(item, without_escapes(item, now.text));
			continue;
		}
		const struct sigma_placeholder *values = values_of(item, name);
		if (!values || values->count == 0 || count + values->count > EXPANDED_MAX) {
			sigma_refuse(item->r, item->at,
				     "put its values into the file of placeholders, or write them "
				     "here without `expand`",
				     "%%%s%% has %s values", sigma_show(name, shown),
				     values && values->count ? "too many" : "no");
			return added;
		}
		for (size_t v = values->count; v-- > 0;)
			open[count++] = (struct pending){
				join(item, str_sub(now.text, 0, at), values->values[v],
				     str_skip(now.text, at + name.len + 2)),
				at + values->values[v].len};
	}
	return added;
}

/* -- values -- */

/* Returns after adding exactly one result for this value. */
static void read_value(struct item *item, struct yaml value)
{
	struct sigma_reading *r = item->r;

	item->at = value;
	if (yaml_kind(value) != YAML_SINGLE) {
		sigma_refuse(r, value, "write nested fields with dots: field.inner: value",
			     "a value is a text, a number or a list of them");
		return;
	}
	if (yaml_is_null(value) && !(item->set & ~ANYWHERE) && !item->is_keyword) {
		struct sigma_atom atom = new_atom(item, SIGMA_NULL, STR("null"));
		sigma_add_atom(r, value, &atom);
		return;
	}
	if (yaml_is_null(value)) {
		sigma_refuse(r, value, "write a value, or '' for the empty text",
			     "nothing stands here, and %s cannot take it",
			     item->is_keyword ? "a keyword" : "its modifiers");
		return;
	}
	uint32_t added = item->set & BIT(EXPAND) ? add_expanded(item, yaml_text(value))
						 : add_raw(item, yaml_text(value));
	if (added > 1)
		sigma_add_step(r, value, SIGMA_OR, added);
	else if (added == 0 && !r->is_refused && !r->is_out_of_memory)
		sigma_refuse(r, value, "write a value", "nothing is left of this value");
}

static void read_values(struct item *item, struct yaml key, struct yaml value)
{
	uint32_t count = 0;

	if (yaml_kind(value) == YAML_LIST)
		for (struct yaml one = yaml_first(value); yaml_kind(one) && !item->r->is_refused;
		     one = yaml_next_in(value, one), count++)
			read_value(item, one);
	else
		read_value(item, value), count = 1;
	if (count == 0)
		sigma_refuse(item->r, value, "write at least one value", "this list is empty");
	if (count == 1 && item->set & BIT(ALL))
		sigma_warn(item->r, key, "leave `all` out", "`all` has one value to ask for");
	if (item->set & BIT(BASE64OFFSET) && !(item->set & PLACES))
		sigma_warn(item->r, key, "write base64offset|contains",
			   "base64offset without contains compares with a whole field");
	if (count > 1)
		sigma_add_step(item->r, value, item->set & BIT(ALL) ? SIGMA_AND : SIGMA_OR, count);
	if (item->set & BIT(NEQ))
		sigma_add_step(item->r, value, SIGMA_NOT, 1);
}

static bool begin(struct item *item)
{
	struct sigma_reading *r = item->r;

	if (!r->scratch)
		r->scratch = malloc(sizeof(struct scratch));
	r->is_out_of_memory |= !r->scratch;
	item->scratch = r->scratch;
	item->parts = item->scratch ? item->scratch->parts : NULL;
	return item->scratch != NULL;
}

void sigma_read_item(struct sigma_reading *r, struct yaml key, struct yaml value)
{
	struct item item = {.r = r};

	if (begin(&item) && read_key(&item, key))
		read_values(&item, key, value);
}

void sigma_read_keywords(struct sigma_reading *r, struct yaml list)
{
	struct item item = {.r = r, .is_keyword = true};

	if (begin(&item))
		read_values(&item, list, list);
}
