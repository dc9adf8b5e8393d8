/*
 * A sensor of `davy watch`: frames from its rings, findings to the supervisor. No rights.
 *
 * The loop is plain poll(2): it turns over a few descriptors and must drain rings between; an event
 * library would only be in the way of the ring.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "model/finding_json.h"
#include "programs/clock.h"
#include "programs/commands.h"
#include "programs/list_files.h"
#include "programs/sensor.h"
#include "programs/watch.h"
#include "sandbox/confine.h"
#include "sandbox/worker.h"
#include "source/live/cutoff_map.h"
#include "source/live/ring_set.h"

enum { FRAMES_IN_A_ROW = 2048, BATCH = 64, WAIT_MS = 100, TICK_MS = 500 };

struct watching {
	struct finding_sink sink; /* first */
	struct channel channel;
	struct sensor_start settings;
	struct pool_list pools;
	struct str pool_map;
	struct sensor *sensor;
	struct ring_set rings;
	struct buf line;
	int map; /* -1: none */
	bool map_is_writable, leaves;
	instant ticked, told;
	uint64_t cuts, reopened, findings, lost;
};

static bool tell(struct watching *w, enum watch_message type, struct str body)
{
	return channel_tell(&w->channel, type, body) == 0;
}

static void take_finding(struct finding_sink *sink, const struct finding *finding)
{
	struct watching *w = (struct watching *)sink;

	buf_clear(&w->line);
	finding_to_json(finding, &w->line);
	w->findings++;
	if (w->line.failed || !tell(w, WATCH_FINDING, buf_view(&w->line)))
		w->lost++;
}

static void change_cut(struct watching *w, const struct packet *packet, bool cut)
{
	struct cutoff_key key =
		cutoff_key_of(&packet->source, &packet->destination, packet->protocol);

	if (cut)
		w->cuts++;
	else
		w->reopened++;
	if (!w->map_is_writable)
		(void)!tell(w, cut ? WATCH_CUT : WATCH_FORGET, str_of(&key, sizeof(key)));
	else if (cut)
		(void)!cutoff_map_cut(w->map, &key, &w->settings.cutoff);
	else
		(void)!cutoff_map_forget(w->map, &key);
}

static void change_cuts(struct watching *w, const struct sensor_seen *seen, size_t count)
{
	for (size_t i = 0; i < count && w->settings.has_cutoff; i++) {
		if (seen[i].interest == TRACKER_COUNTS)
			change_cut(w, &seen[i].packet, true);
		else if (seen[i].interest == TRACKER_REOPENS)
			change_cut(w, &seen[i].packet, false);
	}
}

static bool read_frames(struct watching *w)
{
	struct frame frames[BATCH];
	struct sensor_seen seen[BATCH];
	struct str interface;
	size_t taken, count = 0;

	while (count < FRAMES_IN_A_ROW &&
	       (taken = ring_set_take(&w->rings, frames, BATCH, &interface)) > 0) {
		sensor_frames(w->sensor, frames, taken, interface, seen);
		change_cuts(w, seen, taken);
		count += taken;
	}
	return count >= FRAMES_IN_A_ROW;
}

static void add_counter(struct buf *out, uint32_t number, const char *name, uint64_t value)
{
	buf_printf(out, "sensor %u\t%s\t%llu\n", number, name, (unsigned long long)value);
}

static void tell_health(struct watching *w)
{
	struct sensor_counters c = sensor_counters(w->sensor);
	const struct tracker_counters *t = &c.tracker;
	uint32_t n = w->settings.number;

	buf_clear(&w->line);
	add_counter(&w->line, n, "frames", c.frames);
	add_counter(&w->line, n, "bytes", c.bytes);
	add_counter(&w->line, n, "frames malformed", c.malformed);
	add_counter(&w->line, n, "frames unsupported", c.unsupported);
	add_counter(&w->line, n, "flows", t->flows.used);
	add_counter(&w->line, n, "flows seen", t->flows.inserted);
	add_counter(&w->line, n, "flows evicted", t->flows.evicted);
	add_counter(&w->line, n, "flows capacity", t->flows.capacity);
	add_counter(&w->line, n, "inspections", t->inspections.used);
	add_counter(&w->line, n, "inspections opened", t->inspections_opened);
	add_counter(&w->line, n, "inspections evicted",
		    t->inspections_evicted + t->inspections.evicted);
	add_counter(&w->line, n, "inspection bytes", t->inspection_bytes);
	add_counter(&w->line, n, "names", t->names.used);
	add_counter(&w->line, n, "answers unasked", t->names_unasked);
	add_counter(&w->line, n, "mining messages", t->messages);
	add_counter(&w->line, n, "bytes missing", t->gap_bytes);
	add_counter(&w->line, n, "sessions", c.sessions.used);
	add_counter(&w->line, n, "sessions evicted", c.sessions.evicted);
	add_counter(&w->line, n, "flows cut off", w->cuts);
	add_counter(&w->line, n, "flows reopened", w->reopened);
	add_counter(&w->line, n, "findings told", w->findings);
	add_counter(&w->line, n, "findings lost", w->lost);
	add_counter(&w->line, n, "ring blocks skipped", w->rings.given_up);
	if (!w->line.failed)
		(void)!tell(w, WATCH_COUNTERS, buf_view(&w->line));
}

static void take_ring(struct watching *w, const struct message *message)
{
	struct tap_notice notice;
	struct error why;

	if (message->body.len != sizeof(notice) || message->descriptor_count != 1)
		return;
	memcpy(&notice, message->body.at, sizeof(notice));
	(void)!ring_set_add(&w->rings, &notice, message->descriptors[0], &why);
}

static void take_tuning(struct watching *w, const struct message *message)
{
	struct sensor_tuning tuning;

	if (message->body.len != sizeof(tuning) || message->descriptor_count != 1)
		return;
	memcpy(&tuning, message->body.at, sizeof(tuning));
	w->settings.health_every_s = tuning.health_every_s;
	if (!list_files_remap(message->descriptors[0], &w->pool_map, &w->pools))
		log_error("the new lists are not of this program; the old ones are kept");
}

static void leave(struct watching *w)
{
	while (read_frames(w))
		;
	sensor_flush(w->sensor);
	tell_health(w);
	(void)!tell(w, WATCH_FLUSHED, (struct str){0});
	channel_drain(&w->channel, 1000);
	w->leaves = true;
}

static void take_messages(struct watching *w)
{
	struct message message;
	struct tap_notice notice;
	enum message_result result;

	while ((result = channel_receive(&w->channel, &message)) == MESSAGE_READY && !w->leaves) {
		if (message.type == WATCH_RING) {
			take_ring(w, &message);
		} else if (message.type == WATCH_TUNING) {
			take_tuning(w, &message);
		} else if (message.type == WATCH_RING_GONE && message.body.len == sizeof(notice)) {
			memcpy(&notice, message.body.at, sizeof(notice));
			ring_set_remove(&w->rings, notice.interface);
		} else if (message.type == WATCH_FLUSH) {
			leave(w);
		}
	}
	w->leaves |= result == MESSAGE_CLOSED || result == MESSAGE_BROKEN;
}

static void wait_for_work(struct watching *w, int timeout_ms)
{
	struct pollfd fds[TAPS_MAX + 1] = {{.fd = WORKER_CHANNEL, .events = POLLIN}};

	if (channel_wants_to_send(&w->channel))
		fds[0].events |= POLLOUT;
	for (size_t i = 0; i < w->rings.count; i++)
		fds[i + 1] = (struct pollfd){.fd = w->rings.at[i].ring.fd, .events = POLLIN};
	poll(fds, w->rings.count + 1, timeout_ms);
	for (size_t i = 0; i < w->rings.count; i++)
		if (fds[i + 1].revents & POLLERR)
			(void)!ring_take_error(w->rings.at[i].ring.fd);
	if (fds[0].revents & POLLOUT)
		(void)!channel_flush(&w->channel);
	if (fds[0].revents & (POLLIN | POLLHUP))
		take_messages(w);
}

static void tick(struct watching *w)
{
	instant now = clock_wall();

	if (instant_since(now, w->ticked).ns < DURATION_MS(TICK_MS).ns)
		return;
	w->ticked = now;
	sensor_tick(w->sensor, now);
	if (instant_since(now, w->told).ns >= DURATION_S(w->settings.health_every_s).ns) {
		w->told = now;
		tell_health(w);
	}
}

static bool start(struct watching *w, struct error *why)
{
	struct worker_start first;
	struct confine_report applied;

	if (worker_receive_start(&w->channel, &first, why) < 0)
		return false;
	if (first.settings.len != sizeof(w->settings))
		return error_set(why, 0, "the settings are not of this program") != 0;
	memcpy(&w->settings, first.settings.at, sizeof(w->settings));
	w->channel.takes_descriptors = true;
	w->map = w->settings.has_map && first.descriptor_count > 0 ? first.descriptors[0] : -1;
	if (first.descriptor_count == 0 ||
	    !list_files_remap(first.descriptors[first.descriptor_count - 1], &w->pool_map,
			      &w->pools))
		return error_set(why, 0, "the lists are not of this program") != 0;
	struct sensor_settings sensor = {.memory_bytes = w->settings.memory_bytes,
					 .is_live = true,
					 .sink = &w->sink,
					 .pools = &w->pools,
					 .mirrors = &w->settings.mirrors};
	if (sensor_new(&sensor, &w->sensor) < 0)
		return error_set(why, 0, "not enough memory for the sensor's tables") != 0;
	struct confine_settings confinement = {.confinement = CONFINE_PARSER,
					       .descriptors = 2 * TAPS_MAX,
					       .last_writable = worker_last_descriptor()};
	if (w->map > confinement.last_writable)
		confinement.last_writable = WORKER_CHANNEL;
	if (confine(&confinement, &applied, why) < 0)
		return false;
	w->map_is_writable = w->map >= 0 && cutoff_map_is_writable(w->map);
	return true;
}

int sensor_worker(void)
{
	static struct watching w = {.sink = {take_finding}};
	struct error why = {0};

	if (!start(&w, &why)) {
		log_error("sensor: %s", why.text);
		return EXIT_TROUBLE;
	}
	while (!w.leaves) {
		bool has_more = read_frames(&w);
		wait_for_work(&w, has_more ? 0 : WAIT_MS);
		tick(&w);
	}
	return EXIT_NOTHING_FOUND;
}
