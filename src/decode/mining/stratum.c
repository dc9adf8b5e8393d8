/*
 * The mining.* methods: Bitcoin's Stratum V1 and what grew from it.
 *
 * One set of method names serves eight dialects; which one it is shows in the parameters: their
 * count, their kinds and the lengths of their hex. Each shape below names where it is written down.
 *   bitcoin              slushpool's Stratum V1; BIP 310 (configure)
 *   ethereum-stratum-1   NiceHash EthereumStratum/1.0.0
 *   ethereum-stratum-2   EIP-1571
 *   zcash                ZIP 301
 *   kaspa, ergo, kawpow, conflux: their bridges' and miners' public sources
 */
#include "decode/mining/dialogue.h"

#include <string.h>

#include "decode/wallet/wallet.h"

#define BIT DIALECT_BIT
enum {
	FAMILY = BIT(DIALECT_BITCOIN) | BIT(DIALECT_ETHEREUM_STRATUM_1) |
		 BIT(DIALECT_ETHEREUM_STRATUM_2) | BIT(DIALECT_ZCASH) | BIT(DIALECT_KASPA) |
		 BIT(DIALECT_ERGO) | BIT(DIALECT_KAWPOW) | BIT(DIALECT_CONFLUX),
	/* Those whose miners announce "EthereumStratum/1.0.0" in the subscription. */
	ANNOUNCE_ES1 = BIT(DIALECT_ETHEREUM_STRATUM_1) | BIT(DIALECT_KASPA) | BIT(DIALECT_KAWPOW) |
		       BIT(DIALECT_ERGO),
};

static bool is_hex(const struct rpc *rpc, size_t index, size_t min, size_t max)
{
	return text_is_hex(rpc_item_text(rpc, rpc->params, index), min, max);
}

static bool is_flag(const struct rpc *rpc, size_t index)
{
	enum json_kind kind = json_kind(json_item(rpc->params, index));

	return kind == JSON_TRUE || kind == JSON_FALSE;
}

static bool is_number(const struct rpc *rpc, size_t index)
{
	uint64_t number;

	return json_to_u64(json_item(rpc->params, index), &number);
}

static enum json_kind kind_of(const struct rpc *rpc, size_t index)
{
	return json_kind(json_item(rpc->params, index));
}

/* The address in the login often names the coin, and with it the dialect. */
static uint32_t dialects_of_login(struct str login)
{
	static const struct {
		const char *coin;
		uint32_t dialects;
	} coins[] = {{"ergo", BIT(DIALECT_ERGO)},
		     {"zcash", BIT(DIALECT_ZCASH)},
		     {"ravencoin", BIT(DIALECT_KAWPOW)}};
	struct wallet wallet;

	if (str_starts_nocase(login, STR("kaspa:")) || str_starts_nocase(login, STR("kaspatest:")))
		return BIT(DIALECT_KASPA);
	if (str_starts_nocase(login, STR("cfx:")) || str_starts_nocase(login, STR("cfxtest:")))
		return BIT(DIALECT_CONFLUX);
	if (!wallet_recognise(login, &wallet) || !wallet.checksum_ok)
		return FAMILY;
	for (size_t i = 0; i < sizeof(coins) / sizeof(*coins); i++)
		if (strcmp(wallet.coin, coins[i].coin) == 0)
			return coins[i].dialects;
	return FAMILY;
}

/*
 * Conflux has no mining.authorize: the subscription is [worker or address, secret], the secret
 * empty or the Keccak-256 of a password. Source: Conflux documentation, "Stratum Protocol in
 * Conflux-Rust". An agent with an empty session looks the same: so it tells no dialect by itself.
 */
static bool is_conflux_subscription(const struct rpc *rpc)
{
	struct str secret = rpc_item_text(rpc, rpc->params, 1);

	return json_count(rpc->params) == 2 && kind_of(rpc, 1) == JSON_STRING &&
	       (secret.len == 0 || text_is_hex(secret, 64, 64));
}

static void read_conflux_subscription(const struct rpc *rpc, struct mining_message *out)
{
	out->login = rpc_item_text(rpc, rpc->params, 0);
	if (dialects_of_login(out->login) == BIT(DIALECT_CONFLUX)) {
		out->dialects = BIT(DIALECT_CONFLUX);
		out->agent = (struct str){0};
	}
}

static bool read_subscribe(const struct rpc *rpc, struct mining_message *out)
{
	out->dialects = FAMILY;
	out->agent = rpc_item_text(rpc, rpc->params, 0);
	for (size_t i = 0; i < 3; i++) {
		struct str text = rpc_item_text(rpc, rpc->params, i);
		if (str_starts_nocase(text, STR("EthereumStratum/1.")))
			out->dialects = ANNOUNCE_ES1;
	}
	struct str host = rpc_item_text(rpc, rpc->params, 2);
	if (json_count(rpc->params) == 4 && host.len > 0 && is_number(rpc, 3)) { /* ZIP 301 */
		out->dialects = BIT(DIALECT_ZCASH);
		out->pool_host = host;
	}
	if (is_conflux_subscription(rpc))
		read_conflux_subscription(rpc, out);
	out->is_specific = true;
	return true;
}

static bool read_configure(const struct rpc *rpc, struct mining_message *out)
{
	out->dialects = BIT(DIALECT_BITCOIN);
	out->is_specific = kind_of(rpc, 0) == JSON_ARRAY;
	return true;
}

static bool read_hello(const struct rpc *rpc, struct mining_message *out)
{
	out->dialects = BIT(DIALECT_ETHEREUM_STRATUM_2);
	out->agent = rpc_member_text(rpc, rpc->params, STR("agent"));
	out->pool_host = rpc_member_text(rpc, rpc->params, STR("host"));
	out->is_specific = str_starts_nocase(rpc_member_text(rpc, rpc->params, STR("proto")),
					     STR("EthereumStratum/2."));
	return true;
}

static bool read_authorize(const struct rpc *rpc, struct mining_message *out)
{
	out->login = rpc_item_text(rpc, rpc->params, 0);
	out->dialects = dialects_of_login(out->login);
	out->is_specific = out->login.len > 0;
	return true;
}

static bool is_zcash_share(const struct rpc *rpc, size_t count)
{
	/* a solution is 50 bytes (Equihash 96,5) to 1347 (200,9), far longer than any nonce */
	return count == 5 && is_hex(rpc, 2, 8, 8) && is_hex(rpc, 3, 2, 64) &&
	       is_hex(rpc, 4, 68, 8192);
}

static bool is_kawpow_share(const struct rpc *rpc, size_t count)
{
	return count >= 5 && is_hex(rpc, 2, 1, 16) && is_hex(rpc, 3, 64, 64) &&
	       is_hex(rpc, 4, 64, 64);
}

static uint32_t dialects_of_share(const struct rpc *rpc)
{
	size_t count = json_count(rpc->params);

	if (is_zcash_share(rpc, count))
		return BIT(DIALECT_ZCASH);
	if (is_kawpow_share(rpc, count))
		return BIT(DIALECT_KAWPOW);
	if (count == 4 && is_hex(rpc, 2, 1, 18) && is_hex(rpc, 3, 64, 64))
		return BIT(DIALECT_CONFLUX);
	if (count >= 5 && is_hex(rpc, 3, 8, 8) && is_hex(rpc, 4, 8, 8))
		return BIT(DIALECT_BITCOIN);
	if (count >= 5)
		return BIT(DIALECT_ERGO) | BIT(DIALECT_BITCOIN);
	if (count == 3 && is_hex(rpc, 2, 1, 32))
		return BIT(DIALECT_ETHEREUM_STRATUM_1) | BIT(DIALECT_KASPA) | BIT(DIALECT_ERGO);
	if (count == 3 && is_hex(rpc, 1, 1, 16)) /* job, nonce, worker token */
		return BIT(DIALECT_ETHEREUM_STRATUM_2);
	return 0;
}

static bool read_submit(const struct rpc *rpc, struct mining_message *out)
{
	size_t count = json_count(rpc->params);
	struct str last = rpc_item_text(rpc, rpc->params, count ? count - 1 : 0);

	out->dialects = dialects_of_share(rpc);
	out->is_specific = out->dialects != 0;
	if (out->dialects == BIT(DIALECT_ETHEREUM_STRATUM_2)) {
		out->job_id = rpc_item_text(rpc, rpc->params, 0);
		last = rpc_item_text(rpc, rpc->params, 1);
	} else {
		out->login = rpc_item_text(rpc, rpc->params, 0);
		out->job_id = rpc_item_text(rpc, rpc->params, 1);
		if (out->dialects & dialects_of_login(out->login))
			out->dialects &= dialects_of_login(out->login);
	}
	out->share_print = share_print(out->job_id, rpc_item_text(rpc, rpc->params, 2), last);
	return true;
}

static bool is_zcash_job(const struct rpc *rpc)
{
	return is_hex(rpc, 1, 8, 8) && is_hex(rpc, 2, 64, 64) && is_hex(rpc, 3, 64, 64) &&
	       is_hex(rpc, 4, 64, 64);
}

static bool is_bitcoin_job(const struct rpc *rpc)
{
	return is_hex(rpc, 1, 64, 64) && kind_of(rpc, 4) == JSON_ARRAY && is_hex(rpc, 5, 8, 8) &&
	       is_hex(rpc, 6, 8, 8);
}

static bool is_kaspa_job(const struct rpc *rpc, size_t count)
{
	struct json_value words = json_item(rpc->params, 1);
	uint64_t word;

	if (json_kind(words) == JSON_ARRAY) /* four 64-bit words, then a time stamp in ms */
		return count == 3 && json_count(words) == 4 &&
		       json_to_u64(json_item(words, 0), &word);
	return (count == 2 || count == 3) && is_hex(rpc, 1, 80, 80); /* the same as one hex text */
}

/* Conflux documentation, "Stratum Protocol in Conflux-Rust": job, hash, boundary; the job is named
 * by the hash, and the boundary is written without its leading zeros. */
static bool is_conflux_job(const struct rpc *rpc, size_t count)
{
	return count == 3 && is_hex(rpc, 0, 64, 64) && is_hex(rpc, 1, 64, 64) &&
	       is_hex(rpc, 2, 1, 64);
}

static uint32_t dialects_of_job(const struct rpc *rpc)
{
	size_t count = json_count(rpc->params);

	if (is_bitcoin_job(rpc))
		return BIT(DIALECT_BITCOIN);
	if (count >= 7 && is_zcash_job(rpc))
		return BIT(DIALECT_ZCASH);
	if (is_kaspa_job(rpc, count))
		return BIT(DIALECT_KASPA);
	if (count >= 6 && is_hex(rpc, 1, 64, 64) && is_hex(rpc, 2, 64, 64) &&
	    is_hex(rpc, 3, 64, 64) && is_flag(rpc, 4))
		return BIT(DIALECT_KAWPOW);
	if (is_number(rpc, 1) && is_hex(rpc, 2, 64, 64) && count >= 6)
		return BIT(DIALECT_ERGO);
	if (count == 4 && is_hex(rpc, 2, 64, 64) && is_hex(rpc, 3, 64, 64))
		return BIT(DIALECT_CONFLUX);
	if (is_conflux_job(rpc, count))
		return BIT(DIALECT_CONFLUX);
	if (count == 4 && is_hex(rpc, 1, 64, 64) && is_hex(rpc, 2, 64, 64) && is_flag(rpc, 3))
		return BIT(DIALECT_ETHEREUM_STRATUM_1);
	if (count == 4 && is_hex(rpc, 1, 64, 64) && is_number(rpc, 2))
		return BIT(DIALECT_ERGO);
	if (count == 4 && is_hex(rpc, 1, 1, 16) && is_hex(rpc, 2, 64, 64))
		return BIT(DIALECT_ETHEREUM_STRATUM_2);
	for (size_t i = 1; i < count;
	     i++) /* a shape not known here: some coin's own, with a 256-bit hash */
		if (is_hex(rpc, i, 64, 4096))
			return FAMILY;
	return 0;
}

static bool read_notify(const struct rpc *rpc, struct mining_message *out)
{
	out->dialects = dialects_of_job(rpc);
	out->is_specific = out->dialects != 0;
	out->job_id = rpc_item_text(rpc, rpc->params, 0);
	if (out->dialects == BIT(DIALECT_KAWPOW))
		out->target = rpc_item_text(rpc, rpc->params, 3);
	if (out->dialects == BIT(DIALECT_KAWPOW) &&
	    !json_to_u64(json_item(rpc->params, 5), &out->height))
		out->height = 0;
	if (out->dialects == BIT(DIALECT_ERGO) &&
	    !json_to_u64(json_item(rpc->params, 1), &out->height))
		out->height = 0;
	if (out->dialects == BIT(DIALECT_CONFLUX))
		out->target = rpc_item_text(rpc, rpc->params, json_count(rpc->params) == 3 ? 2 : 3);
	return true;
}

static bool read_set_difficulty(const struct rpc *rpc, struct mining_message *out)
{
	out->difficulty = rpc_difficulty(json_item(rpc->params, 0));
	out->is_specific = out->difficulty > 0;
	return true;
}

static bool read_set_target(const struct rpc *rpc, struct mining_message *out)
{
	out->dialects = BIT(DIALECT_ZCASH) | BIT(DIALECT_KAWPOW) | BIT(DIALECT_ERGO) |
			BIT(DIALECT_CONFLUX) | BIT(DIALECT_BITCOIN);
	out->target = rpc_item_text(rpc, rpc->params, 0);
	out->is_specific = text_is_hex(out->target, 16, 64);
	return true;
}

static bool read_set(const struct rpc *rpc, struct mining_message *out) /* EIP-1571 */
{
	out->dialects = BIT(DIALECT_ETHEREUM_STRATUM_2);
	out->target = rpc_member_text(rpc, rpc->params, STR("target"));
	out->algorithm = rpc_member_text(rpc, rpc->params, STR("algo"));
	out->is_specific = out->target.len > 0 || out->algorithm.len > 0 ||
			   json_exists(json_member(rpc->params, STR("extranonce")));
	return true;
}

static bool read_hashrate(const struct rpc *rpc, struct mining_message *out)
{
	uint64_t rate;

	if (str_hex_to_u64(rpc_item_text(rpc, rpc->params, 0), &rate))
		out->hashrate_per_s = (double)rate;
	return true;
}

static bool read_known_word(const struct rpc *rpc, struct mining_message *out)
{
	(void)rpc;
	out->is_specific = true;
	return true;
}

static const struct method {
	struct str name;
	enum mining_act act;
	bool from_pool;
	uint32_t dialects; /* unless the reader says better */
	bool (*read)(const struct rpc *rpc, struct mining_message *out);
} methods[] = {
	{STR("mining.subscribe"), ACT_HELLO, false, FAMILY, read_subscribe},
	{STR("mining.configure"), ACT_HELLO, false, FAMILY, read_configure},
	{STR("mining.hello"), ACT_HELLO, false, FAMILY, read_hello},
	{STR("mining.authorize"), ACT_LOGIN, false, FAMILY, read_authorize},
	{STR("mining.submit"), ACT_SHARE, false, FAMILY, read_submit},
	{STR("mining.notify"), ACT_JOB, true, FAMILY, read_notify},
	{STR("mining.set_difficulty"), ACT_DIFFICULTY, true, FAMILY, read_set_difficulty},
	{STR("mining.set_target"), ACT_DIFFICULTY, true, FAMILY, read_set_target},
	{STR("mining.set"), ACT_DIFFICULTY, true, FAMILY, read_set},
	{STR("mining.set_extranonce"), ACT_ORDER, true, FAMILY, read_known_word},
	{STR("set_extranonce"), ACT_ORDER, true, BIT(DIALECT_KASPA), read_known_word},
	{STR("mining.set_version_mask"), ACT_ORDER, true, BIT(DIALECT_BITCOIN), read_known_word},
	{STR("mining.reconnect"), ACT_ORDER, true, BIT(DIALECT_ETHEREUM_STRATUM_2),
	 read_known_word},
	{STR("mining.bye"), ACT_ORDER, false, BIT(DIALECT_ETHEREUM_STRATUM_2), NULL},
	{STR("mining.noop"), ACT_KEEPALIVE, false, BIT(DIALECT_ETHEREUM_STRATUM_2), NULL},
	{STR("mining.ping"), ACT_KEEPALIVE, false, 0, NULL},
	{STR("mining.hashrate"), ACT_HASHRATE, false, 0, read_hashrate},
	{STR("mining.extranonce.subscribe"), ACT_HELLO, false, FAMILY, read_known_word},
	{STR("mining.suggest_difficulty"), ACT_HELLO, false, FAMILY, read_known_word},
	{STR("mining.suggest_target"), ACT_HELLO, false, FAMILY, read_known_word},
	{STR("mining.multi_version"), ACT_HELLO, false, BIT(DIALECT_BITCOIN), read_known_word},
	{STR("mining.get_transactions"), ACT_ASK_WORK, false, BIT(DIALECT_BITCOIN),
	 read_known_word},
	{STR("client.reconnect"), ACT_ORDER, true, 0, NULL},
	{STR("client.get_version"), ACT_ORDER, true, 0, NULL},
	{STR("client.show_message"), ACT_ORDER, true, 0, NULL},
};

/* The subscription's answer: [[["mining.notify", id] ...], extranonce1, size] and its relatives. */
static bool read_subscribe_reply(const struct dialect_input *in, struct mining_message *out)
{
	struct json_value result = in->rpc->result, first = json_item(result, 0);
	struct json_value pair =
		json_kind(json_item(first, 0)) == JSON_ARRAY ? json_item(first, 0) : first;

	if (json_kind(result) != JSON_ARRAY)
		return false;
	if (json_text_is(json_item(pair, 0), STR("mining.notify")) ||
	    json_text_is(json_item(pair, 0), STR("mining.set_difficulty"))) {
		bool announces = str_starts_nocase(rpc_item_text(in->rpc, pair, 2),
						   STR("EthereumStratum/1."));
		out->dialects = announces ? ANNOUNCE_ES1 : FAMILY & ~(uint32_t)BIT(DIALECT_ZCASH);
		out->is_specific = true;
	} else if (json_is_true(first) &&
		   str_starts_nocase(rpc_item_text(in->rpc, result, 1), STR("EthereumStratum/"))) {
		out->dialects = BIT(DIALECT_KASPA);
		out->is_specific = true;
	} else if (json_count(result) == 2 && in->request && in->request->act == ACT_HELLO &&
		   text_is_hex(rpc_item_text(in->rpc, result, 1), 2, 64)) {
		out->dialects = BIT(DIALECT_ZCASH) | BIT(DIALECT_ERGO) | BIT(DIALECT_KAWPOW);
	} else {
		return false;
	}
	out->act = ACT_ANSWER;
	out->answers = ACT_HELLO;
	out->from_pool = true;
	return true;
}

static bool read_hello_reply(const struct dialect_input *in, struct mining_message *out)
{
	struct str proto = rpc_member_text(in->rpc, in->rpc->result, STR("proto"));

	if (!str_starts_nocase(proto, STR("EthereumStratum/2.")))
		return false;
	*out = (struct mining_message){.act = ACT_ANSWER,
				       .answers = ACT_HELLO,
				       .dialects = BIT(DIALECT_ETHEREUM_STRATUM_2),
				       .from_pool = true,
				       .is_specific = true};
	return true;
}

static bool is_bitcoin_share(const struct rpc *rpc)
{
	return is_hex(rpc, 2, 2, 32) && is_hex(rpc, 3, 8, 8) && is_hex(rpc, 4, 8, 8);
}

/*
 * Methods of another name, as a pool and a miner of one hand may agree on: only the shapes that
 * nothing else has, a block's parts by their lengths.
 */
static bool read_by_shape(const struct rpc *rpc, struct mining_message *out)
{
	enum { PLAIN_SHAPES = BIT(DIALECT_BITCOIN) | BIT(DIALECT_ZCASH) | BIT(DIALECT_KAWPOW) };
	size_t count = json_count(rpc->params);
	uint32_t job = count >= 6 ? dialects_of_job(rpc) : 0;

	if (job && !(job & ~(uint32_t)PLAIN_SHAPES)) {
		out->act = ACT_JOB;
		out->from_pool = true;
		return read_notify(rpc, out);
	}
	if (is_zcash_share(rpc, count) || is_kawpow_share(rpc, count) ||
	    (count >= 5 && is_bitcoin_share(rpc))) {
		out->act = ACT_SHARE;
		return read_submit(rpc, out);
	}
	return false;
}

bool stratum_read(const struct dialect_input *in, struct mining_message *out)
{
	if (in->rpc->is_reply)
		return read_hello_reply(in, out) || read_subscribe_reply(in, out);
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (!str_equal(in->rpc->method, methods[i].name))
			continue;
		out->act = methods[i].act;
		out->from_pool = methods[i].from_pool;
		out->dialects = methods[i].dialects;
		out->worker = rpc_member_text(in->rpc, in->rpc->root, STR("worker"));
		return methods[i].read ? methods[i].read(in->rpc, out) : true;
	}
	return read_by_shape(in->rpc, out);
}
