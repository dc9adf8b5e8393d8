/* What a miner says of itself in a session: asked from the lab's actors, without carrier and
 * spelling, so that nothing of the decoders is used. */
#ifndef DAVY_TESTS_MATRIX_SAID_H
#define DAVY_TESTS_MATRIX_SAID_H

#include "lab/dialect.h"

struct said {
	bool has_coin;				   /* the wallet is a coin's address, no account */
	bool is_hidden;				   /* enciphered: nothing can be read */
	char wallet[192], worker[192], agent[192]; /* empty: not said */
};

/* False: out of memory. */
must_check bool said_by(const struct lab_settings *settings, struct said *said);

#endif
