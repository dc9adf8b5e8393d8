#include "detect/owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

enum { CONNECTIONS_MAX = 16384, ASKED_MAX = 4096 };

struct ends {
	struct endpoint local, remote;
};

_Static_assert(sizeof(struct ends) == 36, "no padding: it is hashed");

/* A connection that is being opened, or is open. */
struct asked {
	uint64_t cookie; /* the key in the table */
	struct process_key process;
	struct ends ends;
	bool is_open;
};

struct connection {
	struct ends ends; /* the key in the table */
	bool is_open, is_shared;
	uint64_t cookie, inode; /* tell two of the same ends apart; 0: not known */
	struct process_key process;
};

struct kept {
	struct owned_session at;
	instant renewed;
	size_t title_len;
	char title[SESSION_TITLE_MAX];
	char finding[FINDING_ID_LEN];
};

struct owners {
	struct table *asked, *connections;
	struct kept sessions[OWNED_SESSIONS_MAX];
	size_t session_count;
};

int owners_new(uint64_t seed, struct owners **out)
{
	const struct table_settings asked = {.capacity = ASKED_MAX,
					     .entry_size = sizeof(struct asked),
					     .key_size = sizeof(uint64_t),
					     .seed = seed};
	const struct table_settings connections = {.capacity = CONNECTIONS_MAX,
						   .entry_size = sizeof(struct connection),
						   .key_size = sizeof(struct ends),
						   .seed = seed};
	struct owners *owners = calloc(1, sizeof(*owners));

	if (!owners || table_new(&asked, &owners->asked) < 0 ||
	    table_new(&connections, &owners->connections) < 0) {
		owners_free(owners);
		return -ENOMEM;
	}
	*out = owners;
	return 0;
}

void owners_free(struct owners *owners)
{
	if (!owners)
		return;
	table_free(owners->asked);
	table_free(owners->connections);
	free(owners);
}

/* -- connections -- */

static struct asked *find_asked(const struct owners *owners, uint64_t cookie)
{
	return table_find(owners->asked, &cookie, table_hash(owners->asked, &cookie));
}

static struct connection *find_connection(const struct owners *owners, const struct ends *ends)
{
	return table_find(owners->connections, ends, table_hash(owners->connections, ends));
}

void owners_asked(struct owners *owners, uint64_t cookie, const struct process_key *process,
		  instant now)
{
	struct asked *asked = find_asked(owners, cookie);

	if (!asked)
		asked = table_insert(owners->asked, &cookie, table_hash(owners->asked, &cookie),
				     now);
	asked->process = *process;
	asked->is_open = false;
}

/* An entry for these ends, of an earlier connection perhaps. */
static struct connection *connection_of(struct owners *owners, const struct ends *ends, instant now)
{
	struct connection *c = find_connection(owners, ends);

	if (!c)
		c = table_insert(owners->connections, ends, table_hash(owners->connections, ends),
				 now);
	table_touch(owners->connections, c, now);
	/* the ports of one that is over are used again; of one that is open they are not */
	if (!c->is_open) {
		c->cookie = c->inode = 0;
		c->is_shared = false;
	}
	return c;
}

void owners_opened(struct owners *owners, uint64_t cookie, const struct endpoint *local,
		   const struct endpoint *remote, instant now)
{
	struct asked *asked = find_asked(owners, cookie);
	const struct ends ends = {*local, *remote};

	if (!asked) /* accepted, or asked for before we listened */
		return;
	asked->ends = ends;
	asked->is_open = true;
	table_touch(owners->asked, asked, now);
	struct connection *c = connection_of(owners, &ends, now);
	/* the end of one before may have been lost; of one process it does not matter which it is
	 */
	c->is_shared |= c->is_open && c->cookie != cookie &&
			!process_key_agrees(&c->process, &asked->process);
	c->is_open = true;
	c->cookie = cookie;
	c->process = asked->process;
}

void owners_closed(struct owners *owners, uint64_t cookie)
{
	struct asked *asked = find_asked(owners, cookie);

	if (!asked)
		return;
	struct connection *c = asked->is_open ? find_connection(owners, &asked->ends) : NULL;
	if (c && c->cookie == cookie)
		c->is_open = false;
	table_remove(owners->asked, asked);
}

void owners_listed(struct owners *owners, uint64_t inode, const struct process_key *process,
		   const struct endpoint *local, const struct endpoint *remote, instant now)
{
	const struct ends ends = {*local, *remote};
	struct connection *c = connection_of(owners, &ends, now);

	c->is_shared |= c->inode != 0 && c->inode != inode;
	/* who asked for it is known better; and of those that share a socket the first had it
	 * first */
	if (!c->is_open)
		c->process = *process;
	c->is_open = true;
	c->inode = inode;
}

bool owners_find(const struct owners *owners, const struct endpoint *local,
		 const struct endpoint *remote, struct process_key *out)
{
	const struct ends ends = {*local, *remote};
	const struct connection *c = find_connection(owners, &ends);

	if (!c || c->is_shared)
		return false;
	*out = c->process;
	return true;
}

/* -- sessions -- */

static bool is_same_session(const struct kept *kept, const struct process_key *process,
			    const struct workload_session *session)
{
	const struct workload_session *at = &kept->at.session;

	return process_key_agrees(&kept->at.process, process) && at->serves == session->serves &&
	       memcmp(&at->local, &session->local, sizeof(at->local)) == 0 &&
	       memcmp(&at->remote, &session->remote, sizeof(at->remote)) == 0;
}

/* Its own, or a free one, or the oldest: of this process when it has enough, else of all. */
static struct kept *place_for(struct owners *owners, const struct process_key *process,
			      const struct workload_session *session)
{
	struct kept *oldest = NULL, *oldest_of_all = NULL;
	size_t count = 0;

	for (size_t i = 0; i < owners->session_count; i++) {
		struct kept *kept = &owners->sessions[i];
		if (is_same_session(kept, process, session))
			return kept;
		if (!oldest_of_all || kept->renewed.ns < oldest_of_all->renewed.ns)
			oldest_of_all = kept;
		if (!process_key_agrees(&kept->at.process, process))
			continue;
		count++;
		if (!oldest || kept->renewed.ns < oldest->renewed.ns)
			oldest = kept;
	}
	if (count >= OWNED_SESSIONS_OF_ONE)
		return oldest;
	if (owners->session_count < OWNED_SESSIONS_MAX)
		return &owners->sessions[owners->session_count++];
	return oldest_of_all;
}

bool owners_claim(struct owners *owners, const struct process_key *process,
		  const struct workload_session *session, instant now)
{
	struct kept *kept = place_for(owners, process, session);
	const bool is_news = kept->renewed.ns == 0 || !is_same_session(kept, process, session);
	struct str title = str_sub(session->title, 0, SESSION_TITLE_MAX);
	struct str id = str_sub(session->finding, 0, FINDING_ID_LEN);

	kept->at = (struct owned_session){.process = *process, .session = *session};
	kept->renewed = now;
	if (title.len > 0)
		memcpy(kept->title, title.at, title.len);
	if (id.len > 0)
		memcpy(kept->finding, id.at, id.len);
	kept->at.session.title = str_of(kept->title, title.len);
	kept->at.session.finding = str_of(kept->finding, id.len);
	return is_news;
}

bool owners_disown(struct owners *owners, const struct process_key *process,
		   struct workload_session *out)
{
	for (size_t i = 0; i < owners->session_count; i++) {
		struct kept *kept = &owners->sessions[i];
		if (!process_key_agrees(&kept->at.process, process))
			continue;
		*out = kept->at.session;
		const struct ends ends = {out->local, out->remote};
		struct connection *c = find_connection(owners, &ends);
		if (c)
			table_remove(owners->connections, c);
		/* nobody's: no pid is 0 */
		kept->at.process = (struct process_key){0};
		kept->renewed.ns = 0;
		return true;
	}
	return false;
}

void owners_settle(struct owners *owners, const struct process_key *process)
{
	for (size_t i = 0; i < owners->session_count; i++) {
		struct process_key *key = &owners->sessions[i].at.process;
		if (key->pid == process->pid && key->start_ns == 0)
			*key = *process;
	}
}

/* A pid alone names nobody for long. */
static bool is_exactly(const struct process_key *a, const struct process_key *b)
{
	return a->pid == b->pid && a->start_ns == b->start_ns;
}

/* Many miners speak in one process and compute in its children. */
static bool is_parents(const struct owned_session *one, const struct process *process)
{
	return one->process.pid > 1 && process->ancestor_count > 0 && !one->session.serves &&
	       is_exactly(&one->process, &process->ancestors[0].key);
}

size_t owners_sessions(const struct owners *owners, const struct process *process,
		       struct arena *scratch, const struct workload_session **out)
{
	struct workload_session *sessions =
		arena_take(scratch, sizeof(*sessions) * OWNED_SESSIONS_OF_ONE);
	size_t count = 0;

	*out = sessions;
	for (size_t i = 0; sessions && i < owners->session_count && count < OWNED_SESSIONS_OF_ONE;
	     i++)
		if (is_exactly(&owners->sessions[i].at.process, &process->key) ||
		    is_parents(&owners->sessions[i].at, process)) {
			sessions[count] = owners->sessions[i].at.session;
			sessions[count++].is_parents =
				!is_exactly(&owners->sessions[i].at.process, &process->key);
		}
	return count;
}
