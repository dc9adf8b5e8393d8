#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "correlate/told_incidents.h"

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
					take_flow(correlator, flow);
			}
			tell_all(correlator, 300, all);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_join_and_keep_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
