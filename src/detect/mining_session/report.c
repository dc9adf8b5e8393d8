/*
 * From what was said to a claim, in words.
 *
 * The line between `mining` and `suspect`: both sides must have spoken, in their roles, each
 * acknowledged by the other's TCP; and the pool must have handed out work or accepted the login.
 * Whatever one side alone can say can be forged by a neighbour who wants to frame somebody, or
 * quoted by a page or a chat, so it is `suspect` at most, and plain words alone are nothing.
 */
#include "detect/mining_session/report.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "decode/mining/hashrate.h"
#include "decode/packet/packet.h"
#include "decode/wallet/wallet.h"
#include "detect/mining_session/listed.h"
#include "model/coin_name.h"

struct judgement {
	enum verdict verdict;
	enum severity severity;
	double confidence;
	const char *state; /* facts.state */
	const char *because;
	bool by_tunnel; /* the way through tunnels speaks against more; tell_because has the words
			 */
};

static const struct judgement nothing = {0};

static bool both_acknowledged(const struct session *s)
{
	return s->acknowledged[0] && s->acknowledged[1];
}

static struct judgement suspect(double confidence, const char *state, const char *because)
{
	return (struct judgement){VERDICT_SUSPECT,
				  confidence >= 0.5 ? SEVERITY_MEDIUM : SEVERITY_LOW, confidence,
				  state, because};
}

static struct judgement mining(double confidence, const char *state, const char *because)
{
	return (struct judgement){VERDICT_MINING, SEVERITY_HIGH, confidence, state, because};
}

/* Both sides were heard, but not that each got what the other said. */
static struct judgement unacknowledged(const struct session *s, const char *state)
{
	struct judgement judgement =
		suspect(0.6, state,
			"one side's data was never acknowledged by the other: it may be forged");

	judgement.by_tunnel = s->doubts & (DOUBT_ONE_TUNNEL_END | DOUBT_TUNNELS_APART);
	return judgement;
}

/* What looks like mining between two ends may still be the work of a third, or not what arrived. */
static struct judgement doubted(const struct session *s, struct judgement judgement)
{
	if (judgement.verdict != VERDICT_MINING)
		return judgement;
	if (s->doubts & DOUBT_REFUSED_ITSELF)
		return suspect(0.6, judgement.state,
			       "a side refused the connection (RST), and again when more had been "
			       "said in its name: somebody else may speak for it");
	if (s->doubts & DOUBT_TWO_VERSIONS)
		return suspect(0.6, judgement.state,
			       "two versions of the same bytes were sent, or the same bytes at "
			       "odds with their order: which of them the other side took is not "
			       "certain");
	return judgement;
}

static struct judgement judge_noise(const struct session *s)
{
	if (!both_acknowledged(s))
		return s->doubts & (DOUBT_ONE_TUNNEL_END | DOUBT_TUNNELS_APART)
			       ? unacknowledged(s, "attempted")
			       : nothing;
	/* a channel that is refused ends after the second record down */
	if (s->noise_setup && s->noise_up >= 2 && s->noise_down >= 3)
		return mining(
			0.9, "accepted",
			"an encrypted Stratum V2 session by its shape: a 64-byte key up, 234 bytes "
			"down, a connection set-up answered by a 44-byte record, then a channel "
			"that went on; no other protocol we know opens so");
	return suspect(0.5, "attempted",
		       "opens like encrypted Stratum V2 (64 bytes up, 234 down), but went no "
		       "further in what was seen");
}

static bool in_http(const struct session *s)
{
	return s->carrier_count > 0 && s->carriers[s->carrier_count - 1] == CARRIER_HTTP;
}

static bool has_wallet(const struct session *s)
{
	struct wallet wallet;

	return wallet_recognise(str_of(s->login_name.at, s->login_name.len), &wallet) &&
	       wallet.checksum_ok;
}

/* Dialects in which work is asked of a node, also over HTTP; their requests are plain words. */
static bool asks_node(enum dialect dialect)
{
	return dialect == DIALECT_GETWORK || dialect == DIALECT_GETBLOCKTEMPLATE ||
	       dialect == DIALECT_ETH_PROXY;
}

/* Work or a login went one way and nothing that a pool says came back. */
static struct judgement judge_unanswered(const struct session *s, enum dialect dialect, int miner)
{
	bool refused = s->login == OUTCOME_REFUSED || s->hello == OUTCOME_REFUSED ||
		       s->ask == OUTCOME_REFUSED;
	bool said_enough = s->specific[miner] > 0 || has_wallet(s);

	if (in_http(s) && !asks_node(dialect))
		return nothing; /* a page or a message that quotes Stratum */
	if (dialect == DIALECT_DUINO || (!said_enough && !asks_node(dialect)))
		return nothing;
	if (!said_enough && !refused && s->acts[miner][ACT_ASK_WORK] == 0)
		return nothing;
	if (refused)
		return suspect(0.5, "refused",
			       "the other side refused: no mining followed on this connection");
	return suspect(0.4, "attempted",
		       "only one side spoke as in mining: without an answer this can be a failed "
		       "attempt, a quotation or a forgery");
}

/* The pool's side was heard, in whole or in part. */
static struct judgement judge_answered(const struct session *s, enum dialect dialect, int miner)
{
	bool works = s->jobs > 0 || s->accepted > 0;
	bool node_template =
		dialect == DIALECT_GETBLOCKTEMPLATE && s->shares == 0 && !has_wallet(s);
	bool miner_spoke =
		s->miner_words[miner] > 0 && (s->specific[miner] > 0 || s->specific[!miner] > 0);

	if (!miner_spoke)
		return suspect(0.6, "working",
			       "work was handed out, but the side that would mine was not heard");
	if (!both_acknowledged(s))
		return unacknowledged(s, works ? "working" : "accepted");
	if (in_http(s) && !asks_node(dialect))
		return suspect(0.6, works ? "working" : "accepted",
			       "a mining session in plain HTTP requests, which a page can make "
			       "anybody's browser send");
	if (node_template)
		return suspect(0.5, "working",
			       "asks a coin node for block templates: a solo miner, or a pool's "
			       "own server; no block was submitted");
	if (s->accepted > 0)
		return mining(0.99, "working",
			      "the pool accepted shares, the proofs of work done for it");
	if (s->jobs > 0 && s->specific[!miner] > 0)
		return mining(s->shares > 0 ? 0.98 : 0.95, "working",
			      "work was asked for and handed out");
	if (s->login == OUTCOME_REFUSED)
		return suspect(0.5, "refused",
			       "the pool refused the login: no mining followed on this connection");
	if (s->login == OUTCOME_ACCEPTED && s->login_is_specific && s->specific[!miner] > 0)
		return mining(0.92, "accepted", "the login was accepted in the pool's own terms");
	if (s->login == OUTCOME_ACCEPTED || s->hello == OUTCOME_ACCEPTED)
		return suspect(0.6, "accepted",
			       "the other side answered as pools do, but no work was seen");
	return judge_unanswered(s, dialect, miner);
}

static struct judgement judge(const struct session *s)
{
	if (s->has_noise)
		return doubted(s, judge_noise(s));
	int miner = session_miner(s);
	if (miner < 0 || session_is_quoted(s))
		return nothing;
	if (s->specific[0] + s->specific[1] == 0 && !has_wallet(s) &&
	    !asks_node(session_dialect(s)))
		return nothing; /* plain words: login, submit, job */
	bool answered = s->pool_words[!miner] > 0 &&
			(s->specific[!miner] > 0 || s->login == OUTCOME_ACCEPTED ||
			 s->hello == OUTCOME_ACCEPTED || s->accepted > 0);
	return answered ? doubted(s, judge_answered(s, session_dialect(s), miner))
			: judge_unanswered(s, session_dialect(s), miner);
}

#define TEXT(field) str_of((field).at, (field).len)

struct telling {
	const struct session *s;
	struct arena *scratch;
	struct finding *out;
	struct judgement judgement;
	enum dialect dialect;
	int miner;
	struct str client, server; /* "address:port" */
	struct str coin, algorithm;
	struct wallet wallet;
	bool has_wallet;
};

static void tell_who(struct telling *t)
{
	const struct endpoint *ends = t->s->ends;
	char client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX];

	endpoint_text(&ends[t->miner], client);
	endpoint_text(&ends[!t->miner], server);
	t->client = arena_printf(t->scratch, "%s", client);
	t->server = arena_printf(t->scratch, "%s", server);
	t->out->subject.type = STR("flow");
	facts_add_text(&t->out->subject.keys, "client", t->client);
	facts_add_text(&t->out->subject.keys, "server", t->server);
	facts_add_text(&t->out->subject.keys, "protocol", STR("tcp"));
}

static void tell_coin(struct telling *t)
{
	struct str login = TEXT(t->s->login_name);

	t->algorithm = TEXT(t->s->algorithm);
	t->has_wallet = wallet_recognise(login, &t->wallet);
	if (t->has_wallet && t->wallet.kind != WALLET_ETHEREUM)
		t->coin = str_from(t->wallet.coin);
	else
		t->coin = coin_of_dialect(t->dialect, t->algorithm);
	if (t->algorithm.len == 0)
		t->algorithm = coin_algorithm(t->coin);
}

/* "Monero mining: 10.0.0.7 through 10.0.0.1:1080 to pool pool.example:3333" */
static void tell_title(struct telling *t)
{
	const bool is_sure = t->judgement.verdict == VERDICT_MINING;
	char host[ENDPOINT_TEXT_MAX];
	struct buf words = {0};

	buf_add_coin_activity(&words, t->coin, "mining");
	buf_printf(&words, "%s: %.*s", is_sure ? "" : " suspected",
		   STR_ARG(address_text(&t->s->ends[t->miner].address, host)));
	if (t->s->target.len > 0) {
		buf_printf(&words, " through %.*s to pool ", STR_ARG(t->server));
		buf_add_printable(&words, TEXT(t->s->target), 120);
	} else {
		buf_printf(&words, " to pool %.*s", STR_ARG(t->server));
	}
	t->out->title = arena_printf(t->scratch, "%.*s", STR_ARG(buf_view(&words)));
	buf_fini(&words);
}

static void tell_login(struct telling *t)
{
	struct str login = TEXT(t->s->login_name);
	struct buf words = {0};

	if (login.len == 0)
		return;
	if (t->wallet.kind != WALLET_NONE) {
		buf_add(&words, STR("login with "));
		buf_add_wallet(&words, &t->wallet);
	} else {
		buf_add(&words, STR("login as \""));
		buf_add_printable(&words, login, 60);
		buf_add(&words, STR("\", which is no address of a coin we know"));
	}
	finding_add_reason(t->out, arena_printf(t->scratch, "%.*s", STR_ARG(buf_view(&words))));
	buf_fini(&words);
}

static void tell_counts(struct telling *t)
{
	const struct session *s = t->s;

	if (s->shares > 0 || s->accepted > 0 || s->rejected > 0)
		finding_add_reason(t->out,
				   arena_printf(t->scratch,
						"%u share%s submitted, %u accepted, %u refused",
						s->shares, s->shares == 1 ? "" : "s", s->accepted,
						s->rejected));
	if (s->jobs > 0)
		finding_add_reason(t->out,
				   arena_printf(t->scratch, "%u job%s handed out by %.*s", s->jobs,
						s->jobs == 1 ? "" : "s", STR_ARG(t->server)));
}

static void tell_carriers(struct telling *t)
{
	static const struct {
		uint16_t tunnel;
		const char *name;
	} tunnels[] = {{TUNNEL_VXLAN, "VXLAN"},
		       {TUNNEL_GENEVE, "Geneve"},
		       {TUNNEL_GRE, "GRE"},
		       {TUNNEL_IPIP, "IP-in-IP"},
		       {TUNNEL_GTPU, "GTP-U"}};
	struct buf words = {0};

	for (uint8_t i = 1; i < t->s->carrier_count; i++)
		buf_printf(&words, "%s%s", words.len ? ", then " : "",
			   carrier_name((enum carrier)t->s->carriers[i]));
	if (words.len > 0)
		finding_add_reason(t->out, arena_printf(t->scratch, "carried inside %.*s",
							STR_ARG(buf_view(&words))));
	buf_clear(&words);
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(*tunnels); i++)
		if (t->s->tunnels & tunnels[i].tunnel)
			buf_printf(&words, "%s%s", words.len ? ", " : "", tunnels[i].name);
	if (words.len > 0)
		finding_add_reason(
			t->out,
			arena_printf(
				t->scratch,
				"seen inside a tunnel (%.*s): the addresses are the inner ones",
				STR_ARG(buf_view(&words))));
	buf_fini(&words);
}

static void tell_proxy(struct telling *t)
{
	struct buf words = {0};

	if (t->s->target.len > 0) {
		buf_printf(&words, "asked the proxy at %.*s for ", STR_ARG(t->server));
		buf_add_printable(&words, TEXT(t->s->target), 120);
		buf_add(&words, STR(": that is the pool"));
	} else if (t->s->forwarded_for.len > 0) {
		buf_add(&words, STR("the client is a proxy that says it speaks for "));
		buf_add_printable(&words, TEXT(t->s->forwarded_for), 120);
		buf_add(&words, STR(": look for the miner there"));
	}
	if (words.len > 0)
		finding_add_reason(t->out,
				   arena_printf(t->scratch, "%.*s", STR_ARG(buf_view(&words))));
	buf_fini(&words);
}

/*
 * The deciding reason. Where tunnels stand in the way: that, and where they came from; and where
 * they would, but for a mirror that is believed, that.
 */
static void tell_because(struct telling *t)
{
	const struct session *s = t->s;
	bool is_believed =
		t->judgement.verdict == VERDICT_MINING && (s->doubts & DOUBT_MIRROR_BELIEVED);
	char end[ENDPOINT_TEXT_MAX] = "a tunnel";

	if (!t->judgement.by_tunnel)
		finding_add_reason(t->out, str_from(t->judgement.because));
	if (!t->judgement.by_tunnel && !is_believed)
		return;
	if (s->has_tunnel_end)
		address_text(&s->tunnel_end, end);
	const char *what = is_believed ? "both sides came from %s, which is believed as a mirror: "
					 "whoever else can send from there can make up both"
			   : s->doubts & DOUBT_ONE_TUNNEL_END
				   ? "both sides came out of one tunnel end, %s: whoever sends "
				     "there can make up both"
				   : "what was said went through a tunnel and its acknowledgement "
				     "did not come back through it (%s): whoever sends there can "
				     "make up one side or both";
	finding_add_reason(t->out, arena_printf(t->scratch, what, end));
}

static void tell_reasons(struct telling *t)
{
	tell_because(t);
	tell_login(t);
	tell_counts(t);
	tell_carriers(t);
	tell_proxy(t);
	if (t->s->error.len > 0) {
		struct buf words = {0};
		buf_add(&words, STR("the pool said: "));
		buf_add_printable(&words, TEXT(t->s->error), 80);
		finding_add_reason(t->out,
				   arena_printf(t->scratch, "%.*s", STR_ARG(buf_view(&words))));
		buf_fini(&words);
	}
	if (t->s->duplicate_keys)
		finding_add_reason(t->out, STR("messages carry a deciding key twice, which hides "
					       "them from other readers"));
}

static void tell_hashrate(struct telling *t)
{
	const struct session *s = t->s;
	struct facts *facts = &t->out->facts;
	struct hashrate rate;
	struct buf words = {0};

	if (s->claimed_hashrate_per_s > 0)
		facts_add_real(facts, "claimed_hashrate_per_s", s->claimed_hashrate_per_s);
	if (!hashrate_estimate(&s->work, instant_since(s->last_seen, s->first_act), &rate))
		return;
	facts_add_real(facts, "hashrate_per_s", rate.per_s);
	facts_add_real(facts, "hashrate_low_per_s", rate.low_per_s);
	facts_add_real(facts, "hashrate_high_per_s", rate.high_per_s);
	buf_add_hashrate(&words, &rate, t->dialect == DIALECT_ZCASH ? "Sol" : "H");
	facts_add_text(facts, "hashrate",
		       arena_printf(t->scratch, "%.*s", STR_ARG(buf_view(&words))));
	buf_fini(&words);
}

static void tell_prints(struct telling *t)
{
	uint32_t count = t->s->prints_next < PRINTS_MAX ? t->s->prints_next : PRINTS_MAX;
	struct str *prints = arena_take(t->scratch, sizeof(*prints) * PRINTS_MAX);

	for (uint32_t i = 0; i < count && prints; i++)
		prints[i] = arena_printf(t->scratch, "%016" PRIx64, t->s->prints[i]);
	if (prints)
		facts_add_texts(&t->out->facts, "share_prints", prints, count);
}

static void tell_names(struct telling *t)
{
	struct str *names = arena_take(t->scratch, sizeof(*names) * (NAMES_MAX + 1));
	size_t count = 0;

	for (uint8_t i = 0; i < t->s->name_count && names; i++)
		names[count++] = TEXT(t->s->names[i]);
	if (names)
		facts_add_texts(&t->out->facts, "pool_names", names, count);
}

static void tell_transport(struct telling *t)
{
	struct str *names = arena_take(t->scratch, sizeof(*names) * (CARRIERS_MAX + 1));
	size_t count = 0;

	for (uint8_t i = 0; i < t->s->carrier_count && names; i++)
		names[count++] = str_from(carrier_name((enum carrier)t->s->carriers[i]));
	if (names && (t->s->tunnels & TUNNEL_VXLAN))
		names[count++] = STR("vxlan");
	if (names)
		facts_add_texts(&t->out->facts, "transport", names, count);
}

static void tell_facts(struct telling *t)
{
	const struct session *s = t->s;
	struct facts *facts = &t->out->facts;
	struct str worker = s->worker.len ? TEXT(s->worker) : t->wallet.worker;

	facts_add_text(facts, "state", str_from(t->judgement.state));
	facts_add_text(facts, "dialect", str_from(dialect_name(t->dialect)));
	tell_transport(t);
	facts_add_text(facts, "coin", t->coin);
	facts_add_text(facts, "algorithm", t->algorithm);
	if (t->has_wallet)
		facts_add_text(facts, "wallet", t->wallet.address);
	facts_add_text(facts, "login", TEXT(s->login_name));
	facts_add_text(facts, "worker", worker);
	facts_add_text(facts, "agent", TEXT(s->agent));
	tell_names(t);
	facts_add_text(facts, "target", TEXT(s->target));
	facts_add_number(facts, "jobs", s->jobs);
	facts_add_number(facts, "shares", s->shares);
	facts_add_number(facts, "accepted", s->accepted);
	facts_add_number(facts, "rejected", s->rejected);
	double work = coin_share_work(t->dialect, t->algorithm, s->difficulty, TEXT(s->job_target));
	if (work > 0)
		facts_add_real(facts, "difficulty", work);
	tell_hashrate(t);
	if (s->height > 0)
		facts_add_number(facts, "height", s->height);
	facts_add_number(facts, "bytes_up", s->bytes[t->miner]);
	facts_add_number(facts, "bytes_down", s->bytes[!t->miner]);
	tell_prints(t);
}

static void tell_evidence(struct telling *t)
{
	for (uint8_t i = 0; i < t->s->quote_count; i++) {
		const struct quote *quote = &t->s->quotes[i];
		finding_add_evidence(
			t->out,
			(struct evidence){.source = str_of(quote->source, quote->source_len),
					  .offset = quote->offset,
					  .has_offset = quote->has_offset,
					  .time = quote->at,
					  .quote = str_of(quote->quote, quote->quote_len)});
	}
}

/* A list never makes a finding nor a verdict: it makes a suspicion a little stronger. */
static void tell_listed(struct telling *t, const struct pool_list *pools)
{
	enum { LISTED_PERCENT = 10, SUSPECT_MOST_PERCENT = 85 };
	struct buf entry = {0}, words = {0};
	struct pool_match match;

	if (session_has_shared_address(t->s, t->miner, pools))
		facts_add_truth(&t->out->facts, "shared_address", true);
	if (!session_listed(t->s, t->miner, pools, &match))
		return;
	buf_add_pool_entry(&entry, &match.entry);
	buf_printf(&words, "listed as a public pool: %.*s, by ", STR_ARG(buf_view(&entry)));
	buf_add_printable(&words, match.list, 200);
	buf_printf(&words, " of %.*s", STR_ARG(match.date));
	finding_add_reason(t->out, arena_printf(t->scratch, "%.*s", STR_ARG(buf_view(&words))));
	facts_add_text(&t->out->facts, "listed",
		       arena_printf(t->scratch, "%.*s", STR_ARG(buf_view(&entry))));
	buf_fini(&words);
	buf_fini(&entry);
	double most = SUSPECT_MOST_PERCENT / 100.0;
	double raised = t->out->confidence + LISTED_PERCENT / 100.0;
	if (t->out->verdict == VERDICT_SUSPECT && t->out->confidence < most)
		t->out->confidence = raised < most ? raised : most;
}

/* An honest mirror sends as a forger does: only the operator knows which it is. */
static void tell_mirror(struct telling *t)
{
	char end[ENDPOINT_TEXT_MAX] = "ADDRESS";

	if (t->s->has_tunnel_end)
		address_text(&t->s->tunnel_end, end);
	finding_add_action(
		t->out,
		(struct action){
			.text = arena_printf(t->scratch,
					     "If %s is a mirror or tunnel of yours, and nobody "
					     "else can send from it: name it in watch.mirrors of "
					     "/etc/davy/davy.yaml, or with davy scan --mirror",
					     end)});
}

static void tell_actions(struct telling *t)
{
	const struct endpoint *pool = &t->s->ends[!t->miner], *miner = &t->s->ends[t->miner];
	char pool_host[ENDPOINT_TEXT_MAX], miner_host[ENDPOINT_TEXT_MAX];
	const char *family = address_is_v4(&pool->address) ? "ip" : "ip6";

	address_text(&pool->address, pool_host);
	address_text(&miner->address, miner_host);
	if (t->judgement.by_tunnel)
		tell_mirror(t);
	finding_add_action(
		t->out,
		(struct action){.text = arena_printf(t->scratch, "Find the program: run this on %s",
						     miner_host),
				.command = arena_printf(t->scratch, "ss -tnp dst %.*s",
							STR_ARG(t->server))});
	if (t->judgement.verdict != VERDICT_MINING)
		return;
	/* Seen behind routing, so it holds for this host and for those it routes; a miner that
	 * hears nothing waits, one that is reset goes to its next pool. */
	finding_add_action(
		t->out,
		(struct action){
			.text = arena_printf(
				t->scratch, "Cut %s off: on %s, or on a router in between",
				t->s->target.len > 0 ? "the proxy to the pool" : "the pool",
				miner_host),
			.command = arena_printf(t->scratch,
						"nft 'table inet davy { chain cut { type filter "
						"hook postrouting priority 0; %s daddr %s tcp "
						"dport %u drop; }; }'",
						family, pool_host, pool->port),
			.undo = STR("nft delete table inet davy")});
}

bool session_report(const struct session *session, const struct detector_context *context,
		    struct finding *out)
{
	struct telling t = {
		.s = session, .scratch = context->scratch, .out = out, .judgement = judge(session)};

	if (!t.judgement.state)
		return false;
	t.miner = session_miner(session);
	t.dialect = session_dialect(session);
	out->verdict = t.judgement.verdict;
	out->severity = t.judgement.severity;
	out->confidence = t.judgement.confidence;
	out->first_seen = session->first_seen;
	out->last_seen = session->last_seen;
	tell_who(&t);
	tell_coin(&t);
	tell_title(&t);
	tell_reasons(&t);
	tell_facts(&t);
	tell_listed(&t, context->pools);
	tell_evidence(&t);
	tell_actions(&t);
	return true;
}
