/* JSON messages, and the comma-separated lines of Duino-Coin, as the innermost layer. */
#include <stdlib.h>

#include "decode/flow/json_stream.h"
#include "decode/flow/layer.h"
#include "decode/mining/duino.h"

enum { LINE_MAX_LEN = 512 };

struct text {
	bool is_begun;
	bool is_lines; /* Duino-Coin */
	struct json_stream json[2];
	struct { /* lines: one that has no end yet */
		char at[LINE_MAX_LEN];
		uint16_t len;
	} line[2];
};

static void read_json(struct conversation *c, struct text *text, int side, struct str bytes)
{
	struct str message;

	json_stream_feed(&text->json[side], bytes);
	while (!c->is_dead && json_stream_next(&text->json[side], &message))
		conversation_json(c, side, message);
}

static void end_line(struct conversation *c, struct text *text, int side)
{
	if (text->line[side].len > 0)
		conversation_line(c, side, str_of(text->line[side].at, text->line[side].len));
	text->line[side].len = 0;
}

/* Some miners end no line: the other side's speaking ends it too. */
static void read_lines(struct conversation *c, struct text *text, int side, struct str bytes)
{
	end_line(c, text, !side);
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.at[i] == '\n')
			end_line(c, text, side);
		else if (text->line[side].len < LINE_MAX_LEN)
			text->line[side].at[text->line[side].len++] = bytes.at[i];
	}
}

/* "3.0", "12345,99.5,...": a version or a share; a number alone on its line is neither. */
static bool begins_number(struct str bytes)
{
	size_t digits = 0;

	while (digits < bytes.len && bytes.at[digits] >= '0' && bytes.at[digits] <= '9')
		digits++;
	return digits > 0 &&
	       (digits == bytes.len || bytes.at[digits] == '.' || bytes.at[digits] == ',');
}

/* By the first bytes that tell: a later piece may begin with any byte. */
static void begin(struct text *text, struct str bytes)
{
	while (bytes.len > 0 && ((uint8_t)bytes.at[0] <= ' ' || (uint8_t)bytes.at[0] >= 0x80))
		bytes = str_skip(bytes, 1);
	if (bytes.len == 0)
		return;
	char first = bytes.at[0];
	bool is_number = begins_number(bytes);
	text->is_lines = duino_starts(bytes) || is_number || first == 'J';
	text->is_begun = text->is_lines || first == '{' || first == '[';
}

/* From the first byte on, for segments of one byte; no text has it between its messages. */
static bool begins_gzip(struct str bytes)
{
	static const struct str magic = STR("\x1f\x8b\x08");

	return str_starts(bytes, magic) || str_starts(magic, bytes);
}

static void text_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct text *text = layer->state;

	if (!text->is_begun)
		begin(text, bytes);
	if (text->is_lines)
		read_lines(c, text, side, bytes);
	else if (text->json[side].depth == 0 && begins_gzip(bytes))
		layer_feed(c, layer_replace(c, layer, &layer_gzip), side, bytes);
	else
		read_json(c, text, side, bytes);
}

static void text_gap(struct conversation *c, struct layer *layer, int side, uint32_t missing)
{
	struct text *text = layer->state;
	struct str message;

	(void)missing;
	if (json_stream_flush(&text->json[side], &message))
		conversation_json(c, side, message);
	json_stream_gap(&text->json[side]);
	text->line[side].len = 0;
}

static void text_end(struct conversation *c, struct layer *layer)
{
	struct text *text = layer->state;
	struct str message;

	for (int side = 0; side < 2; side++) {
		if (json_stream_flush(&text->json[side], &message))
			conversation_json(c, side, message);
		end_line(c, text, side);
	}
}

static void text_fini(struct layer *layer)
{
	struct text *text = layer->state;

	json_stream_fini(&text->json[0]);
	json_stream_fini(&text->json[1]);
}

static size_t text_size(const struct layer *layer)
{
	const struct text *text = layer->state;

	return text->json[0].pending.cap + text->json[1].pending.cap;
}

const struct layer_kind layer_text = {.carrier = CARRIER_COUNT,
				      .state_size = sizeof(struct text),
				      .feed = text_feed,
				      .gap = text_gap,
				      .end = text_end,
				      .fini = text_fini,
				      .size = text_size};
