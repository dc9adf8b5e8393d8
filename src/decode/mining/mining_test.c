/* Messages of every dialect, in its own words and in odd spellings, and messages that only sound
 * so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "decode/mining/dialogue.h"
#include "decode/mining/duino.h"
#include "decode/mining/stratum_v2.h"

static struct json_node nodes[2048];
static struct json doc;
static struct arena scratch;

static bool read_text(struct dialogue *dialogue, int side, const char *text,
		      struct mining_message *out)
{
	doc = (struct json){.nodes = nodes, .cap = 2048};
	arena_reset(&scratch);
	json_read(&doc, str_from(text));
	return dialogue_read(dialogue, side, json_root(&doc), &scratch, out);
}

#define HEX8   "0a1b2c3d"
#define HEX16  HEX8 HEX8
#define HEX64  HEX16 HEX16 HEX16 HEX16
#define HEX128 HEX64 HEX64
#define HEX256 HEX128 HEX128
#define HEX152 HEX128 HEX16 HEX8
#define BIT(d) DIALECT_BIT(DIALECT_##d)

static void each_message_says_what_it_says(void **state)
{
	static const struct {
		const char *text;
		enum mining_act act;
		bool from_pool, is_specific;
		uint32_t dialects; /* 0: not asked */
	} rows[] = {
		{"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4.10\"]}",
		 ACT_HELLO, false, true, 0},
		{"{\"method\":\"mining.subscribe\",\"params\":[\"lolMiner\",\"EthereumStratum/"
		 "1.0.0\"],\"id\":1}",
		 ACT_HELLO, false, true, 0},
		{"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"EWBF\",null,\"pool."
		 "example\",\"3333\"]}",
		 ACT_HELLO, false, true, BIT(ZCASH)},
		{"{\"params\":[[\"version-rolling\"],{\"version-rolling.mask\":\"1fffe000\"}],"
		 "\"id\":1,\"method\":\"mining.configure\"}",
		 ACT_HELLO, false, true, BIT(BITCOIN)},
		{"{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"kaspa:qq.w\",\"x\"]}",
		 ACT_LOGIN, false, true, BIT(KASPA)},
		{"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"w\",\"j\",\"00000001\","
		 "\"5b6c7d8e\",\"deadbeef\"]}",
		 ACT_SHARE, false, true, BIT(BITCOIN)},
		{"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"w\",\"j\",\"5b6c7d8e\","
		 "\"" HEX16 "\",\"" HEX256 "\"]}",
		 ACT_SHARE, false, true, BIT(ZCASH)},
		{"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"w\",\"j\",\"0x" HEX16
		 "\",\"0x" HEX64 "\",\"0x" HEX64 "\"]}",
		 ACT_SHARE, false, true, BIT(KAWPOW)},
		{"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"w\",\"j\",\"0x" HEX16
		 "\",\"0x" HEX64 "\"]}",
		 ACT_SHARE, false, true, BIT(CONFLUX)},
		{"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"j\",\"" HEX64
		 "\",\"01\",\"02\",[],\"20000000\",\"1a2b3c4d\",\"5b6c7d8e\","
		 "true]}",
		 ACT_JOB, true, true, BIT(BITCOIN)},
		{"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"j\",\"04000000\",\"" HEX64
		 "\",\"" HEX64 "\",\"" HEX64 "\",\"5b6c7d8e\",\"1a2b3c4d\",true]}",
		 ACT_JOB, true, true, BIT(ZCASH)},
		{"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"j\",\"" HEX64
		 "\",\"" HEX64 "\",true]}",
		 ACT_JOB, true, true, BIT(ETHEREUM_STRATUM_1)},
		{"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"j\",[1,2,3,"
		 "18446744073709551615],1700000000000]}",
		 ACT_JOB, true, true, BIT(KASPA)},
		{"{\"method\":\"mining.notify\",\"params\":[\"j\",\"" HEX64 "\",\"" HEX64
		 "\",\"" HEX64 "\",true,3000000,\"1b00abcd\"]}",
		 ACT_JOB, true, true, BIT(KAWPOW)},
		{"{\"method\":\"mining.notify\",\"params\":[\"j\",700000,\"" HEX64
		 "\",\"\",\"\",\"00000003\",\"123\",\"\",true]}",
		 ACT_JOB, true, true, BIT(ERGO)},
		{"{\"method\":\"mining.notify\",\"params\":[\"j\",\"88\",\"0x" HEX64 "\",\"0x" HEX64
		 "\"]}",
		 ACT_JOB, true, true, BIT(CONFLUX)},
		{"{\"method\":\"mining.notify\",\"params\":[\"0x" HEX64 "\",\"0x" HEX64
		 "\",\"0x1a2b3c\"]}",
		 ACT_JOB, true, true, BIT(CONFLUX)},
		{"{\"id\":2,\"method\":\"mining.authorize\",\"params\":["
		 "\"9hYhKd25rd6D92xU3t2NHyMEQDmDF2FohQWsqtvAj4Wmmxdd8vh.w\",\"x\"]}",
		 ACT_LOGIN, false, true, 0},
		{"{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"alice\",\"pass\":\"x\","
		 "\"agent\":\"grin-miner\"}}",
		 ACT_LOGIN, false, true, BIT(GRIN)},
		{"{\"method\":\"mining.set_difficulty\",\"params\":[\"0.5\"]}", ACT_DIFFICULTY,
		 true, true, 0},
		{"{\"method\":\"mining.set_difficulty\",\"params\":[-0.5]}", ACT_DIFFICULTY, true,
		 false, 0},
		{"{\"method\":\"mining.set_target\",\"params\":[\"" HEX64 "\"]}", ACT_DIFFICULTY,
		 true, true, 0},
		{"{\"id\":0,\"method\":\"mining.hello\",\"params\":{\"agent\":\"ethminer\","
		 "\"host\":\"p.example\",\"port\":\"4d2\","
		 "\"proto\":\"EthereumStratum/2.0.0\"}}",
		 ACT_HELLO, false, true, BIT(ETHEREUM_STRATUM_2)},
		{"{\"method\":\"mining.set\",\"params\":{\"epoch\":\"dc\",\"target\":\"" HEX64
		 "\",\"algo\":\"ethash\",\"extranonce\":\"af4c\"}}",
		 ACT_DIFFICULTY, true, true, BIT(ETHEREUM_STRATUM_2)},
		{"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":"
		 "\"48abc\",\"pass\":\"x\",\"agent\":\"XMRig/6.21.0\","
		 "\"algo\":[\"rx/0\"]}}",
		 ACT_LOGIN, false, true, BIT(CRYPTONOTE)},
		{"{\"method\":\"job\",\"params\":{\"blob\":\"" HEX152
		 "\",\"job_id\":\"7\",\"target\":\"b88d0600\",\"height\":2,"
		 "\"seed_hash\":\"" HEX64 "\"}}",
		 ACT_JOB, true, true, BIT(CRYPTONOTE)},
		{"{\"id\":1,\"result\":{\"id\":\"s\",\"job\":{\"blob\":\"" HEX152
		 "\",\"job_id\":\"7\",\"target\":\"b88d0600\"},\"status\":\"OK\"}}",
		 ACT_JOB, true, true, BIT(CRYPTONOTE)},
		{"{\"id\":2,\"method\":\"submit\",\"params\":{\"id\":\"s\",\"job_id\":\"7\","
		 "\"nonce\":\"" HEX8 "\",\"result\":\"" HEX64 "\"}}",
		 ACT_SHARE, false, true, BIT(CRYPTONOTE)},
		{"{\"id\":\"Stratum\",\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{"
		 "\"difficulty\":1,\"height\":11,\"job_id\":3,"
		 "\"pre_pow\":\"" HEX256 HEX256 "\"}}",
		 ACT_JOB, true, true, BIT(GRIN)},
		{"{\"id\":\"0\",\"method\":\"getjobtemplate\",\"result\":{\"difficulty\":1,"
		 "\"height\":11,\"job_id\":3,\"pre_pow\":\"" HEX256 HEX256 "\"}}",
		 ACT_JOB, true, true, BIT(GRIN)},
		{"{\"worker\":\"eth1.0\",\"params\":["
		 "\"0x9c99d212f7e5daa18ab50810e0fd255d1f04303b\",\"x\"],\"id\":2,\"method\":\"eth_"
		 "submitLogin\"}",
		 ACT_LOGIN, false, true, BIT(ETH_PROXY)},
		{"{\"id\":0,\"result\":[\"0x" HEX64 "\",\"0x" HEX64 "\",\"0x" HEX64 "\"]}", ACT_JOB,
		 true, true, BIT(ETH_PROXY)},
		{"{\"id\":4,\"method\":\"eth_submitWork\",\"params\":[\"0x" HEX16 "\",\"0x" HEX64
		 "\",\"0x" HEX64 "\"]}",
		 ACT_SHARE, false, true, BIT(ETH_PROXY)},
		{"{\"id\":0,\"method\":\"getwork\",\"params\":[]}", ACT_ASK_WORK, false, false,
		 BIT(GETWORK)},
		{"{\"id\":0,\"method\":\"getwork\",\"params\":[\"" HEX256 "\"]}", ACT_SHARE, false,
		 true, BIT(GETWORK)},
		{"{\"id\":0,\"result\":{\"midstate\":\"" HEX64 "\",\"data\":\"" HEX256
		 "\",\"hash1\":\"" HEX128 "\",\"target\":\"" HEX64 "\"}}",
		 ACT_JOB, true, true, BIT(GETWORK)},
		{"{\"id\":0,\"method\":\"getblocktemplate\",\"params\":[{\"rules\":[\"segwit\"]}]}",
		 ACT_ASK_WORK, false, false, BIT(GETBLOCKTEMPLATE)},
		{"{\"result\":{\"previousblockhash\":\"" HEX64
		 "\",\"bits\":\"1a2b3c4d\",\"transactions\":[",
		 ACT_JOB, true, true, BIT(GETBLOCKTEMPLATE)},
		{"{\"method\":\"submitblock\",\"params\":[\"" HEX256 "\"]}", ACT_SHARE, false, true,
		 BIT(GETBLOCKTEMPLATE)},
		{"{\"type\":\"auth\",\"params\":{\"site_key\":\"abc\",\"type\":\"anonymous\","
		 "\"user\":null,\"goal\":0}}",
		 ACT_LOGIN, false, false, BIT(COINHIVE)},
		{"{\"type\":\"job\",\"params\":{\"job_id\":\"1\",\"blob\":\"" HEX152
		 "\",\"target\":\"ffffff00\"}}",
		 ACT_JOB, true, true, BIT(COINHIVE)},
		{"{\"type\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":\"" HEX8
		 "\",\"result\":\"" HEX64 "\"}}",
		 ACT_SHARE, false, true, BIT(COINHIVE)},
		{"{\"identifier\":\"solved\",\"job_id\":\"1\",\"nonce\":\"" HEX8
		 "\",\"result\":\"" HEX64 "\"}",
		 ACT_SHARE, false, true, BIT(COINHIVE)},
		/* spellings: escapes, numbers as texts, a cut end, doubled keys */
		{"{\"m\\u0065thod\":\"mining.\\u0073ubmit\",\"params\":[\"w\",\"j\",\"01\","
		 "\"5b6c7d8e\",\"deadbeef\"",
		 ACT_SHARE, false, true, BIT(BITCOIN)},
		{"{\"method\":\"hello\",\"method\":\"mining.authorize\",\"params\":[\"w\",\"x\"]}",
		 ACT_LOGIN, false, true, 0},
	};
	struct mining_message message;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dialogue dialogue = {0};
		if (!read_text(&dialogue, 0, rows[i].text, &message))
			fail_msg("not read: %s", rows[i].text);
		if (message.act != rows[i].act || message.from_pool != rows[i].from_pool ||
		    message.is_specific != rows[i].is_specific ||
		    (rows[i].dialects && message.dialects != rows[i].dialects))
			fail_msg("act %d from_pool %d specific %d dialects %x: %s", message.act,
				 message.from_pool, message.is_specific, message.dialects,
				 rows[i].text);
	}
}

/* Everyday JSON-RPC with the same words. */
static void words_alone_say_nothing(void **state)
{
	static const char *const texts[] = {
		"{\"method\":\"login\",\"params\":{\"user\":\"bob\",\"password\":\"x\"}}",
		"{\"method\":\"login\",\"params\":[\"bob\",\"x\"]}",
		"{\"method\":\"login\",\"params\":{\"login\":\"bob\"}}",
		"{\"method\":\"submit\",\"params\":{\"job\":\"build-7\",\"queue\":\"ci\"}}",
		"{\"method\":\"submit\",\"params\":{\"job_id\":\"7\",\"nonce\":\"zz\",\"result\":"
		"\"ok\"}}",
		"{\"method\":\"job\",\"params\":{\"job_id\":\"7\",\"target\":\"release\",\"blob\":"
		"\"s3://x\"}}",
		"{\"type\":\"job\",\"params\":{\"job_id\":\"7\",\"blob\":\"x\"}}",
		"{\"type\":\"auth\",\"params\":{\"token\":\"x\"}}",
		"{\"type\":\"error\",\"params\":{\"error\":\"x\"}}",
		"{\"id\":1,\"result\":{\"status\":\"OK\"}}",
		"{\"id\":1,\"result\":true}",
		"{\"id\":1,\"method\":\"eth_blockNumber\",\"params\":[]}",
		"{\"id\":1,\"result\":[\"0x" HEX64 "\",\"0x" HEX64 "\"]}",
		"{\"id\":1,\"method\":\"textDocument/"
		"didOpen\",\"params\":{\"textDocument\":{\"text\":\"mining.subscribe\"}}}",
		"{\"text\":\"{\\\"method\\\":\\\"mining.subscribe\\\",\\\"params\\\":[]}\"}",
		"{\"id\":1,\"method\":\"blockchain.scripthash.subscribe\",\"params\":[\"" HEX64
		"\"]}",
		"{\"id\":1,\"result\":[\"ElectrumX 1.16\",\"1.4\"]}",
	};
	struct mining_message message;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct dialogue dialogue = {0};
		if (read_text(&dialogue, 0, texts[i], &message) &&
		    (message.is_specific || message.act == ACT_LOGIN))
			fail_msg("taken for mining: %s", texts[i]);
	}
}

static void replies_follow_their_requests(void **state)
{
	struct dialogue dialogue = {0};
	struct mining_message message;

	assert_true(read_text(&dialogue, 0,
			      "{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"w\",\"x\"]}",
			      &message));
	assert_true(read_text(&dialogue, 0,
			      "{\"id\":2,\"method\":\"mining.submit\",\"params\":[\"w\",\"j\","
			      "\"01\",\"5b6c7d8e\",\"deadbeef\"]}",
			      &message));
	assert_true(read_text(
		&dialogue, 1,
		"{\"id\":\"2\",\"result\":null,\"error\":[21,\"Job not found\",null]}", &message));
	assert_int_equal(message.answers, ACT_SHARE);
	assert_true(message.refused);
	assert_true(str_equal(message.error, STR("Job not found")));
	assert_true(read_text(&dialogue, 1, "{\"id\":1,\"result\":true,\"error\":null}", &message));
	assert_int_equal(message.answers, ACT_LOGIN);
	assert_false(message.refused);
	assert_int_equal(dialogue.dialects, BIT(BITCOIN));
	/* an answer from the side that asked is none */
	assert_false(
		read_text(&dialogue, 0, "{\"id\":1,\"result\":true,\"error\":null}", &message));
	/* nor is one to a question nobody asked */
	assert_false(read_text(&dialogue, 1, "{\"id\":99,\"result\":true}", &message));
}

/* Yes and no as dialects say them that do not say true and false. */
static void each_dialect_has_its_no(void **state)
{
	static const struct {
		const char *request, *reply;
		enum mining_act answers;
		bool refused;
		const char *error;
	} rows[] = {
		/* EIP-1571: the id alone */
		{"{\"id\":7,\"method\":\"mining.submit\",\"params\":[\"1\",\"0a1b2c3d\",\"w-1\"]}",
		 "{\"id\":7}", ACT_SHARE, false, ""},
		/* Conflux: a list, and words for truth */
		{"{\"id\":7,\"method\":\"mining.submit\",\"params\":[\"w\",\"j\",\"0x" HEX16
		 "\",\"0x" HEX64 "\"]}",
		 "{\"id\":7,\"result\":[\"false\",\"invalid nonce\"]}", ACT_SHARE, true,
		 "invalid nonce"},
		{"{\"id\":7,\"method\":\"mining.submit\",\"params\":[\"w\",\"j\",\"0x" HEX16
		 "\",\"0x" HEX64 "\"]}",
		 "{\"id\":7,\"result\":[\"true\"]}", ACT_SHARE, false, ""},
		/* BIP 22: null, or the reason */
		{"{\"id\":7,\"method\":\"submitblock\",\"params\":[\"" HEX256 "\"]}",
		 "{\"id\":7,\"result\":null,\"error\":null}", ACT_SHARE, false, ""},
		{"{\"id\":7,\"method\":\"submitblock\",\"params\":[\"" HEX256 "\"]}",
		 "{\"id\":7,\"result\":\"high-hash\",\"error\":null}", ACT_SHARE, true,
		 "high-hash"},
		/* Coinhive: an error answers what was said last */
		{"{\"type\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":\"" HEX8
		 "\",\"result\":\"" HEX64 "\"}}",
		 "{\"type\":\"error\",\"params\":{\"error\":\"invalid_share\"}}", ACT_SHARE, true,
		 "invalid_share"},
		{"{\"type\":\"auth\",\"params\":{\"site_key\":\"abc\"}}",
		 "{\"type\":\"error\",\"params\":{\"error\":\"invalid_site_key\"}}", ACT_LOGIN,
		 true, "invalid_site_key"},
	};
	struct mining_message message;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dialogue dialogue = {0};
		assert_true(read_text(&dialogue, 0, rows[i].request, &message));
		if (!read_text(&dialogue, 1, rows[i].reply, &message) ||
		    message.answers != rows[i].answers || message.refused != rows[i].refused ||
		    !str_equal(message.error, str_from(rows[i].error)))
			fail_msg("%s: answers %d, refused %d, '%.*s'", rows[i].reply,
				 message.answers, message.refused, STR_ARG(message.error));
	}
}

static void duino_coin_is_text(void **state)
{
	struct dialogue dialogue = {0};
	struct mining_message message;

	assert_false(duino_read(&dialogue, 0, STR("12345,99.5,PC miner"),
				&message)); /* anybody's numbers */
	assert_false(duino_read(&dialogue, 1, STR("GOOD"), &message));
	assert_true(duino_starts(STR("JOB,alice,MEDIUM")));
	assert_false(duino_starts(STR("JOB DESCRIPTION, senior, full time")));
	assert_true(duino_read(&dialogue, 0, STR("JOB,alice,MEDIUM"), &message));
	assert_true(duino_read(&dialogue, 1,
			       STR("a94a8fe5ccb19ba61c4c0873d391e987982fbbd3,"
				   "da39a3ee5e6b4b0d3255bfef95601890afd80709,500\n"),
			       &message));
	assert_int_equal(message.act, ACT_JOB);
	assert_true(duino_read(&dialogue, 0, STR("12345,99.5,PC miner"), &message));
	assert_int_equal(message.act, ACT_SHARE);
	static const char *const rates[] = {"inf", "nan", "-1", "1e999", "1,2", "x", ""};
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		char line[64];
		snprintf(line, sizeof(line), "12345,%s,PC miner", rates[i]);
		assert_true(duino_read(&dialogue, 0, str_from(line), &message));
		assert_true(message.hashrate_per_s == (i == 4 ? 1 : 0));
	}
	assert_true(duino_read(&dialogue, 1, STR("BAD,Too slow"), &message));
	assert_true(message.refused);
}

static void stratum_v2_frames_have_their_lengths(void **state)
{
	static const struct {
		struct str bytes;
		enum decoded decoded;
		enum mining_act act;
	} rows[] = {
		{STR("\x00\x00\x01\x06\x00\x00\x02\x00\x00\x00\x00\x00"), DECODED, ACT_ANSWER},
		{STR("\x00\x80\x1a\x18\x00\x00"
		     "ccccssssjjjjnnnnttttvvvv"),
		 DECODED, ACT_SHARE},
		{STR("\x00\x80\x1a\x17\x00\x00"
		     "ccccssssjjjjnnnnttttvvv"),
		 MALFORMED, ACT_NONE},
		{STR("\x00\x80\x1a\x18\x00\x00"
		     "cccc"),
		 NEED_MORE, ACT_NONE},
		{STR("\x01\x00\x00\x06\x00\x00\x02\x00\x00\x00\x00\x00"), MALFORMED, ACT_NONE},
		{STR("\x00\x00"), NEED_MORE, ACT_NONE},
	};
	struct mining_message message;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct reader in = reader_of(rows[i].bytes);
		assert_int_equal(stratum_v2_next(&in, &message), rows[i].decoded);
		if (rows[i].decoded == DECODED)
			assert_int_equal(message.act, rows[i].act);
	}
	assert_false(stratum_v2_starts(STR("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")));
}

static void noise_is_told_by_its_turns(void **state)
{
	static char random[4096];
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
	struct turns turns = {0};
	assert_int_equal(turns_guess(&turns), NOISE_NO);
	turns_add(&turns, 1, str_of(random, 30));
	turns_add(&turns, 1, str_of(random + 30, 34));
	assert_int_equal(turns_guess(&turns), NOISE_MAYBE);
	turns_add(&turns, 0, str_of(random + 64, 234));
	assert_int_equal(turns_guess(&turns), NOISE_HANDSHAKE);
	turns_add(&turns, 1, str_of(random + 300, 22 + 16 + 60));
	turns_add(&turns, 0, str_of(random + 400, 44));
	assert_int_equal(turns_guess(&turns), NOISE_SETUP_DONE);

	turns = (struct turns){0}; /* BIP 324: 64 bytes and garbage */
	turns_add(&turns, 1, str_of(random, 64 + 17));
	assert_int_equal(turns_guess(&turns), NOISE_NO);
	turns = (struct turns){0};
	turns_add(&turns, 1,
		  STR("GET / HTTP/1.1\r\nHost: example.net\r\nUser-Agent: 0123456789012345\r\n"));
	assert_int_equal(turns_guess(&turns), NOISE_NO);
	turns = (struct turns){0};
	turns_add(&turns, 1, str_of(random, 64));
	turns_add(&turns, 0, str_of(random, 235));
	assert_int_equal(turns_guess(&turns), NOISE_NO);
}

static int make_scratch(void **state)
{
	(void)state;
	return arena_init(&scratch, 65536);
}

static int free_scratch(void **state)
{
	(void)state;
	arena_fini(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_says_what_it_says),
		cmocka_unit_test(words_alone_say_nothing),
		cmocka_unit_test(replies_follow_their_requests),
		cmocka_unit_test(each_dialect_has_its_no),
		cmocka_unit_test(duino_coin_is_text),
		cmocka_unit_test(stratum_v2_frames_have_their_lengths),
		cmocka_unit_test(noise_is_told_by_its_turns),
	};
	return cmocka_run_group_tests(tests, make_scratch, free_scratch);
}
