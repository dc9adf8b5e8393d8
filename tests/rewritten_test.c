/*
 * Real captures in other words: the connections of each labelled capture are taken apart, their
 * JSON spelled anew, addresses, ports and host names changed, and new packets made. What was found
 * in the original must be found again, with the same verdict, roles and dialect, and nothing else.
 *
 * DAVY_CORPUS  folder with net/mining; default ../shared/corpus beside the source. Without it the
 *              test is skipped.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/packets.h"
#include "programs/sensor.h"
#include "rewritten_words.h"
#include "source/capture/capture_file.h"

enum { FOUND_MOST = 512, TEXT = 160, SENSOR_BYTES = 64 << 20 };

/* One finding as a line: verdict, dialect, client, server. */
struct found {
	struct finding_sink sink; /* first: the sink is this */
	struct sensor *sensor;
	size_t count;
	char lines[FOUND_MOST][TEXT];
	const struct mapping *mapping; /* NULL: addresses as they are */
};

/* How ends are renamed: injective, so that a line can be compared. */
struct mapping {
	bool is_v6;
};

static struct endpoint map(const struct mapping *mapping, struct endpoint end)
{
	struct address a = end.address;
	uint32_t low = (uint32_t)a.bytes[12] << 24 | (uint32_t)a.bytes[13] << 16 |
		       (uint32_t)a.bytes[14] << 8 | a.bytes[15];

	low ^= 0x05a31b77; /* another address of another length */
	if (mapping->is_v6) {
		struct address v6 = {{0x20, 0x01, 0x0d, 0xb8, 0, 9}};
		for (int i = 0; i < 4; i++)
			v6.bytes[12 + i] = (uint8_t)(low >> (24 - 8 * i));
		end.address = v6;
	} else {
		end.address = address_v4(low);
	}
	end.port ^= 0x2b5d;
	return end;
}

static void add_line(struct found *found, const struct finding *finding)
{
	struct str client = facts_text(&finding->subject.keys, STR("client"));
	struct str server = facts_text(&finding->subject.keys, STR("server"));
	char ends[2][ENDPOINT_TEXT_MAX];
	struct endpoint end;

	if (found->count == FOUND_MOST)
		return;
	for (int i = 0; i < 2; i++) {
		struct str text = i ? server : client;
		snprintf(ends[i], sizeof(ends[i]), "%.*s", STR_ARG(text));
		if (found->mapping && endpoint_parse(text, &end)) {
			end = map(found->mapping, end);
			endpoint_text(&end, ends[i]);
		}
	}
	snprintf(found->lines[found->count++], TEXT, "%s %.*s %s %s",
		 verdict_name(finding->verdict),
		 STR_ARG(facts_text(&finding->facts, STR("dialect"))), ends[0], ends[1]);
}

static void take_finding(struct finding_sink *sink, const struct finding *finding)
{
	add_line((struct found *)sink, finding);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int found_begin(struct found *found, const struct mapping *mapping)
{
	*found = (struct found){.sink = {take_finding}, .mapping = mapping};
	return sensor_new(
		&(struct sensor_settings){.memory_bytes = SENSOR_BYTES, .sink = &found->sink},
		&found->sensor);
}

static void found_end(struct found *found)
{
	sensor_flush(found->sensor);
	sensor_free(found->sensor);
	qsort(found->lines, found->count, sizeof(*found->lines), by_text);
}

/* The capture to the sensor and into its connections. */
static int read_capture(const char *path, struct found *found, struct connections *connections,
			struct error *why)
{
	enum { MOST = 64 };
	struct frame frames[MOST];
	struct packet packet;
	struct capture_file *file;
	size_t count;
	int r = capture_file_open(path, &(struct input_settings){0}, &file, why);

	while (r == 0 && capture_file_read(file, frames, MOST, &count) == CAPTURE_FILE_FRAMES)
		for (size_t i = 0; i < count && r == 0; i++) {
			(void)sensor_frame(found->sensor, &frames[i], STR("original"), &packet);
			r = connections_take(connections, &frames[i]);
		}
	if (r == -ENOMEM)
		(void)error_set(why, r, "more connections or pieces than the test holds");
	if (r == 0)
		capture_file_free(file);
	return r;
}

struct frames {
	struct frame *list;
	size_t count, cap;
	struct lab_packets packets[CONNECTIONS_MOST];
	size_t packets_count;
};

static bool has_data(const struct frame *frame)
{
	struct packet packet;

	return packet_decode(frame, NULL, &packet) == DECODED && packet.payload_len > 0;
}

/* has_bare: false for a capture from which packets without data were left out, so that what was
 * never acknowledged in it stays so. */
static int add_frames(struct frames *all, const struct lab_packets *packets, bool has_bare)
{
	if (all->count + packets->count > all->cap) {
		size_t cap = 2 * all->cap + packets->count;
		struct frame *grown = reallocarray(all->list, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		all->list = grown;
		all->cap = cap;
	}
	for (size_t i = 0; i < packets->count; i++)
		if (has_bare || has_data(&packets->frames[i]))
			all->list[all->count++] = packets->frames[i];
	return 0;
}

/* A capture that began within the connection: the lab cuts off an event that we put before. */
static void put_cut_event(const struct lab_transcript *from, struct lab_transcript *to)
{
	instant before = instant_add(from->events[0].at, DURATION_MS(-50));

	lab_transcript_add(to, before, LAB_MINER, STR("\n"));
	for (size_t i = 0; i < from->count; i++)
		lab_transcript_add(to, from->events[i].at, from->events[i].side,
				   lab_transcript_bytes(from, i));
}

static int pack_connection(const struct connection *connection, const struct mapping *mapping,
			   struct rewriting *rewriting, struct frames *frames)
{
	struct lab_transcript words = {0}, cut = {0};
	struct lab_packets *packets = &frames->packets[frames->packets_count];
	struct lab_packet_settings settings = {
		.seed = frames->packets_count + 1,
		.segment_max = 536,
		.round_trip = {100000}, /* no longer than any answer took */
		.first_event = !connection->has_syn,
		.client = map(mapping, connection->ends[0]),
		.server = map(mapping, connection->ends[1]),
	};
	int r = 0;

	rewrite_connection(connection, rewriting, &words);
	if (words.count > 0) {
		if (!connection->has_syn)
			put_cut_event(&words, &cut);
		const struct lab_transcript *told = connection->has_syn ? &words : &cut;
		r = told->failed ? -ENOMEM : lab_packets_make(told, &settings, packets);
		if (r == 0)
			frames->packets_count++;
		if (r == 0)
			r = add_frames(frames, packets, connection->has_bare);
	}
	lab_transcript_fini(&words);
	lab_transcript_fini(&cut);
	return r;
}

static int by_time(const void *a, const void *b)
{
	const struct frame *first = a, *second = b;

	if (first->at.ns != second->at.ns)
		return first->at.ns < second->at.ns ? -1 : 1;
	return first->bytes.at < second->bytes.at ? -1 : first->bytes.at > second->bytes.at;
}

static int read_rewritten(const struct connections *connections, const struct mapping *mapping,
			  struct rewriting *rewriting, struct found *found)
{
	struct frames *frames = calloc(1, sizeof(*frames));
	struct packet packet;
	int r = frames ? 0 : -ENOMEM;

	for (size_t i = 0; i < connections->count && r == 0; i++)
		r = pack_connection(&connections->list[i], mapping, rewriting, frames);
	if (r == 0 && frames->count > 0)
		qsort(frames->list, frames->count, sizeof(*frames->list), by_time);
	for (size_t i = 0; r == 0 && i < frames->count; i++)
		(void)sensor_frame(found->sensor, &frames->list[i], STR("rewritten"), &packet);
	for (size_t i = 0; frames && i < frames->packets_count; i++)
		lab_packets_fini(&frames->packets[i]);
	if (frames)
		free(frames->list);
	free(frames);
	return r;
}

static bool is_there(const struct found *found, const char *line)
{
	return bsearch(line, found->lines, found->count, sizeof(*found->lines), by_text) != NULL;
}

static unsigned compare(const struct found *original, const struct found *rewritten)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < original->count; i++)
		if (!is_there(rewritten, original->lines[i]))
			printf("# lost: %s (%u)\n", original->lines[i], ++wrong);
	for (size_t i = 0; i < rewritten->count; i++)
		if (!is_there(original, rewritten->lines[i]))
			printf("# new: %s (%u)\n", rewritten->lines[i], ++wrong);
	return wrong;
}

/* One capture in one spelling; prints its line. */
static bool run_case(const char *folder, const char *name, size_t spelling, unsigned number)
{
	struct found *found = calloc(2, sizeof(*found));
	struct connections connections = {0};
	struct mapping mapping = {.is_v6 = spelling % 2};
	struct rewriting rewriting = {.spelling = &lab_spellings[spelling],
				      .random = {spelling + 1}};
	struct error why = {0};
	char path[1024];
	bool is_good = false;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (found && found_begin(&found[0], &mapping) == 0) {
		int r = read_capture(path, &found[0], &connections, &why);
		found_end(&found[0]);
		if (r == 0 && (r = found_begin(&found[1], NULL)) == 0) {
			r = read_rewritten(&connections, &mapping, &rewriting, &found[1]);
			found_end(&found[1]);
		}
		is_good = r == 0 && compare(&found[0], &found[1]) == 0;
		if (r < 0)
			printf("# %s: %s\n", strerror(-r), why.text);
	}
	printf("%sok %u - %s, spelling %zu: %zu findings, %u messages rewritten\n",
	       is_good ? "" : "not ", number, name, spelling, found ? found[0].count : 0,
	       rewriting.rewritten);
	connections_fini(&connections);
	free(found);
	return is_good;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int main(void)
{
	const char *corpus = getenv("DAVY_CORPUS"), *root = getenv("DAVY_SOURCE_ROOT");
	struct dirent **entries = NULL;
	char folder[512];
	unsigned number = 0, failed = 0;

	if (corpus)
		snprintf(folder, sizeof(folder), "%s/net/mining", corpus);
	else
		snprintf(folder, sizeof(folder), "%s/../shared/corpus/net/mining",
			 root ? root : ".");
	int count = scandir(folder, &entries, NULL, by_name);
	for (int i = 0; i < count; i++) {
		for (size_t s = 1; s < lab_spelling_count; s++)
			if (strstr(entries[i]->d_name, ".pcap"))
				failed += !run_case(folder, entries[i]->d_name, s, ++number);
		free(entries[i]);
	}
	free(entries);
	if (number == 0)
		printf("1..0 # SKIP no labelled captures at %s (DAVY_CORPUS)\n", folder);
	else
		printf("1..%u\n", number);
	return failed > 0;
}
