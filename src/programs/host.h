/*
 * Looking at this machine's processes, in two halves as everything here:
 *
 *     host_side    has the rights: the private procfs, the sampler, lists of the kernel; opens what
 *                  the worker asks for and reads none of it
 *     host worker  no rights: reads samples and descriptors, judges, reports
 *
 * Used by `davy scan --host` for a while and by `davy watch` for ever. The worker speaks the words
 * of programs/watch.h for findings, counters and leaving, and these beside them.
 */
#ifndef DAVY_PROGRAMS_HOST_H
#define DAVY_PROGRAMS_HOST_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "detect/authorised.h"
#include "sandbox/messages.h"
#include "source/host/image_files.h"
#include "source/host/iterators.h"
#include "source/host/opener.h"
#include "source/host/process_events.h"
#include "source/host/sampler.h"
#include "source/host/setup_files.h"
#include "source/host/socket_walk.h"

#define HOST_ROLE "host"

enum { HOST_NAME_LEN = 64 };

enum host_message {
	HOST_SAMPLER = MESSAGE_FIRST_FREE + 64, /* down: struct sampler_feed, its descriptors */
	HOST_EVENTS,	  /* down: struct process_events_feed, its descriptors */
	HOST_OPEN,	  /* up: struct opener_request */
	HOST_OPENED,	  /* down: opened_process_send */
	HOST_SETUP,	  /* up: setup_request_send */
	HOST_SETUP_FILE,  /* down: the answer */
	HOST_FINDING,	  /* down: what a sensor of the network found, a line of JSON */
	HOST_LIST,	  /* up: uint32_t, ITERATE_PROCESSES or ITERATE_SOCKETS */
	HOST_LISTED,	  /* down: the same; its descriptor, when there is such a list */
	HOST_WALK,	  /* up: struct socket_walk_request */
	HOST_WALKED,	  /* down: the answer, of socket_walk_answer */
	HOST_IMAGE,	  /* up: struct image_request */
	HOST_IMAGE_FILES, /* down: the answer, of image_files_answer */
	HOST_SEEN,	  /* up, before WATCH_FLUSHED: struct host_seen */
	HOST_READS,	  /* up, now and then: struct host_reads */
	HOST_SPARE,	  /* down: uint32_t each, whose memory is not to be read; 0: nobody's is */
	HOST_SPARE_RULES, /* down: the same, of whom rules of the user's own pass over */
};

enum { HOST_SPARED_MAX = 32 };

/* The worker's last word, when it hangs or falls. */
struct host_reads {
	uint32_t pid;	      /* whose memory is read now; 0: nobody's, I live */
	uint32_t is_in_rules; /* 1: by libyara, for rules of the user's own */
};

/* The worker's settings; its descriptors at start: the procfs's folder, rules if there are any. */
struct host_start {
	char host[HOST_NAME_LEN];
	uint64_t memory_bytes;
	uint32_t health_every_s;
	uint32_t hertz;
	uint32_t side_pid;	      /* not looked at, as the worker itself */
	uint8_t is_once;	      /* findings are told at the end, as they are then */
	struct authorised authorised; /* miners that are wanted here */
};

struct host_seen {
	uint32_t processes; /* that ran while it was watched */
	uint32_t looks;	    /* that some of them were thought worth */
	uint32_t seconds;
	uint32_t rules_stopped; /* looks in which the rules of the user's own were not decided */
};

struct host_side {
	struct opener opener;
	struct sampler_source *sampler;
	struct process_events_source *events;
	struct iterators *iterators;
	struct setup_walk *setup;    /* NULL: set-up files are not looked at */
	int root;		     /* what engines keep is below it; -1: is not looked for */
	struct socket_walk *sockets; /* NULL: whose a socket is says BPF, or nobody */
	size_t feeds_sent;
	/* What is lacking and how to get it, for `davy health`; empty: all is well. */
	struct error sampler_lacks, events_lacks, iterators_lack;
};

/*
 * Opens everything that can be; what cannot is told in the *_lacks.
 *
 * returns: 0, or a negative errno and a sentence when not even /proc can be read
 */
must_check int host_side_open(struct host_side *side, struct error *why);
void host_side_close(struct host_side *side); /* zeroed or closed: nothing */

void host_side_fill_start(const struct host_side *side, struct host_start *start);
/* To a worker that has just started: its feeds. 0 or the error of channel_send. */
must_check int host_side_greet(struct host_side *side, struct channel *channel);
/*
 * What a worker said.
 *
 * returns: 1 when it was a request, which was answered; 0 when it is another's; -EPROTO when it is
 *          nothing a worker of ours says, which must be ended then
 */
must_check int host_side_answer(struct host_side *side, struct channel *channel,
				const struct message *message);
/* Once in a few seconds: processors that came. */
void host_side_tick(struct host_side *side, struct channel *channel);

struct settings;
/* Of detect.authorised; what the settings let through is read. */
void host_authorised(const struct settings *settings, struct authorised *out);

int host_worker(void);

#endif
