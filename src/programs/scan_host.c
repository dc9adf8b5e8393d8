#include "programs/scan_host.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs/clock.h"
#include "programs/host.h"
#include "programs/scan.h"
#include "programs/watch.h"
#include "sandbox/supervise.h"
#include "sandbox/worker.h"

enum { TICK_MS = 200, LEAVE_MS = 5000, WORKER_NICE = -10 };

struct host_scan {
	const struct scan_host_plan *plan;
	struct host_side side;
	struct worker_process worker;
	struct channel channel;
	struct host_reads reads; /* the worker's last word */
	bool is_flushed, is_gone, reader_is_gone;
};

static void tell_reader(struct host_scan *scan, uint32_t type, struct str body)
{
	if (channel_tell(scan->plan->reader, type, body) < 0)
		scan->reader_is_gone = true;
}

static void tell_unchecked(struct host_scan *scan, const char *what, const char *why)
{
	CLEANUP(buf_fini) struct buf body = {0};

	if (why[0] == '\0')
		return;
	buf_add_text(&body, what);
	buf_add_byte(&body, '\0');
	buf_add_text(&body, why);
	tell_reader(scan, SCAN_UNCHECKED, buf_view(&body));
}

/* What could not be opened makes the look a partial one, and that is said. */
static void tell_what_lacks(struct host_scan *scan)
{
	const struct host_side *side = &scan->side;

	tell_unchecked(scan, "this machine's processors", side->sampler_lacks.text);
	tell_unchecked(scan, "this machine's short-lived processes", side->events_lacks.text);
	tell_unchecked(scan, "this machine's hidden processes", side->iterators_lack.text);
	tell_unchecked(scan, "this machine's processes", side->opener.weakness);
}

static bool start_worker(struct host_scan *scan, struct error *why)
{
	struct host_start settings = {.is_once = true};
	struct worker_start start = {.settings = str_of(&settings, sizeof(settings)),
				     .descriptors = {scan->side.opener.proc, scan->plan->rules},
				     .descriptor_count = scan->plan->rules >= 0 ? 2 : 1};

	host_side_fill_start(&scan->side, &settings);
	settings.authorised = *scan->plan->authorised;
	if (worker_spawn(HOST_ROLE, false, &scan->worker, why) < 0)
		return false;
	/* a miner on all processors must not keep its finder from them; without the right to, it is
	 * as it is */
	(void)setpriority(PRIO_PROCESS, (id_t)scan->worker.pid, WORKER_NICE);
	channel_init(&scan->channel, scan->worker.channel, false);
	if (worker_send_start(&scan->channel, &start) < 0 ||
	    host_side_greet(&scan->side, &scan->channel) < 0) {
		error_set(why, 0, "the reader of processes did not begin");
		return false;
	}
	return true;
}

/* What is not known for a rule's sake is said: other rules held, or not, in vain. */
static void take_seen(struct host_scan *scan, struct str body)
{
	struct host_seen seen;
	char why[160];

	if (body.len != sizeof(seen))
		return;
	memcpy(&seen, body.at, sizeof(seen));
	snprintf(
		why, sizeof(why),
		"no rule was decided in %u look%s: one of them takes too long, is found too often, "
		"or all used up their time; try the files one by one",
		seen.rules_stopped, seen.rules_stopped == 1 ? "" : "s");
	if (seen.rules_stopped > 0)
		tell_unchecked(scan, "rules of your own", why);
	tell_reader(scan, SCAN_HOST, body);
}

static void take_message(struct host_scan *scan, const struct message *message)
{
	int answered = host_side_answer(&scan->side, &scan->channel, message);

	if (answered < 0)
		scan->is_gone = true;
	else if (message->type == WATCH_FINDING)
		tell_reader(scan, SCAN_FINDING, message->body);
	else if (message->type == HOST_READS && message->body.len == sizeof(scan->reads))
		memcpy(&scan->reads, message->body.at, sizeof(scan->reads));
	else if (message->type == HOST_SEEN)
		take_seen(scan, message->body);
	else if (message->type == WATCH_FLUSHED)
		scan->is_flushed = true;
}

/* One turn; draws how much of the time has passed. */
static void take_messages(struct host_scan *scan)
{
	struct message message;
	enum message_result result = channel_await(&scan->channel, TICK_MS, &message);

	while (result == MESSAGE_READY) {
		take_message(scan, &message);
		result = channel_receive(&scan->channel, &message);
	}
	scan->is_gone |= result == MESSAGE_CLOSED || result == MESSAGE_BROKEN;
	if (channel_wants_to_send(&scan->channel))
		(void)!channel_flush(&scan->channel);
}

static bool is_over(const struct host_scan *scan)
{
	return scan->is_gone || scan->reader_is_gone;
}

static void watch(struct host_scan *scan)
{
	const instant begun = clock_monotonic();
	const duration whole = DURATION_S(scan->plan->seconds);
	instant ticked = begun, now = begun;

	while (!is_over(scan) && !*scan->plan->was_interrupted &&
	       instant_since(now, begun).ns < whole.ns) {
		take_messages(scan);
		now = clock_monotonic();
		if (instant_since(now, ticked).ns >= DURATION_S(5).ns) {
			host_side_tick(&scan->side, &scan->channel);
			ticked = now;
		}
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\rwatching this machine's processes: %.0f of %u s ",
				duration_seconds(instant_since(now, begun)), scan->plan->seconds);
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	instant until = instant_add(now, DURATION_MS(LEAVE_MS));
	if (channel_send(&scan->channel, WATCH_FLUSH, (struct str){0}, NULL, 0) < 0)
		scan->is_gone = true;
	while (!is_over(scan) && !scan->is_flushed &&
	       instant_since(clock_monotonic(), until).ns < 0)
		take_messages(scan);
}

/* It may wait for a page that never comes, and no signal ends that. False: it is left to init. */
static bool await_end(const struct host_scan *scan, int *status)
{
	struct pollfd dead = {.fd = scan->worker.pidfd, .events = POLLIN};

	if (dead.fd >= 0 && poll(&dead, 1, LEAVE_MS) == 0) {
		kill(scan->worker.pid, SIGKILL);
		if (poll(&dead, 1, LEAVE_MS) == 0)
			return false;
	}
	while (waitpid(scan->worker.pid, status, 0) < 0 && errno == EINTR)
		;
	return true;
}

/* Libyara did not come back. */
static void tell_rules_fault(struct host_scan *scan, bool hung, int status)
{
	char why[DEATH_TEXT_MAX + 200], death[DEATH_TEXT_MAX] = "never came back";

	if (!hung)
		death_describe(status, death);
	snprintf(why, sizeof(why),
		 "who looked for rules of your own in process %u %s: nothing was told of all "
		 "others; look again without them, then try the files one by one",
		 scan->reads.pid, death);
	tell_unchecked(scan, "this machine's processes", why);
}

static void bury(struct host_scan *scan)
{
	char why[DEATH_TEXT_MAX];
	int status = 0;

	channel_fini(&scan->channel);
	bool has_ended = await_end(scan, &status);
	if (scan->worker.pidfd >= 0)
		close(scan->worker.pidfd);
	if (scan->is_flushed)
		return;
	bool hung = !has_ended || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	if (scan->reads.is_in_rules)
		return tell_rules_fault(scan, hung, status);
	if (!hung || (has_ended && scan->reads.pid == 0))
		death_describe(status, why);
	else
		snprintf(why, sizeof(why),
			 "the look at process %u never ended, which itself is suspicious: nothing "
			 "was told of all others",
			 scan->reads.pid);
	tell_unchecked(scan, "this machine's processes", why);
}

bool scan_host(const struct scan_host_plan *plan)
{
	struct host_scan scan = {.plan = plan};
	struct error why = {0};

	if (host_side_open(&scan.side, &why) < 0 || !start_worker(&scan, &why)) {
		tell_unchecked(&scan, "this machine's processes", why.text);
	} else {
		tell_what_lacks(&scan);
		watch(&scan);
	}
	if (scan.worker.pid > 0)
		bury(&scan);
	host_side_close(&scan.side);
	return !scan.reader_is_gone;
}
