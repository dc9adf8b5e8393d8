#include "source/live/ring_set.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES_A_TURN = 256 };

static void remove_at(struct ring_set *set, size_t i)
{
	set->of_removed += set->at[i].ring.frames;
	ring_unmap(&set->at[i].ring);
	close(set->at[i].ring.fd);
	set->at[i] = set->at[--set->count];
	set->turn = 0;
	set->turn_left = FRAMES_A_TURN;
}

void ring_set_remove(struct ring_set *set, int interface)
{
	for (size_t i = set->count; i-- > 0;)
		if (set->at[i].notice.interface == interface)
			remove_at(set, i);
}

int ring_set_add(struct ring_set *set, const struct tap_notice *notice, int fd, struct error *why)
{
	ring_set_remove(set, notice->interface);
	if (set->count == TAPS_MAX) {
		close(fd);
		return error_set(why, -ENOBUFS, "more than %d rings", TAPS_MAX);
	}
	struct ring *ring = &set->at[set->count].ring;
	int failed = ring_map(fd, &notice->shape, notice->gives_up_first, ring, why);
	if (failed) {
		close(fd);
		return failed;
	}
	set->at[set->count].notice = *notice;
	set->count++;
	set->given_up += ring->lost_start;
	return 0;
}

size_t ring_set_take(struct ring_set *set, struct frame *frames, size_t most, struct str *interface)
{
	/* The one whose turn it was is asked again at last: its share was over, not its frames. */
	for (size_t tried = 0; tried <= set->count && set->count; tried++) {
		size_t wanted = set->turn_left < most ? set->turn_left : most;
		size_t count = ring_take(&set->at[set->turn].ring, frames, wanted);
		if (count > 0) {
			const char *name = set->at[set->turn].notice.name;
			*interface = str_of(name, strnlen(name, IF_NAMESIZE));
			set->turn_left -= (uint32_t)count;
			return count;
		}
		set->turn = (set->turn + 1) % set->count;
		set->turn_left = FRAMES_A_TURN;
	}
	return 0;
}

uint64_t ring_set_frames(const struct ring_set *set)
{
	uint64_t sum = set->of_removed;

	for (size_t i = 0; i < set->count; i++)
		sum += set->at[i].ring.frames;
	return sum;
}

void ring_set_fini(struct ring_set *set)
{
	while (set->count)
		remove_at(set, set->count - 1);
}
