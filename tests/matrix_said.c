#include "matrix_said.h"

#include <stdio.h>
#include <string.h>

static const instant begins = {1795341600000000000};

/* Both actors, mouth to ear; what the miner said goes to `words`. */
static void talk(struct lab_actor *sides[2], struct buf *words)
{
	enum { TURNS = 4000 };
	struct buf message = {0};
	instant now = begins;
	unsigned idle = 0;

	for (unsigned i = 2; i-- > 0;)
		lab_actor_connected(sides[i], now);
	for (unsigned turn = 0; turn < TURNS && !lab_actor_is_finished(sides[LAB_MINER]); turn++) {
		buf_clear(&message);
		bool has_message = lab_actor_take(sides[turn % 2], &message);
		if (has_message && turn % 2 == LAB_MINER)
			buf_add(words, buf_view(&message));
		if (has_message)
			lab_actor_feed(sides[!(turn % 2)], buf_view(&message), now);
		idle = has_message ? 0 : idle + 1;
		if (idle > 2) {
			idle = 0;
			now = lab_actor_due(sides[LAB_MINER]);
			lab_actor_wake(sides[LAB_MINER], now);
		}
	}
	buf_fini(&message);
}

static void keep_if_said(char to[192], struct str words, struct str text)
{
	if (text.len > 0 && str_find(words, text) >= 0)
		snprintf(to, 192, "%.*s", STR_ARG(text));
}

/* A worker's name is short: it counts behind a wallet, or as a whole text that is no password. */
static void keep_worker(struct said *said, struct str words, struct str worker)
{
	char told[256];
	static const char *const ways[] = {".%.*s\"", "\"rigid\":\"%.*s\"", "\"worker\":\"%.*s\""};

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways) && worker.len > 0; i++) {
		snprintf(told, sizeof(told), ways[i], STR_ARG(worker));
		if (str_find(words, str_from(told)) >= 0)
			snprintf(said->worker, sizeof(said->worker), "%.*s", STR_ARG(worker));
	}
}

/* settings: as for the session, with is_request_reply */
bool said_by(const struct lab_settings *settings, struct said *said)
{
	struct lab_settings plain = *settings;
	struct lab_actor *sides[2] = {0};
	struct buf words = {0};
	const struct lab_variant *variant = &settings->dialect->variants[settings->variant];
	bool is_packed = strcmp(variant->name, "gzip") == 0;

	*said = (struct said){.has_coin = variant->coin != LAB_COIN_NONE,
			      .is_hidden = strcmp(variant->name, "noise") == 0};
	plain.spelling = lab_spellings[0];
	plain.shares = 2;
	plain.refuses_login = plain.never_answers = false;
	if (is_packed) /* the words are those of the dialect's first variant */
		plain.variant = 0;
	for (unsigned i = 0; i < 2; i++)
		if (lab_actor_new(&plain, (enum lab_side)i, &sides[i]) < 0)
			goto out;
	talk(sides, &words);
	keep_if_said(said->wallet, buf_view(&words), lab_actor_wallet(sides[LAB_MINER]));
	keep_worker(said, buf_view(&words), lab_actor_worker(sides[LAB_MINER]));
	keep_if_said(said->agent, buf_view(&words), lab_actor_agent(sides[LAB_MINER]));
	if (is_packed)
		said->agent[0] = '\0'; /* each variant has agents of its own */
out:
	for (unsigned i = 0; i < 2; i++)
		lab_actor_free(sides[i]);
	bool is_good = sides[1] && !words.failed;
	buf_fini(&words);
	return is_good;
}
