/*
 * What lies in a process's memory that only mining has: the constants an algorithm cannot do
 * without, and the words of its trade: a pool's URL, a job, a login, a wallet.
 *
 * An algorithm's constants survive renaming, stripping and packing. RandomX's are not written down
 * here: its specification defines them as BLAKE2b of sentences, and so they are made at start. They
 * are looked for in halves of 8 bytes, since a compiler may load a key in two.
 *
 * One pass over the bytes, whatever their content (base/patterns); no expression backtracks.
 * Texts are confirmed by the decoders of the wire: a wallet by its checksum, a job by its JSON.
 */
#ifndef DAVY_DECODE_CONSTANTS_CONSTANTS_H
#define DAVY_DECODE_CONSTANTS_CONSTANTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "model/workload.h"

enum constant_kind {
	CONSTANT_ALGORITHM = 1, /* keys of RandomX; `name` says how many of how many */
	CONSTANT_WALLET,	/* an address with a right checksum */
	CONSTANT_POOL_URL,	/* stratum+tcp://... */
	CONSTANT_MESSAGE,	/* a login, job or share of a mining dialect */
	CONSTANT_SETTING,	/* a miner's option: "donate-level" */
	CONSTANT_TABLE,		/* tables of AES: of every program that enciphers without
				   instructions for it; the first place */
};

enum { CONSTANT_HITS_MAX = 32, CONSTANT_TEXT_MAX = 256 };

struct constant_scanner;

/* Compiles the patterns once (about a megabyte). 0, or -ENOMEM or -ENOTSUP with a sentence. */
must_check int constant_scanner_new(struct constant_scanner **out, struct error *why);
void constant_scanner_free(struct constant_scanner *scanner); /* NULL is allowed */

/* Forget what was found: for the next process. */
void constant_scanner_begin(struct constant_scanner *scanner, struct arena *texts);

/*
 * Scan a region, or a piece of one; pieces should overlap by CONSTANT_TEXT_MAX.
 *
 * bytes:   any, at most 4 GiB
 * address: where they lie, for the report
 */
void constant_scanner_scan(struct constant_scanner *scanner, struct str bytes, uint64_t address);

/* What was found since constant_scanner_begin; texts are in its arena. At most CONSTANT_HITS_MAX.
 */
size_t constant_scanner_hits(const struct constant_scanner *scanner, struct constant_hit *out);

#endif
