/*
 * A session played through in virtual time: who sent which bytes when, as seen beside the client.
 * Each event is one write. The client is the side that opened the connection: the miner.
 */
#ifndef DAVY_LAB_TRANSCRIPT_H
#define DAVY_LAB_TRANSCRIPT_H

#include "base/error.h"
#include "lab/carrier.h"
#include "lab/dialect.h"

struct lab_event {
	instant at;
	enum lab_side side; /* who sent it */
	size_t offset, len; /* in the transcript's bytes */
};

struct lab_transcript {
	struct lab_event *events; /* in order of time */
	size_t count, cap;
	struct buf bytes;
	bool failed; /* out of memory: something is missing */
};

void lab_transcript_fini(struct lab_transcript *transcript);
void lab_transcript_add(struct lab_transcript *transcript, instant at, enum lab_side side,
			struct str bytes);
struct str lab_transcript_bytes(const struct lab_transcript *transcript, size_t index);
/* All that one side sent, one after the other. */
void lab_transcript_stream(const struct lab_transcript *transcript, enum lab_side side,
			   struct buf *out);

struct lab_session {
	struct lab_settings actor;
	struct lab_carrier carrier; /* is completed after the dialect */
	instant begins;
	duration round_trip; /* 0: 40 ms */
	duration longest;    /* 0: a day */
};

/*
 * Plays the session until the miner is done, refused or gives up, or the time is over.
 *
 * returns: 0 with the transcript and the miner's outcome; -ENOMEM; -EINVAL with a sentence in `why`
 *          for a dialect that cannot travel so; -EPROTO when both sides of ours misunderstood each
 *          other, which is a mistake in src/lab.
 */
must_check int lab_session_play(const struct lab_session *session,
				struct lab_transcript *transcript, struct lab_outcome *outcome,
				struct error *why);

#endif
