/*
 * For the tests of the correlator: findings as detectors of flows and processes send them, written
 * as short rows, and what is told of them as texts that can be compared.
 */
#ifndef DAVY_CORRELATE_TOLD_INCIDENTS_H
#define DAVY_CORRELATE_TOLD_INCIDENTS_H

#include "correlate/correlator.h"

enum { TOLD_MAX = 64, START_S = 1795341600 };

#define WALLET_A                                                                                   \
	"48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZij" \
	"BGUicoD"
#define WALLET_B                                                                                   \
	"888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoog" \
	"Davup3H"

/* One finding, as a detector of flows would send it. */
struct flow {
	const char *client, *server;
	const char *wallet, *pool, *agent, *transport, *prints; /* prints separated by spaces */
	bool shared_address, is_suspect;
	int at_s, last_s;     /* after the start; last 0: a minute later */
	uint32_t revision;    /* 0: 1 */
	enum verdict verdict; /* 0: mining, or suspect */
	const char *host;     /* set: no flow but a process there */
	const char *session;  /* of a process: "client server" */
	bool serves;	      /* the session's pool end is its */
};

void take_flow(struct correlator *correlator, const struct flow *flow);

/* What the correlator tells, in texts that can be compared. */
struct told {
	char id[24], state[8], title[300], victims[1500], story[8000], cannot_tell[2000];
	char wallets[400], pools[400];
	uint32_t revision;
	enum verdict verdict;
	enum severity severity;
	double confidence;
	size_t findings;
	uint64_t victim_total;
};

struct all_told {
	struct told at[TOLD_MAX];
	size_t count;
};

/* capacity 0: the default; forwarder: one address, or NULL */
struct correlator *correlator_of(uint32_t capacity, const char *forwarder);
/* Everything it tells `after_s` after the start, in place of what *all holds. */
void tell_all(struct correlator *correlator, int after_s, struct all_told *all);
void assert_says(const char *text, const char *part);

#endif
