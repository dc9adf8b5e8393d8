/* Commands run in pods from outside: exec, attach and port-forward, by the request's address. */
#include <string.h>

#include "detect/cluster/reading.h"

enum { COMMAND_MOST = 8 * 1024, WORDS_MOST = 256 };

/* %41 and + of a query; anything else stays. */
static size_t decode_query(struct str text, char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < cap; i++) {
		int byte = str_percent_byte(text, i);
		if (byte >= 0)
			i += 2;
		else
			byte = text.at[i] == '+' ? ' ' : text.at[i];
		out[len++] = (char)byte;
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

/* PodExecOptions, as some logs have it; the list is joined as the address's parts are. */
static struct str body_of(struct json_value request, char out[COMMAND_MOST])
{
	struct json_value word = json_first(json_member(request, STR("command")));
	char scratch[COMMAND_MOST];
	size_t len = 0;

	for (size_t i = 0; i < WORDS_MOST && json_exists(word); i++, word = json_next(word)) {
		struct str text = json_text(word, scratch, sizeof(scratch));
		text = str_sub(text, 0, COMMAND_MOST - 1 - len);
		if (text.len > 0)
			memcpy(out + len, text.at, text.len);
		len += text.len;
		if (len < COMMAND_MOST - 1)
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
	struct str asked = command_of(r->act->uri, command);
	command_look(&look, asked.len > 0 ? asked : body_of(r->act->request, command));
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
