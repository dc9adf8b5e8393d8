/* The half of `davy scan` that reads foreign bytes: no rights, descriptors given one by one. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/record/record_stream.h"
#include "model/finding_json.h"
#include "model/line.h"
#include "programs/clock.h"
#include "programs/commands.h"
#include "programs/list_files.h"
#include "programs/scan_records.h"
#include "sandbox/confine.h"
#include "sandbox/worker.h"

enum { FOLLOW_PAUSE_MS = 100 };

static void tell_parent(struct scanning *scanning, enum scan_message type, const void *at,
			size_t len)
{
	while (channel_send(&scanning->channel, type, str_of(at, len), NULL, 0) == -EAGAIN) {
		struct pollfd writable = {.fd = WORKER_CHANNEL, .events = POLLOUT};
		if (poll(&writable, 1, -1) < 0 || channel_flush(&scanning->channel) == -EPIPE)
			return;
	}
	channel_drain(&scanning->channel, -1);
}

void scanning_tell_progress(struct scanning *scanning, const struct input *input,
			    enum scan_message type)
{
	struct scan_progress progress = {.file_bytes = input ? input_file_bytes(input) : 0,
					 .frames = scanning->frames,
					 .is_unread = scanning->output.is_unread};

	tell_parent(scanning, type, &progress, sizeof(progress));
}

void scanning_look_round(struct scanning *scanning, int readable, int timeout_ms)
{
	struct pollfd polled[] = {{.fd = WORKER_CHANNEL, .events = POLLIN},
				  {.fd = STDOUT_FILENO}, /* closed at the other end: POLLERR */
				  {.fd = readable, .events = POLLIN}};
	struct message message;

	if (poll(polled, sizeof(polled) / sizeof(*polled), timeout_ms) <= 0)
		return;
	scanning->output.is_unread |= (polled[1].revents & (POLLERR | POLLHUP)) != 0;
	if (!polled[0].revents)
		return;
	enum message_result result = channel_receive(&scanning->channel, &message);
	scanning->stops |= result == MESSAGE_CLOSED || result == MESSAGE_BROKEN ||
			   (result == MESSAGE_READY && message.type == SCAN_STOP);
}

void scanning_wait(struct scanning *scanning, const struct input *input)
{
	bool follows = scanning->settings.follows;

	scanning_look_round(scanning, follows ? -1 : input_descriptor(input), FOLLOW_PAUSE_MS);
	if (follows)
		sensor_tick(scanning->sensor, clock_wall());
}

bool scanning_is_left(const struct scanning *scanning)
{
	return scanning->output.is_unread || (scanning->stops && !scanning->settings.follows);
}

void scanning_end_input(struct scanning *scanning, bool is_left)
{
	scanning->output.is_interrupted |= is_left && !scanning->output.is_unread;
	scanning->leaves_some |= is_left;
}

void scanning_leave_out(struct scanning *scanning, struct str name, struct str reason)
{
	scanning->output.unreadable++;
	scan_output_unchecked(&scanning->output, name, reason);
}

/* NULL: no memory. */
static char *keep_name(struct scanning *scanning, struct str name)
{
	char **grown = reallocarray(scanning->names, scanning->name_count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	scanning->names = grown;
	char *copy = strndup(name.at, name.len);
	if (copy)
		scanning->names[scanning->name_count++] = copy;
	return copy;
}

/* By its first bytes; a pipe or a followed file may have to be waited for. */
static bool is_log(struct scanning *scanning, struct input *input)
{
	const char *as = scanning->settings.as;
	enum input_state state;
	struct str start;

	if (as[0])
		return strcmp(as, "capture") != 0;
	while ((state = input_peek(input, &start)) == INPUT_WAIT && !scanning_is_left(scanning)) {
		if (scanning->stops)
			input_finish(input);
		else
			scanning_wait(scanning, input);
	}
	return state == INPUT_BYTES && record_stream_is_log(start);
}

static void take_input(struct scanning *scanning, const struct message *message)
{
	struct input_settings settings = {.follow = scanning->settings.follows,
					  .waits_outside = true};
	char *name = keep_name(scanning, message->body);
	struct input *input = NULL;
	struct error why = {0};

	scanning->output.inputs++;
	if (message->descriptor_count == 1 && name &&
	    input_take(message->descriptors[0], name, &settings, &input, &why) == 0) {
		if (is_log(scanning, input))
			scan_records_read(scanning->records, scanning, input, str_from(name));
		else
			scan_capture_read(scanning, input, str_from(name),
					  message->type == SCAN_FOUND);
		return;
	}
	scanning_leave_out(scanning, message->body,
			   why.text[0] ? str_from(why.text)
				       : STR("not enough memory to read this input"));
	scanning_tell_progress(scanning, NULL, SCAN_DONE);
}

static void take_unchecked(struct scanning *scanning, struct str body)
{
	struct str name, reason;

	str_cut(body, '\0', &name, &reason);
	scanning->output.inputs++;
	scanning_leave_out(scanning, name, reason);
}

/* From a worker that may have been taken over: read as any foreign line. */
static void take_finding(struct scanning *scanning, struct str line)
{
	struct arena arena;
	struct finding finding;
	struct error why;

	if (arena_init(&arena, LINE_ARENA_BYTES) < 0)
		return;
	if (finding_from_json(line, &arena, &finding, &why) == 0)
		scanning->output.sink.take(&scanning->output.sink, &finding);
	else
		scan_output_unchecked(&scanning->output, STR("this machine's processes"),
				      str_from(why.text));
	arena_fini(&arena);
}

static void take_host(struct scanning *scanning, struct str body)
{
	if (body.len != sizeof(scanning->output.host))
		return;
	memcpy(&scanning->output.host, body.at, sizeof(scanning->output.host));
	scanning->output.has_host = true;
	scanning->output.inputs++;
	scanning->output.read++;
}

static void take_finish(struct scanning *scanning, struct str body)
{
	struct scan_finish finish = {0};

	if (body.len == sizeof(finish))
		memcpy(&finish, body.at, sizeof(finish));
	scanning->output.not_begun = finish.not_begun;
	scanning->output.is_interrupted |= finish.not_begun > 0;
	scanning->leaves_some |= finish.not_begun > 0;
	scanning->is_over = true;
}

static void take_message(struct scanning *scanning, const struct message *message)
{
	switch (message->type) {
	case SCAN_INPUT:
	case SCAN_FOUND:
		take_input(scanning, message);
		break;
	case SCAN_UNCHECKED:
		take_unchecked(scanning, message->body);
		break;
	case SCAN_FINDING:
		take_finding(scanning, message->body);
		break;
	case SCAN_HOST:
		take_host(scanning, message->body);
		break;
	case SCAN_FINISH:
		take_finish(scanning, message->body);
		break;
	default:
		break;
	}
}

static void take_messages(struct scanning *scanning)
{
	struct message message;
	enum message_result result;

	while (!scanning->is_over) {
		result = channel_await(&scanning->channel, 1000, &message);
		if (result == MESSAGE_READY)
			take_message(scanning, &message);
		else if (result != MESSAGE_NONE)
			exit(EXIT_TROUBLE); /* the parent is gone: nobody to report to */
	}
}

static bool start(struct scanning *scanning, struct error *why)
{
	struct worker_start first;
	struct confine_report applied;

	if (worker_receive_start(&scanning->channel, &first, why) < 0)
		return false;
	if (first.settings.len != sizeof(scanning->settings))
		return error_set(why, 0, "the settings are not of this program") != 0;
	memcpy(&scanning->settings, first.settings.at, sizeof(scanning->settings));
	scanning->channel.takes_descriptors = true;
	if (first.descriptor_count != 2 || !list_files_map(first.descriptors[0], &scanning->pools))
		return error_set(why, 0, "the lists are not of this program") != 0;
	struct sensor_settings sensor = {.memory_bytes = scanning->settings.memory_bytes,
					 .is_live = scanning->settings.follows,
					 .reads_files = true,
					 .sink = &scanning->output.sink,
					 .pools = &scanning->pools,
					 .mirrors = &scanning->settings.mirrors};
	if (scan_output_init(&scanning->output, &scanning->settings) < 0 ||
	    scan_records_new(&scanning->output.record_sink, first.descriptors[1],
			     &scanning->records) < 0 ||
	    sensor_new(&sensor, &scanning->sensor) < 0)
		return error_set(why, 0, "not enough memory") != 0;
	struct confine_settings confinement = {.confinement = CONFINE_PARSER,
					       .last_writable = WORKER_CHANNEL};
	return confine(&confinement, &applied, why) == 0;
}

int scan_worker(void)
{
	static struct scanning scanning;
	struct error why = {0};

	if (!start(&scanning, &why)) {
		scan_output_unchecked(&scanning.output, (struct str){0}, str_from(why.text));
		return EXIT_TROUBLE;
	}
	take_messages(&scanning);
	sensor_flush(scanning.sensor);
	scan_records_end(scanning.records);
	struct sensor_counters counters = sensor_counters(scanning.sensor);
	scan_output_end(&scanning.output, &counters);
	struct scan_result result = {
		.found = scanning.output.counted,
		.unreadable = scanning.output.unreadable + scanning.output.is_cut_off +
			      scanning.leaves_some + (scanning.output.read == 0)};
	tell_parent(&scanning, SCAN_RESULT, &result, sizeof(result));
	sensor_free(scanning.sensor);
	scan_records_free(scanning.records);
	while (scanning.name_count > 0)
		free(scanning.names[--scanning.name_count]);
	free(scanning.names);
	scan_output_fini(&scanning.output);
	channel_fini(&scanning.channel);
	return EXIT_NOTHING_FOUND;
}
