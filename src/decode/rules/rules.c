#include "decode/rules/rules.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yara.h>

#include "base/buf.h"
#include "decode/rules/libyara_name.h"

enum {
	MATCH_BYTES = 64, /* kept of each match, for the quote */
	NAME_BYTES = 128,
	AUTHOR_BYTES = 120,
	SPACE_NAME = 24,
};

#define YARA_FUNCTIONS                             \
	FUNCTION(yr_initialize)                    \
	FUNCTION(yr_finalize)                      \
	FUNCTION(yr_set_configuration)             \
	FUNCTION(yr_compiler_create)               \
	FUNCTION(yr_compiler_destroy)              \
	FUNCTION(yr_compiler_set_callback)         \
	FUNCTION(yr_compiler_set_include_callback) \
	FUNCTION(yr_compiler_add_string)           \
	FUNCTION(yr_compiler_get_rules)            \
	FUNCTION(yr_rules_destroy)                 \
	FUNCTION(yr_scanner_create)                \
	FUNCTION(yr_scanner_destroy)               \
	FUNCTION(yr_scanner_set_callback)          \
	FUNCTION(yr_scanner_set_timeout)           \
	FUNCTION(yr_scanner_set_flags)             \
	FUNCTION(yr_scanner_scan_mem_blocks)

/* What computes from bytes and takes no format apart. */
static const char *const harmless_modules[] = {"console", "hash", "math", "time"};

struct rules_library {
	void *handle;
#define FUNCTION(name) __typeof__(name) *name;
	YARA_FUNCTIONS
#undef FUNCTION
};

struct rules {
	const struct rules_library *yara;
	YR_RULES *compiled;
	YR_SCANNER *scanner;
	const struct rule_text *texts;
	size_t count;
	char *piece; /* RULES_PIECE */
};

/* -- the library -- */

int rules_library_open(struct rules_library **out, struct error *why)
{
	struct rules_library *library = calloc(1, sizeof(*library));
	bool has_all;

	*out = NULL;
	if (!library)
		return error_set(why, -ENOMEM, "no memory for the rules of host.yara");
	library->handle = dlopen(DAVY_LIBYARA, RTLD_NOW | RTLD_LOCAL);
	has_all = library->handle;
#define FUNCTION(name) \
	has_all = has_all && (library->name = (__typeof__(name) *)dlsym(library->handle, #name));
	YARA_FUNCTIONS
#undef FUNCTION
	if (!has_all) {
		rules_library_close(library);
		return error_set(why, -ENOTSUP,
				 "YARA's library %s is not here: install libyara of this release, "
				 "or take the rules out of host.yara",
				 DAVY_LIBYARA);
	}
	*out = library;
	return 0;
}

void rules_library_close(struct rules_library *library)
{
	if (library && library->handle)
		dlclose(library->handle);
	free(library);
}

/* -- compiling -- */

/*
 * Fast: of a text whose number nobody asks for the first place is enough. A fault of ours is to end
 * us, not to be taken for one of the memory's.
 */
enum {
	SCAN_FLAGS =
		SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_REPORT_RULES_MATCHING
};

struct fault {
	int line; /* 0: none so far */
	char text[256];
};

static void take_fault(int level, const char *file, int line, const YR_RULE *rule,
		       const char *message, void *context)
{
	struct fault *fault = context;

	(void)file, (void)rule;
	if (level != YARA_ERROR_LEVEL_ERROR || fault->line > 0)
		return;
	fault->line = line > 0 ? line : 1;
	snprintf(fault->text, sizeof(fault->text), "%s", message);
}

/* The words of libyara may quote the file: they are printed to a terminal. */
static int tell_fault(const struct rule_text *text, int line, const char *what, const char *remedy,
		      struct error *why)
{
	CLEANUP(buf_fini) struct buf shown = {0};

	buf_add_printable(&shown, text->name, NAME_BYTES);
	buf_printf(&shown, ":%d: ", line);
	buf_add_printable(&shown, str_from(what), sizeof(struct fault));
	buf_add_byte(&shown, '\0');
	return error_set(why, -EINVAL, "%s; %s", shown.failed ? "a rule is wrong" : shown.at,
			 remedy);
}

/* The namespace tells the file again. */
static int add_text(struct rules *rules, YR_COMPILER *compiler, struct fault *fault, size_t index,
		    struct error *why)
{
	const struct rule_text *text = &rules->texts[index];
	char space[SPACE_NAME];

	if (str_find_byte(text->text, '\0') >= 0)
		return tell_fault(text, 1, "this is no text",
				  "compiled rules are not read: name the rules they were made of",
				  why);
	char *copy = strndup(text->text.len > 0 ? text->text.at : "", text->text.len);
	if (!copy)
		return error_set(why, -ENOMEM, "no memory for the rules of host.yara");
	snprintf(space, sizeof(space), "%zu", index);
	int wrong = rules->yara->yr_compiler_add_string(compiler, copy, space);
	free(copy);
	if (wrong == 0)
		return 0;
	return tell_fault(text, fault->line > 0 ? fault->line : 1,
			  fault->line > 0 ? fault->text : "libyara cannot read this",
			  "correct it, or take the file out of host.yara", why);
}

/* Libyara does not tell where; it was written as `import "pe"`, mostly at a line's beginning. */
static int line_of_import(struct str text, const char *module)
{
	char quoted[64];
	struct str line;
	bool goes_on = true;

	snprintf(quoted, sizeof(quoted), "\"%.60s\"", module);
	for (int number = 1; goes_on; number++) {
		goes_on = str_cut(text, '\n', &line, &text);
		if (str_starts(str_trim(line), STR("import")) &&
		    str_find(line, str_from(quoted)) >= 0)
			return number;
	}
	return 0;
}

static bool is_harmless(const char *module)
{
	for (size_t i = 0; i < sizeof(harmless_modules) / sizeof(*harmless_modules); i++)
		if (strcmp(module, harmless_modules[i]) == 0)
			return true;
	return false;
}

/* Asked before a module sees a byte: one that is refused never does. */
static int take_import(YR_SCAN_CONTEXT *context, int message, void *about, void *module)
{
	(void)context;
	if (message != CALLBACK_MSG_IMPORT_MODULE)
		return CALLBACK_CONTINUE;
	const char *name = ((const YR_MODULE_IMPORT *)about)->module_name;
	if (is_harmless(name))
		return CALLBACK_CONTINUE;
	snprintf(module, NAME_BYTES, "%s", name);
	return CALLBACK_ERROR;
}

static const uint8_t *fetch_nothing(YR_MEMORY_BLOCK *block)
{
	return block->context;
}

static YR_MEMORY_BLOCK *only_block(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
	iterator->last_error = ERROR_SUCCESS;
	return iterator->context;
}

static YR_MEMORY_BLOCK *no_block(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
	iterator->last_error = ERROR_SUCCESS;
	return NULL;
}

/* Held against a zero, rules ask for their modules all the same. */
static int refuse_modules(struct rules *rules, struct error *why)
{
	char zero = 0;
	YR_MEMORY_BLOCK block = {.size = 1, .context = &zero, .fetch_data = fetch_nothing};
	YR_MEMORY_BLOCK_ITERATOR nothing = {
		.context = &block, .first = only_block, .next = no_block};
	char module[NAME_BYTES] = "", what[NAME_BYTES + 128];

	rules->yara->yr_scanner_set_callback(rules->scanner, take_import, module);
	rules->yara->yr_scanner_set_timeout(rules->scanner, RULES_SECONDS);
	rules->yara->yr_scanner_set_flags(rules->scanner, SCAN_FLAGS);
	/* a rule that is slow or fails here does so later, and is stopped there */
	(void)rules->yara->yr_scanner_scan_mem_blocks(rules->scanner, &nothing);
	if (module[0] == '\0')
		return 0;
	snprintf(what, sizeof(what), "the module \"%.100s\" takes a file format apart", module);
	for (size_t i = 0; i < rules->count; i++) {
		int line = line_of_import(rules->texts[i].text, module);
		if (line > 0)
			return tell_fault(&rules->texts[i], line, what,
					  "memory holds no files: take out the import and the "
					  "rules that need it",
					  why);
	}
	return error_set(why, -EINVAL, "%s; take its import out of the files of host.yara", what);
}

static int compile(struct rules *rules, struct error *why)
{
	YR_COMPILER *compiler = NULL;
	struct fault fault = {0};
	int result = 0;

	if (rules->yara->yr_compiler_create(&compiler) != ERROR_SUCCESS)
		return error_set(why, -ENOMEM, "no memory for the rules of host.yara");
	rules->yara->yr_compiler_set_callback(compiler, take_fault, &fault);
	rules->yara->yr_compiler_set_include_callback(compiler, NULL, NULL,
						      NULL); /* no file is opened */
	for (size_t i = 0; i < rules->count && result == 0; i++)
		result = add_text(rules, compiler, &fault, i, why);
	if (result == 0 &&
	    (rules->yara->yr_compiler_get_rules(compiler, &rules->compiled) != ERROR_SUCCESS ||
	     rules->yara->yr_scanner_create(rules->compiled, &rules->scanner) != ERROR_SUCCESS))
		result = error_set(why, -ENOMEM, "no memory for the rules of host.yara");
	rules->yara->yr_compiler_destroy(compiler);
	return result == 0 ? refuse_modules(rules, why) : result;
}

int rules_compile(const struct rules_library *library, const struct rule_text *texts, size_t count,
		  struct rules **out, struct error *why)
{
	uint32_t match_bytes = MATCH_BYTES;
	struct rules *rules = calloc(1, sizeof(*rules));

	*out = NULL;
	if (!rules || library->yr_initialize() != ERROR_SUCCESS) {
		free(rules);
		return error_set(why, -ENOMEM, "no memory for the rules of host.yara");
	}
	*rules = (struct rules){
		.yara = library, .texts = texts, .count = count, .piece = malloc(RULES_PIECE)};
	(void)library->yr_set_configuration(YR_CONFIG_MAX_MATCH_DATA, &match_bytes);
	int result = rules->piece ? compile(rules, why)
				  : error_set(why, -ENOMEM, "no memory for the rules of host.yara");
	if (result < 0) {
		rules_free(rules);
		return result;
	}
	*out = rules;
	return 0;
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	if (rules->scanner)
		rules->yara->yr_scanner_destroy(rules->scanner);
	if (rules->compiled)
		rules->yara->yr_rules_destroy(rules->compiled);
	(void)rules->yara->yr_finalize();
	free(rules->piece);
	free(rules);
}

size_t rules_count(const struct rules *rules)
{
	return rules->compiled->num_rules;
}

/* -- scanning -- */

struct walk {
	struct rules *rules;
	const struct rules_memory *memory;
	size_t region; /* of the block at hand */
	uint64_t read; /* address of what is in the piece; 0: nothing */
	size_t read_len;
	YR_MEMORY_BLOCK block;
	struct arena *texts;
	struct rule_hit *hits;
	size_t hit_count;
};

/* Rules look at single bytes through here, too: what was read last is not read again. */
static const uint8_t *fetch(YR_MEMORY_BLOCK *block)
{
	struct walk *walk = block->context;
	struct rules *rules = walk->rules;

	if (walk->read != block->base || walk->read_len < block->size) {
		size_t got = walk->memory->read(walk->memory->context, block->base, rules->piece,
						block->size);
		walk->read = 0;
		if (got == 0 || got > block->size)
			return NULL;
		memset(rules->piece + got, 0, block->size - got);
		walk->read = block->base;
		walk->read_len = block->size;
	}
	return (const uint8_t *)rules->piece;
}

static YR_MEMORY_BLOCK *begin_block(struct walk *walk, uint64_t from)
{
	uint64_t left = walk->memory->regions[walk->region].end - from;

	walk->block = (YR_MEMORY_BLOCK){.size = left < RULES_PIECE ? (size_t)left : RULES_PIECE,
					.base = from,
					.context = walk,
					.fetch_data = fetch};
	return &walk->block;
}

static YR_MEMORY_BLOCK *begin_region(struct walk *walk)
{
	const struct rules_memory *m = walk->memory;

	for (; walk->region < m->count; walk->region++)
		if (m->regions[walk->region].end > m->regions[walk->region].start)
			return begin_block(walk, m->regions[walk->region].start);
	return NULL;
}

static YR_MEMORY_BLOCK *first_block(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
	struct walk *walk = iterator->context;

	iterator->last_error = ERROR_SUCCESS;
	walk->region = 0;
	return begin_region(walk);
}

/* Each match is kept by libyara; memory that is made of them must not become ours. */
static bool has_too_many(const struct rules *rules)
{
	uint64_t matches = 0;

	for (uint32_t i = 0; i < rules->compiled->num_strings; i++)
		matches += (uint64_t)rules->scanner->matches[i].count +
			   (uint64_t)rules->scanner->unconfirmed_matches[i].count;
	return matches > RULES_MATCHES_MAX;
}

static YR_MEMORY_BLOCK *next_block(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
	struct walk *walk = iterator->context;
	uint64_t end = walk->block.base + walk->block.size;

	if (has_too_many(walk->rules)) {
		iterator->last_error = ERROR_TOO_MANY_MATCHES;
		return NULL;
	}
	if (end < walk->memory->regions[walk->region].end)
		return begin_block(walk, end - RULES_OVERLAP);
	walk->region++;
	return begin_region(walk);
}

static struct str copy_text(struct arena *texts, const char *text, size_t most)
{
	return arena_copy(texts, str_sub(str_from(text), 0, most));
}

static void read_metas(const YR_RULE *rule, struct arena *texts, struct rule_hit *hit)
{
	const YR_META *meta;

	yr_rule_metas_foreach(rule, meta)
	{
		if (meta->type != META_TYPE_STRING)
			continue;
		if (strcmp(meta->identifier, "author") == 0)
			hit->author = copy_text(texts, meta->string, AUTHOR_BYTES);
		else if (strcmp(meta->identifier, "davy") == 0)
			hit->says_mining = strcmp(meta->string, "mining") == 0;
	}
}

/* Libyara packs them: they lie at any address, and are copied before they are read. */
static bool next_match(const void **at, YR_MATCH *out)
{
	if (!*at)
		return false;
	memcpy(out, *at, sizeof(*out));
	*at = out->next;
	return true;
}

/* The first that lies somewhere: rules may also hold because something is not there. */
static void read_match(YR_SCAN_CONTEXT *context, const YR_RULE *rule, struct arena *texts,
		       struct rule_hit *hit)
{
	const YR_STRING *string;
	YR_MATCH match;

	yr_rule_strings_foreach(rule, string)
	{
		const void *at = context->matches[string->idx].head;
		while (next_match(&at, &match)) {
			if (match.is_private)
				continue;
			hit->string = copy_text(texts, string->identifier, NAME_BYTES);
			hit->text =
				arena_copy(texts, str_of(match.data, (size_t)match.data_length));
			hit->address = (uint64_t)(match.base + match.offset);
			return;
		}
	}
}

static int take_rule(YR_SCAN_CONTEXT *context, int message, void *about, void *user)
{
	struct walk *walk = user;
	char module[NAME_BYTES];

	if (message == CALLBACK_MSG_IMPORT_MODULE)
		return take_import(context, message, about, module);
	if (message != CALLBACK_MSG_RULE_MATCHING)
		return CALLBACK_CONTINUE;
	const YR_RULE *rule = about;
	struct rule_hit *hit = &walk->hits[walk->hit_count++];
	size_t file = strtoul(rule->ns->name, NULL, 10);
	*hit = (struct rule_hit){.rule = copy_text(walk->texts, rule->identifier, NAME_BYTES)};
	if (file < walk->rules->count)
		hit->file = walk->rules->texts[file].name;
	read_metas(rule, walk->texts, hit);
	read_match(context, rule, walk->texts, hit);
	return walk->hit_count < RULE_HITS_MAX ? CALLBACK_CONTINUE : CALLBACK_ABORT;
}

enum rules_result rules_scan(struct rules *rules, const struct rules_memory *memory,
			     struct arena *texts, struct rule_hit *out, size_t *count)
{
	struct walk walk = {.rules = rules, .memory = memory, .texts = texts, .hits = out};
	YR_MEMORY_BLOCK_ITERATOR iterator = {
		.context = &walk, .first = first_block, .next = next_block};
	uint32_t seconds = memory->seconds > 0 ? memory->seconds : RULES_SECONDS;

	*count = 0;
	if (!begin_region(&walk)) /* modules of libyara take a first block for granted */
		return RULES_DONE;
	rules->yara->yr_scanner_set_callback(rules->scanner, take_rule, &walk);
	rules->yara->yr_scanner_set_timeout(rules->scanner, (int)seconds);
	rules->yara->yr_scanner_set_flags(rules->scanner, SCAN_FLAGS);
	switch (rules->yara->yr_scanner_scan_mem_blocks(rules->scanner, &iterator)) {
	case ERROR_SUCCESS:
		*count = walk.hit_count;
		return RULES_DONE;
	case ERROR_SCAN_TIMEOUT:
		return RULES_TOO_SLOW;
	case ERROR_TOO_MANY_MATCHES:
		return RULES_TOO_MANY;
	default:
		return RULES_FAILED;
	}
}
