#include "drilling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "lab/drill.h"
#include "lab/party.h"

pid_t drilling_start(const char *dialect, const char *carrier, unsigned shares, uint64_t seed)
{
	struct drill_settings settings = {
		.actor = {.seed = seed,
			  .dialect = lab_dialect_find(str_from(dialect)),
			  .shares = shares,
			  .share_interval = DURATION_MS(100)},
		.network = DRILL_LOOPBACK,
		.longest = DURATION_S(60),
	};
	struct drill_result result = {0};
	struct error why = {0};
	char pool[32];

	/* Drills of other seeds have nothing in common, so each is an incident of its own. */
	snprintf(pool, sizeof(pool), "pool-%llu.example", (unsigned long long)seed);
	settings.actor.pool_host = str_from(pool);
	assert_non_null(settings.actor.dialect);
	assert_true(lab_carrier_parse(str_from(carrier), &settings.carrier));
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int code = drill_run(&settings, &result, &why);
	if (code < 0)
		fprintf(stderr, "%s over %s: %s\n", dialect, carrier, why.text);
	_exit(code == 0 && result.outcome.state == LAB_STATE_DONE ? 0 : 1);
}

void drilling_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

void drilling_stop(pid_t pid)
{
	kill(pid, SIGKILL); /* its child goes with it */
	waitpid(pid, NULL, 0);
}

struct connection connection_open(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct connection c;
	socklen_t len = sizeof(at);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	c.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(c.client, (struct sockaddr *)&at, sizeof(at)), 0);
	c.server = accept(listener, NULL, NULL);
	assert_true(c.server >= 0);
	close(listener);
	assert_int_equal(setsockopt(c.client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(c.server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
	return c;
}

void connection_close(struct connection *c)
{
	close(c->client);
	close(c->server);
}

void connection_bulk(const struct connection *c, size_t bytes)
{
	static unsigned char block[65536];
	static char sink[65536];
	uint64_t x = 88172645463325252ull;

	for (size_t i = 0; i < sizeof(block); i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		block[i] = (unsigned char)x;
	}
	for (size_t sent = 0, got = 0; got < bytes;) {
		if (sent < bytes) {
			size_t most = bytes - sent < sizeof(block) ? bytes - sent : sizeof(block);
			ssize_t done = send(c->client, block, most, MSG_DONTWAIT);
			assert_true(done > 0 || errno == EAGAIN);
			sent += done > 0 ? (size_t)done : 0;
		}
		ssize_t read_now = recv(c->server, sink, sizeof(sink), MSG_DONTWAIT);
		got += read_now > 0 ? (size_t)read_now : 0;
	}
}

static instant clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return instant_at(now.tv_sec, now.tv_nsec);
}

/* What one side has to say goes out, each write for itself. */
static void speak(struct lab_party *party, int fd)
{
	struct buf bytes = {0};

	if (lab_party_due(party).ns <= clock_now().ns)
		lab_party_wake(party, clock_now());
	while (lab_party_take(party, &bytes)) {
		assert_int_equal(send(fd, bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
		buf_clear(&bytes);
	}
	buf_fini(&bytes);
}

static void listen_to(struct lab_party *party, int fd)
{
	char bytes[8192];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got > 0)
		lab_party_feed(party, str_of(bytes, (size_t)got), clock_now());
}

void connection_mine(const struct connection *c, const char *dialect, unsigned shares,
		     uint64_t seed)
{
	struct lab_settings settings = {.seed = seed,
					.dialect = lab_dialect_find(str_from(dialect)),
					.shares = shares,
					.share_interval = DURATION_MS(100)};
	struct lab_carrier plain = {.count = 0};
	struct lab_party *miner = NULL, *pool = NULL;
	instant end = instant_add(clock_now(), DURATION_S(30));

	assert_int_equal(lab_party_new(&settings, &plain, LAB_MINER, &miner, NULL), 0);
	assert_int_equal(lab_party_new(&settings, &plain, LAB_POOL, &pool, NULL), 0);
	lab_party_connected(pool, clock_now());
	lab_party_connected(miner, clock_now());
	while (!lab_party_is_finished(miner)) {
		struct pollfd both[2] = {{c->client, POLLIN, 0}, {c->server, POLLIN, 0}};
		assert_true(clock_now().ns < end.ns);
		assert_false(lab_party_has_failed(miner) || lab_party_has_failed(pool));
		speak(miner, c->client);
		speak(pool, c->server);
		poll(both, 2, 10);
		listen_to(miner, c->client);
		listen_to(pool, c->server);
	}
	lab_party_free(miner);
	lab_party_free(pool);
}

static bool say(struct lab_party *party, int fd)
{
	CLEANUP(buf_fini) struct buf bytes = {0};

	if (lab_party_due(party).ns <= clock_now().ns)
		lab_party_wake(party, clock_now());
	while (lab_party_take(party, &bytes)) {
		if (send(fd, bytes.at, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len)
			return false;
		buf_clear(&bytes);
	}
	return true;
}

bool connection_speak(int fd, enum lab_side side, const char *dialect, unsigned shares,
		      uint64_t seed)
{
	const struct lab_settings settings = {.seed = seed,
					      .dialect = lab_dialect_find(str_from(dialect)),
					      .shares = shares,
					      .share_interval = DURATION_MS(100)};
	struct lab_carrier plain = {.count = 0};
	struct lab_party *party = NULL;
	instant end = instant_add(clock_now(), DURATION_S(60));
	bool is_over = false;

	if (!settings.dialect || lab_party_new(&settings, &plain, side, &party, NULL) < 0)
		return false;
	lab_party_connected(party, clock_now());
	while (!is_over && clock_now().ns < end.ns && !lab_party_has_failed(party)) {
		struct pollfd readable = {fd, POLLIN, 0};
		char bytes[8192];
		is_over = !say(party, fd) || (side == LAB_MINER && lab_party_is_finished(party));
		poll(&readable, 1, is_over ? 0 : 10);
		ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		is_over |= got == 0;
		if (got > 0)
			lab_party_feed(party, str_of(bytes, (size_t)got), clock_now());
	}
	bool is_good = is_over && !lab_party_has_failed(party);
	lab_party_free(party);
	return is_good;
}

struct speech {
	int fd;
	const char *dialect;
	unsigned shares;
	uint64_t seed;
	const struct host_drill_watcher *watcher;
	pthread_t thread;
	bool has_begun;
};

static void *speak_as_miner(void *context)
{
	const struct speech *speech = context;

	(void)connection_speak(speech->fd, LAB_MINER, speech->dialect, speech->shares,
			       speech->seed);
	return NULL;
}

/* Not before the child is there: forked from several threads, one that is built with the address
 * sanitizer may wait for ever for a lock of the allocator that another thread held. */
static void begin_to_speak(void *context, pid_t child)
{
	struct speech *speech = context;

	speech->has_begun = pthread_create(&speech->thread, NULL, speak_as_miner, speech) == 0;
	if (speech->watcher->on_start)
		speech->watcher->on_start(speech->watcher->context, child);
}

bool connection_mine_and_compute(int fd, const char *dialect, unsigned shares, uint64_t seed,
				 const struct host_drill_watcher *watcher)
{
	struct speech speech = {
		.fd = fd, .dialect = dialect, .shares = shares, .seed = seed, .watcher = watcher};
	struct host_drill_watcher speaking = *watcher;
	struct host_drill drill = host_drill_default();
	struct error why;

	speaking.on_start = begin_to_speak;
	speaking.context = &speech;
	if (host_drill_parse(STR("superscalar,seconds=60"), &drill, &why) != 0)
		return false;
	bool is_good = host_drill_run(&drill, &speaking, &why) == 0 && speech.has_begun;
	if (speech.has_begun)
		pthread_join(speech.thread, NULL);
	return is_good;
}
