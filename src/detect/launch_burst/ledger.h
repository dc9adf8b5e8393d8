/*
 * The ledger: what each identity asked for, a line for each hour, kind of act, outcome, place and
 * type, so that its size goes by how varied an identity is and not by how busy.
 *
 * Order-free: a line is a sum over different acts (known by their ids), or the greatest size that a
 * named thing was given. What a template, task or function is made of is kept apart and looked up
 * only when a report is made, because the act that says so may be read later.
 */
#ifndef DAVY_DETECT_LAUNCH_BURST_LEDGER_H
#define DAVY_DETECT_LAUNCH_BURST_LEDGER_H

#include "detect/computing.h"
#include "detect/identities.h"
#include "lists/computing_prices.h"

enum { LINE_REGION_MAX = 32, LINE_TYPE_MAX = 48, LINE_SOURCE_MAX = 96, LINE_QUOTE_MAX = 240 };

struct ledger_line {
	uint64_t key[2];
	uint64_t identity[2];
	int64_t hour; /* since 1970 */
	enum computing_kind kind;
	enum record_outcome outcome;
	const char *service;
	char region[LINE_REGION_MAX], type[LINE_TYPE_MAX];
	uint64_t thing;	     /* hash of what has a size, and so what it is made of; 0: none */
	uint64_t made_of[2]; /* hashes of what says the rest; 0: none */
	uint64_t count;	     /* machines: a sum, or of LEVEL the greatest */
	uint64_t added;	     /* of these, not there before; set by ledger_sorted */
	struct computing_price each;   /* one machine; set by ledger_sorted */
	char made_type[LINE_TYPE_MAX]; /* its type, told by what it is made of, too; likewise */
	uint64_t acts;
	double vcpu, gpu; /* of each machine; below 0: the acts do not say */
	bool protects, has_mfa, lacks_mfa;
	double quota; /* the greatest value told; below 0: none */
	char quota_code[24];
	instant first, last;
	/* of the first act, as evidence */
	uint64_t first_mark;
	char source[LINE_SOURCE_MAX];
	uint64_t offset;
	char quote[LINE_QUOTE_MAX];
};

struct ledger;

must_check int ledger_new(const struct record_settings *settings, struct ledger **out);
void ledger_free(struct ledger *ledger); /* NULL is allowed */
void ledger_take(struct ledger *ledger, const struct record *record);

struct identities *ledger_identities(struct ledger *ledger);
instant ledger_begins(const struct ledger *ledger); /* the first act that was seen, of anybody */

/* Machines that were made by one identity, to name them in a command: some of them. */
enum { LAUNCHED_MAX = 16 };
struct ledger_launched {
	uint64_t order; /* hash of the id; 0: free */
	char id[160], region[LINE_REGION_MAX];
	instant time;
};
struct ledger_launches {
	struct ledger_launched at[LAUNCHED_MAX];
	bool has_more;
};
const struct ledger_launches *ledger_launches(struct ledger *ledger, struct identity *identity);

const struct computing_prices *ledger_prices(const struct ledger *ledger);

/* All lines, by identity, then hour, then what they are: the same for any order of the records. */
struct ledger_line **ledger_sorted(struct ledger *ledger, size_t *count);

#endif
