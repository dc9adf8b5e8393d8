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
	send_counter(&lines, "workers that hung", w->supervisor.hangs);
	send_counter(&lines, "workers stuck in the kernel", w->supervisor.stuck_count);
	send_counter(&lines, "findings lost", w->findings_lost);
	send_counter(&lines, "responses lost", w->to_respond.lost);
	if (core->is_running)
		(void)!channel_send(&core->channel, WATCH_COUNTERS, buf_view(&lines), NULL, 0);
	watch_host_tick(w);
	watch_spared_forget(w, false);
	relay_sources(w);
}

static void on_tick(uv_timer_t *timer)
{
	struct watch *w = timer->data;

	supervise_tick(&w->supervisor, clock_monotonic());
	relay_pending(w);
	watch_respond_pass(w);
	for (size_t i = 0; i < w->supervisor.count; i++)
		if (w->supervisor.at[i].is_running &&
		    channel_wants_to_send(&w->supervisor.at[i].channel))
			(void)!channel_flush(&w->supervisor.at[i].channel);
}

static uint64_t health_ms(const struct watch *w)
{
	return (uint64_t)(settings_duration(w->settings, "watch.health_every").ns / 1000000);
}

void events_retime(struct watch *w)
{
	uv_timer_set_repeat(&w->health, health_ms(w));
}

static void on_end(uv_signal_t *signal, int number)
{
	struct watch *w = signal->data;

	(void)number;
	w->end = WATCH_ENDED;
	w->leaves = true;
	uv_stop(&w->loop);
}

/* Settings are read before anything is taken down for their sake. */
static void on_hang_up(uv_signal_t *signal, int number)
{
	struct watch *w = signal->data;
	struct settings *next = NULL;
	struct error why = {0};

	(void)number;
	if (w->leaves)
		return;
	if (settings_load(w->plan->config, &next, &why) < 0) {
		log_error("the settings are kept as they were: %s", why.text);
		return;
	}
	bool goes_on = watch_reload(w, &next);
	settings_free(&next);
	if (goes_on)
		return;
	w->end = WATCH_RELOADS;
	w->leaves = true;
	uv_stop(&w->loop);
}

void events_start(struct watch *w)
{
	w->timer.data = w->health.data = w->terminated.data = w->interrupted.data =
		w->hung_up.data = w->changes.data = w;
	uv_timer_init(&w->loop, &w->timer);
	uv_timer_start(&w->timer, on_tick, TICK_MS, TICK_MS);
	uv_timer_init(&w->loop, &w->health);
	uv_timer_start(&w->health, on_health, 500, health_ms(w));
	uv_signal_init(&w->loop, &w->terminated);
	uv_signal_start(&w->terminated, on_end, SIGTERM);
	uv_signal_init(&w->loop, &w->interrupted);
	uv_signal_start(&w->interrupted, on_end, SIGINT);
	uv_signal_init(&w->loop, &w->hung_up);
	uv_signal_start(&w->hung_up, on_hang_up, SIGHUP);
	uv_poll_init(&w->loop, &w->changes, w->interfaces.fd);
	uv_poll_start(&w->changes, UV_READABLE, watch_interfaces_changed);
}
