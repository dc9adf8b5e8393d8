#include "source/live/taps.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_DEFAULT (1ull << 30)

static struct tap_notice notice_of(const struct tap *tap, size_t worker, bool gives_up_first)
{
	struct tap_notice notice = {.interface = tap->interface.index,
				    .shape = tap->rings[worker].shape,
				    .gives_up_first = gives_up_first};

	memcpy(notice.name, tap->interface.name, sizeof(notice.name));
	return notice;
}

static uint64_t memory_of(const struct ring_socket *ring)
{
	return (uint64_t)ring->shape.block_size * ring->shape.block_count;
}

static void close_rings(struct taps *taps, struct tap *tap, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		taps->memory_bytes -= memory_of(&tap->rings[i]);
		close(tap->rings[i].fd);
	}
	tap->is_open = false;
}

static struct tap *find_open(struct taps *taps, int index)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (taps->at[i].is_open && taps->at[i].interface.index == index)
			return &taps->at[i];
	return NULL;
}

static struct tap *find_free(struct taps *taps)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (!taps->at[i].is_open)
			return &taps->at[i];
	return NULL;
}

/* All of one interface's rings, or none. */
static int open_rings(struct taps *taps, struct tap *tap, struct error *why)
{
	const struct taps_settings *s = &taps->settings;
	uint64_t most = s->memory_bytes ? s->memory_bytes : MEMORY_DEFAULT;
	struct ring_settings settings = {.interface = tap->interface.index,
					 .hardware_type = tap->interface.hardware_type,
					 .block_size = s->block_size,
					 .block_count = s->block_count,
					 .is_promiscuous = s->is_promiscuous,
					 .filter = s->filter,
					 .group = s->workers > 1 ? &tap->group : NULL};

	for (size_t i = 0; i < s->workers; i++) {
		int failed = ring_open(&settings, &tap->rings[i], why);
		if (!failed)
			taps->memory_bytes += memory_of(&tap->rings[i]);
		if (!failed && taps->memory_bytes > most) {
			failed = error_set(
				why, -ENOBUFS,
				"the rings' memory is used up (%llu MiB for all interfaces): "
				"exclude some, or make the rings smaller",
				(unsigned long long)(most >> 20));
			close_rings(taps, tap, i + 1);
		} else if (failed) {
			close_rings(taps, tap, i);
		}
		if (failed)
			return failed;
	}
	tap->is_open = true;
	return 0;
}

static void open_tap(struct taps *taps, const struct interface *interface)
{
	const struct taps_settings *s = &taps->settings;
	struct tap *tap = find_free(taps);
	struct error why = {"more interfaces than can be listened to: exclude some"};
	int failed = -ENOBUFS;

	if (tap) {
		*tap = (struct tap){.interface = *interface, .group = {.program = s->program}};
		failed = open_rings(taps, tap, &why);
	}
	if (failed) {
		if (s->on_failure)
			s->on_failure(s->context, interface, why.text);
		return;
	}
	for (size_t i = 0; i < s->workers; i++) {
		struct tap_notice notice = notice_of(tap, i, false);
		s->on_open(s->context, i, &notice, tap->rings[i].fd);
	}
}

static void count_tap(const struct taps *taps, struct tap *tap)
{
	for (size_t i = 0; i < taps->settings.workers; i++)
		(void)!ring_count(tap->rings[i].fd, &tap->counters);
}

static void close_tap(struct taps *taps, struct tap *tap)
{
	const struct taps_settings *s = &taps->settings;

	count_tap(taps, tap);
	taps->of_gone.received += tap->counters.received;
	taps->of_gone.dropped += tap->counters.dropped;
	for (size_t i = 0; i < s->workers; i++) {
		struct tap_notice notice = notice_of(tap, i, false);
		s->on_close(s->context, i, &notice);
	}
	close_rings(taps, tap, s->workers);
}

void taps_on_change(void *context, const struct interface *interface, enum interface_change change)
{
	struct taps *taps = context;
	struct tap *tap = find_open(taps, interface->index);

	if (change == INTERFACE_DOWN && tap)
		close_tap(taps, tap);
	else if (change == INTERFACE_UP && !tap &&
		 interface_is_wanted(interface->name, &taps->settings.names))
		open_tap(taps, interface);
}

void taps_choose(struct taps *taps, const struct interfaces *list)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (taps->at[i].is_open &&
		    !interface_is_wanted(taps->at[i].interface.name, &taps->settings.names))
			close_tap(taps, &taps->at[i]);
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].is_up)
			taps_on_change(taps, &list->at[i], INTERFACE_UP);
}

void taps_announce(struct taps *taps, size_t worker, bool gives_up_first)
{
	for (size_t i = 0; i < TAPS_MAX; i++) {
		struct tap *tap = &taps->at[i];
		if (!tap->is_open)
			continue;
		struct tap_notice notice = notice_of(tap, worker, gives_up_first);
		taps->settings.on_open(taps->settings.context, worker, &notice,
				       tap->rings[worker].fd);
	}
}

struct ring_counters taps_count(struct taps *taps)
{
	struct ring_counters sum = taps->of_gone;

	for (size_t i = 0; i < TAPS_MAX; i++) {
		struct tap *tap = &taps->at[i];
		if (!tap->is_open)
			continue;
		count_tap(taps, tap);
		sum.received += tap->counters.received;
		sum.dropped += tap->counters.dropped;
	}
	return sum;
}

void taps_close(struct taps *taps)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (taps->at[i].is_open)
			close_tap(taps, &taps->at[i]);
}
