#ifndef DAVY_DETECT_MINING_SESSION_REPORT_H
#define DAVY_DETECT_MINING_SESSION_REPORT_H

#include "detect/mining_session/session.h"

/* The finding that a session is worth now; false: it proves nothing worth saying. */
bool session_report(const struct session *session, const struct detector_context *context,
		    struct finding *out);

#endif
