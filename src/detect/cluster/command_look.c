#include "detect/cluster/command_look.h"

#include <string.h>

#include "decode/setup/command.h"
#include "decode/wallet/wallet.h"
#include "detect/cluster/base64_text.h"
#include "detect/cluster/metadata_service.h"
#include "model/endpoint.h"

enum {
	LAYERS_MOST = 3, /* of base64 inside of base64 */
	LAYER_BYTES = 8 * 1024,
	ENCODED_LEAST = 24,
	WALLETS_MOST = 64, /* checksums in one text: they cost */
	WALLET_LEAST = 26,
};

/* -- names and options -- */

static const struct str programs[] = {
	STR("xmrig"),	     STR("xmr-stak"),	 STR("minerd"),	      STR("cpuminer"),
	STR("ccminer"),	     STR("nbminer"),	 STR("lolminer"),     STR("ethminer"),
	STR("gminer"),	     STR("srbminer"),	 STR("teamredminer"), STR("phoenixminer"),
	STR("nanominer"),    STR("nsfminer"),	 STR("bfgminer"),     STR("cgminer"),
	STR("wildrig"),	     STR("bzminer"),	 STR("rigel-miner"),  STR("xmrminer"),
	STR("monero-miner"), STR("moneroocean"), STR("verus-miner"),  STR("t-rex-miner"),
};

/* Only miners have these; of "-a" and "--algo" the value counts. */
static const struct str options[] = {
	STR("donate-level"),   STR("donate-over-proxy"), STR("cpu-max-threads-hint"),
	STR("randomx-mode"),   STR("randomx-1gb-pages"), STR("randomx-no-numa"),
	STR("randomx-wrmsr"),  STR("nicehash"),		 STR("rig-id"),
	STR("coin=monero"),    STR("coin=xmr"),		 STR("coin monero"),
	STR("coin xmr"),       STR("cpu-no-yield"),	 STR("cuda-bfactor-hint"),
	STR("opencl-devices"), STR("huge-pages-jit"),
};

static const struct str algorithms[] = {
	STR("rx/0"),	   STR("rx/wow"),     STR("rx/arq"),	STR("randomx"),
	STR("cn/r"),	   STR("cn/gpu"),     STR("cn-heavy"),	STR("cryptonight"),
	STR("ghostrider"), STR("kawpow"),     STR("etchash"),	STR("ethash"),
	STR("autolykos2"), STR("kheavyhash"), STR("verushash"), STR("argon2/chukwa"),
	STR("yespower"),   STR("equihash"),   STR("panthera"),
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* As a word: no letter or digit before or behind it, but for a version's. */
static bool has_word(struct str text, struct str word)
{
	size_t from = 0;
	ptrdiff_t found;

	while ((found = str_find_nocase(str_skip(text, from), word)) >= 0) {
		size_t start = from + (size_t)found, end = start + word.len;
		if ((start == 0 || !is_letter(text.at[start - 1])) &&
		    (end == text.len || !is_letter(text.at[end]) ||
		     (text.at[end] >= '0' && text.at[end] <= '9')))
			return true;
		from = start + 1;
	}
	return false;
}

bool command_look_is_miner_name(struct str text)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (has_word(text, programs[i]))
			return true;
	return false;
}

static void look_for_options(struct command_look *look, struct str text)
{
	for (unsigned i = 0; i < sizeof(options) / sizeof(*options); i++) {
		ptrdiff_t at = str_find_nocase(text, options[i]);
		/* as an option, or a key of settings: not in the middle of another word */
		if (at > 0 && !is_letter(text.at[at - 1]))
			look->options |= 1u << i;
	}
}

/* -- words -- */

struct words {
	struct str rest;
};

static bool is_break(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\'' || c == '"' ||
	       c == '`' || c == ';' || c == '|' || c == '&' || c == '(' || c == ')' || c == '<' ||
	       c == '>' || c == ',' || c == '{' || c == '}';
}

/* What also ends a text in which a password may stand. */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\'' || c == '"' || c == '`';
}

static bool next_word(struct words *words, struct str *word)
{
	size_t from = 0, len = 0;

	while (from < words->rest.len && is_break(words->rest.at[from]))
		from++;
	words->rest = str_skip(words->rest, from);
	while (len < words->rest.len && !is_break(words->rest.at[len]))
		len++;
	*word = str_sub(words->rest, 0, len);
	words->rest = str_skip(words->rest, len);
	return len > 0;
}

static void keep(char *out, size_t cap, struct str text)
{
	if (out[0])
		return; /* the first in the text: that is the same however records came */
	text = str_sub(text, 0, cap - 1);
	memcpy(out, text.at, text.len);
	out[text.len] = '\0';
}

/* -- pools and other hosts -- */

/*
 * "USER:PASSWORD@host:port/path" -> "host:port". The last @ first, for a password may hold any
 * other mark: what is left of it must be shown to nobody.
 */
static struct str host_and_port(struct str text)
{
	ptrdiff_t at;

	while ((at = str_find_byte(text, '@')) >= 0)
		text = str_skip(text, (size_t)at + 1);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == '/' || text.at[i] == '?' || text.at[i] == '#')
			return str_sub(text, 0, i);
	return text;
}

static bool split_port(struct str text, struct str *host, uint64_t *port)
{
	size_t colon = text.len;

	while (colon > 0 && text.at[colon - 1] != ':')
		colon--;
	*host = str_sub(text, 0, colon > 0 ? colon - 1 : 0);
	return host->len > 0 && str_to_u64(str_skip(text, colon), port) && *port > 0 &&
	       *port < 65536;
}

/* A mark in a password ends the word before the host: then what is left is part of the password. */
static struct str behind_password(struct str word, struct str rest)
{
	size_t len = 0, begin = 0;

	if (str_find_byte(word, '@') >= 0)
		return word;
	/* of another address behind it nothing counts */
	while (len < rest.len && !is_blank(rest.at[len]) &&
	       !str_starts(str_skip(rest, len), STR("://")))
		len++;
	for (size_t i = 0; i < len; i++)
		begin = rest.at[i] == '@' ? i + 1 : begin;
	struct words after = {str_skip(rest, begin)};
	return begin == 0 || next_word(&after, &word) ? word : (struct str){0};
}

static bool may_be_host(struct str host)
{
	for (size_t i = 0; i < host.len; i++)
		if (!is_letter(host.at[i]) && !strchr(".-_[]:", host.at[i]))
			return false;
	return host.len > 0;
}

/* "host:port" or "host": anything else is shown to nobody. */
static void keep_pool(struct command_look *look, struct str address)
{
	struct str host;
	uint64_t port;

	if (split_port(address, &host, &port)
		    ? may_be_host(host)
		    : may_be_host(address) && str_find_byte(address, ':') < 0)
		keep(look->pool, sizeof(look->pool), address);
}

static void look_at_pool(struct command_look *look, struct str word, struct str rest)
{
	static const struct str schemes[] = {
		STR("stratum+"), STR("stratum1+"),   STR("stratum2+"), STR("stratum://"),
		STR("ethproxy"), STR("daemon+http"), STR("nicehash+")};
	ptrdiff_t slashes = str_find(word, STR("://"));

	if (slashes < 0)
		return;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		ptrdiff_t at = str_find_nocase(word, schemes[i]);
		if (at < 0 || at > slashes)
			continue;
		look->signs |= SAYS_POOL;
		word = str_skip(word, (size_t)slashes + 3);
		keep_pool(look, host_and_port(behind_password(word, rest)));
		return;
	}
}

static bool is_inside(struct str host)
{
	static const struct str ends[] = {STR(".svc"),	       STR(".local"), STR(".internal"),
					  STR(".localdomain"), STR(".lan"),   STR(".corp")};
	struct address address;

	if (address_parse(host, &address))
		return address_is_private(&address) ||
		       (address_is_v4(&address) && address.bytes[12] == 0);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (str_ends(host, ends[i]))
			return true;
	return str_find_byte(host, '.') < 0 || str_find(host, STR(".svc.")) >= 0;
}

static bool is_host_name(struct str host)
{
	for (size_t i = 0; i < host.len; i++)
		if (!is_letter(host.at[i]) && host.at[i] != '.' && host.at[i] != '-' &&
		    host.at[i] != '_')
			return false;
	/* "10.2" is a number and "a.py:12" a place in a file: a name ends in letters */
	return host.len > 3 && (is_letter(host.at[0]));
}

/* Where most services of the open internet are; a pool there gives no sign. */
static bool is_usual_port(uint64_t port)
{
	static const uint16_t ports[] = {22,   25,   53,   80,	 123,  389,   443,  465,  587,
					 636,  993,  995,  1433, 3306, 5432,  5671, 5672, 6379,
					 8080, 8883, 9092, 9093, 9200, 11211, 27017};

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
		if (port == ports[i])
			return true;
	return false;
}

static bool is_outside(struct str word)
{
	ptrdiff_t slashes = str_find(word, STR("://"));
	struct str host;
	uint64_t port;

	word = host_and_port(slashes >= 0 ? str_skip(word, (size_t)slashes + 3) : word);
	ptrdiff_t equals = str_find_byte(word, '=');
	word = equals >= 0 ? str_skip(word, (size_t)equals + 1) : word;
	return split_port(word, &host, &port) && is_host_name(host) &&
	       str_find_byte(host, '.') > 0 && !is_usual_port(port) && !is_inside(host);
}

/* -- one word after another -- */

struct login {
	bool has_host, has_user;
};

/* The value of "-o", "--url=", "--pool" ... */
static bool is_option_of(struct str word, struct str *value, const struct str *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!str_starts(word, names[i]))
			continue;
		struct str rest = str_skip(word, names[i].len);
		if (rest.len > 0 && rest.at[0] != '=')
			continue;
		*value = str_skip(rest, 1);
		return true;
	}
	return false;
}

static void look_at_option(struct command_look *look, struct login *login, struct str word,
			   struct words after)
{
	static const struct str hosts[] = {STR("-o"), STR("--url"), STR("--pool"), STR("--server")};
	static const struct str users[] = {STR("-u"), STR("--user"), STR("--wallet")};
	static const struct str ways[] = {STR("-a"), STR("--algo"), STR("--algorithm")};
	struct str value = {0}, host;
	uint64_t port;

	if (is_option_of(word, &value, hosts, 4)) {
		if (value.len == 0 && !next_word(&after, &value))
			return;
		ptrdiff_t slashes = str_find(value, STR("://"));
		if (slashes >= 0)
			value = str_skip(value, (size_t)slashes + 3);
		/* curl -o FILE -u USER:PASSWORD has no port behind its -o */
		login->has_host |= split_port(host_and_port(value), &host, &port);
	} else if (is_option_of(word, &value, users, 3)) {
		login->has_user |= value.len > 0 || next_word(&after, &value);
	} else if (is_option_of(word, &value, ways, 3)) {
		if (value.len == 0 && !next_word(&after, &value))
			return;
		for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
			if (str_equal_nocase(value, algorithms[i]))
				look->options |= 1u << 31;
	}
}

/* "POOL_USER=ADDRESS.worker": what stands behind the last = */
static void look_at_wallet(struct command_look *look, struct str word, unsigned *tried)
{
	struct wallet wallet;

	for (size_t i = word.len; i > 0; i--)
		if (word.at[i - 1] == '=') {
			word = str_skip(word, i);
			break;
		}
	if (word.len < WALLET_LEAST || word.len > WALLET_LOGIN_MAX || *tried >= WALLETS_MOST)
		return;
	++*tried;
	if (!wallet_recognise(word, &wallet) || !wallet.checksum_ok)
		return;
	look->signs |= SAYS_WALLET;
	if (!look->wallet[0])
		look->coin = wallet.coin;
	keep(look->wallet, sizeof(look->wallet), wallet.address);
}

static void look_at_words(struct command_look *look, struct str text)
{
	struct words words = {text};
	struct login login = {0};
	struct str word;
	unsigned tried = 0;

	while (next_word(&words, &word)) {
		if (word.at[0] == '-')
			look_at_option(look, &login, word, words);
		look_at_pool(look, word, words.rest);
		look_at_wallet(look, word, &tried);
		look->signs |= is_outside(word) ? SAYS_OUTSIDE : 0;
	}
	look->signs |= login.has_host && login.has_user ? SAYS_LOGIN : 0;
}

/* -- the whole -- */

static void look_at_marks(struct command_look *look, struct str text)
{
	const unsigned marks = command_marks(text);

	look->signs |= marks & COMMAND_FETCHES ? SAYS_FETCHES : 0;
	look->signs |= marks & COMMAND_UNPACKS ? SAYS_ENCODED : 0;
	look->signs |= marks & COMMAND_CONNECTS ? SAYS_CONNECTS : 0;
	look->signs |= marks & COMMAND_ONE_LINER ? SAYS_INLINE : 0;
}

static void look_for_credentials(struct command_look *look, struct str text)
{
	static const struct str places[] = {STR("secrets/kubernetes.io/serviceaccount"),
					    STR("secrets/eks.amazonaws.com"),
					    STR("/run/secrets/tokens"),
					    STR("/run/secrets/azure/tokens"),
					    STR(".aws/credentials"),
					    STR(".config/gcloud"),
					    STR("/proc/1/environ"),
					    STR("/proc/*/environ"),
					    STR("/proc/self/environ"),
					    STR(".kube/config"),
					    STR("/etc/kubernetes/azure.json"),
					    STR("/var/lib/kubelet/pki")};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		look->signs |= str_find(text, places[i]) >= 0 ? SAYS_CREDENTIALS : 0;
}

static void look_at_layer(struct command_look *look, struct str text)
{
	struct metadata_service service;

	look_at_marks(look, text);
	look_at_words(look, text);
	look_for_options(look, text);
	look_for_credentials(look, text);
	look->signs |= command_look_is_miner_name(text) ? SAYS_NAME : 0;
	look->signs |= look->options != 0 ? SAYS_OPTION : 0;
	look->signs |= (look->options & (look->options - 1)) != 0 ? SAYS_OPTIONS : 0;
	if (metadata_service_find(text, &service)) {
		look->signs |= SAYS_METADATA;
		look->cloud = service.cloud;
		look->asks_credentials |= service.asks_credentials;
	}
}

static bool is_text(struct str bytes)
{
	size_t odd = 0;

	for (size_t i = 0; i < bytes.len; i++)
		odd += (bytes.at[i] < ' ' && bytes.at[i] != '\n' && bytes.at[i] != '\t' &&
			bytes.at[i] != '\r') ||
		       bytes.at[i] == 0x7f;
	return bytes.len > 0 && odd * 20 < bytes.len;
}

/* What stands in base64 in `text`, one after another, a line each. */
static size_t decode_layer(struct str text, char *out, size_t cap)
{
	size_t used = 0;

	for (size_t at = 0; at < text.len && used + 1 < cap;) {
		size_t len = 0;
		while (at + len < text.len && base64_digit(text.at[at + len]) >= 0)
			len++;
		if (len >= ENCODED_LEAST) {
			size_t got =
				base64_decode(str_sub(text, at, len), out + used, cap - used - 1);
			if (is_text(str_of(out + used, got))) {
				used += got;
				out[used++] = '\n';
			}
		}
		at += len > 0 ? len : 1;
	}
	return used;
}

static bool take_text(struct str *rest, struct str text)
{
	if (!str_starts(*rest, text))
		return false;
	*rest = str_skip(*rest, text.len);
	return true;
}

/*
 * "sh -c curl -f http://localhost/": arguments come without quotes around them, and the shell that
 * is given one to run must not be taken for one that runs what curl brings.
 */
static struct str without_shell(struct str text)
{
	static const struct str shells[] = {STR("sh"), STR("bash"), STR("ash"), STR("dash"),
					    STR("zsh")};
	struct str command, program, script, option;

	if (!str_cut(str_trim(text), ' ', &command, &script) ||
	    !str_cut(script, ' ', &option, &script))
		return text;
	program = str_file_name(command);
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (str_equal(program, shells[i]) && take_text(&option, STR("-")) &&
		    str_find_byte(option, 'c') >= 0)
			return script;
	return text;
}

void command_look(struct command_look *look, struct str text)
{
	char layers[2][LAYER_BYTES];

	text = without_shell(text);
	for (unsigned i = 0; i < LAYERS_MOST && text.len > 0; i++) {
		look_at_layer(look, text);
		text = str_of(layers[i % 2], decode_layer(text, layers[i % 2], LAYER_BYTES));
	}
}

bool command_look_mines(uint32_t signs)
{
	const uint32_t how = SAYS_WALLET | SAYS_OPTION | SAYS_LOGIN | SAYS_NAME;

	return ((signs & SAYS_POOL) && (signs & how)) ||
	       ((signs & SAYS_WALLET) && (signs & (SAYS_LOGIN | SAYS_OPTION))) ||
	       ((signs & SAYS_OPTIONS) && (signs & (SAYS_LOGIN | SAYS_NAME))) ||
	       ((signs & SAYS_OPTION) && (signs & SAYS_LOGIN));
}
