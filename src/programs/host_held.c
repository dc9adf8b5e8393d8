#include "programs/host_held.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "decode/proc/cgroup.h"
#include "detect/host_verdict.h"
#include "model/finding_json.h"
#include "model/line.h"

enum { IMAGE_BYTES = 16 * 1024 /* of digests and the entry's words, behind a line */ };

struct one {
	bool is_used;
	instant since;
	struct process_key process;
	struct buf path; /* of its control group */
	struct buf line; /* the finding */
};

struct host_held {
	const struct authorised *authorised;
	struct host_images *images;
	struct arena arena;
	struct one held[HOST_HELD_MAX];
	struct buf line; /* of the one that was handed out */
};

int host_held_new(const struct authorised *authorised, struct host_images *images,
		  struct host_held **out)
{
	struct host_held *held = calloc(1, sizeof(*held));

	if (!held || arena_init(&held->arena, LINE_ARENA_BYTES + IMAGE_BYTES) < 0) {
		host_held_free(held);
		return -ENOMEM;
	}
	held->authorised = authorised;
	held->images = images;
	*out = held;
	return 0;
}

void host_held_free(struct host_held *held)
{
	if (!held)
		return;
	for (size_t i = 0; i < HOST_HELD_MAX; i++) {
		buf_fini(&held->held[i].path);
		buf_fini(&held->held[i].line);
	}
	buf_fini(&held->line);
	arena_fini(&held->arena);
	free(held);
}

/* -- kept -- */

/* The one of this process, or else a free one, or NULL. */
static struct one *place_for(struct host_held *held, const struct process_key *process)
{
	struct one *free_one = NULL;

	for (size_t i = 0; i < HOST_HELD_MAX; i++) {
		struct one *one = &held->held[i];
		if (one->is_used && process_key_agrees(&one->process, process))
			return one;
		if (!one->is_used)
			free_one = one;
	}
	return free_one;
}

static bool write_down(struct host_held *held, struct one *one, const struct process *process,
		       const struct finding *finding)
{
	struct finding named = *finding, read;
	char id[FINDING_ID_LEN + 1];
	struct error why;

	finding_identify(finding, id);
	named.id = str_from(id);
	named.revision = 1;
	buf_clear(&one->path);
	buf_add(&one->path, process->cgroup.path);
	buf_clear(&one->line);
	finding_to_json(&named, &one->line);
	arena_reset(&held->arena);
	/* what cannot be read back would be lost */
	return !one->path.failed && !one->line.failed &&
	       finding_from_json(buf_view(&one->line), &held->arena, &read, &why) == 0;
}

static bool keep(struct host_held *held, struct one *one, const struct process *process,
		 const struct finding *finding, instant now)
{
	if (!write_down(held, one, process, finding)) {
		one->is_used = false;
		return false;
	}
	one->since = one->is_used ? one->since : now;
	one->process = process->key;
	one->is_used = true;
	return true;
}

bool host_held_take(struct host_held *held, const struct process *process,
		    const struct finding *finding, instant now)
{
	/* also without an entry: the digests are what one is written with */
	bool is_awaited = authorised_is_container(&process->cgroup) &&
			  host_images_want(held->images, process->cgroup.container, now);
	struct one *one = place_for(held, &process->key);

	if (!one)
		return false;
	if (is_awaited && !authorised_is_told(finding) &&
	    authorised_may_be_of_image(held->authorised, &process->cgroup))
		return keep(held, one, process, finding, now);
	one->is_used = false; /* what is told now is newer */
	return false;
}

/* -- told -- */

/* Where the clock was set back nobody waits longer for it. */
static bool is_over(const struct host_held *held, const struct one *one, struct str container,
		    instant now)
{
	duration waited = instant_since(now, one->since);

	return waited.ns < 0 || waited.ns > DURATION_S(HOST_HELD_S).ns ||
	       !host_images_is_awaited(held->images, container);
}

/* As a look would have it, if it came now. */
static void apply_image(struct host_held *held, const struct process *process, instant now,
			struct finding *out)
{
	const struct authorisation *one = authorised_find(held->authorised, process, now);

	host_verdict_tell_image(&process->image, &held->arena, out);
	if (one && authorised_holds(one, now))
		authorised_tell(one, &held->arena, out);
	else if (one && one->by == AUTHORISED_BY_IMAGE) /* of others the look said so */
		authorised_tell_expired(one, &held->arena, out);
}

static bool hand_out(struct host_held *held, struct one *one, const struct process *process,
		     instant now, struct finding *out)
{
	struct buf line = held->line;
	struct error why;

	held->line = one->line;
	one->line = line;
	one->is_used = false;
	arena_reset(&held->arena);
	if (finding_from_json(buf_view(&held->line), &held->arena, out, &why) < 0)
		return false;
	apply_image(held, process, now, out);
	return true;
}

bool host_held_next(struct host_held *held, bool all, instant now, struct finding *out)
{
	char scratch[CGROUP_POD_UID_LEN];

	for (size_t i = 0; i < HOST_HELD_MAX; i++) {
		struct one *one = &held->held[i];
		struct process process = {.key = one->process};
		if (!one->is_used)
			continue;
		cgroup_place_of_path(buf_view(&one->path), scratch, &process.cgroup);
		if (!all && !is_over(held, one, process.cgroup.container, now))
			continue;
		process.image = host_images_find(held->images, process.cgroup.container);
		if (hand_out(held, one, &process, now, out))
			return true;
	}
	return false;
}
