/*
 * What the command lines of a workload say: that they mine, that they hide what they run, whom they
 * speak with. Quotes, the splitting of arguments over a list and layers of base64 play no part.
 *
 * What leaves here of the text is a pool's address, a wallet with a right checksum and a coin:
 * command lines and environments are full of other people's passwords.
 */
#ifndef DAVY_DETECT_CLUSTER_COMMAND_LOOK_H
#define DAVY_DETECT_CLUSTER_COMMAND_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum command_sign {
	SAYS_POOL = 1 << 0,	/* stratum+tcp:// and its kin */
	SAYS_WALLET = 1 << 1,	/* an address with a right checksum */
	SAYS_OPTION = 1 << 2,	/* an option that only miners have */
	SAYS_OPTIONS = 1 << 3,	/* two of them or more */
	SAYS_LOGIN = 1 << 4,	/* -o HOST:PORT -u SOMEBODY, as most miners are started */
	SAYS_NAME = 1 << 5,	/* a program known as a miner */
	SAYS_FETCHES = 1 << 6,	/* downloads and runs */
	SAYS_ENCODED = 1 << 7,	/* decodes and runs */
	SAYS_CONNECTS = 1 << 8, /* /dev/tcp */
	SAYS_INLINE = 1 << 9,	/* a program inside of python -c, perl -e */
	SAYS_OUTSIDE = 1 << 10, /* names a host and port that are not the cluster's own */
	SAYS_METADATA = 1 << 11,
	SAYS_CREDENTIALS = 1 << 12, /* reads the pod's token, ~/.aws, another's environment */
};

enum { POOL_TEXT_MAX = 128, WALLET_TEXT_MAX = 256 };

struct command_look {
	uint32_t signs;
	uint32_t options;	  /* one bit an option */
	char pool[POOL_TEXT_MAX]; /* host:port, without a name or password before it */
	char wallet[WALLET_TEXT_MAX];
	const char *coin;
	const char *cloud; /* of SAYS_METADATA */
	bool asks_credentials;
};

/* Adds to what was seen before. text: with line breaks between arguments of different programs */
void command_look(struct command_look *look, struct str text);

/* Says clearly that it mines: a pool, and who is paid or how it is mined. */
bool command_look_mines(uint32_t signs);

/* The host of the image's registry and its tag do not count. */
bool command_look_is_miner_name(struct str image_or_program);

#endif
