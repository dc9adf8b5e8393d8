/*
 * What has no reason to hide does not hide: a kernel thread's name on a user's program, a program
 * that was never a file, a process that is missing where all others are listed.
 */
#include "detect/host_room.h"

struct judging {
	const struct process *process;
	struct arena *scratch;
	struct signs *out;
};

static void tell(const struct judging *j, enum sign_weight weight, double strength,
		 struct str reason, struct str quote)
{
	signs_add(j->out, (struct sign){.family = FAMILY_SETUP,
					.weight = weight,
					.strength = strength,
					.detector = "disguise",
					.reason = reason,
					.quote = quote});
}

static bool starts_with_any(struct str text, const struct str *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_starts(text, words[i]))
			return true;
	return false;
}
#define STARTS_WITH_ANY(text, words) starts_with_any(text, words, sizeof(words) / sizeof(*(words)))

/* Names only the kernel gives; a bracket is how ps shows a process without arguments. */
static bool is_kernel_name(struct str name)
{
	static const struct str names[] = {
		STR("["),	   STR("kworker/"),    STR("kthreadd"),	 STR("ksoftirqd/"),
		STR("migration/"), STR("rcu_"),	       STR("kswapd"),	 STR("kcompactd"),
		STR("khugepaged"), STR("kdevtmpfs"),   STR("kauditd"),	 STR("khungtaskd"),
		STR("writeback"),  STR("kblockd"),     STR("irq/"),	 STR("cpuhp/"),
		STR("jbd2/"),	   STR("kintegrityd"), STR("watchdogd"),
	};

	return STARTS_WITH_ANY(name, names);
}

/* Where distributions, and nobody else, put programs; what lies here was installed. */
static bool is_system_place(struct str path)
{
	static const struct str places[] = {
		STR("/usr/"),  STR("/bin/"),
		STR("/sbin/"), STR("/lib"),
		STR("/opt/"),  STR("/snap/"),
		STR("/nix/"),  STR("/gnu/"),
		STR("/app/"),  STR("/run/current-system/"),
	};

	return STARTS_WITH_ANY(path, places);
}

/* Daemons whose names are borrowed; their programs are in a system's place. */
static bool is_daemon_name(struct str name)
{
	static const struct str names[] = {
		STR("systemd"),	       STR("sshd"),
		STR("cron"),	       STR("crond"),
		STR("dbus-daemon"),    STR("rsyslogd"),
		STR("agetty"),	       STR("udevd"),
		STR("polkitd"),	       STR("dockerd"),
		STR("kubelet"),	       STR("containerd"),
		STR("httpd"),	       STR("apache2"),
		STR("nginx"),	       STR("mysqld"),
		STR("auditd"),	       STR("irqbalance"),
		STR("snapd"),	       STR("systemd-journal"),
		STR("systemd-logind"), STR("systemd-udevd"),
		STR("(sd-pam)"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_equal(name, names[i]))
			return true;
	return false;
}

static bool has_hidden_part(struct str path)
{
	for (size_t i = 0; i + 2 < path.len; i++)
		if (path.at[i] == '/' && path.at[i + 1] == '.' && path.at[i + 2] != '/')
			return true;
	return false;
}

static void judge_name(const struct judging *j)
{
	const struct process *p = j->process;
	/* arguments begin with what it wants to be called in ps */
	bool poses = is_kernel_name(p->name) || str_starts(p->arguments, STR("[")) ||
		     is_kernel_name(p->arguments);

	if (p->flags & PROCESS_KERNEL_THREAD)
		return;
	if (poses)
		tell(j, SIGN_STRONG, 0.9,
		     STR("it calls itself like a thread of the kernel, and is none"), p->name);
	else if (is_daemon_name(p->name) && p->executable.path.len > 0 &&
		 !is_system_place(p->executable.path))
		tell(j, SIGN_STRONG, 0.8,
		     STR("it calls itself like a system's daemon, but its program is not where the "
			 "system keeps its own"),
		     p->executable.path);
}

static void judge_executable(const struct judging *j)
{
	static const struct str shared_memory[] = {STR("/dev/shm/"), STR("/run/shm/"),
						   STR("/dev/mqueue/")};
	static const struct str temporary[] = {STR("/tmp/"), STR("/var/tmp/"), STR("/run/user/"),
					       STR("/var/spool/")};
	const struct executable *e = &j->process->executable;
	bool is_deleted = e->flags & EXECUTABLE_DELETED;

	if (e->flags & EXECUTABLE_MEMFD) {
		tell(j, SIGN_STRONG, 0.8,
		     STR("its program never was a file: it was run straight from memory"), e->path);
	} else if (STARTS_WITH_ANY(e->path, shared_memory)) {
		tell(j, SIGN_STRONG, 0.7,
		     STR("its program lies in shared memory, where none belongs"), e->path);
	} else if (STARTS_WITH_ANY(e->path, temporary)) {
		bool is_odd = is_deleted || has_hidden_part(e->path);
		tell(j, is_odd ? SIGN_STRONG : SIGN_SUPPORTS, is_odd ? 0.7 : 0.3,
		     is_deleted ? STR("its program lay in a folder for temporary files and was "
				      "removed "
				      "after it had been started")
		     : is_odd	? STR("its program is hidden in a folder for temporary files")
				: STR("its program lies in a folder for temporary files"),
		     e->path);
	} else if (is_deleted && !is_system_place(e->path)) {
		tell(j, SIGN_STRONG, 0.6, STR("its program was removed after it had been started"),
		     e->path);
	} else if (is_deleted) {
		tell(j, SIGN_SUPPORTS, 0.2,
		     STR("its program was replaced or removed since it was started; an upgrade "
			 "does "
			 "that, too"),
		     e->path);
	}
}

static void judge_hiding(const struct judging *j)
{
	const struct process *p = j->process;

	if (p->flags & PROCESS_HIDDEN_MOUNT)
		tell(j, SIGN_STRONG, 0.95,
		     STR("something was mounted over its folder in /proc, so that ps and top do "
			 "not "
			 "show it"),
		     (struct str){0});
	else if (p->flags & PROCESS_NOT_LISTED)
		tell(j, SIGN_STRONG, 0.95, STR("the kernel runs it, but /proc does not list it"),
		     (struct str){0});
	if (p->flags & PROCESS_PRELOADED)
		tell(j, SIGN_SUPPORTS, 0.3, STR("a library is preloaded into it"), p->preload);
}

static void judge_schedule(const struct judging *j)
{
	enum { POLICY_IDLE = 5 /* SCHED_IDLE */ };
	const struct process_schedule *schedule = &j->process->schedule;

	if (schedule->policy == POLICY_IDLE || schedule->nice >= 19)
		tell(j, SIGN_SUPPORTS, 0.2,
		     STR("it keeps out of the way of all others (lowest priority)"),
		     (struct str){0});
}

static void judge(const struct workload *workload, struct arena *scratch, struct signs *out)
{
	const struct judging j = {workload->process, scratch, out};

	if (!workload->process)
		return;
	judge_name(&j);
	judge_executable(&j);
	judge_hiding(&j);
	judge_schedule(&j);
}

const struct host_room disguise_room = {
	.name = "disguise",
	.summary = "Processes that pose as something else or hide",
	.judge = judge,
};
