/*
 * The supervisor's rings: one for each worker on each interface that is up and wanted, opened when
 * it comes and closed when it goes. What the workers must know is handed to the caller as plain
 * bytes (struct tap_notice) with a descriptor, ready to be sent.
 *
 *     interfaces.on_change = taps_on_change, interfaces.context = taps
 *
 * Ring memory is bounded over all interfaces; one that does not fit is told to on_failure, not
 * passed over.
 */
#ifndef DAVY_SOURCE_LIVE_TAPS_H
#define DAVY_SOURCE_LIVE_TAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "source/live/interfaces.h"
#include "source/live/ring.h"

enum { TAPS_MAX = 256, TAP_WORKERS_MAX = 16 };

/* To a worker: a ring has come (with a descriptor) or gone (without). */
struct tap_notice {
	int32_t interface;
	struct ring_shape shape;
	uint32_t gives_up_first; /* for ring_map: the worker before this one died */
	char name[IF_NAMESIZE];
};

struct taps_settings {
	size_t workers; /* 1..TAP_WORKERS_MAX */
	bool is_promiscuous;
	uint32_t block_size, block_count; /* of each ring; 0: ring.h's */
	uint64_t memory_bytes;		  /* of all rings together; 0: 1 GiB */
	struct interface_names names;
	const struct cutoff_filter *filter;   /* NULL: none */
	const struct fanout_program *program; /* NULL: the kernel's hash */
	void (*on_open)(void *context, size_t worker, const struct tap_notice *notice, int fd);
	void (*on_close)(void *context, size_t worker, const struct tap_notice *notice);
	void (*on_failure)(void *context, const struct interface *interface, const char *why);
	void *context;
};

struct tap {
	struct interface interface;
	struct ring_group group;
	struct ring_socket rings[TAP_WORKERS_MAX];
	struct ring_counters counters;
	bool is_open;
};

struct taps {
	struct taps_settings settings;
	struct tap at[TAPS_MAX];
	uint64_t memory_bytes;	      /* in use */
	struct ring_counters of_gone; /* counters of rings closed since */
};

/* `taps` zeroed and its settings set; then give taps_on_change to an interface list. */
void taps_on_change(void *taps, const struct interface *interface, enum interface_change change);

/* settings.names have changed: close what is not wanted any more, and open what is wanted now. */
void taps_choose(struct taps *taps, const struct interfaces *list);

/* A worker was started again: on_open for every ring of its, to be begun after the bad block. */
void taps_announce(struct taps *taps, size_t worker, bool gives_up_first);

/* Received and dropped over all rings, since the start. Call often: the kernel's are 32 bits wide.
 */
struct ring_counters taps_count(struct taps *taps);

void taps_close(struct taps *taps);

#endif
