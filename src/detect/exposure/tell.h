/* How findings of this room begin: inside it only. */
#ifndef DAVY_DETECT_EXPOSURE_TELL_H
#define DAVY_DETECT_EXPOSURE_TELL_H

#include "detect/exposure/exposure.h"

struct claim {
	const char *rule; /* "fetches": of the id */
	enum verdict verdict;
	enum severity severity;
	double confidence;
	const char *technique;
};

void tell_claim(struct finding *out, const struct claim *claim, instant now);
/* Hostile text as it may stand inside a sentence. */
struct str tell_printable(struct arena *arena, struct str hostile, size_t most);

#endif
