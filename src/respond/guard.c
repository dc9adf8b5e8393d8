#include "respond/guard.h"

#include <string.h>

#include "decode/proc/browser.h"

enum { WRITABLE_BY_OTHERS = 022 };

enum kind { KIND_ALWAYS, KIND_FORWARDER };

/* Programs of the system, by the end of their path. */
static const struct {
	const char *program, *why;
	enum kind kind;
} programs[] = {
	{"systemd", "it is systemd", KIND_ALWAYS},
	{"init", "it is init", KIND_ALWAYS},
	{"dbus-daemon", "the system's own parts speak through it", KIND_ALWAYS},
	{"dbus-broker", "the system's own parts speak through it", KIND_ALWAYS},
	{"sshd", "it is the way in for whoever repairs this machine", KIND_ALWAYS},
	{"sshd-session", "it is the way in for whoever repairs this machine", KIND_ALWAYS},
	{"sshd-auth", "it is the way in for whoever repairs this machine", KIND_ALWAYS},
	{"agetty", "it is the console", KIND_ALWAYS},
	{"dockerd", "containers hang on it", KIND_ALWAYS},
	{"docker-proxy", "containers hang on it", KIND_ALWAYS},
	{"containerd", "containers hang on it", KIND_ALWAYS},
	{"containerd-shim", "containers hang on it", KIND_ALWAYS},
	{"containerd-shim-runc-v1", "containers hang on it", KIND_ALWAYS},
	{"containerd-shim-runc-v2", "containers hang on it", KIND_ALWAYS},
	{"crio", "containers hang on it", KIND_ALWAYS},
	{"conmon", "containers hang on it", KIND_ALWAYS},
	{"conmonrs", "containers hang on it", KIND_ALWAYS},
	{"podman", "containers hang on it", KIND_ALWAYS},
	{"runc", "containers hang on it", KIND_ALWAYS},
	{"crun", "containers hang on it", KIND_ALWAYS},
	{"kubelet", "the pods of this node hang on it", KIND_ALWAYS},
	{"kube-proxy", "the pods of this node hang on it", KIND_ALWAYS},
	{"libvirtd", "virtual machines hang on it", KIND_ALWAYS},
	{"virtqemud", "virtual machines hang on it", KIND_ALWAYS},
	{"ceph-osd", "storage hangs on it", KIND_ALWAYS},
	{"ceph-mon", "storage hangs on it", KIND_ALWAYS},
	{"ceph-mds", "storage hangs on it", KIND_ALWAYS},
	{"ceph-mgr", "storage hangs on it", KIND_ALWAYS},
	{"ceph-fuse", "storage hangs on it", KIND_ALWAYS},
	{"radosgw", "storage hangs on it", KIND_ALWAYS},
	{"rbd-nbd", "storage hangs on it", KIND_ALWAYS},
	{"glusterd", "storage hangs on it", KIND_ALWAYS},
	{"glusterfs", "storage hangs on it", KIND_ALWAYS},
	{"glusterfsd", "storage hangs on it", KIND_ALWAYS},
	{"iscsid", "storage hangs on it", KIND_ALWAYS},
	{"iscsiuio", "storage hangs on it", KIND_ALWAYS},
	{"tgtd", "storage hangs on it", KIND_ALWAYS},
	{"multipathd", "storage hangs on it", KIND_ALWAYS},
	{"dmeventd", "storage hangs on it", KIND_ALWAYS},
	{"zed", "storage hangs on it", KIND_ALWAYS},
	{"squid", "it carries the flows of others", KIND_FORWARDER},
	{"danted", "it carries the flows of others", KIND_FORWARDER},
	{"sockd", "it carries the flows of others", KIND_FORWARDER},
	{"tor", "it carries the flows of others", KIND_FORWARDER},
	{"haproxy", "it carries the flows of others", KIND_FORWARDER},
	{"nginx", "it carries the flows of others", KIND_FORWARDER},
	{"envoy", "it carries the flows of others", KIND_FORWARDER},
	{"privoxy", "it carries the flows of others", KIND_FORWARDER},
	{"tinyproxy", "it carries the flows of others", KIND_FORWARDER},
};

static bool lies_in(struct str path, const char *const *folders)
{
	for (size_t i = 0; folders[i]; i++)
		if (str_starts(path, str_from(folders[i])))
			return true;
	return false;
}

bool guard_is_of_the_system(const struct process *process, uint32_t facts)
{
	static const char *const folders[] = {"/usr/",	 "/bin/", "/sbin/", "/lib/",
					      "/lib64/", "/opt/", "/snap/", NULL};
	const struct executable *e = &process->executable;

	return (facts & GUARD_HOST_FILE) && !(e->flags & EXECUTABLE_MEMFD) && e->owner == 0 &&
	       !(e->mode & WRITABLE_BY_OTHERS) && lies_in(e->path, folders) &&
	       !(process->flags & PROCESS_PRELOADED);
}

static const char *refuse_program(const struct guard_question *q)
{
	const struct str path = q->process->executable.path, program = str_file_name(path);

	if (str_starts(path, STR("/usr/lib/systemd/")) || str_starts(path, STR("/lib/systemd/")))
		return "it is a part of systemd";
	if (str_starts(program, STR("qemu-system-")))
		return "it is a virtual machine: its owner has to look inside";
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		if (!str_equal(program, str_from(programs[i].program)))
			continue;
		/* what mines itself does more than carry */
		if (programs[i].kind == KIND_FORWARDER && q->verdict == VERDICT_MINING)
			continue;
		return programs[i].why;
	}
	return NULL;
}

/* One tab's process may be touched, and no other of a browser. */
static const char *refuse_browser(const struct guard_question *q)
{
	enum browser_role role = proc_browser_role(q->arguments);

	if (!proc_browser_is_named(q->process->executable.path) || role == BROWSER_PAGE ||
	    role == BROWSER_EXTENSION)
		return NULL;
	return "it is the browser itself, with all its windows: close the page that mines, or "
	       "name its one process";
}

/* `davy drill` is there to be responded to. */
static bool is_drill(struct str arguments)
{
	struct str one;

	(void)str_cut(arguments, '\0', &one, &arguments);
	(void)str_cut(arguments, '\0', &one, &arguments);
	return str_equal(one, STR("drill"));
}

const char *guard_refuses(const struct guard_question *q)
{
	const struct process *p = q->process;
	const char *why;

	if (p->key.pid <= 1)
		return "it is the first process of this machine";
	if (p->flags & PROCESS_KERNEL_THREAD)
		return "it is a part of the kernel";
	if (q->facts & GUARD_IS_US)
		return "it is davy itself, or what started it (your own shell or session)";
	if ((q->facts & GUARD_OUR_PROGRAM) && !(p->flags & PROCESS_PRELOADED) &&
	    !is_drill(q->arguments))
		return "it is davy itself";
	if (q->facts & GUARD_HAS_VM)
		return "it is a virtual machine: its owner has to look inside";
	if (!guard_is_of_the_system(p, q->facts))
		return NULL;
	if (q->facts & GUARD_HAS_FUSE)
		return "it serves a file system (FUSE): whoever uses that would stand still";
	why = refuse_program(q);
	return why ? why : refuse_browser(q);
}
