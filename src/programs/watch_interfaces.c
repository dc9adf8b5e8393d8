#include "programs/watch_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "programs/watch_relay.h"

enum {
	RING_BLOCK = 128 * 1024,
	RING_LEAST = 2 * RING_BLOCK,
	/* of all workers together, half a second of 100,000 packets/s of 330 bytes: as long as a
	 * busy hypervisor takes a processor away */
	RINGS_MOST = 160 * RING_BLOCK,
	INTERFACES_TO_COME = 4, /* room for those that appear later */
};

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

/* Gone, down, or no longer asked for. */
static void tell_closed(struct watch *w, const char *name)
{
	if (interface_is_wanted(name, &w->taps.settings.names)) {
		log_info("interface=%s is gone", name);
		return;
	}
	log_info("no longer watched: %s", name);
	relay_source_gone(w, name);
}

static void on_ring_close(void *context, size_t worker, const struct tap_notice *notice)
{
	struct watch *w = context;
	struct supervised *sensor = &w->supervisor.at[worker + 1];

	if (worker == 0 && !w->leaves)
		tell_closed(w, notice->name);
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
	if (bytes > RINGS_MOST / w->sensor_count)
		bytes = RINGS_MOST / w->sensor_count;
	return (uint32_t)((bytes < RING_LEAST ? RING_LEAST : bytes) / RING_BLOCK);
}

/* Asked for by its name, and not as one of those that happen to be there. */
static bool is_named(const struct watch *w, const char *name)
{
	const struct interface_names *names = &w->taps.settings.names;

	for (size_t i = 0; i < names->include_count; i++)
		if (strcmp(names->include[i], name) == 0)
			return true;
	return false;
}

/* Machines make interfaces by the dozen, and remove them: then nothing is missing. */
static void tell_lost(struct watch *w, const char *name)
{
	bool is_there = if_nametoindex(name) != 0;

	if (!interface_is_wanted(name, &w->taps.settings.names))
		return;
	if (is_there || is_named(w, name))
		relay_source(w, name, false,
			     is_there ? "the interface is down" : "there is no such interface");
	else
		relay_source_gone(w, name);
}

static void on_interface(void *context, const struct interface *interface,
			 enum interface_change change)
{
	struct watch *w = context;

	taps_on_change(&w->taps, interface, change);
	if (change != INTERFACE_UP && !w->leaves)
		tell_lost(w, interface->name);
}

static bool has_open(const struct watch *w)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (w->taps.at[i].is_open)
			return true;
	return false;
}

static bool is_up(const struct watch *w, const char *name)
{
	for (size_t i = 0; i < w->interfaces.count; i++)
		if (strcmp(w->interfaces.at[i].name, name) == 0)
			return w->interfaces.at[i].is_up;
	return false;
}

static bool is_open(const struct watch *w, const char *name)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (w->taps.at[i].is_open && strcmp(w->taps.at[i].interface.name, name) == 0)
			return true;
	return false;
}

/* Those that are up are told as they are opened, or why not. */
static void tell_missing(struct watch *w)
{
	const struct interface_names *names = &w->taps.settings.names;

	for (size_t i = 0; i < names->include_count; i++) {
		const char *name = names->include[i];
		if (strpbrk(name, "*?[\\") || is_open(w, name))
			continue;
		if (if_nametoindex(name) == 0)
			relay_source(w, name, false, "there is no such interface");
		else if (!is_up(w, name))
			relay_source(w, name, false, "the interface is down");
	}
}

static void warn_none(void)
{
	log_warn("no interface is watched yet: waiting for one that is wanted and up; `ip link` "
		 "lists them");
}

/* What was told of those that are not open may not be asked for any more: it is told anew. */
static void forget_missing(struct watch *w)
{
	const struct interface_names *names = &w->taps.settings.names;

	for (size_t i = 0; i < names->include_count; i++)
		if (!strpbrk(names->include[i], "*?[\\") && !is_open(w, names->include[i]))
			relay_source_gone(w, names->include[i]);
	for (size_t i = 0; i < w->interfaces.count; i++)
		if (!is_open(w, w->interfaces.at[i].name))
			relay_source_gone(w, w->interfaces.at[i].name);
}

void watch_interfaces_again(struct watch *w)
{
	forget_missing(w);
	w->name_count = 0;
	w->taps.settings.names = wanted_interfaces(w);
	taps_choose(&w->taps, &w->interfaces);
	tell_missing(w);
	if (!has_open(w))
		warn_none();
}

int watch_interfaces(struct watch *w, struct error *why)
{
	uint64_t memory = settings_number(w->settings, "watch.memory");

	w->taps.settings =
		(struct taps_settings){.workers = w->sensor_count,
				       .is_promiscuous = true,
				       .block_size = RING_BLOCK,
				       .block_count = ring_blocks(w, memory / 100 * RINGS_PERCENT),
				       .memory_bytes = memory / 100 * RINGS_PERCENT,
				       .names = wanted_interfaces(w),
				       .filter = w->filter,
				       .program = w->fanout,
				       .on_open = on_ring_open,
				       .on_close = on_ring_close,
				       .on_failure = on_ring_failure,
				       .context = w};
	w->interfaces.on_change = on_interface;
	w->interfaces.context = w;
	int r = interfaces_open(&w->interfaces, why);
	if (r < 0)
		return r;
	tell_missing(w);
	if (has_open(w))
		return 0;
	if (w->plan->interface_count > 0)
		return error_set(why, -ENODEV,
				 "no interface %s that is up can be watched; `ip link` lists them",
				 w->plan->interfaces[0]);
	warn_none();
	return 0;
}

void watch_interfaces_changed(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;

	(void)status, (void)events;
	if (interfaces_read(&w->interfaces) < 0)
		log_warn("changes of interfaces cannot be read; they are not followed any more");
	relay_sources(w);
}
