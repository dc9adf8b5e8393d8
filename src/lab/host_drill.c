#include "lab/host_drill.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	ROUNDS_AT_ONCE = 16, /* between two looks at the clock: some 50 us */
	SLICE_MS = 200,	     /* of work and rest together */
	SHORT_LIFE_MS = 250,
	MEMORY_SLACK = 4096,
};

typedef void loop_function(void *pad, void *dataset, uint64_t rounds);

/* One thread's: all of its own, so that nothing is executed while another writes it. */
struct worker {
	const struct host_drill *drill;
	pthread_t thread;
	uint8_t *code, *pad, *dataset;
	uint64_t seed;
	instant end;
};

static instant read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (instant){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

static instant now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static void *reserve(size_t bytes, int protection, int flags)
{
	void *at = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static uint64_t dataset_bytes(const struct host_drill *drill)
{
	return (uint64_t)(drill->dataset_mib ? drill->dataset_mib : 4) << 20;
}

/* The largest power of two that fits, at most 2^31: what the loop's `and` can say. */
static uint64_t dataset_mask(const struct host_drill *drill)
{
	uint64_t power = UINT64_C(1) << 31;

	while (power > dataset_bytes(drill))
		power >>= 1;
	return power - 64;
}

static bool write_code(struct worker *worker)
{
	struct lab_loop loop = worker->drill->loop;
	CLEANUP(buf_fini) struct buf code = {.limit = LAB_LOOP_BYTES_MAX};

	loop.seed = worker->seed++;
	loop.dataset_mask = dataset_mask(worker->drill);
	lab_loop_write(&code, &loop);
	if (code.failed)
		return false;
	memcpy(worker->code, code.at, code.len);
	return true;
}

/* Writable and executable at once, or never both. */
static bool prepare_code(struct worker *worker)
{
	bool toggles = worker->drill->toggles;

	if (mprotect(worker->code, LAB_LOOP_BYTES_MAX, PROT_READ | PROT_WRITE) != 0 ||
	    !write_code(worker))
		return false;
	return mprotect(worker->code, LAB_LOOP_BYTES_MAX,
			PROT_READ | PROT_EXEC | (toggles ? 0 : PROT_WRITE)) == 0;
}

/* A share of a core is of time that was got, however long others kept it waiting for that. */
static void rest(instant from, int64_t worked, uint32_t duty_percent)
{
	int64_t pause = from.ns + worked * 100 / duty_percent - now().ns;

	if (pause > 0)
		nanosleep(&(struct timespec){pause / 1000000000, pause % 1000000000}, NULL);
}

static void *work(void *context)
{
	struct worker *worker = context;
	const struct host_drill *drill = worker->drill;
	duration slice = DURATION_MS(SLICE_MS);
	instant made = now();

	slice.ns = slice.ns * drill->duty_percent / 100;
	if (!prepare_code(worker))
		return NULL;
	while (now().ns < worker->end.ns) {
		instant begins = now(), got = read_clock(CLOCK_THREAD_CPUTIME_ID);
		int64_t worked = 0;
		while (worked < slice.ns && now().ns < worker->end.ns) {
			((loop_function *)(uintptr_t)worker->code)(worker->pad, worker->dataset,
								   ROUNDS_AT_ONCE);
			worked = read_clock(CLOCK_THREAD_CPUTIME_ID).ns - got.ns;
		}
		if (drill->duty_percent < 100)
			rest(begins, worked, drill->duty_percent);
		if (drill->toggles && now().ns - made.ns > DURATION_S(1).ns) {
			if (!prepare_code(worker))
				return NULL;
			made = now();
		}
	}
	return worker;
}

/* All threads for so long; the status to exit with. */
static int work_all(const struct host_drill *drill, uint64_t seed, instant end)
{
	struct worker *workers = calloc(drill->threads, sizeof(*workers));
	size_t pad = drill->loop.pad_bytes ? drill->loop.pad_bytes : 2u << 20;
	uint8_t *dataset = reserve(dataset_bytes(drill) + MEMORY_SLACK, PROT_READ, MAP_NORESERVE);
	int status = workers && dataset ? 0 : 1;

	for (uint32_t i = 0; status == 0 && i < drill->threads; i++) {
		workers[i] = (struct worker){
			.drill = drill,
			.dataset = dataset,
			.seed = seed + i * 1000,
			.end = end,
			.pad = reserve(pad + MEMORY_SLACK, PROT_READ | PROT_WRITE, 0),
			.code = reserve(LAB_LOOP_BYTES_MAX, PROT_READ | PROT_WRITE, 0),
		};
		if (!workers[i].pad || !workers[i].code ||
		    pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			return 1; /* the process ends, and its threads with it */
	}
	for (uint32_t i = 0; status == 0 && i < drill->threads; i++) {
		void *worked = NULL;
		pthread_join(workers[i].thread, &worked);
		status = worked ? 0 : 1;
	}
	free(workers);
	return status;
}

static void disguise(const struct host_drill *drill, const struct host_drill_watcher *watcher)
{
	if (drill->is_nice)
		setpriority(PRIO_PROCESS, 0, 19);
	if (!drill->name[0])
		return;
	prctl(PR_SET_NAME, drill->name);
	if (watcher->arguments_len > strlen(drill->name)) {
		memset(watcher->arguments, 0, watcher->arguments_len);
		memcpy(watcher->arguments, drill->name, strlen(drill->name));
	}
}

/* Ends with its parent, and when the time is over even if nobody looks any more. */
static void bound(uint32_t seconds)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(seconds + 2);
}

/* One short process after the other, so that none has much time of its own. */
static int work_spread(const struct host_drill *drill, instant end)
{
	for (uint64_t seed = drill->loop.seed; now().ns < end.ns; seed += 100000) {
		int status = 0;
		pid_t child = fork();
		if (child < 0)
			return 1;
		if (child == 0) {
			bound(2);
			instant short_end = instant_add(now(), DURATION_MS(SHORT_LIFE_MS));
			_exit(work_all(drill, seed, short_end.ns < end.ns ? short_end : end));
		}
		if (waitpid(child, &status, 0) != child || status != 0)
			return 1;
	}
	return 0;
}

static int cover(pid_t pid, struct error *why)
{
	char place[32];

	snprintf(place, sizeof(place), "/proc/%d", pid);
	/* It goes away with the process: the kernel detaches what is mounted below /proc/PID. */
	if (mount("/proc/1/fdinfo", place, NULL, MS_BIND, NULL) != 0)
		return error_set(why, -errno, "cannot mount over %s: %s", place, strerror(errno));
	return 0;
}

static void uncover(pid_t pid)
{
	char place[32];

	snprintf(place, sizeof(place), "/proc/%d", pid);
	umount2(place, MNT_DETACH);
}

int host_drill_run(const struct host_drill *drill, const struct host_drill_watcher *watcher,
		   struct error *why)
{
#ifndef __x86_64__
	return error_set(why, -ENOTSUP, "the loops of this drill are for x86-64 only");
#endif
	int status = 0, code = 0;
	pid_t child = fork();

	if (child < 0)
		return error_set(why, -errno, "cannot start the drill: %s", strerror(errno));
	if (child == 0) {
		bound(drill->seconds);
		disguise(drill, watcher);
		instant end = instant_add(now(), DURATION_S(drill->seconds));
		_exit(drill->is_spread ? work_spread(drill, end)
				       : work_all(drill, drill->loop.seed, end));
	}
	if (drill->is_mounted)
		code = cover(child, why);
	if (code == 0 && watcher->on_start)
		watcher->on_start(watcher->context, child);
	if (code != 0)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (drill->is_mounted && code == 0)
		uncover(child);
	if (code == 0 && status != 0)
		code = error_set(why, -EIO,
				 WIFSIGNALED(status) ? "the drill was ended by signal %d"
						     : "the drill had no memory (%d)",
				 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return code;
}

/* Copies this program into `file`. */
static bool copy_self(int file)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t copied = -1;

	if (self < 0)
		return false;
	do {
		copied = sendfile(file, self, NULL, 1u << 20);
	} while (copied > 0);
	close(self);
	return copied == 0;
}

/* A descriptor to execute: of a file that has no name any more. -1 with errno. */
static int deleted_copy(void)
{
	char path[] = "/tmp/.davy-drill-XXXXXX";
	int file = mkostemp(path, O_CLOEXEC);

	if (file < 0)
		return -1;
	int readable = open(path, O_RDONLY | O_CLOEXEC);
	bool is_copied = fchmod(file, 0700) == 0 && copy_self(file);
	close(file); /* what is open for writing cannot be executed */
	unlink(path);
	if (is_copied || readable < 0)
		return readable;
	close(readable);
	errno = EIO;
	return -1;
}

/* Of a file that never had a name. */
static int memory_copy(void)
{
	int file = memfd_create("davy-drill", MFD_CLOEXEC);

	if (file >= 0 && !copy_self(file)) {
		close(file);
		errno = EIO;
		return -1;
	}
	return file;
}

int host_drill_become(const struct host_drill *drill, char *const *argv, struct error *why)
{
	int image = drill->image == HOST_DRILL_DELETED ? deleted_copy()
		    : drill->image == HOST_DRILL_MEMFD
			    ? memory_copy()
			    : open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (image < 0)
		return error_set(why, -errno, "cannot copy this program: %s", strerror(errno));
	if (drill->preload[0])
		setenv("LD_PRELOAD", drill->preload, 1);
	fexecve(image, argv, environ);
	int code = -errno;
	close(image);
	return error_set(why, code, "cannot run a copy of this program: %s", strerror(-code));
}
