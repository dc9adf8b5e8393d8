#include "report/layout.h"

#include "base/utf8.h"

enum {
	TEXT_MOST = 2000,
	LABEL_COLUMN = 2,
	LABEL_WIDTH = 10,
	TEXT_COLUMN = LABEL_COLUMN + LABEL_WIDTH,
	NARROWEST = 20, /* columns for text; on less, nothing is wrapped */
};

static const char *const paints[] = {
	[PAINT_PLAIN] = "",	    [PAINT_BOLD] = "\x1b[1m",	   [PAINT_FAINT] = "\x1b[2m",
	[PAINT_RED] = "\x1b[1;31m", [PAINT_YELLOW] = "\x1b[1;33m", [PAINT_GREEN] = "\x1b[32m",
};

enum paint report_verdict_paint(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_MINING:
	case VERDICT_MINER:
		return PAINT_RED;
	case VERDICT_SIGNAL:
		return PAINT_PLAIN;
	default:
		return PAINT_YELLOW;
	}
}

static void begin_paint(struct buf *out, const struct report_style *style, enum paint paint)
{
	if (style->colour)
		buf_add_text(out, paints[paint]);
}

static void end_paint(struct buf *out, const struct report_style *style, enum paint paint)
{
	if (style->colour && paint != PAINT_PLAIN)
		buf_add_text(out, "\x1b[0m");
}

void report_hostile(struct buf *out, struct str text)
{
	buf_add_printable(out, text, TEXT_MOST);
}

void report_painted(struct buf *out, const struct report_style *style, enum paint paint,
		    struct str text)
{
	begin_paint(out, style, paint);
	report_hostile(out, text);
	end_paint(out, style, paint);
}

static size_t count_columns(struct str text)
{
	size_t columns = 0, len;
	uint32_t rune;

	for (; text.len > 0; text = str_skip(text, len ? len : 1), columns++)
		len = utf8_decode(text, &rune);
	return columns;
}

void report_cell(struct buf *out, const struct report_style *style, enum paint paint,
		 struct str text, size_t width)
{
	begin_paint(out, style, paint);
	size_t start = out->len;
	report_hostile(out, text);
	size_t columns = count_columns(str_skip(buf_view(out), start));
	end_paint(out, style, paint);
	do
		buf_add_byte(out, ' ');
	while (++columns < width);
}

void report_label(struct buf *out, const struct report_style *style, const char *label)
{
	buf_printf(out, "%*s", LABEL_COLUMN, "");
	report_cell(out, style, PAINT_FAINT, str_from(label), LABEL_WIDTH);
}

static void begin_next_line(struct buf *out, size_t column)
{
	buf_printf(out, "\n%*s", (int)column, "");
}

/* The first `columns` characters, in bytes. */
static size_t measure(struct str text, size_t columns)
{
	size_t bytes = 0, len;
	uint32_t rune;

	for (; columns > 0 && bytes < text.len; columns--, bytes += len ? len : 1)
		len = utf8_decode(str_skip(text, bytes), &rune);
	return bytes < text.len ? bytes : text.len;
}

/* Words that are longer than a line are cut: evidence often is one long word. */
static void add_lines(struct buf *out, struct str text, size_t column, size_t width)
{
	for (;;) {
		size_t fits = measure(text, width);
		if (fits == text.len)
			break;
		size_t cut = fits;
		while (cut > 0 && text.at[cut] != ' ')
			cut--;
		if (cut == 0)
			cut = fits;
		buf_add(out, str_sub(text, 0, cut));
		text = str_skip(text, cut);
		if (str_starts(text, STR(" ")))
			text = str_skip(text, 1);
		begin_next_line(out, column);
	}
	buf_add(out, text);
}

void report_wrapped(struct buf *out, const struct report_style *style, const char *mark,
		    struct str text)
{
	const size_t column = TEXT_COLUMN + str_from(mark).len;

	buf_add_text(out, mark);
	if (style->columns >= column + NARROWEST)
		add_lines(out, text, column, style->columns - column);
	else
		buf_add(out, text);
	buf_add_byte(out, '\n');
}

void report_sentence(struct buf *out, struct str text)
{
	struct str piece;

	while (str_cut(text, '\\', &piece, &text)) {
		report_hostile(out, piece);
		buf_add_byte(out, '\\');
	}
	report_hostile(out, piece);
}

void report_title(struct buf *out, const struct report_style *style, struct str title)
{
	begin_paint(out, style, PAINT_BOLD);
	report_sentence(out, title);
	end_paint(out, style, PAINT_BOLD);
}

void report_time(struct buf *out, instant at)
{
	int64_t part = at.ns % 1000000000;

	buf_add_instant(out, instant_add(at, (duration){part < 0 ? -part - 1000000000 : -part}));
}
