#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lab/host_drill.h"

static void test_words(void **state)
{
	struct host_drill drill = host_drill_default();
	struct error why;

	assert_int_equal(
		host_drill_parse(STR("cryptonight,threads=2,duty=5,toggle,pad=1024"), &drill, &why),
		0);
	assert_int_equal(drill.loop.shape, LAB_LOOP_CRYPTONIGHT);
	assert_int_equal(drill.threads, 2);
	assert_int_equal(drill.duty_percent, 5);
	assert_int_equal(drill.loop.pad_bytes, 1 << 20);
	assert_true(drill.toggles);
	assert_int_equal(
		host_drill_parse(STR("name=[kworker/0:1],memfd,preload=/x.so"), &drill, &why), 0);
	assert_string_equal(drill.name, "[kworker/0:1]");
	assert_int_equal(drill.image, HOST_DRILL_MEMFD);
	assert_int_equal(host_drill_parse(STR("here"), &drill, &why), 0);
	assert_int_equal(drill.image, HOST_DRILL_HERE);
	assert_string_equal(drill.preload, "");
}

static void test_bad_words(void **state)
{
	static const char *const bad[] = {"mine",
					  "threads=0",
					  "threads=65",
					  "duty=101",
					  "seconds=3601",
					  "pad=17",
					  "pad=8",
					  "threads=",
					  "threads=x",
					  "name=",
					  "name=a-name-that-is-too-long",
					  "seed=-1",
					  "toggle,mine"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct host_drill drill = host_drill_default();
		struct error why = {0};
		if (host_drill_parse(str_from(bad[i]), &drill, &why) != -EINVAL || !why.text[0])
			fail_msg("%s was read", bad[i]);
	}
}

#ifdef __x86_64__
/* Every shape runs its time without a fault: also thinned, in registers, toggled, in short lives.
 */
static void test_runs(void **state)
{
	static const char *const runs[] = {
		"randomx",	   "randomx,in-registers,padding=300,toggle,duty=50",
		"cryptonight",	   "cryptonight,in-registers,pad=1024",
		"superscalar",	   "float",
		"big-numbers",	   "vector",
		"mixer,threads=2", "randomx,spread,pad=16,dataset=2080",
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		struct host_drill drill = host_drill_default();
		struct error why = {0};
		assert_int_equal(host_drill_parse(str_from(runs[i]), &drill, &why), 0);
		drill.seconds = 1;
		drill.loop.seed = i;
		if (host_drill_run(&drill, &(struct host_drill_watcher){0}, &why) != 0)
			fail_msg("%s: %s", runs[i], why.text);
	}
}

struct seen {
	pid_t pid;
	char name[64];
};

static void look(void *context, pid_t pid)
{
	struct seen *seen = context;
	char path[64];

	seen->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	for (int i = 0; i < 500 && seen->name[0] != '['; i++) { /* it may not have come to it yet */
		FILE *file = fopen(path, "re");
		if (!file || !fgets(seen->name, sizeof(seen->name), file))
			seen->name[0] = 0;
		if (file)
			fclose(file);
		usleep(1000);
	}
}

static void test_name(void **state)
{
	struct host_drill drill = host_drill_default();
	struct seen seen = {0};
	struct error why;

	assert_int_equal(host_drill_parse(STR("name=[kworker/0:1],seconds=1,nice"), &drill, &why),
			 0);
	struct host_drill_watcher watcher = {.on_start = look, .context = &seen};
	assert_int_equal(host_drill_run(&drill, &watcher, &why), 0);
	assert_string_equal(seen.name, "[kworker/0:1]\n");
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_bad_words),
#ifdef __x86_64__
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_name),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
