#include "decode/wallet/wallet.h"

#include "decode/wallet/kinds.h"
#include "model/coin_name.h"

enum {
	ADDRESS_DIGITS_MIN = 25, /* the shortest: a base58check address of a hash of many zeros */
	SCHEMES_MAX = 2		 /* "solo:coin:ADDRESS" */
};

static const char *const kind_names[WALLET_KIND_COUNT] = {
	"none",	   "cryptonote", "base58check", "bech32", "cashaddr", "kaspa", "ethereum",
	"conflux", "sapling",	 "unified",	"decred", "ergo",     "grin",
};

const char *wallet_kind_name(enum wallet_kind kind)
{
	return (unsigned)kind < WALLET_KIND_COUNT ? kind_names[kind] : "unknown";
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct str wallet_token(struct str text)
{
	size_t len = 0;

	while (len < text.len && is_alphanumeric(text.at[len]))
		len++;
	return str_sub(text, 0, len);
}

typedef enum wallet_match (*matcher)(struct str text, struct wallet *out);

/* Try one kind; the first that looks like something is kept in case none is right. */
static bool try_kind(matcher match, struct str text, struct wallet *likely, struct wallet *out)
{
	struct wallet found = {0};

	switch (match(text, &found)) {
	case WALLET_MATCH:
		*out = found;
		return true;
	case WALLET_LOOKS_LIKE:
		if (likely->kind == WALLET_NONE)
			*likely = found;
		return false;
	case WALLET_NO_MATCH:
		break;
	}
	return false;
}

/* An address at the very front of text. */
static bool match_front(struct str text, struct wallet *likely, struct wallet *out)
{
	static const matcher of_token[] = {cryptonote_match, base58check_match, decred_match,
					   ethereum_match,   bech32_match,	ergo_match};
	const struct str token = wallet_token(text);

	if (try_kind(conflux_match, text, likely, out) ||
	    try_kind(cashaddr_match, text, likely, out))
		return true;
	if (token.len < ADDRESS_DIGITS_MIN)
		return false;
	for (size_t i = 0; i < sizeof(of_token) / sizeof(*of_token); i++)
		if (try_kind(of_token[i], token, likely, out))
			return true;
	return false;
}

static size_t part_len(struct str text)
{
	size_t len = 0;

	while (len < text.len && text.at[len] != '.' && text.at[len] != '/' && text.at[len] != '+')
		len++;
	return len;
}

static bool is_number(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.at[i] < '0' || text.at[i] > '9') && text.at[i] != '.')
			return false;
	return text.len > 0;
}

/*
 * What follows the address: ".paymentid", "+difficulty", and the worker, which may have dots and
 * may be a number (a number after a dot is a worker here, though a few pools read a difficulty).
 */
static void split_rest(struct str rest, struct wallet *out)
{
	while (rest.len > 0) {
		const char separator = rest.at[0];
		const struct str tail = str_skip(rest, 1);
		const struct str part = str_sub(tail, 0, part_len(tail));
		const ptrdiff_t plus = str_find_byte(tail, '+');

		if (separator == '+' && is_number(part)) {
			out->difficulty = part;
		} else if (separator != '+' && out->kind == WALLET_CRYPTONOTE &&
			   out->payment_id.len == 0 && (part.len == 16 || part.len == 64) &&
			   str_is_hex(part)) {
			out->payment_id = part;
		} else {
			const bool has_difficulty =
				plus > 0 && is_number(str_skip(tail, (size_t)plus + 1));
			out->worker = has_difficulty ? str_sub(tail, 0, (size_t)plus) : tail;
			if (has_difficulty)
				out->difficulty = str_skip(tail, (size_t)plus + 1);
			return;
		}
		rest = str_skip(tail, part.len);
	}
}

static void finish(struct str login, struct str text, struct wallet *out)
{
	const size_t end = (size_t)(out->address.at - text.at) + out->address.len;

	if (text.at > login.at)
		out->scheme = str_sub(login, 0, (size_t)(text.at - login.at) - 1);
	split_rest(str_skip(text, end), out);
}

bool wallet_recognise(struct str login, struct wallet *out)
{
	const struct str whole = str_trim(login);
	struct wallet likely = {0};
	struct str text = whole, likely_text = whole;

	*out = (struct wallet){0};
	if (whole.len < ADDRESS_DIGITS_MIN || whole.len > WALLET_LOGIN_MAX)
		return false;
	for (unsigned i = 0; i <= SCHEMES_MAX; i++) {
		const enum wallet_kind before = likely.kind;
		struct str scheme;

		if (match_front(text, &likely, out)) {
			finish(whole, text, out);
			return true;
		}
		if (before == WALLET_NONE && likely.kind != WALLET_NONE)
			likely_text = text;
		scheme = wallet_token(text);
		if (scheme.len == 0 || scheme.len == text.len || text.at[scheme.len] != ':')
			break;
		text = str_skip(text, scheme.len + 1);
	}
	if (likely.kind != WALLET_NONE) {
		*out = likely;
		finish(whole, likely_text, out);
	}
	return false;
}

static void add_coin(struct buf *out, const struct wallet *wallet)
{
	const char *coin = wallet->coin;
	const bool is_unknown = str_ends(str_from(coin), STR(" coin")); /* "bech32 coin" */

	buf_add_text(out, coin[0] == 'a' || coin[0] == 'e' || coin[0] == 'o' ? "an " : "a ");
	if (is_unknown)
		buf_printf(out, "%c%s", coin[0] - 'a' + 'A', coin + 1);
	else
		buf_add_coin_name(out, str_from(coin));
	buf_add_text(out, " address");
	if (wallet->form) {
		buf_printf(out, " (%s", wallet->form);
		if (wallet->network && !str_equal(str_from(wallet->network), STR("mainnet")))
			buf_printf(out, ", %s", wallet->network);
		buf_add_byte(out, ')');
	} else if (wallet->kind == WALLET_CRYPTONOTE || wallet->kind == WALLET_BASE58CHECK) {
		buf_printf(out, " (prefix %llu)", (unsigned long long)wallet->prefix);
	}
}

void buf_add_wallet(struct buf *out, const struct wallet *wallet)
{
	if (wallet->kind == WALLET_NONE)
		return;
	if (wallet->has_checksum && !wallet->checksum_ok)
		buf_add_text(out, "what looks like ");
	add_coin(out, wallet);
	if (!wallet->has_checksum)
		buf_add_text(out, ", of a form that carries no checksum");
	else if (wallet->checksum_ok)
		buf_add_text(out, ", checksum right");
	else
		buf_add_text(out, ", but the checksum is wrong");
}
