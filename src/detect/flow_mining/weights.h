/*
 * What each feature's value says for or against mining: logarithms of odds, to be added up. Learned
 * from src/lab/flow_shapes.c by tests/flow_accuracy, which writes weights.c.
 */
#ifndef DAVY_DETECT_FLOW_MINING_WEIGHTS_H
#define DAVY_DETECT_FLOW_MINING_WEIGHTS_H

#include "detect/flow_mining/shape.h"

enum { WEIGHT_BINS = 9, WEIGHT_SETS = 2 };

/* Where one bin of a feature ends and the next begins. */
extern const double weight_edges[FEATURES][WEIGHT_BINS - 1];

struct weights {
	double always;
	double of[FEATURES][WEIGHT_BINS];
	double suspect, signal; /* sums from which on it is called so */
};

/* Of windows of a minute or two, and of longer ones. */
extern const struct weights weights_learned[WEIGHT_SETS];

unsigned weight_bin(enum shape_feature feature, double value);
unsigned weight_set(uint32_t window_s);
double weight_sum(const struct weights *weights, const struct shape *shape);

#endif
