#include "decode/flow/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode/app/dns.h"

struct entry {
	struct address address;
	uint8_t count, next;
	uint8_t len[NAMES_PER_ADDRESS];
	char at[NAMES_PER_ADDRESS][NAME_LEN_MAX];
};

struct names {
	struct table *table;
};

int names_new(uint32_t capacity, uint64_t seed, struct names **out)
{
	struct names *names = calloc(1, sizeof(*names));
	struct table_settings settings = {.capacity = capacity,
					  .entry_size = sizeof(struct entry),
					  .key_size = sizeof(struct address),
					  .seed = seed};

	if (!names)
		return -ENOMEM;
	int r = table_new(&settings, &names->table);
	if (r < 0) {
		free(names);
		return r;
	}
	*out = names;
	return 0;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	table_free(names->table);
	free(names);
}

static struct str name_at(const struct entry *entry, uint8_t i)
{
	return str_of(entry->at[i], entry->len[i]);
}

void names_learn(struct names *names, const struct address *address, struct str name, instant now)
{
	static const struct address none6 = {{0}};
	const struct address none4 = address_v4(0);

	if (name.len == 0 || name.len > NAME_LEN_MAX || address_is_loopback(address) ||
	    address_equal(address, &none4) || address_equal(address, &none6))
		return;
	uint64_t hash = table_hash(names->table, address);
	struct entry *entry = table_find(names->table, address, hash);
	if (!entry)
		entry = table_insert(names->table, address, hash, now);
	table_touch(names->table, entry, now);
	for (uint8_t i = 0; i < entry->count; i++)
		if (str_equal_nocase(name_at(entry, i), name))
			return;
	uint8_t slot = entry->next;
	memcpy(entry->at[slot], name.at, name.len);
	entry->len[slot] = (uint8_t)name.len;
	entry->next = (uint8_t)((slot + 1) % NAMES_PER_ADDRESS);
	if (entry->count < NAMES_PER_ADDRESS)
		entry->count++;
}

size_t names_find(struct names *names, const struct address *address, struct str *out, size_t most)
{
	struct entry *entry = table_find(names->table, address, table_hash(names->table, address));
	size_t count = 0;

	for (uint8_t i = 0; entry && i < entry->count && count < most; i++)
		out[count++] = name_at(entry, (uint8_t)((entry->next + NAMES_PER_ADDRESS - 1 - i) %
							NAMES_PER_ADDRESS));
	return count;
}

struct learning {
	struct names *names;
	instant now;
};

static void learn_naming(void *context, const struct dns_naming *naming)
{
	struct learning *learning = context;

	names_learn(learning->names, &naming->address, naming->name, learning->now);
}

void names_learn_dns(struct names *names, struct str message, instant now)
{
	struct learning learning = {names, now};
	struct dns_message dns;

	if (dns_message_read(message, &dns) == DECODED && dns.is_response)
		dns_names_of(&dns, learn_naming, &learning);
}

struct table_counters names_counters(const struct names *names)
{
	return table_counters(names->table);
}
