#include "matrix_cell.h"

#include <stdio.h>
#include <string.h>

#include "matrix_said.h"

enum { SHARES = 6, ODD_PORT = 47123, CLIENT_PORT = 40001 };

#define MINES	.most = VERDICT_MINING
#define SUSPECT .most = VERDICT_SUSPECT
#define WHOLE	.is_whole = true, MINES
#define IN(...)                   \
	.tunnels = {__VA_ARGS__}, \
	.tunnel_count = sizeof((enum lab_tunnel[]){__VA_ARGS__}) / sizeof(enum lab_tunnel), WHOLE
#define CAPTURED(shape) .packets = LAB_SHAPE_##shape
#define SPELLED(n)                                                                             \
	{                                                                                      \
		"spelling " #n, "other order, spacing, escapes or line ends (lab/spelling.c)", \
			.spelling = n, WHOLE                                                   \
	}

const struct shape shapes[] = {
	{"whole", "from the handshake to the close", WHOLE},
	{"mid-stream", "the capture begins in the middle of the session", .is_midstream = true,
	 MINES},
	{"1 byte", "a segment for each byte", CAPTURED(ONE_BYTE), .shares = 2, WHOLE},
	{"out of order", "segments late, and some twice", CAPTURED(OUT_OF_ORDER), WHOLE},
	{"odd port", "on a port that nothing is known for", .is_odd_port = true, WHOLE},
	{"IPv6", "over IPv6", .is_v6 = true, WHOLE},
	{"VXLAN", "in VXLAN, as cloud mirrors send it", IN(LAB_TUNNEL_VXLAN)},
	{"overlap", "segments that overlap", CAPTURED(OVERLAP), WHOLE},
	{"Geneve", "in Geneve with an option", IN(LAB_TUNNEL_GENEVE)},
	{"GRE", "in GRE with a key", IN(LAB_TUNNEL_GRE)},
	{"GTP-U", "in GTP-U, as mobile networks carry it", IN(LAB_TUNNEL_GTPU)},
	{"IP in IP", "in IP-in-IP", IN(LAB_TUNNEL_IPIP)},
	{"QinQ", "a service tag around a VLAN", IN(LAB_TUNNEL_QINQ, LAB_TUNNEL_VLAN)},
	{"MPLS", "two MPLS labels", IN(LAB_TUNNEL_MPLS)},
	{"PPPoE", "in PPPoE", IN(LAB_TUNNEL_PPPOE)},
	{"VXLAN in VLAN", "IPv6 in VXLAN in a VLAN", .is_v6 = true,
	 IN(LAB_TUNNEL_VLAN, LAB_TUNNEL_VXLAN)},
	{"IP fragments", "packets in fragments of 128 bytes", CAPTURED(IP_FRAGMENTS), WHOLE},
	{"gap", "a segment in the middle was not captured", CAPTURED(GAP), MINES},
	{"no close", "the capture ends before the connection does", CAPTURED(NO_CLOSE), WHOLE},
	{"rejected shares", "every second share is refused", .rejects = true, WHOLE},
	{"refused login", "the pool refuses the login", .refuses = true, SUSPECT},
	{"silent pool", "the pool acknowledges and says nothing", .is_silent = true, SUSPECT},
	{"client only", "only the miner's packets were captured", CAPTURED(CLIENT_ONLY), SUSPECT},
	{"server only", "only the pool's packets were captured", CAPTURED(SERVER_ONLY), SUSPECT},
	{"unacknowledged", "the other side never acknowledges", CAPTURED(UNACKNOWLEDGED), SUSPECT},
	SPELLED(1),
	SPELLED(2),
	SPELLED(3),
	SPELLED(4),
	SPELLED(5),
	SPELLED(6),
	SPELLED(7),
};
const size_t shape_count = sizeof(shapes) / sizeof(*shapes);

static bool fits(const char *wanted, const char *name)
{
	return !wanted || strcmp(wanted, name) == 0;
}

const struct limit *cell_limit(const struct cell *cell)
{
	for (size_t i = 0; i < limit_count; i++)
		if (fits(limits[i].dialect, cell->dialect->name) &&
		    fits(limits[i].variant, cell->dialect->variants[cell->variant].name) &&
		    (!limits[i].carrier ||
		     str_ends(str_from(cell->carrier), str_from(limits[i].carrier))) &&
		    fits(limits[i].shape, cell->shape->name))
			return &limits[i];
	return NULL;
}

bool cell_is_possible(const struct lab_dialect *dialect, const char *name)
{
	struct lab_carrier carrier;

	return lab_carrier_parse(str_from(name), &carrier) &&
	       lab_carrier_complete(&carrier, dialect) && !lab_carrier_refusal(&carrier, dialect);
}

struct lab_session cell_session(const struct cell *cell, instant begins)
{
	const struct shape *shape = cell->shape;
	struct lab_session session = {
		.actor = {.seed = 17 + cell->variant + 100 * (uint64_t)(shape - shapes),
			  .dialect = cell->dialect,
			  .variant = cell->variant,
			  .shares = shape->shares ? shape->shares : SHARES,
			  .reject_every = shape->rejects ? 2 : 0,
			  .refuses_login = shape->refuses,
			  .never_answers = shape->is_silent,
			  .spelling = lab_spellings[shape->spelling],
			  .pool_port = shape->is_odd_port ? ODD_PORT : 0},
		.begins = begins,
	};

	if (!lab_carrier_parse(str_from(cell->carrier), &session.carrier))
		session.actor.dialect = NULL; /* which the lab refuses with a sentence */
	return session;
}

struct lab_packet_settings cell_packets(const struct cell *cell,
					const struct lab_transcript *transcript)
{
	const struct shape *shape = cell->shape;
	struct lab_packet_settings settings = {
		.seed = 5,
		.client.port = CLIENT_PORT,
		.server.port = shape->is_odd_port ? ODD_PORT : cell->dialect->port,
		.shape = shape->packets,
		.first_event = shape->is_midstream ? transcript->count / 2 : 0,
		.tunnel_count = shape->tunnel_count,
	};

	memcpy(settings.tunnels, shape->tunnels, sizeof(settings.tunnels));
	return settings;
}

bool cell_play(struct cell *cell, struct scene *scene, struct error *why)
{
	struct lab_transcript transcript = {0};
	struct lab_session session = cell_session(cell, scene_now(scene));
	int r = lab_session_play(&session, &transcript, &cell->outcome, why);

	if (r == 0) {
		r = scene_add(scene, &transcript, cell_packets(cell, &transcript),
			      cell->shape->is_v6, &cell->index);
		if (r < 0)
			(void)error_set(why, r, "no room for the session's packets");
	}
	lab_transcript_fini(&transcript);
	return r == 0;
}

static void check_text(struct buf *why, const char *what, const char *expected, const char *seen)
{
	if (strcmp(expected, seen) != 0)
		buf_printf(why, "; %s '%s' instead of '%s'", what, seen, expected);
}

static void check_number(struct buf *why, const char *what, uint64_t expected, uint64_t seen)
{
	if (expected != seen)
		buf_printf(why, "; %lu %s instead of %lu", seen, what, expected);
}

/* What a whole session says must be what is told. */
static void check_facts(const struct cell *cell, const struct seen *seen, struct buf *why)
{
	struct said said;
	struct lab_session session = cell_session(cell, (instant){0});
	struct lab_carrier carrier = session.carrier;

	session.actor.is_request_reply = lab_carrier_complete(&carrier, cell->dialect) &&
					 lab_carrier_is_request_reply(&carrier);
	if (!said_by(&session.actor, &said)) {
		buf_add_text(why, "; the lab's actors could not be asked");
		return;
	}
	if (said.wallet[0])
		check_text(why, said.has_coin ? "wallet" : "login", said.wallet,
			   said.has_coin ? seen->wallet : seen->login);
	if (said.worker[0] && strcmp(seen->login, said.worker) != 0)
		check_text(why, "worker", said.worker, seen->worker);
	if (said.agent[0])
		check_text(why, "agent", said.agent, seen->agent);
	if (said.is_hidden)
		return;
	check_number(why, "shares", cell->outcome.shares, seen->shares);
	check_number(why, "accepted", cell->outcome.accepted, seen->accepted);
	check_number(why, "rejected", cell->outcome.rejected, seen->rejected);
	if (seen->jobs == 0)
		buf_add_text(why, "; no jobs");
}

bool cell_check(const struct cell *cell, const struct scene *scene, struct buf *why)
{
	const struct seen *seen = &scene->seen[cell->index];
	const struct conversation_ends *ends = &scene->ends[cell->index];
	const struct limit *limit = cell_limit(cell);
	enum verdict most = limit ? limit->most : cell->shape->most;
	size_t before = why->len;

	if (seen->findings > 1)
		buf_printf(why, "; %u findings", seen->findings);
	if (seen->findings > 0 ? seen->verdict > most : most == VERDICT_MINING)
		buf_printf(why, "; %s", seen_word(seen));
	else if (most == VERDICT_MINING && seen->verdict != VERDICT_MINING)
		buf_printf(why, "; only %s", seen_word(seen));
	else if (limit && most == VERDICT_SUSPECT && seen->findings == 0)
		buf_add_text(why, "; not even suspect");
	if (seen->findings > 0) {
		check_text(why, "client", ends->client, seen->client);
		check_text(why, "server", ends->server, seen->server);
		/* a login without an answer, as an account, is said alike in several dialects */
		if (most == VERDICT_MINING || seen->wallet[0])
			check_text(why, "dialect", cell->dialect->name, seen->dialect);
	}
	if (cell->shape->is_whole && seen->findings > 0 && !limit)
		check_facts(cell, seen, why);
	return why->len == before;
}

const char *seen_word(const struct seen *seen)
{
	return seen->findings == 0		 ? "not seen"
	       : seen->verdict == VERDICT_MINING ? "found"
						 : verdict_name(seen->verdict);
}
