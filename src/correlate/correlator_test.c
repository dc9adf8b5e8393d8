#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "correlate/correlator.h"

enum { TOLD_MAX = 64, START_S = 1795341600 };

#define WALLET_A                                                                                   \
	"48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZij" \
	"BGUicoD"
#define WALLET_B                                                                                   \
	"888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoog" \
	"Davup3H"

/* One finding, as a detector of flows would send it. */
struct flow {
	const char *client, *server;
	const char *wallet, *pool, *agent, *transport, *prints; /* prints separated by spaces */
	bool shared_address, is_suspect;
	int at_s, last_s;     /* after the start; last 0: a minute later */
	uint32_t revision;    /* 0: 1 */
	enum verdict verdict; /* 0: mining, or suspect */
	const char *host;     /* set: no flow but a process there */
	const char *session;  /* of a process: "client server" */
	bool serves;	      /* the session's pool end is its */
};

static void take(struct correlator *correlator, const struct flow *flow)
{
	struct str prints[16], rest = str_from(flow->prints), carrier = str_from(flow->transport);
	struct str pool = str_from(flow->pool);
	struct finding finding = {
		.revision = flow->revision ? flow->revision : 1,
		.detector = STR("stratum"),
		.verdict = flow->verdict      ? flow->verdict
			   : flow->is_suspect ? VERDICT_SUSPECT
					      : VERDICT_MINING,
		.severity = flow->is_suspect ? SEVERITY_CRITICAL : SEVERITY_MEDIUM,
		.confidence = flow->is_suspect ? 0.999 : 0.97,
		.title = STR("a finding"),
		.first_seen = instant_at(START_S + flow->at_s, 0),
		.last_seen =
			instant_at(START_S + (flow->last_s ? flow->last_s : flow->at_s + 60), 0),
		.subject.type = flow->host ? STR("process") : STR("flow"),
	};
	char id[FINDING_ID_LEN + 1];
	size_t count = 0;

	facts_add_text(&finding.subject.keys, "client", str_from(flow->client));
	facts_add_text(&finding.subject.keys, "server", str_from(flow->server));
	facts_add_text(&finding.subject.keys, "host", str_from(flow->host));
	struct str session = str_from(flow->session), parent = STR("cron (pid 4)");
	if (flow->session) {
		facts_add_number(&finding.subject.keys, "pid", 7);
		facts_add_text(&finding.facts, "executable", STR("/tmp/.x/xmrig"));
		facts_add_number(&finding.facts, "uid", 33);
		facts_add_text(&finding.facts, "unit", STR("x\033.service"));
		facts_add_texts(&finding.facts, "parents", &parent, 1);
		facts_add_texts(&finding.facts, flow->serves ? "sessions_served" : "sessions",
				&session, 1);
	}
	facts_add_text(&finding.facts, "wallet", str_from(flow->wallet));
	facts_add_text(&finding.facts, "agent", str_from(flow->agent));
	facts_add_text(&finding.facts, "coin", STR("monero"));
	facts_add_texts(&finding.facts, "pool_names", &pool, pool.len > 0);
	facts_add_texts(&finding.facts, "transport", &carrier, carrier.len > 0);
	facts_add_number(&finding.facts, "accepted", 30);
	facts_add_real(&finding.facts, "hashrate_per_s", 1000.5);
	if (flow->shared_address)
		facts_add_truth(&finding.facts, "shared_address", true);
	while (rest.len > 0 && count < 16) {
		struct str tail = {0};
		str_cut(rest, ' ', &prints[count++], &tail);
		rest = tail;
	}
	facts_add_texts(&finding.facts, "share_prints", prints, count);
	finding_identify(&finding, id);
	finding.id = str_from(id);
	correlator_take(correlator, &finding);
}

/* What the correlator tells, in texts that can be compared. */
struct told {
	char id[24], state[8], title[300], victims[1500], story[8000], cannot_tell[2000];
	char wallets[400], pools[400];
	uint32_t revision;
	enum verdict verdict;
	enum severity severity;
	double confidence;
	size_t findings;
	uint64_t victim_total;
};

struct all_told {
	struct told at[TOLD_MAX];
	size_t count;
};

static void add_line(char *out, size_t cap, struct str text)
{
	const size_t used = strlen(out);

	snprintf(out + used, cap - used, "%s%.*s", used ? " | " : "", STR_ARG(text));
}

static void keep(void *context, const struct incident *incident)
{
	struct all_told *all = context;
	struct told *told = &all->at[all->count];

	assert_true(all->count < TOLD_MAX);
	all->count++;
	*told = (struct told){.revision = incident->revision,
			      .verdict = incident->verdict,
			      .severity = incident->severity,
			      .confidence = incident->confidence,
			      .findings = incident->finding_count,
			      .victim_total = incident->victim_total};
	add_line(told->id, sizeof(told->id), incident->id);
	add_line(told->state, sizeof(told->state), incident->state);
	add_line(told->title, sizeof(told->title), incident->title);
	for (size_t i = 0; i < incident->victim_count; i++)
		add_line(told->victims, sizeof(told->victims), incident->victims[i]);
	for (size_t i = 0; i < incident->story_count; i++)
		add_line(told->story, sizeof(told->story), incident->story[i].text);
	for (size_t i = 0; i < incident->cannot_tell_count; i++)
		add_line(told->cannot_tell, sizeof(told->cannot_tell), incident->cannot_tell[i]);
	for (size_t i = 0; i < incident->wallet_count; i++)
		add_line(told->wallets, sizeof(told->wallets), incident->wallets[i]);
	for (size_t i = 0; i < incident->pool_count; i++)
		add_line(told->pools, sizeof(told->pools), incident->pools[i]);
}

static struct correlator *correlator_of(uint32_t capacity, const char *forwarder)
{
	struct correlator_settings settings = {.capacity = capacity, .seed = 42};
	struct correlator *correlator;

	if (forwarder) {
		assert_true(address_parse(str_from(forwarder), &settings.forwarders[0]));
		settings.forwarder_count = 1;
	}
	assert_int_equal(correlator_new(&settings, &correlator), 0);
	return correlator;
}

static void tell(struct correlator *correlator, int after_s, struct all_told *all)
{
	all->count = 0;
	correlator_each(correlator, instant_at(START_S + after_s, 0), keep, all);
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* Each rule: what must join and what must not, and who is a victim. */
static const struct join_case {
	const char *name;
	const char *forwarder;
	struct flow flows[5];
	size_t incidents;
	const char *victims; /* of the first incident */
	const char *story;   /* a part of the first incident's story, or NULL */
	const char *cannot_tell;
	const char *not_in_story;
} joins[] = {
	{"one wallet at two pools is one",
	 NULL,
	 {{"10.0.0.5:4001", "198.51.100.1:3333", WALLET_A, .at_s = 1},
	  {"10.0.0.7:4001", "198.51.100.2:443", WALLET_A, .at_s = 2}},
	 1,
	 "10.0.0.5 | 10.0.0.7",
	 "10.0.0.7 mines at 198.51.100.2:443"},
	{"one pool endpoint is one",
	 NULL,
	 {{"10.0.0.5:4001", "198.51.100.1:3333", WALLET_A, .at_s = 1},
	  {"10.0.0.7:4001", "198.51.100.1:3333", WALLET_B, .at_s = 2}},
	 1,
	 "10.0.0.5 | 10.0.0.7"},
	{"one pool name at two addresses is one, whatever its case",
	 NULL,
	 {{"10.0.0.5:4001", "198.51.100.1:3333", NULL, "pool.example.net", .at_s = 1},
	  {"10.0.0.7:4001", "198.51.100.2:3333", NULL, "POOL.example.net.", .at_s = 2}},
	 1,
	 "10.0.0.5 | 10.0.0.7",
	 "10.0.0.5 mines at pool.example.net"},
	{"another wallet, another pool: another incident",
	 NULL,
	 {{"10.0.0.5:4001", "198.51.100.1:3333", WALLET_A, .at_s = 1},
	  {"10.0.0.7:4001", "198.51.100.2:3333", WALLET_B, .at_s = 2}},
	 2,
	 "10.0.0.5"},
	{"another port of one address is another pool",
	 NULL,
	 {{"10.0.0.5:4001", "198.51.100.1:3333", .at_s = 1},
	  {"10.0.0.7:4001", "198.51.100.1:8443", .at_s = 2}},
	 2,
	 "10.0.0.5"},
	{"an address of a CDN alone joins nothing",
	 NULL,
	 {{"10.0.0.5:4001", "198.51.100.1:443", WALLET_A, .shared_address = true, .at_s = 1},
	  {"10.0.0.7:4001", "198.51.100.1:443", WALLET_B, .shared_address = true, .at_s = 2}},
	 2,
	 "10.0.0.5"},
	{"but a wallet behind a CDN does",
	 NULL,
	 {{"10.0.0.5:4001", "198.51.100.1:443", WALLET_A, .shared_address = true, .at_s = 1},
	  {"10.0.0.7:4001", "198.51.100.9:443", WALLET_A, .shared_address = true, .at_s = 2}},
	 1,
	 "10.0.0.5 | 10.0.0.7"},
	{"a server on two machines' own loopback is two",
	 NULL,
	 {{"127.0.0.1:4001", "127.0.0.1:3333", WALLET_A, .at_s = 1},
	  {"127.0.0.1:4002", "127.0.0.1:3333", WALLET_B, .at_s = 2}},
	 2,
	 "127.0.0.1"},
	{"a host that serves and mines with other shares is a proxy",
	 NULL,
	 {{"10.0.0.5:4001", "10.0.0.9:3333", NULL, .prints = "a1 a2", .at_s = 1},
	  {"10.0.0.7:4001", "10.0.0.9:4444", NULL, .prints = "b1 b2", .at_s = 2},
	  {"10.0.0.9:5001", "198.51.100.1:443", WALLET_A, .prints = "c1 c2", .at_s = 3}},
	 1,
	 "10.0.0.5 | 10.0.0.7",
	 "10.0.0.9 is a mining proxy: it serves 10.0.0.5, 10.0.0.7 and mines upstream at "
	 "198.51.100.1:443"},
	{"one that sends the shares of two on over one connection is a proxy, too",
	 NULL,
	 {{"10.0.0.5:4001", "10.0.0.9:3333", NULL, .prints = "a1 a2", .at_s = 1},
	  {"10.0.0.7:4001", "10.0.0.9:3333", NULL, .prints = "b1 b2", .at_s = 2},
	  {"10.0.0.9:5001", "198.51.100.1:443", WALLET_A, .prints = "a1 b2", .at_s = 3}},
	 1,
	 "10.0.0.5 | 10.0.0.7",
	 "10.0.0.9 is a mining proxy: it serves 10.0.0.5, 10.0.0.7"},
	{"a proxy is one on all its connections, also where one miner alone is seen",
	 NULL,
	 {{"10.0.0.5:4001", "10.0.0.9:3333", NULL, .prints = "a1 a2", .at_s = 1},
	  {"10.0.0.7:4001", "10.0.0.9:3333", NULL, .prints = "b1 b2", .at_s = 2},
	  {"10.0.0.8:4001", "10.0.0.9:4444", NULL, .prints = "d1", .at_s = 2},
	  {"10.0.0.9:5001", "198.51.100.1:443", WALLET_A, .prints = "a1 b2", .at_s = 3},
	  {"10.0.0.9:5002", "198.51.100.2:443", WALLET_B, .prints = "d1", .at_s = 3}},
	 1,
	 "10.0.0.5 | 10.0.0.7 | 10.0.0.8",
	 "10.0.0.9 is a mining proxy: it serves 10.0.0.5, 10.0.0.7, 10.0.0.8",
	 NULL,
	 "only forwards"},
	{"one that calls itself a proxy is one, also with a single miner",
	 NULL,
	 {{"10.0.0.5:4001", "10.0.0.9:3333", NULL, .prints = "a1 a2", .at_s = 1},
	  {"10.0.0.9:5001", "198.51.100.1:443", WALLET_A, .agent = "xmrig-proxy/6.21",
	   .prints = "a1 a2", .at_s = 3}},
	 1,
	 "10.0.0.5",
	 "10.0.0.9 is a mining proxy: it serves 10.0.0.5"},
	{"without shares on both sides it is not known which",
	 NULL,
	 {{"10.0.0.5:4001", "10.0.0.9:3333", NULL, .prints = "a1 a2", .at_s = 1},
	  {"10.0.0.9:5001", "198.51.100.1:443", WALLET_A, .at_s = 3}},
	 1,
	 "10.0.0.5",
	 "10.0.0.9 is a mining proxy or a forwarder: it serves 10.0.0.5",
	 "Whether 10.0.0.9 pools the shares of others or only forwards them"},
	{"the same shares on both legs: a forwarder, not a victim",
	 NULL,
	 {{"10.0.0.7:4001", "10.0.0.5:1080", NULL, .prints = "a1 a2 a3", .at_s = 1},
	  {"10.0.0.5:5001", "198.51.100.1:3333", WALLET_A, .prints = "A3 a4", .at_s = 2}},
	 1,
	 "10.0.0.7",
	 "10.0.0.5 only forwards: what it sends to 198.51.100.1:3333 is the work of 10.0.0.7"},
	{"two miners behind one forwarder are two incidents",
	 NULL,
	 {{"10.0.0.7:4001", "10.0.0.5:1080", NULL, .prints = "a1 a2", .at_s = 1},
	  {"10.0.0.5:5001", "198.51.100.1:3333", WALLET_A, .prints = "a1 a2", .at_s = 2},
	  {"10.0.0.8:4001", "10.0.0.5:1080", NULL, .prints = "b1 b2", .at_s = 3},
	  {"10.0.0.5:5002", "198.51.100.2:3333", WALLET_B, .prints = "b1 b2", .at_s = 4}},
	 2,
	 "10.0.0.7"},
	{"a web proxy says CONNECT: joined by the pool's name without shares",
	 NULL,
	 {{"10.0.0.7:4001", "10.0.0.5:3128", NULL, "pool.example.net", .transport = "connect",
	   .at_s = 1},
	  {"10.0.0.8:4001", "10.0.0.5:3128", NULL, "other.example.net", .transport = "connect",
	   .at_s = 2},
	  {"10.0.0.5:5001", "198.51.100.1:3333", NULL, "pool.example.net", .at_s = 3}},
	 2,
	 "10.0.0.7",
	 "10.0.0.5 only forwards"},
	{"a known forwarder whose miner is not seen: that is said",
	 "10.0.0.1",
	 {{"10.0.0.1:5001", "198.51.100.1:3333", WALLET_A, .at_s = 1}},
	 1,
	 "",
	 "10.0.0.1 forwards for others; the miner behind it was not seen",
	 "Who mines behind 10.0.0.1"},
	{"both sides of an address translation are one miner, the inner one",
	 NULL,
	 {{"203.0.113.9:6001", "198.51.100.1:3333", WALLET_A, .prints = "a1 a2", .at_s = 1},
	  {"10.0.0.7:4001", "198.51.100.1:3333", WALLET_A, .prints = "a2 a3", .at_s = 2}},
	 1,
	 "10.0.0.7",
	 "203.0.113.9 stands for 10.0.0.7"},
	{"the same without shares are two hosts",
	 NULL,
	 {{"203.0.113.9:6001", "198.51.100.1:3333", WALLET_A, .at_s = 1},
	  {"10.0.0.7:4001", "198.51.100.1:3333", WALLET_A, .at_s = 2}},
	 1,
	 "203.0.113.9 | 10.0.0.7"},
	{"two private addresses with the same shares: which one is not known",
	 NULL,
	 {{"10.42.0.3:4001", "198.51.100.1:3333", WALLET_A, .prints = "a1 a2", .at_s = 1},
	  {"192.168.1.7:6001", "198.51.100.1:3333", WALLET_A, .prints = "a1 a2", .at_s = 2}},
	 1,
	 "10.42.0.3 | 192.168.1.7",
	 NULL,
	 "Which of 10.42.0.3 and 192.168.1.7 mines"},
	{"a miner on loopback behind its host's own tunnel",
	 NULL,
	 {{"127.0.0.1:4001", "127.0.0.1:3333", NULL, .prints = "a1 a2", .at_s = 1},
	  {"10.0.0.7:6001", "198.51.100.1:3333", WALLET_A, .prints = "a1 a2", .at_s = 2}},
	 1,
	 "10.0.0.7",
	 "127.0.0.1 stands for 10.0.0.7"},
	{"a miner on loopback behind a proxy on loopback: this host is the victim",
	 NULL,
	 {{"127.0.0.1:4001", "127.0.0.1:1080", WALLET_A, .transport = "socks5", .prints = "a1 a2",
	   .at_s = 1},
	  {"127.0.0.1:4002", "127.0.0.1:3333", WALLET_A, .prints = "a1 a2", .at_s = 1}},
	 1,
	 "127.0.0.1",
	 "127.0.0.1 sends its own work through a proxy on itself to 127.0.0.1:3333",
	 NULL,
	 "forwards for others"},
	{"the same when the pool's leg shows no shares yet",
	 NULL,
	 {{"127.0.0.1:4001", "127.0.0.1:1080", WALLET_A, .transport = "socks5", .at_s = 1},
	  {"127.0.0.1:4002", "127.0.0.1:3333", WALLET_A, .at_s = 1}},
	 1,
	 "127.0.0.1",
	 NULL,
	 NULL,
	 "forwards for others"},
	{"a host that reaches its own proxy by its address is the victim, too",
	 NULL,
	 {{"10.0.0.5:4001", "10.0.0.5:1080", WALLET_A, .transport = "socks5", .prints = "a1 a2",
	   .at_s = 1},
	  {"10.0.0.5:4002", "198.51.100.1:3333", WALLET_A, .prints = "a1 a2", .at_s = 2}},
	 1,
	 "10.0.0.5",
	 "10.0.0.5 sends its own work through a proxy on itself to 198.51.100.1:3333",
	 NULL,
	 "forwards for others"},
	{"and its proxy may serve others beside",
	 NULL,
	 {{"10.0.0.5:4001", "10.0.0.5:1080", WALLET_A, .transport = "socks5", .prints = "a1 a2",
	   .at_s = 1},
	  {"10.0.0.5:4002", "198.51.100.1:3333", WALLET_A, .prints = "a1 a2", .at_s = 2},
	  {"10.0.0.8:4001", "10.0.0.5:1080", WALLET_A, .transport = "socks5", .prints = "b1",
	   .at_s = 3},
	  {"10.0.0.5:4003", "198.51.100.1:3333", WALLET_A, .prints = "b1", .at_s = 4}},
	 1,
	 "10.0.0.5 | 10.0.0.8"},
	{"two that proxy for each other still have victims",
	 NULL,
	 {{"10.0.0.5:4001", "10.0.0.9:3333", NULL, .prints = "a1", .at_s = 1},
	  {"10.0.0.9:4001", "10.0.0.5:3333", NULL, .prints = "b1", .at_s = 2}},
	 1,
	 "10.0.0.5 | 10.0.0.9"},
	{"a process with the same wallet joins the flow",
	 NULL,
	 {{"10.0.0.5:4001", "198.51.100.1:3333", WALLET_A, .at_s = 1},
	  {.wallet = WALLET_A, .host = "web-1", .at_s = 2}},
	 1,
	 "10.0.0.5 | web-1"},
	{"a miner at rest is told, but is nobody's victim",
	 NULL,
	 {{"10.0.0.5:4001", "198.51.100.1:3333", WALLET_A, .at_s = 1},
	  {.wallet = WALLET_A, .host = "image", .at_s = 2, .verdict = VERDICT_MINER}},
	 1,
	 "10.0.0.5"},
};

static void rules_join_and_keep_apart(void **state)
{
	struct all_told *all = calloc(1, sizeof(*all));

	for (size_t i = 0; i < sizeof(joins) / sizeof(*joins); i++) {
		const struct join_case *row = &joins[i];
		/* In any order of arrival the same is told. */
		for (int turn = 0; turn < 2; turn++) {
			struct correlator *correlator = correlator_of(0, row->forwarder);
			for (size_t k = 0; k < 5; k++) {
				const struct flow *flow = &row->flows[turn ? 4 - k : k];
				if (flow->client || flow->host)
					take(correlator, flow);
			}
			tell(correlator, 300, all);
			if (all->count != row->incidents)
				fail_msg("%s: %zu incidents", row->name, all->count);
			if (strcmp(all->at[0].victims, row->victims) != 0)
				fail_msg("%s: victims %s", row->name, all->at[0].victims);
			if (row->story)
				assert_says(all->at[0].story, row->story);
			if (row->not_in_story && strstr(all->at[0].story, row->not_in_story))
				fail_msg("%s: %s", row->name, all->at[0].story);
			if (row->cannot_tell)
				assert_says(all->at[0].cannot_tell, row->cannot_tell);
			correlator_free(correlator);
		}
	}
	free(all);
}

static void titles_are_plain(void **state)
{
	static const struct flow flows[] = {
		{"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .at_s = 1},
		{"10.0.0.7:1", "198.51.100.1:3333", WALLET_A, .at_s = 2},
		{"10.0.0.9:1", "198.51.100.1:3333", WALLET_A, .at_s = 3},
		{"10.0.0.11:1", "198.51.100.1:3333", WALLET_A, .at_s = 4},
	};
	static const char *const titles[] = {
		"Monero mining on 10.0.0.5 for wallet 48ed\xe2\x80\xa6",
		"Monero mining on 2 hosts for wallet 48ed\xe2\x80\xa6: 10.0.0.5, 10.0.0.7",
		"Monero mining on 3 hosts for wallet 48ed\xe2\x80\xa6: 10.0.0.5, 10.0.0.7, "
		"10.0.0.9",
		"Monero mining on 4 hosts for wallet 48ed\xe2\x80\xa6: 10.0.0.5, 10.0.0.7, "
		"10.0.0.9 "
		"and 1 more",
	};
	static const enum severity severities[] = {SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_HIGH,
						   SEVERITY_HIGH};
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));
	char id[24];

	for (size_t i = 0; i < 4; i++) {
		take(correlator, &flows[i]);
		tell(correlator, 300, all);
		assert_int_equal(all->count, 1);
		assert_string_equal(all->at[0].title, titles[i]);
		assert_int_equal(all->at[0].severity, severities[i]);
		assert_int_equal(all->at[0].revision, i + 1);
		if (i > 0)
			assert_string_equal(all->at[0].id, id);
		memcpy(id, all->at[0].id, sizeof(id));
	}
	for (int i = 0; i < 8; i++) {
		char client[32];
		snprintf(client, sizeof(client), "10.0.1.%d:1", i + 1);
		take(correlator, &(struct flow){client, "198.51.100.1:3333", WALLET_A, .at_s = 5});
	}
	tell(correlator, 300, all);
	assert_int_equal(all->at[0].victim_total, 12);
	assert_int_equal(all->at[0].severity, SEVERITY_CRITICAL);
	assert_string_equal(all->at[0].wallets, WALLET_A);
	assert_string_equal(all->at[0].pools, "198.51.100.1:3333");
	correlator_free(correlator);
	free(all);
}

static void suspects_join_but_raise_nothing(void **state)
{
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));

	take(correlator, &(struct flow){"10.0.0.8:1", "198.51.100.1:3333", .is_suspect = true});
	tell(correlator, 300, all);
	assert_int_equal(all->count, 0); /* alone it makes no incident */

	take(correlator, &(struct flow){"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .at_s = 10});
	take(correlator, &(struct flow){"10.0.0.6:1", "198.51.100.2:3333", WALLET_B, .at_s = 20});
	/* One suspect names both, and hangs on one; it does not tie the two together. */
	take(correlator, &(struct flow){"10.0.0.9:1", "198.51.100.1:3333", WALLET_B,
					.is_suspect = true, .at_s = 30});
	/* The shares of a suspect may be forged: they join nothing. */
	take(correlator, &(struct flow){"10.0.0.10:1", "198.51.100.7:3333", .prints = "a1",
					.is_suspect = true, .at_s = 30});
	tell(correlator, 300, all);
	assert_int_equal(all->count, 2);
	assert_string_equal(all->at[0].victims, "10.0.0.5");
	assert_string_equal(all->at[1].victims, "10.0.0.6");
	assert_says(all->at[0].story, "10.0.0.8 may mine too: it speaks with 198.51.100.1:3333");
	assert_says(all->at[1].story, "10.0.0.9 may mine too: it speaks with 198.51.100.1:3333");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(all->at[i].findings, 2);
		assert_int_equal(all->at[i].verdict, VERDICT_MINING);
		assert_int_equal(all->at[i].severity, SEVERITY_MEDIUM);
		assert_true(all->at[i].confidence < 0.98);
	}
	correlator_free(correlator);
	free(all);
}

/* Network and host see one miner: one victim, and the story says which process it is. */
static void a_process_joins_its_own_connection(void **state)
{
	static const char *const session = "10.0.0.7:40001 198.51.100.1:3333";
	static const char *const story =
		"The process that mines as 10.0.0.7:40001, on web1: pid 7, /tmp/.x/xmrig, user 33, "
		"x\\x1b.service, started by cron (pid 4). a finding";
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));

	/* what the host saw alone, before the network did */
	take(correlator, &(struct flow){.host = "web1", .session = session, .at_s = 5});
	tell(correlator, 20, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].victims, "web1");
	assert_string_equal(all->at[0].title, "a finding, on web1");
	take(correlator,
	     &(struct flow){"10.0.0.7:40001", "198.51.100.1:3333", WALLET_A, .at_s = 10});
	/* another connection to the same pool is another miner's */
	take(correlator,
	     &(struct flow){"10.0.0.7:40002", "198.51.100.9:3333", WALLET_B, .at_s = 12});
	all->count = 0;
	tell(correlator, 30, all);
	assert_int_equal(all->count, 2);
	assert_string_equal(all->at[0].victims, "10.0.0.7");
	assert_int_equal(all->at[0].findings, 2);
	assert_says(all->at[0].story, story);
	assert_null(strstr(all->at[1].story, "process"));
	correlator_free(correlator);

	/* two addresses of one miner: the one that a process has is its own */
	correlator = correlator_of(0, NULL);
	take(correlator,
	     &(struct flow){"10.0.0.7:40001", "198.51.100.1:3333", WALLET_A, .prints = "a1 a2"});
	take(correlator, &(struct flow){"10.9.9.9:1024", "198.51.100.1:3333", WALLET_A,
					.prints = "a1 a2", .at_s = 1});
	all->count = 0;
	tell(correlator, 30, all);
	assert_int_equal(all->count, 1);
	assert_int_equal(all->at[0].victim_total, 2);
	take(correlator, &(struct flow){.host = "web1", .session = session, .is_suspect = true});
	all->count = 0;
	tell(correlator, 30, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].victims, "10.0.0.7");
	assert_says(all->at[0].story, "10.9.9.9 stands for 10.0.0.7");
	assert_string_equal(all->at[0].cannot_tell, "");
	correlator_free(correlator);

	/* a suspect process is named, and raises nothing */
	correlator = correlator_of(0, NULL);
	take(correlator, &(struct flow){"10.0.0.7:40001", "198.51.100.1:3333", WALLET_A});
	take(correlator, &(struct flow){.host = "web1", .session = session, .is_suspect = true});
	take(correlator,
	     &(struct flow){
		     .host = "pool1", .session = session, .serves = true, .is_suspect = true});
	all->count = 0;
	tell(correlator, 30, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].victims, "10.0.0.7");
	assert_int_equal(all->at[0].severity, SEVERITY_MEDIUM);
	assert_says(all->at[0].story,
		    "The process that has the connection of 10.0.0.7:40001, on web1: pid 7, ");
	assert_says(all->at[0].story, "The process at the pool's end, 198.51.100.1:3333, on pool1");
	correlator_free(correlator);
	free(all);
}

static void one_flow_seen_thrice_is_one_finding(void **state)
{
	const struct flow flow = {"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .revision = 2};
	const struct flow older = {"10.0.0.5:1", "198.51.100.1:3333", WALLET_B, .revision = 1};
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));

	for (int i = 0; i < 3; i++)
		take(correlator, &flow);
	take(correlator, &older);
	tell(correlator, 300, all);
	assert_int_equal(all->count, 1);
	assert_int_equal(all->at[0].findings, 1);
	assert_string_equal(all->at[0].wallets, WALLET_A);
	assert_int_equal(correlator_counters(correlator).outdated, 1);
	tell(correlator, 300, all); /* nothing changed */
	assert_int_equal(all->at[0].revision, 1);
	correlator_free(correlator);
	free(all);
}

static void incidents_merge_close_and_come_back(void **state)
{
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));
	char first[24], second[24];

	take(correlator, &(struct flow){"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .at_s = 1});
	take(correlator, &(struct flow){"10.0.0.6:1", "198.51.100.2:3333", WALLET_B, .at_s = 2});
	tell(correlator, 300, all);
	assert_int_equal(all->count, 2);
	memcpy(first, all->at[0].id, sizeof(first));
	memcpy(second, all->at[1].id, sizeof(second));

	/* A third flow ties them: wallet A at the pool of B. */
	take(correlator, &(struct flow){"10.0.0.7:1", "198.51.100.2:3333", WALLET_A, .at_s = 3});
	tell(correlator, 300, all);
	assert_int_equal(all->count, 2);
	assert_string_equal(all->at[0].id, first);
	assert_string_equal(all->at[0].victims, "10.0.0.5 | 10.0.0.6 | 10.0.0.7");
	assert_string_equal(all->at[1].id, second);
	assert_string_equal(all->at[1].state, "closed");
	assert_says(all->at[1].story, "became part of incident ");
	assert_says(all->at[1].story, first);
	tell(correlator, 300, all); /* said once */
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].state, "open");

	tell(correlator, 2 * 86400, all); /* silent for long */
	assert_string_equal(all->at[0].state, "closed");
	tell(correlator, 8 * 86400, all); /* forgotten */
	assert_int_equal(all->count, 1);
	assert_says(all->at[0].story, "Nothing of this incident has been seen any more");
	tell(correlator, 8 * 86400, all);
	assert_int_equal(all->count, 0);

	take(correlator,
	     &(struct flow){"10.0.0.5:2", "198.51.100.1:3333", WALLET_A, .at_s = 8 * 86400});
	tell(correlator, 8 * 86400 + 60, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].id, first); /* the same name in every run */
	assert_string_equal(all->at[0].state, "open");
	assert_int_equal(all->at[0].revision, 5);
	correlator_free(correlator);
	free(all);
}

static void a_wallet_learned_late_keeps_the_name(void **state)
{
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));
	char id[24];

	take(correlator, &(struct flow){"10.0.0.5:1", "198.51.100.1:3333"});
	tell(correlator, 300, all);
	memcpy(id, all->at[0].id, sizeof(id));
	take(correlator,
	     &(struct flow){"10.0.0.5:1", "198.51.100.1:3333", WALLET_A, .revision = 2});
	tell(correlator, 300, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].id, id);
	assert_int_equal(all->at[0].revision, 2);
	correlator_free(correlator);
	free(all);
}

static void junk_does_not_push_out_mining(void **state)
{
	enum { CAPACITY = 512, JUNK = 20000 };
	struct correlator *correlator = correlator_of(CAPACITY, NULL);
	struct all_told *all = calloc(1, sizeof(*all));
	char client[32], server[32];

	for (int i = 0; i < 3; i++) {
		snprintf(client, sizeof(client), "10.0.0.%d:1", i + 5);
		take(correlator, &(struct flow){client, "198.51.100.1:3333", WALLET_A, .at_s = i});
	}
	for (int i = 0; i < JUNK; i++) {
		snprintf(client, sizeof(client), "10.%d.%d.1:%d", 1 + i / 250, i % 250,
			 1 + i % 60000);
		snprintf(server, sizeof(server), "192.0.2.%d:%d", i % 250, 1000 + i % 9);
		/* junk of every kind that is weaker, half of it at the very pool */
		take(correlator, &(struct flow){client, i % 2 ? server : "198.51.100.1:3333",
						.is_suspect = i % 5 != 0,
						.verdict = i % 5 == 0 ? VERDICT_MINER : 0,
						.prints = "a1", .at_s = 10 + i});
		take(correlator,
		     &(struct flow){client, server, .verdict = VERDICT_EXPOSURE, .at_s = 10 + i});
	}
	/* keep() asserts that few are told: miners at rest of many pools would be too many here */
	struct correlator_counters counters = correlator_counters(correlator);
	assert_int_equal(counters.findings.used, CAPACITY);
	assert_int_equal(counters.findings.used_by_class[2], 3);
	assert_int_equal(counters.findings.evicted_by_class[2], 0);
	assert_true(counters.findings.evicted_by_class[0] > JUNK / 2);
	assert_int_equal(counters.passed_over, JUNK);
	correlator_free(correlator);

	correlator = correlator_of(CAPACITY, NULL);
	for (int i = 0; i < 3; i++) {
		snprintf(client, sizeof(client), "10.0.0.%d:1", i + 5);
		take(correlator, &(struct flow){client, "198.51.100.1:3333", WALLET_A, .at_s = i});
	}
	for (int i = 0; i < JUNK; i++) {
		snprintf(client, sizeof(client), "10.%d.%d.1:1", 1 + i / 250, i % 250);
		take(correlator, &(struct flow){client, "198.51.100.1:3333", .is_suspect = true,
						.at_s = 10 + i});
	}
	tell(correlator, JUNK + 100, all);
	assert_int_equal(all->count, 1);
	assert_string_equal(all->at[0].victims, "10.0.0.5 | 10.0.0.6 | 10.0.0.7");
	assert_says(all->at[0].title, "on 3 hosts for wallet 48ed");
	assert_int_equal(all->at[0].severity, SEVERITY_HIGH);
	correlator_free(correlator);
	free(all);
}

/* Hostile names are made printable; nothing grows without bound. */
static void hostile_names_stay_harmless(void **state)
{
	struct correlator *correlator = correlator_of(0, NULL);
	struct all_told *all = calloc(1, sizeof(*all));

	for (int i = 0; i < 60; i++) {
		char client[32];
		snprintf(client, sizeof(client), "10.0.2.%d:1", i + 1);
		take(correlator, &(struct flow){client, "198.51.100.1:443", "\x1b[2J\xff wallet",
						"\x1b[31mpool\n\xe2\x80\xae", .at_s = i});
	}
	tell(correlator, 300, all);
	assert_int_equal(all->count, 1);
	assert_int_equal(all->at[0].victim_total, 60);
	assert_true(strchr(all->at[0].title, '\x1b') == NULL);
	assert_true(strchr(all->at[0].story, '\x1b') == NULL);
	assert_true(strchr(all->at[0].story, '\n') == NULL);
	assert_says(all->at[0].title, "\\x1b[2J\\xff");
	correlator_free(correlator);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_join_and_keep_apart),
		cmocka_unit_test(titles_are_plain),
		cmocka_unit_test(suspects_join_but_raise_nothing),
		cmocka_unit_test(a_process_joins_its_own_connection),
		cmocka_unit_test(one_flow_seen_thrice_is_one_finding),
		cmocka_unit_test(incidents_merge_close_and_come_back),
		cmocka_unit_test(a_wallet_learned_late_keeps_the_name),
		cmocka_unit_test(junk_does_not_push_out_mining),
		cmocka_unit_test(hostile_names_stay_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
