#include "model/secret.h"

#include <inttypes.h>

#include "base/hash.h"

struct hidden {
	size_t start, end;
	const char *kind;
};

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name_byte(char c)
{
	return is_alnum(c) || c == '_' || c == '-' || c == '.';
}

static bool is_token_byte(char c)
{
	return is_name_byte(c) || c == '+' || c == '/' || c == '=' || c == '~';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '\\';
}

static bool begins_at(struct str text, size_t at, struct str word)
{
	return str_starts_nocase(str_skip(text, at), word);
}

/* -- by what it is called -- */

static bool has_any(struct str name, const struct str *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_find_nocase(name, words[i]) >= 0)
			return true;
	return false;
}

static bool ends_with_any(struct str name, const struct str *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (name.len >= words[i].len &&
		    str_equal_nocase(str_skip(name, name.len - words[i].len), words[i]))
			return true;
	return false;
}

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static const struct str secret_words[] = {
	STR("password"),    STR("passwd"),	STR("passphrase"),    STR("pwd"),
	STR("secret"),	    STR("token"),	STR("authorization"), STR("signature"),
	STR("cookie"),	    STR("private_key"), STR("privatekey"),    STR("private-key"),
	STR("api_key"),	    STR("apikey"),	STR("api-key"),	      STR("accountkey"),
	STR("account_key"), STR("accesskey"),	STR("access_key"),    STR("assertion"),
	STR("jwt"),	    STR("signedblob"),	STR("keymaterial"),
};

/* "secretId", "tokenHash", "aws:TokenIssueTime" are no secrets. */
static const struct str harmless_ends[] = {
	STR("id"),   STR("ids"),  STR("tokenhash"), STR("name"),  STR("names"), STR("type"),
	STR("arn"),  STR("time"), STR("count"),	    STR("path"),  STR("age"),	STR("expiry"),
	STR("kind"), STR("ttl"),  STR("ref"),	    STR("state"), STR("status")};

static bool is_secret_name(struct str name)
{
	static const struct str whole[] = {STR("sig"), STR("pass"), STR("pw"), STR("auth")};

	while (name.len > 0 && !is_alnum(name.at[0])) /* --password= */
		name = str_skip(name, 1);
	for (size_t i = 0; i < COUNT(whole); i++)
		if (str_equal_nocase(name, whole[i]))
			return true;
	return has_any(name, secret_words, COUNT(secret_words)) &&
	       !ends_with_any(name, harmless_ends, COUNT(harmless_ends));
}

/* The name that ends before `end`, quotes around it left out. */
static struct str name_before(struct str text, size_t end)
{
	size_t start;

	while (end > 0 && (is_quote(text.at[end - 1]) || is_space(text.at[end - 1])))
		end--;
	for (start = end; start > 0 && is_name_byte(text.at[start - 1]);)
		start--;
	return str_sub(text, start, end - start);
}

/* What stands between a name and its value: "=", "%3D", ": ", "\":\""; 0: nothing of the kind. */
static size_t separator_len(struct str text, size_t at)
{
	const char c = text.at[at];
	const char before = at > 0 ? text.at[at - 1] : ' ';
	const char after = at + 1 < text.len ? text.at[at + 1] : ' ';

	if (c == '=')
		return 1;
	if (begins_at(text, at, STR("%3D")))
		return 3;
	/* parts of an ARN have colons between them, too */
	return c == ':' && (is_space(after) || is_quote(after) || is_quote(before)) ? 1 : 0;
}

/* "Bearer", "Basic" and a value, or a value; up to a blank, an "&" or the quote that closes it. */
static size_t value_end(struct str text, size_t at)
{
	static const struct str schemes[] = {STR("Bearer "), STR("Basic "), STR("Negotiate ")};

	for (size_t i = 0; i < COUNT(schemes); i++)
		if (begins_at(text, at, schemes[i]))
			at += schemes[i].len;
	while (at < text.len && !is_space(text.at[at]) && text.at[at] != '&' &&
	       text.at[at] != '"' && text.at[at] != '\'')
		at++;
	return at;
}

static bool is_called_secret(struct str text, size_t at, struct hidden *out)
{
	const size_t len = separator_len(text, at);
	size_t start = at + len;

	if (len == 0 || !is_secret_name(name_before(text, at)))
		return false;
	while (start < text.len && (is_space(text.at[start]) || is_quote(text.at[start])))
		start++;
	*out = (struct hidden){start, value_end(text, start), "secret"};
	/* shown as a hash already */
	return out->end > start && text.at[start] != '#' && text.at[start] != '[';
}

/* -- by where it stands -- */

/* scheme://user:HERE@host */
static bool is_in_address(struct str text, size_t at, struct hidden *out)
{
	size_t colon = 0, sign = 0;

	if (!begins_at(text, at, STR("://")))
		return false;
	for (size_t i = at + 3; i < text.len && !is_space(text.at[i]); i++) {
		const char c = text.at[i];
		if (c == '/' || c == '?' || c == '#' || c == '"' || c == '<' || c == '>')
			break;
		if (c == ':' && colon == 0)
			colon = i;
		if (c == '@')
			sign = i;
	}
	*out = (struct hidden){colon + 1, sign, "password"};
	return colon > 0 && sign > colon + 1 && text.at[colon + 1] != '[';
}

/* -- by how it begins -- */

static const struct {
	struct str begin;
	size_t least; /* bytes behind that */
	const char *kind;
} beginnings[] = {
	{STR("eyJ"), 17, "token"},	    {STR("ya29."), 16, "token"},
	{STR("1//0"), 20, "token"},	    {STR("ghp_"), 16, "token"},
	{STR("gho_"), 16, "token"},	    {STR("ghs_"), 16, "token"},
	{STR("github_pat_"), 16, "token"},  {STR("glpat-"), 12, "token"},
	{STR("xoxb-"), 12, "token"},	    {STR("xoxp-"), 12, "token"},
	{STR("AIza"), 30, "key"},	    {STR("sk_live_"), 12, "key"},
	{STR("IQoJb3JpZ2lu"), 16, "token"}, {STR("FwoGZXIvYXdz"), 16, "token"},
	{STR("dckr_pat_"), 12, "token"},    {STR("npm_"), 30, "token"},
	{STR("LS0tLS1CRUdJTi"), 16, "key"}, /* -----BEGIN in base64 */
};

static bool begins_as_token(struct str text, size_t at, struct hidden *out)
{
	for (size_t i = 0; i < COUNT(beginnings); i++) {
		size_t end = at + beginnings[i].begin.len;
		if (!str_starts(str_skip(text, at), beginnings[i].begin))
			continue;
		while (end < text.len && is_token_byte(text.at[end]))
			end++;
		*out = (struct hidden){at, end, beginnings[i].kind};
		return end - at >= beginnings[i].begin.len + beginnings[i].least;
	}
	return false;
}

static bool begins_as_scheme(struct str text, size_t at, struct hidden *out)
{
	static const struct {
		struct str word;
		size_t least;
	} schemes[] = {{STR("Bearer "), 12}, {STR("Basic "), 12}};

	for (size_t i = 0; i < COUNT(schemes); i++) {
		size_t start = at + schemes[i].word.len, end = start;
		bool has_digit = false;
		if (!begins_at(text, at, schemes[i].word))
			continue;
		for (; end < text.len && is_token_byte(text.at[end]); end++)
			has_digit |= !(text.at[end] >= 'a' && text.at[end] <= 'z');
		*out = (struct hidden){start, end, "token"};
		return has_digit && end - start >= schemes[i].least;
	}
	return false;
}

static bool begins_as_key(struct str text, size_t at, struct hidden *out)
{
	const struct str begin = STR("-----BEGIN "), end = STR("-----END ");
	struct str head = str_sub(str_skip(text, at), 0, 60);

	if (!str_starts(head, begin) || str_find(head, STR("PRIVATE KEY")) < 0)
		return false;
	const ptrdiff_t last = str_find(str_skip(text, at), end);
	*out = (struct hidden){at, last < 0 ? text.len : at + (size_t)last, "private key"};
	return true;
}

/* -- the whole -- */

static bool is_hidden_at(struct str text, size_t at, struct hidden *out)
{
	const char c = text.at[at];

	if (c == ':' && is_in_address(text, at, out))
		return true;
	if ((c == '=' || c == ':' || c == '%') && is_called_secret(text, at, out))
		return true;
	if (at > 0 && is_name_byte(text.at[at - 1]))
		return false;
	return begins_as_token(text, at, out) || begins_as_scheme(text, at, out) ||
	       begins_as_key(text, at, out);
}

void secret_add(struct buf *out, const char *kind, struct str secret, uint64_t key)
{
	buf_printf(out, "[%s #%016" PRIx64 "]", kind, hash_bytes(secret.at, secret.len, key));
}

bool secrets_hide(struct str text, uint64_t key, struct buf *out)
{
	struct hidden hidden;
	size_t from = 0;

	for (size_t at = 0; at < text.len;) {
		if (!is_hidden_at(text, at, &hidden)) {
			at++;
			continue;
		}
		buf_add(out, str_sub(text, from, hidden.start - from));
		secret_add(out, hidden.kind, str_sub(text, hidden.start, hidden.end - hidden.start),
			   key);
		at = from = hidden.end;
	}
	if (from > 0)
		buf_add(out, str_skip(text, from));
	return from > 0;
}

bool secret_may_lie_in(struct str field)
{
	/* what lies below these is somebody's own: environments, what a secret holds ... */
	static const struct str holders[] = {
		STR(".data."),	STR("stringdata"), STR("variable"),   STR("environment"),
		STR(".env."),	STR("metadata."),  STR("annotation"), STR("tags."),
		STR("headers"), STR("additional"), STR("modified"),
	};
	static const struct str places[] = {
		STR("metadata.name"),	  STR("metadata.namespace"), STR("metadata.uid"),
		STR("metadata.callerip"), STR("metadata.caller_ip"),
	};
	static const struct str harmless[] = {
		STR("id"),	    STR("ids"),		STR("arn"),	   STR("name"),
		STR("user"),	    STR("who"),		STR("email"),	   STR("upn"),
		STR("principal"),   STR("caller"),	STR("requester"),  STR("identity"),
		STR("subject"),	    STR("account"),	STR("project"),	   STR("tenant"),
		STR("ip"),	    STR("ips"),		STR("address"),	   STR("addr"),
		STR("host"),	    STR("port"),	STR("region"),	   STR("zone"),
		STR("location"),    STR("locations"),	STR("country"),	   STR("city"),
		STR("action"),	    STR("event"),	STR("method"),	   STR("verb"),
		STR("operation"),   STR("service"),	STR("source"),	   STR("provider"),
		STR("category"),    STR("type"),	STR("kind"),	   STR("resource"),
		STR("resources"),   STR("namespace"),	STR("bucket"),	   STR("cluster"),
		STR("image"),	    STR("tokenhash"),	STR("instance"),   STR("interface"),
		STR("version"),	    STR("errorcode"),	STR("error_code"), STR("statuscode"),
		STR("status_code"), STR("status.code"), STR("rcode"),	   STR("status"),
		STR("result"),	    STR("outcome"),	STR("state"),	   STR("decision"),
		STR("level"),	    STR("severity"),	STR("agent"),	   STR("protocol"),
		STR("direction"),   STR("group"),	STR("groups"),	   STR("role"),
		STR("domain"),
	};

	if (ends_with_any(field, places, COUNT(places)))
		return false;
	return is_secret_name(field) || has_any(field, holders, COUNT(holders)) ||
	       !ends_with_any(field, harmless, COUNT(harmless));
}

/* -- findings -- */

static void hide_in(struct str *text, uint64_t key, struct arena *scratch)
{
	CLEANUP(buf_fini) struct buf shown = {0};

	if (secrets_hide(*text, key, &shown))
		*text = shown.failed ? (struct str){0} : arena_copy(scratch, buf_view(&shown));
}

static void hide_in_list(struct fact *fact, uint64_t key, struct arena *scratch)
{
	struct str *texts = arena_take(scratch, fact->text_count * sizeof(*texts));

	for (size_t i = 0; texts && i < fact->text_count; i++) {
		texts[i] = fact->texts[i];
		hide_in(&texts[i], key, scratch);
	}
	fact->texts = texts;
	fact->text_count = texts ? fact->text_count : 0;
}

static bool has_secret(const struct fact *fact)
{
	CLEANUP(buf_fini) struct buf unused = {0};

	for (size_t i = 0; i < fact->text_count; i++)
		if (secrets_hide(fact->texts[i], 0, &unused))
			return true;
	return false;
}

static void hide_in_facts(struct facts *facts, uint64_t key, struct arena *scratch)
{
	for (size_t i = 0; i < facts->count; i++) {
		struct fact *fact = &facts->at[i];
		if (fact->kind == FACT_TEXT)
			hide_in(&fact->text, key, scratch);
		else if (fact->kind == FACT_TEXTS && has_secret(fact))
			hide_in_list(fact, key, scratch);
	}
}

void finding_hide_secrets(struct finding *finding, uint64_t key, struct arena *scratch)
{
	hide_in(&finding->title, key, scratch);
	hide_in_facts(&finding->subject.keys, key, scratch);
	hide_in_facts(&finding->actor, key, scratch);
	hide_in_facts(&finding->facts, key, scratch);
	for (size_t i = 0; i < finding->resource_count; i++)
		hide_in(&finding->resources[i], key, scratch);
	for (size_t i = 0; i < finding->reason_count; i++)
		hide_in(&finding->reasons[i], key, scratch);
	for (size_t i = 0; i < finding->evidence_count; i++)
		hide_in(&finding->evidence[i].quote, key, scratch);
}
