#include "lab/transcript.h"

#include <errno.h>
#include <stdlib.h>

#include "lab/party.h"

void lab_transcript_fini(struct lab_transcript *transcript)
{
	free(transcript->events);
	buf_fini(&transcript->bytes);
	*transcript = (struct lab_transcript){0};
}

void lab_transcript_add(struct lab_transcript *t, instant at, enum lab_side side, struct str bytes)
{
	if (t->count == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct lab_event *grown = reallocarray(t->events, cap, sizeof(*grown));
		if (!grown) {
			t->failed = true;
			return;
		}
		t->events = grown;
		t->cap = cap;
	}
	t->events[t->count++] = (struct lab_event){at, side, t->bytes.len, bytes.len};
	buf_add(&t->bytes, bytes);
	if (t->bytes.failed)
		t->failed = true;
}

struct str lab_transcript_bytes(const struct lab_transcript *t, size_t index)
{
	return str_sub(buf_view(&t->bytes), t->events[index].offset, t->events[index].len);
}

void lab_transcript_stream(const struct lab_transcript *t, enum lab_side side, struct buf *out)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->events[i].side == side)
			buf_add(out, lab_transcript_bytes(t, i));
}

/* What is on its way to one side: writes in order, each with the time it arrives. */
struct flight {
	struct lab_transcript writes;
	size_t next;
};

static instant arrival(const struct flight *flight)
{
	return flight->next < flight->writes.count ? flight->writes.events[flight->next].at
						   : (instant){INT64_MAX};
}

enum { REACTION_NS = 400000 };

struct play {
	struct lab_party *parties[2];
	struct flight to[2]; /* by the side that will receive */
	instant last_sent[2];
	duration one_way;
	struct lab_transcript *transcript;
};

/*
 * What the side has to say leaves now, or after what it said before; the tap sees the miner's
 * writes as they leave.
 */
static void send_all(struct play *play, enum lab_side side, instant now)
{
	struct buf bytes = {0};

	if (now.ns < play->last_sent[side].ns)
		now = play->last_sent[side];
	play->last_sent[side] = now;
	while (lab_party_take(play->parties[side], &bytes)) {
		if (side == LAB_MINER)
			lab_transcript_add(play->transcript, now, side, buf_view(&bytes));
		lab_transcript_add(&play->to[!side].writes, instant_add(now, play->one_way), side,
				   buf_view(&bytes));
		buf_clear(&bytes);
	}
	buf_fini(&bytes);
}

/* ... and the pool's as they arrive. An answer takes a moment. */
static void deliver(struct play *play, enum lab_side side, instant now)
{
	struct flight *flight = &play->to[side];
	struct str bytes = lab_transcript_bytes(&flight->writes, flight->next++);

	if (side == LAB_MINER)
		lab_transcript_add(play->transcript, now, LAB_POOL, bytes);
	lab_party_feed(play->parties[side], bytes, now);
	send_all(play, side, instant_add(now, (duration){REACTION_NS}));
}

static instant earlier(instant a, instant b)
{
	return a.ns <= b.ns ? a : b;
}

/* The next thing that happens, whichever it is; false when nothing more will. */
static bool step(struct play *play, instant end)
{
	instant at[2], now = {INT64_MAX};

	for (unsigned side = LAB_MINER; side <= LAB_POOL; side++) {
		at[side] = earlier(arrival(&play->to[side]), lab_party_due(play->parties[side]));
		now = earlier(now, at[side]);
	}
	if (now.ns > end.ns || now.ns == INT64_MAX)
		return false;
	enum lab_side side = at[LAB_MINER].ns == now.ns ? LAB_MINER : LAB_POOL;
	if (arrival(&play->to[side]).ns == now.ns) {
		deliver(play, side, now);
	} else {
		lab_party_wake(play->parties[side], now);
		send_all(play, side, now);
	}
	return !play->transcript->failed && !lab_party_has_failed(play->parties[side]) &&
	       !lab_party_is_finished(play->parties[LAB_MINER]);
}

/* An answer that took its moment may stand before what came meanwhile. */
static int by_time(const void *a, const void *b)
{
	const struct lab_event *first = a, *second = b;

	if (first->at.ns != second->at.ns)
		return first->at.ns < second->at.ns ? -1 : 1;
	return first->offset < second->offset ? -1 : first->offset > second->offset;
}

static int outcome_of(const struct play *play, struct lab_outcome *outcome, struct error *why)
{
	*outcome = lab_actor_outcome(lab_party_actor(play->parties[LAB_MINER]));
	if (play->transcript->failed || play->to[0].writes.failed || play->to[1].writes.failed)
		return -ENOMEM;
	if (play->transcript->count > 0)
		qsort(play->transcript->events, play->transcript->count,
		      sizeof(*play->transcript->events), by_time);
	for (unsigned side = LAB_MINER; side <= LAB_POOL; side++)
		if (lab_party_has_failed(play->parties[side]))
			return error_set(why, -EPROTO, "the drill's %s did not understand its peer",
					 side == LAB_MINER ? "miner" : "pool");
	return 0;
}

int lab_session_play(const struct lab_session *session, struct lab_transcript *transcript,
		     struct lab_outcome *outcome, struct error *why)
{
	struct play play = {.transcript = transcript};
	struct lab_carrier carrier = session->carrier;
	int result = 0;

	if (!session->actor.dialect || !lab_carrier_complete(&carrier, session->actor.dialect))
		return error_set(why, -EINVAL, "no dialect, or a carrier too deep for it");
	int64_t round_trip = session->round_trip.ns ? session->round_trip.ns : 40000000;
	int64_t longest = session->longest.ns ? session->longest.ns : DURATION_S(86400).ns;
	play.one_way.ns = round_trip / 2;
	for (unsigned side = LAB_MINER; side <= LAB_POOL && result == 0; side++)
		result = lab_party_new(&session->actor, &carrier, (enum lab_side)side,
				       &play.parties[side], why);
	if (result == 0) {
		/* The pool's end is up when the SYN reached it, the miner's a round trip later. */
		lab_party_connected(play.parties[LAB_POOL], session->begins);
		send_all(&play, LAB_POOL, session->begins);
		lab_party_connected(play.parties[LAB_MINER], session->begins);
		send_all(&play, LAB_MINER, session->begins);
		while (step(&play, instant_add(session->begins, (duration){longest})))
			;
		result = outcome_of(&play, outcome, why);
	}
	for (unsigned side = LAB_MINER; side <= LAB_POOL; side++) {
		lab_party_free(play.parties[side]);
		lab_transcript_fini(&play.to[side].writes);
	}
	return result;
}
