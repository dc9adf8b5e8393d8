/*
 * For system tests of the live source: a ring that is opened and read in one process, on one end of
 * the veth pair live0-live1, and flows to send into the other.
 */
#ifndef DAVY_TESTS_PROBE_H
#define DAVY_TESTS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "source/live/ring.h"

enum { RETIRE_MS = 10, BULK = 1400 };

int64_t now_ms(void);

struct probe {
	struct ring_socket socket;
	struct ring ring;
};

void probe_open(struct probe *probe, const struct ring_settings *settings); /* or the test fails */
void probe_close(struct probe *probe);
struct ring_settings settings_for(const char *interface);

/* Take our frames until `most` have come or nothing came for quiet_ms; the last one in *last. */
size_t take(struct probe *probe, size_t most, int quiet_ms, struct frame *last);
/* All that has been sent is in the ring; what is still to come after a retired block is nothing. */
size_t take_all(struct probe *probe);

struct frame_plan flow(uint16_t port); /* from 10.0.0.1:port to 10.0.0.2:443, bulk */
void send_many(int sender, const struct frame_plan *plan, unsigned count);

/*
 * The namespace and live0-live1. False, with the TAP line that skips the whole program, when that
 * is not possible. (cmocka's own skip() is "not ok", which meson takes for a failure.)
 */
bool enter_namespace(void);

#endif
