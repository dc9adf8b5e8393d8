#include "programs/watch_relay.h"

#include <string.h>

#include "base/log.h"
#include "programs/clock.h"

enum { PENDING_MAX = 4 << 20 }; /* bytes of findings that wait while the core is started again */

void relay_source(struct watch *w, const char *name, bool is_on, const char *why)
{
	buf_printf(&w->sources, "%s\t%d\t%s\n", name, is_on, why);
}

void relay_source_gone(struct watch *w, const char *name)
{
	buf_printf(&w->sources, "%s\tgone\t\n", name);
}

void relay_sources(struct watch *w)
{
	struct supervised *core = &w->supervisor.at[CORE];

	if (core->is_running && w->sources.len > 0 &&
	    channel_send(&core->channel, WATCH_SOURCES, buf_view(&w->sources), NULL, 0) == 0)
		buf_clear(&w->sources);
}

/* Before each that waits. */
struct waiting_header {
	uint32_t type, len;
};

/* Who says it is known here alone: a finding of traffic must not pass for one of this machine. */
static void pass_finding(struct watch *w, size_t index, struct str body)
{
	struct supervised *core = &w->supervisor.at[CORE];
	const struct waiting_header header = {
		watch_host_is(w, index) ? WATCH_FINDING_HERE : WATCH_FINDING, (uint32_t)body.len};

	if (core->is_running && w->pending.len == 0 &&
	    channel_send(&core->channel, header.type, body, NULL, 0) == 0)
		return;
	if (w->pending.len + sizeof(header) + body.len > PENDING_MAX ||
	    !buf_reserve(&w->pending, sizeof(header) + body.len)) {
		w->pending.failed = false;
		w->findings_lost++;
		return;
	}
	buf_add_bytes(&w->pending, &header, sizeof(header));
	buf_add(&w->pending, body);
}

/* What waited for the core while it was started again, or was busy. */
void relay_pending(struct watch *w)
{
	struct supervised *core = &w->supervisor.at[CORE];
	struct waiting_header header;

	while (core->is_running && w->pending.len > sizeof(header)) {
		memcpy(&header, w->pending.at, sizeof(header));
		struct str body = str_sub(buf_view(&w->pending), sizeof(header), header.len);
		if (body.len == header.len &&
		    channel_send(&core->channel, header.type, body, NULL, 0) < 0)
			return;
		buf_consume(&w->pending, sizeof(header) + header.len);
	}
}

static void change_cut(struct watch *w, const struct message *message)
{
	struct cutoff_key key;

	if (!w->filter || message->body.len != sizeof(key))
		return;
	memcpy(&key, message->body.at, sizeof(key));
	if (message->type == WATCH_CUT)
		(void)!cutoff_map_cut(cutoff_filter_map(w->filter), &key, &w->sensors[0].cutoff);
	else
		(void)!cutoff_map_forget(cutoff_filter_map(w->filter), &key);
}

static void tell_unfit(struct str sentence)
{
	CLEANUP(buf_fini) struct buf line = {0};

	buf_add_printable(&line, sentence, sizeof(struct error));
	log_error("%.*s", STR_ARG(buf_view(&line)));
}

void relay_message(struct watch *w, size_t index, const struct message *message)
{
	struct supervised *core = &w->supervisor.at[CORE];

	switch (message->type) {
	case WATCH_FINDING:
		pass_finding(w, index, message->body);
		if (!watch_host_is(w, index))
			watch_host_hear(w, message->body);
		break;
	case WATCH_COUNTERS:
		if (core->is_running)
			(void)!channel_send(&core->channel, WATCH_COUNTERS, message->body, NULL, 0);
		break;
	case WATCH_CUT:
	case WATCH_FORGET:
		change_cut(w, message);
		break;
	case WATCH_RESPOND:
		if (index == CORE)
			watch_respond_take(w, message);
		break;
	case WATCH_SOURCES:
		if (w->responder_index > 0 && index == w->responder_index)
			buf_add(&w->sources, message->body);
		break;
	case WATCH_UNFIT:
		if (index == CORE)
			tell_unfit(message->body);
		break;
	default:
		if (watch_host_is(w, index))
			watch_host_take(w, message);
		break;
	}
}

static void take_message(struct watch *w, size_t index, const struct message *message)
{
	supervise_heard(&w->supervisor, index, clock_monotonic());
	relay_message(w, index, message);
}

void relay_on_channel(uv_poll_t *poll, int status, int events)
{
	struct watcher *watcher = poll->data;
	struct watch *w = watcher->watch;
	struct supervised *worker = &w->supervisor.at[watcher->index];
	struct message message;
	enum message_result result = MESSAGE_NONE;

	(void)status;
	if (!worker->is_running)
		return;
	if (events & UV_WRITABLE)
		(void)!channel_flush(&worker->channel);
	if (events & (UV_READABLE | UV_DISCONNECT))
		while ((result = channel_receive(&worker->channel, &message)) == MESSAGE_READY)
			take_message(w, watcher->index, &message);
	if (result == MESSAGE_BROKEN)
		supervise_kill(&w->supervisor, watcher->index);
	if (result == MESSAGE_CLOSED)
		uv_poll_stop(poll);
}
