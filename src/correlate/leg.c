#include "correlate/leg.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

struct str short_text_view(const struct short_text *text)
{
	return (struct str){text->at, text->len};
}

struct str leg_id(const struct leg *leg)
{
	return (struct str){leg->id, sizeof(leg->id)};
}

static void short_text_set(struct short_text *out, struct str text)
{
	out->len = (uint8_t)(text.len < sizeof(out->at) ? text.len : sizeof(out->at));
	if (out->len > 0)
		memcpy(out->at, text.at, out->len);
}

/* Names and prints come in either case; 0 means "none", so no text hashes to it. */
static uint64_t key_of(struct str text, uint64_t seed)
{
	char lower[256];
	const size_t len = text.len < sizeof(lower) ? text.len : sizeof(lower);
	uint64_t key;

	for (size_t i = 0; i < len; i++)
		lower[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? (char)(text.at[i] | 0x20)
								  : text.at[i];
	key = hash_bytes(lower, len, seed);
	return key ? key : 1;
}

static uint64_t exact_key_of(struct str text, uint64_t seed)
{
	const uint64_t key = hash_bytes(text.at, text.len, seed);

	return text.len == 0 ? 0 : key ? key : 1;
}

/* A fact that is one text or a list of them. */
static size_t fact_texts(const struct facts *facts, struct str name, struct str *out, size_t most)
{
	const struct fact *fact = facts_find(facts, name);
	size_t count = 0;

	if (!fact)
		return 0;
	if (fact->kind == FACT_TEXT && fact->text.len > 0)
		out[count++] = fact->text;
	if (fact->kind == FACT_TEXTS)
		for (size_t i = 0; i < fact->text_count && count < most; i++)
			if (fact->texts[i].len > 0)
				out[count++] = fact->texts[i];
	return count;
}

static bool fact_is_true(const struct facts *facts, struct str name)
{
	const struct fact *fact = facts_find(facts, name);

	return fact && fact->kind == FACT_TRUTH && fact->truth;
}

static void set_pool(struct leg *leg, const struct facts *facts, uint64_t seed)
{
	struct str names[LEG_NAMES_MAX];
	const size_t count = fact_texts(facts, STR("pool_names"), names, LEG_NAMES_MAX);

	leg->name_count = (uint8_t)count;
	for (size_t i = 0; i < count; i++) {
		while (names[i].len > 1 && names[i].at[names[i].len - 1] == '.')
			names[i].len--; /* a DNS name with its root dot */
		leg->name_keys[i] = key_of(names[i], seed);
	}
	short_text_set(&leg->pool, count > 0 ? names[0] : (struct str){0});
}

static bool has_print(const struct leg *leg, uint64_t print)
{
	for (size_t i = 0; i < leg->print_count; i++)
		if (leg->prints[i] == print)
			return true;
	return false;
}

static void add_prints(struct leg *leg, const struct facts *facts, uint64_t seed)
{
	struct str prints[LEG_PRINTS_MAX];
	const size_t count = fact_texts(facts, STR("share_prints"), prints, LEG_PRINTS_MAX);

	for (size_t i = 0; i < count; i++) {
		const uint64_t print = key_of(prints[i], seed ^ 0x9e3779b97f4a7c15);
		if (has_print(leg, print))
			continue;
		leg->prints[leg->print_next] = print;
		leg->print_next = (uint8_t)((leg->print_next + 1) % LEG_PRINTS_MAX);
		if (leg->print_count < LEG_PRINTS_MAX)
			leg->print_count++;
	}
}

static bool transport_forwards(const struct facts *facts)
{
	struct str carriers[16];
	const size_t count = fact_texts(facts, STR("transport"), carriers, 16);

	for (size_t i = 0; i < count; i++)
		if (str_equal(carriers[i], STR("socks4")) ||
		    str_equal(carriers[i], STR("socks5")) || str_equal(carriers[i], STR("connect")))
			return true;
	return false;
}

/* The most telling key there is of a subject that is no flow. */
static struct str subject_host(const struct subject *subject)
{
	static const char *const keys[] = {"host", "node", "pod", "container", "name", "address"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct str text = facts_text(&subject->keys, str_from(keys[i]));
		if (text.len > 0)
			return text;
	}
	for (size_t i = 0; i < subject->keys.count; i++)
		if (subject->keys.at[i].kind == FACT_TEXT)
			return subject->keys.at[i].text;
	return subject->type;
}

static void set_subject(struct leg *leg, const struct subject *subject)
{
	const struct str client = facts_text(&subject->keys, STR("client"));
	const struct str server = facts_text(&subject->keys, STR("server"));

	leg->is_flow = str_equal(subject->type, STR("flow")) &&
		       endpoint_parse(client, &leg->client) && endpoint_parse(server, &leg->server);
	short_text_set(&leg->host, leg->is_flow ? (struct str){0} : subject_host(subject));
}

static void add_connection(struct leg *leg, struct str text, uint64_t seed)
{
	if (leg->connection_count < LEG_CONNECTIONS_MAX)
		leg->connection_keys[leg->connection_count++] =
			exact_key_of(text, seed ^ 0xd6e8feb86659fd93);
}

/* Of a flow its own; of a process those that carry mining sessions, from either end. */
static void set_connections(struct leg *leg, const struct facts *facts, uint64_t seed)
{
	struct str texts[LEG_CONNECTIONS_MAX];
	char own[ENDS_TEXT_MAX];

	leg->connection_count = 0;
	if (leg->is_flow) {
		add_connection(leg, ends_text(&leg->client, &leg->server, own), seed);
		return;
	}
	size_t count = fact_texts(facts, STR("sessions"), texts, LEG_CONNECTIONS_MAX);
	leg->serves = count == 0;
	if (count == 0)
		count = fact_texts(facts, STR("sessions_served"), texts, LEG_CONNECTIONS_MAX);
	for (size_t i = 0; i < count; i++)
		add_connection(leg, texts[i], seed);
}

static void add_detail(struct buf *out, const char *before, struct str text)
{
	if (text.len == 0)
		return;
	buf_add_text(out, out->len > 0 ? ", " : "");
	buf_add_text(out, before);
	buf_add(out, text);
}

/* Who it is, in the few words an operator acts upon. */
static void set_process(struct leg *leg, const struct finding *finding)
{
	const struct facts *facts = &finding->facts;
	const struct fact *uid = facts_find(facts, STR("uid"));
	CLEANUP(buf_fini) struct buf who = {.limit = LEG_PROCESS_MAX};
	struct str parent;
	char number[32];

	leg->process_len = 0;
	if (leg->is_flow || leg->connection_count == 0)
		return;
	if (facts_find(&finding->subject.keys, STR("pid"))) {
		snprintf(number, sizeof(number), "%llu",
			 (unsigned long long)facts_number(&finding->subject.keys, STR("pid")));
		add_detail(&who, "pid ", str_from(number));
	}
	add_detail(&who, "", str_sub(facts_text(facts, STR("executable")), 0, 80));
	if (uid && uid->kind == FACT_NUMBER) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)uid->number);
		add_detail(&who, "user ", str_from(number));
	}
	add_detail(&who, "", str_sub(facts_text(facts, STR("unit")), 0, 40));
	add_detail(&who, "container ", str_sub(facts_text(facts, STR("container")), 0, 12));
	if (fact_texts(facts, STR("parents"), &parent, 1) == 1)
		add_detail(&who, "started by ", str_sub(parent, 0, 40));
	if (who.failed)
		return;
	memcpy(leg->process, who.at, who.len);
	leg->process_len = (uint8_t)who.len;
}

/* Stable names for what joins this leg to others. Fixed seeds: incident ids outlive a process. */
static void set_incident_keys(struct leg *leg, struct str wallet)
{
	static const uint64_t of_wallet = 1, of_server = 2, of_name = 3, of_finding = 4;
	char text[ENDPOINT_TEXT_MAX];

	memset(leg->incident_keys, 0, sizeof(leg->incident_keys));
	if (wallet.len > 0)
		leg->incident_keys[0] = exact_key_of(wallet, of_wallet);
	if (leg->is_flow && !leg->has_shared_address && !leg->is_forwarded &&
	    !address_is_loopback(&leg->server.address))
		leg->incident_keys[1] = exact_key_of(endpoint_text(&leg->server, text), of_server);
	if (leg->pool.len > 0)
		leg->incident_keys[2] = key_of(short_text_view(&leg->pool), of_name);
	leg->incident_keys[3] = exact_key_of(leg_id(leg), of_finding);
}

void leg_update(struct leg *leg, const struct finding *finding, uint64_t seed)
{
	const struct facts *facts = &finding->facts;
	const struct fact *rate = facts_find(facts, STR("hashrate_per_s"));
	const struct str wallet = facts_text(facts, STR("wallet"));
	const bool is_new = leg->revision == 0 && leg->last_seen.ns == 0;

	leg->revision = finding->revision;
	leg->verdict = (uint8_t)finding->verdict;
	leg->severity = (uint8_t)finding->severity;
	leg->confidence = finding->confidence;
	if (is_new || finding->first_seen.ns < leg->first_seen.ns)
		leg->first_seen = finding->first_seen;
	if (is_new || finding->last_seen.ns > leg->last_seen.ns)
		leg->last_seen = finding->last_seen;
	leg->hashrate_per_s = rate && rate->kind == FACT_REAL ? rate->real : 0;
	leg->shares = facts_number(facts, STR("accepted"));
	leg->has_shared_address = fact_is_true(facts, STR("shared_address"));
	leg->is_forwarded = transport_forwards(facts);
	leg->is_proxy = str_starts_nocase(facts_text(facts, STR("agent")), STR("xmrig-proxy"));
	leg->wallet_key = exact_key_of(wallet, seed);
	leg->wallet.len = (uint8_t)(wallet.len < sizeof(leg->wallet.at) ? wallet.len
									: sizeof(leg->wallet.at));
	if (leg->wallet.len > 0)
		memcpy(leg->wallet.at, wallet.at, leg->wallet.len);
	short_text_set(&leg->worker, facts_text(facts, STR("worker")));
	short_text_set(&leg->coin, facts_text(facts, STR("coin")));
	leg->title_len =
		(uint8_t)(finding->title.len < LEG_TITLE_MAX ? finding->title.len : LEG_TITLE_MAX);
	if (leg->title_len > 0)
		memcpy(leg->title, finding->title.at, leg->title_len);
	set_subject(leg, &finding->subject);
	set_pool(leg, facts, seed);
	add_prints(leg, facts, seed);
	set_connections(leg, facts, seed);
	set_process(leg, finding);
	set_incident_keys(leg, wallet);
}

bool leg_prints_meet(const struct leg *a, const struct leg *b)
{
	for (size_t i = 0; i < a->print_count; i++)
		if (has_print(b, a->prints[i]))
			return true;
	return false;
}
