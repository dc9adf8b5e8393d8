#include "lab/party.h"

#include <errno.h>
#include <stdlib.h>

struct lab_party {
	struct lab_actor *actor;
	struct lab_channel *channel;
	bool is_started;
};

static bool is_bitcoin_like(enum lab_coin coin)
{
	return coin == LAB_COIN_BITCOIN || coin == LAB_COIN_LITECOIN;
}

/* Over HTTP the account goes where such pools expect it: in the URL's path, or Basic's user. */
static int open_channel(struct lab_party *party, const struct lab_settings *settings,
			const struct lab_carrier *carrier, enum lab_side side)
{
	const struct lab_dialect *dialect = settings->dialect;
	const struct lab_variant *variant = &dialect->variants[settings->variant];
	struct str wallet = lab_actor_wallet(party->actor), worker = lab_actor_worker(party->actor);
	struct buf path = {0}, user = {0};
	struct lab_channel_settings channel = {
		.carrier = *carrier,
		.side = side,
		.seed = settings->seed,
		.is_binary = dialect->is_binary,
		.host = lab_actor_host(party->actor),
		.port = settings->pool_port ? settings->pool_port : dialect->port,
		.has_getwork_headers = is_bitcoin_like(variant->coin),
	};

	if (lab_carrier_is_request_reply(carrier))
		channel.agent = lab_actor_agent(party->actor);
	if (variant->coin == LAB_COIN_ETHEREUM)
		buf_printf(&path, "/%.*s/%.*s", STR_ARG(wallet), STR_ARG(worker));
	else if (dialect->native == LAB_NATIVE_HTTP && variant->coin == LAB_COIN_MONERO)
		buf_add_text(&path, "/json_rpc");
	else if (dialect->native == LAB_NATIVE_WEBSOCKET)
		buf_add_text(&path, "/proxy");
	if (is_bitcoin_like(variant->coin))
		buf_printf(&user, "%.*s.%.*s:x", STR_ARG(wallet), STR_ARG(worker));
	channel.path = buf_view(&path);
	channel.user = buf_view(&user);
	int result =
		path.failed || user.failed ? -ENOMEM : lab_channel_new(&channel, &party->channel);
	buf_fini(&path);
	buf_fini(&user);
	return result;
}

int lab_party_new(const struct lab_settings *settings, const struct lab_carrier *carrier,
		  enum lab_side side, struct lab_party **out, struct error *why)
{
	struct lab_settings own = *settings;

	if (!settings->dialect || settings->variant >= settings->dialect->variant_count)
		return error_set(why, -EINVAL, "there is no such dialect or variant of it");
	const char *refusal = lab_carrier_refusal(carrier, settings->dialect);
	if (refusal)
		return error_set(why, -EINVAL, "%s: %s", settings->dialect->name, refusal);
	struct lab_party *party = calloc(1, sizeof(*party));
	if (!party)
		return -ENOMEM;
	own.is_request_reply = lab_carrier_is_request_reply(carrier);
	int result = lab_actor_new(&own, side, &party->actor);
	if (result == 0)
		result = open_channel(party, &own, carrier, side);
	if (result != 0) {
		lab_party_free(party);
		return result;
	}
	*out = party;
	return 0;
}

void lab_party_free(struct lab_party *party)
{
	if (!party)
		return;
	lab_channel_free(party->channel);
	lab_actor_free(party->actor);
	free(party);
}

/* The carrier may have come open, and brought messages; the actor may have some to send. */
static void pass_messages(struct lab_party *party, instant now)
{
	struct buf message = {0};

	if (!party->is_started && lab_channel_is_open(party->channel)) {
		party->is_started = true;
		lab_actor_connected(party->actor, now);
	}
	while (party->is_started && lab_channel_receive(party->channel, &message)) {
		lab_actor_feed(party->actor, buf_view(&message), now);
		buf_clear(&message);
	}
	while (lab_actor_take(party->actor, &message)) {
		lab_channel_send(party->channel, buf_view(&message));
		buf_clear(&message);
	}
	buf_fini(&message);
}

void lab_party_connected(struct lab_party *party, instant now)
{
	lab_channel_connected(party->channel);
	pass_messages(party, now);
}

void lab_party_feed(struct lab_party *party, struct str bytes, instant now)
{
	lab_channel_feed(party->channel, bytes);
	pass_messages(party, now);
}

instant lab_party_due(const struct lab_party *party)
{
	return lab_actor_due(party->actor);
}

void lab_party_wake(struct lab_party *party, instant now)
{
	lab_actor_wake(party->actor, now);
	pass_messages(party, now);
}

bool lab_party_take(struct lab_party *party, struct buf *bytes)
{
	return lab_channel_take(party->channel, bytes);
}

const struct lab_actor *lab_party_actor(const struct lab_party *party)
{
	return party->actor;
}

bool lab_party_is_finished(const struct lab_party *party)
{
	return lab_actor_is_finished(party->actor);
}

bool lab_party_has_failed(const struct lab_party *party)
{
	return lab_actor_has_failed(party->actor) || lab_channel_has_failed(party->channel);
}
