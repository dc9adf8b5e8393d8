/* How findings of this room are made: inside it only. */
#ifndef DAVY_DETECT_CLUSTER_TELL_H
#define DAVY_DETECT_CLUSTER_TELL_H

#include "base/arena.h"
#include "detect/cluster/memory.h"
#include "detect/cluster/weight.h"
#include "detect/record_detector.h"

struct telling {
	struct memory *memory;
	struct arena *arena;
	struct record_teller *teller;
};

struct claim {
	const char *doing; /* of the id: one finding a cluster, actor and kind of doing */
	enum verdict verdict;
	enum severity severity;
	double confidence;
	const char *techniques[FINDING_TECHNIQUES_MAX];
};

/* Subject, actor and the facts that others join on. is_cluster: it is about the cluster itself. */
void tell_begin(struct finding *out, const struct claim *claim, const struct actor *actor,
		bool is_cluster);
/* Adds nothing when a text is empty; times widen. */
void tell_span(struct finding *out, instant first, instant last);
void tell_deed(struct finding *out, const struct deed *deed);
void tell_quote(struct finding *out, const struct quote *quote);
/* Evidence in order of time, the ids of keys, then the finding goes on its way. */
void tell_end(const struct telling *t, struct finding *out);

/* The actor as people would say it, for titles: printable. */
struct str tell_who(const struct telling *t, const struct actor *actor);
struct str tell_shown(const struct telling *t, struct str hostile);
/* "a, b and 3 more" */
struct str tell_names(const struct telling *t, const struct deed *deed, size_t most);
/* The names as texts of a fact, and as resources with their kind before them. */
void tell_name_fact(const struct telling *t, struct finding *out, const char *fact,
		    const struct deed *deed);
void tell_resources(const struct telling *t, struct finding *out, const char *type,
		    const struct deed *deed);
/* All keys that the actor was given: in answers, and in the pods it read or reached into. */
struct key_set tell_keys_of(const struct telling *t, const struct actor *actor);
void tell_keys(const struct telling *t, struct finding *out, const struct key_set *keys);
/* "3", or "about 1200" */
struct str tell_count(const struct telling *t, const struct distinct *distinct);
struct str tell_time(const struct telling *t, instant at);

/* Each tells what it finds in memory's lists; in files of these names. */
void tell_open(const struct telling *t);
void tell_workloads(const struct telling *t);
void tell_access(const struct telling *t);
void tell_deeds(const struct telling *t);

#endif
