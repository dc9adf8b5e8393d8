#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include "host_child.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#if defined(__x86_64__)
const uint8_t spin_code[4] = {0xeb, 0xfe}; /* jmp to itself */
#else
const uint8_t spin_code[4] = {0x00, 0x00, 0x00, 0x14}; /* b to itself */
#endif

pid_t child_start(int (*body)(void *), void *context)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* a failed assert must end the child, not go on with its copy of the tests */
	(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
	_exit(body(context));
}

int child_wait(pid_t pid, duration *cpu_time)
{
	struct rusage usage;
	int status;

	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	if (cpu_time) {
		*cpu_time = DURATION_S(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
		cpu_time->ns += (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
	}
	return status;
}

void child_kill(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	(void)child_wait(pid, NULL);
}

duration child_cpu_time(pid_t pid)
{
	struct timespec spent;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &spent), 0);
	return (duration){instant_at(spent.tv_sec, spent.tv_nsec).ns};
}

uint64_t child_start_ns(pid_t pid)
{
	char path[64], text[1024] = "";
	unsigned long long ticks;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	char *at = strrchr(text, ')'); /* the name may hold anything */
	assert_non_null(at);
	for (int field = 2; field < 22; field++) {
		at = strchr(at + 1, ' ');
		assert_non_null(at);
	}
	assert_int_equal(sscanf(at, "%llu", &ticks), 1);
	return ticks * 10000000;
}

duration since_boot(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (duration){instant_at(now.tv_sec, now.tv_nsec).ns};
}

void *spin_page(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	memcpy(page, spin_code, sizeof(spin_code));
	__builtin___clear_cache((char *)page, (char *)page + sizeof(spin_code));
	return page;
}

int spin_there(void *page)
{
	void (*code)(void);

	memcpy(&code, &page, sizeof(code));
	code();
	return 1;
}

void spin_for(duration cpu_time)
{
	struct timespec spent;

	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	} while (instant_at(spent.tv_sec, spent.tv_nsec).ns < cpu_time.ns);
}

bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	printf("1..0 # SKIP not root: BPF and perf events of all CPUs need it\n");
	return false;
}

static void keep_rights(uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct rights[2];

	assert_int_equal(syscall(SYS_capget, &header, rights), 0);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t mask = (uint32_t)(keep >> 32 * i);
		rights[i].effective &= mask;
		rights[i].permitted &= mask;
		rights[i].inheritable = 0;
	}
	assert_int_equal(syscall(SYS_capset, &header, rights), 0);
}

void drop_bpf(void)
{
	keep_rights(~(1ull << CAP_BPF | 1ull << CAP_SYS_ADMIN));
}

void drop_all(void)
{
	keep_rights(0);
}
