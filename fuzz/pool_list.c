/*
 * Any bytes as a list, then as a blob. Every entry of a list that is taken can be written and read
 * again, and is found when it is looked for.
 */
#include <assert.h>

#include "lists/pool_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_entry(const struct pool_list *list, const struct pool_match *match)
{
	char name[POOL_NAME_MAX + 1];
	struct pool_match found;
	struct pool_entry again;
	struct buf text = {0};

	buf_add_pool_entry(&text, &match->entry);
	assert(pool_entry_parse(buf_view(&text), name, &again, NULL));
	assert(again.kind == match->entry.kind && again.port == match->entry.port);
	if (again.kind == POOL_NAME)
		assert(pool_list_find_name(list, match->entry.name, again.port, &found));
	else if (again.kind == POOL_SHARED)
		assert(pool_list_is_shared(list, &again.address));
	else if (!pool_list_is_shared(list, &again.address))
		assert(pool_list_find_address(list, &again.address, again.port, &found));
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pool_list_builder builder = {0};
	struct pool_list list;
	struct pool_match match;
	struct error why = {0};
	struct buf blob = {0};

	if (pool_list_add_file(&builder, "f", str_of(bytes, len), &why) == 0) {
		assert(pool_list_seal(&builder, &blob) == 0);
		assert(pool_list_open(buf_view(&blob), &list));
		for (uint32_t i = 0; i < pool_list_count(&list); i++) {
			match = pool_list_at(&list, i);
			check_entry(&list, &match);
		}
	} else {
		assert(why.text[0] && builder.list_count == 0);
	}
	if (pool_list_open(str_of(bytes, len), &list))
		for (uint32_t i = 0; i < pool_list_count(&list); i++) {
			match = pool_list_at(&list, i);
			(void)pool_list_find_name(&list, match.entry.name, 1, &match);
			(void)pool_list_find_address(&list, &match.entry.address, 1, &match);
		}
	buf_fini(&blob);
	pool_list_builder_fini(&builder);
	return 0;
}
