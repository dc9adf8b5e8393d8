/*
 * The settings: one table, one YAML file.
 *
 * A row of the table in settings_table.c is all there is to a setting: its name ("section.key"),
 * type, default, range and help. From it come reading, checking, the commented file of defaults and
 * the manual. Unknown and repeated keys are errors, with file, line and the nearest known key.
 */
#ifndef DAVY_PROGRAMS_SETTINGS_H
#define DAVY_PROGRAMS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/instant.h"
#include "base/str.h"

#define SETTINGS_DEFAULT_PATH "/etc/davy/davy.yaml"

enum setting_type {
	SETTING_BOOL,	  /* true or false */
	SETTING_INTEGER,  /* least..most */
	SETTING_DURATION, /* "90 s", "5 min"; least..most in seconds */
	SETTING_SIZE,	  /* "512 MiB"; least..most in bytes */
	SETTING_TEXT,
	SETTING_TEXTS,	/* a list, or one text */
	SETTING_CHOICE, /* one of the words in `choices` */
};

struct setting {
	const char *name;
	enum setting_type type;
	const char *value; /* the default, as it would stand in the file; lists: "" is empty */
	uint64_t least, most;
	const char *choices; /* words with a space between */
	const char *help;
	/* of one text of a list: false with what is wrong; NULL: any will do */
	bool (*check)(struct str text, struct error *why);
};

extern const struct setting setting_table[];
extern const size_t setting_count;

struct settings;

/*
 * Read settings from a YAML text; what it does not name has its default.
 *
 * file:    its name, for messages
 * returns: 0, -EINVAL with "file:line: what is wrong", -ENOMEM
 */
must_check int settings_read(struct str yaml, const char *file, struct settings **out,
			     struct error *why);

/* path: NULL means the default path, where no file is needed. Also -ENOENT, -EACCES, -EIO ... */
must_check int settings_load(const char *path, struct settings **out, struct error *why);
void settings_free(struct settings **settings);

/* By name; a name or type that is not in the table is a programmer's mistake (assert). */
bool settings_bool(const struct settings *settings, const char *name);
uint64_t settings_number(const struct settings *settings, const char *name); /* integer, size */
duration settings_duration(const struct settings *settings, const char *name);
const char *settings_text(const struct settings *settings, const char *name); /* text, choice */
const struct str *settings_texts(const struct settings *settings, const char *name, size_t *count);

/* All settings with their defaults and help, as a file that can be read back. */
void settings_print_defaults(struct buf *out);

#endif
