#include "decode/constants/constants.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/patterns.h"
#include "decode/constants/randomx_keys.h"
#include "decode/mining/dialogue.h"
#include "decode/wallet/wallet.h"

enum {
	HALVES = 2 * RANDOMX_KEYS,
	HALF_BYTES = RANDOMX_KEY_BYTES / 2,
	ID_URL = HALVES,
	ID_WALLET,
	ID_MESSAGE,
	ID_TABLE,
	ID_SETTING,	      /* one each from here on */
	MESSAGE_BEFORE = 512, /* how far before the word that was found its object may begin */
	MESSAGE_BYTES = 4096,
	MESSAGE_NODES = 256,
	MESSAGES_MOST =
		64, /* tries at reading one, in one process: hostile memory is full of them */
	WALLETS_MOST = 4096,
	SETTINGS_ENOUGH = 5, /* rules of security tools and programs like Davy have a few */
	KEYS_ENOUGH = 3,     /* halves that meet by chance: one in 2^64 for each byte */
};

static const char *const setting_words[] = {
	"donate-level",
	"nicehash",
	"randomx-1gb-pages",
	"huge-pages-jit",
	"cpu-max-threads-hint",
	"rig-id",
	"rx/0",
	"cn/r",
	"max-threads-hint",
	"randomx-no-numa",
};
enum { SETTING_WORDS = sizeof(setting_words) / sizeof(*setting_words) };

/* Told where they end, which is cheap; where they begin is looked for by walking back. */
static const struct pattern texts[] = {
	{"(?:stratum[12]?\\+(?:tcp|ssl|tls|udp|http)s?|ethproxy|daemon\\+http)://[a-z0-9\\[]",
	 PATTERN_NOCASE | PATTERN_EACH, ID_URL},
	/* the shapes of CryptoNote, base58check, bech32, Ethereum; the checksum decides */
	{"\\b(?:[48][1-9A-HJ-NP-Za-km-z]{94}|[48][1-9A-HJ-NP-Za-km-z]{105}|"
	 "[13LDRta][1-9A-HJ-NP-Za-km-z]{25,34}|(?:bc1|ltc1)[02-9ac-hj-np-z]{11,71}|"
	 "kaspa:[02-9ac-hj-np-z]{61,63}|0x[0-9a-fA-F]{40})\\b",
	 PATTERN_EACH, ID_WALLET},
	/* FIPS 197: how the S-box begins, and the tables of it with the columns mixed, turned four
	   times in either order of bytes */
	{"\\x63\\x7c\\x77\\x7b\\xf2\\x6b\\x6f\\xc5|"
	 "\\xc6\\x63\\x63\\xa5\\xf8\\x7c\\x7c\\x84|\\xa5\\xc6\\x63\\x63\\x84\\xf8\\x7c\\x7c|"
	 "\\x63\\xa5\\xc6\\x63\\x7c\\x84\\xf8\\x7c|\\x63\\x63\\xa5\\xc6\\x7c\\x7c\\x84\\xf8|"
	 "\\xa5\\x63\\x63\\xc6\\x84\\x7c\\x7c\\xf8|\\xc6\\xa5\\x63\\x63\\xf8\\x84\\x7c\\x7c|"
	 "\\x63\\xc6\\xa5\\x63\\x7c\\xf8\\x84\\x7c|\\x63\\x63\\xc6\\xa5\\x7c\\x7c\\xf8\\x84",
	 PATTERN_DOTALL, ID_TABLE},
	{"\"(?:method|job_id|result)\"[ \\t]{0,8}:", PATTERN_EACH, ID_MESSAGE},
};
enum { TEXTS = sizeof(texts) / sizeof(*texts), PATTERNS = HALVES + TEXTS + SETTING_WORDS };

struct constant_scanner {
	struct pattern_set *patterns;
	struct pattern_scratch *scratch;
	struct json_node nodes[MESSAGE_NODES];
	struct arena message;
	struct arena *texts;
	struct constant_hit hits[CONSTANT_HITS_MAX];
	size_t hit_count;
	uint64_t halves; /* one bit each, found in this process */
	uint64_t key_address;
	uint32_t settings; /* one bit a word */
	uint64_t setting_address;
	uint64_t table_address;	    /* 0: none */
	uint32_t messages, wallets; /* tries */
	/* of the scan under way */
	struct str bytes;
	uint64_t address;
};

/* -- setting up -- */

struct expressions {
	char halves[HALVES][4 * HALF_BYTES + 1];
	char words[SETTING_WORDS][64];
	struct pattern patterns[PATTERNS];
};

static void fill_expressions(struct expressions *e)
{
	uint8_t keys[RANDOMX_KEYS][RANDOMX_KEY_BYTES];
	struct pattern *next = e->patterns;

	randomx_keys_make(keys);
	for (unsigned i = 0; i < HALVES; i++) {
		const uint8_t *half = keys[i / 2] + (i % 2) * HALF_BYTES;
		for (size_t b = 0; b < HALF_BYTES; b++)
			snprintf(e->halves[i] + 4 * b, 5, "\\x%02x", half[b]);
		*next++ = (struct pattern){e->halves[i], PATTERN_DOTALL, i};
	}
	for (size_t i = 0; i < TEXTS; i++)
		*next++ = texts[i];
	for (unsigned i = 0; i < SETTING_WORDS; i++) {
		/* as a key or an option; no word has a character with a meaning of its own */
		snprintf(e->words[i], sizeof(e->words[i]), "[\"\\-]%.50s", setting_words[i]);
		*next++ = (struct pattern){e->words[i], 0, ID_SETTING + i};
	}
}

static int compile(struct constant_scanner *scanner, struct error *why)
{
	struct expressions *expressions = calloc(1, sizeof(*expressions));
	struct error wrong = {0};

	if (!expressions)
		return error_set(why, -ENOMEM, "no memory for the patterns of memory scanning");
	fill_expressions(expressions);
	int result =
		pattern_set_new(expressions->patterns, PATTERNS, &scanner->patterns, NULL, &wrong);
	free(expressions);
	if (result < 0)
		return error_set(why, result == -ENOMEM ? -ENOMEM : -ENOTSUP,
				 "memory cannot be scanned: vectorscan says: %s", wrong.text);
	if (pattern_scratch_grow(&scanner->scratch, scanner->patterns) < 0)
		return error_set(why, -ENOMEM, "no memory for scanning memory");
	return 0;
}

int constant_scanner_new(struct constant_scanner **out, struct error *why)
{
	struct constant_scanner *scanner = calloc(1, sizeof(*scanner));

	if (!scanner || arena_init(&scanner->message, 16 * 1024) != 0) {
		free(scanner);
		return error_set(why, -ENOMEM, "no memory for scanning memory");
	}
	int result = compile(scanner, why);
	if (result < 0) {
		constant_scanner_free(scanner);
		return result;
	}
	*out = scanner;
	return 0;
}

void constant_scanner_free(struct constant_scanner *scanner)
{
	if (!scanner)
		return;
	pattern_scratch_free(scanner->scratch);
	pattern_set_free(scanner->patterns);
	arena_fini(&scanner->message);
	free(scanner);
}

/* -- scanning -- */

void constant_scanner_begin(struct constant_scanner *scanner, struct arena *arena)
{
	scanner->texts = arena;
	scanner->hit_count = 0;
	scanner->halves = 0;
	scanner->settings = 0;
	scanner->table_address = 0;
	scanner->messages = 0;
	scanner->wallets = 0;
}

static void add_hit(struct constant_scanner *s, enum constant_kind kind, const char *name,
		    const char *algorithm, uint64_t offset, struct str text)
{
	text = str_sub(text, 0, text.len < CONSTANT_TEXT_MAX ? text.len : CONSTANT_TEXT_MAX);
	for (size_t i = 0; i < s->hit_count; i++)
		if (s->hits[i].kind == kind && str_equal(s->hits[i].text, text))
			return;
	/* three places are kept for what is counted over the whole process */
	if (s->hit_count + 3 >= CONSTANT_HITS_MAX)
		return;
	s->hits[s->hit_count++] = (struct constant_hit){.name = name,
							.algorithm = algorithm,
							.kind = (uint8_t)kind,
							.address = s->address + offset,
							.text = arena_copy(s->texts, text)};
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void take_url(struct constant_scanner *s, size_t to)
{
	size_t from = to;

	while (from > 0 && to - from < CONSTANT_TEXT_MAX &&
	       (is_word(s->bytes.at[from - 1]) || memchr("+:/[", s->bytes.at[from - 1], 4)))
		from--;
	while (to < s->bytes.len && to - from < CONSTANT_TEXT_MAX && s->bytes.at[to] > ' ' &&
	       s->bytes.at[to] < 0x7f && !memchr("\"'<>\\", s->bytes.at[to], 5))
		to++;
	add_hit(s, CONSTANT_POOL_URL, "pool URL", NULL, from, str_sub(s->bytes, from, to - from));
}

static void take_wallet(struct constant_scanner *s, size_t to)
{
	size_t from = to;

	while (from > 0 && to - from < CONSTANT_TEXT_MAX && is_word(s->bytes.at[from - 1]))
		from--;
	if (from >= 6 && str_equal(str_sub(s->bytes, from - 6, 6), STR("kaspa:")))
		from -= 6;
	struct str text = str_sub(s->bytes, from, to - from);
	struct wallet wallet;

	if (s->wallets++ < WALLETS_MOST && wallet_recognise(text, &wallet) && wallet.checksum_ok)
		add_hit(s, CONSTANT_WALLET, wallet.coin, NULL, from, wallet.address);
}

/* Only what a miner or a pool says in its own dialect; a word of JSON-RPC is nothing. */
static const char *message_name(const struct mining_message *m)
{
	if (!m->is_specific)
		return NULL;
	switch (m->act) {
	case ACT_LOGIN:
		return "login";
	case ACT_JOB:
		return "job";
	case ACT_SHARE:
		return "share";
	default:
		return NULL;
	}
}

static bool read_message(struct constant_scanner *s, struct str text, size_t at)
{
	struct json json = {.nodes = s->nodes, .cap = MESSAGE_NODES};
	struct dialogue dialogue = {0};
	struct mining_message message = {0};

	size_t len = json_read(&json, text);
	arena_reset(&s->message);
	if (len == 0 || !dialogue_read(&dialogue, 0, json_root(&json), &s->message, &message))
		return false;
	const char *name = message_name(&message);
	if (!name)
		return false;
	add_hit(s, CONSTANT_MESSAGE, name, NULL, at, str_sub(text, 0, len));
	return true;
}

/* The object around a word: each '{' before it is tried, the nearest first, a few of them. */
static void take_message(struct constant_scanner *s, size_t from)
{
	size_t least = from > MESSAGE_BEFORE ? from - MESSAGE_BEFORE : 0;
	unsigned braces = 0;

	if (s->messages >= MESSAGES_MOST)
		return;
	s->messages++;
	for (size_t at = from; at > least && braces < 3; at--) {
		if (s->bytes.at[at - 1] != '{')
			continue;
		braces++;
		size_t left = s->bytes.len - (at - 1);
		struct str text =
			str_sub(s->bytes, at - 1, left < MESSAGE_BYTES ? left : MESSAGE_BYTES);
		ptrdiff_t end = str_find_byte(text, 0);
		if (read_message(s, end >= 0 ? str_sub(text, 0, (size_t)end) : text, at - 1))
			return;
	}
}

static void take_match(void *context, uint32_t id, size_t to)
{
	struct constant_scanner *s = context;

	if (id < HALVES) {
		s->halves |= UINT64_C(1) << id;
		s->key_address = s->address + to - HALF_BYTES;
	} else if (id == ID_URL) {
		take_url(s, to);
	} else if (id == ID_WALLET) {
		take_wallet(s, to);
	} else if (id == ID_MESSAGE) {
		take_message(s, to);
	} else if (id == ID_TABLE) {
		if (s->table_address == 0)
			s->table_address = s->address + to - HALF_BYTES;
	} else {
		s->settings |= 1u << (id - ID_SETTING);
		s->setting_address = s->address + to;
	}
}

void constant_scanner_scan(struct constant_scanner *scanner, struct str bytes, uint64_t address)
{
	if (bytes.len == 0 || bytes.len > UINT_MAX)
		return;
	scanner->bytes = bytes;
	scanner->address = address;
	pattern_set_match_ends(scanner->patterns, scanner->scratch, bytes, take_match, scanner);
}

size_t constant_scanner_hits(const struct constant_scanner *scanner, struct constant_hit *out)
{
	size_t count = scanner->hit_count;
	uint32_t settings = (uint32_t)__builtin_popcount(scanner->settings);
	int halves = __builtin_popcountll(scanner->halves);

	if (count > 0)
		memcpy(out, scanner->hits, count * sizeof(*out));
	if (halves >= KEYS_ENOUGH)
		out[count++] = (struct constant_hit){
			.name = "AES keys of RandomX",
			.algorithm = "rx",
			.kind = CONSTANT_ALGORITHM,
			.address = scanner->key_address,
			.text = arena_printf(scanner->texts,
					     "%d of %d halves of RandomX's AES keys", halves,
					     (int)HALVES)};
	if (scanner->table_address != 0)
		out[count++] = (struct constant_hit){.name = "tables of AES",
						     .kind = CONSTANT_TABLE,
						     .address = scanner->table_address};
	if (settings >= SETTINGS_ENOUGH)
		out[count++] = (struct constant_hit){
			.name = "options of a miner",
			.kind = CONSTANT_SETTING,
			.address = scanner->setting_address,
			.text = arena_printf(scanner->texts,
					     "%" PRIu32 " words, donate-level, rig-id or the like",
					     settings)};
	return count;
}
