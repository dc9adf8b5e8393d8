/*
 * Duino-Coin: comma-separated text, no JSON. Source: revoxhere/duino-coin PC_Miner.py and
 * Minimal_PC_Miner.py: the server greets with its version; JOB,user,LEVEL(,key) is answered by
 * last hash,expected hash,difficulty; nonce,hash rate,program,rig,,id is answered by GOOD or
 * BAD,reason. The miner ends no line: a message is what comes in one piece.
 */
#include "lab/actor.h"

#include <stdlib.h>
#include <string.h>

enum { VARIANT_PC, VARIANT_ESP };

static const struct lab_variant variants[] = {
	[VARIANT_PC] = {"pc", LAB_COIN_NONE, {"Official PC Miner 3.5", "Minimal_PC_Miner"}},
	[VARIANT_ESP] = {"esp", LAB_COIN_NONE, {"Official ESP32 Miner 4.0"}},
};

static void say(struct lab_actor *a, const char *text)
{
	/* The miners for microcontrollers do end their lines, the one for PCs does not. */
	bool is_bare = a->side == LAB_MINER && a->settings.variant == VARIANT_PC;

	lab_say_bytes(a, str_from(lab_text(a, "%s%s", text, is_bare ? "" : "\n")));
}

static void ask_for_job(struct lab_actor *a)
{
	if (a->settings.variant == VARIANT_ESP)
		say(a, lab_text(a, "JOB,%s,ESP32,None", a->wallet));
	else
		say(a, lab_text(a, "JOB,%s,LOW,None", a->wallet));
}

static void take_job(struct lab_actor *a, struct str line)
{
	struct str expected, difficulty;

	if (str_cut(line, ',', &line, &expected) &&
	    str_cut(expected, ',', &expected, &difficulty)) {
		LAB_KEEP(a->job, lab_text(a, "%.*s", STR_ARG(expected)));
		lab_logged_in(a);
		lab_got_job(a);
	} else {
		lab_refused(a);
	}
}

static size_t miner_hear(struct lab_actor *a, struct str bytes)
{
	ptrdiff_t end = str_find_byte(bytes, '\n');

	if (end < 0)
		return 0;
	struct str line = str_sub(bytes, 0, (size_t)end);
	if (a->step == 0) {
		a->step = 1; /* the greeting */
		ask_for_job(a);
	} else if (!a->waits_for_answer) {
		take_job(a, line);
	} else {
		bool is_accepted = str_starts(line, STR("GOOD"));
		a->has_job = false; /* each job is for one share */
		lab_answered(a, is_accepted);
		if (a->outcome.accepted + a->outcome.rejected >= a->settings.shares)
			a->outcome.state = LAB_STATE_DONE;
		else
			ask_for_job(a);
	}
	return (size_t)end + 1;
}

static void share(struct lab_actor *a)
{
	uint32_t nonce = lab_random_below(&a->random, 400000);
	uint32_t rate = 30000 + lab_random_below(&a->random, 900000);

	if (a->settings.variant == VARIANT_ESP)
		say(a, lab_text(a, "%u,%u.%02u,%s,%s,DUCOID%s,%u", nonce, rate,
				lab_random_below(&a->random, 100), a->agent, a->worker,
				lab_hex(a, 6), lab_random_below(&a->random, 2812)));
	else
		say(a, lab_text(a, "%u,%u.%u,%s,%s,,%u", nonce, rate,
				lab_random_below(&a->random, 1000000), a->agent, a->worker,
				lab_random_below(&a->random, 2812)));
	lab_sent_share(a);
}

static void greet(struct lab_actor *a)
{
	say(a, "3.0");
}

static void answer(struct lab_actor *a, struct str line)
{
	if (str_starts(line, STR("MOTD"))) {
		say(a, "Welcome to the pool");
	} else if (str_starts(line, STR("JOB,"))) {
		if (!lab_admits(a)) {
			say(a, "BAD,This user doesn't exist");
			return;
		}
		a->outcome.jobs++;
		say(a, lab_text(a, "%s,%s,%u", lab_hex(a, 20), lab_hex(a, 20),
				1000 * (1 + lab_random_below(&a->random, 9))));
	} else {
		say(a, lab_judge(a) ? "GOOD" : "BAD,Incorrect result");
	}
}

static size_t pool_hear(struct lab_actor *a, struct str bytes)
{
	ptrdiff_t end = str_find_byte(bytes, '\n');
	struct str line = end < 0 ? bytes : str_sub(bytes, 0, (size_t)end);

	answer(a, line);
	return line.len + (end >= 0);
}

static const struct lab_role miner = {.hear_bytes = miner_hear, .share = share};
static const struct lab_role pool = {.start = greet, .hear_bytes = pool_hear};

const struct lab_dialect lab_duino_coin = {
	.name = "duino-coin",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 2813,
	.job_interval = {0},
	.roles = {&miner, &pool},
};
