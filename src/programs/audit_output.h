/* What `davy audit` writes: the gravest first, what was not looked at, and a summary. */
#ifndef DAVY_PROGRAMS_AUDIT_OUTPUT_H
#define DAVY_PROGRAMS_AUDIT_OUTPUT_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/finding.h"
#include "programs/audit.h"

enum { AUDIT_FINDINGS_MAX = 1024, AUDIT_UNCHECKED_TOLD = 20 };

struct audit_kept {
	struct buf line;
	uint8_t severity;
};

struct audit_output {
	const struct audit_start *start;
	struct buf out;
	struct arena arena; /* for one finding at a time */
	struct audit_kept *kept;
	size_t kept_count;
	uint64_t findings, counted, unchecked, lost;
	uint64_t files, entries, programs, processes; /* looked at */
};

must_check int audit_output_init(struct audit_output *output, const struct audit_start *start);
void audit_output_fini(struct audit_output *output);
/* Kept, to be told in order. */
void audit_output_take(struct audit_output *output, struct finding *finding);
void audit_output_unchecked(struct audit_output *output, struct str what, struct str why);
void audit_output_end(struct audit_output *output);

#endif
