/*
 * The kernel's own refusal for one control group (v2): its sockets reach no more a few addresses
 * and ports, TCP and UDP, in whatever network namespace, until a time (bpf/connect.bpf.c).
 *
 * It outlives us: four links and the map are pinned below /sys/fs/bpf/davy/ID, where only root may
 * enter. When the group is removed the links hold nothing any more; when the time is over the
 * programs let all pass. Either way the pins stay until hook_remove or hooks_sweep.
 */
#ifndef DAVY_RESPOND_BLOCK_HOOK_H
#define DAVY_RESPOND_BLOCK_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "model/endpoint.h"

#define HOOK_FOLDER "/sys/fs/bpf/davy"

enum { HOOK_PROGRAMS = 4 };

/*
 * Refuse it to the control group whose folder is `group`. Said again of the same finding, the new
 * places are added, and the programs go over to that group; at no moment is there none.
 *
 * id:      of the finding, 16 hex digits
 * seconds: from now
 * is_new:  out, when 0 is returned: there was none of this finding before
 * returns: 0; or -errno with a sentence: one that was there before may hold in part then
 */
must_check int hook_attach(struct str id, const char *group, const struct endpoint *at,
			   size_t count, uint64_t seconds, bool *is_new, struct error *why);
/* All of it; none there is fine. 0 or -errno with a sentence. */
must_check int hook_remove(struct str id, struct error *why);

/* What the kernel says of it. */
struct hook_state {
	unsigned programs;   /* of HOOK_PROGRAMS, those that a living group has */
	uint64_t group;	     /* the inode of its folder; 0: gone */
	unsigned places;     /* refused as of now */
	uint64_t seconds;    /* to the end of the last of them */
	bool has_map, is_in; /* its map; its folder */
};
void hook_look(struct str id, struct hook_state *out);

/* Why none can be made here, as the end of a sentence; NULL: it may be tried. Changes nothing. */
const char *hook_lacks(void);

/* Each finding of which there are pins. */
typedef void hook_visit(void *context, struct str id);
void hooks_each(hook_visit *visit, void *context);
/* Take away those whose time is over. */
void hooks_sweep(void);

#endif
