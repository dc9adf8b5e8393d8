#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "respond/guard.h"

struct row {
	const char *what, *path, *name;
	struct str arguments;
	uint32_t pid, facts, flags, owner, mode, executable_flags;
	enum verdict verdict;
	bool is_refused;
};

#define HOST GUARD_HOST_FILE
#define ARGUMENTS(text)              \
	{                            \
		(text), sizeof(text) \
	}

static const struct row rows[] = {
	{"pid 1", "/sbin/anything", "x", .pid = 1, .is_refused = true},
	{"a kernel thread", "", "kworker/0:1", .flags = PROCESS_KERNEL_THREAD, .is_refused = true},
	{"a liar with a kernel thread's name", "/tmp/x", "kworker/0:1"},
	{"the system's sshd", "/usr/sbin/sshd", "sshd", .facts = HOST, .is_refused = true},
	{"sshd, replaced by an upgrade", "/usr/sbin/sshd", "sshd", .facts = HOST,
	 .executable_flags = EXECUTABLE_DELETED, .is_refused = true},
	{"a miner called sshd", "/tmp/sshd", "sshd", .facts = HOST},
	{"sshd of a container", "/usr/sbin/sshd", "sshd"},
	{"sshd of a user", "/usr/sbin/sshd", "sshd", .facts = HOST, .owner = 1000},
	{"sshd that others can write", "/usr/sbin/sshd", "sshd", .facts = HOST, .mode = 0777},
	{"sshd with a library put into it", "/usr/sbin/sshd", "sshd", .facts = HOST,
	 .flags = PROCESS_PRELOADED},
	{"sshd that never was a file", "/usr/sbin/sshd", "sshd", .facts = HOST,
	 .executable_flags = EXECUTABLE_MEMFD},
	{"another name, but sshd", "/usr/sbin/sshd", "xmrig", .facts = HOST, .is_refused = true},
	{"systemd-resolved", "/usr/lib/systemd/systemd-resolved", "x", .facts = HOST,
	 .is_refused = true},
	{"a runtime", "/usr/bin/containerd-shim-runc-v2", "x", .facts = HOST, .is_refused = true},
	{"this command", "/usr/bin/davy", "davy", .facts = GUARD_IS_US, .is_refused = true},
	{"our sensor", "/usr/bin/davy", "davy", ARGUMENTS("davy\0watch"),
	 .facts = GUARD_OUR_PROGRAM, .is_refused = true},
	{"our drill", "/usr/bin/davy", "davy", ARGUMENTS("davy\0drill\0host"),
	 .facts = GUARD_OUR_PROGRAM},
	{"our program with a miner put into it", "/usr/bin/davy", "davy", ARGUMENTS("davy\0watch"),
	 .facts = GUARD_OUR_PROGRAM, .flags = PROCESS_PRELOADED},
	{"a virtual machine of any name", "/opt/vmm", "x", .facts = GUARD_HAS_VM,
	 .is_refused = true},
	{"qemu without KVM", "/usr/bin/qemu-system-x86_64", "x", .facts = HOST, .is_refused = true},
	{"a file system", "/usr/bin/sshfs", "x", .facts = HOST | GUARD_HAS_FUSE,
	 .is_refused = true},
	{"a miner that opened /dev/fuse", "/srv/u/x", "x", .facts = HOST | GUARD_HAS_FUSE,
	 .owner = 1000},
	{"a proxy that carries", "/usr/sbin/squid", "squid", .facts = HOST,
	 .verdict = VERDICT_SUSPECT, .is_refused = true},
	{"a proxy that mines", "/usr/sbin/squid", "squid", .facts = HOST,
	 .verdict = VERDICT_MINING},
	{"a browser", "/usr/lib/chromium/chromium", "chromium", ARGUMENTS("chromium"),
	 .facts = HOST, .is_refused = true},
	{"one tab", "/usr/lib/chromium/chromium", "chromium",
	 ARGUMENTS("chromium\0--type=renderer\0--x"), .facts = HOST},
	{"its helper", "/usr/lib/chromium/chromium", "chromium",
	 ARGUMENTS("chromium\0--type=gpu-process"), .facts = HOST, .is_refused = true},
	{"a Firefox tab", "/usr/lib/firefox/firefox", "Web Content",
	 ARGUMENTS("firefox\0-contentproc\0-isForBrowser\0007\0tab"), .facts = HOST},
	{"Firefox's own network", "/usr/lib/firefox/firefox", "Socket Process",
	 ARGUMENTS("firefox\0-contentproc\0-isForBrowser\0007\0socket"), .facts = HOST,
	 .is_refused = true},
	{"one tab, as a zygote names it", "/usr/lib/chromium/chromium", "chromium",
	 ARGUMENTS("/usr/lib/chromium/chromium --type=renderer --x"), .facts = HOST},
	{"a zygote", "/usr/lib/chromium/chromium", "chromium",
	 ARGUMENTS("/usr/lib/chromium/chromium --type=zygote --x --type=renderer"), .facts = HOST,
	 .is_refused = true},
	{"a browser at a page of that name", "/usr/lib/chromium/chromium", "chromium",
	 ARGUMENTS("chromium\0--headless\0--type=renderer"), .facts = HOST, .is_refused = true},
	{"an ordinary program", "/usr/bin/python3.11", "python3", .facts = HOST},
};

static void guards_judge_by_the_kernel_and_not_by_names(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct process process = {
			.key.pid = row->pid ? row->pid : 4711,
			.flags = row->flags,
			.name = str_from(row->name),
			.executable = {.path = str_from(row->path),
				       .owner = row->owner,
				       .mode = row->mode ? row->mode : 0755,
				       .flags = row->executable_flags},
		};
		const struct guard_question question = {&process, row->facts, row->arguments,
							row->verdict};
		const char *why = guard_refuses(&question);
		if ((why != NULL) != row->is_refused)
			fail_msg("%s: %s", row->what, why ? why : "not refused");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guards_judge_by_the_kernel_and_not_by_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
