/* What is kept of a record that matched, to be told later: by whom, from where, and the quote. */
#ifndef DAVY_DETECT_SIGMA_WITNESS_H
#define DAVY_DETECT_SIGMA_WITNESS_H

#include "model/finding.h"
#include "model/record.h"

enum {
	WITNESS_NAME_MAX = 256,
	WITNESS_WORD_MAX = 96,
	WITNESS_SOURCE_MAX = 160,
	WITNESS_QUOTE_MAX = 320,
};

/* Text of a fixed place: what is longer is cut. */
struct kept_name {
	uint16_t len;
	char at[WITNESS_NAME_MAX];
};

struct kept_word {
	uint16_t len;
	char at[WITNESS_WORD_MAX];
};

struct witness {
	instant time;
	uint64_t offset;
	struct kept_word key_id, address, session;
	uint16_t source_len, quote_len;
	char source[WITNESS_SOURCE_MAX], quote[WITNESS_QUOTE_MAX];
};

enum whose_kind { WHOSE_IDENTITY, WHOSE_ADDRESS, WHOSE_ACCOUNT, WHOSE_INPUT };

/* Whom a record is about: its identity, else where it comes from, else the account, else the file.
 */
struct whose {
	enum whose_kind kind;
	struct kept_name name;
	struct kept_word account;
};

void whose_read(const struct record *record, struct whose *out);
uint64_t whose_hash(const struct whose *whose, uint64_t seed);
void whose_tell(const struct whose *whose, struct subject *out);
struct str whose_name(const struct whose *whose);

void witness_read(const struct record *record, struct witness *out);
/* By time, then by place: which is earlier does not depend on which came first. */
int witness_compare(const struct witness *a, const struct witness *b);
struct evidence witness_evidence(const struct witness *witness);

#endif
