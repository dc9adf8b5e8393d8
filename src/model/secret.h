/*
 * Secrets in texts that are about to be shown: passwords, tokens, signatures and private keys that
 * lie in addresses, messages and whatever else a log quotes. They are shown as what they are and a
 * keyed hash, "[token #0123456789abcdef]": two that are the same can be told to be, and no guess
 * can be tried without the key.
 *
 * A secret is known by what it is called (PASSWORD=..., ?sig=..., Authorization: ...), by where it
 * stands (scheme://user:HERE@host) or by how it begins (eyJ..., ya29..., a PEM's head).
 * One with none of these is a word among words: what comes from a place where such may lie must
 * not be shown at all (secret_may_lie_in). Ids, ARNs and names stay.
 */
#ifndef DAVY_MODEL_SECRET_H
#define DAVY_MODEL_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "model/finding.h"

/* Adds the text without its secrets; false: there are none, and nothing was added. */
bool secrets_hide(struct str text, uint64_t key, struct buf *out);

/* "[KIND #0123456789abcdef]" for a text that is a secret as a whole. */
void secret_add(struct buf *out, const char *kind, struct str secret, uint64_t key);

/*
 * May a record's field of this name hold a secret? False only where its name says that it is an
 * id, a name, a place, a kind of act or the like: "userIdentity.arn", "source.ip", "verb".
 */
bool secret_may_lie_in(struct str field);

/*
 * Hides the secrets in all that a finding tells of foreign texts. Commands stay as they are: they
 * hold nothing but names and ids, and must work.
 *
 * scratch: for what changes; a text that does not fit becomes empty
 */
void finding_hide_secrets(struct finding *finding, uint64_t key, struct arena *scratch);

#endif
