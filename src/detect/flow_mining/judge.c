#include "detect/flow_mining/judge.h"

#include "detect/flow_mining/weights.h"

/*
 * What Stratum can be: a job each 10 to 120 s of 200 to 1500 bytes down, a share each 5 to 60 s of
 * 150 to 400 up, with TLS 30 more, and room on both sides of that.
 */
static const double least_rate = 2, most_rate = THIN_MOST_PER_S;
static const double least_ratio = 0.3, most_ratio = 16;
static const double least_packet = 60, most_packet = 600;
static const double least_presence = 0.5;

static bool is_within(double value, double least, double most)
{
	return value >= least && value <= most;
}

bool judge_is_possible(const struct chain *chain, const struct shape *shape)
{
	return chain->opener != OPENER_OUTSIDE &&
	       is_within(shape->rate_up, least_rate, most_rate) &&
	       is_within(shape->rate_down, least_rate, most_rate) &&
	       is_within(shape->feature[FEATURE_RATIO], least_ratio, most_ratio) &&
	       is_within(shape->feature[FEATURE_PACKET_UP], least_packet, most_packet) &&
	       is_within(shape->feature[FEATURE_PACKET_DOWN], least_packet, most_packet) &&
	       shape->feature[FEATURE_PRESENCE] >= least_presence;
}

enum judgement judge_shape(const struct chain *chain, const struct shape *shape, double *sum)
{
	const struct weights *weights = &weights_learned[weight_set(shape->window_s)];

	*sum = 0;
	if (!judge_is_possible(chain, shape))
		return JUDGED_INNOCENT;
	*sum = weight_sum(weights, shape);
	return *sum >= weights->suspect	 ? JUDGED_SUSPECT
	       : *sum >= weights->signal ? JUDGED_SIGNAL
					 : JUDGED_INNOCENT;
}

/*
 * A shape that many things have becomes a suspicion when nobody asked for the server's name. That
 * many hosts have it with one server makes none: a fleet's metrics agents do as well. Sampled rows
 * are estimates, their variation is the sampling's, so that the shape alone says little.
 */
enum judgement judge_all(enum judgement by_shape, enum flow_resolved resolved, bool is_sampled)
{
	if (by_shape == JUDGED_SIGNAL && resolved == RESOLVED_NEVER && !is_sampled)
		return JUDGED_SUSPECT;
	if (by_shape == JUDGED_SUSPECT && resolved != RESOLVED_NEVER && is_sampled)
		return JUDGED_SIGNAL;
	return by_shape;
}

double judge_confidence(enum judgement judgement, enum flow_resolved resolved, size_t hosts)
{
	if (judgement != JUDGED_SUSPECT)
		return 0.2;
	return 0.4 + (resolved == RESOLVED_NEVER ? 0.1 : 0) + (hosts >= HOSTS_ALIKE ? 0.05 : 0);
}
