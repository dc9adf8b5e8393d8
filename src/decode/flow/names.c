#include "decode/flow/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "decode/app/dns.h"

enum { QUESTIONS_LEAST = 16, QUESTIONS_MOST = 8192 };

struct entry { /* names: last heard first */
	struct address address;
	uint8_t count;
	uint8_t len[NAMES_PER_ADDRESS];
	char at[NAMES_PER_ADDRESS][NAME_LEN_MAX];
};

/* A key of the table, so without padding. */
struct question {
	struct endpoint asker, asked;
	uint16_t id, type;
	uint64_t name_hash;
};

_Static_assert(sizeof(struct question) == 48, "no padding is hashed");

struct names {
	struct table *table, *questions;
	uint64_t seed, unasked;
};

static uint32_t question_room(uint32_t capacity)
{
	if (capacity < QUESTIONS_LEAST)
		return QUESTIONS_LEAST;
	return capacity < QUESTIONS_MOST ? capacity : QUESTIONS_MOST;
}

int names_new(uint32_t capacity, uint64_t seed, struct names **out)
{
	struct names *names = calloc(1, sizeof(*names));
	struct table_settings settings = {.capacity = capacity,
					  .entry_size = sizeof(struct entry),
					  .key_size = sizeof(struct address),
					  .seed = seed};
	struct table_settings questions = {.capacity = question_room(capacity),
					   .entry_size = sizeof(struct question),
					   .key_size = sizeof(struct question),
					   .seed = seed};

	if (!names)
		return -ENOMEM;
	names->seed = seed;
	int r = table_new(&settings, &names->table);
	if (r == 0)
		r = table_new(&questions, &names->questions);
	if (r < 0) {
		names_free(names);
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
	table_free(names->questions);
	free(names);
}

static struct str name_at(const struct entry *entry, uint8_t i)
{
	return str_of(entry->at[i], entry->len[i]);
}

/* Makes room at the front, over the place `last`. */
static void move_back(struct entry *entry, uint8_t last)
{
	memmove(entry->at[1], entry->at[0], last * sizeof(entry->at[0]));
	memmove(entry->len + 1, entry->len, last);
}

void names_learn(struct names *names, const struct address *address, struct str name, instant now)
{
	static const struct address none6 = {{0}};
	const struct address none4 = address_v4(0);
	uint8_t place = 0;

	if (name.len == 0 || name.len > NAME_LEN_MAX || address_is_loopback(address) ||
	    address_equal(address, &none4) || address_equal(address, &none6))
		return;
	uint64_t hash = table_hash(names->table, address);
	struct entry *entry = table_find(names->table, address, hash);
	if (!entry)
		entry = table_insert(names->table, address, hash, now);
	table_touch(names->table, entry, now);
	while (place < entry->count && !str_equal_nocase(name_at(entry, place), name))
		place++;
	if (place == entry->count && place < NAMES_PER_ADDRESS)
		entry->count++;
	move_back(entry, place < NAMES_PER_ADDRESS ? place : NAMES_PER_ADDRESS - 1);
	memcpy(entry->at[0], name.at, name.len);
	entry->len[0] = (uint8_t)name.len;
}

size_t names_find(struct names *names, const struct address *address, struct str *out, size_t most)
{
	struct entry *entry = table_find(names->table, address, table_hash(names->table, address));
	size_t count = 0;

	for (uint8_t i = 0; entry && i < entry->count && count < most; i++)
		out[count++] = name_at(entry, i);
	return count;
}

struct learning {
	struct names *names;
	struct str asked;
	instant now;
};

/* Records beside the question say what nobody asked for. */
static void learn_naming(void *context, const struct dns_naming *naming)
{
	struct learning *learning = context;

	if (str_equal(naming->name, learning->asked))
		names_learn(learning->names, &naming->address, naming->name, learning->now);
}

static void note_question(struct names *names, const struct question *question, instant now)
{
	uint64_t hash = table_hash(names->questions, question);
	struct question *known = table_find(names->questions, question, hash);

	if (!known)
		known = table_insert(names->questions, question, hash, now);
	table_touch(names->questions, known, now);
}

/* Not taken out by its answer: that passes by again on a bridge and on its ports. */
static bool was_asked(struct names *names, const struct question *question, instant now)
{
	struct question *known =
		table_find(names->questions, question, table_hash(names->questions, question));

	if (!known)
		return false;
	int64_t age = instant_since(now, table_touched(names->questions, known)).ns;
	return age >= 0 && age <= DURATION_S(QUESTION_LIVES_S).ns;
}

void names_take_dns(struct names *names, const struct endpoint *from, const struct endpoint *to,
		    struct str message, instant now)
{
	struct dns_message dns;

	if (dns_message_read(message, &dns) != DECODED)
		return;
	struct str asked = dns_name_text(&dns.question);
	const struct question question = {
		.asker = dns.is_response ? *to : *from,
		.asked = dns.is_response ? *from : *to,
		.id = dns.id,
		.type = dns.question_type,
		.name_hash = hash_bytes(asked.at, asked.len, names->seed),
	};
	struct learning learning = {names, asked, now};
	if (!dns.is_response && dns.has_question)
		note_question(names, &question, now);
	else if (dns.has_question && was_asked(names, &question, now))
		dns_names_of(&dns, learn_naming, &learning);
	else if (dns.is_response)
		names->unasked++;
}

uint64_t names_unasked(const struct names *names)
{
	return names->unasked;
}

struct table_counters names_counters(const struct names *names)
{
	return table_counters(names->table);
}
