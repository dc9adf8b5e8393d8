/*
 * What users bring for logs on its way to a worker: Sigma rules, mappings, placeholders, and a
 * table of prices. Whoever has the user's rights reads the files and looks at none of their bytes;
 * a worker without rights makes rules of them.
 */
#ifndef DAVY_PROGRAMS_SIGMA_FILES_H
#define DAVY_PROGRAMS_SIGMA_FILES_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "decode/sigma/sigma.h"
#include "lists/computing_prices.h"

enum { SIGMA_FILES_MAX = 16384, SIGMA_FILES_BYTES_MAX = 64 << 20 };

/* Where the rules (sigma/) and mappings (mappings/) are that came with davy; may be missing. */
void sigma_files_folder(char path[PATH_MAX]);

struct sigma_named {
	const char *const *rules; /* files and folders; of folders what ends in .yml or .yaml */
	size_t rule_count;
	const char *mappings;	  /* the same; NULL: the shipped ones */
	const char *placeholders; /* a file, or NULL */
	const char *prices;	  /* a file in place of the built-in table, or NULL */
	/* a file that cannot be read */
	void (*unread)(void *context, const char *path, const char *why);
	void *context;
};

/*
 * returns: a descriptor of a sealed memory file, the caller's; or a negative errno and a sentence:
 *          too many files, or no memory
 */
must_check int sigma_files_share(const struct sigma_named *named, struct error *why);

struct sigma_loaded {
	struct sigma_rules rules;
	struct sigma_mapping mappings[SIGMA_MAPPINGS_MAX];
	size_t mapping_count;
	struct sigma_placeholders placeholders;
	struct arena texts;
	uint32_t files;			 /* of rules */
	uint64_t wrong_files;		 /* mappings and placeholders that cannot be used */
	struct computing_prices *prices; /* NULL: none were brought, or they cannot be used */
	struct error price_trouble;	 /* why: "file:line: what is wrong; what to do" */
};

/*
 * In a worker: read all that was shared, join it, and tell what is wrong. Closes `descriptor`.
 *
 * returns: 0; -EPROTO: it is not ours; -ENOMEM: there is no room for all rules
 */
must_check int sigma_files_load(int descriptor, struct sigma_teller *teller,
				struct sigma_loaded *out);
void sigma_loaded_fini(struct sigma_loaded *loaded);

#endif
