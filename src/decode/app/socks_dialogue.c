/* Both sides of a SOCKS dialogue, or one of them, read up to where the inner stream begins. */
#include "decode/app/socks.h"

static size_t consumed(struct str whole, const struct reader *in)
{
	return whole.len - reader_left(in);
}

/* UDP goes beside the connection; a look-up is answered and over. */
static bool has_inner(uint8_t command)
{
	return command == SOCKS_CONNECT || command == SOCKS_BIND;
}

/* Greeting, the password where one is sent, request. What follows the greeting tells by its first
 * byte, so the server's choice need not be seen. */
static enum decoded client5_read(struct reader *in, struct socks_dialogue *out)
{
	struct str methods;

	enum decoded outcome = socks5_greeting_read(in, &methods);
	if (outcome != DECODED)
		return outcome;
	if (reader_left(in) == 0)
		return NEED_MORE;
	if (*in->at == 1) {
		if (str_find_byte(methods, SOCKS_METHOD_PASSWORD) < 0)
			return UNSUPPORTED;
		outcome = socks5_password_read(in, &out->user);
		if (outcome != DECODED)
			return outcome;
		out->method = SOCKS_METHOD_PASSWORD;
	}
	return socks5_request_read(in, &out->request);
}

static enum decoded client_read(struct str client, struct socks_dialogue *out)
{
	struct reader in = reader_of(client);
	enum decoded outcome;

	if (client.at[0] == 4) {
		outcome = socks4_request_read(&in, &out->request);
		out->user = out->request.user;
	} else {
		outcome = client5_read(&in, out);
	}
	if (outcome != DECODED)
		return outcome;
	out->has_request = true;
	out->version = out->request.version;
	if (!has_inner(out->request.command))
		return UNSUPPORTED;
	out->has_client_inner = true;
	out->client_inner = consumed(client, &in);
	return DECODED;
}

static enum decoded reply_read(struct reader *in, const struct socks_dialogue *dialogue,
			       struct socks_reply *reply)
{
	return dialogue->version == 4 ? socks4_reply_read(in, reply) : socks5_reply_read(in, reply);
}

/* The server's method and the answer to a password, before the reply proper. */
static enum decoded server5_prepare(struct reader *in, struct socks_dialogue *out)
{
	bool is_granted;

	enum decoded outcome = socks5_choice_read(in, &out->method);
	if (outcome != DECODED)
		return outcome;
	if (out->method == SOCKS_METHOD_REFUSED) {
		out->is_refused = true;
		return DECODED;
	}
	if (out->method == SOCKS_METHOD_NONE)
		return DECODED;
	if (out->method != SOCKS_METHOD_PASSWORD)
		return UNSUPPORTED;
	outcome = socks5_password_reply_read(in, &is_granted);
	if (outcome == DECODED)
		out->is_refused = !is_granted;
	return outcome;
}

static enum decoded server_read(struct str server, struct socks_dialogue *out)
{
	struct reader in = reader_of(server);
	struct socks_reply reply;
	enum decoded outcome;

	out->version = server.at[0] == 5 ? 5 : 4;
	if (out->version == 5) {
		outcome = server5_prepare(&in, out);
		if (outcome != DECODED || out->is_refused)
			return outcome;
	}
	/* BIND is answered twice: listening, and connected */
	int replies = out->has_request && out->request.command == SOCKS_BIND ? 2 : 1;
	for (int i = 0; i < replies; i++) {
		outcome = reply_read(&in, out, &reply);
		if (outcome != DECODED)
			return outcome;
		if (!reply.is_granted) {
			out->is_refused = true;
			return DECODED;
		}
	}
	out->is_granted = true;
	out->has_server_inner = true;
	out->server_inner = consumed(server, &in);
	return DECODED;
}

/* The first bytes of both sides belong to the same version; an empty side agrees with any. */
static bool versions_agree(struct str client, struct str server)
{
	return client.len == 0 || server.len == 0 ||
	       (client.at[0] == 4 ? server.at[0] == 0 : server.at[0] == 5);
}

enum decoded socks_dialogue_read(struct str client, struct str server, struct socks_dialogue *out)
{
	enum decoded client_outcome = NEED_MORE, server_outcome = NEED_MORE;

	*out = (struct socks_dialogue){0};
	if (client.len == 0 && server.len == 0)
		return NEED_MORE;
	if ((client.len > 0 && client.at[0] != 4 && client.at[0] != 5) ||
	    (server.len > 0 && server.at[0] != 0 && server.at[0] != 5) ||
	    !versions_agree(client, server))
		return MALFORMED;
	if (client.len > 0) {
		client_outcome = client_read(client, out);
		if (client_outcome == MALFORMED || client_outcome == UNSUPPORTED || server.len == 0)
			return client_outcome;
	}
	server_outcome = server_read(server, out);
	if (server_outcome != DECODED || out->is_refused)
		return server_outcome;
	return client.len > 0 ? client_outcome : DECODED;
}

bool socks_client_starts(struct str first)
{
	struct reader in = reader_of(first);
	struct socks_dialogue dialogue = {0};

	if (first.len == 0 || (first.at[0] != 4 && first.at[0] != 5))
		return false;
	enum decoded outcome = first.at[0] == 4 ? socks4_request_read(&in, &dialogue.request)
						: client5_read(&in, &dialogue);
	return outcome != MALFORMED;
}

bool socks_server_starts(struct str first)
{
	struct socks_dialogue dialogue = {0};

	if (first.len == 0 || (first.at[0] != 0 && first.at[0] != 5))
		return false;
	switch (server_read(first, &dialogue)) {
	case MALFORMED:
		return false;
	case UNSUPPORTED:
		return dialogue.method == SOCKS_METHOD_GSSAPI;
	default:
		return true;
	}
}
