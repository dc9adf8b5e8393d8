#include "detect/launch_burst/shapes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"
#include "detect/identities.h"

enum { NAME_MAX_HASHED = 512, HOPS_MAX = 3 };

struct shapes {
	struct table *table;
};

int shapes_new(const struct record_settings *settings, struct shapes **out)
{
	const struct table_settings wanted = {
		.capacity = settings->capacity,
		.entry_size = sizeof(struct shape),
		.key_size = sizeof(((struct shape *)0)->key),
		.seed = settings->seed,
	};
	struct shapes *shapes = calloc(1, sizeof(*shapes));

	if (!shapes || table_new(&wanted, &shapes->table) < 0) {
		free(shapes);
		return -ENOMEM;
	}
	*out = shapes;
	return 0;
}

void shapes_free(struct shapes *shapes)
{
	if (!shapes)
		return;
	table_free(shapes->table);
	free(shapes);
}

/*
 * "family", "family:3" and "arn:aws:ecs:...:task-definition/family:3" are one thing, as are a
 * function's name and "arn:aws:lambda:...:function:NAME:VERSION"; resources of Azure and Google are
 * named by their whole path.
 */
static struct str plain_name(const struct record_act *act, struct str name)
{
	struct str head, rest;
	ptrdiff_t function = str_find(name, STR(":function:"));

	if (act->provider != PROVIDER_AWS)
		return name;
	if (function >= 0)
		name = str_skip(name, (size_t)function + 10);
	else if (str_find_byte(name, '/') >= 0)
		name = str_file_name(name);
	(void)str_cut(name, ':', &head, &rest);
	return head;
}

uint64_t shape_key(const struct record_act *act, const char *kind, struct str name)
{
	char text[NAME_MAX_HASHED];

	if (!kind || name.len == 0)
		return 0;
	name = str_sub(plain_name(act, name), 0, sizeof(text));
	for (size_t i = 0; i < name.len; i++) /* Azure writes the same name in several ways */
		text[i] = (char)(name.at[i] >= 'A' && name.at[i] <= 'Z' ? name.at[i] | 0x20
									: name.at[i]);
	uint64_t hash = hash_bytes(kind, strlen(kind) + 1, (uint64_t)act->provider);
	hash = hash_bytes(act->account.at, act->account.len, hash + act->account.len);
	hash = hash_bytes(text, name.len, hash);
	return hash ? hash : 1;
}

static void learn_one(struct shapes *shapes, const struct shape *told)
{
	uint64_t hash = table_hash(shapes->table, &told->key);
	struct shape *known = table_find(shapes->table, &told->key, hash);

	if (!known) {
		known = table_insert(shapes->table, &told->key, hash, told->time);
	} else if (told->time.ns < known->time.ns ||
		   (told->time.ns == known->time.ns && told->mark <= known->mark)) {
		table_touch(shapes->table, known, told->time);
		return;
	}
	*known = *told;
	table_touch(shapes->table, known, told->time);
}

void shapes_learn(struct shapes *shapes, const struct record *record,
		  const struct computing_act *asked)
{
	struct shape told = {
		.time = record->time,
		.mark = record_mark(record),
		.vcpu = asked->vcpu,
		.gpu = asked->gpu,
	};
	struct str type = str_sub(asked->type, 0, sizeof(told.type) - 1);
	bool says_nothing = type.len == 0 && asked->vcpu < 0 && asked->gpu < 0;

	for (int i = 0; i < COMPUTING_NAMES; i++)
		told.made_of[i] = shape_key(&record->act, asked->made_of_kind, asked->made_of[i]);
	if (says_nothing && told.made_of[0] == 0)
		return;
	if (type.len > 0)
		memcpy(told.type, type.at, type.len);
	for (int i = 0; i < COMPUTING_NAMES; i++) {
		told.key = shape_key(&record->act, asked->name_kind, asked->names[i]);
		if (told.key != 0)
			learn_one(shapes, &told);
	}
}

static const struct shape *find(struct shapes *shapes, uint64_t key)
{
	return key ? table_find(shapes->table, &key, table_hash(shapes->table, &key)) : NULL;
}

struct shape shapes_resolve(struct shapes *shapes, uint64_t first, uint64_t second, uint64_t third)
{
	struct shape found = {.vcpu = -1, .gpu = -1};
	uint64_t keys[] = {first, second, third};
	const struct shape *at = NULL;

	for (int i = 0; i < 3 && !at; i++)
		at = find(shapes, keys[i]);
	for (int hops = 0; at && hops < HOPS_MAX; hops++) {
		if (found.vcpu < 0)
			found.vcpu = at->vcpu;
		if (found.gpu < 0)
			found.gpu = at->gpu;
		if (!found.type[0])
			memcpy(found.type, at->type, sizeof(found.type));
		const struct shape *next = find(shapes, at->made_of[0]);
		at = next ? next : find(shapes, at->made_of[1]);
	}
	return found;
}
