/* In place of rules.c where Davy is built without libyara: says so when rules are asked for. */
#include "decode/rules/rules.h"

#include <errno.h>

int rules_library_open(struct rules_library **out, struct error *why)
{
	*out = NULL;
	return error_set(why, -ENOTSUP,
			 "this davy was built without YARA: install libyara-dev and build it with "
			 "-Dyara=enabled, or take the rules out of host.yara");
}

void rules_library_close(struct rules_library *library)
{
	(void)library;
}

int rules_compile(const struct rules_library *library, const struct rule_text *texts, size_t count,
		  struct rules **out, struct error *why)
{
	(void)library, (void)texts, (void)count;
	*out = NULL;
	return error_set(why, -ENOTSUP, "there is no YARA to compile with");
}

void rules_free(struct rules *rules)
{
	(void)rules;
}

size_t rules_count(const struct rules *rules)
{
	(void)rules;
	return 0;
}

enum rules_result rules_scan(struct rules *rules, const struct rules_memory *memory,
			     struct arena *texts, struct rule_hit *out, size_t *count)
{
	(void)rules, (void)memory, (void)texts, (void)out;
	*count = 0;
	return RULES_FAILED;
}
