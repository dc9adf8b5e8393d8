#include "detect/host_verdict.h"

#include <inttypes.h>

#include "base/buf.h"
#include "detect/host_judgement.h"
#include "detect/host_page.h"
#include "detect/shares.h"

static const struct {
	const char *algorithm, *name, *coin;
} algorithms[] = {
	{"rx/0", "RandomX", "monero"},
	{"rx", "RandomX", NULL},
	{"rx/wow", "RandomX (Wownero's)", "wownero"},
	{"rx/arq", "RandomX (ArQmA's)", "arqma"},
	{"cn", "CryptoNight", NULL},
	{"ghostrider", "GhostRider", "raptoreum"},
	{"sha256d", "SHA-256", NULL},
	{"argon2", "Argon2", NULL},
	{"ethash", "Ethash", NULL},
	{"scrypt", "scrypt", NULL},
	{"yespower", "yespower", NULL},
};

/* "cn/r" is of the family "cn": the longest entry that is the whole or ends before a slash. */
static const char *algorithm_name(const char *algorithm)
{
	struct str whole = str_from(algorithm);
	const char *name = algorithm;
	size_t longest = 0;

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		struct str entry = str_from(algorithms[i].algorithm);
		bool fits = str_equal(whole, entry) ||
			    (str_starts(whole, entry) && whole.at[entry.len] == '/');
		if (fits && entry.len > longest) {
			name = algorithms[i].name;
			longest = entry.len;
		}
	}
	return name;
}

static const char *algorithm_coin(const char *algorithm)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (str_equal(str_from(algorithm), str_from(algorithms[i].algorithm)))
			return algorithms[i].coin;
	return NULL;
}

struct telling {
	const struct host_case *host_case;
	const struct process *process;
	struct arena *scratch;
	struct finding *out;
	struct weighing weighing;
	struct judgement judgement;
};

static struct str program_of(const struct process *process)
{
	struct str path = process->executable.path;

	return path.len > 0 ? str_file_name(path) : process->name;
}

static void tell_subject(struct telling *t)
{
	const struct process *p = t->process;
	struct facts *keys = &t->out->subject.keys;

	facts_add_text(keys, "host", t->host_case->host);
	if (t->host_case->is_spread) {
		t->out->subject.type = STR("workload");
		facts_add_text(keys, "executable", p->executable.path);
		facts_add_text(keys, "cgroup", p->cgroup.path);
		return;
	}
	t->out->subject.type = STR("process");
	facts_add_number(keys, "pid", p->key.pid);
	facts_add_number(keys, "start_ns", p->key.start_ns);
}

static void tell_title(struct telling *t)
{
	const struct process *p = t->process;
	const char *what = t->weighing.algorithm ? algorithm_name(t->weighing.algorithm) : NULL;
	struct str program = arena_printable(t->scratch, program_of(p), 60);
	struct str name = arena_printable(t->scratch, p->name, PROCESS_NAME_MAX);
	struct str who =
		host_page_is_one(t->host_case) ? host_page_text(t->host_case->workload, t->scratch)
		: t->host_case->is_spread
			? arena_printf(t->scratch, "%.*s, %" PRIu32 " processes so far",
				       STR_ARG(program), t->host_case->workload->processes_seen)
		: str_starts(program_of(p), p->name) || str_equal(program, name)
			? arena_printf(t->scratch, "%.*s, pid %" PRIu32, STR_ARG(program),
				       p->key.pid)
			: arena_printf(t->scratch, "%.*s, which calls itself %.*s, pid %" PRIu32,
				       STR_ARG(program), STR_ARG(name), p->key.pid);

	if (t->judgement.verdict == VERDICT_MINING)
		t->out->title = arena_printf(t->scratch, "%s%smining: %.*s", what ? what : "",
					     what ? " " : "", STR_ARG(who));
	else if ((p->flags & PROCESS_NOT_LISTED) && !what)
		t->out->title = arena_printf(t->scratch, "Hidden from /proc: %.*s", STR_ARG(who));
	else if (t->weighing.has_session && !what)
		t->out->title = arena_printf(t->scratch,
					     "Holds the connection of a mining "
					     "session: %.*s",
					     STR_ARG(who));
	else if (t->weighing.serves && !what)
		t->out->title =
			arena_printf(t->scratch, "Others mine through it: %.*s", STR_ARG(who));
	else
		t->out->title =
			arena_printf(t->scratch, "%s%s: %.*s", what ? what : "Looks like mining",
				     what ? " code at work" : "", STR_ARG(who));
}

/* What runs is said first: it is what the title names. */
static bool names_the_code(const struct sign *sign)
{
	return sign->family == FAMILY_CODE && sign->weight >= SIGN_LOOKS_ALIKE;
}

static void tell_reasons(struct telling *t)
{
	const struct signs *signs = t->host_case->signs;

	for (int weight = SIGN_SPECIFIC; weight >= SIGN_LOOKS_ALIKE; weight--)
		for (size_t i = 0; i < signs->count; i++)
			if (signs->at[i].weight == (enum sign_weight)weight &&
			    names_the_code(&signs->at[i]))
				finding_add_reason(t->out, signs->at[i].reason);
	for (int weight = SIGN_SPECIFIC; weight >= SIGN_SUPPORTS; weight--)
		for (size_t i = 0; i < signs->count; i++)
			if (signs->at[i].weight == (enum sign_weight)weight &&
			    !names_the_code(&signs->at[i]))
				finding_add_reason(t->out, signs->at[i].reason);
	finding_add_reason(t->out, str_from(t->judgement.because));
	for (size_t i = 0; i < signs->count; i++)
		if (signs->at[i].quote.len > 0)
			finding_add_evidence(
				t->out, (struct evidence){.source = str_from(signs->at[i].detector),
							  .time = t->host_case->workload->last_seen,
							  .quote = signs->at[i].quote});
}

static struct str ancestor_text(struct telling *t, const struct ancestor *a)
{
	struct str name = arena_printable(t->scratch, a->name, PROCESS_NAME_MAX);

	return arena_printf(t->scratch, "%.*s (pid %" PRIu32 ")", STR_ARG(name), a->key.pid);
}

static void tell_origin(struct telling *t)
{
	const struct process *p = t->process;
	struct str *parents =
		arena_take(t->scratch, sizeof(*parents) * (PROCESS_ANCESTORS_MAX + 1));
	struct str *sockets = arena_take(t->scratch, sizeof(*sockets) * (PROCESS_SOCKETS_MAX + 1));
	size_t connected = 0;

	for (size_t i = 0; parents && i < p->ancestor_count; i++)
		parents[i] = ancestor_text(t, &p->ancestors[i]);
	if (parents)
		facts_add_texts(&t->out->facts, "parents", parents, p->ancestor_count);
	for (size_t i = 0; sockets && i < p->socket_count; i++) {
		char remote[ENDPOINT_TEXT_MAX];
		if (p->sockets[i].is_listening || p->sockets[i].remote.port == 0)
			continue;
		endpoint_text(&p->sockets[i].remote, remote);
		sockets[connected++] = arena_printf(t->scratch, "%s", remote);
	}
	if (sockets)
		facts_add_texts(&t->out->facts, "connected_to", sockets, connected);
}

static void tell_executable(struct telling *t)
{
	const struct executable *e = &t->process->executable;
	struct facts *facts = &t->out->facts;
	CLEANUP(buf_fini) struct buf hash = {0};

	facts_add_text(facts, "executable", e->path);
	if (e->has_sha256) {
		buf_add_hex(&hash, str_of(e->sha256, sizeof(e->sha256)));
		facts_add_text(facts, "sha256", arena_copy(t->scratch, buf_view(&hash)));
	}
	if (e->flags & EXECUTABLE_DELETED)
		facts_add_truth(facts, "executable_deleted", true);
	if (e->flags & EXECUTABLE_MEMFD)
		facts_add_truth(facts, "executable_never_a_file", true);
}

/* "cron /etc/cron.d/x:3" */
static void tell_stay(struct telling *t)
{
	const struct workload *w = t->host_case->workload;
	struct str *texts = arena_take(t->scratch, sizeof(*texts) * (w->trace_count + 1));
	size_t count = 0;

	for (size_t i = 0; texts && i < w->trace_count; i++)
		if (w->traces[i].leads_here)
			texts[count++] = arena_printf(t->scratch, "%s %.*s", w->traces[i].kind,
						      STR_ARG(w->traces[i].place));
	if (texts)
		facts_add_texts(&t->out->facts, "stays_by", texts, count);
}

/* As the network's findings name them, client first: correlate/ joins by it. */
static void tell_sessions(struct telling *t)
{
	const struct workload *w = t->host_case->workload;
	struct str *texts = arena_take(t->scratch, sizeof(*texts) * (w->session_count + 1));
	char ends[ENDS_TEXT_MAX];

	for (int serves = 0; texts && serves < 2; serves++) {
		size_t count = 0;
		for (size_t i = 0; i < w->session_count; i++) {
			const struct workload_session *s = &w->sessions[i];
			if (s->serves != (bool)serves)
				continue;
			texts[count++] = arena_copy(
				t->scratch, ends_text(serves ? &s->remote : &s->local,
						      serves ? &s->local : &s->remote, ends));
		}
		facts_add_texts(&t->out->facts, serves ? "sessions_served" : "sessions", texts,
				count);
		texts += count;
	}
}

/*
 * What the claim would be without what sensors say. They read what strangers send, and who acts by
 * itself (programs/response_policy) must not act on their word.
 */
static void tell_without_network(struct telling *t)
{
	struct facts *facts = &t->out->facts;

	if (t->host_case->workload->session_count == 0)
		return;
	const struct weighing here = host_weigh(t->host_case->signs, false);
	const struct judgement judged = host_judge(&here, t->process);
	facts_add_text(facts, "verdict_without_network",
		       str_from(judged.state ? verdict_name(judged.verdict) : "signal"));
	facts_add_real(facts, "confidence_without_network", judged.confidence);
}

/* As the engines write them: `podman images --digests` and `docker images --digests` show one. */
void host_verdict_tell_image(const struct container_image *image, struct arena *scratch,
			     struct finding *out)
{
	struct str *texts = arena_take(scratch, sizeof(*texts) * IMAGE_DIGESTS_MAX);

	for (size_t i = 0; texts && i < image->count; i++) {
		CLEANUP(buf_fini) struct buf text = {0};
		buf_add_text(&text, "sha256:");
		for (size_t j = 0; j < IMAGE_DIGEST_BYTES; j++)
			buf_printf(&text, "%02x", image->digests[i][j]);
		texts[i] = arena_copy(scratch, buf_view(&text));
	}
	if (texts)
		facts_add_texts(&out->facts, "image_digests", texts, image->count);
	if (!facts_find(&out->facts, STR("image_name")))
		facts_add_text(&out->facts, "image_name",
			       arena_copy(scratch, str_from(image->name)));
}

static void tell_facts(struct telling *t)
{
	const struct workload *w = t->host_case->workload;
	const struct process *p = t->process;
	struct facts *facts = &t->out->facts;
	struct str *families = arena_take(t->scratch, sizeof(*families) * FAMILY_COUNT);
	size_t count = 0;

	facts_add_text(facts, "state", str_from(t->judgement.state));
	if (t->weighing.algorithm) {
		const char *coin = algorithm_coin(t->weighing.algorithm);
		facts_add_text(facts, "algorithm", str_from(t->weighing.algorithm));
		facts_add_text(facts, "coin", coin ? str_from(coin) : (struct str){0});
	}
	for (int i = 0; families && i < FAMILY_COUNT; i++)
		if (t->weighing.strength[i] > 0)
			families[count++] = str_from(sign_family_name((enum sign_family)i));
	if (families)
		facts_add_texts(facts, "families", families, count);
	facts_add_text(facts, "name", p->name);
	facts_add_text(facts, "arguments", p->arguments);
	tell_executable(t);
	facts_add_number(facts, "uid", p->uid);
	facts_add_text(facts, "unit", p->cgroup.unit);
	facts_add_text(facts, "runtime", str_from(container_runtime_name(p->cgroup.runtime)));
	facts_add_text(facts, "container", p->cgroup.container);
	facts_add_text(facts, "pod", p->cgroup.pod);
	host_verdict_tell_image(&p->image, t->scratch, t->out);
	const float *shares = w->browser ? w->own_shares : w->shares;
	size_t steps = w->browser ? w->own_share_count : w->share_count;
	if (steps > 0)
		facts_add_real(facts, "cores_used", shares_mean(shares, steps));
	facts_add_number(facts, "processes", w->processes_seen);
	host_page_tell(t->host_case, t->scratch, t->out);
	tell_origin(t);
	tell_sessions(t);
	tell_stay(t);
}

static void tell_actions(struct telling *t)
{
	static const struct {
		const char *action, *text;
		bool can_be_undone;
	} steps[] = {
		{"evidence", "Keep the evidence: program, memory map, sockets, parents", false},
		{"freeze", "Stop it for now; nothing of it is lost", true},
		{"block", "Cut its connections", true},
		{"kill", "End it for good", false},
	};
	static const char end_page[] = "End this page's process alone; the browser and its other "
				       "pages stay";
	char id[FINDING_ID_LEN + 1];
	const bool is_page = host_page_is_one(t->host_case);

	if (is_page)
		host_page_tell_action(t->host_case->workload, t->scratch, t->out);
	finding_identify(t->out, id);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (t->judgement.verdict != VERDICT_MINING && i > 1)
			break;
		struct str undo = arena_printf(t->scratch, "davy respond %s undo", id);
		finding_add_action(
			t->out,
			(struct action){
				.text = str_from(is_page && i == 3 ? end_page : steps[i].text),
				.command = arena_printf(t->scratch, "davy respond %s %s", id,
							steps[i].action),
				.undo = steps[i].can_be_undone ? undo : (struct str){0}});
	}
}

/* Before it is ended, or it comes back. */
static void tell_removals(struct telling *t)
{
	const struct workload *w = t->host_case->workload;

	for (size_t i = 0; i < w->trace_count; i++) {
		const struct setup_trace *trace = &w->traces[i];
		if (!trace->leads_here || trace->remove.len == 0)
			continue;
		finding_add_action(
			t->out, (struct action){.text = arena_printf(
							t->scratch,
							"Take away what starts it again: %s, %.*s",
							trace->kind, STR_ARG(trace->place)),
						.command = trace->remove,
						.undo = trace->undo});
	}
}

bool host_verdict(const struct host_case *host_case, struct arena *scratch, struct finding *out)
{
	struct telling t = {.host_case = host_case,
			    .process = host_case->workload->process,
			    .scratch = scratch,
			    .out = out,
			    .weighing = host_weigh(host_case->signs, true)};

	t.judgement = host_judge(&t.weighing, t.process);
	if (!t.judgement.state)
		return false;
	out->detector = STR("host");
	out->verdict = t.judgement.verdict;
	out->severity = t.judgement.severity;
	out->confidence = t.judgement.confidence;
	out->first_seen = host_case->workload->first_seen;
	out->last_seen = host_case->workload->last_seen;
	finding_add_technique(out, STR("T1496.001"));
	tell_subject(&t);
	tell_title(&t);
	tell_reasons(&t);
	tell_facts(&t);
	tell_without_network(&t);
	tell_actions(&t);
	tell_removals(&t);
	return true;
}
