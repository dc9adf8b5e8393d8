/*
 * For the tests of rooms over records: records written as short rows, told to a detector in every
 * order, once and twice, and the findings compared byte by byte.
 */
#ifndef DAVY_DETECT_RECORD_CASE_H
#define DAVY_DETECT_RECORD_CASE_H

#include "detect/record_detector.h"

/* A row: what is left out is empty. Times are seconds after 2026-11-01T00:00:00Z. */
struct record_row {
	enum record_kind kind; /* RECORD_OTHER: CloudTrail */
	int64_t at;
	const char *id; /* NULL: the row's place in its table */
	enum identity_kind who;
	const char *by, *key, *instance, *issuer, *invoked_by, *session;
	const char *account, *region, *service, *action, *from, *agent, *error;
	enum record_outcome outcome; /* OUTCOME_UNKNOWN: done */
	bool is_under_way;	     /* OUTCOME_UNKNOWN is meant */
	bool mfa;
	const char *request, *response; /* JSON */
	const char *thing, *thing_type; /* the first resource */
	uint64_t bytes;
	/* Kubernetes */
	const char *resource, *subresource, *ns, *name, *decision;
	/* flows: `from` is the source */
	const char *to, *interface;
};

enum { CASE_FINDINGS = 16, CASE_JSON = 16384 };

struct case_finding {
	enum verdict verdict;
	enum severity severity;
	double confidence;
	char json[CASE_JSON];
};

struct case_result {
	struct case_finding at[CASE_FINDINGS];
	size_t count;
};

/* The rows in the order of the table. Asserts that every order gives the same. */
void record_case_run(const struct record_detector *detector, const struct record_row *rows,
		     size_t count, struct case_result *out);

/* Rows, and the one finding they must end in. */
struct record_story {
	const char *name;
	struct record_row rows[24];
	bool is_silent; /* none at all */
	enum verdict verdict;
	enum severity severity;
	const char *says[12], *hides[4];
};

/* Runs it in every order; *out is what the finding said. Fails with the story's name. */
void record_case_story(const struct record_detector *detector, const struct record_story *story,
		       struct case_result *out);

/* One record from a row; its JSON lives in `nodes`, room for 512 each. */
struct case_nodes {
	struct json request, response;
	struct json_node request_nodes[2048], response_nodes[2048];
	char id[24];
};
void record_case_fill(const struct record_row *row, size_t number, struct case_nodes *nodes,
		      struct record *out);

/* The findings a detector has now. */
void record_case_report(const struct record_detector *detector, void *state,
			struct case_result *out);

/* Fails, naming `row`, unless the text is in the finding's JSON. */
void record_case_says(const char *row, const struct case_finding *finding, const char *text);
void record_case_hides(const char *row, const struct case_finding *finding, const char *text);

#endif
