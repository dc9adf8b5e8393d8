#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "decode/wallet/keccak.h"
#include "decode/wallet/wallet.h"

#define XMR                                                                                        \
	"48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZij" \
	"BGUicoD"
#define KASPA "kaspa:qqj9fg59mptxkr9j0y53j5mwurcmda5mtza9n6v9pm9uj8h0wgk6uma5pvumr"
#define DOGE  "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"

/* Addresses that carry a checksum, with where they were published. */
static const struct vector {
	const char *address;
	enum wallet_kind kind;
	const char *coin, *network, *form;
} vectors[] = {
	/* xmrig README, donations */
	{XMR, WALLET_CRYPTONOTE, "monero", "mainnet", "standard"},
	/* getmonero.org, donations */
	{"888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogD"
	 "avup3H",
	 WALLET_CRYPTONOTE, "monero", "mainnet", "subaddress"},
	/* docs.getmonero.org, integrated address */
	{"4LL9oSLmtpccfufTMvppY6JwXNouMBzSkbLYfpAV5Usx3skxNgYeYTRj5UzqtReoS44qo9mtmXCqY45DJ852K5Jv2"
	 "bYXZKKQePHES9khPK",
	 WALLET_CRYPTONOTE, "monero", "mainnet", "integrated"},
	/* loki cryptonote_config.h, governance wallets of stagenet (Monero's prefix) and mainnet */
	{"59f7FCwYMiwMnFr8HwsnfJ2hK3DYB1tryhjsfmXqEBJojKyqKeNWoaDaZaauoZPiZHUYp2wJuy5s9H96qy4q9xUVC"
	 "XXHmTU",
	 WALLET_CRYPTONOTE, "monero", "stagenet", "standard"},
	{"LCFxT37LAogDn1jLQKf4y7aAqfi21DjovX9qyijaLYQSdrxY1U5VGcnMJMjWrD9RhjeK5Lym67wZ73uh9AujXLQ1R"
	 "KmXEyL",
	 WALLET_CRYPTONOTE, "oxen", "mainnet", "standard"},
	/* governance and treasury wallets in the cryptonote_config.h of each coin */
	{"hvxy7YfeE8SdTrCmSqLB59WoQn3ZQun1aLX36X3eb1R7Fb26VuNpc235q4fguGUxfGKerywFPnweu15S8RB8DzTJ8"
	 "Q4hGJCgvv",
	 WALLET_CRYPTONOTE, "haven", "mainnet", "standard"},
	{"ZEPHYR2jZrZXenfKejCcCmEkRzUYwXjgWfJF4yzdCznKQ8yQ3g3PsWUbZjzfzHbeTPMgXVmEuDKQUB9rPkgtVwyWR"
	 "h9knU4EpfJ57",
	 WALLET_CRYPTONOTE, "zephyr", "mainnet", "standard"},
	{"SaLvdZR6w1A21sf2Wh6jYEh1wzY4GSbT7RX6FjyPsnLsffWLrzFQeXUXJcmBLRWDzZC2YXeYe5t7qKsnrg9FpmxmE"
	 "cxPHsEYfqA",
	 WALLET_CRYPTONOTE, "salvium", "mainnet", "standard"},
	/* turtlecoin src/config/CryptoNoteConfig.h, comment */
	{"TRTLv2Fyavy8CXG8BPEbNeCHFZ1fuDCYCZ3vW5H5LXN4K2M2MHUpTENip9bbavpHvvPwb4NDkBWrNgURAd5DB38FH"
	 "XWZyoBh4wW",
	 WALLET_CRYPTONOTE, "turtlecoin", "mainnet", "standard"},
	/* cashaddr.md, "Examples of address translation": both forms of the same hashes */
	{"1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR", WALLET_BASE58CHECK, "bitcoin or bitcoin-cash",
	 "mainnet", "p2pkh"},
	{"bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy", WALLET_CASHADDR, "bitcoin-cash",
	 "mainnet", "p2pkh"},
	{"3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", WALLET_BASE58CHECK,
	 "bitcoin, bitcoin-cash, litecoin or vertcoin", "mainnet", "p2sh"},
	{"bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq", WALLET_CASHADDR, "bitcoin-cash",
	 "mainnet", "p2sh"},
	/* cashaddr.md, "Larger Test Vectors" */
	{"bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", WALLET_CASHADDR, "bitcoin-cash",
	 "testnet", "p2sh"},
	{"bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0", WALLET_CASHADDR,
	 "bitcoin-cash", "mainnet", "p2pkh"},
	{DOGE, WALLET_BASE58CHECK, "dogecoin or digibyte", "mainnet", "p2pkh"},
	{"LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", WALLET_BASE58CHECK, "litecoin", "mainnet", "p2pkh"},
	/* ravencoin: the burn address of its asset issues */
	{"RXBurnXXXXXXXXXXXXXXXXXXXXXXWUo9FV", WALLET_BASE58CHECK, "ravencoin", "mainnet", "p2pkh"},
	/* zcash src/test/key_tests.cpp */
	{"t1h8SqgtM3QM5e2M8EzhhT1yL2PXXtA6oqe", WALLET_BASE58CHECK, "zcash or a fork of it",
	 "mainnet", "p2pkh"},
	/* zebra, validate_address and z_validateaddress */
	{"zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya",
	 WALLET_SAPLING, "zcash", "mainnet", "sapling"},
	/* ZIP 320 */
	{"tex1s2rt77ggv6q989lr49rkgzmh5slsksa9khdgte", WALLET_BECH32, "zcash", "mainnet", "tex"},
	/* zcash-test-vectors unified_address, receivers of Orchard alone */
	{"u1qylzskzykhk5l5vk6zlyqqruvskzv74hk20lmrllzy3vdz6pvny5t9zwlrm86ukw77y5pu8uep2m33s7sc7gn6a"
	 "q0jm9neg5tsektyn9",
	 WALLET_UNIFIED, "zcash", "mainnet", "unified"},
	{"u17j4lvw84jd238ev9ukr0lvqhv4z32v98pxcglctaj3aqfqj7rr2wwvh73247ekczw4smyrvm2wf2v5nfxvn3sl0"
	 "ycc6w4455yg49yf2m",
	 WALLET_UNIFIED, "zcash", "mainnet", "unified"},
	/* BIP 173 and BIP 350, test vectors for segwit addresses */
	{"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", WALLET_BECH32, "bitcoin", "mainnet",
	 "p2wpkh"},
	{"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", WALLET_BECH32, "bitcoin",
	 "testnet", "p2wsh"},
	{"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
	 WALLET_BECH32, "bitcoin", "mainnet", "witness program"},
	{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", WALLET_BECH32, "bitcoin",
	 "mainnet", "p2tr"},
	/* EIP-55 */
	{"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", WALLET_ETHEREUM, "ethereum", NULL, NULL},
	{"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", WALLET_ETHEREUM, "ethereum", NULL, NULL},
	{"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", WALLET_ETHEREUM, "ethereum", NULL, NULL},
	{"0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", WALLET_ETHEREUM, "ethereum", NULL, NULL},
	/* kaspad util/doc.go */
	{KASPA, WALLET_KASPA, "kaspa", "mainnet", "schnorr key"},
	/* CIP-37; conflux-address-js README; cfx-address 1.2 */
	{"cfx:aarc9abycue0hhzgyrr53m6cxedgccrmmyybjgh4xg", WALLET_CONFLUX, "conflux", "mainnet",
	 "user"},
	{"CFX:TYPE.USER:AAJG4WT2MBMBB44SP6SZD783RY0JTAD5BEA80XDY7P", WALLET_CONFLUX, "conflux",
	 "mainnet", "user"},
	{"cfxtest:aatp533cg7d0agbd87kz48nj1mpnkca8be1rz695j4", WALLET_CONFLUX, "conflux", "testnet",
	 "user"},
	/* dcrd txscript/stdaddr tests */
	{"DsUZxxoHJSty8DCfwfartwTYbuhmVct7tJu", WALLET_DECRED, "decred", "mainnet", "p2pkh"},
	{"DcuQKx8BES9wU7C6Q5VmLBjw436r27hayjS", WALLET_DECRED, "decred", "mainnet", "p2sh"},
	{"Tso2MVTUeVrjHTBFedFhiyM7yVTbieqp91h", WALLET_DECRED, "decred", "testnet", "p2pkh"},
	/* ergo wallet tests, EIP-3 key derivation; docs.ergoplatform.com */
	{"9hjEquNmETqhFvnng9s8sRZ9HFFB169jubBfdfKqt5DWTjNEPWQ", WALLET_ERGO, "ergo", "mainnet",
	 "p2pk"},
	{"9fRAWhdxEsTcdb8PhGNrZfwqa65zfkuYHAMmkQLcic1gdLSV5vA", WALLET_ERGO, "ergo", "mainnet",
	 "p2pk"},
	/* a public walk through grin-wallet 5.0.0 */
	{"grin1cwutd4sr0t0ac62764r9vz6wkgpmnmpheynh5tw56zvczvh8apdszxp25w", WALLET_GRIN, "grin",
	 "mainnet", "slatepack"},
};

enum { VECTORS = sizeof(vectors) / sizeof(*vectors) };

static void assert_texts(const char *actual, const char *expected)
{
	assert_true(str_equal(str_from(actual), str_from(expected)));
}

static void keccak_is_that_of_2011(void **state)
{
	/* The Keccak reference's own vectors for "" and "abc"; 136 bytes fill a block whole. */
	static const struct {
		const char *text, *hash;
	} rows[] = {
		{"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
		{"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
	};
	uint8_t hash[KECCAK_256_BYTES], expected[KECCAK_256_BYTES], other[KECCAK_256_BYTES];
	char block[272];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		keccak_256(rows[i].text, strlen(rows[i].text), hash);
		assert_int_equal(str_decode_hex(str_from(rows[i].hash), expected, sizeof(expected)),
				 32);
		assert_memory_equal(hash, expected, sizeof(hash));
	}
	memset(block, 'a', sizeof(block));
	keccak_256(block, 136, hash);
	keccak_256(block, 135, other);
	assert_memory_not_equal(hash, other, sizeof(hash));
}

static void published_addresses_are_recognised(void **state)
{
	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *row = &vectors[i];
		struct wallet wallet;
		if (!wallet_recognise(str_from(row->address), &wallet))
			fail_msg("not recognised: %s", row->address);
		assert_int_equal(wallet.kind, row->kind);
		assert_texts(wallet.coin, row->coin);
		assert_texts(wallet.network, row->network);
		assert_texts(wallet.form, row->form);
		assert_true(wallet.has_checksum && wallet.checksum_ok);
		assert_true(str_equal(wallet.address, str_from(row->address)));
		assert_int_equal(wallet.worker.len + wallet.scheme.len + wallet.payment_id.len +
					 wallet.difficulty.len,
				 0);
	}
}

/* Every single wrong character, by every letter and digit there is. */
static void one_wrong_character_is_never_a_wallet(void **state)
{
	static const char letters[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (size_t i = 0; i < VECTORS; i++) {
		const struct str right = str_from(vectors[i].address);
		const ptrdiff_t colon = str_find_byte(right, ':');
		/* No checksum covers "0x"; a wrong prefix before ':' leaves a right address after
		 * it. */
		const bool is_ethereum = vectors[i].kind == WALLET_ETHEREUM;
		const bool is_conflux = vectors[i].kind == WALLET_CONFLUX;
		const size_t start = is_ethereum  ? 2
				     : is_conflux ? right.len - 42
						  : (size_t)(colon + 1);
		char text[256];
		struct wallet wallet;

		memcpy(text, right.at, right.len);
		for (size_t at = start; at < right.len; at++)
			for (const char *letter = letters; *letter; letter++) {
				if (*letter == right.at[at])
					continue;
				text[at] = *letter;
				if (wallet_recognise(str_of(text, right.len), &wallet))
					fail_msg("taken for a wallet: %.*s", (int)right.len, text);
				text[at] = right.at[at];
			}
	}
}

static void a_wrong_checksum_is_said(void **state)
{
	static const struct {
		const char *login;
		enum wallet_kind kind;
		const char *words, *worker;
	} rows[] = {
		{"48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4f"
		 "hdUyZijBGUicoE.w",
		 WALLET_CRYPTONOTE,
		 "what looks like a Monero address (standard), but the checksum is wrong", "w"},
		{"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", WALLET_ETHEREUM,
		 "what looks like an Ethereum address, but the checksum is wrong", NULL},
		/* BIP 350: bech32 where bech32m must be */
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", WALLET_BECH32,
		 "what looks like a Bitcoin address (p2tr), but the checksum is wrong", NULL},
		/* BIP 350: bech32m where bech32 must be */
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", WALLET_BECH32,
		 "what looks like a Bitcoin address (p2wpkh), but the checksum is wrong", NULL},
		{"solo:kaspa:qqj9fg59mptxkr9j0y53j5mwurcmda5mtza9n6v9pm9uj8h0wgk6uma5pvumq.r",
		 WALLET_KASPA,
		 "what looks like a Kaspa address (schnorr key), but the checksum is wrong", "r"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf words = {0};
		struct wallet wallet;
		assert_false(wallet_recognise(str_from(rows[i].login), &wallet));
		assert_int_equal(wallet.kind, rows[i].kind);
		assert_true(wallet.has_checksum);
		assert_false(wallet.checksum_ok);
		assert_true(str_equal(wallet.worker, str_from(rows[i].worker)));
		buf_add_wallet(&words, &wallet);
		assert_true(str_equal(buf_view(&words), str_from(rows[i].words)));
		buf_fini(&words);
	}
}

static void a_login_is_a_login(void **state)
{
	static const char *const logins[] = {
		"",
		" ",
		"x",
		"worker1",
		"user.worker",
		"admin@example.com",
		"acct.0x1234567890",
		"someone:password",
		"a:b:c:d:e",
		":::::::::::::::::::::::::::::::",
		"5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", /* hex without 0x */
		"d41d8cd98f00b204e9800998ecf8427e",	    /* a hash */
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae",	 /* 39 digits */
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIi", /* a web token */
		"TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5",
		"5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", /* a private key (WIF) */
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaa",
		/* BIP 350, invalid: version 17, a 16-byte version 0, 41 bytes, padding, mixed case
		 */
		"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
		"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
		"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
		"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
	};
	struct wallet wallet;

	for (size_t i = 0; i < sizeof(logins) / sizeof(*logins); i++) {
		if (wallet_recognise(str_from(logins[i]), &wallet))
			fail_msg("taken for a wallet: %s", logins[i]);
		assert_int_equal(wallet.kind, WALLET_NONE);
	}
}

static void logins_are_split(void **state)
{
	static const struct {
		const char *login, *scheme, *address, *payment_id, *worker, *difficulty;
	} rows[] = {
		{XMR ".rig-1", NULL, XMR, NULL, "rig-1", NULL},
		{XMR "/rig 1", NULL, XMR, NULL, "rig 1", NULL},
		{XMR "+120000", NULL, XMR, NULL, NULL, "120000"},
		{XMR "+5000.w", NULL, XMR, NULL, "w", "5000"},
		{XMR ".w.1+120000", NULL, XMR, NULL, "w.1", "120000"},
		{XMR ".0123456789abcdef.w+9", NULL, XMR, "0123456789abcdef", "w", "9"},
		{XMR ".x+y", NULL, XMR, NULL, "x+y", NULL},
		{"  " XMR "\n", NULL, XMR, NULL, NULL, NULL},
		{"XMR:" XMR ".w#ref-1", "XMR", XMR, NULL, "w#ref-1", NULL},
		{"solo:" KASPA ".r", "solo", KASPA, NULL, "r", NULL},
		{"solo:x:" DOGE "_r", "solo:x", DOGE, NULL, "r", NULL},
		{KASPA ".w", NULL, KASPA, NULL, "w", NULL},
		{"cfx:type.user:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p.w", NULL,
		 "cfx:type.user:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p", NULL, "w", NULL},
		{"qqj9fg59mptxkr9j0y53j5mwurcmda5mtza9n6v9pm9uj8h0wgk6uma5pvumr.w", NULL,
		 "qqj9fg59mptxkr9j0y53j5mwurcmda5mtza9n6v9pm9uj8h0wgk6uma5pvumr", NULL, "w", NULL},
		{"0x52908400098527886E0F7030069857D2E4169EE7.w/mail@example.com", NULL,
		 "0x52908400098527886E0F7030069857D2E4169EE7", NULL, "w/mail@example.com", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct wallet wallet;
		if (!wallet_recognise(str_from(rows[i].login), &wallet))
			fail_msg("not recognised: %s", rows[i].login);
		assert_true(str_equal(wallet.scheme, str_from(rows[i].scheme)));
		assert_true(str_equal(wallet.address, str_from(rows[i].address)));
		assert_true(str_equal(wallet.payment_id, str_from(rows[i].payment_id)));
		assert_true(str_equal(wallet.worker, str_from(rows[i].worker)));
		assert_true(str_equal(wallet.difficulty, str_from(rows[i].difficulty)));
	}
}

static void what_cannot_be_told_is_said(void **state)
{
	static const struct {
		const char *login, *words;
	} rows[] = {
		{"0x52908400098527886E0F7030069857D2E4169EE7",
		 "an Ethereum address, of a form that carries no checksum"},
		{"0xde709f2102306220921060314715629080e2fb77",
		 "an Ethereum address, of a form that carries no checksum"},
		{"0x106d49f8505410eb4e671d51f7d96d2c87807b09",
		 "an Ethereum or Conflux address, of a form that carries no checksum"},
		{DOGE, "a Dogecoin or Digibyte address (p2pkh), checksum right"},
		/* a right bech32 checksum under a prefix that is not in the table */
		{"cosmos1hsk6jryyqjfhp5dhc55tc9jtckygx0eph6dd02",
		 "a Bech32 coin address, checksum right"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf words = {0};
		struct wallet wallet;
		assert_true(wallet_recognise(str_from(rows[i].login), &wallet));
		buf_add_wallet(&words, &wallet);
		if (!str_equal(buf_view(&words), str_from(rows[i].words)))
			fail_msg("%s: %.*s", rows[i].login, (int)words.len, words.at);
		buf_fini(&words);
	}
}

static const char digits_58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* The test's own encoder, for prefixes without a published address. */
static size_t encode_cryptonote(uint64_t prefix, size_t id_bytes, char *out)
{
	static const unsigned digits_of[9] = {0, 2, 3, 5, 6, 7, 9, 10, 11};
	uint8_t bytes[160], hash[KECCAK_256_BYTES];
	size_t len = 0, written = 0;

	for (; prefix >= 0x80; prefix >>= 7)
		bytes[len++] = (uint8_t)(prefix | 0x80);
	bytes[len++] = (uint8_t)prefix;
	for (size_t i = 0; i < 64 + id_bytes; i++)
		bytes[len++] = (uint8_t)(i * 37 + 11);
	keccak_256(bytes, len, hash);
	memcpy(bytes + len, hash, 4);
	len += 4;
	for (size_t at = 0; at < len; at += 8) {
		const size_t count = len - at < 8 ? len - at : 8;
		uint64_t number = 0;
		for (size_t i = 0; i < count; i++)
			number = number << 8 | bytes[at + i];
		for (unsigned i = digits_of[count]; i-- > 0; number /= 58)
			out[written + i] = digits_58[number % 58];
		written += digits_of[count];
	}
	return written;
}

static void cryptonote_prefixes_are_told(void **state)
{
	static const struct {
		uint64_t prefix;
		size_t id_bytes;
		const char *coin, *form;
	} rows[] = {
		{0x1032, 0, "wownero", "standard"},	   {0x1a9a, 8, "wownero", "integrated"},
		{0x2bb39a, 0, "sumokoin", "standard"},	   {0xb2, 0, "aeon", "standard"},
		{0x7ad4, 0, "conceal", "standard"},	   {0x7ad4, 64, "conceal", "integrated"},
		{3914525, 64, "turtlecoin", "integrated"}, {52, 0, "masari", "subaddress"},
		{0x314c96, 0, "salvium", "subaddress"},	   {777777, 0, "cryptonote coin", NULL},
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const size_t len = encode_cryptonote(rows[i].prefix, rows[i].id_bytes, text);
		struct wallet wallet;
		if (!wallet_recognise(str_of(text, len), &wallet))
			fail_msg("prefix %llu", (unsigned long long)rows[i].prefix);
		assert_int_equal(wallet.kind, WALLET_CRYPTONOTE);
		assert_int_equal(wallet.prefix, rows[i].prefix);
		assert_texts(wallet.coin, rows[i].coin);
		assert_texts(wallet.form, rows[i].form);
	}
	/* A standard prefix with a payment id's length is no address. */
	struct wallet wallet;
	const size_t len = encode_cryptonote(18, 8, text);
	assert_false(wallet_recognise(str_of(text, len), &wallet));
	assert_int_equal(wallet.kind, WALLET_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keccak_is_that_of_2011),
		cmocka_unit_test(published_addresses_are_recognised),
		cmocka_unit_test(one_wrong_character_is_never_a_wallet),
		cmocka_unit_test(a_wrong_checksum_is_said),
		cmocka_unit_test(a_login_is_a_login),
		cmocka_unit_test(logins_are_split),
		cmocka_unit_test(what_cannot_be_told_is_said),
		cmocka_unit_test(cryptonote_prefixes_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
