#include "programs/watch_state.h"

#include <signal.h>

#include "base/log.h"
#include "programs/clock.h"
#include "programs/watch_relay.h"

enum { TICK_MS = 100 };

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

void events_start(struct watch *w)
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
	uv_poll_start(&w->changes, UV_READABLE, watch_interfaces_changed);
}
