/*
 * Stratum V2, sv2-spec: 03-Protocol-Overview (frames, SetupConnection), 05-Mining-Protocol
 * (channels, jobs, shares), 08-Message-Types (numbers), 04-Protocol-Security (lengths of the Noise
 * handshake and of encrypted frames).
 *
 * In the noise variant nothing is encrypted for real: keys and codes are random, and what would be
 * ciphertext is the message under a key stream both sides know from the seed. The wire cannot
 * tell.
 */
#include "lab/actor.h"

#include <string.h>

#include "base/reader.h"

enum { VARIANT_STANDARD, VARIANT_EXTENDED, VARIANT_NOISE };

static const struct lab_variant variants[] = {
	[VARIANT_STANDARD] = {"standard", LAB_COIN_BITCOIN, {"S9i 13.5", "Antminer S19", "Bitaxe"}},
	[VARIANT_EXTENDED] = {"extended", LAB_COIN_BITCOIN, {"translator-proxy", "farm-proxy"}},
	[VARIANT_NOISE] = {"noise", LAB_COIN_BITCOIN, {"Antminer S19", "bosminer"}},
};

enum message_type {
	SETUP_CONNECTION = 0x00,
	SETUP_CONNECTION_SUCCESS = 0x01,
	SETUP_CONNECTION_ERROR = 0x02,
	OPEN_STANDARD_CHANNEL = 0x10,
	OPEN_STANDARD_CHANNEL_SUCCESS = 0x11,
	OPEN_CHANNEL_ERROR = 0x12,
	OPEN_EXTENDED_CHANNEL = 0x13,
	OPEN_EXTENDED_CHANNEL_SUCCESS = 0x14,
	NEW_MINING_JOB = 0x15,
	SUBMIT_SHARES_STANDARD = 0x1a,
	SUBMIT_SHARES_EXTENDED = 0x1b,
	SUBMIT_SHARES_SUCCESS = 0x1c,
	SUBMIT_SHARES_ERROR = 0x1d,
	NEW_EXTENDED_MINING_JOB = 0x1f,
	SET_NEW_PREV_HASH = 0x20,
};

enum {
	CHANNEL_BIT = 0x8000, /* of the extension type: the message is for a channel */
	CHANNEL = 1,
	HEADER_LEN = 6,
	MAC_LEN = 16,
	BLOCK_MAX = 65519, /* plaintext in one Noise block */
	NOISE_ACT_1 = 64,
	NOISE_ACT_2 = 64 + 64 + 16 + 74 + 16,
	STEP_HANDSHAKE = 0,
	STEP_OPEN,
};

static void add_le(struct buf *out, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_add_byte(out, (char)(value >> 8 * i));
}

static void add_text(struct buf *out, const char *text) /* STR0_255 */
{
	buf_add_byte(out, (char)strlen(text));
	buf_add_text(out, text);
}

static void add_masked(struct buf *out, struct str plain, struct lab_random *key)
{
	for (size_t i = 0; i < plain.len; i++)
		buf_add_byte(out, (char)(plain.at[i] ^ (char)lab_random_next(key)));
}

/* Header and payload are sealed apart; each block of payload carries its own code. */
static void seal(struct lab_actor *a, struct str frame, struct buf *out)
{
	add_masked(out, str_sub(frame, 0, HEADER_LEN), &a->key_out);
	lab_random_add(out, &a->random, MAC_LEN);
	for (frame = str_skip(frame, HEADER_LEN); frame.len > 0;
	     frame = str_skip(frame, BLOCK_MAX)) {
		add_masked(out, str_sub(frame, 0, BLOCK_MAX), &a->key_out);
		lab_random_add(out, &a->random, MAC_LEN);
	}
}

/*
 * 08-Message-Types gives NewMiningJob no channel bit, the reference implementation (stratum-mining
 * stratum, CHANNEL_BIT_NEW_MINING_JOB) sets it: pools of both kinds are out there, so the seed
 * says.
 */
static bool has_channel_bit(const struct lab_actor *a, enum message_type type)
{
	return type == NEW_MINING_JOB ? a->settings.seed & 1 : type > NEW_MINING_JOB;
}

static void say(struct lab_actor *a, enum message_type type, struct buf *payload)
{
	struct buf frame = {0}, sealed = {0};

	add_le(&frame, has_channel_bit(a, type) ? CHANNEL_BIT : 0, 2);
	add_le(&frame, type, 1);
	add_le(&frame, payload->len, 3);
	buf_add(&frame, buf_view(payload));
	if (a->settings.variant == VARIANT_NOISE)
		seal(a, buf_view(&frame), &sealed);
	if (payload->failed || frame.failed || sealed.failed)
		a->has_failed = true;
	else
		lab_say_bytes(a, buf_view(sealed.len ? &sealed : &frame));
	buf_fini(payload);
	buf_fini(&frame);
	buf_fini(&sealed);
}

static void set_up_connection(struct lab_actor *a)
{
	struct buf m = {0};

	add_le(&m, 0, 1); /* the mining protocol */
	add_le(&m, 2, 2);
	add_le(&m, 2, 2);
	add_le(&m, a->settings.variant == VARIANT_STANDARD, 4); /* REQUIRES_STANDARD_JOBS */
	add_text(&m, a->host);
	add_le(&m, a->settings.pool_port, 2);
	add_text(&m, "Bitmain");
	add_text(&m, a->agent);
	add_text(&m, "braiins-os-2024-09-22-1");
	add_text(&m, a->worker);
	say(a, SETUP_CONNECTION, &m);
}

static void start(struct lab_actor *a)
{
	const uint64_t seed = a->settings.seed ^ 0x5eedu;

	a->key_out.state = seed + a->side;
	a->key_in.state = seed + !a->side;
	a->step = a->settings.variant == VARIANT_NOISE ? STEP_HANDSHAKE : STEP_OPEN;
	if (a->side == LAB_POOL)
		return;
	if (a->step == STEP_OPEN) {
		set_up_connection(a);
	} else {
		struct buf key = {0};
		lab_random_add(&key, &a->random, NOISE_ACT_1);
		lab_say_bytes(a, buf_view(&key));
		buf_fini(&key);
	}
}

static void open_channel(struct lab_actor *a)
{
	bool is_extended = a->settings.variant == VARIANT_EXTENDED;
	float rate = 95e12f;
	uint32_t rate_bits;
	struct buf m = {0};

	memcpy(&rate_bits, &rate, sizeof(rate_bits));
	add_le(&m, 1, 4);
	add_text(&m, lab_user(a));
	add_le(&m, rate_bits, 4);
	for (unsigned i = 0; i < 32; i++)
		buf_add_byte(&m, i < 28 ? '\xff' : '\0'); /* little-endian: 2^224 - 1 */
	if (is_extended)
		add_le(&m, 8, 2);
	say(a, is_extended ? OPEN_EXTENDED_CHANNEL : OPEN_STANDARD_CHANNEL, &m);
}

static void share(struct lab_actor *a)
{
	bool is_extended = a->settings.variant == VARIANT_EXTENDED;
	struct buf m = {0};

	add_le(&m, CHANNEL, 4);
	add_le(&m, a->share_id++, 4);
	add_le(&m, a->job_count, 4);
	add_le(&m, lab_random_next(&a->random), 4);
	add_le(&m, lab_unix_time(a), 4);
	add_le(&m, 0x20000000u | (lab_random_next(&a->random) & 0x1fffe000), 4);
	if (is_extended) {
		add_le(&m, 8, 1);
		lab_random_add(&m, &a->random, 8);
	}
	say(a, is_extended ? SUBMIT_SHARES_EXTENDED : SUBMIT_SHARES_STANDARD, &m);
	lab_sent_share(a);
}

static void miner_hear(struct lab_actor *a, uint8_t type, struct reader in)
{
	uint32_t job = 0;

	if (type == SETUP_CONNECTION_SUCCESS) {
		open_channel(a);
	} else if (type == SETUP_CONNECTION_ERROR || type == OPEN_CHANNEL_ERROR) {
		lab_refused(a);
	} else if (type == OPEN_STANDARD_CHANNEL_SUCCESS || type == OPEN_EXTENDED_CHANNEL_SUCCESS) {
		lab_logged_in(a);
	} else if (type == SET_NEW_PREV_HASH) {
		/* A job is a future one until the previous hash names it. */
		if (!read_skip(&in, 4) || !read_le32(&in, &job)) {
			a->has_failed = true;
			return;
		}
		a->job_count = job;
		lab_got_job(a);
	} else if (type == SUBMIT_SHARES_SUCCESS || type == SUBMIT_SHARES_ERROR) {
		lab_answered(a, type == SUBMIT_SHARES_SUCCESS);
	}
}

static void answer_setup(struct lab_actor *a)
{
	struct buf m = {0};

	add_le(&m, 2, 2);
	add_le(&m, 0, 4);
	say(a, SETUP_CONNECTION_SUCCESS, &m);
}

static void answer_open(struct lab_actor *a, bool is_extended)
{
	struct buf m = {0};

	add_le(&m, 1, 4);
	if (!lab_admits(a)) {
		add_text(&m, "unknown-user");
		say(a, OPEN_CHANNEL_ERROR, &m);
		return;
	}
	add_le(&m, CHANNEL, 4);
	lab_random_add(&m, &a->random, 26); /* the target, little-endian */
	add_le(&m, 0, 6);
	if (is_extended)
		add_le(&m, 8, 2);
	add_le(&m, 4, 1);
	lab_random_add(&m, &a->random, 4);
	add_le(&m, 2, 4); /* the group channel */
	say(a, is_extended ? OPEN_EXTENDED_CHANNEL_SUCCESS : OPEN_STANDARD_CHANNEL_SUCCESS, &m);
	lab_begin_jobs(a);
}

static void say_job(struct lab_actor *a)
{
	bool is_extended = a->settings.variant == VARIANT_EXTENDED;
	struct buf m = {0};

	add_le(&m, CHANNEL, 4);
	add_le(&m, a->job_count, 4);
	add_le(&m, 0, 1); /* no min_ntime: a future job */
	add_le(&m, 0x20000000, 4);
	if (!is_extended) {
		lab_random_add(&m, &a->random, 32);
		say(a, NEW_MINING_JOB, &m);
		return;
	}
	add_le(&m, 1, 1); /* the version may be rolled */
	uint32_t path = 8 + lab_random_below(&a->random, 5), prefix = 58, suffix = 120;
	add_le(&m, path, 1);
	lab_random_add(&m, &a->random, (size_t)path * 32);
	add_le(&m, prefix, 2);
	lab_random_add(&m, &a->random, prefix);
	add_le(&m, suffix, 2);
	lab_random_add(&m, &a->random, suffix);
	say(a, NEW_EXTENDED_MINING_JOB, &m);
}

static void job(struct lab_actor *a)
{
	struct buf m = {0};

	a->job_count++;
	say_job(a);
	add_le(&m, CHANNEL, 4);
	add_le(&m, a->job_count, 4);
	lab_random_add(&m, &a->random, 24);
	add_le(&m, 0, 8); /* the end of a hash below the target */
	add_le(&m, lab_unix_time(a), 4);
	add_le(&m, 0x17034219, 4);
	say(a, SET_NEW_PREV_HASH, &m);
}

static void answer_share(struct lab_actor *a, struct reader in)
{
	bool is_accepted = lab_judge(a);
	uint32_t sequence = 0;
	struct buf m = {0};

	if (!read_skip(&in, 4) || !read_le32(&in, &sequence))
		a->has_failed = true;
	add_le(&m, CHANNEL, 4);
	add_le(&m, sequence, 4);
	if (is_accepted) {
		add_le(&m, 1, 4);
		add_le(&m, 65536, 8);
		say(a, SUBMIT_SHARES_SUCCESS, &m);
	} else {
		add_text(&m, "stale-share");
		say(a, SUBMIT_SHARES_ERROR, &m);
	}
}

static void pool_hear(struct lab_actor *a, uint8_t type, struct reader in)
{
	if (type == SETUP_CONNECTION)
		answer_setup(a);
	else if (type == OPEN_STANDARD_CHANNEL || type == OPEN_EXTENDED_CHANNEL)
		answer_open(a, type == OPEN_EXTENDED_CHANNEL);
	else if (type == SUBMIT_SHARES_STANDARD || type == SUBMIT_SHARES_EXTENDED)
		answer_share(a, in);
}

static size_t hear_handshake(struct lab_actor *a, struct str bytes)
{
	size_t need = a->side == LAB_POOL ? NOISE_ACT_1 : NOISE_ACT_2;

	if (bytes.len < need)
		return 0;
	a->step = STEP_OPEN;
	if (a->side == LAB_POOL) {
		struct buf act = {0};
		lab_random_add(&act, &a->random, NOISE_ACT_2);
		lab_say_bytes(a, buf_view(&act));
		buf_fini(&act);
	} else {
		set_up_connection(a);
	}
	return need;
}

static size_t sealed_len(size_t plain)
{
	return plain + (plain + BLOCK_MAX - 1) / BLOCK_MAX * MAC_LEN;
}

/* Opens what seal made; the payload of our messages is always one block. */
static void unseal(struct lab_actor *a, struct str sealed, struct buf *out)
{
	add_masked(out, str_sub(sealed, 0, sealed.len - MAC_LEN), &a->key_in);
}

static size_t hear_bytes(struct lab_actor *a, struct str bytes)
{
	bool is_noise = a->settings.variant == VARIANT_NOISE;
	size_t header_len = HEADER_LEN + (is_noise ? MAC_LEN : 0), used = 0;
	struct buf frame = {0};
	uint32_t len = 0;
	uint8_t type = 0;

	if (a->step == STEP_HANDSHAKE)
		return hear_handshake(a, bytes);
	if (bytes.len < header_len)
		return 0;
	const struct lab_random key = a->key_in;
	if (is_noise)
		unseal(a, str_sub(bytes, 0, header_len), &frame);
	else
		buf_add(&frame, str_sub(bytes, 0, header_len));
	struct reader in = reader_of(buf_view(&frame));
	if (!read_skip(&in, 2) || !read_u8(&in, &type) || !read_le24(&in, &len))
		a->has_failed = true;
	size_t whole = header_len + (is_noise ? sealed_len(len) : len);
	if (bytes.len < whole) {
		a->key_in = key; /* the header is opened again when all is there */
	} else {
		buf_clear(&frame);
		if (is_noise && len)
			unseal(a, str_sub(bytes, header_len, whole - header_len), &frame);
		else
			buf_add(&frame, str_sub(bytes, header_len, len));
		if (a->side == LAB_POOL)
			pool_hear(a, type, reader_of(buf_view(&frame)));
		else
			miner_hear(a, type, reader_of(buf_view(&frame)));
		used = whole;
	}
	buf_fini(&frame);
	return used;
}

static const struct lab_role miner = {.start = start, .hear_bytes = hear_bytes, .share = share};
static const struct lab_role pool = {.start = start, .hear_bytes = hear_bytes, .job = job};

const struct lab_dialect lab_stratum_v2 = {
	.name = "stratum-v2",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 34254,
	.is_binary = true,
	.job_interval = {30000000000},
	.roles = {&miner, &pool},
};
