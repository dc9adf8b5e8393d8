/* The value of one setting: from the text in the file to what the program asks for. */
#ifndef DAVY_PROGRAMS_SETTING_VALUE_H
#define DAVY_PROGRAMS_SETTING_VALUE_H

#include "programs/settings.h"

enum { SETTING_TEXT_MAX = 4096, SETTING_TEXTS_MAX = 256 };

struct setting_value {
	bool is_set; /* by the file */
	bool truth;
	uint64_t number; /* integer; size in bytes; duration in seconds */
	char *text;	 /* text, choice */
	struct str *texts;
	size_t text_count;
};

/* One scalar. 0, -EINVAL with what is wrong (without file and line), -ENOMEM */
must_check int setting_value_parse(const struct setting *setting, struct str text,
				   struct setting_value *out, struct error *why);
/* One more text of a list. */
must_check int setting_value_add(const struct setting *setting, struct str text,
				 struct setting_value *out, struct error *why);
/* "90 s", "5 min", "2h", "7d", "1 w" */
must_check bool duration_parse(struct str text, duration *out);
void setting_value_clear(struct setting_value *value);

#endif
