/* Servers that let in whoever asks: by their arguments, their settings and where they listen. */
#include <inttypes.h>

#include "base/json.h"
#include "detect/exposure/exposure.h"
#include "detect/exposure/tell.h"

static const struct {
	const char *name, *settings;
} doors[DOOR_COUNT] = {
	[DOOR_DOCKER] = {"Docker's API", "/etc/docker/daemon.json"},
	[DOOR_KUBELET] = {"the kubelet", "/var/lib/kubelet/config.yaml"},
	[DOOR_REDIS] = {"Redis", "/etc/redis/redis.conf"},
	[DOOR_ETCD] = {"etcd", ""},
	[DOOR_JUPYTER] = {"Jupyter", ""},
	[DOOR_YARN] = {"YARN's resource manager", "/etc/hadoop/conf/core-site.xml"},
	[DOOR_ELASTICSEARCH] = {"Elasticsearch", "/etc/elasticsearch/elasticsearch.yml"},
};

const char *exposure_door_name(enum exposure_door door)
{
	return door > DOOR_NONE && door < DOOR_COUNT ? doors[door].name : "";
}

static bool has(struct str text, const char *word)
{
	return str_find(text, str_from(word)) >= 0;
}

static bool is_program(const struct process *p, const char *name)
{
	struct str path = p->executable.path, end = str_from(name);

	return str_equal(p->name, str_sub(end, 0, PROCESS_NAME_MAX - 1)) ||
	       (str_ends(path, end) && path.len > end.len &&
		path.at[path.len - end.len - 1] == '/');
}

enum exposure_door exposure_door_of(const struct process *p)
{
	if (is_program(p, "dockerd"))
		return DOOR_DOCKER;
	if (is_program(p, "kubelet"))
		return DOOR_KUBELET;
	if (is_program(p, "redis-server") || is_program(p, "valkey-server"))
		return DOOR_REDIS;
	if (is_program(p, "etcd"))
		return DOOR_ETCD;
	if (has(p->arguments, "jupyter-lab") || has(p->arguments, "jupyter-notebook") ||
	    has(p->arguments, "jupyter-server") || has(p->arguments, "jupyter lab") ||
	    has(p->arguments, "jupyter notebook"))
		return DOOR_JUPYTER;
	if (has(p->arguments, "yarn.server.resourcemanager.ResourceManager"))
		return DOOR_YARN;
	if (has(p->arguments, "org.elasticsearch."))
		return DOOR_ELASTICSEARCH;
	return DOOR_NONE;
}

/* -- arguments and settings -- */

/* "--name=value" or "--name value"; false without it. */
static bool argument(struct str arguments, const char *name, struct str *value)
{
	ptrdiff_t at = str_find(arguments, str_from(name));
	struct str rest;

	if (at < 0)
		return false;
	arguments = str_skip(arguments, (size_t)at + strlen(name));
	if (arguments.len > 0 && arguments.at[0] != '=' && arguments.at[0] != ' ')
		return false;
	(void)str_cut(str_skip(arguments, 1), ' ', value, &rest);
	return true;
}

struct str exposure_door_settings(enum exposure_door door, const struct process *process,
				  struct arena *arena)
{
	struct str value, rest, word;

	if (door == DOOR_KUBELET && argument(process->arguments, "--config", &value))
		return value;
	if (door == DOOR_DOCKER && argument(process->arguments, "--config-file", &value))
		return value;
	if (door == DOOR_ELASTICSEARCH && argument(process->arguments, "-Des.path.conf", &value))
		return arena_printf(arena, "%.*s/elasticsearch.yml", STR_ARG(value));
	if (door == DOOR_REDIS) {
		rest = process->arguments;
		while (str_cut(rest, ' ', &word, &rest) || word.len > 0) {
			if (str_starts(word, STR("/")) && str_ends(word, STR(".conf")))
				return word;
			if (rest.len == 0)
				break;
		}
	}
	return door < DOOR_COUNT ? str_from(doors[door].settings) : (struct str){0};
}

/* The last value of a setting, as servers take it; empty: it is not there. */
static struct str setting(const struct str *settings, struct str key)
{
	struct setup_reader reader;
	struct setup_entry entry;
	struct str value = {0};

	if (!settings)
		return value;
	setup_begin(&reader, SETUP_SERVICE, *settings);
	while (setup_next(&reader, &entry))
		if (str_equal_nocase(entry.key, key))
			value = entry.command;
	return value;
}

/* "authentication:\n  anonymous:\n    enabled: true" */
static bool allows_anonymous(struct str settings)
{
	ptrdiff_t at = str_find(settings, STR("anonymous:"));
	struct str line, rest;

	if (at < 0)
		return false;
	(void)str_cut(str_skip(settings, (size_t)at), '\n', &line, &rest);
	(void)str_cut(rest, '\n', &line, &rest);
	return str_equal(str_trim(line), STR("enabled: true"));
}

/* -- sockets -- */

static const struct process_socket *open_socket(const struct process *p, uint16_t port)
{
	for (size_t i = 0; i < p->socket_count; i++) {
		const struct process_socket *s = &p->sockets[i];
		if (s->is_tcp && s->is_listening && !address_is_loopback(&s->local.address) &&
		    (port == 0 || s->local.port == port))
			return s;
	}
	return NULL;
}

/* -- judging -- */

struct door_view {
	const struct process *process;
	const struct str *settings;
	uint16_t port;	    /* it listens there */
	const char *reason; /* when it is open */
	const char *remedy;
	enum severity severity;
};

static enum exposure_answer judge_docker(struct door_view *v)
{
	struct str arguments = v->process->arguments;
	/* without TLS; with it and no client's certificate asked for, anybody may as well */
	const bool verifies = has(arguments, "--tlsverify") ||
			      (v->settings && has(*v->settings, "\"tlsverify\""));

	v->reason = "whoever reaches it starts containers as root: it asks for no certificate";
	v->remedy = "Let it listen on its socket only, or give it --tlsverify and certificates";
	v->severity = SEVERITY_CRITICAL;
	return verifies && !has(arguments, "--tlsverify=false") ? EXPOSURE_NONE : EXPOSURE_FOUND;
}

static enum exposure_answer judge_kubelet(struct door_view *v)
{
	struct str value;

	v->reason = "it runs commands in any pod of this node for whoever asks: anonymous "
		    "requests are allowed";
	v->remedy = "Set authentication.anonymous.enabled: false and authorization.mode: Webhook "
		    "in its settings, then: systemctl restart kubelet";
	v->severity = SEVERITY_CRITICAL;
	if (argument(v->process->arguments, "--anonymous-auth", &value))
		return str_equal(value, STR("true")) ? EXPOSURE_FOUND : EXPOSURE_NONE;
	if (!v->settings)
		return EXPOSURE_CANNOT_TELL;
	return allows_anonymous(*v->settings) ? EXPOSURE_FOUND : EXPOSURE_NONE;
}

static enum exposure_answer judge_redis(struct door_view *v)
{
	struct str arguments = v->process->arguments, value;
	uint64_t port = 6379;
	/* It writes over its arguments; settings that name another port are not its own. */
	if (v->settings && setting(v->settings, STR("port")).len > 0 &&
	    !str_to_u64(setting(v->settings, STR("port")), &port))
		port = 0;
	if (port != v->port)
		v->settings = NULL;
	bool has_password = argument(arguments, "--requirepass", &value) ||
			    setting(v->settings, STR("requirepass")).len > 0 ||
			    setting(v->settings, STR("aclfile")).len > 0 ||
			    setting(v->settings, STR("user")).len > 0;
	bool is_off = argument(arguments, "--protected-mode", &value)
			      ? str_equal(value, STR("no"))
			      : str_equal(setting(v->settings, STR("protected-mode")), STR("no"));

	v->reason = "it takes commands from whoever reaches it, without a password and with its "
		    "protected mode off; through it crontabs and keys are written";
	v->remedy = "Set requirepass, and bind 127.0.0.1 unless others need it";
	v->severity = SEVERITY_CRITICAL;
	if (is_off && !has_password &&
	    (v->settings || argument(arguments, "--protected-mode", &value)))
		return EXPOSURE_FOUND;
	return v->settings || has_password ? EXPOSURE_NONE : EXPOSURE_CANNOT_TELL;
}

static enum exposure_answer judge_etcd(struct door_view *v)
{
	struct str arguments = v->process->arguments, urls;

	v->reason = "it gives all it holds, a cluster's secrets among it, to whoever reaches it: "
		    "plain http, no certificate asked for";
	v->remedy = "Give it https in --listen-client-urls, and --client-cert-auth";
	v->severity = SEVERITY_CRITICAL;
	if (!argument(arguments, "--listen-client-urls", &urls))
		return EXPOSURE_NONE; /* its default is localhost */
	return has(urls, "http://") && !has(arguments, "--client-cert-auth") &&
			       (!has(urls, "http://127.0.0.1") || has(urls, "http://0.0.0.0"))
		       ? EXPOSURE_FOUND
		       : EXPOSURE_NONE;
}

static enum exposure_answer judge_jupyter(struct door_view *v)
{
	static const char *const names[] = {"--NotebookApp.token", "--ServerApp.token",
					    "--IdentityProvider.token"};
	struct str arguments = v->process->arguments, token;

	v->reason = "it runs whatever code it is sent, and asks for no token";
	v->remedy = "Start it without the empty token, on 127.0.0.1";
	v->severity = SEVERITY_CRITICAL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (argument(arguments, names[i], &token) &&
		    (token.len == 0 || str_equal(token, STR("''")) ||
		     str_equal(token, STR("\"\""))))
			return has(arguments, "password=argon2") || has(arguments, "password=sha")
				       ? EXPOSURE_NONE
				       : EXPOSURE_FOUND;
	return EXPOSURE_NONE;
}

static enum exposure_answer judge_yarn(struct door_view *v)
{
	v->reason = "it runs applications for whoever reaches it: its settings do not ask for "
		    "Kerberos";
	v->remedy = "Keep its ports from others, or set hadoop.security.authentication to kerberos";
	v->severity = SEVERITY_HIGH;
	if (!v->settings)
		return EXPOSURE_CANNOT_TELL;
	return has(*v->settings, "kerberos") ? EXPOSURE_NONE : EXPOSURE_FOUND;
}

static enum exposure_answer judge_elasticsearch(struct door_view *v)
{
	struct str security = setting(v->settings, STR("xpack.security.enabled"));

	v->reason = "it answers whoever reaches it: its security is switched off";
	v->remedy = "Set xpack.security.enabled: true, or network.host: _local_";
	v->severity = SEVERITY_HIGH;
	if (!v->settings)
		return EXPOSURE_CANNOT_TELL;
	return str_equal(security, STR("false")) ? EXPOSURE_FOUND : EXPOSURE_NONE;
}

static enum exposure_answer (*const judges[DOOR_COUNT])(struct door_view *) = {
	[DOOR_DOCKER] = judge_docker,
	[DOOR_KUBELET] = judge_kubelet,
	[DOOR_REDIS] = judge_redis,
	[DOOR_ETCD] = judge_etcd,
	[DOOR_JUPYTER] = judge_jupyter,
	[DOOR_YARN] = judge_yarn,
	[DOOR_ELASTICSEARCH] = judge_elasticsearch,
};

static uint16_t port_of(enum exposure_door door)
{
	return door == DOOR_KUBELET ? 10250 : 0;
}

static void tell(struct str host, enum exposure_door door, const struct door_view *v,
		 const struct process_socket *socket, instant now, struct arena *arena,
		 struct finding *out)
{
	const struct claim claim = {"open-service", VERDICT_EXPOSURE, v->severity, 0.9, "T1190"};
	char local[ENDPOINT_TEXT_MAX];

	endpoint_text(&socket->local, local);
	tell_claim(out, &claim, now);
	out->subject.type = STR("service");
	facts_add_text(&out->subject.keys, "host", host);
	facts_add_text(&out->subject.keys, "service", str_from(exposure_door_name(door)));
	facts_add_text(&out->subject.keys, "listens", arena_printf(arena, "%s", local));
	facts_add_number(&out->facts, "pid", v->process->key.pid);
	facts_add_text(&out->facts, "executable", v->process->executable.path);
	facts_add_text(&out->facts, "unit", v->process->cgroup.unit);
	facts_add_text(&out->facts, "container", v->process->cgroup.container);
	out->title =
		arena_printf(arena, "%s is open to others on %s", exposure_door_name(door), local);
	finding_add_reason(out, str_from(v->reason));
	finding_add_reason(out, STR("whether a firewall stands in front of it was not looked at"));
	finding_add_evidence(out, (struct evidence){.source = STR("arguments"),
						    .time = now,
						    .quote = str_sub(v->process->arguments, 0,
								     EVIDENCE_QUOTE_MAX)});
	finding_add_action(out, (struct action){.text = str_from(v->remedy)});
}

enum exposure_answer exposure_of_door(struct str host, enum exposure_door door,
				      const struct process *process, const struct str *settings,
				      instant now, struct arena *arena, struct finding *out)
{
	struct door_view v = {.process = process, .settings = settings};
	const struct process_socket *socket = open_socket(process, port_of(door));

	if (door <= DOOR_NONE || door >= DOOR_COUNT || !socket)
		return EXPOSURE_NONE;
	v.port = socket->local.port;
	enum exposure_answer answer = judges[door](&v);
	if (answer == EXPOSURE_FOUND)
		tell(host, door, &v, socket, now, arena, out);
	return answer;
}
