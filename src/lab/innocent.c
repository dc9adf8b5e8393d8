#include "lab/innocent.h"

#include <errno.h>
#include <stdarg.h>

#include "lab/story.h"

const struct lab_innocent *const lab_innocents[] = {
	&innocent_language_server, &innocent_electrum,	   &innocent_ethereum_node,
	&innocent_bitcoin_node,	   &innocent_ci_server,	   &innocent_job_queue,
	&innocent_rest_login,	   &innocent_mcp,	   &innocent_dapp_websocket,
	&innocent_pool_statistics, &innocent_irc_quote,	   &innocent_page_quote,
	&innocent_mail_quote,	   &innocent_syslog_quote, &innocent_webhook_quote,
	&innocent_redis_quote,	   &innocent_mqtt,	   &innocent_nats,
	&innocent_postgres,	   &innocent_xmpp,
};
const size_t lab_innocent_count = sizeof(lab_innocents) / sizeof(*lab_innocents);

int lab_innocent_play(const struct lab_innocent *innocent, uint64_t seed, instant begins,
		      struct lab_transcript *transcript)
{
	struct story story = {.transcript = transcript, .random = {seed}, .now = begins};

	innocent->tell(&story);
	bool failed = transcript->failed || story.message.failed;
	buf_fini(&story.message);
	return failed ? -ENOMEM : 0;
}

void story_pass(struct story *s, uint32_t least_ms, uint32_t most_ms)
{
	s->now.ns += (int64_t)(least_ms + lab_random_below(&s->random, most_ms - least_ms + 1)) *
		     1000000;
}

void story_tell_bytes(struct story *s, unsigned side, struct str bytes)
{
	story_pass(s, 20, 60);
	lab_transcript_add(s->transcript, s->now, (enum lab_side)side, bytes);
}

static void format_json(struct buf *out, const char *json_template, va_list arguments)
{
	struct buf format = {0};

	buf_add_text(&format, json_template);
	buf_add_byte(&format, '\0');
	for (size_t i = 0; i < format.len; i++)
		if (format.at[i] == '\'')
			format.at[i] = '"';
	if (format.failed)
		out->failed = true;
	else
		buf_vprintf(out, format.at, arguments);
	buf_fini(&format);
}

static void tell_message(struct story *s, unsigned side)
{
	if (!s->message.failed) {
		story_tell_bytes(s, side, buf_view(&s->message));
		buf_clear(&s->message);
	}
}

void story_tell(struct story *s, unsigned side, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&s->message, format, arguments);
	va_end(arguments);
	tell_message(s, side);
}

void story_tell_json(struct story *s, unsigned side, const char *json_template, ...)
{
	va_list arguments;

	va_start(arguments, json_template);
	format_json(&s->message, json_template, arguments);
	va_end(arguments);
	tell_message(s, side);
}

void story_http(struct story *s, unsigned side, const char *head, struct str body)
{
	struct buf message = {0};

	buf_printf(&message, "%s\r\nContent-Length: %zu\r\n\r\n", head, body.len);
	buf_add(&message, body);
	if (message.failed)
		s->message.failed = true;
	else
		story_tell_bytes(s, side, buf_view(&message));
	buf_fini(&message);
}

void story_post(struct story *s, const char *path, const char *json_template, ...)
{
	struct buf head = {0}, body = {0};
	va_list arguments;

	va_start(arguments, json_template);
	format_json(&body, json_template, arguments);
	va_end(arguments);
	buf_printf(&head,
		   "POST %s HTTP/1.1\r\nHost: api.example.org\r\nUser-Agent: python-requests/2.31.0"
		   "\r\nAccept: */*\r\nContent-Type: application/json%c",
		   path, '\0');
	if (head.failed || body.failed)
		s->message.failed = true;
	else
		story_http(s, CLIENT, head.at, buf_view(&body));
	buf_fini(&head);
	buf_fini(&body);
}

void story_answer(struct story *s, const char *json_template, ...)
{
	struct buf body = {0};
	va_list arguments;

	va_start(arguments, json_template);
	format_json(&body, json_template, arguments);
	va_end(arguments);
	if (body.failed)
		s->message.failed = true;
	else
		story_http(s, SERVER,
			   "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n"
			   "Content-Type: application/json",
			   buf_view(&body));
	buf_fini(&body);
}

const char *story_hex(struct story *s, size_t bytes, char *room)
{
	for (size_t i = 0; i < 2 * bytes; i++)
		room[i] = "0123456789abcdef"[lab_random_below(&s->random, 16)];
	room[2 * bytes] = '\0';
	return room;
}

void story_quote(struct story *s, const char *dialect, unsigned most,
		 void (*take)(struct story *s, struct str line))
{
	struct lab_session session = {
		.actor = {.seed = lab_random_next(&s->random),
			  .dialect = lab_dialect_find(str_from(dialect)),
			  .shares = 3},
		.begins = s->now,
	};
	struct lab_transcript quoted = {0};
	struct lab_outcome outcome;

	if (lab_session_play(&session, &quoted, &outcome, NULL) != 0)
		s->message.failed = true;
	for (size_t i = 0; i < quoted.count && i < most; i++)
		take(s, str_trim(lab_transcript_bytes(&quoted, i)));
	lab_transcript_fini(&quoted);
}
