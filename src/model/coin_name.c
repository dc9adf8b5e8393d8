#include "model/coin_name.h"

enum { WORD_MOST = 60, WORDS_MOST = 24 };

/* What is not simply its first letter made large. */
static const struct {
	struct str coin, name;
} names[] = {
	{STR("base58check coin"), STR("Unknown coin")},
	{STR("bech32 coin"), STR("Unknown coin")},
	{STR("cryptonote coin"), STR("CryptoNote coin")},
	{STR("kaspa-like coin"), STR("Kaspa-like coin")},
	{STR("cryptonote"), STR("CryptoNote coin")},
	{STR("zcash or a fork of it"), STR("Zcash (or a fork of it)")},
	{STR("bitcoin-cash"), STR("Bitcoin Cash")},
	{STR("bitcoin-gold"), STR("Bitcoin Gold")},
	{STR("duino-coin"), STR("Duino-Coin")},
	{STR("ecash"), STR("eCash")},
};

static bool add_known(struct buf *out, struct str coin)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (str_equal(coin, names[i].coin)) {
			buf_add(out, names[i].name);
			return true;
		}
	}
	return false;
}

/* One coin of a list, with the comma that may follow it. */
static void add_word(struct buf *out, struct str word)
{
	const bool has_comma = str_ends(word, STR(","));
	const struct str coin = str_sub(word, 0, word.len - has_comma);

	const bool is_lower = coin.len > 0 && coin.at[0] >= 'a' && coin.at[0] <= 'z' &&
			      !str_equal(coin, STR("or"));

	if (!add_known(out, coin)) {
		if (is_lower)
			buf_add_byte(out, (char)(coin.at[0] - 'a' + 'A'));
		buf_add_printable(out, str_skip(coin, is_lower), WORD_MOST);
	}
	if (has_comma)
		buf_add_byte(out, ',');
}

void buf_add_coin_name(struct buf *out, struct str coin)
{
	struct str word;

	if (add_known(out, coin))
		return;
	for (size_t i = 0; coin.len > 0 && i < WORDS_MOST; i++) {
		str_cut(coin, ' ', &word, &coin);
		if (i > 0)
			buf_add_byte(out, ' ');
		add_word(out, word);
	}
}

/* What names no coin but a family, and reads badly before its activity. */
static const struct {
	struct str coin;
	const char *family;
} families[] = {
	{STR("base58check coin"), "an unknown coin"},  {STR("bech32 coin"), "an unknown coin"},
	{STR("cryptonote coin"), "a CryptoNote coin"}, {STR("cryptonote"), "a CryptoNote coin"},
	{STR("kaspa-like coin"), "a Kaspa-like coin"},
};

void buf_add_coin_activity(struct buf *out, struct str coin, const char *activity)
{
	const char *family = NULL;

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (str_equal(coin, families[i].coin))
			family = families[i].family;
	if (coin.len > 0 && !family) {
		buf_add_coin_name(out, coin);
		buf_printf(out, " %s", activity);
		return;
	}
	buf_printf(out, "%c%s", activity[0] - 'a' + 'A', activity + 1);
	if (family)
		buf_printf(out, " of %s", family);
}
