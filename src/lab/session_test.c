#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "lab/layer.h"
#include "lab/transcript.h"

static const instant begins = {1795341600000000000};

static struct lab_session session_of(const struct lab_dialect *dialect, unsigned variant)
{
	return (struct lab_session){
		.actor = {.seed = 7, .dialect = dialect, .variant = variant, .shares = 5},
		.begins = begins,
	};
}

static void play(const struct lab_session *session, struct lab_transcript *transcript,
		 struct lab_outcome *outcome)
{
	struct error why = {0};

	if (lab_session_play(session, transcript, outcome, &why) != 0)
		fail_msg("%s: %s", session->actor.dialect->name, why.text);
}

static void check_done(const struct lab_session *session, const char *how, uint32_t rejected)
{
	struct lab_transcript transcript = {0};
	struct lab_outcome outcome;

	play(session, &transcript, &outcome);
	if (outcome.state != LAB_STATE_DONE || outcome.accepted + outcome.rejected != 5 ||
	    outcome.rejected != rejected || outcome.jobs == 0)
		fail_msg("%s, variant %u, %s: state %d, %u accepted, %u rejected, %u jobs",
			 session->actor.dialect->name, session->actor.variant, how, outcome.state,
			 outcome.accepted, outcome.rejected, outcome.jobs);
	for (size_t i = 1; i < transcript.count; i++)
		assert_true(transcript.events[i].at.ns >= transcript.events[i - 1].at.ns);
	lab_transcript_fini(&transcript);
}

/* Every dialect and variant through every carrier it can travel in, to the last share. */
static void sessions_run_to_the_end(void **state)
{
	unsigned played = 0;

	for (size_t d = 0; d < lab_dialect_count; d++)
		for (unsigned v = 0; v < lab_dialects[d]->variant_count; v++)
			for (size_t c = 0; c < lab_carrier_count; c++) {
				struct lab_session s = session_of(lab_dialects[d], v);
				assert_true(lab_carrier_parse(str_from(lab_carrier_names[c]),
							      &s.carrier));
				assert_true(lab_carrier_complete(&s.carrier, lab_dialects[d]));
				if (lab_carrier_refusal(&s.carrier, lab_dialects[d]))
					continue;
				check_done(&s, lab_carrier_names[c], 0);
				played++;
			}
	print_message("# %u sessions\n", played);
	assert_true(played > 300);
}

static void every_spelling_is_understood(void **state)
{
	for (size_t d = 0; d < lab_dialect_count; d++)
		for (unsigned v = 0; v < lab_dialects[d]->variant_count; v++)
			for (size_t s = 0; s < lab_spelling_count; s++) {
				struct lab_session session = session_of(lab_dialects[d], v);
				session.actor.spelling = lab_spellings[s];
				session.actor.seed = 100 + s;
				check_done(&session, "spelled", 0);
			}
}

static void every_second_share_is_rejected_when_asked(void **state)
{
	for (size_t d = 0; d < lab_dialect_count; d++)
		for (unsigned v = 0; v < lab_dialects[d]->variant_count; v++) {
			struct lab_session session = session_of(lab_dialects[d], v);
			session.actor.reject_every = 2;
			check_done(&session, "rejecting", 2);
		}
}

static void check_ends(bool refuses, bool never_answers, enum lab_state expected)
{
	for (size_t d = 0; d < lab_dialect_count; d++)
		for (unsigned v = 0; v < lab_dialects[d]->variant_count; v++) {
			struct lab_session session = session_of(lab_dialects[d], v);
			struct lab_transcript transcript = {0};
			struct lab_outcome outcome;
			session.actor.refuses_login = refuses;
			session.actor.never_answers = never_answers;
			play(&session, &transcript, &outcome);
			if (outcome.state != expected || outcome.shares != 0)
				fail_msg("%s, variant %u: state %d after %u shares",
					 lab_dialects[d]->name, v, outcome.state, outcome.shares);
			lab_transcript_fini(&transcript);
		}
}

static void a_refused_login_ends_the_session(void **state)
{
	check_ends(true, false, LAB_STATE_REFUSED);
}

static void a_silent_pool_is_given_up(void **state)
{
	check_ends(false, true, LAB_STATE_GAVE_UP);
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
	for (size_t d = 0; d < lab_dialect_count; d++) {
		struct lab_session session = session_of(lab_dialects[d], 0);
		struct lab_transcript runs[3] = {0};
		struct lab_outcome outcome;
		for (unsigned i = 0; i < 3; i++) {
			session.actor.seed = i < 2 ? 42 : 43;
			play(&session, &runs[i], &outcome);
		}
		assert_true(str_equal(buf_view(&runs[0].bytes), buf_view(&runs[1].bytes)));
		assert_false(str_equal(buf_view(&runs[0].bytes), buf_view(&runs[2].bytes)));
		for (unsigned i = 0; i < 3; i++)
			lab_transcript_fini(&runs[i]);
	}
}

/* Each write of a JSON dialect over plain TCP is lines of strict JSON, whatever the spelling. */
static void check_lines(const struct lab_dialect *dialect, struct str bytes)
{
	static struct json_node nodes[4096];

	for (;;) {
		struct json doc = {.nodes = nodes, .cap = 4096};
		bytes = str_trim(bytes);
		if (bytes.len == 0)
			return;
		size_t used = json_read(&doc, bytes);
		if (used == 0 || doc.flaws || json_kind(json_root(&doc)) != JSON_OBJECT)
			fail_msg("%s: flaws %x in %.*s", dialect->name, doc.flaws, STR_ARG(bytes));
		bytes = str_skip(bytes, used);
	}
}

static void what_is_json_is_valid_json(void **state)
{
	for (size_t d = 0; d < lab_dialect_count; d++)
		for (size_t s = 0; s < lab_spelling_count; s++) {
			struct lab_session session = session_of(lab_dialects[d], 0);
			struct lab_transcript transcript = {0};
			struct lab_outcome outcome;
			if (!lab_dialects[d]->is_json || lab_dialects[d]->native != LAB_NATIVE_TCP)
				continue;
			session.actor.spelling = lab_spellings[s];
			play(&session, &transcript, &outcome);
			for (size_t i = 0; i < transcript.count; i++)
				check_lines(lab_dialects[d], lab_transcript_bytes(&transcript, i));
			lab_transcript_fini(&transcript);
		}
}

/* Fed byte by byte, both sides understand each other all the same. */
static void cuts_do_not_matter(void **state)
{
	for (size_t d = 0; d < lab_dialect_count; d++) {
		const struct lab_dialect *dialect = lab_dialects[d];
		struct lab_settings settings = {.seed = 3, .dialect = dialect, .shares = 2};
		struct lab_actor *sides[2] = {0};
		struct buf message = {0};
		instant now = begins;
		unsigned idle = 0;
		if (dialect == lab_dialect_find(STR("duino-coin")))
			continue; /* its miner ends no line: a message is a piece */
		settings.is_request_reply = dialect->native == LAB_NATIVE_HTTP;
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(lab_actor_new(&settings, (enum lab_side)i, &sides[i]), 0);
		for (unsigned i = 2; i-- > 0;)
			lab_actor_connected(sides[i], now);
		for (unsigned turn = 0; turn < 2000 && !lab_actor_is_finished(sides[0]); turn++) {
			buf_clear(&message);
			bool has_message = lab_actor_take(sides[turn % 2], &message);
			for (size_t i = 0; i < message.len; i++)
				lab_actor_feed(sides[!(turn % 2)],
					       str_sub(buf_view(&message), i, 1), now);
			idle = has_message ? 0 : idle + 1;
			if (idle > 2) {
				idle = 0;
				now = lab_actor_due(sides[0]);
				lab_actor_wake(sides[0], now);
			}
		}
		if (lab_actor_outcome(sides[0]).state != LAB_STATE_DONE)
			fail_msg("%s: state %d", dialect->name, lab_actor_outcome(sides[0]).state);
		for (unsigned i = 0; i < 2; i++)
			lab_actor_free(sides[i]);
		buf_fini(&message);
	}
}

/* sv2-spec 04-Protocol-Security: 64 bytes up, 234 down, and an answer of 6 bytes sealed as 44. */
static void noise_has_the_lengths_of_noise(void **state)
{
	struct lab_session session = session_of(lab_dialect_find(STR("stratum-v2")), 0);
	struct lab_transcript t = {0};
	struct lab_outcome outcome;

	assert_false(lab_variant_find(session.actor.dialect, STR("none"), &session.actor.variant));
	assert_true(lab_variant_find(session.actor.dialect, STR("noise"), &session.actor.variant));

	play(&session, &t, &outcome);
	assert_true(t.count > 4);
	assert_int_equal(t.events[0].side, LAB_MINER);
	assert_int_equal(t.events[0].len, 64);
	assert_int_equal(t.events[1].side, LAB_POOL);
	assert_int_equal(t.events[1].len, 234);
	assert_int_equal(t.events[2].side, LAB_MINER);
	assert_int_equal(t.events[3].side, LAB_POOL);
	assert_int_equal(t.events[3].len, 44);
	lab_transcript_fini(&t);
}

/* EIP-1571: after the answer to mining.hello every message is a gzip member. */
static void after_hello_all_is_gzip(void **state)
{
	struct lab_session session = session_of(lab_dialect_find(STR("ethereum-stratum-2")), 1);
	struct lab_transcript t = {0};
	struct lab_outcome outcome;

	play(&session, &t, &outcome);
	for (size_t i = 0; i < t.count; i++)
		assert_int_equal(str_starts(lab_transcript_bytes(&t, i), STR("\x1f\x8b\x08")),
				 i >= 2);
	lab_transcript_fini(&t);
}

static void carriers_are_named_and_refused(void **state)
{
	struct lab_carrier carrier;
	struct buf name = {0};

	for (size_t i = 0; i < lab_carrier_count; i++) {
		buf_clear(&name);
		assert_true(lab_carrier_parse(str_from(lab_carrier_names[i]), &carrier));
		lab_carrier_add_name(&carrier, &name);
		assert_true(str_equal(buf_view(&name), str_from(lab_carrier_names[i])));
	}
	buf_fini(&name);
	assert_false(lab_carrier_parse(STR(""), &carrier));
	assert_false(lab_carrier_parse(STR("socks5+"), &carrier));
	assert_false(lab_carrier_parse(STR("socks5+socks5+socks5+socks5+socks5"), &carrier));
	assert_true(lab_carrier_parse(STR("http"), &carrier));
	assert_non_null(lab_carrier_refusal(&carrier, lab_dialect_find(STR("cryptonote"))));
	assert_null(lab_carrier_refusal(&carrier, lab_dialect_find(STR("eth-proxy"))));
	assert_true(lab_carrier_parse(STR("websocket+socks5"), &carrier));
	assert_non_null(lab_carrier_refusal(&carrier, lab_dialect_find(STR("cryptonote"))));
}

/* RFC 6455, 1.3 */
static void websocket_vector(void **state)
{
	char accept[32];

	lab_websocket_accept(STR("dGhlIHNhbXBsZSBub25jZQ=="), accept);
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_run_to_the_end),
		cmocka_unit_test(every_spelling_is_understood),
		cmocka_unit_test(every_second_share_is_rejected_when_asked),
		cmocka_unit_test(a_refused_login_ends_the_session),
		cmocka_unit_test(a_silent_pool_is_given_up),
		cmocka_unit_test(the_same_seed_gives_the_same_bytes),
		cmocka_unit_test(what_is_json_is_valid_json),
		cmocka_unit_test(cuts_do_not_matter),
		cmocka_unit_test(noise_has_the_lengths_of_noise),
		cmocka_unit_test(after_hello_all_is_gzip),
		cmocka_unit_test(carriers_are_named_and_refused),
		cmocka_unit_test(websocket_vector),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
