/*
 * The interfaces of this network namespace and their changes, over rtnetlink.
 *
 * The list is bounded; a host with more interfaces than INTERFACES_MAX has the rest counted in
 * `unlisted` (design: what is not looked at is never passed over in silence).
 */
#ifndef DAVY_SOURCE_LIVE_INTERFACES_H
#define DAVY_SOURCE_LIVE_INTERFACES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

enum { INTERFACES_MAX = 1024 };

struct interface {
	int index;
	uint16_t hardware_type; /* ARPHRD_* */
	bool is_up;
	bool is_listed; /* seen in the listing under way */
	char name[IF_NAMESIZE];
};

enum interface_change {
	INTERFACE_UP,	/* there and up: listen to it */
	INTERFACE_DOWN, /* gone, or no longer up: a ring on it is of no use */
	INTERFACE_GONE, /* it was down, and is gone now */
};

struct interfaces {
	int fd; /* readable when something changed */
	struct interface at[INTERFACES_MAX];
	size_t count;
	uint64_t unlisted;
	void (*on_change)(void *context, const struct interface *interface,
			  enum interface_change change);
	void *context;
};

/*
 * Subscribe and read the list; on_change is called for each interface that is up. `list` has
 * on_change and context set, the rest is filled in. A renamed interface goes and comes.
 */
must_check int interfaces_open(struct interfaces *list, struct error *why);
void interfaces_close(struct interfaces *list);

/* Take in what the socket has; reads the whole list again when messages were lost. 0 or an errno.
 */
must_check int interfaces_read(struct interfaces *list);

/*
 * Should an interface be listened to? Shell globs (fnmatch): matches one of `include`, or that list
 * is empty, and none of `exclude`.
 */
struct interface_names {
	const char *const *include, *const *exclude;
	size_t include_count, exclude_count;
};
bool interface_is_wanted(const char *name, const struct interface_names *names);

#endif
