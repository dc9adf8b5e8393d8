/*
 * Seeds for the harnesses of whole connections, made from sessions of the lab: what a fuzzer cannot
 * guess is a handshake, a checksum, a job whose parts fit each other.
 *
 * usage: make_seeds FOLDER    writes FOLDER/HARNESS/lab_NAME; the same bytes in each run
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "containerd_rows.h"
#include "lab/innocent.h"
#include "lab/packets.h"

enum {
	SEED_MOST = 12 * 1024, /* fuzzers like small inputs; what is longer is cut at a message */
	PIECE_SIDE = 0x8000,   /* as in fuzz/pieces.h */
	PIECE_LOST = 0x4000,
	PIECE_MOST = 0x3fff,
};

static const instant begins = {1795341600000000000};

struct seeds {
	const char *folder;
	unsigned written;
	bool failed;
};

static void write_seed(struct seeds *seeds, const char *harness, const char *name,
		       struct buf *bytes)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", seeds->folder, harness);
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		seeds->failed = true;
	snprintf(path, sizeof(path), "%s/%s/lab_%s", seeds->folder, harness, name);
	for (char *c = path + strlen(seeds->folder); *c; c++)
		if (*c == '+' || *c == ' ' || *c == '-')
			*c = '_';
	FILE *file = fopen(path, "wb");
	if (bytes->failed || !file || fwrite(bytes->at, 1, bytes->len, file) != bytes->len) {
		fprintf(stderr, "make_seeds: cannot write %s: %s\n", path, strerror(errno));
		seeds->failed = true;
	}
	if (file && fclose(file) != 0)
		seeds->failed = true;
	seeds->written++;
	buf_clear(bytes);
}

static void add_le16(struct buf *out, size_t number)
{
	buf_add_byte(out, (char)number);
	buf_add_byte(out, (char)(number >> 8));
}

/* Pieces, as fuzz/pieces.h reads them; `lost` is the event that was not captured. */
static void add_pieces(const struct lab_transcript *transcript, size_t lost, struct buf *out)
{
	for (size_t i = 0; i < transcript->count; i++) {
		struct str rest = lab_transcript_bytes(transcript, i);
		size_t side = transcript->events[i].side == LAB_POOL ? PIECE_SIDE : 0;
		for (; rest.len > 0; rest = str_skip(rest, PIECE_MOST)) {
			struct str piece = str_sub(rest, 0, PIECE_MOST);
			if (out->len + piece.len > SEED_MOST)
				return;
			add_le16(out, side | piece.len | (i == lost ? PIECE_LOST : 0));
			if (i != lost)
				buf_add(out, piece);
		}
	}
}

/* Lines that begin with the side, as fuzz/pieces.h reads them. */
static void add_lines(const struct lab_transcript *transcript, struct buf *out)
{
	for (size_t i = 0; i < transcript->count; i++) {
		struct str rest = str_trim(lab_transcript_bytes(transcript, i)), line;
		while (rest.len > 0 && out->len + rest.len < SEED_MOST) {
			if (!str_cut(rest, '\n', &line, &rest))
				rest = (struct str){0};
			buf_add_byte(out, transcript->events[i].side == LAB_POOL ? '>' : '<');
			buf_add(out, str_trim(line));
			buf_add_byte(out, '\n');
		}
	}
}

/* Frames, as fuzz/sensor.c reads them. */
static void add_frames(const struct lab_transcript *transcript,
		       const struct lab_packet_settings *settings, struct buf *out)
{
	struct lab_packets packets = {0};
	instant last = begins;

	if (lab_packets_make(transcript, settings, &packets) != 0)
		out->failed = true;
	for (size_t i = 0; i < packets.count; i++) {
		const struct frame *frame = &packets.frames[i];
		int64_t later = instant_since(frame->at, last).ns / 1000000;
		if (out->len + frame->bytes.len > SEED_MOST)
			break;
		add_le16(out, frame->bytes.len);
		add_le16(out, (size_t)(later > 65535 ? 65535 : later));
		buf_add(out, frame->bytes);
		last = frame->at;
	}
	lab_packets_fini(&packets);
}

static struct lab_settings settings_of(const struct lab_dialect *dialect, unsigned variant)
{
	return (struct lab_settings){.seed = 11,
				     .dialect = dialect,
				     .variant = variant,
				     .shares = 2,
				     .share_interval = DURATION_S(2)};
}

static void play(struct seeds *seeds, const struct lab_dialect *dialect, unsigned variant,
		 const char *carrier, struct lab_transcript *out)
{
	struct lab_session session = {.actor = settings_of(dialect, variant), .begins = begins};
	struct lab_outcome outcome;
	struct error why = {0};

	*out = (struct lab_transcript){0};
	if (!lab_carrier_parse(str_from(carrier), &session.carrier) ||
	    lab_session_play(&session, out, &outcome, &why) != 0 || out->failed) {
		fprintf(stderr, "make_seeds: %s over %s: %s\n", dialect->name, carrier, why.text);
		seeds->failed = true;
	}
}

/* The messages alone, without what they travel in: both sides take turns. */
static void play_bare(struct seeds *seeds, const struct lab_settings *settings,
		      struct lab_transcript *out)
{
	struct lab_actor *sides[2] = {0};
	struct buf message = {0};
	instant now = begins;
	unsigned idle = 0;

	*out = (struct lab_transcript){0};
	for (unsigned i = 0; i < 2; i++)
		if (lab_actor_new(settings, (enum lab_side)i, &sides[i]) != 0)
			goto out;
	for (unsigned i = 2; i-- > 0;)
		lab_actor_connected(sides[i], now);
	for (unsigned turn = 0; turn < 1000 && !lab_actor_is_finished(sides[0]); turn++) {
		buf_clear(&message);
		if (lab_actor_take(sides[turn % 2], &message)) {
			lab_transcript_add(out, now, (enum lab_side)(turn % 2), buf_view(&message));
			lab_actor_feed(sides[!(turn % 2)], buf_view(&message), now);
			idle = 0;
		} else if (++idle > 2) {
			idle = 0;
			now = lab_actor_due(sides[0]);
			lab_actor_wake(sides[0], now);
		}
	}
	if (lab_actor_outcome(sides[0]).state != LAB_STATE_DONE)
		seeds->failed = true;
out:
	seeds->failed = seeds->failed || !sides[0] || !sides[1] || out->failed;
	buf_fini(&message);
	lab_actor_free(sides[0]);
	lab_actor_free(sides[1]);
}

/* Which harness reads the bare messages of a dialect; NULL: pieces are all there is. */
static const char *reader_of_lines(const struct lab_dialect *dialect)
{
	return dialect->is_json ? "dialogue" : dialect->is_binary ? NULL : "duino";
}

static void make_bare(struct seeds *seeds, const struct lab_dialect *dialect, unsigned variant,
		      const char *name)
{
	struct lab_settings settings = settings_of(dialect, variant);
	struct lab_transcript transcript;
	struct buf bytes = {0};

	settings.is_request_reply = dialect->native == LAB_NATIVE_HTTP;
	settings.reject_every = 2;
	play_bare(seeds, &settings, &transcript);
	if (transcript.count > 2 && str_starts(lab_transcript_bytes(&transcript, 2), STR("\x1f")))
		goto out; /* packed: not lines */
	if (!reader_of_lines(dialect)) {
		add_pieces(&transcript, SIZE_MAX, &bytes);
		write_seed(seeds, "stratum_v2", name, &bytes);
	} else {
		add_lines(&transcript, &bytes);
		write_seed(seeds, reader_of_lines(dialect), name, &bytes);
	}
	if (dialect->is_json && variant == 0) {
		buf_add_byte(&bytes, 6); /* the size of pieces */
		for (size_t i = 0; i < transcript.count && bytes.len < SEED_MOST / 4; i++)
			buf_add(&bytes, lab_transcript_bytes(&transcript, i));
		write_seed(seeds, "json_stream", name, &bytes);
	}
out:
	lab_transcript_fini(&transcript);
	buf_fini(&bytes);
}

static void make_dialects(struct seeds *seeds)
{
	for (size_t d = 0; d < lab_dialect_count; d++)
		for (unsigned v = 0; v < lab_dialects[d]->variant_count; v++) {
			struct lab_transcript transcript;
			struct lab_packet_settings settings = {
				.client = {address_v4(0x0a000007), 40001},
				.server = {address_v4(0xc6336414), lab_dialects[d]->port}};
			struct buf bytes = {0};
			char name[128];
			snprintf(name, sizeof(name), "%s_%s", lab_dialects[d]->name,
				 lab_dialects[d]->variants[v].name);
			make_bare(seeds, lab_dialects[d], v, name);
			play(seeds, lab_dialects[d], v, "plain", &transcript);
			add_pieces(&transcript, SIZE_MAX, &bytes);
			write_seed(seeds, "conversation", name, &bytes);
			if (v == 0) {
				add_frames(&transcript, &settings, &bytes);
				write_seed(seeds, "sensor", name, &bytes);
			}
			lab_transcript_fini(&transcript);
			buf_fini(&bytes);
		}
}

static void make_carriers(struct seeds *seeds)
{
	const struct lab_dialect *dialect = lab_dialect_find(STR("eth-proxy"));

	for (size_t c = 1; c < lab_carrier_count; c++) {
		struct lab_transcript transcript;
		struct buf bytes = {0};
		play(seeds, dialect, 0, lab_carrier_names[c], &transcript);
		add_pieces(&transcript, c % 3 == 2 ? transcript.count / 2 : SIZE_MAX, &bytes);
		write_seed(seeds, "conversation", lab_carrier_names[c], &bytes);
		lab_transcript_fini(&transcript);
		buf_fini(&bytes);
	}
}

static void make_innocents(struct seeds *seeds)
{
	for (size_t i = 0; i < lab_innocent_count; i++) {
		struct lab_transcript transcript = {0};
		struct buf bytes = {0};
		if (lab_innocent_play(lab_innocents[i], 5, begins, &transcript) != 0)
			seeds->failed = true;
		add_pieces(&transcript, SIZE_MAX, &bytes);
		write_seed(seeds, "conversation", lab_innocents[i]->name, &bytes);
		lab_transcript_fini(&transcript);
		buf_fini(&bytes);
	}
}

/* One session in every shape and every tunnel. */
static void make_packets(struct seeds *seeds)
{
	static const struct {
		const char *name;
		struct lab_packet_settings settings;
	} rows[] = {
		{"out_of_order", {.shape = LAB_SHAPE_OUT_OF_ORDER, .segment_max = 100}},
		{"overlap", {.shape = LAB_SHAPE_OVERLAP, .segment_max = 100}},
		{"client_only", {.shape = LAB_SHAPE_CLIENT_ONLY}},
		{"unacknowledged", {.shape = LAB_SHAPE_UNACKNOWLEDGED}},
		{"gap", {.shape = LAB_SHAPE_GAP | LAB_SHAPE_NO_CLOSE}},
		{"fragments", {.shape = LAB_SHAPE_IP_FRAGMENTS}},
		{"middle", {.first_event = 4}},
		{"vlan_mpls", {.tunnels = {LAB_TUNNEL_VLAN, LAB_TUNNEL_MPLS}, .tunnel_count = 2}},
		{"vxlan", {.tunnels = {LAB_TUNNEL_VXLAN}, .tunnel_count = 1}},
		{"gre_ipip", {.tunnels = {LAB_TUNNEL_GRE, LAB_TUNNEL_IPIP}, .tunnel_count = 2}},
		{"pppoe", {.tunnels = {LAB_TUNNEL_PPPOE}, .tunnel_count = 1}},
		{"cut_off", {.snap_len = 96}},
	};
	struct lab_transcript transcript;

	play(seeds, lab_dialect_find(STR("cryptonote")), 0, "plain", &transcript);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct lab_packet_settings settings = rows[i].settings;
		struct buf bytes = {0};
		settings.client = (struct endpoint){address_v4(0x0a000007), 40001};
		settings.server = (struct endpoint){address_v4(0xc6336414), 3333};
		add_frames(&transcript, &settings, &bytes);
		write_seed(seeds, "sensor", rows[i].name, &bytes);
		buf_fini(&bytes);
	}
	lab_transcript_fini(&transcript);
}

static void make_databases(struct seeds *seeds)
{
	static const struct {
		const char *name;
		size_t count;
		struct bolt_making how;
	} rows[] = {
		{"containerd",
		 sizeof(containerd_rows) / sizeof(*containerd_rows),
		 {.page_bytes = 1024, .transaction = 8}},
		{"deep", 10, {.page_bytes = 1024, .transaction = 8, .keys_max = 2}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf bytes = {0};
		bolt_make(containerd_rows, rows[i].count, &rows[i].how, &bytes);
		write_seed(seeds, "bolt", rows[i].name, &bytes);
		buf_fini(&bytes);
	}
}

int main(int argc, char **argv)
{
	struct seeds seeds = {.folder = argc == 2 ? argv[1] : NULL};

	if (!seeds.folder) {
		fprintf(stderr, "usage: make_seeds FOLDER\n");
		return 2;
	}
	make_dialects(&seeds);
	make_carriers(&seeds);
	make_innocents(&seeds);
	make_packets(&seeds);
	make_databases(&seeds);
	printf("%u seeds\n", seeds.written);
	return seeds.failed ? 1 : 0;
}
