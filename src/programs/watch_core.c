/*
 * The core of `davy watch`: takes findings in, joins them into incidents, stores them, and only
 * then tells people. It may use the store's folder and nothing else.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "correlate/correlator.h"
#include "detect/authorised.h"
#include "model/finding_json.h"
#include "model/line.h"
#include "programs/clock.h"
#include "programs/commands.h"
#include "programs/watch.h"
#include "programs/watch_alerts.h"
#include "programs/watch_authorised.h"
#include "programs/watch_counters.h"
#include "programs/watch_journal.h"
#include "programs/watch_summary.h"
#include "programs/write_all.h"
#include "sandbox/confine.h"
#include "sandbox/worker.h"
#include "store/store.h"

enum {
	KNOWN_MAX = 65536, /* findings whose last told state is remembered */
	INCIDENTS_EVERY_MS = 2000,
	PRUNE_EVERY_MS = 5000,
	PRUNE_ROWS = 200,
	COMPLAIN_EVERY_S = 60,
	REMEMBERED_DAYS = 7,
};

struct core {
	struct channel channel;
	struct core_start settings;
	struct store *store;
	int lock;
	struct correlator *correlator;
	struct alerts *alerts;
	struct waiting *waiting;
	struct arena arena;
	struct alert_texts texts;	  /* told after the next flush */
	struct policy_waiting to_respond; /* findings to be acted upon after it */
	bool is_dirty, has_news, leaves;
	instant began;
	uint64_t committed; /* rows, when the store was pruned last */
	instant incidents_at, pruned_at, complained_at;
};

/* As it is now: it has waited, or need not. is_here: of this machine's own processes */
static void put_finding(struct core *core, struct finding *finding, struct str json, bool is_here)
{
	CLEANUP(buf_fini) struct buf changed = {0};

	if (core->settings.has_authorised &&
	    waiting_apply(core->waiting, clock_wall(), &core->arena, finding)) {
		finding_to_json(finding, &changed);
		json = buf_view(&changed);
	}
	correlator_take(core->correlator, finding);
	int r = store_put_finding(core->store, finding);
	if (r < 0)
		log_error("a finding was not kept: %s", strerror(-r));
	core->is_dirty = core->has_news = true;
	alerts_take(core->alerts, finding, json, clock_wall(), &core->texts);
	if (is_here)
		policy_wait(&core->to_respond, &core->settings.policy, finding);
}

static bool read_finding(struct core *core, struct str json, struct finding *out)
{
	struct error why;

	arena_reset(&core->arena);
	if (finding_from_json(json, &core->arena, out, &why) == 0)
		return true;
	log_error("a sensor's finding cannot be read: %s", why.text);
	return false;
}

/* Only sessions of the network wait. */
static void put_waiting(struct core *core, bool all)
{
	struct finding finding;
	struct str json;

	while (waiting_next(core->waiting, clock_wall(), all, &json))
		if (read_finding(core, json, &finding))
			put_finding(core, &finding, json, false);
}

/*
 * The responder goes by what is stored under an id: nobody else may write there. The id is that of
 * the subject, so that none can be borrowed.
 */
static bool may_be_a_sensors(const struct finding *finding)
{
	char id[FINDING_ID_LEN + 1];

	finding_identify(finding, id);
	return str_equal(finding->id, str_from(id)) && !str_equal(finding->detector, STR("host")) &&
	       !str_equal(finding->subject.type, STR("process")) &&
	       !str_equal(finding->subject.type, STR("workload"));
}

/* is_here: as the supervisor says */
static void take_finding(struct core *core, struct str json, bool is_here)
{
	struct finding finding;

	if (!read_finding(core, json, &finding))
		return;
	if (!is_here && !may_be_a_sensors(&finding)) {
		log_error("a sensor speaks of this machine's processes, which none of ours does: "
			  "not taken");
		return;
	}
	if (core->settings.has_authorised &&
	    waiting_hold(core->waiting, &finding, json, clock_wall()))
		return;
	if (is_here)
		waiting_learn(core->waiting, &finding);
	put_finding(core, &finding, json, is_here);
}

static void ask_responder(struct core *core, const struct policy_request *request)
{
	if (channel_send(&core->channel, WATCH_RESPOND, str_of(request, sizeof(*request)), NULL,
			 0) != 0)
		log_error("finding %.*s is not responded to: the supervisor does not listen",
			  FINDING_ID_LEN, request->finding);
}

/* Only what is stored: the responder reads it there. */
static void act(struct core *core)
{
	for (size_t i = 0; i < core->to_respond.count; i++)
		ask_responder(core, &core->to_respond.at[i]);
	core->to_respond.count = 0;
}

static void complain(struct core *core, const char *what, instant now)
{
	if (instant_since(now, core->complained_at).ns < DURATION_S(COMPLAIN_EVERY_S).ns)
		return;
	core->complained_at = now;
	log_error("%s", what);
}

/* Stored first, told then. A store that fails must not keep an alert back: it is told with a
 * remark. */
static void flush(struct core *core, instant now)
{
	struct buf *report = &core->texts.report;
	struct error why = {0};

	alerts_tick(core->alerts, now, &core->texts);
	if (!core->is_dirty && report->len == 0 && core->texts.journal.len == 0)
		return;
	bool is_stored = store_flush(core->store, &why) == 0;
	core->is_dirty = !is_stored;
	if (!is_stored)
		complain(core, why.text, now);
	else
		act(core);
	if (report->len > 0 && !is_stored && !core->settings.alerts.is_json)
		buf_add_text(report, "  (not stored yet: kept in memory and tried again)\n");
	(void)write_all(STDOUT_FILENO, buf_view(report));
	(void)write_all(STDERR_FILENO, buf_view(&core->texts.journal));
	buf_clear(report);
	buf_clear(&core->texts.journal);
}

static void take_incident(void *context, const struct incident *incident)
{
	struct core *core = context;

	if (store_put_incident(core->store, incident) == 0)
		core->is_dirty = true;
}

static void take_counters(struct core *core, struct str lines, instant now)
{
	struct error why;

	if (watch_keep_counters(core->store, lines, now, &why) < 0)
		complain(core, why.text, now);
}

static void take_sources(struct core *core, struct str lines, instant now)
{
	struct error why;

	if (watch_keep_sources(core->store, lines, now, &why) < 0)
		complain(core, why.text, now);
}

static void tell_own_counters(struct core *core, instant now)
{
	struct store_queue_counters queue = store_queue_counters(core->store);
	struct alert_counters alerts = alerts_counters(core->alerts);
	struct correlator_counters joined = correlator_counters(core->correlator);
	CLEANUP(buf_fini) struct buf lines = {0};

	buf_printf(&lines,
		   "core\tstored\t%" PRIu64 "\ncore\tstore queue\t%u\ncore\tstore lost\t%" PRIu64
		   "\ncore\tstore failures\t%" PRIu64 "\ncore\talerts told\t%" PRIu64
		   "\ncore\talerts folded\t%" PRIu64
		   "\ncore\tfindings joined\t%u\ncore\tincidents\t%u\n",
		   queue.committed, queue.queued, queue.lost, queue.failures, alerts.told,
		   alerts.folded, joined.findings.used, joined.incidents.used);
	take_counters(core, buf_view(&lines), now);
}

static void join_and_store(struct core *core, instant now)
{
	if (core->has_news) {
		correlator_each(core->correlator, now, take_incident, core);
		core->has_news = false;
	}
	flush(core, now);
}

/* More than came in since the last time, so that no flood outgrows it. */
static void prune(struct core *core, instant now)
{
	struct store_limits limits = {.keep = DURATION_S(core->settings.keep_s),
				      .max_rows = core->settings.max_findings,
				      .max_bytes = core->settings.max_bytes};
	uint64_t committed = store_queue_counters(core->store).committed;
	uint64_t most = PRUNE_ROWS + 2 * (committed - core->committed);
	struct error why;
	uint32_t removed;

	core->committed = committed;
	if (store_prune(core->store, &limits, now, most < UINT32_MAX ? (uint32_t)most : UINT32_MAX,
			&removed, &why) < 0)
		complain(core, why.text, now);
}

static void tick(struct core *core, instant now)
{
	if (instant_since(now, core->incidents_at).ns >= DURATION_MS(INCIDENTS_EVERY_MS).ns) {
		core->incidents_at = now;
		join_and_store(core, now);
	}
	if (instant_since(now, core->pruned_at).ns >= DURATION_MS(PRUNE_EVERY_MS).ns) {
		core->pruned_at = now;
		prune(core, now);
	}
}

static void take_for_summary(void *context, const struct incident *incident)
{
	summary_take(context, incident);
}

/* For people on standard output; for a log, also that of a service, one line. */
static void summarize(struct core *core)
{
	const struct alert_settings *alerts = &core->settings.alerts;
	struct summary summary = {.began = core->began};
	struct alert_counters counters = alerts_counters(core->alerts);
	CLEANUP(buf_fini) struct buf sentence = {0};

	correlator_each(core->correlator, clock_wall(), take_for_summary, &summary);
	summary_sentence(&summary, &counters, clock_wall(), &sentence);
	if (sentence.failed)
		return;
	if (alerts->is_json || !alerts->writes_report) {
		log_info("%.*s", STR_ARG(buf_view(&sentence)));
		return;
	}
	buf_add(&core->texts.report, buf_view(&sentence));
	buf_add_byte(&core->texts.report, '\n');
	summary_lines(&summary, &core->texts.report);
}

/* is_end: not only to begin anew with other settings */
static void leave(struct core *core, bool is_end)
{
	struct error why = {0};

	put_waiting(core, true);
	core->has_news = true;
	alerts_flush(core->alerts, clock_wall(), &core->texts);
	join_and_store(core, clock_wall());
	if (is_end) {
		summarize(core); /* after: an incident that is over is told only once */
		flush(core, clock_wall());
	}
	if (store_note_stop(core->store, clock_wall(), &why) < 0)
		complain(core, why.text, clock_wall());
	store_close(&core->store);
	(void)!channel_send(&core->channel, WATCH_FLUSHED, (struct str){0}, NULL, 0);
	core->leaves = true;
}

/* The store stays where it is. */
static void take_settings(struct core *core, struct str body)
{
	if (body.len != sizeof(core->settings))
		return;
	memcpy(&core->settings, body.at, sizeof(core->settings));
	alerts_set(core->alerts, &core->settings.alerts);
}

static void take_message(struct core *core, const struct message *message)
{
	switch (message->type) {
	case WATCH_FINDING:
	case WATCH_FINDING_HERE:
		take_finding(core, message->body, message->type == WATCH_FINDING_HERE);
		break;
	case WATCH_COUNTERS:
		take_counters(core, message->body, clock_wall());
		tell_own_counters(core, clock_wall());
		break;
	case WATCH_SOURCES:
		take_sources(core, message->body, clock_wall());
		break;
	case WATCH_SETTINGS:
		take_settings(core, message->body);
		break;
	case WATCH_FLUSH:
		leave(core, message->body.len > 0);
		break;
	default:
		break;
	}
}

static void run(struct core *core)
{
	struct message message;
	enum message_result result;

	while (!core->leaves) {
		struct pollfd readable = {.fd = WORKER_CHANNEL, .events = POLLIN};
		poll(&readable, 1, 200);
		while (!core->leaves &&
		       (result = channel_receive(&core->channel, &message)) == MESSAGE_READY)
			take_message(core, &message);
		if (core->leaves)
			return;
		put_waiting(core, false);
		flush(core, clock_wall());
		tick(core, clock_wall());
		if (result == MESSAGE_CLOSED || result == MESSAGE_BROKEN)
			leave(core, false);
	}
}

/* After a restart: what was known of the last days is known again, and not told a second time. */
static bool remember(void *context, struct str json)
{
	struct core *core = context;
	struct finding finding;
	struct error why;

	arena_reset(&core->arena);
	if (finding_from_json(json, &core->arena, &finding, &why) == 0) {
		/* not what was authorised: the settings may say something else by now */
		correlator_take(core->correlator, &finding);
		if (!authorised_is_told(&finding))
			alerts_remember(core->alerts, &finding);
	}
	return true;
}

static void look_at_journal(struct core *core)
{
	const struct policy_request look = {.act = POLICY_LOOK};
	bool is_by_policy = false;
	struct error why = {0};

	if (watch_tell_before(core->store, &is_by_policy, &why) != 0)
		complain(core, why.text, clock_wall());
	if (is_by_policy)
		ask_responder(core, &look);
}

/* Who started us may well be root: what is missing is the right of the user we became. */
static int explain_rights(const char *path, struct error *why)
{
	const char *slash = strrchr(path, '/');
	unsigned uid = (unsigned)geteuid();

	return error_set(
		why, -EACCES,
		"%s: user %u, who keeps the store, may not write there: `chown -R %u %.*s`, "
		"or set store.path in the settings",
		path, uid, uid, slash ? (int)(slash - path) : 1, slash ? path : ".");
}

/* restarts: how often we died; what is told of the sources holds as long as the supervisor lives */
static int open_store(struct core *core, uint32_t restarts, struct error *why)
{
	const char *path = core->settings.store_path;

	core->lock = store_lock(path, getppid(), why);
	int r = core->lock < 0 ? core->lock : store_open(path, STORE_WRITE, &core->store, why);
	if (r == 0 && restarts == 0)
		r = store_note_start(core->store, clock_wall(), why);
	return r == -EACCES ? explain_rights(path, why) : r;
}

static int open_state(struct core *core, uint32_t restarts, struct error *why)
{
	struct correlator_settings correlator = {.seed = hash_random_seed()};
	struct store_filter recent = {
		.since = instant_add(clock_wall(), DURATION_S(-REMEMBERED_DAYS * 86400))};

	if (correlator_new(&correlator, &core->correlator) < 0 || waiting_new(&core->waiting) < 0 ||
	    alerts_new(&core->settings.alerts, KNOWN_MAX, hash_random_seed(), &core->alerts) < 0 ||
	    arena_init(&core->arena, LINE_ARENA_BYTES) < 0)
		return error_set(why, -ENOMEM, "not enough memory for the core");
	int r = open_store(core, restarts, why);
	if (r < 0)
		return r;
	core->began = clock_wall();
	return store_each_finding(core->store, (struct str){0}, &recent, remember, core, why);
}

static int start(struct core *core, struct error *why)
{
	struct worker_start first;
	struct confine_report applied;
	char directory[PATH_MAX];

	int r = worker_receive_start(&core->channel, &first, why);
	if (r < 0)
		return r;
	if (first.settings.len != sizeof(core->settings))
		return error_set(why, -EPROTO, "the settings are not of this program");
	memcpy(&core->settings, first.settings.at, sizeof(core->settings));
	snprintf(directory, sizeof(directory), "%s", core->settings.store_path);
	char *slash = strrchr(directory, '/');
	if (slash)
		*slash = '\0';
	struct confine_settings confinement = {.confinement = CONFINE_STORE,
					       .last_writable = WORKER_CHANNEL,
					       .directory = slash ? directory : "."};
	r = confine(&confinement, &applied, why);
	return r < 0 ? r : open_state(core, first.restarts, why);
}

int core_worker(void)
{
	static struct core core;
	struct error why = {0};

	int r = start(&core, &why);
	if (channel_send(&core.channel, r < 0 ? WATCH_UNFIT : WATCH_READY,
			 str_from(r < 0 ? why.text : ""), NULL, 0) < 0)
		log_error("%s", r < 0 ? why.text : "the supervisor hears nothing");
	if (r < 0)
		return EXIT_TROUBLE;
	look_at_journal(&core);
	run(&core);
	return EXIT_NOTHING_FOUND;
}
