#include "detect/flow_sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	TCP = 6,
	UDP = 17,
	FIN = 1,
	SYN = 2,
	RST = 4,
	ACK = 16,
	MULTICAST_V4 = 224, /* and all above, which are no hosts */
	MULTICAST_V6 = 0xff,
	FEW = 3,
	LOOKED_AT_EACH = 64, /* rows: how often a series' class is thought about */
	EPHEMERAL = 32768,   /* Linux; IANA and Windows begin higher */
	SERVICES = 10240,    /* below: nobody's ephemeral port but by choice */
};

/* 40 bytes: what base/table hashes and compares fastest. */
struct session_key {
	struct address low, high; /* by their bytes */
	uint16_t low_port, high_port;
	uint32_t origin_protocol; /* the origin's number, and eight bits */
};

struct series_entry {
	struct session_key key;
	struct session *owner;
	uint32_t first_s;
	uint32_t ever[2]; /* flags of all rows there were, by direction */
	struct flow_series series;
};

struct session {
	struct session_key key;
	struct flow_row few[FEW];
	struct series_entry *series; /* NULL: the few are all */
};

/* A row that waits for its connection's memory to come near. */
struct waiting {
	struct session_key key;
	uint64_t hash;
	struct flow_row row;
	const struct session *likely;
};

enum { WAITING_MAX = 32 };

struct flow_sessions {
	unsigned users;
	int64_t arrived; /* rows so far: what counts as recent, for their own times come in any
			    order */
	struct table *sessions, *series;
	struct flow_origins *origins;
	struct flow_names *names;
	struct flow_session *collected; /* room for all that can have a series */
	size_t collected_count;
	struct waiting waiting[WAITING_MAX];
	unsigned waiting_count;
};

static void on_series_drop(void *context, void *entry)
{
	struct flow_sessions *all = context;
	struct session *owner = ((struct series_entry *)entry)->owner;

	owner->series = NULL;
	memset(owner->few, 0, sizeof(owner->few));
	table_set_class(all->sessions, owner, 0);
}

static void on_session_drop(void *context, void *entry)
{
	struct flow_sessions *all = context;
	struct session *session = entry;

	if (session->series)
		table_remove(all->series, session->series);
}

static void sessions_free(struct flow_sessions *sessions)
{
	if (sessions->sessions)
		table_discard(sessions->sessions);
	if (sessions->series)
		table_discard(sessions->series);
	flow_origins_free(sessions->origins);
	flow_names_free(sessions->names);
	free(sessions->collected);
	free(sessions);
}

static uint32_t series_capacity(uint32_t sessions)
{
	uint32_t series = sessions / SESSIONS_PER_SERIES;

	return series < FLOW_SERIES_LEAST ? FLOW_SERIES_LEAST : series;
}

static int make_tables(struct flow_sessions *sessions, const struct record_settings *settings)
{
	uint32_t capacity = settings->capacity ? settings->capacity : FLOW_SESSIONS_DEFAULT;
	const struct table_settings hot = {
		.capacity = capacity,
		.entry_size = sizeof(struct session),
		.key_size = sizeof(struct session_key),
		.seed = settings->seed,
		/* New connections must find room among two-way ones, which junk can be as well. */
		.class_share = {1, 0.5, 0.25},
		.on_drop = on_session_drop,
		.context = sessions,
	};
	const struct table_settings long_ones = {
		.capacity = series_capacity(capacity),
		.entry_size = sizeof(struct series_entry),
		.key_size = sizeof(struct session_key),
		.seed = settings->seed,
		.on_drop = on_series_drop,
		.context = sessions,
	};
	int failed = table_new(&hot, &sessions->sessions);

	return failed ? failed : table_new(&long_ones, &sessions->series);
}

int flow_sessions_join(const struct record_settings *settings, struct flow_sessions **out,
		       bool *feeds)
{
	*feeds = !settings->flows || !*settings->flows;
	if (!*feeds) {
		*out = *settings->flows;
		(*out)->users++;
		return 0;
	}
	struct flow_sessions *sessions = calloc(1, sizeof(*sessions));
	if (!sessions)
		return -ENOMEM;
	sessions->users = 1;
	int failed = make_tables(sessions, settings);
	if (!failed)
		failed = flow_origins_new(settings->seed, &sessions->origins);
	if (!failed)
		failed = flow_names_new(settings->seed, &sessions->names);
	if (!failed) {
		uint32_t most = table_counters(sessions->series).capacity;
		sessions->collected = calloc(most, sizeof(*sessions->collected));
		failed = sessions->collected ? 0 : -ENOMEM;
	}
	if (failed) {
		sessions_free(sessions);
		return failed;
	}
	if (settings->flows)
		*settings->flows = sessions;
	*out = sessions;
	return 0;
}

void flow_sessions_leave(struct flow_sessions *sessions)
{
	if (sessions && --sessions->users == 0)
		sessions_free(sessions);
}

static bool is_no_host(const struct address *address)
{
	return address_is_v4(address) ? address->bytes[12] >= MULTICAST_V4
				      : address->bytes[0] == MULTICAST_V6;
}

/* Between the inside and the internet, or between two who may be either (IPv6). */
static bool is_of_interest(const struct record_flow *flow)
{
	if (flow->protocol != TCP && flow->protocol != UDP)
		return false;
	if (flow->action == FLOW_REJECTED || flow->state == FLOW_DENIED)
		return false;
	if (address_is_private(&flow->source.address) &&
	    address_is_private(&flow->destination.address))
		return false;
	return !is_no_host(&flow->source.address) && !is_no_host(&flow->destination.address);
}

static uint32_t most_u32(uint64_t number)
{
	return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

/*
 * A log of two-way rows names who opened the connection first (Azure's states); tcp-flags of AWS
 * have the opener's SYN alone and the other's with ACK.
 */
static uint16_t row_flags(const struct record_flow *flow)
{
	unsigned flags = ROW_IS_THERE;

	if (flow->direction > 0)
		flags |= ROW_OUT;
	else if (flow->direction < 0)
		flags |= ROW_IN;
	if (flow->tcp_flags & SYN)
		flags |= ROW_BEGINS | (flow->tcp_flags & ACK ? ROW_IS_OPENED : ROW_OPENS);
	if (flow->state != FLOW_STATE_UNKNOWN)
		flags |= ROW_OPENS;
	if (flow->state == FLOW_BEGINS)
		flags |= ROW_BEGINS;
	if (flow->state == FLOW_ENDS || (flow->tcp_flags & (FIN | RST)))
		flags |= ROW_CLOSES;
	if (flow->is_sampled)
		flags |= ROW_SAMPLED;
	return (uint16_t)flags;
}

/* The same flags from the other side, for the way back in the same record. */
static uint16_t flags_back(uint16_t flags)
{
	unsigned same = flags & ~(unsigned)(ROW_OUT | ROW_IN | ROW_OPENS | ROW_IS_OPENED);

	if (flags & ROW_OUT)
		same |= ROW_IN;
	if (flags & ROW_IN)
		same |= ROW_OUT;
	if (flags & ROW_OPENS)
		same |= ROW_IS_OPENED;
	if (flags & ROW_IS_OPENED)
		same |= ROW_OPENS;
	return (uint16_t)(same ^ ROW_BACK);
}

/* Bytes as the network counts them: Google tells payload alone. */
static uint32_t bytes_of(const struct record_flow *flow, uint64_t bytes, uint64_t packets)
{
	enum { HEADERS_V4 = 52, HEADERS_V6 = 72, HEADERS_MOST = 1 << 24 };
	uint64_t headers = address_is_v4(&flow->source.address) ? HEADERS_V4 : HEADERS_V6;

	if (flow->provider == PROVIDER_GCP && packets < HEADERS_MOST && bytes < UINT32_MAX)
		bytes += packets * headers;
	return most_u32(bytes);
}

static bool source_is_low(const struct record_flow *flow)
{
	int order =
		memcmp(&flow->source.address, &flow->destination.address, sizeof(struct address));

	return order ? order < 0 : flow->source.port <= flow->destination.port;
}

static struct session_key key_of(const struct record_flow *flow, bool is_low, uint32_t origin)
{
	const struct endpoint *low = is_low ? &flow->source : &flow->destination;
	const struct endpoint *high = is_low ? &flow->destination : &flow->source;

	return (struct session_key){
		.low = low->address,
		.high = high->address,
		.low_port = low->port,
		.high_port = high->port,
		.origin_protocol = origin << 8 | flow->protocol,
	};
}

/* 0: nothing special; 1: thin both ways; 2: thin both ways for an hour. */
static unsigned promise_of(const struct series_entry *entry)
{
	const struct flow_series *series = &entry->series;
	uint64_t bytes[2] = {0};
	uint32_t first_s = flow_series_at(series, 0)->start_s;
	uint32_t last_s = flow_series_at(series, series->count - 1u)->start_s;

	for (unsigned i = 0; i < series->count; i++) {
		const struct flow_row *row = flow_series_at(series, i);
		bytes[(row->flags & ROW_BACK) != 0] += row->bytes;
	}
	uint64_t most = (uint64_t)THIN_MOST_PER_S * (last_s - first_s + 60u);
	if (bytes[0] == 0 || bytes[1] == 0 || bytes[0] > most || bytes[1] > most)
		return 0;
	return last_s - entry->first_s >= LASTING_S ? 2 : 1;
}

static void add_to_series(struct flow_sessions *sessions, struct series_entry *entry,
			  const struct flow_row *row)
{
	if (row->start_s < entry->first_s)
		entry->first_s = row->start_s;
	entry->ever[(row->flags & ROW_BACK) != 0] |= row->flags;
	if (!flow_series_add(&entry->series, row))
		return;
	unsigned count = entry->series.count;
	bool is_time = count == FLOW_ROWS_MAX ? entry->series.first % LOOKED_AT_EACH == 0
					      : count % LOOKED_AT_EACH == 0 || count == 8 ||
							count == 16 || count == 32;
	if (is_time)
		table_set_class(sessions->series, entry, promise_of(entry));
}

/* The fourth row: a connection that lasts gets memory of its own. */
static void begin_series(struct flow_sessions *sessions, struct session *session, instant now)
{
	uint64_t hash = table_hash(sessions->series, &session->key);
	struct series_entry *entry = table_insert(sessions->series, &session->key, hash, now);

	entry->owner = session;
	entry->first_s = UINT32_MAX;
	for (unsigned i = 0; i < FEW; i++)
		add_to_series(sessions, entry, &session->few[i]);
	session->series = entry;
	table_set_class(sessions->sessions, session, 2);
}

static void keep_row(struct flow_sessions *sessions, struct session *session,
		     const struct flow_row *row, instant now)
{
	uint16_t ways = row->flags & ROW_BACK;

	for (unsigned i = 0; !session->series && i < FEW; i++) {
		struct flow_row *held = &session->few[i];
		if (!(held->flags & ROW_IS_THERE)) {
			*held = *row;
			return;
		}
		if (flow_row_compare(held, row) == 0)
			return;
		if ((held->flags & ROW_BACK) != ways &&
		    table_class(sessions->sessions, session) == 0)
			table_set_class(sessions->sessions, session, 1);
	}
	if (!session->series)
		begin_series(sessions, session, now);
	else
		table_touch(sessions->series, session->series, now);
	add_to_series(sessions, session->series, row);
}

static void take_row(struct flow_sessions *sessions, const struct waiting *waiting)
{
	instant now = {++sessions->arrived};
	struct session *session = table_find_likely(sessions->sessions, waiting->likely,
						    &waiting->key, waiting->hash);

	if (session)
		table_touch(sessions->sessions, session, now);
	else
		session = table_insert(sessions->sessions, &waiting->key, waiting->hash, now);
	keep_row(sessions, session, &waiting->row, now);
}

/*
 * A row's connection is anywhere in memory, and then its series: what many rows wait for is asked
 * for at once, a step for all before the next step for any. Nothing is inserted in between.
 */
static void take_waiting(struct flow_sessions *sessions)
{
	unsigned count = sessions->waiting_count;

	for (unsigned i = 0; i < count; i++)
		sessions->waiting[i].likely =
			table_approach(sessions->sessions, sessions->waiting[i].hash);
	for (unsigned i = 0; i < count; i++) {
		const struct session *likely = sessions->waiting[i].likely;
		if (!likely || !likely->series)
			continue;
		__builtin_prefetch((const uint8_t *)likely->series - 16, 1); /* the table's head */
		__builtin_prefetch(&likely->series->series.first, 1);
	}
	for (unsigned i = 0; i < count; i++) {
		const struct session *likely = sessions->waiting[i].likely;
		const struct flow_series *series =
			likely && likely->series ? &likely->series->series : NULL;
		if (series && series->count > 0)
			__builtin_prefetch(flow_series_at(series, series->count - 1u), 1);
	}
	for (unsigned i = 0; i < count; i++)
		take_row(sessions, &sessions->waiting[i]);
	sessions->waiting_count = 0;
}

static void wait_for(struct flow_sessions *sessions, const struct session_key *key,
		     const struct flow_row *row)
{
	struct waiting *waiting = &sessions->waiting[sessions->waiting_count++];

	waiting->key = *key;
	waiting->row = *row;
	waiting->hash = table_hash(sessions->sessions, key);
	table_prefetch(sessions->sessions, waiting->hash);
	if (sessions->waiting_count == WAITING_MAX)
		take_waiting(sessions);
}

static void add_flow(struct flow_sessions *sessions, const struct record *record)
{
	const struct record_flow *flow = &record->flow;

	if (!is_of_interest(flow))
		return;
	instant start = flow->start.ns > 0 ? flow->start : record->time;
	int64_t seconds = start.ns / 1000000000;
	if (seconds <= 0 || seconds > UINT32_MAX)
		return;
	int64_t span = instant_since(flow->end, start).ns / 1000000000;
	uint32_t origin = flow_origins_number(sessions->origins, flow, (uint32_t)seconds);
	bool is_low = source_is_low(flow);
	struct session_key key = key_of(flow, is_low, origin);
	struct flow_row row = {
		.start_s = (uint32_t)seconds,
		.bytes = bytes_of(flow, flow->bytes, flow->packets),
		.packets = most_u32(flow->packets),
		.seconds = (uint16_t)(span < 0		  ? 0
				      : span > UINT16_MAX ? UINT16_MAX
							  : span),
		.flags = (uint16_t)(row_flags(flow) | (is_low ? 0u : ROW_BACK)),
	};
	wait_for(sessions, &key, &row);
	if (!flow->has_back)
		return;
	row.bytes = bytes_of(flow, flow->bytes_back, flow->packets_back);
	row.packets = most_u32(flow->packets_back);
	row.flags = flags_back(row.flags);
	wait_for(sessions, &key, &row);
}

void flow_sessions_observe(struct flow_sessions *sessions, const struct record *record)
{
	if (record->kind == RECORD_FLOW)
		add_flow(sessions, record);
	else if (record->kind == RECORD_LOOKUP)
		flow_names_add(sessions->names, record);
}

/* Is the lower endpoint the one inside? */
static bool low_is_local(const struct series_entry *entry)
{
	const struct session_key *key = &entry->key;
	bool low_private = address_is_private(&key->low),
	     high_private = address_is_private(&key->high);
	uint32_t forth = entry->ever[0], back = entry->ever[1];

	if (low_private != high_private)
		return low_private;
	if (((forth & ROW_OUT) | (back & ROW_IN)) != 0)
		return true;
	if (((forth & ROW_IN) | (back & ROW_OUT)) != 0)
		return false;
	/* Two addresses of the internet and no word of the log: who opened it is taken for ours. */
	if (((forth & ROW_OPENS) | (back & ROW_IS_OPENED)) != 0)
		return true;
	if (((forth & ROW_IS_OPENED) | (back & ROW_OPENS)) != 0)
		return false;
	return key->low_port > key->high_port;
}

/* Ports tell what the log does not: a server's is low, or fixed; a client's is taken from above. */
static enum flow_opener opener_of(uint32_t up, uint32_t down, uint16_t local, uint16_t remote)
{
	if ((up & ROW_OPENS) || (down & ROW_IS_OPENED))
		return OPENER_INSIDE;
	if ((down & ROW_OPENS) || (up & ROW_IS_OPENED))
		return OPENER_OUTSIDE;
	if (local >= EPHEMERAL && remote < EPHEMERAL)
		return OPENER_INSIDE;
	if (local < SERVICES && remote >= EPHEMERAL)
		return OPENER_OUTSIDE;
	return OPENER_UNKNOWN;
}

/* Rows that began with the log may belong to a connection that is much older. */
static bool begin_is_seen(const struct series_entry *entry, const struct flow_origin *origin)
{
	enum { LOG_BEFORE_S = 1800 };

	return ((entry->ever[0] | entry->ever[1]) & ROW_BEGINS) != 0 ||
	       entry->first_s - origin->first_s >= LOG_BEFORE_S;
}

static void collect(void *context, void *at)
{
	struct flow_sessions *sessions = context;
	const struct series_entry *entry = at;
	const struct session_key *key = &entry->key;
	bool low_local = low_is_local(entry);
	const struct endpoint low = {key->low, key->low_port}, high = {key->high, key->high_port};
	uint32_t up = entry->ever[!low_local], down = entry->ever[low_local], last_s = 0;
	const struct flow_origin *origin =
		flow_origins_at(sessions->origins, key->origin_protocol >> 8);

	for (unsigned i = 0; i < entry->series.count; i++) {
		const struct flow_row *row = flow_series_at(&entry->series, i);
		uint32_t end_s = row->start_s + row->seconds;
		last_s = end_s > last_s ? end_s : last_s;
	}
	sessions->collected[sessions->collected_count++] = (struct flow_session){
		.origin = origin,
		.series = &entry->series,
		.local = low_local ? low : high,
		.remote = low_local ? high : low,
		.protocol = (uint8_t)key->origin_protocol,
		.up_flag = low_local ? 0 : ROW_BACK,
		.is_sampled = ((up | down) & ROW_SAMPLED) != 0,
		.has_begin = begin_is_seen(entry, origin),
		.opener = opener_of(up, down, low_local ? key->low_port : key->high_port,
				    low_local ? key->high_port : key->low_port),
		.first_s = entry->first_s,
		.last_s = last_s,
	};
}

static int compare_ends(const struct flow_session *a, const struct flow_session *b)
{
	int order = a->origin == b->origin ? 0 : flow_origin_compare(a->origin, b->origin);

	if (order == 0)
		order = memcmp(&a->local.address, &b->local.address, sizeof(struct address));
	if (order == 0)
		order = memcmp(&a->remote.address, &b->remote.address, sizeof(struct address));
	if (order == 0)
		order = a->remote.port - b->remote.port;
	return order ? order : a->protocol - b->protocol;
}

static int compare_sessions(const void *one, const void *other)
{
	const struct flow_session *a = one, *b = other;
	int order = compare_ends(a, b);

	if (order == 0)
		order = (a->first_s > b->first_s) - (a->first_s < b->first_s);
	return order ? order : a->local.port - b->local.port;
}

bool flow_session_same_host(const struct flow_session *a, const struct flow_session *b)
{
	return a->origin == b->origin && address_equal(&a->local.address, &b->local.address);
}

bool flow_session_same_ends(const struct flow_session *a, const struct flow_session *b)
{
	return compare_ends(a, b) == 0;
}

size_t flow_sessions_collect(struct flow_sessions *sessions, const struct flow_session **out)
{
	take_waiting(sessions);
	sessions->collected_count = 0;
	table_each(sessions->series, collect, sessions);
	qsort(sessions->collected, sessions->collected_count, sizeof(*sessions->collected),
	      compare_sessions);
	*out = sessions->collected;
	return sessions->collected_count;
}

struct flow_resolution flow_sessions_resolve(const struct flow_sessions *sessions,
					     const struct flow_session *session)
{
	return flow_names_find(sessions->names, session->origin, &session->remote.address,
			       session->has_begin ? session->first_s : 0);
}

struct flow_sessions_counters flow_sessions_counters(struct flow_sessions *sessions)
{
	take_waiting(sessions);
	return (struct flow_sessions_counters){
		.sessions = table_counters(sessions->sessions),
		.series = table_counters(sessions->series),
	};
}
