/*
 * What looks like mining and is not: protocols made of the same words, JSON-RPC of other trades,
 * nodes that nobody mines with, and people who quote a miner's lines in chats, mails and logs. A
 * detector is worth as much as its silence here.
 */
#ifndef DAVY_LAB_INNOCENT_H
#define DAVY_LAB_INNOCENT_H

#include "lab/transcript.h"

struct story;

struct lab_innocent {
	const char *name;
	uint16_t port; /* where its servers usually listen */
	void (*tell)(struct story *story);
};

extern const struct lab_innocent *const lab_innocents[];
extern const size_t lab_innocent_count;

/*
 * A session of the kind, another one for each seed. The client is LAB_MINER's side.
 *
 * returns: 0, or -ENOMEM
 */
must_check int lab_innocent_play(const struct lab_innocent *innocent, uint64_t seed, instant begins,
				 struct lab_transcript *transcript);

#endif
