/* The JSON form of an incident: one line; see finding_json.h for what holds for both. */
#ifndef DAVY_MODEL_INCIDENT_JSON_H
#define DAVY_MODEL_INCIDENT_JSON_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "model/incident.h"

void incident_to_json(const struct incident *incident, struct buf *out); /* no line end */
/* 0, -EBADMSG or -ENOMEM, as finding_from_json. */
must_check int incident_from_json(struct str line, struct arena *arena, struct incident *out,
				  struct error *why);

#endif
