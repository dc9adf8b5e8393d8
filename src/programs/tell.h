/*
 * One finding or incident told to people: what, where, since when, why we say so, what to do next,
 * in that order.
 */
#ifndef DAVY_PROGRAMS_TELL_H
#define DAVY_PROGRAMS_TELL_H

#include "model/finding.h"
#include "model/incident.h"
#include "programs/view.h"

void tell_finding(struct view *view, const struct finding *finding);

/* An incident is told around its findings, which come one by one in between. */
void tell_incident_head(struct view *view, const struct incident *incident);
void tell_incident_story(struct view *view, const struct incident *incident);
void tell_incident_next(struct view *view, const struct incident *incident);
void tell_reasons(struct view *view, const struct finding *finding); /* under its title */
void tell_evidence(struct view *view, const struct finding *finding);

#endif
