/*
 * What an operator does next against an identity of a cloud, as commands to paste: each with the
 * one that takes it back, where there is one.
 */
#ifndef DAVY_DETECT_CLOUD_STEPS_H
#define DAVY_DETECT_CLOUD_STEPS_H

#include "base/arena.h"
#include "detect/identities.h"
#include "model/finding.h"

/* Keys off, sessions revoked, account disabled: what fits this identity. */
void cloud_steps_stop_identity(struct finding *finding, struct arena *scratch,
			       const struct identity *identity, instant now);

/* One machine or more of one region: stopped, not ended, so that what ran in it can be looked at.
 */
void cloud_steps_stop_machines(struct finding *finding, struct arena *scratch,
			       enum record_provider provider, struct str region,
			       const struct str *ids, size_t count);

/*
 * Can this name stand as a word of its own in a command? Not when a program would take it for an
 * option (-x), or for a file or an address to read (@x, file://x), or when it is empty.
 */
bool cloud_name_is_plain(struct str name);

/* A command word by word: `words` as they are typed, NULL at the end; %s is never expanded. */
struct str cloud_command(struct arena *scratch, const struct str *words, size_t count);

#endif
