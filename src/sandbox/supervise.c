#include "sandbox/supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DOUBLINGS_MAX = 20, DIES_MS = 5000, SLEPT_MS = 1000 };

static duration or_default(duration set, duration standard)
{
	return set.ns ? set : standard;
}

static duration pause_after(const struct supervisor *supervisor, uint32_t failures)
{
	int64_t first = or_default(supervisor->first_pause, DURATION_MS(100)).ns;
	int64_t longest = or_default(supervisor->longest_pause, DURATION_S(30)).ns;
	uint32_t doublings = failures - 1 < DOUBLINGS_MAX ? failures - 1 : DOUBLINGS_MAX;
	int64_t pause;

	if (__builtin_mul_overflow(first, (int64_t)1 << doublings, &pause) || pause > longest)
		pause = longest;
	return (duration){pause};
}

void death_describe(int wait_status, char text[DEATH_TEXT_MAX])
{
	if (WIFSIGNALED(wait_status)) {
		int number = WTERMSIG(wait_status);
		const char *hint = number == SIGSYS    ? ": a system call that seccomp forbids"
				   : number == SIGKILL ? ": by us, or the kernel had no memory left"
						       : "";
		snprintf(text, DEATH_TEXT_MAX, "was killed by signal %d (%s)%s", number,
			 strsignal(number), hint);
	} else if (WEXITSTATUS(wait_status) == WORKER_EXEC_FAILED) {
		snprintf(text, DEATH_TEXT_MAX, "could not be executed");
	} else {
		snprintf(text, DEATH_TEXT_MAX, "left with status %d", WEXITSTATUS(wait_status));
	}
}

static void release(struct supervised *worker)
{
	channel_fini(&worker->channel);
	if (worker->process.pidfd >= 0)
		close(worker->process.pidfd);
	worker->process = (struct worker_process){.pid = -1, .pidfd = -1, .channel = -1};
	worker->is_running = false;
}

static void note_failure(struct supervisor *supervisor, struct supervised *worker, instant now)
{
	int64_t stable = or_default(supervisor->stable_after, DURATION_S(60)).ns;

	if (worker->failures && instant_since(now, worker->started).ns >= stable)
		worker->failures = 0;
	worker->failures++;
	worker->restart_at = instant_add(now, pause_after(supervisor, worker->failures));
}

static int start(struct supervisor *supervisor, size_t index, instant now, struct error *why)
{
	struct supervised *worker = &supervisor->at[index];
	struct worker_start message = {.restarts = worker->restarts,
				       .settings = worker->plan.settings,
				       .descriptor_count = worker->plan.descriptor_count};

	worker->started = worker->heard = now;
	worker->is_hung = false;
	int failed =
		worker_spawn(worker->plan.role, worker->plan.writes_output, &worker->process, why);
	if (failed)
		return failed;
	channel_init(&worker->channel, worker->process.channel, false);
	worker->is_running = true;
	if (message.descriptor_count)
		memcpy(message.descriptors, worker->plan.descriptors,
		       sizeof(int) * message.descriptor_count);
	failed = worker_send_start(&worker->channel, &message);
	if (failed) {
		kill(worker->process.pid, SIGKILL);
		waitpid(worker->process.pid, NULL, 0);
		release(worker);
		return error_set(why, failed, "the %s worker takes no settings: %s",
				 worker->plan.role, strerror(-failed));
	}
	if (supervisor->on_start)
		supervisor->on_start(supervisor->context, index);
	return 0;
}

int supervise_add(struct supervisor *supervisor, const struct worker_plan *plan, instant now,
		  size_t *index, struct error *why)
{
	if (supervisor->count == SUPERVISED_MAX || plan->descriptor_count > MESSAGE_DESCRIPTORS_MAX)
		return error_set(why, -EINVAL, "too many workers, or descriptors for the %s worker",
				 plan->role);
	*index = supervisor->count;
	supervisor->at[*index] = (struct supervised){.plan = *plan};
	supervisor->count++;
	int failed = start(supervisor, *index, now, why);
	if (failed)
		supervisor->count--;
	return failed;
}

static void take_leave(struct supervisor *supervisor, size_t index, instant now)
{
	struct supervised *worker = &supervisor->at[index];

	if (supervisor->on_death)
		supervisor->on_death(supervisor->context, index, worker->last_death);
	release(worker);
	note_failure(supervisor, worker, now);
}

static void notice_death(struct supervisor *supervisor, size_t index, instant now)
{
	struct supervised *worker = &supervisor->at[index];
	int status;

	if (waitpid(worker->process.pid, &status, WNOHANG) != worker->process.pid)
		return;
	if (worker->is_hung)
		snprintf(worker->last_death, DEATH_TEXT_MAX, "said nothing for %.0f s, was ended",
			 duration_seconds(worker->plan.silence));
	else
		death_describe(status, worker->last_death);
	take_leave(supervisor, index, now);
}

/* -- who says nothing any more -- */

void supervise_heard(struct supervisor *supervisor, size_t index, instant now)
{
	if (!supervisor->at[index].is_hung)
		supervisor->at[index].heard = now;
}

/* Its pid stays its own until it is reaped. */
static void leave_stuck(struct supervisor *supervisor, size_t index, instant now)
{
	struct supervised *worker = &supervisor->at[index];

	if (supervisor->stuck_count == STUCK_MAX)
		return;
	supervisor->stuck[supervisor->stuck_count++] = worker->process.pid;
	snprintf(
		worker->last_death, DEATH_TEXT_MAX,
		"said nothing for %.0f s, waits in the kernel as process %d, which nobody can end,",
		duration_seconds(worker->plan.silence), (int)worker->process.pid);
	take_leave(supervisor, index, now);
}

static void end_silent(struct supervisor *supervisor, size_t index, instant now)
{
	struct supervised *worker = &supervisor->at[index];
	int64_t silent = instant_since(now, worker->heard).ns;

	if (worker->plan.silence.ns == 0)
		return;
	if (worker->is_hung) {
		if (silent >= DURATION_MS(DIES_MS).ns)
			leave_stuck(supervisor, index, now);
		return;
	}
	if (silent < worker->plan.silence.ns)
		return;
	worker->is_hung = true;
	worker->heard = now;
	supervisor->hangs++;
	if (supervisor->on_hang)
		supervisor->on_hang(supervisor->context, index);
	supervise_kill(supervisor, index);
}

static void bury_stuck(struct supervisor *supervisor)
{
	for (size_t i = supervisor->stuck_count; i > 0; i--)
		if (waitpid(supervisor->stuck[i - 1], NULL, WNOHANG) != 0)
			supervisor->stuck[i - 1] = supervisor->stuck[--supervisor->stuck_count];
}

/* While we were stopped nobody could be heard. */
static void forgive_sleep(struct supervisor *supervisor, instant now)
{
	duration slept = instant_since(now, supervisor->ticked);

	slept.ns -= DURATION_MS(SLEPT_MS).ns;
	if (supervisor->ticked.ns != 0 && slept.ns > 0)
		for (size_t i = 0; i < supervisor->count; i++)
			supervisor->at[i].heard = instant_add(supervisor->at[i].heard, slept);
	supervisor->ticked = now;
}

static void start_again(struct supervisor *supervisor, size_t index, instant now)
{
	struct supervised *worker = &supervisor->at[index];
	struct error why;

	worker->restarts++;
	if (start(supervisor, index, now, &why)) {
		snprintf(worker->last_death, sizeof(worker->last_death), "%.150s", why.text);
		note_failure(supervisor, worker, now);
	}
}

duration supervise_tick(struct supervisor *supervisor, instant now)
{
	duration next = {-1};

	forgive_sleep(supervisor, now);
	bury_stuck(supervisor);
	for (size_t i = 0; i < supervisor->count; i++) {
		struct supervised *worker = &supervisor->at[i];
		if (worker->is_running)
			notice_death(supervisor, i, now);
		if (worker->is_running)
			end_silent(supervisor, i, now);
		if (!worker->is_running && instant_since(worker->restart_at, now).ns <= 0)
			start_again(supervisor, i, now);
		if (worker->is_running)
			continue;
		duration left = instant_since(worker->restart_at, now);
		if (next.ns < 0 || left.ns < next.ns)
			next = left;
	}
	return next;
}

void supervise_kill(struct supervisor *supervisor, size_t index)
{
	struct supervised *worker = &supervisor->at[index];

	/* Not reaped yet, so the number is still this worker's. */
	if (worker->is_running)
		kill(worker->process.pid, SIGKILL);
}

void supervise_stop(struct supervisor *supervisor, int grace_ms)
{
	for (size_t i = 0; i < supervisor->count; i++) {
		struct supervised *worker = &supervisor->at[i];
		if (!worker->is_running)
			continue;
		shutdown(worker->channel.fd, SHUT_RDWR);
	}
	for (size_t i = 0; i < supervisor->count; i++) {
		struct supervised *worker = &supervisor->at[i];
		if (!worker->is_running)
			continue;
		struct pollfd dead = {.fd = worker->process.pidfd, .events = POLLIN};
		if (dead.fd < 0 || poll(&dead, 1, grace_ms) <= 0) {
			kill(worker->process.pid, SIGKILL);
			grace_ms = 0; /* all had that long */
			/* one that is stuck in the kernel is left to init */
			if (dead.fd >= 0 && poll(&dead, 1, DIES_MS) <= 0) {
				release(worker);
				continue;
			}
		}
		waitpid(worker->process.pid, NULL, 0);
		release(worker);
	}
	supervisor->count = 0;
}
