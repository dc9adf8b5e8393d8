/*
 * The live source on the running kernel: a veth pair in a namespace of our own, frames sent into
 * one end, rings on the other. Settings are scaled to milliseconds, so nothing here waits long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "namespace.h"
#include "source/live/interfaces.h"
#include "source/live/ring.h"

enum { WORKERS = 3, RETIRE_MS = 10, BULK = 1400 };

static bool may_run;

#define NEEDS_NAMESPACE()       \
	do {                    \
		if (!may_run)   \
			skip(); \
	} while (0)

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -- a tap: a ring that is opened and mapped in one process -- */

struct tap {
	struct ring_socket socket;
	struct ring ring;
};

static void tap_open(struct tap *tap, const struct ring_settings *settings)
{
	struct error why = {""};

	if (ring_open(settings, &tap->socket, &why) ||
	    ring_map(tap->socket.fd, &tap->socket.shape, false, &tap->ring, &why))
		fail_msg("%s", why.text);
}

static void tap_close(struct tap *tap)
{
	ring_unmap(&tap->ring);
	close(tap->socket.fd);
}

static struct ring_settings settings_for(const char *interface)
{
	return (struct ring_settings){.interface = (int)if_nametoindex(interface),
				      .hardware_type = ARPHRD_ETHER,
				      .block_size = 256 * 1024,
				      .block_count = 8,
				      .retire_ms = RETIRE_MS,
				      .is_promiscuous = true};
}

/* Take our frames until `most` have come or nothing came for quiet_ms; the last one in *last. */
static size_t take(struct tap *tap, size_t most, int quiet_ms, struct frame *last)
{
	struct pollfd ready = {.fd = tap->socket.fd, .events = POLLIN};
	struct frame frame;
	size_t count = 0;

	for (;;) {
		while (count < most && ring_next(&tap->ring, &frame)) {
			bool is_cooked = frame.link == 113;
			if (!is_cooked && frame.link == 1 &&
			    !frame_is_ours(frame.bytes.at, frame.bytes.len))
				continue;
			count++;
			if (last)
				*last = frame;
		}
		if (count == most || poll(&ready, 1, quiet_ms) <= 0)
			return count;
	}
}

/* All that has been sent is in the ring; what is still to come after a retired block is nothing. */
static size_t take_all(struct tap *tap)
{
	return take(tap, SIZE_MAX, RETIRE_MS * 6, NULL);
}

static char bulk[BULK];

static struct frame_plan flow(uint16_t port)
{
	return (struct frame_plan){.from = 0x0a000001,
				   .to = 0x0a000002,
				   .from_port = port,
				   .to_port = 443,
				   .flags = 0x10,
				   .payload = bulk,
				   .payload_len = BULK};
}

static struct cutoff_key key_of(const struct frame_plan *plan)
{
	struct endpoint a = {address_v4(plan->from), plan->from_port};
	struct endpoint b = {address_v4(plan->to), plan->to_port};

	return cutoff_key_of(&a, &b, 6);
}

static void send_many(int sender, const struct frame_plan *plan, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_true(frame_send(sender, plan));
}

/* -- rings -- */

static void frames_arrive_as_they_were_sent(void **state)
{
	NEEDS_NAMESPACE();
	struct ring_settings settings = settings_for("live1");
	struct tap tap;
	struct frame_plan plan = flow(1000), cases[3] = {plan, plan, plan};
	int sender = frame_sender("live0");
	time_t before = time(NULL);

	cases[1].vlan = 0x6005; /* with a priority */
	cases[2].vxlan_port = 50000;
	cases[2].payload_len = 100;
	tap_open(&tap, &settings);
	for (size_t i = 0; i < 3; i++) {
		uint8_t sent[FRAME_MAX];
		size_t len = frame_build(&cases[i], sent);
		struct frame frame;
		int64_t start = now_ms();

		assert_int_equal(send(sender, sent, len, 0), len);
		assert_int_equal(take(&tap, 1, 2000, &frame), 1);
		assert_in_range(now_ms() - start, 0, 100);
		assert_int_equal(frame.link, 1);
		assert_int_equal(frame.wire_len, len);
		assert_int_equal(frame.bytes.len, len);
		assert_memory_equal(frame.bytes.at, sent, len);
		assert_in_range(frame.at.ns / 1000000000, before, before + 60);
	}
	close(sender);
	tap_close(&tap);
}

/* All interfaces at once: no MAC header, but a cooked one, with the tag behind it. */
static void the_ring_on_everything_is_cooked(void **state)
{
	NEEDS_NAMESPACE();
	struct ring_settings settings = {.retire_ms = RETIRE_MS, .block_count = 4};
	struct tap tap;
	struct frame_plan plan = flow(1001);
	int sender = frame_sender("live0");
	struct frame frame;
	bool is_seen_coming_in = false;

	plan.vlan = 7;
	tap_open(&tap, &settings);
	assert_true(frame_send(sender, &plan));
	for (int i = 0; i < 2 && !is_seen_coming_in;
	     i++) { /* going out of one, coming into the other */
		assert_int_equal(take(&tap, 1, 2000, &frame), 1);
		assert_int_equal(frame.link, 113);
		is_seen_coming_in = frame.bytes.at[1] != PACKET_OUTGOING;
	}
	assert_true(is_seen_coming_in);
	assert_int_equal(frame.bytes.len, 16 + 4 + 40 + BULK);
	assert_memory_equal(frame.bytes.at + 14, "\x81\0\0\7\x8\0\x45", 7);
	close(sender);
	tap_close(&tap);
}

static void loopback_is_seen_once(void **state)
{
	NEEDS_NAMESPACE();
	struct ring_settings one = {.interface = (int)if_nametoindex("lo"),
				    .hardware_type = ARPHRD_LOOPBACK,
				    .block_count = 4,
				    .retire_ms = RETIRE_MS};
	struct ring_settings all = {.retire_ms = RETIRE_MS, .block_count = 4};
	struct tap on_loopback, on_everything;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	int out = socket(AF_INET, SOCK_DGRAM, 0);
	struct frame frame;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	tap_open(&on_loopback, &one);
	tap_open(&on_everything, &all);
	assert_int_equal(sendto(out, "once", 4, 0, (void *)&to, sizeof(to)), 4);
	unsigned seen = 0, seen_by_all = 0;
	struct pollfd ready = {.fd = on_loopback.socket.fd, .events = POLLIN};
	while (poll(&ready, 1, RETIRE_MS * 6) > 0)
		while (ring_next(&on_loopback.ring, &frame))
			seen += frame.bytes.len == 46 && frame.bytes.at[23] == 17;
	ready.fd = on_everything.socket.fd;
	while (poll(&ready, 1, RETIRE_MS * 6) > 0)
		while (ring_next(&on_everything.ring, &frame))
			seen_by_all += frame.bytes.len == 48 && frame.bytes.at[16 + 9] == 17;
	assert_int_equal(seen, 1);
	assert_int_equal(seen_by_all, 1);
	close(out);
	tap_close(&on_loopback);
	tap_close(&on_everything);
}

/* A device without MAC header: frames are raw IP, and the filter's other entry point is at work. */
static void a_tunnel_device_gives_raw_ip(void **state)
{
	NEEDS_NAMESPACE();
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "rawtun"};
	int tun = open("/dev/net/tun", O_RDWR);

	if (tun < 0 || ioctl(tun, TUNSETIFF, &request)) {
		printf("# skipped: no tun device here\n");
		skip();
	}
	assert_true(namespace_ip("link set rawtun up"));
	struct cutoff_settings cutoff = cutoff_settings_default();
	struct cutoff_filter *filter;
	struct error why = {""};
	if (cutoff_filter_open(&cutoff, 100, &filter, &why))
		fail_msg("%s", why.text);
	struct ring_settings settings = {.interface = (int)if_nametoindex("rawtun"),
					 .hardware_type = ARPHRD_NONE,
					 .block_count = 4,
					 .retire_ms = RETIRE_MS,
					 .filter = filter};
	struct tap tap;
	struct frame frame;
	uint8_t sent[FRAME_MAX];
	struct frame_plan plan = flow(1002);
	struct cutoff_key key = key_of(&plan);
	ssize_t len = (ssize_t)frame_build(&plan, sent) - 14;

	tap_open(&tap, &settings);
	assert_int_equal(write(tun, sent + 14, (size_t)len), len);
	assert_int_equal(take(&tap, 1, 2000, &frame), 1);
	assert_int_equal(frame.link, 101);
	assert_memory_equal(frame.bytes.at, sent + 14, (size_t)len);
	assert_int_equal(cutoff_map_cut(cutoff_filter_map(filter), &key, &cutoff), 0);
	assert_int_equal(write(tun, sent + 14, (size_t)len), len);
	assert_int_equal(take_all(&tap), 0);
	tap_close(&tap);
	cutoff_filter_close(filter);
	close(tun);
}

static void drops_are_counted(void **state)
{
	NEEDS_NAMESPACE();
	enum { SENT = 1000 };
	struct ring_settings settings = settings_for("live1");
	struct tap tap;
	struct frame_plan plan = flow(1003);
	struct ring_counters counters = {0};
	int sender = frame_sender("live0");

	settings.block_size = 64 * 1024;
	settings.block_count = 2;
	tap_open(&tap, &settings);
	send_many(sender, &plan, SENT);
	assert_int_equal(ring_count(tap.socket.fd, &counters), 0);
	assert_true(counters.dropped > SENT / 2);
	assert_int_equal(counters.received + counters.dropped, SENT);
	uint64_t dropped = counters.dropped;
	assert_int_equal(take_all(&tap), SENT - dropped);
	assert_int_equal(ring_count(tap.socket.fd, &counters), 0); /* adds up, not twice */
	assert_int_equal(counters.dropped, dropped);
	send_many(sender, &plan, 5); /* and the ring goes on */
	assert_int_equal(take_all(&tap), 5);
	close(sender);
	tap_close(&tap);
}

/* A reader dies inside a block: its successor begins after that block and misses nothing else. */
static void a_successor_skips_what_killed(void **state)
{
	NEEDS_NAMESPACE();
	struct ring_settings settings = settings_for("live1");
	struct tap tap, heir;
	struct frame_plan plan = flow(1004);
	int sender = frame_sender("live0");
	struct frame frame;
	struct error why;

	tap_open(&tap, &settings);
	for (int turn = 0; turn < 5; turn++) { /* somewhere in the ring's middle */
		send_many(sender, &plan, 2);
		assert_int_equal(take(&tap, 2, 2000, NULL), 2);
	}
	send_many(sender, &plan, 3);
	assert_int_equal(take(&tap, 1, 2000, &frame), 1); /* holds the block of three */
	ring_unmap(&tap.ring);
	plan.from_port = 1005;
	send_many(sender, &plan, 4);
	heir = tap;
	assert_int_equal(ring_map(tap.socket.fd, &tap.socket.shape, true, &heir.ring, &why), 0);
	assert_int_equal(heir.ring.lost_start, 1);
	assert_int_equal(take(&heir, 1, 2000, &frame), 1);
	assert_memory_equal(frame.bytes.at + 34, "\3\xed", 2); /* port 1005 */
	assert_int_equal(take_all(&heir), 3);
	/* Nothing pending: the successor waits where the kernel writes next. */
	ring_unmap(&heir.ring);
	assert_int_equal(ring_map(tap.socket.fd, &tap.socket.shape, true, &heir.ring, &why), 0);
	assert_int_equal(heir.ring.lost_start, 0);
	send_many(sender, &plan, 6);
	assert_int_equal(take_all(&heir), 6);
	close(sender);
	tap_close(&heir);
}

/* -- fan-out -- */

static void open_group(struct tap taps[WORKERS], struct ring_group *group, const char *interface)
{
	struct ring_settings settings = settings_for(interface);

	settings.group = group;
	for (int i = 0; i < WORKERS; i++)
		tap_open(&taps[i], &settings);
}

/* The one worker that got a frame, and only one did. */
static int who_got_it(struct tap taps[WORKERS])
{
	struct pollfd ready[WORKERS];
	int who = -1;

	for (int i = 0; i < WORKERS; i++)
		ready[i] = (struct pollfd){.fd = taps[i].socket.fd, .events = POLLIN};
	poll(ready, WORKERS, 2000);
	for (int i = 0; i < WORKERS; i++) {
		size_t count = take(&taps[i], SIZE_MAX, 0, NULL);
		if (count) {
			assert_int_equal(count, 1);
			assert_int_equal(who, -1);
			who = i;
		}
	}
	assert_true(who >= 0);
	return who;
}

static void a_flow_meets_one_worker(void **state)
{
	NEEDS_NAMESPACE();
	struct fanout_program *program;
	struct error why = {""};
	struct tap in[WORKERS], out[WORKERS];
	unsigned load[WORKERS] = {0};

	if (fanout_program_open(12345, &program, &why))
		fail_msg("%s", why.text);
	struct ring_group in_group = {.program = program}, out_group = {.program = program};
	open_group(in, &in_group, "live1");
	open_group(out, &out_group, "live0");
	assert_int_equal(in_group.kind, PACKET_FANOUT_EBPF);
	int sender = frame_sender("live0");
	for (uint16_t port = 2000; port < 2024; port++) {
		struct frame_plan there = flow(port);
		there.payload_len = 100;
		struct frame_plan back = frame_back(there), tunnel_there = there,
				  tunnel_back = back, tagged = back;
		tunnel_there.vxlan_port = (uint16_t)(port * 3);
		tunnel_back.vxlan_port = (uint16_t)(port * 5);
		tagged.vlan = 5;
		const struct frame_plan *all[] = {&there, &back, &tunnel_there, &tunnel_back,
						  &tagged};
		int who = -1;
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
			assert_true(frame_send(sender, all[i]));
			int coming = who_got_it(in), going = who_got_it(out);
			if (who < 0)
				who = coming;
			assert_int_equal(coming, who);
			assert_int_equal(going, who);
		}
		load[who]++;
	}
	for (int i = 0; i < WORKERS; i++)
		assert_true(load[i] > 0);
	close(sender);
	for (int i = 0; i < WORKERS; i++) {
		tap_close(&in[i]);
		tap_close(&out[i]);
	}
	fanout_program_close(program);
}

static void without_the_program_the_kernels_hash_is_used(void **state)
{
	NEEDS_NAMESPACE();
	struct tap taps[WORKERS];
	struct ring_group group = {0};
	int sender = frame_sender("live0");

	open_group(taps, &group, "live1");
	assert_int_equal(group.kind, PACKET_FANOUT_HASH);
	for (uint16_t port = 2000; port < 2010; port++) {
		struct frame_plan there = flow(port), back = frame_back(there);
		assert_true(frame_send(sender, &there));
		int who = who_got_it(taps);
		assert_true(frame_send(sender, &back));
		assert_int_equal(who_got_it(taps), who);
	}
	close(sender);
	for (int i = 0; i < WORKERS; i++)
		tap_close(&taps[i]);
}

/* -- cut-off -- */

struct cut {
	struct cutoff_settings settings;
	struct cutoff_filter *filter;
	struct tap tap;
	int map, sender;
};

/* Bulk here is faster than 64 KiB/s by orders of magnitude: frames are sent back to back. */
static void cut_open(struct cut *cut, const struct cutoff_settings *settings, uint32_t capacity)
{
	struct error why = {""};

	cut->settings = *settings;
	if (cutoff_filter_open(settings, capacity, &cut->filter, &why))
		fail_msg("%s", why.text);
	struct ring_settings ring = settings_for("live1");
	ring.filter = cut->filter;
	tap_open(&cut->tap, &ring);
	cut->map = cutoff_filter_map(cut->filter);
	cut->sender = frame_sender("live0");
}

static void cut_close(struct cut *cut)
{
	close(cut->sender);
	tap_close(&cut->tap);
	cutoff_filter_close(cut->filter);
}

static struct cutoff_entry entry_of(const struct cut *cut, const struct frame_plan *plan)
{
	struct cutoff_key key = key_of(plan);
	struct cutoff_entry entry;

	assert_int_equal(cutoff_map_read(cut->map, &key, &entry), 0);
	return entry;
}

static void cut_now(const struct cut *cut, const struct frame_plan *plan)
{
	struct cutoff_key key = key_of(plan);

	assert_int_equal(cutoff_map_cut(cut->map, &key, &cut->settings), 0);
}

static void a_cut_flow_is_counted_not_delivered(void **state)
{
	NEEDS_NAMESPACE();
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct cutoff_totals totals;
	struct frame_plan there = flow(3000), back = frame_back(there), other = flow(3001),
			  tunnelled = there, json = there, end = there;
	uint8_t frame[FRAME_MAX];
	uint64_t len = frame_build(&there, frame);

	tunnelled.vxlan_port = 40000;
	tunnelled.payload_len = 1300;
	json.payload = "{\"id\":1,\"method\":\"mining.submit\",\"params\":[\"w\"]}   ";
	json.payload_len = 50;
	end.flags = 0x11;
	cut_open(&cut, &settings, 1024);
	send_many(cut.sender, &there, 10);
	assert_int_equal(take_all(&cut.tap), 10);
	cut_now(&cut, &there);
	send_many(cut.sender, &there, 20);
	send_many(cut.sender, &back, 20);
	send_many(cut.sender, &tunnelled, 20); /* the same flow, seen inside a tunnel */
	assert_int_equal(take_all(&cut.tap), 0);
	struct cutoff_entry entry = entry_of(&cut, &there);
	assert_int_equal(entry.packets, 60);
	assert_int_equal(entry.bytes, 40 * len + 20 * (len - 100 + 50));
	send_many(cut.sender, &other, 5); /* another flow is not concerned */
	assert_int_equal(take_all(&cut.tap), 5);
	send_many(cut.sender, &json, 7);
	send_many(cut.sender, &end, 2);
	assert_int_equal(take_all(&cut.tap), 9);
	assert_int_equal(entry_of(&cut, &there).passed, 9);
	assert_int_equal(cutoff_filter_totals(cut.filter, &totals), 0);
	assert_int_equal(totals.cut_packets, 60);
	assert_int_equal(totals.peeked, 9);
	struct cutoff_key key = key_of(&there);
	assert_int_equal(cutoff_map_forget(cut.map, &key), 0);
	send_many(cut.sender, &there, 3);
	assert_int_equal(take_all(&cut.tap), 3);
	cut_close(&cut);
}

static void small_messages_pass_within_a_budget(void **state)
{
	NEEDS_NAMESPACE();
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct frame_plan small = flow(3100);

	small.flags = 0x18;
	small.payload_len = 300;
	cut_open(&cut, &settings, 1024);
	cut_now(&cut, &small);
	send_many(cut.sender, &small, 500);
	size_t passed = take_all(&cut.tap);
	assert_in_range(passed, 20, 30); /* 20 saved up, and those of the time it took */
	cut_close(&cut);
}

/* Send bulk until a frame of it arrives, at least `after_ms` and at most 2 s later. */
static int64_t bulk_until_seen(struct cut *cut, const struct frame_plan *plan, unsigned at_a_time,
			       int pause_ms)
{
	int64_t start = now_ms();

	for (;;) {
		send_many(cut->sender, plan, at_a_time);
		struct pollfd ready = {.fd = cut->tap.socket.fd, .events = POLLIN};
		poll(&ready, 1, pause_ms);
		struct frame frame;
		while (ring_next(&cut->tap.ring, &frame))
			if (frame_is_ours(frame.bytes.at, frame.bytes.len))
				return now_ms() - start;
		if (now_ms() - start > 2000)
			return -1;
	}
}

static void a_slow_flow_is_delivered_again(void **state)
{
	NEEDS_NAMESPACE();
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct frame_plan plan = flow(3200);

	settings.window_ns = 200 * 1000000;
	settings.reopen_below = 10 * 1000 * 1000;
	cut_open(&cut, &settings, 1024);
	cut_now(&cut, &plan);
	send_many(cut.sender, &plan, 2000);
	assert_int_equal(take_all(&cut.tap), 0);
	/* One frame each 5 ms is 0.3 MB/s; held until a window has shown it. */
	int64_t waited = bulk_until_seen(&cut, &plan, 1, 5);
	assert_in_range(waited, 50, 1000);
	assert_int_equal(entry_of(&cut, &plan).state, CUTOFF_OPEN);
	send_many(cut.sender, &plan, 50);
	assert_true(take_all(&cut.tap) >= 50);
	cut_close(&cut);
}

static void a_fast_flow_is_shown_now_and_then(void **state)
{
	NEEDS_NAMESPACE();
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct frame_plan plan = flow(3300);

	settings.reopen_after_ns = 300 * 1000000;
	settings.burst_packets = 8;
	cut_open(&cut, &settings, 1024);
	cut_now(&cut, &plan);
	int64_t waited = bulk_until_seen(&cut, &plan, 50, 1);
	assert_in_range(waited, 290, 1000);
	take_all(&cut.tap);
	struct cutoff_entry entry = entry_of(&cut, &plan);
	assert_int_equal(entry.passed, 8);
	assert_int_equal(entry.state, CUTOFF_CUT);
	cut_close(&cut);
}

static void many_cut_flows_make_room_for_each_other(void **state)
{
	NEEDS_NAMESPACE();
	enum { FLOWS = 200000, CAPACITY = 16384 };
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct frame_plan plan = flow(3400);
	struct cutoff_key key = key_of(&plan);
	struct cutoff_entry entry;

	cut_open(&cut, &settings, CAPACITY);
	cut_now(&cut, &plan);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct cutoff_key other = {.protocol = 6, .low_port = (uint16_t)i};
		memcpy(other.high, &i, sizeof(i));
		assert_int_equal(cutoff_map_cut(cut.map, &other, &settings), 0);
		if (i % 1000 == 0)
			assert_true(frame_send(cut.sender, &plan));
	}
	take_all(&cut.tap);
	uint32_t left = 0;
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct cutoff_key other = {.protocol = 6, .low_port = (uint16_t)i};
		memcpy(other.high, &i, sizeof(i));
		left += cutoff_map_read(cut.map, &other, &entry) == 0;
	}
	assert_in_range(left, CAPACITY / 2, CAPACITY);
	/* A flow that fell out is delivered; cut anew, it is not. */
	(void)!cutoff_map_forget(cut.map, &key);
	send_many(cut.sender, &plan, 3);
	assert_int_equal(take_all(&cut.tap), 3);
	cut_now(&cut, &plan);
	send_many(cut.sender, &plan, 3);
	assert_int_equal(take_all(&cut.tap), 0);
	cut_close(&cut);
}

/* -- interfaces -- */

struct changes {
	unsigned up, down;
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
	else
		changes->down++;
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
	NEEDS_NAMESPACE();
	static struct interfaces list;
	struct changes changes = {0};
	struct error why = {""};
	struct tap tap;

	list.on_change = note_change;
	list.context = &changes;
	assert_true(namespace_veth("chg0", "chg1"));
	if (interfaces_open(&list, &why))
		fail_msg("%s", why.text);
	assert_int_equal(changes.up, 2);
	struct ring_settings settings = settings_for("chg1");
	tap_open(&tap, &settings);
	assert_true(namespace_ip("link set chg1 down"));
	read_changes(&list);
	assert_int_equal(changes.down, 1);
	assert_int_equal(ring_take_error(tap.socket.fd), ENETDOWN);
	assert_int_equal(ring_take_error(tap.socket.fd), 0);
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
		is_seen = take(&tap, 1, 20, NULL) == 1;
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
	assert_true(namespace_ip("link del chg0"));
	read_changes(&list);
	assert_int_equal(changes.down, 4);
	assert_int_equal(ring_take_error(tap.socket.fd), ENETDOWN);
	tap_close(&tap);
	assert_true(namespace_ip("link del chg2"));
	read_changes(&list);
	interfaces_close(&list);
}

/* More changes than the socket holds: the list is read anew and is right. */
static void lost_changes_are_made_up_for(void **state)
{
	NEEDS_NAMESPACE();
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

static void failures_have_a_sentence(void **state)
{
	NEEDS_NAMESPACE();
	struct ring_settings settings = settings_for("live1");
	struct ring_socket ring;
	struct error why = {""};

	settings.interface = 9999;
	assert_int_equal(ring_open(&settings, &ring, &why), -ENODEV);
	assert_non_null(strstr(why.text, "interface 9999"));
	assert_int_equal(ring.fd, -1);
	settings = settings_for("live1");
	settings.block_size = 12345;
	assert_int_equal(ring_open(&settings, &ring, &why), -EINVAL);
	assert_non_null(strstr(why.text, "12345"));
}

static int enter(void **state)
{
	memset(bulk, 0x80, sizeof(bulk));
	may_run = namespace_enter();
	if (may_run && !namespace_veth("live0", "live1")) {
		printf("# skipped: no veth\n");
		may_run = false;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_arrive_as_they_were_sent),
		cmocka_unit_test(the_ring_on_everything_is_cooked),
		cmocka_unit_test(loopback_is_seen_once),
		cmocka_unit_test(a_tunnel_device_gives_raw_ip),
		cmocka_unit_test(drops_are_counted),
		cmocka_unit_test(a_successor_skips_what_killed),
		cmocka_unit_test(a_flow_meets_one_worker),
		cmocka_unit_test(without_the_program_the_kernels_hash_is_used),
		cmocka_unit_test(a_cut_flow_is_counted_not_delivered),
		cmocka_unit_test(small_messages_pass_within_a_budget),
		cmocka_unit_test(a_slow_flow_is_delivered_again),
		cmocka_unit_test(a_fast_flow_is_shown_now_and_then),
		cmocka_unit_test(many_cut_flows_make_room_for_each_other),
		cmocka_unit_test(interfaces_come_and_go),
		cmocka_unit_test(lost_changes_are_made_up_for),
		cmocka_unit_test(names_are_matched),
		cmocka_unit_test(failures_have_a_sentence),
	};
	return cmocka_run_group_tests(tests, enter, NULL);
}
