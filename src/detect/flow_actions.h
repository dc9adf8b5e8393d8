/* What to do about a connection of a cloud's machine, as commands of that cloud's own tool. */
#ifndef DAVY_DETECT_FLOW_ACTIONS_H
#define DAVY_DETECT_FLOW_ACTIONS_H

#include "base/arena.h"
#include "detect/flow_sessions.h"
#include "model/finding.h"

/* Be sure, cut the server off for the network, cut the machine off; by what the log named. */
void flow_actions_add(const struct flow_session *session, struct arena *scratch,
		      struct finding *out);

#endif
