#include "decode/packet/fragment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/segments.h"
#include "base/table.h"

enum {
	OUTPUTS = 2,		   /* a fragmented tunnel with a fragmented packet inside */
	UNIT = 8,		   /* offsets count these */
	BYTES_PER_DATAGRAM = 4096, /* of the ceiling: how many datagrams the table holds */
	EXPIRE_AT_ONCE = 4,
};

struct key {
	struct address source, destination;
	uint32_t id;
	uint16_t tunnels;
	uint8_t protocol; /* IPv6: 0, for there the id alone identifies */
	uint8_t is_v6;
};
_Static_assert(sizeof(struct key) == 40, "no padding in a key");

struct datagram {
	struct key key;
	struct segment_list pieces;
	uint32_t held;	  /* bytes */
	uint32_t reach;	  /* end of the furthest piece */
	uint32_t total;	  /* when has_end */
	uint8_t protocol; /* of the first fragment, when has_start */
	bool has_start, has_end;
};

struct fragment_table {
	struct table *datagrams;
	struct segment_pool *pool;
	duration timeout;
	uint32_t outputs_used;
	struct fragment_counters counters;
	char outputs[OUTPUTS][FRAGMENT_DATAGRAM_MAX + 1];
};

static void datagram_drop(void *context, void *entry)
{
	struct fragment_table *table = context;
	struct datagram *datagram = entry;

	segments_clear(table->pool, &datagram->pieces);
}

int fragment_table_new(const struct fragment_settings *settings, struct fragment_table **out)
{
	size_t memory = settings->memory_bytes ? settings->memory_bytes : FRAGMENT_MEMORY_DEFAULT;

	if (memory < FRAGMENT_MEMORY_LEAST || memory / BYTES_PER_DATAGRAM > 1u << 24)
		return -EINVAL;
	struct fragment_table *table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	table->timeout = settings->timeout.ns ? settings->timeout : DURATION_S(FRAGMENT_TIMEOUT_S);
	struct table_settings datagrams = {
		.capacity = (uint32_t)(memory / BYTES_PER_DATAGRAM),
		.entry_size = sizeof(struct datagram),
		.key_size = sizeof(struct key),
		.seed = settings->seed,
		.idle = table->timeout,
		.on_drop = datagram_drop,
		.context = table,
	};
	int result = table_new(&datagrams, &table->datagrams);
	if (result == 0) {
		struct table_counters counters = table_counters(table->datagrams);
		size_t index = counters.capacity * counters.bytes_per_entry;
		result = segment_pool_new(memory - sizeof(*table) - index, &table->pool);
	}
	if (result < 0) {
		fragment_table_free(table);
		return result;
	}
	table->counters.memory_bytes = memory;
	*out = table;
	return 0;
}

void fragment_table_free(struct fragment_table *table)
{
	if (!table)
		return;
	table_free(table->datagrams);
	segment_pool_free(table->pool);
	free(table);
}

struct fragment_counters fragment_table_counters(const struct fragment_table *table)
{
	struct fragment_counters counters = table->counters;
	struct table_counters datagrams = table_counters(table->datagrams);

	counters.evicted = datagrams.evicted;
	counters.expired += datagrams.expired;
	counters.waiting = datagrams.used;
	counters.memory_used_bytes =
		sizeof(*table) + datagrams.used * datagrams.bytes_per_entry +
		(uint64_t)segment_pool_counters(table->pool).used * SEGMENT_BLOCK_BYTES;
	return counters;
}

void fragment_table_begin(struct fragment_table *table)
{
	table->outputs_used = 0;
}

/* The datagram this fragment belongs to, new when there is none or the one there is too old. */
static struct datagram *datagram_of(struct fragment_table *table, const struct fragment *fragment)
{
	struct key key = {
		.source = *fragment->source,
		.destination = *fragment->destination,
		.id = fragment->id,
		.tunnels = fragment->tunnels,
		.protocol = fragment->is_v6 ? 0 : fragment->protocol,
		.is_v6 = fragment->is_v6,
	};
	uint64_t hash = table_hash(table->datagrams, &key);
	struct datagram *datagram = table_find(table->datagrams, &key, hash);

	if (datagram && instant_since(fragment->at, table_touched(table->datagrams, datagram)).ns >=
				table->timeout.ns) {
		table_remove(table->datagrams, datagram);
		table->counters.expired++;
		datagram = NULL;
	}
	return datagram ? datagram : table_insert(table->datagrams, &key, hash, fragment->at);
}

/* Before looking for the datagram: the oldest may be its own, and then it starts anew. */
static void make_room(struct fragment_table *table, size_t len)
{
	uint32_t blocks = (uint32_t)(len / (SEGMENT_BLOCK_BYTES - SEGMENT_HEADER_BYTES)) + 2;

	while (segment_pool_room(table->pool) < blocks && table_evict(table->datagrams))
		;
}

/* False when the fragment contradicts itself, or what is already believed of its end. */
static bool datagram_accepts(struct datagram *datagram, uint32_t end, bool more)
{
	if (more || (datagram->has_end && datagram->total == end))
		return !datagram->has_end || end <= datagram->total;
	if (datagram->has_end || end < datagram->reach)
		return false;
	datagram->has_end = true;
	datagram->total = end;
	return true;
}

static enum decoded datagram_finish(struct fragment_table *table, struct datagram *datagram,
				    struct str *whole, uint8_t *protocol)
{
	enum decoded result = UNSUPPORTED;
	struct str bytes;
	uint32_t at;

	if (table->outputs_used < OUTPUTS) {
		char *output = table->outputs[table->outputs_used++];
		while (segments_take(table->pool, &datagram->pieces, &at, &bytes))
			memcpy(output + at, bytes.at, bytes.len);
		*whole = str_of(output, datagram->total);
		*protocol = datagram->protocol;
		table->counters.completed++;
		result = DECODED;
	}
	table_remove(table->datagrams, datagram);
	return result;
}

static enum decoded malformed(struct fragment_table *table)
{
	table->counters.malformed++;
	return MALFORMED;
}

enum decoded fragment_add(struct fragment_table *table, const struct fragment *fragment,
			  struct str *whole, uint8_t *protocol)
{
	struct str bytes = fragment->bytes;

	table->counters.fragments++;
	table_expire(table->datagrams, fragment->at, EXPIRE_AT_ONCE);
	if (fragment->more)
		bytes.len -= bytes.len % UNIT;
	if (bytes.len == 0 || fragment->offset + bytes.len > FRAGMENT_DATAGRAM_MAX)
		return malformed(table);
	uint32_t end = fragment->offset + (uint32_t)bytes.len;

	make_room(table, bytes.len);
	struct datagram *datagram = datagram_of(table, fragment);
	if (!datagram_accepts(datagram, end, fragment->more))
		return malformed(table);
	struct segments_added added = segments_add(table->pool, &datagram->pieces, 0,
						   fragment->offset, bytes, FRAGMENT_BLOCKS_MAX);
	if (added.refused > 0) {
		table->counters.refused++;
		table_remove(table->datagrams, datagram);
		return MALFORMED;
	}
	table->counters.overlaps += added.repeated > 0;
	if (fragment->offset == 0 && !datagram->has_start) {
		datagram->has_start = true;
		datagram->protocol = fragment->protocol;
	}
	datagram->held += added.stored;
	if (end > datagram->reach)
		datagram->reach = end;
	if (!datagram->has_end || datagram->held < datagram->total)
		return NEED_MORE;
	return datagram_finish(table, datagram, whole, protocol);
}
