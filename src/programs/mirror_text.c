#include "programs/mirror_text.h"

#include "lists/pool_list.h"

bool mirrors_add(struct mirrors *mirrors, struct str text, struct error *why)
{
	char name[POOL_NAME_MAX + 1];
	struct pool_entry entry;

	if (str_equal(text, STR("none")))
		return true;
	if (str_equal(text, STR("any"))) {
		mirrors->believes_all = true;
		return true;
	}
	/* the line of a list of pools knows networks; names, ports and marks do not belong here */
	if (!pool_entry_parse(text, name, &entry, NULL) || entry.kind != POOL_NETWORK ||
	    entry.port != 0) {
		error_set(why, 0,
			  "%.*s is no mirror: an address, a network like 192.0.2.0/24, any or none",
			  (int)(text.len < 60 ? text.len : 60), text.at);
		return false;
	}
	if (mirrors->count == MIRRORS_MAX) {
		error_set(why, 0, "more than %d mirrors: write a network in place of its addresses",
			  MIRRORS_MAX);
		return false;
	}
	mirrors->at[mirrors->count++] =
		(struct mirror){.address = entry.address, .prefix = entry.prefix};
	return true;
}
