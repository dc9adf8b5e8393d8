/*
 * A miner and its pool, each a program of its own: for tests/container_system, which runs the miner
 * in a container.
 *
 * usage: container_sides miner|pool|visitor ADDRESS PORT
 *
 * The miner speaks, computes in a child and keeps its connection; a visitor only connects. The pool
 * speaks with whoever comes, and says so when it listens. All end after some minutes by themselves.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

#include "base/str.h"
#include "drilling.h"

enum { SHARES = 40, LONGEST_S = 240 };

static int serve(const struct sockaddr_in *at)
{
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(listener, (const struct sockaddr *)at, sizeof(*at)) != 0 ||
	    listen(listener, 8) != 0)
		return 1;
	signal(SIGCHLD, SIG_IGN);
	printf("listens\n");
	fflush(stdout);
	for (uint64_t seed = 7;; seed++) {
		int accepted = accept(listener, NULL, NULL);
		if (accepted < 0 || fork() != 0) {
			close(accepted);
			continue;
		}
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)connection_speak(accepted, LAB_POOL, "cryptonote", SHARES, seed);
		pause();
	}
}

static int stay(const char *side, const struct sockaddr_in *at)
{
	const struct host_drill_watcher watcher = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0)
		return 1;
	if (strcmp(side, "miner") == 0)
		(void)connection_mine_and_compute(fd, "cryptonote", SHARES, 7, &watcher);
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	uint64_t port;

	if (argc != 4 || inet_pton(AF_INET, argv[2], &at.sin_addr) != 1 ||
	    !str_to_u64(str_from(argv[3]), &port) || port > UINT16_MAX) {
		fprintf(stderr, "usage: container_sides miner|pool|visitor ADDRESS PORT\n");
		return 2;
	}
	at.sin_port = htons((uint16_t)port);
	alarm(LONGEST_S);
	return strcmp(argv[1], "pool") == 0 ? serve(&at) : stay(argv[1], &at);
}
