#include "rewritten_words.h"

#include <stdlib.h>

#include "base/json.h"

enum { NODES = 1000, MEMBERS_MOST = 60 }; /* what lab_spell takes */

static const struct str new_host = STR("a-much-longer-name.of-another-place.example.org");

/* Is it JSON that lab_spell can say again without leaving anything out? */
static bool can_be_spelled(struct str text)
{
	struct json_node nodes[NODES];
	struct json doc = {.nodes = nodes, .cap = NODES};

	text = str_trim(text);
	if (text.len == 0 || (text.at[0] != '{' && text.at[0] != '['))
		return false;
	if (json_read(&doc, text) != text.len || doc.flaws)
		return false;
	/* a list that is too long for it is in most cases one of the first levels' */
	struct json_value root = json_root(&doc);
	if (json_count(root) > MEMBERS_MOST)
		return false;
	for (struct json_value v = json_first(root); json_exists(v); v = json_next(v)) {
		if (json_kind(v) >= JSON_ARRAY && json_count(v) > MEMBERS_MOST)
			return false;
		for (struct json_value w = json_kind(v) >= JSON_ARRAY ? json_first(v)
								      : (struct json_value){0};
		     json_exists(w); w = json_next(w))
			if (json_kind(w) >= JSON_ARRAY && json_count(w) > MEMBERS_MOST)
				return false;
	}
	return true;
}

static bool is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* "pool.example.com": letters, a dot, and a last part of letters only; methods look the same. */
static bool is_host_name(struct str text)
{
	struct str last = text, head, tail;
	bool has_dot = false, has_letters = true;

	for (size_t i = 0; i < text.len; i++)
		if (!is_host_byte(text.at[i]))
			return false;
	if (str_starts(text, STR("mining.")) || str_starts(text, STR("client.")))
		return false;
	while (str_find_byte(last, '.') >= 0) {
		str_cut(last, '.', &head, &tail);
		last = tail;
		has_dot = true;
	}
	for (size_t i = 0; i < last.len; i++)
		has_letters &= last.at[i] >= 'a' && last.at[i] <= 'z';
	return has_dot && has_letters && last.len >= 2 && text.len > 6;
}

/* Quoted host names get another. */
static void rename_hosts(struct str json, struct buf *out)
{
	while (json.len > 0) {
		ptrdiff_t open = str_find_byte(json, '"');
		ptrdiff_t close =
			open < 0 ? -1 : str_find_byte(str_skip(json, (size_t)open + 1), '"');
		if (close < 0) {
			buf_add(out, json);
			return;
		}
		struct str text = str_sub(json, (size_t)open + 1, (size_t)close);
		buf_add(out, str_sub(json, 0, (size_t)open + 1));
		buf_add(out, is_host_name(text) ? new_host : text);
		buf_add_byte(out, '"');
		json = str_skip(json, (size_t)(open + close) + 2);
	}
}

static void spell(struct str text, struct rewriting *r, struct buf *out)
{
	struct buf renamed = {0};

	rename_hosts(str_trim(text), &renamed);
	lab_spell(buf_view(&renamed), r->spelling, &r->random, out);
	out->failed |= renamed.failed;
	buf_fini(&renamed);
	r->rewritten++;
}

static void rewrite_lines(const struct stream *stream, enum lab_side side, struct rewriting *r,
			  struct lab_transcript *out)
{
	struct str rest = buf_view(&stream->bytes), line;
	struct buf message = {0};
	size_t offset = 0;

	while (rest.len > 0) {
		size_t before = rest.len;
		str_cut(rest, '\n', &line, &rest);
		offset += before - rest.len;
		buf_clear(&message);
		if (can_be_spelled(line)) {
			spell(line, r, &message);
			lab_end_line(r->spelling, &message);
		} else {
			buf_add(&message, line);
			if (before > line.len)
				buf_add_byte(&message, '\n');
		}
		lab_transcript_add(out, stream_time(stream, offset - 1), side, buf_view(&message));
		out->failed |= message.failed;
	}
	buf_fini(&message);
}

/* The lines of a head, with another host and length. */
static void rewrite_head(struct str head, size_t body_len, struct buf *out)
{
	struct str line;

	while (head.len > 0) {
		str_cut(head, '\n', &line, &head);
		line = str_trim(line);
		if (line.len == 0)
			continue;
		if (str_starts_nocase(line, STR("content-length:")))
			buf_printf(out, "Content-Length: %zu", body_len);
		else if (str_starts_nocase(line, STR("host:")))
			buf_printf(out, "Host: %.*s", STR_ARG(new_host));
		else
			buf_add(out, line);
		buf_add_text(out, "\r\n");
	}
	buf_add_text(out, "\r\n");
}

static size_t content_length(struct str head)
{
	struct str line, name, value;
	uint64_t len = 0;

	while (head.len > 0) {
		str_cut(head, '\n', &line, &head);
		str_cut(line, ':', &name, &value);
		if (str_equal_nocase(str_trim(name), STR("content-length")) &&
		    !str_to_u64(str_trim(value), &len))
			len = 0;
	}
	return (size_t)len;
}

static void rewrite_http(const struct stream *stream, enum lab_side side, struct rewriting *r,
			 struct lab_transcript *out)
{
	struct str all = buf_view(&stream->bytes), rest = all;

	while (rest.len > 0) {
		ptrdiff_t end = str_find(rest, STR("\r\n\r\n"));
		struct str head = str_sub(rest, 0, end < 0 ? 0 : (size_t)end + 4);
		struct str body = str_sub(rest, head.len, content_length(head));
		struct buf spelled = {0}, message = {0};
		bool is_whole = end >= 0 && body.len == content_length(head);
		if (!is_whole) { /* chunks, or cut off: as it is */
			lab_transcript_add(out, stream_time(stream, all.len - 1), side, rest);
			return;
		}
		if (can_be_spelled(body))
			spell(body, r, &spelled);
		else
			buf_add(&spelled, body);
		rewrite_head(head, spelled.len, &message);
		buf_add(&message, buf_view(&spelled));
		rest = str_skip(rest, head.len + body.len);
		lab_transcript_add(out, stream_time(stream, all.len - rest.len - 1), side,
				   buf_view(&message));
		out->failed |= spelled.failed || message.failed;
		buf_fini(&spelled);
		buf_fini(&message);
	}
}

static void copy_pieces(const struct stream *stream, enum lab_side side, struct lab_transcript *out)
{
	struct str all = buf_view(&stream->bytes);

	for (size_t i = 0; i < stream->piece_count; i++) {
		size_t from = stream->pieces[i].offset;
		size_t to = i + 1 < stream->piece_count ? stream->pieces[i + 1].offset : all.len;
		lab_transcript_add(out, stream->pieces[i].at, side, str_sub(all, from, to - from));
	}
}

static bool is_http(struct str s)
{
	return str_starts(s, STR("POST ")) || str_starts(s, STR("HTTP/1."));
}

static int by_time(const void *a, const void *b)
{
	const struct lab_event *first = a, *second = b;

	if (first->at.ns != second->at.ns)
		return first->at.ns < second->at.ns ? -1 : 1;
	return first->offset < second->offset ? -1 : first->offset > second->offset;
}

void rewrite_connection(const struct connection *connection, struct rewriting *rewriting,
			struct lab_transcript *out)
{
	for (int side = 0; side < 2; side++) {
		const struct stream *stream = &connection->streams[side];
		struct str bytes = buf_view(&stream->bytes);
		enum lab_side as = side ? LAB_POOL : LAB_MINER;
		if (str_starts(bytes, STR("{")))
			rewrite_lines(stream, as, rewriting, out);
		else if (is_http(bytes))
			rewrite_http(stream, as, rewriting, out);
		else
			copy_pieces(stream, as, out);
	}
	if (out->count > 0)
		qsort(out->events, out->count, sizeof(*out->events), by_time);
}
