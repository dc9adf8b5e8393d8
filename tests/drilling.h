/*
 * For system tests: drills on loopback in processes of their own, and connections that carry bulk
 * before they carry a mining session.
 */
#ifndef DAVY_TESTS_DRILLING_H
#define DAVY_TESTS_DRILLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lab/dialect.h"
#include "lab/host_drill.h"

/* A drill on loopback in a process of its own; ends by itself after so many shares. */
pid_t drilling_start(const char *dialect, const char *carrier, unsigned shares, uint64_t seed);
void drilling_end(pid_t pid); /* waits; the test fails when the drill did not finish */
void drilling_stop(pid_t pid);

/* A TCP connection over loopback, both ends here. */
struct connection {
	int client, server;
};
struct connection connection_open(void);
void connection_close(struct connection *c);
/* Random bytes from client to server, as fast as they go. */
void connection_bulk(const struct connection *c, size_t bytes);
/* A whole mining session of so many shares, 100 ms apart. */
void connection_mine(const struct connection *c, const char *dialect, unsigned shares,
		     uint64_t seed);
/*
 * One side of a session on a socket, 100 ms between shares; the pool's lasts until the miner hangs
 * up. No assertions: for processes of their own.
 *
 * returns: false when it failed, or took longer than a minute
 */
bool connection_speak(int fd, enum lab_side side, const char *dialect, unsigned shares,
		      uint64_t seed);
/*
 * Speaks as the miner in one thread, and computes in a child, as many miners do; for a minute at
 * most. Afterwards the connection is still open.
 */
bool connection_mine_and_compute(int fd, const char *dialect, unsigned shares, uint64_t seed,
				 const struct host_drill_watcher *watcher);

#endif
