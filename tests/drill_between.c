/*
 * A drill between given addresses: for tests/peers, where the miner connects to somebody else's
 * proxy, and for the live measurements, where miner and pool are in two namespaces.
 *
 * usage: drill_between [--namespaces MINER,POOL] [--every MS] [--longest S]
 *                      DIALECT CARRIER MINER:0 POOL:PORT PROXY:PORT SHARES SEED
 *
 * --namespaces takes names as `ip netns` knows them. An address 0.0.0.0 is one that is not given.
 * The first line says where the miner will connect to, and when (seconds since 1970); the last how
 * it ended.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lab/drill.h"

enum { ARGUMENTS = 7 };

static int open_namespace(struct str name)
{
	char path[128];

	snprintf(path, sizeof(path), "/var/run/netns/%.*s", STR_ARG(name));
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool take_namespaces(const char *names, struct drill_settings *settings)
{
	struct str miner, pool;

	if (!str_cut(str_from(names), ',', &miner, &pool))
		return false;
	settings->network = DRILL_BETWEEN;
	settings->miner_namespace = open_namespace(miner);
	settings->server_namespace = open_namespace(pool);
	return settings->miner_namespace >= 0 && settings->server_namespace >= 0;
}

static bool take_options(int argc, char **argv, struct drill_settings *settings)
{
	static const struct option options[] = {{"namespaces", required_argument, NULL, 'n'},
						{"every", required_argument, NULL, 'e'},
						{"longest", required_argument, NULL, 'l'},
						{0}};
	uint64_t number = 0;
	bool is_good = true;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'n')
			is_good &= take_namespaces(optarg, settings);
		else
			is_good &= str_to_u64(str_from(optarg), &number) && number < 1u << 24;
		if (c == 'e')
			settings->actor.share_interval = DURATION_MS((int64_t)number);
		else if (c == 'l')
			settings->longest = DURATION_S((int64_t)number);
		else
			is_good &= c == 'n';
	}
	return is_good;
}

static bool take_arguments(char **argv, struct drill_settings *settings)
{
	uint64_t shares;

	settings->actor.dialect = lab_dialect_find(str_from(argv[0]));
	if (!settings->actor.dialect || !lab_carrier_parse(str_from(argv[1]), &settings->carrier) ||
	    !endpoint_parse(str_from(argv[2]), &settings->miner) ||
	    !endpoint_parse(str_from(argv[3]), &settings->pool) ||
	    !endpoint_parse(str_from(argv[4]), &settings->proxy) ||
	    !str_to_u64(str_from(argv[5]), &shares) ||
	    !str_to_u64(str_from(argv[6]), &settings->actor.seed))
		return false;
	settings->actor.shares = (uint32_t)shares;
	return true;
}

static void tell_start(void *context, const struct drill_place *place)
{
	char server[ENDPOINT_TEXT_MAX];
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_REALTIME, &now);
	endpoint_text(&place->server, server);
	printf("connects to %s at %lld.%06ld\n", server, (long long)now.tv_sec, now.tv_nsec / 1000);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct drill_settings settings = {.network = DRILL_LOOPBACK,
					  .actor.share_interval = DURATION_MS(150),
					  .longest = DURATION_S(30),
					  .on_start = tell_start};
	struct drill_result result = {0};
	struct error why = {0};

	if (!take_options(argc, argv, &settings) || argc - optind != ARGUMENTS ||
	    !take_arguments(argv + optind, &settings)) {
		fprintf(stderr, "usage: drill_between [--namespaces MINER,POOL] [--every MS] "
				"[--longest S] DIALECT CARRIER MINER POOL PROXY SHARES SEED\n");
		return 2;
	}
	if (drill_run(&settings, &result, &why) < 0) {
		fprintf(stderr, "drill_between: %s\n", why.text);
		return 2;
	}
	printf("%u shares, %u accepted\n", result.outcome.shares, result.outcome.accepted);
	return result.outcome.state == LAB_STATE_DONE ? 0 : 1;
}
