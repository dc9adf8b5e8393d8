/* This machine's own processes in `davy watch`: the host worker, and the half of it with rights. */
#include "programs/watch_state.h"

#include "base/log.h"
#include "programs/clock.h"
#include "programs/watch_relay.h"

/* One line of `davy health` each. */
static void tell_sources(struct watch *w)
{
	const struct {
		const char *name, *lacks;
		bool is_on;
	} sources[] = {
		{"host: samples of the processors", w->host.sampler_lacks.text,
		 w->host.sampler != NULL},
		{"host: begin and end of processes", w->host.events_lacks.text,
		 w->host.events != NULL},
		{"host: the kernel's list of processes", w->host.iterators_lack.text,
		 w->host.iterators != NULL},
		{"host: private view of /proc", w->host.opener.weakness, w->host.opener.is_private},
	};

	if (w->host_rules.descriptor >= 0) {
		log_info("host: %u rules of your own, from %u files", w->host_rules.rules,
			 w->host_rules.files);
		relay_source(w, "host: rules of your own", true, "");
	}
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		if (sources[i].lacks[0])
			log_warn("%s: %s", sources[i].name, sources[i].lacks);
		relay_source(w, sources[i].name, sources[i].is_on, sources[i].lacks);
	}
}

int watch_host_rules(struct watch *w, struct error *why)
{
	w->host_rules.descriptor = -1;
	return settings_bool(w->settings, "watch.host")
		       ? rule_files_share(w->settings, NULL, 0, &w->host_rules, why)
		       : 0;
}

int watch_host_rules_changed(const struct watch *w, const struct settings *next, struct error *why)
{
	struct rule_files rules = {.descriptor = -1};
	int result = settings_bool(next, "watch.host")
			     ? rule_files_share(next, NULL, 0, &rules, why)
			     : 0;

	rule_files_close(&rules);
	return result < 0 ? result : rules.mark != w->host_rules.mark;
}

void watch_host_start(struct watch *w)
{
	struct error why = {0};
	size_t index;

	if (!settings_bool(w->settings, "watch.host"))
		return;
	if (host_side_open(&w->host, &why) < 0) {
		log_warn("this machine's processes are not watched: %s", why.text);
		relay_source(w, "host", false, why.text);
		return;
	}
	host_side_fill_start(&w->host, &w->host_start);
	w->host_start.health_every_s =
		(uint32_t)(settings_duration(w->settings, "watch.health_every").ns / 1000000000);
	host_authorised(w->settings, &w->host_start.authorised);
	w->host_index = w->supervisor.count;
	w->host_descriptors[0] = w->host.opener.proc;
	w->host_descriptors[1] = w->host_rules.descriptor;
	const struct worker_plan plan = {.role = HOST_ROLE,
					 .settings = str_of(&w->host_start, sizeof(w->host_start)),
					 .descriptors = w->host_descriptors,
					 .descriptor_count = w->host_rules.descriptor >= 0 ? 2 : 1,
					 .silence = DURATION_S(HOST_SILENCE_S)};
	if (supervise_add(&w->supervisor, &plan, clock_monotonic(), &index, &why) < 0) {
		log_warn("this machine's processes are not watched: %s", why.text);
		relay_source(w, "host", false, why.text);
		host_side_close(&w->host);
		w->host_index = 0;
		return;
	}
	tell_sources(w);
}

bool watch_host_is(const struct watch *w, size_t index)
{
	return w->host_index > 0 && index == w->host_index;
}

void watch_host_greet(struct watch *w)
{
	struct supervised *worker = &w->supervisor.at[w->host_index];

	if (host_side_greet(&w->host, &worker->channel) < 0)
		log_error("the worker of processes was not given its samples");
	watch_spared_tell(w);
}

void watch_host_take(struct watch *w, const struct message *message)
{
	struct supervised *worker = &w->supervisor.at[w->host_index];

	if (message->type == HOST_READS)
		watch_spared_take(w, message->body);
	else if (host_side_answer(&w->host, &worker->channel, message) < 0) {
		log_error("the worker of processes says what none of ours says, and is ended");
		supervise_kill(&w->supervisor, w->host_index);
	}
}

void watch_host_hear(struct watch *w, struct str finding)
{
	struct supervised *worker = &w->supervisor.at[w->host_index];

	/* descriptors it waits for go only when nothing is queued */
	if (w->host_index > 0 && worker->is_running && !channel_wants_to_send(&worker->channel))
		(void)!channel_send(&worker->channel, HOST_FINDING, finding, NULL, 0);
}

void watch_host_tick(struct watch *w)
{
	struct supervised *worker = &w->supervisor.at[w->host_index];

	if (w->host_index > 0 && worker->is_running)
		host_side_tick(&w->host, &worker->channel);
}
