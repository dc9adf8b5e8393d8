/*
 * Where findings and incidents are kept: one file, one writer, any number of readers.
 *
 * The writer queues what it is given and commits the queue as a whole with store_flush. Only what a
 * successful flush covered may be reported to anybody: then neither kill -9 nor loss of power takes
 * back what was said. When a flush fails (disk full, file damaged) the queue stays in memory,
 * within bounds, and the next flush tries again; the program goes on.
 *
 * Nothing outside this folder knows what is behind it.
 */
#ifndef DAVY_STORE_STORE_H
#define DAVY_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/instant.h"
#include "base/str.h"
#include "model/finding.h"
#include "model/incident.h"
#include "model/response.h"

struct store;

enum store_mode { STORE_READ, STORE_WRITE };

/*
 * Open the store at `path`; STORE_WRITE makes the file (mode 0640) and brings its layout up to
 * date.
 *
 * returns: 0, or with one sentence in `why`: -ENOENT (reading: no store there yet), -EACCES,
 *          -EPROTO (made by a newer or an older davy), -EUCLEAN (damaged or some other file),
 *          -EBUSY, -ENOSPC, -EIO, -ENOMEM
 * Reading works with or without a living writer, and without the right to write to the folder.
 */
must_check int store_open(const char *path, enum store_mode mode, struct store **out,
			  struct error *why);
void store_close(struct store **store); /* flushes what it can; for CLEANUP */

/*
 * Queue a finding or an incident. One of the same id in the queue is replaced by a higher revision.
 *
 * returns: 0; -ENOBUFS: the queue is full of what weighs as much or more, this one (or a lighter
 *          one that made room) is lost and counted; -EMSGSIZE: its JSON form is too long; -ENOMEM
 */
must_check int store_put_finding(struct store *store, const struct finding *finding);
must_check int store_put_incident(struct store *store, const struct incident *incident);

/*
 * Commit the queue in one transaction, synced to the disk.
 *
 * returns: 0: all that was put is safe. Else negative errno as store_open and a sentence with a
 *          remedy; all is kept and tried again with the next call.
 * On disk, the higher revision wins; after a restart, when revisions begin anew, the later
 * last_seen does, and the revision counts on. The earliest first_seen is kept.
 */
must_check int store_flush(struct store *store, struct error *why);

struct store_queue_counters {
	uint64_t committed; /* rows */
	uint64_t lost;	    /* the queue was full */
	uint64_t failures;  /* flushes that failed */
	uint32_t queued;    /* rows that wait now */
	uint64_t queued_bytes;
};
struct store_queue_counters store_queue_counters(const struct store *store);

/* The latest values for `davy health`; written at once, and not kept when that fails. */
struct store_counter {
	struct str source, name;
	uint64_t value;
	instant time;
};
struct store_source {
	struct str name;
	bool is_on;
	struct str why; /* it is off */
	instant time;
	bool is_gone; /* for good: its row is removed */
};
must_check int store_put_counters(struct store *store, const struct store_counter *counters,
				  size_t count, struct error *why);
must_check int store_put_sources(struct store *store, const struct store_source *sources,
				 size_t count, struct error *why);

/*
 * The writer's life, for `davy health`. At the start, what was told of the sources and counters of
 * an earlier one is forgotten.
 */
struct store_life {
	instant started, stopped; /* 0: never; stopped: cleanly, and 0 while it runs */
};
must_check int store_note_start(struct store *store, instant now, struct error *why);
must_check int store_note_stop(struct store *store, instant now, struct error *why);
must_check int store_read_life(struct store *store, struct store_life *out, struct error *why);

/*
 * Of writers there may be one: a lock on the file beside it, `path`.lock, which ends with the
 * process that holds it, however that ends.
 *
 * pid:     whom to name to others
 * returns: a descriptor to be kept open, or -EBUSY with the pid of the other in `why`, or as
 *          store_open
 */
must_check int store_lock(const char *path, pid_t pid, struct error *why);
/* 1: a writer lives; 0: none does; -errno: it cannot be told (no right to the file, or no file) */
must_check int store_is_locked(const char *path);

struct store_limits {
	duration keep;	    /* since last_seen; 0: for ever */
	uint64_t max_rows;  /* findings, and as many incidents; 0: no limit */
	uint64_t max_bytes; /* in use in the file, nearly; 0: no limit */
};

/*
 * Remove what is past the limits, at most `most` rows a call: call it often with a small number.
 * Over max_rows or max_bytes, signals go first, then access ... and mining last; the oldest first
 * among equals.
 *
 * removed: rows that went; less than `most`: nothing more to do now
 */
must_check int store_prune(struct store *store, const struct store_limits *limits, instant now,
			   uint32_t most, uint32_t *removed, struct error *why);

struct store_filter {
	instant since; /* last_seen at or after */
	bool has_verdict;
	enum verdict verdict;
	uint32_t limit; /* 0: all */
};

/* The JSON line of each, latest first, until visit returns false. Lines live during the call. */
typedef bool store_visit(void *context, struct str json);
must_check int store_each_incident(struct store *store, const struct store_filter *filter,
				   store_visit *visit, void *context, struct error *why);
/* incident: an id, or empty for all findings. Of an incident, also those it no longer lists. */
must_check int store_each_finding(struct store *store, struct str incident,
				  const struct store_filter *filter, store_visit *visit,
				  void *context, struct error *why);

enum store_found { STORE_NOT_FOUND, STORE_AMBIGUOUS, STORE_INCIDENT, STORE_FINDING };

/* The one incident or finding whose id is `id`, or else begins with it; its JSON line. */
must_check int store_find(struct store *store, struct str id, enum store_found *found,
			  struct buf *json, struct error *why);

/* In the order of source and name. */
must_check int store_each_counter(struct store *store,
				  void (*visit)(void *context, const struct store_counter *),
				  void *context, struct error *why);
must_check int store_each_source(struct store *store,
				 void (*visit)(void *context, const struct store_source *),
				 void *context, struct error *why);

/*
 * The journal of responses. Each call is one transaction, synced to the disk when it returns 0:
 * what was begun is known to whoever comes after, however this program ended.
 *
 * begin: `number`, `state` and `changed` of the response are not looked at; its number is in
 * *number
 */
must_check int store_begin_response(struct store *store, const struct response *response,
				    uint64_t *number, struct error *why);
/* -ENOENT when there is no such response */
must_check int store_end_response(struct store *store, uint64_t number, enum response_state state,
				  struct str outcome, instant now, struct error *why);

/* The latest first, until visit returns false; views live during the call. */
typedef bool store_response_visit(void *context, const struct response *response);
/* finding: an id, or empty for all. open_only: without those that were undone. */
must_check int store_each_response(struct store *store, struct str finding, bool open_only,
				   store_response_visit *visit, void *context, struct error *why);

#endif
