#include "lab/actor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

const struct lab_dialect *const lab_dialects[] = {
	&lab_bitcoin,  &lab_cryptonote, &lab_eth_proxy,	 &lab_ethereum_1, &lab_ethereum_2,
	&lab_zcash,    &lab_kaspa,	&lab_ergo,	 &lab_kawpow,	  &lab_conflux,
	&lab_grin,     &lab_duino_coin, &lab_stratum_v2, &lab_getwork,	  &lab_getblocktemplate,
	&lab_coinhive,
};
const size_t lab_dialect_count = sizeof(lab_dialects) / sizeof(*lab_dialects);

static const instant never = {INT64_MAX};

const struct lab_dialect *lab_dialect_find(struct str name)
{
	for (size_t i = 0; i < lab_dialect_count; i++)
		if (str_equal(str_from(lab_dialects[i]->name), name))
			return lab_dialects[i];
	return NULL;
}

bool lab_variant_find(const struct lab_dialect *dialect, struct str name, unsigned *out)
{
	for (unsigned i = 0; i < dialect->variant_count; i++)
		if (str_equal(str_from(dialect->variants[i].name), name)) {
			*out = i;
			return true;
		}
	return false;
}

/* Names are chosen before anything else is drawn, so that both sides agree on them. */
static void choose_names(struct lab_actor *a)
{
	static const char *const workers[] = {"rig01", "w1", "worker7", "x", "node-3", "db-backup"};
	static const char *const hosts[] = {"eu1.pool.example", "pool.example.net",
					    "stratum.example.org"};
	struct buf wallet = {0};
	unsigned agents = 0;

	while (agents < 3 && a->variant->agents[agents])
		agents++;
	lab_address(a->variant->coin, &a->random, &wallet);
	buf_add_byte(&wallet, '\0');
	const char *worker = workers[lab_random_below(&a->random, 6)];
	const char *agent = agents ? a->variant->agents[lab_random_below(&a->random, agents)] : "";
	const char *host = hosts[lab_random_below(&a->random, 3)];
	a->has_failed = wallet.failed;
	struct str given[] = {a->settings.wallet, a->settings.worker, a->settings.agent,
			      a->settings.pool_host};
	const char *chosen[] = {wallet.failed ? "" : wallet.at, worker, agent, host};
	char *fields[] = {a->wallet, a->worker, a->agent, a->host};
	for (unsigned i = 0; i < 4; i++) {
		struct str text = given[i].len ? given[i] : str_from(chosen[i]);
		snprintf(fields[i], LAB_NAME_MAX, "%.*s", STR_ARG(text));
	}
	buf_fini(&wallet);
	a->settings.wallet = str_from(a->wallet);
	a->settings.worker = str_from(a->worker);
	a->settings.agent = str_from(a->agent);
	a->settings.pool_host = str_from(a->host);
}

int lab_actor_new(const struct lab_settings *settings, enum lab_side side, struct lab_actor **out)
{
	const struct lab_dialect *dialect = settings->dialect;

	if (!dialect || settings->variant >= dialect->variant_count)
		return -EINVAL;
	struct lab_actor *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->settings = *settings;
	a->dialect = dialect;
	a->variant = &dialect->variants[settings->variant];
	a->side = side;
	a->random.state = settings->seed * 2 + 1;
	choose_names(a);
	a->random.state += side; /* from here on they draw differently */
	if (a->settings.share_interval.ns <= 0)
		a->settings.share_interval = DURATION_S(5);
	if (a->settings.job_interval.ns <= 0)
		a->settings.job_interval = dialect->job_interval;
	if (a->settings.pool_port == 0)
		a->settings.pool_port = dialect->port;
	a->height = 800000 + lab_random_below(&a->random, 2000000);
	a->share_due = a->job_due = a->poll_due = a->give_up_due = never;
	*out = a;
	return 0;
}

void lab_actor_free(struct lab_actor *actor)
{
	if (!actor)
		return;
	buf_fini(&actor->in);
	buf_fini(&actor->out);
	free(actor);
}

static const struct lab_role *role_of(const struct lab_actor *a)
{
	return a->dialect->roles[a->side];
}

/* XMRig waits 20 s for an answer (Client.cpp, kResponseTimeout). */
static void expect_answer(struct lab_actor *a)
{
	if (a->side == LAB_MINER)
		a->give_up_due = instant_add(a->now, DURATION_S(20));
}

void lab_actor_connected(struct lab_actor *a, instant now)
{
	a->now = now;
	expect_answer(a);
	if (role_of(a)->start && !(a->side == LAB_POOL && a->settings.never_answers))
		role_of(a)->start(a);
	if (a->side == LAB_MINER && a->poll_interval.ns > 0)
		a->poll_due = instant_add(now, a->poll_interval);
}

/* White space between messages, which ends a line for some and means nothing to JSON. */
static size_t blank_len(struct str bytes)
{
	size_t len = 0;

	while (len < bytes.len && strchr("\r\n\t ", bytes.at[len]))
		len++;
	return len;
}

static size_t hear_json(struct lab_actor *a, struct str bytes)
{
	struct json_node nodes[LAB_JSON_NODES];
	struct json doc = {.nodes = nodes, .cap = LAB_JSON_NODES};
	size_t blank = blank_len(bytes);

	if (blank == bytes.len)
		return blank;
	size_t used = json_read(&doc, str_skip(bytes, blank));
	if (used == 0 || doc.flaws & JSON_FLAW_CUT)
		return blank;
	if (doc.flaws)
		a->has_failed = true;
	role_of(a)->hear(a, json_root(&doc));
	return blank + used;
}

/*
 * One gzip member is one message; returns what it took, 0 while it is incomplete. The end of the
 * last plain line may still be in front.
 */
static size_t hear_gzip(struct lab_actor *a, struct str bytes)
{
	enum { GZIP_WINDOW = 15 + 16, MESSAGE_MAX = 65536 };
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)bytes.at, .avail_in = (uInt)bytes.len};
	struct buf text = {0};
	size_t used = blank_len(bytes);

	if (used > 0)
		return used;
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK || !buf_reserve(&text, MESSAGE_MAX)) {
		a->has_failed = true;
	} else {
		z.next_out = (uint8_t *)text.at;
		z.avail_out = MESSAGE_MAX;
		int result = inflate(&z, Z_FINISH);
		text.len = MESSAGE_MAX - z.avail_out;
		used = result == Z_STREAM_END ? bytes.len - z.avail_in : 0;
		if (result != Z_STREAM_END && result != Z_BUF_ERROR && result != Z_OK)
			a->has_failed = true;
		else if (used)
			hear_json(a, buf_view(&text));
	}
	inflateEnd(&z);
	buf_fini(&text);
	return used;
}

void lab_actor_feed(struct lab_actor *a, struct str bytes, instant now)
{
	a->now = now;
	if ((a->side == LAB_POOL && a->settings.never_answers) || lab_actor_is_finished(a))
		return;
	buf_add(&a->in, bytes);
	for (size_t used = 1; used > 0 && a->in.len > 0 && !a->has_failed;) {
		if (role_of(a)->hear_bytes)
			used = role_of(a)->hear_bytes(a, buf_view(&a->in));
		else if (a->is_packed)
			used = hear_gzip(a, buf_view(&a->in));
		else
			used = hear_json(a, buf_view(&a->in));
		buf_consume(&a->in, used);
	}
	a->give_up_due = never;
	if (a->waits_for_answer)
		expect_answer(a);
	if (a->in.failed || a->out.failed)
		a->has_failed = true;
}

instant lab_actor_due(const struct lab_actor *a)
{
	instant due = a->share_due;

	if (a->job_due.ns < due.ns)
		due = a->job_due;
	if (a->poll_due.ns < due.ns)
		due = a->poll_due;
	if (a->give_up_due.ns < due.ns)
		due = a->give_up_due;
	return due;
}

void lab_actor_wake(struct lab_actor *a, instant now)
{
	a->now = now;
	if (lab_actor_is_finished(a))
		return;
	if (a->give_up_due.ns <= now.ns) {
		a->outcome.state = LAB_STATE_GAVE_UP;
		return;
	}
	if (a->job_due.ns <= now.ns) {
		a->job_due = instant_add(now, a->settings.job_interval);
		a->outcome.jobs++;
		role_of(a)->job(a);
	}
	if (a->poll_due.ns <= now.ns) {
		a->poll_due = instant_add(now, a->poll_interval);
		role_of(a)->poll(a);
	}
	if (a->share_due.ns <= now.ns) {
		a->share_due = never;
		role_of(a)->share(a);
	}
}

bool lab_actor_take(struct lab_actor *a, struct buf *message)
{
	uint64_t len;

	if (a->out.failed || a->out.len < sizeof(len))
		return false;
	memcpy(&len, a->out.at, sizeof(len));
	buf_add(message, str_sub(buf_view(&a->out), sizeof(len), len));
	buf_consume(&a->out, sizeof(len) + len);
	a->last_out = 0;
	a->is_joining = false;
	return true;
}

struct lab_outcome lab_actor_outcome(const struct lab_actor *actor)
{
	return actor->outcome;
}

bool lab_actor_is_finished(const struct lab_actor *a)
{
	return a->side == LAB_MINER && a->outcome.state >= LAB_STATE_DONE;
}

bool lab_actor_has_failed(const struct lab_actor *a)
{
	return a->has_failed || a->out.failed;
}

struct str lab_actor_wallet(const struct lab_actor *actor)
{
	return str_from(actor->wallet);
}

struct str lab_actor_worker(const struct lab_actor *actor)
{
	return str_from(actor->worker);
}

struct str lab_actor_agent(const struct lab_actor *actor)
{
	return str_from(actor->agent);
}

struct str lab_actor_host(const struct lab_actor *actor)
{
	return str_from(actor->host);
}

/* Saying */

void lab_join_next(struct lab_actor *a)
{
	a->is_joining = a->out.len > 0;
}

void lab_say_bytes(struct lab_actor *a, struct str message)
{
	uint64_t len = message.len, before;

	if (a->is_joining && a->out.len >= a->last_out + sizeof(len)) {
		memcpy(&before, a->out.at + a->last_out, sizeof(before));
		len += before;
		memcpy(a->out.at + a->last_out, &len, sizeof(len));
	} else {
		a->last_out = a->out.len;
		buf_add_bytes(&a->out, &len, sizeof(len));
	}
	a->is_joining = false;
	buf_add(&a->out, message);
}

static void say_packed(struct lab_actor *a, struct str line)
{
	enum { GZIP_WINDOW = 15 + 16 };
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)line.at, .avail_in = (uInt)line.len};
	struct buf packed = {0};

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		a->has_failed = true;
		return;
	}
	size_t room = deflateBound(&z, (uLong)line.len) + 32;
	if (buf_reserve(&packed, room)) {
		z.next_out = (uint8_t *)packed.at;
		z.avail_out = (uInt)room;
		if (deflate(&z, Z_FINISH) != Z_STREAM_END)
			a->has_failed = true;
		packed.len = room - z.avail_out;
		lab_say_bytes(a, buf_view(&packed));
	}
	deflateEnd(&z);
	buf_fini(&packed);
}

void lab_say(struct lab_actor *a, const char *json_template, ...)
{
	struct buf format = {0}, json = {0}, line = {0};
	va_list arguments;

	buf_add_text(&format, json_template);
	buf_add_byte(&format, '\0');
	for (size_t i = 0; i < format.len; i++)
		if (format.at[i] == '\'')
			format.at[i] = '"';
	if (!format.failed) {
		va_start(arguments, json_template);
		buf_vprintf(&json, format.at, arguments);
		va_end(arguments);
	}
	lab_spell(buf_view(&json), &a->settings.spelling, &a->random, &line);
	if (a->dialect->native == LAB_NATIVE_TCP)
		lab_end_line(&a->settings.spelling, &line);
	if (format.failed || json.failed || line.failed)
		a->has_failed = true;
	else if (a->is_packed)
		say_packed(a, buf_view(&line));
	else
		lab_say_bytes(a, buf_view(&line));
	buf_fini(&format);
	buf_fini(&json);
	buf_fini(&line);
}

/* Texts */

static char *next_scratch(struct lab_actor *a)
{
	char *scratch = a->scratch[a->scratch_next++ % LAB_SCRATCHES];

	scratch[0] = '\0';
	return scratch;
}

const char *lab_text(struct lab_actor *a, const char *format, ...)
{
	char *scratch = next_scratch(a);
	va_list arguments;

	va_start(arguments, format);
	int len = vsnprintf(scratch, LAB_SCRATCH_MAX, format, arguments);
	va_end(arguments);
	if (len < 0 || len >= LAB_SCRATCH_MAX)
		a->has_failed = true;
	return scratch;
}

const char *lab_zeros_hex(struct lab_actor *a, size_t zeros, size_t bytes)
{
	struct buf hex = {.at = next_scratch(a), .cap = LAB_SCRATCH_MAX, .limit = LAB_SCRATCH_MAX};

	for (size_t i = 0; i < zeros; i++)
		buf_add(&hex, STR("00"));
	lab_random_add_hex(&hex, &a->random, bytes);
	buf_add_byte(&hex, '\0');
	if (hex.failed)
		a->has_failed = true;
	return hex.failed ? "" : hex.at;
}

const char *lab_hex(struct lab_actor *a, size_t bytes)
{
	return lab_zeros_hex(a, 0, bytes);
}

const char *lab_uuid(struct lab_actor *a)
{
	const char *h = lab_hex(a, 16);

	return lab_text(a, "%.8s-%.4s-4%.3s-a%.3s-%.12s", h, h + 8, h + 13, h + 17, h + 20);
}

const char *lab_user(struct lab_actor *a)
{
	return lab_text(a, "%s.%s", a->wallet, a->worker);
}

const char *lab_value_text(struct lab_actor *a, struct json_value v)
{
	char *scratch = next_scratch(a), undone[LAB_SCRATCH_MAX];
	struct str text = json_text(v, undone, sizeof(undone));

	snprintf(scratch, LAB_SCRATCH_MAX, "%.*s", STR_ARG(text));
	return scratch;
}

const char *lab_value_raw(struct lab_actor *a, struct json_value v)
{
	struct str raw = json_raw_text(v);

	if (!json_exists(v))
		return "null";
	return json_kind(v) == JSON_STRING ? lab_text(a, "\"%.*s\"", STR_ARG(raw))
					   : lab_text(a, "%.*s", STR_ARG(raw));
}

const char *lab_bool(bool value)
{
	return value ? "true" : "false";
}

uint32_t lab_unix_time(const struct lab_actor *a)
{
	return (uint32_t)(a->now.ns / 1000000000);
}

void lab_keep(char field[], size_t cap, const char *text)
{
	snprintf(field, cap, "%s", text);
}

bool lab_method_is(struct json_value message, const char *method)
{
	return json_text_is(json_member(message, STR("method")), str_from(method));
}

struct json_value lab_member(struct json_value object, const char *key)
{
	return json_member(object, str_from(key));
}

uint64_t lab_id(struct json_value message)
{
	uint64_t id;

	return json_to_u64(json_member(message, STR("id")), &id) ? id : UINT64_MAX;
}

bool lab_is_error(struct json_value message)
{
	enum json_kind error = json_kind(lab_member(message, "error"));

	return (error != JSON_NONE && error != JSON_NULL) ||
	       json_kind(lab_member(message, "result")) == JSON_FALSE;
}

/* What happened */

static void plan_share(struct lab_actor *a)
{
	int64_t mean = a->settings.share_interval.ns;

	if (a->outcome.state != LAB_STATE_WORKING || !a->has_job || a->waits_for_answer ||
	    a->share_due.ns != never.ns)
		return;
	if (a->outcome.accepted + a->outcome.rejected >= a->settings.shares) {
		a->outcome.state = LAB_STATE_DONE;
		return;
	}
	/* Shares come at random: anything from a quarter of the mean to nearly twice it. */
	int64_t wait = mean / 4 + mean / 1000 * lab_random_below(&a->random, 1500);
	a->share_due = instant_add(a->now, (duration){wait});
}

void lab_logged_in(struct lab_actor *a)
{
	if (a->outcome.state == LAB_STATE_STARTING)
		a->outcome.state = LAB_STATE_WORKING;
	plan_share(a);
}

void lab_got_job(struct lab_actor *a)
{
	a->has_job = true;
	a->outcome.jobs++;
	plan_share(a);
}

void lab_refused(struct lab_actor *a)
{
	a->outcome.state = LAB_STATE_REFUSED;
}

void lab_sent_share(struct lab_actor *a)
{
	a->outcome.shares++;
	a->waits_for_answer = true;
	expect_answer(a);
}

void lab_answered(struct lab_actor *a, bool is_accepted)
{
	if (!a->waits_for_answer)
		return;
	a->waits_for_answer = false;
	if (is_accepted)
		a->outcome.accepted++;
	else
		a->outcome.rejected++;
	plan_share(a);
}

bool lab_admits(struct lab_actor *a)
{
	a->outcome.state = a->settings.refuses_login ? LAB_STATE_REFUSED : LAB_STATE_WORKING;
	return !a->settings.refuses_login;
}

void lab_begin_jobs(struct lab_actor *a)
{
	a->outcome.jobs++;
	role_of(a)->job(a);
	if (!a->settings.is_request_reply && a->settings.job_interval.ns > 0)
		a->job_due = instant_add(a->now, a->settings.job_interval);
}

bool lab_judge(struct lab_actor *a)
{
	uint32_t every = a->settings.reject_every;

	a->outcome.shares++;
	if (every && a->outcome.shares % every == 0) {
		a->outcome.rejected++;
		return false;
	}
	a->outcome.accepted++;
	return true;
}
