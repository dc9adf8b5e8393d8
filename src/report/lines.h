/* Lines that findings and incidents share. Private to src/report. */
#ifndef DAVY_REPORT_LINES_H
#define DAVY_REPORT_LINES_H

#include "report/layout.h"

/* "MINING  Monero mining: 10.0.0.7 to pool ..." */
void lines_head(struct buf *out, const struct report_style *style, enum paint paint,
		struct str word, struct str title);
/* "how sure  99 %, severity high" */
void lines_judgement(struct buf *out, const struct report_style *style, enum severity severity,
		     double confidence);
/* "since     2026-11-22T10:00:00Z to 2026-11-22T10:41:07Z (41 min 7 s)" */
void lines_times(struct buf *out, const struct report_style *style, instant first, instant last);
/* Nothing for an empty text. */
void lines_text(struct buf *out, const struct report_style *style, const char *label,
		struct str text);
/* In one line; total: how many there are, of which `count` are named. Nothing for none. */
void lines_list(struct buf *out, const struct report_style *style, const char *label,
		const struct str *texts, size_t count, uint64_t total);
/* One below the other, with a dash. Nothing for none. */
void lines_bullets(struct buf *out, const struct report_style *style, const char *label,
		   const struct str *texts, size_t count);
/* One below the other. Nothing for none. */
void lines_facts(struct buf *out, const struct report_style *style, const char *label,
		 const struct facts *facts);
/* One of a numbered list that is written piece by piece; number: from 1 on. */
void lines_action(struct buf *out, const struct report_style *style, const struct action *action,
		  size_t number);
void lines_actions(struct buf *out, const struct report_style *style, const struct action *actions,
		   size_t count);

void lines_add_fact(struct buf *out, const struct fact *fact);
/* "namespace web, name api-0" */
void lines_add_facts(struct buf *out, const struct facts *facts);

#endif
