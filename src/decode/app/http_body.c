/* Bodies of HTTP/1.x messages: a state machine that takes any split of the bytes. */
#include "decode/app/http.h"

enum { LINE_MAX = 8 * 1024, TRAILERS_MAX = HTTP_HEAD_MAX };

enum chunk_state {
	CHUNK_SIZE,	 /* hex digits, blanks around them tolerated */
	CHUNK_EXTENSION, /* up to the line's end */
	CHUNK_DATA,
	CHUNK_DATA_END, /* CR LF, or LF */
	CHUNK_TRAILER,	/* at the beginning of a line */
	CHUNK_TRAILER_LINE,
	CHUNK_BROKEN,
};

static bool has_no_body(const struct http_head *head, struct str request_method, bool *is_tunnel)
{
	if (head->is_request)
		return false;
	*is_tunnel = head->status == 101 ||
		     (str_equal(request_method, STR("CONNECT")) && head->status / 100 == 2);
	return *is_tunnel || head->status < 200 || head->status == 204 || head->status == 304 ||
	       str_equal(request_method, STR("HEAD"));
}

void http_body_begin(struct http_body *body, const struct http_head *head,
		     struct str request_method)
{
	*body = (struct http_body){0};
	if (has_no_body(head, request_method, &body->is_tunnel))
		body->framing = HTTP_BODY_NONE;
	else if (head->is_chunked)
		body->framing = HTTP_BODY_CHUNKED;
	else if (head->has_content_length && !head->has_other_transfer_encoding)
		body->framing = HTTP_BODY_LENGTH;
	else if (!head->is_request)
		body->framing = HTTP_BODY_UNTIL_CLOSE;
	body->left = body->framing == HTTP_BODY_LENGTH ? head->content_length : 0;
	body->is_done = body->framing == HTTP_BODY_NONE ||
			(body->framing == HTTP_BODY_LENGTH && body->left == 0);
}

static struct str take(struct http_body *body, struct str *in)
{
	struct str piece = str_sub(*in, 0, body->left < in->len ? (size_t)body->left : in->len);

	*in = str_skip(*in, piece.len);
	body->left -= piece.len;
	return piece;
}

static enum chunk_state after_size_line(struct http_body *body)
{
	if (body->digits == 0)
		return CHUNK_BROKEN;
	body->digits = 0;
	body->line = 0;
	return body->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
}

static enum chunk_state on_size_byte(struct http_body *body, char c)
{
	int digit = hex_digit(c);

	if (digit >= 0) {
		if (body->left > UINT64_MAX >> 5) /* 2^59 bytes are no chunk */
			return CHUNK_BROKEN;
		body->left = body->left << 4 | (uint64_t)digit;
		body->digits = 1;
		return CHUNK_SIZE;
	}
	if (c == '\n')
		return after_size_line(body);
	if (c == ';' || ((c == ' ' || c == '\t' || c == '\r') && body->digits > 0))
		return body->digits > 0 ? CHUNK_EXTENSION : CHUNK_BROKEN;
	return c == ' ' || c == '\t' ? CHUNK_SIZE : CHUNK_BROKEN;
}

/* One byte of framing; everything but CHUNK_DATA. */
static enum chunk_state on_frame_byte(struct http_body *body, char c)
{
	if (++body->line > (body->state >= CHUNK_TRAILER ? TRAILERS_MAX : LINE_MAX))
		return CHUNK_BROKEN;
	switch ((enum chunk_state)body->state) {
	case CHUNK_SIZE:
		return on_size_byte(body, c);
	case CHUNK_EXTENSION:
		return c == '\n' ? after_size_line(body) : CHUNK_EXTENSION;
	case CHUNK_DATA_END:
		if (c == '\r')
			return CHUNK_DATA_END;
		body->line = 0;
		return c == '\n' ? CHUNK_SIZE : CHUNK_BROKEN;
	case CHUNK_TRAILER:
		if (c == '\n')
			body->is_done = true;
		return c == '\n' || c == '\r' ? CHUNK_TRAILER : CHUNK_TRAILER_LINE;
	case CHUNK_TRAILER_LINE:
		return c == '\n' ? CHUNK_TRAILER : CHUNK_TRAILER_LINE;
	default:
		return CHUNK_BROKEN;
	}
}

static enum decoded chunked_next(struct http_body *body, struct str *in, struct str *piece)
{
	while (body->state != CHUNK_BROKEN && !body->is_done) {
		if (in->len == 0)
			return NEED_MORE;
		if (body->state != CHUNK_DATA) {
			body->state = (uint8_t)on_frame_byte(body, in->at[0]);
			if (body->state != CHUNK_BROKEN)
				*in = str_skip(*in, 1);
			continue;
		}
		*piece = take(body, in);
		if (body->left == 0)
			body->state = CHUNK_DATA_END;
		return DECODED;
	}
	return body->is_done ? DECODED : MALFORMED;
}

enum decoded http_body_next(struct http_body *body, struct str *in, struct str *piece)
{
	*piece = (struct str){0};
	if (body->is_done)
		return DECODED;
	if (body->framing == HTTP_BODY_CHUNKED)
		return chunked_next(body, in, piece);
	if (in->len == 0)
		return NEED_MORE;
	if (body->framing == HTTP_BODY_UNTIL_CLOSE) {
		*piece = *in;
		*in = str_skip(*in, in->len);
		return DECODED;
	}
	*piece = take(body, in);
	body->is_done = body->left == 0;
	return DECODED;
}
