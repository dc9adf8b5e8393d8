#include "scan_captures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "lab/address.h"
#include "lab/capture_writer.h"
#include "lab/innocent.h"
#include "lab/packets.h"

enum { BEGINS_S = 1795341600, SHARES = 5, FRAMES_MAX = 20000, PARTS_MAX = 64, ETHERNET = 1 };

/* One mining connection. What is NULL or 0 is as the lab chooses. */
struct session {
	const char *client, *server, *dialect, *carrier;
	uint64_t seed;
	const char *worker, *agent, *host;
	bool has_shared_wallet;	     /* several are paid to the same */
	bool is_refused, is_polling; /* polling: for two minutes, and nothing is found */
	bool is_mirrored;	     /* in VXLAN, both directions from one end */
	unsigned begins_s;	     /* after the first */
};

static const struct {
	const char *file;
	struct session sessions[4];
} captures[] = {
	{"monero.pcap", {{"10.0.0.7:40001", "198.51.100.20:8443", "cryptonote", .seed = 1}}},
	{"refused.pcap",
	 {{"10.0.0.8:40002", "198.51.100.21:3333", "bitcoin-stratum-v1", .seed = 2,
	   .is_refused = true}}},
	{"socks5.pcap",
	 {{"10.0.0.9:40003", "10.0.0.1:1080", "zcash", "socks5", .seed = 3,
	   .host = "zec.pool.example"}}},
	{"one_wallet.pcap",
	 {{"10.0.0.10:40004", "198.51.100.22:3333", "bitcoin-stratum-v1", .seed = 4,
	   .has_shared_wallet = true, .worker = "web1"},
	  {"10.0.0.11:40005", "203.0.113.5:443", "bitcoin-stratum-v1", .seed = 5,
	   .has_shared_wallet = true, .worker = "db1", .begins_s = 40}}},
	{"proxy.pcap",
	 {{"10.0.0.12:40006", "10.0.0.2:3333", "bitcoin-stratum-v1", .seed = 6,
	   .has_shared_wallet = true, .worker = "a"},
	  {"10.0.0.13:40007", "10.0.0.2:3333", "bitcoin-stratum-v1", .seed = 7,
	   .has_shared_wallet = true, .worker = "b", .begins_s = 5},
	  {"10.0.0.2:40008", "198.51.100.23:3333", "bitcoin-stratum-v1", .seed = 8,
	   .has_shared_wallet = true, .begins_s = 2}}},
	{"template.pcap",
	 {{"10.0.0.14:40009", "10.0.0.3:8332", "getblocktemplate", .seed = 9, .is_polling = true}}},
	{"mirror.pcap",
	 {{"10.0.0.17:40014", "198.51.100.26:3333", "cryptonote", .seed = 14,
	   .is_mirrored = true}}},
	{"hostile.pcap",
	 {{"10.0.0.15:40010", "198.51.100.24:3333", "bitcoin-stratum-v1", .seed = 10,
	   .has_shared_wallet = true,
	   .worker = "\\u001b]0;owned\\u0007\\u202etxt.exe\\u009b2J\\u2066x\\ny",
	   .agent = "\\u001b[2J\\u001b[31mnothing\\u200b found"}}},
	{"repeated.pcap",
	 {{"10.0.0.16:40011", "198.51.100.25:3333", "kaspa", .seed = 11},
	  {"10.0.0.16:40012", "198.51.100.25:3333", "kaspa", .seed = 12, .begins_s = 400},
	  {"10.0.0.16:40013", "198.51.100.25:3333", "kaspa", .seed = 13, .begins_s = 800}}},
};

/* Frames of several sessions, until they are written in order of time. */
struct gathering {
	struct lab_packets parts[PARTS_MAX];
	size_t part_count;
	struct frame frames[FRAMES_MAX];
	size_t count;
	bool failed;
};

static bool complain(const char *what, const char *why)
{
	fprintf(stderr, "cannot make %s: %s\n", what, why);
	return false;
}

static void gather(struct gathering *gathering, const struct lab_transcript *transcript,
		   const struct session *session)
{
	struct lab_packet_settings settings = {.seed = session->seed};
	struct lab_packets *part = &gathering->parts[gathering->part_count];

	if (session->is_mirrored) {
		settings.shape = LAB_SHAPE_ONE_TUNNEL_END;
		settings.tunnels[0] = LAB_TUNNEL_VXLAN;
		settings.tunnel_count = 1;
	}
	if (gathering->part_count == PARTS_MAX ||
	    !endpoint_parse(str_from(session->client), &settings.client) ||
	    !endpoint_parse(str_from(session->server), &settings.server) ||
	    lab_packets_make(transcript, &settings, part) != 0) {
		gathering->failed = true;
		return;
	}
	gathering->part_count++;
	for (size_t i = 0; i < part->count && gathering->count < FRAMES_MAX; i++) {
		gathering->frames[gathering->count] = part->frames[i];
		gathering->frames[gathering->count].offset = gathering->count;
		gathering->count++;
	}
	gathering->failed |= gathering->count == FRAMES_MAX;
}

static int in_order_of_time(const void *left, const void *right)
{
	const struct frame *a = left, *b = right;

	if (a->at.ns != b->at.ns)
		return a->at.ns < b->at.ns ? -1 : 1;
	return a->offset < b->offset ? -1 : 1;
}

static bool write_file(const char *path, struct str bytes)
{
	FILE *file = fopen(path, "w");
	bool written =
		file && (bytes.len == 0 || fwrite(bytes.at, 1, bytes.len, file) == bytes.len);

	return (file && fclose(file) == 0 && written) || complain(path, "it cannot be written");
}

/* Frees what was gathered. */
static bool write_capture(struct gathering *gathering, const char *path)
{
	struct buf out = {0};
	struct capture_writer writer = {.out = &out};

	qsort(gathering->frames, gathering->count, sizeof(*gathering->frames), in_order_of_time);
	capture_write_pcap_header(&writer, ETHERNET);
	for (size_t i = 0; i < gathering->count; i++)
		capture_write_pcap_record(&writer, &gathering->frames[i]);
	bool written = !gathering->failed && !out.failed && write_file(path, buf_view(&out));
	for (size_t i = 0; i < gathering->part_count; i++)
		lab_packets_fini(&gathering->parts[i]);
	buf_fini(&out);
	return written;
}

static void add_shared_wallet(struct buf *out)
{
	struct lab_random random = {1};

	lab_address(LAB_COIN_BITCOIN, &random, out);
}

static bool play(struct gathering *gathering, const struct session *session)
{
	CLEANUP(buf_fini) struct buf wallet = {0};

	if (session->has_shared_wallet)
		add_shared_wallet(&wallet);
	struct lab_session settings = {
		.actor = {.seed = session->seed,
			  .dialect = lab_dialect_find(str_from(session->dialect)),
			  .shares = SHARES,
			  .share_interval = DURATION_S(session->is_polling ? 86400 : 0),
			  .refuses_login = session->is_refused,
			  .wallet = buf_view(&wallet),
			  .worker = str_from(session->worker),
			  .agent = str_from(session->agent),
			  .pool_host = str_from(session->host)},
		.longest = DURATION_S(session->is_polling ? 120 : 0),
		.begins = instant_at(BEGINS_S + session->begins_s, 0),
	};
	struct lab_transcript transcript = {0};
	struct lab_outcome outcome;
	struct error why = {0};

	if (session->carrier && !lab_carrier_parse(str_from(session->carrier), &settings.carrier))
		return complain(session->carrier, "there is no such carrier");
	if (lab_session_play(&settings, &transcript, &outcome, &why) != 0)
		return complain(session->dialect, why.text);
	gather(gathering, &transcript, session);
	lab_transcript_fini(&transcript);
	return true;
}

static bool write_sessions(struct gathering *gathering)
{
	for (size_t c = 0; c < sizeof(captures) / sizeof(*captures); c++) {
		memset(gathering, 0, sizeof(*gathering));
		for (const struct session *s = captures[c].sessions; s->client; s++)
			if (!play(gathering, s))
				return false;
		if (!write_capture(gathering, captures[c].file))
			return false;
	}
	return true;
}

static bool write_innocents(struct gathering *gathering)
{
	memset(gathering, 0, sizeof(*gathering));
	for (size_t i = 0; i < lab_innocent_count; i++) {
		struct lab_transcript transcript = {0};
		char client[48], server[48];
		snprintf(client, sizeof(client), "10.0.1.%zu:50000", i + 1);
		snprintf(server, sizeof(server), "203.0.113.9:%u", lab_innocents[i]->port);
		if (lab_innocent_play(lab_innocents[i], 20 + i, instant_at(BEGINS_S + (int)i, 0),
				      &transcript) != 0)
			return complain(lab_innocents[i]->name, "no memory");
		gather(gathering, &transcript, &(struct session){client, server, .seed = 20 + i});
		lab_transcript_fini(&transcript);
	}
	return write_capture(gathering, "innocent.pcap");
}

static bool read_file(const char *path, struct buf *out)
{
	char block[4096];
	size_t got;
	FILE *file = fopen(path, "r");

	while (file && (got = fread(block, 1, sizeof(block), file)) > 0)
		buf_add_bytes(out, block, got);
	if (file)
		fclose(file);
	return out->len > 0 || complain(path, "it cannot be read");
}

static bool write_gzip(const char *path, struct str bytes)
{
	gzFile file = gzopen(path, "wb");
	bool written = file && gzwrite(file, bytes.at, (unsigned)bytes.len) == (int)bytes.len;

	return (file && gzclose(file) == Z_OK && written) || complain(path, "zlib failed");
}

/* The same session in files that are cut, packed, in a folder. */
static bool write_odd_files(void)
{
	struct buf whole = {0};
	bool written = read_file("monero.pcap", &whole) && mkdir("folder", 0700) == 0 &&
		       write_file("cut.pcap", str_sub(buf_view(&whole), 0, whole.len - 7)) &&
		       write_gzip("packed.gz", buf_view(&whole)) &&
		       write_gzip("whole.gz", buf_view(&whole)) &&
		       write_file("folder/a.pcap", buf_view(&whole)) &&
		       write_file("folder/notes.txt", STR("nothing to see\n")) &&
		       write_file("empty.pcap", (struct str){0}) &&
		       write_file("notes.txt", STR("This is a letter and no capture.\n"));

	buf_clear(&whole);
	written = written && read_file("whole.gz", &whole) &&
		  write_file("cut.gz", str_sub(buf_view(&whole), 0, whole.len / 2));
	buf_fini(&whole);
	return written;
}

bool scan_captures_write(void)
{
	struct gathering *gathering = calloc(1, sizeof(*gathering));
	bool written = gathering && write_sessions(gathering) && write_innocents(gathering) &&
		       write_odd_files();

	free(gathering);
	return written;
}

void scan_captures_remove(void)
{
	static const char *const others[] = {"innocent.pcap",	 "cut.pcap",   "packed.gz",
					     "whole.gz",	 "cut.gz",     "folder/a.pcap",
					     "folder/notes.txt", "empty.pcap", "notes.txt"};

	for (size_t i = 0; i < sizeof(captures) / sizeof(*captures); i++)
		unlink(captures[i].file);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		unlink(others[i]);
	rmdir("folder");
}
