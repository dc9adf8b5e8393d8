#include "decode/mining/duino.h"

#include <math.h>

enum { DUINO = DIALECT_BIT(DIALECT_DUINO), NAME_MAX_LEN = 64, HASHES_PER_DIFFICULTY = 100 };

static bool is_name(struct str text)
{
	if (text.len == 0 || text.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '@';
		if (!plain)
			return false;
	}
	return true;
}

static struct str take_field(struct str *rest)
{
	struct str field;

	str_cut(*rest, ',', &field, rest);
	return field;
}

static bool read_request(struct str line, struct mining_message *out)
{
	if (!str_starts(line, STR("JOB"))) /* most lines by far are somebody else's */
		return false;
	struct str word = take_field(&line), user = take_field(&line), level = take_field(&line);
	if (!str_equal(word, STR("JOB")) && !str_equal(word, STR("JOBXX")))
		return false;
	if (!is_name(user) || !is_name(level))
		return false;
	*out = (struct mining_message){.act = ACT_ASK_WORK, .dialects = DUINO, .login = user};
	return true;
}

static bool read_job(struct str line, struct mining_message *out)
{
	uint64_t number;

	if (line.len == 0 || hex_digit(line.at[0]) < 0)
		return false;
	struct str last = take_field(&line), expected = take_field(&line),
		   difficulty = take_field(&line);
	if (!text_is_hex(last, 16, 40) || !text_is_hex(expected, 16, 40) ||
	    last.len != expected.len || !str_to_u64(str_trim(difficulty), &number) || number == 0)
		return false;
	*out = (struct mining_message){.act = ACT_JOB,
				       .answers = ACT_ASK_WORK,
				       .dialects = DUINO,
				       .from_pool = true,
				       .is_specific = true,
				       .job_id = last,
				       .difficulty = (double)number * HASHES_PER_DIFFICULTY};
	return true;
}

static bool read_share(struct str line, struct mining_message *out)
{
	struct str nonce = take_field(&line), rate = take_field(&line);
	uint64_t number;
	double hashrate;

	if (!str_to_u64(nonce, &number))
		return false;
	*out = (struct mining_message){
		.act = ACT_SHARE, .dialects = DUINO, .share_print = share_print(nonce, rate, line)};
	if (str_to_double(rate, &hashrate) && isfinite(hashrate) && hashrate > 0)
		out->hashrate_per_s = hashrate;
	out->agent = take_field(&line);
	out->worker = take_field(&line);
	return true;
}

static bool read_verdict(struct str line, struct mining_message *out)
{
	struct str word = take_field(&line);
	bool good = str_equal(word, STR("GOOD")) || str_equal(word, STR("BLOCK"));

	if (!good && !str_equal(word, STR("BAD")))
		return false;
	*out = (struct mining_message){.act = ACT_ANSWER,
				       .answers = ACT_SHARE,
				       .dialects = DUINO,
				       .from_pool = true,
				       .refused = !good,
				       .error = line};
	return true;
}

bool duino_starts(struct str first)
{
	struct mining_message message;
	struct str line, rest;

	str_cut(first, '\n', &line, &rest);
	line = str_trim(line);
	return read_request(line, &message) || read_job(line, &message);
}

bool duino_read(struct dialogue *dialogue, int side, struct str line, struct mining_message *out)
{
	bool in_session = dialogue->dialects & DUINO;

	(void)side;
	line = str_trim(line);
	if (!read_request(line, out) && !read_job(line, out) &&
	    !(in_session && (read_share(line, out) || read_verdict(line, out))))
		return false;
	dialogue_note(dialogue, out);
	return true;
}
