/* People and programs that quote a miner's lines: the very bytes, in somebody else's protocol. */
#include "lab/story.h"

/* IRC, RFC 2812: a user pastes what the miner's log said. */

static void say_in_channel(struct story *s, struct str line)
{
	story_pass(s, 400, 4000);
	story_tell(s, CLIENT, "PRIVMSG #pool-help :%.*s\r\n", STR_ARG(str_sub(line, 0, 380)));
}

static void irc_quote(struct story *s)
{
	story_tell(s, CLIENT, "NICK pitprop\r\nUSER pitprop 0 * :pitprop\r\n");
	story_tell(s, SERVER, ":irc.example.org 001 pitprop :Welcome\r\n");
	story_tell(s, CLIENT,
		   "JOIN #pool-help\r\nPRIVMSG #pool-help :my miner says this, why?\r\n");
	story_quote(s, "cryptonote", 4, say_in_channel);
	story_quote(s, "bitcoin-stratum-v1", 6, say_in_channel);
	story_tell(s, SERVER, ":canary!c@example.org PRIVMSG #pool-help :wrong port\r\n");
}

/* A web page that explains the protocol with a session in full, HTML-escaped or not. */

static void add_line(struct story *s, struct str line)
{
	buf_add(&s->message, line);
	buf_add_byte(&s->message, '\n');
}

static void page_quote(struct story *s)
{
	struct buf page;

	story_tell(s, CLIENT,
		   "GET /wiki/Stratum_mining_protocol HTTP/1.1\r\nHost: wiki.example.org\r\n"
		   "User-Agent: Mozilla/5.0\r\nAccept: text/html\r\n\r\n");
	buf_add_text(&s->message, "<!DOCTYPE html><title>Stratum</title><h1>A session</h1><pre>\n");
	story_quote(s, "bitcoin-stratum-v1", 9, add_line);
	buf_add_text(&s->message, "</pre><h1>Monero</h1><pre>\n");
	story_quote(s, "cryptonote", 6, add_line);
	buf_add_text(&s->message, "</pre>\n");
	page = s->message;
	s->message = (struct buf){.failed = page.failed};
	if (!page.failed)
		story_http(s, SERVER, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8",
			   buf_view(&page));
	buf_fini(&page);
}

/* A patch in a mail (RFC 5321): lines with + in front, and a log pasted from column one. */

static void send_patch_line(struct story *s, struct str line)
{
	story_tell(s, CLIENT, "+%.*s\r\n", STR_ARG(line));
}

static void send_log_line(struct story *s, struct str line)
{
	story_tell(s, CLIENT, "%.*s\r\n", STR_ARG(line));
}

static void mail_quote(struct story *s)
{
	story_tell(s, SERVER, "220 mx.example.org ESMTP\r\n");
	story_tell(s, CLIENT, "EHLO dev.example.org\r\n");
	story_tell(s, SERVER, "250-mx.example.org\r\n250 8BITMIME\r\n");
	story_tell(s, CLIENT, "MAIL FROM:<dev@example.org>\r\n");
	story_tell(s, SERVER, "250 ok\r\n");
	story_tell(s, CLIENT, "RCPT TO:<list@example.org>\r\n");
	story_tell(s, SERVER, "250 ok\r\n");
	story_tell(s, CLIENT, "DATA\r\n");
	story_tell(s, SERVER, "354 go ahead\r\n");
	story_tell(s, CLIENT,
		   "From: dev@example.org\r\nSubject: [PATCH] tests: add a recorded login\r\n\r\n"
		   "diff --git a/tests/login.jsonl b/tests/login.jsonl\r\n@@ -0,0 +1,3 @@\r\n");
	story_quote(s, "cryptonote", 4, send_patch_line);
	story_tell(s, CLIENT, "--\r\nand this is what it looked like on the wire:\r\n");
	story_quote(s, "cryptonote", 4, send_log_line);
	story_tell(s, CLIENT, ".\r\n");
	story_tell(s, SERVER, "250 queued\r\n");
}

/* Syslog over TCP (RFC 6587): a proxy logs what it relays, one way only. */

static void log_line(struct story *s, struct str line)
{
	story_pass(s, 100, 9000);
	story_tell(s, CLIENT, "<134>1 2026-11-22T10:00:00Z gw01 relay 771 - - %.*s\n",
		   STR_ARG(line));
}

static void syslog_quote(struct story *s)
{
	story_quote(s, "eth-proxy", 8, log_line);
	story_quote(s, "cryptonote", 8, log_line);
}

/* A chat's webhook: the line as a JSON string inside a POST, quotes escaped. */

static void post_to_webhook(struct story *s, struct str line)
{
	struct buf body = {0};

	buf_add_text(&body, "{\"channel\":\"#alerts\",\"text\":\"IDS alert: ");
	for (size_t i = 0; i < line.len; i++) {
		if (line.at[i] == '"' || line.at[i] == '\\')
			buf_add_byte(&body, '\\');
		buf_add_byte(&body, line.at[i]);
	}
	buf_add_text(&body, "\"}");
	if (body.failed)
		s->message.failed = true;
	else
		story_http(s, CLIENT,
			   "POST /services/T000/B000/XXXX HTTP/1.1\r\nHost: hooks.example.org\r\n"
			   "Content-Type: application/json",
			   buf_view(&body));
	buf_fini(&body);
	story_http(s, SERVER, "HTTP/1.1 200 OK\r\nContent-Type: text/plain", STR("ok"));
}

static void webhook_quote(struct story *s)
{
	story_quote(s, "cryptonote", 5, post_to_webhook);
	story_quote(s, "bitcoin-stratum-v1", 7, post_to_webhook);
}

/* Redis (RESP 2): somebody's list of captured lines. */

static void push_line(struct story *s, struct str line)
{
	story_tell(s, CLIENT, "*3\r\n$5\r\nRPUSH\r\n$5\r\nlines\r\n$%zu\r\n%.*s\r\n", line.len,
		   STR_ARG(line));
	story_tell(s, SERVER, ":%u\r\n", 1 + lab_random_below(&s->random, 9));
}

static void redis_quote(struct story *s)
{
	story_tell(s, CLIENT, "*1\r\n$4\r\nPING\r\n");
	story_tell(s, SERVER, "+PONG\r\n");
	story_quote(s, "zcash", 3, push_line);
	story_quote(s, "cryptonote", 4, push_line);
}

const struct lab_innocent innocent_irc_quote = {"irc-quote", 6667, irc_quote};
const struct lab_innocent innocent_page_quote = {"page-quote", 80, page_quote};
const struct lab_innocent innocent_mail_quote = {"mail-quote", 25, mail_quote};
const struct lab_innocent innocent_syslog_quote = {"syslog-quote", 601, syslog_quote};
const struct lab_innocent innocent_webhook_quote = {"webhook-quote", 80, webhook_quote};
const struct lab_innocent innocent_redis_quote = {"redis-quote", 6379, redis_quote};
