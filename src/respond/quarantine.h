/*
 * A control group for the guilty alone: they are moved into it, their old group is remembered.
 * When nobody else is in their group, and it is root's, it is used as it is: taking the last
 * process out of a service would make systemd think that the service ended, and start it again.
 */
#ifndef DAVY_RESPOND_QUARANTINE_H
#define DAVY_RESPOND_QUARANTINE_H

#include "base/json_write.h"
#include "respond/control_group.h"
#include "respond/respond.h"

struct quarantine_task {
	struct process_key key;
	char old[CONTROL_GROUP_PATH_MAX]; /* its group before */
};

struct quarantine {
	char mount[CONTROL_GROUP_PATH_MAX], group[CONTROL_GROUP_PATH_MAX];
	const char *controller; /* of the mount: as control_group_of; NULL: only the tasks */
	bool in_place;		/* the group is theirs: nobody is moved */
	struct quarantine_task *tasks;
	size_t count;
};

void quarantine_fini(struct quarantine *quarantine);

/*
 * Who is to be moved where.
 *
 * controller: as control_group_of
 * in_place:   may their own group do, when they are alone in it?
 */
must_check int quarantine_plan(const struct response_case *response_case, const char *mount,
			       const char *controller, bool in_place, struct quarantine *out,
			       struct error *why);

/*
 * As keys of the memory's object, and back. The journal is the core's own file, which has no
 * rights: what it says is held against this machine, so that nothing is touched but a group that is
 * frozen in its place, or one of ours.
 *
 * in_place: may it be one in its place?
 * returns:  0; -EBADMSG when it cannot be what we wrote
 */
void quarantine_remember(const struct quarantine *quarantine, struct json_writer *w);
must_check int quarantine_recall(const struct response_place *place, struct json_value memory,
				 bool in_place, struct quarantine *out, struct error *why);

/* Lines for a dry run: with the group's file `file` (NULL: none) set to `value` first. */
void quarantine_tell(const struct quarantine *quarantine, const struct response_case *response_case,
		     const char *file, const char *value, struct buf *lines);

/* Before anything is done: 0 when quarantine_enter will find somebody, as of now; else -ESRCH. */
must_check int quarantine_await(const struct response_place *place,
				const struct quarantine *quarantine, struct error *why);
/*
 * Move them in, or, in place, see that they are in it; those that have ended meanwhile are passed
 * over. The group must be there.
 * returns: 0 and how many are in it; -ESRCH: none is
 */
must_check int quarantine_enter(const struct response_place *place,
				const struct quarantine *quarantine, size_t *entered,
				struct error *why);
/*
 * Move all that is in it back, children too, and take the group away. What could not be put back is
 * told in `outcome`.
 */
must_check int quarantine_leave(const struct response_place *place,
				const struct quarantine *quarantine, struct buf *outcome,
				struct error *why);

/* Only the processes, for steps that need no group; to be ended by quarantine_fini. */
void tasks_remember(const struct response_case *response_case, struct json_writer *w);
must_check int tasks_recall(struct json_value memory, struct quarantine *out, struct error *why);
struct str quarantine_text(struct json_value memory, const char *key, char *scratch, size_t cap);

#endif
