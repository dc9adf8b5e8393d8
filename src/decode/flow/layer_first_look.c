/*
 * What is this? The first bytes of both sides are kept until one kind of content is certain, or
 * none is possible. The port is not asked: miners use any.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/app/http.h"
#include "decode/app/socks.h"
#include "decode/app/tls.h"
#include "decode/app/websocket.h"
#include "decode/flow/layer.h"
#include "decode/mining/duino.h"
#include "decode/mining/stratum_v2.h"

enum { LOOK_MAX = 2048 };

struct look {
	struct str kept[2];
	uint8_t first; /* side that spoke first */
	bool is_started;
};

/* Most connections tell at once what they are: only what does not is kept in memory. */
struct first_look {
	struct look look; /* views into bytes[] */
	struct turns turns;
	struct buf bytes[2]; /* at most LOOK_MAX */
};

enum guess { GUESS_NO, GUESS_MAYBE, GUESS_YES };

static enum guess guess_text(struct str s)
{
	while (s.len > 0 && ((uint8_t)s.at[0] <= ' ' || (uint8_t)s.at[0] >= 0x80)) {
		/* a mark or a few stray bytes before the JSON; a stream of them is something else
		 */
		s = str_skip(s, 1);
	}
	if (s.len == 0)
		return GUESS_MAYBE;
	if (s.at[0] != '{' && s.at[0] != '[')
		return GUESS_NO;
	if (s.len == 1)
		return GUESS_MAYBE;
	return strchr("\"'{[} \t\r\n/", s.at[1]) || (s.at[1] | 0x20) >= 'a' ? GUESS_YES : GUESS_NO;
}

/* Server: "3.0" or "4.3\n". Client: JOB,... Only then is text without braces looked at. */
static enum guess guess_duino(struct str s)
{
	static const struct str job = STR("JOB,");

	if (duino_starts(s))
		return GUESS_YES;
	if (s.len < 64 && (str_starts(s, STR("JOB,")) || str_starts(job, s)))
		return GUESS_MAYBE;
	bool is_version = s.len <= 5;
	for (size_t i = 0; i < s.len && is_version; i++)
		is_version =
			i == 1 ? s.at[i] == '.'
			       : (s.at[i] >= '0' && s.at[i] <= '9') || (i >= 3 && s.at[i] == '\n');
	return is_version ? GUESS_MAYBE : GUESS_NO;
}

static enum guess guess_http(struct str s)
{
	if (!http_starts(s))
		return GUESS_NO;
	return s.len >= 8 || str_find_byte(s, '\n') >= 0 ? GUESS_YES : GUESS_MAYBE;
}

static enum guess guess_tls(struct str s)
{
	return tls_is_certain(s) ? GUESS_YES : tls_starts(s) ? GUESS_MAYBE : GUESS_NO;
}

static enum guess guess_stratum_v2(struct str s)
{
	if (stratum_v2_starts(s))
		return GUESS_YES;
	/* 1-byte segments of SetupConnection: extension 0, type 0 */
	for (size_t i = 0; i < s.len && i < 3; i++)
		if (s.at[i] != '\0')
			return GUESS_NO;
	return s.len < 12 ? GUESS_MAYBE : GUESS_NO;
}

static enum guess guess_websocket(struct str s)
{
	return s.len >= 4 && websocket_starts_midstream(s) ? GUESS_YES : GUESS_NO;
}

static enum guess guess_gzip(struct str s)
{
	static const struct str magic = STR("\x1f\x8b\x08");

	if (str_starts(s, magic))
		return GUESS_YES;
	return str_starts(magic, s) ? GUESS_MAYBE : GUESS_NO;
}

/* A line that means nothing ("null", "1") in front of each message hides it from nobody who parses.
 */
static enum guess guess_later_text(struct str s)
{
	struct str line;

	while (str_cut(s, '\n', &line, &s) && s.len > 0)
		if ((s.at[0] == '{' || s.at[0] == '[') && guess_text(s) == GUESS_YES)
			return GUESS_YES;
	return GUESS_NO;
}

static const struct {
	enum guess (*guess)(struct str s);
	const struct layer_kind *kind;
} guesses[] = {
	{guess_websocket, &layer_websocket}, /* before text, which takes its header for a mark */
	{guess_text, &layer_text},
	{guess_http, &layer_http},
	{guess_tls, &layer_tls},
	{guess_stratum_v2, &layer_stratum_v2},
	{guess_duino, &layer_text},
	{guess_gzip, &layer_gzip},
	{guess_later_text, &layer_text},
};

/* A greeting or a request that is complete in itself, from the side that spoke first. */
static enum guess guess_socks(const struct look *look)
{
	struct str client = look->kept[look->first], methods;
	struct reader in = reader_of(client);
	struct socks_request request;

	if (client.len == 0 || !socks_client_starts(client))
		return GUESS_NO;
	enum decoded decoded = client.at[0] == 4 ? socks4_request_read(&in, &request)
						 : socks5_greeting_read(&in, &methods);
	return decoded == DECODED ? GUESS_YES : decoded == NEED_MORE ? GUESS_MAYBE : GUESS_NO;
}

static const struct layer_kind *decide(const struct look *look, bool *is_open)
{
	for (int i = 0; i < 2; i++) {
		struct str s = look->kept[i ? !look->first : look->first];
		for (size_t k = 0; k < sizeof(guesses) / sizeof(*guesses) && s.len > 0; k++) {
			enum guess guess = guesses[k].guess(s);
			if (guess == GUESS_YES)
				return guesses[k].kind;
			*is_open |= guess == GUESS_MAYBE;
		}
	}
	enum guess socks = guess_socks(look);
	if (socks == GUESS_YES)
		return &layer_socks;
	*is_open |= socks == GUESS_MAYBE;
	return NULL;
}

/* It is `kind`, told by what is kept and `fresh`, the newest bytes of a side, beyond that. */
static void replay(struct conversation *c, struct layer *layer, const struct layer_kind *kind,
		   int side, struct str fresh)
{
	struct first_look *state = layer->state;
	struct buf bytes[2] = {state->bytes[0], state->bytes[1]};
	int first = state->look.first;

	state->bytes[0] = state->bytes[1] = (struct buf){0}; /* layer_replace frees what is left */
	struct layer *to = layer_replace(c, layer, kind);
	for (int i = 0; i < 2 && to; i++) {
		int from = i ? !first : first;
		layer_feed(c, to, from, buf_view(&bytes[from]));
	}
	/* a layer may have put itself out of the way while it was fed */
	if (to && c->depth > to->depth)
		layer_feed(c, to, side, fresh);
	buf_fini(&bytes[0]);
	buf_fini(&bytes[1]);
}

/* Undecided: keep what came. */
static void keep(struct conversation *c, struct first_look *state, int side, struct str taken)
{
	struct buf *bytes = &state->bytes[side];

	buf_add(bytes, taken);
	c->is_dead |= bytes->failed;
	state->look.kept[side] = buf_view(bytes);
}

/* The very first bytes are certain by themselves: nothing need be kept. */
static bool is_told_at_once(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct str taken = str_sub(bytes, 0, LOOK_MAX);
	struct look look = {.is_started = true, .first = (uint8_t)side};
	bool is_open = false;

	look.kept[side] = taken;
	const struct layer_kind *kind = decide(&look, &is_open);
	if (!kind)
		return false;
	struct layer *to = layer_replace(c, layer, kind);
	layer_feed(c, to, side, taken);
	if (to && c->depth > to->depth)
		layer_feed(c, to, side, str_skip(bytes, taken.len));
	return true;
}

static void first_look_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct first_look *state = layer->state;
	struct str *kept = &state->look.kept[side];
	bool is_open = false;

	if (!state->look.is_started) {
		if (is_told_at_once(c, layer, side, bytes))
			return;
		state->look.is_started = true;
		state->look.first = (uint8_t)side;
	}
	turns_add(&state->turns, side, bytes);
	struct str taken = str_sub(bytes, 0, LOOK_MAX - kept->len);
	keep(c, state, side, taken);

	const struct layer_kind *kind = decide(&state->look, &is_open);
	if (kind) {
		replay(c, layer, kind, side, str_skip(bytes, taken.len));
		return;
	}
	enum noise_guess noise = turns_guess(&state->turns);
	if (noise >= NOISE_HANDSHAKE)
		replay(c, layer, &layer_noise, side, str_skip(bytes, taken.len));
	else if ((!is_open && noise == NOISE_NO) || taken.len < bytes.len)
		c->is_dead = true;
}

static void first_look_gap(struct conversation *c, struct layer *layer, int side, uint32_t missing)
{
	struct first_look *state = layer->state;

	(void)c, (void)missing;
	buf_clear(&state->bytes[side]);
	state->look.kept[side] = (struct str){0};
	state->turns.odd = true;
}

/* The connection ended before it was certain: text that never came to an end is read as it is. */
static void first_look_end(struct conversation *c, struct layer *layer)
{
	struct first_look *state = layer->state;

	for (int side = 0; side < 2; side++)
		if (state->look.kept[side].len > 1 &&
		    guess_text(state->look.kept[side]) == GUESS_YES)
			conversation_json(c, side, state->look.kept[side]);
}

static void first_look_fini(struct layer *layer)
{
	struct first_look *state = layer->state;

	buf_fini(&state->bytes[0]);
	buf_fini(&state->bytes[1]);
}

static size_t first_look_size(const struct layer *layer)
{
	const struct first_look *state = layer->state;

	return state->bytes[0].cap + state->bytes[1].cap;
}

const struct layer_kind layer_first_look = {.carrier = CARRIER_COUNT,
					    .state_size = sizeof(struct first_look),
					    .feed = first_look_feed,
					    .gap = first_look_gap,
					    .end = first_look_end,
					    .fini = first_look_fini,
					    .size = first_look_size};

/*
 * Is that all layer_tls would hear? A hello in one piece that names the server is, and whatever is
 * no client's hello; a hello without a name leaves it to the server's certificate.
 */
static bool is_all_of_tls(struct str payload, struct arena *scratch, struct str *name)
{
	struct tls_client_hello hello;

	arena_reset(scratch);
	enum decoded decoded = tls_client_hello_read(payload, scratch, &hello);
	if (decoded == DECODED)
		*name = hello.server_name;
	return decoded != NEED_MORE && (decoded != DECODED || name->len > 0);
}

enum opening opening_judge(struct str payload, struct arena *scratch, struct str *name)
{
	struct look look = {.is_started = true, .kept = {str_sub(payload, 0, LOOK_MAX)}};
	struct turns turns = {0};
	bool is_open = false;

	*name = (struct str){0};
	if (payload.len == 0)
		return OPENING_OF_NOTHING;
	const struct layer_kind *kind = decide(&look, &is_open);
	if (kind == &layer_tls && is_all_of_tls(payload, scratch, name))
		return OPENING_IS_ALL;
	if (kind || is_open)
		return OPENING_MAY_MATTER;
	turns_add(&turns, 0, payload);
	return turns_guess(&turns) != NOISE_NO ? OPENING_MAY_MATTER : OPENING_OF_NOTHING;
}
