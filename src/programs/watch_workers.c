#include "programs/watch_state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "model/finding.h"
#include "programs/clock.h"
#include "programs/mirror_text.h"
#include "programs/store_folder.h"
#include "programs/terminal.h"
#include "programs/watch_relay.h"

enum { CORE_WAIT_MS = 30000 }; /* for the store to be opened; a large one may take longer */

static void on_worker_death_event(uv_poll_t *poll, int status, int events)
{
	struct watcher *watcher = poll->data;

	(void)status, (void)events;
	uv_poll_stop(poll);
	supervise_tick(&watcher->watch->supervisor, clock_monotonic());
}

void workers_on_start(void *context, size_t index)
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
	if (watch_host_is(w, index))
		watch_host_greet(w);
	else if (index > CORE && index <= w->sensor_count && w->supervisor.at[index].restarts > 0)
		taps_announce(&w->taps, index - 1, true);
}

void workers_on_death(void *context, size_t index, const char *why)
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
	if (watch_host_is(w, index))
		watch_spared_died(w, why);
	w->restarts++;
	log_warn("the %s %s and is started again", w->supervisor.at[index].plan.role, why);
}

void workers_on_hang(void *context, size_t index)
{
	struct watch *w = context;

	if (watch_host_is(w, index))
		watch_spared_hangs(w);
}

/*
 * A sensor looks at a million packets a second on one core, and each packet of a machine with more
 * than one of them costs that machine a choice between them: few are better than many.
 */
size_t workers_wanted(const struct settings *settings)
{
	enum { CORES_A_WORKER = 4 };
	uint64_t wanted = settings_number(settings, "watch.workers");
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted == 0)
		wanted = cores > 0 ? ((uint64_t)cores + CORES_A_WORKER - 1) / CORES_A_WORKER : 1;
	return wanted > TAP_WORKERS_MAX ? TAP_WORKERS_MAX : (size_t)wanted;
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

static struct alert_settings wanted_alerts(const struct watch *w)
{
	enum verdict verdict = VERDICT_SUSPECT;

	(void)!verdict_from_name(str_from(settings_text(w->settings, "alert.verdict")), &verdict);
	bool is_json = w->plan->is_json || settings_bool(w->settings, "report.json");
	bool writes_journal =
		settings_bool(w->settings, "alert.journal") && terminal_is_journal(STDERR_FILENO);

	return (struct alert_settings){
		.is_json = is_json,
		.style = terminal_style(),
		.writes_journal = writes_journal,
		.writes_report = is_json || !writes_journal || !terminal_is_journal(STDOUT_FILENO),
		.verdict = (uint8_t)verdict,
		.per_minute = (uint32_t)settings_number(w->settings, "alert.per_minute"),
		.mining_per_minute =
			(uint32_t)settings_number(w->settings, "alert.mining_per_minute"),
	};
}

static struct core_start core_settings(const struct watch *w)
{
	size_t authorised;
	struct core_start core = {
		.keep_s = settings_number(w->settings, "store.retention_days") * 86400,
		.max_findings = settings_number(w->settings, "store.max_findings"),
		.max_bytes = settings_number(w->settings, "store.max_size"),
		.alerts = wanted_alerts(w),
		.policy = w->responder.policy,
	};
	(void)settings_texts(w->settings, "detect.authorised", &authorised);
	core.has_authorised = authorised > 0 && settings_bool(w->settings, "watch.host");
	snprintf(core.store_path, sizeof(core.store_path), "%s",
		 settings_text(w->settings, "store.path"));
	return core;
}

static uint32_t health_every_s(const struct watch *w)
{
	return (uint32_t)(settings_duration(w->settings, "watch.health_every").ns / 1000000000);
}

int workers_start_core(struct watch *w, struct error *why)
{
	size_t index;
	watch_respond_read(w);
	w->core = core_settings(w);
	int r = store_folder_make(w->core.store_path, why);
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
		if (!mirrors_add(&mirrors, texts[i], &(struct error){0})) {
			log_warn("watch.mirrors: only the first %d count", MIRRORS_MAX);
			break;
		}
	return mirrors;
}

int workers_start_sensors(struct watch *w, struct error *why)
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
			.memory_bytes = memory / 100 * (100 - RINGS_PERCENT) / w->sensor_count,
			.health_every_s = health_every_s(w),
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

/* Ask a worker to finish, pass on what it still says, and wait for its word. */
void workers_finish(struct watch *w, size_t index)
{
	struct supervised *worker = &w->supervisor.at[index];
	struct message message;
	instant until = instant_add(clock_monotonic(), DURATION_MS(WORKER_GRACE_MS));

	struct str is_end = w->end == WATCH_ENDED ? STR("e") : STR("");

	if (!worker->is_running || channel_send(&worker->channel, WATCH_FLUSH, is_end, NULL, 0) < 0)
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

/* One that cannot be told is started anew, with the new settings. */
static void retell(struct watch *w, size_t index, enum watch_message type, struct str body,
		   const int *descriptor)
{
	struct supervised *worker = &w->supervisor.at[index];

	if (!worker->is_running ||
	    channel_send(&worker->channel, type, body, descriptor, descriptor ? 1 : 0) == 0)
		return;
	log_warn("the %s does not take new settings, and is started again", worker->plan.role);
	supervise_kill(&w->supervisor, index);
}

void workers_retell(struct watch *w)
{
	struct sensor_tuning tuning = {.health_every_s = health_every_s(w)};

	watch_respond_read(w);
	watch_respond_retell(w);
	w->core = core_settings(w);
	retell(w, CORE, WATCH_SETTINGS, str_of(&w->core, sizeof(w->core)), NULL);
	w->sensor_descriptors[w->filter ? 1 : 0] = w->lists;
	for (size_t i = 0; i < w->sensor_count; i++) {
		w->sensors[i].health_every_s = tuning.health_every_s;
		retell(w, i + 1, WATCH_TUNING, str_of(&tuning, sizeof(tuning)), &w->lists);
	}
}
