/*
 * Rules of the user's own, in YARA's language, looked for in small regions of a process's memory.
 *
 * Rules are configuration, but many come from strangers; what they are held against is hostile. So
 * both meet only in processes without rights: rules are compiled from text where they are used, and
 * compiled ones, which libyara believes blindly, are never read. `include` is refused, and modules
 * that take file formats apart (pe, elf ...), since a miner could lay a trap for them.
 *
 * rules.c is the one file that knows libyara; a Davy built without it has rules_none.c. It is not
 * linked but loaded: it brings a dozen libraries along, which no other process of ours shall carry.
 */
#ifndef DAVY_DECODE_RULES_RULES_H
#define DAVY_DECODE_RULES_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "model/workload.h"

enum {
	RULES_FILES_MAX = 1024,
	RULES_BYTES_MAX = 16 * 1024 * 1024, /* of all files together */
	RULE_HITS_MAX = 8,
	RULES_PIECE = 512 * 1024, /* is read at once */
	RULES_OVERLAP = 4096,	  /* of two pieces: a longer text across their border is missed */
	RULES_SECONDS = 4,	  /* that one look may take, at the most */
	RULES_MATCHES_MAX = 100000,
};

struct rules_library;
struct rules;

/* One file of rules; the name is for messages and findings. Borrowed as long as the rules live. */
struct rule_text {
	struct str name, text;
};

/*
 * Load libyara: before rights are given up, since a worker without them loads no code.
 *
 * returns: 0; -ENOTSUP with the remedy when it is not there, or this Davy was built without
 */
must_check int rules_library_open(struct rules_library **out, struct error *why);
void rules_library_close(struct rules_library *library); /* after its rules; NULL is allowed */

/*
 * Compile all of them. Rules of different files may have the same name.
 *
 * returns: 0; -EINVAL with "file:line: what is wrong", and the remedy where libyara's words have
 *          none; -ENOMEM
 */
must_check int rules_compile(const struct rules_library *library, const struct rule_text *texts,
			     size_t count, struct rules **out, struct error *why);
void rules_free(struct rules *rules); /* NULL is allowed */
size_t rules_count(const struct rules *rules);

struct rule_region {
	uint64_t start, end;
};

/* The memory to look at; pieces of it are read when they are needed, and again when rules ask. */
struct rules_memory {
	const struct rule_region *regions;
	size_t count;
	/* At most `len` bytes from `address`: how many there were; 0: none, which is passed over */
	size_t (*read)(void *context, uint64_t address, char *out, size_t len);
	void *context;
	uint32_t seconds; /* 0: RULES_SECONDS */
};

enum rules_result {
	RULES_DONE,
	RULES_TOO_SLOW, /* stopped by the clock: nothing is known of any rule */
	RULES_TOO_MANY, /* texts were found more than RULES_MATCHES_MAX times: the same */
	RULES_FAILED,	/* no memory, or a rule that cannot be decided */
};

/*
 * Which rules hold for this memory as a whole.
 *
 * out:   RULE_HITS_MAX places; texts are in `texts`, or the rule files'
 * count: how many there are; 0 unless RULES_DONE
 */
must_check enum rules_result rules_scan(struct rules *rules, const struct rules_memory *memory,
					struct arena *texts, struct rule_hit *out, size_t *count);

#endif
