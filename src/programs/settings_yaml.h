/* A file of settings, YAML of two levels, as names and values, one by one. */
#ifndef DAVY_PROGRAMS_SETTINGS_YAML_H
#define DAVY_PROGRAMS_SETTINGS_YAML_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* Each returns 0, or a negative errno with a sentence that lacks file and line. */
struct yaml_taker {
	int (*section)(void *context, struct str name, struct error *why);
	/* a setting begins: its full name; then its value, or its items */
	int (*begin)(void *context, struct str name, struct error *why);
	int (*value)(void *context, struct str text, struct error *why);
	int (*item)(void *context, struct str text, struct error *why);
	void *context;
};

/* 0, -EINVAL with "file:line: ..." in `why`, -ENOMEM */
must_check int yaml_read(struct str text, const char *file, const struct yaml_taker *taker,
			 struct error *why);

#endif
