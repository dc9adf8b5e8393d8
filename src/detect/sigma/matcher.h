/*
 * All rules for one kind of log as one matcher: what a thousand rules cost is what their different
 * comparisons cost, each made once for a record.
 *
 * A record is walked once (paths.h). Each value that some rule asks for is looked up in one table
 * of all the texts it may equal, and run through one set of patterns; numbers and networks are held
 * against short sorted lists. What holds is marked; a rule is looked at only when something it
 * cannot do without was marked. The few rules that may hold without any such thing are looked at
 * for each record.
 */
#ifndef DAVY_DETECT_SIGMA_MATCHER_H
#define DAVY_DETECT_SIGMA_MATCHER_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/json.h"
#include "decode/sigma/sigma.h"

struct matcher;

/* rules, mapping: borrowed. 0 or -ENOMEM */
must_check int matcher_new(const struct sigma_rules *rules, const struct sigma_mapping *mapping,
			   uint64_t seed, struct matcher **out);
void matcher_free(struct matcher *matcher); /* NULL is allowed */

/* First all rules and fields, then matcher_seal. */
must_check int matcher_add_rule(struct matcher *matcher, uint32_t rule); /* 0 or -ENOMEM */
/* A field whose values are asked for after a hit: its number, or -ENOMEM. */
must_check int matcher_add_field(struct matcher *matcher, struct str name);
must_check int matcher_seal(struct matcher *matcher, struct error *why); /* 0, -ENOMEM, -EINVAL */

struct matcher_hits {
	const uint32_t *rules; /* that hold for this record, each once */
	size_t count;
	bool is_undecided; /* no memory: nothing is known */
};

/* The hits are good until the next call. */
void matcher_take(struct matcher *matcher, struct json_value whole, struct matcher_hits *out);

/* Of the record last taken: what of a rule's comparisons holds and speaks for it. How many. */
size_t matcher_reasons(const struct matcher *matcher, uint32_t rule, const struct sigma_atom **out,
		       size_t most);
/*
 * Of the record last taken: a text of a field, the first, second ...; false: there are fewer. It
 * goes into scratch, and is cut there, when it is written with escapes.
 */
bool matcher_value(const struct matcher *matcher, uint32_t field, size_t index, char *scratch,
		   size_t cap, struct str *out);

/* For people who ask what rules cost. */
struct matcher_counters {
	uint32_t rules, always; /* looked at for every record */
	uint32_t fields, paths, comparisons, patterns;
	uint64_t records, looked_at; /* rules, over all records */
};
struct matcher_counters matcher_counters(const struct matcher *matcher);

#endif
