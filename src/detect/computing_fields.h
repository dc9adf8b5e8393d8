/*
 * For those who know one provider's acts: members of a request by their names, whatever they are
 * wrapped in. A request is searched at any depth and without regard to case: the same parameter is
 * called instanceType, InstanceType or lies one object deeper, depending on the API and on who
 * wrote the log.
 */
#ifndef DAVY_DETECT_COMPUTING_FIELDS_H
#define DAVY_DETECT_COMPUTING_FIELDS_H

#include "detect/computing.h"

/* The first member of that name at any depth; "a|b|c": b only when there is no a. */
struct json_value computing_member(struct json_value in, const char *names);
/* The sum of all members of that name that are numbers: "2", 2, "500m" (of a thousand). */
bool computing_sum(struct json_value in, const char *name, double *out);
/* In the request, else in the answer. */
struct str computing_text(const struct record_act *act, struct computing_scratch *scratch,
			  const char *names);
bool computing_count(const struct record_act *act, struct computing_scratch *scratch,
		     const char *names, uint64_t *out);
/* The request as an object: parsed when it is JSON inside a text, or holds such as `requestbody`.
 */
struct json_value computing_body(const struct record_act *act, struct computing_scratch *scratch);

/* -- one file each -- */

bool computing_read_aws(const struct record_act *act, struct computing_scratch *scratch,
			struct computing_act *out);
bool computing_read_azure(const struct record_act *act, struct computing_scratch *scratch,
			  struct computing_act *out);
bool computing_read_gcp(const struct record_act *act, struct computing_scratch *scratch,
			struct computing_act *out);

#endif
