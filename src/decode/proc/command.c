#include "decode/proc/command.h"

#include <string.h>

struct str proc_arguments_read(struct str text, char *out, size_t cap)
{
	while (text.len && text.at[text.len - 1] == '\0')
		text.len--;
	size_t len = text.len < cap ? text.len : cap;
	if (len)
		memmove(out, text.at, len);
	for (size_t i = 0; i < len; i++)
		if (out[i] == '\0')
			out[i] = ' ';
	return str_of(out, len);
}

static void add_name(struct proc_environment *out, struct str name)
{
	if (out->name_count == PROC_ENVIRONMENT_NAMES_MAX) {
		out->has_more_names = true;
		return;
	}
	out->names[out->name_count++] = str_sub(name, 0, PROC_ENVIRONMENT_NAME_MAX);
}

void proc_environment_read(struct str text, struct proc_environment *out)
{
	struct str entry, name, value, audit = {0};

	*out = (struct proc_environment){0};
	while (text.len) {
		(void)str_cut(text, '\0', &entry, &text);
		if (!str_cut(entry, '=', &name, &value) || name.len == 0)
			continue;
		add_name(out, name);
		if (str_equal(name, STR("LD_PRELOAD")) && !out->preload.len)
			out->preload = value;
		else if (str_equal(name, STR("LD_AUDIT")) && !audit.len)
			audit = value;
	}
	if (!out->preload.len)
		out->preload = audit;
}
