/*
 * `davy scan --host` as people run it, against drills of the host and honest programs: each drill
 * runs from a copy of tests/bare_drill, which has no word of mining in its file, so that it is told
 * by its process or executable, and is found by what it does.
 *
 * Many run at once, each held to a part of a core: the scan has to find them side by side. With
 * DAVY_SOAK, more of them and four times as long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "host_child.h"
#include "model/finding_json.h"
#include "model/line.h"

enum { DRILLS_MAX = 32, SCAN_S = 40, HONEST_SCAN_S = 25, WORDS_MAX = 512 };

enum expected { MINING, AT_MOST_SUSPECT, NOTHING };

struct drill_case {
	const char *name, *words;
	enum expected expected;
	bool is_long;	/* with DAVY_SOAK alone */
	bool is_spread; /* told of the executable */
};

static const struct drill_case drill_cases[] = {
	{"five", "randomx,duty=5", MINING, false, false},
	{"toggled", "randomx,toggle,duty=8", MINING, false, false},
	{"registers", "randomx,in-registers,duty=8", MINING, false, false},
	{"padded", "randomx,padding=100,duty=8", MINING, false, false},
	{"kworker", "randomx,name=[kworker/0:1],duty=8", MINING, false, false},
	{"deleted", "randomx,deleted,duty=8", MINING, false, false},
	{"memfd", "randomx,memfd,duty=8", MINING, false, false},
	{"nice", "randomx,nice,duty=8", MINING, false, false},
	{"spread", "randomx,spread,duty=12", MINING, false, true},
	{"covered", "randomx,mount,duty=8", MINING, false, false},
	{"preloaded", "randomx,preload=%s,duty=8", MINING, false, false},
	{"cryptonight", "cryptonight,duty=8", MINING, false, false},
	{"two", "randomx,threads=2,duty=8", MINING, true, false},
	{"registers-padded", "randomx,in-registers,padding=300,duty=8", MINING, true, false},
	{"memfd-kworker", "cryptonight,memfd,name=kworker/u4:1,duty=8", MINING, true, false},
	{"superscalar", "superscalar,duty=8", AT_MOST_SUSPECT, false, false},
	{"float", "float,duty=8", NOTHING, false, false},
	{"big-numbers", "big-numbers,duty=8", NOTHING, false, false},
	{"vector", "vector,duty=8", NOTHING, false, false},
	{"mixer", "mixer,duty=8", NOTHING, false, false},
};
enum { DRILL_CASES = sizeof(drill_cases) / sizeof(*drill_cases) };

struct honest_case {
	const char *name, *program; /* that must be there */
	const char *command;	    /* of a shell in a folder with the files `mixed` and `x.c` */
	enum expected expected;
};

static const struct honest_case honest_cases[] = {
	/* a documented hash loop: README.md of detect/code_shape */
	{"SHA-256", "openssl", "exec openssl speed -seconds 300 -evp sha256", AT_MOST_SUSPECT},
	{"AES", "openssl", "exec openssl speed -seconds 300 -evp aes-256-gcm", NOTHING},
	{"RSA", "openssl", "exec openssl speed -seconds 300 rsa2048", NOTHING},
	{"a compiler", "gcc", "while :; do gcc -O2 -c x.c -o x.o; done", NOTHING},
	{"python", "python3", "exec python3 -c 'x=1\nwhile 1: x=(x*48271+1)%2147483647'", NOTHING},
	{"xz", "xz", "while :; do xz -9 -k -c mixed >/dev/null; done", NOTHING},
	{"zstd", "zstd", "while :; do zstd -q -15 -c mixed >/dev/null; done", NOTHING},
	{"sort", "sort", "while :; do sort mixed >/dev/null; done", NOTHING},
};
enum { HONEST_CASES = sizeof(honest_cases) / sizeof(*honest_cases) };

struct running {
	const char *name;
	enum expected expected;
	pid_t starter;		   /* what we started; the leader of a group of processes */
	pid_t pid;		   /* that is to be told; 0: any below starter */
	char executable[PATH_MAX]; /* that is to be told; empty: pid is */
	int verdict;		   /* that was told; -1: none */
	char told[600];		   /* title and reasons of that */
};

static struct running running[DRILLS_MAX];
static size_t running_count;
static char folder[64];
static bool is_soak;

/* -- starting -- */

static void copy_file(const char *from, const char *to)
{
	struct stat about;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	assert_true(in >= 0 && out >= 0 && fstat(in, &about) == 0);
	for (off_t left = about.st_size; left > 0;) {
		ssize_t sent = sendfile(out, in, NULL, (size_t)left);
		assert_true(sent > 0);
		left -= sent;
	}
	close(in);
	close(out);
}

/* In a group of its own, ends with the test; its standard output to `out`. */
static pid_t start(char *const *argv, int out)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	int nowhere = open("/dev/null", O_RDWR);
	dup2(nowhere, 0);
	dup2(out >= 0 ? out : nowhere, 1);
	dup2(nowhere, 2);
	if (chdir(folder) == 0)
		execvp(argv[0], argv);
	_exit(127);
}

static void start_drill(const struct drill_case *drill, unsigned seconds)
{
	struct running *r = &running[running_count++];
	char words[WORDS_MAX], all[WORDS_MAX + 32], pid[16] = "";
	int pipes[2];

	*r = (struct running){.name = drill->name, .expected = drill->expected, .verdict = -1};
	char *copy = r->executable;
	snprintf(copy, sizeof(r->executable), "%s/%s", folder, drill->name);
	copy_file(getenv("BARE_DRILL"), copy);
	snprintf(words, sizeof(words), drill->words, getenv("HIDE_PROCESS"));
	snprintf(all, sizeof(all), "seconds=%u,%s", seconds, words);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	r->starter = start((char *[]){copy, all, NULL}, pipes[1]);
	close(pipes[1]);
	ssize_t got = read(pipes[0], pid, sizeof(pid) - 1);
	close(pipes[0]);
	if (got <= 0)
		fail_msg("drill %s did not begin", drill->name);
	r->pid = (pid_t)strtol(pid, NULL, 10);
	if (!drill->is_spread)
		r->executable[0] = '\0';
}

static bool is_installed(const char *program)
{
	char look[64];

	snprintf(look, sizeof(look), "command -v %s >/dev/null", program);
	return system(look) == 0; /* NOLINT: words of ours */
}

static void start_honest(const struct honest_case *honest)
{
	struct running *r = &running[running_count];
	char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
			(char *)(uintptr_t)honest->command, NULL};

	if (!is_installed(honest->program)) {
		printf("# %s: not run, %s is not installed\n", honest->name, honest->program);
		return;
	}
	*r = (struct running){.name = honest->name, .expected = honest->expected, .verdict = -1};
	r->starter = start(argv, -1);
	running_count++;
}

static void end_all(void)
{
	for (size_t i = 0; i < running_count; i++) {
		kill(-running[i].starter, SIGKILL);
		child_kill(running[i].starter);
	}
	running_count = 0;
}

/* -- the scan -- */

/* "sh (pid 4711)" among the parents. */
static bool descends_from(const struct finding *f, pid_t pid)
{
	const struct fact *parents = facts_find(&f->facts, STR("parents"));
	char words[32];

	snprintf(words, sizeof(words), "(pid %d)", (int)pid);
	for (size_t i = 0; parents && i < parents->text_count; i++)
		if (str_ends(parents->texts[i], str_from(words)))
			return true;
	return false;
}

static bool is_about(const struct finding *f, const struct running *r)
{
	uint64_t pid = facts_number(&f->subject.keys, STR("pid"));

	if (r->executable[0])
		return str_equal(facts_text(&f->facts, STR("executable")), str_from(r->executable));
	if (r->pid > 0)
		return pid == (uint64_t)r->pid;
	return pid == (uint64_t)r->starter || descends_from(f, r->starter);
}

static void take_finding(const struct finding *f)
{
	for (size_t i = 0; i < running_count; i++) {
		struct running *r = &running[i];
		if (!is_about(f, r) || (int)f->verdict <= r->verdict)
			continue;
		r->verdict = (int)f->verdict;
		CLEANUP(buf_fini) struct buf told = {0};
		buf_add(&told, f->title);
		for (size_t k = 0; k < f->reason_count; k++) {
			buf_add_text(&told, "; ");
			buf_add(&told, f->reasons[k]);
		}
		snprintf(r->told, sizeof(r->told), "%.*s", (int)told.len, told.at);
	}
}

static void scan(unsigned seconds)
{
	CLEANUP(buf_fini) struct buf out = {0};
	char duration_text[16], chunk[65536];
	struct arena arena;
	struct error why;
	int pipes[2];
	ssize_t got;

	snprintf(duration_text, sizeof(duration_text), "%u", seconds);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	char *davy = getenv("DAVY_PROGRAM"), with[][8] = {"scan", "--host", "--json", "--for"};
	pid_t pid = start((char *[]){davy, with[0], with[1], with[2], with[3], duration_text, NULL},
			  pipes[1]);
	close(pipes[1]);
	while ((got = read(pipes[0], chunk, sizeof(chunk))) > 0)
		buf_add(&out, str_of(chunk, (size_t)got));
	close(pipes[0]);
	assert_false(out.failed);
	int status = child_wait(pid, NULL);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	assert_int_equal(arena_init(&arena, LINE_ARENA_BYTES), 0);
	struct str rest = buf_view(&out), line;
	while (str_cut(rest, '\n', &line, &rest) || line.len > 0) {
		struct finding finding;
		arena_reset(&arena);
		if (finding_from_json(line, &arena, &finding, &why) == 0)
			take_finding(&finding);
	}
	arena_fini(&arena);
}

static bool is_right(const struct running *r)
{
	return r->expected == MINING		? r->verdict == VERDICT_MINING
	       : r->expected == AT_MOST_SUSPECT ? r->verdict < (int)VERDICT_MINING
						: r->verdict < (int)VERDICT_SUSPECT;
}

/* What others kept from the processor until the end was no miner that could be seen: 30 samples. */
static bool was_starved(const struct running *r)
{
	return r->expected == MINING && r->verdict < 0 && r->executable[0] == '\0' && r->pid > 0 &&
	       child_cpu_time(r->pid).ns < DURATION_MS(600).ns;
}

/* A miner that others keep from the processor takes longer to show itself, and gets it. */
static void scan_until_found(unsigned seconds)
{
	for (unsigned turn = 1; turn <= 3; turn++) {
		bool all_found = true;
		scan(turn * seconds);
		for (size_t i = 0; i < running_count; i++)
			all_found &= running[i].expected != MINING || is_right(&running[i]);
		if (all_found)
			return;
		printf("# not all found within %u s: this machine is busy, or they are missed\n",
		       turn * seconds);
	}
}

static unsigned judge_all(void)
{
	static const char *const wanted[] = {"mining", "suspect at most", "nothing"};
	unsigned wrong = 0;

	for (size_t i = 0; i < running_count; i++) {
		const struct running *r = &running[i];
		const char *how = is_right(r)	   ? "right"
				  : was_starved(r) ? "not judged, it got no processor time"
						   : "WRONG";
		printf("# %s: %s, must be %s: %s\n", r->name, how, wanted[r->expected],
		       r->told[0] ? r->told : "nothing");
		wrong += !is_right(r) && !was_starved(r);
	}
	return wrong;
}

static void drills_are_found_by_what_they_do(void **state)
{
	unsigned seconds = is_soak ? 4 * SCAN_S : SCAN_S;

	(void)state;
	for (size_t i = 0; i < DRILL_CASES; i++)
		if (is_soak || !drill_cases[i].is_long)
			start_drill(&drill_cases[i], 6 * seconds + 60);
	scan_until_found(seconds);
	unsigned wrong = judge_all();
	end_all();
	assert_int_equal(wrong, 0);
}

/* A miner is found beside them: a sensor that is off accuses nobody, either. */
static void honest_programs_are_not_accused(void **state)
{
	static const struct drill_case beside = {"full speed", "randomx", MINING, false, false};
	unsigned seconds = is_soak ? 4 * HONEST_SCAN_S : HONEST_SCAN_S;

	(void)state;
	for (size_t i = 0; i < HONEST_CASES; i++)
		start_honest(&honest_cases[i]);
	start_drill(&beside, 6 * seconds + 60);
	scan_until_found(seconds);
	unsigned wrong = judge_all();
	end_all();
	assert_int_equal(wrong, 0);
}

/* -- the whole -- */

/* Text, programs and noise: what compresses and sorts like a file of somebody's. */
static void write_files(void)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "cd %s && for i in 1 2 3 4; do cat /usr/bin/[a-f]*; done 2>/dev/null | "
		 "head -c 60000000 >mixed && "
		 "awk 'BEGIN { for (i = 0; i < 3000; i++) print \"int f\" i \"(int x) { for (int i "
		 "= 0; i < x; i++) x ^= i * \" i \"; return x; }\" }' >x.c",
		 folder);
	assert_int_equal(system(command), 0); /* NOLINT: words of ours */
}

static int set_up(void **state)
{
	const char *near = getenv("BARE_DRILL"), *slash = near ? strrchr(near, '/') : NULL;

	(void)state;
	is_soak = getenv("DAVY_SOAK") != NULL;
	/* beside the program, where it may be executed */
	snprintf(folder, sizeof(folder), "%.*s/host-XXXXXX", (int)(slash - near), near);
	assert_non_null(mkdtemp(folder));
	write_files();
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	end_all();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command); /* NOLINT: words of ours */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drills_are_found_by_what_they_do),
		cmocka_unit_test(honest_programs_are_not_accused),
	};

#ifndef __x86_64__
	printf("1..0 # SKIP the loops of the drill are for x86-64 only\n");
	return 0;
#endif
	if (!is_root())
		return 0;
	if (!getenv("BARE_DRILL") || !getenv("DAVY_PROGRAM") || !getenv("HIDE_PROCESS")) {
		printf("1..0 # SKIP run this with meson test\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
