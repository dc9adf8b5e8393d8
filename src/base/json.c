#include "base/json.h"

#include <assert.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/utf8.h"

#define NONE UINT32_MAX

/*
 * One pass over the text with an explicit stack of open containers. Commas and colons carry no
 * meaning beyond "a value ends here", so misplaced ones do no harm; in an object, values simply
 * alternate between key and value, and a comma after a lone key puts a null beside it.
 */
struct parse {
	struct json *doc;
	size_t at;
	uint32_t open[JSON_DEPTH_MAX]; /* node of each open container */
	uint32_t last[JSON_DEPTH_MAX]; /* the newest value in it, or NONE */
	bool is_object[JSON_DEPTH_MAX];
	bool key_done[JSON_DEPTH_MAX]; /* in an object: a key waits for its value */
	size_t depth;
	bool done;
};

static struct json_node *add_node(struct parse *p, enum json_kind kind, size_t start, size_t len)
{
	struct json *doc = p->doc;

	if (doc->count == doc->cap) {
		doc->flaws |= JSON_FLAW_FULL;
		return NULL;
	}
	struct json_node *node = &doc->nodes[doc->count++];
	*node = (struct json_node){.start = (uint32_t)start,
				   .len = (uint32_t)len,
				   .after = doc->count,
				   .kind = (uint8_t)kind};
	return node;
}

static bool in_object(const struct parse *p)
{
	return p->depth > 0 && p->is_object[p->depth - 1];
}

/* Room for `values` more nodes, so that a key is never stored without its value. */
static bool has_room(struct parse *p, uint32_t values)
{
	if (p->doc->cap - p->doc->count >= values)
		return true;
	p->doc->flaws |= JSON_FLAW_FULL;
	return false;
}

/* A key, or the value at `index`, is complete. */
static void value_ended(struct parse *p, uint32_t index)
{
	if (p->depth == 0) {
		p->done = true;
		return;
	}
	size_t top = p->depth - 1;
	bool is_key = p->is_object[top] && !p->key_done[top];
	p->key_done[top] = is_key;
	if (is_key)
		return;
	p->doc->nodes[index].is_member = p->is_object[top];
	p->last[top] = index;
}

static void add_scalar(struct parse *p, enum json_kind kind, size_t start, size_t len,
		       bool has_escape)
{
	bool is_key = in_object(p) && !p->key_done[p->depth - 1];

	if (!has_room(p, is_key ? 2 : 1)) {
		p->done = true;
		return;
	}
	struct json_node *node = add_node(p, kind, start, len);
	node->has_escape = has_escape;
	value_ended(p, p->doc->count - 1);
}

/* A key without a value gets null; so every object has pairs. */
static void complete_pair(struct parse *p)
{
	if (in_object(p) && p->key_done[p->depth - 1]) {
		p->doc->flaws |= JSON_FLAW_SYNTAX;
		if (add_node(p, JSON_NULL, p->at, 0))
			value_ended(p, p->doc->count - 1);
	}
}

static void open_container(struct parse *p, enum json_kind kind)
{
	if (in_object(p) && !p->key_done[p->depth - 1]) { /* where a key belongs */
		p->doc->flaws |= JSON_FLAW_SYNTAX;
		add_scalar(p, JSON_STRING, p->at, 0, false);
	}
	if (p->done)
		return;
	if (p->depth ==
	    JSON_DEPTH_MAX) { /* the bracket is dropped: what is inside joins this level */
		p->doc->flaws |= JSON_FLAW_TOO_DEEP;
		return;
	}
	if (!has_room(p, 2)) {
		p->done = true;
		return;
	}
	p->open[p->depth] = p->doc->count;
	p->last[p->depth] = NONE;
	p->is_object[p->depth] = kind == JSON_OBJECT;
	p->key_done[p->depth] = false;
	add_node(p, kind, p->at, 0);
	p->depth++;
}

static void close_top(struct parse *p, size_t end)
{
	complete_pair(p);
	uint32_t last = p->last[p->depth - 1], index = p->open[--p->depth];
	struct json_node *node = &p->doc->nodes[index];
	if (last != NONE)
		p->doc->nodes[last].is_last = true;
	node->len = (uint32_t)(end - node->start);
	node->after = p->doc->count;
	value_ended(p, index);
}

static void close_container(struct parse *p, enum json_kind kind)
{
	size_t level = p->depth;

	while (level > 0 && p->is_object[level - 1] != (kind == JSON_OBJECT))
		level--;
	if (level == 0 || level != p->depth)
		p->doc->flaws |= JSON_FLAW_SYNTAX;
	while (level > 0 && p->depth >= level)
		close_top(p, p->at + 1);
}

/* From `at` on: where the first quote, backslash or control character may be; never behind it. */
static size_t skip_plain(struct str text, size_t at, char quote)
{
#ifdef __SSE2__
	const __m128i quotes = _mm_set1_epi8(quote), escapes = _mm_set1_epi8('\\'),
		      last_control = _mm_set1_epi8(0x1f);

	for (; text.len - at >= 16; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text.at + at));
		__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
		__m128i stops =
			_mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, escapes));
		int found = _mm_movemask_epi8(_mm_or_si128(stops, control));
		if (found)
			return at + (size_t)__builtin_ctz((unsigned)found);
	}
#endif
	return at;
}

static void read_string(struct parse *p, char quote)
{
	struct str text = p->doc->text;
	size_t start = p->at + 1, at = skip_plain(text, start, quote);
	bool has_escape = false;

	while (at < text.len && text.at[at] != quote) {
		if (text.at[at] == '\\' && at + 1 < text.len) {
			has_escape = true;
			at++;
		} else if ((uint8_t)text.at[at] < 0x20) {
			p->doc->flaws |= JSON_FLAW_CONTROL;
		}
		at = skip_plain(text, at + 1, quote);
	}
	if (at >= text.len) {
		p->doc->flaws |= JSON_FLAW_CUT;
		at = text.len;
	}
	if (quote == '\'')
		p->doc->flaws |= JSON_FLAW_BARE_WORD;
	add_scalar(p, JSON_STRING, start, at - start, has_escape);
	p->at = at;
}

static bool ends_word(char c)
{
	return c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']' || c == '"' ||
	       c == ' ' || (c >= '\t' && c <= '\r');
}

/* What most numbers are: no more digits than surely make one. */
static bool is_short_integer(struct str word)
{
	if (word.len > 15)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
	return true;
}

static enum json_kind word_kind(struct str word)
{
	double number;

	if (is_short_integer(word))
		return JSON_NUMBER;
	if (str_equal(word, STR("null")))
		return JSON_NULL;
	if (str_equal(word, STR("true")))
		return JSON_TRUE;
	if (str_equal(word, STR("false")))
		return JSON_FALSE;
	char first = word.at[0];
	bool may_be_number =
		(first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.';
	return may_be_number && str_to_double(word, &number) ? JSON_NUMBER : JSON_STRING;
}

static void read_word(struct parse *p)
{
	struct str text = p->doc->text;
	size_t start = p->at;

	while (p->at < text.len && !ends_word(text.at[p->at]))
		p->at++;
	struct str word = str_sub(text, start, p->at - start);
	enum json_kind kind = word_kind(word);
	if (kind == JSON_STRING)
		p->doc->flaws |= JSON_FLAW_BARE_WORD;
	add_scalar(p, kind, start, word.len, false);
	p->at--;
}

/* Leaves p->at on the last byte of a comment; false when this slash begins none. */
static bool skip_comment(struct parse *p)
{
	struct str rest = str_skip(p->doc->text, p->at);
	bool is_line = str_starts(rest, STR("//"));

	if (!is_line && !str_starts(rest, STR("/*")))
		return false;
	ptrdiff_t end = str_find(str_skip(rest, 2), is_line ? STR("\n") : STR("*/"));
	p->doc->flaws |= JSON_FLAW_COMMENT;
	p->at = end < 0 ? p->doc->text.len - 1 : p->at + 2 + (size_t)end + (is_line ? 0 : 1);
	return true;
}

static void read_token(struct parse *p)
{
	char c = p->doc->text.at[p->at];

	switch (c) {
	case ' ':
	case '\t':
	case '\n':
	case '\v':
	case '\f':
	case '\r':
	case '\0':
		return;
	case ':':
		if (!in_object(p) || !p->key_done[p->depth - 1])
			p->doc->flaws |= JSON_FLAW_SYNTAX;
		return;
	case ',':
		complete_pair(p);
		return;
	case '{':
		open_container(p, JSON_OBJECT);
		return;
	case '[':
		open_container(p, JSON_ARRAY);
		return;
	case '}':
		close_container(p, JSON_OBJECT);
		return;
	case ']':
		close_container(p, JSON_ARRAY);
		return;
	case '"':
	case '\'':
		read_string(p, c);
		return;
	case '/':
		if (skip_comment(p))
			return;
		/* fall through */
	default:
		read_word(p);
	}
}

size_t json_read(struct json *doc, struct str text)
{
	struct parse p = {.doc = doc};

	if (text.len >= UINT32_MAX)
		text.len = UINT32_MAX - 1;
	doc->text = text;
	doc->count = doc->flaws = 0;
	if (str_starts(text, STR("\xef\xbb\xbf"))) {
		doc->flaws |= JSON_FLAW_MARK;
		p.at = 3;
	}
	for (; p.at < text.len && !p.done; p.at++)
		read_token(&p);
	if (p.depth > 0 && !(doc->flaws & JSON_FLAW_FULL))
		doc->flaws |= JSON_FLAW_CUT;
	while (p.depth > 0)
		close_top(&p, p.at < text.len ? p.at : text.len);
	if (doc->count == 0)
		return 0;
	doc->nodes[0].is_last = true;
	return p.at < text.len ? p.at : text.len;
}

struct json_value json_root(const struct json *doc)
{
	return (struct json_value){doc, doc->count ? 0 : NONE};
}

static const struct json_node *node_of(struct json_value v)
{
	return v.json && v.index < v.json->count ? &v.json->nodes[v.index] : NULL;
}

enum json_kind json_kind(struct json_value v)
{
	const struct json_node *node = node_of(v);

	return node ? (enum json_kind)node->kind : JSON_NONE;
}

bool json_exists(struct json_value v)
{
	return json_kind(v) != JSON_NONE;
}

/* Objects are stored as key, value, key, value ... and walked by value. */

struct json_value json_first(struct json_value container)
{
	const struct json_node *node = node_of(container);

	if (!node || node->kind < JSON_ARRAY || node->after == container.index + 1)
		return (struct json_value){container.json, NONE};
	uint32_t first = container.index + 1;
	if (node->kind == JSON_OBJECT)
		first = container.json->nodes[first].after;
	return (struct json_value){container.json, first < node->after ? first : NONE};
}

struct json_value json_next(struct json_value previous)
{
	const struct json_node *node = node_of(previous);

	if (!node || node->is_last)
		return (struct json_value){previous.json, NONE};
	uint32_t next = node->after;
	if (node->is_member)
		next = previous.json->nodes[next].after;
	return (struct json_value){previous.json, next};
}

struct json_value json_key_of(struct json_value member)
{
	const struct json_node *node = node_of(member);

	/* keys are scalars, so the key is the node just before its value */
	return (struct json_value){member.json, node && node->is_member ? member.index - 1 : NONE};
}

static bool has_key(struct json_value member, struct str key)
{
	const struct json_node *node = &member.json->nodes[member.index - 1];

	if (node->has_escape || node->kind == JSON_NULL)
		return json_text_is((struct json_value){member.json, member.index - 1}, key);
	return node->len == key.len &&
	       memcmp(member.json->text.at + node->start, key.at, key.len) == 0;
}

static struct json_value find_member(struct json_value from, struct str key)
{
	struct json_value v = from;

	while (node_of(v) && !has_key(v, key))
		v = json_next(v);
	return v;
}

struct json_value json_member(struct json_value object, struct str key)
{
	if (json_kind(object) != JSON_OBJECT)
		return (struct json_value){object.json, NONE};
	return find_member(json_first(object), key);
}

struct json_value json_member_again(struct json_value previous, struct str key)
{
	const struct json_node *node = node_of(previous);

	if (!node || !node->is_member)
		return (struct json_value){previous.json, NONE};
	return find_member(json_next(previous), key);
}

bool json_has_duplicate(struct json_value object, struct str key)
{
	return json_exists(json_member_again(json_member(object, key), key));
}

/*
 * The wanted keys by a hash that costs next to nothing, made anew for each walk: of most objects
 * few members are wanted, and each key would be held against each member.
 */
struct key_index {
	uint8_t first[64], next[JSON_PICK_MAX]; /* of a hash, and after a key; index + 1, 0: none */
};

/* The same for letters of either case; eventName, eventTime and eventType differ near their end. */
static size_t key_hash(struct str name)
{
	if (name.len == 0)
		return 0;
	size_t first = (uint8_t)name.at[0] | 0x20, late = (uint8_t)name.at[name.len * 3 / 4] | 0x20;
	return (name.len + first * 5 + late * 11) % 64;
}

static void index_keys(struct key_index *index, const struct str *keys, size_t count)
{
	memset(index->first, 0, sizeof(index->first));
	for (size_t i = 0; i < count; i++) {
		uint8_t *first = &index->first[key_hash(keys[i])];
		index->next[i] = *first;
		*first = (uint8_t)(i + 1);
	}
}

/* Which of `keys` the name at this node is; count: none. */
static size_t find_key(const struct key_index *index, const struct json *doc, uint32_t at,
		       const struct str *keys, size_t count)
{
	const struct json_node *node = &doc->nodes[at];
	struct str name = {doc->text.at + node->start, node->len};

	if (node->has_escape) {
		for (size_t i = 0; i < count; i++)
			if (json_text_is((struct json_value){doc, at}, keys[i]))
				return i;
		return count;
	}
	for (size_t i = index->first[key_hash(name)]; i > 0; i = index->next[i - 1])
		if (keys[i - 1].len == name.len &&
		    (str_equal(name, keys[i - 1]) || str_equal_nocase(name, keys[i - 1])))
			return i - 1;
	return count;
}

void json_pick(struct json_value object, const struct str *keys, size_t count,
	       struct json_value *out)
{
	const struct json *doc = object.json;
	struct key_index index;

	assert(count <= JSON_PICK_MAX);
	for (size_t i = 0; i < count; i++)
		out[i] = (struct json_value){doc, NONE};
	if (json_kind(object) != JSON_OBJECT)
		return;
	uint32_t end = doc->nodes[object.index].after;
	if (end > object.index + 1)
		index_keys(&index, keys, count);
	/* a name, which is one node, and its value, with all that is in it */
	for (uint32_t at = object.index + 1; at + 1 < end; at = doc->nodes[at + 1].after) {
		size_t i = find_key(&index, doc, at, keys, count);
		if (i < count && out[i].index == NONE)
			out[i].index = at + 1;
	}
}

struct json_value json_item(struct json_value array, size_t index)
{
	if (json_kind(array) != JSON_ARRAY)
		return (struct json_value){array.json, NONE};
	struct json_value v = json_first(array);
	for (; index > 0 && node_of(v); index--)
		v = json_next(v);
	return v;
}

size_t json_count(struct json_value container)
{
	size_t count = 0;

	for (struct json_value v = json_first(container); node_of(v); v = json_next(v))
		count++;
	return count;
}

struct str json_raw_text(struct json_value v)
{
	const struct json_node *node = node_of(v);

	return node ? str_sub(v.json->text, node->start, node->len) : (struct str){0};
}

static bool take_hex4(struct str *rest, uint32_t *out)
{
	uint64_t value;

	if (rest->len < 4 || !str_hex_to_u64(str_sub(*rest, 0, 4), &value))
		return false;
	*out = (uint32_t)value;
	*rest = str_skip(*rest, 4);
	return true;
}

static uint32_t take_unicode_escape(struct str *rest)
{
	uint32_t rune, low;

	if (!take_hex4(rest, &rune))
		return 0xfffd;
	if (rune >= 0xd800 && rune < 0xdc00 && str_starts(*rest, STR("\\u"))) {
		struct str after = str_skip(*rest, 2);
		if (take_hex4(&after, &low) && low >= 0xdc00 && low < 0xe000) {
			*rest = after;
			return 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	return rune;
}

/* One character of a string, escapes undone: 1..4 bytes into out. */
static size_t take_character(struct str *rest, char out[4])
{
	char c = rest->at[0];

	*rest = str_skip(*rest, 1);
	if (c != '\\' || rest->len == 0) {
		out[0] = c;
		return 1;
	}
	c = rest->at[0];
	*rest = str_skip(*rest, 1);
	if (c == 'u')
		return utf8_encode(take_unicode_escape(rest), out);
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *found = c ? strchr(from, c) : NULL;
	out[0] = found ? to[found - from] : c;
	return 1;
}

struct str json_text(struct json_value v, char *scratch, size_t cap)
{
	const struct json_node *node = node_of(v);
	char character[4];
	size_t len = 0;

	if (!node || node->kind == JSON_NULL || node->kind >= JSON_ARRAY)
		return (struct str){0};
	struct str rest = json_raw_text(v);
	if (!node->has_escape)
		return rest;
	while (rest.len > 0) {
		size_t size = take_character(&rest, character);
		if (size > cap - len)
			break;
		memcpy(scratch + len, character, size);
		len += size;
	}
	return (struct str){scratch, len};
}

bool json_text_is(struct json_value v, struct str text)
{
	const struct json_node *node = node_of(v);
	char character[4];

	if (!node || node->kind == JSON_NULL || node->kind >= JSON_ARRAY)
		return false;
	struct str rest = json_raw_text(v);
	if (!node->has_escape)
		return str_equal(rest, text);
	while (rest.len > 0) {
		size_t size = take_character(&rest, character);
		if (!str_starts(text, (struct str){character, size}))
			return false;
		text = str_skip(text, size);
	}
	return text.len == 0;
}

bool json_is_scalar(struct json_value v)
{
	enum json_kind kind = json_kind(v);

	return kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_TRUE ||
	       kind == JSON_FALSE;
}

bool json_to_u64(struct json_value v, uint64_t *out)
{
	char scratch[32];
	double real;

	if (json_kind(v) != JSON_NUMBER && json_kind(v) != JSON_STRING)
		return false;
	struct str text = str_trim(json_text(v, scratch, sizeof(scratch)));
	if (str_to_u64(text, out))
		return true;
	if (!str_to_double(text, &real) || !(real >= 0 && real < 1.8e19))
		return false;
	*out = (uint64_t)real;
	return true;
}

bool json_to_double(struct json_value v, double *out)
{
	char scratch[64];

	if (json_kind(v) != JSON_NUMBER && json_kind(v) != JSON_STRING)
		return false;
	return str_to_double(str_trim(json_text(v, scratch, sizeof(scratch))), out);
}

bool json_is_true(struct json_value v)
{
	char scratch[8];
	struct str text = json_text(v, scratch, sizeof(scratch));

	return json_kind(v) == JSON_TRUE || str_equal_nocase(text, STR("true")) ||
	       str_equal(text, STR("1"));
}
