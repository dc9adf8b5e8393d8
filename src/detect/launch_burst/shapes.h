/*
 * What named things are made of: launch templates, groups, task definitions, functions, machines.
 * One act says what, another how many, in any order; so this is looked up when a report is made.
 */
#ifndef DAVY_DETECT_LAUNCH_BURST_SHAPES_H
#define DAVY_DETECT_LAUNCH_BURST_SHAPES_H

#include "detect/computing.h"
#include "detect/record_detector.h"

struct shape {
	uint64_t key;
	uint64_t made_of[COMPUTING_NAMES]; /* keys of what says the rest */
	instant time;
	uint64_t mark;
	double vcpu, gpu; /* below 0: not told */
	char type[48];
};

struct shapes;

must_check int shapes_new(const struct record_settings *settings, struct shapes **out);
void shapes_free(struct shapes *shapes); /* NULL is allowed */

/* The key of a name of this kind in this account; 0 for an empty name. */
uint64_t shape_key(const struct record_act *act, const char *kind, struct str name);

/* What the act says of the things it names; the latest act about a thing is believed. */
void shapes_learn(struct shapes *shapes, const struct record *record,
		  const struct computing_act *asked);

/* Of the first of these that is known, through what it is made of itself. */
struct shape shapes_resolve(struct shapes *shapes, uint64_t first, uint64_t second, uint64_t third);

#endif
