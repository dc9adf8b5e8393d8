/*
 * The supervisor of `davy watch`: opens what needs rights, starts the workers, passes messages
 * between them. It holds every right there is, so it looks into no message but its own settings'.
 */
#ifndef DAVY_PROGRAMS_WATCH_SUPERVISOR_H
#define DAVY_PROGRAMS_WATCH_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>

#include "programs/settings.h"

struct watch_plan {
	const char *config;	       /* NULL: the default file */
	const char *const *interfaces; /* from the command line, in place of the settings' */
	size_t interface_count;
	bool is_json;
	bool protects; /* respond.policy is protect, whatever the settings say */
	bool is_dry;   /* the policy says what it would do */
};

enum watch_end { WATCH_ENDED, WATCH_RELOADS, WATCH_FAILED };

/*
 * Runs until a signal ends it, or SIGHUP asks for new settings that need all to be started anew.
 *
 * settings: replaced by those that SIGHUP brought and that could be taken over as it ran
 *
 * returns: WATCH_FAILED when it could not begin, with a sentence in `why`
 */
enum watch_end watch_run(const struct watch_plan *plan, struct settings **settings,
			 struct error *why);

#endif
