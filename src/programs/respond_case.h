/*
 * Responses to findings: whom they are for, the journal, and the steps, as `davy respond` and the
 * policy of `davy watch` take them. For respond*.c only.
 */
#ifndef DAVY_PROGRAMS_RESPOND_CASE_H
#define DAVY_PROGRAMS_RESPOND_CASE_H

#include <limits.h>

#include "programs/commands.h"
#include "programs/respond_target.h"
#include "programs/view.h"
#include "respond/respond.h"

/* What the steps go by; a plain value, so that it can be sent to a worker. */
struct response_settings {
	char store_path[PATH_MAX], evidence_folder[PATH_MAX];
	uint64_t evidence_bytes, evidence_total, evidence_keep_s, block_for_s;
	uint32_t throttle_percent;
};
/* store_path: in place of the settings' one, or NULL */
void response_settings_from(const struct settings *settings, const char *store_path,
			    struct response_settings *out);

/* What is proposed or was done. */
struct response_told {
	struct str finding, step, state, memory, lines, outcome;
};

struct responding {
	struct view view; /* its store is open for writing when something is done */
	struct response_settings settings;
	void (*tell)(struct responding *r, const struct response_told *told);
	void (*tell_trouble)(const char *sentence); /* of one process or finding among others */
	bool does_it, is_dry, lists, undoes;
	const char *from;
	struct str id;
	const struct response_step *step;
	struct respond_targets targets;
	bool has_targets;
	struct response_place place;
	bool has_failed; /* something was told and not done */
	uint32_t taken;	 /* findings to which the step was taken, or for which it was shown */
	char named[RESPONSE_TARGETS_MAX][FINDING_ID_LEN + 1]; /* findings that ID stands for */
	size_t named_count;
	/* For the journal. */
	bool by_policy;
	instant until;	   /* taken back by itself then; 0: by hand */
	struct str remark; /* added to the outcome of a step that was taken */
};

must_check int responding_open(struct responding *r, struct error *why);
void responding_close(struct responding *r);

/* The step, to one finding of which this is the JSON line. */
must_check int respond_to_finding(struct responding *r, struct str line, struct error *why);
/* To each finding that ID stands for. */
must_check int respond_to_all(struct responding *r, struct error *why);
must_check int respond_undo(struct responding *r, struct error *why);
/*
 * Take back what was to last only until now.
 *
 * next: when the next one is due; 0: none is
 */
must_check int respond_undo_due(struct responding *r, instant now, instant *next,
				struct error *why);
must_check int respond_list(struct responding *r, struct error *why);

/* In respond_tell.c: on standard output, as text or as one JSON object. */
void respond_tell(struct responding *r, const struct response_told *told);

/* In respond_findings.c: each finding's line, until `visit` fails. */
typedef int respond_visit(struct responding *r, struct str line, struct error *why);
must_check int respond_each_finding(struct responding *r, respond_visit *visit, struct error *why);

/* Reads a memory; nodes: RESPONSE_NODES_MAX of them */
struct json_value respond_memory(struct json *doc, struct str text);

#endif
