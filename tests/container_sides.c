/*
 * A miner and its pool, each a program of its own: for tests/container_system, which runs the miner
 * in a container, and tests/protect_system.
 *
 * usage: container_sides miner|pool|visitor ADDRESS PORT
 *        container_sides speaker ADDRESS PORT PROGRAM [ARGUMENT...]
 *
 * The miner speaks, computes in a child and keeps its connection; a visitor only connects; a
 * speaker speaks and, when there is a line to be read, becomes PROGRAM with its connection open.
 * The pool speaks with whoever comes, and says so when it listens. All but PROGRAM end after some
 * minutes by themselves.
 */
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drilling.h"

enum { SHARES = 40, LONGEST_S = 240 };

static int serve(const struct addrinfo *at)
{
	int one = 1, listener = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(listener, at->ai_addr, at->ai_addrlen) != 0 || listen(listener, 8) != 0)
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

static int stay(const char *side, const struct addrinfo *at)
{
	const struct host_drill_watcher watcher = {0};
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, at->ai_addr, at->ai_addrlen) != 0)
		return 1;
	if (strcmp(side, "miner") == 0)
		(void)connection_mine_and_compute(fd, "cryptonote", SHARES, 7, &watcher);
	pause();
	return 0;
}

static int speak(const struct addrinfo *at, char *const *program)
{
	int fd = socket(at->ai_family, SOCK_STREAM, 0);
	char byte;

	if (connect(fd, at->ai_addr, at->ai_addrlen) != 0 ||
	    !connection_speak(fd, LAB_MINER, "cryptonote", SHARES, 7) ||
	    read(STDIN_FILENO, &byte, 1) != 1)
		return 1;
	alarm(0);
	execv(program[0], program);
	return 1;
}

int main(int argc, char **argv)
{
	const struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM};
	struct addrinfo *at;
	bool speaks = argc > 4 && strcmp(argv[1], "speaker") == 0;

	if ((argc != 4 && !speaks) || getaddrinfo(argv[2], argv[3], &wanted, &at) != 0) {
		fprintf(stderr, "usage: container_sides miner|pool|visitor|speaker ADDRESS PORT "
				"[PROGRAM...]\n");
		return 2;
	}
	alarm(LONGEST_S);
	int result = speaks			    ? speak(at, argv + 4)
		     : strcmp(argv[1], "pool") == 0 ? serve(at)
						    : stay(argv[1], at);
	freeaddrinfo(at);
	return result;
}
