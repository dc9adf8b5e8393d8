/*
 * One process holds all ends: the miner, a relay for each proxy of the carrier, the pool. Each
 * listens before the one in front of it connects, so that nothing has to wait for anything:
 *
 *     miner -> [relay 0] -> [relay 1] -> pool
 *
 * A relay is a proxy's end of one layer: it takes the layer off what comes from the miner's side
 * and puts it around what comes back.
 */
#include "lab/drill.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab/drill_network.h"
#include "lab/party.h"

enum { HOPS_MAX = LAB_CARRIER_DEPTH + 1, READ_MAX = 65536 };

/* A connection of the chain: `near` is the end on the miner's side. */
struct hop {
	int listener, near, far;
};

struct stage {
	const struct drill_settings *settings;
	struct drill_ground ground;
	struct hop hops[HOPS_MAX];
	unsigned hop_count;
	struct lab_channel *relays[LAB_CARRIER_DEPTH]; /* between hop i and i + 1 */
	struct lab_party *miner, *pool;
	struct drill_result result;
	bool is_over; /* somebody hung up */
};

/* What the drill's process tells the one that started it. */
struct report {
	enum { REPORT_STARTED, REPORT_ENDED } kind;
	int code;
	struct drill_result result;
	struct error why;
};

static instant clock_now(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	return instant_at(now.tv_sec, now.tv_nsec);
}

static struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(address),
	};
}

static struct endpoint endpoint_of(int fd, bool is_peer)
{
	struct sockaddr_in in = {0};
	struct sockaddr address = {0};
	socklen_t len = sizeof(address);

	if ((is_peer ? getpeername : getsockname)(fd, &address, &len) == 0)
		memcpy(&in, &address, sizeof(in));
	return (struct endpoint){address_v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
}

static int make_socket(void)
{
	struct timeval most = {.tv_sec = 5};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* Each write its own segment, as miners do; and no write waits for ever. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most)) != 0) {
		int code = -errno;
		close(fd);
		return code;
	}
	return fd;
}

static bool is_given(const struct endpoint *endpoint)
{
	return endpoint->address.bytes[12] != 0;
}

static struct sockaddr_in address_given(const struct endpoint *endpoint, uint16_t port)
{
	const uint8_t *b = endpoint->address.bytes + 12;

	return address_of((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3],
			  port);
}

static int listen_on(const struct stage *stage, uint16_t port)
{
	const struct endpoint *pool = &stage->settings->pool;
	struct sockaddr_in address = is_given(pool)
					     ? address_given(pool, pool->port)
					     : address_of(stage->ground.server_address, port);
	int fd = make_socket();

	if (fd < 0)
		return fd;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 16) != 0) {
		int code = -errno;
		close(fd);
		return code;
	}
	return fd;
}

/* Anyone on the host may connect to a port of ours: only the drill's own end is let in. */
static int accept_own(const struct hop *hop)
{
	struct endpoint own = endpoint_of(hop->near, false);

	for (unsigned strangers = 0; strangers < 16; strangers++) {
		int fd = accept4(hop->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return -errno;
		struct endpoint peer = endpoint_of(fd, true);
		if (endpoint_equal(&peer, &own))
			return fd;
		close(fd);
	}
	return -ECONNABORTED;
}

/* The socket of a connection's near end, made where it belongs. */
static int make_near(const struct stage *stage, unsigned index)
{
	const struct endpoint *miner = &stage->settings->miner;
	struct sockaddr_in from = address_given(miner, 0);
	int code = drill_ground_enter(&stage->ground, index == 0 ? LAB_MINER : LAB_POOL);

	if (code != 0)
		return code;
	int fd = make_socket();
	code = drill_ground_enter(&stage->ground, LAB_POOL);
	if (code == 0 && fd >= 0 && index == 0 && is_given(miner) &&
	    bind(fd, (const struct sockaddr *)&from, sizeof(from)) != 0)
		code = -errno;
	if (code != 0 && fd >= 0)
		close(fd);
	return code != 0 ? code : fd;
}

static int set_undelayed(int fd)
{
	int one = 1;

	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 ? 0 : -errno;
}

/*
 * The kernel completes the handshake from the backlog, so connecting before accepting is fine. From
 * behind somebody else's proxy the connection comes later, when the miner has asked for it.
 */
static int connect_hop(struct stage *stage, unsigned index)
{
	struct hop *hop = &stage->hops[index];
	const struct endpoint server = endpoint_of(hop->listener, false);
	const struct endpoint *proxy = &stage->settings->proxy;
	struct sockaddr_in address = is_given(proxy) ? address_given(proxy, proxy->port)
						     : address_given(&server, server.port);

	hop->near = make_near(stage, index);
	if (hop->near < 0)
		return hop->near;
	if (connect(hop->near, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return -errno;
	if (is_given(proxy))
		return 0;
	hop->far = accept_own(hop);
	return hop->far < 0 ? hop->far : set_undelayed(hop->far);
}

static int listen_all(struct stage *stage, struct error *why)
{
	struct drill_place *place = &stage->result.place;
	int code = drill_ground_enter(&stage->ground, LAB_POOL);

	if (code != 0)
		return error_set(why, code, "the drill cannot enter its namespace: %s",
				 strerror(-code));
	for (unsigned i = 0; i < stage->hop_count; i++) {
		uint16_t port = i == 0 ? stage->settings->port : 0;
		stage->hops[i].listener = listen_on(stage, port);
		if (stage->hops[i].listener < 0)
			return error_set(why, stage->hops[i].listener,
					 "the drill cannot listen on port %u: %s", port,
					 strerror(-stage->hops[i].listener));
	}
	place->network = stage->ground.network;
	place->server = endpoint_of(stage->hops[0].listener, false);
	memcpy(place->interface, stage->ground.interface, DRILL_INTERFACE_MAX);
	return 0;
}

static int connect_all(struct stage *stage, struct error *why)
{
	for (unsigned i = 0; i < stage->hop_count; i++) {
		int code = connect_hop(stage, i);
		if (code != 0)
			return error_set(why, code, "the drill cannot connect to itself: %s",
					 strerror(-code));
	}
	stage->result.place.miner = endpoint_of(stage->hops[0].near, false);
	stage->result.place.server = endpoint_of(stage->hops[0].near, true);
	return 0;
}

/* The outer proxies become relays; what is inside them reaches the pool. */
static int cast(struct stage *stage, struct error *why)
{
	const struct drill_settings *s = stage->settings;
	struct lab_carrier whole = s->carrier, inside = {0};

	if (!s->actor.dialect || !lab_carrier_complete(&whole, s->actor.dialect))
		return error_set(why, -EINVAL, "no dialect, or a carrier too deep for it");
	struct lab_settings actor = s->actor;
	char host[ENDPOINT_TEXT_MAX];
	if (is_given(&s->proxy) && is_given(&s->pool)) {
		address_text(&s->pool.address, host);
		actor.pool_host = str_from(host); /* what the proxy is asked for */
		actor.pool_port = s->pool.port;
	}
	int code = lab_party_new(&actor, &whole, LAB_MINER, &stage->miner, why);
	stage->hop_count = 1;
	for (unsigned i = 0; i < whole.count && code == 0; i++) {
		if (!lab_layer_is_proxy(whole.layers[i])) {
			inside.layers[inside.count++] = whole.layers[i];
			continue;
		}
		if (is_given(&s->proxy))
			continue; /* the proxy is there already */
		struct lab_channel_settings relay = {
			.carrier = {{whole.layers[i]}, 1},
			.side = LAB_POOL,
			.seed = s->actor.seed + i,
		};
		code = lab_channel_new(&relay, &stage->relays[stage->hop_count - 1]);
		stage->hop_count++;
	}
	if (code == 0)
		code = lab_party_new(&actor, &inside, LAB_POOL, &stage->pool, why);
	return code;
}

static void write_all(struct stage *stage, int fd, struct str bytes)
{
	while (bytes.len > 0) {
		ssize_t sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
		if (sent < 0) {
			stage->is_over = true;
			return;
		}
		bytes = str_skip(bytes, (size_t)sent);
	}
}

static void send_party(struct stage *stage, struct lab_party *party, int fd, uint64_t *count)
{
	struct buf bytes = {0};

	while (lab_party_take(party, &bytes)) {
		*count += bytes.len;
		write_all(stage, fd, buf_view(&bytes));
		buf_clear(&bytes);
	}
	buf_fini(&bytes);
}

/* From the miner's side: the layer comes off. Answers of the proxy itself go back. */
static void relay_out(struct stage *stage, unsigned index, struct str bytes)
{
	struct lab_channel *relay = stage->relays[index];
	struct buf piece = {0};

	lab_channel_feed(relay, bytes);
	while (lab_channel_take(relay, &piece)) {
		write_all(stage, stage->hops[index].far, buf_view(&piece));
		buf_clear(&piece);
	}
	while (lab_channel_receive(relay, &piece)) {
		write_all(stage, stage->hops[index + 1].near, buf_view(&piece));
		buf_clear(&piece);
	}
	buf_fini(&piece);
	stage->is_over |= lab_channel_has_failed(relay);
}

/* From the pool's side: a proxy that is open passes it on as it is. */
static void relay_back(struct stage *stage, unsigned index, struct str bytes)
{
	write_all(stage, stage->hops[index].far, bytes);
}

static void hear(struct stage *stage, unsigned hop, bool is_far, struct str bytes)
{
	instant now = clock_now();

	if (is_far && hop + 1 < stage->hop_count) {
		relay_out(stage, hop, bytes);
	} else if (!is_far && hop > 0) {
		relay_back(stage, hop - 1, bytes);
	} else if (is_far) {
		uint64_t ignored = 0;
		lab_party_feed(stage->pool, bytes, now);
		send_party(stage, stage->pool, stage->hops[hop].far, &ignored);
	} else {
		stage->result.bytes_down += bytes.len;
		lab_party_feed(stage->miner, bytes, now);
		send_party(stage, stage->miner, stage->hops[0].near, &stage->result.bytes_up);
	}
}

/* The pool's end of a connection that came through somebody else's proxy. */
static void accept_proxied(struct stage *stage, struct pollfd *polled)
{
	struct hop *hop = &stage->hops[stage->hop_count - 1];
	uint64_t ignored = 0;

	hop->far = accept4(hop->listener, NULL, NULL, SOCK_CLOEXEC);
	if (hop->far < 0 || set_undelayed(hop->far) < 0) {
		stage->is_over = true;
		return;
	}
	polled->fd = hop->far;
	lab_party_connected(stage->pool, clock_now());
	send_party(stage, stage->pool, hop->far, &ignored);
}

static void wake(struct stage *stage)
{
	instant now = clock_now();
	uint64_t ignored = 0;

	if (lab_party_due(stage->miner).ns <= now.ns)
		lab_party_wake(stage->miner, now);
	if (lab_party_due(stage->pool).ns <= now.ns)
		lab_party_wake(stage->pool, now);
	send_party(stage, stage->miner, stage->hops[0].near, &stage->result.bytes_up);
	if (stage->hops[stage->hop_count - 1].far >= 0)
		send_party(stage, stage->pool, stage->hops[stage->hop_count - 1].far, &ignored);
}

static int wait_ms(const struct stage *stage, instant end)
{
	instant now = clock_now(), due = end;

	if (lab_party_due(stage->miner).ns < due.ns)
		due = lab_party_due(stage->miner);
	if (lab_party_due(stage->pool).ns < due.ns)
		due = lab_party_due(stage->pool);
	return due.ns <= now.ns ? 0 : (int)((due.ns - now.ns + 999999) / 1000000);
}

static void perform(struct stage *stage, instant end)
{
	static char bytes[READ_MAX];
	struct pollfd polled[2 * HOPS_MAX];

	for (unsigned i = 0; i < stage->hop_count; i++) {
		polled[2 * i] = (struct pollfd){.fd = stage->hops[i].near, .events = POLLIN};
		polled[2 * i + 1] =
			(struct pollfd){.fd = stage->hops[i].far >= 0 ? stage->hops[i].far
								      : stage->hops[i].listener,
					.events = POLLIN};
	}
	while (!stage->is_over && !lab_party_is_finished(stage->miner) &&
	       !lab_party_has_failed(stage->miner) && !lab_party_has_failed(stage->pool) &&
	       clock_now().ns < end.ns) {
		int ready = poll(polled, 2 * stage->hop_count, wait_ms(stage, end));
		if (ready < 0 && errno != EINTR)
			return;
		for (unsigned i = 0; i < 2 * stage->hop_count && ready > 0; i++) {
			if (!polled[i].revents)
				continue;
			if (polled[i].fd == stage->hops[i / 2].listener) {
				accept_proxied(stage, &polled[i]);
				continue;
			}
			ssize_t got = recv(polled[i].fd, bytes, sizeof(bytes), MSG_DONTWAIT);
			if (got > 0)
				hear(stage, i / 2, i % 2, str_of(bytes, (size_t)got));
			else if (got == 0 || errno != EAGAIN)
				stage->is_over = true;
		}
		wake(stage);
	}
}

static void leave_stage(struct stage *stage)
{
	for (unsigned i = 0; i < HOPS_MAX; i++) {
		const int ends[] = {stage->hops[i].near, stage->hops[i].far,
				    stage->hops[i].listener};
		for (unsigned k = 0; k < 3; k++)
			if (ends[k] >= 0)
				close(ends[k]);
	}
	for (unsigned i = 0; i < LAB_CARRIER_DEPTH; i++)
		lab_channel_free(stage->relays[i]);
	lab_party_free(stage->miner);
	lab_party_free(stage->pool);
	if (stage->ground.miner_namespace >= 0)
		close(stage->ground.miner_namespace);
	if (stage->ground.server_namespace >= 0)
		close(stage->ground.server_namespace);
}

static void tell_parent(int pipe, const struct report *report)
{
	if (write(pipe, report, sizeof(*report)) != (ssize_t)sizeof(*report))
		_exit(1); /* nobody listens any more */
}

static void start_all(struct stage *stage, instant begins)
{
	uint64_t ignored = 0;

	for (unsigned i = 0; i + 1 < stage->hop_count; i++)
		lab_channel_connected(stage->relays[i]);
	if (stage->hops[stage->hop_count - 1].far >= 0) {
		lab_party_connected(stage->pool, begins);
		send_party(stage, stage->pool, stage->hops[stage->hop_count - 1].far, &ignored);
	}
	lab_party_connected(stage->miner, begins);
	send_party(stage, stage->miner, stage->hops[0].near, &stage->result.bytes_up);
}

static int set_up(struct stage *stage, int pipe, struct error *why)
{
	int code = drill_ground_make(stage->settings, &stage->ground, why);
	int64_t pause_ns = stage->settings->pause.ns;

	if (code == 0)
		code = cast(stage, why);
	if (code == 0)
		code = listen_all(stage, why);
	if (code != 0)
		return code;
	tell_parent(pipe, &(struct report){.kind = REPORT_STARTED, .result = stage->result});
	if (pause_ns > 0)
		nanosleep(&(struct timespec){pause_ns / 1000000000, pause_ns % 1000000000}, NULL);
	return connect_all(stage, why);
}

static int play(struct stage *stage, int pipe, duration longest, struct error *why)
{
	int code = set_up(stage, pipe, why);

	if (code != 0)
		return code;
	instant begins = clock_now();
	start_all(stage, begins);
	perform(stage, instant_add(begins, longest));
	stage->result.outcome = lab_actor_outcome(lab_party_actor(stage->miner));
	stage->result.took = instant_since(clock_now(), begins);
	if (lab_party_has_failed(stage->miner) || lab_party_has_failed(stage->pool))
		return error_set(why, -EPROTO, "the drill's sides did not understand each other");
	return 0;
}

static void run_child(const struct drill_settings *settings, duration longest, int pipe)
{
	struct stage stage = {.settings = settings,
			      .ground = {.miner_namespace = -1, .server_namespace = -1}};
	struct report report = {.kind = REPORT_ENDED};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; i < HOPS_MAX; i++)
		stage.hops[i] = (struct hop){-1, -1, -1};
	report.code = play(&stage, pipe, longest, &report.why);
	report.result = stage.result;
	leave_stage(&stage);
	tell_parent(pipe, &report);
}

/* Reads one report within the time left; false when there is none. */
static bool read_report(int pipe, instant end, struct report *report)
{
	size_t have = 0;

	while (have < sizeof(*report)) {
		struct pollfd polled = {.fd = pipe, .events = POLLIN};
		int64_t left = (end.ns - clock_now().ns) / 1000000;
		if (left <= 0 || (poll(&polled, 1, (int)left) < 0 && errno != EINTR))
			return false;
		if (!polled.revents)
			continue;
		ssize_t got = read(pipe, (char *)report + have, sizeof(*report) - have);
		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return true;
}

static int follow_child(const struct drill_settings *settings, int pipe, instant end,
			struct drill_result *result, struct error *why)
{
	struct report report;

	while (read_report(pipe, end, &report)) {
		if (report.kind == REPORT_STARTED) {
			if (settings->on_start)
				settings->on_start(settings->context, &report.result.place);
			continue;
		}
		*result = report.result;
		if (report.code != 0 && why)
			*why = report.why;
		return report.code;
	}
	return error_set(why, -ETIMEDOUT, "the drill's process died or outlived its time");
}

int drill_run(const struct drill_settings *settings, struct drill_result *result, struct error *why)
{
	enum { GRACE_S = 10 };
	duration longest = settings->longest.ns > 0 ? settings->longest : DURATION_S(60);
	int pipes[2];

	if (longest.ns > DURATION_S(DRILL_LONGEST_S).ns ||
	    settings->pause.ns > DURATION_S(DRILL_LONGEST_S).ns)
		return error_set(why, -EINVAL, "a drill lasts at most %d s", DRILL_LONGEST_S);
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return error_set(why, -errno, "no pipe for the drill: %s", strerror(errno));
	instant end = instant_add(clock_now(), longest);
	end = instant_add(end, (duration){settings->pause.ns + DURATION_S(GRACE_S).ns});
	pid_t child = fork();
	if (child == 0) {
		close(pipes[0]);
		run_child(settings, longest, pipes[1]);
		_exit(0);
	}
	close(pipes[1]);
	int code = child < 0 ? error_set(why, -errno, "cannot start the drill: %s", strerror(errno))
			     : follow_child(settings, pipes[0], end, result, why);
	close(pipes[0]);
	if (child > 0) {
		kill(child, SIGKILL); /* our own, and past its last word */
		waitpid(child, NULL, 0);
	}
	return code;
}
