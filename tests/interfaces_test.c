/*
 * Interfaces that come and go, and the taps that follow them: on the running kernel, in a
 * namespace of our own. Settings are scaled to milliseconds, so nothing here waits long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "probe.h"
#include "source/live/interfaces.h"
#include "source/live/ring_set.h"
#include "source/live/taps.h"

struct changes {
	unsigned up, down, gone;
	int last_index;
};

static void note_change(void *context, const struct interface *interface,
			enum interface_change change)
{
	struct changes *changes = context;

	if (strncmp(interface->name, "chg", 3))
		return;
	if (change == INTERFACE_UP)
		changes->up++;
	else if (change == INTERFACE_DOWN)
		changes->down++;
	else
		changes->gone++;
	changes->last_index = interface->index;
}

static void read_changes(struct interfaces *list)
{
	struct pollfd ready = {.fd = list->fd, .events = POLLIN};

	assert_int_equal(poll(&ready, 1, 2000), 1);
	while (poll(&ready, 1, 0) > 0)
		assert_int_equal(interfaces_read(list), 0);
}

static void interfaces_come_and_go(void **state)
{
	static struct interfaces list;
	struct changes changes = {0};
	struct error why = {""};
	struct probe probe;

	list.on_change = note_change;
	list.context = &changes;
	assert_true(namespace_veth("chg0", "chg1"));
	if (interfaces_open(&list, &why))
		fail_msg("%s", why.text);
	assert_int_equal(changes.up, 2);
	struct ring_settings settings = settings_for("chg1");
	probe_open(&probe, &settings);
	assert_true(namespace_ip("link set chg1 down"));
	read_changes(&list);
	assert_int_equal(changes.down, 1);
	assert_int_equal(ring_take_error(probe.socket.fd), ENETDOWN);
	assert_int_equal(ring_take_error(probe.socket.fd), 0);
	assert_true(namespace_ip("link set chg1 up"));
	read_changes(&list);
	assert_int_equal(changes.up, 3);
	int sender = frame_sender("chg0");
	struct frame_plan plan = flow(4000);
	/* The ring has survived; the sending end may be given its carrier back a second later. */
	int64_t start = now_ms();
	bool is_seen = false;
	while (!is_seen) {
		assert_true(frame_send(sender, &plan));
		is_seen = take(&probe, 1, 20, NULL) == 1;
		assert_true(now_ms() - start < 10000);
	}
	close(sender);
	assert_true(namespace_veth("chg2", "chg3"));
	read_changes(&list);
	assert_int_equal(changes.up, 5);
	assert_true(namespace_ip("link set chg3 down"));
	assert_true(namespace_ip("link set chg3 name chg4"));
	assert_true(namespace_ip("link set chg4 up"));
	read_changes(&list);
	assert_int_equal(changes.up, 6);
	assert_int_equal(changes.gone, 1); /* by its first name */
	assert_true(namespace_ip("link del chg0"));
	read_changes(&list);
	assert_int_equal(changes.down, 4);
	assert_int_equal(ring_take_error(probe.socket.fd), ENETDOWN);
	probe_close(&probe);
	assert_true(namespace_ip("link del chg2"));
	read_changes(&list);
	interfaces_close(&list);
}

/* More changes than the socket holds: the list is read anew and is right. */
static void lost_changes_are_made_up_for(void **state)
{
	static struct interfaces list;
	struct changes changes = {0};
	struct error why = {""};
	int small = 1;

	list.on_change = note_change;
	list.context = &changes;
	if (interfaces_open(&list, &why))
		fail_msg("%s", why.text);
	assert_int_equal(setsockopt(list.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_true(namespace_veth("chg0", "chg1"));
	assert_true(namespace_veth("chg2", "chg3"));
	assert_true(namespace_ip("link del chg0"));
	small = 1 << 20;
	assert_int_equal(setsockopt(list.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	read_changes(&list);
	assert_int_equal(changes.up - changes.down, 2);
	assert_true(namespace_ip("link del chg2"));
	read_changes(&list);
	assert_int_equal(changes.up, changes.down);
	interfaces_close(&list);
}

/* -- taps and ring sets: what the supervisor and its workers do with all this -- */

struct crew {
	struct ring_set workers[2];
	unsigned failures;
	char last_failure[200];
};

static void give_ring(void *context, size_t worker, const struct tap_notice *notice, int fd)
{
	struct crew *crew = context;
	struct error why;

	if (ring_set_add(&crew->workers[worker], notice, dup(fd), &why))
		fail_msg("%s", why.text);
}

static void take_ring(void *context, size_t worker, const struct tap_notice *notice)
{
	struct crew *crew = context;

	ring_set_remove(&crew->workers[worker], notice->interface);
}

static void note_failure(void *context, const struct interface *interface, const char *why)
{
	struct crew *crew = context;

	crew->failures++;
	snprintf(crew->last_failure, sizeof(crew->last_failure), "%s: %s", interface->name, why);
}

static size_t read_set(struct ring_set *set, const char *interface)
{
	struct frame frame;
	struct str name;
	size_t count = 0;

	for (int64_t start = now_ms(); now_ms() - start < 150;)
		while (ring_set_take(set, &frame, 1, &name))
			count += frame_is_ours(frame.bytes.at, frame.bytes.len) &&
				 str_equal(name, str_from(interface));
	return count;
}

static void taps_follow_the_interfaces(void **state)
{
	static const char *const include[] = {"chg*"}, *const exclude[] = {"chg0"};
	static struct interfaces list;
	static struct taps taps;
	static struct crew crew;
	struct error why = {""};

	taps.settings = (struct taps_settings){.workers = 2,
					       .block_size = 64 * 1024,
					       .block_count = 4,
					       .memory_bytes = 4 * 4 * 64 * 1024,
					       .names = {include, exclude, 1, 1},
					       .on_open = give_ring,
					       .on_close = take_ring,
					       .on_failure = note_failure,
					       .context = &crew};
	list.on_change = taps_on_change;
	list.context = &taps;
	if (interfaces_open(&list, &why))
		fail_msg("%s", why.text);
	assert_true(namespace_veth("chg0", "chg1"));
	read_changes(&list);
	assert_int_equal(crew.workers[0].count, 1);
	assert_int_equal(crew.workers[1].count, 1);
	int sender = frame_sender("chg0");
	for (uint16_t port = 5000; port < 5040; port++) {
		struct frame_plan plan = flow(port);
		assert_true(frame_send(sender, &plan));
	}
	size_t first = read_set(&crew.workers[0], "chg1"),
	       second = read_set(&crew.workers[1], "chg1");
	assert_int_equal(first + second, 40);
	assert_true(first > 0 && second > 0);
	assert_int_equal(taps_count(&taps).received >= 40, 1);
	/* A worker started again gets all its rings once more. */
	ring_set_fini(&crew.workers[1]);
	taps_announce(&taps, 1, true);
	assert_int_equal(crew.workers[1].count, 1);
	/* Room for two interfaces, not for three: that is told. */
	assert_true(namespace_veth("chg2", "chg3"));
	read_changes(&list);
	assert_int_equal(crew.failures, 1);
	assert_non_null(strstr(crew.last_failure, "memory"));
	assert_int_equal(crew.workers[0].count, 2);
	uint64_t received = taps_count(&taps).received;
	assert_true(namespace_ip("link del chg0"));
	assert_true(namespace_ip("link del chg2"));
	read_changes(&list);
	assert_int_equal(crew.workers[0].count, 0);
	assert_int_equal(taps.memory_bytes, 0);
	assert_true(taps_count(&taps).received >= received);
	assert_int_equal(ring_set_frames(&crew.workers[0]) >= first, 1);
	taps_close(&taps);
	interfaces_close(&list);
	close(sender);
}

static void names_are_matched(void **state)
{
	static const char *const include[] = {"eth*", "veth?"}, *const exclude[] = {"eth9"};
	struct interface_names names = {include, exclude, 2, 1}, none = {0};
	static const struct {
		const char *name;
		bool is_wanted;
	} cases[] = {
		{"eth0", true}, {"veth1", true}, {"veth12", false}, {"eth9", false}, {"lo", false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(interface_is_wanted(cases[i].name, &names), cases[i].is_wanted);
		assert_true(interface_is_wanted(cases[i].name, &none));
	}
}

int main(void)
{
	if (!enter_namespace())
		return 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces_come_and_go),
		cmocka_unit_test(lost_changes_are_made_up_for),
		cmocka_unit_test(taps_follow_the_interfaces),
		cmocka_unit_test(names_are_matched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
