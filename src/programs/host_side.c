#include "programs/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "programs/settings.h"

/* Of address space: libraries, patterns, rings; what it touches is a few MiB. */
enum { MEMORY_CEILING = 1 << 30 };

int host_side_open(struct host_side *side, struct error *why)
{
	*side = (struct host_side){.root = -1};
	int result = opener_init(&side->opener, why);
	if (result < 0)
		return result;
	const struct sampler_settings sampling = {.wake_ms = 500};
	if (sampler_open(&sampling, &side->sampler, &side->sampler_lacks) < 0)
		side->sampler = NULL;
	const struct process_events_settings events = {.wake_ms = 500};
	if (process_events_open(&events, &side->events, &side->events_lacks) < 0)
		side->events = NULL;
	if (iterators_open(&side->iterators, &side->iterators_lack) < 0)
		side->iterators = NULL;
	if (setup_walk_open("/", &side->setup, NULL) < 0) /* before Linux 5.6 */
		side->setup = NULL;
	(void)!socket_walk_open(side->opener.proc, &side->sockets);
	side->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

void host_side_close(struct host_side *side)
{
	if (side->sampler)
		sampler_source_close(side->sampler);
	if (side->events)
		process_events_close(side->events);
	if (side->iterators)
		iterators_close(side->iterators);
	setup_walk_close(side->setup);
	socket_walk_close(side->sockets);
	if (side->opener.texts) {
		opener_fini(&side->opener);
		if (side->root >= 0)
			close(side->root);
	}
	*side = (struct host_side){0};
}

void host_side_fill_start(const struct host_side *side, struct host_start *start)
{
	struct sampler_feed feed = {0};
	int descriptors[SAMPLER_FEED_DESCRIPTORS];

	if (gethostname(start->host, sizeof(start->host) - 1) != 0)
		start->host[0] = '\0';
	start->memory_bytes = MEMORY_CEILING;
	start->side_pid = (uint32_t)getpid();
	if (side->sampler && sampler_source_feeds(side->sampler) > 0)
		(void)sampler_source_feed(side->sampler, 0, &feed, descriptors);
	start->hertz = feed.hertz;
}

void host_authorised(const struct settings *settings, struct authorised *out)
{
	size_t count;
	const struct str *texts = settings_texts(settings, "detect.authorised", &count);

	for (size_t i = 0; i < count; i++)
		if (!authorised_add(out, texts[i], &(struct error){0})) {
			log_warn("detect.authorised: only the first %d count", AUTHORISED_MAX);
			return;
		}
}

static int send_sampler_feeds(struct host_side *side, struct channel *channel)
{
	size_t count = side->sampler ? sampler_source_feeds(side->sampler) : 0;

	for (; side->feeds_sent < count; side->feeds_sent++) {
		struct sampler_feed feed;
		int descriptors[SAMPLER_FEED_DESCRIPTORS];
		size_t n = sampler_source_feed(side->sampler, side->feeds_sent, &feed, descriptors);
		int result = channel_send(channel, HOST_SAMPLER, str_of(&feed, sizeof(feed)),
					  descriptors, n);
		if (result < 0)
			return result;
	}
	return 0;
}

int host_side_greet(struct host_side *side, struct channel *channel)
{
	struct process_events_feed feed;
	int descriptors[PROCESS_EVENTS_DESCRIPTORS];

	side->feeds_sent = 0;
	int result = send_sampler_feeds(side, channel);
	if (result < 0 || !side->events)
		return result;
	size_t n = process_events_source_feed(side->events, &feed, descriptors);
	return channel_send(channel, HOST_EVENTS, str_of(&feed, sizeof(feed)), descriptors, n);
}

void host_side_tick(struct host_side *side, struct channel *channel)
{
	struct error why;

	if (side->sampler && sampler_source_tick(side->sampler, &why) > 0)
		(void)!send_sampler_feeds(side, channel);
}

static int answer_open(struct host_side *side, struct channel *channel, struct str body)
{
	struct opener_request request;
	struct opened_process opened;

	if (!opener_request_read(body, &request))
		return -EPROTO;
	/* gone is an answer, too: the worker waits for one */
	if (opener_process(&side->opener, request.pid, request.wanted, &opened) < 0) {
		opened.pid = request.pid;
		opened.error = opened.error ? opened.error : -ESRCH;
	}
	int result = opened_process_send(channel, HOST_OPENED, &opened);
	opened_process_close(&opened);
	return result == 0 || result == -EAGAIN ? 1 : result;
}

/* Without a walk it is over at once. */
static int answer_setup(struct host_side *side, struct channel *channel, struct str request)
{
	int result = side->setup
			     ? setup_request_answer(side->setup, request, channel, HOST_SETUP_FILE)
			     : channel_send(channel, HOST_SETUP_FILE, (struct str){0}, NULL, 0);

	return result == 0 || result == -EAGAIN ? 1 : result;
}

/* That there is none is an answer, too. */
static int answer_list(struct host_side *side, struct channel *channel, struct str body)
{
	struct error why;
	uint32_t kind;
	int descriptor = -1;

	if (body.len != sizeof(kind))
		return -EPROTO;
	memcpy(&kind, body.at, sizeof(kind));
	if (kind != ITERATE_PROCESSES && kind != ITERATE_SOCKETS)
		return -EPROTO;
	if (side->iterators)
		descriptor =
			iterators_descriptor(side->iterators, (enum iterator_kind)kind, 0, &why);
	int result = channel_send(channel, HOST_LISTED, body, &descriptor, descriptor >= 0);
	if (descriptor >= 0)
		close(descriptor);
	return result == 0 || result == -EAGAIN ? 1 : result;
}

static int answer_walk(struct host_side *side, struct channel *channel, struct str body)
{
	int result = socket_walk_answer(side->sockets, body, channel, HOST_WALKED);

	return result == 0 || result == -EAGAIN ? 1 : result;
}

static int answer_image(struct host_side *side, struct channel *channel, struct str body)
{
	int result = image_files_answer(side->root, body, channel, HOST_IMAGE_FILES);

	return result == 0 || result == -EAGAIN ? 1 : result;
}

int host_side_answer(struct host_side *side, struct channel *channel, const struct message *message)
{
	if (message->type == HOST_OPEN)
		return answer_open(side, channel, message->body);
	if (message->type == HOST_SETUP)
		return answer_setup(side, channel, message->body);
	if (message->type == HOST_LIST)
		return answer_list(side, channel, message->body);
	if (message->type == HOST_IMAGE)
		return answer_image(side, channel, message->body);
	if (message->type == HOST_WALK)
		return answer_walk(side, channel, message->body);
	return 0;
}
