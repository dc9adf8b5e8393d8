/*
 * `davy audit` in two processes, as `davy scan`: the first has the user's rights, opens files and
 * what belongs to processes, and reads none of it; the second has no rights, reads, judges, and
 * writes findings to standard output.
 */
#ifndef DAVY_PROGRAMS_AUDIT_H
#define DAVY_PROGRAMS_AUDIT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "report/style.h"
#include "sandbox/messages.h"

#define AUDIT_ROLE "audit"

enum { AUDIT_ROOT_MAX = 1024, AUDIT_WHY_MAX = 512 };

enum audit_message {
	AUDIT_FILE = MESSAGE_FIRST_FREE + 96, /* up: setup_request_send */
	AUDIT_FILE_IS,			      /* down: the answer */
	AUDIT_OPEN,			      /* up: struct opener_request */
	AUDIT_OPENED,			      /* down: opened_process_send */
	AUDIT_LEFT_OUT,			      /* up: which place held too much? */
	AUDIT_LEFT_OUT_IS,		      /* down: its path, or empty */
	AUDIT_RESULT,			      /* up, last of all: struct audit_result */
};

/* The worker's settings. With processes, its one descriptor at start is the procfs's folder. */
struct audit_start {
	struct report_style style;
	bool is_json, has_processes;
	uint8_t fail_verdict, fail_severity;
	char host[64];
	char root[AUDIT_ROOT_MAX];	  /* before all paths shown; empty for "/" */
	char no_processes[AUDIT_WHY_MAX]; /* why not; empty: they are, or nobody wants them */
};

struct audit_result {
	uint64_t found;	    /* findings that count */
	uint64_t unchecked; /* what could not be looked at */
};

int audit_worker(void);

#endif
