/* What kind of code a workload runs, judged over all windows that were read of it. */
#include <stdarg.h>
#include <stdio.h>

#include "detect/code_shape/shapes.h"
#include "detect/host_room.h"

enum {
	PATH_INSTRUCTIONS = 48, /* followed from each sample for shapes_run_randomx */
	LOOP_BYTES_LEAST = 64,	/* less is a copy or a search inside a larger loop */
	SAMPLES_LEAST = 3,
	SCATTERED_LEAST = 6, /* windows: what runs in fewer is no picture of a program */
	WEIGHT_MAX = 100000,
	QUOTED_INSTRUCTIONS = 6,
};

/* One shape over all windows. */
struct tally {
	uint64_t samples;
	uint32_t windows;
	const struct code_window *best; /* with the most samples */
};

struct judgement {
	struct code_reader *reader;
	struct arena *scratch;
	struct tally shapes[SHAPE_COUNT];
	uint64_t samples;
	uint32_t windows;
	struct code_counts ran; /* what ran in all windows together */
	const struct code_window *first;
};

static uint32_t weight_of(const struct code_window *window)
{
	return window->samples > 0 ? window->samples : 1;
}

/* Instructions that ran, as often as they were sampled; the cap keeps sums within 32 bits. */
static void add_counts(struct code_counts *to, const struct code_counts *from, uint32_t weight)
{
	if (weight > WEIGHT_MAX)
		weight = WEIGHT_MAX;
	to->instructions += from->instructions * weight;
	for (unsigned i = 0; i < CODE_GROUP_COUNT; i++)
		to->groups[i] += from->groups[i] * weight;
}

static void look(struct judgement *j, const struct code_window *window)
{
	struct code_counts all, path, inner;
	const struct code_counts *loop = &all;
	struct code_loop place;
	uint64_t sampled = window->sampled_address - window->address;

	if (window->bytes.len == 0 || window->sampled_address < window->address)
		return;
	code_read(j->reader, window->bytes, sampled < window->bytes.len ? sampled : 0);
	code_count(j->reader, 0, CODE_READ_MAX, &all);
	code_count_path(j->reader, PATH_INSTRUCTIONS, &path);
	add_counts(&j->ran, &path, weight_of(window));
	if (code_find_loop(j->reader, LOOP_BYTES_LEAST, &place)) {
		code_count(j->reader, place.from, place.to, &inner);
		loop = &inner;
	}
	uint32_t found = shapes_of(&all, loop, window->is_anonymous);
	j->samples += weight_of(window);
	j->windows++;
	for (unsigned i = 0; i < SHAPE_COUNT; i++) {
		struct tally *tally = &j->shapes[i];
		if (!(found & 1u << i))
			continue;
		tally->samples += weight_of(window);
		tally->windows++;
		if (!tally->best || weight_of(tally->best) < weight_of(window))
			tally->best = window;
	}
	if (!j->first)
		j->first = window;
}

static struct str say(struct arena *scratch, const char *format, ...) printf_like(2, 3);
static struct str say(struct arena *scratch, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	int len = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (len <= 0)
		return (struct str){0};
	size_t kept = (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
	char *at = arena_take(scratch, kept);
	if (!at)
		return (struct str){0};
	memcpy(at, text, kept);
	return str_of(at, kept);
}

/* A few instructions from the sampled one on, as evidence: "0x7f00: mul r9; ror r8, 5; ..." */
static struct str quote(struct judgement *j, const struct code_window *window)
{
	char text[400], one[80];
	struct str bytes = str_skip(window->bytes, window->sampled_address - window->address);
	uint64_t address = window->sampled_address;
	size_t used = (size_t)snprintf(text, sizeof(text), "0x%llx: ", (unsigned long long)address);

	for (unsigned i = 0; i < QUOTED_INSTRUCTIONS; i++) {
		size_t size = code_text(j->reader, bytes, address, one, sizeof(one));
		if (size == 0 || used + strlen(one) + 3 > sizeof(text))
			break;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "; " : "",
					 one);
		bytes = str_skip(bytes, size);
		address += size;
	}
	return say(j->scratch, "%s", text);
}

static double share(const struct judgement *j, uint64_t samples)
{
	return j->samples ? (double)samples / (double)j->samples : 0;
}

static void add(struct judgement *j, struct signs *out, enum sign_weight weight, double strength,
		const char *algorithm, const struct code_window *where, struct str reason)
{
	if (reason.len == 0)
		return; /* a sign without a reason is none; the arena was full */
	signs_add(out, (struct sign){.family = FAMILY_CODE,
				     .weight = weight,
				     .strength = strength > 1 ? 1 : strength,
				     .detector = "code_shape",
				     .algorithm = algorithm,
				     .reason = reason,
				     .quote = quote(j, where)});
}

/*
 * Full mode: most windows are programs. Light mode makes the dataset's lines as it goes: most
 * windows are superscalar programs, a few the program itself.
 */
static bool judge_programs(struct judgement *j, struct signs *out)
{
	const struct tally *program = &j->shapes[SHAPE_RANDOMX];
	double programs = share(j, program->samples);
	double both = programs + share(j, j->shapes[SHAPE_SUPERSCALAR].samples);

	bool is_full = program->samples >= SAMPLES_LEAST && programs >= 0.25;
	bool is_light = program->windows > 0 && j->windows >= SCATTERED_LEAST && both >= 0.5 &&
			programs >= 0.02;
	if (!is_full && !is_light)
		return false;
	if (is_full)
		add(j, out, SIGN_SPECIFIC, 0.8 + 0.2 * both, "rx", program->best,
		    say(j->scratch,
			"%.0f%% of the code it was seen running is RandomX's: floats, products of "
			"128 bits and rotations in one loop, over masked addresses",
			100 * both));
	else
		add(j, out, SIGN_STRONG, 0.6 + 0.2 * both, "rx", program->best,
		    say(j->scratch,
			"%.0f%% of the code it was seen running is RandomX's as it runs without "
			"its large dataset: a node that checks blocks does that, and so does a "
			"miner with little memory",
			100 * both));
	return true;
}

static bool judge_interpreter(struct judgement *j, struct signs *out)
{
	const struct tally *read = &j->shapes[SHAPE_RANDOMX_READ];

	if (read->samples < SAMPLES_LEAST || share(j, read->samples) < 0.25)
		return false;
	add(j, out, SIGN_STRONG, 0.5 + 0.5 * share(j, read->samples), "rx", read->best,
	    say(j->scratch,
		"%.0f%% of the code it was seen running has the instructions of RandomX behind "
		"jumps through a table, as an interpreter of it would",
		100 * share(j, read->samples)));
	return true;
}

/* Thinned or scattered: no window has enough of it, what ran in all of them has. */
static bool judge_scattered(struct judgement *j, struct signs *out)
{
	const uint32_t *groups = j->ran.groups;

	if (j->windows < SCATTERED_LEAST || !shapes_run_randomx(&j->ran))
		return false;
	double all = (double)j->ran.instructions / 100;
	add(j, out, SIGN_STRONG, 0.7, "rx", j->first,
	    say(j->scratch,
		"the instructions it was seen running in %u places are, taken together, a RandomX "
		"program that is thinned with others or scattered: %.1f%% products of 128 bits, "
		"%.1f%% rotations, %.1f%% packed roots and divisions, %.1f%% conversions",
		j->windows, groups[CODE_MULTIPLY_HIGH] / all, groups[CODE_ROTATE_64] / all,
		(groups[CODE_PACKED_SQRT] + groups[CODE_PACKED_DIVIDE]) / all,
		groups[CODE_CONVERT] / all));
	return true;
}

static void judge_superscalar(struct judgement *j, struct signs *out)
{
	const struct tally *tally = &j->shapes[SHAPE_SUPERSCALAR];

	if (tally->samples < SAMPLES_LEAST || share(j, tally->samples) < 0.5)
		return;
	add(j, out, SIGN_LOOKS_ALIKE, share(j, tally->samples), "rx", tally->best,
	    say(j->scratch,
		"%.0f%% of the code it was seen running are random integer programs: RandomX makes "
		"its dataset like that, and Tor solves its puzzles (HashX) like that",
		100 * share(j, tally->samples)));
}

static void judge_cryptonight(struct judgement *j, struct signs *out)
{
	const struct tally *masked = &j->shapes[SHAPE_CRYPTONIGHT];
	const struct tally *tables = &j->shapes[SHAPE_CRYPTONIGHT_TABLES];
	const struct tally *open = &j->shapes[SHAPE_CRYPTONIGHT_OPEN];
	uint64_t samples = masked->samples + tables->samples + open->samples;

	if (samples < SAMPLES_LEAST || share(j, samples) < 0.25)
		return;
	bool is_masked = share(j, masked->samples + tables->samples) >= 0.25;
	bool is_by_tables = tables->samples > masked->samples;
	const struct tally *best = is_by_tables ? tables : masked->best ? masked : open;
	add(j, out, is_masked ? SIGN_SPECIFIC : SIGN_STRONG,
	    (is_masked ? 0.7 : 0.4) + 0.3 * share(j, samples), "cn", best->best,
	    say(j->scratch,
		"%.0f%% of the code it was seen running is CryptoNight's: rounds of AES%s and "
		"products of 128 bits in one loop%s",
		100 * share(j, samples), is_by_tables ? " by tables" : "",
		is_masked ? ", over addresses masked to a pad" : ""));
}

/* Loops that mining shares with legitimate software; said with what else they may be. */
static const struct {
	enum shape shape;
	const char *algorithm, *what;
} alike[] = {
	{SHAPE_SHA256, "sha256d",
	 "a SHA-256 loop: mining of Bitcoin looks like this, and so do backups and password "
	 "checks"},
	{SHAPE_ARGON2, "argon2",
	 "an Argon2 loop: mining of Chukwa looks like this, and so do password checks"},
	{SHAPE_BLAKE2B, "blake2b",
	 "a BLAKE2b loop: mining of Equihash coins and Siacoin looks like this, and so do backups "
	 "and checksums"},
	{SHAPE_SALSA, "scrypt",
	 "a Salsa20 loop: mining of Litecoin (scrypt) and of yescrypt coins looks like this, and "
	 "so "
	 "do password checks and encryption"},
	{SHAPE_KECCAK, "keccak",
	 "a Keccak loop: mining of Ethash and Keccak coins looks like this, and so do SHA-3 "
	 "checksums"},
	{SHAPE_FNV, "ethash",
	 "a loop that mixes with FNV: mining of Ethash coins looks like this, and so do hash "
	 "tables"},
};

static void judge_alike(struct judgement *j, struct signs *out)
{
	for (size_t i = 0; i < sizeof(alike) / sizeof(*alike); i++) {
		const struct tally *tally = &j->shapes[alike[i].shape];
		double part = share(j, tally->samples);
		if (tally->samples < SAMPLES_LEAST || part < 0.5)
			continue;
		add(j, out, SIGN_LOOKS_ALIKE, part, alike[i].algorithm, tally->best,
		    say(j->scratch, "%.0f%% of the code it was seen running is %s", 100 * part,
			alike[i].what));
	}
}

static void judge(const struct workload *workload, struct arena *scratch, struct signs *out)
{
	struct judgement j = {.scratch = scratch};
	int code;

	if (workload->window_count == 0)
		return;
	j.reader = code_reader_new(CODE_X86_64, &code);
	if (!j.reader)
		return; /* out of memory: the next judgement tries again */
	for (size_t i = 0; i < workload->window_count && i < WORKLOAD_WINDOWS_MAX; i++)
		look(&j, &workload->windows[i]);
	if (!judge_programs(&j, out) && !judge_interpreter(&j, out) && !judge_scattered(&j, out))
		judge_superscalar(&j, out);
	judge_cryptonight(&j, out);
	judge_alike(&j, out);
	code_reader_free(j.reader);
}

extern const struct host_room code_shape_room;
const struct host_room code_shape_room = {
	.name = "code_shape",
	.summary = "Code that runs: loops of RandomX, CryptoNight and of hash functions",
	.judge = judge,
};
