/*
 * Messages from frames. Payload goes through one of three ways: it is looked at in place (a whole
 * unmasked frame that arrived in one piece), copied and unmasked into the kept buffer, or unmasked
 * and inflated into it. Past the buffer's end bytes are counted only; compressed ones are still
 * inflated, for the next message may refer to them.
 */
#include "decode/app/websocket.h"

enum {
	PIECE = 1024,			 /* unmasked, or inflated past the buffer, at a time */
	INFLATED_MAX = 16 * 1024 * 1024, /* of one message */
	RATIO_MAX = 400,
};

static bool has_no_takeover(const struct websocket_settings *settings)
{
	return settings->is_from_client ? settings->deflate.client_no_context_takeover
					: settings->deflate.server_no_context_takeover;
}

void websocket_stream_init(struct websocket_stream *stream,
			   const struct websocket_settings *settings)
{
	*stream = (struct websocket_stream){.settings = *settings};
	if (stream->settings.kept_max > WEBSOCKET_MESSAGE_MAX)
		stream->settings.kept_max = WEBSOCKET_MESSAGE_MAX;
	if (!settings->inflater || !settings->deflate.is_on)
		return;
	struct inflater_settings inflater = {
		.format = INFLATER_RAW,
		.window_bits = settings->is_from_client ? settings->deflate.client_window_bits
							: settings->deflate.server_window_bits,
		.output_max = INFLATED_MAX,
		.ratio_max = RATIO_MAX,
	};
	stream->inflater = inflater_init(settings->inflater, settings->inflater_size, &inflater);
}

void websocket_stream_feed(struct websocket_stream *stream, struct str bytes)
{
	stream->in = bytes;
}

static bool is_control(const struct websocket_frame *frame)
{
	return frame->opcode >= WEBSOCKET_CLOSE;
}

/* Collects a header over several feeds. */
static enum decoded header_next(struct websocket_stream *stream)
{
	struct str more = str_sub(stream->in, 0, sizeof(stream->header) - stream->header_len);
	size_t before = stream->header_len;

	if (more.len == 0)
		return NEED_MORE;
	memcpy(stream->header + before, more.at, more.len);
	struct reader in = reader_of(str_of(stream->header, before + more.len));
	enum decoded outcome = websocket_frame_read(&in, &stream->frame);
	if (outcome == NEED_MORE) {
		stream->header_len = (uint8_t)(before + more.len);
		stream->in = str_skip(stream->in, more.len);
	} else if (outcome == DECODED) {
		size_t used = before + more.len - reader_left(&in);
		stream->header_len = 0;
		stream->in = str_skip(stream->in, used - before);
	}
	return outcome;
}

/* A message whose bytes are only counted, to be reported as UNSUPPORTED at its end. */
static void lose(struct websocket_stream *stream)
{
	stream->is_lost = true;
	stream->message.payload.len = 0;
	if (stream->inflater)
		inflater_reset(stream->inflater);
}

static void begin_message(struct websocket_stream *stream)
{
	const struct websocket_frame *frame = &stream->frame;

	stream->message = (struct websocket_message){
		.opcode = frame->opcode,
		.is_compressed = frame->rsv1,
		.payload = {stream->settings.kept, 0},
	};
	stream->is_in_message = stream->is_synchronised = true;
	stream->is_lost = false;
	if (frame->rsv2 || frame->rsv3 || (frame->rsv1 && !stream->inflater))
		lose(stream);
	else if (stream->inflater && frame->rsv1 && has_no_takeover(&stream->settings))
		inflater_reset(stream->inflater);
	else if (stream->inflater)
		inflater_next_message(stream->inflater);
}

static enum decoded begin_frame(struct websocket_stream *stream)
{
	const struct websocket_frame *frame = &stream->frame;

	stream->is_in_frame = true;
	stream->frame_done = 0;
	if (is_control(frame)) {
		stream->control_len = 0;
		return DECODED;
	}
	if (frame->opcode != WEBSOCKET_CONTINUATION) {
		if (stream->is_in_message)
			return MALFORMED;
		begin_message(stream);
		return DECODED;
	}
	if (stream->is_in_message)
		return frame->rsv1 ? MALFORMED : DECODED;
	if (stream->is_synchronised || !stream->settings.is_midstream)
		return MALFORMED;
	/* the end of a message whose beginning was not seen */
	stream->message = (struct websocket_message){0};
	stream->is_in_message = true;
	lose(stream);
	return DECODED;
}

static void keep(struct websocket_stream *stream, const uint8_t *bytes, size_t len)
{
	struct websocket_message *message = &stream->message;
	size_t room = stream->settings.kept_max - message->payload.len;
	size_t kept = len < room ? len : room;

	if (kept > 0)
		memcpy(stream->settings.kept + message->payload.len, bytes, kept);
	message->payload.len += kept;
	message->length += len;
	message->is_cut |= kept < len;
}

static void inflate_piece(struct websocket_stream *stream, struct str in)
{
	struct websocket_message *message = &stream->message;
	uint8_t beyond[PIECE];
	enum decoded outcome;
	size_t len;

	for (;;) {
		size_t room = stream->settings.kept_max - message->payload.len;
		char *out = room ? stream->settings.kept + message->payload.len : (char *)beyond;
		outcome = inflater_next(stream->inflater, &in, out, room ? room : sizeof(beyond),
					&len);
		if (outcome != DECODED)
			break;
		message->length += len;
		if (room)
			message->payload.len += len;
		else
			message->is_cut = true;
	}
	if (outcome != NEED_MORE)
		lose(stream);
}

/* Payload of a data frame: unmasked piece by piece, for the bytes are not ours to change. */
static void take_payload(struct websocket_stream *stream, struct str bytes)
{
	uint64_t offset = stream->frame_done;
	uint8_t piece[PIECE];

	stream->message.wire_length += bytes.len;
	for (; bytes.len > 0 && !stream->is_lost; bytes = str_skip(bytes, sizeof(piece))) {
		size_t len = bytes.len < sizeof(piece) ? bytes.len : sizeof(piece);
		memcpy(piece, bytes.at, len);
		if (stream->frame.masked)
			websocket_unmask(piece, len, stream->frame.mask, offset);
		offset += len;
		if (stream->message.is_compressed)
			inflate_piece(stream, str_of(piece, len));
		else
			keep(stream, piece, len);
	}
}

static void take_control(struct websocket_stream *stream, struct str bytes)
{
	uint8_t *to = (uint8_t *)stream->control + stream->control_len;

	if (bytes.len == 0)
		return;
	memcpy(to, bytes.at, bytes.len);
	if (stream->frame.masked)
		websocket_unmask(to, bytes.len, stream->frame.mask, stream->frame_done);
	stream->control_len = (uint8_t)(stream->control_len + bytes.len);
}

/* A whole message in one unmasked, uncompressed frame that is all here: no copy. */
static bool can_be_viewed(const struct websocket_stream *stream)
{
	const struct websocket_frame *frame = &stream->frame;

	return stream->frame_done == 0 && frame->fin && !frame->masked && !stream->is_lost &&
	       !stream->message.is_compressed && frame->opcode != WEBSOCKET_CONTINUATION &&
	       frame->length <= stream->in.len && frame->length <= stream->settings.kept_max;
}

static void take_frame_bytes(struct websocket_stream *stream)
{
	uint64_t left = stream->frame.length - stream->frame_done;
	struct str bytes =
		str_sub(stream->in, 0, left < stream->in.len ? (size_t)left : stream->in.len);

	if (is_control(&stream->frame)) {
		take_control(stream, bytes);
	} else if (can_be_viewed(stream)) {
		stream->message.payload = bytes;
		stream->message.length = stream->message.wire_length = bytes.len;
	} else {
		take_payload(stream, bytes);
	}
	stream->frame_done += bytes.len;
	stream->in = str_skip(stream->in, bytes.len);
}

/* RFC 7692 section 7.2.2: the sender has taken these four bytes off. */
static enum decoded end_message(struct websocket_stream *stream, struct websocket_message *out)
{
	if (stream->message.is_compressed && !stream->is_lost)
		inflate_piece(stream, str_of("\x00\x00\xff\xff", 4));
	*out = stream->message;
	stream->is_in_message = false;
	if (!stream->is_lost)
		return DECODED;
	out->payload = (struct str){0};
	out->length = 0;
	return UNSUPPORTED;
}

/* True when the frame completes something to hand out. */
static bool end_frame(struct websocket_stream *stream, struct websocket_message *out,
		      enum decoded *outcome)
{
	const struct websocket_frame *frame = &stream->frame;

	stream->is_in_frame = false;
	if (is_control(frame)) {
		*out = (struct websocket_message){
			.opcode = frame->opcode,
			.payload = str_of(stream->control, stream->control_len),
			.length = stream->control_len,
			.wire_length = stream->control_len,
		};
		*outcome = DECODED;
		return true;
	}
	if (!frame->fin)
		return false;
	*outcome = end_message(stream, out);
	return true;
}

enum decoded websocket_stream_next(struct websocket_stream *stream, struct websocket_message *out)
{
	enum decoded outcome;

	*out = (struct websocket_message){0};
	while (!stream->is_broken) {
		if (!stream->is_in_frame) {
			outcome = header_next(stream);
			if (outcome == DECODED)
				outcome = begin_frame(stream);
			if (outcome == NEED_MORE)
				return NEED_MORE;
			stream->is_broken = outcome == MALFORMED;
			continue;
		}
		take_frame_bytes(stream);
		if (stream->frame_done < stream->frame.length)
			return NEED_MORE;
		if (end_frame(stream, out, &outcome))
			return outcome;
	}
	return MALFORMED;
}
