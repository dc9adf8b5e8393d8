/*
 * Whose memory the host worker does not read, since a worker did not come back from it.
 *
 * A process may have a page in a file of its own file system that never comes. The worker that
 * waits for it is given up, and the next one spares that process: a miner must not blind us for all
 * others by hiding itself. Where it was libyara that did not come back only rules of the user's own
 * spare the process: nothing is wrong with its memory, and all other detectors go on.
 */
#include "programs/watch_state.h"

#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "programs/watch_relay.h"

#define RULES_SOURCE "host: rules of your own"

enum { SPARED_NAME_MAX = 64, WHY_MAX = 512 };

/* all: of nobody is it to be read */
static void tell_pids(struct watch *w, uint32_t type, const struct spared *spared, size_t count,
		      bool all)
{
	uint32_t pids[HOST_SPARED_MAX] = {0};
	struct channel *channel = &w->supervisor.at[w->host_index].channel;

	for (size_t i = 0; i < count; i++)
		pids[i] = spared[i].pid;
	if (all) {
		pids[0] = 0;
		count = count > 0 ? count : 1;
	}
	if (channel_send(channel, type, str_of(pids, count * sizeof(*pids)), NULL, 0) < 0)
		log_error("the worker of processes was not told whom to spare");
}

static void tell_spared(struct watch *w)
{
	tell_pids(w, HOST_SPARE, w->host_spared, w->host_spared_count,
		  w->host_spared_count == HOST_SPARED_MAX);
	tell_pids(w, HOST_SPARE_RULES, w->rules_spared, w->rules_spared_count,
		  w->rules_falls == RULES_FALLS_MAX);
}

void watch_spared_tell(struct watch *w)
{
	w->host_reads = (struct host_reads){0};
	tell_spared(w);
}

void watch_spared_take(struct watch *w, struct str body)
{
	if (body.len == sizeof(w->host_reads))
		memcpy(&w->host_reads, body.at, sizeof(w->host_reads));
}

/* -- one more -- */

static void name_memory(const struct spared *spared, char name[SPARED_NAME_MAX])
{
	snprintf(name, SPARED_NAME_MAX, "host: memory of process %u", spared->pid);
}

static void name_rules(const struct spared *spared, char name[SPARED_NAME_MAX])
{
	snprintf(name, SPARED_NAME_MAX, "host: rules in process %u", spared->pid);
}

static void spare(struct watch *w, uint32_t pid, int pidfd)
{
	static const char why[] =
		"looking at it never ends, which itself is suspicious: a page of it lies in a file "
		"of its own file system; look who it is and what it has mounted (/proc/PID/exe, "
		"maps, mountinfo)";
	struct spared *spared = &w->host_spared[w->host_spared_count++];
	char name[SPARED_NAME_MAX];

	*spared = (struct spared){pid, pidfd};
	name_memory(spared, name);
	log_warn("%s: %s; it is not looked at any more, the others are", name, why);
	relay_source(w, name, false, why);
	if (w->host_spared_count == HOST_SPARED_MAX)
		log_error("host: looking at %d processes never ended: memory is not looked at any "
			  "more, of no process, until one of them is ended",
			  HOST_SPARED_MAX);
}

/* how: "took longer than 20 s" */
static void spare_by_rules(struct watch *w, uint32_t pid, int pidfd, const char *how)
{
	const struct spared spared = {pid, pidfd};
	char name[SPARED_NAME_MAX], why[WHY_MAX];

	w->rules_falls++;
	name_rules(&spared, name);
	snprintf(why, sizeof(why),
		 "who looked for rules of your own in it %s: one of them does not get along with "
		 "what it holds; try the files one by one (davy scan --host --yara FILE)",
		 how);
	log_warn("%s: %s; rules pass it over now, all other detectors look at it", name, why);
	if (pidfd >= 0) {
		w->rules_spared[w->rules_spared_count++] = spared;
		relay_source(w, name, false, why);
	}
	if (w->rules_falls < RULES_FALLS_MAX)
		return;
	snprintf(why, sizeof(why),
		 "%d times a worker did not come back from them: they are not looked for any more, "
		 "in no process, until davy watch is started again or they are changed",
		 RULES_FALLS_MAX);
	log_error(RULES_SOURCE ": %s", why);
	relay_source(w, RULES_SOURCE, false, why);
}

static void note(struct watch *w, const char *how)
{
	const struct host_reads reads = w->host_reads;
	int pidfd = reads.pid > 0 ? (int)syscall(SYS_pidfd_open, (pid_t)reads.pid, 0) : -1;

	w->host_reads = (struct host_reads){0};
	if (reads.is_in_rules && w->rules_falls < RULES_FALLS_MAX)
		spare_by_rules(w, reads.pid, pidfd, how);
	else if (!reads.is_in_rules && pidfd >= 0 && w->host_spared_count < HOST_SPARED_MAX)
		spare(w, reads.pid, pidfd);
	else if (pidfd >= 0)
		close(pidfd);
}

void watch_spared_hangs(struct watch *w)
{
	char how[SPARED_NAME_MAX];

	snprintf(how, sizeof(how), "said nothing for %d s", HOST_SILENCE_S);
	note(w, how);
}

void watch_spared_died(struct watch *w, const char *how)
{
	struct supervised *worker = &w->supervisor.at[w->host_index];
	struct message message;

	/* its death may be known before its last word; answers would go to nobody */
	while (channel_receive(&worker->channel, &message) == MESSAGE_READY)
		if (message.type == HOST_READS)
			watch_spared_take(w, message.body);
	if (!worker->is_hung && w->host_reads.is_in_rules)
		note(w, how);
}

/* -- one less -- */

static bool has_ended(const struct spared *spared)
{
	struct pollfd ended = {.fd = spared->pidfd, .events = POLLIN};

	return poll(&ended, 1, 0) == 1;
}

static size_t forget(struct watch *w, struct spared *spared, size_t count, bool all,
		     void (*name_it)(const struct spared *, char *))
{
	char name[SPARED_NAME_MAX];

	for (size_t i = count; i > 0; i--) {
		if (!all && !has_ended(&spared[i - 1]))
			continue;
		name_it(&spared[i - 1], name);
		relay_source_gone(w, name);
		close(spared[i - 1].pidfd);
		spared[i - 1] = spared[--count];
	}
	return count;
}

void watch_spared_forget(struct watch *w, bool all)
{
	const size_t before = w->host_spared_count + w->rules_spared_count;

	w->host_spared_count = forget(w, w->host_spared, w->host_spared_count, all, name_memory);
	w->rules_spared_count = forget(w, w->rules_spared, w->rules_spared_count, all, name_rules);
	if (!all && w->host_spared_count + w->rules_spared_count < before &&
	    w->supervisor.at[w->host_index].is_running)
		tell_spared(w);
}
