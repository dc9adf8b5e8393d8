/* The half of `davy scan` that reads foreign bytes: no rights, descriptors given one by one. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/packet/packet.h"
#include "model/finding_json.h"
#include "model/line.h"
#include "programs/clock.h"
#include "programs/commands.h"
#include "programs/list_files.h"
#include "programs/scan_output.h"
#include "sandbox/confine.h"
#include "sandbox/worker.h"
#include "source/capture/capture_file.h"

enum { FRAMES_AT_ONCE = 64, PROGRESS_EVERY = 65536, FOLLOW_PAUSE_MS = 100, LOOK_ROUND_EVERY = 16 };

struct scanning {
	struct channel channel;
	struct scan_settings settings;
	struct scan_output output;
	struct pool_list pools;
	struct sensor *sensor;
	bool stops;	  /* a followed input is to be finished, any other to be left */
	bool leaves_some; /* of an input; also when nobody is there to be told */
	bool is_over;
	uint64_t frames;
	uint64_t unknown_links; /* packets of one input */
	uint16_t unknown_link;	/* the last of these */
	uint16_t known_link;	/* the last of the others */
	char **names;		/* of inputs: findings made at the end still quote them */
	size_t name_count;
};

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

static void tell_progress(struct scanning *scanning, const struct capture_file *file,
			  enum scan_message type)
{
	struct scan_progress progress = {
		.file_bytes = file ? input_file_bytes(capture_file_input(file)) : 0,
		.frames = scanning->frames,
		.is_unread = scanning->output.is_unread};

	tell_parent(scanning, type, &progress, sizeof(progress));
}

/*
 * Has the parent said stop, or has whoever reads standard output gone? Waits up to `timeout_ms` for
 * that, or for bytes of `readable` (a descriptor, or -1).
 */
static void look_round(struct scanning *scanning, int readable, int timeout_ms)
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

/* An input has nothing now: a file that is followed, or a pipe. */
static void wait_a_little(struct scanning *scanning, const struct capture_file *file)
{
	bool follows = scanning->settings.follows;

	look_round(scanning, follows ? -1 : input_descriptor(capture_file_input(file)),
		   FOLLOW_PAUSE_MS);
	if (follows)
		sensor_tick(scanning->sensor, clock_wall());
}

static void take_frames(struct scanning *scanning, const struct frame *frames, size_t count,
			struct str name)
{
	sensor_frames(scanning->sensor, frames, count, name, NULL);
	scanning->frames += count;
	for (size_t i = 0; i < count; i++) {
		if (frames[i].link == scanning->known_link)
			continue;
		if (packet_link_is_known(frames[i].link)) {
			scanning->known_link = frames[i].link;
			continue;
		}
		scanning->unknown_links++;
		scanning->unknown_link = frames[i].link;
	}
}

static void leave_out(struct scanning *scanning, struct str name, struct str reason)
{
	scanning->output.unreadable++;
	scan_output_unchecked(&scanning->output, name, reason);
}

/* What of this input was not looked at, if anything: one sentence, the gravest first. */
static void tell_gaps(struct scanning *scanning, const struct capture_file *file, struct str name,
		      bool is_left)
{
	const struct error *note = capture_file_note(file);
	struct error why = {0};

	if (is_left)
		error_set(&why, 0,
			  "%.*s: the scan was interrupted here: what follows byte %" PRIu64
			  " was not looked at",
			  STR_ARG(name), input_file_bytes(capture_file_input(file)));
	else if (note->text[0])
		why = *note;
	else if (scanning->unknown_links > 0)
		error_set(&why, 0,
			  "%.*s: %" PRIu64
			  " packets are of link type %u, which davy does not read; capture where "
			  "they are Ethernet, Wi-Fi, PPP or IP",
			  STR_ARG(name), scanning->unknown_links, scanning->unknown_link);
	if (why.text[0])
		leave_out(scanning, name, str_from(why.text));
}

/* Until the end of the input; false when it was left before. */
static bool read_frames(struct scanning *scanning, struct capture_file *file, struct str name)
{
	static struct frame frames[FRAMES_AT_ONCE];
	enum capture_file_state state;
	uint64_t told = scanning->frames;
	size_t count;

	for (unsigned turn = 0;; turn++) {
		if (turn % LOOK_ROUND_EVERY == 0)
			look_round(scanning, -1, 0);
		if (scanning->output.is_unread || (scanning->stops && !scanning->settings.follows))
			return false;
		state = capture_file_read(file, frames, FRAMES_AT_ONCE, &count);
		if (state > CAPTURE_FILE_WAIT)
			return true;
		if (state == CAPTURE_FILE_FRAMES)
			take_frames(scanning, frames, count, name);
		else if (scanning->stops)
			capture_file_finish(file);
		else
			wait_a_little(scanning, file);
		if (scanning->frames - told >= PROGRESS_EVERY) {
			tell_progress(scanning, file, SCAN_PROGRESS);
			told = scanning->frames;
		}
	}
}

static void read_capture(struct scanning *scanning, struct capture_file *file, struct str name,
			 bool is_found)
{
	const struct capture_counters *counters = capture_file_counters(file);

	scanning->unknown_links = 0;
	const uint64_t frames_before = scanning->frames;
	const bool is_left = !read_frames(scanning, file, name);
	scanning->output.damaged_records += counters->malformed + counters->truncated;
	scanning->output.is_interrupted |= is_left && !scanning->output.is_unread;
	scanning->leaves_some |= is_left;
	if (scanning->output.is_unread)
		return;
	if (is_found && !is_left && capture_file_is_other(file)) {
		scan_output_other(&scanning->output, name, str_from(capture_file_note(file)->text));
		return;
	}
	scanning->output.read +=
		scanning->frames > frames_before || (!is_left && !capture_file_note(file)->text[0]);
	tell_gaps(scanning, file, name, is_left);
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

static void take_input(struct scanning *scanning, const struct message *message)
{
	struct input_settings settings = {.follow = scanning->settings.follows,
					  .waits_outside = true};
	char *name = keep_name(scanning, message->body);
	struct capture_file *file = NULL;
	struct input *input = NULL;
	struct error why = {0};

	scanning->output.inputs++;
	if (message->descriptor_count != 1 || !name ||
	    input_take(message->descriptors[0], name, &settings, &input, &why) < 0 ||
	    capture_file_new(input, &file) < 0) {
		leave_out(scanning, message->body,
			  why.text[0] ? str_from(why.text)
				      : STR("not enough memory to read this input"));
	} else {
		read_capture(scanning, file, str_from(name), message->type == SCAN_FOUND);
	}
	tell_progress(scanning, file, SCAN_DONE);
	capture_file_free(file);
}

static void take_unchecked(struct scanning *scanning, struct str body)
{
	struct str name, reason;

	str_cut(body, '\0', &name, &reason);
	scanning->output.inputs++;
	leave_out(scanning, name, reason);
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
	if (first.descriptor_count != 1 || !list_files_map(first.descriptors[0], &scanning->pools))
		return error_set(why, 0, "the lists are not of this program") != 0;
	struct sensor_settings sensor = {.memory_bytes = scanning->settings.memory_bytes,
					 .is_live = scanning->settings.follows,
					 .reads_files = true,
					 .sink = &scanning->output.sink,
					 .pools = &scanning->pools,
					 .mirrors = &scanning->settings.mirrors};
	if (scan_output_init(&scanning->output, &scanning->settings) < 0 ||
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
	struct sensor_counters counters = sensor_counters(scanning.sensor);
	scan_output_end(&scanning.output, &counters);
	struct scan_result result = {
		.found = scanning.output.counted,
		.unreadable = scanning.output.unreadable + scanning.output.is_cut_off +
			      scanning.leaves_some + (scanning.output.read == 0)};
	tell_parent(&scanning, SCAN_RESULT, &result, sizeof(result));
	sensor_free(scanning.sensor);
	while (scanning.name_count > 0)
		free(scanning.names[--scanning.name_count]);
	free(scanning.names);
	scan_output_fini(&scanning.output);
	channel_fini(&scanning.channel);
	return EXIT_NOTHING_FOUND;
}
