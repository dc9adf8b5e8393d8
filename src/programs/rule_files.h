/*
 * Rules of the user's own: files that host.yara and --yara name, on their way to the worker that
 * compiles them. Whoever has rights reads them and looks at none of their bytes; whether they can
 * be compiled is tried before anything begins, by a worker without rights.
 */
#ifndef DAVY_PROGRAMS_RULE_FILES_H
#define DAVY_PROGRAMS_RULE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "decode/rules/rules.h"
#include "programs/settings.h"

#define RULES_ROLE "rules"

struct rule_files {
	int descriptor; /* all of them, sealed; -1: there are none */
	uint32_t files, rules;
	uint64_t mark; /* of names and content: another one says that they have changed */
};

/*
 * Read the files of host.yara and `more`, of folders those that end in .yar or .yara, and have them
 * compiled by a worker, for at most 20 s.
 *
 * returns: 0; a negative errno and a sentence with file, line and remedy: nothing is held then
 */
must_check int rule_files_share(const struct settings *settings, const char *const *more,
				size_t more_count, struct rule_files *out, struct error *why);
void rule_files_close(struct rule_files *files);

/*
 * In a worker: what was shared.
 *
 * texts:   RULES_FILES_MAX places; views into what is mapped for good
 * returns: how many; 0: it is not ours. Closes `descriptor`.
 */
size_t rule_files_map(int descriptor, struct rule_text *texts);

/* The worker that only tries. */
int rules_worker(void);

#endif
