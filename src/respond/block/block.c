/*
 * Cut it off from its pool: no new connections to exactly those addresses and ports, for a time (a
 * hook in its control group, and nft in a table of our own), then the existing ones are reset
 * (SOCK_DESTROY). The last two in the network namespace of the process.
 *
 * The rule of nft is for everybody in that network, so it must not be the miner who chooses what is
 * in it: by policy only places are named with which a mining session was seen on the wire, and what
 * else the process is connected to is reset, and stays open to others.
 */
#include "respond/block/block.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/json_write.h"
#include "respond/quarantine.h"
#include "respond/respond.h"

enum { CONNECTIONS_MAX = 64 };

struct connection {
	struct endpoint local, remote; /* local.port 0: not connected at the moment */
	uint32_t pid;
	uint64_t network;
	const char *never; /* why it is left alone; NULL: it is cut */
	bool only_reset;   /* others may go on connecting to that place */
};

struct connections {
	struct connection at[CONNECTIONS_MAX];
	size_t count, session_count; /* those of sessions seen on the wire come first */
	uint64_t network;	     /* of all; a second one needs a second response */
};

/* -- planning -- */

/* Somebody who came to it: an accepted connection has the port of a socket that listens. */
static bool came_to_it(const struct process *p, const struct process_socket *socket)
{
	for (size_t i = 0; i < p->socket_count; i++)
		if (p->sockets[i].is_listening && p->sockets[i].is_tcp &&
		    p->sockets[i].local.port == socket->local.port)
			return true;
	return false;
}

static const struct connection *find_remote(const struct connections *all,
					    const struct endpoint *remote)
{
	for (size_t i = 0; i < all->count; i++)
		if (endpoint_equal(&all->at[i].remote, remote))
			return &all->at[i];
	return NULL;
}

static bool has(const struct connections *all, const struct endpoint *local,
		const struct endpoint *remote)
{
	for (size_t i = 0; i < all->count; i++)
		if (endpoint_equal(&all->at[i].local, local) &&
		    endpoint_equal(&all->at[i].remote, remote))
			return true;
	return false;
}

/*
 * With whom it spoke of mining on the wire. They come before all others: of a process only the
 * first few sockets are known, and which ones these are is its own to choose. Nor does a listening
 * socket on the same port make such a connection one of somebody who came to it.
 */
static void add_sessions(const struct response_case *c, const struct never *never,
			 struct connections *out)
{
	const struct fact *sessions = facts_find(&c->finding->facts, STR("sessions"));

	for (size_t i = 0; sessions && i < sessions->text_count && out->count < CONNECTIONS_MAX;
	     i++) {
		struct endpoint local, remote;
		struct str client, server;
		if (!str_cut(sessions->texts[i], ' ', &client, &server) ||
		    !endpoint_parse(client, &local) || !endpoint_parse(server, &remote) ||
		    remote.port == 0 || has(out, &local, &remote))
			continue;
		out->at[out->count++] =
			(struct connection){.local = local,
					    .remote = remote,
					    .pid = c->targets[0]->key.pid,
					    .network = out->network,
					    .never = never_says(never, &remote.address)};
	}
	out->session_count = out->count;
}

static bool is_of_session(const struct connections *all, const struct endpoint *remote)
{
	for (size_t i = 0; i < all->session_count; i++)
		if (endpoint_equal(&all->at[i].remote, remote))
			return true;
	return false;
}

static void add_connections(const struct response_case *c, const struct process *p,
			    const struct never *never, struct connections *out)
{
	for (size_t i = 0; i < p->socket_count && out->count < CONNECTIONS_MAX; i++) {
		const struct process_socket *s = &p->sockets[i];
		if (!s->is_tcp || s->is_listening || s->remote.port == 0 ||
		    has(out, &s->local, &s->remote))
			continue;
		out->at[out->count++] = (struct connection){
			.local = s->local,
			.remote = s->remote,
			.pid = p->key.pid,
			.network = out->network,
			.never = came_to_it(p, s) ? "the other side came to it"
						  : never_says(never, &s->remote.address),
			.only_reset = c->by_policy && !is_of_session(out, &s->remote),
		};
	}
}

/* Where the finding saw it connected, though it is not now: it will come again. */
static void add_remembered(const struct response_case *c, const struct never *never,
			   struct connections *out)
{
	const struct fact *fact = facts_find(&c->finding->facts, STR("connected_to"));

	for (size_t i = 0; fact && i < fact->text_count && out->count < CONNECTIONS_MAX; i++) {
		struct endpoint remote;
		if (!endpoint_parse(fact->texts[i], &remote) || remote.port == 0 ||
		    find_remote(out, &remote))
			continue;
		out->at[out->count++] =
			(struct connection){.remote = remote,
					    .pid = c->targets[0]->key.pid,
					    .network = out->network,
					    .never = never_says(never, &remote.address)};
	}
}

/* By policy what is not connected now has nothing to be reset, and is left out. */
static void find_connections(const struct response_case *c, struct connections *out)
{
	const struct fact *shared = facts_find(&c->finding->facts, STR("shared_address"));
	struct never first, never;

	out->network = network_of(c->place->proc, c->targets[0]->key.pid);
	never_read(c->place->proc, c->targets[0]->key.pid, &first);
	add_sessions(c, &first, out);
	for (size_t i = 0; i < c->target_count; i++) {
		uint32_t pid = c->targets[i]->key.pid;
		if (network_of(c->place->proc, pid) != out->network)
			continue;
		never_read(c->place->proc, pid, &never);
		add_connections(c, c->targets[i], &never, out);
	}
	if (!c->by_policy)
		add_remembered(c, &first, out);
	for (size_t i = 0; i < out->count && shared && shared->truth; i++)
		out->at[i].never = "an address that many share (a CDN)";
}

/* Several connections may go to one place. */
static bool is_first_of_remote(const struct connections *all, const struct connection *one)
{
	return find_remote(all, &one->remote) == one;
}

static void tell(const struct response_case *c, const struct connections *all, struct buf *lines)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct connection *one = &all->at[i];
		char local[ENDPOINT_TEXT_MAX], remote[ENDPOINT_TEXT_MAX];
		endpoint_text(&one->local, local);
		endpoint_text(&one->remote, remote);
		if (one->never) {
			buf_printf(lines, "# left alone: %s, %s\n", remote, one->never);
			continue;
		}
		if (one->only_reset)
			buf_printf(lines,
				   "# stays open to others: %s, with which no mining session was "
				   "seen on the wire\n",
				   remote);
		else if (is_first_of_remote(all, one))
			buf_printf(lines,
				   "nft: in table inet davy, chain cut_%.*s: reject tcp to %s for "
				   "%lld s\n",
				   STR_ARG(c->finding->id), remote,
				   (long long)(c->place->block_for.ns / 1000000000));
		if (one->local.port != 0)
			buf_printf(lines, "nsenter -n -t %u ss -K src %s dst %s\n", one->pid, local,
				   remote);
	}
}

/* Once, though several connections go there. */
static size_t add_remote(struct endpoint at[CONNECTIONS_MAX], size_t count,
			 const struct endpoint *remote)
{
	for (size_t i = 0; i < count; i++)
		if (endpoint_equal(&at[i], remote))
			return count;
	at[count] = *remote;
	return count + 1;
}

static size_t remotes_of(const struct connections *all, struct endpoint out[CONNECTIONS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		if (!all->at[i].never && !all->at[i].only_reset)
			count = add_remote(out, count, &all->at[i].remote);
	return count;
}

static void remember(const struct response_case *c, const struct connections *all, struct str group,
		     struct buf *out)
{
	struct json_writer w = {.out = out};

	json_open(&w, '{');
	json_key_string(&w, "id", c->finding->id);
	json_key_unsigned(&w, "network", all->network);
	json_key_unsigned(&w, "seconds", (uint64_t)(c->place->block_for.ns / 1000000000));
	json_key(&w, "connections");
	json_open(&w, '[');
	for (size_t i = 0; i < all->count; i++) {
		char text[ENDPOINT_TEXT_MAX];
		if (all->at[i].never)
			continue;
		json_open(&w, '{');
		json_key_string(&w, "remote", endpoint_text(&all->at[i].remote, text));
		if (all->at[i].local.port != 0)
			json_key_string(&w, "local", endpoint_text(&all->at[i].local, text));
		if (all->at[i].only_reset) {
			json_key(&w, "only_reset");
			json_bool(&w, true);
		}
		json_close(&w, '}');
	}
	json_close(&w, ']');
	if (group.len > 0) {
		json_key(&w, "group");
		json_raw(&w, group);
	}
	json_close(&w, '}');
}

static int plan(const struct response_case *c, struct response_plan *out, struct error *why)
{
	CLEANUP(buf_fini) struct buf group = {0};
	struct endpoint remotes[CONNECTIONS_MAX];
	struct connections all = {0};
	size_t cut = 0;

	find_connections(c, &all);
	for (size_t i = 0; i < all.count; i++)
		cut += !all.at[i].never;
	size_t count = remotes_of(&all, remotes);
	if (count > 0)
		group_plan(c, remotes, count, &out->lines, &group);
	tell(c, &all, &out->lines);
	remember(c, &all, buf_view(&group), &out->memory);
	if (cut == 0)
		return error_set(
			why, -ENOENT,
			all.count == 0 ? "it has no TCP connection now, and none was seen before: "
					 "there is nothing to cut; freeze stops it"
				       : "none of its connections may be cut; freeze stops it");
	return 0;
}

/* -- doing -- */

struct cutting {
	struct endpoint remotes[CONNECTIONS_MAX];
	size_t remote_count, reset, gone;
	int failed; /* the last -errno of a reset */
	const char *why_failed;
};

static bool read_endpoint(struct json_value connection, const char *key, struct endpoint *out)
{
	char text[ENDPOINT_TEXT_MAX];

	quarantine_text(connection, key, text, sizeof(text));
	return endpoint_parse(str_from(text), out);
}

static void read_remotes(struct json_value connections, struct cutting *out)
{
	struct endpoint remote;

	for (struct json_value c = json_first(connections); json_exists(c); c = json_next(c))
		if (out->remote_count < CONNECTIONS_MAX &&
		    !json_is_true(json_member(c, STR("only_reset"))) &&
		    read_endpoint(c, "remote", &remote))
			out->remote_count = add_remote(out->remotes, out->remote_count, &remote);
}

static void reset_all(struct json_value connections, int network, struct cutting *out)
{
	struct endpoint local, remote;
	int diag = network_diag_socket(network);

	if (diag < 0) {
		out->failed = diag;
		return;
	}
	for (struct json_value c = json_first(connections); json_exists(c); c = json_next(c)) {
		if (!read_endpoint(c, "remote", &remote) || !read_endpoint(c, "local", &local))
			continue;
		int result = connection_destroy(diag, &local, &remote);
		out->reset += result == 0;
		out->gone += result == -ENOENT;
		if (result != 0 && result != -ENOENT)
			out->failed = result;
	}
	close(diag);
}

static void tell_outcome(const struct cutting *cut, const char *refused, int64_t seconds,
			 struct buf *outcome)
{
	if (refused[0])
		buf_printf(outcome, "%s; ", refused);
	else if (cut->remote_count > 0)
		buf_printf(outcome, "no new connections to %zu address%s for %lld s; ",
			   cut->remote_count, cut->remote_count == 1 ? "" : "es",
			   (long long)seconds);
	buf_printf(outcome, "%zu connection%s reset", cut->reset, cut->reset == 1 ? "" : "s");
	if (cut->remote_count == 0)
		buf_add_text(outcome, "; nothing is blocked for others, as no mining session was "
				      "seen on the wire");
	if (cut->gone)
		buf_printf(outcome, ", %zu had ended already", cut->gone);
	if (cut->failed == -EOPNOTSUPP)
		buf_add_text(outcome, "; this kernel cannot reset connections "
				      "(CONFIG_INET_DIAG_DESTROY)");
	else if (cut->failed)
		buf_printf(outcome, "; some could not be reset: %s", strerror(-cut->failed));
}

static int keep_away(int network, struct str id, const struct cutting *cut, int64_t seconds,
		     struct error *why)
{
	CLEANUP(buf_fini) struct buf rules = {0};

	if (cut->remote_count == 0)
		return 0;
	nft_rules_add(&rules, id, cut->remotes, cut->remote_count, seconds);
	return rules.failed ? error_set(why, -ENOMEM, "no memory")
			    : nft_run(network, buf_view(&rules), why);
}

static bool read_memory(struct json_value memory, uint64_t *network, char id[FINDING_ID_LEN + 1])
{
	return quarantine_text(memory, "id", id, FINDING_ID_LEN + 1).len == FINDING_ID_LEN &&
	       str_is_hex(str_from(id)) &&
	       json_to_u64(json_member(memory, STR("network")), network);
}

/* New ones are kept away first: it connects again in a moment. */
static int apply(const struct response_case *c, struct json_value memory, struct buf *outcome,
		 struct error *why)
{
	struct json_value connections = json_member(memory, STR("connections"));
	struct json_value group = json_member(memory, STR("group"));
	struct cutting cut = {0};
	struct error refused = {0};
	uint64_t inode = 0, seconds = 0;
	int hooked = -ENOENT;

	if (!json_to_u64(json_member(memory, STR("network")), &inode) ||
	    !json_to_u64(json_member(memory, STR("seconds")), &seconds))
		return error_set(why, -EBADMSG, "the journal was changed by hand");
	int network = network_open(c->place->proc, inode);
	if (network < 0)
		return error_set(why, network, "its network is gone: the processes have ended");
	read_remotes(connections, &cut);
	if (json_exists(group))
		hooked = group_cut(c, group, cut.remotes, cut.remote_count, seconds, outcome);
	int result = keep_away(network, c->finding->id, &cut, (int64_t)seconds, &refused);
	reset_all(connections, network, &cut);
	close(network);
	if (result != 0 && hooked != 0 && cut.reset == 0)
		return error_set(why, result, "%s", refused.text);
	tell_outcome(&cut, refused.text, (int64_t)seconds, outcome);
	return 0;
}

static int let_in(const struct response_place *place, uint64_t inode, struct str id,
		  struct buf *outcome, struct error *why)
{
	CLEANUP(buf_fini) struct buf rules = {0};
	int network = network_open(place->proc, inode), result = 0;

	if (network < 0) {
		buf_add_text(outcome,
			     "nobody is in its network any more; rules in one that is kept (ip "
			     "netns) end by themselves in time");
		return 0;
	}
	nft_rules_remove(&rules, id);
	if (nft_has(network, id))
		result = nft_run(network, buf_view(&rules), why);
	if (result == 0)
		nft_tidy(network);
	close(network);
	if (result == 0)
		buf_add_text(outcome, "it may connect again; a connection that was reset does not "
				      "come back by itself");
	return result;
}

/* All that can be taken back, even when a part of it cannot. */
static int undo(const struct response_place *place, struct json_value memory, struct buf *outcome,
		struct error *why)
{
	char id[FINDING_ID_LEN + 1];
	uint64_t inode = 0;

	if (!read_memory(memory, &inode, id))
		return error_set(why, -EBADMSG, "the journal was changed by hand");
	int freed =
		group_free(place, json_member(memory, STR("group")), str_from(id), outcome, why);
	int result = let_in(place, inode, str_from(id), outcome, freed == 0 ? why : NULL);
	return freed != 0 ? freed : result;
}

static void look(const struct response_place *place, struct json_value memory, struct buf *out)
{
	char id[FINDING_ID_LEN + 1];
	uint64_t inode = 0;

	if (!read_memory(memory, &inode, id))
		return;
	group_look(place, json_member(memory, STR("group")), str_from(id), out);
	int network = network_open(place->proc, inode);
	if (network < 0)
		return;
	if (nft_has(network, str_from(id)))
		buf_printf(out, "%snft chain cut_%s in network namespace %llu",
			   out->len ? "; " : "", id, (unsigned long long)inode);
	close(network);
}

const struct response_step block_step = {
	.name = "block",
	.summary = "cut its connections, and let it make no new ones to the same places",
	.changes = true,
	.plan = plan,
	.apply = apply,
	.undo = undo,
	.look = look,
};
