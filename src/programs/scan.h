/*
 * `davy scan` in two processes. The first has the user's rights, opens inputs and parses nothing;
 * the second has no rights, gets the descriptors one by one, parses, and writes findings to
 * standard output. When the second dies, the first starts another and goes on without the input
 * that killed it.
 */
#ifndef DAVY_PROGRAMS_SCAN_H
#define DAVY_PROGRAMS_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/flow/tunnel_ends.h"
#include "model/finding.h"
#include "report/style.h"
#include "sandbox/messages.h"

#define SCAN_ROLE "scan"

/* Messages between the two, beside MESSAGE_START. */
enum scan_message {
	SCAN_INPUT = MESSAGE_FIRST_FREE, /* down: name, with the descriptor */
	SCAN_FOUND,			 /* down: the same, of a file that a folder held */
	SCAN_UNCHECKED, /* down: an input that could not be opened: its name, NUL, the reason */
	SCAN_FINDING,	/* down: what the worker of --host found: a line of JSON */
	SCAN_HOST,	/* down: struct host_seen: this machine was looked at */
	SCAN_FINISH,	/* down: no more inputs; struct scan_finish */
	SCAN_STOP,	/* down: a followed input is to be finished, any other to be left */
	SCAN_PROGRESS,	/* up: struct scan_progress */
	SCAN_DONE,	/* up: the input is done; struct scan_progress */
	SCAN_RESULT,	/* up: struct scan_result, last of all */
};

enum { SCAN_AS_MAX = 1024 };

struct scan_settings {
	bool is_json, follows;
	/* what all inputs are: empty (as content tells), "capture", "log" or "vpcflow[:FIELDS]" */
	char as[SCAN_AS_MAX];
	struct report_style style;
	uint8_t fail_verdict, fail_severity; /* from these on it counts as found */
	bool fail_on_signal;
	uint64_t memory_bytes;
	struct mirrors mirrors;
};

struct scan_progress {
	uint64_t file_bytes; /* of the input, as it lies on disk */
	uint64_t frames;     /* in all */
	bool is_unread;	     /* who read the output is gone: no more inputs, please */
};

struct scan_finish {
	uint64_t not_begun; /* inputs that an interruption left over */
};

struct scan_result {
	uint64_t found; /* findings that count */
	/* inputs of which something was not looked at; one more when nothing at all was, or the
	 * output could not be written */
	uint64_t unreadable;
};

/* The worker's main; the exit status. */
int scan_worker(void);

#endif
