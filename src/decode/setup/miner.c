/*
 * Settings of miners by what is in them. The names of the keys are those that the programs' own
 * documents give (XMRig, xmr-stak, SRBMiner, cpuminer): a file of another name is read no other
 * way.
 */
#include "decode/setup/setup.h"

enum {
	POOLS_MAX = 16,
	WORDS_WITH_POOLS = 1,
	WORDS_FLAT = 2, /* "url" and "user" alone are anybody's */
};

/* Words that only settings of miners have, of the whole or of a pool. */
static const struct str words[] = {
	STR("donate-level"), STR("donate-over-proxy"),
	STR("rx/0"),	     STR("rx"),
	STR("randomx"),	     STR("wrmsr"),
	STR("rig-id"),	     STR("rig_id"),
	STR("cn/0"),	     STR("cn"),
	STR("nicehash"),     STR("use_nicehash"),
	STR("algo"),	     STR("algorithm"),
	STR("gpu_conf"),     STR("cpu_threads_conf"),
	STR("huge-pages"),   STR("currency"),
	STR("intensity"),    STR("astrobwt"),
};

static size_t count_words(struct json_value object)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		count += json_exists(json_member(object, words[i]));
	return count;
}

static struct json_value first_of(struct json_value object, const struct str *names, size_t count)
{
	struct json_value found = {object.json, UINT32_MAX};

	for (size_t i = 0; i < count && !json_exists(found); i++)
		found = json_member(object, names[i]);
	return found;
}

static uint32_t line_of(struct str text, const char *at)
{
	uint32_t line = 1;

	for (const char *c = text.at; c < at; c++)
		line += *c == '\n';
	return line;
}

/* A pool has an address, and somebody who is paid. */
static bool read_pool(struct str text, struct json_value pool, struct setup_entry *out)
{
	static const struct str urls[] = {STR("url"), STR("pool_address"), STR("pool")};
	static const struct str users[] = {STR("user"), STR("wallet_address"), STR("wallet"),
					   STR("username")};
	struct json_value url = first_of(pool, urls, 3);
	struct json_value user = first_of(pool, users, 4);

	if (json_kind(url) != JSON_STRING || !json_is_scalar(user) || json_raw_text(url).len == 0)
		return false;
	struct str raw = json_raw_text(url);
	*out = (struct setup_entry){.act = SETUP_SETS,
				    .line = line_of(text, raw.at),
				    .text = raw,
				    .command = raw,
				    .user = json_raw_text(user),
				    .key = STR("pool")};
	out->last_line = out->line;
	return true;
}

bool setup_miner_find(struct str text, struct json_node *nodes, uint32_t cap,
		      struct setup_entry *out)
{
	static const struct str lists[] = {STR("pools"), STR("pool_list")};
	struct json doc = {.nodes = nodes, .cap = cap};

	if (text.len > UINT32_MAX - 1 || json_read(&doc, text) == 0)
		return false;
	struct json_value root = json_root(&doc);
	if (json_kind(root) != JSON_OBJECT)
		return false;
	struct json_value pools = first_of(root, lists, 2), pool = json_first(pools);
	size_t count = count_words(root);
	if (json_kind(pools) != JSON_ARRAY)
		return count >= WORDS_FLAT && read_pool(text, root, out);
	for (size_t i = 0; i < POOLS_MAX && json_exists(pool); i++, pool = json_next(pool))
		if (count + count_words(pool) >= WORDS_WITH_POOLS && read_pool(text, pool, out))
			return true;
	return false;
}
