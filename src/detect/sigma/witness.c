#include "detect/sigma/witness.h"

#include <string.h>

#include "base/hash.h"
#include "model/record_excerpt.h"

static uint16_t keep(struct str text, char *out, size_t cap)
{
	const size_t len = text.len < cap ? text.len : cap;

	if (len > 0)
		memcpy(out, text.at, len);
	return (uint16_t)len;
}

static void keep_name(struct kept_name *out, struct str text)
{
	out->len = keep(text, out->at, sizeof(out->at));
}

static void keep_word(struct kept_word *out, struct str text)
{
	out->len = keep(text, out->at, sizeof(out->at));
}

static void take_name(struct whose *out, enum whose_kind kind, struct str name)
{
	if (out->name.len > 0 || name.len == 0)
		return;
	out->kind = kind;
	keep_name(&out->name, name);
}

static void take_address(struct whose *out, const struct address *address)
{
	char text[ENDPOINT_TEXT_MAX];

	take_name(out, WHOSE_ADDRESS, address_text(address, text));
}

void whose_read(const struct record *record, struct whose *out)
{
	*out = (struct whose){0};
	switch (record->kind) {
	case RECORD_FLOW:
		take_address(out, &record->flow.source.address);
		keep_word(&out->account, record->flow.account);
		break;
	case RECORD_LOOKUP:
		if (record->lookup.has_client)
			take_address(out, &record->lookup.client);
		take_name(out, WHOSE_ADDRESS, record->lookup.instance);
		keep_word(&out->account, record->lookup.account);
		break;
	case RECORD_OTHER:
		break;
	default:
		take_name(out, WHOSE_IDENTITY, record->act.identity.name);
		take_name(out, WHOSE_ADDRESS, record->act.source);
		take_name(out, WHOSE_ACCOUNT, record->act.account);
		keep_word(&out->account, record->act.account);
	}
	take_name(out, WHOSE_INPUT, record->source);
}

struct str whose_name(const struct whose *whose)
{
	return str_of(whose->name.at, whose->name.len);
}

uint64_t whose_hash(const struct whose *whose, uint64_t seed)
{
	const uint64_t name = hash_bytes(whose->name.at, whose->name.len, seed + whose->kind);

	return hash_bytes(whose->account.at, whose->account.len, name);
}

void whose_tell(const struct whose *whose, struct subject *out)
{
	static const struct {
		const char *type, *key;
	} words[] = {
		[WHOSE_IDENTITY] = {"identity", "identity"},
		[WHOSE_ADDRESS] = {"host", "address"},
		[WHOSE_ACCOUNT] = {"account", "account"},
		[WHOSE_INPUT] = {"log", "source"},
	};

	out->type = str_from(words[whose->kind].type);
	facts_add_text(&out->keys, words[whose->kind].key, whose_name(whose));
	if (whose->kind != WHOSE_ACCOUNT)
		facts_add_text(&out->keys, "account",
			       str_of(whose->account.at, whose->account.len));
}

void witness_read(const struct record *record, struct witness *out)
{
	CLEANUP(buf_fini) struct buf quote = {0};
	const bool is_act = record->kind != RECORD_FLOW && record->kind != RECORD_LOOKUP;

	out->time = record->time;
	out->offset = record->offset;
	out->source_len = keep(record->source, out->source, sizeof(out->source));
	record_excerpt(record, &quote);
	out->quote_len = keep(buf_view(&quote), out->quote, sizeof(out->quote));
	keep_word(&out->key_id, is_act ? record->act.identity.key_id : (struct str){0});
	keep_word(&out->address, is_act ? record->act.source : (struct str){0});
	keep_word(&out->session, is_act ? record->act.identity.session : (struct str){0});
}

int witness_compare(const struct witness *a, const struct witness *b)
{
	if (a->time.ns != b->time.ns)
		return a->time.ns < b->time.ns ? -1 : 1;
	const int order =
		str_compare(str_of(a->source, a->source_len), str_of(b->source, b->source_len));
	if (order != 0)
		return order;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

struct evidence witness_evidence(const struct witness *witness)
{
	return (struct evidence){
		.source = str_of(witness->source, witness->source_len),
		.offset = witness->offset,
		.has_offset = true,
		.time = witness->time,
		.quote = str_of(witness->quote, witness->quote_len),
	};
}
