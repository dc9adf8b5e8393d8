/* The parts of `davy respond`: findings, journal, telling. For respond*.c only. */
#ifndef DAVY_PROGRAMS_RESPOND_CASE_H
#define DAVY_PROGRAMS_RESPOND_CASE_H

#include "programs/commands.h"
#include "programs/respond_target.h"
#include "programs/view.h"
#include "respond/respond.h"

struct responding {
	struct view view; /* its store is open for writing when something is done */
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
};

must_check int responding_open(struct responding *r, struct error *why);
void responding_close(struct responding *r);

/* To each finding that ID stands for. */
must_check int respond_to_all(struct responding *r, struct error *why);
must_check int respond_undo(struct responding *r, struct error *why);
must_check int respond_list(struct responding *r, struct error *why);

/* One line, or one JSON object, of what is proposed or was done. */
struct response_told {
	struct str finding, step, state, memory, lines, outcome;
};
void respond_tell(struct responding *r, const struct response_told *told);

/* In respond_findings.c: each finding's line, until `visit` fails. */
typedef int respond_visit(struct responding *r, struct str line, struct error *why);
must_check int respond_each_finding(struct responding *r, respond_visit *visit, struct error *why);

/* Reads a memory; nodes: RESPONSE_NODES_MAX of them */
struct json_value respond_memory(struct json *doc, struct str text);

#endif
