#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "lab/drill.h"

static struct drill_settings settings_of(const char *dialect, const char *carrier,
					 enum drill_network network)
{
	struct drill_settings settings = {
		.actor = {.seed = 3,
			  .dialect = lab_dialect_find(str_from(dialect)),
			  .shares = 3,
			  .share_interval = DURATION_MS(20)},
		.network = network,
		.longest = DURATION_S(20),
	};

	assert_true(lab_carrier_parse(str_from(carrier), &settings.carrier));
	return settings;
}

static void note_start(void *context, const struct drill_place *place)
{
	*(struct drill_place *)context = *place;
}

static void check_run(const char *dialect, const char *carrier, enum drill_network network)
{
	struct drill_settings settings = settings_of(dialect, carrier, network);
	struct drill_result result = {0};
	struct drill_place place = {0};
	struct error why = {0};

	settings.on_start = note_start;
	settings.context = &place;
	if (drill_run(&settings, &result, &why) != 0)
		fail_msg("%s over %s: %s", dialect, carrier, why.text);
	if (result.outcome.state != LAB_STATE_DONE || result.outcome.accepted != 3)
		fail_msg("%s over %s: state %d, %u accepted", dialect, carrier,
			 result.outcome.state, result.outcome.accepted);
	assert_true(result.bytes_up > 0 && result.bytes_down > 0);
	assert_int_not_equal(place.server.port, 0);
	assert_int_equal(place.server.port, result.place.server.port);
	assert_int_not_equal(result.place.miner.port, 0);
}

/* Beside nobody else's drills where that is allowed, else on the loopback there is. */
static enum drill_network quiet_network(void)
{
	int status = 1;
	pid_t child = fork();

	if (child == 0)
		_exit(unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0 ? DRILL_NAMESPACE : DRILL_LOOPBACK;
}

static void every_dialect_drills(void **state)
{
	for (size_t d = 0; d < lab_dialect_count; d++)
		check_run(lab_dialects[d]->name, "plain", quiet_network());
}

static void carriers_drill(void **state)
{
	static const char *const rows[][2] = {
		{"cryptonote", "websocket"},
		{"cryptonote", "websocket-deflate"},
		{"eth-proxy", "http"},
		{"bitcoin-stratum-v1", "socks4"},
		{"kaspa", "socks4a"},
		{"cryptonote", "socks5"},
		{"zcash", "socks5-password"},
		{"ergo", "connect"},
		{"coinhive", "socks5+websocket"},
		{"getwork", "connect+http"},
		{"stratum-v2", "socks5+connect+socks4"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_run(rows[i][0], rows[i][1], quiet_network());
}

static void it_drills_on_loopback(void **state)
{
	check_run("cryptonote", "plain", DRILL_LOOPBACK);
}

static int socket_at(uint8_t last, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(0x7f000000u | last)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* Somebody else's program between the two: passes on one connection to 127.0.0.3:port. */
static void forward(int listener, uint16_t port)
{
	struct sockaddr_in pool = {.sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(0x7f000003)};
	char bytes[4096];
	int near = accept(listener, NULL, NULL), far = socket(AF_INET, SOCK_STREAM, 0);

	alarm(20);
	if (near < 0 || connect(far, (struct sockaddr *)&pool, sizeof(pool)) != 0)
		_exit(1);
	for (;;) {
		struct pollfd both[2] = {{near, POLLIN, 0}, {far, POLLIN, 0}};
		poll(both, 2, -1);
		for (int i = 0; i < 2; i++) {
			ssize_t got = both[i].revents ? read(both[i].fd, bytes, sizeof(bytes)) : -1;
			if (got == 0 || (got > 0 && write(both[!i].fd, bytes, (size_t)got) != got))
				_exit(0);
		}
	}
}

static void it_drills_between_given_addresses(void **state)
{
	struct drill_settings settings = settings_of("cryptonote", "plain", DRILL_LOOPBACK);
	struct drill_result result = {0};
	struct drill_place place = {0};
	struct error why = {0};
	struct sockaddr_in bound;
	socklen_t len = sizeof(bound);
	int listener = socket_at(2, 0), unused = socket_at(3, 0);

	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(unused, (struct sockaddr *)&bound, &len), 0);
	settings.pool = (struct endpoint){address_v4(0x7f000003), ntohs(bound.sin_port)};
	assert_int_equal(getsockname(listener, (struct sockaddr *)&bound, &len), 0);
	settings.proxy = (struct endpoint){address_v4(0x7f000002), ntohs(bound.sin_port)};
	settings.miner = (struct endpoint){address_v4(0x7f000004), 0};
	settings.on_start = note_start;
	settings.context = &place;
	close(unused);
	pid_t proxy = fork();
	if (proxy == 0)
		forward(listener, settings.pool.port);
	int code = drill_run(&settings, &result, &why);
	kill(proxy, SIGKILL);
	waitpid(proxy, NULL, 0);
	close(listener);
	if (code != 0)
		fail_msg("%s", why.text);
	assert_int_equal(result.outcome.state, LAB_STATE_DONE);
	assert_int_equal(place.server.port, settings.pool.port);
	assert_true(address_equal(&result.place.miner.address, &settings.miner.address));
	assert_true(address_equal(&result.place.server.address, &settings.proxy.address));
}

static void it_ends_when_the_time_is_over(void **state)
{
	struct drill_settings settings = settings_of("cryptonote", "plain", quiet_network());
	struct drill_result result = {0};

	settings.actor.shares = 1000000;
	settings.longest = DURATION_MS(300);
	assert_int_equal(drill_run(&settings, &result, NULL), 0);
	assert_int_equal(result.outcome.state, LAB_STATE_WORKING);
	assert_true(result.outcome.accepted > 0);
	assert_true(result.took.ns < DURATION_S(3).ns);
}

static void wrong_settings_are_refused(void **state)
{
	struct drill_settings settings = settings_of("cryptonote", "http", DRILL_LOOPBACK);
	struct drill_result result = {0};
	struct error why = {0};

	assert_true(drill_run(&settings, &result, &why) < 0);
	assert_non_null(strstr(why.text, "push"));
	settings = settings_of("cryptonote", "plain", DRILL_LOOPBACK);
	settings.longest = DURATION_S(DRILL_LONGEST_S + 1);
	assert_true(drill_run(&settings, &result, &why) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dialect_drills),
		cmocka_unit_test(carriers_drill),
		cmocka_unit_test(it_drills_on_loopback),
		cmocka_unit_test(it_drills_between_given_addresses),
		cmocka_unit_test(it_ends_when_the_time_is_over),
		cmocka_unit_test(wrong_settings_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
