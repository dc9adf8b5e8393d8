#include "decode/proc/cgroup.h"

#include <string.h>

#include "decode/proc/fields.h"

enum { ID_DIGITS_MIN = 12, ID_DIGITS = 64, POD_UID_HEX = 32 /* of static pods: no dashes */ };

/* How runtimes name the group of one container: prefix, id, and ".scope" under systemd. */
static const struct {
	struct str prefix;
	enum container_runtime runtime;
} named[] = {
	{STR("docker-"), CONTAINER_DOCKER},
	{STR("cri-containerd-"), CONTAINER_CONTAINERD},
	{STR("cri-containerd:"), CONTAINER_CONTAINERD},
	{STR("nerdctl-"), CONTAINER_CONTAINERD},
	{STR("crio-"), CONTAINER_CRIO},
	{STR("crio:"), CONTAINER_CRIO},
	{STR("libpod-payload-"), CONTAINER_PODMAN},
	{STR("libpod-"), CONTAINER_PODMAN},
};

/* Groups whose children are containers, called by their bare id. */
static const struct {
	struct str parent;
	enum container_runtime runtime;
} parents[] = {
	{STR("docker"), CONTAINER_DOCKER},
	{STR("buildkit"), CONTAINER_DOCKER},
	{STR("libpod_parent"), CONTAINER_PODMAN},
};

/* containerd's namespaces: without systemd the group of a container is /NAMESPACE/ID. */
static const struct str namespaces[] = {STR("default"), STR("k8s.io"), STR("moby")};

static bool is_id(struct str text)
{
	return text.len >= ID_DIGITS_MIN && text.len <= ID_DIGITS && str_is_hex(text);
}

static struct str without_scope(struct str part)
{
	return str_ends(part, STR(".scope")) ? str_sub(part, 0, part.len - 6) : part;
}

/* "cri-containerd-ID.scope", and containerd's "SLICE:cri-containerd:ID" */
static bool read_named(struct str part, struct cgroup_place *out)
{
	struct str head, tail;

	part = without_scope(part);
	if (str_cut(part, ':', &head, &tail) && str_ends(head, STR(".slice")))
		part = tail;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		struct str id = str_skip(part, named[i].prefix.len);
		if (!str_starts(part, named[i].prefix) || !is_id(id))
			continue;
		out->container = id;
		out->runtime = named[i].runtime;
		return true;
	}
	return false;
}

/* LXC and nspawn call a container by a name, not by an id. */
static bool read_called(struct str part, struct str parent, struct cgroup_place *out)
{
	const struct str payload = STR("lxc.payload."), machine = STR("machine-");

	if (str_starts(part, payload)) {
		out->container = str_skip(part, payload.len);
		out->runtime = CONTAINER_LXC;
	} else if (str_equal(parent, STR("lxc")) || str_equal(parent, STR("lxc.payload"))) {
		out->container = part;
		out->runtime = CONTAINER_LXC;
	} else if (str_equal(parent, STR("machine.slice")) && str_starts(part, machine) &&
		   !str_starts(part, STR("machine-qemu")) && str_ends(part, STR(".scope"))) {
		out->container = str_skip(without_scope(part), machine.len);
		out->runtime = CONTAINER_OTHER;
	}
	return out->runtime != CONTAINER_NONE && out->container.len > 0;
}

static bool read_bare(struct str part, struct str parent, struct cgroup_place *out)
{
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		if (!str_equal(parent, parents[i].parent) || part.len < ID_DIGITS_MIN)
			continue;
		out->container = part;
		out->runtime = parents[i].runtime;
		return true;
	}
	if (part.len != ID_DIGITS || !str_is_hex(part))
		return false;
	out->container = part;
	out->runtime = CONTAINER_OTHER;
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		if (str_equal(parent, namespaces[i]))
			out->runtime = CONTAINER_CONTAINERD;
	return true;
}

/* The group of a container, if `part` is one. */
static void read_container(struct str part, struct str parent, struct cgroup_place *out)
{
	struct cgroup_place found = {0};

	if (!read_named(part, &found) && !read_called(part, parent, &found) &&
	    !read_bare(part, parent, &found))
		return;
	out->container = found.container;
	out->runtime = found.runtime;
}

static bool is_uid(struct str text)
{
	if (text.len == POD_UID_HEX)
		return str_is_hex(text);
	if (text.len != CGROUP_POD_UID_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool is_mark = i == 8 || i == 13 || i == 18 || i == 23;
		if (is_mark ? text.at[i] != '-' && text.at[i] != '_' : hex_digit(text.at[i]) < 0)
			return false;
	}
	return true;
}

/* "pod<uid>", "kubepods-burstable-pod<uid>.slice", and the latter before a ':' */
static void read_pod(struct str part, char scratch[CGROUP_POD_UID_LEN], struct cgroup_place *out)
{
	struct str uid, tail;
	ptrdiff_t slice;

	if (str_cut(part, ':', &uid, &tail) && str_ends(uid, STR(".slice")))
		part = uid;
	if (str_starts(part, STR("pod"))) {
		uid = str_skip(part, 3);
	} else if ((slice = str_find(part, STR("kubepods"))) >= 0 &&
		   str_ends(part, STR(".slice"))) {
		part = str_sub(part, (size_t)slice, part.len - (size_t)slice - 6);
		ptrdiff_t at = str_find(part, STR("-pod"));
		uid = at < 0 ? (struct str){0} : str_skip(part, (size_t)at + 4);
	} else {
		return;
	}
	if (!is_uid(uid))
		return;
	memcpy(scratch, uid.at, uid.len);
	for (size_t i = 0; i < uid.len; i++)
		if (scratch[i] == '_')
			scratch[i] = '-';
	out->pod = str_of(scratch, uid.len);
}

static bool is_unit(struct str part)
{
	return (str_ends(part, STR(".service")) && part.len > 8) ||
	       (str_ends(part, STR(".scope")) && part.len > 6);
}

void cgroup_place_of_path(struct str path, char scratch[CGROUP_POD_UID_LEN],
			  struct cgroup_place *out)
{
	struct str rest = path, part, parent = {0};

	*out = (struct cgroup_place){.path = path};
	while (rest.len) {
		(void)str_cut(rest, '/', &part, &rest);
		if (part.len == 0)
			continue;
		bool is_inside = out->runtime != CONTAINER_NONE;
		read_container(part, parent, out);
		read_pod(part, scratch, out); /* "SLICE:cri-containerd:ID" is both */
		/* A systemd inside a container has units of its own: ours stops at its group. */
		if (!is_inside && is_unit(part))
			out->unit = part;
		parent = part;
	}
}

struct line {
	struct str controllers, path;
	bool is_v2;
};

static bool next_group(struct str *text, struct line *out)
{
	const struct str deleted = STR(" (deleted)");
	struct str line, number, rest;

	while (next_line(text, &line)) {
		if (!str_cut(line, ':', &number, &rest) ||
		    !str_cut(rest, ':', &out->controllers, &out->path) ||
		    !str_starts(out->path, STR("/")))
			continue;
		if (str_ends(out->path, deleted))
			out->path.len -= deleted.len;
		out->is_v2 = str_equal(number, STR("0")) && out->controllers.len == 0;
		return true;
	}
	return false;
}

static bool has_controller(struct str list, struct str name)
{
	struct str item;

	while (list.len) {
		(void)str_cut(list, ',', &item, &list);
		if (str_equal(item, name))
			return true;
	}
	return false;
}

static struct str choose_path(struct str text)
{
	struct str v2 = {0}, cpu = {0}, any = {0};
	struct line line;

	while (next_group(&text, &line)) {
		if (line.is_v2)
			v2 = line.path;
		else if (has_controller(line.controllers, STR("cpu")))
			cpu = line.path;
		else if (any.len <= 1)
			any = line.path;
	}
	if (v2.len > 1 || (!cpu.len && !any.len))
		return v2;
	return cpu.len ? cpu : v2.len ? v2 : any;
}

enum decoded proc_cgroup_read(struct str text, char scratch[CGROUP_POD_UID_LEN],
			      struct cgroup_place *out)
{
	struct str path = choose_path(text);
	char other_scratch[CGROUP_POD_UID_LEN];
	struct cgroup_place other = {0};
	struct line line;

	*out = (struct cgroup_place){0};
	if (!path.len)
		return MALFORMED;
	cgroup_place_of_path(path, scratch, out);
	while (next_group(&text, &line)) {
		cgroup_place_of_path(line.path, other_scratch, &other);
		if (!out->unit.len)
			out->unit = other.unit;
		if (out->runtime == CONTAINER_NONE) {
			out->container = other.container;
			out->runtime = other.runtime;
		}
		if (!out->pod.len && other.pod.len) {
			memcpy(scratch, other_scratch, sizeof(other_scratch));
			out->pod = str_of(scratch, other.pod.len);
		}
	}
	return DECODED;
}

bool cgroup_is_within(struct str path, struct str group)
{
	while (group.len > 0 && group.at[group.len - 1] == '/')
		group.len--;
	return str_starts(path, group) && (path.len == group.len || path.at[group.len] == '/');
}

bool cgroup_is_of_a_user(struct str path)
{
	struct str part;

	while (path.len > 0) {
		(void)str_cut(path, '/', &part, &path);
		if (str_equal(part, STR("user.slice")) || str_starts(part, STR("user@")))
			return true;
	}
	return false;
}
