/*
 * A drill between given addresses, for tests/peers: the miner connects to somebody else's proxy.
 *
 * usage: drill_between DIALECT CARRIER MINER:0 POOL:PORT PROXY:PORT SHARES SEED
 */
#include <stdio.h>
#include <stdlib.h>

#include "lab/drill.h"

int main(int argc, char **argv)
{
	struct drill_settings settings = {.network = DRILL_LOOPBACK, .longest = DURATION_S(30)};
	struct drill_result result = {0};
	struct error why = {0};
	uint64_t shares;

	if (argc != 8 || !(settings.actor.dialect = lab_dialect_find(str_from(argv[1]))) ||
	    !lab_carrier_parse(str_from(argv[2]), &settings.carrier) ||
	    !endpoint_parse(str_from(argv[3]), &settings.miner) ||
	    !endpoint_parse(str_from(argv[4]), &settings.pool) ||
	    !endpoint_parse(str_from(argv[5]), &settings.proxy) ||
	    !str_to_u64(str_from(argv[6]), &shares) ||
	    !str_to_u64(str_from(argv[7]), &settings.actor.seed)) {
		fprintf(stderr,
			"usage: drill_between DIALECT CARRIER MINER POOL PROXY SHARES SEED\n");
		return 2;
	}
	settings.actor.shares = (uint32_t)shares;
	settings.actor.share_interval = DURATION_MS(150);
	if (drill_run(&settings, &result, &why) < 0) {
		fprintf(stderr, "drill_between: %s\n", why.text);
		return 2;
	}
	printf("%u shares, %u accepted\n", result.outcome.shares, result.outcome.accepted);
	return result.outcome.state == LAB_STATE_DONE ? 0 : 1;
}
