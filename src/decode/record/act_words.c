#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "decode/record/act_words.h"
#include "decode/record/acts.h"

static const char *const providers[] = {"", "aws", "azure", "gcp", "kube"};
static const char *const outcomes[] = {"unknown", "done", "denied", "dry-run", "failed"};
static const char *const identities[] = {
	"somebody",	   "user",    "root",	   "role", "instance", "pod",
	"service-account", "service", "anonymous",
};

static void add(struct buf *out, const char *name, struct str text)
{
	if (text.len == 0)
		return;
	buf_printf(out, " %s=", name);
	buf_add(out, text);
}

static void add_time(struct buf *out, const char *name, instant at)
{
	if (at.ns == 0)
		return;
	buf_printf(out, " %s=", name);
	buf_add_instant(out, at);
}

static void add_identity(struct buf *out, const struct record_identity *who)
{
	buf_printf(out, " %s", identities[who->kind]);
	add(out, "name", who->name);
	add(out, "of", who->account);
	add(out, "key", who->key_id);
	add(out, "session", who->session);
	add(out, "instance", who->instance);
	add(out, "issuer", who->issuer);
	add(out, "by", who->invoked_by);
	add(out, "as", who->impersonated);
	for (size_t i = 0; i < who->group_count; i++)
		add(out, "group", who->groups[i]);
	if (who->has_mfa)
		buf_add_text(out, " mfa");
	add_time(out, "since", who->since);
}

static void add_kubernetes(struct buf *out, const struct record_act *act)
{
	add(out, "resource", act->resource);
	add(out, "sub", act->subresource);
	add(out, "namespace", act->namespace);
	add(out, "object", act->name);
	add(out, "uri", act->uri);
	add(out, "decision", act->decision);
}

static void add_act(struct buf *out, const struct record_act *act)
{
	buf_printf(out, " %s", providers[act->provider]);
	add(out, "account", act->account);
	add(out, "region", act->region);
	add(out, "service", act->service);
	add(out, "action", act->action);
	if (act->is_read_only)
		buf_add_text(out, " reads");
	buf_printf(out, " %s", outcomes[act->outcome]);
	add(out, "error", act->error);
	add_identity(out, &act->identity);
	add(out, "from", act->source);
	if (act->has_address)
		buf_add_text(out, "!");
	add(out, "agent", act->user_agent);
	add(out, "risk", act->risk);
	if (act->bytes_out > 0)
		buf_printf(out, " bytes=%llu", (unsigned long long)act->bytes_out);
	for (size_t i = 0; i < act->resource_count; i++) {
		buf_add_text(out, " on=");
		buf_add(out, act->resources[i].type);
		buf_add_text(out, ":");
		buf_add(out, act->resources[i].name);
	}
	add_kubernetes(out, act);
	if (json_exists(act->request))
		buf_add_text(out, " request");
	if (json_exists(act->response))
		buf_add_text(out, " response");
}

const char *act_words(const char *text)
{
	static struct json_node nodes[4096];
	static char words[16384];
	struct json doc = {.nodes = nodes, .cap = 4096};
	struct record record = {0};
	struct arena scratch;
	struct buf out = {0};

	assert_int_equal(arena_init(&scratch, 1 << 20), 0);
	json_read(&doc, str_from(text));
	struct json_value root = json_root(&doc);
	enum record_kind kind = acts_kind_of(root);
	bool is_told = acts_decode(kind, root, &scratch, &record);
	assert_int_equal(is_told, record.kind != RECORD_OTHER);
	buf_add_text(&out, record_kind_name(record.kind));
	if (is_told) {
		add_time(&out, "time", record.time);
		add(&out, "id", record.id);
		add_act(&out, &record.act);
	}
	assert_true(!out.failed && out.len < sizeof(words));
	memcpy(words, out.at, out.len);
	words[out.len] = '\0';
	buf_fini(&out);
	arena_fini(&scratch);
	return words;
}

void act_check(const struct act_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *words = act_words(cases[i].text);
		if (strcmp(words, cases[i].words) != 0)
			fail_msg("%s:\n  got    %s\n  wanted %s", cases[i].name, words,
				 cases[i].words);
	}
}
