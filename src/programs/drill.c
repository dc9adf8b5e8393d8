/* `davy drill`: a harmless fire drill. A pool and a miner of our own talk truly; nothing is hashed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/nearest.h"
#include "lab/drill.h"
#include "programs/commands.h"
#include "programs/drill_host.h"
#include "programs/options.h"

enum { LIST, CARRIER, SHARES, NETWORK, PORT, PAUSE, WITH };

static const struct command_option drill_options[] = {
	[LIST] = {"list", NULL, "the names of drills and carriers"},
	[CARRIER] = {"carrier", "C",
		     "what the session travels in: plain, websocket, socks5, connect, "
		     "socks5+websocket ...",
		     COMMAND_CARRIERS},
	[SHARES] = {"shares", "N", "end after so many shares; default: 5"},
	[NETWORK] = {"network", "WHERE",
		     "veth: an interface made for it, seen by davy watch (root); loopback; own: a "
		     "network of its own",
		     "veth loopback own"},
	[PORT] = {"port", "N", "where the pool listens; default: any free port"},
	[PAUSE] =
		{"pause", "S",
		 "seconds before the miner connects; default: 2 with veth, for a sensor to attach"},
	[WITH] = {"with", "WORDS", "for the drill host: what it does; see below"},
	{0},
};

struct drilling {
	struct drill_settings settings;
	const char *carrier, *network, *with;
	bool lists;
	bool has_pause;
};

static void list_names(void)
{
	printf("Drills:\n  host  on this machine's processor, without a network\n");
	for (size_t i = 0; i < lab_dialect_count; i++) {
		printf("  %s", lab_dialects[i]->name);
		for (unsigned v = 1; v < lab_dialects[i]->variant_count; v++)
			printf("%s %s/%s", v == 1 ? "  also" : ",", lab_dialects[i]->name,
			       lab_dialects[i]->variants[v].name);
		printf("\n");
	}
	printf("Carriers:\n ");
	for (size_t i = 0; i < lab_carrier_count; i++)
		printf(" %s", lab_carrier_names[i]);
	printf("\n");
}

static bool read_number(const char *text, uint64_t most, uint64_t *out)
{
	return str_to_u64(str_from(text), out) && *out >= 1 && *out <= most;
}

/* OPTIONS_END, or OPTIONS_STOP with *status set. */
static int read_options(const struct command *command, int argc, char **argv, struct drilling *d,
			int *status)
{
	struct options options = {command, argc, argv, EXIT_NOTHING_FOUND};
	const char *value = NULL;
	uint64_t number = 0;
	int option;

	while ((option = options_next(&options, &value)) >= 0) {
		bool is_number = option == SHARES || option == PORT || option == PAUSE;
		if (is_number && !read_number(value,
					      option == PORT	? 65535
					      : option == PAUSE ? 600
								: 10000,
					      &number)) {
			*status = options_mistake(command, "%s is no number for --%s", value,
						  drill_options[option].name);
			return OPTIONS_STOP;
		}
		if (option == LIST)
			d->lists = true;
		else if (option == CARRIER)
			d->carrier = value;
		else if (option == WITH)
			d->with = value;
		else if (option == NETWORK)
			d->network = value;
		else if (option == SHARES)
			d->settings.actor.shares = (uint32_t)number;
		else if (option == PORT)
			d->settings.port = (uint16_t)number;
		else if (option == PAUSE)
			d->settings.pause = DURATION_S(number), d->has_pause = true;
	}
	*status = options.status;
	return option;
}

/* NAME or NAME/VARIANT; "stratum" is what people call the first. */
static bool find_drill(const char *name, struct lab_settings *actor)
{
	struct str dialect, variant;
	bool has_variant = str_cut(str_from(name), '/', &dialect, &variant);

	if (str_equal(dialect, STR("stratum")))
		dialect = STR("bitcoin-stratum-v1");
	actor->dialect = lab_dialect_find(dialect);
	if (!actor->dialect)
		return false;
	if (!has_variant)
		return true;
	return lab_variant_find(actor->dialect, variant, &actor->variant);
}

static int tell_unknown_drill(const struct command *command, const char *name)
{
	struct nearest nearest = nearest_to(str_from(name));

	for (size_t i = 0; i < lab_dialect_count; i++)
		nearest_offer(&nearest, str_from(lab_dialects[i]->name));
	if (nearest_is_close(&nearest))
		return options_mistake(command, "there is no drill %s (did you mean %.*s?)", name,
				       STR_ARG(nearest.best));
	return options_mistake(command, "there is no drill %s; `davy drill --list` lists them",
			       name);
}

static bool find_network(const char *name, enum drill_network *out)
{
	static const struct {
		const char *name;
		enum drill_network network;
	} networks[] = {
		{"veth", DRILL_VETH}, {"loopback", DRILL_LOOPBACK}, {"own", DRILL_NAMESPACE}};

	for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++) {
		if (strcmp(name, networks[i].name) == 0) {
			*out = networks[i].network;
			return true;
		}
	}
	return false;
}

static void tell_start(void *context, const struct drill_place *place)
{
	const struct drilling *d = context;
	char pool[ENDPOINT_TEXT_MAX];

	endpoint_text(&place->server, pool);
	printf("Drill: %s over %s, pool at %s%s%s. It mines nothing and stops by itself.\n",
	       d->settings.actor.dialect->name, d->carrier, pool,
	       place->interface[0] ? " on interface " : "", place->interface);
	fflush(stdout);
}

static int run_drill(struct drilling *d)
{
	struct drill_result result;
	struct error why = {0};
	static const char *const ends[] = {"had only started", "was at work when the time was over",
					   "finished", "was refused", "gave up"};

	d->settings.on_start = tell_start;
	d->settings.context = d;
	if (drill_run(&d->settings, &result, &why) < 0) {
		fprintf(stderr, "davy: %s\n", why.text);
		return EXIT_TROUBLE;
	}
	char miner[ENDPOINT_TEXT_MAX];
	endpoint_text(&result.place.miner, miner);
	printf("The miner at %s %s: %u shares, %u accepted, %u jobs, %llu bytes up, %llu down, in "
	       "%.1f s.\n%s\n",
	       miner, ends[result.outcome.state], result.outcome.shares, result.outcome.accepted,
	       result.outcome.jobs, (unsigned long long)result.bytes_up,
	       (unsigned long long)result.bytes_down, duration_seconds(result.took),
	       result.place.network == DRILL_NAMESPACE
		       ? "It ran in a network of its own, which `davy watch` does not see."
		       : "If `davy watch` runs here, `davy incidents` now lists it.");
	return result.outcome.state == LAB_STATE_DONE ? EXIT_NOTHING_FOUND : EXIT_TROUBLE;
}

static int drill_command_run(const struct command *command, int argc, char **argv)
{
	struct drilling d = {.carrier = "plain", .network = "veth"};
	const char *name = "cryptonote";
	int status;

	d.settings.actor.shares = 5;
	d.settings.actor.share_interval = DURATION_MS(800);
	d.settings.actor.seed = hash_random_seed();
	if (read_options(command, argc, argv, &d, &status) == OPTIONS_STOP)
		return status;
	if (d.lists) {
		list_names();
		return EXIT_NOTHING_FOUND;
	}
	if (options_rest() < argc)
		name = argv[options_rest()];
	if (options_rest() + 1 < argc)
		return options_mistake(command, "%s is too much", argv[options_rest() + 1]);
	if (strcmp(name, "host") == 0)
		return drill_host_run(command, d.with, argc, argv);
	if (!find_drill(name, &d.settings.actor))
		return tell_unknown_drill(command, name);
	if (!find_network(d.network, &d.settings.network))
		return options_mistake(command, "%s is no network: veth, loopback or own",
				       d.network);
	if (!lab_carrier_parse(str_from(d.carrier), &d.settings.carrier))
		return options_mistake(command,
				       "there is no carrier %s; `davy drill --list` lists them",
				       d.carrier);
	if (d.settings.network == DRILL_VETH && !d.has_pause)
		d.settings.pause = DURATION_S(2);
	return run_drill(&d);
}

extern const struct command drill_command;
const struct command drill_command = {
	.name = "drill",
	.summary = "a harmless fire drill: behave like a miner, so that detection can be tried",
	.usage = "[OPTION]... [NAME]",
	.options = drill_options,
	.text = "A pool and a miner of our own speak a mining dialect over real sockets on this "
		"machine, job by job.\n"
		"Nothing is hashed, nothing leaves the machine, and it ends after a minute at the "
		"latest.\n"
		"The drill host behaves as a miner on the processor: --with says how; "
		"davy-drill(1) "
		"has the words.",
	.example = "  sudo davy drill\n"
		   "  davy drill bitcoin-stratum-v1 --carrier socks5+websocket --network loopback\n"
		   "  davy drill host --with 'randomx,threads=2,duty=5,name=[kworker/0:1]'\n",
	.arguments = COMMAND_DRILLS,
	.run = drill_command_run,
};
