#include "detect/cluster/pod_shape.h"

#include <string.h>

#include "base/buf.h"

enum {
	CONTAINERS_MOST = 64,
	ITEMS_MOST = 256, /* arguments, variables, volumes of one list */
	TEXT_MOST = 32 * 1024,
	WORD_MOST = 16 * 1024,
	LOW_CPU_MILLI = 1000,
};

static struct json_value member(struct json_value object, const char *key)
{
	return json_member(object, str_from(key));
}

static bool is_true(struct json_value object, const char *key)
{
	return json_is_true(member(object, key));
}

/* Keeps what is there already: of a record, the request comes before its answer. */
static void keep(char *out, size_t cap, struct json_value value)
{
	char scratch[POD_IMAGE_MAX];
	struct str text = json_text(value, scratch, sizeof(scratch));

	if (out[0] || text.len == 0)
		return;
	text = str_sub(text, 0, cap - 1);
	memcpy(out, text.at, text.len);
	out[text.len] = '\0';
}

static void keep_secret(struct pod_shape *shape, struct json_value name)
{
	char text[POD_NAME_MAX] = "";

	keep(text, sizeof(text), name);
	if (!text[0])
		return;
	for (uint32_t i = 0; i < shape->secret_count; i++)
		if (strcmp(shape->secrets[i], text) == 0)
			return;
	if (shape->secret_count < POD_SECRETS_MAX)
		memcpy(shape->secrets[shape->secret_count++], text, sizeof(text));
}

/* -- commands -- */

struct command_text {
	char at[TEXT_MOST];
	size_t len;
};

static void add(struct command_text *text, struct str word, char after)
{
	word = str_sub(word, 0, TEXT_MOST - 1 - text->len);
	if (word.len > 0)
		memcpy(text->at + text->len, word.at, word.len);
	text->len += word.len;
	if (text->len < TEXT_MOST - 1)
		text->at[text->len++] = after;
}

static void add_value(struct command_text *text, struct json_value value, char after)
{
	char scratch[WORD_MOST];

	add(text, json_text(value, scratch, sizeof(scratch)), after);
}

/* ["sh", "-c", "..."], or one string where people wrote that by mistake */
static void add_words(struct command_text *text, struct json_value list)
{
	struct json_value word = json_first(list);

	if (json_kind(list) == JSON_STRING)
		add_value(text, list, ' ');
	for (size_t i = 0; i < ITEMS_MOST && json_exists(word); i++, word = json_next(word))
		add_value(text, word, ' ');
}

static void look_at(struct pod_shape *shape, struct command_text *text)
{
	command_look(&shape->look, str_of(text->at, text->len));
	text->len = 0;
}

static void look_at_exec(struct pod_shape *shape, struct command_text *text,
			 struct json_value action)
{
	add_words(text, member(member(action, "exec"), "command"));
	look_at(shape, text);
}

/* What runs: command and arguments are one, each hook and probe is one more. */
static void read_commands(struct pod_shape *shape, struct command_text *text,
			  struct json_value container)
{
	static const char *const probes[] = {"livenessProbe", "readinessProbe", "startupProbe"};
	struct json_value cycle = member(container, "lifecycle");

	add_words(text, member(container, "command"));
	add_words(text, member(container, "args"));
	look_at(shape, text);
	look_at_exec(shape, text, member(cycle, "postStart"));
	look_at_exec(shape, text, member(cycle, "preStop"));
	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++)
		look_at_exec(shape, text, member(container, probes[i]));
}

static void read_variables(struct pod_shape *shape, struct command_text *text,
			   struct json_value container)
{
	struct json_value item = json_first(member(container, "env"));

	for (size_t i = 0; i < ITEMS_MOST && json_exists(item); i++, item = json_next(item)) {
		struct json_value from = member(item, "valueFrom");
		keep_secret(shape, member(member(from, "secretKeyRef"), "name"));
		if (json_exists(member(item, "value"))) {
			add_value(text, member(item, "name"), '=');
			add_value(text, member(item, "value"), '\n');
		}
	}
	item = json_first(member(container, "envFrom"));
	for (size_t i = 0; i < ITEMS_MOST && json_exists(item); i++, item = json_next(item))
		keep_secret(shape, member(member(item, "secretRef"), "name"));
}

/* -- what the container may and gets -- */

static void read_capabilities(struct pod_shape *shape, struct json_value security)
{
	static const struct str strong[] = {
		STR("ALL"),	  STR("SYS_ADMIN"),	  STR("SYS_MODULE"), STR("SYS_PTRACE"),
		STR("SYS_RAWIO"), STR("DAC_READ_SEARCH"), STR("BPF"),	     STR("CAP_SYS_ADMIN")};
	struct json_value name = json_first(member(member(security, "capabilities"), "add"));

	for (size_t i = 0; i < ITEMS_MOST && json_exists(name); i++, name = json_next(name))
		for (size_t k = 0; k < sizeof(strong) / sizeof(*strong); k++)
			if (json_text_is(name, strong[k]))
				shape->form |= POD_CAPABLE;
}

/* "500m", "0.5", "2", 2: thousandths of a core; false on anything else. */
static bool read_milli(struct json_value value, double *out)
{
	char scratch[32];
	struct str text = json_text(value, scratch, sizeof(scratch));
	double unit = 1000;

	if (text.len > 1 && text.at[text.len - 1] == 'm') {
		text.len--;
		unit = 1;
	}
	if (!str_to_double(text, out))
		return false;
	*out *= unit;
	return true;
}

static void read_resources(struct pod_shape *shape, struct json_value container)
{
	static const char *const kinds[] = {"limits", "requests"};
	struct json_value resources = member(container, "resources");
	double milli;

	if (read_milli(member(member(resources, "limits"), "cpu"), &milli) && milli > 0 &&
	    milli <= LOW_CPU_MILLI)
		shape->form |= POD_LOW_CPU;
	for (size_t k = 0; k < 2; k++) {
		struct json_value item = json_first(member(resources, kinds[k]));
		for (size_t i = 0; i < ITEMS_MOST && json_exists(item); i++, item = json_next(item))
			if (str_starts(json_raw_text(json_key_of(item)), STR("hugepages-")))
				shape->form |= POD_HUGE_PAGES;
	}
}

static void read_container(struct pod_shape *shape, struct json_value container)
{
	struct command_text text;
	struct json_value security = member(container, "securityContext");
	char image[POD_IMAGE_MAX] = "";

	text.len = 0;
	keep(image, sizeof(image), member(container, "image"));
	if (command_look_is_miner_name(str_from(image))) {
		shape->look.signs |= SAYS_NAME;
		memcpy(shape->image, image, sizeof(image));
	} else if (!shape->image[0]) {
		memcpy(shape->image, image, sizeof(image));
	}
	if (is_true(security, "privileged"))
		shape->form |= POD_PRIVILEGED;
	read_capabilities(shape, security);
	read_resources(shape, container);
	read_commands(shape, &text, container);
	read_variables(shape, &text, container);
	look_at(shape, &text);
}

static void read_containers(struct pod_shape *shape, struct json_value list)
{
	struct json_value container = json_first(list);

	for (size_t i = 0; i < CONTAINERS_MOST && json_exists(container);
	     i++, container = json_next(container))
		read_container(shape, container);
}

/* -- the pod -- */

static bool gives_machine_away(struct str path)
{
	static const struct str places[] = {STR("/"),
					    STR("/etc"),
					    STR("/root"),
					    STR("/proc"),
					    STR("/var"),
					    STR("/home"),
					    STR("/boot"),
					    STR("/dev"),
					    STR("/host"),
					    STR("/usr"),
					    STR("/bin"),
					    STR("/var/lib"),
					    STR("/var/run"),
					    STR("/run"),
					    STR("/var/lib/kubelet"),
					    STR("/etc/kubernetes")};

	while (path.len > 1 && path.at[path.len - 1] == '/')
		path.len--;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (str_equal(path, places[i]))
			return true;
	return str_ends(path, STR("docker.sock")) || str_ends(path, STR("containerd.sock")) ||
	       str_ends(path, STR("crio.sock")) || str_starts(path, STR("/var/spool/cron")) ||
	       str_starts(path, STR("/etc/cron"));
}

static void read_volumes(struct pod_shape *shape, struct json_value list)
{
	struct json_value volume = json_first(list);
	char scratch[POD_IMAGE_MAX];

	for (size_t i = 0; i < ITEMS_MOST && json_exists(volume); i++, volume = json_next(volume)) {
		struct json_value path = member(member(volume, "hostPath"), "path");
		if (json_exists(path) &&
		    gives_machine_away(json_text(path, scratch, sizeof(scratch))))
			shape->form |= POD_HOST_FILES;
		keep_secret(shape, member(member(volume, "secret"), "secretName"));
	}
}

/* Exists without a key is every taint there is. */
static void read_tolerations(struct pod_shape *shape, struct json_value list)
{
	struct json_value item = json_first(list);
	char scratch[8];

	for (size_t i = 0; i < ITEMS_MOST && json_exists(item); i++, item = json_next(item))
		if (json_text_is(member(item, "operator"), STR("Exists")) &&
		    json_text(member(item, "key"), scratch, sizeof(scratch)).len == 0)
			shape->form |= POD_EVERY_TAINT;
}

static void read_pod(struct pod_shape *shape, struct json_value spec)
{
	char priority[32] = "";

	if (json_kind(spec) != JSON_OBJECT)
		return;
	shape->form |= POD_HAS_SPEC;
	shape->form |= is_true(spec, "hostPID") ? POD_HOST_PROCESSES : 0;
	shape->form |= is_true(spec, "hostNetwork") ? POD_HOST_NETWORK : 0;
	keep(priority, sizeof(priority), member(spec, "priorityClassName"));
	shape->form |= str_starts(str_from(priority), STR("system-")) ? POD_PRIORITY : 0;
	keep(shape->service_account, POD_NAME_MAX, member(spec, "serviceAccountName"));
	keep(shape->node, POD_NAME_MAX, member(spec, "nodeName"));
	read_volumes(shape, member(spec, "volumes"));
	read_tolerations(shape, member(spec, "tolerations"));
	read_containers(shape, member(spec, "containers"));
	read_containers(shape, member(spec, "initContainers"));
	read_containers(shape, member(spec, "ephemeralContainers"));
}

/* Down through jobTemplate and template to where the containers are. */
static struct json_value pod_spec_of(struct json_value object)
{
	struct json_value spec = member(object, "spec");

	if (json_exists(member(spec, "jobTemplate")))
		spec = member(member(spec, "jobTemplate"), "spec");
	if (json_exists(member(spec, "template")))
		return member(member(spec, "template"), "spec");
	if (json_exists(member(object, "template"))) /* PodTemplate */
		return member(member(object, "template"), "spec");
	return spec;
}

/* [{"op":"add","path":"/spec/template/spec/containers/0/args","value":["-o","..."]}] */
static void read_operations(struct pod_shape *shape, struct json_value list)
{
	struct command_text text;
	struct json_value item = json_first(list);

	text.len = 0;
	for (size_t i = 0; i < ITEMS_MOST && json_exists(item); i++, item = json_next(item)) {
		struct json_value value = member(item, "value"), first = json_first(value);
		if (json_kind(value) == JSON_OBJECT && json_exists(member(value, "image")))
			read_container(shape, value);
		else if (json_kind(value) == JSON_OBJECT &&
			 json_exists(member(value, "containers")))
			read_pod(shape, value);
		else if (json_kind(first) == JSON_OBJECT && json_exists(member(first, "image")))
			read_containers(shape, value);
		else
			add_words(&text, value);
	}
	shape->form |= POD_HAS_SPEC;
	look_at(shape, &text);
}

void pod_shape_read(struct pod_shape *shape, struct json_value object)
{
	struct json_value metadata = member(object, "metadata");
	uint64_t replicas;

	if (json_kind(object) == JSON_ARRAY) {
		read_operations(shape, object);
		return;
	}
	if (json_kind(object) != JSON_OBJECT || json_text_is(member(object, "kind"), STR("Status")))
		return;
	keep(shape->name, POD_NAME_MAX, member(metadata, "name"));
	struct json_value owner = json_first(member(metadata, "ownerReferences"));
	if (json_is_true(member(owner, "controller"))) {
		shape->form |= POD_IS_OWNED;
		keep(shape->owner_kind, POD_KIND_MAX, member(owner, "kind"));
		keep(shape->owner, POD_NAME_MAX, member(owner, "name"));
	}
	if (json_to_u64(member(member(object, "spec"), "replicas"), &replicas))
		shape->replicas = replicas;
	read_pod(shape, pod_spec_of(object));
}
