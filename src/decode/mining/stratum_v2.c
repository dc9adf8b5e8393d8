#include "decode/mining/stratum_v2.h"

#include "base/hash.h"

enum {
	HEADER = 6,
	FRAME_MAX =
		1 << 16, /* mining messages are far smaller; templates' transactions are not ours */
	CHANNEL_BIT = 0x8000,
};

static bool read_text(struct reader *in, struct str *out) /* STR0_255 */
{
	uint8_t len;

	return read_u8(in, &len) && read_span(in, len, out);
}

/* SetupConnection: protocol, versions, flags, endpoint, then the device's four texts. */
static bool read_setup(struct reader *in, struct mining_message *out)
{
	uint8_t protocol;
	uint16_t low, high, port;
	struct str vendor, hardware, firmware, device;

	if (!read_u8(in, &protocol) || !read_le16(in, &low) || !read_le16(in, &high) ||
	    !read_skip(in, 4) || !read_text(in, &out->pool_host) || !read_le16(in, &port) ||
	    !read_text(in, &vendor) || !read_text(in, &hardware) || !read_text(in, &firmware) ||
	    !read_text(in, &device))
		return false;
	if (protocol > 2 || low > high || low < 2 || high > 15 || reader_left(in) != 0)
		return false;
	out->act = ACT_HELLO;
	out->agent = hardware.len > 0 ? hardware : vendor;
	out->worker = device;
	return true;
}

static bool read_setup_success(struct reader *in, struct mining_message *out)
{
	uint16_t version;

	out->act = ACT_ANSWER;
	out->answers = ACT_HELLO;
	out->from_pool = true;
	return read_le16(in, &version) && version >= 2 && version <= 15;
}

static bool read_open(struct reader *in, struct mining_message *out)
{
	uint32_t bits;
	float rate;

	out->act = ACT_LOGIN;
	if (!read_skip(in, 4) || !read_text(in, &out->login) || !read_le32(in, &bits) ||
	    !read_skip(in, 32))
		return false;
	memcpy(&rate, &bits, sizeof(rate));
	if (rate > 0 && rate < 1e24f)
		out->hashrate_per_s = (double)rate;
	return reader_left(in) == 0 ||
	       reader_left(in) == 2; /* extended: the least extranonce size */
}

static bool read_open_success(struct reader *in, struct mining_message *out)
{
	out->act = ACT_ANSWER;
	out->answers = ACT_LOGIN;
	out->from_pool = true;
	return read_skip(in, 4 + 4 + 32) && reader_left(in) >= 5;
}

static bool read_error_code(struct reader *in, struct mining_message *out)
{
	out->act = ACT_ANSWER;
	out->from_pool = true;
	out->refused = true;
	return read_text(in, &out->error) && reader_left(in) == 0;
}

static bool read_setup_error(struct reader *in, struct mining_message *out)
{
	bool good = read_skip(in, 4) && read_error_code(in, out);

	out->answers = ACT_HELLO;
	return good;
}

static bool read_open_error(struct reader *in, struct mining_message *out)
{
	bool good = read_skip(in, 4) && read_error_code(in, out);

	out->answers = ACT_LOGIN;
	return good;
}

static bool read_share(struct reader *in, struct mining_message *out)
{
	struct str job, nonce, rest;

	if (!read_skip(in, 4 + 4) || !read_span(in, 4, &job) || !read_span(in, 4, &nonce))
		return false;
	rest = reader_rest(in);
	out->act = ACT_SHARE;
	out->share_print = hash_bytes(nonce.at, nonce.len, hash_bytes(rest.at, rest.len, 5)) | 1;
	return rest.len >= 8;
}

static bool read_share_success(struct reader *in, struct mining_message *out)
{
	out->act = ACT_ANSWER;
	out->answers = ACT_SHARE;
	out->from_pool = true;
	return read_skip(in, 4 + 4) && read_le32(in, &out->count) && read_skip(in, 8) &&
	       reader_left(in) == 0;
}

static bool read_share_error(struct reader *in, struct mining_message *out)
{
	bool good = read_skip(in, 4 + 4) && read_error_code(in, out);

	out->answers = ACT_SHARE;
	return good;
}

static bool read_job(struct reader *in, struct mining_message *out)
{
	struct str job;

	out->act = ACT_JOB;
	out->from_pool = true;
	if (!read_skip(in, 4) || !read_span(in, 4, &job))
		return false;
	out->job_id = job;
	return true;
}

static bool read_nothing(struct reader *in, struct mining_message *out)
{
	(void)in, (void)out;
	return true;
}

static bool read_target(struct reader *in, struct mining_message *out)
{
	out->act = ACT_DIFFICULTY;
	out->from_pool = true;
	return read_skip(in, 4 + 32) && reader_left(in) == 0;
}

static const struct kind {
	uint8_t type;
	bool of_channel;
	uint32_t min, max; /* payload bytes */
	bool (*read)(struct reader *in, struct mining_message *out);
} kinds[] = {
	{0x00, false, 17, 1300, read_setup},	  {0x01, false, 6, 6, read_setup_success},
	{0x02, false, 6, 260, read_setup_error},  {0x04, false, 3, 258, read_nothing},
	{0x10, false, 41, 296, read_open},	  {0x11, false, 45, 80, read_open_success},
	{0x12, false, 6, 260, read_open_error},	  {0x13, false, 43, 298, read_open},
	{0x14, false, 43, 80, read_open_success}, {0x15, true, 45, 49, read_job},
	{0x16, true, 40, 40, read_nothing},	  {0x17, true, 6, 260, read_nothing},
	{0x18, true, 5, 260, read_nothing},	  {0x19, true, 5, 37, read_nothing},
	{0x1a, true, 24, 24, read_share},	  {0x1b, true, 25, 57, read_share},
	{0x1c, true, 20, 20, read_share_success}, {0x1d, true, 10, 264, read_share_error},
	{0x1f, true, 20, FRAME_MAX, read_job},	  {0x20, true, 48, 48, read_job},
	{0x21, true, 36, 36, read_target},	  {0x25, false, 6, 1024, read_nothing},
};

static const struct kind *find_kind(uint16_t extension, uint8_t type, uint32_t len)
{
	if (extension & ~CHANNEL_BIT)
		return NULL; /* extensions of others: lengths unknown */
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct kind *kind = &kinds[i];
		/* NewMiningJob is listed without the channel bit in the specification and sent with
		 * it */
		bool bit_fits =
			kind->of_channel == !!(extension & CHANNEL_BIT) || kind->type == 0x15;
		if (kind->type == type && bit_fits)
			return len >= kind->min && len <= kind->max ? kind : NULL;
	}
	return NULL;
}

static const struct kind *read_header(struct reader *in, uint32_t *len)
{
	uint16_t extension;
	uint8_t type;

	if (!read_le16(in, &extension) || !read_u8(in, &type) || !read_le24(in, len))
		return NULL;
	return find_kind(extension, type, *len);
}

bool stratum_v2_starts(struct str first)
{
	struct reader in = reader_of(first);
	struct mining_message message = {0};
	uint32_t len;
	struct str payload;
	const struct kind *kind = read_header(&in, &len);

	if (!kind)
		return false;
	if (!read_span(&in, len, &payload)) /* a long frame in several segments: only the opening
					       one is certain enough */
		return kind->type == 0x00 && first.len >= 11 && first.at[6] <= 2 &&
		       first.at[7] == 2 && first.at[8] == 0;
	in = reader_of(payload);
	return kind->read(&in, &message);
}

enum decoded stratum_v2_next(struct reader *in, struct mining_message *out)
{
	struct reader start = *in;
	struct str payload;
	uint32_t len = 0;

	*out = (struct mining_message){0};
	if (reader_left(in) < HEADER)
		return NEED_MORE;
	const struct kind *kind = read_header(in, &len);
	if (!kind) {
		*in = start;
		return MALFORMED;
	}
	if (!read_span(in, len, &payload)) {
		*in = start;
		return NEED_MORE;
	}
	struct reader body = reader_of(payload);
	if (!kind->read(&body, out)) {
		*in = start;
		return MALFORMED;
	}
	out->dialects = DIALECT_BIT(DIALECT_STRATUM_V2);
	out->is_specific = true;
	return DECODED;
}

/* Of 64 random bytes, about 57 differ; fewer than 40 happens less than once in 10^12. */
static bool looks_random(struct str bytes)
{
	uint64_t seen[4] = {0};
	int different = 0, text = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = (uint8_t)bytes.at[i];
		different += !(seen[byte >> 6] >> (byte & 63) & 1);
		seen[byte >> 6] |= 1ull << (byte & 63);
		text += byte >= 0x20 && byte < 0x7f;
	}
	if (bytes.len < 16)
		return true;
	return different * 10 >= (int)(bytes.len < 64 ? bytes.len : 64) * 6 &&
	       text * 10 <= (int)bytes.len * 7;
}

void turns_add(struct turns *turns, int side, struct str bytes)
{
	if (bytes.len == 0)
		return;
	bool same = turns->count > 0 && turns->side[turns->count - 1] == side;
	if (!same && turns->count == TURNS_MAX)
		return;
	if (!same) {
		turns->side[turns->count] = (uint8_t)side;
		turns->len[turns->count++] = 0;
	}
	turns->len[turns->count - 1] += (uint32_t)bytes.len;
	/* what is longer is no key, whatever its bytes look like */
	if (turns->len[0] > TURNS_KEY ||
	    (turns->count <= 2 && !looks_random(str_sub(bytes, 0, TURNS_KEY))))
		turns->odd = true;
}

enum noise_guess turns_guess(const struct turns *turns)
{
	enum { REPLY = 234, LEAST_RECORD = 22 + 16 + 17, SETUP_REPLY = 44 };

	if (turns->odd || turns->count == 0 || turns->len[0] > TURNS_KEY)
		return NOISE_NO;
	if (turns->count == 1)
		return NOISE_MAYBE;
	if (turns->len[0] != TURNS_KEY || turns->len[1] > REPLY)
		return NOISE_NO;
	if (turns->count == 2)
		return turns->len[1] == REPLY ? NOISE_HANDSHAKE : NOISE_MAYBE;
	if (turns->len[1] != REPLY)
		return NOISE_NO;
	if (turns->count == 3)
		return NOISE_HANDSHAKE;
	if (turns->len[2] < LEAST_RECORD)
		return NOISE_NO;
	return turns->len[3] == SETUP_REPLY || (turns->count == 4 && turns->len[3] < SETUP_REPLY)
		       ? (turns->len[3] == SETUP_REPLY ? NOISE_SETUP_DONE : NOISE_HANDSHAKE)
		       : NOISE_NO;
}
