/*
 * One end of a session: an actor and its end of the carrier, joined. The same in virtual time
 * (lab/transcript.h) and over sockets (lab/drill.h).
 */
#ifndef DAVY_LAB_PARTY_H
#define DAVY_LAB_PARTY_H

#include "base/error.h"
#include "lab/carrier.h"
#include "lab/dialect.h"

struct lab_party;

/*
 * settings: is_request_reply is set here, after the carrier.
 * carrier:  complete (lab_carrier_complete) and not refused.
 * returns:  0, -ENOMEM, or -EINVAL with a sentence in `why`, which may be NULL.
 */
must_check int lab_party_new(const struct lab_settings *settings, const struct lab_carrier *carrier,
			     enum lab_side side, struct lab_party **out, struct error *why);
void lab_party_free(struct lab_party *party); /* NULL is allowed */

void lab_party_connected(struct lab_party *party, instant now);
void lab_party_feed(struct lab_party *party, struct str bytes, instant now);
instant lab_party_due(const struct lab_party *party);
void lab_party_wake(struct lab_party *party, instant now);
bool lab_party_take(struct lab_party *party, struct buf *bytes); /* one write */

const struct lab_actor *lab_party_actor(const struct lab_party *party);
bool lab_party_is_finished(const struct lab_party *party);
bool lab_party_has_failed(const struct lab_party *party);

#endif
