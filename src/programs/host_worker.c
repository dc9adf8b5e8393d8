/*
 * The half of host detection without rights: samples in, looks at what lasts, findings out.
 *
 * It wakes twice a second, no oftener: whatever mines does so for longer, and a sensor that runs
 * everywhere must cost next to nothing where nothing happens.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "detect/workloads.h"
#include "programs/clock.h"
#include "programs/commands.h"
#include "programs/host.h"
#include "programs/host_held.h"
#include "programs/host_hidden.h"
#include "programs/host_images.h"
#include "programs/host_join.h"
#include "programs/host_look.h"
#include "programs/host_looks.h"
#include "programs/host_rules.h"
#include "programs/host_setup.h"
#include "programs/host_told.h"
#include "programs/watch.h"
#include "sandbox/confine.h"
#include "sandbox/worker.h"
#include "source/host/processes.h"

enum {
	WAIT_MS = 1000,
	BEAT_S = 3, /* well below HOST_SILENCE_S of watch_state.h */
};

struct hosting {
	struct channel channel;
	struct host_start settings;
	struct sampler *sampler;
	struct process_events *events;
	struct processes *processes;
	struct workloads *workloads;
	struct host_looker *looker;
	struct host_rules *rules; /* of the user's own; NULL: there are none */
	struct host_setup *setup;
	struct host_join *join;
	struct host_hidden *hidden;
	struct host_images *images;
	struct host_held *held;
	struct host_told *told;
	struct host_looks looks;
	struct buf line;
	struct stat own;
	char own_path[PATH_MAX];
	struct spared_pids {
		uint32_t pids[HOST_SPARED_MAX];
		size_t count;
	} spared,		 /* their memory is not read: that never ends */
		rules_spared;	 /* the same, of libyara */
	bool is_in_rules;	 /* libyara is at work */
	struct host_reads reads; /* as was told last */
	instant beaten;		 /* monotonic */
	instant begun, stepped, health_told;
	uint64_t looked;
	bool leaves;
};

static bool tell(struct hosting *h, uint32_t type, struct str body)
{
	return channel_tell(&h->channel, type, body) == 0;
}

/* -- that we live, and whose memory we read -- */

static void beat(struct hosting *h, uint32_t pid)
{
	instant now = clock_monotonic();

	if (pid == h->reads.pid && h->is_in_rules == h->reads.is_in_rules &&
	    instant_since(now, h->beaten).ns < DURATION_S(BEAT_S).ns)
		return;
	h->reads = (struct host_reads){pid, h->is_in_rules};
	h->beaten = now;
	(void)!tell(h, HOST_READS, str_of(&h->reads, sizeof(h->reads)));
}

static bool has_pid(const struct spared_pids *spared, uint32_t pid)
{
	for (size_t i = 0; i < spared->count; i++)
		if (spared->pids[i] == pid || spared->pids[i] == 0)
			return true;
	return false;
}

/* Told before it is read: a page may be one that never comes, and this our last word. */
static bool may_read(void *context, uint32_t pid)
{
	struct hosting *h = context;

	if (has_pid(&h->spared, pid))
		return false;
	beat(h, pid);
	return true;
}

/* Told before libyara begins, and when it came back: what hangs or falls between is of rules. */
static bool rules_begin(void *context, uint32_t pid)
{
	struct hosting *h = context;

	if (has_pid(&h->rules_spared, pid))
		return false;
	h->is_in_rules = true;
	beat(h, pid);
	return true;
}

static void rules_end(void *context, uint32_t pid)
{
	struct hosting *h = context;

	h->is_in_rules = false;
	beat(h, pid);
}

static void take_spared(struct spared_pids *spared, struct str body)
{
	if (body.len > sizeof(spared->pids) || body.len % sizeof(*spared->pids) != 0)
		return;
	spared->count = body.len / sizeof(*spared->pids);
	if (body.len > 0)
		memcpy(spared->pids, body.at, body.len);
}

/* -- samples -- */

static bool is_own(const struct hosting *h, uint32_t pid)
{
	return pid == h->settings.side_pid || pid == (uint32_t)getpid();
}

static void take_sample(void *context, const struct host_sample *s)
{
	struct hosting *h = context;
	struct processor_sample sample = {
		.at = s->at,
		.process = {s->tgid, s->start_ns},
		.thread = s->tid,
		.in_kernel = s->flags & SAMPLE_IN_KERNEL,
		.is_kernel_thread = s->flags & SAMPLE_KERNEL_THREAD,
		.cgroup_id = s->cgroup_id,
		.device = s->device,
		.inode = s->inode,
		.ip = s->flags & SAMPLE_HAS_IP ? s->ip : 0,
	};

	if (is_own(h, s->tgid))
		return;
	workloads_sample(h->workloads, &sample);
}

static void take_event(void *context, const struct process_event *event)
{
	struct hosting *h = context;

	host_join_event(h->join, event);
	if (event->kind == PROCESS_EVENT_EXIT)
		workloads_ended(h->workloads, &event->key);
}

/* -- looks -- */

static void ask_for_looks(struct hosting *h, instant now)
{
	struct workload_due due[HOST_LOOKS_AT_ONCE];

	host_looks_forget_late(&h->looks, now);
	size_t count = workloads_due(h->workloads, now, due, HOST_LOOKS_AT_ONCE);
	for (size_t i = 0; i < count; i++)
		host_looks_ask(&h->looks, &h->channel, &due[i], now);
}

/*
 * What the kernel lists, and those it names. Half of the places are kept free: who floods us with
 * connections keeps nobody else from being looked at.
 */
static void ask_for_named(struct hosting *h, instant now)
{
	const uint32_t sockets = ITERATE_SOCKETS, processes = ITERATE_PROCESSES;
	struct socket_walk_request walk;
	struct image_request image;
	struct workload_due due;
	struct process_key process;

	if (host_join_wants_list(h->join, now))
		(void)!tell(h, HOST_LIST, str_of(&sockets, sizeof(sockets)));
	if (host_join_wants_walk(h->join, &walk))
		(void)!tell(h, HOST_WALK, str_of(&walk, sizeof(walk)));
	if (host_hidden_wants_list(h->hidden, now))
		(void)!tell(h, HOST_LIST, str_of(&processes, sizeof(processes)));
	while (host_images_ask(h->images, now, &image))
		(void)!tell(h, HOST_IMAGE, str_of(&image, sizeof(image)));
	while (host_looks_has_places(&h->looks, HOST_LOOKS_AT_ONCE / 2) &&
	       (host_join_next(h->join, &process) || host_hidden_next(h->hidden, &process))) {
		due = workloads_name(h->workloads, &process);
		host_looks_ask(&h->looks, &h->channel, &due, now);
	}
}

/* One in a container may be of an image that is authorised: it is told when that is known. */
static void take_finding(struct hosting *h, struct finding *finding, instant now)
{
	const struct process *process = host_looked_at(h->looker);

	if (!host_held_take(h->held, process, finding, now))
		host_told_take(h->told, finding, now);
}

static void tell_held(struct hosting *h, bool all, instant now)
{
	struct finding finding;

	while (host_held_next(h->held, all, now, &finding))
		host_told_take(h->told, &finding, now);
}

static void take_opened(struct hosting *h, struct message *message, instant now)
{
	struct opened_process opened;
	struct workload_due due;
	struct finding finding;

	if (!opened_process_receive(message, &opened))
		return;
	if (host_looks_answered(&h->looks, opened.pid, &due)) {
		h->looked++;
		enum look_result result = host_look(h->looker, h->workloads, h->processes, &due,
						    &opened, now, &finding);
		if (opened.error && finding.detector.len == 0)
			result = LOOK_GONE;
		workloads_looked(h->workloads, &due, now, result);
		if (opened.error)
			host_join_gone(h->join, &due.process);
		if (finding.detector.len > 0) {
			host_looks_keep_suspect(&h->looks, &due);
			take_finding(h, &finding, now);
		}
	}
	opened_process_close(&opened);
}

/* -- the loop -- */

static void add_counter(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, "host\t%s\t%llu\n", name, (unsigned long long)value);
}

static void tell_health(struct hosting *h)
{
	struct workloads_counters c = workloads_counters(h->workloads);
	struct sampler_counters s = {0};
	struct process_events_counters e = {0};
	const struct host_told_counters told = host_told_count(h->told);

	if (h->sampler)
		sampler_count(h->sampler, &s);
	if (h->events)
		process_events_count(h->events, &e);
	buf_clear(&h->line);
	add_counter(&h->line, "samples taken", s.taken);
	add_counter(&h->line, "samples dropped", s.dropped);
	add_counter(&h->line, "samples malformed", s.malformed);
	add_counter(&h->line, "process events", e.seen);
	add_counter(&h->line, "process events dropped", e.dropped);
	add_counter(&h->line, "workloads", c.workloads.used);
	add_counter(&h->line, "workloads evicted", c.workloads.evicted);
	add_counter(&h->line, "processes", c.processes.used);
	add_counter(&h->line, "processes evicted", c.processes.evicted);
	add_counter(&h->line, "processes missing from /proc", host_hidden_count(h->hidden));
	add_counter(&h->line, "processes with descriptors dropped", host_join_cut(h->join));
	add_counter(&h->line, "looks", h->looked);
	if (h->rules)
		add_counter(&h->line, "own rules stopped", host_rules_stopped(h->rules));
	add_counter(&h->line, "findings told", told.findings);
	add_counter(&h->line, "findings lost", told.lost);
	if (!h->line.failed)
		(void)!tell(h, WATCH_COUNTERS, buf_view(&h->line));
}

static void drain(struct hosting *h)
{
	if (h->sampler)
		(void)sampler_read(h->sampler, take_sample, h);
	if (h->events)
		(void)process_events_read(h->events, take_event, h);
}

static void leave(struct hosting *h)
{
	struct workloads_counters counters = workloads_counters(h->workloads);
	const struct host_seen seen = {
		.processes = (uint32_t)counters.processes.inserted,
		.looks = (uint32_t)h->looked,
		.rules_stopped = (uint32_t)host_rules_stopped(h->rules),
		.seconds =
			(uint32_t)(duration_seconds(instant_since(clock_wall(), h->begun)) + 0.5),
	};

	drain(h);
	tell_held(h, true, clock_wall());
	host_told_end(h->told);
	tell_health(h);
	(void)!tell(h, HOST_SEEN, str_of(&seen, sizeof(seen)));
	(void)!tell(h, WATCH_FLUSHED, (struct str){0});
	channel_drain(&h->channel, 1000);
	h->leaves = true;
}

static void take_sampler(struct hosting *h, struct message *message)
{
	struct sampler_feed feed;
	struct error why;

	if (message->body.len != sizeof(feed))
		return;
	memcpy(&feed, message->body.at, sizeof(feed));
	if (!h->sampler)
		h->sampler = sampler_new();
	if (h->sampler && sampler_take(h->sampler, &feed, message->descriptors,
				       message->descriptor_count, &why) < 0)
		log_warn("host: no samples from one ring: %s", why.text);
}

static void take_events(struct hosting *h, struct message *message)
{
	struct process_events_feed feed;
	struct error why;

	if (message->body.len != sizeof(feed) || h->events)
		return;
	memcpy(&feed, message->body.at, sizeof(feed));
	if (process_events_new(&feed, message->descriptors, message->descriptor_count, &h->events,
			       &why) < 0) {
		h->events = NULL;
		log_warn("host: no events of processes: %s", why.text);
	}
}

/*
 * How suspects stay is known now: it is told with their findings. One that was told while the walk
 * was for another has its own walk now; stopped at once, it would not be looked at again.
 */
static void take_setup(struct hosting *h, struct message *message, instant now)
{
	if (host_setup_take(h->setup, &h->channel, HOST_SETUP, message))
		host_looks_ask_suspects(&h->looks, &h->channel, now);
}

static void take_list(struct hosting *h, struct message *message, instant now)
{
	int descriptor = message->descriptor_count == 1 ? message->descriptors[0] : -1;
	uint32_t kind = ITERATOR_COUNT;

	if (message->body.len == sizeof(kind))
		memcpy(&kind, message->body.at, sizeof(kind));
	if (kind == ITERATE_SOCKETS)
		host_join_take_list(h->join, descriptor, now);
	else if (kind == ITERATE_PROCESSES)
		host_hidden_take_list(h->hidden, descriptor, now);
	if (descriptor >= 0)
		close(descriptor);
}

static void hear(struct hosting *h, const struct message *message, instant now)
{
	drain(h); /* a look takes long: who connected meanwhile has to be known first */
	host_join_hear(h->join, message->body, now);
}

static void take_messages(struct hosting *h, instant now)
{
	struct message message;
	enum message_result result;

	while ((result = channel_receive(&h->channel, &message)) == MESSAGE_READY && !h->leaves) {
		if (message.type == HOST_SAMPLER)
			take_sampler(h, &message);
		else if (message.type == HOST_EVENTS)
			take_events(h, &message);
		else if (message.type == HOST_OPENED)
			take_opened(h, &message, now);
		else if (message.type == HOST_SETUP_FILE)
			take_setup(h, &message, now);
		else if (message.type == HOST_LISTED)
			take_list(h, &message, now);
		else if (message.type == HOST_WALKED)
			host_join_take_walk(h->join, &message, now);
		else if (message.type == HOST_IMAGE_FILES)
			host_images_take(h->images, &message, now);
		else if (message.type == HOST_FINDING)
			hear(h, &message, now);
		else if (message.type == HOST_SPARE)
			take_spared(&h->spared, message.body);
		else if (message.type == HOST_SPARE_RULES)
			take_spared(&h->rules_spared, message.body);
		else if (message.type == WATCH_FLUSH)
			leave(h);
		if (!h->leaves)
			beat(h, 0);
	}
	h->leaves |= result == MESSAGE_CLOSED || result == MESSAGE_BROKEN;
}

static void wait_for_work(struct hosting *h)
{
	struct pollfd fds[] = {
		{.fd = WORKER_CHANNEL, .events = POLLIN},
		{.fd = h->sampler ? sampler_descriptor(h->sampler, 0) : -1, .events = POLLIN},
		{.fd = h->events ? process_events_descriptor(h->events) : -1, .events = POLLIN}};

	if (channel_wants_to_send(&h->channel))
		fds[0].events |= POLLOUT;
	poll(fds, 3, WAIT_MS);
	if (fds[0].revents & POLLOUT)
		(void)!channel_flush(&h->channel);
}

static void work(struct hosting *h)
{
	while (!h->leaves) {
		wait_for_work(h);
		instant now = clock_wall();
		drain(h);
		beat(h, 0);
		take_messages(h, now);
		if (h->leaves)
			break;
		tell_held(h, false, now);
		ask_for_named(h, now);
		if (instant_since(now, h->stepped).ns >= DURATION_S(WORKLOAD_STEP_S).ns) {
			h->stepped = now;
			workloads_step(h->workloads, now);
			ask_for_looks(h, now);
			host_setup_step(h->setup, &h->channel, HOST_SETUP, now);
		}
		if (h->settings.health_every_s > 0 &&
		    instant_since(now, h->health_told).ns >=
			    DURATION_S(h->settings.health_every_s).ns) {
			h->health_told = now;
			tell_health(h);
		}
	}
}

/* -- start and end -- */

static int open_all(struct hosting *h, int proc, struct error *why)
{
	const uint64_t seed = hash_random_seed();
	const struct workloads_settings workloads = {
		.sample_hz = h->settings.hertz > 0 ? h->settings.hertz : 49, .seed = seed};
	struct host_looker_settings looker = {.host = str_from(h->settings.host),
					      .seed = seed,
					      .own_device = h->own.st_dev,
					      .own_inode = h->own.st_ino,
					      .own_path = str_from(h->own_path)};

	int result = processes_open(proc, &h->processes, why);
	if (result < 0)
		return result;
	processes_ask_first(h->processes, may_read, h);
	if (host_setup_new(&h->setup) < 0 || host_join_new(seed, h->processes, &h->join) < 0 ||
	    host_hidden_new(h->processes, &h->hidden) < 0 ||
	    host_images_new(h->processes, &h->images) < 0 ||
	    host_held_new(&h->settings.authorised, h->images, &h->held) < 0)
		return error_set(why, -ENOMEM, "not enough memory to watch processes");
	looker.setup = h->setup;
	looker.owners = host_join_owners(h->join);
	looker.hidden = h->hidden;
	looker.images = h->images;
	looker.rules = h->rules;
	looker.authorised = &h->settings.authorised;
	result = host_looker_new(&looker, &h->looker, why);
	if (result == 0 && (workloads_new(&workloads, &h->workloads) < 0 ||
			    host_told_new(&h->channel, h->settings.is_once, seed, &h->told) < 0))
		result = error_set(why, -ENOMEM, "not enough memory to watch processes");
	return result;
}

static void close_all(struct hosting *h)
{
	process_events_free(h->events);
	sampler_free(h->sampler);
	workloads_free(h->workloads);
	host_looker_free(h->looker);
	host_rules_free(h->rules);
	host_setup_free(h->setup);
	host_join_free(h->join);
	host_hidden_free(h->hidden);
	host_held_free(h->held);
	host_images_free(h->images);
	if (h->processes)
		processes_close(h->processes);
	host_told_free(h->told);
	buf_fini(&h->line);
	channel_fini(&h->channel);
}

/* They were compiled once before: what fails here is memory, and no reason to look at nothing. */
static void take_rules(struct hosting *h, int descriptor)
{
	const struct rules_watcher watcher = {rules_begin, rules_end, h};
	struct error why;

	host_rules_watch(h->rules, &watcher);
	if (host_rules_take(h->rules, descriptor, &why) < 0)
		log_error("host: %s; rules of your own are not looked for", why.text);
	beat(h, 0);
}

static void load_rules(struct hosting *h)
{
	struct error why;

	if (host_rules_new(&h->rules, &why) < 0)
		log_error("host: %s; rules of your own are not looked for", why.text);
}

/* Before all rights are gone. */
static void look_at_myself(struct hosting *h)
{
	ssize_t len = readlink("/proc/self/exe", h->own_path, sizeof(h->own_path) - 1);

	h->own_path[len > 0 ? len : 0] = '\0';
	if (stat("/proc/self/exe", &h->own) != 0)
		h->own = (struct stat){0};
}

int host_worker(void)
{
	static struct hosting h;
	struct worker_start start;
	struct confine_report report;
	struct error why;
	int last_writable = worker_last_descriptor();

	if (worker_receive_start(&h.channel, &start, &why) < 0) {
		log_error("host: %s", why.text);
		return EXIT_TROUBLE;
	}
	if (start.settings.len != sizeof(h.settings) || start.descriptor_count < 1 ||
	    start.descriptor_count > 2)
		return EXIT_TROUBLE;
	memcpy(&h.settings, start.settings.at, sizeof(h.settings));
	h.settings.host[sizeof(h.settings.host) - 1] = '\0';
	look_at_myself(&h);
	const struct confine_settings settings = {.confinement = CONFINE_HOST,
						  .memory_bytes = h.settings.memory_bytes,
						  .last_writable = last_writable,
						  .proc = start.descriptors[0]};
	if (start.descriptor_count == 2)
		load_rules(&h);
	int confined = confine(&settings, &report, &why);
	if (confined >= 0)
		beat(&h, 0); /* patterns are compiled now, which takes a while */
	if (confined >= 0 && h.rules)
		take_rules(&h, start.descriptors[1]);
	if (confined < 0 || open_all(&h, start.descriptors[0], &why) < 0) {
		log_error("host: %s", why.text);
		close_all(&h);
		return EXIT_TROUBLE;
	}
	h.looks.files = host_look_wants();
	h.begun = h.stepped = clock_wall();
	work(&h);
	close_all(&h);
	return EXIT_NOTHING_FOUND;
}
