#include "detect/flow_mining/weights.h"

/* Steps that grow by about half, over what innocent and mining sessions have of each. */
const double weight_edges[FEATURES][WEIGHT_BINS - 1] = {
	[FEATURE_RATE] = {4, 7, 12, 20, 35, 60, 100, 170},
	[FEATURE_RATIO] = {0.45, 0.65, 0.85, 1.1, 1.5, 2.2, 3.5, 5.5},
	[FEATURE_PACKET_UP] = {75, 95, 120, 150, 190, 240, 300, 380},
	[FEATURE_PACKET_DOWN] = {75, 95, 120, 150, 190, 240, 300, 380},
	[FEATURE_QUANTUM_UP] = {3, 10, 30, 70, 130, 220, 400, 900},
	[FEATURE_QUANTUM_DOWN] = {3, 10, 30, 90, 200, 400, 700, 1400},
	[FEATURE_COUNT_UP] = {0.03, 0.1, 0.25, 0.5, 0.9, 1.4, 2.2, 4},
	[FEATURE_COUNT_DOWN] = {0.03, 0.1, 0.25, 0.5, 0.9, 1.4, 2.2, 4},
	[FEATURE_TREND] = {-0.5, -0.3, -0.1, 0.05, 0.2, 0.35, 0.5, 0.7},
	[FEATURE_TOGETHER] = {-0.1, 0.15, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97},
	[FEATURE_PRESENCE] = {0.6, 0.7, 0.8, 0.86, 0.91, 0.95, 0.975, 0.995},
};

unsigned weight_bin(enum shape_feature feature, double value)
{
	unsigned bin = 0;

	while (bin < WEIGHT_BINS - 1 && value >= weight_edges[feature][bin])
		bin++;
	return bin;
}

unsigned weight_set(uint32_t window_s)
{
	enum { SHORT_S = 120 };

	return window_s > SHORT_S;
}

double weight_sum(const struct weights *weights, const struct shape *shape)
{
	double sum = weights->always;

	for (int i = 0; i < FEATURES; i++)
		sum += weights->of[i][weight_bin((enum shape_feature)i, shape->feature[i])];
	return sum;
}
