/*
 * What detect/flow_mining makes of the sessions of src/lab/flow_shapes.c.
 *
 * usage: flow_accuracy [SEEDS]          a table: of SEEDS (1000) sessions of each shape, how many
 *                                       were called what; only seeds that nothing was learned from
 *        flow_accuracy --learn [SEEDS]  writes weights.c, learned from the other half of the seeds
 *        flow_accuracy --unseen [SEEDS] a table: each shape judged by weights that were learned
 *                                       from all the others
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/flow_mining/judge.h"
#include "detect/flow_mining/weights.h"
#include "lab/flow_traffic.h"

enum {
	SEEDS = 1000,
	HOURS_2 = 7200,
	START_S = 1790000000,
	ROUNDS = 600,
	SHAPES_MAX = 64,
	SAMPLES_MAX = 400000,
};

struct setting {
	const char *name;
	uint32_t window_s;
	bool is_two_way;
	unsigned set; /* of weights */
};

static const struct setting settings[] = {
	{"60 s", 60, false, 0},
	{"600 s", 600, false, 1},
	{"300 s, two-way", 300, true, 1},
};
enum { SETTINGS = 3 };

struct sample {
	unsigned shape, setting;
	bool is_possible, is_measured;
	unsigned char bin[FEATURES]; /* of each feature's value */
	double sum;
	enum judgement judgement;
};

struct samples {
	size_t count;
	struct sample *at;
};

struct feeding {
	struct flow_rows_taker taker;
	struct flow_sessions *sessions;
};

static void feed(struct flow_rows_taker *taker, const struct record *record)
{
	struct feeding *feeding = (struct feeding *)taker;

	flow_sessions_observe(feeding->sessions, record);
}

static void generate(struct feeding *feeding, const struct flow_shape *shape,
		     const struct setting *setting, uint64_t seed, uint64_t shape_seed)
{
	struct flow_traffic traffic = {
		.shape = shape,
		.seed = seed * 1000003 + shape_seed,
		.start = instant_at(START_S + (int64_t)(seed % 1000), 0),
		.seconds = HOURS_2,
		.window_s = setting->window_s,
		.is_two_way = setting->is_two_way,
		.lost_percent = 1,
		.local = {address_v4(0x0a000000u + (uint32_t)seed), 40000},
		.remote = {address_v4(0xc6336407u), shape->port},
		.account = STR("111122223333"),
		.interface = STR("eni-1"),
		.has_tcp_flags = seed / 2 % 2 == 0,
	};

	if (shape->is_opened_outside) {
		traffic.local.port = shape->port;
		traffic.remote.port = 40000;
	}
	flow_traffic_rows(&traffic, &feeding->taker);
}

static void measure(const struct flow_session *session, struct sample *sample)
{
	struct chain chain = chain_at(session, 1);
	struct chain_rows up, down;
	struct shape shape;

	chain_rows(&chain, true, &up);
	chain_rows(&chain, false, &down);
	if (!shape_measure(&chain, &up, &down, &shape))
		return;
	sample->is_measured = true;
	sample->is_possible = judge_is_possible(&chain, &shape);
	sample->judgement = judge_shape(&chain, &shape, &sample->sum);
	for (int f = 0; f < FEATURES; f++)
		sample->bin[f] = (unsigned char)weight_bin((enum shape_feature)f, shape.feature[f]);
}

/* Even seeds are learned from, odd ones held out. */
static void sample_shape(struct samples *samples, unsigned number, unsigned setting, size_t seeds,
			 bool is_learned)
{
	const struct record_settings limits = {.seed = 1, .capacity = (uint32_t)seeds * 64 + 4096};
	struct feeding feeding = {.taker.take = feed};
	const struct flow_session *sessions;
	bool feeds;

	if (flow_sessions_join(&limits, &feeding.sessions, &feeds))
		exit(2);
	for (size_t i = 0; i < seeds; i++)
		generate(&feeding, &flow_shapes[number], &settings[setting], 2 * i + is_learned + 1,
			 number);
	size_t count = flow_sessions_collect(feeding.sessions, &sessions);
	/* Those that are too short or too quiet to have a series count as innocent. */
	for (size_t i = 0; i < seeds && samples->count < SAMPLES_MAX; i++) {
		struct sample *sample = &samples->at[samples->count++];
		*sample = (struct sample){.shape = number, .setting = setting};
		if (i < count)
			measure(&sessions[i], sample);
	}
	flow_sessions_leave(feeding.sessions);
}

static struct samples sample_all(size_t seeds, bool is_learned)
{
	struct samples samples = {.at = calloc(SAMPLES_MAX, sizeof(struct sample))};

	if (!samples.at)
		exit(2);
	for (unsigned setting = 0; setting < SETTINGS; setting++)
		for (unsigned i = 0; flow_shapes[i].name; i++)
			sample_shape(&samples, i, setting, seeds, is_learned);
	return samples;
}

/* -- the table -- */

static double percent_of(const struct samples *samples, unsigned shape, unsigned setting,
			 bool (*is_so)(const struct sample *sample))
{
	size_t count = 0, all = 0;

	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->at[i];
		if (sample->shape != shape || sample->setting != setting)
			continue;
		all++;
		count += is_so(sample);
	}
	return all ? 100.0 * (double)count / (double)all : 0;
}

static bool is_possible(const struct sample *sample)
{
	return sample->is_possible;
}

static bool is_signal(const struct sample *sample)
{
	return sample->judgement >= JUDGED_SIGNAL;
}

static bool is_suspect(const struct sample *sample)
{
	return sample->judgement == JUDGED_SUSPECT;
}

static void print_means(const struct samples *samples, bool is_mining)
{
	printf("| **%s** |", is_mining ? "mining, mean" : "innocent, mean");
	for (unsigned setting = 0; setting < SETTINGS; setting++) {
		double possible = 0, signal = 0, suspect = 0;
		unsigned shapes = 0;
		for (unsigned i = 0; flow_shapes[i].name; i++) {
			if (flow_shapes[i].is_mining != is_mining)
				continue;
			shapes++;
			possible += percent_of(samples, i, setting, is_possible);
			signal += percent_of(samples, i, setting, is_signal);
			suspect += percent_of(samples, i, setting, is_suspect);
		}
		printf(" %.1f / %.1f / %.2f |", possible / shapes, signal / shapes,
		       suspect / shapes);
	}
	printf("\n");
}

static void print_table(const struct samples *samples)
{
	printf("| of 100 sessions of 2 h: possible / at least signal / suspect |");
	for (unsigned setting = 0; setting < SETTINGS; setting++)
		printf(" %s |", settings[setting].name);
	printf("\n|---|---|---|---|\n");
	for (unsigned i = 0; flow_shapes[i].name; i++) {
		printf("| %s |", flow_shapes[i].name);
		for (unsigned setting = 0; setting < SETTINGS; setting++)
			printf(" %.1f / %.1f / %.1f |",
			       percent_of(samples, i, setting, is_possible),
			       percent_of(samples, i, setting, is_signal),
			       percent_of(samples, i, setting, is_suspect));
		printf("\n");
	}
	print_means(samples, true);
	print_means(samples, false);
}

/* -- learning -- */

/* Shapes weigh the same, and mining as much as all else, however many of each are possible. */
static void weigh_samples(const struct samples *samples, unsigned set, unsigned without,
			  double *weights)
{
	double count[SHAPES_MAX] = {0};
	unsigned shapes[2] = {0};

	for (size_t i = 0; i < samples->count; i++)
		if (samples->at[i].is_possible && settings[samples->at[i].setting].set == set &&
		    samples->at[i].shape != without)
			count[samples->at[i].shape]++;
	for (unsigned i = 0; flow_shapes[i].name; i++)
		shapes[flow_shapes[i].is_mining] += count[i] > 0;
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->at[i];
		bool counts = sample->is_possible && settings[sample->setting].set == set &&
			      sample->shape != without;
		weights[i] = counts ? 1 / (count[sample->shape] *
					   shapes[flow_shapes[sample->shape].is_mining])
				    : 0;
	}
}

static double sum_of(const struct weights *weights, const struct sample *sample)
{
	double sum = weights->always;

	for (int f = 0; f < FEATURES; f++)
		sum += weights->of[f][sample->bin[f]];
	return sum;
}

/* Logistic regression over the bins, by gradient descent; large weights cost. */
static void descend(const struct samples *samples, const double *weight_of, struct weights *weights)
{
	const double step = 2, shrink = 0.002;

	for (int round = 0; round < ROUNDS; round++) {
		struct weights slope = {0};
		for (size_t i = 0; i < samples->count; i++) {
			const struct sample *sample = &samples->at[i];
			if (weight_of[i] <= 0)
				continue;
			double truth = flow_shapes[sample->shape].is_mining;
			double off =
				weight_of[i] * (truth - 1 / (1 + exp(-sum_of(weights, sample))));
			slope.always += off;
			for (int f = 0; f < FEATURES; f++)
				slope.of[f][sample->bin[f]] += off;
		}
		weights->always += step * slope.always;
		for (int f = 0; f < FEATURES; f++)
			for (int b = 0; b < WEIGHT_BINS; b++)
				weights->of[f][b] +=
					step * (slope.of[f][b] - shrink * weights->of[f][b]);
	}
}

/*
 * The least sum at which at most `mean` of all innocent sessions are above, shapes counted alike,
 * and of no shape more than `worst`.
 */
static double least_sum(const struct samples *samples, unsigned set, unsigned without,
			const struct weights *weights, double mean, double worst)
{
	double of_shape[SHAPES_MAX], all[SHAPES_MAX] = {0}, found = 20;

	for (size_t i = 0; i < samples->count; i++)
		if (settings[samples->at[i].setting].set == set && samples->at[i].shape != without)
			all[samples->at[i].shape]++;
	unsigned shapes = 0;
	for (unsigned i = 0; flow_shapes[i].name; i++)
		shapes += !flow_shapes[i].is_mining;
	for (double at = 12; at > -6; at -= 0.05) {
		double share = 0, most = 0;
		memset(of_shape, 0, sizeof(of_shape));
		for (size_t i = 0; i < samples->count; i++) {
			const struct sample *sample = &samples->at[i];
			if (settings[sample->setting].set == set && sample->is_possible &&
			    !flow_shapes[sample->shape].is_mining && sum_of(weights, sample) >= at)
				of_shape[sample->shape] += sample->shape != without;
		}
		for (unsigned i = 0; flow_shapes[i].name; i++) {
			double part = all[i] > 0 ? of_shape[i] / all[i] : 0;
			share += part / shapes;
			most = part > most ? part : most;
		}
		if (share > mean || most > worst)
			break;
		found = at;
	}
	return found;
}

static void print_weights(const struct weights *weights)
{
	printf("\t{\n\t\t.always = %.2f,\n\t\t.of = {\n", weights->always);
	for (int f = 0; f < FEATURES; f++) {
		printf("\t\t\t{");
		for (int b = 0; b < WEIGHT_BINS; b++)
			printf("%s%.2f", b ? ", " : "", weights->of[f][b]);
		printf("},\n");
	}
	printf("\t\t},\n\t\t.suspect = %.2f,\n\t\t.signal = %.2f,\n\t},\n", weights->suspect,
	       weights->signal);
}

static struct weights weights_without(const struct samples *samples, unsigned set, unsigned without)
{
	struct weights weights = {0};
	double *weight_of = calloc(samples->count + 1, sizeof(*weight_of));

	if (!weight_of)
		exit(2);
	weigh_samples(samples, set, without, weight_of);
	descend(samples, weight_of, &weights);
	weights.suspect = least_sum(samples, set, without, &weights, 0.001, 0.01);
	weights.signal = least_sum(samples, set, without, &weights, 0.03, 0.3);
	free(weight_of);
	return weights;
}

static void learn(size_t seeds)
{
	struct samples samples = sample_all(seeds, true);

	printf("/* Written by flow_accuracy --learn %zu. */\n"
	       "#include \"detect/flow_mining/weights.h\"\n\n"
	       "const struct weights weights_learned[WEIGHT_SETS] = {\n",
	       seeds);
	for (unsigned set = 0; set < WEIGHT_SETS; set++) {
		struct weights weights = weights_without(&samples, set, SHAPES_MAX);
		print_weights(&weights);
	}
	printf("};\n");
	free(samples.at);
}

/* What weights that never saw this shape make of it. */
static void print_unseen(struct samples *held_out, const struct weights *weights, unsigned set,
			 unsigned shape)
{
	double all = 0, signals = 0, suspects = 0;

	for (size_t i = 0; i < held_out->count; i++) {
		struct sample *sample = &held_out->at[i];
		if (sample->shape != shape || settings[sample->setting].set != set)
			continue;
		double sum = sum_of(weights, sample);
		all++;
		signals += sample->is_possible && sum >= weights->signal;
		suspects += sample->is_possible && sum >= weights->suspect;
	}
	printf(" %.1f / %.1f |", 100 * signals / all, 100 * suspects / all);
}

static void leave_out(size_t seeds)
{
	struct samples learned = sample_all(seeds, true), held_out = sample_all(seeds, false);

	printf("| never learned from: at least signal / suspect | 60 s | 300 and 600 s |\n"
	       "|---|---|---|\n");
	for (unsigned i = 0; flow_shapes[i].name; i++) {
		printf("| %s |", flow_shapes[i].name);
		for (unsigned set = 0; set < WEIGHT_SETS; set++) {
			struct weights weights = weights_without(&learned, set, i);
			print_unseen(&held_out, &weights, set, i);
		}
		printf("\n");
		fflush(stdout);
	}
	free(learned.at);
	free(held_out.at);
}

int main(int count, char **arguments)
{
	bool learns = count > 1 && strcmp(arguments[1], "--learn") == 0;
	bool leaves_out = count > 1 && strcmp(arguments[1], "--unseen") == 0;
	int at = learns || leaves_out ? 2 : 1;
	size_t seeds = count > at ? strtoul(arguments[at], NULL, 10) : SEEDS;

	if (seeds == 0 || seeds > SEEDS) {
		fprintf(stderr, "usage: flow_accuracy [--learn | --unseen] [SEEDS], 1 to %d\n",
			SEEDS);
		return 2;
	}
	if (learns) {
		learn(seeds);
	} else if (leaves_out) {
		leave_out(seeds);
	} else {
		struct samples samples = sample_all(seeds, false);
		print_table(&samples);
		free(samples.at);
	}
	return 0;
}
