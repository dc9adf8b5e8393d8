/*
 * What all text for people is made of: labels in a column, wrapped text, commands, times, colour.
 *
 * Every text that came from outside passes buf_add_printable here, so nothing hostile reaches a
 * terminal raw; a line break comes from us alone.
 */
#ifndef DAVY_REPORT_LAYOUT_H
#define DAVY_REPORT_LAYOUT_H

#include "base/buf.h"
#include "base/instant.h"
#include "model/finding.h"
#include "report/style.h"

enum paint { PAINT_PLAIN, PAINT_BOLD, PAINT_FAINT, PAINT_RED, PAINT_YELLOW, PAINT_GREEN };

enum paint report_verdict_paint(enum verdict verdict);

void report_hostile(struct buf *out, struct str text);
void report_painted(struct buf *out, const struct report_style *style, enum paint paint,
		    struct str text);
/* Text and spaces up to `width` columns, at least one; a character is taken as one column. */
void report_cell(struct buf *out, const struct report_style *style, enum paint paint,
		 struct str text, size_t width);
/* "  who         ": begins a line of a finding or an incident; "" continues the one before. */
void report_label(struct buf *out, const struct report_style *style, const char *label);
/*
 * Sentences of ours, whose foreign parts were escaped where they were written, and commands to be
 * pasted: backslashes are not doubled. Controls and hidden characters are still shown for what
 * they are.
 */
void report_sentence(struct buf *out, struct str text);
void report_title(struct buf *out, const struct report_style *style, struct str title);
/* The rest of a line, and its end: `mark` ("- "), then `text`, which must be escaped already,
 * wrapped under itself where the style has a width. */
void report_wrapped(struct buf *out, const struct report_style *style, const char *mark,
		    struct str text);
void report_time(struct buf *out, instant at); /* to the second, UTC */

#endif
