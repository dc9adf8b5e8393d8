/*
 * The cut-off filter from user space: the supervisor loads it and hands its map to the workers,
 * which decide which flows are cut (bpf/cutoff.h says what a cut means).
 *
 * A worker has no capabilities. Since Linux 5.19 a map may be updated by whoever holds its
 * descriptor; before that, or where it is refused, cutoff_map_is_writable() says so and the worker
 * must ask the supervisor, sending it the struct cutoff_key as it is.
 */
#ifndef DAVY_SOURCE_LIVE_CUTOFF_MAP_H
#define DAVY_SOURCE_LIVE_CUTOFF_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "cutoff.h"
#include "model/endpoint.h"

enum { CUTOFF_FLOWS_DEFAULT = 65536 };

/* 64 KiB/s, looked at over 1 s; a burst of 32 packets every 30 s; 20 small packets a second. */
struct cutoff_settings cutoff_settings_default(void);

/* -- the supervisor's side (needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN) -- */

struct cutoff_filter;

/*
 * Load the filter with its map.
 *
 * capacity: flows in the map, about 200 bytes of kernel memory each; the least recently seen flow
 *           makes room, and is then passed whole again
 * returns:  0, or a negative errno with a sentence in `why`
 */
must_check int cutoff_filter_open(const struct cutoff_settings *settings, uint32_t capacity,
				  struct cutoff_filter **out, struct error *why);
void cutoff_filter_close(struct cutoff_filter *filter); /* NULL is allowed */

/* Descriptors that live as long as the filter: of the program for a kind of socket, and the map. */
int cutoff_filter_program(const struct cutoff_filter *filter, bool begins_with_mac);
int cutoff_filter_map(const struct cutoff_filter *filter);
must_check int cutoff_filter_totals(const struct cutoff_filter *filter, struct cutoff_totals *out);

/* -- the worker's side -- */

/* The key of the flow between two endpoints, in either order. */
struct cutoff_key cutoff_key_of(const struct endpoint *a, const struct endpoint *b,
				uint8_t protocol);

bool cutoff_map_is_writable(int map);

/* Cut a flow, or cut it anew: its counters begin at zero. 0 or a negative errno. */
must_check int cutoff_map_cut(int map, const struct cutoff_key *key,
			      const struct cutoff_settings *settings);
/* Forget a flow: it is passed whole. 0, -ENOENT when it was not there, or another errno. */
must_check int cutoff_map_forget(int map, const struct cutoff_key *key);
must_check int cutoff_map_read(int map, const struct cutoff_key *key, struct cutoff_entry *out);

#endif
