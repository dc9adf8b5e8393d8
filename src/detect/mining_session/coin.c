/* What a dialect and an algorithm name say about the coin, and what a share stands for. */
#include "decode/mining/difficulty.h"
#include "detect/mining_session/session.h"

static const struct {
	struct str prefix; /* of the algorithm's name */
	struct str coin;
} algorithm_coins[] = {
	{STR("rx/0"), STR("monero")},	   {STR("rx/wow"), STR("wownero")},
	{STR("cn/r"), STR("monero")},	   {STR("rx/arq"), STR("arqma")},
	{STR("kawpow"), STR("ravencoin")}, {STR("ghostrider"), STR("raptoreum")},
	{STR("rx/graft"), STR("graft")},   {STR("rx/sfx"), STR("safex")},
	{STR("rx/keva"), STR("kevacoin")},
};

static const struct {
	struct str coin, algorithm;
} coins[] = {
	{STR("monero"), STR("rx/0")},	   {STR("wownero"), STR("rx/wow")},
	{STR("bitcoin"), STR("sha256d")},  {STR("litecoin"), STR("scrypt")},
	{STR("dogecoin"), STR("scrypt")},  {STR("zcash"), STR("equihash")},
	{STR("ethereum"), STR("ethash")},  {STR("ethereum-like"), STR("ethash")},
	{STR("kaspa"), STR("kheavyhash")}, {STR("ergo"), STR("autolykos2")},
	{STR("ravencoin"), STR("kawpow")}, {STR("conflux"), STR("octopus")},
	{STR("grin"), STR("cuckatoo32")},  {STR("duino-coin"), STR("duco-s1")},
	{STR("cryptonote"), STR("")},
};

struct str coin_of_dialect(enum dialect dialect, struct str algorithm)
{
	for (size_t i = 0; i < sizeof(algorithm_coins) / sizeof(*algorithm_coins); i++)
		if (str_starts_nocase(algorithm, algorithm_coins[i].prefix))
			return algorithm_coins[i].coin;
	switch (dialect) {
	case DIALECT_CRYPTONOTE:
	case DIALECT_COINHIVE:
		return STR("cryptonote");
	case DIALECT_ETH_PROXY:
	case DIALECT_ETHEREUM_STRATUM_1:
	case DIALECT_ETHEREUM_STRATUM_2:
		return STR("ethereum-like");
	case DIALECT_ZCASH:
		return STR("zcash");
	case DIALECT_KASPA:
		return STR("kaspa");
	case DIALECT_ERGO:
		return STR("ergo");
	case DIALECT_KAWPOW:
		return STR("ravencoin");
	case DIALECT_CONFLUX:
		return STR("conflux");
	case DIALECT_GRIN:
		return STR("grin");
	case DIALECT_DUINO:
		return STR("duino-coin");
	default:
		return (struct str){0};
	}
}

struct str coin_algorithm(struct str coin)
{
	for (size_t i = 0; i < sizeof(coins) / sizeof(*coins); i++)
		if (str_equal(coin, coins[i].coin))
			return coins[i].algorithm;
	return (struct str){0};
}

static bool is_scrypt(struct str algorithm)
{
	return str_starts_nocase(algorithm, STR("scrypt")) ||
	       str_starts_nocase(algorithm, STR("x11"));
}

static enum difficulty_unit unit_of(enum dialect dialect, struct str algorithm)
{
	switch (dialect) {
	case DIALECT_BITCOIN:
	case DIALECT_GETWORK:
	case DIALECT_GETBLOCKTEMPLATE:
		return is_scrypt(algorithm) ? DIFFICULTY_SCRYPT : DIFFICULTY_BITCOIN;
	case DIALECT_ETHEREUM_STRATUM_1:
	case DIALECT_KAWPOW:
		return DIFFICULTY_NICEHASH;
	case DIALECT_KASPA:
		return DIFFICULTY_KASPA;
	default:
		return DIFFICULTY_HASHES;
	}
}

double coin_share_work(enum dialect dialect, struct str algorithm, double difficulty,
		       struct str target)
{
	enum target_form form = dialect == DIALECT_CRYPTONOTE || dialect == DIALECT_COINHIVE
					? TARGET_CRYPTONOTE
					: TARGET_256_HEX;
	double hashes = 0;

	if (target.len > 0 && dialect != DIALECT_GETWORK &&
	    hashes_from_target(form, target, &hashes))
		return hashes;
	return difficulty > 0 ? hashes_from_difficulty(unit_of(dialect, algorithm), difficulty) : 0;
}
