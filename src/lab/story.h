/* How an innocent session is told. Private to src/lab. */
#ifndef DAVY_LAB_STORY_H
#define DAVY_LAB_STORY_H

#include "lab/innocent.h"
#include "lab/random.h"

enum { CLIENT = LAB_MINER, SERVER = LAB_POOL };

struct story {
	struct lab_transcript *transcript;
	struct lab_random random;
	instant now;
	struct buf message; /* being put together */
};

/* One write, some milliseconds after the last; in story_tell_json ' stands for ". */
void story_tell(struct story *s, unsigned side, const char *format, ...) printf_like(3, 4);
void story_tell_json(struct story *s, unsigned side, const char *json_template, ...)
	printf_like(3, 4);
void story_tell_bytes(struct story *s, unsigned side, struct str bytes);
/* The template's JSON as one HTTP request to `path`, or as an answer to one. */
void story_post(struct story *s, const char *path, const char *json_template, ...)
	printf_like(3, 4);
void story_answer(struct story *s, const char *json_template, ...) printf_like(2, 3);
void story_http(struct story *s, unsigned side, const char *head, struct str body);
void story_pass(struct story *s, uint32_t least_ms, uint32_t most_ms);

/* Random hex into the caller's room of 2 * bytes + 1; returns it. */
const char *story_hex(struct story *s, size_t bytes, char *room);
#define STORY_HEX(s, bytes) story_hex(s, bytes, (char[2 * (bytes) + 1]){0})

/*
 * Lines of a real session of the dialect, without their line feeds: what people copy into a chat.
 * `take` is called for each, at most `most` times.
 */
void story_quote(struct story *s, const char *dialect, unsigned most,
		 void (*take)(struct story *s, struct str line));

extern const struct lab_innocent innocent_language_server, innocent_electrum,
	innocent_ethereum_node, innocent_bitcoin_node, innocent_ci_server, innocent_job_queue,
	innocent_rest_login, innocent_mcp, innocent_dapp_websocket, innocent_pool_statistics;
extern const struct lab_innocent innocent_irc_quote, innocent_page_quote, innocent_mail_quote,
	innocent_syslog_quote, innocent_webhook_quote, innocent_redis_quote;
extern const struct lab_innocent innocent_mqtt, innocent_nats, innocent_postgres, innocent_xmpp;

#endif
