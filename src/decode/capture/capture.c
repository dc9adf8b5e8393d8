#include "decode/capture/capture.h"

enum decoded capture_recognise(struct str start, enum capture_format *format)
{
	struct reader in = reader_of(start);
	struct pcap pcap;
	enum decoded result = pcapng_header(in);

	*format = CAPTURE_UNKNOWN;
	if (result == DECODED) {
		*format = CAPTURE_PCAPNG;
	} else if (result == UNSUPPORTED) {
		result = pcap_header(&in, &pcap);
		if (result == DECODED)
			*format = CAPTURE_PCAP;
	}
	return result;
}

void capture_reader_init(struct capture_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
}

struct str capture_unread(const struct capture_reader *reader)
{
	const struct capture_window *window = &reader->window;

	return str_of(window->keep, (size_t)(window->in.end - window->keep));
}

void capture_feed(struct capture_reader *reader, struct str bytes, bool is_last)
{
	struct capture_window *window = &reader->window;
	size_t unread = (size_t)(window->in.end - window->keep);
	size_t used = (size_t)(window->in.at - window->keep);

	window->end_offset += bytes.len - unread;
	window->in = reader_of(bytes);
	window->keep = window->in.at;
	window->in.at += used;
	window->is_last = is_last;
}

/* Goes over to the format whose file header is at the front of the window. */
static enum decoded begin(struct capture_reader *reader)
{
	struct capture_window *window = &reader->window;
	enum decoded result = capture_recognise(reader_rest(&window->in), &reader->format);

	if (result != DECODED)
		return result;
	reader->pcap = (struct pcap){0};
	reader->is_lost = false;
	if (reader->format == CAPTURE_PCAPNG) {
		reader->pcapng.is_big_endian = false;
		reader->pcapng.interface_count = 0;
		return DECODED; /* the section header is a block: pcapng_next counts it */
	}
	window->counters.headers++;
	window->has_last = false;
	result = pcap_header(&window->in, &reader->pcap);
	window->keep = window->in.at;
	return result;
}

/* Does another file begin in the midst of this one? DECODED: yes; MALFORMED: no; NEED_MORE. */
static enum decoded is_new_file(const struct capture_reader *reader, struct reader at)
{
	enum decoded result = pcap_is_header(at);

	if (result == MALFORMED && reader->format == CAPTURE_PCAP)
		result = pcapng_is_header(at);
	return result == NEED_MORE && reader->window.is_last ? MALFORMED : result;
}

static enum decoded format_next(struct capture_reader *reader, struct frame *out, bool *is_lost)
{
	enum decoded result;

	if (reader->format == CAPTURE_PCAPNG)
		return pcapng_next(&reader->pcapng, &reader->window, out, is_lost);
	result = pcap_next(&reader->pcap, &reader->window, out);
	*is_lost = result == MALFORMED;
	return result;
}

static enum decoded format_cut(struct capture_reader *reader, struct frame *out)
{
	if (reader->format == CAPTURE_PCAPNG)
		return pcapng_cut(&reader->pcapng, &reader->window, out);
	return pcap_cut(&reader->pcap, &reader->window, out);
}

/* Could the capture go on at `at`? */
static enum decoded is_way_on(const struct capture_reader *reader, const struct pcap *pcap,
			      struct reader at)
{
	enum decoded result = is_new_file(reader, at);

	if (result != MALFORMED)
		return result;
	if (reader->format == CAPTURE_PCAPNG)
		return pcapng_is_block(&reader->pcapng, &reader->window, at);
	return pcap_is_record(pcap, &reader->window, at);
}

/* The first place from `in` on where the capture goes on, or where the window is too short to tell.
 */
static enum decoded find_way_on(const struct capture_reader *reader, const struct pcap *pcap,
				struct reader *in)
{
	while (reader_left(in) > 0) {
		enum decoded result = is_way_on(reader, pcap, *in);
		if (result != MALFORMED)
			return result;
		in->at++;
	}
	return NEED_MORE;
}

static void count_malformed(struct capture_counters *counters, uint64_t offset)
{
	if (counters->malformed++ == 0)
		counters->first_malformed_offset = offset;
}

/*
 * The framing is broken at the front of the window. A pcap record's wrong length is only noticed
 * at the header after it, so the search begins inside the record before; but no byte is searched
 * again twice, or a crafted capture of 1 MB could be read as gigabytes.
 */
static enum decoded lose_step(struct capture_reader *reader, struct frame *out)
{
	struct capture_window *window = &reader->window;
	uint64_t offset = capture_window_offset(window);
	uint64_t before = offset - (uint64_t)(window->in.at - window->keep);

	count_malformed(&window->counters, offset);
	out->offset = offset;
	reader->is_lost = true;
	reader->lost_at = offset;
	reader->pcap_aside = reader->pcap;
	reader->pcap = (struct pcap){0};
	if (before >= reader->searched_to) {
		reader->searched_to = offset;
		window->in.at = window->keep;
	}
	window->in.at++;
	window->keep = window->in.at;
	return MALFORMED;
}

/* Moves on to the next place that makes sense; NEED_MORE when it is not in this window. */
static enum decoded find_step(struct capture_reader *reader)
{
	struct capture_window *window = &reader->window;
	enum decoded result = find_way_on(reader, &reader->pcap_aside, &window->in);
	uint64_t offset = capture_window_offset(window);

	window->keep = window->in.at;
	if (offset > reader->lost_at) {
		window->counters.skipped_bytes += offset - reader->lost_at;
		reader->lost_at = offset;
	}
	if (result == DECODED) {
		reader->is_lost = false;
		reader->pcap = reader->pcap_aside;
	}
	return result;
}

/*
 * The last record ends behind the end of the capture. Either the capture was cut off, and the part
 * that is there is handed out; or the record's length lies, and what makes sense lies inside it.
 */
static enum decoded end_cut(struct capture_reader *reader, struct frame *out)
{
	struct capture_window *window = &reader->window;
	struct capture_counters *counters = &window->counters;
	struct reader inside = window->in;
	uint64_t offset = capture_window_offset(window);

	inside.at++;
	if (reader->format != CAPTURE_UNKNOWN &&
	    find_way_on(reader, &reader->pcap, &inside) == DECODED)
		return lose_step(reader, out);
	if (reader->format != CAPTURE_UNKNOWN && format_cut(reader, out) == DECODED) {
		counters->truncated++;
		counters->truncated_offset = offset;
		return DECODED;
	}
	counters->truncated++;
	counters->truncated_offset = offset;
	counters->skipped_bytes += reader_left(&window->in);
	window->in.at = window->in.end;
	window->keep = window->in.at;
	return NEED_MORE;
}

/*
 * Through file headers and blocks without packets to the next frame. At each of them another file
 * may begin.
 */
static enum decoded next_in_step(struct capture_reader *reader, struct frame *out, bool *is_lost)
{
	for (;;) {
		enum decoded is_new = DECODED;

		if (reader->format != CAPTURE_UNKNOWN)
			is_new = is_new_file(reader, reader->window.in);
		if (is_new == NEED_MORE)
			return NEED_MORE;
		enum decoded result =
			is_new == DECODED ? begin(reader) : format_next(reader, out, is_lost);
		bool was_passed = is_new == DECODED ? result == DECODED : result == UNSUPPORTED;
		if (!was_passed)
			return result;
	}
}

enum decoded capture_next_unusual(struct capture_reader *reader, struct frame *out)
{
	struct capture_window *window = &reader->window;
	enum decoded result = DECODED;
	bool is_lost = false;

	if (reader->is_lost)
		result = find_step(reader);
	if (result == DECODED)
		result = next_in_step(reader, out, &is_lost);
	if (is_lost)
		return lose_step(reader, out);
	if (result == MALFORMED)
		count_malformed(&window->counters, out->offset);
	if (result == NEED_MORE && window->is_last && reader_left(&window->in) > 0)
		return end_cut(reader, out);
	return result;
}
