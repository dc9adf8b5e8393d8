/*
 * How the signs of all rooms are weighed, and what is claimed for it. The words that an operator
 * reads are detect/host_verdict's, but for the one reason that belongs to the claim.
 */
#ifndef DAVY_DETECT_HOST_JUDGEMENT_H
#define DAVY_DETECT_HOST_JUDGEMENT_H

#include <stdbool.h>

#include "model/finding.h"
#include "model/process.h"
#include "model/sign.h"

struct weighing {
	double strength[FAMILY_COUNT]; /* of the best strong sign */
	unsigned families;	       /* with a strong sign */
	bool has_specific, looks_alike;
	bool runs_alike;	  /* of these: what was seen running */
	bool has_session, serves; /* on its own connection: it mines; others mine through it */
	double alike;		  /* of the best look-alike */
	const char *algorithm;	  /* of the weightiest sign that tells */
	enum sign_weight weight;  /* of that sign */
	double certainty;	  /* of that sign */
};

/* with_network: what the sensors say counts, too; they read what strangers send */
struct weighing host_weigh(const struct signs *signs, bool with_network);

struct judgement {
	enum verdict verdict;
	enum severity severity;
	double confidence;
	const char *state;   /* "working", "attempted"; NULL: nobody is accused */
	const char *because; /* why no more is claimed; may be empty */
};

/* Of the process only how it is listed counts: who hides has a reason. */
struct judgement host_judge(const struct weighing *weighing, const struct process *process);

#endif
