#include "programs/watch_supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "programs/list_files.h"
#include "programs/watch_relay.h"
#include "programs/watch_state.h"

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
	struct watch *w = context;
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
	relay_source(w, name.at, why[0] == '\0', said.at);
	buf_printf(&w->lists_told, "%s\n", name.at);
}

int watch_share_lists(struct watch *w, const struct settings *settings, struct error *why)
{
	return list_files_share(settings, tell_list, w, why);
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
	w->supervisor.on_start = workers_on_start;
	w->supervisor.on_death = workers_on_death;
	w->supervisor.on_hang = workers_on_hang;
	w->supervisor.context = w;
	w->sensor_count = workers_wanted(w->settings);
	w->sensors[0].cutoff = cutoff_settings_default();
	open_filters(w);
	r = w->lists = watch_share_lists(w, w->settings, why);
	if (r >= 0)
		r = watch_host_rules(w, why);
	if (r >= 0)
		r = workers_start_core(w, why);
	if (r == 0)
		r = workers_start_sensors(w, why);
	if (r == 0)
		r = watch_interfaces(w, why);
	if (r == 0)
		watch_host_start(w);
	if (r == 0)
		watch_respond_start(w);
	return r;
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
		workers_finish(w, i);
	relay_pending(w);
	if (w->supervisor.count > CORE)
		workers_finish(w, CORE);
	w->supervisor.on_death = NULL;
	uv_walk(&w->loop, close_handle, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	supervise_stop(&w->supervisor, WORKER_GRACE_MS);
	watch_spared_forget(w, true);
	host_side_close(&w->host);
	taps_close(&w->taps);
	if (w->interfaces.fd > 0)
		interfaces_close(&w->interfaces);
	cutoff_filter_close(w->filter);
	fanout_program_close(w->fanout);
	if (w->lists >= 0)
		close(w->lists);
	rule_files_close(&w->host_rules);
	uv_loop_close(&w->loop);
	buf_fini(&w->sources);
	buf_fini(&w->pending);
	buf_fini(&w->lists_told);
}

enum watch_end watch_run(const struct watch_plan *plan, struct settings **settings,
			 struct error *why)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w) {
		(void)!error_set(why, -ENOMEM, "no memory to watch");
		return WATCH_FAILED;
	}
	w->plan = plan;
	w->owned = settings;
	w->settings = *settings;
	w->end = WATCH_FAILED;
	w->lists = -1;
	w->host_rules.descriptor = -1;
	if (check_rights(why) < 0) {
		free(w);
		return WATCH_FAILED;
	}
	hold_signals(true);
	int r = set_up(w, why);
	if (r == 0) {
		events_start(w);
		hold_signals(false);
		relay_sources(w);
		log_info(
			"watching with %zu sensor%s; findings go to %s; end with Ctrl-C or SIGTERM",
			w->sensor_count, w->sensor_count == 1 ? "" : "s", w->core.store_path);
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
