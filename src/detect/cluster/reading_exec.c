/* Commands run in pods from outside: exec, attach and port-forward, by the request's address. */
#include "detect/cluster/reading.h"

enum { COMMAND_MOST = 8 * 1024 };

/* %41 and + of a query; anything else stays. */
static size_t decode_query(struct str text, char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < cap; i++) {
		char c = text.at[i];
		if (c == '%' && i + 2 < text.len && hex_digit(text.at[i + 1]) >= 0 &&
		    hex_digit(text.at[i + 2]) >= 0) {
			c = (char)(hex_digit(text.at[i + 1]) * 16 + hex_digit(text.at[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		out[len++] = c;
	}
	return len;
}

/* ".../exec?command=sh&command=-c&command=env" -> "sh -c env" */
static struct str command_of(struct str uri, char out[COMMAND_MOST])
{
	struct str path, query, part, key, value;
	size_t len = 0;
	bool has_more = str_cut(uri, '?', &path, &query);

	while (has_more && len + 1 < COMMAND_MOST) {
		has_more = str_cut(query, '&', &part, &query);
		if (!str_cut(part, '=', &key, &value) || !str_equal(key, STR("command")))
			continue;
		len += decode_query(value, out + len, COMMAND_MOST - 1 - len);
		out[len++] = ' ';
	}
	return str_of(out, len);
}

void reading_take_exec(struct reading *r)
{
	static const uint32_t grave = SAYS_POOL | SAYS_OPTION | SAYS_FETCHES | SAYS_ENCODED |
				      SAYS_CONNECTS | SAYS_CREDENTIALS | SAYS_NAME;
	struct command_look look = {0};
	char command[COMMAND_MOST], at[NAME_SHOWN];
	const struct str sub = r->act->subresource;

	if (!str_equal(r->act->resource, STR("pods")) ||
	    (!str_equal(sub, STR("exec")) && !str_equal(sub, STR("attach"))))
		return;
	command_look(&look, command_of(r->act->uri, command));
	struct str thing = reading_thing(r->act, at, sizeof(at));
	if (look.signs & SAYS_METADATA) {
		struct deed *deed = reading_note(r, DEED_METADATA, thing, 2);
		deed->flags |= look.asks_credentials ? 1 : 0;
	}
	if ((look.signs & grave) || command_look_mines(look.signs)) {
		struct deed *deed =
			reading_note_part(r, DEED_EXEC, command_look_mines(look.signs), thing, 1);
		deed->flags |= look.signs;
	}
}
