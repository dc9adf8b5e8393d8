/*
 * A finding told to a person at night: what, who, since when, why we say so, what to do next.
 *
 * Every text that came from outside passes buf_add_printable here, so nothing hostile reaches a
 * terminal raw. Colour is the caller's decision (a terminal, and no NO_COLOR).
 */
#ifndef DAVY_REPORT_FINDING_TEXT_H
#define DAVY_REPORT_FINDING_TEXT_H

#include "base/buf.h"
#include "model/finding.h"

void report_finding_text(struct buf *out, const struct finding *finding, bool colour);

#endif
