#include "base/patterns.h"

#include <errno.h>
#include <hs.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * The library has its scanner several times, for processors of several ages, and picks one when it
 * is loaded. Those for AVX2 and AVX-512 miss matches in 5.4.9, Debian 12's: `curl.*\|\s*python`
 * behind 64 bytes of anything else is not found (vectorscan issue 382; patterns_test.c asks). The
 * one for SSE4.2 finds them. Where it is not, as on other architectures, the library's choice
 * stands. What is compiled must be fit for it: for no processor in particular.
 */
static const hs_platform_info_t any_processor = {.tune = HS_TUNE_FAMILY_GENERIC};

extern hs_error_t corei7_hs_scan(const hs_database_t *database, const char *text, unsigned len,
				 unsigned flags, hs_scratch_t *scratch, match_event_handler take,
				 void *context) __attribute__((weak));

static bool has_sound_scanner(void)
{
#ifdef __x86_64__
	return corei7_hs_scan && __builtin_cpu_supports("sse4.2") &&
	       __builtin_cpu_supports("popcnt");
#else
	return false;
#endif
}

struct pattern_set {
	hs_database_t *database;
};

struct pattern_scratch {
	hs_scratch_t *space;
};

static unsigned flags_of(uint32_t flags)
{
	return HS_FLAG_ALLOWEMPTY | (flags & PATTERN_EACH ? 0 : HS_FLAG_SINGLEMATCH) |
	       (flags & PATTERN_NOCASE ? HS_FLAG_CASELESS : 0) |
	       (flags & PATTERN_MULTILINE ? HS_FLAG_MULTILINE : 0) |
	       (flags & PATTERN_DOTALL ? HS_FLAG_DOTALL : 0);
}

struct columns {
	const char **expressions;
	unsigned *flags, *ids;
};

static void columns_fini(struct columns *columns)
{
	free(columns->expressions);
	free(columns->flags);
	free(columns->ids);
}

int pattern_set_new(const struct pattern *patterns, size_t count, struct pattern_set **out,
		    size_t *wrong, struct error *why)
{
	CLEANUP(columns_fini)
	struct columns columns = {calloc(count, sizeof(char *)), calloc(count, sizeof(unsigned)),
				  calloc(count, sizeof(unsigned))};
	struct pattern_set *set = calloc(1, sizeof(*set));
	hs_compile_error_t *mistake = NULL;

	if (!columns.expressions || !columns.flags || !columns.ids || !set) {
		free(set);
		return error_set(why, -ENOMEM, "no memory for expressions");
	}
	for (size_t i = 0; i < count; i++) {
		columns.expressions[i] = patterns[i].expression;
		columns.flags[i] = flags_of(patterns[i].flags);
		columns.ids[i] = patterns[i].id;
	}
	hs_error_t result =
		hs_compile_multi(columns.expressions, columns.flags, columns.ids, (unsigned)count,
				 HS_MODE_BLOCK, &any_processor, &set->database, &mistake);
	if (result == HS_SUCCESS) {
		*out = set;
		return 0;
	}
	if (wrong)
		*wrong = mistake && mistake->expression >= 0 ? (size_t)mistake->expression : count;
	error_set(why, 0, "%s", mistake ? mistake->message : "no reason is given");
	hs_free_compile_error(mistake);
	free(set);
	return result == HS_NOMEM ? -ENOMEM : -EINVAL;
}

size_t pattern_least(const struct pattern *pattern)
{
	hs_compile_error_t *mistake = NULL;
	hs_expr_info_t *about = NULL;
	size_t least = 0;

	if (hs_expression_info(pattern->expression, flags_of(pattern->flags), &about, &mistake) ==
	    HS_SUCCESS)
		least = about->min_width;
	free(about);
	hs_free_compile_error(mistake);
	return least;
}

void pattern_set_free(struct pattern_set *set)
{
	if (!set)
		return;
	hs_free_database(set->database);
	free(set);
}

int pattern_scratch_grow(struct pattern_scratch **scratch, const struct pattern_set *set)
{
	if (!*scratch)
		*scratch = calloc(1, sizeof(**scratch));
	if (!*scratch)
		return -ENOMEM;
	return hs_alloc_scratch(set->database, &(*scratch)->space) == HS_SUCCESS ? 0 : -ENOMEM;
}

void pattern_scratch_free(struct pattern_scratch *scratch)
{
	if (!scratch)
		return;
	hs_free_scratch(scratch->space);
	free(scratch);
}

static void scan(const struct pattern_set *set, struct pattern_scratch *scratch, struct str text,
		 match_event_handler take, void *context)
{
	const unsigned len = text.len < UINT_MAX ? (unsigned)text.len : UINT_MAX;
	const char *at = len ? text.at : "";

	if (has_sound_scanner())
		(void)corei7_hs_scan(set->database, at, len, 0, scratch->space, take, context);
	else
		(void)hs_scan(set->database, at, len, 0, scratch->space, take, context);
}

struct match {
	void (*take)(void *context, uint32_t id);
	void *context;
};

static int take_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		      void *context)
{
	const struct match *match = context;

	match->take(match->context, id);
	return 0;
}

void pattern_set_match(const struct pattern_set *set, struct pattern_scratch *scratch,
		       struct str text, void (*take)(void *context, uint32_t id), void *context)
{
	struct match match = {take, context};

	scan(set, scratch, text, take_match, &match);
}

struct match_end {
	void (*take)(void *context, uint32_t id, size_t end);
	void *context;
};

static int take_match_end(unsigned id, unsigned long long from, unsigned long long to,
			  unsigned flags, void *context)
{
	const struct match_end *match = context;

	match->take(match->context, id, (size_t)to);
	return 0;
}

void pattern_set_match_ends(const struct pattern_set *set, struct pattern_scratch *scratch,
			    struct str text, void (*take)(void *context, uint32_t id, size_t end),
			    void *context)
{
	struct match_end match = {take, context};

	scan(set, scratch, text, take_match_end, &match);
}

void pattern_add_literal(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];
		bool is_word =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (is_word)
			buf_add_byte(out, c);
		else
			buf_printf(out, "\\x%02x", (uint8_t)c);
	}
}
