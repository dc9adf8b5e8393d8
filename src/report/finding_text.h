/* A finding told to a person at night: what, who, since when, why we say so, what to do next. */
#ifndef DAVY_REPORT_FINDING_TEXT_H
#define DAVY_REPORT_FINDING_TEXT_H

#include "base/buf.h"
#include "model/finding.h"
#include "report/style.h"

/* For a list of many, as `davy scan` prints: the first pieces of evidence, no list of facts. */
void report_finding_short(struct buf *out, const struct report_style *style,
			  const struct finding *finding);
/* All there is, for `davy show`. */
void report_finding_whole(struct buf *out, const struct report_style *style,
			  const struct finding *finding);

/* Its share in an incident told whole; is_first: no other finding's stands above. */
void report_finding_reasons(struct buf *out, const struct report_style *style,
			    const struct finding *finding, bool is_first);
void report_finding_evidence(struct buf *out, const struct report_style *style,
			     const struct finding *finding, bool is_first);

#endif
