/*
 * Miners in web pages: Coinhive's messages ("type") and their heirs, and WebMinerPool's
 * ("identifier"). Source: the public coinhive-stratum proxies; WebMinerPool's hash_stack server.
 */
#include "decode/mining/dialogue.h"

enum { COINHIVE = DIALECT_BIT(DIALECT_COINHIVE) };

static bool read_auth(const struct dialect_input *in, struct json_value from,
		      struct mining_message *out)
{
	out->login = rpc_member_text(in->rpc, from, STR("site_key"));
	if (out->login.len == 0)
		out->login = rpc_member_text(in->rpc, from, STR("login"));
	out->worker = rpc_member_text(in->rpc, from, STR("user"));
	out->pool_host = rpc_member_text(in->rpc, from, STR("pool"));
	out->act = ACT_LOGIN;
	return out->login.len > 0;
}

static bool read_job(const struct dialect_input *in, struct json_value from,
		     struct mining_message *out)
{
	out->job_id = rpc_member_text(in->rpc, from, STR("job_id"));
	out->target = rpc_member_text(in->rpc, from, STR("target"));
	out->algorithm = rpc_member_text(in->rpc, from, STR("algo"));
	out->act = ACT_JOB;
	out->from_pool = true;
	out->is_specific = true;
	return out->job_id.len > 0 &&
	       text_is_hex(rpc_member_text(in->rpc, from, STR("blob")), 40, 8192);
}

static bool read_share(const struct dialect_input *in, struct json_value from,
		       struct mining_message *out)
{
	struct str nonce = rpc_member_text(in->rpc, from, STR("nonce")),
		   result = rpc_member_text(in->rpc, from, STR("result"));

	out->job_id = rpc_member_text(in->rpc, from, STR("job_id"));
	out->share_print = share_print(out->job_id, nonce, result);
	out->act = ACT_SHARE;
	out->is_specific = true;
	return out->job_id.len > 0 && text_is_hex(nonce, 2, 16) && text_is_hex(result, 64, 64);
}

static bool read_accepted(const struct dialect_input *in, struct json_value from,
			  struct mining_message *out)
{
	(void)in, (void)from;
	out->act = ACT_ANSWER;
	out->answers = ACT_SHARE;
	out->from_pool = true;
	return true;
}

static bool read_authed(const struct dialect_input *in, struct json_value from,
			struct mining_message *out)
{
	(void)in;
	out->act = ACT_ANSWER;
	out->answers = ACT_LOGIN;
	out->from_pool = true;
	return json_exists(json_member(from, STR("hashes")));
}

static bool read_error(const struct dialect_input *in, struct json_value from,
		       struct mining_message *out)
{
	out->act = ACT_ANSWER;
	out->answers = in->heard == ACT_SHARE ? ACT_SHARE : ACT_LOGIN;
	out->from_pool = true;
	out->refused = true;
	out->error = rpc_member_text(in->rpc, from, STR("error"));
	if (out->error.len == 0)
		out->error = rpc_member_text(in->rpc, from, STR("param"));
	return true;
}

static const struct word {
	struct str name;
	bool needs_session; /* too plain a word unless the session is known to be this */
	bool (*read)(const struct dialect_input *in, struct json_value from,
		     struct mining_message *out);
} types[] =
	{
		{STR("auth"), false, read_auth},
		{STR("authed"), true, read_authed},
		{STR("job"), false, read_job},
		{STR("submit"), false, read_share},
		{STR("hash_accepted"), false, read_accepted},
		{STR("banned"), true, read_error},
		{STR("error"), true, read_error},
},
  identifiers[] = {
	  {STR("handshake"), false, read_auth}, {STR("job"), false, read_job},
	  {STR("solved"), false, read_share},	{STR("hashsolved"), false, read_accepted},
	  {STR("banned"), true, read_error},	{STR("error"), true, read_error},
};

static bool read_word(const struct dialect_input *in, struct str word, const struct word *words,
		      size_t count, struct json_value from, struct mining_message *out)
{
	for (size_t i = 0; i < count; i++) {
		if (!str_equal(word, words[i].name))
			continue;
		if (words[i].needs_session && !(in->dialects & COINHIVE))
			return false;
		out->dialects = COINHIVE;
		return words[i].read(in, from, out);
	}
	return false;
}

bool browser_read(const struct dialect_input *in, struct mining_message *out)
{
	struct json_value root = in->rpc->root;
	struct str type = rpc_member_text(in->rpc, root, STR("type"));
	struct str identifier = rpc_member_text(in->rpc, root, STR("identifier"));

	if (in->rpc->method.len > 0)
		return false;
	if (type.len > 0 && json_kind(in->rpc->params) == JSON_OBJECT)
		return read_word(in, type, types, sizeof(types) / sizeof(*types), in->rpc->params,
				 out);
	if (identifier.len > 0)
		return read_word(in, identifier, identifiers,
				 sizeof(identifiers) / sizeof(*identifiers), root, out);
	return false;
}
