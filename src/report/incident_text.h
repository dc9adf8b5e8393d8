/* An incident told in a few lines, for the end of a scan; `davy show` tells one whole. */
#ifndef DAVY_REPORT_INCIDENT_TEXT_H
#define DAVY_REPORT_INCIDENT_TEXT_H

#include "base/buf.h"
#include "model/incident.h"

void report_incident_text(struct buf *out, const struct incident *incident, bool colour);

#endif
