#include "programs/clock.h"
#include "programs/watch_supervisor.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/hash.h"
#include "base/log.h"
#include "model/finding.h"
#include "programs/list_files.h"
#include "programs/mirror_text.h"
#include "programs/terminal.h"
#include "programs/watch_relay.h"
#include "sandbox/confine.h"
#include "sandbox/supervise.h"
#include "source/live/cutoff_map.h"
#include "source/live/taps.h"

enum {
	TICK_MS = 100,
	GRACE_MS = 3000,
	CORE_WAIT_MS = 30000, /* for the store to be opened; a large one may take longer */
	RING_PERCENT = 25,    /* of the memory ceiling; the rest is the sensors' */
	RING_BLOCK = 128 * 1024,
	RING_LEAST = 2 * RING_BLOCK,
	/* a third of a second at 100,000 small packets/s */
	RING_MOST = 32 * RING_BLOCK,
	INTERFACES_TO_COME = 4, /* room for those that appear later */
};

/* -- workers -- */

static void on_worker_death_event(uv_poll_t *poll, int status, int events)
{
	struct watcher *watcher = poll->data;

	(void)status, (void)events;
	uv_poll_stop(poll);
	supervise_tick(&watcher->watch->supervisor, clock_monotonic());
}

static void on_start(void *context, size_t index)
{
	struct watch *w = context;
	struct watcher *watcher = &w->watchers[index];
	struct supervised *worker = &w->supervisor.at[index];

	watcher->watch = w;
	watcher->index = index;
	watcher->channel.data = watcher->death.data = watcher;
	uv_poll_init(&w->loop, &watcher->channel, worker->channel.fd);
	uv_poll_start(&watcher->channel, UV_READABLE | UV_DISCONNECT, relay_on_channel);
	if (worker->process.pidfd >= 0) {
		uv_poll_init(&w->loop, &watcher->death, worker->process.pidfd);
		uv_poll_start(&watcher->death, UV_READABLE, on_worker_death_event);
	}
	watcher->is_watched = true;
	if (index > CORE && w->supervisor.at[index].restarts > 0)
		taps_announce(&w->taps, index - 1, true);
}

static void on_death(void *context, size_t index, const char *why)
{
	struct watch *w = context;
	struct watcher *watcher = &w->watchers[index];

	if (watcher->is_watched) {
		uv_poll_stop(&watcher->channel);
		uv_poll_stop(&watcher->death);
		uv_close((uv_handle_t *)&watcher->channel, NULL);
		if (w->supervisor.at[index].process.pidfd >= 0)
			uv_close((uv_handle_t *)&watcher->death, NULL);
		uv_run(&w->loop,
		       UV_RUN_NOWAIT); /* lets the handles go before they are used again */
		watcher->is_watched = false;
	}
	if (w->leaves)
		return;
	w->restarts++;
	log_warn("the %s %s and is started again", w->supervisor.at[index].plan.role, why);
}

static void on_ring_open(void *context, size_t worker, const struct tap_notice *notice, int fd)
{
	struct watch *w = context;
	struct supervised *sensor = &w->supervisor.at[worker + 1];

	if (worker == 0) {
		log_info("watching interface=%s", notice->name);
		relay_source(w, notice->name, true, "");
	}
	if (sensor->is_running &&
	    channel_send(&sensor->channel, WATCH_RING, str_of(notice, sizeof(*notice)), &fd, 1) < 0)
		log_error("a ring of %s was not handed over", notice->name);
}

static void on_ring_close(void *context, size_t worker, const struct tap_notice *notice)
{
	struct watch *w = context;
	struct supervised *sensor = &w->supervisor.at[worker + 1];

	if (worker == 0 && !w->leaves) {
		log_info("interface=%s is gone", notice->name);
		relay_source(w, notice->name, false, "the interface is gone or down");
	}
	if (sensor->is_running)
		(void)!channel_send(&sensor->channel, WATCH_RING_GONE,
				    str_of(notice, sizeof(*notice)), NULL, 0);
}

static void on_ring_failure(void *context, const struct interface *interface, const char *why)
{
	struct watch *w = context;

	log_error("interface %s is not watched: %s", interface->name, why);
	relay_source(w, interface->name, false, why);
}

/* -- timers and signals -- */

static void send_counter(struct buf *lines, const char *name, uint64_t value)
{
	buf_printf(lines, "supervisor\t%s\t%llu\n", name, (unsigned long long)value);
}

static void on_health(uv_timer_t *timer)
{
	struct watch *w = timer->data;
	struct supervised *core = &w->supervisor.at[CORE];
	struct ring_counters rings = taps_count(&w->taps);
	struct cutoff_totals totals = {0};
	CLEANUP(buf_fini) struct buf lines = {0};

	if (w->filter)
		(void)!cutoff_filter_totals(w->filter, &totals);
	send_counter(&lines, "packets received", rings.received);
	send_counter(&lines, "packets dropped", rings.dropped);
	send_counter(&lines, "packets cut off", totals.cut_packets);
	send_counter(&lines, "bytes cut off", totals.cut_bytes);
	send_counter(&lines, "packets peeked", totals.peeked);
	send_counter(&lines, "cut flows reopened", totals.reopened);
	send_counter(&lines, "worker restarts", w->restarts);
	send_counter(&lines, "findings lost", w->findings_lost);
	if (core->is_running)
		(void)!channel_send(&core->channel, WATCH_COUNTERS, buf_view(&lines), NULL, 0);
	relay_sources(w);
}

static void on_tick(uv_timer_t *timer)
{
	struct watch *w = timer->data;

	supervise_tick(&w->supervisor, clock_monotonic());
	relay_pending(w);
	for (size_t i = 0; i < w->supervisor.count; i++)
		if (w->supervisor.at[i].is_running &&
		    channel_wants_to_send(&w->supervisor.at[i].channel))
			(void)!channel_flush(&w->supervisor.at[i].channel);
}

/*
 * Between two runs nobody handles a signal, and its standard action would be the end: it waits.
 * Workers are started with none held back.
 */
static void hold_signals(bool holds)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	(void)sigprocmask(holds ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL);
}

/* Asked before anything is taken down for their sake. */
static bool can_read_settings(const struct watch *w)
{
	struct settings *settings = NULL;
	struct error why = {0};

	if (settings_load(w->plan->config, &settings, &why) < 0) {
		log_error("the settings are kept as they were: %s", why.text);
		return false;
	}
	settings_free(&settings);
	return true;
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct watch *w = signal->data;

	if (number == SIGHUP && (w->leaves || !can_read_settings(w)))
		return;
	w->end = number == SIGHUP ? WATCH_RELOADS : WATCH_ENDED;
	w->leaves = true;
	uv_stop(&w->loop);
}

static void on_interfaces(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;

	(void)status, (void)events;
	if (interfaces_read(&w->interfaces) < 0)
		log_warn("changes of interfaces cannot be read; they are not followed any more");
	relay_sources(w);
}

/* -- set-up -- */

static size_t count_workers(const struct settings *settings)
{
	uint64_t wanted = settings_number(settings, "watch.workers");
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted == 0)
		wanted = cores > 0 ? (uint64_t)cores : 1;
	return wanted > TAP_WORKERS_MAX ? TAP_WORKERS_MAX : (size_t)wanted;
}

static size_t add_names(struct watch *w, const char *setting, const char **names)
{
	size_t count, kept = 0;
	const struct str *texts = settings_texts(w->settings, setting, &count);

	for (size_t i = 0; i < count && kept < NAMES_MAX; i++) {
		char *copy = w->name_texts[w->name_count++];
		snprintf(copy, IF_NAMESIZE, "%.*s", STR_ARG(texts[i]));
		names[kept++] = copy;
	}
	return kept;
}

static struct interface_names wanted_interfaces(struct watch *w)
{
	struct interface_names names = {.include = w->include, .exclude = w->exclude};

	names.exclude_count = add_names(w, "watch.exclude_interfaces", w->exclude);
	if (w->plan->interface_count > 0) {
		names.include = w->plan->interfaces;
		names.include_count = w->plan->interface_count;
	} else {
		names.include_count = add_names(w, "watch.interfaces", w->include);
	}
	return names;
}

/* The folder of the store, owned by the user that workers run as. */
static int make_store_folder(const char *path, struct error *why)
{
	char folder[PATH_MAX];
	uid_t uid;
	gid_t gid;

	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	if (mkdir(folder, 0750) == 0) {
		confine_user(&uid, &gid);
		if (geteuid() == 0 && chown(folder, uid, gid) < 0)
			return error_set(why, -errno,
					 "%s: cannot be given to the user of the workers: %s",
					 folder, strerror(errno));
		return 0;
	}
	if (errno == EEXIST)
		return 0;
	return error_set(
		why, -errno,
		"%s: the store's folder cannot be made: %s; set store.path in the settings", folder,
		strerror(errno));
}

static void open_filters(struct watch *w)
{
	struct error why;

	if (settings_bool(w->settings, "watch.cutoff") &&
	    cutoff_filter_open(&w->sensors[0].cutoff, CUTOFF_FLOWS_DEFAULT, &w->filter, &why) < 0) {
		log_warn("no cut-off of bulk flows in the kernel: %s", why.text);
		relay_source(w, "cut-off", false, why.text);
		w->filter = NULL;
	}
	if (fanout_program_open((uint32_t)hash_random_seed(), &w->fanout, &why) < 0) {
		log_warn("the kernel's own fan-out is used, tunnelled flows may be split: %s",
			 why.text);
		w->fanout = NULL;
	}
}

static void tell_list(void *context, const char *path, const char *why)
{
	CLEANUP(buf_fini) struct buf name = {0}, said = {0};

	buf_add_text(&name, "list ");
	buf_add_printable(&name, str_from(path), PATH_MAX);
	buf_add_byte(&name, '\0');
	buf_add_printable(&said, str_from(why), sizeof(struct error));
	buf_add_byte(&said, '\0');
	if (name.failed || said.failed)
		return;
	if (why[0])
		log_warn("%s", said.at);
	relay_source(context, name.at, why[0] == '\0', said.at);
}

/* A store that cannot be opened is told now, in one sentence, and not by a core that keeps dying.
 */
static int await_core(struct watch *w, struct error *why)
{
	struct message message;

	switch (channel_await(&w->supervisor.at[CORE].channel, CORE_WAIT_MS, &message)) {
	case MESSAGE_READY:
		if (message.type != WATCH_UNFIT)
			return 0;
		return error_set(why, -EACCES, "%.*s", STR_ARG(message.body));
	case MESSAGE_NONE:
		return 0; /* still at it */
	default:
		return error_set(why, -EPIPE,
				 "the core ended as soon as it was started; is %s in order?",
				 w->core.store_path);
	}
}

static int start_core(struct watch *w, struct error *why)
{
	size_t index;
	enum verdict verdict = VERDICT_SUSPECT;

	(void)!verdict_from_name(str_from(settings_text(w->settings, "alert.verdict")), &verdict);
	w->core = (struct core_start){
		.keep_s = settings_number(w->settings, "store.retention_days") * 86400,
		.max_findings = settings_number(w->settings, "store.max_findings"),
		.is_json = w->plan->is_json || settings_bool(w->settings, "report.json"),
		.style = terminal_style(),
		.alerts_journal = settings_bool(w->settings, "alert.journal"),
		.alert_verdict = (uint8_t)verdict,
	};
	snprintf(w->core.store_path, sizeof(w->core.store_path), "%s",
		 settings_text(w->settings, "store.path"));
	int r = make_store_folder(w->core.store_path, why);
	if (r < 0)
		return r;
	struct worker_plan plan = {.role = CORE_ROLE,
				   .writes_output = true,
				   .settings = str_of(&w->core, sizeof(w->core))};
	r = supervise_add(&w->supervisor, &plan, clock_monotonic(), &index, why);
	return r < 0 ? r : await_core(w, why);
}

static struct mirrors wanted_mirrors(const struct settings *settings)
{
	struct mirrors mirrors = {0};
	size_t count;
	const struct str *texts = settings_texts(settings, "watch.mirrors", &count);

	for (size_t i = 0; i < count; i++)
		if (!mirrors_add(&mirrors, texts[i], &(struct error){0}))
			log_warn("watch.mirrors: only the first %d count", MIRRORS_MAX);
	return mirrors;
}

static int start_sensors(struct watch *w, struct error *why)
{
	uint64_t memory = settings_number(w->settings, "watch.memory");
	size_t index;
	int r = 0;

	size_t descriptors = 0;

	if (w->filter)
		w->sensor_descriptors[descriptors++] = cutoff_filter_map(w->filter);
	w->sensor_descriptors[descriptors++] = w->lists;
	for (size_t i = 0; i < w->sensor_count && r == 0; i++) {
		w->sensors[i] = (struct sensor_start){
			.memory_bytes = memory / 100 * (100 - RING_PERCENT) / w->sensor_count,
			.health_every_s =
				(uint32_t)(settings_duration(w->settings, "watch.health_every").ns /
					   1000000000),
			.number = (uint32_t)i,
			.cutoff = w->sensors[0].cutoff,
			.mirrors = wanted_mirrors(w->settings),
			.has_map = w->filter != NULL,
			.has_cutoff = w->filter != NULL,
		};
		struct worker_plan plan = {.role = SENSOR_ROLE,
					   .settings =
						   str_of(&w->sensors[i], sizeof(w->sensors[i])),
					   .descriptors = w->sensor_descriptors,
					   .descriptor_count = descriptors};
		r = supervise_add(&w->supervisor, &plan, clock_monotonic(), &index, why);
	}
	return r;
}

/* Rings share their memory: many processors times many interfaces make each one smaller. */
static uint32_t ring_blocks(const struct watch *w, uint64_t memory)
{
	struct if_nameindex *names = if_nameindex();
	uint64_t rings = INTERFACES_TO_COME;

	for (size_t i = 0; names && names[i].if_index; i++)
		rings++;
	if (names)
		if_freenameindex(names);
	uint64_t bytes = memory / (rings * w->sensor_count);
	if (bytes > RING_MOST)
		bytes = RING_MOST;
	return (uint32_t)((bytes < RING_LEAST ? RING_LEAST : bytes) / RING_BLOCK);
}

static int open_taps(struct watch *w, struct error *why)
{
	uint64_t memory = settings_number(w->settings, "watch.memory");

	w->taps.settings =
		(struct taps_settings){.workers = w->sensor_count,
				       .is_promiscuous = true,
				       .block_size = RING_BLOCK,
				       .block_count = ring_blocks(w, memory / 100 * RING_PERCENT),
				       .memory_bytes = memory / 100 * RING_PERCENT,
				       .names = wanted_interfaces(w),
				       .filter = w->filter,
				       .program = w->fanout,
				       .on_open = on_ring_open,
				       .on_close = on_ring_close,
				       .on_failure = on_ring_failure,
				       .context = w};
	w->interfaces.on_change = taps_on_change;
	w->interfaces.context = &w->taps;
	int r = interfaces_open(&w->interfaces, why);
	if (r < 0)
		return r;
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (w->taps.at[i].is_open)
			return 0;
	if (w->plan->interface_count > 0)
		return error_set(why, -ENODEV,
				 "no interface %s that is up can be watched; `ip link` lists them",
				 w->plan->interfaces[0]);
	log_warn("no interface is watched yet: waiting for one that is wanted and up; `ip link` "
		 "lists them");
	return 0;
}

/* A datagram to the service manager, when there is one. */
static void notify_manager(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!path || strlen(path) >= sizeof(address.sun_path))
		return;
	strcpy(address.sun_path, path);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
		log_debug("the service manager was not told: %s", strerror(errno));
	close(fd);
}

static void start_events(struct watch *w)
{
	uint64_t health_ms =
		(uint64_t)(settings_duration(w->settings, "watch.health_every").ns / 1000000);

	w->timer.data = w->health.data = w->terminated.data = w->interrupted.data =
		w->hung_up.data = w->changes.data = w;
	uv_timer_init(&w->loop, &w->timer);
	uv_timer_start(&w->timer, on_tick, TICK_MS, TICK_MS);
	uv_timer_init(&w->loop, &w->health);
	uv_timer_start(&w->health, on_health, 500, health_ms);
	uv_signal_init(&w->loop, &w->terminated);
	uv_signal_start(&w->terminated, on_signal, SIGTERM);
	uv_signal_init(&w->loop, &w->interrupted);
	uv_signal_start(&w->interrupted, on_signal, SIGINT);
	uv_signal_init(&w->loop, &w->hung_up);
	uv_signal_start(&w->hung_up, on_signal, SIGHUP);
	uv_poll_init(&w->loop, &w->changes, w->interfaces.fd);
	uv_poll_start(&w->changes, UV_READABLE, on_interfaces);
}

/* Asked first, so that somebody without rights is told so in one sentence. */
static int check_rights(struct error *why)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_set(why, -errno,
				 "capturing is not allowed (%s): run it as root, sudo davy watch, "
				 "or give it CAP_NET_RAW, "
				 "CAP_NET_ADMIN and CAP_BPF",
				 strerror(errno));
	close(fd);
	return 0;
}

static int set_up(struct watch *w, struct error *why)
{
	int r;

	if (uv_loop_init(&w->loop) < 0)
		return error_set(why, -ENOMEM, "no memory for the event loop");
	w->supervisor.on_start = on_start;
	w->supervisor.on_death = on_death;
	w->supervisor.context = w;
	w->sensor_count = count_workers(w->settings);
	w->sensors[0].cutoff = cutoff_settings_default();
	open_filters(w);
	r = w->lists = list_files_share(w->settings, tell_list, w, why);
	if (r >= 0)
		r = start_core(w, why);
	if (r == 0)
		r = start_sensors(w, why);
	if (r == 0)
		r = open_taps(w, why);
	return r;
}

/* Ask a worker to finish, pass on what it still says, and wait for its word. */
static void finish_worker(struct watch *w, size_t index)
{
	struct supervised *worker = &w->supervisor.at[index];
	struct message message;
	instant until = instant_add(clock_monotonic(), DURATION_MS(GRACE_MS));

	if (!worker->is_running ||
	    channel_send(&worker->channel, WATCH_FLUSH, (struct str){0}, NULL, 0) < 0)
		return;
	while (clock_monotonic().ns < until.ns) {
		enum message_result result = channel_await(&worker->channel, 200, &message);
		if (result == MESSAGE_CLOSED || result == MESSAGE_BROKEN)
			return;
		if (result == MESSAGE_READY && message.type == WATCH_FLUSHED)
			return;
		if (result == MESSAGE_READY)
			relay_message(w, index, &message);
	}
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void tear_down(struct watch *w)
{
	w->leaves = true;
	for (size_t i = 1; i < w->supervisor.count; i++)
		finish_worker(w, i);
	relay_pending(w);
	if (w->supervisor.count > CORE)
		finish_worker(w, CORE);
	w->supervisor.on_death = NULL;
	uv_walk(&w->loop, close_handle, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	supervise_stop(&w->supervisor, GRACE_MS);
	taps_close(&w->taps);
	if (w->interfaces.fd > 0)
		interfaces_close(&w->interfaces);
	cutoff_filter_close(w->filter);
	fanout_program_close(w->fanout);
	if (w->lists >= 0)
		close(w->lists);
	uv_loop_close(&w->loop);
	buf_fini(&w->sources);
	buf_fini(&w->pending);
}

enum watch_end watch_run(const struct watch_plan *plan, const struct settings *settings,
			 struct error *why)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w) {
		(void)!error_set(why, -ENOMEM, "no memory to watch");
		return WATCH_FAILED;
	}
	w->plan = plan;
	w->settings = settings;
	w->end = WATCH_FAILED;
	w->lists = -1;
	if (check_rights(why) < 0) {
		free(w);
		return WATCH_FAILED;
	}
	hold_signals(true);
	int r = set_up(w, why);
	if (r == 0) {
		start_events(w);
		hold_signals(false);
		relay_sources(w);
		log_info("watching with %zu sensors; findings go to %s; end with Ctrl-C or SIGTERM",
			 w->sensor_count, w->core.store_path);
		notify_manager("READY=1");
		uv_run(&w->loop, UV_RUN_DEFAULT);
		hold_signals(true);
		notify_manager(w->end == WATCH_RELOADS ? "RELOADING=1" : "STOPPING=1");
	}
	tear_down(w);
	enum watch_end end = r == 0 ? w->end : WATCH_FAILED;
	free(w);
	return end;
}
